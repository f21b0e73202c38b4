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


def sheet(panels: Sequence[Panel], title: str, columns: int = 3) -> str:
    """Return an SVG document of panels in rows, on white, with a title.

    Parameters
    ----------
    panels : sequence of Panel
        In reading order.
    title : str
        Above them, and the document's name to a screen reader.
    columns : int
        Panels side by side.
    """
    rows = -(-len(panels) // columns)
    width = columns * (WIDTH + GAP) - GAP + 20.0
    height = TITLE + rows * (HEAD + HEIGHT + GAP)
    placed = [
        _placed(panel, 10.0 + (i % columns) * (WIDTH + GAP), _top(i // columns))
        for i, panel in enumerate(panels)
    ]
    document = tag(
        "svg",
        tag("title", title),
        tag("style", Markup(STYLE)),
        tag("rect", width=width, height=height, fill="#ffffff"),
        tag("text", title, x=10, y=20, fill=INK, class_="title"),
        *placed,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
    )
    return str(document) + "\n"


def _top(row: int) -> float:
    return TITLE + row * (HEAD + HEIGHT + GAP)


def _placed(panel: Panel, x: float, y: float) -> Markup:
    figure = str(panel.figure).replace(
        "<svg ", f'<svg x="{x:g}" y="{y + HEAD:g}" width="{WIDTH:g}" height="{HEIGHT:g}" ', 1
    )
    return (
        tag("text", panel.title, x=x, y=y + 14, fill=INK, class_="name")
        + tag("text", panel.note, x=x, y=y + 28)
        + Markup(figure)
    )
