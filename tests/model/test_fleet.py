"""Mechanism 5: vintages come, age, stop paying and leave; nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.model import ARCHITECTURES, YEARS, Assumptions, fleet
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

SIZE = (fleet.AGES, len(ARCHITECTURES))
SHARES = leaf(np.array([0.7, 0.25, 0.05]))
FIELDS = ("compute", "power", "book")
PLENTY = leaf(np.full(SIZE, 1e9))
"""Economic value that no book value comes near."""
retire, push, keep = (jax.jit(f) for f in (fleet.retire, fleet.add_vintage, fleet.keep_books))


def stock(seed: int) -> fleet.Fleet:
    draw = np.random.default_rng(seed)
    return fleet.Fleet(*(jnp.asarray(draw.lognormal(0.0, 2.0, SIZE)) for _ in FIELDS))


@pytest.fixture(scope="module")
def start(median: Assumptions) -> fleet.Fleet:
    return fleet.initial_fleet(
        median, SHARES, jnp.log(jnp.full(3, 40.0)), jnp.log(jnp.full(3, 1.2))
    )


def test_the_first_fleet_is_what_was_installed(median: Assumptions, start: fleet.Fleet) -> None:
    assert start.compute.sum() == pytest.approx(median.initial_compute)
    np.testing.assert_allclose(start.compute.sum(axis=0), median.initial_compute * SHARES)
    kw = start.power / start.compute
    assert (jnp.diff(kw, axis=0) > 0.0).all()  # older chips draw more
    np.testing.assert_allclose(kw[0], 1.2)
    decade = np.log(kw[-1] / kw[0]) / (YEARS * (fleet.AGES - 1))
    np.testing.assert_allclose(decade, median.compute_per_watt_growth)


def test_the_first_books_hold_what_older_chips_cost_less_what_they_wore(
    median: Assumptions, start: fleet.Fleet
) -> None:
    years = YEARS * np.arange(fleet.AGES)[:, None]
    paid = 40.0 * np.exp(np.asarray(median.compute_per_dollar_growth) * years)
    unworn = np.maximum(1.0 - years / float(median.accounting_life), 0.0)
    np.testing.assert_allclose(start.book / start.compute / paid, unworn + 0.0 * paid, atol=0.015)
    np.testing.assert_allclose(start.book[0] / start.compute[0], np.full(3, 40.0), rtol=1e-3)


SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
def test_a_new_vintage_adds_itself_and_the_rest_ages(seed: int) -> None:
    old, new = stock(seed), jnp.array([1.0, 2.0, 3.0])
    grown = push(old, new, 2.0 * new, 3.0 * new)
    for i, name in enumerate(FIELDS, start=1):
        before, after = getattr(old, name), getattr(grown, name)
        assert after.sum() == pytest.approx(before.sum() + i * 6.0)
        np.testing.assert_array_equal(after[0], i * new)
        np.testing.assert_array_equal(after[1:-1], before[:-2])


@pytest.mark.parametrize("log_rent", [-6.0, -1.0, 0.0, 1.0, 6.0])
def test_what_leaves_is_what_is_missed(median: Assumptions, log_rent: float) -> None:
    old = stock(1)
    cost = fleet.hourly_cost(median, old, jnp.asarray(0.08))
    kept, removal = retire(median, old, jnp.exp(log_rent), cost)
    for name in FIELDS:
        before, after = getattr(old, name), getattr(kept, name)
        assert after.sum() + getattr(removal, name) == pytest.approx(float(before.sum()))
        assert (after > 0.0).all()
        np.testing.assert_allclose(after / before, kept.compute / old.compute)


def test_while_rent_is_high_only_failures_leave(median: Assumptions) -> None:
    old = stock(2)
    kept, _ = retire(median, old, jnp.exp(12.0), jnp.ones(SIZE))
    np.testing.assert_allclose(kept.compute / old.compute, jnp.exp(-median.attrition * YEARS))


def test_without_rent_a_share_of_every_vintage_leaves(median: Assumptions) -> None:
    a = replace(median, attrition=jnp.asarray(0.0))
    kept, _ = retire(a, stock(2), jnp.exp(-12.0), jnp.ones(SIZE))
    np.testing.assert_allclose(kept.compute / stock(2).compute, 1.0 - fleet.RETIREMENT)


def test_what_costs_most_to_run_leaves_first(median: Assumptions, start: fleet.Fleet) -> None:
    cost = fleet.hourly_cost(median, start, jnp.asarray(0.08))
    kept, _ = retire(median, start, cost[8, 0], cost)
    assert (jnp.diff(kept.compute / start.compute, axis=0) < 0.0).all()


def test_running_cost_is_energy_at_pue_and_hosting(median: Assumptions) -> None:
    cost = fleet.running_cost(median, jnp.asarray(0.08), jnp.asarray(1.5))
    energy = 1.5 * (1.0 + median.power_overhead) * 0.08 * KILOHOURS
    assert cost == pytest.approx(float(energy + 1.5 * median.hosting_cost))
    even = fleet.Fleet(*(jnp.full(SIZE, x) for x in (2.0, 3.0, 1.0)))
    hourly = fleet.hourly_cost(median, even, jnp.asarray(0.08))
    np.testing.assert_allclose(hourly, cost / KILOHOURS, rtol=1e-6)


# Books


class Books(NamedTuple):
    """Of one vintage by quarter: what books hold, and what they were charged."""

    held: np.ndarray
    depreciation: np.ndarray
    write_down: np.ndarray


def kept_for(a: Assumptions, quarters: int, fallen: dict[int, float] | None = None) -> Books:
    """Keep the books of one vintage that cost 1; its worth falls to ``fallen`` in some quarters."""
    none = jnp.zeros(len(ARCHITECTURES))
    now = push(fleet.Fleet(*(jnp.zeros(SIZE) for _ in FIELDS)), none + 1.0, none, none + 1.0)
    rows = []
    for quarter in range(quarters):
        value = jnp.full(SIZE, (fallen or {}).get(quarter, 1e9))
        now, accounts = keep(a, now, value)
        rows.append((now.book.sum(), accounts.depreciation, accounts.write_down))
        now = push(now, none, none, none)
    return Books(*(np.array(rows).T / len(ARCHITECTURES)))


@pytest.mark.parametrize("life", [3.0, 4.3, 5.5, 6.0])
def test_an_unimpaired_vintage_is_written_off_in_a_straight_line(
    median: Assumptions, life: float
) -> None:
    a = replace(median, accounting_life=jnp.asarray(life))
    books = kept_for(a, 30)
    line = np.maximum(1.0 - YEARS * np.arange(1, 31) / life, 0.0)
    np.testing.assert_allclose(books.held, line, atol=0.015)  # the last quarter is smooth
    ends = round(life / YEARS + 0.49)
    assert (books.held[ends:] < 0.005).all()
    np.testing.assert_allclose(
        books.depreciation[: ends - 4], np.full(ends - 4, YEARS / life), rtol=1e-3
    )
    assert books.write_down.sum() < 1e-6


def test_what_was_paid_is_charged_once_whatever_happens(median: Assumptions) -> None:
    for fallen in ({}, {4: 0.2}, {2: 0.5, 9: 0.0}, dict.fromkeys(range(40), 0.0)):
        books = kept_for(median, 40, fallen)
        charged = books.depreciation.sum() + books.write_down.sum()
        assert charged == pytest.approx(1.0, abs=1e-3)
        np.testing.assert_allclose(
            books.held, 1.0 - np.cumsum(books.depreciation + books.write_down), atol=1e-9
        )


def test_a_write_down_is_charged_less_of_later(median: Assumptions) -> None:
    """By the share of the book that it took, evenly over what is left of the life."""
    plain, hit = kept_for(median, 30), kept_for(median, 30, {6: 0.1})
    np.testing.assert_array_equal(hit.depreciation[:7], plain.depreciation[:7])
    gap = plain.held[6] - 0.1
    assert hit.write_down[6] == pytest.approx(float(median.write_down_speed) * gap, rel=1e-3)
    left = hit.held[6] / plain.held[6]
    assert left < 1.0
    np.testing.assert_allclose(hit.depreciation[7:], left * plain.depreciation[7:], rtol=1e-6)


def test_owners_write_down_a_part_of_the_gap_and_carry_the_rest(median: Assumptions) -> None:
    old = stock(3)
    half = 0.5 * old.book
    now, accounts = keep(median, old, half)
    assert 0.0 < accounts.write_down < median.write_down_speed * half.sum()
    part = accounts.write_down / (accounts.write_down + accounts.unrecognised)
    assert part == pytest.approx(float(median.write_down_speed))
    charged = float(accounts.depreciation + accounts.write_down)
    assert float(old.book.sum() - now.book.sum()) == pytest.approx(charged)
    assert float(keep(median, old, PLENTY)[1].write_down) < 1e-6 * float(old.book.sum())


def test_a_faster_fall_of_rent_strands_capital(median: Assumptions, start: fleet.Fleet) -> None:
    """Claim C11: the gap of book over economic value."""
    cost = fleet.hourly_cost(median, start, jnp.asarray(0.08))

    def stranded(rent: float, rate: float = 0.12) -> float:
        value = fleet.economic_value(start, jnp.asarray(rent), cost, jnp.asarray(rate))
        accounts = keep(median, start, value)[1]
        return float(accounts.write_down + accounts.unrecognised)

    assert stranded(1.0) > stranded(2.0) > stranded(4.0) >= 0.0
    assert stranded(2.0, rate=0.20) > stranded(2.0, rate=0.12)
    depreciation = keep(median, start, PLENTY)[1].depreciation
    assert stranded(0.01) == pytest.approx(float(start.book.sum() - depreciation), rel=0.05)


def test_economic_value_is_a_perpetuity_of_net_rent(median: Assumptions) -> None:
    even = fleet.Fleet(*(jnp.ones(SIZE) for _ in FIELDS))
    value = fleet.economic_value(even, jnp.asarray(3.0), jnp.ones(SIZE), jnp.asarray(0.1))
    np.testing.assert_allclose(value, 2.0 * KILOHOURS / 0.1, rtol=1e-3)


def test_the_newest_share_is_what_was_added_last(start: fleet.Fleet) -> None:
    """It is let at the price of the day; a quarter without deliveries has none."""
    added = jnp.asarray([0.2, 0.1, 0.0])
    after = push(start, added, added, added)
    whole = float(start.compute.sum() + added.sum())
    assert float(fleet.newest(after)) == pytest.approx(0.3 / whole)
    assert float(fleet.newest(push(after, 0.0 * added, 0.0 * added, 0.0 * added))) == 0.0
