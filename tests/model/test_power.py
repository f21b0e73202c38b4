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
from marketsim.model.power import Loading, Power
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
    a: Assumptions,
    now: Power,
    load: Array = USED,
    need: Array | None = None,
    own: float = 0.0,
    rent: float = 0.0,
) -> Power:
    brought = Loading(
        load=load,
        need=load + ADDED if need is None else need,
        own=jnp.asarray(own),
        electricity=jnp.exp(now.log_electricity),
        rent=jnp.asarray(rent),
    )
    after: Power = step(a, now, brought)
    return after


@pytest.fixture(scope="module")
def start(median: Assumptions) -> Power:
    return power.initial_power(median, USED, ADDED)


def pipeline(seed: int) -> Power:
    draw = np.random.default_rng(seed)
    energised = draw.lognormal(1.0, 1.0)
    return Power(
        queue=jnp.asarray(draw.lognormal(0.0, 1.5, power.STAGES)),
        energised=jnp.asarray(energised),
        own=jnp.asarray(0.2 * energised),
        log_starts=jnp.asarray(draw.normal(-1.0, 1.0)),
        log_equipment=jnp.asarray(draw.normal(-1.0, 1.5)),
        log_load=jnp.asarray(np.log(energised) - 0.3),
        foreseen=jnp.asarray(0.3),
        log_let=NONE,
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
    assert start.rent == start.log_factor == start.own == 0.0
    assert jnp.exp(start.log_load) == pytest.approx(float(USED))


@pytest.mark.parametrize(("own", "used"), [(0.0, 0.3), (0.2, 1.0), (2.0, 3.0)])
def test_what_starts_is_energised_waits_or_is_given_up(
    median: Assumptions, own: float, used: float
) -> None:
    """``used`` is the load over what is energised: sites change hands with other uses too."""
    for seed in range(20):
        now = pipeline(seed)
        need = used * now.energised
        then = advance(median, now, load=need, need=need, own=own)
        taken, left = power.exchanged(median, now.energised, need)
        came = jnp.exp(now.log_starts) + own + taken - left * now.energised
        waiting = now.energised + now.queue.sum() + came - then.energised
        _, given_up = power.planned(median, then.foreseen, need, then.energised, waiting)
        assert waiting * (1.0 - given_up) == pytest.approx(float(then.queue.sum()), rel=1e-9)
        assert (then.queue > 0.0).all()
        assert 0.0 <= given_up < 1.0
        assert 0.0 < then.own < then.energised


def test_no_more_is_built_than_equipment_allows(median: Assumptions) -> None:
    """Sites built for other uses come equipped."""
    for seed in range(20):
        now = pipeline(seed)
        went = advance(median, now).energised - now.energised
        limit = jnp.exp(now.log_equipment) * (1.0 + 1e-12)
        assert went - median.general_capacity <= limit


# Nobody energises what stands idle


def grown(a: Assumptions, start: Power, growth: float, quarters: int) -> list[Power]:
    """Power quarter by quarter while the load grows at a steady rate, per year."""
    now, passed = start, []
    for quarter in range(1, quarters + 1):
        load = USED * jnp.exp(growth * YEARS * quarter)
        now = advance(a, now, load=load, need=load * jnp.exp(growth * YEARS))
        passed.append(now)
    return passed


@pytest.mark.parametrize("growth", [0.1, 0.3, 0.6])
def test_in_steady_growth_capacity_is_what_is_used_and_a_margin(
    median: Assumptions, start: Power, growth: float
) -> None:
    a = replace(median, growth_fading=jnp.asarray(1e-6), equipment_growth=jnp.asarray(2.0))
    last = grown(a, start, growth, 120)[-1]
    ratio = float(last.energised / jnp.exp(last.log_load))
    assert 1.0 < ratio < 1.1 * (1.0 + float(a.power_margin)) * np.exp(0.5 * growth)
    assert last.foreseen == pytest.approx(growth, rel=1e-3)


def test_when_growth_ends_starts_end_and_idle_sites_find_other_uses(
    median: Assumptions, start: Power
) -> None:
    booming = grown(median, start, 0.6, 24)[-1]
    load, now, ratios = jnp.exp(booming.log_load), booming, []
    for _ in range(40):
        now = advance(median, now, load=load, need=load)
        ratios.append(float(now.energised / load))
    assert max(ratios) < 2.5
    assert 1.0 < ratios[-1] < 1.0 + 1.5 * float(median.power_margin)
    assert jnp.exp(now.log_starts) < 0.05 * jnp.exp(booming.log_starts)


def test_ai_takes_what_it_lacks_of_others_and_leaves_what_it_does_not_need(
    median: Assumptions,
) -> None:
    energised = jnp.asarray(10.0)
    margin = 1.0 + float(median.power_margin)
    short, slack = (power.exchanged(median, energised, x * energised) for x in (3.0, 0.3))
    assert short[0] == pytest.approx(float(median.general_capacity), rel=0.06)
    assert short[1] < 1e-3
    assert slack[0] < 0.01
    assert slack[1] == pytest.approx(float(median.site_release) * (1.0 - 0.3 * margin), rel=0.01)


def test_landlords_house_what_comes_as_far_as_their_capital_goes(median: Assumptions) -> None:
    """They fall behind a load that grows at a rate by that over their own, and grow as it does."""
    growth, log_let, log_load = 0.1, NONE, jnp.log1p(median.power_overhead)
    for _ in range(600):
        log_load = log_load + growth
        log_let = power.let(median, log_let, log_load)
    behind = log_load - jnp.log1p(median.power_overhead) - log_let
    speed = float(median.landlord_response)
    assert behind == pytest.approx(growth * (1.0 - speed) / speed, rel=1e-6)


def test_own_generation_is_paid_for_by_the_sites_that_have_it(median: Assumptions) -> None:
    grid = jnp.asarray(0.08)
    assert power.mixed_price(median, NONE, grid) == pytest.approx(0.08)
    assert power.mixed_price(median, leaf(1.0), grid) == pytest.approx(
        float(median.own_generation_cost)
    )


def waits(a: Assumptions, start: Power) -> np.ndarray:
    """Share of a pulse of 1 GW that is energised in each quarter after its start."""
    now = replace(
        start,
        queue=jnp.full(power.STAGES, 1e-12).at[0].set(1.0),
        log_starts=jnp.asarray(-40.0),
        log_equipment=jnp.asarray(5.0),
    )
    a = replace(a, site_release=NONE, general_capacity=NONE, power_response=NONE)
    a = replace(a, power_learning=NONE)
    now = replace(now, energised=leaf(1e-12), foreseen=leaf(1e6))  # nobody gives up
    built = [0.0]
    for _ in range(160):
        now = replace(advance(a, now, own=1e-15), log_starts=jnp.asarray(-40.0))
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


def test_generation_behind_the_meter_is_energised_as_it_arrives(
    median: Assumptions, start: Power
) -> None:
    grid, mixed = (advance(median, start, own=x) for x in (0.0, 0.1))
    assert mixed.energised - grid.energised == pytest.approx(0.1, rel=0.05)
    assert mixed.own == pytest.approx(0.1, rel=0.05)
    assert power.on_grid(mixed) < power.on_grid(grid)
    assert mixed.log_electricity > grid.log_electricity  # it costs more


def test_longer_lead_times_deliver_less_power_from_the_same_queue(
    median: Assumptions, start: Power
) -> None:
    slow = replace(median, power_lead_time=2.0 * median.power_lead_time)
    assert advance(slow, start).energised < advance(median, start).energised


def test_starts_close_the_gap_to_what_will_be_needed(median: Assumptions) -> None:
    """Growth that is foreseen, and a share of what is missing; nothing where all is on its way."""
    a, need, waiting = replace(median, growth_fading=jnp.asarray(1e-9)), leaf(3.0), leaf(1.0)
    foreseen = jnp.asarray(0.2)
    needed = float((1.0 + a.power_margin) * need * jnp.exp(0.2 * a.power_lead_time))
    for ahead in (0.3 * needed, needed, 1.05 * needed):
        started, given_up = power.planned(a, foreseen, need, jnp.asarray(ahead - 1.0), waiting)
        rate = 0.2 * YEARS + float(a.power_response) * np.log(needed / ahead)
        assert started / ahead == pytest.approx(rate, rel=0.2)
        assert given_up < 0.05
    idle, given_up = power.planned(a, foreseen, need, jnp.asarray(5.0 * needed), waiting)
    assert idle < 0.02 * needed
    assert given_up > 0.5


def test_growth_that_fades_calls_for_less(median: Assumptions) -> None:
    years = float(median.power_lead_time)
    steady, fading = (
        float(power.expected_growth(replace(median, growth_fading=jnp.asarray(x)), leaf(0.4)))
        for x in (1e-9, 0.5)
    )
    assert steady == pytest.approx(0.4 * years)
    assert fading == pytest.approx(0.4 * (1.0 - np.exp(-0.5 * years)) / 0.5)


def test_equipment_grows_by_trend_and_answers_to_want(median: Assumptions, start: Power) -> None:
    idle = replace(start, queue=jnp.full(power.STAGES, 1e-9))
    grown = advance(median, idle).log_equipment - idle.log_equipment
    assert grown == pytest.approx(float(median.equipment_growth * YEARS), abs=1e-4)
    pressed = replace(start, log_equipment=jnp.asarray(-6.0))
    answer = advance(median, pressed).log_equipment - pressed.log_equipment
    assert answer > grown


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
    first = float(contracted(median, now, jnp.asarray(rent)))
    assert first == pytest.approx(float(median.power_contract_turnover) * full)
    for _ in range(400):
        now = advance(median, now, rent=rent)
    assert now.rent == rent
    assert now.log_factor == pytest.approx(full)
    assert owed * np.expm1(float(now.log_factor)) == pytest.approx(
        0.9 * float(median.power_rent_share)
    )


def test_without_rent_prices_stay_and_fall_back(median: Assumptions, start: Power) -> None:
    assert contracted(median, start, NONE) == 0.0
    dear = replace(start, log_factor=jnp.asarray(0.4))
    left = 0.4 * (1.0 - float(median.power_contract_turnover))
    assert contracted(median, dear, NONE) == pytest.approx(left)
