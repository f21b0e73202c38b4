"""Mechanism 9: what is spent is what somebody is paid, and the scarce are paid more."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import LAYERS, Assumptions, layers
from marketsim.model.layers import RECOGNITION, Flows, Prices, recognise
from marketsim.model.memory import Premia
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

CHIPS = leaf(np.array([10.0, 2.0, 0.5]))
ELECTRICITY, RENT, LOAD, LET, ADDED = 0.08, 9.0, 3.0, 1.7, 0.4
TURBINES, GENERATION, MEMORY, WORTH = 0.9, 1.3, 40.0, 7.0
ACCELERATORS = ("gpu", "asic", "low_latency")
FOUNDRY = ("foundry", "foundry_equipment")
SYSTEMS = ("networking", "servers")
SITES = ("power_equipment", "construction")
POWER = ("electricity", "leases")
COMPUTE = ("cloud", "own_use")
spend = jax.jit(layers.layer_spending)


def paid(a: Assumptions, independent: float = 1.0, **factors: float) -> dict[str, float]:
    """Spending by layer, USD bn, at ``factors`` on prices; 1 where none is given."""
    one = dict.fromkeys(("chips", "hbm", "dram", "merchant", "power", "equipment"), 1.0)
    given = {k: jnp.asarray(x) for k, x in (one | factors | {"electricity": ELECTRICITY}).items()}
    none = jnp.zeros(3)
    chips, servers = none + given.pop("hbm"), none + given.pop("dram")
    memory = Premia(chips, servers, hbm=none, hbm_at_cost=none)
    markup = jnp.stack([given.pop("merchant"), 1.0, 1.0])
    prices = Prices(memory=memory, markup=markup, **given)
    flows = (LOAD, LET, ADDED, RENT, WORTH, TURBINES, GENERATION, MEMORY, independent)
    amounts = (jnp.asarray(x) for x in flows)
    by_layer = spend(a, prices, Flows(CHIPS, *amounts))
    return dict(zip(LAYERS, np.asarray(by_layer).tolist(), strict=True))


def accelerators(by_layer: dict[str, float]) -> float:
    return by_layer["gpu"] + by_layer["asic"] + by_layer["low_latency"]


def test_each_layer_in_closed_form(median: Assumptions) -> None:
    a, by_layer = median, paid(median)
    assert [by_layer[name] for name in ("gpu", "asic", "low_latency")] == pytest.approx(
        [10, 2, 0.5]
    )
    assert by_layer["memory"] == MEMORY  # bought by others too
    assert by_layer["networking"] == pytest.approx(float(a.networking_content) * 12.5)
    assert by_layer["servers"] == pytest.approx(10.0 + float(a.server_content) * 12.5)
    assert by_layer["foundry"] == pytest.approx(float(a.foundry_content) * float(CHIPS.sum()))
    assert by_layer["foundry_equipment"] == pytest.approx(layers.TOOLS * by_layer["foundry"])
    assert by_layer["power_equipment"] == pytest.approx(float(a.power_equipment_cost) * ADDED)
    assert by_layer["construction"] == pytest.approx(float(a.shell_cost) * ADDED)
    facility = LOAD * (1.0 + float(a.power_overhead))
    assert by_layer["electricity"] == pytest.approx(facility * ELECTRICITY * KILOHOURS)
    assert by_layer["operations"] == pytest.approx(float(a.hosting_cost) * LOAD)
    assert by_layer["leases"] == pytest.approx(float(a.lease_rate) * LET)
    assert [by_layer[name] for name in ("turbines", "generation")] == [TURBINES, GENERATION]


def test_compute_is_rented_out_or_used_at_home(median: Assumptions) -> None:
    by_layer = paid(median)
    sold = by_layer["cloud"] / float(median.cloud_markup)
    assert sold / RENT == pytest.approx(float(median.rented_share))
    assert sold / RENT + by_layer["own_use"] / WORTH == pytest.approx(1.0)


def test_what_sites_cost_and_what_running_them_does_add_up(median: Assumptions) -> None:
    """The merchant's accelerators are invoiced inside servers and count once."""
    by_layer = paid(median, chips=1.2, hbm=1.05, dram=1.3, merchant=1.1, power=1.3, equipment=1.4)
    spending = jnp.array([by_layer[name] for name in LAYERS])
    a, chips = median, 1.2 * 1.05 * (1.1 * 10.0 + 2.0 + 0.5)
    systems = chips * float(1.0 + a.networking_content + 1.3 * a.server_content)
    sites = ADDED * float(a.shell_cost + 1.4 * a.power_equipment_cost)
    assert layers.capital(spending) == pytest.approx(systems + sites)
    both = by_layer["electricity"] + by_layer["operations"]
    assert layers.operating(spending) == pytest.approx(both)


# Premia


@pytest.mark.parametrize(
    ("factor", "moved"),
    [
        ("chips", (*ACCELERATORS, *FOUNDRY, *SYSTEMS)),
        ("hbm", (*ACCELERATORS, *SYSTEMS)),
        ("dram", ("servers",)),
        ("merchant", ("gpu", *SYSTEMS)),
        ("power", POWER),
        ("equipment", ("power_equipment",)),
    ],
)
def test_a_factor_on_a_price_pays_its_sellers_alone(
    median: Assumptions, factor: str, moved: tuple[str, ...]
) -> None:
    """What is delivered and its price decide; wafers are bought at the prices of chips.

    Memory is what all its buyers pay: it comes from its own market.
    """
    calm, short = paid(median), paid(median, **{factor: 1.3})
    for name in LAYERS:
        if name in moved:
            assert short[name] > 1.05 * calm[name], name
        else:
            assert short[name] == calm[name], name
    exact = [name for name in moved if name not in SYSTEMS or factor in ("chips", "hbm")]
    assert [short[n] / calm[n] for n in exact] == pytest.approx([1.3] * len(exact))


def test_scarcity_raises_prices_within_limits(median: Assumptions) -> None:
    short = jnp.concatenate([jnp.zeros(1), jnp.geomspace(1e-3, 1e3, 40)])
    rise = np.log(layers.scarce_price(median, short))
    assert rise[0] == 0.0
    assert (np.diff(rise) >= -1e-12).all()
    assert (rise <= float(median.premium_limit) * (1.0 + 1e-12)).all()
    assert (rise <= float(median.chip_premium) * short * (1.0 + 1e-12)).all()
    assert rise[-1] == pytest.approx(float(median.premium_limit))


def test_the_first_per_cent_of_scarcity_has_the_stated_elasticity(median: Assumptions) -> None:
    slope = jax.grad(lambda s: jnp.log(layers.scarce_price(median, s)))(0.0)
    assert slope == pytest.approx(float(median.chip_premium))


def test_sellers_of_low_latency_designs_keep_part_of_what_they_gain(median: Assumptions) -> None:
    """At the start nobody marks up; later the merchant as he does, and they follow his price."""
    a, kept = median, float(median.entrant_pricing)
    start = jnp.log(jnp.array([8.0, 8.0, 8.0 * float(a.initial_relative_price[1])]))
    none = jnp.asarray(0.0)
    np.testing.assert_allclose(layers.markups(a, start, none), np.ones(3))
    gained = layers.markups(a, start - jnp.array([0.1, 0.2, 0.5]), none)
    np.testing.assert_allclose(np.log(gained), [0.0, 0.0, 0.4 * kept], atol=1e-12)
    dearer = layers.markups(a, start, jnp.asarray(0.3))
    np.testing.assert_allclose(np.log(dearer), [0.3, 0.0, 0.3 * kept], atol=1e-12)


# Who owns what, and what is left


@pytest.mark.parametrize("independent", [1.0, 0.4, 0.0])
def test_an_absorbed_design_is_sold_by_the_merchant(
    median: Assumptions, independent: float
) -> None:
    """Claim C16: absorption moves revenue between accelerators, and nothing appears or is lost."""
    alone, bought = paid(median), paid(median, independent=independent)
    assert accelerators(bought) == pytest.approx(accelerators(alone))
    assert bought["low_latency"] == pytest.approx(independent * alone["low_latency"])
    assert bought["asic"] == alone["asic"]
    moved = bought["gpu"] - alone["gpu"]
    assert bought["servers"] - alone["servers"] == pytest.approx(moved)
    for total in (layers.capital, layers.operating):
        before, after = (total(jnp.array([s[n] for n in LAYERS])) for s in (alone, bought))
        assert after == pytest.approx(float(before))


def test_the_merchant_keeps_what_wafers_and_memory_leave(median: Assumptions) -> None:
    """Dearer memory and a lower markup take from it, scarcity of chips adds: wafers share in it."""

    def margin(chips: float = 1.0, memory: float = 1.0, markup: float = 1.0) -> float:
        c, k, one = jnp.asarray(chips), jnp.array([markup, 1.0, 1.0]), jnp.asarray(1.0)
        content = 0.05 * jnp.ones(3)  # 5 % of the price, passed on where it is dearer
        premia = Premia(1.0 + content * (memory - 1.0), jnp.ones(3), content * memory, content)
        return float(layers.merchant_margin(median, Prices(c, premia, k, one, one, one)))

    content = float(median.foundry_content) + 0.05
    assert margin() == pytest.approx(1.0 - content)
    assert margin(chips=1.5) == pytest.approx(margin() + 0.05 / 3.0)
    assert margin(memory=1.5) < margin() < margin(markup=1.5) < 1.0
    assert 1.0 - margin(markup=2.0) == pytest.approx(content / 2.0)


# Recognition


def test_recognition_lags_but_loses_nothing() -> None:
    """All of a step in spending arrives; late layers have the larger backlog on the way."""
    last, spending = jnp.full(len(LAYERS), 1.0), jnp.full(len(LAYERS), 2.0)
    first = now = recognise(last, spending)
    np.testing.assert_allclose(first, [1.0 + RECOGNITION[name] for name in LAYERS])
    for _ in range(300):
        now = recognise(now, spending)
    np.testing.assert_allclose(now, spending)


def test_foundries_lead_and_what_is_built_slowly_lags() -> None:
    """Claim C12 rests on it."""
    assert RECOGNITION["foundry"] == max(RECOGNITION.values())
    for late in ("power_equipment", "construction", "leases"):
        assert RECOGNITION[late] < RECOGNITION["servers"] < RECOGNITION["gpu"]
    assert RECOGNITION["leases"] == min(RECOGNITION.values())
