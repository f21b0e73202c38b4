"""What a forecast rests on: last report, trend, model and statements, in logs that add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from marketsim.checks import check_whole
from marketsim.errors import InputError, nearest
from marketsim.renames import Rename, Tickers
from marketsim.statements import Series

from .disbelief import name_of
from .listing import figure
from .panel import Panel

if TYPE_CHECKING:
    from .hearing import Heard
    from .result import Forecast

__all__ = [
    "BUYERS",
    "HEARD",
    "MODEL",
    "OTHERS",
    "PARTS",
    "REGIMES",
    "SHARED",
    "SMALL",
    "Explanation",
    "Part",
    "explained",
    "place_of",
    "places_of",
]

TREND: Final = "its own trend"
MODEL: Final = "structural model"
HEARD: Final = "structural model, by what was said"
PARTS: Final = "whole and parts agree"
BUYERS: Final = "sellers earn what buyers spend"
OTHERS: Final = "other statements"
REGIMES: Final = "regimes, by their probabilities"

SHARED: Final = (
    "  (a statement adds what it says beyond what was expected before any, by its weight beside\n"
    "  the others; what leaving it out alone would change is another number)"
)

SHOWN: Final = 5
"""Statements of others that are named, the largest first."""

SMALL: Final = 1e-3
"""Statements of others that move a log by less are not named."""


@dataclass(frozen=True)
class Part:
    """One thing that a forecast rests on, and what it adds to the log."""

    label: str
    log: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """What one forecast rests on.

    Attributes
    ----------
    series
        What is forecast.
    quarter_end
        Of which quarter.
    horizon
        Quarters after the last report.
    parts
        The last report, then what is added to its log; they sum to `location`.
    heard
        What statements add to the log, all together.
    location, scale
        Median of the log that is forecast, and its standard deviation without the shift of regimes.
    """

    series: Series
    quarter_end: pd.Timestamp
    horizon: int
    parts: tuple[Part, ...]
    heard: float
    location: float
    scale: float

    def __repr__(self) -> str:
        return (
            f"Explanation({self.series.quantity} of {self.series.entity}, quarter to "
            f"{self.quarter_end.date()}, {len(self.parts)} parts)"
        )

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def explained(said: Forecast, row: int, horizon: int) -> Explanation:
    """Return what the forecast of one series and horizon rests on.

    Raises
    ------
    InputError
        The horizon is not among those forecast.
    """
    horizons = (said.joint.mean if said.shifted is None else said.shifted).shape[1]
    check_whole("explain: horizon", horizon, 1, horizons)
    s, at = said.series[row], (row, horizon - 1)
    last, own = np.log(s.values[-1]), said.own.location[at]
    apart, agreed, unheard = (x.location[at] for x in (said.apart, said.agreed, said.unheard))
    alone = said.structure[at]
    parts = [
        Part(f"last report, {s.dates[-1].date()}", float(last)),
        Part(TREND, float(own - last)),
        Part(MODEL, float(alone - own)),
        *([Part(HEARD, float(apart - alone))] if apart != alone else []),
        *([Part(PARTS, float(agreed - apart))] if agreed != apart else []),
        *([Part(BUYERS, float(unheard - agreed))] if unheard != agreed else []),
        *_statements(said.heard, said.panel, s, at),
    ]
    shift = 0.0 if said.shifted is None else float(said.shifted[at])
    if said.shifted is not None:
        parts.append(Part(REGIMES, shift))
    return Explanation(
        series=s,
        quarter_end=s.ends(horizon)[-1],
        horizon=horizon,
        parts=tuple(parts),
        heard=float(said.logs.location[at]) - float(unheard),
        location=float(said.logs.location[at]) + shift,
        scale=float(said.logs.scale[at]),
    )


def _statements(
    heard: Sequence[Heard], panel: Panel, s: Series, at: tuple[int, int]
) -> Iterator[Part]:
    """Yield the company's own statements, the largest of others, and the rest together.

    Those that move nothing are left out.
    """
    own: list[Part] = []
    others: list[Part] = []
    for one in heard:
        about, label = panel.series[one.said.row], name_of(one.said, panel.series)
        mine = about.ticker == s.ticker and bool(s.ticker)
        if one.shift[at]:
            (own if mine else others).append(Part(label, float(one.shift[at])))
    yield from sorted(own, key=_size)
    named = [part for part in sorted(others, key=_size)[:SHOWN] if abs(part.log) >= SMALL]
    yield from named
    if len(named) < len(others):
        yield Part(OTHERS, sum(part.log for part in others) - sum(part.log for part in named))


def _size(part: Part) -> float:
    return -abs(part.log)


def places_of(series: Sequence[Series], name: str, renames: Iterable[Rename] = ()) -> list[int]:
    """Return the rows of a company, or of one of its series, by ticker or entity.

    Raises
    ------
    InputError
        There is none; the message has the nearest name, or the present one of a former ticker.
    """
    wanted = str(name).casefold()
    places = [
        row for row, s in enumerate(series) if wanted in (s.entity.casefold(), s.ticker.casefold())
    ]
    if not wanted or not places:
        names = [*(s.ticker for s in series if s.ticker), *(s.entity for s in series)]
        known = Tickers(names, renames)
        raise InputError(f"forecast: nothing is forecast of '{name}'.{nearest(name, known)}")
    return places


def place_of(
    series: Sequence[Series], entity: str, quantity: str, renames: Iterable[Rename] = ()
) -> int:
    """Return the row of one series.

    A ticker alone is the company's whole.

    Raises
    ------
    InputError
        There is none; the message has the nearest name, or the present one of a former ticker.
    """
    there = {s.entity: row for row, s in enumerate(series) if s.quantity == quantity}
    if not there:
        known_ones = sorted({s.quantity for s in series})
        hint = nearest(quantity, known_ones) or f" There are {', '.join(known_ones)}."
        raise InputError(f"forecast: there is no quantity '{quantity}'.{hint}")
    folded, wanted = {name.casefold(): row for name, row in there.items()}, str(entity).casefold()
    found = folded.get(wanted, folded.get(f"{wanted}.total"))
    if found is None:
        known = Tickers([*there, *(series[row].ticker for row in there.values())], renames)
        raise InputError(f"forecast: no {quantity} of '{entity}'.{nearest(entity, known)}")
    return found


def _lines(one: Explanation) -> Iterator[str]:
    """Yield a title, and a line for every part, with the figure that it leads to."""
    s = one.series
    yield (
        f"{s.entity}, {s.quantity}, quarter to {one.quarter_end.date()} "
        f"({one.horizon} ahead), {s.unit}"
    )
    width = max(len(part.label) for part in one.parts)
    so_far = 0.0
    for part in one.parts:
        so_far += part.log
        yield f"  {part.label:<{width}}  {part.log:+9.4f}  {figure(np.exp(so_far)):>12}"
    median = figure(np.exp(one.location))
    yield f"  {'forecast, median':<{width}}  {one.location:+9.4f}  {median:>12}"
    if one.heard != 0.0:
        yield SHARED
