"""The commands about what comes next: forecasts, and how past ones did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import DATE, Add, AsOf
from .progress import progress_bar
from .reading import facts_by, say_date

if TYPE_CHECKING:
    from marketsim.forecasting import Forecast

__all__ = ["forecast"]


def forecast(
    company: Annotated[
        str | None,
        typer.Argument(metavar="[TICKER]", help="Of one company, or a series as NVDA.data_center."),
    ] = None,
    as_of: AsOf = None,
    add: Add = None,
    quarters: Annotated[
        int, typer.Option(min=1, max=12, help="Quarters ahead, of each series' own.")
    ] = 4,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV to write; else a table is shown.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what the forecasts of TICKER rest on.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATEMENT",
            help="Solve again as if it had not been said, as 'plan of META'. May be repeated.",
        ),
    ] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Mark past forecasts against naive rivals instead.")
    ] = False,
    start: Annotated[
        datetime,
        typer.Option(
            "--from", formats=DATE, metavar="DATE", show_default="2020-03-31", help="First origin."
        ),
    ] = datetime(2020, 3, 31),
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same worlds.")] = 0,
) -> None:
    """Forecast every observable series over all regimes, or score past forecasts.

    Scoring rolls from quarter to quarter up to --as-of, and takes minutes the first time.
    """
    if explain and company is None:
        raise typer.BadParameter("needs a company; write: marketsim forecast NVDA --explain")
    if score and company is not None:
        raise typer.BadParameter(f"--score marks all series; leave out '{company}'")
    if score and without:
        raise typer.BadParameter("--score marks what was said too; leave out --without")
    from marketsim.files import check_file

    check_file(out)
    environment.prepare_jax()
    if score:
        _score(as_of, add, start, quarters, out, seed)
    else:
        said = _forecast(as_of, add, quarters, seed)
        result = _without(said, without or ())
        if out is not None:
            _write(out, result.to_csv(company))
        if explain and company is not None:
            _explain(result, company, quarters)
        elif out is None:
            _show(result, said, company)


def _without(said: Forecast, statements: Iterable[str]) -> Forecast:
    """Return a forecast solved again without some statements."""
    for statement in statements:
        said = said.without(statement)
    return said


def _show(result: Forecast, said: Forecast, company: str | None) -> None:
    """Print the table; where statements were left out, beside the medians with them."""
    from marketsim.forecasting.listing import figure

    table, whole = (one.table if company is None else one.of(company) for one in (result, said))
    lines = result.text(table).splitlines()
    if result.silent:
        share = 100.0 * (table["p50"] / whole["p50"] - 1.0)
        beside = ["   p50 with them    change"]
        beside += [f"{figure(x):>16}{s:>+8.1f} %" for x, s in zip(whole["p50"], share, strict=True)]
        lines = [line + more for line, more in zip(lines, beside, strict=True)]
        names = "; ".join(one for one in said.statements if one not in result.statements)
        lines.append(f"Not believed: {names}.")
    print("\n".join([*lines, result.about_regimes(company)]))


def _explain(result: Forecast, company: str, quarters: int) -> None:
    """Print what forecasts of the next and of the last quarter rest on, and what is not heard."""
    for horizon in sorted({1, quarters}):
        print("\n\n".join(map(str, result.explained(company, horizon))), end="\n\n")
    for (quantity, entity), reason in result.not_heard(company).items():
        print(f"Not heard: {quantity} of {entity}: {reason}.")
    print(result.about_regimes(company))


def _forecast(as_of: datetime | None, add: Path | None, quarters: int, seed: int) -> Forecast:
    import marketsim as ms

    with progress_bar() as progress:
        progress("reading")
        facts = facts_by(as_of, add)
        progress("calibrating")
        posterior = ms.calibrate(facts)
        progress("forecasting")
        return ms.forecast(ms.load_scenarios(posterior), quarters, seed)


def _score(
    as_of: datetime | None,
    add: Path | None,
    start: datetime,
    quarters: int,
    out: Path | None,
    seed: int,
) -> None:
    import marketsim as ms

    with progress_bar() as progress:
        progress("reading")
        facts = ms.load_facts(add=add)
        if as_of is None:
            say_date(facts.complete, "facts reach")
        end = as_of or facts.complete
        scores = ms.score_forecasts(
            facts,
            start,
            end,
            quarters=quarters,
            seed=seed,
            progress=progress,
            regimes=ms.scenarios.read_regimes(),
        )
    print(scores)
    print("\nmarketsim by series, 2-4 quarters ahead; skill over each one's best rival")
    print(scores.series("marketsim").to_string(float_format="{:.3f}".format))
    if out is not None:
        _write(out, scores.by_series.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def _write(path: Path, text: str) -> None:
    from marketsim.files import replace_file

    replace_file(path, text.encode())
    print(f"table: {path}")
