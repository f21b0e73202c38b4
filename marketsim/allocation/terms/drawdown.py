"""Falls from a peak on the way to the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...errors import InputError
from ...returns import ReturnScenarios
from .. import measures
from ..families import Attribution, Family, Focus, Line, Portfolio
from ..objectives import Curvature, Term
from .tails import check_level, edge_of_tail, parted

if TYPE_CHECKING:
    from ..constraints import Constraints
    from ..deadline import Deadline

__all__ = ["Drawdown"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Drawdown(Term):
    """Conditional expected drawdown: mean of the largest falls from a peak, over the worst draws.

    Each draw's portfolio is bought at the start and held. Its fall is the largest difference
    between a peak of its wealth (the start counts) and a later step, as a fraction of the money
    invested at the start, which keeps it convex in the weights. The term is the CVaR of that
    largest fall over the draws (Goldberg and Mahmoud 2017; for one long draw and level 0 it is
    the maximum drawdown of Chekhlov, Uryasev and Zabarankin 2005).

    Parameters
    ----------
    level : float
        Confidence: 0.95 for the mean over the worst twentieth, 0 for that over all draws.
    """

    level: float = 0.95
    curvature: ClassVar[Curvature] = "convex"
    by_draw: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_level(self.level, "Drawdown", low=0.0)

    def __repr__(self) -> str:
        return f"Drawdown({self.level:g})"

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The term itself, if the scenarios have paths."""
        self._check(scenarios)
        return self

    def _check(self, scenarios: ReturnScenarios) -> None:
        if scenarios.paths is None:
            raise InputError(
                f"{self!r} needs to know the way to the horizon: give ReturnScenarios its paths "
                "[draw, step, company] (revalue does so with steps=...)"
            )

    def value(self, at: Portfolio) -> float:
        """CVaR of each draw's largest fall."""
        falls = _falls(at)
        odds = at.scenarios.probabilities
        if self.level == 0.0:
            return measures.mean(falls, odds)
        return measures.conditional_value_at_risk(-falls, odds, self.level)

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """What each company loses between the peak and the end of the largest fall."""
        self._check(at.scenarios)
        scenarios, wealth = at.scenarios, _wealth(at)
        falls = np.maximum.accumulate(wealth, axis=1) - wealth
        ends = falls.argmax(axis=1)
        before = np.arange(wealth.shape[1]) <= ends[:, None]
        peaks = np.where(before, wealth, -np.inf).argmax(axis=1)
        paths, draws = _from_start(scenarios), np.arange(len(wealth))
        pulls = paths[draws, peaks] - paths[draws, ends]
        density = edge_of_tail(falls.max(axis=1), self._ceiling(scenarios), None)
        flat = np.zeros(len(at.weights))
        return Attribution(density, pulls, flat, flat)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Which steps to count, in which draws: a fall is minus the sum of returns over its steps.

        Members are how much each step counts, [draw, step], and how much of that begins with it:
        what a step counts beyond the one before it begins there. All that begins in a draw is
        the draw's density, at most probability / (1 - level).
        """
        moves, ceiling = _moves(scenarios), self._ceiling(scenarios)
        open_ = np.flatnonzero(ceiling > 0)
        if focus is not None and focus.width is not None:
            falls = [-_falls(one) for one in focus.visited]
            sunk, edge = parted(falls, focus.width, ceiling)
            open_ = np.union1d(sunk, edge)
        steps, companies = moves.shape[1:]
        count = len(open_) * steps

        def whole(member: FloatArray) -> FloatArray:
            flow = np.zeros(moves.shape[:2])
            flow[open_] = member[:count].reshape(-1, steps)
            return flow.ravel()

        slopes = np.hstack([moves[open_].reshape(count, companies).T, np.zeros((companies, count))])
        rows, tops = _begin_rows(ceiling[open_], steps)
        floor = np.full(len(tops), -np.inf)
        return Family(np.zeros(companies), slopes, rows=rows, sides=(floor, tops), whole=whole)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The steps found, scaled to begin no more than they may."""
        moves, ceiling = _moves(at.scenarios), self._ceiling(at.scenarios)
        flow = np.maximum(member, 0.0).reshape(moves.shape[:2])
        begun = np.maximum(np.diff(flow, axis=1, prepend=0.0), 0.0).sum(axis=1)
        share = np.minimum(ceiling, begun) / np.maximum(begun, np.finfo(float).tiny)
        flow = flow * (share / max(1.0, float(share @ begun)))[:, None]
        return Line(0.0, np.einsum("dsc,ds->c", moves, flow), 0.0)

    def _ceiling(self, scenarios: ReturnScenarios) -> FloatArray:
        return np.asarray(scenarios.probabilities / (1.0 - self.level))


def _begin_rows(ceiling: FloatArray, steps: int) -> tuple[sparse.csc_array, FloatArray]:
    """Rows over (flow, begun), each [draw, step], and their upper bounds.

    flow - flow of the step before - begun <= 0; begun in a draw <= its ceiling; in all <= 1.
    """
    draws = len(ceiling)
    before = sparse.eye_array(steps, k=0) - sparse.eye_array(steps, k=-1)
    each = sparse.eye_array(draws)
    begins = sparse.hstack([sparse.kron(each, before), -sparse.eye_array(draws * steps)])
    blank = sparse.csc_array((draws, draws * steps))
    by_draw = sparse.hstack([blank, sparse.kron(each, np.ones((1, steps)))])
    in_all = sparse.csc_array(np.repeat([0.0, 1.0], draws * steps)[None, :])
    tops = np.concatenate([np.zeros(draws * steps), ceiling, [1.0]])
    return sparse.csc_array(sparse.vstack([begins, by_draw, in_all])), tops


def _moves(scenarios: ReturnScenarios) -> FloatArray:
    """Change of wealth by step, per unit invested at the start, [draw, step, company]."""
    assert scenarios.paths is not None  # `settled` has seen to it
    return np.diff(scenarios.paths, axis=1, prepend=0.0)


def _from_start(scenarios: ReturnScenarios) -> FloatArray:
    """Cumulative returns, 0 at the start [draw, step, company]."""
    assert scenarios.paths is not None
    return np.pad(scenarios.paths, ((0, 0), (1, 0), (0, 0)))


def _wealth(at: Portfolio) -> FloatArray:
    """What has been gained by each step, 0 at the start [draw, step]."""
    assert at.scenarios.paths is not None
    return np.concatenate([np.zeros((len(at.outcomes), 1)), at.scenarios.paths @ at.weights], 1)


def _falls(at: Portfolio) -> FloatArray:
    """Largest fall from a peak, as a fraction of the money at the start, [draw]."""
    wealth = _wealth(at)
    return np.asarray((np.maximum.accumulate(wealth, axis=1) - wealth).max(axis=1))
