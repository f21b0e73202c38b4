"""Bars, ranges, the strip of layers and the heat map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup

from .formats import layer_name, number, percent, readable
from .palette import DOWN, UP, diverging, layer_colour, text_on
from .svg import Scale, drawing, tag

__all__ = ["bar", "heat_cell", "heat_map", "layer_strip", "range_bar", "signed_bar"]


def bar(share: float, colour: str, label: str) -> Markup:
    """A bar in a table cell, `share` of the cell's width."""
    return tag(
        "svg",
        tag("title", label),
        tag("rect", x=0, y=1, width=200 * max(share, 0.004), height=10, fill=colour),
        viewBox="0 0 200 12",
        class_="bar",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def signed_bar(share: float, label: str) -> Markup:
    """A bar in a table cell from the middle to the right (gain) or to the left (loss)."""
    width = max(98 * abs(share), 0.8)
    return tag(
        "svg",
        tag("title", label),
        tag(
            "rect",
            x=100 if share > 0 else 100 - width,
            y=1,
            width=width,
            height=10,
            fill=UP if share > 0 else DOWN,
        ),
        tag("path", d="M100 0V12", class_="zero"),
        viewBox="0 0 200 12",
        class_="bar",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def range_bar(row: pd.Series[float], low: float, high: float, colour: str) -> Markup:
    """Expected return as a dot; the line ends at the conditional value at risk, a tick is at VaR.

    Parameters
    ----------
    row : Series
        expected_return, and VaR and CVaR as losses.
    low, high : float
        Returns at the two ends of the drawing.
    """
    x = Scale(low, high, 6.0, 224.0)
    mean, edge, tail = x(row["expected_return"]), x(-row["VaR"]), x(-row["CVaR"])
    label = (
        f"expected {percent(row['expected_return'], sign=True)}, conditional value at risk "
        f"{percent(row['CVaR'])}"
    )
    return tag(
        "svg",
        tag("title", label),
        tag("path", d=f"M{x(0.0):.1f} 0V16", class_="zero-line"),
        tag(
            "path",
            d=f"M{tail:.1f} 8H{mean:.1f}M{edge:.1f} 4V12",
            class_="median",
            stroke=colour,
        ),
        tag("circle", cx=mean, cy=8, r=4.5, fill=colour),
        viewBox="0 0 230 16",
        class_="range",
        aria_hidden="true",
    )


def layer_strip(weights: pd.Series[float]) -> Markup:
    """The whole portfolio as one bar, parted by layer; wide parts carry their share."""
    shares = 100 * weights / weights.sum()
    starts = shares.cumsum() - shares
    parts = [
        _layer_part(str(layer), float(start), float(share))
        for (layer, share), start in zip(shares.items(), starts, strict=True)
    ]
    return tag("svg", *parts, class_="strip", role="img", aria_label="Weight by layer")


def _layer_part(layer: str, start: float, share: float) -> Markup:
    colour, label = layer_colour(layer), percent(share / 100, 0)
    told = tag("title", f"{layer_name(layer)}: {label}")
    places = {"x": f"{start:.2f}%", "width": f"{max(share - 0.15, 0.1):.2f}%"}
    box = tag("rect", told, **places, height="100%", fill=colour)
    if share < 5.0:
        return box
    return box + tag("text", label, x=f"{start:.2f}%", dx=6, y=20, fill=text_on(colour))


def heat_map(table: pd.DataFrame, layers: Mapping[str, str]) -> Markup:
    """Assumption by company: relative change of value per standard deviation.

    Parameters
    ----------
    table : DataFrame [assumption, ticker]
        Fractions; columns in the order to be shown. Colours end at the 95th percentile of sizes.
    layers : Mapping
        Ticker to layer, for the coloured strip above the columns.
    """
    cell, row, left, top = 28.0, 24.0, 204.0, 52.0
    values = table.to_numpy(np.float64)
    sizes = np.abs(values)
    bound = float(np.nanquantile(sizes, 0.95)) or float(np.nanmax(sizes)) or 1.0
    heads = [
        tag(
            "text",
            ticker,
            transform=f"translate({left + cell * (j + 0.62):.1f} {top - 10}) rotate(-55)",
        )
        + tag(
            "rect",
            tag("title", layer_name(layers.get(str(ticker), "other"))),
            x=left + cell * j,
            y=top - 6,
            width=cell - 1,
            height=4,
            fill=layer_colour(layers.get(str(ticker), "other")),
        )
        for j, ticker in enumerate(table.columns)
    ]
    names = [
        tag("text", readable(name), x=left - 8, y=top + row * (i + 0.66), class_="left")
        for i, name in enumerate(table.index)
    ]
    cells = [
        heat_cell(
            float(values[i, j]),
            bound,
            f"{table.columns[j]}, {table.index[i]}",
            left + cell * j,
            top + row * i,
            cell - 1,
            row - 1,
        )
        for i in range(len(table.index))
        for j in range(len(table.columns))
    ]
    width, height = left + cell * len(table.columns) + 16, top + row * len(table.index)
    return drawing(
        width,
        height,
        "Change of each company's revenue per standard deviation",
        *heads,
        *names,
        *cells,
    )


def heat_cell(
    value: float,
    bound: float,
    label: str,
    x: float,
    y: float,
    width: float,
    height: float,
    digits: int = 0,
) -> Markup:
    """A cell coloured by its value, fully at `bound`, with per cent in it unless that is zero."""
    share = value / bound if np.isfinite(value) else 0.0
    small = not np.isfinite(value) or abs(value) < 0.005 * 10.0**-digits
    text = "" if small else number(100 * value, digits)
    fill = diverging(share)
    told = tag("title", f"{label}: {percent(value, sign=True)}")
    box = tag("rect", told, x=x, y=y, width=width, height=height, fill=fill)
    if not text:
        return box
    place = {"x": x + width / 2, "y": y + 15.5}
    return box + tag("text", text, **place, class_="cell", fill=text_on(fill))
