"""What is believed together, as tables."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.ensemble import assumptions_at
from marketsim.valuation import Valuation
from marketsim.views.entropy import relative_entropy

from ..spreads import Spreads
from .together import Point, Space
from .worlds import Sample

__all__ = ["assumptions_table", "companies_table", "parts_of"]

FloatArray = NDArray[np.float64]

TENTH: Final = 1.2816
"""Deviations of a normal number below which nine tenths are."""

COLUMNS: Final = "unit", "model", "implied", "deviations", "low", "high", "share", "meaning"


def parts_of(space: Space | None, point: Point | None) -> pd.Series[float]:
    """Return surprise by where it lies, in nats."""
    if space is None or point is None:
        return pd.Series(dtype=float, name="surprise")
    *plain, _ = space.parts(point.u)
    names = "assumptions", "valuation", "growth"
    found = {name: 0.5 * float(u @ u) for name, u in zip(names, plain, strict=True)}
    found["regimes"] = relative_entropy(space.odds(point.u), space.sample.odds)
    return pd.Series(found, name="surprise")


def companies_table(
    sample: Sample,
    columns: NDArray[np.int_],
    market: FloatArray,
    space: Space | None,
    point: Point | None,
) -> pd.DataFrame:
    """Return what prices assume of companies, [ticker]."""
    value = sample.odds @ sample.means[:, columns]
    found = pd.DataFrame(
        {
            "market": market[columns],
            "value_over_market": value / market[columns],
            "growth": np.nan,
            "growth_deviations": np.nan,
            "left": np.nan,
        },
        index=pd.Index(sample.companies[columns], name="ticker"),
    )
    if space is None or point is None:
        return found
    own = space.parts(point.u)[2]
    if len(own):
        found = found.assign(growth=own * space.growth, growth_deviations=own)
    return found.assign(left=point.gap)


def assumptions_table(
    space: Space | None, point: Point | None, valuation: Valuation
) -> pd.DataFrame:
    """Return what prices assume together by assumption, furthest from the model's first."""
    if space is None or point is None:
        return pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="assumption"))
    parts = [_of_model(space, point, valuation), _of_valuation(space, point)]
    found = pd.concat([part for part in parts if len(part)] or parts[:1])
    total = max(float(parts_of(space, point).sum()), np.finfo(float).tiny)
    found["share"] = found["share"] / total
    order = found["deviations"].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order, list(COLUMNS)].rename_axis("assumption")


def _of_model(space: Space, point: Point, valuation: Valuation) -> pd.DataFrame:
    posterior = valuation.paths.scenarios.posterior
    some = np.asarray(space.entries, dtype=int)
    u = space.parts(point.u)[0]
    left = point.spread[: len(some), : len(some)]
    spreads = Spreads.of(posterior)
    link = posterior.link
    move = space.move(point.u)
    after = np.zeros(len(link))
    after[some] = np.sqrt(np.maximum(np.diag(space.root @ left @ space.root.T), 0.0))
    low, here, high = assumptions_at(
        link + move + np.outer([-TENTH, 0.0, TENTH], after), posterior.coordinates
    )
    entries = [posterior.entries[i] for i in some]
    # Of a squared distance under a covariance: each one's own part of it, which adds up.
    pulls = np.linalg.solve(space.root.T, u) if len(some) else u
    return pd.DataFrame(
        {
            "unit": [e.unit for e in entries],
            "model": spreads.values[some],
            "implied": here[some],
            "deviations": (move / spreads.linked)[some],
            "low": low[some],
            "high": high[some],
            "share": 0.5 * move[some] * pulls,
            "meaning": [e.meaning for e in entries],
        },
        index=[e.name for e in entries],
    )


def _of_valuation(space: Space, point: Point) -> pd.DataFrame:
    first, count = len(space.entries), len(space.valuation)
    u = space.parts(point.u)[1]
    after = np.sqrt(np.maximum(np.diag(point.spread)[first : first + count], 0.0))
    rows = {}
    for belief, x, sd in zip(space.valuation, u, after, strict=True):
        low, high = belief.told(x - TENTH * sd), belief.told(x + TENTH * sd)
        rows[belief.name] = {
            "unit": belief.unit,
            "model": belief.told(0.0),
            "implied": belief.told(float(x)),
            "deviations": float(x),
            "low": low,
            "high": high,
            "share": 0.5 * float(x) ** 2,
            "meaning": belief.meaning,
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
