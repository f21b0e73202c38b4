"""`marketsim stress`: what has to be true for a portfolio to lose so much, and what if."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import environment
from .options import (
    Add,
    AsOfPrices,
    Cap,
    Draws,
    MaxWeight,
    Normalise,
    Prices,
    Risk,
    Scenarios,
    Seed,
    iso,
    scenarios_of,
    weights_of,
)
from .progress import progress_bar
from .reading import say_date, warn
from .tables import weights_at

__all__ = ["stress"]


def stress(
    loss: Annotated[
        float | None,
        typer.Option(
            show_default="no reverse stress test",
            help="Find the most plausible worlds in which the portfolio loses this fraction over "
            "a year, as in 0.30.",
        ),
    ] = None,
    what_if: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="TOML of what-ifs, a table each: assumptions, and what to set them to.",
        ),
    ] = None,
    regime: Annotated[
        str | None,
        typer.Option(show_default="all", help="Look in this scenario alone, or shift its middle."),
    ] = None,
    noise: Annotated[
        bool, typer.Option(help="Whether market noise counts among what may go wrong.")
    ] = True,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default="what a run would choose",
            help="Weights of your own: columns ticker and weight.",
        ),
    ] = None,
    as_of: AsOfPrices = None,
    draws: Draws = 10_000,
    seed: Seed = 0,
    scenarios: Scenarios = None,
    normalise: Normalise = False,
    prices: Prices = None,
    add: Add = None,
    max_weight: MaxWeight = 0.15,
    cap: Cap = None,
    risk: Risk = 1.0,
    most_cash: Annotated[float, typer.Option(help="The most that may stay in cash.")] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a story.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for stress.json and stress.txt; else only shown."),
    ] = None,
) -> None:
    """Stress what a run would choose: how it comes to lose so much, or what if."""
    if loss is None and what_if is None:
        raise typer.BadParameter(
            "nothing is asked; give --loss 0.30 or --what-if FILE", param_hint="--loss"
        )
    from marketsim.files import check_folder

    caps = weights_of(cap, "--cap")
    check_folder(out)
    with progress_bar() as progress:
        progress("starting")
        environment.prepare_jax()
        from marketsim import runs

        result = runs.stress_test(
            loss=loss,
            what_ifs=what_if,
            regime=regime,
            noise=noise,
            weights=None if weights is None else weights_at(weights),
            as_of=iso(as_of),
            draws=draws,
            seed=seed,
            scenarios=scenarios_of(scenarios),
            normalise=normalise,
            prices=prices,
            add=add,
            max_weight=max_weight,
            max_weights=caps,
            risk=risk,
            most_cash=most_cash,
            out=out,
            progress=progress,
        )
    if as_of is None:
        say_date(result.as_of, "facts and prices reach")
    warn(result.warnings)
    print(result.to_json() if json else result, end="" if json else "\n")
