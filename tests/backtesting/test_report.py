"""The report of a backtest: sums that hold, bands, months, and silence on what is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from marketsim.backtesting import BacktestResult, backtest
from marketsim.backtesting.measures import monthly_returns
from marketsim.knowledge import Knowledge, load_facts
from marketsim.reporting.backtest_figures import Curve, curves, evenly, thinned
from marketsim.reporting.backtest_page import backtest_html
from marketsim.reporting.formats import number, percent
from marketsim.reporting.gains_section import companies_table, exposure, layers_table
from marketsim.reporting.sharpe_section import rolling_figure, sharpe_sentence, sharpe_table
from tests.backtesting.panels import DAYS, panel

LAYERS = {"AAA": "memory", "BBB": "memory", "CCC": "servers"}


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


@pytest.fixture(scope="module")
def result(facts: Knowledge) -> BacktestResult:
    strategy = lambda h: {"AAA": 0.4, "BBB": 0.2, "CCC": 0.1, "DDD": 0.1, "cash": 0.2}  # noqa: E731
    found = backtest(strategy, panel(), facts=facts, benchmark="DDD", cost=0.002)
    return replace(found, strategy="mine", layers=LAYERS)


@pytest.fixture(scope="module")
def page(result: BacktestResult) -> str:
    return backtest_html(result)


def test_gains_shown_add_up_to_the_wealth_gained(result: BacktestResult) -> None:
    grown = number(float(result.wealth.iloc[-1]) - 1.0, 3, sign=True)
    for table in (layers_table(result), companies_table(result)):
        column = [column.label for column in table.columns].index("Gained, of 1")
        *parts, whole, wealth = [str(row[column]) for row in table.rows]
        assert whole == wealth == grown
        added = sum(float(part.replace("\N{MINUS SIGN}", "-")) for part in parts)
        assert added == pytest.approx(float(result.wealth.iloc[-1]) - 1.0, abs=0.0005 * len(parts))
        assert [row[0] for row in table.rows][-4:] == [
            "Cash",
            "Costs",
            "Sum",
            "Final wealth less 1",
        ]


def test_a_sum_that_does_not_hold_shows(result: BacktestResult) -> None:
    wrong = replace(result, gains=result.gains.assign(AAA=result.gains["AAA"] + 0.01))
    whole, wealth = (row[1] for row in layers_table(wrong).rows[-2:])
    assert whole != wealth


def test_the_rest_of_many_companies_is_one_row(facts: Knowledge) -> None:
    names = tuple(f"T{i:02d}" for i in range(20))
    found = backtest(lambda h: dict.fromkeys(names, 0.05), panel(tickers=names), facts=facts)
    labels = [str(row[0]) for row in companies_table(found).rows]
    assert len(labels) == 15 + 1 + 2 + 2
    assert labels[15] == "Five others"


def test_layers_and_cash_fill_the_whole(result: BacktestResult) -> None:
    found = exposure(result)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert found.columns[-2:].tolist() == ["no layer known", "cash"]
    assert set(found.columns[:-2]) == {"memory", "servers"}
    first = found.iloc[0]
    assert first["memory"] == pytest.approx(0.6, abs=0.01)
    assert first["cash"] == pytest.approx(0.2, abs=0.01)


def test_without_layers_there_is_no_figure_of_them(result: BacktestResult) -> None:
    assert exposure(replace(result, layers={})).empty
    assert "By layer</h3>" not in backtest_html(replace(result, layers={}))


@pytest.mark.parametrize(
    "said",
    [
        "mine, before costs",
        ">equal weight<",
        ">DDD<",
        "Information ratio, against DDD",
        "Months in which DDD was beaten",
        "Active risk, against DDD",
        "Lo (2002)",
        "Bailey and Lopez de Prado (2014)",
        "By layer</h3>",
        "Month by month",
        "Gains count in shares of what was invested at the start",
        "chosen with hindsight",
        "Final wealth less 1",
        "counted as the only variant that was tried",
    ],
)
def test_the_page_says(page: str, said: str) -> None:
    assert said in page


def test_measures_against_the_benchmark_are_those_of_the_summary(
    result: BacktestResult, page: str
) -> None:
    own = result.summary.iloc[:, 0]
    ratio = number(own["information_ratio"], 2)
    assert f"at an active risk of {percent(own['active_risk'])}: an information ratio" in page
    assert f"of {ratio}. It was ahead in {percent(own['hit_rate'], 0)}" in page


def test_without_a_benchmark_the_page_is_silent_on_it(facts: Knowledge) -> None:
    found = backtest(lambda h: {"AAA": 1.0}, panel(), facts=facts)
    assert found.benchmark is None
    text = backtest_html(found)
    assert "Against the benchmark" not in text
    assert "Information ratio" not in text


def test_ten_years_of_days_stay_below_a_megabyte(facts: Knowledge) -> None:
    days = pd.bdate_range("2014-01-01", "2024-01-01", name="date")
    names = [f"T{i:02d}" for i in range(30)]
    steps = np.random.default_rng(0).normal(3e-4, 0.02, (len(days), len(names)))
    closes = pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), days, names)
    found = backtest(
        lambda h: h.closes.iloc[-1] / h.closes.iloc[-1].sum(),
        closes,
        facts=facts,
        benchmark="T00",
        rebalance="weekly",
    )
    assert len(backtest_html(found).encode()) < 500_000


def test_the_variants_tried_are_named_and_counted(result: BacktestResult) -> None:
    many = replace(result, meta={**result.meta, "trials": 40})
    assert "counted as the best of 40 variants tried" in sharpe_sentence(many)
    assert percent(many.deflated_sharpe()) in sharpe_sentence(many)
    heads = [column.label for column in sharpe_table(many).columns]
    assert heads[-4:] == ["One variant", "Best of 10", "Best of 40", "Best of 100"]
    assert [row[0] for row in sharpe_table(many).rows] == [
        "Over cash",
        "Over equal weight",
        "Over DDD",
    ]


def test_the_band_of_a_year_is_two_standard_errors_wide(result: BacktestResult) -> None:
    assert rolling_figure(result) is not None
    short = replace(result, returns=result.returns[:200], equal_weight=result.equal_weight[:200])
    assert rolling_figure(short) is None
    assert "Sharpe ratio over the last year" not in backtest_html(short)


def test_all_in_cash_still_reports(facts: Knowledge) -> None:
    found = backtest(lambda h: {"cash": 1.0}, panel(), facts=facts, benchmark="AAA")
    assert "no ratio is known" in backtest_html(found)


def test_months_compound_to_years(result: BacktestResult) -> None:
    table = monthly_returns(result.returns)
    assert [int(month) for month in table.columns] == list(range(1, 13))
    assert table.loc[2021].notna().sum() == 3
    grown = (1.0 + table.fillna(0.0)).prod(axis=1).prod()
    assert grown == pytest.approx(result.wealth.iloc[-1], rel=1e-12)


def test_thinning_keeps_the_ends_and_every_peak() -> None:
    values = pd.Series(np.random.default_rng(0).normal(size=5000).cumsum())
    thin = thinned(values, 400)
    assert len(thin) <= 400
    assert (thin.index[0], thin.index[-1]) == (0, 4999)
    assert (thin.min(), thin.max()) == (values.min(), values.max())
    assert thin.index.is_monotonic_increasing
    assert thinned(values, 5000) is values


def test_rows_are_taken_evenly() -> None:
    table = pd.DataFrame({"x": np.arange(1000.0)})
    steps = np.diff(evenly(table, 100).index)
    assert steps.max() - steps.min() <= 1
    pd.testing.assert_frame_equal(evenly(table, 2000), table)


def test_a_ratio_has_a_straight_scale_with_a_zero() -> None:
    values = pd.Series(np.linspace(1.0, 20.0, len(DAYS)), DAYS)
    line = [Curve("x", values, "#000000")]
    assert ">0<" in curves(line, "x", unit="ratio")
    assert ">0<" not in curves(line, "x")  # in powers of ten, which has no zero
