"""Derivatives through the optimum: closed forms, differences, transposes, doubts, refusals."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import marketsim as ms
from marketsim.allocation import limits, terms
from marketsim.allocation.measures import conditional_value_at_risk
from marketsim.derivatives import SmoothedOptimum, cvar, optimum, smoothed
from marketsim.derivatives.kernel import plus
from marketsim.errors import InputError, SolverError

FloatArray = NDArray[np.float64]
NAMES = tuple("ABCDEF")
HELD = {"A": 0.5, "B": 0.5}
EVEN = dict.fromkeys(NAMES, 1 / 6)


def returns_of(seed: int = 0, draws: int = 400, companies: int = 6) -> ms.ReturnScenarios:
    """Heavy-tailed returns with a common factor, and means that differ."""
    chance = np.random.default_rng(seed)
    common = 0.06 * chance.standard_t(4, (draws, 1))
    own = 0.1 * chance.standard_t(4, (draws, companies))
    drift = 0.03 + 0.02 * np.arange(companies)
    layers = {name: "one" if i % 2 else "other" for i, name in enumerate(NAMES[:companies])}
    odds = chance.uniform(0.5, 1.5, draws)
    returns = np.maximum(common + own + drift, -0.95)
    return ms.ReturnScenarios(returns, NAMES[:companies], odds / odds.sum(), layers=layers)


RETURNS = returns_of()
TAIL = ms.CVaR(0.9)

PROBLEMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "least CVaR": (TAIL, {"max_weight": 0.4}),
    "mean and CVaR": (ms.ExpectedReturn() - TAIL, {"max_weight": 0.4}),
    "CVaR budget": (
        ms.ExpectedReturn(),
        {"max_weight": 0.4, "limits": [limits.at_most(TAIL, 0.09)]},
    ),
    "one free": (
        ms.ExpectedReturn(),
        {"max_weight": 0.3, "limits": [limits.at_most(TAIL, 0.092)]},
    ),
    "two free and a budget": (
        ms.ExpectedReturn(),
        {"max_weight": 0.25, "limits": [limits.at_most(TAIL, 0.085)]},
    ),
    "many limits": (
        ms.ExpectedReturn(),
        {
            "max_weight": 0.35,
            "layer_caps": {"one": 0.6},
            "max_weights": {"E": 0.2},
            "limits": [
                limits.at_most(TAIL, 0.088),
                limits.at_most(ms.Variance(), 0.0098),
                limits.Group("low", ["A", "B"], at_least=0.1),
                limits.Exposure("size", dict(zip(NAMES, range(6), strict=True)), at_most=3.6),
            ],
        },
    ),
    "relative CVaR": (
        ms.ExpectedReturn(),
        {"max_weight": 0.5, "limits": [limits.at_most(ms.CVaR(0.9, relative_to=EVEN), 0.06)]},
    ),
    "two tails": (
        ms.ExpectedReturn() - 0.5 * ms.CVaR(0.8) - 0.2 * ms.CVaR(0.95),
        {"layer_caps": {"one": 0.55}},
    ),
    "mean and variance": (ms.ExpectedReturn() - 4 * ms.Variance(), {"max_weight": 0.4}),
    "variance budget": (
        ms.ExpectedReturn(),
        {"limits": [limits.at_most(ms.Variance(relative_to=EVEN), 0.004)]},
    ),
    "return floor": (ms.Variance(), {"limits": [limits.at_least(ms.ExpectedReturn(), 0.09)]}),
    "turnover": (
        ms.ExpectedReturn() - 2 * ms.Variance(),
        {"max_weight": 0.4, "limits": [limits.Turnover(0.35, HELD)]},
    ),
    "loose turnover": (
        ms.ExpectedReturn() - 2 * ms.Variance(),
        {"max_weight": 0.4, "limits": [limits.Turnover(1.5, HELD)]},
    ),
    "costs": (
        ms.ExpectedReturn() - TAIL - terms.TransactionCost(0.02, HELD),
        {"max_weight": 0.6},
    ),
    "long and short": (
        ms.ExpectedReturn() - 0.5 * TAIL,
        {"min_weight": -0.3, "limits": [limits.Leverage(gross=1.4)]},
    ),
    "no budget": (
        ms.ExpectedReturn() - 4 * ms.Variance(),
        {"limits": [limits.Leverage(net=(0.0, 0.7))], "max_weight": 0.4},
    ),
}


@pytest.fixture(scope="module")
def optima() -> Callable[[str], SmoothedOptimum]:
    kept: dict[str, SmoothedOptimum] = {}

    def of(name: str) -> SmoothedOptimum:
        if name not in kept:
            aim, arguments = PROBLEMS[name]
            kept[name] = smoothed(ms.allocate(RETURNS, aim, **arguments), width=0.2)
        return kept[name]

    return of


def direction(best: SmoothedOptimum, seed: int = 1) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A change of returns, of probabilities that sum to what they did, and of sides."""
    chance = np.random.default_rng(seed)
    shape = best.given.returns.shape
    odds = chance.normal(size=shape[0]) / shape[0] / 10
    sides = 0.01 * chance.normal(size=len(best.sides))
    return 0.01 * chance.normal(size=shape), odds - odds.mean(), sides


def again(best: SmoothedOptimum, way: Any, step: float) -> SmoothedOptimum:
    """The smoothed problem solved a step away."""
    d_returns, d_odds, d_sides = (step * one for one in way)
    return best.again(d_returns, d_odds, named(best, d_sides))


def difference(best: SmoothedOptimum, way: Any, step: float = 1e-5) -> tuple[FloatArray, float]:
    """Central differences of weights and value."""
    ahead, behind = again(best, way, step), again(best, way, -step)
    weights = np.asarray(ahead.weights - behind.weights, dtype=np.float64) / (2 * step)
    return weights, (ahead.value - behind.value) / (2 * step)


def named(best: SmoothedOptimum, sides: FloatArray) -> pd.Series:
    return pd.Series(sides, index=best.sides.index)


class TestClosedForms:
    @pytest.mark.parametrize("companies", [2, 5])
    def test_markowitz_on_the_budget_alone(self, companies: int) -> None:
        """JAX differentiates the formula of Merton (1972) from the same returns."""
        scenarios = returns_of(3, 50, companies)
        aim = ms.ExpectedReturn() - 3 * ms.Variance()
        best = smoothed(ms.allocate(scenarios, aim, min_weight=-9, max_weight=9))

        def formula(returns: Any, odds: Any) -> Any:
            mean = odds @ returns
            centred = returns - mean
            inverse = jnp.linalg.inv(6 * (odds[:, None] * centred).T @ centred)
            ones = jnp.ones(companies)
            price = (ones @ inverse @ mean - 1) / (ones @ inverse @ ones)
            return inverse @ (mean - price * ones)

        with jax.enable_x64(True):
            at = jnp.asarray(scenarios.returns), jnp.asarray(scenarios.probabilities)
            assert best.weights.to_numpy() == pytest.approx(np.asarray(formula(*at)), abs=1e-9)
            d_returns, d_odds, _ = direction(best)
            exact = jax.jvp(formula, at, (jnp.asarray(d_returns), jnp.asarray(d_odds)))[1]
            by_return = jax.grad(lambda *a: formula(*a)[0])(*at)
        change = best.jvp(d_returns, d_odds).weights.to_numpy()
        assert change == pytest.approx(np.asarray(exact), rel=1e-8, abs=1e-12)
        slopes = best.vjp({"A": 1.0})
        assert slopes.returns == pytest.approx(np.asarray(by_return), rel=1e-7, abs=1e-12)
        assert best.distance < 1e-6
        assert not best.degenerate

    def test_a_vertex_hangs_on_caps_alone(self) -> None:
        best = smoothed(ms.allocate(RETURNS, ms.ExpectedReturn(), max_weight=0.4))
        slopes = best.vjp({"D": 1.0})
        assert not slopes.returns.any()
        moves = slopes.sides[slopes.sides.abs() > 1e-12].to_dict()
        floors = {f"min_weight[{name}]": -1.0 for name in "ABC"}
        caps = {f"max_weight[{name}]": -1.0 for name in "EF"}
        assert moves == pytest.approx({"budget": 1.0, **floors, **caps})

    @pytest.mark.parametrize("name", ["mean and variance", "variance budget", "return floor"])
    def test_without_a_tail_it_is_the_allocation_itself(
        self, name: str, optima: Callable[[str], SmoothedOptimum]
    ) -> None:
        aim, arguments = PROBLEMS[name]
        choice, best = ms.allocate(RETURNS, aim, **arguments), optima(name)
        assert best.distance < 1e-5
        assert best.value == pytest.approx(choice.objective, rel=1e-6)
        sizes = np.abs(choice.duals.to_numpy())  # of relaxing a bound, whichever way that is
        assert np.abs(best.multipliers.to_numpy()) == pytest.approx(sizes, abs=1e-4)
        assert list(best.multipliers.index) == list(choice.duals.index)


@pytest.mark.parametrize("name", PROBLEMS)
class TestDifferences:
    def test_weights_and_value_answer_as_differences_say(
        self, name: str, optima: Callable[[str], SmoothedOptimum]
    ) -> None:
        best = optima(name)
        assert not best.degenerate
        d_returns, d_odds, d_sides = direction(best)
        weights, value = difference(best, (d_returns, d_odds, d_sides))
        change = best.jvp(d_returns, d_odds, named(best, d_sides))
        scale = np.abs(weights).max()
        assert scale > 1e-4
        assert np.abs(change.weights.to_numpy() - weights).max() < 1e-6 * scale
        assert change.value == pytest.approx(value, rel=1e-6)
        ahead, behind = (again(best, (d_returns, d_odds, d_sides), by) for by in (1e-5, -1e-5))
        risk = (ahead.risk - behind.risk).to_numpy() / 2e-5
        assert change.risk.to_numpy() == pytest.approx(risk, rel=1e-6, abs=1e-8)

    def test_vjp_is_the_transpose_of_jvp(
        self, name: str, optima: Callable[[str], SmoothedOptimum]
    ) -> None:
        best = optima(name)
        d_returns, d_odds, d_sides = direction(best, 2)
        change = best.jvp(d_returns, d_odds, named(best, d_sides))
        by = pd.Series(np.random.default_rng(5).normal(size=6), index=best.weights.index)
        risk = pd.Series(0.3, index=best.risk.index)
        slopes = best.vjp(by, 1.7, risk)
        parts = by * change.weights, risk * change.risk
        one = parts[0].sum() + 1.7 * change.value + parts[1].sum()
        other = (slopes.returns * d_returns).sum() + slopes.probabilities @ d_odds
        assert one == pytest.approx(other + slopes.sides.to_numpy() @ d_sides, rel=1e-9)

    def test_a_small_prediction_is_the_derivative(
        self, name: str, optima: Callable[[str], SmoothedOptimum]
    ) -> None:
        best = optima(name)
        way = [1e-4 * one for one in direction(best)]
        change = best.jvp(way[0], way[1], named(best, way[2])).weights
        ahead = best.predicted(way[0], way[1], named(best, way[2])) - best.weights
        assert ahead.to_numpy() == pytest.approx(change.to_numpy(), abs=2e-8)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["budget", "mean", "least", "relative"]))
def test_random_problems(seed: int, kind: str) -> None:
    """Where no limit is about to be filled or left, derivatives are those of differences."""
    chance = np.random.default_rng(seed)
    companies = int(chance.integers(2, 7))
    scenarios = returns_of(seed, int(chance.integers(30, 200)), companies)
    tail = ms.CVaR(float(chance.uniform(0.5, 0.95)))
    cap = float(chance.uniform(1.2 / companies, 1.0))
    least = ms.allocate(scenarios, tail, max_weight=cap).objective
    aims: dict[str, tuple[Any, list[Any]]] = {
        "budget": (ms.ExpectedReturn(), [limits.at_most(tail, 1.2 * abs(least) + 0.01)]),
        "mean": (ms.ExpectedReturn() - float(chance.uniform(0.2, 3.0)) * tail, []),
        "least": (tail, []),
        "relative": (ms.ExpectedReturn() - tail - 2 * ms.Variance(relative_to={"A": 1.0}), []),
    }
    aim, asked = aims[kind]
    best = smoothed(ms.allocate(scenarios, aim, max_weight=cap, limits=asked), width=0.3)
    assert best.solved.miss < 1e-9
    assume(not best.degenerate)
    way = direction(best, seed)
    ahead, behind = again(best, way, 1e-5), again(best, way, -1e-5)
    for one in (ahead, behind):
        assume((one.solved.filled == best.solved.filled).all())
    weights, _ = difference(best, way)
    change = best.jvp(way[0], way[1], named(best, way[2])).weights.to_numpy()
    assert np.abs(change - weights).max() < 1e-5 * max(1e-2, np.abs(weights).max())


class TestSmoothing:
    def test_the_kernel_is_the_mean_of_a_noisy_positive_part(self) -> None:
        nodes, masses = np.polynomial.hermite_e.hermegauss(80)
        x = np.linspace(-0.3, 0.3, 7)
        noisy = np.maximum(x[:, None] + 0.5 * nodes, 0.0) @ masses / masses.sum()
        assert plus(x, 0.5)[0] == pytest.approx(noisy, abs=5e-3)

    @pytest.mark.parametrize("width", [0.02, 0.1, 0.5])
    def test_it_adds_no_more_than_the_noise_has(self, width: float) -> None:
        choice = ms.allocate(RETURNS, TAIL)
        best = smoothed(choice, width=width)
        spread = choice.portfolio().outcomes.std()
        added = best.value - choice.objective
        assert 0.0 < added < width * spread * 1.7550 * 1.1  # CVaR of a normal at 90 %

    def test_a_narrower_one_is_nearer(self) -> None:
        choice = ms.allocate(RETURNS, TAIL, max_weight=0.4)
        wide, narrow = (smoothed(choice, width=width).distance for width in (0.8, 0.02))
        assert narrow < 0.5 * wide

    def test_a_budget_stays_filled_by_the_weights_chosen(
        self, optima: Callable[[str], SmoothedOptimum]
    ) -> None:
        best = optima("CVaR budget")
        assert best.multipliers["CVaR(0.9).at_most"] > 0.0
        assert best.distance < 0.03


def test_what_a_run_decides() -> None:
    """Most names at caps or not held, within the CVaR of a benchmark, and cash."""
    scenarios = returns_of(5, 2_000)
    choice = ms.runs.decide(
        scenarios, limits={"max_weight": 0.3}, benchmark=EVEN, cash_rate=0.02
    ).choice
    best = smoothed(choice)
    assert best.distance < 0.02
    assert not best.degenerate
    way = direction(best)
    way[0][:, -1] = 0.0  # cash stays what it is
    weights, value = difference(best, way, 1e-4)
    change = best.jvp(way[0], way[1], named(best, way[2]))
    assert np.abs(change.weights.to_numpy() - weights).max() < 1e-6 * np.abs(weights).max()
    assert change.value == pytest.approx(value, rel=1e-6)


class TestPredictions:
    def test_of_sides_are_exact_where_all_is_quadratic(
        self, optima: Callable[[str], SmoothedOptimum]
    ) -> None:
        """Though other limits are filled after the change than before."""
        best = optima("mean and variance")
        d_sides = {f"max_weight[{name}]": -0.15 for name in NAMES}
        aim, _ = PROBLEMS["mean and variance"]
        exact = ms.allocate(RETURNS, aim, max_weight=0.25).weights
        ahead = best.predicted(d_sides=d_sides)
        assert ahead.to_numpy() == pytest.approx(exact.to_numpy(), abs=1e-6)
        linear = best.weights + best.jvp(d_sides=d_sides).weights
        assert (linear - exact).abs().max() > 0.01

    def test_they_explain_what_exact_weights_do(self) -> None:
        """Over shifts of means by half a percent, nine tenths of the squared changes."""
        scenarios = returns_of(7, 3_000)
        arguments: dict[str, Any] = {"max_weight": 0.4, "limits": [limits.at_most(TAIL, 0.094)]}
        choice = ms.allocate(scenarios, ms.ExpectedReturn(), **arguments)
        best, missed, moved = smoothed(choice), 0.0, 0.0
        for place in range(6):
            shift = np.zeros(scenarios.returns.shape)
            shift[:, place] = 0.005
            there = ms.ReturnScenarios(scenarios.returns + shift, NAMES, scenarios.probabilities)
            exact = ms.allocate(there, ms.ExpectedReturn(), **arguments).weights
            missed += ((best.predicted(shift) - best.weights - exact + choice.weights) ** 2).sum()
            moved += ((exact - choice.weights) ** 2).sum()
        assert missed < 0.1 * moved

    def test_what_leaves_nothing_is_said(self, optima: Callable[[str], SmoothedOptimum]) -> None:
        best = optima("mean and variance")
        with pytest.raises(SolverError, match="Infeasible"):
            best.predicted(d_sides={f"max_weight[{name}]": -0.3 for name in NAMES})


class TestDoubts:
    def test_a_limit_that_is_filled_at_no_price(self) -> None:
        aim = ms.ExpectedReturn() - 2 * ms.Variance()
        free = ms.allocate(RETURNS, aim, max_weight=0.9)
        top = str(free.weights.idxmax())
        capped = ms.allocate(RETURNS, aim, max_weights={top: float(smoothed(free).weights[top])})
        best = smoothed(capped)
        assert best.degenerate == (
            f"max_weights[{top}] is filled at no price: derivatives hold on one side of it",
        )

    def test_limits_that_say_the_same(self) -> None:
        aim = ms.ExpectedReturn() - 2 * ms.Variance()
        double = [limits.Group("duo", ["F"], at_most=0.3)]
        best = smoothed(ms.allocate(RETURNS, aim, max_weight=0.3, limits=double))
        assert len(best.degenerate) == 1
        assert "filled wherever others are" in best.degenerate[0]

    def test_weights_that_are_not_the_only_best(self) -> None:
        returns = RETURNS.returns.copy()
        returns[:, 4] += RETURNS.probabilities @ (returns[:, 5] - returns[:, 4])
        scenarios = ms.ReturnScenarios(returns, NAMES, RETURNS.probabilities)
        with_room = limits.Group("pair", ["E", "F"], at_most=0.7)
        choice = ms.allocate(scenarios, ms.ExpectedReturn(), max_weight=0.6, limits=[with_room])
        best = smoothed(choice)
        assert any("E, F are not the only best" in one for one in best.degenerate) or any(
            "at no price" in one for one in best.degenerate
        )

    def test_a_company_fixed_by_floor_and_cap_is_no_doubt(self) -> None:
        best = smoothed(ms.allocate(RETURNS, TAIL, max_weights={"A": 0.0}))
        assert not best.degenerate
        assert best.jvp(direction(best)[0]).weights["A"] == 0.0

    def test_names_chosen_stay_chosen(self) -> None:
        choice = ms.allocate(RETURNS, ms.Variance(), limits=[limits.Holdings(at_most=3)])
        best = smoothed(choice)
        assert (best.weights.abs() > 1e-9).sum() == 3
        assert best.distance < 1e-5
        assert not best.degenerate

    def test_a_sum_fixed_from_both_sides_is_no_doubt(self) -> None:
        asked = [limits.Neutral(1.0), limits.at_most(TAIL, 0.05)]
        best = smoothed(ms.allocate(RETURNS, ms.ExpectedReturn(), min_weight=-0.4, limits=asked))
        assert not best.degenerate
        d_returns, d_odds, _ = direction(best)
        weights, _ = difference(best, (d_returns, d_odds, np.zeros(len(best.sides))))
        change = best.jvp(d_returns, d_odds).weights.to_numpy()
        assert np.abs(change - weights).max() < 1e-6 * np.abs(weights).max()
        assert change.sum() == pytest.approx(0.0, abs=1e-12)


class TestRefusals:
    @pytest.mark.parametrize(
        ("aim", "message"),
        [
            (ms.Variance() + terms.TrackingError(EVEN), "limit or charge its square"),
            (ms.WorstRegime(), "has no derivative here.*use ExpectedReturn"),
            (ms.CVaR(0.9, radius=0.01), r"give it no radius, CVaR\(0.9\)"),
            (terms.LogGrowth(), "neither linear, quadratic nor a CVaR"),
        ],
    )
    def test_terms_without_a_derivative(self, aim: Any, message: str) -> None:
        choice = ms.allocate(RETURNS, aim)
        with pytest.raises(InputError, match=message):
            smoothed(choice)

    def test_limits_whose_rows_come_from_returns(self) -> None:
        choice = ms.allocate(RETURNS, TAIL, limits=[limits.RegimeLoss("all", 0.2)])
        with pytest.raises(InputError, match=r"RegimeLoss\('all'\).at_most has no derivative"):
            smoothed(choice)

    def test_a_stored_allocation(self) -> None:
        stored = pickle.loads(pickle.dumps(ms.allocate(RETURNS, ms.Variance())))
        with pytest.raises(InputError, match="allocate again"):
            smoothed(stored)

    @pytest.mark.parametrize("width", [0.0, -1.0, float("nan")])
    def test_widths(self, width: float) -> None:
        with pytest.raises(InputError, match="width"):
            smoothed(ms.allocate(RETURNS, TAIL), width=width)

    def test_a_portfolio_that_is_its_benchmark(self) -> None:
        at_home = limits.at_most(ms.CVaR(0.9, relative_to=EVEN), 0.0)
        choice = ms.allocate(RETURNS, ms.Variance(relative_to=EVEN), limits=[at_home])
        with pytest.raises(InputError, match="the same in all draws"):
            smoothed(choice)

    def test_changes(self, optima: Callable[[str], SmoothedOptimum]) -> None:
        best = optima("least CVaR")
        with pytest.raises(InputError, match=r"must be \[draw, company\], \(400, 6\)"):
            best.jvp(np.zeros(3))
        with pytest.raises(InputError, match=r"no side.*Did you mean 'max_weight\[A\]'"):
            best.jvp(d_sides={"max_weights[A]": 0.1})
        with pytest.raises(InputError, match="mapping or Series by ticker"):
            best.vjp(d_weights=[1.0])  # type: ignore[arg-type]


@pytest.fixture
def double() -> Any:
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("double")
class TestInJax:
    @pytest.fixture
    def best(self, optima: Callable[[str], SmoothedOptimum]) -> SmoothedOptimum:
        return optima("CVaR budget")

    @pytest.fixture
    def at(self, best: SmoothedOptimum) -> tuple[jax.Array, ...]:
        return tuple(jnp.asarray(one) for one in best.given)

    def test_jit_and_grad(self, best: SmoothedOptimum, at: Any) -> None:
        weights, by = optimum(best), np.random.default_rng(8).normal(size=6)
        assert np.asarray(jax.jit(weights)(*at)) == pytest.approx(best.weights.to_numpy())
        slopes = jax.jit(jax.grad(lambda *a: weights(*a) @ by, argnums=(0, 1, 2)))(*at)
        ours = best.vjp(pd.Series(by, index=best.weights.index))
        for one, other in zip(slopes, ours, strict=True):
            assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-8, abs=1e-11)

    def test_forward_mode(self, best: SmoothedOptimum, at: Any) -> None:
        way = direction(best)
        change = jax.jvp(optimum(best), at, tuple(map(jnp.asarray, way)))[1]
        ours = best.jvp(way[0], way[1], named(best, way[2])).weights
        assert np.asarray(change) == pytest.approx(ours.to_numpy(), rel=1e-8)
        forward = jax.jacfwd(optimum(best), argnums=2)(*at)
        reverse = jax.jacrev(optimum(best), argnums=2)(*at)
        assert np.asarray(forward) == pytest.approx(np.asarray(reverse), abs=1e-10)

    def test_vmap(self, best: SmoothedOptimum, at: Any) -> None:
        weights = optimum(best)
        several = jnp.stack([at[0], at[0] + 0.001])
        slope = jax.grad(lambda returns: weights(returns, *at[1:])[4])
        together = jax.vmap(slope)(several)
        for one, returns in zip(together, several, strict=True):
            assert np.asarray(one) == pytest.approx(np.asarray(slope(returns)), abs=1e-12)

    def test_doubts_are_a_warning(self, at: Any) -> None:
        double = [limits.Group("duo", ["F"], at_most=0.3)]
        aim = ms.ExpectedReturn() - 2 * ms.Variance()
        best = smoothed(ms.allocate(RETURNS, aim, max_weight=0.3, limits=double))
        weights, sides = optimum(best), jnp.asarray(best.given.sides)
        weights(at[0], at[1], sides)
        with pytest.warns(UserWarning, match="filled wherever others are"):
            jax.grad(lambda returns: weights(returns, at[1], sides)[0])(at[0])

    def test_a_budget_that_moves_with_the_returns(self, best: SmoothedOptimum, at: Any) -> None:
        """That of a benchmark: the derivative goes through both."""
        weights = optimum(best)
        width = best.problem.limits[0].parts[0][1].width
        even = jnp.full(6, 1 / 6)

        def held(shift: Any) -> Any:
            returns = at[0] + shift * jnp.arange(6.0)
            budget = cvar(returns @ even, at[1], level=0.9, width=width)
            return weights(returns, at[1], at[2].at[-1].set(budget)) @ jnp.arange(6.0) ** 2

        step = 1e-6
        numeric = (held(step) - held(-step)) / (2 * step)
        assert jax.grad(held)(0.0) == pytest.approx(float(numeric), rel=1e-5)

    def test_cvar_nears_the_exact_one(self, best: SmoothedOptimum, at: Any) -> None:
        outcomes = at[0] @ best.weights.to_numpy()
        exact = conditional_value_at_risk(np.asarray(outcomes), RETURNS.probabilities, 0.9)
        assert float(cvar(outcomes, at[1], level=0.9, width=1e-6)) == pytest.approx(exact, abs=1e-6)
        slope = jax.grad(lambda x: cvar(x, at[1], level=0.9, width=0.01))(outcomes)
        assert float(slope.sum()) == pytest.approx(-1.0)
        with pytest.raises(InputError, match="width"):
            cvar(outcomes, at[1], level=0.9, width=0.0)


def test_in_single_precision(optima: Callable[[str], SmoothedOptimum]) -> None:
    best = optima("least CVaR")
    at = tuple(jnp.asarray(one, jnp.float32) for one in best.given)
    slope = jax.grad(lambda returns: optimum(best)(returns, *at[1:])[0])(at[0])
    assert slope.dtype == jnp.float32
    exact = best.vjp({"A": 1.0}).returns
    assert np.abs(np.asarray(slope) - exact).max() < 1e-4 * np.abs(exact).max()
