"""Mechanism 9: what is spent is what somebody is paid, and the scarce are paid more."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import LAYERS, Assumptions
from marketsim.model.investment import Deliveries
from marketsim.model.layers import RECOGNITION, layer_spending, recognise
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

CHIPS = leaf(np.array([10.0, 2.0, 0.5]))
ORDERS, LOAD, ADDED, ELECTRICITY, RENT = (leaf(x) for x in (14.0, 3.0, 0.4, 0.08, 9.0))
SEMICONDUCTORS = ("gpu", "asic", "low_latency", "foundry", "foundry_equipment", "memory")
POWER = ("power_equipment", "electricity", "leases")
spend = jax.jit(layer_spending)


def paid(a: Assumptions, chip: float = 0.0, power: float = 0.0) -> dict[str, float]:
    """Spending by layer, USD bn, at scarcities of chips and power."""
    none = jnp.asarray(0.0)
    short = Deliveries(none, none, jnp.asarray(chip), jnp.asarray(power))
    by_layer = spend(a, short, CHIPS, ORDERS, LOAD, ADDED, ELECTRICITY, RENT)
    return dict(zip(LAYERS, np.asarray(by_layer).tolist(), strict=True))


def test_each_layer_in_closed_form(median: Assumptions) -> None:
    a = replace(median, export_control=jnp.asarray(0.0))
    by_layer = paid(a)
    assert by_layer["gpu"] + by_layer["asic"] + by_layer["low_latency"] == pytest.approx(12.5)
    assert by_layer["memory"] == pytest.approx(float(a.memory_content) * 12.5)
    assert by_layer["networking"] == pytest.approx(float(a.networking_content) * 12.5)
    assert by_layer["servers"] == pytest.approx(10.0 + float(a.server_content) * 12.5)
    assert by_layer["foundry"] == pytest.approx(float(a.foundry_content) * 14.0)  # on orders
    assert by_layer["power_equipment"] == pytest.approx(float(a.power_equipment_cost) * 0.4)
    facility = 3.0 * (1.0 + float(a.power_overhead))
    assert by_layer["electricity"] == pytest.approx(facility * 0.08 * KILOHOURS)
    assert by_layer["leases"] == pytest.approx(float(a.lease_rate) * 3.0)


def test_compute_is_rented_out_or_used_at_home(median: Assumptions) -> None:
    by_layer = paid(median)
    sold = by_layer["cloud"] / float(median.cloud_markup)
    assert sold + by_layer["own_use"] == pytest.approx(float(RENT))
    assert sold / float(RENT) == pytest.approx(float(median.rented_share))


def test_scarce_chips_and_memory_are_dearer(median: Assumptions) -> None:
    calm, short = paid(median), paid(median, chip=0.3)
    for name in SEMICONDUCTORS:
        assert short[name] > calm[name], name
    assert short["gpu"] / calm["gpu"] == pytest.approx(np.exp(0.3 * float(median.chip_premium)))
    both = float(median.chip_premium + median.memory_premium)
    assert short["memory"] / calm["memory"] == pytest.approx(np.exp(0.3 * both))
    for name in (*POWER, "cloud", "own_use"):
        assert short[name] == calm[name], name


def test_short_power_pays_its_owners(median: Assumptions) -> None:
    """Claim C3: rents move to who owns power."""
    calm, short = paid(median), paid(median, power=0.5)
    for name in POWER:
        premium = np.exp(0.5 * float(median.power_premium))
        assert short[name] / calm[name] == pytest.approx(premium), name
    for name in (*SEMICONDUCTORS, "networking", "servers"):
        assert short[name] == calm[name], name


def test_export_controls_bar_merchant_accelerators(median: Assumptions) -> None:
    """Claim C15."""
    free = paid(replace(median, export_control=jnp.asarray(0.0)))
    barred = paid(replace(median, export_control=jnp.asarray(0.25)))
    assert barred["gpu"] == pytest.approx(0.75 * free["gpu"])
    assert barred["asic"] == free["asic"]
    assert barred["memory"] < free["memory"]
    assert barred["electricity"] == free["electricity"]


def test_recognition_lags_but_loses_nothing() -> None:
    """All of a step in spending arrives; late layers have the larger backlog on the way."""
    last, spending = jnp.full(len(LAYERS), 1.0), jnp.full(len(LAYERS), 2.0)
    first = now = recognise(last, spending)
    np.testing.assert_allclose(first, 1.0 + np.array(RECOGNITION))
    for _ in range(300):
        now = recognise(now, spending)
    np.testing.assert_allclose(now, spending)


def test_foundries_lead_and_power_equipment_lags() -> None:
    share = dict(zip(LAYERS, RECOGNITION, strict=True))
    assert share["foundry"] == max(RECOGNITION)
    assert share["power_equipment"] < share["servers"]
    assert share["leases"] < share["servers"]
