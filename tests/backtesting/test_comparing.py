"""Backtests beside one another: what folders hold, common dates, trials, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim import cli, runs
from marketsim.backtesting import BacktestResult, backtest
from marketsim.backtesting.folders import is_backtest, recorded_walk
from marketsim.backtesting.inference import deflated_sharpe, sharpe_estimate
from marketsim.backtesting.measures import active
from marketsim.errors import DataError, InputError
from marketsim.knowledge import Knowledge, load_facts
from marketsim.reporting.comparison_page import comparison_html
from tests.backtesting.panels import DAYS, panel

WEIGHTS = {
    "calm": {"AAA": 0.5, "cash": 0.5},
    "bold": {"BBB": 1.0},
    "both": {"AAA": 0.4, "BBB": 0.4, "CCC": 0.2},
}


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


Make = Callable[..., BacktestResult]


@pytest.fixture(scope="module")
def make(facts: Knowledge) -> Make:
    def made(name: str, **asked: Any) -> BacktestResult:
        given: dict[str, Any] = {"benchmark": "DDD", "facts": facts} | asked
        return replace(backtest(lambda h: WEIGHTS[name], panel(), **given), strategy=name)

    return made


@pytest.fixture(scope="module")
def results(make: Make) -> dict[str, BacktestResult]:
    return {name: make(name) for name in WEIGHTS}


@pytest.fixture
def folders(tmp_path: Path, results: dict[str, BacktestResult]) -> list[Path]:
    return [one.to_folder(tmp_path / f"bt-{name}") for name, one in results.items()]


def command(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["compare", *map(str, arguments)])
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_a_folder_gives_back_what_was_written(
    folders: list[Path], results: dict[str, BacktestResult]
) -> None:
    walk, result = recorded_walk(folders[0]), results["calm"]
    np.testing.assert_array_equal(walk.returns["return"], result.returns)
    assert result.benchmark is not None
    np.testing.assert_array_equal(walk.returns["benchmark"], result.benchmark)
    assert walk.dates.equals(pd.DatetimeIndex(result.returns.index))
    assert (walk.benchmark, walk.trials) == ("DDD", 1)
    np.testing.assert_allclose(walk.traded, result.trades.abs().sum(axis=1), rtol=1e-12)


def test_measures_are_those_of_each_report(
    folders: list[Path], results: dict[str, BacktestResult]
) -> None:
    told = runs.compare_backtests(folders)
    assert list(told.measures.index) == list(WEIGHTS)
    assert (told.against, told.trials) == ("DDD", 3)
    for name, result in results.items():
        own = result.summary.iloc[:, 0]
        np.testing.assert_allclose(told.measures.loc[name][own.index], own, rtol=1e-9)


def test_correlation_is_of_active_returns(
    folders: list[Path], results: dict[str, BacktestResult]
) -> None:
    told = runs.compare_backtests(folders)
    own = pd.DataFrame({n: (r.returns - r.benchmark).iloc[1:] for n, r in results.items()})
    np.testing.assert_allclose(told.correlation, own.corr(), atol=1e-9)


def test_each_folder_is_a_trial(folders: list[Path], results: dict[str, BacktestResult]) -> None:
    told = runs.compare_backtests(folders)
    found = {n: sharpe_estimate((r.returns - r.interest).iloc[1:]) for n, r in results.items()}
    seen = float(np.std([one.ratio for one in found.values()], ddof=1))
    scatter = max(seen, 1.0 / float(np.sqrt(found["calm"].count - 1)))
    for name, one in found.items():
        left = deflated_sharpe(one, 3, scatter)
        assert told.measures["deflated_sharpe"][name] == pytest.approx(left, abs=1e-9)
        assert left < results[name].deflated_sharpe()


def test_trials_that_folders_were_told_of_count_too(
    tmp_path: Path, make: Make, folders: list[Path]
) -> None:
    tuned = make("bold", trials=30).to_folder(tmp_path / "tuned")
    alone, many = (runs.compare_backtests([folders[0], one]) for one in (folders[1], tuned))
    assert (alone.trials, many.trials) == (2, 31)
    assert (many.measures["deflated_sharpe"] < alone.measures["deflated_sharpe"]).all()


def test_other_dates_are_cut_to_those_in_common(
    tmp_path: Path, make: Make, results: dict[str, BacktestResult]
) -> None:
    long = results["both"].to_folder(tmp_path / "long")
    late = make("bold", start=DAYS[60], end=DAYS[200]).to_folder(tmp_path / "late")
    told = runs.compare_backtests([long, late])
    assert (told.returns.index[0], told.returns.index[-1]) == (DAYS[60], DAYS[200])
    assert told.notes[0].startswith("dates differ (both from 2020-01-01 to 2021-03-31; bold from")
    result = results["both"]
    grown = result.wealth[DAYS[200]] / result.wealth[DAYS[60]]
    assert told.measures["final_wealth"]["both"] == pytest.approx(grown, rel=1e-12)
    inside = (result.trades.index > DAYS[60]) & (result.trades.index <= DAYS[200])
    years = (DAYS[200] - DAYS[60]).days / 365.25
    turnover = 0.5 * result.trades[inside].abs().to_numpy().sum() / years
    assert told.measures["annual_turnover"]["both"] == pytest.approx(turnover, rel=1e-12)
    paid = result.costs[DAYS[61] : DAYS[200]].sum() / years
    assert told.measures["annual_cost"]["both"] == pytest.approx(paid, rel=1e-12)


def test_a_date_that_one_lacks_is_gone_through(
    tmp_path: Path, folders: list[Path], results: dict[str, BacktestResult]
) -> None:
    """What was earned on it counts on the next that all have."""
    table = pd.read_csv(folders[1] / "returns.csv")
    table.drop(index=100).to_csv(folders[1] / "returns.csv", index=False)
    told = runs.compare_backtests(folders[:2])
    wealth = results["calm"].wealth
    assert len(told.returns) == len(DAYS) - 1
    expected = wealth[DAYS[101]] / wealth[DAYS[99]] - 1.0
    assert told.returns["calm"][DAYS[101]] == pytest.approx(expected, rel=1e-9)


def test_too_few_dates_in_common_are_refused(tmp_path: Path, make: Make) -> None:
    early = make("calm", end=DAYS[100]).to_folder(tmp_path / "early")
    late = make("bold", start=DAYS[90]).to_folder(tmp_path / "late")
    with pytest.raises(
        InputError, match=r"have 11 dates in common, and 20 .* calm from 2020-01-01"
    ):
        runs.compare_backtests([early, late])


def test_of_one_strategy_folders_are_the_names(tmp_path: Path, make: Make) -> None:
    cheap, dear = (
        make("both", cost=cost).to_folder(tmp_path / name)
        for name, cost in (("cheap", 0.0), ("dear", 0.01))
    )
    told = runs.compare_backtests([cheap, dear])
    assert list(told.folders) == ["cheap", "dear"]
    assert told.measures["annual_return"]["cheap"] > told.measures["annual_return"]["dear"]
    assert "they differ in what was asked: cost" in told.notes
    assert told.measures["annual_cost"]["cheap"] == 0.0
    assert told.equal_weight is None  # it pays other costs
    assert told.benchmark is not None


def test_each_is_held_against_its_own_where_benchmarks_differ(
    tmp_path: Path, make: Make, folders: list[Path]
) -> None:
    other = make("bold", benchmark="CCC").to_folder(tmp_path / "other")
    told = runs.compare_backtests([folders[0], other])
    assert told.against == "the benchmark of each"
    assert told.benchmark is None
    own = recorded_walk(other).returns
    expected = active(own["return"], own["benchmark"])["active_risk"]
    assert told.measures["active_risk"]["bold"] == pytest.approx(expected)


def test_without_a_benchmark_equal_weight_takes_its_place(
    tmp_path: Path, make: Make, folders: list[Path]
) -> None:
    none = make("bold", benchmark=None).to_folder(tmp_path / "none")
    table = pd.read_csv(none / "returns.csv")
    table.drop(columns=["benchmark", "benchmark_wealth"], errors="ignore").to_csv(
        none / "returns.csv", index=False
    )
    told = runs.compare_backtests([folders[0], none])
    assert told.against == "equal weight of the same companies"
    assert told.equal_weight is not None
    own = recorded_walk(none).returns
    expected = active(own["return"], own["equal_weight"])["information_ratio"]
    assert told.measures["information_ratio"]["bold"] == pytest.approx(expected)


def test_what_is_its_own_benchmark_is_like_nothing(tmp_path: Path, make: Make) -> None:
    itself, other = (
        make(name, benchmark="BBB", cost=0.0, rebalance="daily").to_folder(tmp_path / name)
        for name in ("bold", "calm")
    )
    told = runs.compare_backtests([itself, other])
    assert told.correlation.loc["bold"].isna().all()
    assert told.record()["correlation"]["bold"] == {"bold": None, "calm": None}
    assert "–" in comparison_html(told)


def test_the_command_prints_a_table_and_writes_a_page(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert command(*folders, "--out", out) == 0
    printed = capsys.readouterr().out
    assert "3 backtests, 2020-01-01 to 2021-03-31; active against DDD" in printed
    for said in (*WEIGHTS, "deflated", "Correlation of active returns", "chosen with hindsight"):
        assert said in printed
    assert sorted(path.name for path in out.iterdir()) == [
        "comparison.html",
        "comparison.json",
        "comparison.txt",
    ]
    page = (out / "comparison.html").read_text()
    assert "Three backtests beside one another" in page
    assert "best that 3 worthless variants would show" in page
    assert page.count('class="curve"') == 2 * (3 + 2)  # each, equal weight and the benchmark
    assert "<script" not in page
    assert command(*folders, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "comparison.json").read_text())


def test_many_are_told_apart_by_dashes_too(
    tmp_path: Path, results: dict[str, BacktestResult]
) -> None:
    folders = [
        replace(results["bold"], strategy=f"s{i}").to_folder(tmp_path / f"s{i}") for i in range(12)
    ]
    page = comparison_html(runs.compare_backtests(folders))
    assert "12 backtests beside one another" in page
    assert len(page.encode()) < 1_000_000


def test_hostile_names_are_inert(tmp_path: Path, results: dict[str, BacktestResult]) -> None:
    bad = "<script>alert(1)</script>"
    folders = [
        replace(results[name], strategy=shown).to_folder(tmp_path / name)
        for name, shown in (("calm", bad), ("bold", "bold"))
    ]
    assert "<script" not in comparison_html(runs.compare_backtests(folders))


def spoil(name: str, text: str | None) -> Callable[[Path], object]:
    """Write something else to a file of a folder, or remove it."""
    return lambda folder: (
        (folder / name).unlink() if text is None else (folder / name).write_text(text)
    )


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (spoil("run.json", None), "has no run.json"),
        (spoil("run.json", "{"), "is no JSON"),
        (spoil("run.json", "{}"), "is no backtest, as its run.json names no strategy"),
        (spoil("returns.csv", None), "is missing, which a backtest writes"),
        (spoil("returns.csv", "x\n1\n"), "is no table by date"),
        (spoil("returns.csv", "date,return\n2020-01-01,1\n"), "has no column 'cost'"),
        (
            spoil("returns.csv", "date,return,cost,interest,equal_weight\n2020-01-01,a,0,0,0\n"),
            "line 2: not a date and numbers",
        ),
        (spoil("trades.csv", "date,ticker,trade\nyesterday,A,1\n"), "not a date and numbers"),
    ],
)
def test_what_is_no_backtest_is_refused(
    folders: list[Path],
    spoilt: Callable[[Path], object],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoilt(folders[1])
    assert command(*folders) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "bt-bold" in told


def test_faults_of_all_folders_are_told_at_once(folders: list[Path], tmp_path: Path) -> None:
    (folders[2] / "trades.csv").unlink()
    with pytest.raises(DataError, match=r"(?s)nowhere' is no folder.*trades.csv is missing"):
        runs.compare_backtests([folders[0], tmp_path / "nowhere", folders[2]])


def test_a_run_among_backtests_is_refused(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text(json.dumps({"arguments": {}, "results": {}}))
    assert not is_backtest(run)
    assert command(run, folders[0]) == 2
    assert "compare runs with runs, backtests with backtests" in capsys.readouterr().err


def test_one_alone_or_twice_is_refused(
    folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(folders[0]) == 2
    assert "of two backtests or more" in capsys.readouterr().err
    assert command(folders[0], folders[1], folders[0]) == 2
    assert "is given twice" in capsys.readouterr().err


def test_runs_are_compared_two_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("one", "two", "three") == 2
    assert "two runs are compared, or several backtests; 3 are given" in capsys.readouterr().err
