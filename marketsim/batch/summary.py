"""All tasks of a batch side by side: one table, as CSV, as Parquet and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.backtesting.inference import deflated_sharpes
from marketsim.backtesting.measures import MEASURED
from marketsim.backtesting.result import EVEN, RETURNS
from marketsim.batch.planning import Task
from marketsim.batch.store import JOBS, finished
from marketsim.files import replace_file
from marketsim.reporting.batch_page import batch_html

__all__ = ["summarise", "summary_table"]

ALIKE: Final = ("period", "universe", "prices", "cost", "spread", "cash_yield")
"""Settings that rivals share: what differs in others is a variant that was tried."""

BEYOND: Final = "deflated_information"
TRIED: Final = "tried"


def summary_table(folder: Path, tasks: Sequence[Task], errors: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each task: its settings, how it ended, and what its record measures.

    Parameters
    ----------
    folder
        Of the batch.
    tasks
    errors
        Of tasks that failed, or are early, by name.

    Returns
    -------
    DataFrame
        Rows in the order of the file of jobs. `equal_weight_return` is a year's of equal weights,
        which the strategy has to beat; `deflated_sharpe` the probability that the Sharpe ratio is
        above that of the best by luck of all that were `tried` over the same period at the same
        cost, and `deflated_information` that of what was earned beyond equal weight. `state` is
        `done`, `failed`, `early` or `waiting`; `notes` what a reader of a job must know.
    """
    rows = [_row(task, finished(folder, task), errors.get(task.name)) for task in tasks]
    words = ("benchmark", "start", "end", "scenarios", "error", "notes")
    table = pd.DataFrame(rows)
    done = table[table["state"] == "done"]
    for name, held_against in (("deflated_sharpe", "interest"), (BEYOND, "equal_weight")):
        left, tried = _deflated(folder, done, held_against)
        table[name] = table["job"].map(left).astype(float)
    table[TRIED] = table["job"].map(tried).fillna(0).astype(int)
    return table.astype(dict.fromkeys(words, "str")).astype({"cash_yield": "float64"})


def _row(task: Task, record: Mapping[str, Any] | None, error: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {"job": task.name, **task.job.settings()}
    missing = "early" if task.early else "failed" if error else "waiting"
    row["state"] = "done" if record else missing
    measured = {} if record is None else record["summary"]
    own = measured.get(task.job.name, {})
    row |= {name: _number(own.get(name)) for name in MEASURED}
    row["equal_weight_return"] = _number(measured.get(EVEN, {}).get("annual_return"))
    notes = [] if record is None else record["notes"][1:]  # the first is of hindsight
    return row | {"error": error, "notes": "; ".join(notes) or None}


def _deflated(
    folder: Path, done: pd.DataFrame, held_against: str
) -> tuple[dict[str, float], dict[str, int]]:
    """Return what is left of each job's ratio, and of how many it is the best.

    Its rivals at the same cost are counted, each once.
    """
    found: dict[str, float] = {}
    tried: dict[str, int] = {}
    for _, rivals in done.groupby([*ALIKE], dropna=False):
        excess, distinct = {}, {}
        for job in rivals["job"]:
            daily = pd.read_csv(folder / JOBS / job / RETURNS)
            excess[job] = daily["return"] - daily[held_against]
            distinct[daily["return"].to_numpy().tobytes()] = excess[job]
        found |= dict(deflated_sharpes(excess, distinct.values()))
        tried |= dict.fromkeys(excess, len(distinct))
    return found, tried


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def summarise(folder: Path, table: pd.DataFrame) -> None:
    """Write summary.csv, summary.parquet and summary.html."""
    replace_file(folder / "summary.csv", table.to_csv(index=False, lineterminator="\n").encode())
    sink = BytesIO()
    table.to_parquet(sink, index=False)
    replace_file(folder / "summary.parquet", sink.getvalue())
    replace_file(folder / "summary.html", batch_html(folder.name, table).encode())
