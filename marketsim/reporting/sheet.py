"""Small multiples as one SVG file that needs nothing beside it: for documents that show figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from .palette import INK
from .panels import HEIGHT, WIDTH, Panel
from .svg import tag

__all__ = ["sheet"]

GAP: Final = 22.0
HEAD: Final = 34.0
TITLE: Final = 30.0
STROKE: Final = 28.0, 10.0
"""Width and height of what stands for a line in a legend."""
ENTRY: Final = 17.0
"""Height of a row of a legend."""

STYLE: Final = f"""
text {{ font: 11px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }}
text:not([fill]) {{ fill: #5b6672; }}
.title {{ font-size: 15px; font-weight: 600; }}
.name {{ font-size: 12.5px; font-weight: 600; }}
.left {{ text-anchor: end; }} .mid {{ text-anchor: middle; }} .end {{ font-weight: 600; }}
.grid {{ stroke: #e6e9ed; fill: none; }} .tick {{ stroke: #9aa3ad; fill: none; }}
.outer {{ fill-opacity: .12; }} .inner {{ fill-opacity: .25; }}
.median {{ fill: none; stroke-width: 2; stroke-linejoin: round; }}
.history {{ fill: none; stroke-width: 2.2; stroke-linejoin: round; }}
.dot {{ fill: {INK}; }}
"""


def sheet(
    panels: Sequence[Panel],
    title: str,
    columns: int = 3,
    legend: Sequence[tuple[Markup, str]] = (),
    abreast: int = 3,
) -> str:
    """Return an SVG document of panels in rows, on white, with a title.

    Parameters
    ----------
    panels : sequence of Panel
        In reading order.
    title : str
        Above them, and the document's name to a screen reader.
    columns : int
        Panels side by side.
    legend : sequence of (Markup, str)
        Strokes, each an svg element, and what they stand for; below the title.
    abreast : int
        Entries of the legend side by side.
    """
    rows = -(-len(panels) // columns)
    width = columns * (WIDTH + GAP) - GAP + 20.0
    top = TITLE + ENTRY * -(-len(legend) // abreast)
    height = top + rows * (HEAD + HEIGHT + GAP)
    placed = [
        _placed(panel, 10.0 + (i % columns) * (WIDTH + GAP), _top(top, i // columns))
        for i, panel in enumerate(panels)
    ]
    apart = (width - 20.0) / abreast
    named = [
        _named(stroke, words, 10.0 + i % abreast * apart, TITLE + ENTRY * (i // abreast))
        for i, (stroke, words) in enumerate(legend)
    ]
    document = tag(
        "svg",
        tag("title", title),
        tag("style", Markup(STYLE)),
        tag("rect", width=width, height=height, fill="#ffffff"),
        tag("text", title, x=10, y=20, fill=INK, class_="title"),
        *named,
        *placed,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
    )
    return str(document) + "\n"


def _top(first: float, row: int) -> float:
    return first + row * (HEAD + HEIGHT + GAP)


def _named(stroke: Markup, words: str, x: float, y: float) -> Markup:
    """An entry of the legend."""
    width, height = STROKE
    return _at(stroke, x, y, width, height) + tag("text", words, x=x + width + 6, y=y + 9)


def _placed(panel: Panel, x: float, y: float) -> Markup:
    return (
        tag("text", panel.title, x=x, y=y + 14, fill=INK, class_="name")
        + tag("text", panel.note, x=x, y=y + 28)
        + _at(panel.figure, x, y + HEAD, WIDTH, HEIGHT)
    )


def _at(figure: Markup, x: float, y: float, width: float, height: float) -> Markup:
    """An svg element at a place and of a size within another."""
    given = f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
    return Markup(str(figure).replace("<svg ", given, 1))
