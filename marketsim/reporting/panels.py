"""Small multiples: fans by scenario, and reported against modelled quarters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import pandas as pd
from markupsafe import Markup

from .columns import PERCENTILES
from .contents import REPORTED
from .formats import day, number, percent, quantity, readable, sentence, unit_name
from .palette import INK, UP, RegimeStyle
from .svg import Floats, Scale, area, axes, days, drawing, line, spread, tag

__all__ = ["Panel", "fan_panel", "fit_panel"]

WIDTH, HEIGHT = 344.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 42.0, 8.0, 168.0
NOTHING = 1e-9  # of any unit shown: what rounding leaves of a zero


@dataclass(frozen=True)
class Panel:
    """One of a set of small multiples."""

    title: str
    note: str
    figure: Markup


def _tick_labels(values: Sequence[float], unit: str) -> list[tuple[float, str]]:
    if unit == "fraction":
        return [(value, percent(value, 0)) for value in values]
    return [(value, f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")) for value in values]


def _time(dates: Floats, right: float) -> Scale:
    last = max(float(dates.max()), float(dates.min()) + 1.0)
    return Scale(float(dates.min()), last, LEFT, WIDTH - right)


def _from_zero(values: Floats) -> Scale:
    """The value axis, which always shows zero."""
    known = values[np.isfinite(values)]
    low, high = min(0.0, *known), max(0.0, *known)
    high = high if high - low > NOTHING else low + 1.0
    return Scale(float(low), float(high + 0.04 * (high - low)), BOTTOM, TOP)


def _decades(values: Floats) -> Scale:
    """The value axis in powers of ten."""
    return Scale(
        0.9 * float(np.nanmin(values)),
        1.1 * float(np.nanmax(values)),
        BOTTOM,
        TOP,
        True,
    )


def _joined(fan: pd.DataFrame, history: pd.Series[float]) -> pd.DataFrame:
    """The fan, opened at the last reported point before it."""
    before = history[history.index < fan.index.min()]
    if before.empty:
        return fan
    start = pd.DataFrame(float(before.iloc[-1]), index=before.index[-1:], columns=fan.columns)
    return pd.concat([start, fan])


def _fan(fan: pd.DataFrame, style: RegimeStyle, x: Scale, y: Scale) -> Markup:
    xs = x.array(days(fan.index))
    ys = {name: y.array(fan[name].to_numpy(float)) for name in PERCENTILES}
    return tag(
        "g",
        tag("title", sentence(readable(style.name))),
        area(xs, ys["p05"], ys["p95"], fill=style.colour, class_="outer"),
        area(xs, ys["p25"], ys["p75"], fill=style.colour, class_="inner"),
        line(
            xs,
            ys["p50"],
            stroke=style.colour,
            stroke_dasharray=style.dash,
            class_="median",
        ),
        class_=f"regime k{style.key}{'' if style.banded else ' plain'}",
    )


def _end_label(value: float, y: Scale, unit: str) -> str:
    """The value; zero where the axis could not tell it from zero."""
    if unit == "fraction":
        return percent(value, 0)
    unseen = not y.log and abs(value) < (y.high - y.low) / 1000
    return number(0.0 if unseen else value)


def _end_labels(fans: Sequence[tuple[RegimeStyle, pd.DataFrame]], y: Scale, unit: str) -> Markup:
    """Last medians at the right, moved apart where they would overlap.

    Of regimes without bands only the highest and the lowest are written; the labels of the rest
    are `silent`, at their own height, for when they are shown alone.
    """
    lasts = [float(fan["p50"].iloc[-1]) for _, fan in fans]
    ends = {lasts.index(end(lasts)) for end in (min, max)} if lasts else set()
    told = [style.banded or place in ends for place, (style, _) in enumerate(fans)]
    own = [y(last) + 3.5 for last in lasts]
    moved = iter(spread([*compress(own, told)], 11.5, TOP + 4, BOTTOM + 3.5))
    places = [next(moved) if aloud else at for at, aloud in zip(own, told, strict=True)]
    texts = [
        tag(
            "text",
            _end_label(last, y, unit),
            x=WIDTH - RIGHT + 5,
            y=place,
            fill=style.colour,
            class_=f"end regime k{style.key}{'' if aloud else ' silent'}",
        )
        for (style, _), last, place, aloud in zip(fans, lasts, places, told, strict=True)
    ]
    return Markup("").join(texts)


def _fans(
    rows: pd.DataFrame, styles: Sequence[RegimeStyle], history: pd.Series[float]
) -> list[tuple[RegimeStyle, pd.DataFrame]]:
    own = [(style, rows.loc[rows["regime"] == style.name, list(PERCENTILES)]) for style in styles]
    return [(style, _joined(fan, history)) for style, fan in own if not fan.empty]


def _steep(values: Floats) -> bool:
    """Whether a quantity falls to less than a twentieth of where it began, but does not vanish."""
    least, first = float(values.min()), float(values[0])
    return bool((values > 0).all()) and first / 1e6 < least < first / 20


def fan_panel(
    rows: pd.DataFrame,
    styles: Sequence[RegimeStyle],
    title: str,
    unit: str,
    note: str = "",
) -> Panel:
    """Reported history in ink, then a fan for each regime that starts where history ends.

    The value axis starts at zero, unless the quantity falls to less than a twentieth of where it
    began without vanishing: then it runs in powers of ten, and the panel says so. Regimes that
    are not banded lie below the others.

    Parameters
    ----------
    rows : DataFrame
        regime, quarter_end, p05 ... p95 of one quantity; regime `reported` is history.
    styles : sequence of RegimeStyle
        The regimes to draw, in order.
    title, unit : str
        Heading of the panel, unit of its values.
    note : str, optional
        What follows the unit in the second line.
    """
    by_date = rows.sort_values("quarter_end").set_index("quarter_end")
    history = by_date.loc[by_date["regime"] == REPORTED, "p50"].dropna()
    fans = _fans(by_date, styles, history)
    past = history.to_numpy(float)
    values = np.concatenate([past, *(fan.to_numpy(float).ravel() for _, fan in fans)])
    x, y = (
        _time(days(by_date.index), RIGHT),
        (_decades if unit != "fraction" and _steep(values) else _from_zero)(values),
    )
    figure = drawing(
        WIDTH,
        HEIGHT,
        f"{title}, {unit}: reported history and a fan for each scenario",
        axes(x, y, _tick_labels(y.ticks(), unit)),
        *(_fan(fan, style, x, y) for style, fan in sorted(fans, key=lambda own: own[0].banded)),
        line(x.array(days(history.index)), y.array(past), stroke=INK, class_="history"),
        _end_labels(fans, y, unit),
    )
    parts = [unit_name(unit), "powers of ten" if y.log else "", note]
    return Panel(title, ", ".join(part for part in parts if part), figure)


def fit_panel(rows: pd.DataFrame, title: str, unit: str) -> Panel:
    """Reported quarters as dots, the modelled path as a line."""
    dates = days(rows["quarter_end"])
    reported, modelled = (
        rows["reported"].to_numpy(float),
        rows["modelled"].to_numpy(float),
    )
    x, y = _time(dates, 12.0), _from_zero(np.concatenate([reported, modelled]))
    xs = x.array(dates)
    dots = [
        tag(
            "circle",
            tag("title", f"{day(quarter)}: {quantity(value, unit)} reported"),
            cx=float(place),
            cy=y(value),
            r=2.6,
            class_="dot",
        )
        for place, quarter, value in zip(xs, rows["quarter_end"], reported, strict=True)
        if np.isfinite(value)
    ]
    path = line(xs, y.array(modelled), stroke=UP, class_="median")
    labels = axes(x, y, _tick_labels(y.ticks(), unit))
    figure = drawing(WIDTH, HEIGHT, f"{title}, {unit}: reported and modelled", labels, path, *dots)
    return Panel(title, unit_name(unit), figure)
