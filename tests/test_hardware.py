"""Trends of accelerators: those that were published, seen from any date, and honest when unsure."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from marketsim.calibration.hardware import (
    PROPERTIES,
    SERVER_POWER,
    SUCCESSIONS,
    ChipTrends,
    decimal_year,
    fit_chips,
)
from marketsim.errors import InputError
from marketsim.knowledge import Knowledge, load_facts
from marketsim.model.units import ARCHITECTURES

PUBLISHED = {
    "gpu": "NVIDIA flagship P100-GB300",
    "asic": "Google TPU v2-v7",
}
SINGLE = {
    "compute_per_watt": "FP16 dense FLOP/s per W",
    "bandwidth_per_watt": "memory bandwidth per W",
    "chip_power": "TDP per chip",
}
PER_CHIP = {
    "compute_per_watt": "FP16 dense FLOP/s per chip",
    "bandwidth_per_watt": "memory bandwidth per chip",
    "memory_per_watt": "memory capacity per chip",
}


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts(as_of="2026-09-30")


@pytest.fixture(scope="module")
def trends(facts: Knowledge) -> ChipTrends:
    return fit_chips(facts)


def family(facts: Knowledge, architecture: str) -> list[str]:
    return [c for c, of in facts.universe.labels("flagships").items() if of == architecture]


def published(facts: Knowledge, quantity: str, what: str, architecture: str) -> float:
    name = f"hardware_derived: {what} ({PUBLISHED[architecture]})"
    return float(facts.series(quantity, name).iloc[-1])


# ------------------------------------------------------------------- what was published


@pytest.mark.parametrize("architecture", SUCCESSIONS)
@pytest.mark.parametrize("quantity", SINGLE)
def test_growth_and_its_interval_are_those_of_the_trends_table(
    facts: Knowledge, trends: ChipTrends, quantity: str, architecture: str
) -> None:
    growth = trends.growth(quantity, architecture)
    half = t.ppf(0.975, len(family(facts, architecture)) - 2) * growth.error
    for row, shift in (("trend_lo", -half), ("trend", 0.0), ("trend_hi", half)):
        known = published(facts, row, SINGLE[quantity], architecture)
        assert math.exp(growth.value + shift) == pytest.approx(known, abs=6e-4)


@pytest.mark.parametrize("architecture", SUCCESSIONS)
@pytest.mark.parametrize("quantity", PER_CHIP)
def test_growth_per_chip_is_growth_per_watt_and_of_watts(
    facts: Knowledge, trends: ChipTrends, quantity: str, architecture: str
) -> None:
    """Least squares are linear in the logs, so growth rates add up exactly."""
    per_watt, watts = (trends.growth(q, architecture).value for q in (quantity, "chip_power"))
    known = published(facts, "trend", PER_CHIP[quantity], architecture)
    assert math.exp(per_watt + watts) == pytest.approx(known, abs=6e-4)


# ------------------------------------------------------------------- lines


@pytest.mark.parametrize("architecture", SUCCESSIONS)
@pytest.mark.parametrize("quantity", [q for q in PROPERTIES if q != "compute_per_dollar"])
def test_the_level_moves_along_the_line_and_is_surest_amid_the_chips(
    trends: ChipTrends, quantity: str, architecture: str
) -> None:
    growth = trends.growth(quantity, architecture)
    early, late = (trends.level(quantity, architecture, year) for year in (2020.0, 2025.0))
    assert late.value - early.value == pytest.approx(5 * growth.value)
    rows = trends.chips[trends.chips["architecture"] == architecture]
    amid = trends.level(quantity, architecture, rows["year"].mean())
    assert amid.value == pytest.approx(np.log(rows[quantity]).mean())
    assert amid.error < min(early.error, late.error)
    # Far away, an error is that of the growth alone.
    assert trends.level(quantity, architecture, 3e4).error == pytest.approx(
        growth.error * (3e4 - rows["year"].mean()), rel=1e-6
    )


def test_chips_on_a_line_leave_no_error(trends: ChipTrends) -> None:
    chips = trends.chips.assign(chip_power=np.exp(0.2 * (trends.chips["year"] - 2020.0)))
    exact = ChipTrends(chips)
    growth, level = exact.growth("chip_power", "gpu"), exact.level("chip_power", "gpu", 2025.0)
    assert (growth.value, level.value) == pytest.approx((0.2, 1.0))
    assert (growth.error, level.error) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_one_factor_for_servers_moves_levels_and_no_growth(trends: ChipTrends) -> None:
    chips = trends.chips.assign(chip_power=trends.chips["chip_power"] * 1.1)
    higher = ChipTrends(chips)
    for architecture in SUCCESSIONS:
        before, after = (x.growth("chip_power", architecture) for x in (trends, higher))
        assert after.value == pytest.approx(before.value)
        assert after.error == pytest.approx(before.error)
        moved = [x.level("chip_power", architecture, 2024.0).value for x in (trends, higher)]
        assert moved[1] - moved[0] == pytest.approx(math.log(1.1))


# ------------------------------------------------------------------- known by when


def test_a_chip_is_seen_from_its_release(facts: Knowledge, trends: ChipTrends) -> None:
    before, after = fit_chips(facts.upto("2022-09-19")), fit_chips(facts.upto("2022-09-20"))
    assert set(after.chips.index) - set(before.chips.index) == {"gpu/NVIDIA/H100 SXM"}
    assert before.growth("chip_power", "gpu") != after.growth("chip_power", "gpu")
    assert len(trends.chips) == len(facts.universe.group("flagships"))


def test_a_price_is_seen_a_year_after_its_chip(facts: Knowledge) -> None:
    released, priced = (fit_chips(facts.upto(day)).chips for day in ("2023-09-19", "2023-09-20"))
    h100 = "gpu/NVIDIA/H100 SXM"
    assert h100 in released.index
    assert np.isnan(released["compute_per_dollar"][h100])
    assert priced["compute_per_dollar"][h100] == pytest.approx(1 / 33.6)


def test_fewer_than_three_chips_give_no_growth_but_a_level(facts: Knowledge) -> None:
    for day, seen in (("2016-12-31", 1), ("2018-12-31", 2), ("2020-12-31", 3)):
        early = fit_chips(facts.upto(day))
        assert (early.chips["architecture"] == "gpu").sum() == seen
        growth = early.growth("compute_per_watt", "gpu")
        assert math.isnan(growth.value) == math.isnan(growth.error) == (seen < 3)
        level = early.level("compute_per_watt", "gpu", 2020.0)
        assert math.isfinite(level.value)
        assert math.isnan(level.error) == (seen == 1)


def test_before_any_chip_nothing_is_known(facts: Knowledge) -> None:
    none = fit_chips(facts.upto("2010-01-01"))
    assert none.chips.empty
    for architecture in ARCHITECTURES:
        for quantity in PROPERTIES:
            assert math.isnan(none.growth(quantity, architecture).value)
            assert math.isnan(none.level(quantity, architecture, 2010.0).value)


# ------------------------------------------------------------------- levels


@pytest.mark.parametrize("architecture", SUCCESSIONS)
@pytest.mark.parametrize("quantity", [q for q in PROPERTIES if q != "compute_per_dollar"])
def test_every_chip_lies_near_the_line(
    trends: ChipTrends, quantity: str, architecture: str
) -> None:
    """Within a factor of two: the families are one kind of thing each."""
    for _, chip in trends.chips[trends.chips["architecture"] == architecture].iterrows():
        level = trends.level(quantity, architecture, chip["year"]).value
        assert abs(math.log(chip[quantity]) - level) < math.log(2.0)


@pytest.mark.parametrize("quantity", ["compute_per_watt", "bandwidth_per_watt", "memory_per_watt"])
def test_low_latency_designs_have_a_spread_and_no_trend(
    facts: Knowledge, trends: ChipTrends, quantity: str
) -> None:
    assert math.isnan(trends.growth(quantity, "low_latency").value)
    chips = trends.chips.loc[family(facts, "low_latency"), quantity]
    early, late = (trends.level(quantity, "low_latency", year) for year in (2022.0, 2030.0))
    assert early == late
    assert chips.min() < math.exp(early.value) < chips.max()
    assert 0.0 < early.error < math.log(chips.max() / chips.min())


def test_sram_gives_bandwidth_and_takes_memory(trends: ChipTrends) -> None:
    """The claim of the low-latency class, at any date on the trends of the others."""
    for year in (2022.0, 2025.0):
        for other in SUCCESSIONS:
            for quantity, sign in (("bandwidth_per_watt", 1.0), ("memory_per_watt", -1.0)):
                gap = (
                    trends.level(quantity, "low_latency", year).value
                    - trends.level(quantity, other, year).value
                )
                assert sign * gap > math.log(5.0)


def test_only_gpus_have_list_prices(trends: ChipTrends) -> None:
    assert math.isfinite(trends.level("compute_per_dollar", "gpu", 2025.0).value)
    for architecture in ("asic", "low_latency"):
        assert math.isnan(trends.level("compute_per_dollar", architecture, 2025.0).value)


# ------------------------------------------------------------------- units


def test_an_h100_is_one_h100e_and_draws_what_its_server_does(
    facts: Knowledge, trends: ChipTrends
) -> None:
    h100 = trends.chips.loc["gpu/NVIDIA/H100 SXM"]
    assert h100["compute_per_watt"] * h100["chip_power"] == pytest.approx(1.0)
    server = facts.series("rack_power", "DGX H100 8-GPU server max power").iloc[-1] / 8
    assert h100["chip_power"] == pytest.approx(server, rel=0.1)
    assert h100["bandwidth_per_watt"] * h100["chip_power"] == pytest.approx(3.35)
    assert h100["memory_per_watt"] * h100["chip_power"] == pytest.approx(80.0)


def test_the_factor_lies_among_those_of_known_servers(facts: Knowledge) -> None:
    chip = facts.latest("chip_power") / 1e3
    factors = [
        facts.series("rack_power", rack).iloc[-1] / (count * chip[f"gpu/NVIDIA/{name}"])
        for rack, count, name in (
            ("DGX H100 8-GPU server max power", 8, "H100 SXM"),
            ("GB200 NVL72 rack", 72, "GB200 (per GPU)"),
            ("GB300 NVL72 rack", 72, "GB300 (per GPU)"),
        )
    ]
    assert min(factors) < SERVER_POWER < max(factors)


def test_a_year_is_decimal() -> None:
    days = pd.Series(pd.to_datetime(["2025-01-01", "2025-07-02", "2025-12-31"]))
    years = decimal_year(days).to_numpy()
    np.testing.assert_allclose(years, [2025.0, 2025.5, 2026.0], atol=0.002)
    assert (np.diff(years) > 0).all()


def test_what_is_not_fitted_is_refused_with_a_hint(trends: ChipTrends) -> None:
    with pytest.raises(InputError, match=r"no property 'compute_per_wat'.*'compute_per_watt'"):
        trends.growth("compute_per_wat", "gpu")
    with pytest.raises(InputError, match="no architecture 'tpu'"):
        trends.level("chip_power", "tpu", 2025.0)
