"""Mechanism 10, the structure of the industry: who sells, to whom, at what margin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import Array

from marketsim.model import LAYERS, YEARS, Assumptions, industry
from marketsim.model.architecture import Choice
from marketsim.model.industry import CLOUD, PLACES, Industry
from marketsim.model.units import CONTESTED

if TYPE_CHECKING:
    from tests.model.conftest import World

advance, concentrated = jax.jit(industry.advance_industry), jax.jit(industry.concentrated)
turnover = jax.jit(industry.turnover)
NOBODY = jnp.zeros(())


@pytest.fixture(scope="module")
def choice(median: Assumptions, world: World) -> Choice:
    chosen: Choice = world.begin(median).choice
    return chosen


@pytest.fixture(scope="module")
def start(median: Assumptions, choice: Choice) -> Industry:
    return industry.initial_industry(median, choice)


def drifted(exponent: float | np.ndarray) -> Industry:
    """An industry whose shares have drifted by ``exponent``, [contested layer]."""
    none = jnp.zeros(())
    return Industry(jnp.zeros(len(CONTESTED)) + exponent, none, none, none, none, none, none)


# Drift


def test_it_starts_as_the_book_states_it(median: Assumptions, start: Industry) -> None:
    assert (start.exponent == 0.0).all()
    assert start.log_markup == start.log_independent == 0.0
    np.testing.assert_allclose(np.exp(start.log_base), median.lines.base_level)


def test_rates_move_levels_year_by_year(
    median: Assumptions, start: Industry, choice: Choice
) -> None:
    a = replace(
        median,
        concentration=jnp.linspace(-0.1, 0.2, len(CONTESTED)),
        merchant_markup_growth=jnp.asarray(-0.05),
    )
    now = start
    for _ in range(12):
        now = advance(a, now, choice, NOBODY, NOBODY)
    years = 12 * YEARS
    np.testing.assert_allclose(now.exponent, years * a.concentration)
    assert now.log_markup == pytest.approx(-0.05 * years)
    assert np.exp(now.log_independent) == pytest.approx(np.exp(-years * float(a.absorption)))
    np.testing.assert_allclose(now.log_base - start.log_base, years * a.lines.base_growth)


def test_the_merchants_price_follows_its_share(
    median: Assumptions, start: Industry, choice: Choice
) -> None:
    """By an elasticity, and back: it is a matter of where the share stands."""
    a = replace(median, merchant_markup_growth=jnp.asarray(0.0))
    fallen = replace(choice, log_share=choice.log_share - jnp.asarray([1.2, 0.0, 0.0])[:, None])
    low = advance(a, start, fallen, NOBODY, NOBODY)
    assert low.log_markup == pytest.approx(-1.2 * float(a.merchant_pricing))
    assert advance(a, low, fallen, NOBODY, NOBODY).log_markup == low.log_markup
    assert advance(a, low, choice, NOBODY, NOBODY).log_markup == pytest.approx(0.0, abs=1e-12)


def test_without_absorption_every_design_stays_independent(
    median: Assumptions, start: Industry, choice: Choice
) -> None:
    """Claim C16 in the limit."""
    now = advance(replace(median, absorption=jnp.asarray(0.0)), start, choice, NOBODY, NOBODY)
    assert now.log_independent == 0.0


# Shares

SEEDS = st.integers(0, 2**32 - 1)


def shares(seed: int) -> np.ndarray:
    """Shares of layers of eight lines, some of them none, [line, layer]."""
    draw = np.random.default_rng(seed)
    share = draw.dirichlet(np.ones(9), len(LAYERS)).T[:8]
    return np.where(draw.uniform(size=share.shape) < 0.3, 0.0, share)


@given(SEEDS, st.floats(-0.9, 3.0))
def test_concentration_keeps_totals_and_what_nobody_holds(seed: int, exponent: float) -> None:
    share = shares(seed)
    moved = np.asarray(concentrated(drifted(exponent), share))
    np.testing.assert_allclose(moved.sum(axis=0), share.sum(axis=0), rtol=1e-9)
    assert ((moved > 0.0) == (share > 0.0)).all()
    others = [i for i in range(len(LAYERS)) if i not in PLACES]
    np.testing.assert_array_equal(moved[:, others], share[:, others])


@given(SEEDS, st.floats(0.01, 2.0))
def test_the_largest_gain_from_concentration_and_lose_from_fragmentation(
    seed: int, exponent: float
) -> None:
    """Claims C13 and C14."""
    share = shares(seed)
    for sign in (1.0, -0.4):
        moved = np.asarray(concentrated(drifted(sign * exponent), share))
        for layer in PLACES:
            held = np.flatnonzero(share[:, layer])
            if len(held) > 1:
                change = np.log(moved[held, layer] / share[held, layer])
                order = np.argsort(share[held, layer])
                assert (np.diff(change[order]) * sign >= -1e-9).all()
                assert change[order][-1] * sign > 0.0


@given(SEEDS)
def test_without_drift_shares_are_those_of_the_book(seed: int) -> None:
    share = shares(seed)
    np.testing.assert_allclose(concentrated(drifted(0.0), share), share, rtol=1e-12)


def test_drifts_add_up(start: Industry) -> None:
    """A share to the power of 1 + x, then 1 + y, is one to the power of their product."""
    share = shares(3)
    twice = concentrated(drifted(0.5), concentrated(drifted(0.2), share))
    np.testing.assert_allclose(twice, concentrated(drifted(1.5 * 1.2 - 1.0), share), rtol=1e-9)


def test_each_contested_layer_drifts_on_its_own(world: World) -> None:
    share = np.asarray(world.setting.lines.share)
    exponent = np.zeros(len(CONTESTED))
    exponent[CLOUD] = 0.5
    moved = np.asarray(concentrated(drifted(exponent), share))
    cloud = LAYERS.index("cloud")
    np.testing.assert_allclose(np.delete(moved, cloud, 1), np.delete(share, cloud, 1), rtol=1e-12)
    largest = share[:, cloud].argmax()
    assert moved[largest, cloud] > share[largest, cloud]


def test_a_book_without_a_layer_has_none_of_it_and_finite_gradients() -> None:
    def held(exponent: Array) -> Array:
        share = jnp.zeros((2, len(LAYERS))).at[0, 0].set(0.4)
        return industry.concentrated(replace(drifted(0.0), exponent=exponent), share)

    exponent = jnp.full(len(CONTESTED), 0.3)
    assert held(exponent).sum() == pytest.approx(0.4)
    assert jnp.isfinite(jax.jacfwd(held)(exponent)).all()
    assert jnp.isfinite(jax.jacrev(held)(exponent)).all()


# Who can pay for building


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5), st.floats(0.0, 1.0))
def test_all_that_is_built_is_held(start: float, now: float, part: float) -> None:
    """Owners' shares add up to one, whoever of them borrows; what nobody moved is as stated."""

    def held(borrowed: float, borrowers: float) -> float:
        return float(industry.held(*(jnp.asarray(x) for x in (borrowed, borrowers, start))))

    of_borrowers, of_others = held(1.0, now), held(0.0, now)
    assert start * of_borrowers + (1.0 - start) * of_others == pytest.approx(1.0)
    assert held(part, start) == pytest.approx(1.0)
    mixed = held(part, now)
    assert mixed == pytest.approx(part * of_borrowers + (1.0 - part) * of_others)


def test_fleets_of_borrowers_follow_what_they_build(
    median: Assumptions, start: Industry, choice: Choice
) -> None:
    """By how much of all compute is new: what stands stays where it is."""
    built, added = jnp.asarray(0.02), jnp.asarray(0.1)
    now = advance(median, start, choice, built, added)
    kept = 0.9 * float(start.borrowers) + 0.1 * 0.02
    assert float(now.borrowers) == pytest.approx(kept)
    assert float(now.start) == float(start.start)


# Contracts


def test_concentrated_clouds_sell_longer_contracts(median: Assumptions, start: Industry) -> None:
    """Claim C13: revenue of fewer owners is more durable."""
    plain = float(turnover(median, start))
    assert plain == pytest.approx(float(median.contract_turnover))
    rates = [float(turnover(median, drifted(x))) for x in (-3.0, -0.3, 0.0, 0.3, 3.0)]
    assert (np.diff(rates) < 0.0).all()
    assert 0.0 < rates[-1] < rates[0] < 1.0
    odds = [r / (1.0 - r) for r in rates]
    lengthened = np.exp(-float(median.contract_durability) * 0.3)
    assert odds[3] / odds[2] == pytest.approx(lengthened)


def test_other_layers_leave_contracts_alone(median: Assumptions) -> None:
    exponent = np.full(len(CONTESTED), 0.8)
    exponent[CLOUD] = 0.0
    assert turnover(median, drifted(exponent)) == pytest.approx(float(median.contract_turnover))


# Export controls


def premium(a: Assumptions, **changes: float) -> float:
    changed: dict[str, Any] = {name: jnp.asarray(x) for name, x in changes.items()}
    return float(industry.restricted_premium(replace(a, **changed)))


def test_what_is_missing_in_the_region_is_dear_there(median: Assumptions) -> None:
    """Claim C15: the price that clears what is left of supply at the elasticity of demand."""
    left = 1.0 - float(median.export_control) * (1.0 - float(median.domestic_substitution))
    dearer = np.exp(premium(median))
    assert dearer ** -float(median.elasticity[1]) == pytest.approx(left)
    assert premium(median, export_control=0.6) > premium(median, export_control=0.3) > 0.0
    assert premium(median, domestic_substitution=0.8) < premium(median)
    assert premium(median, export_control=0.0) == 0.0
    assert premium(median, domestic_substitution=1.0) == 0.0
