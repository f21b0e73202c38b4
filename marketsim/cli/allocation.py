"""`marketsim allocate`: weights over anybody's scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import weights_of
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
        str, typer.Option(metavar="SUM", help="Terms: ExpectedReturn, CVaR, Variance, WorstRegime.")
    ] = DEFAULT,
    max_weight: Annotated[float, typer.Option(help="Cap on every company.")] = 1.0,
    min_weight: Annotated[float, typer.Option(help="Floor under every company.")] = 0.0,
    cap: Annotated[
        list[str] | None,
        typer.Option(metavar="TICKER=WEIGHT", help="Cap on one company; may be repeated."),
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that a solver may take.")] = 60.0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV of the weights; else only shown.")
    ] = None,
) -> None:
    """Allocate over scenarios made elsewhere, with a proof of how good the weights are."""
    caps = weights_of(cap, "--cap")
    environment.prepare_jax()
    import marketsim as ms
    from marketsim.allocation import objective_from

    with progress_bar() as progress:
        progress("reading")
        table = _read(returns)
        progress("allocating")
        choice = ms.allocate(
            ms.ReturnScenarios.from_frame(table),
            objective_from(objective),
            max_weight=max_weight,
            min_weight=min_weight,
            max_weights=caps,
            time_limit=time_limit,
        )
    print(_told(choice))
    if out is not None:
        from marketsim.files import replace_file

        replace_file(out, choice.weights.to_csv(lineterminator="\n").encode())
        print(f"table: {out}")


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    from marketsim.errors import DataError

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path)
    except OSError:
        raise
    except Exception as error:  # pandas and pyarrow raise a dozen kinds for a file that is none
        raise DataError(f"{path} is no table in CSV or Parquet ({error})") from error


def _told(choice: Allocation) -> str:
    held = choice.weights[choice.weights > 0].sort_values(ascending=False, kind="stable")
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
