"""What calibration returns: the mode, the uncertainty about it, and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from marketsim.model import Assumptions, Coordinates, Entry, Setting, unpack, values
from marketsim.model.tree import leaf
from marketsim.precision import precise

from .book import Book
from .window import Window

__all__ = ["Posterior"]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Assumptions as the facts of a date leave them.

    Attributes
    ----------
    as_of
        The decision date: no fact published later was used.
    digest
        Hash of the facts used.
    entries
        Every scalar assumption, with unit, meaning, prior and source.
    mode
        Most probable point, in prior standard deviations from the prior medians: assumptions, then
        the shocks of history (appetite, then demand), [unknown].
    covariance
        Laplace approximation about the mode, [unknown, unknown].
    fit
        By series: n, rmse_log, bias_log, noise_log, last_reported, last_modelled, confidence.
    fit_paths
        series, quarter_end, unit, reported, modelled.
    history
        Modelled quarters at the mode, by name of the model's outputs, arrays [quarter, ...].
    """

    as_of: pd.Timestamp
    digest: str
    book: Book
    window: Window
    entries: tuple[Entry, ...]
    coordinates: Coordinates
    setting: Setting
    mode: np.ndarray
    covariance: np.ndarray
    fit: pd.DataFrame
    fit_paths: pd.DataFrame
    history: dict[str, np.ndarray]
    steps: int

    @property
    def companies(self) -> tuple[str, ...]:
        """Tickers, in the order of the model."""
        return self.book.companies

    @property
    def assumptions(self) -> Assumptions:
        """The assumptions at the mode."""
        with precise("float64"):
            return unpack(values(self.coordinates, leaf(self.mode[: len(self.entries)])))

    def table(self) -> pd.DataFrame:
        """Return every assumption: unit, value at the mode, prior median, and both spreads.

        ``prior_sd`` and ``posterior_sd`` are in prior standard deviations of the linked scale, so
        their ratio says how much the facts taught.
        """
        count = len(self.entries)
        with precise("float64"):
            value = np.asarray(values(self.coordinates, leaf(self.mode[:count])))
            prior = np.asarray(values(self.coordinates, leaf(np.zeros(count))))
        columns = {
            "unit": [e.unit for e in self.entries],
            "value": value,
            "prior_median": prior,
            "moved": self.mode[:count],
            "posterior_sd": np.sqrt(np.diag(self.covariance)[:count]),
            "meaning": [e.meaning for e in self.entries],
            "source": [e.source for e in self.entries],
        }
        names = pd.Index([e.name for e in self.entries], name="assumption")
        return pd.DataFrame(columns, index=names)
