"""The figure of docs/outlook.md: the paradox as a report draws it; docs/generate.py writes it."""

from __future__ import annotations

from typing import Final

import pandas as pd

from marketsim.reporting.paradox_section import DENSITY, paradox_legend, paradox_panels
from marketsim.reporting.sheet import sheet
from marketsim.reporting.svg import Floats, drawing, tag

TITLE: Final = "What a doubling of efficiency changes, by elasticity of demand for tokens"


def figure(rows: pd.DataFrame, elasticity: Floats) -> str:
    """Return the SVG document: a panel for each quantity, a line for each year and limits.

    Parameters
    ----------
    rows
        As in `ms.paradoxes.Paradox`, its table.
    elasticity
        Of draws, whose density stands at the foot of each panel.
    """
    shade = tag("rect", x=1, width=26, height=10, fill=DENSITY, class_="inner")
    likely = (drawing(28, 10, "", shade), "how likely each elasticity is")
    legend = [*paradox_legend(rows), likely]
    return sheet(paradox_panels(rows, elasticity), TITLE, columns=2, legend=legend)
