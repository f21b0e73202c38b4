"""`batch`: a grid of backtests, kept, skipped and made again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from . import environment
from .endings import before_the_end
from .progress import progress_bar

if TYPE_CHECKING:
    from marketsim.batch import Batch
    from marketsim.batch.store import Status

__all__ = ["batch"]

LATER: Final = 75
"""Exit code of what may be tried again as it is: sysexits' EX_TEMPFAIL."""


def batch(
    jobs: Annotated[Path, typer.Argument(metavar="FILE", help="TOML: strategies, periods, grid.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default="runs/ and the name of FILE", help="Its folder."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, show_default="1", help="Processes side by side.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Scheduler of Dask, whose workers make the jobs (extra `distributed`).",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List jobs, make none.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say what becomes of each job, a line of JSON each.")
    ] = False,
    on_failure: Annotated[
        str | None,
        typer.Option(metavar="CMD", help="Run for each job that fails, its status on stdin."),
    ] = None,
) -> None:
    """Make every backtest of a file that is not there yet.

    Exits with 0 if all are there, 1 if some failed, 2 for what is wrong with the file, 75 if
    another process is at it, or closes or the cluster are not there yet: try again later.
    """
    held: list[Status] = []
    before_the_end(partial(_put_away, held))
    environment.prepare_jax()
    if dry_run:
        _list(jobs, out, as_json)
        return
    from marketsim.batch import run_batch
    from marketsim.errors import BusyError

    try:
        with progress_bar() as progress:
            progress("reading")
            found = run_batch(
                jobs,
                out,
                workers=1 if workers is None and cluster is None else workers,
                cluster=cluster,
                on_failure=on_failure,
                tell=partial(_told, as_json=as_json, progress=progress, said=set()),
                began=held.append,
            )
    except BusyError as error:
        print(f"marketsim: {error}", file=sys.stderr)
        raise typer.Exit(LATER) from error
    _sum_up(found, as_json)
    if found.failed or found.early:
        raise typer.Exit(1 if found.failed else LATER)


def _told(entry: Mapping[str, Any], as_json: bool, progress: Any, said: set[str]) -> None:
    """Say what became of a job; that closes are not there yet once a period."""
    if as_json:
        _say(json.dumps(entry))
    elif entry["state"] == "failed":
        print(f"marketsim: {entry['job']}: {entry['error']}", file=sys.stderr)
    elif entry["state"] == "early" and entry["error"] not in said:
        said.add(entry["error"])
        print(f"marketsim: period '{entry['period']}': {entry['error']}", file=sys.stderr)
    if entry["state"] == "running":
        progress(f"making {entry['job']}")


def _sum_up(found: Batch, as_json: bool) -> None:
    counts = {name: len(getattr(found, name)) for name in ("made", "skipped", "failed", "early")}
    if as_json:
        _say(json.dumps({"batch": str(found.folder), **counts}))
        return
    shown = found.table[["job", "state", "annual_return", "sharpe_ratio", "max_drawdown"]]
    _say(shown.to_string(index=False, float_format="{:.4f}".format, na_rep=""))
    _say(", ".join(f"{count} {name}" for name, count in counts.items()))
    _say(f"summary: {found.folder / 'summary.html'}")


def _list(jobs: Path, out: Path | None, as_json: bool) -> None:
    """Say which jobs there are, and whether each would be made or skipped."""
    from marketsim.batch import plan, read_jobs
    from marketsim.batch.running import folder_of
    from marketsim.batch.store import finished

    folder = folder_of(jobs, out)
    for task in plan(read_jobs(jobs)):
        ready = "early" if task.early else "waiting"
        state = ready if finished(folder, task) is None else "skipped"
        told = {"job": task.name, "state": state, **task.job.settings()}
        _say(json.dumps(told) if as_json else f"{state:8} {task.name}")


def _say(line: str) -> None:
    """Print a line at once; whoever stops listening, or a full disk, does not stop the batch."""
    try:
        print(line, flush=True)
    except OSError as error:
        print(f"marketsim: {error.filename}: {error.strerror}", file=sys.stderr)


def _put_away(held: list[Status]) -> None:
    """End the workers, and put away what is unfinished."""
    if held:
        from marketsim.batch.executors import stop
        from marketsim.batch.store import clear, let_go

        stop()
        clear(held[0].folder)
        held[0].interrupt()
        let_go(held[0].folder)
