"""A comparison of two runs in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pandas as pd

from marketsim.forecasting import ForecastChange

if TYPE_CHECKING:
    from .comparison import Comparison

__all__ = ["comparison_story"]

FEWEST: Final = 5e-4
"""Change of a weight below which it is not told."""

SHOWN: Final = 10
"""Weights, and forecasts, that are told, the largest change first."""

CAUSES: Final = 3
"""Of a forecast's change that are told."""

NAMES: Final = {"expected_return": "expected return", "CVaR": "CVaR"}

TITLES: Final = {
    "not resolved": "unresolved",
    "exact choices beside smoothed ones": "smoothing",
}
"""Of causes, where there is little room."""


def comparison_story(told: Comparison) -> str:
    """Return what differs, what changed, and why."""
    parts = [
        "\n".join(_inputs(told)),
        "\n".join(_weights(told)),
        "\n".join(_regimes(told)),
        "\n".join(_forecasts(told)),
    ]
    return "\n\n".join(part for part in parts if part)


def _inputs(told: Comparison) -> Iterator[str]:
    first, last = told.folders
    if told.inputs.empty:
        yield f"{first} and {last} were given the same; nothing changed."
        return
    yield f"What {last} was given, and {first} was not:"
    wide = max(len(str(name)) for name in told.inputs.index)
    for name, row in told.inputs.iterrows():
        yield f"  {name!s:{wide}}  {row['before']} -> {row['after']}"


def _weights(told: Comparison) -> Iterator[str]:
    """Yield weights, return and risk, in points, with what each cause added."""
    shown = told.weights[told.weights["change"].abs() >= FEWEST].head(SHOWN)
    if shown.empty and not (told.risk["change"].abs() >= FEWEST).any():
        yield "Weights, expected return and CVaR are the same."
        return
    traded = 50.0 * told.weights["change"].abs().sum()
    yield f"Weights, per cent ({traded:.1f} % traded), and what changed them, in points:"
    table = pd.concat([shown, told.risk.rename(index=NAMES)])
    table = (100.0 * table).rename(columns=TITLES)
    if (table.get("unresolved", pd.Series([0.0])).abs() < 0.05).all():
        table = table.drop(columns="unresolved", errors="ignore")
    yield table.to_string(float_format="{:.1f}".format)
    if len(told.weights[told.weights["change"].abs() >= FEWEST]) > len(shown):
        yield f"  (the {len(shown)} largest changes; --json has all)"


def _regimes(told: Comparison) -> Iterator[str]:
    table = told.regimes
    same = table["return_before"].sub(table["return_after"]).abs() < FEWEST
    if same.all():
        return
    yield "Return of the portfolio by scenario, per cent:"
    columns = {"return_before": "before", "return_after": "after"}
    yield (100.0 * table[list(columns)].rename(columns=columns)).to_string(
        float_format="{:.1f}".format, na_rep="-"
    )


def _forecasts(told: Comparison) -> Iterator[str]:
    """Yield why forecasts of revenue changed, those of companies held in either run first."""
    if not told.forecasts:
        return
    held = set(told.weights.index[(told.weights[["before", "after"]] >= FEWEST).any(axis=1)])
    ours = [one for one in told.forecasts if one.series.ticker in held]
    yield "Forecasts of revenue over the next four quarters, of companies held:"
    yield from map(_forecast, ours[:SHOWN])


def _forecast(one: ForecastChange) -> str:
    verb = "rose" if one.change > 0.0 else "fell"
    largest = [x for x in one.causes if x.label != "other statements"][:CAUSES]
    told = ", ".join(f"{100 * x.added / one.before:+.1f} {x.label}" for x in largest)
    return f"  {one.series.ticker} {verb} by {100 * abs(one.change):.1f} %: {told}"
