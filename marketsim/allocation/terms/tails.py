"""The tail of losses: conditional value at risk, nominal and robust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...errors import InputError
from ...returns import ReturnScenarios
from .. import measures
from ..families import (
    Attribution,
    Bend,
    Family,
    Focus,
    Line,
    Portfolio,
    into_ball,
    onto_density,
    portfolio_of,
    relative,
    relative_line,
    total,
)
from ..names import Numbers, benchmark_of, fractions
from ..objectives import Curvature, Term

if TYPE_CHECKING:
    import pandas as pd

    from ..constraints import Constraints
    from ..deadline import Deadline

__all__ = ["CVaR", "check_level", "edge_of_tail", "parted"]

FloatArray = NDArray[np.float64]
Draws = NDArray[np.int64]

BENCHMARK: Final = "CVaR relative_to"
TIE: Final = 1e-9  # losses that differ by less, in units of the larger of 1 and the edge, tie


@dataclass(frozen=True)
class CVaR(Term):
    """Conditional value at risk: the mean loss in the worst `1 - level` of probability.

    Parameters
    ----------
    level : float
        Confidence between 0 and 1, such as 0.95.
    radius : float, optional
        How far, in type-1 Wasserstein distance over Euclidean distances of the returns of one
        draw, the true distribution may lie from the scenarios; no distribution within that ball
        has a higher CVaR than the term.
    relative_to : mapping or Series of ticker to weight, optional
        Weights of a benchmark: the loss is then what the portfolio returns less than it, and the
        weights' length that of the difference.

    Notes
    -----
    The highest CVaR in the ball is that of the scenarios plus radius / (1 - level) times the
    Euclidean length of the weights, where returns may be any number (Mohajerin Esfahani and Kuhn
    2018, section 7.1); since none is below -1 it bounds the highest from above. A large radius
    leads to equal weights.
    """

    level: float = 0.95
    radius: float = 0.0
    relative_to: Mapping[str, float] | pd.Series[float] | Numbers | None = field(
        default=None, kw_only=True
    )
    curvature: ClassVar[Curvature] = "convex"
    by_draw: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_level(self.level, "CVaR")
        check_number("CVaR radius", self.radius, 0.0, what="a number from 0 up")
        if self.relative_to is not None:
            object.__setattr__(self, "relative_to", fractions(self.relative_to, BENCHMARK))

    def __repr__(self) -> str:
        radius = f", {self.radius:g}" if self.radius else ""
        benchmark = "" if self.relative_to is None else ", relative_to=benchmark"
        return f"CVaR({self.level:g}{radius}{benchmark})"

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The term itself, if the benchmark's names are there."""
        self._benchmark(scenarios)
        return self

    def value(self, at: Portfolio) -> float:
        """The mean loss beyond the value at risk, and the price of the radius."""
        at = self._active(at)
        odds = at.scenarios.probabilities
        nominal = measures.conditional_value_at_risk(at.outcomes, odds, self.level)
        return nominal + self._per_length() * float(np.linalg.norm(at.weights))

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """Losses over the tail, and the weights over their length for the radius."""
        scenarios, active = at.scenarios, self._active(at)
        tail = edge_of_tail(-active.outcomes, self._ceiling(scenarios), near)
        length = float(np.linalg.norm(active.weights)) or 1.0
        tilt = self._per_length() * active.weights / length
        return Attribution(tail, -scenarios.returns, tilt, at.weights - active.weights)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """All tails: densities of at most probability / (1 - level).

        Near a focus only draws about its value at risk stay open: worse ones are in the tail with
        all they have, better ones out of it. The programme then has as many columns as draws are
        open, whatever their number (an exact reduction, once the certificate holds).
        """
        ceiling, returns = self._ceiling(scenarios), scenarios.returns
        sunk, open_ = self._parted(focus, ceiling)
        count, price = len(open_), self._per_length()

        def whole(member: FloatArray) -> FloatArray:
            density = np.zeros(len(ceiling))
            density[sunk], density[open_] = ceiling[sunk], member[:count]
            return np.concatenate([density, member[count:]])

        slopes, lower, upper = returns[open_].T, np.zeros(count), ceiling[open_]
        bends, sums, rest = [], total(count), np.array([1.0 - float(ceiling[sunk].sum())])
        if price:
            companies = len(scenarios.tickers)
            slopes = np.hstack([slopes, -price * np.eye(companies)])
            lower = np.concatenate([lower, np.full(companies, -1.0)])
            upper = np.concatenate([upper, np.ones(companies)])
            sums = total(count + companies).tolil()
            sums[0, count:] = 0.0
            sums = sums.tocsc()
            bends = [Bend("ball", count, count + companies)]
        base = ceiling[sunk] @ returns[sunk]
        family = Family(base, slopes, None, lower, upper, sums, (rest, rest), bends, whole)
        return relative(family, self._benchmark(scenarios))

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tail found, moved into the set of tails, and the length's tangent found."""
        ceiling = self._ceiling(at.scenarios)
        density, point = onto_density(member[: len(ceiling)], ceiling), member[len(ceiling) :]
        tilt = -self._per_length() * into_ball(point) if self.radius else 0.0
        line = Line(density, tilt, 0.0)
        return relative_line(line, at.scenarios, self._benchmark(at.scenarios))

    def _benchmark(self, scenarios: ReturnScenarios) -> FloatArray | None:
        return benchmark_of(self.relative_to, scenarios.tickers, BENCHMARK)

    def _active(self, at: Portfolio) -> Portfolio:
        benchmark = self._benchmark(at.scenarios)
        return at if benchmark is None else portfolio_of(at.scenarios, at.weights - benchmark)

    def _per_length(self) -> float:
        return self.radius / (1.0 - self.level)

    def _ceiling(self, scenarios: ReturnScenarios) -> FloatArray:
        return np.asarray(scenarios.probabilities / (1.0 - self.level))

    def _parted(self, focus: Focus | None, ceiling: FloatArray) -> tuple[Draws, Draws]:
        if focus is None or focus.width is None:
            return np.zeros(0, dtype=int), np.flatnonzero(ceiling > 0)
        visited = [self._active(one).outcomes for one in focus.visited]
        return parted(visited, focus.width, ceiling)


def edge_of_tail(
    losses: FloatArray, ceiling: FloatArray, near: FloatArray | float | None
) -> FloatArray:
    """The density of at most `ceiling` with the highest mean of `losses` [draw].

    Draws that tie at the edge of the tail share what is left of it as they do in `near`, or as
    they may at most.
    """
    order = np.argsort(-losses, kind="stable")
    place = int(np.searchsorted(np.cumsum(ceiling[order]), 1.0 - measures.ROUNDING))
    edge = losses[order[min(place, len(order) - 1)]]
    width = TIE * max(1.0, abs(float(edge)))
    density = np.where(losses > edge + width, ceiling, 0.0)
    tied, rest = np.abs(losses - edge) <= width, 1.0 - float(density.sum())
    share = near[tied] if isinstance(near, np.ndarray) else ceiling[tied]
    if rest > 0.0:
        scale = rest / float(ceiling[tied].sum()) if near is None else 1.0
        density[tied] = rest * onto_density(share * scale / rest, ceiling[tied] / rest)
    return density


def check_level(level: object, name: str, low: float = 1e-12) -> None:
    """Refuse a confidence that does not lie between 0 and 1; one in percent is recognised."""
    if not isinstance(level, (int, float, np.number)):
        raise InputError(f"{name} level is {level!r}; it must be a number such as 0.95")
    if not low <= level < 1.0:
        hint = f": write {float(level) / 100:g}?" if 1.0 < level < 100.0 else ""
        raise InputError(f"{name} level is {level}; it must lie between 0 and 1{hint}")


def parted(visited: list[FloatArray], width: int, ceiling: FloatArray) -> tuple[Draws, Draws]:
    """Draws in the tail at all outcomes visited, and those that may be in it or out of it.

    A draw is in at some weights if more than `width` draws lie between it and the tail's edge.
    """
    inside, outside = np.ones((2, len(ceiling)), dtype=bool)
    share = float(ceiling.sum())
    for outcomes in visited:
        order = measures.worst_first(outcomes, ceiling / share, 1.0 / share, width + 1)
        edge = int(np.searchsorted(np.cumsum(ceiling[order]), 1.0))
        deep = np.zeros(len(ceiling), dtype=bool)
        deep[order[: max(edge - width, 0)]] = True
        inside &= deep
        outside[order[: edge + width + 1]] = False
    return np.flatnonzero(inside), np.flatnonzero(~inside & ~outside)
