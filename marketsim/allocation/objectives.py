"""What a portfolio should be good at: terms that add and scale.

    ExpectedReturn() - 2 * CVaR(0.95)       concave, so it is maximised
    CVaR(0.95) + 0.5 * Variance()           convex, so it is minimised

The rules of disciplined convex programming (Grant, Boyd and Ye 2006) decide: a sum is concave
when each of its scaled terms is. Each term, in its concave direction, is the lowest of a family
of linear functions of the weights (plus an offset), one for each *density* over the draws:
minus CVaR is the lowest mean return under any density that magnifies no probability by
more than 1 / (1 - level). `Support` states the family to cvxpy and `density` picks one of it.
The solver searches among densities, which is many times faster than among weights, and any
density it ends with bounds what all weights can reach: that is the certificate.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..returns import ReturnScenarios

__all__ = ["Focus", "Objective", "Support", "Term"]

FloatArray = NDArray[np.float64]
Curvature = Literal["affine", "concave", "convex"]


class Focus(NamedTuple):
    """Where the answer is thought to lie, so that a term may leave out what cannot matter there.

    What a term leaves out makes its family smaller and its optimum too good, never its certificate.
    """

    visited: tuple[FloatArray, ...]  # the portfolio's returns [draw] at weights near the best
    width: int  # draws on either side of a quantile that stay open at each


def _itself(member: FloatArray) -> FloatArray:
    return member


class Support(NamedTuple):
    """A family of linear functions `gradient @ weights + offset`, as cvxpy expressions."""

    gradient: Any  # [company], affine in `variable`
    offset: Any  # convex in `variable`
    constraints: list[Any]
    variable: Any  # None where the family has one member
    whole: Callable[[FloatArray], FloatArray] = _itself  # the member that a solution stands for


class Algebra(ABC):
    """Addition and scaling, shared by a term and a sum of terms."""

    __array_ufunc__ = None  # a NumPy number on the left leaves the product to `__rmul__`

    @property
    @abstractmethod
    def parts(self) -> tuple[tuple[float, Term], ...]:
        """Coefficients and terms."""

    def __mul__(self, factor: float) -> Objective:
        if isinstance(factor, bool) or not isinstance(factor, (int, float, np.number)):
            raise InputError(f"an objective can be scaled by a number, not by {factor!r}")
        if not isfinite(factor):
            raise InputError(f"an objective is scaled by {factor}; it must be a finite number")
        return Objective(tuple((float(factor) * scale, term) for scale, term in self.parts))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Objective:
        if not divisor:
            raise InputError("an objective is divided by 0")
        return self * (1.0 / divisor)

    def __neg__(self) -> Objective:
        return self * -1.0

    def __add__(self, other: object) -> Objective:
        if not isinstance(other, Algebra):
            raise InputError(f"{other!r} cannot be added to {self!r}: add terms such as CVaR(0.95)")
        scales: dict[Term, float] = {}
        for scale, term in (*self.parts, *other.parts):
            scales[term] = scales.get(term, 0.0) + scale
        return Objective(tuple((scale, term) for term, scale in scales.items()))

    def __radd__(self, other: object) -> Objective:
        return 1.0 * self if other == 0 else self + other  # 0 is where `sum` starts

    def __sub__(self, other: object) -> Objective:
        return self + (-other if isinstance(other, Algebra) else other)


class Term(Algebra):
    """One thing to be good at: a function of the portfolio's returns over the draws.

    A term states its curvature, its degree (how it grows with returns: 2 for the variance),
    its value for given outcomes, and, in its concave direction, its support.
    """

    curvature: ClassVar[Curvature]
    degree: ClassVar[int] = 1

    @property
    def parts(self) -> tuple[tuple[float, Term], ...]:
        """The term itself, once."""
        return ((1.0, self),)

    @abstractmethod
    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """The term for portfolio returns `outcomes` [draw]."""

    @abstractmethod
    def support(
        self, returns: FloatArray, scenarios: ReturnScenarios, focus: Focus | None = None
    ) -> Support:
        """The family for cvxpy, or a part of it that matters near a `focus`.

        `returns` [draw, company] are those of the scenarios, rescaled.
        """

    @abstractmethod
    def density(
        self, solution: FloatArray, outcomes: FloatArray, scenarios: ReturnScenarios
    ) -> tuple[FloatArray, float]:
        """A true member of the family near the solver's: slope by draw [draw], and offset.

        Whatever the solver's error, for every `x` [draw] the concave direction of the term is
        at most `slope @ x + offset`.
        """


@dataclass(frozen=True)
class Objective(Algebra):
    """A sum of scaled terms; build it with `+`, `-`, `*`."""

    summands: tuple[tuple[float, Term], ...]

    @property
    def parts(self) -> tuple[tuple[float, Term], ...]:
        """Coefficients other than 0, and their terms."""
        return tuple((scale, term) for scale, term in self.summands if scale)

    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """The objective for portfolio returns `outcomes` [draw]."""
        return float(sum(scale * term.value(outcomes, scenarios) for scale, term in self.parts))

    def direction(self) -> float:
        """+1 if the objective is to be maximised, -1 if minimised.

        Raises
        ------
        InputError
            If it is empty, or neither concave nor convex: then a local optimum need not
            be the best, and no certificate can be given.
        """
        if not self.parts:
            raise InputError("the objective has no terms: give one such as CVaR(0.95)")
        bent = {_curvature(scale, term): part for part, (scale, term) in self._written()}
        if "concave" in bent and "convex" in bent:
            raise InputError(
                f"objective {self!r} is neither concave nor convex: {bent['concave']} is concave, "
                f"to be maximised, and {bent['convex']} is convex, to be minimised; "
                "change the sign of one of them"
            )
        return -1.0 if "convex" in bent else 1.0

    def _written(self) -> list[tuple[str, tuple[float, Term]]]:
        return [(_scaled(scale, term), (scale, term)) for scale, term in self.parts]

    def __repr__(self) -> str:
        text = " + ".join(part for part, _ in self._written()).replace("+ -", "- ")
        return text or "0"


def _scaled(scale: float, term: Term) -> str:
    return {1.0: f"{term!r}", -1.0: f"-{term!r}"}.get(scale, f"{scale:g}*{term!r}")


def _curvature(scale: float, term: Term) -> Curvature:
    if term.curvature == "affine":
        return "affine"
    return "concave" if (scale > 0) == (term.curvature == "concave") else "convex"
