"""Why a weight is what it is: what moves it, and what would move one that stands at a bound."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

import marketsim as ms
from marketsim.derivatives import Sensitivities, WeightExplained
from marketsim.derivatives.explanation import edge_slopes
from marketsim.derivatives.sensitivities import places
from marketsim.scenarios import direction
from marketsim.valuation import MovedWorlds

CAP = 0.15


@pytest.fixture(scope="module")
def choice(capped: ms.allocation.Allocation) -> ms.allocation.Allocation:
    return capped


@pytest.fixture(scope="module")
def free(choice: ms.allocation.Allocation) -> str:
    """The largest holding below its cap."""
    below = choice.weights[choice.weights < CAP - 1e-3]
    return str(below.idxmax())


@pytest.fixture(scope="module")
def held(choice: ms.allocation.Allocation, free: str) -> WeightExplained:
    return ms.explain_weight(free, choice)


@pytest.fixture(scope="module")
def unheld(choice: ms.allocation.Allocation) -> WeightExplained:
    return ms.explain_weight(str(choice.reasons()["reduced_cost"].idxmin()), choice)


@pytest.mark.slow
def test_a_free_weight_is_explained_by_its_own_derivatives(
    free: str, held: WeightExplained, slopes: Sensitivities
) -> None:
    table = slopes.weights
    assert held.answers
    assert table is not None
    np.testing.assert_allclose(
        held.assumptions["weight_per_sd"], table[free].loc[held.assumptions.index], atol=1e-9
    )


@pytest.mark.slow
def test_what_is_told_of_a_weight_is_what_becomes_of_it(
    choice: ms.allocation.Allocation, free: str, held: WeightExplained
) -> None:
    """Worlds moved, valued and chosen over again: not what a straight line says of it."""
    best = ms.derivatives.smoothed(choice)
    worlds = MovedWorlds.of(choice.returns.world)
    posterior = choice.returns.world.paths.scenarios.posterior
    still = worlds.returns(np.zeros(len(posterior.entries)))
    for line, name in zip(str(held).splitlines()[1:], held.assumptions.index, strict=False):
        moved = worlds.returns(0.1 * direction(posterior, name)) - still
        change = best.again(moved @ places(choice)).weights[free] - best.weights[free]
        points = 100 * np.clip(change, -held.weight, CAP - held.weight)
        words = re.search(rf"  {re.escape(name)} at .*: ([-+][\d.]+) points of weight", line)
        assert words is not None
        assert float(words[1]) == pytest.approx(points, abs=0.06)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (0.004, "+0.4 points of weight\n"),
        (0.05, "+1.0 points of weight (as far as its cap)\n"),
        (-0.3, "-14.0 points of weight (as far as its floor)\n"),
        (np.nan, "no weights keep to the limits there\n"),
    ],
)
def test_no_weight_is_told_beyond_its_bounds(
    held: WeightExplained, change: float, told: str
) -> None:
    assert held.bounds == (0.0, CAP)
    moved = held.assumptions.assign(weight_change=change)
    assert told in str(replace(held, weight=0.14, assumptions=moved))


def test_no_assumption_is_named_that_does_nothing(held: WeightExplained) -> None:
    """As of cash that is not held: what it earns hangs on none."""
    column = "weight_per_sd"
    few = held.assumptions.assign(**{column: 0.0})
    few.loc[few.index[2], column] = 0.1
    one = replace(held, assumptions=few)
    assert str(one).count("points of weight") == 1
    assert str(few.index[0]) not in str(one)
    none = replace(held, assumptions=few.assign(**{column: 0.0}))
    assert "No assumption would change that" in str(none)
    assert repr(none).endswith("answers to nothing)")


def test_cash_hangs_on_no_assumption(returns: ms.ReturnScenarios) -> None:
    paid = returns.with_cash(0.04)
    choice = ms.allocate(paid, ms.ExpectedReturn() - 2.0 * ms.CVaR(0.95), max_weight=CAP)
    assert choice.weights["cash"] == pytest.approx(CAP)
    found = ms.explain_weight("cash", choice)
    assert "No assumption would change that: none moves it." in str(found)
    assert not any(str(name) in str(found) for name in found.assumptions.index)


def test_the_strongest_come_first(held: WeightExplained, unheld: WeightExplained) -> None:
    for found, column in ((held, "weight_per_sd"), (unheld, "edge_per_sd")):
        assert (np.diff(found.assumptions[column].abs()) <= 0.0).all()
        assert np.isfinite(found.assumptions[column]).all()


def test_a_weight_at_a_bound_says_how_far_assumptions_are_from_moving_it(
    choice: ms.allocation.Allocation, unheld: WeightExplained
) -> None:
    """What it lacks, over what a deviation brings."""
    assert not unheld.answers
    assert unheld.weight == pytest.approx(0.0, abs=1e-9)
    row = unheld.assumptions.iloc[0]
    gap = choice.reasons()["reduced_cost"][unheld.ticker]
    assert gap < 0.0
    assert row["sds"] * row["edge_per_sd"] == pytest.approx(-gap)


def test_an_edge_is_what_a_further_unit_adds(choice: ms.allocation.Allocation) -> None:
    """Against the gradient of the smoothed problem at returns that are moved a little."""
    best = ms.derivatives.smoothed(choice)
    place = 3
    rng = np.random.default_rng(0)
    change = 1e-6 * rng.normal(size=best.given.returns.shape)
    weights, odds = best.weights.to_numpy(), best.given.probabilities

    def gradient(returns: np.ndarray) -> float:
        """Of return less smoothed CVaR, by one weight; its edge moves with the returns."""
        h = 1e-5
        unit = np.eye(len(weights))[place]
        values = []
        for w in (weights + h * unit, weights - h * unit):
            outcome = returns @ w
            values.append(odds @ outcome - smoothed_cvar(outcome))
        return float(values[0] - values[1]) / (2.0 * h)

    scale = _width_of(best)

    def smoothed_cvar(outcome: np.ndarray) -> float:
        def at(edge: float) -> float:
            z = (-outcome - edge) / scale
            return float(edge + odds @ (scale * (z * norm.cdf(z) + norm.pdf(z))) / 0.05)

        found = minimize_scalar(at, bounds=(-1.0, 1.5), method="bounded", options={"xatol": 1e-12})
        return float(found.fun)

    up, down = (gradient(best.given.returns + sign * 100 * change) for sign in (1.0, -1.0))
    expected = (up - down) / 200.0
    said = float((edge_slopes(best, place) * change).sum())
    assert said == pytest.approx(expected, rel=2e-3, abs=1e-10)


def _width_of(best: ms.derivatives.SmoothedOptimum) -> float:
    """In units of return: a share of the standard deviation of losses at the weights chosen."""
    outcome, odds = best.given.returns @ best.chosen.to_numpy(), best.given.probabilities
    return best.width * float(np.sqrt(odds @ (outcome - odds @ outcome) ** 2))


def test_it_says_it_in_words(held: WeightExplained, unheld: WeightExplained) -> None:
    assert "points of weight" in str(held)
    assert held.ticker in str(held)
    assert "standard deviations away" in str(unheld)
    assert str(held).count("\n") == 3
    assert len(repr(held)) < 200


@pytest.mark.parametrize(
    ("sds", "told"),
    [
        (-0.02, "would have to be a hair away"),
        (0.3, "would have to be +0.3 standard deviations away"),
    ],
)
def test_nothing_is_told_to_be_minus_nothing(
    unheld: WeightExplained, sds: float, told: str
) -> None:
    text = str(replace(unheld, assumptions=unheld.assumptions.assign(sds=sds)))
    assert text.count(told) == 3
    assert "-0.0" not in text


def test_what_makes_derivatives_doubtful_is_told(returns: ms.ReturnScenarios) -> None:
    """Of two limits that say the same, neither has a price of its own."""
    top = str(ms.allocate(returns, ms.CVaR(0.95), max_weight=CAP).weights.idxmax())
    double = [ms.limits.Group("same", [top], at_most=CAP)]
    choice = ms.allocate(returns, ms.CVaR(0.95), max_weight=CAP, limits=double)
    (doubt,) = ms.derivatives.smoothed(choice).degenerate
    found = ms.explain_weight(top, choice)
    assert found.doubts == (doubt,)
    assert f"  Beware: {doubt}." in str(found)
    assert ms.sensitivities(choice).doubts == (doubt,)


def test_where_a_loss_is_minimised_what_helps_has_the_same_sign(
    returns: ms.ReturnScenarios,
) -> None:
    """More demand would bring an accelerator in, not take it further out."""
    least = ms.allocate(returns, ms.CVaR(0.95), max_weight=CAP)
    found = ms.explain_weight("NVDA", least)
    assert not found.answers
    row = found.assumptions.loc["saturation"]
    assert row["edge_per_sd"] > 0.0
    assert row["sds"] > 0.0


def test_weights_alone_are_no_allocation(choice: ms.allocation.Allocation) -> None:
    with pytest.raises(ms.MarketsimError, match=r"dict is no allocation; give what ms\.allocate"):
        ms.explain_weight("NVDA", {"NVDA": 1.0})  # type: ignore[arg-type]


def test_who_is_not_there_is_refused(choice: ms.allocation.Allocation) -> None:
    with pytest.raises(ms.MarketsimError, match="Did you mean 'NVDA'"):
        ms.explain_weight("NVDAA", choice)


def test_returns_made_elsewhere_have_no_assumptions(choice: ms.allocation.Allocation) -> None:
    elsewhere = replace(choice, returns=replace(choice.returns, world=None))
    with pytest.raises(ms.MarketsimError, match="explain_weight: these returns were not made"):
        ms.explain_weight("NVDA", elsewhere)
