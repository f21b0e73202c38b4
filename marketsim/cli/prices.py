"""`marketsim prices`: what a file of closes is worth."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Add, Believe, listed

__all__ = ["prices"]

prices = typer.Typer(help="Look at prices before anything rests on them.", no_args_is_help=True)


@prices.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or Parquet of closes.")],
    tickers: Annotated[
        str | None,
        typer.Option(metavar="NAMES", show_default="all", help="Some of its tickers, as AAA,BBB."),
    ] = None,
    exchange: Annotated[
        str, typer.Option(metavar="CODE", help="Whose sessions: XNYS, XLON, 24/7.")
    ] = "XNYS",
    believe: Believe = None,
    add: Add = None,
) -> None:
    """Say what of a file is refused, was repaired, is doubtful, or worth knowing.

    Exits with 1 if something is refused.
    """
    from marketsim.prices.check import check_prices

    splits = renames = None
    if add is not None:
        from marketsim.runs.inputs import own_tables  # which imports the model

        splits, renames = own_tables(add)
    found = check_prices(
        file,
        listed(tickers),
        exchange=exchange,
        splits=splits,
        believe=listed(believe) or (),
        renames=renames,
    )
    print(found)
    if not found.usable:
        raise typer.Exit(1)
