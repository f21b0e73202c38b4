"""Decisions apart from the walk: made once, side by side, and kept by all that they saw."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim.backtesting import BacktestResult, History, backtest, choosing, deciding
from marketsim.errors import InputError
from marketsim.knowledge import Knowledge, load_facts
from tests.backtesting.panels import DAYS, panel, written

LAST = """
closes = history.closes.iloc[-1]
return closes / closes.sum()
"""
HELD = """
held = history.weights
return held / held.sum() if held.sum() > 0 else {"AAA": 0.5, "BBB": 0.5}
"""
SHY = """
try:
    held = history.weights
except BaseException:
    held = None
return {"AAA": 1.0} if held is None or held.sum() == 0 else {"AAA": 0.5, "BBB": 0.5}
"""


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[pd.Timestamp]:
    """The dates that strategies are asked about."""
    dates: list[pd.Timestamp] = []
    decide = deciding.decide

    def counted(strategy: Any, history: Any, universe: Any) -> Any:
        dates.append(history.date)
        return decide(strategy, history, universe)

    monkeypatch.setattr(choosing, "decide", counted)
    return dates


def same(one: BacktestResult, other: BacktestResult) -> bool:
    return all(
        getattr(one, name).equals(getattr(other, name))
        for name in ("weights", "trades", "returns", "holdings", "gains")
    )


@pytest.mark.parametrize("body", [LAST, HELD])
def test_a_second_walk_asks_nothing(
    body: str, tmp_path: Path, facts: Knowledge, asked: list[pd.Timestamp]
) -> None:
    file = written(tmp_path, body)
    first = backtest(file, panel(), facts=facts)
    made = len(asked)
    again = backtest(file, panel(), facts=facts)
    assert made >= len(first.weights) == 15
    assert len(asked) == made
    assert same(first, again)


def test_only_what_was_not_asked_before_is_asked(
    tmp_path: Path, facts: Knowledge, asked: list[pd.Timestamp]
) -> None:
    file = written(tmp_path, LAST)
    backtest(file, panel(), facts=facts, end=DAYS[100])
    asked.clear()
    backtest(file, panel(), facts=facts)
    assert min(asked) > DAYS[100]


def test_costs_change_no_decision_that_does_not_look(
    tmp_path: Path, facts: Knowledge, asked: list[pd.Timestamp]
) -> None:
    file = written(tmp_path, LAST)
    cheap = backtest(file, panel(), facts=facts, cost=0.0)
    asked.clear()
    dear = backtest(file, panel(), facts=facts, cost=0.05)
    assert asked == []
    assert cheap.weights.equals(dear.weights)
    assert cheap.wealth.iloc[-1] > dear.wealth.iloc[-1]


def test_closes_that_come_later_change_nothing_that_was_shown(
    tmp_path: Path, facts: Knowledge, asked: list[pd.Timestamp]
) -> None:
    """Nor do they say how far they reach, by the day to which they are adjusted."""
    file = written(tmp_path, LAST)
    days: list[pd.Timestamp | None] = []

    def noting(history: History) -> dict[str, float]:
        days.append(history.adjusted)
        return {"AAA": 1.0}

    for until in (DAYS[-20], DAYS[-2], DAYS[-1]):
        backtest(file, panel().loc[:until], facts=facts, end=DAYS[100])
        backtest(noting, panel().loc[:until], facts=facts, end=DAYS[100])
    assert len(asked) - len(days) == len(days) / 3 > 1
    assert len(set(days)) == 1
    backtest(noting, panel(), facts=facts, start=DAYS[-1])
    assert days[-1] == DAYS[-1]


@pytest.mark.parametrize("changed", ["file", "a close", "a fact", "the universe"])
def test_whatever_it_saw_otherwise_is_decided_again(
    changed: str, tmp_path: Path, facts: Knowledge, asked: list[pd.Timestamp]
) -> None:
    closes, file = panel(), written(tmp_path, LAST)
    backtest(file, closes, facts=facts, start=DAYS[200])
    asked.clear()
    tickers = None
    if changed == "file":
        file = written(tmp_path, LAST + "# another thought\n")
    elif changed == "a close":
        closes = closes * (1.0 + 1e-12)
    elif changed == "a fact":
        table = facts.table.copy()
        table["value"] = table["value"].where(table["published"] > DAYS[0], 7.0)
        facts = facts.with_facts(table)
    else:
        tickers = ["DDD", "AAA", "BBB", "CCC"]
    backtest(file, closes, facts=facts, start=DAYS[200], tickers=tickers)
    assert len(asked) == 6


def test_a_strategy_that_hides_its_look_is_asked_again(tmp_path: Path, facts: Knowledge) -> None:
    """One that catches everything is shown what is held all the same."""
    result = backtest(written(tmp_path, SHY), panel(), facts=facts)
    assert result.weights.iloc[0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert (result.weights.iloc[1:]["BBB"] == 0.5).all()


@pytest.mark.parametrize("body", [LAST, HELD, SHY])
def test_any_number_of_workers_decides_alike(body: str, tmp_path: Path, facts: Knowledge) -> None:
    file = written(tmp_path, body)
    one, many = (
        backtest(file, panel(), facts=facts, workers=workers, afresh=True) for workers in (1, 5)
    )
    assert same(one, many)


@pytest.mark.parametrize("damage", ["", "{", '{"key": "other", "weights": []}', "[1]"])
def test_a_damaged_decision_is_made_again(
    damage: str, tmp_path: Path, cache: Path, facts: Knowledge
) -> None:
    file = written(tmp_path, LAST)
    first = backtest(file, panel(), facts=facts)
    kept = sorted((cache / "decisions").glob("*/*.json"))
    assert len(kept) == 15
    for path in kept:
        path.write_text(damage)
    assert same(first, backtest(file, panel(), facts=facts))


def test_weights_that_cannot_be_are_not_taken_from_a_file(
    tmp_path: Path, cache: Path, facts: Knowledge
) -> None:
    file = written(tmp_path, LAST)
    first = backtest(file, panel(), facts=facts)
    for path in (cache / "decisions").glob("*/*.json"):
        path.write_text(path.read_text().replace("0x1.", "0x0.", 1))
    assert same(first, backtest(file, panel(), facts=facts))


def test_where_nothing_can_be_kept_the_walk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: Knowledge
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path / "file"))
    assert len(backtest(written(tmp_path, LAST), panel(), facts=facts).weights) == 15


def test_a_function_is_asked_in_order_and_once(
    facts: Knowledge, asked: list[pd.Timestamp], cache: Path
) -> None:
    """It may remember what it did, and nobody knows what it hangs on."""
    for _ in range(2):
        backtest(lambda h: {"AAA": 1.0}, panel(), facts=facts)
    assert asked == sorted(asked[:15]) * 2
    assert not (cache / "decisions").exists()


def test_the_first_fault_in_time_is_told_with_its_line(tmp_path: Path, facts: Knowledge) -> None:
    file = written(tmp_path, "if history.date.year == 2021:\n    return 1 / 0\nreturn {'AAA': 1.0}")
    with pytest.raises(ZeroDivisionError) as caught:
        backtest(file, panel(), facts=facts)
    assert caught.value.__notes__ == ["raised by strategy 'mine' on 2021-01-01, mine.py line 4"]


# What the library's own loaders show inside a strategy


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("ms.load_facts(as_of='2022-01-01')", "as_of=2022-01-01 lies after 2020-01-01"),
        ("ms.load_prices(['NVDA'], as_of='2022-01-01')", "as_of=2022-01-01 lies after 2020-01-01"),
        ("ms.load_prices(['NVDA'], end='2022-01-01')", "as_of=2022-01-01 lies after 2020-01-01"),
    ],
)
def test_a_strategy_cannot_load_what_came_later(
    body: str, fault: str, tmp_path: Path, facts: Knowledge
) -> None:
    with pytest.raises(InputError, match=f"strategy 'mine' on 2020-01-01: {fault}"):
        backtest(written(tmp_path, f"{body}\nreturn {{'AAA': 1.0}}"), panel(), facts=facts)


def test_what_a_strategy_loads_ends_on_its_date(tmp_path: Path, facts: Knowledge) -> None:
    body = """
known, prices = ms.load_facts(), ms.load_prices(["NVDA", "AMD"])
assert known.as_of == prices.as_of == history.date, (known.as_of, prices.as_of)
assert known.table["published"].max() <= history.date
assert prices.closes.index[-1] <= history.date
assert (prices.splits["date"] <= history.date).all()
return {"AAA": 1.0}
"""
    result = backtest(written(tmp_path, body), panel(), facts=facts, rebalance="quarterly")
    assert len(result.weights) == 5


def test_a_file_that_loads_data_while_it_is_read_is_refused(
    tmp_path: Path, facts: Knowledge
) -> None:
    file = tmp_path / "oracle.py"
    file.write_text(
        "import marketsim as ms\nPRICES = ms.load_prices()\n"
        "def strategy(history):\n    return {'AAA': 1.0}\n"
    )
    with pytest.raises(InputError, match=r"oracle.py loads data while it is read.*line 2|line 2"):
        backtest(file, panel(), facts=facts)


def test_outside_a_strategy_everything_is_shown() -> None:
    assert load_facts().as_of is None
    assert np.isfinite(len(load_facts()))


def test_what_a_process_died_over_is_let_go_of(
    tmp_path: Path, cache: Path, facts: Knowledge
) -> None:
    place = cache / "decisions" / "ab"
    place.mkdir(parents=True)
    for name, age in ((".old.json.1234.part", 3600.0), (".new.json.1234.part", 0.0)):
        (place / name).touch()
        then = (place / name).stat().st_mtime - age
        os.utime(place / name, (then, then))
    backtest(written(tmp_path, LAST), panel(), facts=facts)
    assert [file.name for file in place.glob(".*")] == [".new.json.1234.part"]
