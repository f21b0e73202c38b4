"""What each line earned without AI when the window began, from its first reports."""

from __future__ import annotations

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from marketsim.knowledge import RevenueMap
from marketsim.model import NEWS, Entry, Setting, coordinates

from .likelihood import linearise, sample
from .observations import Series
from .window import SPAN

__all__ = ["with_bases"]


def with_bases(
    listed: list[Entry], revenue: RevenueMap, setting: Setting, series: list[Series]
) -> list[Entry]:
    """Return priors with the base of each line centred on its first reports, less AI's part."""
    drawn = _drawn(listed, revenue, setting, series)
    levels = _first_reports(revenue, series)
    centred = []
    for entry in listed:
        if entry.field == "base_level":
            line = revenue.lines.index(entry.name.partition("[")[2].rstrip("]"))
            level, ai = levels[line], drawn[line]
            base = max(level - ai, 0.15 * level)
            spread = 0.15 + 0.5 * min(1.0, ai / level)
            entry = replace(entry, centre=math.log(base), scale=spread)
        centred.append(entry)
    return centred


def _drawn(
    listed: list[Entry], revenue: RevenueMap, setting: Setting, series: list[Series]
) -> np.ndarray:
    """Return what each line draws from AI in the first year at the prior median, USD bn."""
    x = jnp.zeros(len(listed) + len(NEWS) * SPAN)
    data = sample(series, np.ones(len(series)))
    quarters = linearise(x, data, coordinates(listed), setting).quarters
    return np.asarray(revenue.share @ np.asarray(quarters.recognised)[:4].mean(axis=0))


def _first_reports(revenue: RevenueMap, series: list[Series]) -> np.ndarray:
    """Return the mean of each line's first four reports, taken back to the start; USD bn."""
    first = {}
    for s in series:
        if s.kind == "revenue" and len(s.value):
            when = (s.weight[:4] @ np.arange(SPAN)) / 4.0
            growth = float(s.lines @ revenue.base_growth / s.lines.sum())
            first[s.name] = float((s.value[:4] * np.exp(-growth * when)).mean())
    levels = np.full(len(revenue.lines), 1.0)
    for i, name in enumerate(revenue.lines):
        ticker, _, segment = name.partition(".")
        siblings = [n for n in revenue.lines if n.startswith(ticker + ".") and n != name]
        total = first.get(f"{ticker}.total", 1.0)
        if segment == "rest":
            levels[i] = max(total - sum(first.get(n, 0.5 * total) for n in siblings), 0.05 * total)
        else:
            levels[i] = first.get(name, 0.3 * total)
    return levels
