"""Facts that cannot be what they say: where, what, and what would be right."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import DataError
from marketsim.knowledge.plausible import implausible
from marketsim.tables import Place

HEADER = "quantity,entity,date,published,value,unit,source,confidence,note"
GOOD = {
    "quantity": "quarterly_revenue",
    "entity": "XYZ.total",
    "date": "2025-01-26",
    "published": "2025-02-26",
    "value": "39331",
    "unit": "USD m",
    "source": "10-K",
    "confidence": "sourced",
    "note": "",
}


def row(**changes: str) -> str:
    return ",".join((GOOD | changes).values())


def table(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def one(**changes: str) -> str:
    return table(row(**changes))


def series(*values: float, **changes: str) -> str:
    """A figure a quarter."""
    ends = pd.date_range("2024-03-31", periods=len(values), freq="QE")
    return table(
        *(
            row(
                **changes
                | {
                    "date": f"{end:%Y-%m-%d}",
                    "published": f"{end + pd.Timedelta(days=30):%Y-%m-%d}",
                    "value": f"{value:.10g}",
                }
            )
            for end, value in zip(ends, values, strict=True)
        )
    )


CAPEX = {"quantity": "quarterly_capex", "entity": "XYZ"}
SHARES = {"quantity": "annual_diluted_shares", "entity": "XYZ", "unit": "m shares"}

FORM: dict[str, tuple[str | bytes, str]] = {
    "empty": (
        "",
        "mine.csv, line 1: is empty; it names the columns: "
        "quantity,entity,date,published,value,unit,source,confidence,note",
    ),
    "blank lines": (
        "\n\n\n",
        "mine.csv, line 1: is empty; it names the columns: "
        "quantity,entity,date,published,value,unit,source,confidence,note",
    ),
    "semicolons": (
        one().replace(",", ";"),
        "mine.csv, line 1: separates fields by ';'; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
    "tabs": (
        one().replace(",", "\t"),
        "mine.csv, line 1: separates fields by tabs; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
    "bars": (
        one().replace(",", "|"),
        "mine.csv, line 1: separates fields by '|'; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
    "a separator of Excel's": (
        "sep=;\n" + one().replace(",", ";"),
        "mine.csv, line 1: begins with 'sep=;'; leave that line out and separate fields by ','",
    ),
    "Latin": (
        one(source="Soci\u00e9t\u00e9").encode("latin-1"),
        "mine.csv, line 2: is not UTF-8 (byte 0xe9, which is 'é' in Windows-1252); save "
        "it as UTF-8, in Excel as CSV UTF-8",
    ),
    "Windows": (
        one(source="10\u201310").encode("cp1252"),
        "mine.csv, line 2: is not UTF-8 (byte 0x96, which is '–' in Windows-1252); save "
        "it as UTF-8, in Excel as CSV UTF-8",
    ),
    "UTF-16 without its mark": (
        one().encode("utf-16-le"),
        "mine.csv, line 1: is not UTF-8 but UTF-16 without its mark, or no text; save it as UTF-8",
    ),
    "UTF-16 torn": (
        one().encode("utf-16")[:-1],
        "mine.csv, line 2: is torn UTF-16-LE; save it as UTF-8",
    ),
    "a workbook": (
        b"PK\x03\x04rest",
        "mine.csv: is an Excel workbook or another archive; save the sheet as CSV in UTF-8",
    ),
    "an old workbook": (
        b"\xd0\xcf\x11\xe0rest",
        "mine.csv: is an old Excel workbook; save the sheet as CSV in UTF-8",
    ),
    "Parquet": (b"PAR1rest", "mine.csv: is Parquet; give its name the ending .parquet"),
    "packed": (b"\x1f\x8brest", "mine.csv: is compressed; give its name the ending .gz"),
    "a page": (
        "<!DOCTYPE html><html>",
        "mine.csv, line 1: is a web page and no table; download the file that it shows",
    ),
    "a document": (b"%PDF-1.7", "mine.csv: is a PDF; write its table as CSV in UTF-8"),
    "a field too few": (
        table(row(), "a,b"),
        "mine.csv, line 3: 2 fields instead of 9; quote a field that holds ','",
    ),
    "a field too many": (
        table(row() + ",more"),
        "mine.csv, line 2: 10 fields instead of 9; quote a field that holds ','",
    ),
    "an open quote": (
        one(source='"10-K'),
        "mine.csv, line 2: is not CSV from here on (unexpected end of data); close every "
        "quote, and double those in a field",
    ),
    "a quote inside": (
        one(source='"10"-K'),
        "mine.csv, line 2: is not CSV from here on (',' expected after '\"'); close every "
        "quote, and double those in a field",
    ),
    "a column misspelt": (
        one().replace("source", "sources", 1),
        "mine.csv, line 1, column sources: 'sources' is not a column of this table. Did "
        "you mean 'source'?\nmine.csv, line 1, column source: is missing; the columns are "
        "quantity, entity, date, published, value, unit, source, confidence, note",
    ),
    "a column in capitals": (
        one().replace("quantity", "Quantity", 1),
        "mine.csv, line 1, column Quantity: 'Quantity' is not a column of this table. "
        "Did you mean 'quantity'?\nmine.csv, line 1, column quantity: is missing; the "
        "columns are quantity, entity, date, published, value, unit, source, confidence, "
        "note",
    ),
    "thousands": (
        one(value='"39,331"'),
        "mine.csv, line 2, column value: '39,331' is not a number; write a decimal "
        "number in USD m (as 39331 or 39.331: no separators of thousands)",
    ),
    "thousands and decimals": (
        one(value='"39,331.5"'),
        "mine.csv, line 2, column value: '39,331.5' is not a number; write a decimal "
        "number in USD m (as 39331.5: no separators of thousands)",
    ),
    "a decimal comma": (
        one(value='"39331,5"'),
        "mine.csv, line 2, column value: '39331,5' is not a number; write a decimal "
        "number in USD m (as 39331.5: with a point)",
    ),
    "a sign": (
        one(value="$39331"),
        "mine.csv, line 2, column value: '$39331' is not a number; write a decimal "
        "number in USD m (without spaces and signs)",
    ),
    "per cent": (
        one(value="5%"),
        "mine.csv, line 2, column value: '5%' is not a number; write a decimal number in "
        "USD m (5 % is 0.05 as a fraction)",
    ),
    "brackets": (
        one(value="(39331)"),
        "mine.csv, line 2, column value: '(39331)' is not a number; write a decimal "
        "number in USD m (as -39331)",
    ),
    "a blank inside": (
        one(value="39 331"),
        "mine.csv, line 2, column value: '39 331' is not a number; write a decimal "
        "number in USD m (as 39331: no separators of thousands)",
    ),
    "an underscore": (
        one(value="39_331"),
        "mine.csv, line 2, column value: '39_331' is not a number; write a decimal number in USD m",
    ),
    "not available": (
        one(value="n/a"),
        "mine.csv, line 2, column value: 'n/a' is not a number; write a decimal number in USD m",
    ),
    "infinite": (
        one(value="inf"),
        "mine.csv, line 2, column value: 'inf' is not a number; write a decimal number in USD m",
    ),
    "a day as in the US": (
        one(date="01/26/2025"),
        "mine.csv, line 2, column date: '01/26/2025' is not a day; write it as 2025-12-31",
    ),
    "a day as in Germany": (
        one(date="26.01.2025"),
        "mine.csv, line 2, column date: '26.01.2025' is not a day; write it as 2025-12-31",
    ),
    "a day with an hour": (
        one(date="2025-01-26 00:00:00"),
        "mine.csv, line 2, column date: '2025-01-26 00:00:00' is not a day; write it as 2025-12-31",
    ),
    "a day without zeros": (
        one(date="2025-1-26"),
        "mine.csv, line 2, column date: '2025-1-26' is not a day; write it as 2025-12-31",
    ),
    "no day of the calendar": (
        one(date="2025-02-30"),
        "mine.csv, line 2, column date: '2025-02-30' is not a day; write it as 2025-12-31",
    ),
    "a day of a sheet": (
        one(date="45683"),
        "mine.csv, line 2, column date: '45683' is not a day; write it as 2025-12-31",
    ),
    "another millennium": (
        one(date="1025-01-26"),
        "mine.csv, line 2, column date: '1025-01-26' lies outside 1900 to 2100; check the year",
    ),
    "published too early": (
        one(published="2025-01-25"),
        "mine.csv, line 2, column published: '2025-01-25' is before the date 2025-01-26, "
        "and 'quarterly_revenue' is no forecast; write the first day it was public",
    ),
    "a quantity misspelt": (
        one(quantity="quarterly_revenues"),
        "mine.csv, line 2, column quantity: 'quarterly_revenues' is not a known "
        "quantity. Did you mean 'quarterly_revenue'?",
    ),
    "a quantity in capitals": (
        one(quantity="Quarterly_Revenue"),
        "mine.csv, line 2, column quantity: 'Quarterly_Revenue' is not a known quantity. "
        "Did you mean 'quarterly_revenue'?",
    ),
    "another unit": (
        one(unit="USD bn"),
        "mine.csv, line 2, column unit: 'quarterly_revenue' is given in 'USD bn'; write "
        "it in 'USD m' or 'EUR m'",
    ),
    "another currency": (
        one(unit="GBP m"),
        "mine.csv, line 2, column unit: 'quarterly_revenue' is given in 'GBP m'; write "
        "it in 'USD m' or 'EUR m'",
    ),
    "another confidence": (
        one(confidence="high"),
        "mine.csv, line 2, column confidence: 'high' is not a confidence; write sourced "
        "or derived or unverified",
    ),
    "no source": (
        one(source=""),
        "mine.csv, line 2, column source: is empty; say where the figure comes from",
    ),
    "a space before": (
        one(entity=" XYZ.total"),
        "mine.csv, line 2, column entity: ' XYZ.total' begins or ends with a space; remove it",
    ),
    "twice": (
        table(row(), row(value="39000")),
        "mine.csv, line 3: same quantity, entity, date and published as mine.csv, line 2; keep one",
    ),
}

SENSE: dict[str, tuple[str, str]] = {
    "USD for USD m": (
        series(10000, 10100, 10200, 10300e6, 10400),
        "mine.csv, line 5, column value: XYZ.total, 2024-12-31: 1.03e+10 USD m is "
        "1,014,791 times what stands beside it (10,149.9); write it in USD m, as 10,300 "
        "if that is what it is",
    ),
    "USD bn for USD m": (
        series(10000, 10100, 10200, 10.3, 10400),
        "mine.csv, line 5, column value: XYZ.total, 2024-12-31: 10.3 USD m is 1/985 of "
        "what stands beside it (10,149.9); write it in USD m, as 10,300 if that is what "
        "it is",
    ),
    "USD thousand for USD m": (
        series(10000, 10100, 10200, 10300e3, 10400),
        "mine.csv, line 5, column value: XYZ.total, 2024-12-31: 1.03e+07 USD m is 1,015 "
        "times what stands beside it (10,149.9); write it in USD m, as 10,300 if that is "
        "what it is",
    ),
    "USD at the end": (
        series(10000, 10100, 10200, 10300e6),
        "mine.csv, line 5, column value: XYZ.total, 2024-12-31: 1.03e+10 USD m is "
        "1,019,802 times what stands beside it (10,100); write it in USD m, as 10,300 if "
        "that is what it is",
    ),
    "shares for m shares": (
        series(500, 505, 510e6, 515, **SHARES),
        "mine.csv, line 4, column value: XYZ, 2024-09-30: 5.1e+08 m shares is 1,009,901 "
        "times what stands beside it (505); write it in m shares, as 510 if that is what "
        "it is",
    ),
    "negative": (
        series(10000, 10100, -10200, 10300),
        "mine.csv, line 4, column value: XYZ.total, 2024-09-30: the figure is -10200; "
        "write one above 0",
    ),
    "nothing": (
        series(10000, 10100, 0, 10300),
        "mine.csv, line 4, column value: XYZ.total, 2024-09-30: the figure is 0; write one above 0",
    ),
    "the sign of a cash flow": (
        series(-5000, 5100, **CAPEX),
        "mine.csv, line 2, column value: XYZ, 2024-03-31: the figure is -5000; write one "
        "above 0, without the sign of a cash flow",
    ),
    "a year for a quarter": (
        series(10000, 10100, 10200, 40600),
        "mine.csv, line 5, column value: XYZ.total, 2024-12-31: 40600 USD m is 4 times "
        "the quarters before it, as a year's sum is; write the quarter's own",
    ),
    "a year among quarters": (
        series(10000, 10100, 10200, 40600, 10400),
        "mine.csv, line 5, column value: XYZ.total, 2024-12-31: 40600 USD m is 4 times "
        "the quarters before it, as a year's sum is; write the quarter's own",
    ),
    "a year of capital spending": (
        series(5000, 5100, 5200, 20600, **CAPEX),
        "mine.csv, line 5, column value: XYZ, 2024-12-31: 20600 USD m is 4 times the "
        "quarters before it, as a year's sum is; write the quarter's own",
    ),
    "a currency of its own": (
        series(10000, 10100, 10200) + row(date="2024-12-31", value="10300", unit="EUR m") + "\n",
        "mine.csv, line 5, column unit: quarterly_revenue of XYZ.total is in 'USD m' "
        "elsewhere; write 'EUR m' in that",
    ),
}


def told(text: str | bytes, folder: Path) -> str:
    (folder / "mine.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as raised:
        ms.load_facts(folder=folder)
    return str(raised.value)


@pytest.mark.parametrize("case", FORM)
def test_what_is_no_fact_by_its_form_is_told(case: str, tmp_path: Path) -> None:
    text, says = FORM[case]
    assert told(text, tmp_path) == says


@pytest.mark.parametrize("case", SENSE)
def test_what_cannot_be_is_told(case: str, tmp_path: Path) -> None:
    text, says = SENSE[case]
    assert told(text, tmp_path) == says


# ------------------------------------------------------------------- what is no fault


@pytest.mark.parametrize(
    "text",
    [
        series(10000, 12000, 31000, 40000),  # data centres have grown 2.6 times in a quarter
        series(10000, 10100, 34000, 35000, 36000),  # a company that joined
        series(10000, 1000, 100, 50),
        series(120, 7, 11000, 9000, quantity="quarterly_operating_cash_flow", entity="XYZ"),
        series(-500, 20, 3000, quantity="quarterly_free_cash_flow", entity="XYZ"),
        series(0.01, 5, 900, quantity="memory_price_change", entity="DRAM", unit="percent"),
    ],
)
def test_what_companies_live_through_is_believed(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    assert len(ms.load_facts(folder=tmp_path))


def test_text_stays_text(tmp_path: Path) -> None:
    rows = [row(entity=name, note=name) for name in ("NA", "TRUE", "0123", "nan", "1e5")]
    (tmp_path / "mine.csv").write_text(table(*rows), encoding="utf-8")
    known = ms.load_facts(folder=tmp_path).table
    assert sorted(known["entity"]) == sorted(known["note"]) == ["0123", "1e5", "NA", "TRUE", "nan"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_same_table_is_the_same_facts(encoding: str, end: str, tmp_path: Path) -> None:
    text = one(source="Soci\u00e9t\u00e9") + ",,,,,,,,\n\n"
    (tmp_path / "mine.csv").write_bytes(text.replace("\n", end).encode(encoding))
    (known,) = ms.load_facts(folder=tmp_path).table["source"]
    assert known == "Soci\u00e9t\u00e9"


# ------------------------------------------------------------------- beside what ships


def added(folder: Path, *rows: str) -> ms.Knowledge:
    (folder / "facts").mkdir()
    (folder / "facts" / "mine.csv").write_text(table(*rows), encoding="utf-8")
    return ms.load_facts(add=folder)


def test_a_new_quarter_is_held_against_those_that_ship(tmp_path: Path) -> None:
    new = {"entity": "NVDA.total", "date": "2027-01-31", "published": "2027-02-24"}
    with pytest.raises(DataError) as raised:
        added(tmp_path, row(**new | {"value": "82000000000"}))
    assert str(raised.value).startswith(
        f"{tmp_path.name}/facts/mine.csv, line 2, column value: NVDA.total, 2027-01-31: "
        "8.2e+10 USD m is "
    )
    assert "write it in USD m, as 82,000 if that is what it is" in str(raised.value)


def test_several_quarters_in_another_unit_are_all_told(tmp_path: Path) -> None:
    """However many there are, those that ship say what is usual."""
    rows = [
        row(entity="NVDA.total", date=f"203{i}-01-31", published=f"203{i}-02-24", value="90e9")
        for i in range(8)
    ]
    with pytest.raises(DataError) as raised:
        added(tmp_path, *rows)
    assert len(str(raised.value).splitlines()) == 8


def test_of_many_faults_of_a_file_the_rest_is_counted(tmp_path: Path) -> None:
    rows = [row(entity=f"X{i}.total", confidence="high") for i in range(70)]
    lines = told(table(*rows), tmp_path).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "mine.csv: and 20 more"


def test_all_that_ships_is_plausible() -> None:
    rows = ms.load_facts().table
    places = [Place("shipped", i) for i in range(len(rows))]
    assert implausible(rows.assign(place=pd.Series(places, dtype=object))) == []
    half = np.arange(len(rows)) % 2 == 0
    assert implausible(rows.assign(place=pd.Series(places, dtype=object)), half) == []


def test_a_folder_is_read_again_once_it_holds_something_else(tmp_path: Path) -> None:
    """Of as many bytes at the same minute, too; and nobody spoils it for whoever reads it next."""
    mine = tmp_path / "mine.csv"
    mine.write_text(one())
    first = ms.load_facts(folder=tmp_path)
    first.facts.table.loc[:, "value"] = 0.0
    assert ms.load_facts(folder=tmp_path).table["value"].tolist() == [39331.0]
    before = mine.stat()
    mine.write_text(one(value="39332"))
    os.utime(mine, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ms.load_facts(folder=tmp_path).table["value"].tolist() == [39332.0]
    mine.write_text(one(value="a few"))
    for _ in range(2):
        with pytest.raises(DataError, match=r"mine.csv, line 2, column value: 'a few' is not"):
            ms.load_facts(folder=tmp_path)
