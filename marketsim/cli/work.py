"""`run`: from the facts to an allocation and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import environment
from .options import (
    Add,
    Aim,
    AsOfPrices,
    Believe,
    Cap,
    Cost,
    Draws,
    Held,
    LayerCap,
    Limits,
    MaxWeight,
    Money,
    NeutralTo,
    Normalise,
    Out,
    Prices,
    Risk,
    Scenarios,
    Seed,
    Tickers,
    iso,
    listed,
    neutral_of,
    scenarios_of,
    weights_of,
)
from .progress import progress_bar
from .reading import say_date, warn
from .tables import held_at, weights_at

__all__ = ["run"]


def run(
    as_of: AsOfPrices = None,
    draws: Draws = 10_000,
    seed: Seed = 0,
    out: Out = None,
    scenarios: Scenarios = None,
    normalise: Normalise = False,
    prices: Prices = None,
    believe: Believe = None,
    add: Add = None,
    max_weight: MaxWeight = 0.15,
    cap: Cap = None,
    layer_cap: LayerCap = None,
    cvar_level: Annotated[float, typer.Option(help="Level of the conditional value at risk.")] = (
        0.95
    ),
    risk: Risk = 1.0,
    risk_aversion: Annotated[
        float | None,
        typer.Option(
            show_default="a budget of CVaR",
            help="In place of --risk: expected return given up for a point of CVaR.",
        ),
    ] = None,
    benchmark: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default="companies by market value",
            help="Weights of a benchmark of your own: columns ticker and weight.",
        ),
    ] = None,
    most_cash: Annotated[
        float,
        typer.Option(
            help="The most that may stay in cash, at the yield of the newest bill; at 0 none."
        ),
    ] = 1.0,
    neutral_to: NeutralTo = None,
    tickers: Tickers = None,
    objective: Aim = None,
    limit: Limits = None,
    current: Held = None,
    money: Money = None,
    cost: Cost = 0.0,
) -> None:
    """Go from the facts to an allocation and a report."""
    from marketsim.files import check_folder

    caps, layer_caps = weights_of(cap, "--cap"), weights_of(layer_cap, "--layer-cap")
    neutral = neutral_of(neutral_to)
    check_folder(out)
    held: dict[str, Any] = held_at(current)
    with progress_bar() as progress:
        progress("starting")
        environment.prepare_jax()
        from marketsim import runs

        result = runs.run(
            as_of=iso(as_of),
            draws=draws,
            seed=seed,
            out=out,
            add=add,
            scenarios=scenarios_of(scenarios),
            normalise=normalise,
            prices=prices,
            believe=listed(believe) or (),
            max_weight=max_weight,
            max_weights=caps,
            layer_caps=layer_caps,
            cvar_level=cvar_level,
            risk=risk,
            risk_aversion=risk_aversion,
            benchmark=None if benchmark is None else weights_at(benchmark),
            most_cash=most_cash,
            neutral_to=neutral,
            tickers=listed(tickers),
            objective=objective,
            limit=tuple(limit or ()),
            money=money,
            cost=cost,
            **held,
            progress=progress,
        )
    if as_of is None:
        say_date(result.as_of, "facts and prices reach")
    warn(result.warnings)
    print(result.summary())
    print(f"report: {result.report}")
