"""Facts as of a day, vintages, and the faults that loading reports."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.errors import DataError, InputError
from marketsim.knowledge import COLUMNS, Facts, load_facts

GOOD = {
    "quantity": "quarterly_revenue",
    "entity": "NVDA.total",
    "date": "2025-01-26",
    "published": "2025-02-26",
    "value": "39331",
    "unit": "USD m",
    "source": "10-K",
    "confidence": "sourced",
    "note": "",
}
FIRST = pd.Timestamp("2024-01-01")
KNOWN = frozenset({"quarterly_revenue"})


def table_of(rows: dict[tuple[str, int, int], float]) -> pd.DataFrame:
    """A table from {(entity, days to the date, days to publication): value}."""
    frame = pd.DataFrame(
        [
            {
                **GOOD,
                "entity": entity,
                "date": FIRST + pd.Timedelta(days=end),
                "published": FIRST + pd.Timedelta(days=end + lag),
                "value": value,
            }
            for (entity, end, lag), value in rows.items()
        ],
        columns=list(COLUMNS),
    )
    types = {"date": "datetime64[us]", "published": "datetime64[us]", "value": "float64"}
    return frame.astype(types).sort_values(
        ["quantity", "entity", "date", "published"], ignore_index=True
    )


keys = st.tuples(st.sampled_from(["A.total", "B.total"]), st.integers(0, 6), st.integers(0, 6))
values = st.floats(allow_nan=False, allow_infinity=False)
tables = st.dictionaries(keys, values, max_size=20)
days = st.integers(0, 14).map(lambda n: FIRST + pd.Timedelta(days=n))


# ------------------------------------------------------------------- what a day may see


@settings(max_examples=60, deadline=None)
@given(tables, days, days)
def test_looking_back_twice_is_looking_back_to_the_earlier_day(
    rows: dict[tuple[str, int, int], float], one: pd.Timestamp, other: pd.Timestamp
) -> None:
    facts = Facts(table_of(rows))
    twice, once = facts.upto(one).upto(other), facts.upto(min(one, other))
    assert (twice.as_of, twice.digest) == (once.as_of, once.digest)
    pd.testing.assert_frame_equal(twice.table, once.table)


@settings(max_examples=60, deadline=None)
@given(tables, tables, days)
def test_rewriting_the_future_changes_no_byte_of_the_past(
    rows: dict[tuple[str, int, int], float],
    other: dict[tuple[str, int, int], float],
    today: pd.Timestamp,
) -> None:
    def known(key: tuple[str, int, int]) -> bool:
        return FIRST + pd.Timedelta(days=key[1] + key[2]) <= today

    past = {key: value for key, value in rows.items() if known(key)}
    future = {key: value for key, value in other.items() if not known(key)}
    assert (
        Facts(table_of(rows)).upto(today).digest
        == Facts(table_of(past | future)).upto(today).digest
    )


def test_rewriting_the_past_shows_in_the_digest() -> None:
    before = Facts(table_of({("A.total", 0, 1): 1.0})).digest
    assert Facts(table_of({("A.total", 0, 1): 1.0 + 2**-52})).digest != before


@settings(max_examples=60, deadline=None)
@given(tables, days)
def test_select_shows_the_latest_vintage_published_by_the_day(
    rows: dict[tuple[str, int, int], float], today: pd.Timestamp
) -> None:
    shown = Facts(table_of(rows), known=KNOWN).upto(today).select("quarterly_revenue", "A.total")
    limit = (today - FIRST).days
    expected: dict[int, float] = {}
    for (entity, end, lag), value in sorted(rows.items()):
        if entity == "A.total" and end + lag <= limit:
            expected[end] = value
    assert [(d - FIRST).days for d in shown["date"]] == sorted(expected)
    assert shown["value"].tolist() == [expected[end] for end in sorted(expected)]


def test_series_and_latest_follow_the_vintage() -> None:
    facts = Facts(
        table_of({("A.total", 0, 1): 1.0, ("A.total", 0, 5): 2.0, ("B.total", 3, 0): 7.0})
    )
    early = facts.upto("2024-01-04")
    assert early.series("quarterly_revenue", "A.total").to_dict() == {FIRST: 1.0}
    assert facts.series("quarterly_revenue", "A.total").to_dict() == {FIRST: 2.0}
    assert facts.latest("quarterly_revenue").to_dict() == {"A.total": 2.0, "B.total": 7.0}


def test_nothing_known_is_an_empty_series_with_dates() -> None:
    series = Facts(table_of({}), known=KNOWN).series("quarterly_revenue", "A.total")
    assert series.empty
    assert series.dtype == "float64"
    assert isinstance(series.index, pd.DatetimeIndex)


def test_upto_never_goes_past_its_own_day() -> None:
    facts = Facts(table_of({("A.total", 0, 9): 1.0}), as_of=FIRST)
    assert facts.upto("2030-01-01") is facts


def test_an_unknown_quantity_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'quarterly_revenue'"):
        Facts(table_of({}), known=KNOWN).select("quaterly_revenue")


@pytest.mark.parametrize(
    "as_of", ["2024-06-30", date(2024, 6, 30), pd.Timestamp("2024-06-30 15:00")]
)
def test_a_day_may_be_text_or_a_date(as_of: str | date | pd.Timestamp) -> None:
    assert load_facts(as_of).as_of == pd.Timestamp("2024-06-30")


@pytest.mark.parametrize(
    "as_of", ["soon", "today", "2025-02-30", "31.12.2025", "", 20251231, pd.NaT]
)
def test_an_as_of_that_is_no_day_is_refused_before_anything_is_read(as_of: object) -> None:
    with pytest.raises(InputError, match=r"^as_of=.* is not a day; write it as '2025-12-31'$"):
        load_facts(as_of, folder="nowhere")  # type: ignore[arg-type]


# ------------------------------------------------------------------- faults of a file


def write(folder: Path, *rows: dict[str, str], name: str = "revenue.csv") -> Path:
    lines = [",".join(COLUMNS), *(",".join(row.get(c, "") for c in COLUMNS) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def faults(folder: Path) -> list[str]:
    with pytest.raises(DataError) as raised:
        load_facts(folder=folder)
    return str(raised.value).splitlines()


def test_a_good_row_is_read_as_it_stands(tmp_path: Path) -> None:
    (row,) = load_facts(folder=write(tmp_path, GOOD)).table.to_dict("records")
    assert row["value"] == 39331.0
    assert (row["date"], row["published"]) == (
        pd.Timestamp("2025-01-26"),
        pd.Timestamp("2025-02-26"),
    )
    assert (row["quantity"], row["unit"], row["note"]) == ("quarterly_revenue", "USD m", "")


@pytest.mark.parametrize(
    ("column", "given_", "says"),
    [
        ("value", "abc", "'abc' is not a number; write a decimal number in USD m"),
        ("value", "1e999", "'1e999' is not a number; write a decimal number in USD m"),
        ("value", "nan", "'nan' is not a number; write a decimal number in USD m"),
        ("value", "", "'' is not a number; write a decimal number in USD m"),
        ("date", "2025-02-30", "'2025-02-30' is not a day; write it as 2025-12-31"),
        ("date", "26.1.2025", "'26.1.2025' is not a day; write it as 2025-12-31"),
        ("published", "", "'' is not a day; write it as 2025-12-31"),
        ("published", "3025-02-26", "'3025-02-26' lies outside 1900 to 2100; check the year"),
        (
            "published",
            "2025-01-25",
            "'2025-01-25' is before the date 2025-01-26, and 'quarterly_revenue' is no forecast; "
            "write the first day it was public",
        ),
        (
            "confidence",
            "Sourced",
            "'Sourced' is not a confidence; write sourced or derived or unverified. "
            "Did you mean 'sourced'?",
        ),
        ("source", "", "is empty; say where the figure comes from"),
        ("entity", "", "is empty; name what the row is about"),
        ("entity", "NVDA.total ", "'NVDA.total ' begins or ends with a space; remove it"),
        (
            "quantity",
            "quartely_revenue",
            "'quartely_revenue' is not a known quantity. Did you mean 'quarterly_revenue'?",
        ),
        (
            "quantity",
            "moon phase",
            "'moon phase' is not a known quantity. New ones get a line in quantities.csv.",
        ),
        (
            "unit",
            "EUR bn",
            "'quarterly_revenue' is given in 'EUR bn'; write it in 'USD m' or 'EUR m'",
        ),
    ],
)
def test_a_fault_names_file_line_and_column(
    column: str, given_: str, says: str, tmp_path: Path
) -> None:
    bad = GOOD | {"entity": "AMD.total", column: given_}
    (message,) = faults(write(tmp_path, GOOD, bad))
    wanted = f"revenue.csv, line 3, column {column}: {says}"
    empties = {"source", "entity"}
    assert message == wanted if given_ or column not in empties else wanted in message


def test_all_faults_of_all_files_are_told_at_once_in_order(tmp_path: Path) -> None:
    write(tmp_path, GOOD | {"value": "x", "confidence": "sure"}, GOOD | {"date": "?"}, name="b.csv")
    write(tmp_path, GOOD | {"unit": "kW", "source": ""}, name="a.csv")
    places = [message.split(":")[0] for message in faults(tmp_path)]
    assert places == [
        "a.csv, line 2, column unit",
        "a.csv, line 2, column source",
        "b.csv, line 2, column value",
        "b.csv, line 2, column confidence",
        "b.csv, line 2",  # the same key as in a.csv
        "b.csv, line 3, column date",
    ]


def test_a_repeated_row_names_the_first_one(tmp_path: Path) -> None:
    (message,) = faults(write(tmp_path, GOOD, GOOD | {"value": "1"}))
    assert message == (
        "revenue.csv, line 3: same quantity, entity, date and published as "
        "revenue.csv, line 2; keep one"
    )


def test_a_later_vintage_is_no_repetition(tmp_path: Path) -> None:
    write(tmp_path, GOOD, GOOD | {"published": "2026-02-26", "value": "1"})
    assert len(load_facts(folder=tmp_path)) == 2


def test_a_forecast_may_be_published_before_its_date(tmp_path: Path) -> None:
    forecast = GOOD | {
        "quantity": "data_centre_electricity_forecast",
        "unit": "TWh",
        "date": "2030-12-31",
    }
    assert len(load_facts(folder=write(tmp_path, forecast))) == 1


def test_unknown_and_missing_columns_are_told_together(tmp_path: Path) -> None:
    header = ",".join(COLUMNS).replace("source", "sorce").replace(",note", "")
    (tmp_path / "odd.csv").write_text(f"{header}\nx,y,2025-01-01,2025-01-01,?,USD m,s,sourced\n")
    told = faults(tmp_path)
    assert told[0] == (
        "odd.csv, line 1, column sorce: 'sorce' is not a column of this table. "
        "Did you mean 'source'?"
    )
    assert [m.split(":")[0] for m in told[1:]] == [
        "odd.csv, line 1, column source",
        "odd.csv, line 1, column note",
        "odd.csv, line 2, column quantity",
        "odd.csv, line 2, column value",
    ]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    write(tmp_path, GOOD | {"note": '"two\nlines"'}, GOOD | {"value": "x"})
    assert faults(tmp_path)[0].startswith("revenue.csv, line 4, column value")


def test_an_unquoted_comma_is_told_by_its_line(tmp_path: Path) -> None:
    (message,) = faults(write(tmp_path, GOOD | {"source": "10-K, page 3"}))
    assert message == "revenue.csv, line 2: 10 fields instead of 9; quote a field that holds ','"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "odd.csv, line 1: is empty"),
        (",".join(COLUMNS).encode() + b"\n\xff\xfe", "is not UTF-8"),
        (",".join(COLUMNS).encode() + b'\n"open', "is not CSV"),
    ],
)
def test_a_file_that_is_no_table_is_one_fault(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_bytes(content)
    (message,) = faults(tmp_path)
    assert says in message


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    plain = (write(tmp_path, GOOD) / "revenue.csv").read_bytes()
    expected = load_facts(folder=tmp_path).digest
    (tmp_path / "revenue.csv").write_bytes(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n"))
    assert load_facts(folder=tmp_path).digest == expected


def test_a_folder_without_facts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no CSV file of facts"):
        load_facts(folder=tmp_path)


def test_the_order_of_files_and_rows_does_not_matter(tmp_path: Path) -> None:
    other = GOOD | {"entity": "AMD.total"}
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    one = load_facts(folder=write(tmp_path / "x", GOOD, other))
    write(tmp_path / "y", GOOD, name="1.csv")
    two = load_facts(folder=write(tmp_path / "y", other, name="2.csv"))
    assert one.digest == two.digest
