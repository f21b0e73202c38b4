"""Market values: shares as known, splits undone, and the same in a backtest as live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.backtesting import History
from marketsim.errors import InputError
from marketsim.knowledge.shares import known_shares, shares_by_day
from marketsim.prices import Prices, splits_in
from marketsim.valuation import Valuation
from marketsim.valuation.assumptions import NO_FIGURE, unknown_rates, valuation_table
from marketsim.valuation.market_value import (
    DIVIDENDS,
    MERGER,
    UNKNOWN,
    market_values,
)

SHARED = Path(__file__).parents[2] / "shared" / "prices"
DAYS = pd.bdate_range("2018-01-01", "2024-12-31", name="date")
COMPANIES = ["AMD", "AMZN", "GOOGL", "META", "MSFT", "NVDA"]
DAY = "2022-06-01"


@pytest.fixture(scope="module")
def every() -> ms.Knowledge:
    """All facts, whenever they were published."""
    return ms.load_facts()


def panel(*tickers: str) -> pd.DataFrame:
    """A seeded panel [day, ticker] of adjusted closes."""
    steps = np.random.default_rng(0).normal(3e-4, 0.02, (len(DAYS), len(tickers)))
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), DAYS, list(tickers))


def value(prices: Prices, facts: ms.Knowledge, ticker: str) -> float:
    """Market value of a company on the day of its prices, USD bn."""
    found = market_values(prices, facts.upto(prices.as_of), [ticker])
    return float(found["market_cap"].iloc[0])


def unsure(prices: Prices, facts: ms.Knowledge, ticker: str) -> str:
    found = market_values(prices, facts.upto(prices.as_of), [ticker])
    return str(found["unsure"].iloc[0])


def close(prices: Prices, ticker: str) -> float:
    return float(prices.statistics["close"][ticker])


def growth(closes: pd.DataFrame, ticker: str, first: str, last: str) -> float:
    pair = closes[ticker].loc[[pd.Timestamp(first), pd.Timestamp(last)]].to_numpy(dtype=float)
    return float(pair[1] / pair[0])


def with_rows(facts: ms.Knowledge, *rows: dict[str, object]) -> ms.Knowledge:
    """The same with more facts."""
    told = {"unit": "", "source": "test", "confidence": "sourced", "note": ""}
    added = pd.DataFrame([{**told, **row} for row in rows])
    for column in ("date", "published"):
        added[column] = pd.to_datetime(added[column])
    table = pd.concat([facts.table, added], ignore_index=True)
    keys = ["quantity", "entity", "date", "published"]
    return facts.with_facts(table.sort_values(keys).reset_index(drop=True))


def split(ticker: str, date: str, ratio: float) -> dict[str, object]:
    announced = pd.Timestamp(date) - pd.Timedelta(days=30)
    kind = {"quantity": "stock_split", "entity": ticker, "unit": "new shares per old"}
    return {**kind, "date": date, "published": announced, "value": ratio}


# ------------------------------------------------------------------- splits


@pytest.mark.parametrize(
    ("ticker", "before", "after", "ratio"),
    [
        ("NVDA", "2021-07-19", "2021-07-20", 4.0),
        ("NVDA", "2024-06-07", "2024-06-10", 10.0),
        ("AMZN", "2022-06-03", "2022-06-06", 20.0),
        ("GOOGL", "2022-07-15", "2022-07-18", 20.0),
        ("AVGO", "2024-07-12", "2024-07-15", 10.0),
        ("ANET", "2021-11-17", "2021-11-18", 4.0),
        ("SMCI", "2024-09-30", "2024-10-01", 10.0),
    ],
)
def test_a_split_divides_the_close_and_leaves_market_value(
    every: ms.Knowledge, ticker: str, before: str, after: str, ratio: float
) -> None:
    closes = panel(ticker)
    first, last = (ms.load_prices(source=closes, as_of=day) for day in (before, after))
    grown = growth(closes, ticker, before, after)
    assert close(last, ticker) / close(first, ticker) == pytest.approx(grown / ratio)
    assert value(last, every, ticker) / value(first, every, ticker) == pytest.approx(grown)


def test_a_reverse_split_multiplies_the_close_and_leaves_market_value(every: ms.Knowledge) -> None:
    facts = with_rows(every, split("CSCO", "2023-03-01", 0.1))
    closes, splits = panel("CSCO"), splits_in(facts.table)
    days = ("2023-02-28", "2023-03-01")
    first, last = (ms.load_prices(source=closes, as_of=day, splits=splits) for day in days)
    grown = growth(closes, "CSCO", *days)
    assert close(last, "CSCO") / close(first, "CSCO") == pytest.approx(10.0 * grown)
    assert value(last, facts, "CSCO") / value(first, facts, "CSCO") == pytest.approx(grown)


def test_closes_are_those_that_were_traded() -> None:
    """As newspapers had them, less dividends: 1,209 for NVIDIA, 122.35 for Amazon after twenty."""
    nvda = ms.load_prices("NVDA", as_of="2024-06-07")
    assert close(nvda, "NVDA") == pytest.approx(1209.0, rel=0.01)
    amzn = ms.load_prices("AMZN", as_of="2022-06-03")
    assert close(amzn, "AMZN") == pytest.approx(2447.0, rel=0.002)


def test_a_distribution_in_kind_divides_closes_and_no_shares(every: ms.Knowledge) -> None:
    closes = panel("DELL")
    told = [ms.load_prices(source=closes, as_of=day) for day in ("2021-10-29", "2021-11-01")]
    grown = growth(closes, "DELL", "2021-10-29", "2021-11-01")
    assert close(told[1], "DELL") / close(told[0], "DELL") == pytest.approx(grown / 1.97)
    day = pd.Timestamp("2022-04-01")
    assert known_shares(every.upto(day), day)["shares"]["DELL"] == 791.0


def test_shares_of_many_days_are_those_of_each(every: ms.Knowledge) -> None:
    """What a backtest asks at once is what a live run asks on the day, announced splits too."""
    turns = ("2018-03-01", "2021-07-19", "2022-06-03", "2022-06-06", "2024-06-07")
    days = pd.DatetimeIndex([*turns, *pd.date_range("2019-01-31", "2025-12-31", freq="7ME")])
    tickers = (*every.universe.companies.index, "NOBODY")
    found = shares_by_day(every, days, tickers)
    for day, shares in zip(days, found, strict=True):
        known = known_shares(every.upto(day), day)["shares"].reindex(list(tickers))
        np.testing.assert_array_equal(shares, known.to_numpy(float))
    assert np.isfinite(found[-1]).sum() > 25


def test_shares_of_a_receipt_are_told_in_receipts(every: ms.Knowledge) -> None:
    day = pd.Timestamp("2024-06-28")
    shares = known_shares(every.upto(day), day)["shares"]
    assert shares["TSM"] == pytest.approx(5185.9, rel=1e-4)
    assert shares["ASML"] == pytest.approx(394.1)


@pytest.mark.parametrize("day", ["2022-01-31", "2022-02-04", "2022-06-03", "2022-06-06"])
def test_shares_are_on_the_basis_of_the_day(every: ms.Knowledge, day: str) -> None:
    """A split that is announced and has not come counts for nothing."""
    shares = known_shares(every.upto(day), pd.Timestamp(day))["shares"]["AMZN"]
    assert shares / (20.0 if day >= "2022-06-06" else 1.0) == pytest.approx(510.0, rel=0.02)


def test_prices_of_before_a_split_meet_facts_of_after_it(every: ms.Knowledge) -> None:
    """Shares that were published after the last close are brought back to its basis."""
    prices = ms.load_prices(source=panel("NVDA"), as_of="2021-07-19")
    early = market_values(prices, every.upto("2021-07-19"), ["NVDA"])["market_cap"]["NVDA"]
    late = market_values(prices, every.upto("2022-04-01"), ["NVDA"])["market_cap"]["NVDA"]
    assert late / early == pytest.approx(2535.0 / 4.0 / 627.5)


# ------------------------------------------------------------------- nothing of the future


def test_a_split_to_come_that_closes_hold_changes_nothing(every: ms.Knowledge) -> None:
    """In the panel and among the splits alike: it cancels, to the bit where it is a power of 2."""
    plain = ms.load_prices(source=panel("MSFT", "NVDA"), as_of=DAY)
    facts = with_rows(every, split("MSFT", "2024-03-01", 4.0))
    closes = panel("MSFT", "NVDA")
    closes["MSFT"] /= 4.0
    split_since = ms.load_prices(source=closes, as_of=DAY, splits=facts.table)
    assert close(split_since, "MSFT") == close(plain, "MSFT")
    assert value(split_since, facts, "MSFT") == value(plain, every, "MSFT")


def seen(prices: Prices, facts: ms.Knowledge) -> History:
    """What a backtest shows on the day."""
    shown: list[History] = []

    def look(history: History) -> pd.Series:
        shown.append(history)
        return pd.Series(1.0 / len(history.tickers), index=list(history.tickers))

    ms.backtest(look, prices, tickers=COMPANIES, facts=facts, start=DAY, end=DAY)
    return shown[0]


def told(prices: Prices, facts: ms.Knowledge) -> str:
    """Statistics and market values with every digit."""
    prices = prices.select(COMPANIES)
    market = market_values(prices, facts, COMPANIES)
    return "\n".join(
        [
            prices.statistics.to_csv(),
            prices.correlation.to_csv(),
            market.to_csv(),
            facts.facts.digest,
        ]
    )


def test_a_backtest_reads_the_market_as_a_run_of_that_date(every: ms.Knowledge) -> None:
    history = seen(ms.load_prices(), every)
    live = told(ms.load_prices(as_of=DAY), ms.load_facts(as_of=DAY))
    assert told(history.prices, history.facts) == live
    assert market_values(history.prices, history.facts, COMPANIES)["market_cap"].notna().all()


def test_what_comes_later_changes_no_market_value(every: ms.Knowledge) -> None:
    """Closes and shares, and a split that both panel and facts hold."""
    prices = ms.load_prices()
    before = seen(prices, every)
    closes, table = prices.closes.copy(), every.table
    closes.loc[closes.index > DAY] *= 3.0
    later = (table["published"] > DAY) & table["quantity"].str.contains("shares")
    facts = every.with_facts(table.assign(value=table["value"].where(~later, 7.0)))
    after = seen(replace(prices, closes=closes), facts)
    assert told(after.prices, after.facts) == told(before.prices, before.facts)
    closes["META"] /= 8.0
    facts = with_rows(facts, split("META", "2023-03-01", 8.0))
    split_since = seen(replace(prices, closes=closes, splits=splits_in(facts.table)), facts)
    markets = [market_values(h.prices, h.facts, COMPANIES) for h in (before, split_since)]
    assert markets[0].to_csv() == markets[1].to_csv()
    assert before.facts.facts.digest == split_since.facts.facts.digest


@pytest.mark.slow
def test_the_valuation_in_a_backtest_is_that_of_a_run_of_that_date(every: ms.Knowledge) -> None:
    """To the bit: economics, what it assumes, and returns."""
    history = seen(ms.load_prices(), every)
    shown = [
        (history.prices.select(history.tickers), history.facts),
        (ms.load_prices(COMPANIES, as_of=DAY), ms.load_facts(as_of=DAY)),
    ]
    found = [valued(prices, facts) for prices, facts in shown]
    assert found[0].returns.tobytes() == found[1].returns.tobytes()
    worlds = [one.world for one in found if isinstance(one.world, Valuation)]
    assert worlds[0].economics.to_csv() == worlds[1].economics.to_csv()
    assert worlds[0].assumptions.to_csv() == worlds[1].assumptions.to_csv()
    assert (worlds[0].table()["pull"] != 0.0).all()
    assert worlds[0].unknown_rates == ()


def valued(prices: Prices, facts: ms.Knowledge) -> ms.ReturnScenarios:
    paths = ms.simulate(ms.load_scenarios(ms.calibrate(facts)), draws=50, seed=0)
    return ms.revalue(paths, prices)


# ------------------------------------------------------------------- what is missing is named


def test_a_company_without_shares_has_no_market_value_and_says_so(every: ms.Knowledge) -> None:
    prices = ms.load_prices(source=panel("CRWV", "NVDA"), as_of=DAY)
    assert np.isnan(value(prices, every, "CRWV"))
    assert unsure(prices, every, "CRWV") == UNKNOWN


def test_shares_that_are_too_old_are_not_used(every: ms.Knowledge) -> None:
    """Vertiv's of 2018, from before it was merged and listed, were all that was told in 2021."""
    prices = ms.load_prices(source=panel("VRT", "CSCO"), as_of="2021-06-30")
    assert every.upto("2021-06-30").latest("annual_diluted_shares")["VRT"] < 119.0
    assert unsure(prices, every, "VRT") == UNKNOWN


def test_shares_of_before_a_merger_say_so(every: ms.Knowledge) -> None:
    closes = panel("AMD")
    words = {
        day: unsure(ms.load_prices(source=closes, as_of=day), every, "AMD")
        for day in ("2022-02-04", "2022-06-01", "2023-02-24", "2023-02-28")
    }
    assert [MERGER in text for text in words.values()] == [False, True, True, False]


@pytest.mark.parametrize(("day", "said"), [("2023-12-29", DIVIDENDS), ("2024-01-02", "")])
def test_closes_that_were_adjusted_long_after_say_so(
    every: ms.Knowledge, day: str, said: str
) -> None:
    prices = ms.load_prices(source=panel("MSFT").loc[:"2024-12-30"], as_of=day)
    assert unsure(prices, every, "MSFT") == said


def test_market_values_that_are_given_stand(every: ms.Knowledge) -> None:
    shares = pd.Series({"MSFT": 1000.0})
    prices = ms.load_prices(source=panel("MSFT", "NVDA"), as_of=DAY, shares=shares)
    assert value(prices, every, "MSFT") == pytest.approx(close(prices, "MSFT"))
    assert unsure(prices, every, "MSFT") == DIVIDENDS  # its closes are too low for these shares too
    assert value(prices, every, "NVDA") > 0.0


def test_closes_of_an_unknown_basis_give_no_market_value(every: ms.Knowledge) -> None:
    """Of a panel that says nothing of its adjustment, nobody knows which splits are in it."""
    prices = Prices.from_closes(panel("NVDA", "MSFT"), DAY)
    assert unsure(prices, every, "NVDA") == UNKNOWN


def test_given_shares_take_the_place_of_the_snapshots() -> None:
    prices = ms.load_prices(["CSCO", "NVDA"], shares={"CSCO": 4000.0})
    assert prices.statistics["market_cap"]["CSCO"] == pytest.approx(4.0 * 77.03)
    assert prices.statistics["market_cap"]["NVDA"] == 4625.9


def test_a_panel_may_be_adjusted_later_than_it_ends(every: ms.Knowledge) -> None:
    """A copy of 2025 that stops in 2021 holds the split of 2024."""
    closes = panel("NVDA").loc[:"2021-12-31"]
    plain, later = (ms.load_prices(source=closes, adjusted=day) for day in (None, "2025-03-01"))
    assert close(later, "NVDA") == pytest.approx(10.0 * close(plain, "NVDA"))


@pytest.mark.parametrize("source", [None, "yfinance", panel("NVDA")])
def test_a_day_of_adjustment_that_cannot_be_is_refused(source: pd.DataFrame | str | None) -> None:
    with pytest.raises(InputError, match="adjusted"):
        ms.load_prices("NVDA", source=source, adjusted="2020-01-01")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (pd.DataFrame({"entity": ["AMD"], "date": ["2020-01-02"]}), "lack the column value"),
        (
            pd.DataFrame({"entity": ["AMD"], "date": ["2020-01-02"], "value": [0.0]}),
            "AMD 2020-01-02: 0.0",
        ),
        (pd.DataFrame({"entity": ["AMD"], "date": ["soon"], "value": [2.0]}), "AMD soon"),
    ],
)
def test_splits_that_are_none_are_refused(rows: pd.DataFrame, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ms.load_prices(source=panel("AMD"), splits=rows)


def test_a_rate_that_nobody_had_published_is_named(every: ms.Knowledge) -> None:
    early = every.upto("2013-12-31")
    assert unknown_rates(early) == ("risk_free", "equity_premium")
    assert unknown_rates(early, {"risk_free": 0.03}) == ("equity_premium",)
    assert unknown_rates(every.upto(DAY)) == ()
    assumed = ms.valuation.valuation_assumptions(early)
    sources = valuation_table(assumed, unknown_rates(early))["source"]
    assert list(sources[sources == NO_FIGURE].index) == ["risk_free", "equity_premium"]


# ------------------------------------------------------------------- against others


def test_reckoned_market_values_are_those_of_the_snapshot(every: ms.Knowledge) -> None:
    """Shares known by the end of 2025 against those that the fiscal year turned out to have."""
    snapshot = ms.load_prices(as_of="2025-12-31")
    given = snapshot.statistics["market_cap"]
    bare = replace(snapshot, statistics=snapshot.statistics.assign(market_cap=np.nan))
    found = market_values(bare, every.upto("2025-12-31"), list(given.index))["market_cap"]
    apart = pd.Series(np.log(found / given), given.index)
    assert list(apart.index[apart.isna()]) == ["CRWV"]  # its mean of 2024 holds no preferred shares
    assert apart.abs().max() < 0.07


def quarters() -> Iterator[tuple[str, pd.Timestamp, float, str]]:
    """Log of market value over that of another vendor's quarterly shares, at past dates."""
    counts = pd.read_csv(SHARED / "shares_quarterly.csv", parse_dates=["date", "published"])
    counts = counts[counts["quantity"].str.startswith("diluted")]
    closes = pd.read_csv(SHARED / "panel.csv.gz", index_col="date", parse_dates=True)
    facts = ms.load_facts()
    for day in pd.date_range("2019-06-30", "2024-12-31", freq="2QE"):
        prices = ms.load_prices(source=closes, as_of=day)
        near = counts[(counts["date"] - day).abs() < pd.Timedelta(days=60)]
        count = near.groupby("entity")["value"].last()
        names = [name for name in count.index if name in prices.statistics.index]
        found = market_values(prices, facts.upto(day), names)
        other = closes.loc[:day].ffill().iloc[-1].reindex(names) * count[names] / 1e3
        for name in found.index[found["market_cap"].notna()]:
            apart = float(np.log(found["market_cap"][name] / other[name]))
            yield name, day, apart, str(found["unsure"][name])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the prices of ../shared are not there")
def test_market_values_are_near_those_of_quarterly_shares() -> None:
    """Within a fifth where no merger is named, three of four within a thirtieth: buybacks, issues.

    Both use the same closes, so that this says nothing of dividends.
    """
    rows = pd.DataFrame(quarters(), columns=["ticker", "day", "apart", "unsure"])
    assert len(rows) > 150
    assert set(COMPANIES) <= set(rows["ticker"])
    known = rows[~rows["unsure"].str.contains(MERGER)]
    assert known["apart"].abs().max() < 0.22
    assert (known["apart"].abs() < 0.035).mean() > 0.75
    assert (known["apart"].abs() < 0.1).mean() > 0.9
    assert abs(known["apart"].median()) < 0.01
