"""The page of forecasts: its parts have their places, and its bars say what is missed."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting import Forecast
from marketsim.forecasting.forecasters import HINDSIGHT, MARKETSIM, OWN, SAID, UNHEARD
from marketsim.forecasting.measures import BEST
from marketsim.forecasting.rivals import RIVALS
from marketsim.forecasting.scores import Scores, score
from tests.test_groups import SERIES
from tests.test_scores import cell, forecasts
from tests.test_sums import table as summed

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "forecasts.py")))


@pytest.fixture(scope="module")
def scores() -> Scores:
    """Ours knows the truth, its parts a little less, rivals far less; no guidance."""
    names = {MARKETSIM: 0.1, UNHEARD: 0.12, SAID: 0.14, OWN: 0.16, **dict.fromkeys(RIVALS, 0.5)}
    rows = forecasts(scales=names)
    known = rows["series"].map(SERIES)
    rows = rows.assign(series=known.str[0], kind=known.str[1])
    every = pd.concat([summed(0.5).assign(origin=origin) for origin in rows["origin"].unique()])
    return score(rows, exposed={"NVDA"}, sums=every)


@pytest.fixture
def ahead(published: Forecast) -> Forecast:
    return published


def test_every_part_has_its_place(script: SimpleNamespace) -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    for name in (*script.ORIGINS, "scores"):
        head, _, rest = page.partition(f"<!-- {name}: begin -->")
        assert head
        assert rest.partition(f"<!-- {name}: end -->")[0].strip()


def test_bars_are_the_numbers_of_the_scores(script: SimpleNamespace, scores: Scores) -> None:
    bars = {bar.name: bar for bar in script.BARS.bars(scores)}
    ours = {"forecaster": MARKETSIM}
    gain = bars["all series, 2-4 ahead, over best rival"]
    assert gain.measured == cell(
        scores.skill, "skill", series="all", horizons="2-4", rival=BEST, **ours
    )
    assert gain.low == 0.25
    assert gain.missed == 0.0
    bias = bars["AI-exposed, bias 4 ahead, from 2023"]
    assert bias.measured == cell(
        scores.by_group, "late_bias", group="AI-exposed", horizons="4", **ours
    )
    held = bars["80 % intervals, segments, 1 ahead"]
    assert held.measured == cell(
        scores.by_group, "coverage", group="segments", horizons="1", **ours
    )
    part = bars[f"all series, 1 ahead, over {OWN}"]
    assert 0.0 < part.measured < gain.measured
    odds = cell(scores.tests, "p_value", series="all", horizons="1", rival=OWN, **ours)
    assert part.note == ("<0.001" if odds < 0.001 else f"{odds:.3f}")
    sums = bars["80 % intervals, sums of all companies, a year"]
    assert sums.measured == 1.0  # what came was the median


def test_a_missed_bar_says_by_how_much(script: SimpleNamespace, scores: Scores) -> None:
    bar = script.BARS.Bar("x", 0.74, 0.86, 0.70, "{:.1%}")
    assert bar.missed == pytest.approx(0.04)
    assert script.BARS.Bar("x", 0.74, 0.86, 0.90).missed == pytest.approx(0.04)
    assert script.BARS.Bar("x", 0.74, 0.86, 0.80).missed == 0.0
    lines = {line.split(" | ")[0].lstrip("| "): line for line in script.BARS.table(scores)}
    assert lines["80 % intervals, sums of all companies, a year"].endswith("| 14.0% |")
    assert lines["all series, 1 ahead, over best rival"].endswith("|  |")
    assert not any("guidance" in name for name in lines), "nobody has guided"


def test_coverage_of_an_origin_is_that_of_all_its_outcomes(
    script: SimpleNamespace, scores: Scores
) -> None:
    by_origin = script.BARS.coverage_by_origin(scores)
    assert len(by_origin) == 24
    rows = scores.overall[
        (scores.overall["forecaster"] == MARKETSIM) & scores.overall["horizons"].isin(("1", "2-4"))
    ]
    every = np.average(rows["coverage"], weights=rows["n"])
    assert by_origin.mean() == pytest.approx(every)  # origins have as many outcomes each


def test_marks_tell_of_groups_and_sums(script: SimpleNamespace, scores: Scores) -> None:
    text = script.marks(scores)
    for group in ("AI-exposed", "other revenue", "segments", "capital spending"):
        assert f"| {group} | 2-4 |" in text
    assert "| all companies | a year | 24 |" in text
    assert f"| {SAID} |" in text


def test_an_origin_is_told_with_and_without_statements(
    script: SimpleNamespace, ahead: Forecast
) -> None:
    """What is said of NVIDIA is what is forecast; what the facts lack has not come."""
    every = ms.load_facts()
    text = script.told("mid-2025", every, ahead)
    row = next(i for i, s in enumerate(ahead.series) if s.entity == "NVDA.total")
    apart, said = (np.exp(x.location[row, 0]) / 1e3 for x in (ahead.unheard, ahead.logs))
    (line,) = [line for line in text.splitlines() if line.startswith("| NVDA.total | 2026-01-25")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[2:4] == [f"{apart:.2f}", f"{said:.2f}"]
    assert cells[4] == "not yet"
    assert cells[5].startswith("guidance of NVDA.total of 2025-11-")
    name, _, _ = cells[5].rpartition(", ")
    rest = np.exp(ahead.without(name).logs.location[row, 0]) / 1e3
    assert cells[6] == f"{rest:.2f}"
    assert abs(rest - apart) < abs(said - apart)


def test_groups_are_told_origin_by_origin(script: SimpleNamespace, scores: Scores) -> None:
    """Every cell is that of the scores; the last line counts where the rival was beaten."""
    lines = [line for line in script.BY_ORIGIN.origins(scores) if line.startswith("| ")]
    named = [cell.strip() for cell in lines[0].strip("|").split("|")]
    rows = scores.origins("capital spending")
    assert len(lines) == 1 + len(rows) + 1
    at = named.index("capital spending")
    for line, (origin, row) in zip(lines[1:-1], rows.iterrows(), strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[0] == str(pd.Timestamp(str(origin)).date())
        assert cells[at].startswith(f"{row['crps']:.3f} ({row['skill']:+.0%}); ")
        assert cells[at].endswith(f"{row['coverage']:.0%}")
    won = (rows["skill"] > 0.0).sum()
    assert lines[-1].strip("| ").split(" | ")[at] == f"{won} of {len(rows)}"


def test_the_mixture_stands_beside_worlds_without_regimes(
    script: SimpleNamespace, scores: Scores
) -> None:
    """And is not told of where it was not scored."""
    assert list(script.BY_ORIGIN.hindsight(scores)) == []
    rows = scores.by_group[scores.by_group["forecaster"] == MARKETSIM]
    both = pd.concat([scores.by_group, rows.assign(forecaster=HINDSIGHT, crps=2.0 * rows["crps"])])
    text = "\n".join(script.BY_ORIGIN.hindsight(replace(scores, by_group=both)))
    crps = cell(scores.by_group, "crps", group="segments", horizons="2-4", forecaster=MARKETSIM)
    assert f"| segments | 2-4 | {crps:.4f} → {2.0 * crps:.4f} |" in text


def test_what_came_ends_where_the_definition_does(script: SimpleNamespace) -> None:
    every = ms.load_facts()
    broken = next(b for b in every.universe.breaks if b.entity == "MSFT.intelligent_cloud")
    dates = every.series("quarterly_revenue", broken.entity).index
    before = dates[dates < broken.first]
    series: Any = SimpleNamespace(
        quantity="quarterly_revenue", entity=broken.entity, dates=before[:-1]
    )
    said: Any = SimpleNamespace(as_of=before[-2], logs=SimpleNamespace(scale=np.zeros((1, 4))))
    assert len(script.came(every, series, said)) == 1
