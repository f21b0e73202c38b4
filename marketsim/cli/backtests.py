"""`backtest` and `audit`, and the strategies that they may be asked about."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import DATE, Add, Believe, Out, Prices, iso, listed
from .progress import progress_bar
from .reading import warn

if TYPE_CHECKING:
    from marketsim.backtesting import BacktestResult
    from marketsim.knowledge import Knowledge
    from marketsim.prices import Prices as Panel

__all__ = ["audit", "backtest", "strategies"]

MOST = 8
"""Tickers that a warning names."""

Strategy = Annotated[str, typer.Argument(help="A name from strategies/, or the path of a file.")]
Start = Annotated[
    datetime | None,
    typer.Option(formats=DATE, metavar="DATE", show_default="first price", help="First day."),
]
End = Annotated[
    datetime | None,
    typer.Option(formats=DATE, metavar="DATE", show_default="last price", help="Last day."),
]
Universe = Annotated[
    str | None,
    typer.Option(metavar="TICKERS", show_default="the companies priced", help="As in NVDA,AMD."),
]
When = Annotated[
    str,
    typer.Option(
        metavar="WHEN",
        help="daily, weekly, monthly or quarterly, or days, as in 2024-01-15,2024-07-15.",
    ),
]


def backtest(
    strategy: Strategy,
    prices: Prices = None,
    believe: Believe = None,
    start: Start = None,
    end: End = None,
    tickers: Universe = None,
    add: Add = None,
    rebalance: When = "monthly",
    cost: Annotated[float, typer.Option(help="Fraction of the value traded.")] = 0.001,
    spread: Annotated[
        float, typer.Option(help="Between bid and ask, over their middle; half of it is paid.")
    ] = 0.0,
    benchmark: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default="market, where shares are known",
            help="market, the companies by market value, or a ticker of the prices.",
        ),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default="those that ship",
            help="TOML of scenarios that the model's strategies draw from.",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(min=1, help="Variants that were tried, this one included: deflates Sharpe."),
    ] = 1,
    views: Annotated[
        bool, typer.Option("--views", help="Part gains over equal weight, the rule and odds.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, show_default="processors", help="Decisions made at a time."),
    ] = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Make decisions again that are kept from before.")
    ] = False,
    out: Out = None,
) -> None:
    """Walk a strategy forward in time; it sees nothing later than each date."""
    environment.prepare_jax()
    from marketsim.backtesting.rebalancing import days_or_period, require_rebalance
    from marketsim.files import check_folder

    check_folder(out)
    when = require_rebalance(days_or_period(rebalance))
    with progress_bar() as progress:
        progress("reading")
        import marketsim as ms
        from marketsim.reporting.backtest_page import backtest_html

        facts = ms.load_facts(add=add)
        names, panel = _universe(listed(tickers), prices, facts, listed(believe) or ())
        progress("walking forward")
        with _telling():
            result = ms.backtest(
                strategy,
                panel,
                start=iso(start),
                end=iso(end),
                tickers=names,
                rebalance=when,
                cost=ms.backtesting.Costs(proportional=cost, spread=spread) if spread else cost,
                facts=facts,
                benchmark=benchmark,
                scenarios=scenarios,
                trials=trials,
                views=views,
                workers=workers,
                afresh=afresh,
                progress=progress,
            )
        progress("writing")
        folder = out or Path("runs") / _identity(result)
        result.to_folder(folder, report=backtest_html(result))
    print(result.summary.to_string(float_format="{:.4f}".format, na_rep=""))
    if views:
        print(f"\n{result.attribution('view').to_string(float_format='{:.4f}'.format)}")
    for note in result.notes[1:]:  # the first is of hindsight, and in the report
        print(f"note: {note}", file=sys.stderr)
    print(f"report: {folder / 'report.html'}")


def audit(
    strategy: Strategy,
    prices: Prices = None,
    believe: Believe = None,
    start: Start = None,
    end: End = None,
    tickers: Universe = None,
    add: Add = None,
    rebalance: When = "monthly",
    dates: Annotated[int, typer.Option(min=1, help="Decisions that are made again.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Of the dates and the other futures.")] = 0,
) -> None:
    """Look for what a strategy could not have known; exit code 1 where something is found."""
    environment.prepare_jax()
    from marketsim.backtesting.rebalancing import days_or_period, require_rebalance

    when = require_rebalance(days_or_period(rebalance))
    with progress_bar() as progress:
        progress("reading")
        import marketsim as ms

        facts = ms.load_facts(add=add)
        names, panel = _universe(listed(tickers), prices, facts, listed(believe) or ())
        with _telling():
            found = ms.backtesting.audit(
                strategy,
                panel,
                start=iso(start),
                end=iso(end),
                tickers=names,
                rebalance=when,
                facts=facts,
                dates=dates,
                seed=seed,
                progress=progress,
            )
    print(found)
    if not found.sound:
        raise typer.Exit(1)


def strategies() -> None:
    """List the strategies, and what each of them holds."""
    import textwrap

    from marketsim.backtesting import theses

    found = theses()
    width = max(map(len, found), default=0) + 2
    for name, thesis in found.items():
        print(
            textwrap.fill(
                thesis, 100, initial_indent=name.ljust(width), subsequent_indent=" " * width
            )
        )


@contextmanager
def _telling() -> Iterator[None]:
    """Raise what a strategy did as one line that says when and where; any other error as is."""
    from marketsim.backtesting.deciding import raised
    from marketsim.errors import InputError

    try:
        yield
    except BaseException as error:  # a strategy may raise what ends programs
        told, by_strategy = raised(error)
        raise (InputError(told) if by_strategy else error) from error


def _universe(
    wanted: tuple[str, ...] | None, source: str | None, facts: Knowledge, believe: tuple[str, ...]
) -> tuple[tuple[str, ...], Panel]:
    """Tickers to hold and a panel that has them; by default marketsim's companies of the panel."""
    from marketsim.batch.inputs import priced
    from marketsim.errors import InputError, PriceError

    if wanted is not None and not wanted:
        raise InputError("--tickers names none; write some, as in NVDA,AMD, or leave it out")
    tickers, panel, without = priced(wanted, source, facts, believe)
    if wanted and without:
        raise PriceError("\n".join(without))
    others = [t for t in panel.closes.columns if t not in tickers and not str(t).startswith("^")]
    if wanted is None and others:
        more = f" and {len(others) - MOST} more" if len(others) > MOST else ""
        listed_ = f"{', '.join(map(str, others[:MOST]))}{more}"
        without = (*without, f"shown, but not held: {listed_}; name with --tickers what to hold")
    warn(without)
    return tickers, panel


def _identity(result: BacktestResult) -> str:
    """Folder name of a backtest: by the hash of all that enters, so that asking again replaces it.

    Another cost, universe, panel or file of the same name is another backtest.
    """
    asked = result.meta["arguments"]
    entered = [result.strategy, asked, result.meta["sha256"]]
    entered += ["views"] if result.views is not None else []
    content = json.dumps(entered, sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return "-".join(("backtest", result.strategy, asked["start"], asked["end"], digest))
