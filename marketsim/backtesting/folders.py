"""Backtests as their folders record them: returns by date, what was traded, and what was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError
from marketsim.files import RECORD

__all__ = ["RecordedWalk", "is_backtest", "recorded_walk"]

RETURNS: Final = ("return", "cost", "interest", "equal_weight")
AGAIN: Final = "make it again with marketsim backtest"


@dataclass(frozen=True, eq=False)
class RecordedWalk:
    """A backtest that a folder holds (see `BacktestResult.to_folder`).

    Attributes
    ----------
    folder : Path
    strategy : str
    returns : DataFrame [date, ``return``, ``cost``, ``interest``, ``equal_weight``, ``benchmark``]
        Of each date since the one before; ``benchmark`` where there is one.
    traded : Series, by date of trading
        Bought and sold, as a fraction of wealth.
    record : mapping
        What run.json says.
    """

    folder: Path
    strategy: str
    returns: pd.DataFrame
    traded: pd.Series
    record: Mapping[str, Any]

    def __repr__(self) -> str:
        days = self.dates
        return f"RecordedWalk({str(self.folder)!r}, {days[0].date()} to {days[-1].date()})"

    @property
    def dates(self) -> pd.DatetimeIndex:
        """Of the walk."""
        return pd.DatetimeIndex(self.returns.index)

    @property
    def trials(self) -> int:
        """Variants that it was told to be chosen from, itself included."""
        return int(self.record.get("trials", 1))

    @property
    def benchmark(self) -> str | None:
        """Name of the benchmark."""
        named = self.record.get("arguments", {}).get("benchmark")
        return str(named or "benchmark") if "benchmark" in self.returns else None


def is_backtest(folder: Path | str) -> bool:
    """Whether a folder holds the record of a backtest; other faults are told by who reads it."""
    try:
        record = json.loads((Path(folder) / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return _says_backtest(record)


def _says_backtest(record: object) -> bool:
    return isinstance(record, dict) and "strategy" in record and "summary" in record


def recorded_walk(folder: Path | str) -> RecordedWalk:
    """Read the folder of a backtest, in which nothing is changed.

    Raises
    ------
    DataError
        For what is no backtest, one that did not finish, and tables that are not those it writes.
    """
    folder = Path(folder)
    record = _record(folder)
    returns = _table(folder / "returns.csv", RETURNS)
    if returns.index.has_duplicates or not returns.index.is_monotonic_increasing:
        raise DataError(f"{folder / 'returns.csv'}: dates do not rise; {AGAIN}")
    trades = _table(folder / "trades.csv", ("trade",))
    traded = trades["trade"].abs().groupby(level=0).sum().rename("traded")
    kept = [*RETURNS, *(["benchmark"] if "benchmark" in returns else [])]
    return RecordedWalk(folder, str(record["strategy"]), returns[kept], traded, record)


def _record(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise DataError(f"'{folder}' is no folder; give one that marketsim backtest wrote")
    path = folder / RECORD
    if not path.is_file():
        raise DataError(
            f"'{folder}' has no {RECORD}, which a backtest writes last: it is none, or one that "
            "did not finish; make it with marketsim backtest"
        )
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON ({error}); {AGAIN}") from error
    if not _says_backtest(record):
        raise DataError(
            f"'{folder}' is no backtest, as its {RECORD} names no strategy: compare runs with "
            "runs, backtests with backtests"
        )
    trials = record.get("trials", 1)
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise DataError(f"{path}: trials is {trials!r}, not 1 or more; {AGAIN}")
    return record


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table by date, whose columns are numbers."""
    if not path.is_file():
        raise DataError(f"{path} is missing, which a backtest writes; {AGAIN}")
    try:
        table = pd.read_csv(path, parse_dates=["date"], index_col="date")
    except (ValueError, KeyError) as error:
        raise DataError(f"{path} is no table by date ({error}); {AGAIN}") from error
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"{path} has no column '{missing[0]}'; {AGAIN}")
    numbers = table[list(columns)].apply(pd.to_numeric, errors="coerce")
    wrong = ~np.isfinite(numbers.to_numpy(float)).all(axis=1)
    if not isinstance(table.index, pd.DatetimeIndex) or wrong.any() or table.index.hasnans:
        line = int(np.argmax(wrong)) + 2 if wrong.any() else 2
        raise DataError(f"{path}, line {line}: not a date and numbers; {AGAIN}")
    return table
