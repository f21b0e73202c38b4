"""Commands that say what the model holds: `assumptions` and `claims`."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import DATE, Add, AsOf
from .progress import progress_bar
from .reading import facts_by

if TYPE_CHECKING:
    from marketsim.calibration import Posterior

__all__ = ["assumptions", "claims"]


def assumptions(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", show_default="all", help="Part of a name, group, meaning or source."
        ),
    ] = None,
    calibrated: Annotated[
        datetime | None,
        typer.Option(formats=DATE, metavar="DATE", help="Add what facts published by then teach."),
    ] = None,
    add: Add = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the list there instead.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of the README.")
    ] = False,
) -> None:
    """List what the model assumes: prior, meaning, unit and source of every number."""
    if markdown and (csv or calibrated):
        raise typer.BadParameter("goes with TEXT only", param_hint="--markdown")
    from marketsim.files import check_file, replace_file

    check_file(csv)
    environment.prepare_jax()
    import marketsim as ms
    from marketsim.reporting.listing import assumptions_markdown, assumptions_text

    table = ms.assumptions.describe_assumptions(
        text, _posterior(calibrated, add) if calibrated else None
    )
    if csv:
        replace_file(csv, table.to_csv(lineterminator="\n", float_format="%.6g").encode())
        print(f"table: {csv}")
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print(assumptions_markdown(table) if markdown else assumptions_text(table, width))


def claims(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAMES", show_default="all")] = None,
    as_of: AsOf = None,
    add: Add = None,
    draws: Annotated[int, typer.Option(min=1, help="Worlds from each source.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same draws.")] = 0,
    csv: Annotated[Path, typer.Option(metavar="FILE", help="Write the table there.")] = Path(
        "runs/claims.csv"
    ),
) -> None:
    """Examine what the model claims, on draws of its priors and around its mode.

    Exits with 1 if a claim fails.
    """
    from marketsim.files import check_file, replace_file

    check_file(csv)
    environment.prepare_jax()
    import marketsim as ms
    from marketsim.claims import claims_named
    from marketsim.reporting.verdicts import claims_text

    with progress_bar() as progress:
        wanted = claims_named(names)
        progress("reading")
        facts = facts_by(as_of, add)
        progress("calibrating")
        posterior = ms.calibrate(facts)
        result = ms.claims.evaluate_claims(posterior, wanted, draws, seed, progress)
    replace_file(csv, result.table.to_csv(lineterminator="\n", float_format="%.6g").encode())
    print(claims_text(result.table))
    print(f"table: {csv}")
    if not result.hold:
        raise typer.Exit(1)


def _posterior(date: datetime, add: Path | None) -> Posterior:
    import marketsim as ms

    with progress_bar() as progress:
        progress("reading")
        facts = facts_by(date, add)
        progress("calibrating")
        return ms.calibrate(facts)
