"""`marketsim implied`: what prices assume, and what they assumed quarter by quarter."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from . import environment
from .options import (
    DATE,
    Add,
    AsOfPrices,
    Believe,
    Draws,
    Normalise,
    Prices,
    Scenarios,
    Seed,
    iso,
    listed,
    scenarios_of,
)
from .progress import progress_bar
from .reading import say_date, warn

__all__ = ["implied"]


def implied(
    companies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TICKER|LAYER]...", show_default="all companies", help="Whose prices."
        ),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            show_default="those that value hangs on most",
            help="Beliefs asked about, as in elasticity,growth,regimes,return_asked.",
        ),
    ] = None,
    together: Annotated[
        bool, typer.Option(help="Whether to look for all beliefs at once, too.")
    ] = True,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=DATE,
            metavar="DATE",
            show_default="one date alone",
            help="Ask at the end of every quarter from then on, with --to.",
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=DATE, metavar="DATE", show_default="none", help="Until then."),
    ] = None,
    as_of: AsOfPrices = None,
    draws: Draws = 2_000,
    seed: Seed = 0,
    scenarios: Scenarios = None,
    normalise: Normalise = False,
    prices: Prices = None,
    believe: Believe = None,
    add: Add = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a story.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for implied.json and .txt; else only shown."),
    ] = None,
) -> None:
    """Say what prices assume: which growth, elasticity, regimes make the model's value theirs."""
    if (first is None) != (last is None):
        raise typer.BadParameter("give --from and --to together", param_hint="--from")
    if first is not None and as_of is not None:
        raise typer.BadParameter("dates are given twice; leave --as-of out", param_hint="--as-of")
    if first is not None and out is not None:
        raise typer.BadParameter("a series is only shown; take it by --json", param_hint="--out")
    from marketsim.files import check_folder

    check_folder(out)
    given: dict[str, Any] = {
        "of": listed(of),
        "draws": draws,
        "seed": seed,
        "scenarios": scenarios_of(scenarios),
        "normalise": normalise,
        "prices": prices,
        "believe": listed(believe) or (),
        "add": add,
    }
    with progress_bar() as progress:
        progress("starting")
        environment.prepare_jax()
        from marketsim import runs

        if first is not None and last is not None:
            series = runs.implied_history(first, last, companies, progress=progress, **given)
            text = runs.implied_json(series) if json else f"{series}\n"
            warnings = tuple(
                f"{date.date()}: {said}" for date, some in series.warnings.items() for said in some
            )
        else:
            given |= {"together": together, "as_of": iso(as_of), "out": out}
            found, warnings = runs.implied_now(companies, progress=progress, **given)
            text = runs.implied_json(found) if json else f"{found}\n"
            if as_of is None:
                say_date(found.as_of, "facts and prices reach")
    warn(warnings)
    print(text, end="")
