"""Why one choice of weights differs from another: what each cause of it adds to every weight.

The best weights are a function of returns, probabilities and limits. On the straight way from the
one choice's to the other's all causes go together; each adds the integral of what the weights
answer to it (`SmoothedOptimum.jvp`), kinks where limits fill and empty included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.allocation.families import portfolio_of
from marketsim.errors import InputError

from .path_integral import integrated
from .problem import Given
from .smoothed import SmoothedOptimum, smoothed
from .worth import by_term

__all__ = ["EXACT", "UNRESOLVED", "ChoicesApart", "choices_apart"]

FloatArray = NDArray[np.float64]

POINTS: Final = 1_000
"""Of the way at which weights are found, at the most."""

UNRESOLVED: Final = "not resolved"
EXACT: Final = "exact choices beside smoothed ones"
"""Rows beside those of causes."""


class ChoicesApart(NamedTuple):
    """What each cause adds to the change from one choice to another.

    To ``weights``, [cause x ticker], and to every term of the objective and the limits, such as the
    expected return, [cause x term]. The last rows are what the integral has `not resolved`, and
    what exact choices make of it beside those whose tails are smoothed: columns sum to the change.
    """

    weights: pd.DataFrame
    terms: pd.DataFrame
    points: int


@dataclass(frozen=True, eq=False)
class _Way:
    """From the one choice on, by causes."""

    start: SmoothedOptimum
    causes: tuple[Given, ...]

    def along(self, share: float) -> tuple[FloatArray, FloatArray]:
        """Return weights and terms at a share of the way [output], and rates [output, cause]."""
        moved = [share * sum(parts) for parts in zip(*self.causes, strict=True)]
        there = self.start.again(moved[0], moved[1], self._named(moved[2]))
        rates = [
            there.jvp(one.returns, one.probabilities, self._named(one.sides)) for one in self.causes
        ]
        value = np.concatenate([there.weights, there.risk])
        return value, np.stack([np.concatenate([r.weights, r.risk]) for r in rates], axis=1)

    def _named(self, sides: FloatArray) -> pd.Series[float]:
        return pd.Series(sides, index=self.start.multipliers.index)


def choices_apart(
    start: Allocation, end: Allocation, causes: Mapping[str, Given], *, points: int = POINTS
) -> ChoicesApart:
    """Return what each cause adds to the change from one choice to another.

    Parameters
    ----------
    start, end
        From :func:`marketsim.allocate`: the same names, draws, terms and kinds of limits.
    causes
        Changes of returns, probabilities and limits, by name, which sum to all that is different.
    points
        Of the way, at the most.

    Raises
    ------
    InputError
        For choices that are not alike, or terms that have no derivative.
    SolverError
        Where on the way nothing keeps to the limits.
    """
    for choice in (start, end):
        if not isinstance(choice, Allocation):
            raise InputError(
                f"choices_apart: {type(choice).__name__} is no allocation; give two that "
                "ms.allocate returned"
            )
    best, last = smoothed(start), smoothed(end)
    _check_alike(best, last)
    whole = [sum(parts) for parts in zip(*causes.values(), strict=True)]
    for name, one, other, moved in zip(Given._fields, best.given, last.given, whole, strict=True):
        if not np.allclose(one + moved, other, rtol=0.0, atol=1e-9):
            raise InputError(f"choices_apart: the causes do not sum to the change of {name}")
    found = integrated(_Way(best, tuple(causes.values())).along, most=points, whole=False)
    added = pd.DataFrame(
        np.concatenate([found.contributions, found.left[:, None]], axis=1).T,
        index=pd.Index([*causes, UNRESOLVED], name="cause"),
        columns=[*best.weights.index, *best.risk.index],
    )
    count = len(best.weights)
    weights, terms = added.iloc[:, :count].copy(), added.iloc[:, count:].copy()
    weights.loc[EXACT] = end.weights - start.weights - weights.sum()
    exact = [_exact_terms(x, y) for x, y in ((start, best), (end, last))]
    terms.loc[EXACT] = exact[1] - exact[0] - terms.sum()
    return ChoicesApart(weights, terms, found.points)


def _exact_terms(choice: Allocation, best: SmoothedOptimum) -> pd.Series[float]:
    """Return the terms of a choice at its weights, their tails not smoothed, [term]."""
    at = portfolio_of(choice.returns, np.asarray(choice.weights, dtype=np.float64))
    terms: list[Any] = list(by_term(best.problem, best.at))
    return pd.Series([float(term.value(at)) for term in terms], index=best.risk.index)


def _check_alike(one: SmoothedOptimum, other: SmoothedOptimum) -> None:
    for what, x, y in (
        ("names", list(one.weights.index), list(other.weights.index)),
        ("draws", one.given.returns.shape, other.given.returns.shape),
        ("terms", list(one.risk.index), list(other.risk.index)),
        ("limits", list(one.multipliers.index), list(other.multipliers.index)),
    ):
        if x != y:
            raise InputError(f"choices_apart: the choices have other {what}: {x} and {y}")
