"""`marketsim compare`: what changed from one run to another, and why; or backtests side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .progress import progress_bar

if TYPE_CHECKING:
    from marketsim.backtesting.comparing import BacktestComparison
    from marketsim.runs import Comparison

__all__ = ["compare"]


def compare(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Two runs, or two backtests or more."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a story.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for comparison.json and comparison.txt, of backtests a page too; else "
            "only shown.",
        ),
    ] = None,
) -> None:
    """Say what changed from one run to another, and why; or put backtests side by side.

    Runs are made again from what they record, and weights, risk and forecasts compared. Backtests
    are read: measures, how alike they are, and how sure the best of so many is.
    """
    environment.prepare_jax()
    from marketsim.backtesting.folders import is_backtest
    from marketsim.batch.store import check_no_batch

    for folder in folders:
        check_no_batch(folder)
    result = _backtests(folders, out) if any(map(is_backtest, folders)) else _runs(folders, out)
    print(result.to_json() if json else result, end="" if json else "\n")


def _backtests(folders: list[Path], out: Path | None) -> BacktestComparison:
    from marketsim import runs

    result = runs.compare_backtests(folders, out=out)
    if out is not None:
        print(f"page: {out / 'comparison.html'}", file=sys.stderr)
    return result


def _runs(folders: list[Path], out: Path | None) -> Comparison:
    from marketsim import runs
    from marketsim.errors import InputError

    if len(folders) != 2:
        raise InputError(f"two runs are compared, or several backtests; {len(folders)} are given")
    with progress_bar() as progress:
        progress("starting")
        return runs.compare(*folders, out=out, progress=progress)
