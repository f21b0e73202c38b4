"""Blocks of pages that a script writes: each has its place, and nothing else is touched."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

import marketsim as ms

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


@pytest.mark.parametrize("name", ["facts", "tables", "weights"])
def test_what_tables_hold_is_written_as_it_is_checked(name: str) -> None:
    page = ROOT / "docs" / "data.md"
    assert block(page, name).strip() == GENERATE.declared()[name], "run `make docs`"


def test_what_valuation_assumes_is_written_as_it_is() -> None:
    """Word by word: nothing but the declarations and two facts stands behind it."""
    page = ROOT / "docs" / "valuation.md"
    assert block(page, "valuation").strip() == GENERATE.valued(), "run `make docs`"
