"""Allocations of every kind against the primal programme of a textbook, and against skfolio."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from marketsim.allocation import allocate, limits, terms
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import weights_of
from tests.primal import best
from tests.random_problems import COUNT, MANY, OPTIONS, TERMS, plan, problem

FloatArray = NDArray[np.float64]

GAP, RESIDUAL = 1e-6, 1e-8  # what an allocation promises


# Of other series of problems, those that were hard: by series and number.
HARD = (
    *((1, 151), (1, 321), (5, 163)),  # weights may sum to more than 1
    *((7, 125), (16, 155)),  # falls that are hardly any
    *((8, 149), (11, 161), (13, 254), (13, 294)),  # few companies held
    (14, 196),  # growth and tracking
)
PROBLEMS = [(0, number) for number in range(COUNT)] + list(HARD)


@pytest.mark.parametrize(
    ("series", "number"), PROBLEMS, ids=[f"{s}/{n}:{plan(n, s)}" for s, n in PROBLEMS]
)
def test_agrees_with_the_primal_programme(series: int, number: int) -> None:
    given = problem(number, series)
    choice = allocate(given.scenarios, given.objective, **given.arguments)
    other = best(given.scenarios, given.objective, **given.arguments)
    world, weights = other.world, weights_of(choice)
    equal = np.full(len(weights), 1.0 / len(weights))
    size = textbook.size(given.objective, world, weights, other.weights, equal)
    value = textbook.value(given.objective, world, weights)
    sign = textbook.direction(given.objective)
    rounding = 1e-15  # where an optimum is 0

    assert textbook.violation(world, weights, **given.arguments) <= RESIDUAL
    assert choice.objective == pytest.approx(value, abs=1e-8 * size + rounding)
    assert sign * (other.value - value) <= GAP * size + rounding, (
        "the reference found better weights"
    )
    assert sign * (value - other.value) <= GAP * size + rounding, (
        "the reference missed these weights"
    )
    assert sign * (other.value - choice.certificate.bound) <= 1e-8 * size + rounding, (
        "a false bound"
    )
    assert choice.certificate.holds(GAP, RESIDUAL)


# What the reference is tried on, and what it is worth


def test_every_term_and_limit_is_tried_alone_and_with_others() -> None:
    plans = [plan(number) for number in range(COUNT)]
    assert len(plans) == 360
    assert sum(one.many for one in plans) == MANY
    for term in TERMS:
        assert sum(one.terms == (term,) and not one.options for one in plans) >= 8
        assert sum(term in one.terms and len(one.terms) > 1 for one in plans) >= 8
    for option in OPTIONS:
        assert sum(one.options == {option} for one in plans) >= 7
        assert sum(option in one.options and len(one.options) > 1 for one in plans) >= 8


@pytest.mark.parametrize("number", range(0, COUNT, 9))
def test_weights_set_out_from_satisfy_the_limits(number: int) -> None:
    given = problem(number)
    world = textbook.world_of(given.scenarios)
    assert textbook.violation(world, given.feasible, **given.arguments) <= 1e-12


@pytest.mark.parametrize("number", range(5, COUNT - MANY, 9))
def test_no_weights_drawn_at_random_beat_the_reference(number: int) -> None:
    given, chance = problem(number), np.random.default_rng(number)
    found = best(given.scenarios, given.objective, **given.arguments)
    assert textbook.violation(found.world, found.weights, **given.arguments) <= RESIDUAL
    sign = textbook.direction(given.objective)
    size = textbook.size(given.objective, found.world, found.weights, given.feasible)
    for _ in range(100):
        step = 10 ** chance.uniform(-4, 0) * chance.normal(size=len(found.weights))
        near = np.where(found.weights == 0.0, 0.0, found.weights + step - step.mean())
        for weights in (near, found.weights + chance.random() * (given.feasible - found.weights)):
            if textbook.violation(found.world, weights, **given.arguments) <= 1e-12:
                gain = sign * (textbook.value(given.objective, found.world, weights) - found.value)
                assert gain <= 1e-8 * size


# skfolio, where it can say the same

needs_skfolio = pytest.mark.skipif(find_spec("skfolio") is None, reason="skfolio is not installed")


def history(companies: int = 6, draws: int = 150) -> ReturnScenarios:
    """Equally likely returns, each draw a regime of its own."""
    chance = np.random.default_rng(companies)
    common, own = chance.standard_t(5, (draws, 1)), chance.standard_t(5, (draws, companies))
    returns = 0.02 * np.clip(common + own, -12, 12) + chance.normal(0.004, 0.004, companies)
    names = tuple("ABCDEF"[:companies])
    return ReturnScenarios(returns, names, regimes=np.arange(draws).astype(str))


def by_skfolio(returns: FloatArray, tickers: tuple[str, ...], **settings: Any) -> FloatArray:
    """Its weights, by names of its own enumerations, with a covariance over all draws."""
    import pandas as pd
    from skfolio import RiskMeasure
    from skfolio.moments import EmpiricalCovariance
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import EmpiricalPrior

    aim = "MAXIMIZE_UTILITY" if "risk_aversion" in settings else "MINIMIZE_RISK"
    model = MeanRisk(
        objective_function=ObjectiveFunction[aim],
        risk_measure=RiskMeasure[settings.pop("risk", "CVAR")],
        prior_estimator=EmpiricalPrior(covariance_estimator=EmpiricalCovariance(ddof=0)),
        **{"solver_params": TIGHT, **settings},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(model.fit(pd.DataFrame(returns, columns=list(tickers))).weights_)


TIGHT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
HELD = {"A": 0.5, "C": 0.3, "E": 0.2}
GROUPS = ["A + B + C <= 0.4", "E + F >= 0.3", "D <= 0.15"]
LIKE_GROUPS = [
    limits.Group("early", ("A", "B", "C"), at_most=0.4),
    limits.Group("late", ("E", "F"), at_least=0.3),
    limits.Exposure("one", {"D": 2.0}, at_most=0.3),
]
MEAN = terms.ExpectedReturn()
SHARED: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "CVaR": (terms.CVaR(0.95), {}, {}),
    "CVaR in groups": (
        terms.CVaR(0.9),
        {"limits": LIKE_GROUPS, "max_weight": 0.4},
        {"cvar_beta": 0.9, "linear_constraints": GROUPS, "max_weights": 0.4},
    ),
    "mean and CVaR": (
        MEAN - 0.4 * terms.CVaR(0.8),
        {"min_weight": 0.02},
        {"cvar_beta": 0.8, "risk_aversion": 0.4, "min_weights": 0.02},
    ),
    "CVaR with shorts": (
        terms.CVaR(0.95),
        {"min_weight": -0.3},
        {"min_weights": -0.3},
    ),
    "CVaR with cash": (
        MEAN - 0.3 * terms.CVaR(0.8),
        {"limits": [limits.Leverage(net=(0.3, 0.8))]},
        {
            "cvar_beta": 0.8,
            "risk_aversion": 0.3,
            "budget": None,
            "min_budget": 0.3,
            "max_budget": 0.8,
        },
    ),
    "CVaR and costs": (  # its CVaR is that of returns after costs
        MEAN - 0.5 * terms.CVaR(0.9) - 1.5 * terms.TransactionCost(0.003, HELD),
        {},
        {
            "cvar_beta": 0.9,
            "risk_aversion": 0.5,
            "transaction_costs": 0.003,
            "previous_weights": HELD,
        },
    ),
    "CVaR and gross leverage": (
        terms.CVaR(0.95) + terms.TransactionCost(0.001, {}),
        {"min_weight": -0.5},
        {"min_weights": -0.5, "l1_coef": 0.001},
    ),
    "CVaR of three companies": (
        terms.CVaR(0.95),
        {"limits": [limits.Holdings(at_most=3, min_position=0.25)]},
        {"cardinality": 3, "threshold_long": 0.25, "solver": "HIGHS", "solver_params": {}},
    ),
    "variance": (
        terms.Variance(),
        {"max_weight": 0.3, "limits": LIKE_GROUPS},
        {"risk": "VARIANCE", "max_weights": 0.3, "linear_constraints": GROUPS},
    ),
    "mean and variance": (
        MEAN - 4 * terms.Variance(),
        {"min_weight": -0.2},
        {"risk": "VARIANCE", "risk_aversion": 4.0, "min_weights": -0.2},
    ),
    "worst draw": (terms.WorstRegime(), {}, {"risk": "WORST_REALIZATION"}),
}


@needs_skfolio
@pytest.mark.parametrize("name", SHARED)
def test_agrees_with_skfolio(name: str) -> None:
    objective, arguments, settings = SHARED[name]
    returns = history()
    theirs = by_skfolio(returns.returns, returns.tickers, **settings)
    ours = weights_of(allocate(returns, objective, **arguments))
    _alike(returns, 1.0 * objective, ours, theirs, arguments)


@needs_skfolio
@pytest.mark.parametrize("at_most", [0.05, 0.2])
def test_turnover_of_two_companies_agrees_with_skfolio(at_most: float) -> None:
    """Its bound is on each company's trade: with two, each is the one-way turnover."""
    returns, held = history(2), {"A": 0.9, "B": 0.1}
    arguments: dict[str, Any] = {"limits": [limits.Turnover(at_most, held)]}
    theirs = by_skfolio(
        returns.returns, returns.tickers, max_turnover=at_most, previous_weights=held
    )
    ours = weights_of(allocate(returns, terms.CVaR(0.95), **arguments))
    _alike(returns, 1.0 * terms.CVaR(0.95), ours, theirs, arguments)


@needs_skfolio
def test_drawdown_of_one_path_agrees_with_skfolio() -> None:
    """A history is one path; a second draw, without probability, only makes it a table."""
    steps = history(5, 60).returns
    steps = steps - steps.mean(axis=0) + 0.001
    path = np.vstack([steps.cumsum(axis=0)[None], 0.1 * np.ones((1, *steps.shape))])
    odds = np.array([1.0, 0.0])
    path[1] += 0.001 * np.arange(5)
    returns = ReturnScenarios(path[:, -1], tuple("ABCDE"), odds, paths=path)
    theirs = by_skfolio(steps, returns.tickers, risk="MAX_DRAWDOWN", max_weights=0.4)
    ours = weights_of(allocate(returns, terms.Drawdown(0.0), max_weight=0.4))
    _alike(returns, 1.0 * terms.Drawdown(0.0), ours, theirs, {"max_weight": 0.4})


def _alike(
    returns: ReturnScenarios,
    objective: Any,
    ours: FloatArray,
    theirs: FloatArray,
    arguments: dict[str, Any],
) -> None:
    world = textbook.world_of(returns)
    assert textbook.violation(world, theirs, **_without_count(arguments)) <= 1e-6
    size = textbook.size(objective, world, ours, theirs)
    values = [textbook.value(objective, world, weights) for weights in (ours, theirs)]
    assert values[0] == pytest.approx(values[1], abs=2 * GAP * size)


def _without_count(arguments: dict[str, Any]) -> dict[str, Any]:
    """Without what holds of weights that are 0 exactly, which theirs need not be."""
    some = [one for one in arguments.get("limits", []) if not isinstance(one, limits.Holdings)]
    return {**arguments, "limits": some}
