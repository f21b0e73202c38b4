"""Rows of one's own: written whole once they are sound, and not at all before."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import filelock
import pytest

import marketsim as ms
from marketsim.curation import Row, add_rows, adding
from marketsim.errors import DataError, InputError
from marketsim.knowledge.table import COLUMNS

ROW = Row(
    "quarterly_revenue",
    "NVDA.total",
    "2026-01-25",
    "2026-02-25",
    "68127",
    "USD m",
    "a release, read by me",
)
FILE = "quarterly_revenue.csv"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*.csv"))}


def test_a_row_is_written_and_read(mine: Path) -> None:
    added = add_rows(mine, [ROW])
    assert added.files == (mine / "facts" / FILE,)
    assert added.changes == (f"facts/{FILE}: 1 row added",)
    assert added.files[0].read_text().splitlines()[0] == ",".join(COLUMNS)
    facts = ms.load_facts(add=mine)
    assert facts.series("quarterly_revenue", "NVDA.total").iloc[-1] == 68_127.0


def test_nothing_but_facts_and_a_lock_is_left(mine: Path) -> None:
    add_rows(mine, [ROW])
    assert {p.name for p in mine.rglob("*")} - {".facts.lock"} == {"facts", FILE}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"quantity": "quarterly_revenu"}, "not a known quantity. Did you mean"),
        ({"unit": "kW"}, "write it in 'USD m' or 'EUR m'"),
        ({"date": "2026-02-30"}, "not a day"),
        ({"published": "2026-01-01"}, "before the date"),
        ({"value": "many"}, "not a number"),
        ({"value": "nan"}, "not a number"),
        ({"value": ""}, "a decimal number in USD m"),
        ({"source": ""}, "say where the figure comes from"),
        ({"entity": " "}, "empty|name what"),
        ({"confidence": "sure"}, "sourced or derived or unverified"),
        ({"quantity": "../../evil"}, "not a known quantity"),
    ],
)
def test_a_fault_is_one_line_and_nothing_is_written(
    mine: Path, change: dict[str, str], why: str
) -> None:
    with pytest.raises(DataError, match=why) as refusal:
        add_rows(mine, [replace(ROW, **change)])
    assert "line 2" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert bytes_of(mine.parent) == {}


def test_what_no_terminal_could_read_is_no_text(mine: Path) -> None:
    """A byte of another encoding reaches Python as half a character."""
    with pytest.raises(DataError, match=r"quarterly_revenue\.csv: '.*Soci.* holds what is no text"):
        add_rows(mine, [replace(ROW, source="Soci\udce9t\udce9")])
    assert bytes_of(mine.parent) == {}


def test_the_same_row_twice_is_refused(mine: Path) -> None:
    add_rows(mine, [ROW])
    before = bytes_of(mine)
    with pytest.raises(DataError, match=r"line 3: .*same quantity, entity, date and published"):
        add_rows(mine, [replace(ROW, value="68128")])
    assert bytes_of(mine) == before


def test_one_bad_row_of_two_writes_neither(mine: Path) -> None:
    good = replace(ROW, quantity="quarterly_capex", entity="AMZN")
    with pytest.raises(DataError):
        add_rows(mine, [good, replace(ROW, unit="kW")])
    assert bytes_of(mine.parent) == {}


def test_rows_of_before_stay_to_the_byte_whatever_their_lines_end_with(mine: Path) -> None:
    path = mine / "facts" / FILE
    path.parent.mkdir(parents=True)
    columns = [*COLUMNS[3:], *COLUMNS[:3]]
    cells = ["2026-02-25", "1", "USD m", "page", "sourced", "", "quarterly_revenue", "NVDA.x"]
    before = f"{','.join(columns)}\r\n{','.join([*cells, '2026-01-25'])}".encode()
    path.write_bytes(before)
    add_rows(mine, [replace(ROW, source='said "x", twice', note="two\nlines")])
    after = path.read_bytes()
    assert after.startswith(before + b"\r\n")
    assert after.count(b"\r\n") == after.count(b"\n") == 3
    row = ms.load_facts(add=mine).select("quarterly_revenue", "NVDA.total").iloc[-1]
    assert (row["source"], row["note"]) == ('said "x", twice', "two lines")


def test_a_file_of_other_columns_is_left_alone(mine: Path) -> None:
    path = mine / "facts" / FILE
    path.parent.mkdir(parents=True)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError):
        add_rows(mine, [ROW])
    assert path.read_text() == "a,b\n1,2\n"


def test_a_folder_that_is_none_of_facts_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "letters.doc").write_text("x")
    with pytest.raises(DataError, match=r"letters.doc is no table of marketsim"):
        add_rows(tmp_path, [ROW])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters.doc"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(DataError, match="is a file; name a folder"):
        add_rows(tmp_path / "mine", [ROW])


def test_no_rows_are_no_addition(mine: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        add_rows(mine, [])


def test_writers_take_turns(mine: Path) -> None:
    rows = [replace(ROW, entity=f"NVDA.part{n}") for n in range(4)]
    threads = [threading.Thread(target=add_rows, args=(mine, [row])) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len((mine / "facts" / FILE).read_text().splitlines()) == 5


def test_who_waits_too_long_is_told(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "PATIENCE", 0.05)
    mine.mkdir()
    with (
        filelock.FileLock(mine / adding.LOCK),
        pytest.raises(DataError, match="another process has been writing"),
    ):
        add_rows(mine, [ROW])
