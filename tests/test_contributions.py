"""Contributions: they add up to their term, whoever's they are, and are what theory says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from marketsim.allocation import Algebra, Allocation, allocate, limits, terms
from marketsim.allocation.families import onto_density, portfolio_of
from marketsim.allocation.terms.tails import edge_of_tail
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios
from tests.compared import HELD, scenarios_of, weights_of

FloatArray = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=10, deadline=None)
LAYERS = {"A": "chips", "B": "chips", "C": "power", "D": "power"}  # E has none
BENCHMARK = {"A": 0.5, "B": 0.3, "D": 0.2}

TERMS: dict[str, Algebra] = {
    "mean": terms.ExpectedReturn(),
    "active mean": terms.ExpectedReturn(relative_to=BENCHMARK),
    "variance": terms.Variance(),
    "active variance": terms.Variance(relative_to=BENCHMARK),
    "tracking": terms.TrackingError(BENCHMARK),
    "CVaR": terms.CVaR(0.9),
    "robust CVaR": terms.CVaR(0.8, 0.02),
    "active CVaR": terms.CVaR(0.9, relative_to=BENCHMARK),
    "robust active CVaR": terms.CVaR(0.7, 0.05, relative_to=BENCHMARK),
    "worst regime": terms.WorstRegime(),
    "ambiguous": terms.AmbiguousReturn(0.3),
    "drawdown": terms.Drawdown(0.5),
    "costs": terms.TransactionCost(0.02, HELD),
    "impact": terms.MarketImpact({"A": 0.05, "E": 0.1}, HELD),
    "sum": terms.ExpectedReturn() - 2 * terms.CVaR(0.9) - terms.TransactionCost(0.1, HELD),
}
NAMES = pytest.mark.parametrize("name", list(TERMS))
BY: tuple[Literal["name", "layer", "regime"], ...] = ("name", "layer", "regime")


def returns_of(seed: int) -> ReturnScenarios:
    return replace(scenarios_of(seed), layers=LAYERS)


def chosen(returns: ReturnScenarios, seed: int) -> Allocation:
    """An allocation to weights drawn at random, some short."""
    weights = np.random.default_rng(seed).normal(0.2, 0.2, 5)
    weights += (1.0 - weights.sum()) / 5
    fixed = [
        limits.Group(ticker, (ticker,), weight, weight)
        for ticker, weight in zip(returns.tickers, weights.tolist(), strict=True)
    ]
    return allocate(returns, terms.ExpectedReturn(), limits=fixed, min_weight=-2.0, max_weight=3.0)


@NAMES
@SOME
@given(SEEDS)
def test_they_add_up_to_the_term_by_name_layer_and_regime(name: str, seed: int) -> None:
    returns = returns_of(seed)
    choice, term = chosen(returns, seed), 1.0 * TERMS[name]
    value = term.value(portfolio_of(returns, weights_of(choice)))
    for by in BY:
        table = choice.contributions(term, by)
        assert table["contribution"].sum() == pytest.approx(value, rel=1e-9, abs=1e-12)
        assert table["share"].sum() == pytest.approx(1.0, abs=1e-9)
    by_layer, by_name = choice.contributions(term, "layer"), choice.contributions(term)
    for layer in ("chips", "power"):
        members = [ticker for ticker, one in LAYERS.items() if one == layer]
        part = by_name.loc[members, "contribution"].sum()
        assert by_layer.loc[layer, "contribution"] == pytest.approx(part, rel=1e-9, abs=1e-14)
    alone = by_name.loc["E", "contribution"]
    assert by_layer.loc["no layer", "contribution"] == pytest.approx(alone)


@NAMES
@SOME
@given(SEEDS)
def test_they_are_derivatives_times_weights(name: str, seed: int) -> None:
    """Euler: of a term of degree k in the active weights, its derivative times them, over k."""
    returns = returns_of(seed)
    weights, term = np.random.default_rng(seed).dirichlet(np.ones(5)), 1.0 * TERMS[name]
    table = chosen(returns, seed).contributions(term)["contribution"].to_numpy()
    weights = weights_of(chosen(returns, seed))
    degree = {"variance": 2.0, "active variance": 2.0, "impact": 1.5}.get(name, 1.0)
    given_ = (BENCHMARK if "active" in name or name == "tracking" else {}) or (
        HELD if name in ("costs", "impact") else {}
    )
    active = weights - np.array([given_.get(ticker, 0.0) for ticker in returns.tickers])
    if name == "sum":  # each part on weights of its own
        return
    step = 1e-7
    for i in range(5):
        up, down = (
            term.value(portfolio_of(returns, weights + move * np.eye(5)[i]))
            for move in (step, -step)
        )
        slope = (up - down) / (2 * step)
        assert table[i] == pytest.approx(slope * active[i] / degree, rel=1e-4, abs=1e-6)


@SOME
@given(SEEDS, st.sampled_from(["CVaR", "robust CVaR", "worst regime", "drawdown"]))
def test_mass_is_how_much_of_the_tail_lies_in_a_regime(seed: int, name: str) -> None:
    table = chosen(returns_of(seed), seed).contributions(TERMS[name], "regime")
    regimes = table.drop(index="no regime", errors="ignore")
    assert regimes["mass"].sum() == pytest.approx(1.0, abs=1e-9)
    assert (regimes["mass"] >= 0.0).all()
    product = (regimes["mass"] * regimes["mean"].fillna(0.0)).to_numpy()
    assert regimes["contribution"].to_numpy() == pytest.approx(product, abs=1e-14)
    assert ("no regime" in table.index) == (name == "robust CVaR")


def test_variance_by_name_is_the_covariance_form() -> None:
    returns = returns_of(2)
    choice = chosen(returns, 2)
    weights, covariance = (
        weights_of(choice),
        np.cov(returns.returns.T, aweights=returns.probabilities, ddof=0),
    )
    table = choice.contributions(terms.Variance())
    assert table["contribution"].to_numpy() == pytest.approx(weights * (covariance @ weights))
    assert table["weight"].to_numpy() == pytest.approx(weights)


def test_a_tail_of_two_draws_and_a_half_in_closed_form() -> None:
    """Five equal draws, level 0.5: two draws whole, half of the third."""
    table = np.array([[-0.5, 0.1], [-0.3, -0.1], [0.0, -0.2], [0.2, 0.3], [0.4, 0.0]])
    regimes = np.array(["bear", "bear", "base", "bull", "bull"])
    returns = ReturnScenarios(table, ("A", "B"), regimes=regimes)
    half = [limits.Group("A", ("A",), 0.5, 0.5)]
    choice = allocate(returns, terms.CVaR(0.5), limits=half)
    by_name = choice.contributions(terms.CVaR(0.5))["contribution"]
    assert by_name["A"] == pytest.approx(0.5 * 0.4 * (0.5 + 0.3 + 0.5 * 0.0))
    assert by_name["B"] == pytest.approx(0.5 * 0.4 * (-0.1 + 0.1 + 0.5 * 0.2))
    by_regime = choice.contributions(terms.CVaR(0.5), "regime")
    assert by_regime["mass"].to_dict() == pytest.approx({"bear": 0.8, "base": 0.2, "bull": 0.0})
    assert by_regime.loc["bear", "mean"] == pytest.approx((0.2 + 0.2) / 2)
    assert by_regime.loc["base", "mean"] == pytest.approx(0.1)
    assert bool(by_regime["mean"].isna()["bull"])


@SOME
@given(SEEDS)
def test_draws_that_tie_share_the_edge_as_the_dual_has_it(seed: int) -> None:
    """Of names held between their limits each adds as much for its weight, cash included."""
    returns = scenarios_of(seed, draws=60)
    choice = allocate(returns, terms.CVaR(0.8))
    table = choice.contributions(terms.CVaR(0.8))
    held = table[table["weight"] > 1e-6]
    each = (held["contribution"] / held["weight"]).to_numpy()
    assert each == pytest.approx(np.full(len(each), choice.objective), abs=1e-7)


@SOME
@given(SEEDS, st.floats(0.05, 0.95))
def test_a_tail_is_the_worst_density(seed: int, level: float) -> None:
    chance = np.random.default_rng(seed)
    losses = np.round(chance.normal(size=30), 1)  # many tie
    odds = chance.dirichlet(np.ones(30))
    ceiling = odds / (1.0 - level)
    near = chance.random(30)
    for density in (edge_of_tail(losses, ceiling, near), edge_of_tail(losses, ceiling, None)):
        assert density.sum() == pytest.approx(1.0)
        assert (density >= 0.0).all()
        assert (density <= ceiling + 1e-12).all()
        order = np.argsort(-losses)
        taken = np.clip(1.0 - (np.cumsum(ceiling[order]) - ceiling[order]), 0.0, ceiling[order])
        assert density @ losses == pytest.approx(taken @ losses[order])
    tied = np.abs(losses - losses[density > 0].min()) < 1e-9
    parts = edge_of_tail(losses, ceiling, None)[tied] / odds[tied]
    assert parts == pytest.approx(np.full(len(parts), parts[0]))  # by probability


@pytest.mark.parametrize(
    ("term", "by", "said"),
    [
        (terms.LogGrowth(), "name", "no sum over companies"),
        (terms.Regret(), "name", "no sum over companies"),
        (terms.CVaR(), "company", "by 'name', 'layer' or 'regime', not by 'company'"),
        (terms.TrackingError({"Z": 1.0}), "name", "'Z'"),
    ],
)
def test_what_has_none_says_so(term: Any, by: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        chosen(returns_of(0), 0).contributions(term, by)


def test_a_fall_needs_paths() -> None:
    returns = replace(returns_of(0), paths=None)
    with pytest.raises(InputError, match="way to the horizon"):
        chosen(returns, 0).contributions(terms.Drawdown())


def test_a_tail_that_one_draw_completes_but_for_rounding_is_whole() -> None:
    nearly = np.array([np.nextafter(1.0, 0.0)])
    assert onto_density(nearly, nearly) == pytest.approx([1.0])
