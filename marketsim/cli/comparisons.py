"""`marketsim compare`: what changed from one run to another, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import environment
from .progress import progress_bar

__all__ = ["compare"]


def compare(
    before: Annotated[Path, typer.Argument(metavar="RUN1", help="Folder of a run.")],
    after: Annotated[Path, typer.Argument(metavar="RUN2", help="Folder of another.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a story.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for comparison.json and comparison.txt; else only shown."
        ),
    ] = None,
) -> None:
    """Say what changed from one run to another, and why: weights, risk, forecasts.

    Both are made again from what they record; their folders stay as they are.
    """
    with progress_bar() as progress:
        progress("starting")
        environment.prepare_jax()
        from marketsim import runs

        result = runs.compare(before, after, out=out, progress=progress)
    print(result.to_json() if json else result, end="" if json else "\n")
