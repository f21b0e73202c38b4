"""Returns of many draws: those of `revalue`, made a part at a time, whatever the parts."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.ensemble import CHUNK
from marketsim.errors import InputError
from marketsim.simulation import Part, allot, parts, run_part
from marketsim.valuation import simulate_returns
from tests.test_simulation import arrays

DRAWS = 1_500
"""Of more than one block of pasts: the largest regime has 540 draws."""


@pytest.fixture(scope="module")
def more(scenarios: ms.Scenarios) -> ms.Paths:
    return ms.simulate(scenarios, draws=DRAWS)


@pytest.fixture(scope="module")
def whole(more: ms.Paths, prices: ms.prices.Prices) -> ms.ReturnScenarios:
    return ms.revalue(more, prices)


# ----------------------------------------------------------------------- parts


@given(draws=st.integers(7, 20_000), chunk=st.integers(1, 20_000))
def test_every_draw_is_in_one_part_with_all_others_of_its_past(
    draws: int, chunk: int, scenarios: ms.Scenarios
) -> None:
    share, found = parts(scenarios, draws, chunk)
    expected = allot(scenarios.probabilities, draws)
    np.testing.assert_array_equal(share.index, expected.index)
    rows = np.concatenate([part.rows for part in found])
    np.testing.assert_array_equal(np.sort(rows), np.arange(draws))
    numbers = np.concatenate([part.numbers for part in found])
    np.testing.assert_array_equal(numbers, np.arange(expected.index.max() + 1))
    for part in found:
        np.testing.assert_array_equal(part.numbers[part.past], expected.index[part.rows])
        np.testing.assert_array_equal(part.regime, expected.regime[part.rows])
        assert part.numbers[0] % CHUNK == 0
        assert len(part.rows) <= chunk + len(scenarios.names) * CHUNK
        blocks = [part.rows[few] for few in part.blocks()]
        np.testing.assert_array_equal(np.concatenate(blocks), part.rows)
        assert all(len(set(expected.index[block] // CHUNK)) == 1 for block in blocks)


def test_a_world_is_bit_for_bit_the_one_that_is_drawn_with_all(
    more: ms.Paths, scenarios: ms.Scenarios
) -> None:
    _, found = parts(scenarios, DRAWS, chunk=1)
    assert len(found) == 2
    for part in found:
        mine = arrays(run_part(scenarios, part))
        for name, path in arrays(more.draws[part.rows]).items():
            np.testing.assert_array_equal(mine[name], path, err_msg=name)


# ----------------------------------------------------------------------- returns


@pytest.mark.parametrize("asked", [{}, {"anchor": "unshifted", "horizon": "6m"}], ids=str)
def test_returns_are_those_of_worlds_valued_at_once_whatever_the_parts(
    asked: dict[str, Any], more: ms.Paths, prices: ms.prices.Prices
) -> None:
    """To rounding of the means that the market prices; of parts to the byte."""
    expected = ms.revalue(more, prices, **asked)
    one, two = (
        simulate_returns(more.scenarios, prices, DRAWS, chunk=chunk, **asked)
        for chunk in (1, 10**6)
    )
    assert one.returns.tobytes() == two.returns.tobytes()
    np.testing.assert_allclose(one.returns, expected.returns, rtol=2e-12, atol=1e-12)
    assert one.tickers == expected.tickers
    assert one.layers == expected.layers
    assert one.horizon_years == expected.horizon_years
    np.testing.assert_array_equal(one.probabilities, expected.probabilities)
    np.testing.assert_array_equal(one.regimes, expected.regimes)


def test_other_draws_change_what_a_company_returns_by_one_factor(
    whole: ms.ReturnScenarios, scenarios: ms.Scenarios, prices: ms.prices.Prices
) -> None:
    """And those that they have in common stay what they are, row by row."""
    fewer = simulate_returns(scenarios, prices, 1_000)
    factor = (1.0 + fewer.returns) / (1.0 + whole.returns[:1_000])
    np.testing.assert_allclose(factor, np.broadcast_to(factor[0], factor.shape), rtol=1e-11)
    assert 1e-12 < np.abs(factor[0] - 1.0).max() < 0.1


def test_parts_may_be_made_by_others(
    whole: ms.ReturnScenarios, scenarios: ms.Scenarios, prices: ms.prices.Prices
) -> None:
    """What they are given travels: pickled, as to another process, and in any order."""
    seen: list[Part] = []

    def elsewhere(make: Any, some: list[Part]) -> Iterator[Any]:
        seen.extend(some)
        sent = pickle.dumps((make, some))
        others, there = pickle.loads(sent)
        made = {i: pickle.dumps(others(there[i])) for i in reversed(range(len(there)))}
        return (pickle.loads(made[i]) for i in range(len(there)))

    found = simulate_returns(scenarios, prices, DRAWS, chunk=1, each=elsewhere)
    assert len(seen) == 2
    np.testing.assert_allclose(found.returns, whole.returns, rtol=2e-12, atol=1e-12)


def test_an_allocation_over_them_is_certified_and_no_world_stands_behind_it(
    whole: ms.ReturnScenarios, scenarios: ms.Scenarios, prices: ms.prices.Prices
) -> None:
    aim = ms.ExpectedReturn() - ms.CVaR(0.95)
    found = simulate_returns(scenarios, prices, DRAWS)
    choice = ms.allocate(found, aim, max_weight=0.15)
    np.testing.assert_allclose(
        choice.objective, ms.allocate(whole, aim, max_weight=0.15).objective, atol=1e-9
    )
    with pytest.raises(InputError, match="no world stands behind these returns"):
        found.exposures("elasticity")


def test_what_cannot_be_drawn_is_refused(scenarios: ms.Scenarios, prices: ms.prices.Prices) -> None:
    with pytest.raises(InputError, match="3 draws cannot cover 7 regimes"):
        simulate_returns(scenarios, prices, 3)
    with pytest.raises(InputError, match="seed=-1 is no seed"):
        simulate_returns(scenarios, prices, 100, seed=-1)
    with pytest.raises(InputError, match="chunk=0 is no number of draws"):
        simulate_returns(scenarios, prices, 100, chunk=0)
    with pytest.raises(InputError, match="anchor is 'none'"):
        simulate_returns(scenarios, prices, 100, anchor="none")  # type: ignore[arg-type]
