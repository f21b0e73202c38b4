"""`marketsim outlook`: what the worlds say of the world, beside what was published of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import Add, AsOf, Normalise, Scenarios, scenarios_of
from .progress import progress_bar
from .reading import facts_by

if TYPE_CHECKING:
    from marketsim.outlooks import Outlook

__all__ = ["outlook"]


def outlook(
    as_of: AsOf = None,
    regimes: Scenarios = None,
    normalise: Normalise = False,
    years: Annotated[int, typer.Option(min=1, max=15, help="Years ahead.")] = 10,
    draws: Annotated[int, typer.Option(min=10, help="Worlds of each scenario.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same worlds.")] = 0,
    add: Add = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV of every figure, or JSON, which holds what binds by quarter too; else a "
            "table is shown.",
        ),
    ] = None,
) -> None:
    """Compare compute, power, spending, prices and revenue by year with what was published.

    Figures that lie outside the published range are marked, with its sources.
    """
    if out is not None and out.suffix not in (".csv", ".json"):
        raise typer.BadParameter(f"'{out.name}' is neither .csv nor .json", param_hint="--out")
    from marketsim.files import check_file

    chosen = scenarios_of(regimes)
    check_file(out, read=[chosen] if isinstance(chosen, Path) else ())
    environment.prepare_jax()
    import marketsim as ms
    from marketsim.scenarios import fit_regimes, read_regimes

    with progress_bar() as progress:
        progress("reading")
        path = chosen if isinstance(chosen, Path) else None
        names = None if isinstance(chosen, Path) else chosen
        wanted = read_regimes(path, names, normalise=normalise)
        known = facts_by(as_of, add)
        progress("calibrating")
        posterior = ms.calibrate(known)
        progress("looking ahead")
        result = ms.outlook(fit_regimes(posterior, wanted), 4 * years, draws, seed)
    if out is None:
        print(result)
    else:
        _write(out, result)


def _write(path: Path, result: Outlook) -> None:
    from marketsim.files import replace_file

    text = result.to_json() if path.suffix == ".json" else result.to_csv()
    replace_file(path, text.encode())
    print(f"table: {path}")
