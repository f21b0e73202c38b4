"""The claims the model exists to examine, by their sign and size, through the whole of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import CLASSES, LAYERS, Assumptions, Quarter, State

if TYPE_CHECKING:
    from tests.model.conftest import World

MIDDLE = 16
"""Quarters of history before a world's assumptions change."""


@pytest.fixture(scope="module")
def middle(world: World, median: Assumptions) -> State:
    """Where history hands over to the future."""
    return world.after(MIDDLE, median)


def layer(quarters: Quarter, name: str) -> Array:
    return quarters.spending[:, LAYERS.index(name)]


@pytest.mark.parametrize("growth", [0.3, 2.0])
def test_in_the_static_limit_efficiency_leaves_all_spending_unchanged(
    world: World, median: Assumptions, growth: float
) -> None:
    """Claim C1 at unit elasticity, through the whole model for nine years."""
    a = frictionless(median, elasticity=1.0)
    plain, other = (
        forecast(world, replace(a, algorithmic_growth=jnp.asarray(g))) for g in (1.1, growth)
    )
    assert (jnp.abs(jnp.log(other.tokens[8] / plain.tokens[8])) > 0.5).all()
    np.testing.assert_allclose(inference(other), inference(plain), rtol=1e-5)
    for name in ("rent", "compute", "capital_spending", "spending", "lines"):
        np.testing.assert_allclose(getattr(other, name), getattr(plain, name), rtol=1e-5)


def test_the_paradox_turns_at_unit_elasticity(world: World, median: Assumptions) -> None:
    """Claim C1: faster algorithms raise compute and chip sales above one, and lower them below."""
    for elasticity, sign in ((0.7, -1.0), (1.4, 1.0)):
        a = frictionless(median, elasticity)
        plain, faster = (
            forecast(world, replace(a, algorithmic_growth=jnp.asarray(g))) for g in (1.1, 1.3)
        )
        for quantity in (rent, compute, chips):
            moved = jnp.log(quantity(faster)[-1] / quantity(plain)[-1])
            assert moved * sign > 0.0, (elasticity, quantity)


def test_with_lags_and_saturation_an_elastic_world_still_rebounds(
    world: World, median: Assumptions
) -> None:
    a = replace(median, elasticity=jnp.full(3, 1.8), saturation=jnp.asarray(1e30))
    plain, faster = (
        forecast(world, replace(a, algorithmic_growth=jnp.asarray(g))) for g in (1.1, 1.3)
    )
    assert compute(faster)[-1] > compute(plain)[-1]


def pinched_to(slack: float, a: Assumptions, now: State) -> State:
    """The same state with energised capacity only ``slack`` above what the fleet draws."""
    load = now.fleet.power.sum() * (1.0 + a.power_overhead)
    return replace(now, power=replace(now.power, energised=load * (1.0 + slack)))


def test_while_power_binds_half_the_watts_are_twice_the_compute(
    world: World, median: Assumptions, middle: State
) -> None:
    """Claim C2: no energy is saved. Equipment lets 0.2 GW a quarter be energised."""
    a = replace(median, general_capacity=jnp.asarray(0.0))
    bound = pinched_to(0.02, a, middle)
    bound = replace(bound, power=replace(bound.power, log_equipment=jnp.log(0.2)))
    t = bound.technology
    halved = replace(bound, technology=replace(t, log_power=t.log_power - jnp.log(2.0)))
    plain, frugal = (world.ahead(a, state)[1] for state in (bound, halved))
    binding = slice(0, 4)
    assert (frugal.power_scarcity[binding] > 0.5).all()
    np.testing.assert_allclose(frugal.load[binding], plain.load[binding], rtol=0.01)
    added = [q.delivered[binding].sum() for q in (plain, frugal)]
    assert added[1] / added[0] == pytest.approx(2.0, rel=0.1)


def test_short_power_pays_its_owners_more_per_gigawatt(
    world: World, median: Assumptions, middle: State
) -> None:
    """Claim C3."""
    plain, pinched = (
        world.ahead(median, state)[1] for state in (middle, pinched_to(0.1, median, middle))
    )
    assert pinched.power_scarcity[0] > plain.power_scarcity[0]
    for name in ("electricity", "leases"):
        per_gw = [layer(q, name)[0] / q.load[0] for q in (plain, pinched)]
        assert per_gw[1] > per_gw[0], name
    assert chips(pinched)[:4].sum() < chips(plain)[:4].sum()
    assert pinched.rent[1] > plain.rent[1]


def test_short_manufacturing_raises_chip_and_memory_prices(
    world: World, median: Assumptions, middle: State
) -> None:
    plan = middle.investment
    short = replace(
        middle, investment=replace(plan, log_manufacturing=plan.log_manufacturing - 0.7)
    )
    plain, pinched = (world.ahead(median, state)[1] for state in (middle, short))
    assert pinched.chip_scarcity[0] > plain.chip_scarcity[0]
    assert pinched.chip_price[0] > plain.chip_price[0]
    assert pinched.delivered[0] < plain.delivered[0]
    memory = [layer(q, "memory")[0] / chips(q)[0] for q in (plain, pinched)]
    assert memory[1] > memory[0]


def test_a_higher_hurdle_cuts_capital_spending_and_chips_first(
    world: World, median: Assumptions, middle: State
) -> None:
    """Claim C12: power and leases follow later."""
    plain, hard = (
        world.ahead(replace(median, hurdle_rate=median.hurdle_rate * m), middle)[1]
        for m in (1.0, 1.6)
    )
    assert (hard.q[:4] < plain.q[:4]).all()
    assert (hard.capital_spending[:4] < plain.capital_spending[:4]).all()
    cut = {name: jnp.log(layer(plain, name) / layer(hard, name))[3] for name in LAYERS}
    assert cut["gpu"] > cut["power_equipment"] > cut["leases"] > 0.0


def test_good_news_raises_deliveries(world: World, median: Assumptions, middle: State) -> None:
    plain, news = (world.ahead(median, middle, appetite=x)[1] for x in (0.0, 1.0))
    assert news.delivered[0] > plain.delivered[0]
    assert news.capital_spending[:4].sum() > plain.capital_spending[:4].sum()


def test_export_controls_cut_merchant_accelerators(
    world: World, median: Assumptions, middle: State
) -> None:
    """Claim C15."""
    plain, barred = (
        world.ahead(replace(median, export_control=jnp.asarray(x)), middle)[1] for x in (0.0, 0.3)
    )
    assert (layer(barred, "gpu") < layer(plain, "gpu")).all()
    np.testing.assert_allclose(layer(barred, "gpu")[-1] / layer(plain, "gpu")[-1], 0.7, rtol=0.01)


def test_hardware_that_slows_sooner_leaves_less_compute(world: World, median: Assumptions) -> None:
    steady, slowing = (
        forecast(world, replace(median, hardware_decay=jnp.asarray(x))) for x in (0.01, 0.4)
    )
    assert slowing.compute[-1] < steady.compute[-1]
    assert slowing.chip_price[-1] > steady.chip_price[-1]


def test_faster_hardware_strands_old_fleets(world: World, median: Assumptions) -> None:
    """Claim C11: cheaper new compute lowers rent, and old fleets are worth less than in books."""
    slow, fast = (
        forecast(world, replace(median, compute_per_dollar_growth=jnp.full(3, x)))
        for x in (0.15, 0.6)
    )
    assert fast.rent[MIDDLE] < slow.rent[MIDDLE]
    assert (fast.impairment / fast.book_value)[:MIDDLE].max() > (slow.impairment / slow.book_value)[
        :MIDDLE
    ].max()


def test_porting_cost_keeps_the_incumbent(world: World, median: Assumptions) -> None:
    """Claim C8: with preference drifting to ASICs, inertia delays it."""
    a = replace(median, asic_preference=jnp.asarray(0.4))
    loose, stuck = (
        forecast(world, replace(a, porting_inertia=jnp.asarray(x))) for x in (0.6, 0.98)
    )
    assert (stuck.architecture_share[4:, 0] > loose.architecture_share[4:, 0]).all()


def forecast(world: World, a: Assumptions) -> Quarter:
    return world.ahead(a, world.begin(a))[1]


def frictionless(a: Assumptions, elasticity: float) -> Assumptions:
    """The static limit: full pass-through, no adjustment lag, no saturation, power slack."""
    one = jnp.asarray(1.0)
    return replace(
        a,
        passthrough=one,
        demand_adjustment=one,
        saturation=jnp.asarray(1e30),
        elasticity=jnp.full(len(CLASSES), elasticity),
        initial_power_slack=jnp.asarray(1e3),
        initial_manufacturing_slack=jnp.asarray(1e3),
    )


def inference(q: Quarter) -> Array:
    """Spending on tokens by class."""
    return q.tokens * q.token_price


def rent(q: Quarter) -> Array:
    return q.rent


def compute(q: Quarter) -> Array:
    return q.compute


def chips(q: Quarter) -> Array:
    return layer(q, "gpu")
