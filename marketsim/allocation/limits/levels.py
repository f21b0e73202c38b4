"""Limits on terms: how much of a risk may be taken, how much return is asked for.

    limits=[at_most(CVaR(0.95), 0.15), at_least(ExpectedReturn(), 0.08)]

The weights that keep to one are a convex set where the term is convex and has a ceiling, or is
concave and has a floor; a limit the other way round is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from marketsim.checks import check_number

from ...errors import InputError
from ..bounds import Bound
from ..objectives import Algebra, Curvature, Objective, Term, curvature
from .kinds import Limit, Setting

if TYPE_CHECKING:
    from ...returns import ReturnScenarios
    from ..constraints import Constraints
    from ..deadline import Deadline
    from ..families import Portfolio

__all__ = ["TermLimit", "at_least", "at_most"]


@dataclass(frozen=True)
class TermLimit(Limit):
    """A ceiling of a convex sum of terms, or a floor of a concave one; see `at_most`, `at_least`.

    Parameters
    ----------
    objective : Objective
        The sum.
    level : float
        Its ceiling or floor.
    ceiling : bool
        Which of them.
    """

    objective: Objective
    level: float
    ceiling: bool

    def __post_init__(self) -> None:
        check_number(f"{self.name}, {self.objective!r}, level", self.level)
        if not self.objective.parts:
            raise InputError(f"{self.name} limits a sum without terms: give one such as CVaR(0.95)")
        wrong = "concave" if self.ceiling else "convex"
        bent = [curvature(scale, term) for scale, term in self.objective.parts]
        if wrong in bent:
            raise InputError(self._refusal(wrong, bent))

    @property
    def name(self) -> str:
        """The function that makes it."""
        return "at_most" if self.ceiling else "at_least"

    @property
    def argument(self) -> str:
        """What results and errors call it: `CVaR(0.95).at_most`."""
        return f"{_bracketed(self.objective)}.{self.name}"

    @property
    def sign(self) -> float:
        """Of the sum, in its concave direction."""
        return -1.0 if self.ceiling else 1.0

    @property
    def floor(self) -> float:
        """Of the sum in its concave direction."""
        return self.sign * self.level

    @property
    def parts(self) -> tuple[tuple[float, Term], ...]:
        """Coefficients of the terms' concave directions."""
        return tuple(
            (self.sign * scale if term.curvature == "affine" else abs(scale), term)
            for scale, term in self.objective.parts
        )

    def bounds(self, setting: Setting) -> list[Bound]:
        """None: it is no linear inequality; the programme has it by the lines of its terms."""
        return []

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> TermLimit:
        """The same on settled terms."""
        return replace(self, objective=self.objective.settled(scenarios, constraints, deadline))

    def unit(self, scenarios: ReturnScenarios, size: float) -> float:
        """About how large the sum is where returns are about `size`."""
        sizes = (abs(scale) * term.magnitude(size, scenarios) for scale, term in self.parts)
        return float(sum(sizes)) or 1.0

    def room(self, at: Portfolio) -> float:
        """By how much a portfolio keeps to it; below 0 if it does not."""
        return self.sign * (self.objective.value(at) - self.level)

    def _refusal(self, wrong: str, bent: list[Curvature]) -> str:
        text = f"{self.name}({self.objective!r}, {self.level:g}) cannot be kept to for certain"
        named = [
            repr(scale * term)
            for (scale, term), one in zip(self.objective.parts, bent, strict=True)
            if one == wrong
        ]
        whole = set(bent) <= {wrong, "affine"}
        other = "at_least" if self.ceiling else "at_most"
        right = (
            f"write {other}({self.objective!r}, {self.level:g})"
            if whole
            else "limit its concave and its convex terms apart"
        )
        held = "a floor" if self.ceiling else "a ceiling"
        return f"{text}: {', '.join(named)} is {wrong} and can be given {held} only; {right}"

    def __repr__(self) -> str:
        return f"{self.objective!r} {'<=' if self.ceiling else '>='} {self.level:g}"

    def __str__(self) -> str:
        return f"{self.argument} = {self.level:g}"


def at_most(term: Algebra, level: float) -> TermLimit:
    """A ceiling of a term, such as `at_most(CVaR(0.95), 0.15)`: a budget of risk or of cost.

    Parameters
    ----------
    term : term or sum of terms
        A convex one: CVaR, Variance, Drawdown, TrackingError, Regret, a cost of trading, or
        minus a concave one. ExpectedReturn can have a ceiling and a floor.
    level : float
        The most that it may be.

    Raises
    ------
    InputError
        If a term is concave: no certificate can be given then.

    Notes
    -----
    `Regret` is measured by the weights that all limits but those on terms allow.
    """
    return TermLimit(_sum("at_most", term), level, ceiling=True)


def at_least(term: Algebra, level: float) -> TermLimit:
    """A floor of a term, such as `at_least(ExpectedReturn(), 0.08)`: a target.

    Parameters
    ----------
    term : term or sum of terms
        A concave one: ExpectedReturn, WorstRegime, AmbiguousReturn, LogGrowth, or minus a convex
        one.
    level : float
        The least that it may be.

    Raises
    ------
    InputError
        If a term is convex: no certificate can be given then.
    """
    return TermLimit(_sum("at_least", term), level, ceiling=False)


def _sum(name: str, term: object) -> Objective:
    if not isinstance(term, Algebra):
        raise InputError(f"{name} limits a term such as CVaR(0.95), not {term!r}")
    return term if isinstance(term, Objective) else 1.0 * term


def _bracketed(objective: Objective) -> str:
    plain = len(objective.parts) == 1 and objective.parts[0][0] == 1.0
    return repr(objective) if plain else f"({objective!r})"
