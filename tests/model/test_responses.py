"""How a world answers to a change at the decision date; the claims have a file of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import LAYERS, Assumptions, Quarter, State

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


def test_short_manufacturing_raises_chip_prices(
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


def test_short_memory_raises_its_price_at_once_and_chips_a_little(
    world: World, median: Assumptions, middle: State
) -> None:
    """Claim C21: half the stocks, and contracts rise by tens of per cent, chips by a few."""
    scarce = replace(middle, memory=replace(middle.memory, stock=0.5 * middle.memory.stock))
    plain, short = (world.ahead(median, state)[1] for state in (middle, scarce))
    rises = short.memory_price / plain.memory_price
    assert rises[0] > 1.1
    assert rises[:4].max() > 1.3
    assert rises[12:20].min() < 1.0  # and overbuilding brings it below what it would have been
    dearer = short.chip_price / plain.chip_price
    assert 1.0 < dearer[:8].max() < 1.05
    assert (layer(short, "memory")[:4] > layer(plain, "memory")[:4]).all()


def test_good_news_raises_deliveries(world: World, median: Assumptions, middle: State) -> None:
    plain, news = (world.ahead(median, middle, appetite=x)[1] for x in (0.0, 1.0))
    assert news.delivered[0] > plain.delivered[0]
    assert news.capital_spending[:4].sum() > plain.capital_spending[:4].sum()


def test_hardware_that_slows_sooner_leaves_less_compute(world: World, median: Assumptions) -> None:
    def at(decay: float) -> Quarter:
        a = replace(median, hardware_decay=jnp.full(3, decay))
        return world.ahead(a, world.begin(a))[1]

    steady, slowing = at(0.01), at(0.4)
    assert slowing.compute[-1] < steady.compute[-1]
    assert slowing.chip_price[-1] > steady.chip_price[-1]


def test_what_is_barred_is_neither_sold_nor_spent_for(
    world: World, median: Assumptions, middle: State
) -> None:
    free, barred = (
        world.ahead(replace(median, export_control=jnp.asarray(x)), middle)[1] for x in (0.0, 0.9)
    )
    assert (layer(barred, "gpu")[:4] < layer(free, "gpu")[:4]).all()
    assert (barred.architecture_share[:, 0] < free.architecture_share[:, 0]).all()
    assert barred.rent[4] > free.rent[4]
    assert barred.restricted_premium[0] > 0.1
    assert free.restricted_premium[0] == pytest.approx(0.0, abs=1e-12)


def test_a_price_war_takes_margin_not_wafers(
    world: World, median: Assumptions, middle: State
) -> None:
    plain, war = (
        world.ahead(replace(median, merchant_markup_growth=jnp.asarray(g)), middle)[1]
        for g in (0.0, -0.2)
    )
    assert war.merchant_margin[8] < plain.merchant_margin[8] - 0.05
    for what, falls in (("gpu", True), ("memory", False)):
        sold = [layer(q, "gpu") if what == "gpu" else q.hbm_revenue for q in (plain, war)]
        per_chip = [x / q.delivered for x, q in zip(sold, (plain, war), strict=True)]
        assert per_chip[1][0] == pytest.approx(float(per_chip[0][0]), rel=1e-9), what
        assert (per_chip[1][4] < 0.95 * per_chip[0][4]) == falls, what


def test_no_rate_makes_a_jump(world: World, median: Assumptions, middle: State) -> None:
    """A regime moves assumptions from the decision date on; growth rates start from what is."""
    plain = world.ahead(median, middle)[1]
    for name in (
        "compute_per_dollar_growth",
        "compute_per_watt_growth",
        "algorithmic_growth",
        "task_growth",
        "verification_growth",
        "speed_growth",
        "training_growth",
        "concentration",
        "merchant_markup_growth",
        "preference_drift",
        "electricity_growth",
        "other_capex_growth",
        "cash_flow_growth",
    ):
        moved = replace(median, **{name: getattr(median, name) + 0.2})
        first = world.ahead(moved, middle)[1]
        change = jnp.abs(jnp.log(first.lines[0] / plain.lines[0])).max()
        assert change < 0.05, name
    absorbed = world.ahead(replace(median, absorption=jnp.asarray(2.0)), middle)[1]
    np.testing.assert_allclose(absorbed.lines[0], plain.lines[0], rtol=1e-9)
