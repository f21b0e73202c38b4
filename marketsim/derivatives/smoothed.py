"""The optimum of a smoothed problem, and its derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from marketsim.checks import check_number

from ..allocation import Allocation
from ..allocation.names import check_known
from ..errors import InputError, handed
from .change import Linearised, linearised, moved, predicted, pulled_back
from .conditions import Solved
from .directions import by_name, shaped
from .local import changed, gradient_of, transposed
from .newton import solve
from .posing import problem_of
from .problem import Given, Problem
from .response import response_of
from .worth import by_term, counted, multipliers, value_parts

__all__ = ["WIDTH", "Changes", "Slopes", "SmoothedOptimum", "smoothed", "solved_again"]

FloatArray = NDArray[np.float64]

WIDTH: Final = 0.05
"""Of the smoothing, as a share of the standard deviation of what the portfolio returns."""


class Changes(NamedTuple):
    """Of the optimum, along a direction."""

    weights: pd.Series[float]  # [ticker]
    value: float
    risk: pd.Series[float]  # [term]


class Slopes(NamedTuple):
    """Of a number made from the optimum, by what the optimum depends on."""

    returns: FloatArray  # [draw, company]
    probabilities: FloatArray  # [draw]
    sides: pd.Series[float]  # [side]


@dataclass(frozen=True, eq=False, repr=False)
class SmoothedOptimum:
    """The best weights where every CVaR is smoothed, as a function of what they were found from.

    Attributes
    ----------
    weights : Series [ticker]
        They satisfy the smoothed problem's optimality conditions to rounding.
    value : float
        The objective, its CVaRs smoothed.
    risk : Series [term]
        Each term of the objective and of the limits, CVaRs smoothed.
    multipliers : Series [side]
        What a unit more of each limit adds to the value; named as `Allocation.duals`.
    chosen : Series [ticker]
        The weights of the exact problem.
    width : float
        Standard deviation of the smoothing, as a share of that of what a CVaR is taken of.
    degenerate : tuple of str
        What makes derivatives one-sided or arbitrary, a sentence each; empty where nothing does.
    """

    weights: pd.Series[float]
    value: float
    risk: pd.Series[float]
    multipliers: pd.Series[float]
    chosen: pd.Series[float]
    width: float
    degenerate: tuple[str, ...]
    problem: Problem
    given: Given
    solved: Solved
    at: Linearised

    def jvp(
        self,
        d_returns: ArrayLike | None = None,
        d_probabilities: ArrayLike | None = None,
        d_sides: Mapping[str, float] | pd.Series[float] | None = None,
    ) -> Changes:
        """Change of the optimum along a change of what it depends on.

        Parameters
        ----------
        d_returns : array [draw, company], optional
        d_probabilities : array [draw], optional
            Only directions that sum to 0 leave probabilities what they are.
        d_sides : mapping or Series by name, optional
            Names are those of `multipliers`.

        Raises
        ------
        InputError
            For a shape or a name that is wrong.
        """
        d = self._checked(d_returns, d_probabilities, d_sides)
        returns, odds = self.given.returns, self.given.probabilities
        d_weights = moved(self.problem, self.at, returns, odds, d)
        d_value = float(self.multipliers.to_numpy() @ d[2])
        for scale, local in value_parts(self.problem, self.at):
            d_value += scale * float(changed(local, returns, odds, d[0], d[1])[0])
        d_risk = [
            gradient_of(local, returns, odds) @ d_weights
            + changed(local, returns, odds, d[0], d[1])[0]
            for local in by_term(self.problem, self.at).values()
        ]
        return Changes(
            pd.Series(d_weights, index=self.weights.index, name="weight"),
            d_value,
            pd.Series(d_risk, index=self.risk.index, name="risk", dtype=float),
        )

    def vjp(
        self,
        d_weights: Mapping[str, float] | pd.Series[float] | None = None,
        d_value: float = 0.0,
        d_risk: Mapping[str, float] | pd.Series[float] | None = None,
    ) -> Slopes:
        """Derivatives of `d_weights @ weights + d_value * value + d_risk @ risk`.

        Parameters
        ----------
        d_weights : mapping or Series by ticker, optional
        d_value : float, optional
        d_risk : mapping or Series by term, optional
            Names are those of `risk`.

        Raises
        ------
        InputError
            For a name that is wrong.
        """
        given = self.given
        terms = by_term(self.problem, self.at)
        by_risk = by_name(d_risk, self.risk.index, "d_risk", "term")
        by_weight = by_name(d_weights, self.weights.index, "d_weights", "ticker")
        for by, local in zip(by_risk, terms.values(), strict=True):
            by_weight += by * gradient_of(local, given.returns, given.probabilities)
        by_return, by_probability, by_side = pulled_back(self.problem, self.at, given, by_weight)
        direct = [(d_value * scale, local) for scale, local in value_parts(self.problem, self.at)]
        direct += list(zip(by_risk, terms.values(), strict=True))
        none = np.zeros(len(by_weight))
        for by, local in direct:
            if by:
                of = transposed(local, given.returns, given.probabilities, by, none)
                by_return += of[0]
                by_probability += of[1]
        by_side += d_value * self.multipliers.to_numpy()
        sides = pd.Series(by_side, index=self.multipliers.index, name="slope")
        return Slopes(by_return, by_probability, sides)

    def predicted(
        self,
        d_returns: ArrayLike | None = None,
        d_probabilities: ArrayLike | None = None,
        d_sides: Mapping[str, float] | pd.Series[float] | None = None,
    ) -> pd.Series[float]:
        """Weights after a change that may be large enough for other limits to be filled.

        They are the best of the quadratic model behind the derivatives within all limits, those on
        terms by their tangents: for a small change `weights` plus what `jvp` says, for a larger one
        without weights below their floors or above their caps.

        Parameters
        ----------
        d_returns, d_probabilities, d_sides
            As in `jvp`.

        Raises
        ------
        InputError
            For a shape or a name that is wrong.
        SolverError
            If nothing keeps to the limits after the change.
        """
        d = self._checked(d_returns, d_probabilities, d_sides)
        found = predicted(self.problem, self.at, self.solved, self.given, d)
        return pd.Series(found, index=self.weights.index, name="weight")

    def again(
        self,
        d_returns: ArrayLike | None = None,
        d_probabilities: ArrayLike | None = None,
        d_sides: Mapping[str, float] | pd.Series[float] | None = None,
    ) -> SmoothedOptimum:
        """The same problem solved again after a change: widths, in units of return, stay.

        Parameters
        ----------
        d_returns, d_probabilities, d_sides
            As in `jvp`.

        Raises
        ------
        InputError
            For a shape or a name that is wrong.
        SolverError
            If no weights are found, as where nothing keeps to the limits.
        """
        changes = self._checked(d_returns, d_probabilities, d_sides)
        given = Given(*(one + d for one, d in zip(self.given, changes, strict=True)))
        return solved_again(self, given)

    @property
    def counts(self) -> pd.Series[float]:
        """What a unit more of each term adds to the value [term]: a limit's by its multiplier."""
        counts = counted(self.problem, self.at)
        return pd.Series([counts[name] for name in self.risk.index], self.risk.index, name="count")

    def slopes(self, term: str) -> FloatArray:
        """Derivative of a term by returns, weights held, [draw, company].

        Raises
        ------
        InputError
            For a term that is neither in the objective nor in a limit.
        """
        check_known("slopes", "term", [term], self.risk.index)
        place = list(self.risk.index).index(term)
        local = list(by_term(self.problem, self.at).values())[place]
        none = np.zeros(len(self.weights))
        return transposed(local, self.given.returns, self.given.probabilities, 1.0, none)[0]

    @property
    def distance(self) -> float:
        """Largest difference of a weight from the one chosen."""
        return float((self.weights - self.chosen).abs().max())

    @property
    def sides(self) -> pd.Series[float]:
        """Bounds as the caller gave them [side]; the budget is 1."""
        return pd.Series(self.given.sides, index=self.multipliers.index, name="bound")

    def _checked(
        self, d_returns: object, d_probabilities: object, d_sides: object
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        given = self.given
        return (
            shaped(d_returns, given.returns.shape, "d_returns", "[draw, company]"),
            shaped(d_probabilities, given.probabilities.shape, "d_probabilities", "[draw]"),
            by_name(d_sides, self.multipliers.index, "d_sides", "side"),
        )

    def __repr__(self) -> str:
        held = int((self.weights.abs() > 1e-6).sum())
        doubts = f", {len(self.degenerate)} doubts" if self.degenerate else ""
        return (
            f"SmoothedOptimum({held} of {len(self.weights)} names, value {self.value:.6g}, "
            f"width {self.width:g}, {self.distance:.4f} from exact weights{doubts})"
        )


def smoothed(choice: Allocation, *, width: float = WIDTH) -> SmoothedOptimum:
    """The optimum of an allocation whose CVaRs are smoothed, with its derivatives.

    Parameters
    ----------
    choice : Allocation
        As `allocate` returned it. Its terms are ExpectedReturn, Variance, CVaR and
        TransactionCost, relative to a benchmark or not.
    width : float, optional
        Standard deviation of the noise that each loss is given, as a share of the standard
        deviation of the losses at the weights chosen. A larger one makes derivatives steadier and
        the problem less like the exact one.

    Returns
    -------
    SmoothedOptimum
        `distance` says how far its weights are from those chosen, `degenerate` what makes
        derivatives doubtful.

    Raises
    ------
    InputError
        For an allocation that was stored, a width that is not above 0, or a term or limit without
        a derivative, with what would be right.
    SolverError
        If no weights were found, as with a width that hardly smooths.

    Notes
    -----
    Where `Holdings` are limited, the names that are held stay those that were chosen.
    """
    handed("smoothed: choice", choice, Allocation, "ms.allocate(returns)")
    check_number("width", width, 1e-4, 10.0, "a share between 0.0001 and 10")
    if choice.optimum is None:
        raise InputError(
            "an allocation that was stored has lost the problem that it solves: allocate again"
        )
    problem, given, start = problem_of(choice.optimum, width)
    return _solved(problem, given, start, choice.weights, width)


def solved_again(best: SmoothedOptimum, given: Given) -> SmoothedOptimum:
    """Return the optimum of its problem from its weights on; see :meth:`SmoothedOptimum.again`."""
    filled = best.solved.filled | best.solved.left_out
    rows = len(filled) - len(best.solved.state.limits) + len(best.problem.limits)
    return _solved(best.problem, given, best.solved.x, best.chosen, best.width, filled[:rows])


def _solved(
    problem: Problem,
    given: Given,
    start: FloatArray,
    chosen: pd.Series[float],
    width: float,
    filled: NDArray[np.bool_] | None = None,
) -> SmoothedOptimum:
    solved = solve(problem, given, start, filled)
    response = response_of(problem, solved)
    at = linearised(problem, solved, response)
    terms = by_term(problem, at)
    names = pd.Index([repr(term) for term in terms], name="term")
    return SmoothedOptimum(
        weights=pd.Series(at.weights, index=chosen.index, name="weight"),
        value=-problem.direction * solved.state.cost.value,
        risk=pd.Series([one.value for one in terms.values()], index=names, name="risk"),
        multipliers=multipliers(problem, solved),
        chosen=chosen,
        width=width,
        degenerate=response.degenerate,
        problem=problem,
        given=given,
        solved=solved,
        at=at,
    )
