"""The `marketsim` command: thin, since all it does is in the library.

Only typer is imported at the top, so that `--help` answers at once. Results go to standard
output, progress and errors to standard error. Exit codes: 0, 1 where an audit or a check finds
something or a job of a batch fails, 2 for anything the caller can put right (one message, no
traceback), 75 where a batch may be tried again later as it is, 129, 130 and 143 when ended by
SIGHUP, SIGINT (Ctrl-C) or SIGTERM. Whoever stops listening changes none of them; output that finds
no more room is 2.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Final, NoReturn

import typer

from .allocation import allocate
from .answers import hedge, information, sensitivities
from .backtests import audit, backtest, strategies
from .batches import batch
from .comparisons import compare
from .endings import ending_well
from .environment import open_streams
from .facts import facts
from .forecasts import forecast
from .implied import implied
from .knowledge import assumptions, claims
from .outlooks import outlook
from .prices import prices
from .stresses import stress
from .work import run

__all__ = ["app", "main"]

app: Final = typer.Typer(
    name="marketsim",
    help="If computing gets cheaper, who earns what, and what should I own?",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    run,
    compare,
    backtest,
    batch,
    audit,
    strategies,
    allocate,
    sensitivities,
    information,
    stress,
    hedge,
    implied,
    forecast,
    outlook,
    assumptions,
    claims,
):
    app.command()(command)
app.add_typer(facts, name="facts")
app.add_typer(prices, name="prices")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the command's name; the process's own by default.
    """
    from marketsim.errors import MarketsimError

    open_streams()
    try:
        with ending_well():
            code = _ran(arguments)
    except MarketsimError as error:
        _refuse(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _refuse(f"{error.filename}: {error.strerror}")
    sys.exit(code)


def _ran(arguments: Sequence[str] | None) -> int | str | None:
    """Run the command, and return its exit code."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="marketsim")
    except SystemExit as ended:
        return ended.code
    return 0


def _refuse(message: str) -> NoReturn:
    print(f"marketsim: {message}", file=sys.stderr)
    sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        from marketsim import __version__

        print(f"marketsim {__version__}")
        raise typer.Exit


@app.callback()
def _marketsim(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...
