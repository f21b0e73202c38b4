"""Worlds as simulated: revenue by company, quantities of the world, and what they assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.ensemble import assumptions_at
from marketsim.scenarios import Scenarios

__all__ = ["WORLD", "Paths"]

WORLD: Final = {
    "compute": "M H100e",
    "delivered": "M H100e per quarter",
    "rent": "USD per H100e-hour",
    "capital_spending": "USD bn per quarter",
    "load": "GW",
    "energised": "GW",
    "power_scarcity": "log",
    "chip_scarcity": "log",
    "inference_share": "share",
    "token_price": "index, first quarter 1",
    "q": "ratio",
    "impairment": "USD bn",
}
"""Quantities of the world that paths keep, with their units."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Simulated worlds.

    Attributes
    ----------
    revenue
        USD bn per quarter, [draw, quarter, company].
    world
        Quantities of :data:`WORLD`, each [draw, quarter].
    regime
        Index into the scenarios' regimes, [draw].
    index
        Number of the draw within its regime, [draw]. Draws of one number are the same past and the
        same news under different regimes, so that their difference is the regime's alone.
    probabilities
        Of each draw, [draw]; they sum to one, and over a regime to its probability.
    central
        Revenue at the mode without shift or news, [quarter, company].
    regime_central
        The same under each regime's shifts, [regime, quarter, company].
    reference
        Draws without shift, [reference draw, quarter, company]: the worlds that prices are
        anchored to.
    quarter_ends
        Ends of the simulated quarters.
    link
        Linked coordinates of the assumptions before any shift, by number of the draw, [index,
        entry].
    deviation
        Log of each company's revenue over what the model has of it without shift: its own last
        report, trend and season, and what was said ahead, by number of the draw, [index, quarter,
        company].
    """

    scenarios: Scenarios
    revenue: np.ndarray
    world: Mapping[str, np.ndarray]
    regime: np.ndarray
    index: np.ndarray
    probabilities: np.ndarray
    central: np.ndarray
    regime_central: np.ndarray
    reference: np.ndarray
    quarter_ends: pd.DatetimeIndex
    link: np.ndarray
    deviation: np.ndarray
    seed: int

    @property
    def companies(self) -> tuple[str, ...]:
        """Tickers, in the order of the last axis of ``revenue``."""
        return self.scenarios.posterior.companies

    @property
    def regimes(self) -> np.ndarray:
        """Name of each draw's regime, [draw]."""
        return np.take(np.array(self.scenarios.names), self.regime)

    def assumptions(self) -> pd.DataFrame:
        """Return what each draw assumes from the decision date on [draw x assumption].

        In the units of ``posterior.table()``, the shifts of the draw's regime included.
        """
        posterior = self.scenarios.posterior
        link = self.link[self.index] + self.scenarios.moves[self.regime]
        names = [entry.name for entry in posterior.entries]
        return pd.DataFrame(
            assumptions_at(link, posterior.coordinates), columns=pd.Index(names, name="assumption")
        )
