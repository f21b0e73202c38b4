"""What a folder or a file of facts is worth, told line by line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from marketsim.curation import Row, add_rows, check_facts
from marketsim.errors import DataError
from marketsim.sources.reports import REVENUE
from tests.facts.test_adding import FILE, ROW


def test_what_ships_is_sound() -> None:
    found = check_facts()
    assert found.usable
    assert found.rows > 10_000
    assert str(found).startswith("shipped facts: ")
    assert not [line for line in found.warnings if "recast" in line]


def test_a_missing_quarter_is_told_and_no_other_series(tmp_path: Path) -> None:
    add_rows(tmp_path, [replace(ROW, date="2026-07-26", published="2026-08-27")])
    found = check_facts(tmp_path)
    assert found.rows == 1
    assert found.changes == (f"facts/{FILE}: 1 row added",)
    (gap,) = [line for line in found.warnings if "lacks" in line]
    assert gap == (
        "quarterly_revenue of NVDA.total lacks 2 quarters between 2025-10-26 and 2026-07-26"
    )


def test_a_series_that_ended_is_told(tmp_path: Path) -> None:
    old = [
        replace(ROW, entity="NVDA.toys", date=day, published="2020-06-01", value="7")
        for day in ("2020-01-26", "2020-04-26")
    ]
    add_rows(tmp_path, old)
    assert [
        line for line in check_facts(tmp_path).warnings if "NVDA.toys ends on 2020-04-26" in line
    ]


def test_all_faults_of_a_folder_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "facts" / FILE
    add_rows(tmp_path, [ROW])
    path.write_text(path.read_text() + "quarterly_revenue,X.total,soon,,x,kW,,,\n")
    found = check_facts(tmp_path)
    assert not found.usable
    assert len(found.faults) >= 5
    assert all("line 3" in fault for fault in found.faults)
    assert "refused:" in str(found)


def test_a_file_is_read_as_one_of_a_folder(tmp_path: Path) -> None:
    add_rows(tmp_path, [ROW])
    found = check_facts(tmp_path / "facts" / FILE)
    assert (found.rows, found.usable) == (1, True)
    (tmp_path / "companies.csv").write_text("ticker,company\nX,Y\n")
    assert not check_facts(tmp_path / "companies.csv").usable


@pytest.mark.parametrize("name", ["nothing", "nothing.csv"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="neither a folder nor a file"):
        check_facts(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x00", b"a,b\n", b"\n\n\n"])
def test_what_is_no_table(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert check_facts(path).faults


def test_what_is_said_ahead_has_no_gaps(tmp_path: Path) -> None:
    said = Row(
        "quarterly_capex_plan", "AMZN", "2027-03-31", "2026-02-01", "50000", "USD m", "a call"
    )
    add_rows(tmp_path, [said])
    assert check_facts(tmp_path).warnings == ()


def test_what_nobody_would_hear_or_could_know_yet_is_told(tmp_path: Path) -> None:
    late = replace(ROW, entity="NVDA.data_center", date="2096-01-25", published="2096-02-25")
    names = ("NVDIA.total", "NVDA", "NVDA.toys")
    add_rows(tmp_path, [*(replace(ROW, entity=name) for name in names), late])
    (tmp_path / "companies.csv").write_text(
        "ticker,company,layer,fiscal_year_end_month\nXYZ,Example Works,servers,8\n"
    )
    (tmp_path / "lines.csv").write_text(
        "ticker,segment,layer,share,base_growth,source\nXYZ,total,servers,0.005,0.03,own\n"
    )
    told = [line for line in check_facts(tmp_path).warnings if "lacks" not in line]
    assert told[0].startswith(f"{REVENUE} of NVDA.data_center is published on 2096-02-25, which")
    strange = sorted(line.partition(" is of ")[0] for line in told if "no company and line" in line)
    assert strange == [f"{REVENUE} of NVDA", f"{REVENUE} of NVDIA.total"]
    assert "XYZ has no quarterly_revenue: it gets no forecast" in told
