"""Options of commands that ask about what `marketsim run` would choose, one list for all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    Add,
    AsOfPrices,
    Believe,
    Cap,
    Draws,
    MaxWeight,
    NeutralTo,
    Normalise,
    Prices,
    Risk,
    Scenarios,
    Seed,
    iso,
    listed,
    neutral_of,
    scenarios_of,
    weights_of,
)
from .reading import say_date, warn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Asked", "MostCash", "about_a_choice", "say"]

Asked = dict[str, Any]
"""What is asked of the choice, as `runs.run` takes it."""

MostCash = Annotated[float, typer.Option(help="The most that may stay in cash.")]


def about_a_choice(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options of a choice, which it takes together as ``asked``."""
    shared = inspect.signature(_asked, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True).parameters
    mine = [one for name, one in own.items() if name != "asked"]

    def run(**given: Any) -> None:
        asked = _asked(**{name: given.pop(name) for name in shared})
        command(**given, asked=asked)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature([*mine, *shared.values()])  # type: ignore[attr-defined]
    return run


def _asked(
    *,
    as_of: AsOfPrices = None,
    draws: Draws = 10_000,
    seed: Seed = 0,
    scenarios: Scenarios = None,
    normalise: Normalise = False,
    prices: Prices = None,
    believe: Believe = None,
    add: Add = None,
    max_weight: MaxWeight = 0.15,
    cap: Cap = None,
    risk: Risk = 1.0,
    most_cash: MostCash = 1.0,
    neutral_to: NeutralTo = None,
) -> Asked:
    """Return what is asked of a choice."""
    return {
        "as_of": iso(as_of),
        "draws": draws,
        "seed": seed,
        "scenarios": scenarios_of(scenarios),
        "normalise": normalise,
        "prices": prices,
        "believe": listed(believe) or (),
        "add": add,
        "max_weight": max_weight,
        "max_weights": weights_of(cap, "--cap"),
        "risk": risk,
        "most_cash": most_cash,
        "neutral_to": neutral_of(neutral_to),
    }


def say(asked: Asked, date: pd.Timestamp, warnings: tuple[str, ...]) -> None:
    """Say the date, where none was asked for, and what to beware of, beside what is printed."""
    if asked["as_of"] is None:
        say_date(date, "facts and prices reach")
    warn(warnings)
