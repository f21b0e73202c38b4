"""Prices: three sources, one table, and statistics that know nothing of the future."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from marketsim.errors import DataError, InputError, PriceError
from marketsim.prices import Prices, load_prices, load_universe, statistics_from
from marketsim.prices.statistics import nearest_correlation, student_t_dof

DAYS = pd.bdate_range("2019-01-01", "2023-12-29", name="date")


def walk(seed: int = 0, tickers: tuple[str, ...] = ("AAA", "BBB", "SPY")) -> pd.DataFrame:
    """A seeded panel [day, ticker] of log-normal prices."""
    steps = np.random.default_rng(seed).normal(3e-4, 0.02, (len(DAYS), len(tickers)))
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), DAYS, list(tickers))


def cell(table: pd.DataFrame, row: str, column: str) -> Any:
    """One value of a table; the stubs allow it to be anything."""
    return table.at[row, column]


# The embedded snapshot


def test_the_snapshot_describes_thirty_companies_at_the_end_of_2025() -> None:
    prices = load_prices()
    assert len(prices.statistics) == 30
    assert prices.as_of == pd.Timestamp("2025-12-31")
    assert prices.statistics.notna().all().all()
    assert cell(prices.statistics, "NVDA", "market_cap") == pytest.approx(4626, rel=0.01)
    assert list(prices.correlation.index) == list(prices.statistics.index)
    assert np.linalg.eigvalsh(prices.correlation).min() > 0.0


def test_tickers_come_in_the_order_asked_for() -> None:
    prices = load_prices(["MSFT", "NVDA", "DELL"])
    assert list(prices.statistics.index) == list(prices.correlation) == ["MSFT", "NVDA", "DELL"]
    assert list(prices.closes) == ["MSFT", "NVDA"]  # no licence to embed closes of DELL


def test_an_unknown_ticker_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'NVDIA'.*Did you mean 'NVDA'\?"):
        load_prices(["NVDIA", "AMD"])


def test_before_the_snapshot_statistics_come_from_closes_of_that_time() -> None:
    prices = load_prices(["NVDA"], as_of="2020-06-30")
    assert prices.closes.index.max() <= pd.Timestamp("2020-06-30")
    close = cell(prices.statistics, "NVDA", "close")
    assert close == 40.0 * prices.closes["NVDA"].iloc[-1]  # as traded: split 4 and 10 to one since
    assert "to 2020-06-30" in cell(prices.statistics, "NVDA", "source")


def test_before_the_snapshot_a_company_without_closes_is_refused() -> None:
    with pytest.raises(PriceError, match="DELL as of 2020-06-30"):
        load_prices(["NVDA", "DELL"], as_of="2020-06-30")


def test_end_hides_later_statistics_just_as_as_of_does() -> None:
    assert load_prices(["NVDA"], end="2020-06-30").as_of == pd.Timestamp("2020-06-30")


@pytest.mark.parametrize("wrong", ["yesterday", "2021-13-01", ""])
def test_a_date_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="start="):
        load_prices(start=wrong)


def test_start_after_end_is_refused() -> None:
    with pytest.raises(InputError, match="lies after"):
        load_prices(start="2021-01-01", end="2020-01-01")


# A user's panel


def test_every_form_of_a_panel_reads_the_same(tmp_path: Path) -> None:
    panel = walk()
    panel.iloc[:300, 1] = np.nan
    panel.to_csv(tmp_path / "wide.csv")
    panel.to_csv(tmp_path / "wide.csv.gz")
    panel.to_parquet(tmp_path / "wide.parquet")
    long = panel.reset_index().melt("date", var_name="ticker", value_name="close")
    long.to_csv(tmp_path / "long.csv", index=False)
    long.sample(frac=1.0, random_state=0).to_parquet(tmp_path / "long.parquet")
    sources: list[pd.DataFrame | Path] = [panel, long, *sorted(tmp_path.iterdir())]
    for source in sources:
        closes = load_prices(source=source).closes
        pd.testing.assert_frame_equal(closes[list(panel)], panel, check_freq=False, rtol=1e-15)


def test_all_faults_of_a_file_are_told_at_once_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "Date,AAA,BBB\n2024-01-02,10,20\n2024-01-03,n.a.?,-1\n2024-01-03,11,21\nsoon,12,22\n"
    )
    with pytest.raises(DataError) as caught:
        load_prices(source=path)
    told = str(caught.value)
    assert "mine.csv, line 3, column AAA: 'n.a.?'" in told
    assert "mine.csv, line 3, column BBB: '-1'" in told
    assert "mine.csv, line 4: the date 2024-01-03 comes twice" in told
    assert "mine.csv, line 5, column date: 'soon'" in told


def test_two_closes_of_a_ticker_on_a_day_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("date,ticker,close\n2024-01-02,AAA,1\n2024-01-02,AAA,2\n")
    with pytest.raises(DataError, match="line 3: AAA has two closes on 2024-01-02"):
        load_prices(source=path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "panel.csv, line 1: is empty"),
        ("day,AAA\n2024-01-02,1\n", "no column 'date'"),
        ("date,AAA,AAA\n2024-01-02,1,2\n", "column AAA comes twice"),
        ("date,AAA\n2024-01-02,\n", "no closes"),
        ("date,AAA\n" + "".join(f"2024-{m:02}-01,1\n" for m in range(1, 9)), "daily closes only"),
    ],
)
def test_what_is_no_panel_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=fault):
        load_prices(source=path)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(InputError, match=r"no file 'nowhere.csv'"):
        load_prices(source="nowhere.csv")


@pytest.mark.parametrize("wrong", [3, ["closes.csv"], {"AAA": [1.0]}])
def test_what_is_no_source_is_told(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"source=.* is no source of prices"):
        load_prices(source=wrong)


@pytest.mark.parametrize("name", ["embedded", "Embedded"])
def test_the_snapshot_has_a_name(name: str) -> None:
    assert load_prices(["NVDA"], name).as_of == load_prices(["NVDA"]).as_of
    assert load_universe(["NVDA"], name).tickers == load_universe(["NVDA"]).tickers


def test_indices_are_left_out_unless_named() -> None:
    panel = walk().assign(**{"^IRX": 4.2})
    assert "^IRX" not in load_prices(source=panel).tickers
    assert "^IRX" in load_prices(["AAA", "^IRX"], source=panel).closes
    load_prices(source=panel.assign(**{"^IRX": -0.01}))  # a yield may be below zero


def test_a_frame_is_copied_on_the_way_in() -> None:
    panel = walk()
    prices = load_prices(source=panel)
    panel.iloc[:] = 1.0
    assert prices.closes["AAA"].nunique() > 1


def test_prices_are_cut_at_as_of_and_start() -> None:
    prices = load_prices(["AAA"], source=walk(), start="2022-01-01", as_of="2022-06-30")
    assert prices.closes.index[0] >= pd.Timestamp("2022-01-01")
    assert prices.closes.index[-1] == prices.as_of == pd.Timestamp("2022-06-30")
    assert "beta to SPY" in cell(prices.statistics, "AAA", "source")  # SPY counts unasked


# Statistics


def test_volatility_and_beta_have_their_closed_forms() -> None:
    panel = walk()
    panel["TWICE"] = panel["SPY"] ** 2  # twice the log return
    table, correlation = statistics_from(panel, DAYS[-1], shares={"AAA": 500.0})
    logs = np.log(panel["SPY"]).diff().loc["2020-12-30":]
    assert cell(table, "SPY", "volatility") == pytest.approx(logs.std() * np.sqrt(252))
    assert cell(table, "TWICE", "volatility") == pytest.approx(
        2.0 * cell(table, "SPY", "volatility")
    )
    assert cell(table, "TWICE", "beta") == pytest.approx(2.0)
    assert cell(table, "SPY", "beta") == pytest.approx(1.0)
    assert cell(correlation, "TWICE", "SPY") == pytest.approx(1.0, abs=1e-3)
    assert cell(table, "AAA", "market_cap") == pytest.approx(0.5 * panel["AAA"].iloc[-1])
    assert np.isnan(cell(table, "BBB", "market_cap"))


def test_without_spy_betas_average_to_one_and_the_source_says_so() -> None:
    table, _ = statistics_from(walk(tickers=("AAA", "BBB", "CCC")), DAYS[-1])
    assert table["beta"].mean() == pytest.approx(1.0)
    assert table["source"].str.contains("equally weighted mean").all()


@pytest.mark.parametrize("dof", [3.0, 5.0, 10.0])
def test_the_tail_index_is_the_maximum_likelihood_one(dof: float) -> None:
    draws = stats.t.rvs(dof, size=(4000, 2), random_state=int(dof)) * 0.02 + 0.001
    ours = student_t_dof(draws)
    theirs = [stats.t.fit(column)[0] for column in draws.T]
    np.testing.assert_allclose(ours, theirs, rtol=0.02)
    np.testing.assert_allclose(student_t_dof(draws * 7.0), ours, rtol=1e-6)  # free of scale


def test_a_share_that_stands_still_but_for_a_jump_has_the_fattest_tail() -> None:
    moves = np.zeros((500, 1))
    moves[250] = -np.log(2.0)
    with np.errstate(all="raise"):
        assert student_t_dof(moves)[0] < 3.0


def test_the_tail_index_stays_within_its_bounds() -> None:
    normal = np.random.default_rng(0).normal(size=(3000, 1))
    cauchy = stats.cauchy.rvs(size=(3000, 1), random_state=0)
    assert student_t_dof(normal)[0] > 15.0
    assert student_t_dof(cauchy)[0] == 2.5


def test_a_new_listing_is_measured_over_its_own_days_or_not_at_all() -> None:
    panel = walk(tickers=("AAA", "NEW", "NEWER", "SPY"))
    panel.loc[: DAYS[-121], "NEW"] = np.nan
    panel.loc[: DAYS[-31], "NEWER"] = np.nan
    table, correlation = statistics_from(panel, DAYS[-1])
    assert list(table.index) == list(correlation) == ["AAA", "NEW", "SPY"]
    assert cell(table, "NEW", "source").startswith("119 daily")


def test_a_ticker_that_has_ended_has_no_statistics() -> None:
    panel = walk()
    panel.loc[DAYS[-10] :, "BBB"] = np.nan
    assert "BBB" not in statistics_from(panel, DAYS[-1])[0].index
    assert "BBB" in statistics_from(panel, DAYS[-11])[0].index


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(100, len(DAYS) - 2), seed=st.integers(0, 10_000))
def test_rewriting_the_future_changes_no_statistic(cut: int, seed: int) -> None:
    panel, other = walk(), walk(seed + 1)
    rewritten = panel.copy()
    rewritten.iloc[cut + 1 :] = other.iloc[cut + 1 :].where(other.iloc[cut + 1 :] > 90.0)
    before = statistics_from(panel.iloc[: cut + 1], DAYS[cut])
    after = statistics_from(rewritten, DAYS[cut])
    for known, still in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(known, still, check_exact=True)


def test_an_indefinite_matrix_becomes_a_correlation_close_by() -> None:
    wild = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    tame = nearest_correlation(wild)
    assert np.linalg.eigvalsh(tame).min() > 0.0
    np.testing.assert_allclose(np.diag(tame), 1.0)
    np.testing.assert_array_equal(tame, tame.T)
    assert (np.sign(tame) == np.sign(wild)).all()
    good = np.array([[1.0, 0.3], [0.3, 1.0]])
    np.testing.assert_array_equal(nearest_correlation(good), good)


def test_more_tickers_than_weeks_still_give_a_definite_matrix() -> None:
    names = tuple(f"T{i:03}" for i in range(160))
    _, correlation = statistics_from(walk(tickers=names), DAYS[199])
    assert np.linalg.eigvalsh(correlation).min() > 0.0


def test_a_week_under_way_does_not_count() -> None:
    friday = pd.Timestamp("2021-06-04")
    at_friday, at_wednesday = (
        statistics_from(walk(), day)[1] for day in (friday, friday + pd.Timedelta(days=5))
    )
    pd.testing.assert_frame_equal(at_friday, at_wednesday, check_exact=True)


def test_selecting_keeps_what_there_is() -> None:
    prices = Prices.from_closes(walk()).select(["SPY", "AAA"])
    assert list(prices.closes) == list(prices.statistics.index) == ["SPY", "AAA"]
    with pytest.raises(InputError, match="no prices for ticker 'BBB'"):
        prices.select(["BBB"])


def test_importing_prices_imports_nothing_heavy() -> None:
    code = (
        "import sys, marketsim.prices;"
        "print([m for m in ('yfinance', 'jax', 'cvxpy', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestUniverse:
    def test_what_a_source_lacks_is_left_out(self) -> None:
        closes = walk(tickers=("NVDA", "SPY"))
        prices = load_universe(["NVDA", "AMD"], closes)
        assert set(prices.statistics.index) == {"NVDA", "SPY"}

    def test_a_source_with_none_of_them_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(PriceError, match=r"none of NVDIA\. Did you mean 'NVDA'"):
            load_universe(["NVDIA"], walk(tickers=("NVDA",)))

    def test_tickers_without_prices_are_named_once_together(self) -> None:
        with pytest.raises(InputError, match=r"tickers 'AMDD', 'QQQQ'\. Did you mean 'AMD'"):
            load_prices(["AMDD", "QQQQ"], walk(tickers=("AMD", "NVDA")))


def test_a_date_before_the_first_close_is_refused_in_a_line() -> None:
    with pytest.raises(PriceError, match="there are no closes as of 2010-03-31: the first is of"):
        load_prices(as_of="2010-03-31")
