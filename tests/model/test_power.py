"""Mechanism 6: power comes through a queue, and what is short earns a rent."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import Array

from marketsim.model import YEARS, Assumptions, power
from marketsim.model.power import Power
from marketsim.model.smooth import log_minimum
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

USED, ADDED, NONE = leaf(2.0), leaf(0.2), leaf(0.0)
step = jax.jit(power.advance_power)


@jax.jit
def rent_of(options: Array, surplus: Array, kw: Array) -> Array:
    """Return the rent of power, the last of the ``options``, when the least of them is built."""
    return power.scarcity_rent(log_minimum(*options), options[-1], surplus, kw)


contracted = jax.jit(power.contracted)


def advance(
    a: Assumptions, now: Power, wanted: Array = ADDED, shortage: float = 0.0, rent: float = 0.0
) -> Power:
    after: Power = step(a, now, wanted, jnp.asarray(shortage), jnp.asarray(rent))
    return after


@pytest.fixture(scope="module")
def start(median: Assumptions) -> Power:
    return power.initial_power(median, USED, ADDED)


def pipeline(seed: int) -> Power:
    draw = np.random.default_rng(seed)
    return Power(
        queue=jnp.asarray(draw.lognormal(0.0, 1.5, power.STAGES)),
        energised=jnp.asarray(draw.lognormal(1.0, 1.0)),
        log_starts=jnp.asarray(draw.normal(-1.0, 1.0)),
        log_equipment=jnp.asarray(draw.normal(-1.0, 1.5)),
        log_electricity=jnp.asarray(-2.5),
        log_short=NONE,
        rent=NONE,
        log_factor=NONE,
    )


def test_it_starts_with_slack_and_a_queue_sized_for_growth(
    median: Assumptions, start: Power
) -> None:
    assert start.energised == pytest.approx(float(USED * (1.0 + median.initial_power_slack)))
    ahead = jnp.exp(median.power_foresight * median.power_lead_time)
    assert jnp.exp(start.log_starts) == pytest.approx(float(ADDED * ahead))
    assert (jnp.diff(start.queue) < 0.0).all()  # what was started later was started larger
    assert jnp.exp(start.log_electricity) == pytest.approx(median.initial_electricity_price)
    assert jnp.exp(start.log_equipment) == pytest.approx(float(ADDED * median.initial_equipment))
    assert start.rent == start.log_factor == 0.0


@pytest.mark.parametrize("shortage", [0.0, 0.4, 2.0])
def test_what_starts_is_energised_or_still_waits(median: Assumptions, shortage: float) -> None:
    for seed in range(20):
        now = pipeline(seed)
        then = advance(median, now, shortage=shortage)
        own = median.behind_the_meter * shortage * now.energised
        came = jnp.exp(now.log_starts) + own + median.general_capacity
        went = then.energised - now.energised
        assert came == pytest.approx(float(went + then.queue.sum() - now.queue.sum()), abs=1e-12)
        assert went > median.general_capacity
        assert (then.queue > 0.0).all()


def test_no_more_is_built_than_equipment_allows(median: Assumptions) -> None:
    """Sites built for other uses come equipped."""
    for seed in range(20):
        now = pipeline(seed)
        went = advance(median, now).energised - now.energised
        limit = jnp.exp(now.log_equipment) * (1.0 + 1e-12)
        assert went - median.general_capacity <= limit


def waits(a: Assumptions, start: Power) -> np.ndarray:
    """Share of a pulse of 1 GW that is energised in each quarter after its start."""
    now = replace(
        start,
        queue=jnp.full(power.STAGES, 1e-12).at[0].set(1.0),
        energised=NONE,
        log_starts=jnp.asarray(-40.0),
        log_equipment=jnp.asarray(5.0),
    )
    a = replace(a, power_response=NONE, general_capacity=NONE)
    built = [0.0]
    for _ in range(160):
        now = advance(a, now)
        built.append(float(now.energised))
    return np.diff(built)


@pytest.mark.parametrize("years", [1.0, 1.6, 2.4, 3.6, 5.0])
def test_a_start_waits_for_the_lead_time_in_the_mean(
    median: Assumptions, start: Power, years: float
) -> None:
    """And spread as a sum of geometric stages is: an Erlang distribution, cut into quarters."""
    arrived = waits(replace(median, power_lead_time=jnp.asarray(years)), start)
    assert arrived.sum() == pytest.approx(1.0, abs=1e-6)
    quarter = np.arange(1, 161) * YEARS
    mean = float(arrived @ quarter)
    assert mean == pytest.approx(years, rel=0.005)
    share = power.STAGES * YEARS / years
    spread = np.sqrt(power.STAGES * (1.0 - share)) / share * YEARS
    assert np.sqrt(arrived @ (quarter - mean) ** 2) == pytest.approx(spread, rel=0.02)


def test_no_stage_is_left_sooner_than_in_a_quarter(median: Assumptions) -> None:
    for years in (0.01, 0.3, 0.75, 2.0, 8.0):
        share = power.leaving(replace(median, power_lead_time=jnp.asarray(years)))
        assert 0.0 < share <= min(1.0, power.STAGES * YEARS / years) * (1.0 + 1e-9)


def test_scarcity_brings_generation_behind_the_meter(median: Assumptions, start: Power) -> None:
    calm, short = (advance(median, start, shortage=s) for s in (0.0, 0.5))
    assert short.energised > calm.energised


def test_longer_lead_times_deliver_less_power_from_the_same_queue(
    median: Assumptions, start: Power
) -> None:
    slow = replace(median, power_lead_time=2.0 * median.power_lead_time)
    assert advance(slow, start).energised < advance(median, start).energised


def test_starts_move_to_what_will_be_wanted_when_they_finish(
    median: Assumptions, start: Power
) -> None:
    a = replace(median, power_response=jnp.asarray(1.0))
    starts = jnp.exp(advance(a, start, wanted=3.0 * ADDED).log_starts)
    growth = jnp.exp(a.power_foresight * a.power_lead_time)
    assert starts == pytest.approx(float(3.0 * ADDED * growth))


def test_equipment_grows_by_trend_and_answers_to_want(median: Assumptions, start: Power) -> None:
    idle = replace(start, queue=jnp.full(power.STAGES, 1e-9))
    grown = advance(median, idle).log_equipment - idle.log_equipment
    assert grown == pytest.approx(float(median.equipment_growth * YEARS), abs=1e-4)
    pressed = replace(start, log_equipment=jnp.asarray(-6.0))
    answer = advance(median, pressed).log_equipment - pressed.log_equipment
    assert answer > grown


def test_electricity_follows_its_trend(median: Assumptions, start: Power) -> None:
    moved = advance(median, start).log_electricity - start.log_electricity
    assert moved == pytest.approx(float(median.electricity_growth * YEARS))


def test_short_equipment_is_dearer_but_never_beyond_its_limit(
    median: Assumptions, start: Power
) -> None:
    assert power.equipment_factor(median, start) == 1.0
    factors = [
        float(power.equipment_factor(median, replace(start, log_short=jnp.asarray(short))))
        for short in (0.01, 0.5, 5.0, 500.0)
    ]
    assert np.log(factors[0]) == pytest.approx(0.01 * float(median.equipment_premium), rel=1e-3)
    assert (np.diff(factors) > 0.0).all()
    assert factors[-1] <= np.exp(float(median.premium_limit))
    pressed = replace(start, log_equipment=jnp.asarray(-6.0))
    assert advance(median, pressed).log_short > 1.0 > advance(median, start).log_short >= 0.0


# Scarcity rent

LOGS = st.floats(-4.0, 4.0)


@given(LOGS, LOGS, LOGS, st.floats(0.01, 50.0), st.floats(0.2, 3.0))
def test_rent_is_the_surplus_times_the_share_of_power_in_binding(
    wanted: float, makeable: float, powered: float, surplus: float, kw: float
) -> None:
    """The envelope theorem: one per cent more power is worth this share of one per cent more."""
    options = jnp.array([wanted, makeable, powered])
    shares = jax.grad(lambda x: log_minimum(*x))(options)
    rent = float(rent_of(options, jnp.asarray(surplus), jnp.asarray(kw))) * kw
    assert rent == pytest.approx(float(shares[2]) * surplus, rel=1e-9, abs=1e-15)
    assert 0.0 <= rent <= surplus * (1.0 + 1e-12)


@given(LOGS, LOGS, LOGS, st.floats(0.01, 50.0))
def test_one_more_kw_is_worth_its_rent(
    wanted: float, makeable: float, powered: float, surplus: float
) -> None:
    """The derivative of what all deliveries earn by GW, where power binds."""
    kw, powered = 1.3, min(powered, wanted - 1.0, makeable - 1.0)

    def earned(gigawatt: Array) -> Array:
        options = jnp.stack([jnp.asarray(wanted), jnp.asarray(makeable), jnp.log(gigawatt / kw)])
        return surplus * jnp.exp(log_minimum(*options))

    gigawatt = jnp.asarray(kw * np.exp(powered))
    worth = float(jax.grad(earned)(gigawatt))
    options = jnp.array([wanted, makeable, powered])
    assert worth == pytest.approx(float(rent_of(options, surplus, kw)), rel=1e-4)


def test_plentiful_power_earns_nothing_and_power_that_binds_all() -> None:
    surplus, kw = jnp.asarray(7.0), jnp.asarray(1.4)
    plenty, bound = (rent_of(jnp.array([0.0, 0.2, x]), surplus, kw) for x in (4.0, -4.0))
    assert float(plenty) < 1e-12
    assert float(bound) == pytest.approx(5.0)


# Who gets it


def test_landlords_and_generators_take_their_part_as_contracts_turn(
    median: Assumptions, start: Power
) -> None:
    """In the long run electricity and leases together cost more by their share of the rent."""
    rent, now = 0.9, start
    bill = (1.0 + median.power_overhead) * median.initial_electricity_price * KILOHOURS
    owed = float(median.lease_rate + bill)
    full = np.log1p(float(median.power_rent_share) * rent / owed)
    a = replace(median, electricity_growth=NONE)
    first = float(contracted(a, now, jnp.asarray(rent)))
    assert first == pytest.approx(float(median.power_contract_turnover) * full)
    for _ in range(400):
        now = advance(a, now, rent=rent)
    assert now.rent == rent
    assert now.log_factor == pytest.approx(full)
    assert owed * np.expm1(float(now.log_factor)) == pytest.approx(0.9 * float(a.power_rent_share))


def test_without_rent_prices_stay_and_fall_back(median: Assumptions, start: Power) -> None:
    assert contracted(median, start, NONE) == 0.0
    dear = replace(start, log_factor=jnp.asarray(0.4))
    left = 0.4 * (1.0 - float(median.power_contract_turnover))
    assert contracted(median, dear, NONE) == pytest.approx(left)
