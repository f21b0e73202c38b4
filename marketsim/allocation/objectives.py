"""What a portfolio should be good at: terms that add and scale.

    ExpectedReturn() - 2 * CVaR(0.95)       concave, so it is maximised
    CVaR(0.95) + 0.5 * Variance()           convex, so it is minimised

The rules of disciplined convex programming (Grant, Boyd and Ye 2006) decide: a sum is concave
when each of its scaled terms is. Each term, in its concave direction, is the lowest of a `Family`
of linear functions of the weights. The solver searches among those, which is many times faster
than among weights, and any that it ends with bounds what all weights can reach.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..returns import ReturnScenarios
from .families import Attribution, Family, Focus, Line, Portfolio

if TYPE_CHECKING:
    from .constraints import Constraints
    from .deadline import Deadline

__all__ = ["Algebra", "Curvature", "Objective", "Term", "curvature"]

FloatArray = NDArray[np.float64]
Curvature = Literal["affine", "concave", "convex"]


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
    """One thing to be good at: a function of the weights and of their returns over the draws.

    A term states its curvature, its value, and, in its concave direction, its family of lines.
    """

    curvature: ClassVar[Curvature]
    by_draw: ClassVar[bool] = False  # its family has members for every draw
    local: ClassVar[bool] = False  # its family is a model that is right near a focus only
    smooth: ClassVar[bool] = False  # its line at a portfolio is its tangent there, for any member

    @property
    def parts(self) -> tuple[tuple[float, Term], ...]:
        """The term itself, once."""
        return ((1.0, self),)

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The term, checked against what it is to be used on, and completed by it.

        Raises
        ------
        InputError
            If it names companies that are not there, or needs what the scenarios do not have.
        """
        return self

    def magnitude(self, unit: float, scenarios: ReturnScenarios) -> float:
        """About how large the term is where returns are about `unit`."""
        return unit

    def attribution(
        self, at: Portfolio, near: FloatArray | float | None = None
    ) -> Attribution | None:
        """The term for a portfolio by draw and company; None if it is no such sum.

        Where several sums are as true, as where draws tie at the edge of a tail, it is the one
        whose draws count as in `near` [draw], the slope of a line that a solver found.
        """
        return None

    @abstractmethod
    def value(self, at: Portfolio) -> float:
        """The term for a portfolio."""

    @abstractmethod
    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """The lines whose lowest is the term's concave direction, or those that matter near by."""

    @abstractmethod
    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """A true line of the whole family near the solver's `member`, at the portfolio found.

        Whatever the solver's error, the concave direction of the term lies nowhere above it.
        """


@dataclass(frozen=True)
class Objective(Algebra):
    """A sum of scaled terms; build it with `+`, `-`, `*`."""

    summands: tuple[tuple[float, Term], ...]
    searches: ClassVar[bool] = False  # for weights that keep to limits on terms, or nearly do

    @property
    def parts(self) -> tuple[tuple[float, Term], ...]:
        """Coefficients other than 0, and their terms."""
        return tuple((scale, term) for scale, term in self.summands if scale)

    def value(self, at: Portfolio) -> float:
        """The objective for a portfolio."""
        return float(sum(scale * term.value(at) for scale, term in self.parts))

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Objective:
        """The same of settled terms."""
        settled = [term.settled(scenarios, constraints, deadline) for _, term in self.parts]
        scales = [scale for scale, _ in self.parts]
        return Objective(tuple(zip(scales, settled, strict=True)))

    def utility(self) -> tuple[tuple[float, Term], ...]:
        """Coefficients of the terms' concave directions; their sum is to be maximised."""
        sign = self.direction()
        return tuple(
            (sign * scale if term.curvature == "affine" else abs(scale), term)
            for scale, term in self.parts
        )

    def direction(self) -> float:
        """+1 if the objective is to be maximised, -1 if minimised; a line goes by its sign.

        Raises
        ------
        InputError
            If it is empty, or neither concave nor convex: then a local optimum need not
            be the best, and no certificate can be given.
        """
        if not self.parts:
            raise InputError("the objective has no terms: give one such as CVaR(0.95)")
        bent = {curvature(scale, term): part for part, (scale, term) in self._written()}
        if "concave" in bent and "convex" in bent:
            raise InputError(
                f"objective {self!r} is neither concave nor convex: {bent['concave']} is concave, "
                f"to be maximised, and {bent['convex']} is convex, to be minimised; "
                "change the sign of one of them"
            )
        if "concave" not in bent and "convex" not in bent:  # a return or, below 0, a cost
            return 1.0 if sum(scale for scale, _ in self.parts) > 0 else -1.0
        return -1.0 if "convex" in bent else 1.0

    def _written(self) -> list[tuple[str, tuple[float, Term]]]:
        return [(_scaled(scale, term), (scale, term)) for scale, term in self.parts]

    def __repr__(self) -> str:
        text = " + ".join(part for part, _ in self._written()).replace("+ -", "- ")
        return text or "0"


def _scaled(scale: float, term: Term) -> str:
    return {1.0: f"{term!r}", -1.0: f"-{term!r}"}.get(scale, f"{scale:g}*{term!r}")


def curvature(scale: float, term: Term) -> Curvature:
    """Of a term times a number."""
    if term.curvature == "affine":
        return "affine"
    return "concave" if (scale > 0) == (term.curvature == "concave") else "convex"
