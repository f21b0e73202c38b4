"""Several backtests beside one another, from their folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from marketsim.backtesting.comparing import BacktestComparison, compared
from marketsim.backtesting.folders import RecordedWalk, recorded_walk
from marketsim.errors import DataError

from .answers import keep

__all__ = ["compare_backtests"]


def compare_backtests(
    folders: Sequence[Path | str], *, out: Path | None = None
) -> BacktestComparison:
    """Return backtests beside one another, on the dates that all of them have.

    They are read as their folders record them; nothing there is changed, and nothing made again.

    Parameters
    ----------
    folders
        That ``marketsim backtest`` or `BacktestResult.to_folder` wrote, two or more.
    out
        Folder for ``comparison.json``, ``comparison.txt`` and the page ``comparison.html``; none is
        written by default.

    Raises
    ------
    DataError
        Folders hold no backtest, all of which are named.
    InputError
        There are fewer than two, one is given twice, or they have hardly a date in common.
    """
    result = compared(_read(folders))
    if out is not None:
        from marketsim.reporting.comparison_page import write_comparison_page

        keep(out, "comparison", result.to_json(), result)
        write_comparison_page(out / "comparison.html", result)
    return result


def _read(folders: Sequence[Path | str]) -> list[RecordedWalk]:
    """Read all folders, and tell the faults of all of them at once."""
    found, faults = [], []
    for folder in folders:
        try:
            found.append(recorded_walk(folder))
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise DataError("\n".join(faults))
    return found
