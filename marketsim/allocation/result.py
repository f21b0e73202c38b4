"""What an allocation hands back: the weights, their risk by regime, and the proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..returns import ReturnScenarios
from . import measures
from .certificate import Certificate, Proof
from .constraints import Constraints
from .contributions import By, contributions
from .families import Portfolio, portfolio_of
from .marginals import Optimum
from .names import array_of, fractions
from .objectives import Algebra, Objective, Term
from .prospects import prospects
from .ranges import ranges
from .reasons import reasons
from .terms import CVaR

__all__ = ["Allocation", "report"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Allocation:
    """Certified weights.

    Parameters
    ----------
    weights : Series [ticker]
        Shares of the portfolio, summing to 1 within 1e-12; short positions are negative.
    objective : float
        The objective at the weights, recomputed from them.
    terms : Objective
        What was maximised or minimised.
    risk : Series
        `expected_return`, `volatility`, `VaR_95` and `CVaR_95` (for each level in the
        objective, else 0.95) and `worst`, the lowest return of any draw. Fractions over the
        horizon; VaR and CVaR are losses, so positive when money is lost.
    by_scenario : DataFrame [regime]
        `probability`, and given the regime: `expected_return`, `volatility`, `VaR`, `CVaR`
        (at the first level in `risk`), `worst`.
    duals : Series
        By constraint, how much the objective improves for each unit by which the bound is
        relaxed; for `budget`, for each unit more to invest.
    scenario_duals : array [draw]
        Derivative of the best objective by the portfolio's return in each draw; by the return
        of one company in that draw it is this times the company's weight. Terms on weights and
        on paths have no part in it.
    status, solver : str
        `optimal`, and the solver that found it.
    certificate : Certificate
        Computed from the weights as they stand here.
    returns : ReturnScenarios
        The scenarios behind all this.
    slopes : tuple of (term, array [draw])
        What each draw counts in each term of the objective and the limits, as the programme's
        dual has it, in the direction in which the term is concave.
    optimum : Optimum, optional
        The problem as it was solved and the proof of its answer, which reasons come from; it does
        not go with an allocation that is stored.
    """

    weights: pd.Series[float]
    objective: float
    terms: Objective
    risk: pd.Series[float]
    by_scenario: pd.DataFrame
    duals: pd.Series[float]
    scenario_duals: FloatArray
    status: str
    solver: str
    certificate: Certificate
    returns: ReturnScenarios
    slopes: tuple[tuple[Term, FloatArray | float], ...] = ()
    optimum: Optimum | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "optimum": None}  # limits hold functions, which are not stored

    def portfolio(self) -> Portfolio:
        """The weights with what they earn in each draw."""
        return portfolio_of(self.returns, np.asarray(self.weights, dtype=np.float64))

    def contributions(self, term: Algebra, by: By = "name") -> pd.DataFrame:
        """What a term is made of at the weights: rows that add up to its value.

        Parameters
        ----------
        term : term or sum of terms
            Any but `LogGrowth` and `Regret`, which are no sums over companies.
        by : "name", "layer" or "regime", optional
            Whose rows.

        Returns
        -------
        DataFrame
            By name or layer: `weight`, `contribution`, and its `share` of the sum. By regime:
            `probability`, `mass` (how much of what the term counts is in the regime: of the tail
            for CVaR, of all draws for a variance), the `mean` over that, `contribution` (mass
            times mean) and `share`; of a sum of terms without mass and mean. What depends on the
            weights alone, as costs do, is in a row of its own, `no regime`.

        Raises
        ------
        InputError
            If the term has no such parts.

        Notes
        -----
        Draws that tie at the edge of a tail are in it as the dual of the programme has them, where
        the term was part of the objective or of a limit, and by their probability where not.
        """
        return contributions(self.portfolio(), term, by, dict(reversed(self.slopes)))

    def reasons(
        self,
        benchmark: Mapping[str, float] | pd.Series[float] | None = None,
        parts: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Why each company is held, or is not: by duals and contributions, then in a sentence.

        Parameters
        ----------
        benchmark : mapping or Series of ticker to weight, optional
            Its largest weights that are not held are notable.
        parts : DataFrame [ticker], optional
            `carry` and `pull`, parts of the expected return, as `Valuation.table` has them; its
            `regimes` too, so that what is left is told as the chance of the draws.

        Returns
        -------
        DataFrame [ticker], largest weight first
            `weight`; `reason`, a code of `marketsim.allocation.reasons.CODES`; `notable`: `held`,
            or a kind of absence (`benchmark`, `view`, `expected_return`), else empty;
            `expected_return` over the horizon, with parts `carry`, `pull`, `regimes` and `chance`.
            Then what a unit of weight is charged for risk (`risk_charge`: price times
            marginal risk) and for limits on several companies (`limit_charge`), the `hurdle` that
            money earns elsewhere after its charges, and `reduced_cost`, expected return less these
            three: above 0 at a cap, 0 between limits, below 0 for what is not held; `error`, its
            standard error by the chance of the draws, where a weight is at an end. `limit` names
            the cap, or the limit that charges most. `risk_share` of the CVaR, `tail_return` of the
            company in the portfolio's worst worlds and `tail_regime`, which brings most of its
            loss there; `worst_regime` with the lowest `worst_regime_return` of the company.
            `benchmark`, its weight there; `why`, in a few words; `sentence`.

        Raises
        ------
        InputError
            If the benchmark names no company, parts lack a column, or the allocation was stored.

        Notes
        -----
        In units of expected return; of the objective where that has no part in it. Where duals are
        not the only ones the programme is solved again with a little more of the company.
        """
        return reasons(self, benchmark, parts)

    def ranges(self, within: float = 1e-3, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Between what weights each company could be held and the objective hardly worse.

        Parameters
        ----------
        within : float, optional
            How far below its best the objective may be, in units of expected return where that
            counts, of the objective where not: 0.001 is a tenth of a point.
        names : sequence of ticker, optional
            Whose; all when left out.

        Returns
        -------
        DataFrame [ticker]
            `lowest` and `highest` weight among all portfolios that keep every limit, each company
            by itself: not all can be at an end at once. Where only so many names may be held, those
            that are stay.

        Raises
        ------
        InputError
            If a term has no tangent, a name is unknown, or the allocation was stored.
        SolverError
            If they are not found.
        """
        return ranges(self, within, names)

    def prospects(
        self,
        benchmark: Mapping[str, float] | pd.Series[float] | None = None,
        cash: float | None = None,
    ) -> pd.Series[float]:
        """What the weights may come to over the horizon, at the odds that they were chosen by.

        Parameters
        ----------
        benchmark : mapping or Series of ticker to weight, optional
            That a chance to do better is of.
        cash : float, optional
            What cash returns over the horizon, a fraction; by default what the column `cash` of
            the scenarios does.

        Returns
        -------
        Series
            `mean`, `median`, `p05` and `p95` of the return; `chance_of_loss`, `chance_below_cash`
            and `chance_above_benchmark`, of worlds by their probability; and
            `excess_over_volatility`, the mean less cash over the volatility. What hangs on a
            benchmark or cash that is not known is NaN.

        Raises
        ------
        InputError
            If the benchmark names no company.
        """
        base = None
        if benchmark is not None:
            given = fractions(benchmark, "benchmark")
            base = np.asarray(array_of(given, self.returns.tickers, "benchmark"), np.float64)
        return prospects(self.returns, self.portfolio().weights, base, cash)

    def __repr__(self) -> str:
        held = int((self.weights != 0).sum())
        return (
            f"Allocation({held} of {len(self.weights)} names, {self.terms!r} = "
            f"{self.objective:.6g}, {self.status} by {self.solver}, "
            f"relative gap {self.certificate.relative_gap:.1e})"
        )


def report(
    at: Portfolio, proof: Proof, constraints: Constraints, solver: str, objective: Objective
) -> Allocation:
    """Everything there is to say about a portfolio found."""
    scenarios = at.scenarios
    told = [i for i, name in enumerate(constraints.names) if name]
    names = ["budget"] * constraints.budget + [constraints.names[i] for i in told]
    names += [limit.argument for limit in constraints.on_terms]
    prices = np.concatenate([proof.prices[told] * constraints.gains[told], proof.multipliers])
    if constraints.budget:
        prices = np.concatenate([[proof.budget * objective.direction()], prices])
    tickers = pd.Index(scenarios.tickers, name="ticker")
    return Allocation(
        weights=pd.Series(at.weights, index=tickers, name="weight"),
        objective=proof.objective,
        terms=objective,
        risk=pd.Series(
            _risk(at.outcomes, scenarios.probabilities, _levels(objective)), name="risk"
        ),
        by_scenario=_by_scenario(at.outcomes, scenarios, _levels(objective)[0]),
        duals=pd.Series(prices, index=pd.Index(names, name="constraint"), name="dual"),
        scenario_duals=objective.direction() * proof.slope,
        status="optimal",
        solver=solver,
        certificate=proof.certificate,
        returns=scenarios,
        slopes=proof.slopes,
        optimum=Optimum(objective, scenarios, constraints, proof, at.weights),
    )


def _levels(objective: Objective) -> list[float]:
    levels = [term.level for _, term in objective.parts if isinstance(term, CVaR)]
    return levels or [0.95]


def _risk(outcomes: FloatArray, odds: FloatArray, levels: list[float]) -> dict[str, float]:
    row = {
        "expected_return": measures.mean(outcomes, odds),
        "volatility": measures.variance(outcomes, odds) ** 0.5,
    }
    for level in levels:
        name = f"{100 * level:g}"
        row[f"VaR_{name}"] = measures.value_at_risk(outcomes, odds, level)
        row[f"CVaR_{name}"] = measures.conditional_value_at_risk(outcomes, odds, level)
    return row | {"worst": float(outcomes[odds > 0].min())}


def _by_scenario(outcomes: FloatArray, scenarios: ReturnScenarios, level: float) -> pd.DataFrame:
    names, rows = scenarios.regime_names(), []
    for regime in names:
        member = scenarios.regimes == regime
        odds = scenarios.probabilities[member]
        total = float(odds.sum())
        rows.append([total, *_risk(outcomes[member], odds / total, [level]).values()])
    columns = ["probability", "expected_return", "volatility", "VaR", "CVaR", "worst"]
    return pd.DataFrame(rows, index=pd.Index(names, name="regime"), columns=columns)
