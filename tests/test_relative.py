"""Terms against a benchmark: identities, the textbook's programme, and few of many draws."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.allocation import allocate, limits, objective_from, terms
from marketsim.allocation.families import portfolio_of
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import scenarios_of, size, weights_of
from tests.primal import best

SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=10, deadline=None)
MARKET = {"A": 0.4, "B": 0.3, "C": 0.3}
MEAN = terms.ExpectedReturn()

AIMS: dict[str, Any] = {
    "CVaR": terms.CVaR(0.9, relative_to=MARKET) - 0.5 * MEAN,
    "robust CVaR": terms.CVaR(0.8, 0.02, relative_to=MARKET) - MEAN,
    "variance": terms.Variance(relative_to=MARKET) - 0.05 * MEAN,
    "active mean": terms.ExpectedReturn(relative_to=MARKET) - terms.CVaR(0.8),
    "minus active mean": terms.CVaR(0.8) - terms.ExpectedReturn(relative_to=MARKET),
}


@pytest.mark.parametrize("name", list(AIMS))
@SOME
@given(SEEDS)
def test_agrees_with_the_primal_programme(name: str, seed: int) -> None:
    returns, aim = scenarios_of(seed), AIMS[name]
    choice, other = allocate(returns, aim, max_weight=0.6), best(returns, aim, max_weight=0.6)
    assert choice.objective == pytest.approx(other.value, abs=1e-6 * size(choice))
    assert textbook.value(aim, other.world, weights_of(choice)) == pytest.approx(
        choice.objective, abs=1e-9
    )


@pytest.mark.parametrize("name", list(AIMS))
def test_limits_may_be_relative(name: str) -> None:
    returns = scenarios_of(3)
    budget = limits.at_most(terms.CVaR(0.9, relative_to=MARKET), 0.03)
    target = limits.at_least(terms.ExpectedReturn(relative_to=MARKET), 0.005)
    given_: dict[str, Any] = {"limits": [budget, target]}
    choice, other = allocate(returns, AIMS[name], **given_), best(returns, AIMS[name], **given_)
    assert textbook.violation(other.world, weights_of(choice), **given_) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=2e-6 * size(choice))


@pytest.mark.parametrize(
    "term",
    [terms.CVaR(0.9, 0.01, relative_to=MARKET), terms.Variance(relative_to=MARKET)],
    ids=repr,
)
def test_the_benchmark_itself_has_no_risk(term: Any) -> None:
    choice = allocate(scenarios_of(1), term)
    assert choice.objective == pytest.approx(0.0, abs=1e-6)
    assert choice.weights[list(MARKET)].to_numpy() == pytest.approx([0.4, 0.3, 0.3], abs=1e-3)


@SOME
@given(SEEDS)
def test_terms_relative_to_nothing_held_are_the_plain_ones(seed: int) -> None:
    at = portfolio_of(scenarios_of(seed), np.random.default_rng(seed).dirichlet(np.ones(5)))
    nothing: dict[str, float] = {"A": 0.0}
    for make in (partial(terms.CVaR, 0.9, 0.1), terms.Variance, terms.ExpectedReturn):
        plain, same = make(), make(relative_to=nothing)
        assert same.value(at) == pytest.approx(plain.value(at), rel=1e-12)
    active = terms.Variance(relative_to=MARKET).value(at)
    assert terms.TrackingError(MARKET).value(at) ** 2 == pytest.approx(active)
    gain = terms.ExpectedReturn(relative_to=MARKET).value(at) + terms.ExpectedReturn().value(
        portfolio_of(at.scenarios, np.array([0.4, 0.3, 0.3, 0.0, 0.0]))
    )
    assert gain == pytest.approx(terms.ExpectedReturn().value(at))


def test_many_draws_have_the_answer_of_the_whole_programme() -> None:
    chance = np.random.default_rng(0)
    table = np.exp(0.15 * chance.standard_t(5, (3_000, 6)) + chance.normal(0.06, 0.03, 6)) - 1
    returns = ReturnScenarios(table, tuple("ABCDEF"))
    aim = MEAN - terms.CVaR(0.95, relative_to=MARKET)
    choice, other = allocate(returns, aim, max_weight=0.5), best(returns, aim, max_weight=0.5)
    assert choice.objective == pytest.approx(other.value, abs=1e-6 * size(choice))


def test_few_companies_against_a_benchmark_are_the_best_few() -> None:
    returns = scenarios_of(5)
    given_: dict[str, Any] = {"limits": [limits.Holdings(at_most=2)]}
    for name in ("CVaR", "variance", "active mean"):
        choice, other = allocate(returns, AIMS[name], **given_), best(returns, AIMS[name], **given_)
        assert choice.objective == pytest.approx(other.value, abs=2e-6 * size(choice))


def test_they_are_written_as_they_are_shown() -> None:
    for aim in AIMS.values():
        assert objective_from(repr(1.0 * aim), {"benchmark": MARKET}) == 1.0 * aim
    assert repr(terms.CVaR(0.9, relative_to=MARKET)) == "CVaR(0.9, relative_to=benchmark)"
    assert repr(terms.Variance()) == "Variance()"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: terms.CVaR(0.9, relative_to=0.5),  # type: ignore[arg-type]
            "CVaR relative_to must be a mapping",
        ),
        (
            lambda: terms.Variance(relative_to={"A": float("nan")}),
            r"Variance relative_to\['A'\] is nan",
        ),
        (
            lambda: allocate(scenarios_of(0), terms.Variance(relative_to={"Z": 1.0})),
            "no ticker .*'Z'",
        ),
        (lambda: allocate(scenarios_of(0), terms.CVaR(relative_to={"Z": 1.0})), "no ticker"),
    ],
)
def test_a_benchmark_that_is_none_is_named(make: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()
