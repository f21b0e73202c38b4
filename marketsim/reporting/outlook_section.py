"""The world of the worlds beside what was published of it, and what binds, quarter by quarter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from markupsafe import Markup

from .contents import RunContents
from .formats import join, number, percent, readable, sentence, trimmed, unit_name
from .palette import limit_colour
from .panels import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Panel
from .svg import Scale, area, axes, days, drawing
from .tables import Column, Table

__all__ = ["binding_legend", "binding_panels", "outlook_table", "outside_table"]

RIGHT = 14.0
MARKS = {"above": "\N{BLACK UP-POINTING TRIANGLE}", "below": "\N{BLACK DOWN-POINTING TRIANGLE}"}


def binding_panels(contents: RunContents) -> list[Panel]:
    """A panel for each regime: shares of what holds deliveries back, one on the other."""
    rows = contents.binding
    return [
        Panel(
            sentence(readable(regime)), "share of deliveries held back", _stack(of_regime, regime)
        )
        for regime in contents.regimes
        if len(rows) and not (of_regime := rows[rows["regime"] == regime]).empty
    ]


def binding_legend(contents: RunContents) -> list[tuple[str, str]]:
    """Colour and name of each limit, from below."""
    return [(limit_colour(i), sentence(name)) for i, name in enumerate(_limits(contents.binding))]


def _limits(rows: pd.DataFrame) -> list[str]:
    return [str(name) for name in rows.columns if name not in ("regime", "quarter_end")]


def _stack(rows: pd.DataFrame, regime: str) -> Markup:
    limits = _limits(rows)
    dates = days(rows["quarter_end"])
    x = Scale(
        float(dates.min()), max(float(dates.max()), float(dates.min()) + 1), LEFT, WIDTH - RIGHT
    )
    y = Scale(0.0, 1.0, BOTTOM, TOP)
    tops = np.cumsum(rows[limits].to_numpy(float), axis=1)
    floors = np.hstack([np.zeros((len(rows), 1)), tops[:, :-1]])
    layers = [
        area(
            x.array(dates),
            y.array(floors[:, i]),
            y.array(tops[:, i]),
            fill=limit_colour(i),
            class_="stack",
        )
        for i in range(len(limits))
    ]
    labels = [(share, percent(share, 0)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    told = f"What holds deliveries back in {readable(regime)}: {join(limits)}"
    return drawing(WIDTH, HEIGHT, told, axes(x, y, labels), *layers)


def outlook_table(contents: RunContents) -> Table:
    """Medians of the likeliest regime by year, with the middle 80 % and a mark where outside."""
    from ..outlooks.text import shown_years  # which imports the model

    rows = _likeliest(contents)
    years = shown_years(rows) if len(rows) else []
    last = rows[rows["year"] == rows["year"].max()] if len(rows) else rows
    return Table(
        [Column("Quantity", "text"), *(Column(str(year)) for year in years)],
        [
            [_named(str(row["quantity"]), str(row["unit"])), *_cells(rows, row["quantity"], years)]
            for _, row in last.iterrows()
        ],
    )


def outside_table(contents: RunContents) -> Table:
    """What lies outside in the likeliest regime, quantity by quantity, with the sources."""
    rows = _likeliest(contents)
    rows = rows[rows["outside"] != ""] if len(rows) else rows
    columns = [
        Column("Quantity", "text"),
        Column("Year"),
        Column("Median"),
        Column("Published"),
        Column("By", "text"),
    ]
    return Table(
        columns,
        [
            [
                sentence(str(row["quantity"])),
                str(row["year"]),
                f"{trimmed(float(row['median']))} {MARKS[str(row['outside'])]}",
                _range(float(row["published_low"]), float(row["published_high"])),
                _short(str(row["source"])),
            ]
            for _, row in rows.iterrows()
        ],
    )


def _likeliest(contents: RunContents) -> pd.DataFrame:
    table = contents.outlook
    return table[table["regime"] == contents.likeliest(1)[0]] if len(table) else table


def _named(quantity: str, unit: str) -> Markup:
    words = unit_name(unit).replace("percent", "per cent")
    return Markup("{}<small>{}</small>").format(sentence(quantity), words)


def _cells(rows: pd.DataFrame, quantity: object, years: list[int]) -> Iterator[str | Markup]:
    own = rows[rows["quantity"] == quantity]
    told = {int(row["year"]): _cell(row) for _, row in own.iterrows()}
    yield from (told.get(year, "") for year in years)


def _cell(row: pd.Series) -> Markup:
    spread = f"{number(float(row['p10']))} to {number(float(row['p90']))}"
    mark = MARKS.get(str(row["outside"]), "")
    return Markup("{} {}<small>{}</small>").format(number(float(row["median"])), mark, spread)


def _range(low: float, high: float) -> str:
    if low == high:
        return trimmed(low)
    if np.isnan(low):
        return f"at most {trimmed(high)}"
    return f"at least {trimmed(low)}" if np.isnan(high) else f"{trimmed(low)} to {trimmed(high)}"


def _short(source: str) -> str:
    """Sources without what follows an address, so that a page stays readable."""
    return "; ".join(part[:90] for part in source.split("; "))
