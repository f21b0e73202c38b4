"""Blocks of pages that a script writes: each has its place, and nothing else is touched."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.claims.hardware import HUNDRED, speed
from marketsim.claims.response import LIMITED, WATCHED
from marketsim.claims.worlds import posterior_worlds
from marketsim.paradoxes import YEARS_AFTER
from marketsim.precision import precise

ROOT = Path(__file__).parents[1]
GENERATE = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "generate.py")))
PAGES = [ROOT / name for name in GENERATE.PAGES]
MARKER = re.compile(r"<!-- ([\w -]+): (begin|end) -->")


def block(page: Path, name: str) -> str:
    text = page.read_text(encoding="utf-8")
    return text.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_markers_come_in_pairs_and_nothing_between_is_empty(page: Path) -> None:
    found = MARKER.findall(page.read_text(encoding="utf-8"))
    assert found
    assert found[::2] == [(name, "begin") for name, _ in found[1::2]]
    assert all(end == "end" for _, end in found[1::2])
    assert all(block(page, name).strip() for name, _ in found)


def test_only_what_stands_between_the_markers_changes() -> None:
    page = "a <!-- x: begin -->old<!-- x: end --> b\n<!-- y: begin -->\nold\n<!-- y: end -->\nc\n"
    new = GENERATE.replaced(page, {"x": "new", "y": "two\nlines", "z": "nowhere"})
    assert new == (
        "a <!-- x: begin -->new<!-- x: end --> b\n"
        "<!-- y: begin -->\ntwo\nlines\n<!-- y: end -->\nc\n"
    )
    assert GENERATE.replaced(new, {"x": "new", "y": "two\nlines"}) == new


@pytest.mark.parametrize("page", ["<!-- x: begin -->", "<!-- x: end -->", "<!-- x: begin -->" * 2])
def test_a_marker_without_its_other_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="'x' needs one begin and one end"):
        GENERATE.replaced(page, {"x": "new"})


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if "<!-- identified: begin -->" in page.read_text(encoding="utf-8")],
    ids=lambda page: page.name,
)
def test_what_is_pinned_adds_up_and_is_about_what_is_found(
    page: Path, posterior: ms.Posterior
) -> None:
    """To a tenth of all: which assumption lies just above a bar moves with every fact."""
    total, *parts = map(int, re.findall(r"\d+", block(page, "identified")))
    assert total == sum(parts)
    now = list(map(int, re.findall(r"\d+", GENERATE.identified(posterior))))
    assert [total, *parts] == pytest.approx(now, abs=0.1 * total), "run `make docs`"


def test_what_is_calibrated_is_about_what_the_page_says(posterior: ms.Posterior) -> None:
    says, now = (
        list(map(int, re.findall(r"\d+", text)))
        for text in (block(ROOT / "docs" / "calibration.md", "size"), GENERATE.size(posterior))
    )
    assert now[0] == len(posterior.fit)
    assert now[1] + now[2] == len(posterior.mode)
    assert says == pytest.approx(now, rel=0.1), "run `make docs`"


def test_a_field_stands_once_with_the_members_that_are_left() -> None:
    every = ["a", "b[x]", "b[y]", "c[x]", "c[y]", "d"]
    left = ["a", "b[x]", "b[y]", "c[y]"]
    assert list(GENERATE.together(left, every)) == ["`a`", "`b`", "`c` of y"]


def named(text: str, every: list[str]) -> set[str]:
    """Return the assumptions that a list of what is left to priors names."""
    found = set()
    for field, _, members in re.findall(r"`(\w+)`( of ((?:[\w.]+(?:, )?)+))?", text):
        some = [m for m in members.split(", ") if m]
        of_field = [name for name in every if name.partition("[")[0] == field]
        found |= {f"{field}[{m}]" for m in some} if some else set(of_field)
    return found


def test_all_that_is_left_to_priors_is_named_and_nothing_else(posterior: ms.Posterior) -> None:
    """On the page to a tenth: which assumption lies just below a bar moves with every fact."""
    status = posterior.identified().assumptions["status"]
    every, left = list(status.index), set(status.index[status == "prior"])
    assert named(GENERATE.left_to_priors(posterior), every) == left
    says = named(block(ROOT / "docs" / "model.md", "left to priors"), every)
    assert len(says ^ left) <= 0.1 * len(every), "run `make docs`"


@pytest.mark.parametrize("name", ["facts", "tables", "weights"])
def test_what_tables_hold_is_written_as_it_is_checked(name: str) -> None:
    page = ROOT / "docs" / "data.md"
    assert block(page, name).strip() == GENERATE.declared()[name], "run `make docs`"


def test_what_valuation_assumes_is_written_as_it_is() -> None:
    """Word by word: nothing but the declarations and two facts stands behind it."""
    page = ROOT / "docs" / "valuation.md"
    assert block(page, "valuation").strip() == GENERATE.valued(), "run `make docs`"


# ------------------------------------------------------------------ the paradox


SVG = "{http://www.w3.org/2000/svg}"
PIXELS = 0.6
"""How far three digits of a change in logs may move a line."""


def written_paradox() -> pd.DataFrame:
    """The rows of the table on the page."""
    text = block(ROOT / "docs" / "outlook.md", "paradox")
    limits, rows = "", []
    for line in text.splitlines():
        found = re.fullmatch(r"(\w+)? +(\d\.\d)((?: +-?\d\.\d{3}){13})", line)
        if found is None:
            continue
        limits = found[1] or limits
        *changes, held = map(float, found[3].split())
        keys = [(year, name) for year in YEARS_AFTER for name in WATCHED]
        rows += [
            (limits, float(found[2]), year, name, change, held)
            for (year, name), change in zip(keys, changes, strict=True)
        ]
    columns = ["limits", "elasticity", "year", "quantity", "median", "held"]
    return pd.DataFrame(rows, columns=columns)


def lines_of(figure: str) -> list[list[np.ndarray]]:
    """Points of the lines of each panel."""
    panels = ElementTree.fromstring(figure).findall(f"{SVG}svg[@aria-label]")
    paths = [[one.get("d", "") for one in p.iter(f"{SVG}path")] for p in panels]
    drawn = [[d for d in panel if d.count("L") > 1 and not d.endswith("Z")] for panel in paths]
    pairs = [[re.findall(r"[\d.]+", d) for d in panel] for panel in drawn]
    return [[np.array(p, float).reshape(-1, 2) for p in panel] for panel in pairs if panel]


def test_the_figure_of_the_paradox_shows_what_the_table_beside_it_says() -> None:
    rows = written_paradox()
    assert len(rows) == len(LIMITED) * len(ms.paradoxes.ELASTICITIES) * len(YEARS_AFTER) * 4
    figure = GENERATE.FIGURE.read_text(encoding="utf-8")
    shown, now = lines_of(figure), lines_of(GENERATE.PARADOX.figure(rows, np.empty(0)))
    assert [len(panel) for panel in shown] == [6] * len(WATCHED)  # three years, two limits
    for one, other in zip(shown, now, strict=True):
        np.testing.assert_allclose(one, other, atol=PIXELS, err_msg="run `make docs`")


def test_the_figure_of_the_paradox_names_what_it_shows_and_needs_nothing_beside_it() -> None:
    figure = GENERATE.FIGURE.read_text(encoding="utf-8")
    words = [one.text for one in ElementTree.fromstring(figure).iter(f"{SVG}text")]
    titles = ["Compute", "Revenue of accelerators", "Power", "Spending"]
    assert [one for one in words if one in titles] == titles
    for year in YEARS_AFTER:
        assert {f"year {year}, as calibrated", f"year {year}, nothing short"} <= set(words)
    assert "how likely each elasticity is" in words
    assert figure.count('class="inner"') == 1 + len(WATCHED)  # of the legend, and of each panel
    assert not re.search(r"href|url\(|<script|@import", figure)
    assert "(paradox.svg)" in (ROOT / "docs" / "outlook.md").read_text(encoding="utf-8")


def test_the_same_answers_give_the_same_bytes_of_the_figure() -> None:
    rows, draws = written_paradox(), np.array([1.2, 1.4, 1.5])
    assert GENERATE.PARADOX.figure(rows, draws) == GENERATE.PARADOX.figure(rows, draws.copy())


# ------------------------------------------------------------ news on appetite


def cells(page: str, name: str) -> list[list[str]]:
    """Rows of the table of a block, without its head."""
    rows = [line for line in block(ROOT / "docs" / page, name).splitlines() if line[:1] == "|"]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_news_on_appetite_are_large_only_where_the_world_had_any(posterior: ms.Posterior) -> None:
    """The slump of 2022, and ChatGPT with the orders after it; the level is what they add up to."""
    rows = GENERATE.APPETITE.appetite(posterior)
    beyond = GENERATE.APPETITE.large(rows)
    assert set(beyond[beyond < 0.0].index.astype(str)) <= {"2022Q2", "2022Q3"}
    assert set(beyond[beyond > 0.0].index.astype(str)) <= {"2022Q4", "2023Q1", "2023Q2"}
    assert np.sqrt((rows["news"] ** 2).mean()) < 0.13
    kept, level = float(posterior.assumptions.appetite_persistence), 0.0
    for news, after in zip(rows["news"], rows["level"], strict=True):
        level = kept * level + news
        assert after == pytest.approx(level)


def test_the_page_has_the_news_on_appetite_of_every_quarter(posterior: ms.Posterior) -> None:
    written = cells("calibration.md", "appetite")
    rows = GENERATE.APPETITE.appetite(posterior)
    for name, lines in (("news", written[::2]), ("level", written[1::2])):
        told = np.array([line[1:] for line in lines], float).ravel()
        np.testing.assert_allclose(told, rows[name], atol=0.03, err_msg="run `make docs`")


# ------------------------------------------------------------------------ memory


@pytest.mark.parametrize(
    ("path", "turns"),
    [
        ([0.0, 0.1, 0.0], []),
        ([0.0, 0.5], [0, 1]),
        ([0.0, 0.1, -0.5, -0.4, -0.6, 0.0, -0.1], [1, 4, 5]),
        ([0.1, 0.0, 0.5, 0.4, 0.9, 0.6], [1, 4, 5]),
    ],
)
def test_a_path_turns_at_its_extremes(path: list[float], turns: list[int]) -> None:
    assert GENERATE.MEMORY.turning(np.array(path)) == turns


def test_swings_of_memory_are_written_as_they_are(posterior: ms.Posterior) -> None:
    rows = cells("calibration.md", "memory swings")
    dates = [row[0] for row in rows if row[0]]
    assert dates == list(GENERATE.MEMORY.DATES)
    last = rows[[row[0] for row in rows].index(dates[-1]) :]
    now = list(GENERATE.MEMORY.swings(posterior))
    assert len(last) == len(now)
    for row, one in zip(last, now, strict=True):
        assert row[2] == one.what
        told = [float(x) for cell in row[4:] for x in cell.split(" to ")]
        ends = [*one.reported, *one.modelled, *one.without]
        np.testing.assert_allclose(told, ends, rtol=0.07, err_msg="run `make docs`")


def test_prior_worlds_double_the_price_of_memory_now_and_then(posterior: ms.Posterior) -> None:
    """In some per cent of years, and halve it more often: it falls in the long run."""
    doubled, halved = GENERATE.MEMORY.doubling(posterior, draws=400)
    assert 0.02 < doubled < 0.12
    assert doubled < halved < 0.3
    told = [int(x) for x in re.findall(r"(\d+) %", block(ROOT / "docs/calibration.md", "doubling"))]
    assert told == pytest.approx([100.0 * doubled, 100.0 * halved], abs=3.0), "run `make docs`"


# --------------------------------------------------------------------- latencies


@pytest.mark.slow
def test_latencies_make_the_cost_of_speed_and_not_the_share_of_fast_designs(
    posterior: ms.Posterior,
) -> None:
    drawn, rows = GENERATE.LATENCY, cells("model.md", "latencies")
    assert [row[0] for row in rows] == [words for words, *_ in drawn.KINDS]
    with precise("float64"):
        worlds = posterior_worlds(posterior, 20, seed=0)
        kinds = [drawn.with_latencies(worlds, *given) for _, *given in drawn.KINDS]
        cost = [drawn.premia(one)[:, HUNDRED] for one in kinds]
        share = [np.median(drawn.fast_share(one)) for one in kinds]
        holds = [speed(one).holds.mean() for one in kinds]
    assert (cost[0] > cost[1]).all()
    assert (cost[1] > cost[2]).all()
    assert (cost[2] < 1.5).all()
    assert holds[0] > 0.8
    assert holds[2] == holds[3] == 0.0
    assert max(share) < 2.0 * min(share)
    for row, one in zip(rows, cost, strict=True):
        assert one.min() < float(row[1]) < one.max(), "run `make docs`"
