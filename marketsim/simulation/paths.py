"""Worlds as simulated: revenue by company, quantities of the world, and what they assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from marketsim.precision import Precision, precise
from marketsim.scenarios import Scenarios

from . import drawing


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
    """

    scenarios: Scenarios
    revenue: np.ndarray
    world: Mapping[str, np.ndarray]
    regime: np.ndarray
    probabilities: np.ndarray
    central: np.ndarray
    regime_central: np.ndarray
    reference: np.ndarray
    quarter_ends: pd.DatetimeIndex
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

        In the units of ``posterior.table()``, the shifts of the draw's regime included. The paths
        do not hold them: they are drawn again from the seed, as :func:`simulate` drew them.
        """
        precision: Precision = "float32" if self.revenue.dtype == np.float32 else "float64"
        with precise(precision):
            source = drawing.source_of(self.scenarios, self.seed, precision)
            values = drawing.assumptions(source, self.regime)
        names = [entry.name for entry in self.scenarios.posterior.entries]
        return pd.DataFrame(values, columns=pd.Index(names, name="assumption"))
