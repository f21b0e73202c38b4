"""A backtest over a file kept by the tickers of each day is that over the present tickers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.cli import main
from tests.backtesting.panels import written

DAYS = pd.bdate_range("2021-06-01", "2023-03-31", name="date")
NAMES = ["NVDA", "COHR", "META", "VRT"]
MOMENTUM = """\
recent = history.closes.iloc[-63:]
assert history.prices.tickers
gain = (recent.iloc[-1] / recent.iloc[0]).reindex(list(history.tickers))
best = gain.nlargest(2).index
return {t: 0.5 for t in best} if len(best) == 2 else {t: 1.0 / len(gain) for t in gain.index}"""


def walk(seed: int = 0) -> pd.DataFrame:
    steps = np.random.default_rng(seed).normal(3e-4, 0.02, (len(DAYS), len(NAMES)))
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), DAYS, NAMES)


WHOLE = walk()
UNTIL = {one.ticker: one for one in ms.load_facts().universe.renames if one.until in DAYS}


def by_day(panel: pd.DataFrame) -> pd.DataFrame:
    """As a file has it that was kept by the tickers of each day."""
    parts = panel.copy()
    for name, one in UNTIL.items():
        parts[one.former] = panel[name].where(one.until >= DAYS)
        parts[name] = panel[name].where(one.until < DAYS)
    return parts


def with_another(panel: pd.DataFrame) -> pd.DataFrame:
    """With another share under a present ticker, months before it was taken over."""
    (name,) = [name for name in UNTIL if panel.columns.get_loc(name) == 1]
    other = (3.0 * walk(seed=1)[name]).where(pd.Timestamp("2022-06-30") >= DAYS)
    return panel.assign(**{name: panel[name].fillna(other)})


def kept(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What the backtest computed, byte for byte."""
    for path in sorted(folder.glob("*.csv")):
        yield path.name, path.read_bytes()


@pytest.mark.parametrize("change", [by_day, lambda p: with_another(by_day(p))], ids=["cut", "and"])
def test_weights_trades_and_wealth_are_those_of_the_whole_panel(
    tmp_path: Path, change: object
) -> None:
    assert len(UNTIL) == 2
    strategy = written(tmp_path, MOMENTUM)
    for name, panel in (("whole", WHOLE), ("parts", change(WHOLE))):  # type: ignore[operator]
        panel.to_csv(tmp_path / f"{name}.csv")
        ms.backtest(strategy, tmp_path / f"{name}.csv", afresh=True).to_folder(tmp_path / name)
    whole, parts = (dict(kept(tmp_path / name)) for name in ("whole", "parts"))
    assert {"weights.csv", "trades.csv", "returns.csv"} <= set(whole)
    assert parts == whole
    records = [json.loads((tmp_path / n / "run.json").read_text()) for n in ("whole", "parts")]
    told = [note for note in records[1]["notes"] if note not in records[0]["notes"]]
    assert len(told) == 2
    assert records[1]["results"] == records[0]["results"]
    for one in UNTIL.values():
        (note,) = [note for note in told if note.startswith(f"{one.former} is {one.ticker} since")]
        assert ("another share's, left out" in note) is (
            change is not by_day and one.ticker == NAMES[1]
        )


def test_a_history_is_told_under_the_present_ticker_before_the_rename() -> None:
    seen: list[tuple[pd.Timestamp, tuple[str, ...], tuple[str, ...]]] = []

    def equal(history: ms.backtesting.History) -> dict[str, float]:
        known = tuple(one.ticker for one in history.facts.universe.renames)
        seen.append((history.date, history.tickers, known))
        return {ticker: 1.0 / len(history.tickers) for ticker in history.tickers}

    ms.backtest(equal, by_day(WHOLE))
    assert all(list(tickers) == NAMES for _, tickers, _ in seen)
    for one in UNTIL.values():
        assert all((one.ticker in known) is (one.until < date) for date, _, known in seen)


def test_whoever_names_a_former_ticker_is_told() -> None:
    panel, told = by_day(WHOLE), "FB is META since 2022-06-09: write META"
    equal = {"META": 1.0}
    for asked in (
        {"tickers": ["FB"]},
        {"benchmark": "FB"},
        {"cost": ms.backtesting.Costs(spread={"FB": 0.001})},
    ):
        with pytest.raises(ms.MarketsimError, match=told):
            ms.backtest(lambda history: equal, panel, **asked)
    with pytest.raises(ms.MarketsimError, match=told):
        ms.backtest(lambda history: {"FB": 1.0}, panel)


def test_the_command_tells_what_was_joined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_day(WHOLE).to_csv(tmp_path / "mine.csv")
    words = ["backtest", "equal_weight", "--prices", str(tmp_path / "mine.csv")]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--out", str(tmp_path / "out")])
    assert not ended.value.code
    told = capsys.readouterr().err
    for one in UNTIL.values():
        assert told.count(f"note: {one.former} is {one.ticker} since") == 1
    with pytest.raises(SystemExit) as ended:
        main([*words, "--tickers", "NVDA,FB", "--out", str(tmp_path / "other")])
    assert ended.value.code == 2
    assert "FB is META since 2022-06-09: write META" in capsys.readouterr().err
