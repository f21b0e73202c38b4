"""What prices assume, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from ..story import with_unit
from .belief import OWN

if TYPE_CHECKING:
    from .implied import Implied

__all__ = ["story_of"]

NAMED: Final = 10
"""Assumptions, and companies, that a story names."""

SMALL: Final = 0.05
"""Deviations below which a belief is the model's."""

FAR: Final = 3.0
"""Deviations from which on a belief is hard to hold."""


def story_of(result: Implied) -> str:
    """Return what prices assume, for a reader."""
    lines = [
        f"Prices of {result.as_of.date()}, {result.who}: the model's value, with debts, is "
        f"{np.exp(result.gap):.2f} of the market's.",
        *_unpriced(result),
        *_alone(result),
        *_mix(result),
        *_together(result),
    ]
    return "\n".join(lines)


def _unpriced(result: Implied) -> Iterator[str]:
    if result.unpriced:
        yield f"  Left out, market value unknown: {', '.join(result.unpriced)}."


def _alone(result: Implied) -> Iterator[str]:
    if result.alone.empty:
        return
    yield "One belief at a time, all others as the model has them, prices assume"
    wide = max(len(str(name)) for name in result.alone.index)
    for name, row in result.alone.iterrows():
        yield f"  {name!s:{wide}}  {_implied(name, row)}"
    for name in OWN:
        if name in result.alone.index:
            yield f"  ({name}: {result.alone['meaning'].to_dict()[name]})"


def _instead(name: object, row: pd.Series[float]) -> str:
    model = with_unit(f"{row['model']:.4g}", name, str(row["unit"]))
    return f"{row['implied']:.4g} instead of {model}"


def _implied(name: object, row: pd.Series[float]) -> str:
    change = _instead(name, row)
    sd = row["deviations"]
    out = "" if np.isnan(sd) else f"  {sd:+.2f} sd"
    if np.isnan(row["left"]):
        cut = f"; {row['cut']} where its support ends" if row["cut"] else ""
        return f"{change}{out}  (80 %: {row['low']:.4g} to {row['high']:.4g}{cut})"
    return f"nothing that explains it: at {change} value is still {_of(row['left'])}"


def _of(left: float) -> str:
    return f"{np.exp(left):.2f} of the market's"


def _mix(result: Implied) -> Iterator[str]:
    table = result.regimes
    if len(table) < 2 or table.drop(columns="probability").isna().all(axis=None):
        return
    for column in ("alone", "together"):
        if column in table and table[column].notna().all():
            odds = zip(table.index, table["probability"], table[column], strict=True)
            told = ", ".join(f"{n} {100 * b:.0f} % ({100 * a:.0f})" for n, a, b in odds)
            more = ""
            if column == "alone" and abs(result.mix_left) > 1e-6:
                more = f"; no mix explains it: value is still {_of(result.mix_left)}"
            yield f"Regimes {column}, the model's in brackets: {told}{more}."


def _together(result: Implied) -> Iterator[str]:
    if result.parts.empty:
        return
    total = result.surprise
    shares = result.parts.sort_values(ascending=False, kind="stable")
    where = ", ".join(f"{name} {value:.2f}" for name, value in shares.items() if value > 0.0)
    yield (
        f"All together, every price by itself, with the least surprise: {total:.2f} nats"
        f"{f' ({where})' if where else ''}."
    )
    table = result.together
    moved = table[table["deviations"].abs() >= SMALL].head(NAMED)
    wide = max((len(str(name)) for name in moved.index), default=0)
    for name, row in moved.iterrows():
        yield f"  {name!s:{wide}}  {_instead(name, row)}  {row['deviations']:+.2f} sd"
    if moved.empty and len(table):
        yield "  no assumption moves by a twentieth of its deviation"
    yield from _companies(result.companies)


def _companies(table: pd.DataFrame) -> Iterator[str]:
    if table["growth"].notna().any():
        order = table["growth_deviations"].abs().sort_values(ascending=False, kind="stable").index
        yield "  Of companies themselves, growth of revenue beside the world's, a year in logs:"
        for name, row in table.loc[order[:NAMED]].iterrows():
            hard = "  hard to hold" if abs(row["growth_deviations"]) > FAR else ""
            yield (
                f"    {name!s:6} {100 * row['growth']:+.1f} %  {row['growth_deviations']:+.2f} sd"
                f"  (value {row['value_over_market']:.2f} of the market's){hard}"
            )
    for name, row in table[table["left"].abs() > 1e-4].iterrows():
        yield f"  {name}: no beliefs explain its price; value is still {_of(row['left'])}."
