"""`marketsim allocate`: weights over anybody's scenarios."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import Cap, MaxWeight, weights_of
from .progress import progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from marketsim.allocation import Allocation

__all__ = ["allocate"]

DEFAULT = "ExpectedReturn() - CVaR(0.95)"


def allocate(
    returns: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV or Parquet, a row per draw and a column per ticker; columns called "
            "probability and regime are read as such.",
        ),
    ],
    objective: Annotated[
        str,
        typer.Option(
            metavar="SUM",
            help="Terms: ExpectedReturn, Variance, CVaR, WorstRegime, AmbiguousReturn, Regret, "
            "LogGrowth, TransactionCost, MarketImpact, TrackingError.",
        ),
    ] = DEFAULT,
    max_weight: MaxWeight = 1.0,
    min_weight: Annotated[
        float, typer.Option(help="Floor under every company; below 0 allows shorts.")
    ] = 0.0,
    cap: Cap = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIMIT",
            help='May be repeated: "Holdings(at_most=10)", "Turnover(0.2, current)", '
            "\"Group('chips', ['NVDA', 'AMD'], at_most=0.4)\", \"RegimeLoss('bear', 0.2)\", "
            '"Leverage(gross=1.6)", "CVaR(0.95) <= 0.15", "ExpectedReturn >= 0.08".',
        ),
    ] = None,
    view: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VIEW", help='May be repeated: "mean(NVDA) >= 0.1", "P(bear) == 0.4".'
        ),
    ] = None,
    current: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights held now, as this command writes them."),
    ] = None,
    benchmark: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of a benchmark.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that it may take.")] = 60.0,
    gap: Annotated[float, typer.Option(help="How far from the best will do.")] = 1e-6,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV of the weights; else only shown.")
    ] = None,
) -> None:
    """Allocate over scenarios made elsewhere, with a proof of how good the weights are."""
    caps = weights_of(cap, "--cap")
    environment.prepare_jax()
    import marketsim as ms
    from marketsim.allocation import limit_from, objective_from

    files = {"current": current, "benchmark": benchmark}
    with progress_bar() as progress:
        progress("reading")
        table = _read(returns)
        given = {name: _weights(path) for name, path in files.items() if path is not None}
        aim = objective_from(objective, given)
        asked = [limit_from(text, given) for text in limit or ()]
        scenarios = ms.ReturnScenarios.from_frame(table)
        progress("allocating")
        choice = ms.allocate(
            ms.view(scenarios, *view) if view else scenarios,
            aim,
            max_weight=max_weight,
            min_weight=min_weight,
            max_weights=caps,
            limits=asked,
            time_limit=time_limit,
            gap=gap,
        )
    print(_told(choice))
    if out is not None:
        from marketsim.files import replace_file

        replace_file(out, choice.weights.to_csv(lineterminator="\n").encode())
        print(f"table: {out}")


def _read(path: Path, words: str | None = None) -> pd.DataFrame:
    """A table; names in the column of `words` are read as they stand, `NA` too."""
    import pandas as pd

    from marketsim.errors import DataError

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        with path.open(newline="", encoding="utf-8-sig") as lines:
            header = next(csv.reader(lines), [])
        kept = {words: str} if words in header else None
        table = pd.read_csv(path, dtype=kept, keep_default_na=kept is None, na_values=[""])
    except OSError:
        raise
    except Exception as error:  # pandas and pyarrow raise a dozen kinds for a file that is none
        raise DataError(f"{path} is no table in CSV or Parquet ({error})") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path} has the columns {', '.join(twice)} twice; each name needs one")
    return table.drop(columns=table.columns[0]) if header and not header[0] else table


def _weights(path: Path) -> dict[str, float]:
    """A table of weights by ticker."""
    from marketsim.errors import DataError

    table = _read(path, words="ticker")
    if not {"ticker", "weight"} <= set(table.columns):
        raise DataError(f"{path} has no columns ticker and weight")
    twice = table["ticker"][table["ticker"].duplicated()]
    if len(twice):
        raise DataError(f"{path} has {twice.iloc[0]} twice")
    return dict(zip(table["ticker"].astype(str), table["weight"], strict=True))


def _told(choice: Allocation) -> str:
    held = choice.weights[choice.weights != 0].sort_values(ascending=False, kind="stable")
    proof = choice.certificate
    return "\n".join(
        [
            held.to_string(header=False, float_format="{:.4f}".format),
            "",
            choice.risk.to_string(float_format="{:.4f}".format),
            "",
            f"objective {choice.objective:.8g}, no weights do better than {proof.bound:.8g} "
            f"(relative gap {proof.relative_gap:.1e}; {choice.solver})",
        ]
    )
