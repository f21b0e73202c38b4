"""What a run's choice hangs on, what to find out next, and how to hedge it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import environment
from .choices import Asked, about_a_choice, say
from .options import neutral_of
from .progress import progress_bar

if TYPE_CHECKING:
    from marketsim.allocation import Allocation

__all__ = ["hedge", "information", "sensitivities"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Folder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the answer as JSON and text; else only shown."),
]
Regime = Annotated[
    str | None,
    typer.Option(show_default="all", help="Take the worlds of this scenario alone."),
]


@about_a_choice
def sensitivities(
    asked: Asked,
    regime: Regime = None,
    best: Annotated[
        bool, typer.Option("--best-weights", help="What moves the best weights too: minutes.")
    ] = False,
    json: Json = False,
    out: Folder = None,
) -> None:
    """Say which assumptions move what a run would choose."""

    def question(choice: Allocation) -> Any:
        from marketsim.derivatives import sensitivities as found

        return found(choice, regime, weights=best)

    told = {"step": "finding what moves it", "name": "sensitivities", "regime": regime}
    _answer(question, asked | told, json, out)


@about_a_choice
def information(
    asked: Asked,
    count: Annotated[int, typer.Option(min=1, help="Assumptions that are looked at.")] = 30,
    json: Json = False,
    out: Folder = None,
) -> None:
    """Say what it would be worth to know before choosing: what to find out next."""

    def question(choice: Allocation) -> Any:
        from marketsim.derivatives import value_of_information

        return value_of_information(choice, count=count)

    _answer(question, asked | {"step": "asking what to find out", "name": "information"}, json, out)


@about_a_choice
def hedge(
    asked: Asked,
    limit: Annotated[
        str,
        typer.Argument(metavar="ASSUMPTION=WITHIN", help="As in hurdle_rate=0.03."),
    ],
    json: Json = False,
    out: Folder = None,
) -> None:
    """Hedge what a run would choose against an assumption: cost, trades, and who hedges."""
    ((name, within),) = (neutral_of([limit], "ASSUMPTION=WITHIN") or {}).items()
    from marketsim.allocation.limits import neutral_to

    neutral_to(name, within)  # refuses what is no number from 0 up before anything is run

    def question(choice: Allocation) -> Any:
        from marketsim.derivatives import hedge as hedged

        return hedged(choice, name, within)

    told = {"step": f"hedging {name}", "name": "hedge", "about": (name,)}
    _answer(question, asked | told, json, out)


def _answer(
    question: Callable[[Allocation], Any], asked: Asked, json: bool, out: Path | None
) -> None:
    with progress_bar() as progress:
        progress("starting")
        environment.prepare_jax()
        from marketsim import runs

        result = runs.answered(question, out=out, progress=progress, **asked)
    say(asked, result.as_of, result.warnings)
    print(result.to_json() if json else result, end="" if json else "\n")
