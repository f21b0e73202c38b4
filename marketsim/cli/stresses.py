"""`marketsim stress`: what has to be true for a portfolio to lose so much, and what if."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import environment
from .choices import Asked, about_a_choice, say
from .progress import progress_bar
from .tables import weights_at

__all__ = ["stress"]


@about_a_choice
def stress(
    asked: Asked,
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
            out=out,
            progress=progress,
            **asked,
        )
    say(asked, result.as_of, result.warnings)
    print(result.to_json() if json else result, end="" if json else "\n")
