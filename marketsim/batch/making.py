"""One task: from its inputs to a finished folder, or to a sentence on why there is none."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marketsim.backtesting import BacktestResult, backtest
from marketsim.backtesting.deciding import raised
from marketsim.backtesting.result import as_json
from marketsim.batch.inputs import Inputs, inputs_of
from marketsim.batch.planning import Task
from marketsim.errors import DataError, MarketsimError
from marketsim.files import RECORD, REPORT
from marketsim.folders import digests, replace_folder
from marketsim.reporting.backtest_page import backtest_html

__all__ = ["Outcome", "make"]

SUMMARY: Final = "../../summary.html"
"""The way to the summary from the page of a job."""


@dataclass(frozen=True)
class Outcome:
    """How a task ended: `error` is None where its folder is finished.

    `trace` is where an error came from that is not the caller's to put right.
    """

    name: str
    seconds: float
    error: str | None = None
    trace: str = ""


def make(
    task: Task,
    folder: Path,
    workers: int | None = None,
    inputs: Inputs | None = None,
    ends: tuple[type[BaseException], ...] = (KeyboardInterrupt,),
) -> Outcome:
    """Make a task's folder.

    Parameters
    ----------
    task
    folder
        Where folders of tasks stand.
    workers
        Decisions made at a time.
    inputs
        What the job reads beside its strategy, where that is not to be read here.
    ends
        What is raised to end this process: it goes on. By default Ctrl-C.

    Returns
    -------
    Outcome
        Whatever else goes wrong stands in it.
    """
    begun = time.perf_counter()
    error, trace = None, ""
    try:
        _write(folder / task.name, task, _result(task, workers, inputs))
    except MarketsimError as found:
        error = str(found)
    except ends:
        raise
    except BaseException as found:  # a strategy may raise anything
        error, _ = raised(found)
        trace = traceback.format_exc()
    return Outcome(task.name, round(time.perf_counter() - begun, 3), error, trace)


def _result(task: Task, workers: int | None, inputs: Inputs | None) -> BacktestResult:
    job, given = task.job, inputs or inputs_of(task.job)
    result = backtest(
        job.strategy,
        given.panel,
        start=job.start,
        end=job.end,
        rebalance=job.when,
        cost=job.costs,
        facts=given.facts,
        tickers=given.tickers,
        benchmark=job.benchmark,
        cash_yield=job.cash_yield,
        scenarios=given.regimes,
        workers=workers,
    )
    found = result.meta["sha256"]
    changed = [name for name, digest in task.identity["sha256"].items() if found[name] != digest]
    if changed:
        raise DataError(f"{' and '.join(changed)} changed after the batch began; run it again")
    return result


def _write(path: Path, task: Task, result: BacktestResult) -> None:
    files = {**result.files(), REPORT: backtest_html(result, SUMMARY).encode()}
    record = {**result.record(), "job": task.identity, "results": digests(files)}
    replace_folder(path, {**files, RECORD: as_json(record)})
