"""What calibration returns: the mode, the uncertainty about it, and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.linalg import block_diag, helmert

from marketsim.ensemble import COMING
from marketsim.knowledge import Facts, Knowledge, RevenueMap
from marketsim.model import NEWS, Assumptions, Coordinates, Entry, Setting, unpack, values
from marketsim.model.tree import leaf
from marketsim.precision import precise

from .identification import PAIRED, Identification, identify
from .window import HISTORY, SPAN, Window

__all__ = ["Posterior"]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Assumptions as the facts of a date leave them.

    Attributes
    ----------
    as_of
        The decision date: no fact published later was used.
    knowledge
        What was known on the decision date: all that was used.
    entries
        Every scalar assumption, with unit, meaning, prior and source.
    mode
        Most probable point, in prior standard deviations from the prior medians: assumptions, then
        the shocks of history and of the coming quarters (by kind, as in the model), [unknown].
    covariance
        Laplace approximation about the mode, [unknown, unknown].
    fit
        By series: n, before and after (reports outside the window), rmse_log, bias_log (missing
        where a level of the series is fitted), noise_log, last_reported, last_modelled, confidence.
    fit_paths
        series, quarter_end, unit, reported, modelled.
    history
        Modelled quarters at the mode, by name of the model's outputs, arrays [quarter, ...].
    jacobian
        Derivatives of the residuals of observations at the mode, rows as in ``fit_paths``, scaled
        by the curvature of their densities, [observation, unknown]: ``I + jacobian' jacobian`` is
        the inverse of ``covariance``.
    steps
        Evaluations that the search for the mode took.
    """

    as_of: pd.Timestamp
    knowledge: Knowledge
    window: Window
    entries: tuple[Entry, ...]
    coordinates: Coordinates
    setting: Setting
    mode: np.ndarray
    covariance: np.ndarray
    fit: pd.DataFrame
    fit_paths: pd.DataFrame
    history: dict[str, np.ndarray]
    jacobian: np.ndarray
    steps: int

    def __repr__(self) -> str:
        return (
            f"Posterior({len(self.companies)} companies, {len(self.entries)} assumptions, "
            f"{len(self.fit)} series, as of {self.as_of.date()})"
        )

    @property
    def companies(self) -> tuple[str, ...]:
        """Tickers, in the order of the model."""
        return self.revenue_map.companies

    @property
    def digest(self) -> str:
        """Hash of what was known."""
        return self.knowledge.digest

    @property
    def facts(self) -> Facts:
        """The facts used: those published by the decision date."""
        return self.knowledge.facts

    @property
    def revenue_map(self) -> RevenueMap:
        """The lines of revenue, in the order of the model."""
        return self.knowledge.universe.revenue_map

    @property
    def link(self) -> np.ndarray:
        """The mode in linked coordinates, [entry]."""
        c = self.coordinates
        found: np.ndarray = (
            np.asarray(c.centre) + np.asarray(c.scale) * self.mode[: len(self.entries)]
        )
        return found

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

    def observed(self) -> pd.DataFrame:
        """Return every series that was known, compared or not, and how much of it lies outside.

        Columns as in :func:`marketsim.calibration.observations.survey`.
        """
        from .observations import survey

        return survey(self.knowledge, self.window)

    def identified(self, bar: float = PAIRED) -> Identification:
        """Return which data pin which assumption, and which pairs cannot be told apart.

        Pairs may hold the shocks of history too, as the common shift of each kind: ``demand
        shift``, the sum of its shocks over the window in its prior standard deviations.

        Parameters
        ----------
        bar
            Least absolute posterior correlation of a pair that is listed.
        """
        names = self.fit["series"].tolist()
        group = pd.Index(names).get_indexer(self.fit_paths["series"])
        known = [e.name for e in self.entries]
        return identify(_shifted(self.jacobian), group, names, known, SHIFTS, bar)


SHIFTS: Final = [f"{kind} shift" for kind in NEWS]


def _shifted(jacobian: np.ndarray) -> np.ndarray:
    """Return derivatives by rotated shocks: common shifts, then what is left of each path."""
    known, shocks = np.split(jacobian, [-len(NEWS) * SPAN], axis=1)
    turned = block_diag(helmert(HISTORY, full=True), np.eye(COMING))
    paths = [x @ turned.T for x in np.split(shocks, len(NEWS), axis=1)]
    return np.hstack([known, *(x[:, :1] for x in paths), *(x[:, 1:] for x in paths)])
