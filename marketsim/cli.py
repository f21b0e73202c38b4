"""The `marketsim` command: thin, since all it does is in the library.

Only typer is imported at the top, so that `--help` answers at once. Results go to standard
output, progress and errors to standard error. Exit codes: 0, 2 for anything the caller can put
right (one message, no traceback), 130 when interrupted.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from marketsim.backtesting import BacktestResult
    from marketsim.calibration import Posterior
    from marketsim.prices import Prices as Panel

__all__ = ["app", "main"]

app: Final = typer.Typer(
    name="marketsim",
    help="If computing gets cheaper, who earns what, and what should I own?",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

DATE: Final = ["%Y-%m-%d"]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", show_default="runs/<id>", help="Folder to write."),
]
Prices = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", show_default="embedded", help="CSV or Parquet of closes, or yfinance."
    ),
]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the command's name; the process's own by default.
    """
    from marketsim.errors import MarketsimError

    try:
        app(args=None if arguments is None else list(arguments), prog_name="marketsim")
    except MarketsimError as error:
        _refuse(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _refuse(f"{error.filename}: {error.strerror}")
    sys.exit(0)


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


@app.command()
def run(
    as_of: Annotated[
        datetime,
        typer.Option(
            formats=DATE,
            metavar="DATE",
            show_default="2025-12-31",
            help="Use only what was published by then.",
        ),
    ] = datetime(2025, 12, 31),
    draws: Annotated[int, typer.Option(min=2, help="Simulated worlds.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same results.")] = 0,
    out: Out = None,
    scenarios: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES|FILE",
            show_default="all",
            help="Some of the scenarios, as in bull,bear, or a TOML file.",
        ),
    ] = None,
    prices: Prices = None,
    max_weight: Annotated[float, typer.Option(help="Cap on every company.")] = 0.15,
    cap: Annotated[
        list[str] | None,
        typer.Option(metavar="TICKER=WEIGHT", help="Cap on one company; may be repeated."),
    ] = None,
    layer_cap: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER=WEIGHT", help="Cap on a layer; may be repeated."),
    ] = None,
    cvar_level: Annotated[float, typer.Option(help="Level of the conditional value at risk.")] = (
        0.95
    ),
    risk_aversion: Annotated[
        float, typer.Option(help="Expected return given up for a point of CVaR.")
    ] = 1.0,
) -> None:
    """Go from the facts to an allocation and a report."""
    caps, layer_caps = _weights(cap, "--cap"), _weights(layer_cap, "--layer-cap")
    with _progress() as progress:
        progress("starting")
        _prepare_jax()
        from marketsim import runs

        result = runs.run(
            as_of=as_of.date().isoformat(),
            draws=draws,
            seed=seed,
            out=out,
            scenarios=_scenarios(scenarios),
            prices=prices,
            max_weight=max_weight,
            max_weights=caps,
            layer_caps=layer_caps,
            cvar_level=cvar_level,
            risk_aversion=risk_aversion,
            progress=progress,
        )
    print(result.summary())
    print(f"report: {result.report}")


@app.command()
def backtest(
    strategy: Annotated[
        str, typer.Argument(help="A name from strategies/, or the path of a file.")
    ],
    prices: Prices = None,
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
    rebalance: Annotated[
        Literal["weekly", "monthly", "quarterly"], typer.Option(help="Time between decisions.")
    ] = "monthly",
    cost: Annotated[float, typer.Option(help="Fraction of the value traded.")] = 0.001,
    out: Out = None,
) -> None:
    """Walk a strategy forward in time; it sees nothing later than each date."""
    with _progress() as progress:
        progress("reading")
        _prepare_jax()
        import marketsim as ms
        from marketsim.reporting import write_backtest_report

        names, panel = _universe(_listed(tickers), prices)
        progress("walking forward")
        result = ms.backtest(
            strategy,
            panel,
            start=_iso(start),
            end=_iso(end),
            tickers=names,
            rebalance=rebalance,
            cost=cost,
        )
        progress("writing")
        folder = result.to_folder(out or Path("runs") / _identity(result))
        report = write_backtest_report(folder / "report.html", result)
    print(result.summary.to_string(float_format="{:.4f}".format))
    print(f"report: {report}")


@app.command()
def assumptions(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", show_default="all", help="Part of a name, group, meaning or source."
        ),
    ] = None,
    calibrated: Annotated[
        datetime | None,
        typer.Option(formats=DATE, metavar="DATE", help="Add what facts published by then teach."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the list there instead.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of the README.")
    ] = False,
) -> None:
    """List what the model assumes: prior, meaning, unit and source of every number."""
    if markdown and (csv or calibrated):
        raise typer.BadParameter("goes with TEXT only", param_hint="--markdown")
    _prepare_jax()
    import marketsim as ms
    from marketsim.reporting.listing import assumptions_markdown, assumptions_text

    table = ms.describe_assumptions(text, _posterior(calibrated) if calibrated else None)
    if csv:
        from marketsim.files import replace_file

        replace_file(csv, table.to_csv(lineterminator="\n", float_format="%.6g").encode())
        print(f"table: {csv}")
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print(assumptions_markdown(table) if markdown else assumptions_text(table, width))


@app.command()
def claims(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAMES", show_default="C1 to C17")
    ] = None,
    as_of: Annotated[
        datetime,
        typer.Option(
            formats=DATE, metavar="DATE", show_default="2025-12-31", help="Calibrate to that date."
        ),
    ] = datetime(2025, 12, 31),
    draws: Annotated[int, typer.Option(min=1, help="Worlds from each source.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same draws.")] = 0,
    csv: Annotated[Path, typer.Option(metavar="FILE", help="Write the table there.")] = Path(
        "runs/claims.csv"
    ),
) -> None:
    """Examine what the model claims, on draws of its priors and around its mode.

    Exits with 1 if a claim fails.
    """
    _prepare_jax()
    import marketsim as ms
    from marketsim.claims import claims_named
    from marketsim.files import replace_file
    from marketsim.reporting.verdicts import claims_text

    with _progress() as progress:
        wanted = claims_named(names)
        progress("calibrating")
        posterior = ms.calibrate(ms.load_facts(as_of=_iso(as_of)))
        result = ms.evaluate_claims(posterior, wanted, draws, seed, progress)
    csv.parent.mkdir(parents=True, exist_ok=True)
    replace_file(csv, result.table.to_csv(lineterminator="\n", float_format="%.6g").encode())
    print(claims_text(result.table))
    print(f"table: {csv}")
    if not result.hold:
        raise typer.Exit(1)


def _posterior(date: datetime) -> Posterior:
    import marketsim as ms

    with _progress() as progress:
        progress("calibrating")
        return ms.calibrate(ms.load_facts(as_of=_iso(date)))


def _universe(wanted: tuple[str, ...] | None, source: str | None) -> tuple[tuple[str, ...], Panel]:
    """Tickers to hold and a panel that has them; by default marketsim's companies of the panel."""
    from marketsim.facts import load_companies
    from marketsim.prices import load_universe

    companies = wanted or tuple(load_companies().index)
    panel = load_universe(companies, source)
    known = tuple(ticker for ticker in companies if ticker in panel.closes.columns)
    return wanted or known, panel


def _identity(result: BacktestResult) -> str:
    """Folder name of a backtest: what was asked for, so that asking again replaces it."""
    asked = result.meta["arguments"]
    parts = ("backtest", result.strategy, asked["rebalance"], asked["start"], asked["end"])
    return "-".join(parts)


def _iso(date: datetime | None) -> str | None:
    return None if date is None else date.date().isoformat()


def _listed(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _scenarios(text: str | None) -> tuple[str, ...] | Path | None:
    """Names, or the path of a TOML file."""
    return Path(text) if text is not None and text.endswith(".toml") else _listed(text)


def _weights(pairs: list[str] | None, option: str) -> dict[str, float] | None:
    """`["NVDA=0.05"]` as a mapping."""
    weights: dict[str, float] = {}
    for pair in pairs or ():
        name, _, text = (part.strip() for part in pair.partition("="))
        try:
            weight = float(text)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(
                f"'{pair}' is no cap; write NAME=WEIGHT, as in NVDA=0.05", param_hint=option
            )
        if name in weights:
            raise typer.BadParameter(f"'{name}' is given twice", param_hint=option)
        weights[name] = weight
    return weights or None


def _prepare_jax() -> None:
    """Set the environment that JAX reads when it is imported; what the user set stays."""
    for name, value in _jax_environment().items():
        os.environ.setdefault(name, value)


def _jax_environment() -> dict[str, str]:
    """Compute in float64, and keep compiled programs from one run to the next.

    Compiled programs are kept on Linux only: on other systems loading them has crashed. What one
    processor compiled no other loads. JAX_ENABLE_COMPILATION_CACHE=0 turns this off.
    """
    chosen = {"JAX_ENABLE_X64": "1"}
    if sys.platform == "linux":
        from marketsim.prices.yahoo import cache_folder

        chosen |= {
            "JAX_COMPILATION_CACHE_DIR": str(cache_folder() / f"jax-{_processor()}"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
            # On some processors XLA calls its own programs foreign, at length, and recompiles.
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
    return chosen


def _processor() -> str:
    """Short digest of the processor's model and instruction sets."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    told = {line for line in lines if line.startswith(("model name", "flags", "CPU", "Features"))}
    from hashlib import sha256

    return sha256("\n".join(sorted(told)).encode()).hexdigest()[:12]


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Name of the step under way and seconds of those done, on a terminal; else silence."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from time import perf_counter

    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    step, begun = "", perf_counter()
    with console.status("") as status:

        def tell(following: str) -> None:
            nonlocal step, begun
            now = perf_counter()
            if step:
                console.print(Text(f"{now - begun:6.1f} s  {step}", style="dim"))
            status.update(Text(following))
            step, begun = following, now

        yield tell
        tell("")
