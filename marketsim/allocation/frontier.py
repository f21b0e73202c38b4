"""The efficient frontier: the least risk at each reward, point by point, each one certified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from marketsim.checks import check_whole

from ..errors import InputError
from ..returns import ReturnScenarios
from .limits import at_least
from .objectives import Algebra, Objective
from .result import Allocation
from .solve import allocate
from .terms import ExpectedReturn

__all__ = ["Frontier", "frontier"]

FLAT = 1e-7
"""Where the reward of the richest weights exceeds that of the safest by no more, relative to its
size, the frontier is one point."""


@dataclass(frozen=True, eq=False, repr=False)
class Frontier:
    """Certified weights along an efficient frontier.

    Parameters
    ----------
    reward, risk : Objective
        What is asked for, and what is least at each of its levels.
    choices : tuple of Allocation
        From the safest weights to the richest.
    """

    reward: Objective
    risk: Objective
    choices: tuple[Allocation, ...]

    @property
    def weights(self) -> pd.DataFrame:
        """Weights [point x ticker]."""
        rows = [choice.weights for choice in self.choices]
        return pd.DataFrame(rows, index=pd.RangeIndex(len(rows), name="point"))

    @property
    def table(self) -> pd.DataFrame:
        """A row for each point: reward, risk, the price of reward, and weights by ticker.

        Reward and risk are called as they are written; `price` is how much risk a unit more of
        the reward adds there. The safest and the richest weights, which no level of the reward
        holds, have no price.
        """
        values = [[self._value(one, choice) for one in self._axes()] for choice in self.choices]
        table = pd.DataFrame(values, columns=self.names, index=self.weights.index)
        prices = [float(choice.duals.get(self._floor(), np.nan)) for choice in self.choices]
        return pd.concat([table.assign(price=prices), self.weights], axis=1)

    @property
    def names(self) -> list[str]:
        """What the reward and the risk are called."""
        return [repr(one) for one in self._axes()]

    @property
    def returns(self) -> ReturnScenarios:
        """The scenarios behind all this."""
        return self.choices[0].returns

    def _axes(self) -> tuple[Objective, Objective]:
        return self.reward, self.risk

    def _floor(self) -> str:
        return at_least(self.reward, 0.0).argument

    def _value(self, aim: Objective, choice: Allocation) -> float:
        return aim.value(choice.portfolio())

    def __repr__(self) -> str:
        (low, high), (least, most) = (
            self.table[name].iloc[[0, -1]].tolist() for name in self.names
        )
        gap = max(choice.certificate.relative_gap for choice in self.choices)
        return (
            f"Frontier({len(self.choices)} points, {self.names[0]} {low:.4g} to {high:.4g}, "
            f"{self.names[1]} {least:.4g} to {most:.4g}, relative gaps up to {gap:.1e})"
        )


def frontier(
    returns: ReturnScenarios | pd.DataFrame,
    risk: Algebra,
    reward: Algebra | None = None,
    *,
    points: int = 20,
    **given: Any,
) -> Frontier:
    """The least risk at each of some levels of reward, from the safest weights to the richest.

    Parameters
    ----------
    returns : ReturnScenarios or DataFrame [draw x ticker]
        As `allocate` takes them.
    risk : term or sum of terms
        A convex one, such as `CVaR(0.95)` or `Variance()`.
    reward : term or sum of terms, optional
        A concave one; `ExpectedReturn()` when left out.
    points : int, optional
        How many, at equal distances of reward. Fewer come back where safest and richest agree.
    **given
        `max_weight`, `limits` and whatever else `allocate` takes.

    Returns
    -------
    Frontier
        Every point certified by `allocate`.

    Raises
    ------
    InputError, InfeasibleError, SolverError
        As `allocate` does.
    """
    aim, cost = _checked(reward if reward is not None else ExpectedReturn(), risk)
    check_whole("points", points, 2)
    limits = [*given.pop("limits", ())]
    safest = allocate(returns, cost, limits=limits, **given)
    richest = allocate(returns, aim, limits=limits, **given)
    low, high = (aim.value(choice.portfolio()) for choice in (safest, richest))
    if high - low <= FLAT * max(abs(low), abs(high)):
        return Frontier(aim, cost, (safest,))
    between = [
        allocate(returns, cost, limits=[*limits, at_least(aim, level)], **given)
        for level in np.linspace(low, high, int(points))[1:-1].tolist()
    ]
    return Frontier(aim, cost, (safest, *between, richest))


def _checked(reward: object, risk: object) -> tuple[Objective, Objective]:
    for name, one, sign, right in (
        ("risk", risk, -1.0, "convex, such as CVaR(0.95)"),
        ("reward", reward, 1.0, "concave, such as ExpectedReturn()"),
    ):
        if not isinstance(one, Algebra) or (1.0 * one).direction() != sign:
            raise InputError(f"the {name} of a frontier is {one!r}; it must be {right}")
    assert isinstance(reward, Algebra)
    assert isinstance(risk, Algebra)
    return 1.0 * reward, 1.0 * risk
