"""`marketsim facts`: whether facts are sound, how old they are, and how newer ones come in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from . import environment
from .options import DATE, Add, iso, listed
from .progress import progress_bar

__all__ = ["facts"]

facts = typer.Typer(help="Check, add to, update and age the facts.", no_args_is_help=True)

Mine = Annotated[
    Path,
    typer.Option("--add", metavar="FOLDER", help="Folder of yours to write to; made if missing."),
]


@facts.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", show_default="what ships", help="A folder, or a CSV file."),
    ] = None,
    add: Add = None,
) -> None:
    """Read a folder or a file of facts as a run does; list faults, and quarters that are missing.

    Exits with 1 if there is a fault.
    """
    if path is not None and add is not None:
        raise typer.BadParameter("give PATH or --add, not both", param_hint="--add")
    from marketsim.curation.checking import check_facts

    found = check_facts(path or add)
    print(found)
    if not found.usable:
        raise typer.Exit(1)


@facts.command()
def add(
    quantity: Annotated[str, typer.Option(help="As in quarterly_revenue: data/quantities.csv.")],
    entity: Annotated[str, typer.Option(help="Of whom or what: NVDA.total.")],
    date: Annotated[str, typer.Option(metavar="DATE", help="End of the period.")],
    value: Annotated[str, typer.Option(help="A decimal number.")],
    unit: Annotated[str, typer.Option(help="One of the quantity's: USD m.")],
    source: Annotated[str, typer.Option(help="Where the figure was found.")],
    published: Annotated[
        str, typer.Option(metavar="DATE", help="First day on which anyone could have known it.")
    ],
    folder: Mine,
    confidence: Annotated[str, typer.Option(help="sourced, derived or unverified.")] = "sourced",
    note: Annotated[str, typer.Option(help="Definitions and caveats.")] = "",
) -> None:
    """Write one fact to a folder of your own, once the reader has nothing against it."""
    from marketsim.curation.adding import Row, add_rows

    row = Row(quantity, entity, date, published, value, unit, source, confidence, note)
    added = add_rows(folder, [row])
    print(f"written: {added.files[0]}")
    for change in added.changes:
        print(f"read: {change}")


@facts.command()
def update(
    folder: Mine,
    tickers: Annotated[
        str | None,
        typer.Option(metavar="NAMES", show_default="all", help="Some companies, as NVDA,MSFT."),
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="NAMES", help="Whom to ask: sec, yahoo or both.")
    ] = "sec,yahoo",
    user_agent: Annotated[
        str | None,
        typer.Option(
            envvar="MARKETSIM_USER_AGENT", help="Your name and e-mail address, for the SEC."
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=DATE,
            metavar="DATE",
            show_default="two years ago",
            help="First end of a period to look at.",
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Let figures that differ take the known ones' place.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
) -> None:
    """Ask the SEC and Yahoo for reported quarters, capital spending, shares and splits.

    Exits with 1 if something was not answered; what was answered is written.
    """
    from marketsim.curation.updating import update_facts

    with progress_bar() as progress:
        found = update_facts(
            folder,
            listed(tickers),
            sources=listed(source) or (),
            agent=user_agent,
            since=iso(since),
            accept=accept,
            dry_run=dry_run,
            progress=progress,
        )
    print(found)
    if not found.whole:
        raise typer.Exit(1)


@facts.command()
def status(
    add: Add = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=DATE, metavar="DATE", show_default="today", help="Day of the decision."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Say how far the facts reach, by quantity and company, and what a decision today lacks."""
    environment.prepare_jax()
    from marketsim.curation.status import status_of

    found = status_of(add, iso(as_of))
    if json:
        from json import dumps

        print(dumps(found.record(), indent=1))
        return
    print(found)
