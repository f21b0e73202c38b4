"""Tables of prices that cannot be what they are taken for: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketsim.errors import DataError, InputError
from marketsim.prices import load_prices
from marketsim.prices.panel import read_panel
from marketsim.prices.plausible import check_closes, foreign_currency, trades_weekends
from marketsim.prices.shipped import read_correlation, read_statistics
from marketsim.prices.statistics import statistics_from
from marketsim.resources import folder

DAYS = pd.bdate_range("2024-01-02", periods=60, name="date")
HALF = np.arange(len(DAYS)) < 30
SPLITS = pd.DataFrame({"entity": ["AAA"], "date": [DAYS[30]], "value": [1.5]})


def walk(days: pd.DatetimeIndex = DAYS, *names: str) -> pd.DataFrame:
    """Closes that move by 1 % a day, up and down, never the same way."""
    count = np.arange(len(days))
    columns = names or ("AAA", "BBB")
    moves = {name: 1.0 + 0.01 * np.sin(7.0 * count + i) for i, name in enumerate(columns)}
    return pd.DataFrame({name: 100.0 * x.cumprod() for name, x in moves.items()}, index=days)


P = walk()
FIELDS = pd.DataFrame(
    {"Open": P["AAA"], "High": P["AAA"] * 1.01, "Low": P["AAA"] * 0.99, "Close": P["AAA"]}
).assign(Volume=1000.0)
LONG = P.reset_index().melt("date", var_name="ticker", value_name="close")


def jump(factor: float, first: np.ndarray = HALF) -> pd.DataFrame:
    return P.assign(AAA=P["AAA"].to_numpy() * np.where(first, factor, 1.0))


def in_utc(hour: int) -> pd.DataFrame:
    return P.set_axis(pd.DatetimeIndex(P.index).tz_localize("UTC") + pd.Timedelta(hours=hour))


def csv(body: str, header: str = "date,AAA") -> str:
    return f"{header}\n{body}\n"


FRAMES: dict[str, tuple[pd.DataFrame, str]] = {
    "one share's fields": (
        FIELDS,
        "the frame of prices holds one share's Open, High, Low, close, Volume; say "
        "whose, as in load_prices('XYZ', source=...), or call the column 'close' by its "
        "ticker and leave out the others",
    ),
    "close alone": (
        FIELDS[["Close"]],
        "the frame of prices holds one share's close; say whose, as in "
        "load_prices('XYZ', source=...), or call the column 'close' by its ticker and "
        "leave out the others",
    ),
    "volume among tickers": (
        P.assign(Volume=1000.0),
        "the frame of prices, column Volume: 'Volume' is no ticker; call the column by "
        "the ticker whose closes it holds, or leave it out",
    ),
    "adjusted close among tickers": (
        P.assign(**{"Adj Close": 5.0}),
        "the frame of prices, column Adj Close: 'Adj Close' is no ticker; call the "
        "column by the ticker whose closes it holds, or leave it out",
    ),
    "levels without closes": (
        pd.concat({"a": P}, axis=1),
        "the frame of prices has columns in 2 levels, none of them with 'Close'; give "
        "closes by ticker, as in frame['Close']",
    ),
    "three levels": (
        pd.concat({"b": pd.concat({"Close": P}, axis=1)}, axis=1),
        "the frame of prices has columns in 3 levels, none of them with 'Close'; give "
        "closes by ticker, as in frame['Close']",
    ),
    "no date": (
        P.reset_index(drop=True),
        "the frame of prices: no column 'date'; write one row by date and one column by "
        "ticker, or the columns date, ticker, close",
    ),
    "a column twice": (
        pd.concat([P, P[["AAA"]]], axis=1),
        "the frame of prices: column AAA comes twice",
    ),
    "no rows": (P.iloc[:0], "the frame of prices: no closes"),
    "no columns": (P[[]], "the frame of prices: no closes"),
    "weekly": (
        walk(pd.date_range("2024-01-05", periods=30, freq="W-FRI", name="date")),
        "the frame of prices: the median step is 7 days; daily closes only",
    ),
    "a column of words": (
        P.assign(name="Alpha"),
        "the frame of prices, row 0, column name: holds no closes but words, such as "
        "'Alpha'; leave it out",
    ),
    "a column of truths": (
        P.assign(traded=True),
        "the frame of prices, column traded: holds no closes; leave it out",
    ),
    "a column of days": (
        P.assign(asked=P.index),
        "the frame of prices, column asked: holds no closes; leave it out",
    ),
    "a column that counts": (
        P.assign(row=np.arange(1.0, 61.0)),
        "the frame of prices, column row: counts the rows; leave it out",
    ),
    "infinite": (
        P.assign(AAA=P["AAA"].where(P.index > DAYS[0], np.inf)),
        "the frame of prices, row 0, column AAA: 'inf' is no positive close; leave it "
        "empty where there was none",
    ),
    "currency": (
        LONG.assign(currency="EUR"),
        "the frame of prices, row 0, column currency: 'EUR': closes are in euros; give them in USD",
    ),
    "pence in a column": (
        LONG.assign(Currency="GBp"),
        "the frame of prices, row 0, column Currency: 'GBp': closes are in pence; give them in USD",
    ),
    "a ticker of London": (
        P.rename(columns={"AAA": "VOD.L"}),
        "the frame of prices, row 0, column VOD.L: trades in pence sterling; give closes "
        "in USD, under a name without the suffix (2024-01-02)",
    ),
    "a ticker of Tokyo": (
        P.rename(columns={"AAA": "8035.T"}),
        "the frame of prices, row 0, column 8035.T: trades in yen; give closes in USD, "
        "under a name without the suffix (2024-01-02)",
    ),
    "pence, then pounds": (
        jump(100.0),
        "the frame of prices, row 30, column AAA: the close goes from 10223 to 102.708, "
        "1/99.5 of it, as pence are to pounds; give all closes in USD (2024-02-13)",
    ),
    "pounds, then pence": (
        jump(0.01),
        "the frame of prices, row 30, column AAA: the close goes from 1.0223 to 102.708, "
        "100 times as much, as pence are to pounds; give all closes in USD (2024-02-13)",
    ),
    "thousandths": (
        jump(1000.0),
        "the frame of prices, row 30, column AAA: the close goes from 102230 to 102.708, "
        "1/995 of it, as if in thousandths; give all closes in USD (2024-02-13)",
    ),
    "one day in pence": (
        jump(100.0, np.arange(60) == 20),
        "the frame of prices, row 20, column AAA: the close goes from 101.066 to "
        "10205.7, 101 times as much, as pence are to pounds; give all closes in USD "
        "(2024-01-30)\nthe frame of prices, row 21, column AAA: the close goes from "
        "10205.7 to 102.679, 1/99.4 of it, as pence are to pounds; give all closes in "
        "USD (2024-01-31)",
    ),
    "a split of 10": (
        jump(10.0),
        "the frame of prices, row 30, column AAA: the close goes from 1022.3 to 102.708, "
        "as at a split of 10 for 1; give closes that are adjusted for splits (2024-02-13)",
    ),
    "a split of 4": (
        jump(4.0),
        "the frame of prices, row 30, column AAA: the close goes from 408.919 to "
        "102.708, as at a split of 4 for 1; give closes that are adjusted for splits "
        "(2024-02-13)",
    ),
    "a split of 2": (
        jump(2.0),
        "the frame of prices, row 30, column AAA: the close goes from 204.459 to "
        "102.708, as at a split of 2 for 1; give closes that are adjusted for splits "
        "(2024-02-13)",
    ),
    "a split of 20": (
        jump(20.0),
        "the frame of prices, row 30, column AAA: the close goes from 2044.59 to "
        "102.708, as at a split of 20 for 1; give closes that are adjusted for splits "
        "(2024-02-13)",
    ),
    "shares put together": (
        jump(0.125),
        "the frame of prices, row 30, column AAA: the close goes from 12.7787 to "
        "102.708, as at a split of 1 for 8; give closes that are adjusted for splits "
        "(2024-02-13)",
    ),
    "a tenth": (
        jump(0.1),
        "the frame of prices, row 30, column AAA: the close goes from 10.223 to 102.708, "
        "as at a split of 1 for 10; give closes that are adjusted for splits (2024-02-13)",
    ),
    "a known split": (
        jump(1.5),
        "the frame of prices, row 30, column AAA: the close goes from 153.344 to "
        "102.708, as at its split of 1.5 for 1 on 2024-02-13; give closes that are "
        "adjusted for it (2024-02-13)",
    ),
    "farther than shares go": (
        jump(9.0),
        "the frame of prices, row 30, column AAA: the close goes from 920.067 to "
        "102.708, 1/8.96 of it; no share moves so in a day, check both (2024-02-13)",
    ),
    "the days before": (
        P.shift(-1, freq="D"),
        "the frame of prices, row 0, column AAA: its days run from Sunday to Thursday: "
        "each is the day before its session, as UTC has it, and shows closes a day "
        "early; write the exchange's own dates (2024-01-01)\nthe frame of prices, row 0, "
        "column BBB: its days run from Sunday to Thursday: each is the day before its "
        "session, as UTC has it, and shows closes a day early; write the exchange's own "
        "dates (2024-01-01)",
    ),
    "the days after": (
        P.shift(1, freq="D"),
        "the frame of prices, row 0, column AAA: its days run from Tuesday to Saturday: "
        "each is the day after its session; write the exchange's own dates "
        "(2024-01-03)\nthe frame of prices, row 0, column BBB: its days run from Tuesday "
        "to Saturday: each is the day after its session; write the exchange's own dates "
        "(2024-01-03)",
    ),
    "midnight of Tokyo in UTC": (
        in_utc(15),
        "the frame of prices, row 0, column date: '2024-01-02 15:00:00+00:00' is a time "
        "in UTC, when it is the next day where the share may trade, so that its close "
        "would be known a day early (60 such); write the exchange's own date",
    ),
    "midnight of Berlin in UTC": (
        in_utc(23),
        "the frame of prices, row 0, column date: '2024-01-02 23:00:00+00:00' is a time "
        "in UTC, when it is the next day where the share may trade, so that its close "
        "would be known a day early (60 such); write the exchange's own date",
    ),
    "a day twice": (
        pd.concat([P, 1.1 * P.iloc[[5]]]),
        "the frame of prices, row 60: the date 2024-01-09 comes twice, with other "
        "closes: AAA 102.342 and 112.576; keep one",
    ),
    "a day twice, once empty": (
        pd.concat([P, P.iloc[[5]].assign(BBB=np.nan)]),
        "the frame of prices, row 60: the date 2024-01-09 comes twice, with other "
        "closes: BBB 100.802 and nan; keep one",
    ),
    "two closes of a day": (
        pd.concat([LONG, LONG.iloc[[3]].assign(close=99.0)]),
        "the frame of prices, row 120: AAA has two closes on 2024-01-05, 102.505 and 99; keep one",
    ),
    "no ticker": (
        LONG.assign(ticker=LONG["ticker"].where(LONG.index > 0)),
        "the frame of prices, row 0, column ticker: is empty; name whose close it is",
    ),
}

TEXTS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "mine.csv, line 1: is empty"),
    "semicolons": (
        "date;AAA\n2024-01-02;1,5\n",
        "mine.csv, line 1: separates fields by ';'; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
    "tabs": (
        "date\tAAA\n2024-01-02\t1.5\n",
        "mine.csv, line 1: separates fields by tabs; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
    "Latin": (
        "date,Cafe\u0301\n".encode("utf-16-le"),
        "mine.csv, line 1: is not UTF-8 but UTF-16 without its mark, or no text; save it as UTF-8",
    ),
    "Windows": (
        "date,Ö\n2024-01-02,1\n".encode("cp1252"),
        "mine.csv, line 1: is not UTF-8 (byte 0xd6, which is 'Ö' in Windows-1252); save "
        "it as UTF-8, in Excel as CSV UTF-8",
    ),
    "a workbook": (
        b"PK\x03\x04rest",
        "mine.csv: is an Excel workbook or another archive; save the sheet as CSV in UTF-8",
    ),
    "a page": (
        "<html><body>Too many requests</body></html>",
        "mine.csv, line 1: is a web page and no table; download the file that it shows",
    ),
    "ragged": (
        csv("2024-01-02,1\n2024-01-03"),
        "mine.csv, line 3: 1 fields instead of 2; quote a field that holds ','",
    ),
    "header alone": ("date,AAA\n", "mine.csv: no closes"),
    "days as in the US": (
        csv("01/02/2024,1"),
        "mine.csv, line 2, column date: '01/02/2024' is no YYYY-MM-DD",
    ),
    "days of a sheet": (csv("45293,1"), "mine.csv, line 2, column date: '45293' is no YYYY-MM-DD"),
    "thousands": (
        csv('2024-01-02,"1,500"'),
        "mine.csv, line 2, column AAA: '1,500' is no positive close; leave it empty "
        "where there was none (as 1500 or 1.500: no separators of thousands)",
    ),
    "a sign": (
        csv("2024-01-02,$15"),
        "mine.csv, line 2, column AAA: '$15' is no positive close; leave it empty where "
        "there was none (without spaces and signs)",
    ),
    "negative": (
        csv("2024-01-02,-15"),
        "mine.csv, line 2, column AAA: '-15' is no positive close; leave it empty where "
        "there was none",
    ),
    "zero": (
        csv("2024-01-02,0"),
        "mine.csv, line 2, column AAA: '0' is no positive close; leave it empty where "
        "there was none",
    ),
    "a word": (
        csv("2024-01-02,1.5\n2024-01-03,halted"),
        "mine.csv, line 3, column AAA: 'halted' is no positive close; leave it empty "
        "where there was none",
    ),
    "yfinance without closes": (
        csv("Ticker,AAA\nDate,\n2024-01-02,7", "Price,Volume"),
        "mine.csv has columns in 2 levels, none of them with 'Close'; give closes by "
        "ticker, as in frame['Close']",
    ),
}


def told(read: Callable[[], object]) -> str:
    with pytest.raises(DataError) as raised:
        read()
    return str(raised.value)


@pytest.mark.parametrize("case", FRAMES)
def test_a_frame_that_is_no_panel_is_told(case: str) -> None:
    frame, says = FRAMES[case]
    assert told(lambda: read_panel(frame, splits=SPLITS)) == says


@pytest.mark.parametrize("case", TEXTS)
def test_a_file_that_is_no_panel_is_told(case: str, tmp_path: Path) -> None:
    text, says = TEXTS[case]
    path = tmp_path / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert told(lambda: read_panel(path)) == says


def test_a_torn_parquet_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1")
    assert told(lambda: read_panel(path)).startswith("mine.parquet is no table in Parquet (")


# ------------------------------------------------------------------- what is understood


def yahoo(adjusted: bool = False) -> pd.DataFrame:
    fields = {"Close": P, "Volume": 10.0 * P}
    frame = pd.concat(fields | ({"Adj Close": 0.5 * P} if adjusted else {}), axis=1)
    return frame.rename_axis(columns=["Price", "Ticker"]).rename_axis(index="Date")


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("kind", ["frame", "csv", "parquet"])
def test_what_yfinance_returns_is_understood(kind: str, order: int, tmp_path: Path) -> None:
    frame = yahoo() if order > 0 else yahoo().swaplevel(axis=1)
    path = tmp_path / f"mine.{kind}"
    frame.to_csv(path) if kind == "csv" else frame.to_parquet(path)
    closes = read_panel(frame if kind == "frame" else path)
    pd.testing.assert_frame_equal(closes, P, check_freq=False, check_names=False, rtol=1e-15)


def test_adjusted_closes_are_taken_where_there_are_both() -> None:
    np.testing.assert_allclose(read_panel(yahoo(adjusted=True)), 0.5 * P)
    fields = FIELDS.assign(**{"Adj Close": 0.5 * P["AAA"]})
    np.testing.assert_allclose(read_panel(fields, ["AAA"])["AAA"], 0.5 * P["AAA"])
    long = LONG.assign(**{"Adj Close": 0.5 * LONG["close"]})
    np.testing.assert_allclose(read_panel(long), 0.5 * P)


def test_one_share_is_of_the_ticker_asked_for() -> None:
    assert list(load_prices("AAA", source=FIELDS).closes) == ["AAA"]


def test_a_ticker_may_be_called_as_a_field_is() -> None:
    assert list(read_panel(P.set_axis(["LOW", "OPEN"], axis=1))) == ["LOW", "OPEN"]
    assert list(read_panel(P.set_axis(["NA", "TRUE"], axis=1))) == ["NA", "TRUE"]


def test_text_stays_text_in_a_long_table(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("date,ticker,close\n2024-01-02,NA,1\n2024-01-02,0123,2\n2024-01-02,TRUE,3\n")
    assert set(read_panel(path)) == {"0123", "NA", "TRUE"}


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_exchanges_own_day_is_taken(zone: str) -> None:
    here = P.set_axis(pd.DatetimeIndex(P.index).tz_localize(zone))
    np.testing.assert_array_equal(read_panel(here).index, P.index)
    if zone.startswith("America"):
        there = here.set_axis(pd.DatetimeIndex(here.index).tz_convert("UTC"))
        np.testing.assert_array_equal(read_panel(there).index, P.index)


def test_a_day_that_says_the_same_twice_is_kept_once() -> None:
    np.testing.assert_array_equal(read_panel(pd.concat([P, P.iloc[[5]]])), P)
    np.testing.assert_array_equal(read_panel(pd.concat([LONG, LONG.iloc[[5]]])), P)


def test_what_speaks_against_one_ticker_is_nothing_to_those_asked_for() -> None:
    """All of a file is refused by all that is wrong with it; by name the others can be had."""
    spoilt = jump(4.0)
    with pytest.raises(DataError, match=r"column AAA: .*as at a split of 4 for 1"):
        load_prices(source=spoilt)
    sound = [name for name in spoilt.columns if name != "AAA"]
    pd.testing.assert_frame_equal(
        load_prices(sound, source=spoilt).closes, load_prices(source=spoilt[sound]).closes
    )
    with pytest.raises(DataError, match="column AAA"):
        load_prices(["AAA", *sound], source=spoilt)
    with pytest.raises(DataError, match="column SPY"):  # which beta is measured against
        load_prices(sound[:1], source=spoilt.rename(columns={"AAA": "SPY"}))


@pytest.mark.parametrize("source", [None, "yahoo"])
def test_only_closes_of_ones_own_can_be_believed(source: str | None) -> None:
    with pytest.raises(InputError, match="believe is for a panel of one's own"):
        load_prices(["NVDA"], source=source, believe="NVDA")


def test_who_is_believed_is_there() -> None:
    with pytest.raises(InputError, match=r"no prices for ticker 'AAB'\. Did you mean 'AAA'"):
        load_prices(source=jump(2.0), believe="AAB")


def test_a_share_that_did_halve_may_be_believed() -> None:
    closes = load_prices(source=jump(2.0), believe=["AAA"]).closes
    assert closes["AAA"].iloc[30] / closes["AAA"].iloc[29] == pytest.approx(0.5, abs=0.02)


def test_shares_that_fall_far_are_believed_as_they_are() -> None:
    for factor in (1.2, 1.35, 1.6, 1 / 1.6):
        assert check_closes(jump(factor)) == []


def test_a_sheet_in_utf16_reads_as_one_in_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(P.to_csv().replace("\n", "\r\n").encode("utf-16"))
    pd.testing.assert_frame_equal(read_panel(path), P, check_freq=False, rtol=1e-15)


@pytest.mark.parametrize("source", [P["AAA"], P.to_numpy(), 3, {"AAA": [1.0]}])
def test_what_is_neither_file_nor_frame_is_told(source: object) -> None:
    with pytest.raises(InputError, match=r"prices are a .*; give a path, a DataFrame"):
        read_panel(source)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^source=.{1,11} is no source of prices; give a CSV"):
        load_prices(source=source)  # type: ignore[arg-type]


def test_currencies_are_read_off_the_suffix() -> None:
    assert foreign_currency("VOD.L") == "pence sterling"
    assert foreign_currency("BRK.B") is None
    assert foreign_currency("NVDA") is None


# ------------------------------------------------------------------- seven days a week


def coins() -> pd.DataFrame:
    days = pd.date_range("2021-01-01", "2023-12-31", name="date")
    steps = np.random.default_rng(0).normal(0.0, 0.03, (len(days), 2))
    return pd.DataFrame(np.exp(steps.cumsum(axis=0)), index=days, columns=["BTC", "ETH"])


def test_what_trades_every_day_has_365_days_a_year() -> None:
    table, _ = statistics_from(coins(), "2023-12-31")
    np.testing.assert_allclose(table["volatility"], 0.03 * np.sqrt(365), rtol=0.06)


@pytest.mark.parametrize("filled", [True, False])
def test_beside_shares_a_coin_counts_on_their_days(filled: bool) -> None:
    """The same closes on the same days have the same volatility, however weekends are filled."""
    panel = coins()
    share = panel["BTC"].where(pd.DatetimeIndex(panel.index).day_of_week < 5)
    panel["AAA"] = share.ffill() if filled else share
    assert trades_weekends(panel["BTC"])
    assert not trades_weekends(panel["AAA"])
    table, _ = statistics_from(panel.loc["2021-01-04":], "2023-12-31")
    assert table["volatility"]["AAA"] == pytest.approx(table["volatility"]["BTC"], rel=1e-12)
    np.testing.assert_allclose(table["volatility"]["AAA"], 0.03 * np.sqrt(365), rtol=0.06)


# ------------------------------------------------------------------- tables that ship

SHIPPED = folder("data") / "prices"
MATRIX = "ticker,A,B\nA,1,{}\nB,{},1\n"

CORRELATIONS: dict[str, tuple[str | bytes, str]] = {
    "above one": (
        MATRIX.format(7, 7),
        "market_correlation.csv, line 2, column B: 7 is no correlation; write a number "
        "from -1 to 1\nmarket_correlation.csv, line 3, column A: 7 is no correlation; "
        "write a number from -1 to 1",
    ),
    "a diagonal of nothing": (
        "ticker,A,B\nA,0,0.5\nB,0.5,1\n",
        "market_correlation.csv, line 2, column A: 0 with itself; write 1",
    ),
    "another mirror image": (
        MATRIX.format(0.5, 0.3),
        "market_correlation.csv, line 3, column A: 0.3 here and 0.5 the other way round; "
        "write the same",
    ),
    "a word": (
        MATRIX.format("high", 0.5),
        "market_correlation.csv, line 2, column B: nan is no correlation; write a number "
        "from -1 to 1",
    ),
    "another order": (
        "ticker,A,B\nB,1,0.5\nA,0.5,1\n",
        "market_correlation.csv: rows and columns are not the same tickers in the same order",
    ),
    "one row too few": (
        "ticker,A,B\nA,1,0.5\n",
        "market_correlation.csv: rows and columns are not the same tickers in the same "
        "order, see 'B'",
    ),
    "ragged": (
        "ticker,A,B\nA,1\nB,0.5,1\n",
        "market_correlation.csv, line 2: 2 fields instead of 3; quote a field that holds ','",
    ),
    "empty": ("", "market_correlation.csv, line 1: is empty"),
    "Latin": (
        "ticker,\u00e9\n".encode("latin-1"),
        "market_correlation.csv, line 1: is not UTF-8 (byte 0xe9, which is 'é' in "
        "Windows-1252); save it as UTF-8, in Excel as CSV UTF-8",
    ),
}


@pytest.mark.parametrize("case", CORRELATIONS)
def test_what_is_no_matrix_of_correlations_is_told(case: str, tmp_path: Path) -> None:
    text, says = CORRELATIONS[case]
    path = tmp_path / "market_correlation.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert told(lambda: read_correlation(path)) == says


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "", "line 1: is empty; it names the columns"),
        (lambda text: text.partition("\n")[0] + "\n", "holds names of columns and no row"),
        (lambda text: text.replace("0.4957", "49.57"), "'49.57' is not such a figure; write"),
        (lambda text: text.replace("NVDA,753", "NVDA,753,1"), "10 fields instead of 9"),
        (lambda text: text.replace("NVDA,753", "NVDA,many"), "'many' is not a count; write 1 to"),
        (lambda text: text.replace(",", ";"), "separates fields by ';'"),
    ],
)
def test_statistics_that_are_none_are_told(
    change: Callable[[str], str], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "market_statistics.csv"
    path.write_text(change((SHIPPED / path.name).read_text(encoding="utf-8")), encoding="utf-8")
    assert says in told(lambda: read_statistics(path))
