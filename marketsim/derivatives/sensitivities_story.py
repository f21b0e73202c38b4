"""What sensitivities say, as short tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pandas as pd

if TYPE_CHECKING:
    from .sensitivities import Sensitivities

__all__ = ["ordered", "sensitivities_story"]

PER_SD: Final = "_per_sd"
PER_POINT: Final = "_per_point"

SHOWN: Final = 15
"""Assumptions that are printed."""

FEW: Final = 8
"""Limits, and companies, that are printed, and assumptions of weights."""


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return assumptions, what moves the portfolio's expected return most first."""
    size = table[f"portfolio{PER_SD}"].abs()
    return table.loc[size.sort_values(ascending=False, kind="stable").index]


def sensitivities_story(found: Sensitivities) -> str:
    """Return the tables as a text; `Sensitivities.record` has all of them whole."""
    return "\n\n".join(_parts(found))


def _parts(found: Sensitivities) -> Iterator[str]:
    risks = [c for c in found.portfolio.columns if c.endswith(PER_SD)]
    tables = [x[["unit", "value", "sd", *risks]] for x in (found.portfolio, found.valuation)]
    yield _told(ordered(pd.concat([x for x in tables if len(x)])).head(SHOWN))
    if len(found.odds):
        terms = [c for c in found.odds.columns if not c.startswith("weight_")]
        yield "By a point more of a scenario's probability, others giving way in proportion:\n" + (
            _told(found.odds[terms])
        )
    if len(found.limits):
        yield f"By limit, what a unit more of it adds:\n{_told(found.limits.head(FEW))}"
    if found.weights is not None:
        yield _weights(found.weights)
    if found.doubts:
        yield "\n".join(f"Beware: {said}." for said in found.doubts)


def _weights(weights: pd.DataFrame) -> str:
    """Return the assumptions and the companies of which the best weights move most."""
    size = weights.abs()
    rows, columns = (
        size.max(axis=axis).sort_values(ascending=False, kind="stable").index[:FEW]
        for axis in ("columns", "index")
    )
    few = 100.0 * weights.loc[rows, columns]
    return (
        "The best weights, in points per standard deviation, for small changes (explain_weight has "
        f"them solved again):\n{few.to_string(float_format='{:+.1f}'.format)}"
    )


def _told(table: pd.DataFrame) -> str:
    return table.to_string(float_format="{:.4g}".format)
