"""Mechanism 6: power comes through a queue, and what is short earns a premium."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import YEARS, Assumptions, power
from marketsim.model.power import Power
from marketsim.model.tree import leaf

USED, ADDED, NONE = leaf(2.0), leaf(0.2), leaf(0.0)
advance = jax.jit(power.advance_power)


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
    )


def test_it_starts_with_slack_and_a_queue_sized_for_growth(
    median: Assumptions, start: Power
) -> None:
    assert start.energised == pytest.approx(float(USED * (1.0 + median.initial_power_slack)))
    ahead = jnp.exp(median.power_foresight * median.power_lead_time)
    assert jnp.exp(start.log_starts) == pytest.approx(float(ADDED * ahead))
    assert (jnp.diff(start.queue) < 0.0).all()  # what was started later was started larger
    assert jnp.exp(start.log_electricity) == pytest.approx(median.electricity_price)


@pytest.mark.parametrize("shortage", [0.0, 0.4, 2.0])
def test_what_starts_is_energised_or_still_waits(median: Assumptions, shortage: float) -> None:
    for seed in range(20):
        now = pipeline(seed)
        then = advance(median, now, ADDED, jnp.asarray(shortage))
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
        went = advance(median, now, ADDED, NONE).energised - now.energised
        limit = jnp.exp(now.log_equipment) * (1.0 + 1e-12)
        assert went - median.general_capacity <= limit


def test_a_start_waits_for_about_the_lead_time(median: Assumptions, start: Power) -> None:
    """A pulse of 1 GW: all of it arrives, on average within two quarters of the lead time."""
    now = replace(
        start,
        queue=jnp.zeros(power.STAGES).at[0].set(1.0),
        energised=NONE,
        log_starts=jnp.asarray(-40.0),
        log_equipment=jnp.asarray(5.0),
    )
    a = replace(median, power_response=NONE, general_capacity=NONE)
    built = [0.0]
    for _ in range(120):
        now = advance(a, now, ADDED, NONE)
        built.append(float(now.energised))
    assert built[-1] == pytest.approx(1.0, abs=1e-6)
    mean_wait = float((np.diff(built) * np.arange(1, 121)).sum() * YEARS)
    assert mean_wait == pytest.approx(float(a.power_lead_time), abs=0.5)
    assert mean_wait > 0.9 * float(a.power_lead_time)


def test_scarcity_brings_generation_behind_the_meter(median: Assumptions, start: Power) -> None:
    calm, short = (advance(median, start, ADDED, jnp.asarray(s)) for s in (0.0, 0.5))
    assert short.energised > calm.energised


def test_longer_lead_times_deliver_less_power_from_the_same_queue(
    median: Assumptions, start: Power
) -> None:
    slow = replace(median, power_lead_time=2.0 * median.power_lead_time)
    assert (
        advance(slow, start, ADDED, NONE).energised < advance(median, start, ADDED, NONE).energised
    )


def test_starts_move_to_what_will_be_wanted_when_they_finish(
    median: Assumptions, start: Power
) -> None:
    a = replace(median, power_response=jnp.asarray(1.0))
    starts = jnp.exp(advance(a, start, 3.0 * ADDED, NONE).log_starts)
    growth = jnp.exp(a.power_foresight * a.power_lead_time)
    assert starts == pytest.approx(float(3.0 * ADDED * growth))


def test_equipment_grows_by_trend_and_answers_to_want(median: Assumptions, start: Power) -> None:
    idle = replace(start, queue=jnp.full(power.STAGES, 1e-9))
    grown = advance(median, idle, ADDED, NONE).log_equipment - idle.log_equipment
    assert grown == pytest.approx(float(median.equipment_growth * YEARS), abs=1e-6)
    pressed = replace(start, log_equipment=jnp.asarray(-6.0))
    answer = advance(median, pressed, ADDED, NONE).log_equipment - pressed.log_equipment
    assert answer > grown


def test_electricity_follows_its_trend(median: Assumptions, start: Power) -> None:
    moved = advance(median, start, ADDED, NONE).log_electricity - start.log_electricity
    assert moved == pytest.approx(float(median.electricity_growth * YEARS))


@pytest.mark.parametrize("shortage", [0.0, 0.1, 1.0])
def test_premium_is_a_power_of_shortage(median: Assumptions, shortage: float) -> None:
    factor = power.premium(median, jnp.asarray(shortage))
    assert factor == pytest.approx(np.exp(shortage * float(median.power_premium)))
    assert factor >= 1.0
