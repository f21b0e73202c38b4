"""Market-neutral books: long as much as short, in all, by layer, and against a market."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.allocation import Allocation, allocate, limit_from, limits, terms
from marketsim.allocation.limits import Neutral
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import scenarios_of, size, weights_of
from tests.primal import best

SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=10, deadline=None)
LAYERS = dict(zip("ABCDEF", ["chips", "chips", "chips", "power", "power", "power"], strict=True))
MARKET = {"A": 0.5, "D": 0.3, "F": 0.2}
AIM = terms.ExpectedReturn() - 0.5 * terms.CVaR(0.9)
BOOKS: dict[str, Neutral] = {
    "dollars": Neutral(2.0),
    "layers": Neutral(2.0, layers=True),
    "beta": Neutral(1.0, market=MARKET),
    "both": Neutral(1.5, layers=True, market=MARKET),
}


def returns_of(seed: int) -> ReturnScenarios:
    return replace(scenarios_of(seed, companies=6), layers=LAYERS)


def book(returns: ReturnScenarios, *asked: Any, aim: Any = AIM) -> Allocation:
    return allocate(returns, aim, min_weight=-0.5, max_weight=0.5, limits=list(asked))


@pytest.mark.parametrize("name", list(BOOKS))
@SOME
@given(SEEDS)
def test_a_book_is_neutral_and_as_good_as_the_textbook_has_it(name: str, seed: int) -> None:
    returns, asked = returns_of(seed), [BOOKS[name]]
    given_: dict[str, Any] = {"min_weight": -0.5, "max_weight": 0.5, "limits": asked}
    choice, other = book(returns, *asked), best(returns, AIM, **given_)
    assert textbook.violation(other.world, weights_of(choice), **given_) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=1e-6 * size(choice))
    assert abs(weights_of(choice).sum()) <= 1e-9
    assert "budget" not in choice.duals.index


def test_its_return_has_no_beta_to_the_market() -> None:
    returns = returns_of(1)
    choice = book(returns, BOOKS["beta"])
    shares = np.array([MARKET.get(ticker, 0.0) for ticker in returns.tickers])
    both = returns.returns @ np.column_stack([weights_of(choice), shares])
    covariance = np.cov(both.T, aweights=returns.probabilities, ddof=0)
    assert np.abs(weights_of(choice)).sum() == pytest.approx(1.0)
    assert covariance[0, 1] == pytest.approx(0.0, abs=1e-9)
    assert covariance[0, 0] > 1e-4


@SOME
@given(SEEDS, st.floats(0.1, 0.5))
def test_a_book_of_half_the_size_earns_half(seed: int, gross: float) -> None:
    """The objective grows in proportion, and no cap binds at this size."""
    returns = returns_of(seed)
    one, half = (book(returns, Neutral(x)) for x in (gross, gross / 2))
    assert half.objective == pytest.approx(one.objective / 2, abs=1e-7)


def test_where_nothing_is_to_be_had_the_book_is_empty() -> None:
    choice = book(returns_of(0), Neutral(2.0), aim=terms.CVaR(0.9))
    empty = book(returns_of(0), Neutral(0.0))
    assert choice.objective <= 0.0
    assert empty.weights.abs().max() == 0.0


def test_it_keeps_to_a_budget_of_risk_and_to_few_names() -> None:
    returns = returns_of(2)
    budget = limits.at_most(terms.Variance(), 0.003)
    asked = [BOOKS["layers"], budget, limits.Holdings(at_most=4)]
    given_: dict[str, Any] = {"min_weight": -0.5, "max_weight": 0.5, "limits": asked}
    mean = terms.ExpectedReturn()
    choice, other = book(returns, *asked, aim=mean), best(returns, mean, **given_)
    assert textbook.violation(other.world, weights_of(choice), **given_) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=2e-6 * size(choice))
    assert choice.duals["Variance().at_most"] > 0.0


def test_it_can_be_typed() -> None:
    assert limit_from("Neutral(2)") == Neutral(2.0)
    assert limit_from("Neutral(2, market=benchmark)", {"benchmark": MARKET}) == Neutral(
        2.0, market=MARKET
    )


def test_what_it_needs_is_said() -> None:
    returns = returns_of(0)
    with pytest.raises(InputError, match="Neutral needs shorts: give a min_weight below 0"):
        allocate(returns, AIM, limits=[Neutral(2.0)])
    with pytest.raises(InputError, match="needs to know layers"):
        book(replace(returns, layers={}), Neutral(2.0, layers=True))
    with pytest.raises(InputError, match=r"no ticker .*'Z'"):
        book(returns, Neutral(2.0, market={"Z": 1.0}))
    with pytest.raises(InputError, match="no beta to it"):
        book(returns, Neutral(2.0, market={}))
    with pytest.raises(InputError, match=r"Neutral\.gross is -1"):
        Neutral(-1.0)
