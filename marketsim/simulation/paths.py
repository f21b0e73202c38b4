"""Outcomes as simulated: revenue by company, quantities of the world, and what they assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from marketsim.ensemble import assumptions_at
from marketsim.scenarios import Scenarios

from .outcomes import Outcomes

__all__ = ["Paths"]


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
    owners
        The same of what the largest owners of compute spend together, [index, quarter]; the last is
        that of the calibrated world.
    """

    scenarios: Scenarios
    draws: Outcomes
    regime: np.ndarray
    index: np.ndarray
    probabilities: np.ndarray
    calibrated: Outcomes
    centres: Outcomes
    unshifted: Outcomes
    quarter_ends: pd.DatetimeIndex
    link: np.ndarray
    deviation: np.ndarray
    owners: np.ndarray
    seed: int

    def __repr__(self) -> str:
        draws, quarters, companies = self.revenue.shape
        return (
            f"Paths({draws:,} draws x {quarters} quarters x {companies} companies; "
            f"regimes: {', '.join(self.scenarios.names)}; "
            f"as of {self.scenarios.posterior.as_of.date()})"
        )

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
