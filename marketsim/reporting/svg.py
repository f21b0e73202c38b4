"""The little of SVG that the figures need: elements, scales, ticks, lines and bands.

Everything a caller passes as text or attribute is escaped; only `Markup` made here is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from numpy.typing import NDArray

__all__ = [
    "Floats",
    "Scale",
    "area",
    "axes",
    "calendar",
    "days",
    "drawing",
    "line",
    "spread",
    "swatch",
    "tag",
    "ticks",
]

Floats = NDArray[np.float64]
EPOCH = pd.Timestamp("2000-01-01")
MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


@dataclass(frozen=True)
class Scale:
    """A map from data [low, high] to pixels [start, end], straight or in powers of ten."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        return float(self.array(np.asarray([value]))[0])

    def array(self, values: Floats) -> Floats:
        """Pixels of many values."""
        low, high = np.log10([self.low, self.high]) if self.log else (self.low, self.high)
        places = np.log10(values) if self.log else values
        return np.asarray(self.start + (places - low) / (high - low) * (self.end - self.start))

    def ticks(self, count: int = 4) -> list[float]:
        """Round values between the ends, about `count` of them."""
        if not self.log:
            return ticks(self.low, self.high, count)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        steps = (1, 2, 5) if self.high < 100.0 * self.low else (1,)
        marks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        return [mark for mark in marks if self.low <= mark <= self.high]


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """One element; `class_` and `stroke_width` become `class` and `stroke-width`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{Markup('').join(map(escape, children))}</{name}>")


def drawing(width: float, height: float, label: str, *children: object) -> Markup:
    """An svg element that scales with its column and names itself to a screen reader."""
    return tag(
        "svg",
        *children,
        viewBox=f"0 0 {_short(float(width))} {_short(float(height))}",
        role="img",
        aria_label=label,
    )


def swatch(colour: str, dash: str | None) -> Markup:
    """A short stroke for a legend."""
    stroke = tag("path", d="M1 5H27", stroke=colour, stroke_dasharray=dash, class_="median")
    return tag("svg", stroke, viewBox="0 0 28 10", class_="swatch", aria_hidden="true")


def days(dates: Iterable[object]) -> Floats:
    """Dates as days since 2000."""
    index = pd.DatetimeIndex(pd.to_datetime(pd.Series(list(dates))))
    return np.asarray((index - EPOCH).days, dtype=np.float64)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values within [low, high], about `count` steps apart by 1, 2, 2.5 or 5."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 10) + 0.0 for place in range(first, last + 1)]


def calendar(low: float, high: float, count: int = 6) -> list[tuple[float, str]]:
    """First days of years, or of months in a short span, in days since 2000, with labels.

    At most about `count` within [low, high]; January carries its year, other months their name.
    """
    first, last = (EPOCH + pd.Timedelta(days=edge) for edge in (low, high))
    step = next(step for step in MONTHS if (high - low) / 30.44 / step <= count)
    month = first.year * 12 // step * step
    starts = [
        pd.Timestamp(year=m // 12, month=m % 12 + 1, day=1)
        for m in range(month, last.year * 12 + 12, step)
    ]
    labels = [f"{start:%Y}" if start.month == 1 else f"{start:%b}" for start in starts]
    marks = zip(days(starts).tolist(), labels, strict=True)
    return [(start, label) for start, label in marks if low <= start <= high]


def axes(x: Scale, y: Scale, labels: Sequence[tuple[float, str]], *, count: int = 5) -> Markup:
    """Horizontal grid with `labels` at the left, the calendar below."""
    rows = [
        tag(
            "path",
            d=f"M{_short(x.start)} {_short(y(value))}H{_short(x.end)}",
            class_="grid",
        )
        + tag("text", label, x=x.start - 5, y=y(value) + 3.5, class_="left")
        for value, label in labels
    ]
    marks = [
        tag("path", d=f"M{_short(x(start))} {_short(y.start)}v4", class_="tick")
        + tag("text", label, x=x(start), y=y.start + 15, class_="mid")
        for start, label in calendar(x.low, x.high, count)
    ]
    return Markup("").join(rows + marks)


def _points(xs: Floats, ys: Floats) -> str:
    return "L".join(f"{_short(float(a))} {_short(float(b))}" for a, b in zip(xs, ys, strict=True))


def line(xs: Floats, ys: Floats, **attributes: object) -> Markup:
    """A polyline through pixels; points that are not finite are left out."""
    known = np.isfinite(ys)
    if not known.any():
        return Markup("")
    return tag("path", d="M" + _points(xs[known], ys[known]), **attributes)


def area(xs: Floats, lower: Floats, upper: Floats, **attributes: object) -> Markup:
    """The surface between two lines in pixels, where both are known."""
    known = np.isfinite(lower) & np.isfinite(upper)
    if not known.any():
        return Markup("")
    there, back = (
        _points(xs[known], upper[known]),
        _points(xs[known][::-1], lower[known][::-1]),
    )
    return tag("path", d=f"M{there}L{back}Z", **attributes)


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions moved as little as a downward pass allows so that labels `gap` apart fit."""
    order = sorted(range(len(positions)), key=lambda place: positions[place])
    placed = list(positions)
    floor = low
    for place in order:
        placed[place] = max(placed[place], floor)
        floor = placed[place] + gap
    ceiling = high
    for place in reversed(order):
        placed[place] = min(placed[place], ceiling)
        ceiling = placed[place] - gap
    return placed
