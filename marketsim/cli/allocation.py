"""`marketsim allocate`: weights over anybody's scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment
from .options import Cap, LayerCap, MaxWeight, weights_of
from .progress import progress_bar
from .tables import returns_at, sorted_by, weights_at

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
    layers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV or Parquet with the columns ticker and layer, a row for every company; any "
            "names of layers will do.",
        ),
    ] = None,
    layer_cap: LayerCap = None,
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
    cash: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            show_default="all is invested",
            help="Let money stay in cash, which earns so much a year; as --cap cash=WEIGHT allows.",
        ),
    ] = None,
    reasons: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of why each company is held, or is not."),
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that it may take.")] = 60.0,
    gap: Annotated[float, typer.Option(help="How far from the best will do.")] = 1e-6,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV of the weights; else only shown.")
    ] = None,
) -> None:
    """Allocate over scenarios made elsewhere, with a proof of how good the weights are."""
    caps, layer_caps = weights_of(cap, "--cap"), weights_of(layer_cap, "--layer-cap")
    if layer_caps and layers is None:
        raise typer.BadParameter(
            "say by --layers FILE which layer each company is of", param_hint="--layer-cap"
        )
    from marketsim.files import check_file, replace_file

    for path in (reasons, out):
        check_file(path, read=(returns, current, benchmark, layers))
    if reasons is not None and out is not None and reasons.resolve() == out.resolve():
        raise typer.BadParameter(f"{out} is that of --reasons, too", param_hint="--out")
    environment.prepare_jax()
    import marketsim as ms
    from marketsim.allocation import limit_from, objective_from

    files = {"current": current, "benchmark": benchmark}
    with progress_bar() as progress:
        progress("reading")
        table = returns_at(returns)
        given = {name: weights_at(path) for name, path in files.items() if path is not None}
        aim = objective_from(objective, given)
        asked = [limit_from(text, given) for text in limit or ()]
        scenarios = sorted_by(layers, ms.ReturnScenarios.from_frame(table))
        if cash is not None:
            scenarios, caps = scenarios.with_cash(cash), {"cash": 1.0, **(caps or {})}
        progress("allocating")
        choice = ms.allocate(
            ms.view(scenarios, *view) if view else scenarios,
            aim,
            max_weight=max_weight,
            min_weight=min_weight,
            max_weights=caps,
            layer_caps=layer_caps,
            limits=asked,
            time_limit=time_limit,
            gap=gap,
        )
        why = choice.reasons(given.get("benchmark"))
    print(_told(choice, why))
    for path, written in ((reasons, why), (out, choice.weights)):
        if path is not None:
            replace_file(path, written.to_csv(lineterminator="\n").encode())
            print(f"table: {path}")


def _told(choice: Allocation, why: pd.DataFrame) -> str:
    told = why[(why["weight"] != 0.0) | (why["notable"] != "")]
    wide = max(len(str(name)) for name in told.index)
    proof = choice.certificate
    return "\n".join(
        [
            *(
                f"{name!s:{wide}} {weight:8.4f}  {reason}"
                for name, weight, reason in zip(
                    told.index, told["weight"], told["why"], strict=True
                )
            ),
            "",
            choice.risk.to_string(float_format="{:.4f}".format),
            "",
            f"objective {choice.objective:.8g}, no weights do better than {proof.bound:.8g} "
            f"(relative gap {proof.relative_gap:.1e}; {choice.solver})",
        ]
    )
