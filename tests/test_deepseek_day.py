"""The event study of 27 January 2025: its signs, and that its page says what its script says."""

from __future__ import annotations

import math
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim.model.priors import KINDS
from marketsim.model.units import LIMITS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "deepseek_day.md"
NUMBER = re.compile(r"[+\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?")


PARTS = (
    "size",
    "nvidia",
    "turns",
    "drawn",
    "seen",
    "fills",
    "limits",
    "companies",
    "needed",
    "after",
    "null",
)


@pytest.fixture(scope="module")
def script() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "deepseek_day.py")))


@pytest.fixture(scope="module")
def found(script: SimpleNamespace) -> Any:
    return script.study()


def part(page: str, name: str) -> str:
    """What stands between the markers of a part."""
    begin, end = f"<!-- deepseek {name}: begin -->", f"<!-- deepseek {name}: end -->"
    return page.partition(begin)[2].partition(end)[0].strip()


def numbers(text: str) -> list[tuple[float, float]]:
    """Numbers with what their last digit is worth."""
    told = [n.replace(",", "").replace("\N{MINUS SIGN}", "-") for n in NUMBER.findall(text)]
    return [(float(n), 10.0 ** -len(n.partition(".")[2])) for n in told]


@pytest.mark.slow
class TestStudy:
    def test_the_model_knows_the_friday_only(self, found: Any) -> None:
        assert found.posterior.as_of == pd.Timestamp("2025-01-24")
        assert found.facts.table["published"].max() <= pd.Timestamp("2025-01-24")
        assert found.later.table["published"].max() <= pd.Timestamp("2025-12-31")

    def test_the_two_worlds_differ_by_a_step_of_the_size_said(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        """FLOP per token, rebuilt from the shifts: the gain of five years is the step, no more."""
        scenarios, size = found.paths.scenarios, found.gaps[script.CENTRAL]
        names = [entry.name for entry in found.posterior.entries]
        decay = found.posterior.table()["value"]["algorithmic_decay"]
        speed = math.exp(-4.0 * decay) * np.exp(-script.EXAMPLE.AT_ONCE * np.arange(20) / 4.0)
        plain, shock = (scenarios.moves[scenarios.names.index(n)] for n in ("plain", "shock"))
        apart = dict(zip(names, shock - plain, strict=True))
        assert {n for n, by in apart.items() if by != 0.0} == {"algorithmic_growth"}
        entry = found.posterior.entries[names.index("algorithmic_growth")]
        gained = (apart["algorithmic_growth"] * speed / 4.0).sum()
        assert KINDS[entry.kind] == "normal", "whose linked scale is its own"
        assert gained == pytest.approx(math.log(size), rel=1e-6)

    def test_a_world_with_no_part_of_the_shock_is_the_plain_one(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        change = script.part_of(found, 0.0)
        assert change["value"].isna().sum() == 3, "those not listed yet have no accounts"
        assert (change.fillna(0.0).abs() < 1e-12).all().all()

    def test_spending_is_held_at_every_elasticity(self, found: Any) -> None:
        assert found.gap < 0.02

    def test_over_five_years_the_sign_turns_near_unit_elasticity(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        five, fifth = script.nvidia(found, "five years"), script.nvidia(found, "year 5")
        for curve in (five, fifth, found.installed[::-1]):
            assert (np.diff(curve) < 0.01).all(), "more elastic demand makes more of the step"
            assert script.EXAMPLE.crossing(curve, 0.0) == pytest.approx(1.0, abs=0.12)

    def test_saturation_is_why_the_fifth_year_turns_below_one(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        turn = script.EXAMPLE.crossing(script.nvidia(found, "year 5"), 0.0)
        free = script.EXAMPLE.crossing(found.unsaturated[::-1], 0.0)
        assert turn < 0.95
        assert free == pytest.approx(1.0, abs=0.04)

    def test_the_first_year_falls_unless_demand_is_elastic(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        change = script.nvidia(found, "year 1").sort_index()
        assert (np.diff(change) > 0.0).all()
        assert (change[:1.0] < -0.2).all()
        assert script.EXAMPLE.crossing(change[::-1], 0.0) > 1.2

    def test_as_calibrated_no_step_makes_a_hole(self, script: SimpleNamespace, found: Any) -> None:
        holes = [script.part_of(found, k).loc["NVDA", "year 1"] for k in script.SHARES]
        assert min(holes) > -0.08
        assert holes[-1] > holes[script.SHARES.index(1.0)] - 0.01

    def test_rents_fall_everywhere_and_expectations_turn_at_one(self, found: Any) -> None:
        assert (found.seen["rent"] < -0.25).all()
        more = found.seen["with"] - found.seen["without"]
        assert more["calibrated"] > 0.3
        assert abs(more["1.0, constant"]) < 0.05
        assert more["0.7, constant"] < -0.3

    def test_expectations_and_contracts_fill_the_hole_and_power_does_not(self, found: Any) -> None:
        year, at_one = found.fills["year 1"], found.fills["year 1 at 1.0"]
        own = year["as it is"]
        assert year["investors keep the growth they expected"] < own - 0.12
        assert year["investors look at spot rents alone"] < own - 0.12
        assert abs(year["power in any amount"] - own) < 0.05
        assert abs(at_one["power in any amount"] - at_one["as it is"]) < 0.05
        assert abs(year["orders are due at once"] - own) < 0.02
        assert at_one["orders are due at once"] < at_one["as it is"] - 0.05
        quick = "95 % of the answer to price in a quarter"
        assert year[quick] > 0.0
        assert abs(at_one[quick]) < 0.03

    def test_limits_decide_the_rebound(self, found: Any) -> None:
        five = found.fills["five years"]
        assert five["no limit binds"] > 1.3 * five["as it is"]
        before, after = (world.reshape(5, 4, -1).mean(axis=1) for world in found.binding)
        assert np.abs(after - before)[0].max() < 0.2, "in the first year they bind much as before"
        power = LIMITS.index("power")
        assert (after[1:3, power] - before[1:3, power] > 0.1).all()
        assert (after[3:, power] < 0.05).all()

    def test_the_facts_pin_none_of_what_decides_the_first_year(self, found: Any) -> None:
        known = found.posterior.identified().assumptions
        free = ["elasticity[interactive]", "expectation_speed", "spot_weight", "commitment"]
        assert (known.loc[free, "posterior_sd"] > 0.9).all()
        low, high = np.percentile(found.drawn["year 1"], [10.0, 90.0])
        assert low < -0.05
        assert high - low > 0.05

    def test_what_the_page_says_in_words_is_so(self, script: SimpleNamespace, found: Any) -> None:
        """Its prose is not written afresh: should one of these fail, read the page again."""
        own, low = script.part_of(found, 1.0), found.at[0.7]
        assert own.loc["NVDA", "value"] == pytest.approx(0.9 * own.loc["NVDA", "year 5"], rel=0.2)
        assert (own.loc[["NVDA", *script.PRESS], "value"] > -0.015).all()
        assert own.loc[["CEG", "VST"], ["year 1", "five years"]].abs().max().max() < 0.03
        assert 0.5 * low.loc["NVDA", "five years"] < low.loc["NVDA", "value"] < 0.0
        order = ["NVDA", "SMCI", "AVGO", "ORCL", "MSFT", "GOOGL", "CEG"]
        assert low.loc[order, "five years"].is_monotonic_increasing
        five = script.nvidia(found, "five years")
        assert script.EXAMPLE.crossing(five, found.day) == pytest.approx(0.84, abs=0.05)
        assert math.isnan(script.EXAMPLE.crossing(script.nvidia(found), found.day))
        assert found.day == pytest.approx(-0.17, abs=0.005)

    def test_as_calibrated_the_gain_is_past_its_peak_in_the_fifth_year(self, found: Any) -> None:
        place = found.paths.companies.index("NVDA")
        plain, shock = (
            found.worlds[n].revenue[0, :, place].reshape(5, 4).sum(1) for n in ("plain", "shock")
        )
        gain = shock / plain - 1.0
        assert gain[4] < gain.max() - 0.03

    def test_less_training_hurts_by_what_tokens_pay_of_it(self, found: Any) -> None:
        capital, half, quarter = (found.effects[f"cut_{i}"].loc["NVDA", "value"] for i in range(3))
        assert -0.03 < capital < 0.0
        assert found.outside[[0, -1]] == pytest.approx([0.76, 0.16], abs=0.04)
        assert quarter < half < -0.06

    def test_the_year_after_does_not_tell(self, script: SimpleNamespace, found: Any) -> None:
        came = script.reported(found)
        ends = came.index[came.index > script.AFTERWARDS]
        plain, shock = (
            sum(script.fiscal(found, world, end) for end in ends) for world in ("plain", "shock")
        )
        lost = 2.5 + 8.0
        assert abs(plain - shock) < 1.1 * lost
        assert abs(came[ends].sum() + lost - plain) < lost

    @pytest.mark.parametrize("name", PARTS)
    def test_the_page_says_what_the_script_says(
        self, script: SimpleNamespace, found: Any, name: str
    ) -> None:
        """Within rounding; `python docs/deepseek_day.py` writes the page afresh."""
        written = part(PAGE.read_text(encoding="utf-8"), name)
        now = script.PARTS[name](found)
        assert NUMBER.sub("#", written) == NUMBER.sub("#", now)
        for (was, digit), (value, _) in zip(numbers(written), numbers(now), strict=True):
            assert was == pytest.approx(value, rel=0.02, abs=1.01 * digit)


def test_a_crossing_lies_where_the_line_does(script: SimpleNamespace) -> None:
    line = pd.Series({1.0: 0.0, 0.5: -0.5, 0.0: -1.0})
    assert script.EXAMPLE.crossing(line, -0.25) == pytest.approx(0.75)
    assert math.isnan(script.EXAMPLE.crossing(line, -2.0))


def test_every_part_has_its_place_in_the_page(script: SimpleNamespace) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert tuple(script.PARTS) == PARTS
    assert all(part(page, name) for name in PARTS)
    filled = script.filled(page, {"null": "told"})
    assert part(filled, "null") == "told"
    assert script.filled(filled, {"null": part(page, "null")}) == page
