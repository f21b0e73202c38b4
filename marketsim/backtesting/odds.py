"""A history at other odds: the same worlds, their regimes likelier or less likely than drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from marketsim.backtesting.history import History

if TYPE_CHECKING:
    from marketsim.returns import ReturnScenarios

__all__ = ["Doubting", "Odds", "at_odds", "odds_of"]

Odds = dict[str, tuple[float, int]]
"""By regime: its odds, and how many draws are of it."""


@dataclass(frozen=True, eq=False, repr=False)
class Doubting(History):
    """A history whose regimes are at even odds but for those in ``believed``; None believes all.

    Worlds are made once for all odds, and kept in ``made``.
    """

    believed: frozenset[str] | None = None
    made: dict[tuple[int, int, str], ReturnScenarios] = field(default_factory=dict)

    def returns(self, draws: int = 2000, seed: int = 0, horizon: str = "1y") -> ReturnScenarios:
        """Returns in the same worlds, at these odds."""
        asked = (draws, seed, horizon)
        if asked not in self.made:
            self.made[asked] = super().returns(draws, seed, horizon)
        return at_odds(self.made[asked], self.believed)


def at_odds(returns: ReturnScenarios, believed: frozenset[str] | None) -> ReturnScenarios:
    """Return scenarios with the regimes that are not ``believed`` at even odds, all at one over n.

    Believed ones keep their probability, all are scaled to sum to one; None is all of them.
    """
    names = returns.regime_names()
    if believed is None or believed.issuperset(names):
        return returns
    odds = {name: believed_in for name, (believed_in, _) in odds_of(returns).items()}
    wanted = {r: odds[r] if r in believed else 1.0 / len(names) for r in names}
    whole = sum(wanted.values())
    factor = {r: wanted[r] / (odds[r] * whole) for r in names}
    scale = np.array([factor.get(r, 0.0) for r in returns.regimes.tolist()])
    changed = returns.probabilities * scale
    return replace(returns, probabilities=changed / changed.sum())


def odds_of(returns: ReturnScenarios) -> Odds:
    """Return the probability and the number of draws of each regime that has any."""
    p, own = returns.probabilities, returns.regimes
    return {
        name: (float(p[own == name].sum()), int((p[own == name] > 0.0).sum()))
        for name in returns.regime_names()
    }
