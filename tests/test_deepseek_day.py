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

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "deepseek_day.md"
NUMBER = re.compile(r"[+\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?")


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
        assert (script.effect(found, "share_0").abs() < 1e-12).all().all()

    def test_the_fifth_year_turns_at_unit_elasticity(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        change = script.nvidia(found, "year 5")
        assert change[0.7] < -0.02
        assert change[1.4] > 0.02
        assert abs(change[1.0]) < min(-change[0.7], change[1.4]) / 3.0

    def test_the_first_year_falls_whatever_the_elasticity(
        self, script: SimpleNamespace, found: Any
    ) -> None:
        change = script.nvidia(found, "year 1").sort_index()
        assert (change < 0.0).all()
        assert change[1.4] > change[0.7], "elastic buyers fill part of the hole"

    def test_a_larger_step_makes_a_deeper_hole(self, script: SimpleNamespace, found: Any) -> None:
        holes = [
            script.effect(found, f"share_{100 * k:.0f}").loc["NVDA", "year 1"]
            for k in script.SHARES
        ]
        assert (np.diff(holes) < 0.0).all()

    def test_what_the_page_says_in_words_is_so(self, script: SimpleNamespace, found: Any) -> None:
        """Its prose is not written afresh: should one of these fail, read the page again."""
        own = script.effect(found, "shock")
        assert own.loc["NVDA", "year 1"] < -0.05
        assert own.loc[["CEG", "VST"], ["year 1", "year 5"]].abs().max().max() < 0.05
        five = script.nvidia(found, "five years")
        assert script.EXAMPLE.crossing(five, found.day) < 0.9
        assert found.day == pytest.approx(-0.17, abs=0.005)

    @pytest.mark.parametrize("name", ["size", "nvidia", "companies", "needed", "after", "null"])
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
    assert all(part(page, name) for name in script.PARTS)
    filled = script.filled(page, {"null": "told"})
    assert part(filled, "null") == "told"
    assert script.filled(filled, {"null": part(page, "null")}) == page
