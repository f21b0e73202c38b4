"""Worlds as simulated: revenue by company, quantities of the world, and what they assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.ensemble import assumptions_at
from marketsim.scenarios import Scenarios

__all__ = ["WORLD", "Paths", "Worlds"]

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
    "operating_spending": "USD bn per quarter",
    "depreciation": "USD bn per quarter",
    "write_down": "USD bn per quarter",
    "premium": "share per year",
    "contracted": "USD bn per quarter",
    "worth": "USD bn per quarter",
    "token_price": "index, first quarter 1",
    "q": "ratio",
    "impairment": "USD bn",
}
"""Quantities of the world that paths keep, with their units."""


@dataclass(frozen=True, eq=False)
class Worlds:
    """What worlds are valued by.

    Attributes
    ----------
    revenue
        USD bn per quarter, [world, quarter, company].
    volumes
        What it would be at prices that follow cost, in the same unit and shape: costs go with it.
    ordinary
        What it would be at prices without what is scarce for a time, in the last four quarters
        together, USD bn, [world, company].
    lives
        Revenue over what the model has of it: companies' own, [world, quarter, company].
    quantities
        Of :data:`WORLD`, each [world, quarter].
    """

    revenue: np.ndarray
    volumes: np.ndarray
    ordinary: np.ndarray
    lives: np.ndarray
    quantities: Mapping[str, np.ndarray]

    def __getitem__(self, rows: slice | np.ndarray) -> Worlds:
        """Some of the worlds."""
        quantities = {name: path[rows] for name, path in self.quantities.items()}
        return Worlds(
            self.revenue[rows],
            self.volumes[rows],
            self.ordinary[rows],
            self.lives[rows],
            quantities,
        )


@dataclass(frozen=True, eq=False)
class Paths:
    """Simulated worlds.

    Attributes
    ----------
    draws
        The worlds drawn; their ``revenue`` and ``world`` for short.
    regime
        Index into the scenarios' regimes, [draw].
    index
        Number of the draw within its regime, [draw]. Draws of one number are the same past and the
        same news under different regimes, so that their difference is the regime's alone.
    probabilities
        Of each draw, [draw]; they sum to one, and over a regime to its probability.
    calibrated
        One world at the mode, without shift or news.
    centres
        The same under each regime's shifts.
    unshifted
        Draws without shift, of the numbers from 0 on.
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
    draws: Worlds
    regime: np.ndarray
    index: np.ndarray
    probabilities: np.ndarray
    calibrated: Worlds
    centres: Worlds
    unshifted: Worlds
    quarter_ends: pd.DatetimeIndex
    link: np.ndarray
    deviation: np.ndarray
    seed: int

    @property
    def revenue(self) -> np.ndarray:
        """Revenue of the draws, USD bn per quarter, [draw, quarter, company]."""
        return self.draws.revenue

    @property
    def world(self) -> Mapping[str, np.ndarray]:
        """Quantities of :data:`WORLD` of the draws, each [draw, quarter]."""
        return self.draws.quantities

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
