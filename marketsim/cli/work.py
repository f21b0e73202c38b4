"""Commands that do the work: `run` and `backtest`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import environment
from .options import (
    DATE,
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

if TYPE_CHECKING:
    from marketsim.backtesting import BacktestResult
    from marketsim.knowledge import Knowledge
    from marketsim.prices import Prices as Panel

__all__ = ["backtest", "run"]


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


def backtest(
    strategy: Annotated[
        str, typer.Argument(help="A name from strategies/, or the path of a file.")
    ],
    prices: Prices = None,
    believe: Believe = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=DATE, metavar="DATE", show_default="first price", help="First day."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(formats=DATE, metavar="DATE", show_default="last price", help="Last day."),
    ] = None,
    tickers: Annotated[
        str | None,
        typer.Option(
            metavar="TICKERS", show_default="the companies priced", help="As in NVDA,AMD."
        ),
    ] = None,
    add: Add = None,
    rebalance: Annotated[
        Literal["weekly", "monthly", "quarterly"], typer.Option(help="Time between decisions.")
    ] = "monthly",
    cost: Annotated[float, typer.Option(help="Fraction of the value traded.")] = 0.001,
    out: Out = None,
) -> None:
    """Walk a strategy forward in time; it sees nothing later than each date."""
    from marketsim.files import check_folder

    check_folder(out)
    with progress_bar() as progress:
        progress("reading")
        environment.prepare_jax()
        import marketsim as ms
        from marketsim.reporting import write_backtest_report

        facts = ms.load_facts(add=add)
        names, panel = _universe(listed(tickers), prices, facts, listed(believe) or ())
        progress("walking forward")
        result = ms.backtest(
            strategy,
            panel,
            start=iso(start),
            end=iso(end),
            tickers=names,
            rebalance=rebalance,
            cost=cost,
            facts=facts,
        )
        progress("writing")
        folder = result.to_folder(out or Path("runs") / _identity(result))
        report = write_backtest_report(folder / "report.html", result)
    print(result.summary.to_string(float_format="{:.4f}".format))
    print(f"report: {report}")


def _universe(
    wanted: tuple[str, ...] | None, source: str | None, facts: Knowledge, believe: tuple[str, ...]
) -> tuple[tuple[str, ...], Panel]:
    """Tickers to hold and a panel that has them; by default marketsim's companies of the panel."""
    from marketsim.errors import PriceError
    from marketsim.prices import load_universe, splits_in

    companies = wanted or tuple(facts.universe.companies.index)
    panel = load_universe(companies, source, splits=splits_in(facts.table), believe=believe)
    without = {ticker: why for ticker, why in panel.left_out.items() if ticker in companies}
    told = [f"no prices of {ticker}: {why}" for ticker, why in without.items()]
    if wanted and told:
        raise PriceError("\n".join(told))
    warn(told)
    known = tuple(ticker for ticker in companies if ticker in panel.closes.columns)
    return wanted or known, panel


def _identity(result: BacktestResult) -> str:
    """Folder name of a backtest: what was asked for, so that asking again replaces it."""
    asked = result.meta["arguments"]
    parts = ("backtest", result.strategy, asked["rebalance"], asked["start"], asked["end"])
    return "-".join(parts)
