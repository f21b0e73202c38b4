"""Objectives: their algebra, their curvature, and risk measures against theory."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from marketsim.allocation import (
    CVaR,
    ExpectedReturn,
    Objective,
    Variance,
    WorstRegime,
    terms,
)
from marketsim.allocation.families import portfolio_of
from marketsim.allocation.measures import (
    conditional_value_at_risk,
    mean,
    value_at_risk,
    variance,
)
from marketsim.allocation.objectives import Term
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios

FloatArray = NDArray[np.float64]


# Algebra


def test_terms_add_and_scale_as_written() -> None:
    assert repr(ExpectedReturn() - 2 * CVaR(0.95)) == "ExpectedReturn() - 2*CVaR(0.95)"
    assert repr(0.5 * Variance() + CVaR(0.9) / 2) == "0.5*Variance() + 0.5*CVaR(0.9)"
    assert repr(-(WorstRegime() - CVaR())) == "-WorstRegime() + CVaR(0.95)"
    assert repr(np.float64(2.0) * CVaR()) == "2*CVaR(0.95)"


def test_equal_terms_are_merged_and_may_cancel() -> None:
    assert CVaR() + CVaR() == 2 * CVaR()
    total: object = sum([CVaR(), ExpectedReturn(), CVaR()])
    assert total == 2 * CVaR() + ExpectedReturn()
    assert (CVaR() - CVaR(0.95)).parts == ()
    assert len((CVaR(0.9) + CVaR(0.95)).parts) == 2


def test_value_is_linear_in_the_terms() -> None:
    at = portfolio_of(_sample(seed=3)[0], np.array([0.3, 0.7]))
    both = ExpectedReturn() - 2 * CVaR(0.9)
    parts = ExpectedReturn().value(at), CVaR(0.9).value(at)
    assert both.value(at) == pytest.approx(parts[0] - 2 * parts[1], rel=1e-14)


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), "2", True, None])
def test_factors_are_finite_numbers(factor: object) -> None:
    with pytest.raises(InputError):
        CVaR() * factor  # type: ignore[operator]


def test_only_terms_can_be_added() -> None:
    with pytest.raises(InputError, match="cannot be added"):
        CVaR() + 1.0
    with pytest.raises(InputError, match="divided by 0"):
        CVaR() / 0.0


# Curvature


@pytest.mark.parametrize(
    ("objective", "direction"),
    [
        (1 * ExpectedReturn(), 1.0),
        (1 * WorstRegime(), 1.0),
        (1 * CVaR(), -1.0),
        (1 * Variance(), -1.0),
        (ExpectedReturn() - CVaR(), 1.0),
        (CVaR() - ExpectedReturn(), -1.0),
        (WorstRegime() - Variance() - CVaR(), 1.0),
        (CVaR(0.9) + CVaR(0.99) + 0.0 * WorstRegime(), -1.0),
    ],
)
def test_concave_is_maximised_and_convex_minimised(objective: Objective, direction: float) -> None:
    assert objective.direction() == direction


@pytest.mark.parametrize(
    "objective", [CVaR() + WorstRegime(), CVaR(0.9) - CVaR(0.95), WorstRegime() + Variance()]
)
def test_neither_concave_nor_convex_is_refused_and_explained(objective: Objective) -> None:
    with pytest.raises(InputError, match=r"neither concave nor convex.*change the sign"):
        objective.direction()


def test_an_empty_objective_is_refused() -> None:
    with pytest.raises(InputError, match="no terms"):
        (CVaR() - CVaR()).direction()


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, float("nan"), 1.5])
def test_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        CVaR(level)


def test_a_level_in_percent_is_recognised() -> None:
    with pytest.raises(InputError, match=r"write 0\.95\?"):
        CVaR(95)
    with pytest.raises(InputError, match="must be a number"):
        CVaR("0.95")  # type: ignore[arg-type]


# Risk measures

SAMPLES = st.integers(0, 2**32 - 1)
LEVELS = st.floats(0.01, 0.99)


def _sample(seed: int, draws: int = 40) -> tuple[ReturnScenarios, FloatArray]:
    chance = np.random.default_rng(seed)
    odds = chance.dirichlet(np.ones(draws))
    returns = np.maximum(chance.standard_t(3, size=(draws, 2)) / 5, -1.0)
    regimes = chance.choice(["bull", "base", "bear"], draws)
    scenarios = ReturnScenarios(returns, ("A", "B"), odds, regimes)
    return scenarios, returns @ np.array([0.3, 0.7])


@given(SAMPLES, LEVELS)
def test_cvar_exceeds_var_and_the_mean_loss(seed: int, level: float) -> None:
    # VaR may lie below the mean loss at a low level; CVaR never lies below either.
    scenarios, outcomes = _sample(seed)
    odds = scenarios.probabilities
    tail = conditional_value_at_risk(outcomes, odds, level)
    assert tail >= value_at_risk(outcomes, odds, level) - 1e-12
    assert tail >= -mean(outcomes, odds) - 1e-12
    assert tail <= -outcomes.min() + 1e-12


@given(SAMPLES, LEVELS, LEVELS)
def test_var_and_cvar_rise_with_the_level(seed: int, one: float, other: float) -> None:
    scenarios, outcomes = _sample(seed)
    low, high = sorted((one, other))
    for measure in (value_at_risk, conditional_value_at_risk):
        assert (
            measure(outcomes, scenarios.probabilities, low)
            <= measure(outcomes, scenarios.probabilities, high) + 1e-12
        )


@given(SAMPLES, LEVELS)
def test_var_is_the_least_loss_exceeded_seldom_enough(seed: int, level: float) -> None:
    scenarios, outcomes = _sample(seed)
    edge = value_at_risk(outcomes, scenarios.probabilities, level)
    losses = -outcomes
    assert scenarios.probabilities[losses <= edge].sum() >= level - 1e-9
    assert scenarios.probabilities[losses < edge].sum() < level + 1e-9


@given(SAMPLES, LEVELS, st.floats(-1, 1), st.floats(0, 5))
def test_cvar_is_coherent(seed: int, level: float, cash: float, scale: float) -> None:
    """Translation, positive homogeneity and subadditivity (Artzner et al. 1999)."""
    scenarios, outcomes = _sample(seed)
    odds, other = scenarios.probabilities, scenarios.returns[:, 0]
    own = conditional_value_at_risk(outcomes, odds, level)
    assert conditional_value_at_risk(outcomes + cash, odds, level) == pytest.approx(own - cash)
    assert conditional_value_at_risk(scale * outcomes, odds, level) == pytest.approx(
        scale * own, abs=1e-12
    )
    apart = own + conditional_value_at_risk(other, odds, level)
    assert conditional_value_at_risk(outcomes + other, odds, level) <= apart + 1e-12


@given(SAMPLES, LEVELS)
def test_a_probability_counts_like_repeated_draws(seed: int, level: float) -> None:
    chance = np.random.default_rng(seed)
    outcomes, times = chance.normal(size=12), chance.integers(1, 5, size=12)
    odds, total = times / times.sum(), int(times.sum())
    repeated, equal = np.repeat(outcomes, times), np.full(total, 1.0 / total)
    assert mean(outcomes, odds) == pytest.approx(mean(repeated, equal), abs=1e-12)
    assert variance(outcomes, odds) == pytest.approx(variance(repeated, equal))
    assert conditional_value_at_risk(outcomes, odds, level) == pytest.approx(
        conditional_value_at_risk(repeated, equal, level), abs=1e-12
    )


def test_cvar_of_a_bernoulli_loss_splits_the_atom() -> None:
    # Loss 1 with probability 0.02, else 0: the worst 5 % hold 2 % of ones.
    outcomes, odds = np.array([-1.0, 0.0]), np.array([0.02, 0.98])
    assert value_at_risk(outcomes, odds, 0.95) == 0.0
    assert conditional_value_at_risk(outcomes, odds, 0.95) == pytest.approx(0.4)


def test_cvar_of_a_uniform_loss() -> None:
    # Loss uniform on [0, 1]: VaR is a and CVaR (1 + a) / 2.
    outcomes = -(np.arange(100_000) + 0.5) / 100_000
    odds = np.full(100_000, 1e-5)
    assert value_at_risk(outcomes, odds, 0.9) == pytest.approx(0.9, abs=1e-5)
    assert conditional_value_at_risk(outcomes, odds, 0.9) == pytest.approx(0.95, abs=1e-5)


def test_cvar_of_a_gaussian_is_its_closed_form_within_sampling_error() -> None:
    # sigma phi(z_a) / (1 - a) - mu, Rockafellar and Uryasev (2000), section 5.
    draws, level, mu, sigma = 200_000, 0.95, 0.05, 0.2
    outcomes = np.random.default_rng(7).normal(mu, sigma, draws)
    odds = np.full(draws, 1.0 / draws)
    edge = NormalDist().inv_cdf(level)
    expected = sigma * NormalDist().pdf(edge) / (1 - level) - mu
    beyond = np.maximum(-outcomes - value_at_risk(outcomes, odds, level), 0.0)
    error = beyond.std() / (1 - level) / np.sqrt(draws)
    assert abs(conditional_value_at_risk(outcomes, odds, level) - expected) < 4 * error


# Families: every line bounds its term from above

HELD = {"A": 0.6, "B": 0.4}
TERMS: list[Term] = [
    ExpectedReturn(),
    Variance(),
    CVaR(0.8),
    CVaR(0.8, 0.1),
    WorstRegime(),
    terms.AmbiguousReturn(0.2),
    terms.Regret((0.1, 0.2, 0.3)),
    terms.LogGrowth(),
    terms.Drawdown(0.7),
    terms.TransactionCost(0.01, HELD),
    terms.MarketImpact(0.1, HELD),
    terms.TrackingError(HELD),
]


def _with_paths(seed: int) -> ReturnScenarios:
    scenarios = _sample(seed)[0]
    half = np.maximum(0.5 * scenarios.returns + 0.1 * np.sin(scenarios.returns * 50), -1.0)
    return replace(scenarios, paths=np.stack([half, scenarios.returns], axis=1))


@pytest.mark.parametrize("term", TERMS, ids=repr)
@given(SAMPLES, SAMPLES)
def test_any_line_bounds_the_term_in_its_concave_direction(
    term: Term, seed: int, other: int
) -> None:
    scenarios, chance = _with_paths(seed), np.random.default_rng(other)
    here, elsewhere = (portfolio_of(scenarios, chance.dirichlet([1.0, 1.0])) for _ in range(2))
    family = term.family(scenarios)
    guess = family.whole(chance.normal(0.1, 0.5, family.size))  # whatever a solver may return
    line = term.line(guess, here)
    sign = -1.0 if term.curvature == "convex" else 1.0
    reached = line.gradient(scenarios) @ elsewhere.weights + line.offset
    assert reached >= sign * term.value(elsewhere) - 1e-12


@pytest.mark.parametrize("term", TERMS, ids=repr)
def test_merged_terms_are_equal_and_can_be_hashed(term: Term) -> None:
    assert (term + 2 * term).parts == ((3.0, term),)
    assert repr(term).endswith(")")


def test_worst_regime_of_one_regime_is_the_expected_return() -> None:
    scenarios, weights = _sample(seed=11)[0], np.array([0.3, 0.7])
    alone = portfolio_of(
        ReturnScenarios(scenarios.returns, ("A", "B"), scenarios.probabilities), weights
    )
    assert WorstRegime().value(alone) == pytest.approx(ExpectedReturn().value(alone))
    at = portfolio_of(scenarios, weights)
    assert WorstRegime().value(at) < ExpectedReturn().value(at)
