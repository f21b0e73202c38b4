"""Allocation: closed forms, another solver's answer, properties of an optimum, and its proof."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from marketsim.allocation import (
    Allocation,
    CVaR,
    ExpectedReturn,
    Objective,
    Variance,
    WorstRegime,
    allocate,
    certificate,
    solvers,
)
from marketsim.allocation.certificate import clean
from marketsim.allocation.constraints import constraints_from
from marketsim.allocation.families import portfolio_of
from marketsim.errors import InfeasibleError, InputError, SolverError
from marketsim.returns import ReturnScenarios

FloatArray = NDArray[np.float64]

SEEDS = st.integers(0, 2**32 - 1)
OBJECTIVES: list[Objective] = [
    1 * CVaR(0.9),
    ExpectedReturn() - CVaR(0.8),
    1 * WorstRegime(),
    WorstRegime() + ExpectedReturn() - 0.5 * CVaR(0.95),
    CVaR(0.7) + 2 * CVaR(0.95),
    1 * ExpectedReturn(),
    1 * Variance(),
    ExpectedReturn() - 2 * Variance(),
    CVaR(0.8) + Variance(),
]
LINEAR, QUADRATIC = OBJECTIVES[:6], OBJECTIVES[6:]


def scenarios_of(seed: int, draws: int = 30, companies: int = 5) -> ReturnScenarios:
    """Heavy-tailed joint returns with unequal odds, three regimes and two layers."""
    chance = np.random.default_rng(seed)
    common = chance.standard_t(4, size=(draws, 1))
    own = chance.standard_t(4, size=(draws, companies))
    drift = chance.normal(0.08, 0.05, companies)
    returns = np.exp(0.1 * common + 0.15 * own + drift) - 1
    tickers = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:companies])
    regimes = np.resize(["bull", "base", "bear"], draws)
    layers = {name: "chips" if i % 2 else "power" for i, name in enumerate(tickers)}
    return ReturnScenarios(returns, tickers, chance.dirichlet(np.ones(draws)), regimes, layers)


def improvement(objective: Objective, better: Allocation, worse: Allocation) -> float:
    """How much better one allocation is than another, in the objective's own direction."""
    return objective.direction() * (better.objective - worse.objective)


# Closed forms


def test_two_uncorrelated_companies_have_weights_inverse_to_their_variances() -> None:
    returns = pd.DataFrame({"A": [0.1, 0.1, -0.1, -0.1], "B": [0.2, -0.2, 0.2, -0.2]})
    choice = allocate(returns, Variance())
    assert choice.weights.to_numpy() == pytest.approx([0.8, 0.2], abs=1e-9)
    assert choice.objective == pytest.approx(0.008, rel=1e-9)


def test_mean_variance_of_two_companies() -> None:
    # max m w - k (w^2 a + (1 - w)^2 b): the derivative m - 2 k (w a - (1 - w) b) vanishes.
    a, b, m, k = 0.01, 0.04, 0.02, 3.0
    returns = pd.DataFrame({"A": [0.1, 0.1, -0.1, -0.1], "B": [0.2, -0.2, 0.2, -0.2]})
    returns["A"] += m
    choice = allocate(returns, ExpectedReturn() - k * Variance())
    assert choice.weights["A"] == pytest.approx((m / (2 * k) + b) / (a + b), abs=1e-9)


def test_cvar_of_two_companies_that_fail_in_turn_is_least_at_equal_weights() -> None:
    # Each loses all in one of four equal draws; the worst quarter is the greater weight.
    returns = pd.DataFrame({"A": [-1.0, 0.0, 0.0, 0.0], "B": [0.0, -1.0, 0.0, 0.0]})
    choice = allocate(returns, CVaR(0.75))
    assert choice.weights.to_numpy() == pytest.approx([0.5, 0.5], abs=1e-12)
    assert choice.objective == pytest.approx(0.5, abs=1e-12)


def test_worst_regime_equalises_two_opposed_companies() -> None:
    # w 0.3 - (1 - w) 0.1 = -w 0.1 + (1 - w) 0.2 at w = 3/7.
    returns = ReturnScenarios(
        np.array([[0.3, -0.1], [-0.1, 0.2]]),
        ("A", "B"),
        np.array([0.9, 0.1]),
        np.array(["bull", "bear"]),
    )
    choice = allocate(returns, WorstRegime())
    assert choice.weights["A"] == pytest.approx(3 / 7, abs=1e-9)
    assert choice.by_scenario["expected_return"].to_numpy() == pytest.approx([0.5 / 7] * 2)


def test_expected_return_goes_to_the_best_names_up_to_their_caps() -> None:
    returns = scenarios_of(5)
    means = returns.probabilities @ returns.returns
    choice = allocate(returns, ExpectedReturn(), max_weight=0.4)
    best = np.argsort(-means)
    assert choice.weights.to_numpy()[best] == pytest.approx([0.4, 0.4, 0.2, 0.0, 0.0], abs=1e-12)


def test_cash_is_the_least_risk() -> None:
    frame = scenarios_of(1).to_frame().drop(columns=["probability", "regime"])
    choice = allocate(frame.assign(CASH=0.0), Variance())
    assert choice.weights["CASH"] == pytest.approx(1.0, abs=1e-6)
    assert allocate(frame.assign(CASH=-1.0), CVaR(0.5)).weights["CASH"] == 0.0


# Another solver's answer


def reference(objective: Objective, returns: ReturnScenarios, **limits: Any) -> float:
    """The objective by the primal programme of Rockafellar and Uryasev (2000) in SciPy.

    Columns: weights, then for CVaR its threshold and excess losses, for the worst regime its level.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, vstack

    odds, table = returns.probabilities, returns.returns
    draws, companies = table.shape
    sign = -objective.direction()  # linprog minimises
    cost, rows = np.zeros(companies), []
    extra: list[tuple[FloatArray, Any]] = []
    for scale, term in objective.parts:
        if isinstance(term, ExpectedReturn):
            cost = cost + sign * scale * (odds @ table)
        elif isinstance(term, CVaR):
            price = np.concatenate([[1.0, -1.0], odds / (1 - term.level)])
            ones = np.ones((draws, 1))
            extra.append((sign * scale * price, np.hstack([-ones, ones, -np.eye(draws)])))
            rows.append(-table)
        else:
            members = [returns.regimes == name for name in returns.regime_names()]
            means = np.array([odds[m] @ table[m] / odds[m].sum() for m in members])
            extra.append((sign * scale * np.array([1.0, -1.0]), np.ones((len(means), 1)) * [1, -1]))
            rows.append(-means)
    blocks = [
        hstack(
            [csr_array(own)]
            + [
                csr_array(block if i == j else np.zeros((len(own), block.shape[1])))
                for j, (_, block) in enumerate(extra)
            ]
        )
        for i, own in enumerate(rows)
    ]
    constraints = constraints_from(returns, **limits)
    width = companies + sum(block.shape[1] for _, block in extra)
    own = np.zeros((len(constraints.sides), width))
    own[:, :companies] = constraints.matrix.toarray()
    found = linprog(
        np.concatenate([cost, *(price for price, _ in extra)]),
        A_ub=vstack([*blocks, csr_array(own)]),
        b_ub=np.concatenate([np.zeros(sum(map(len, rows))), constraints.sides]),
        A_eq=np.concatenate([np.ones(companies), np.zeros(width - companies)])[None],
        b_eq=[1.0],
        method="highs-ipm",
    )
    assert found.status == 0, found.message
    return float(sign * found.fun)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("objective", LINEAR, ids=repr)
def test_agrees_with_scipy_on_random_programmes(objective: Objective, seed: int) -> None:
    chance = np.random.default_rng(seed)
    returns = scenarios_of(seed, draws=int(chance.integers(20, 120)), companies=8)
    limits: dict[str, Any] = {
        "max_weight": chance.uniform(0.2, 0.6),
        "min_weight": chance.uniform(0.0, 0.05),
        "max_weights": {"B": chance.uniform(0.1, 0.9)},
        "layer_caps": {"chips": chance.uniform(0.4, 0.7)},
    }
    choice = allocate(returns, objective, **limits)
    assert choice.solver == "HIGHS"
    expected = reference(objective, returns, **limits)
    assert choice.objective == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("objective", QUADRATIC[:2], ids=repr)
def test_agrees_with_sequential_quadratic_programming(objective: Objective, seed: int) -> None:
    from scipy.optimize import LinearConstraint, minimize

    returns = scenarios_of(seed, draws=80, companies=6)
    found = minimize(
        lambda w: -objective.direction() * objective.value(portfolio_of(returns, w)),
        np.full(6, 1 / 6),
        bounds=[(0.0, 0.4)] * 6,
        constraints=[LinearConstraint(np.ones((1, 6)), 1.0, 1.0)],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    choice = allocate(returns, objective, max_weight=0.4)
    assert choice.objective == pytest.approx(-objective.direction() * found.fun, rel=1e-6)
    assert choice.weights.to_numpy() == pytest.approx(found.x, abs=1e-4)


# Properties of every optimum


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(OBJECTIVES))
def test_weights_are_shares_and_the_certificate_holds(seed: int, objective: Objective) -> None:
    choice = allocate(scenarios_of(seed), objective, max_weight=0.5, layer_caps={"chips": 0.6})
    weights = choice.weights.to_numpy()
    assert abs(weights.sum() - 1.0) <= 1e-12
    assert weights.min() >= 0.0
    assert weights.max() <= 0.5
    assert choice.weights[["B", "D"]].sum() <= 0.6 + 1e-9
    assert choice.status == "optimal"
    assert choice.certificate.primal_residual <= 1e-9
    assert choice.certificate.relative_gap <= 1e-6
    assert choice.objective == objective.value(portfolio_of(choice.returns, np.asarray(weights)))


@settings(max_examples=20, deadline=None)
@given(SEEDS, SEEDS, st.sampled_from(OBJECTIVES))
def test_no_other_weights_beat_the_bound(seed: int, other: int, objective: Objective) -> None:
    returns = scenarios_of(seed)
    choice = allocate(returns, objective)
    weights = np.random.default_rng(other).dirichlet(np.full(5, 0.5))
    elsewhere = objective.value(portfolio_of(returns, weights))
    assert objective.direction() * (choice.certificate.bound - elsewhere) >= -1e-12


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(OBJECTIVES))
def test_the_order_of_companies_and_draws_does_not_matter(seed: int, objective: Objective) -> None:
    returns, chance = scenarios_of(seed), np.random.default_rng(seed)
    rows, columns = chance.permutation(30), chance.permutation(5)
    shuffled = ReturnScenarios(
        returns.returns[rows][:, columns],
        tuple(returns.tickers[i] for i in columns),
        returns.probabilities[rows],
        returns.regimes[rows],
    )
    one, other = allocate(returns, objective), allocate(shuffled, objective)
    assert one.objective == pytest.approx(other.objective, rel=1e-6, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(OBJECTIVES[:6]))
def test_a_dominated_company_changes_nothing(seed: int, objective: Objective) -> None:
    returns = scenarios_of(seed)
    worse = np.maximum(returns.returns.min(axis=1) - 0.01, -1.0)
    wider = ReturnScenarios(
        np.column_stack([returns.returns, worse]),
        (*returns.tickers, "LAST"),
        returns.probabilities,
        returns.regimes,
    )
    one, other = allocate(returns, objective), allocate(wider, objective)
    assert other.objective == pytest.approx(one.objective, rel=1e-6, abs=1e-9)
    assert other.weights["LAST"] <= 1e-6


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(OBJECTIVES), st.floats(0.21, 0.9))
def test_tightening_a_limit_never_improves(seed: int, objective: Objective, cap: float) -> None:
    returns = scenarios_of(seed)
    free = allocate(returns, objective, max_weight=cap + 0.05)
    tight = allocate(returns, objective, max_weight=cap)
    floor = allocate(returns, objective, max_weight=cap, min_weight=0.1)
    assert improvement(objective, free, tight) >= -1e-7
    assert improvement(objective, tight, floor) >= -1e-7


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(OBJECTIVES[:2] + OBJECTIVES[5:]))
def test_a_probability_counts_like_repeated_draws(seed: int, objective: Objective) -> None:
    returns = scenarios_of(seed)
    times = np.random.default_rng(seed).integers(1, 4, size=30)
    weighted = ReturnScenarios(returns.returns, returns.tickers, times / times.sum())
    repeated = ReturnScenarios(np.repeat(returns.returns, times, axis=0), returns.tickers)
    one, other = allocate(weighted, objective), allocate(repeated, objective)
    assert one.objective == pytest.approx(other.objective, rel=1e-6, abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.floats(1e-4, 1e4))
def test_scaling_an_objective_keeps_the_weights(seed: int, scale: float) -> None:
    returns, objective = scenarios_of(seed), ExpectedReturn() - CVaR(0.9)
    one, other = allocate(returns, objective), allocate(returns, scale * objective)
    assert other.objective == pytest.approx(scale * one.objective, rel=1e-9)
    assert other.weights.to_numpy() == pytest.approx(one.weights.to_numpy(), abs=1e-9)


def test_worst_regime_of_a_single_regime_is_the_expected_return() -> None:
    returns = scenarios_of(2)
    alone = ReturnScenarios(returns.returns, returns.tickers, returns.probabilities)
    one, other = allocate(alone, WorstRegime()), allocate(alone, ExpectedReturn())
    assert one.objective == pytest.approx(other.objective, rel=1e-12)


def test_same_inputs_give_the_same_bytes() -> None:
    for objective in OBJECTIVES:
        first, second = (allocate(scenarios_of(9), objective, max_weight=0.4) for _ in range(2))
        assert first.weights.to_numpy().tobytes() == second.weights.to_numpy().tobytes()
        assert first.duals.to_numpy().tobytes() == second.duals.to_numpy().tobytes()


def test_ten_thousand_draws_of_thirty_companies_are_certified() -> None:
    chance = np.random.default_rng(0)
    returns = np.exp(0.2 * chance.standard_t(5, size=(10_000, 30)) + 0.05) - 1
    tickers = tuple(f"T{i}" for i in range(30))
    odds = chance.dirichlet(np.ones(10_000))
    choice = allocate(ReturnScenarios(returns, tickers, odds), CVaR(0.95), max_weight=0.15)
    assert choice.solver == "HIGHS"
    assert choice.certificate.relative_gap < 1e-9


# What is reported


def test_regimes_add_up_to_the_whole() -> None:
    choice = allocate(scenarios_of(4), ExpectedReturn() - CVaR(0.9), max_weight=0.4)
    table = choice.by_scenario
    columns = ["probability", "expected_return", "volatility", "VaR", "CVaR", "worst"]
    assert list(table.columns) == columns
    assert list(table.index) == ["bull", "base", "bear"]
    assert table["probability"].sum() == pytest.approx(1.0)
    whole = (table["probability"] * table["expected_return"]).sum()
    assert whole == pytest.approx(choice.risk["expected_return"])
    assert table["worst"].min() == choice.risk["worst"]
    assert (table["CVaR"] >= table["VaR"]).all()
    assert (table["CVaR"] <= -table["worst"] + 1e-12).all()
    value = choice.risk["expected_return"] - choice.risk["CVaR_90"]
    assert choice.objective == pytest.approx(value)


def test_risk_is_given_at_the_levels_of_the_objective() -> None:
    names = allocate(scenarios_of(4), CVaR(0.9) + CVaR(0.975)).risk.index
    assert {"VaR_90", "CVaR_90", "VaR_97.5", "CVaR_97.5"} <= set(names)
    assert "CVaR_95" in allocate(scenarios_of(4), Variance()).risk.index


@pytest.mark.parametrize("objective", [1 * CVaR(0.9), ExpectedReturn() - 2 * Variance()], ids=repr)
def test_a_dual_is_the_gain_from_relaxing_its_bound(objective: Objective) -> None:
    returns, step = scenarios_of(12, draws=200), 1e-6
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"max_weight": 0.22}, {"max_weight": 0.22 + step}),
        ({"min_weight": 0.15}, {"min_weight": 0.15 - step}),
        ({"max_weights": {"A": 0.02}}, {"max_weights": {"A": 0.02 + step}}),
        ({"layer_caps": {"power": 0.3}}, {"layer_caps": {"power": 0.3 + step}}),
    ]
    for limits, relaxed in cases:
        choice, other = (allocate(returns, objective, **given) for given in (limits, relaxed))
        (name,) = limits
        price = choice.duals[[row.startswith(f"{name}[") for row in choice.duals.index]].sum()
        assert price > 0.001
        assert improvement(objective, other, choice) / step == pytest.approx(price, rel=1e-2)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_scenario_duals_are_the_derivative_by_returns(objective: Objective) -> None:
    returns, step = scenarios_of(12, draws=50), 1e-5
    choice = allocate(returns, objective, max_weight=0.4)
    direction = np.random.default_rng(1).normal(size=returns.returns.shape)
    moved = [
        ReturnScenarios(
            returns.returns + move * direction,
            returns.tickers,
            returns.probabilities,
            returns.regimes,
        )
        for move in (step, -step)
    ]
    up, down = (allocate(one, objective, max_weight=0.4).objective for one in moved)
    slope = choice.scenario_duals @ direction @ choice.weights.to_numpy()
    assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_repr_names_objective_solver_and_gap() -> None:
    text = repr(allocate(scenarios_of(4), CVaR(0.9)))
    assert "CVaR(0.9) = " in text
    assert "optimal by HIGHS" in text


# Limits that conflict


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            {"max_weight": 0.1},
            r"5 names x max_weight 0\.1 = 0\.5 < 1: max_weight must be at least 0\.2$",
        ),
        (
            {"max_weight": 0.2, "max_weights": {"A": 0.1}},
            r"4 names x max_weight 0\.2 \+ 0\.1 for the 1 names .* at least 0\.225$",
        ),
        ({"max_weights": dict.fromkeys("ABCDE", 0.1)}, r"sum to 0\.5 < 1: raise them by 0\.5"),
        (
            {"min_weight": 0.3},
            r"5 names x min_weight 0\.3 = 1\.5 > 1: min_weight must be at most 0\.2$",
        ),
        (
            {"min_weight": 0.1, "max_weights": {"B": 0.05}},
            r"^B must hold at least min_weight = 0\.1 but at most max_weights\['B'\] = 0\.05",
        ),
        (
            {"layer_caps": {"chips": 0.4, "power": 0.5}},
            r"layer_caps\['chips'\] = 0\.4, layer_caps\['power'\] = 0\.5: "
            r"layer_caps\['chips'\] must be at least 0\.5, or "
            r"layer_caps\['power'\] must be at least 0\.6$",
        ),
        (
            {"max_weight": 0.25, "layer_caps": {"power": 0.4}},
            r"max_weight = 0\.25, layer_caps\['power'\] = 0\.4: max_weight must be at least 0\.3, "
            r"or layer_caps\['power'\] must be at least 0\.5$",
        ),
        (
            {"max_weight": 0.3, "layer_caps": {"power": 0.1, "chips": 0.1}},
            r"layer_caps\['power'\] = 0\.1, layer_caps\['chips'\] = 0\.1: layer_caps\['power'\] "
            r"must be at least 0\.9$",
        ),
        (
            {"max_weight": 0.21, "layer_caps": {"power": 0.2, "chips": 0.1}},
            r"layer_caps\['power'\] must be at least 0\.\d+ and .* must be at least 0\.\d+$",
        ),
        (
            {"min_weight": 0.15, "layer_caps": {"power": 0.4, "chips": 0.9}},
            r"min_weight = 0\.15, layer_caps\['power'\] = 0\.4: min_weight must be at most 0\.1333,"
            r" or layer_caps\['power'\] must be at least 0\.45$",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_conflicts_are_named_with_the_nearest_bound(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(InfeasibleError, match=message):
        allocate(scenarios_of(0), CVaR(0.9), **limits)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.0, 0.6), st.floats(0.0, 0.6), st.floats(0.2, 0.6))
def test_the_bound_that_is_said_to_work_does(chips: float, power: float, cap: float) -> None:
    limits: dict[str, Any] = {"max_weight": cap, "layer_caps": {"chips": chips, "power": power}}
    try:
        allocate(scenarios_of(0), WorstRegime(), **limits)
    except InfeasibleError as error:
        remedy = str(error).rsplit(": ", 1)[-1].split(", or ")[-1]
        for argument, bound in (move.split(" must be at least ") for move in remedy.split(" and ")):
            if argument == "max_weight":
                limits["max_weight"] = float(bound)
            else:
                limits["layer_caps"][argument.split("'")[1]] = float(bound)
        allocate(scenarios_of(0), WorstRegime(), **limits)


def test_limits_that_just_fit_are_feasible() -> None:
    choice = allocate(scenarios_of(0), CVaR(0.9), max_weight=0.2)
    assert choice.weights.to_numpy() == pytest.approx([0.2] * 5, abs=1e-12)
    equal = allocate(scenarios_of(0, companies=7), CVaR(0.9), max_weight=1 / 7, min_weight=1 / 7)
    assert equal.weights.sum() == pytest.approx(1.0, abs=1e-12)


# Arguments that are wrong


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_weight": 1.5}, r"max_weight is 1\.5; it must be a share"),
        ({"max_weight": float("nan")}, "max_weight is nan"),
        ({"min_weight": 1.1}, "min_weight is 1.1"),
        ({"max_weights": {"A": "much"}}, r"max_weights\['A'\] is 'much'"),
        ({"layer_caps": {"chips": 15}}, r"layer_caps\['chips'\] is 15"),
        ({"max_weights": {"AA": 0.1}}, "max_weights names no ticker .*'AA'"),
        ({"layer_caps": {"chip": 0.1}}, "names no layer .*'chip'. Did you mean 'chips'?"),
        ({"layer_caps": {"x": 0.1}}, "Known: chips, power"),
        ({"time_limit": 0.0}, "time_limit is 0.0"),
    ],
)
def test_wrong_limits_are_one_clear_error(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        allocate(scenarios_of(0), CVaR(0.9), **limits)


def test_caps_by_layer_need_layers() -> None:
    returns = ReturnScenarios(scenarios_of(0).returns, tuple("ABCDE"))
    with pytest.raises(InputError, match="layer_caps needs to know layers"):
        allocate(returns, CVaR(0.9), layer_caps={"chips": 0.5})


def test_returns_and_objective_are_what_they_should_be() -> None:
    with pytest.raises(InputError, match="not a ndarray"):
        allocate(scenarios_of(0).returns, CVaR())  # type: ignore[arg-type]
    for wrong in (CVaR, "CVaR", 0.95):
        with pytest.raises(InputError, match=r"give a term such as CVaR\(0.95\)"):
            allocate(scenarios_of(0), wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="neither concave nor convex"):
        allocate(scenarios_of(0), CVaR() + WorstRegime())


# Solvers that fail


def fail(monkeypatch: pytest.MonkeyPatch, *failing: str, status: str = "user_limit") -> list[str]:
    """Make some solvers stop short, and note who was called."""
    true_attempt, called = solvers._attempt, []

    def attempt(programme: Any, solver: str, seconds: float) -> Any:
        called.append(solver)
        return f"status {status}" if solver in failing else true_attempt(programme, solver, seconds)

    monkeypatch.setattr(solvers, "_attempt", attempt)
    return called


@pytest.mark.parametrize("objective", OBJECTIVES[:5] + OBJECTIVES[6:8], ids=repr)
def test_the_second_solver_steps_in_with_the_same_answer(
    monkeypatch: pytest.MonkeyPatch, objective: Objective
) -> None:
    first = allocate(scenarios_of(3), objective, max_weight=0.4)
    called = fail(monkeypatch, first.solver)
    second = allocate(scenarios_of(3), objective, max_weight=0.4)
    assert called == [first.solver, second.solver]
    assert second.solver != first.solver
    assert second.objective == pytest.approx(first.objective, rel=1e-6, abs=1e-8)
    assert second.certificate.relative_gap <= 1e-6


def test_when_both_fail_the_error_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, "HIGHS", "CLARABEL")
    with pytest.raises(SolverError, match="HIGHS: status user_limit; CLARABEL: status user_limit"):
        allocate(scenarios_of(3), CVaR(0.9))


def test_a_solver_that_lies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are feasible but not best, under the status `optimal`, are refused."""
    true_clean = clean

    def equal_weights(weights: FloatArray, constraints: Any) -> FloatArray:
        return true_clean(np.full_like(weights, 0.2), constraints)

    monkeypatch.setattr(certificate, "clean", equal_weights)
    with pytest.raises(SolverError, match=r"HIGHS: relative gap .*; CLARABEL: relative gap"):
        allocate(scenarios_of(3), ExpectedReturn() - CVaR(0.9))


def test_a_time_limit_too_short_is_an_error() -> None:
    returns = scenarios_of(3, draws=3000, companies=20)
    with pytest.raises(SolverError, match=r"time_limit of 0\.0001 seconds is over"):
        allocate(returns, CVaR(0.9) + Variance(), time_limit=1e-4)


@given(st.lists(st.floats(-0.1, 1.1), min_size=5, max_size=5))
def test_cleaning_gives_shares_within_the_limits(raw: list[float]) -> None:
    limits = constraints_from(scenarios_of(0), 0.4, 0.05, {"A": 0.1}, None)
    weights = clean(np.array(raw), limits)
    assert abs(weights.sum() - 1.0) <= 1e-12
    assert limits.violation(weights) <= 1e-12


def test_importing_the_allocation_loads_neither_cvxpy_nor_jax() -> None:
    code = (
        "import sys, marketsim.allocation\n"
        "print([name for name in ('cvxpy', 'highspy', 'jax') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
