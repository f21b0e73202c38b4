"""Revenue that companies guide to, beside the last that they reported."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.knowledge.currency import usd_per
from marketsim.observables.observable import Observable, Report
from marketsim.observables.revenue import measure
from marketsim.observables.seasons import seasons
from marketsim.statements import STATEMENTS, Foretold, Series, foretold, surest

__all__ = ["GUIDANCE"]

SETTLING: Final = tuple(kind for kind in STATEMENTS if kind.settles)


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield for each company that guides its last quarter, and those it guides to."""
    lines = knowledge.universe.revenue_map.series()
    listed = surest(foretold(knowledge, lambda kind: kind in SETTLING))
    for _, several in groupby(listed, key=lambda one: one.said.row):
        ahead = list(several)
        series = ahead[0].series
        if series.entity in lines:
            yield Report(f"guidance {series.entity}", _rows(series, ahead), lines[series.entity])


def _rows(series: Series, ahead: list[Foretold]) -> pd.DataFrame:
    """Return the last report and what is foretold, which as a change has the error that is told."""
    ends = series.ends(ahead[-1].said.last)
    dates = pd.DatetimeIndex([*series.dates, *(ends[one.said.last - 1] for one in ahead)])
    values = np.append(series.values, [np.exp(one.log) for one in ahead])
    few = slice(len(series.dates) - 1, None)
    variance = np.array([ahead[0].variance, *(one.variance for one in ahead)])
    return pd.DataFrame(
        {
            "date": dates[few],
            "value": values[few] * usd_per(series.unit),
            "confidence": "sourced",
            "stated": np.sqrt(variance / 2.0),
            "season": seasons(pd.Series(dates), values)[few],
        }
    )


GUIDANCE: Final = Observable(
    kind="guidance",
    meaning="revenue that companies guide to for a quarter, with their usual beat, beside the last "
    "that they reported",
    quantities=tuple(dict.fromkeys(name for kind in SETTLING for name in kind.quantities)),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="the lines that the series adds up",
    floor=0.05,
    reason="a company's quarter moves by itself as well; and guidance is no report",
    scale=1e-3,
    by_line=True,
    relative=True,
    horizon="ahead",
)
