"""Mechanism 11: what sellers' costs do not share in of a price is margin."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import LAYERS, Assumptions, layers
from marketsim.model.content import Costs, content
from marketsim.model.grid import Settlement
from marketsim.model.layers import Prices
from marketsim.model.memory import Premia, Sales
from marketsim.model.tree import leaf

ONE = leaf(np.array(1.0))
PASSING_ON = ("foundry_equipment", "networking", "servers", "construction", "cloud", "own_use")


def of(
    a: Assumptions,
    chips: float = 1.0,
    dear: float = 1.0,
    markup: float = 1.0,
    power: float = 1.0,
    equipment: float = 1.0,
    turbines: float = 1.0,
) -> dict[str, float]:
    """Content by layer; ``dear`` is memory's price over its cost."""
    hbm = 0.08 * jnp.ones(3)  # of the price in the trend
    premia = Premia(1.0 + hbm * (dear - 1.0), jnp.ones(3), hbm * dear, hbm)
    c, m, p, e = (jnp.asarray(x) for x in (chips, markup, power, equipment))
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
    two = jnp.ones(2)
    paid = 1.3 * two * a.turbine_cost * turbines
    settled = Settlement(ONE, ONE, two, arrivals=1.3 * two, value=two, paid=paid)
    found = content(a, Prices(c, premia, m, p, e, ONE), Costs(sales, cost, settled))
    return dict(zip(LAYERS, np.asarray(found).tolist(), strict=True))


def test_at_ordinary_prices_cost_is_what_it_is(median: Assumptions) -> None:
    found = of(median)
    assert found.pop("generation") == 0.0
    assert list(found.values()) == pytest.approx([1.0] * (len(LAYERS) - 1))


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
    found = of(median, chips=1.5)
    assert found["foundry"] == pytest.approx(1.0 / 1.5)
    assert found["foundry"] < found["gpu"] < 1.0  # wafers share in it, memory does not


def test_dear_memory_is_passed_on_without_a_margin(median: Assumptions) -> None:
    """The merchant keeps its profit in dollars, so that its cost rises by more than its price."""
    found = of(median, dear=2.0)
    ordinary, dearer = float(median.foundry_content) + 0.08, float(median.foundry_content) + 0.16
    assert found["gpu"] == pytest.approx(dearer / ordinary / 1.08)
    assert found["gpu"] > 1.0
    assert found["asic"] == pytest.approx(found["gpu"])


def test_the_merchants_margin_is_one_and_the_same(median: Assumptions) -> None:
    """Content moves as `layers.merchant_margin` says."""
    hbm = 0.08 * jnp.ones(3)
    premia = Premia(1.0 + hbm * 0.7, jnp.ones(3), hbm * 1.7, hbm)
    c, m, one = (jnp.asarray(x) for x in (1.2, 1.1, 1.0))
    margin = float(layers.merchant_margin(median, Prices(c, premia, m, one, one, one)))
    ordinary = float(median.foundry_content) + 0.08
    found = of(median, chips=1.2, dear=1.7, markup=1.1)
    assert found["gpu"] * ordinary == pytest.approx(1.0 - margin)
