"""To which day the facts support decisions, as declared, as added to, and as of earlier dates."""

from __future__ import annotations

import pickle
import shutil
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import DataError
from marketsim.resources import folder
from marketsim.runs.freshness import REPORTS
from marketsim.statements import STATEMENTS

DECLARED = pd.Timestamp("2025-12-31")
HEADER = "quantity,entity,date,published,value,unit,source,confidence,note"


def told(quantity: str, entity: str, date: str, published: str, unit: str = "USD m") -> str:
    return f"{quantity},{entity},{date},{published},60000,{unit},made up,sourced,"


def mine(place: Path, *rows: str) -> Path:
    (place / "facts").mkdir(parents=True, exist_ok=True)
    (place / "facts" / "mine.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return place


@cache
def unit_of(quantity: str) -> str:
    return str(ms.load_facts().quantities["units"][quantity][0])


JANUARY = told("quarterly_revenue", "NVDA.total", "2026-01-25", "2026-02-25")
MAY = told("revenue_guidance", "NVDA.total", "2026-07-26", "2026-05-20")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what ships, which may be spoilt."""
    copy = tmp_path / "data"
    shutil.copytree(folder("data"), copy)
    monkeypatch.setenv("MARKETSIM_DATA", str(copy))
    return copy


# ----------------------------------------------------------------------- as shipped


def test_what_ships_is_complete_to_the_day_declared() -> None:
    """Some rows are later: reports of the last quarters, and estimates."""
    every = ms.load_facts()
    assert every.complete == DECLARED
    assert every.table["published"].max() > DECLARED


def test_all_that_companies_report_or_say_is_declared() -> None:
    every = ms.load_facts()
    said = {name for kind in STATEMENTS for name in kind.quantities}
    assert said | set(REPORTS) <= set(every.declared)
    assert set(every.declared) <= set(every.quantities.index)


@pytest.mark.parametrize("date", ["2019-06-30", "2025-12-30", "2025-12-31", "2026-08-31"])
def test_it_is_never_later_than_what_may_be_seen(date: str) -> None:
    assert ms.load_facts(as_of=date).complete == min(DECLARED, pd.Timestamp(date))


def test_the_earliest_of_what_is_declared_counts(data: Path) -> None:
    text = (data / "complete.csv").read_text(encoding="utf-8")
    earlier = text.replace("capex_plan,2025-12-31", "capex_plan,2025-09-30", 1)
    assert earlier != text
    (data / "complete.csv").write_text(earlier, encoding="utf-8")
    assert ms.load_facts().complete == pd.Timestamp("2025-09-30")


def test_a_calibration_hangs_on_facts_and_date_alone(data: Path) -> None:
    """So that what was kept is found again once more is known."""
    before = ms.load_facts().digest
    text = (data / "complete.csv").read_text(encoding="utf-8")
    (data / "complete.csv").write_text(text.replace("2025-12-31", "2025-06-30"), encoding="utf-8")
    assert ms.load_facts().digest == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "complete.csv is missing; it lists to which day the facts hold what companies"),
        ("quantity,complete,note\n", "complete.csv, line 1: names no quantity; name those"),
        ("quantity,until,note\nbacklog,2025-12-31,\n", "'until' is not a column of this table"),
        (
            "quantity,complete,note\nbacklog,end of 2025,\n",
            "complete.csv, line 2, column complete: 'end of 2025' is not a day; write it as",
        ),
        (
            "quantity,complete,note\nbacklogs,2025-12-31,\n",
            "'backlogs' is not in quantities.csv; add it there. Did you mean 'backlog'?",
        ),
        (
            "quantity,complete,note\nbacklog,2025-12-31,\nbacklog,2025-06-30,\n",
            "complete.csv, line 3: 'backlog' stands twice; keep one",
        ),
    ],
)
def test_what_is_wrong_with_the_declaration_is_told(
    content: str | None, says: str, data: Path
) -> None:
    if content is None:
        (data / "complete.csv").unlink()
    else:
        (data / "complete.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        ms.load_facts()
    assert says in str(raised.value)


# ----------------------------------------------------------------------- a folder of one's own


def test_later_reports_and_statements_of_ones_own_count(tmp_path: Path) -> None:
    every = ms.load_facts(add=mine(tmp_path, JANUARY, MAY))
    assert every.complete == pd.Timestamp("2026-05-20")
    assert every.copy().complete == pickle.loads(pickle.dumps(every)).complete == every.complete


def test_as_of_a_date_those_published_by_then_count(tmp_path: Path) -> None:
    every = ms.load_facts(add=mine(tmp_path, JANUARY, MAY))
    assert every.upto("2026-05-19").complete == pd.Timestamp("2026-02-25")
    assert every.upto("2026-02-24").complete == DECLARED
    assert every.upto("2025-06-30").complete == pd.Timestamp("2025-06-30")


def test_what_is_published_after_a_date_changes_nothing(tmp_path: Path) -> None:
    once = ms.load_facts(as_of="2026-03-31", add=mine(tmp_path / "a", JANUARY, MAY))
    other = told("quarterly_capex", "MSFT", "2026-03-31", "2026-04-30")
    again = ms.load_facts(as_of="2026-03-31", add=mine(tmp_path / "b", JANUARY, other))
    assert again.complete == once.complete == pd.Timestamp("2026-02-25")


@pytest.mark.parametrize(
    "row",
    [
        told("token_list_price", "mine/input", "2026-05-01", "2026-05-01", "its unit"),
        told("quarterly_revenue", "NVDA.total", "2018-10-28", "2018-12-01"),
    ],
    ids=["neither report nor statement", "earlier"],
)
def test_nothing_else_of_ones_own_counts(row: str, tmp_path: Path) -> None:
    row = row.replace("its unit", unit_of("token_list_price"))
    assert ms.load_facts(add=mine(tmp_path, row)).complete == DECLARED


def test_a_correction_of_a_later_shipped_row_does_not_count(tmp_path: Path) -> None:
    table = ms.load_facts().table
    late = table[(table["quantity"] == "quarterly_revenue") & (table["published"] > DECLARED)]
    row = late.iloc[0].to_dict()
    text = ",".join(
        [
            *(row["quantity"], row["entity"], f"{row['date']:%Y-%m-%d}"),
            *(
                f"{row['published']:%Y-%m-%d}",
                f"{row['value']:g}",
                row["unit"],
                "mine",
                "sourced",
                "",
            ),
        ]
    )
    known = ms.load_facts(add=mine(tmp_path, text))
    assert known.added == ("facts/mine.csv: 1 replaced",)
    assert known.complete == DECLARED


def test_one_may_declare_ones_own_facts_complete(tmp_path: Path) -> None:
    rows = [f"{name},2026-06-30,mine" for name in ms.load_facts().declared]
    text = "\n".join(["quantity,complete,note", *rows]) + "\n"
    (tmp_path / "complete.csv").write_text(text, encoding="utf-8")
    assert ms.load_facts(add=tmp_path).complete == pd.Timestamp("2026-06-30")


def test_of_facts_that_do_not_ship_the_newest_report_or_statement_counts(tmp_path: Path) -> None:
    place = mine(tmp_path, JANUARY.replace("2026", "2023"), MAY.replace("2026", "2023")) / "facts"
    facts = ms.load_facts(folder=place)
    assert facts.complete == pd.Timestamp("2023-05-20")
    assert facts.upto("2023-04-30").complete == pd.Timestamp("2023-02-25")


# ----------------------------------------------------------------------- the default date


def test_calibration_is_to_that_day_by_default(posterior: ms.Posterior) -> None:
    by_default = ms.calibrate(ms.load_facts())
    assert by_default.as_of == posterior.as_of == DECLARED
    assert (by_default.mode == posterior.mode).all()
