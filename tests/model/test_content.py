"""Mechanism 11: what sellers' costs do not share in of a price is margin."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import LAYERS, Assumptions, layers
from marketsim.model.content import Content, Costs, content
from marketsim.model.grid import Settlement
from marketsim.model.layers import Flows, Prices
from marketsim.model.memory import Premia, Sales
from marketsim.model.tree import leaf

ONE = leaf(np.array(1.0))
HBM = 0.08
PASSING_ON = ("foundry_equipment", "networking", "construction", "cloud", "own_use")
BOUGHT = Flows(jnp.array([10.0, 2.0, 0.5]), *jnp.ones(9))


def held(
    a: Assumptions,
    chips: float = 1.0,
    dear: float = 1.0,
    markup: float = 1.0,
    power: float = 1.0,
    equipment: float = 1.0,
    turbines: float = 1.0,
) -> Content:
    """Content of spending; ``dear`` is memory's price over its cost."""
    paid = prices(chips, dear, markup, power, equipment)
    cost = jnp.asarray(1.4)
    hbm_cost = cost + jnp.log(a.hbm_trade_ratio * a.hbm_premium)
    rise = jnp.log(jnp.asarray(dear))
    sales = Sales(
        made=ONE,
        sold=10.0 * ONE,
        hbm=0.3 * ONE,
        server=ONE,
        log_price=cost + rise,
        log_hbm_price=hbm_cost + rise,
        cycle=0.0 * ONE,
    )
    arrived = 1.3 * jnp.ones(2)
    settled = Settlement(
        ONE, ONE, arrived, arrived, value=arrived, paid=arrived * a.turbine_cost * turbines
    )
    return content(a, paid, Costs(sales, cost, settled, BOUGHT))


def of(a: Assumptions, **given: float) -> dict[str, float]:
    """Volumes in spending, by layer."""
    return by_layer(held(a, **given).volumes)


def more(a: Assumptions, **given: float) -> dict[str, float]:
    """Inputs that are passed on, by layer."""
    return by_layer(held(a, **given).inputs)


def by_layer(content: Array) -> dict[str, float]:
    return dict(zip(LAYERS, np.asarray(content).tolist(), strict=True))


def prices(
    chips: float = 1.0,
    dear: float = 1.0,
    markup: float = 1.0,
    power: float = 1.0,
    equipment: float = 1.0,
) -> Prices:
    """Prices where memory at its cost is 8 % of an accelerator's price in the trend."""
    hbm = HBM * jnp.ones(3)
    premia = Premia(1.0 + hbm * (dear - 1.0), jnp.ones(3), hbm * dear, hbm)
    c, p, e = (jnp.asarray(x) for x in (chips, power, equipment))
    return Prices(c, premia, jnp.array([markup, 1.0, 1.0]), p, e, ONE)


def test_at_ordinary_prices_volume_is_revenue_and_only_servers_pass_on(
    median: Assumptions,
) -> None:
    found, passed = of(median), more(median)
    assert found.pop("generation") == 0.0
    box = float(median.server_content) * 12.5
    assert found.pop("servers") == pytest.approx(box / (box + 10.0))
    assert list(found.values()) == pytest.approx([1.0] * (len(LAYERS) - 2))
    assert passed.pop("servers") == pytest.approx(10.0 / (box + 10.0))
    assert list(passed.values()) == pytest.approx([0.0] * (len(LAYERS) - 1))


@pytest.mark.parametrize(
    ("factor", "raised"),
    [
        ("power", "leases"),
        ("equipment", "power_equipment"),
        ("turbines", "turbines"),
        ("dear", "memory"),
        ("markup", "gpu"),
    ],
)
def test_a_price_above_cost_is_its_sellers_margin(
    median: Assumptions, factor: str, raised: str
) -> None:
    found = of(median, **{factor: 1.5})
    assert found[raised] == pytest.approx(1.0 / 1.5)
    assert [found[name] for name in PASSING_ON] == pytest.approx([1.0] * len(PASSING_ON))


def test_scarce_chips_are_margin_for_foundries_and_most_for_the_merchant(
    median: Assumptions,
) -> None:
    found, dearer = of(median, chips=1.5), more(median, chips=1.5)
    assert found["foundry"] == pytest.approx(1.0 / 1.5)
    assert found["gpu"] == pytest.approx(1.0 / 1.5)
    assert dearer["foundry"] == 0.0
    # Of each dollar that a chip costs more, wafers take their share.
    kept = 1.0 - found["gpu"] - dearer["gpu"]
    assert kept == pytest.approx(0.5 * (1.0 - float(median.foundry_content)) / 1.5)


def test_dear_memory_is_passed_on_without_a_margin(median: Assumptions) -> None:
    """Sellers of accelerators keep their profit in dollars, whatever their own margin is."""
    found, dearer = of(median, dear=2.0), more(median, dear=2.0)
    for name in ("gpu", "asic"):
        assert found[name] == pytest.approx(1.0 / (1.0 + HBM))
        assert found[name] + dearer[name] == pytest.approx(1.0)


def test_servers_pass_on_what_is_inside_whatever_it_costs(median: Assumptions) -> None:
    """Their own part goes with what chips are sold for, and dear memory in the box is passed on."""
    for given in ({}, {"markup": 2.0}, {"chips": 1.5, "dear": 3.0}):
        found, passed = of(median, **given), more(median, **given)
        assert found["servers"] + passed["servers"] == pytest.approx(1.0)
        assert by_layer(held(median, **given).ordinary)["servers"] == found["servers"]


def test_what_is_left_when_scarcity_has_ended(median: Assumptions) -> None:
    """A markup stays; scarcity of chips, and memory above its cost, do not."""
    left = by_layer(held(median, chips=1.5, dear=2.0, markup=1.3, power=1.2).ordinary)
    assert left["gpu"] == pytest.approx(1.0 / (1.5 * (1.0 + HBM)))
    assert left["foundry"] == pytest.approx(1.0 / 1.5)
    assert left["memory"] == pytest.approx(0.5)
    assert left["leases"] == left["generation"] == 1.0


def test_the_merchants_margin_is_one_and_the_same(median: Assumptions) -> None:
    """Content moves as `layers.merchant_margin` says."""
    given = {"chips": 1.2, "dear": 1.7, "markup": 1.1}
    margin = float(layers.merchant_margin(median, prices(**given)))
    ordinary = float(median.foundry_content) + HBM
    cost = of(median, **given)["gpu"] * ordinary + more(median, **given)["gpu"]
    assert cost == pytest.approx(1.0 - margin)
