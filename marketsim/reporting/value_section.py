"""What companies are worth to the model beside the market, and what prices imply."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from .columns import OPTIONAL
from .contents import RunContents
from .formats import amount, join, layer_name, number, percent, readable, sentence
from .palette import layer_colour
from .svg import Scale, drawing, tag
from .tables import Column, Table

__all__ = [
    "assumed_sentence",
    "expected_parts",
    "implied_table",
    "value_figure",
    "value_legend",
    "value_sentence",
    "value_table",
]

NEAR: Final = 0.4, 2.5
"""Model over market: between them the model is taken to know the company."""
SKEWED: Final = 1.5
"""Mean over median of worlds from which on the median is told beside it."""
SHOWN: Final = 0.02, 50.0
"""Model over market at the ends of the figure, at the farthest; what lies beyond lies there."""
MARKS: Final = (0.02, 0.05, 0.1, 0.2, NEAR[0], 1.0, NEAR[1], 5.0, 10.0, 20.0, 50.0)
FIGURES: Final = [name for name in OPTIONAL["value"] if name != "gaps"]
PARTS: Final = ("carry", "regimes", "pull")
LEAST: Final = 5e-4
"""Of an expected return: less rounds to nothing."""
ASSUMED: Final = ("risk_free", "equity_premium", "pull")
WIDTH, LEFT, RIGHT = 1060.0, 150.0, 40.0
TOP, ROW = 6.0, 19.0


def value_sentence(contents: RunContents) -> str:
    """What share of companies the model values near the market, and which not."""
    ratio = _ratios(contents)
    if ratio.empty:
        return ""
    near = ratio.between(*NEAR)
    counted = f"{int(near.sum())} of {len(ratio)} companies ({percent(near.mean(), 0)})"
    low, high = ratio[ratio < NEAR[0]].iloc[::-1], ratio[ratio > NEAR[1]]
    sides = [
        f"; {word} it {join(_missed(contents, str(t), r) for t, r in side.items())}"
        for word, side in (("below", low), ("above", high))
        if len(side)
    ]
    span = f"{NEAR[0]:g} to {NEAR[1]:g} times what the market does"
    return f"The model values {counted} at {span}{''.join(sides)}.{_unexplained(contents)}"


def _unexplained(contents: RunContents) -> str:
    """Whose price no margin explains, and what is missing at a margin of one."""
    short = contents.value["margin_shortfall"].astype(float).dropna().sort_values(ascending=False)
    if short.empty:
        return ""
    named = join(f"{contents.name(str(t))} ({percent(x, 0)} short)" for t, x in short.items())
    return f" No margin explains the price of {named}: were all revenue profit it would not do."


def _missed(contents: RunContents, ticker: str, ratio: float) -> str:
    gaps = str(contents.value.loc[ticker, "gaps"] or "")
    middle = float(contents.value["middle_over_market"].astype(float)[ticker])
    skewed = f", {_times(middle)} in the middle world" if ratio > SKEWED * middle else ""
    told = f"; {join(map(readable, gaps.split(', ')))} unknown" if gaps else ""
    return f"{contents.name(ticker)} ({_times(ratio)}{skewed}{told})"


def assumed_sentence(contents: RunContents) -> str:
    """What valuation assumes; nothing where it is not told."""
    if not set(ASSUMED) <= set(contents.valuation.index):
        return ""
    told = contents.valuation["value"].astype(float)
    risk_free, premium, pull = (percent(told[name]) for name in ASSUMED)
    return (
        f"Valuation assumes a return of {risk_free} a year without risk, a premium of {premium} "
        f"for shares of average risk, and prices that come back to the model's value by {pull} of "
        "the distance a year."
    )


def value_table(contents: RunContents) -> Table:
    """A row for each company, the dearest to the model first."""
    growth = growth_head(contents)
    heads = [
        "Market value, USD",
        "Model over market",
        "Middle world",
        f"{growth}, model",
        f"{growth}, implied",
        "Margin, model",
        "Margin, implied",
        "EV over profit",
        "All",
        *(sentence(name) for name in expected_parts(contents)),
    ]
    columns = [Column("Company", "text"), Column("Layer", "text"), *map(Column, heads)]
    return Table(columns, [_company(contents, str(t), row) for t, row in _sorted(contents)])


def growth_head(contents: RunContents) -> str:
    """What growth is told of: years from the last four quarters reported to the last shown."""
    return f"Growth a year to {contents.revenue_fan['quarter_end'].max().year}"


def _company(contents: RunContents, ticker: str, row: pd.Series) -> list[str | Markup]:
    own = row[FIGURES].astype(float)
    return [
        contents.name(ticker),
        layer_name(contents.layer(ticker)),
        amount(own["market_cap"]),
        _times(own["value_over_market"]),
        _times(own["middle_over_market"]),
        percent(own["model_growth"], 0, sign=True),
        percent(own["implied_growth"], 0, sign=True),
        percent(own["model_margin"], 0),
        _margin(own),
        _times(own["enterprise_over_profit"], 1),
        percent(own["expected_return"], sign=True),
        *(percent(own[name], sign=True) for name in expected_parts(contents)),
    ]


def expected_parts(contents: RunContents) -> list[str]:
    """The parts of expected returns that have a column: none that rounds to nothing throughout."""
    table = contents.value
    return [name for name in PARTS if len(table) and table[name].astype(float).abs().max() >= LEAST]


def _margin(own: pd.Series[float]) -> str:
    """The margin that the price implies, or that all of revenue would not do."""
    return (
        "over 100 %" if np.isfinite(own["margin_shortfall"]) else percent(own["implied_margin"], 0)
    )


def _sorted(contents: RunContents) -> list[tuple[object, pd.Series]]:
    value = contents.value
    if not len(value):
        return []
    return list(value.sort_values("value_over_market", ascending=False, kind="stable").iterrows())


def value_legend(contents: RunContents) -> list[tuple[str, str]]:
    """Colour and name of each layer in the figure, in the order of the layers."""
    shown = {contents.layer(str(ticker)) for ticker in _ratios(contents).index}
    order = [*dict.fromkeys(contents.layers.values()), "other"]
    return [(layer_colour(x), layer_name(x)) for x in dict.fromkeys(order) if x in shown]


def value_figure(contents: RunContents) -> Markup:
    """The model's value over the market's, company by company, in powers of ten."""
    ratio = _ratios(contents)
    if ratio.empty:
        return Markup("")
    low, high = np.clip([ratio.min() / 1.6, 1.6 * ratio.max()], *SHOWN)
    x = Scale(min(low, 0.3), max(high, 3.5), LEFT, WIDTH - RIGHT, log=True)
    bottom = TOP + ROW * len(ratio)
    rows = [_row(contents, str(t), r, x, i) for i, (t, r) in enumerate(ratio.items())]
    return drawing(
        WIDTH, bottom + 20, "The model's value over the market's", _ground(x, bottom), *rows
    )


def _ground(x: Scale, bottom: float) -> Markup:
    """The band of what is near, a grid across, the market's value in ink."""
    left, right = map(x, NEAR)
    band = tag("rect", x=left, y=TOP, width=right - left, height=bottom - TOP, fill="#f6f7f9")
    marks = [
        tag(
            "path",
            d=f"M{x(v):.1f} {TOP:g}V{bottom:.1f}",
            class_="tick" if v == 1.0 else "grid",
        )
        + tag("text", f"{v:g}", x=x(v), y=bottom + 15, class_="mid")
        for v in MARKS
        if x.low <= v <= x.high
    ]
    return Markup("").join([band, *marks])


def _row(contents: RunContents, ticker: str, ratio: float, x: Scale, place: int) -> Markup:
    """A company's name, a stem from the market's value and a dot at the model's."""
    layer, name = contents.layer(ticker), contents.name(ticker)
    at, y = x(float(np.clip(ratio, x.low, x.high))), TOP + ROW * (place + 0.5)
    colour, side = layer_colour(layer), 1.0 if ratio >= 1.0 else -1.0
    told = tag("title", f"{name}, {layer_name(layer).lower()}: {_times(ratio)}")
    return Markup("").join(
        [
            tag("text", name, x=LEFT - 8, y=y + 3.5, class_="left"),
            tag("path", d=f"M{x(1.0):.1f} {y:.1f}H{at:.1f}", stroke=colour, class_="median"),
            tag("circle", told, cx=at, cy=y, r=4.5, fill=colour),
            tag("text", _times(ratio), x=at + 9 * side, y=y + 3.5, class_=_anchor(side)),
        ]
    )


def _anchor(side: float) -> str | None:
    return "left" if side < 0.0 else None


def _ratios(contents: RunContents) -> pd.Series[float]:
    """Model over market, highest first, of companies whose market value is known."""
    if not len(contents.value):
        return pd.Series(dtype=float)
    known = contents.value["value_over_market"].astype(float).dropna()
    return known.sort_values(ascending=False, kind="stable")


def _times(ratio: float, digits: int = 2) -> str:
    """A ratio as a reader wants it: decimals below ten alone."""
    return number(ratio, digits if abs(ratio) < 9.95 else 0)


def implied_table(contents: RunContents) -> Table:
    """What the prices of every layer assume, one belief at a time."""
    found = contents.implied
    heads = {"growth": growth_head(contents), "elasticity": "Elasticity"}
    told = {b: name for b, name in heads.items() if f"{b}_implied" in found}
    odds = [f"odds_{r}" for r in contents.likeliest(3) if f"odds_{r}" in found]
    columns = [Column("Layer", "text"), Column("Model / market")]
    for name in told.values():
        columns += [Column(f"{name}, model"), Column(f"{name}, implied")]
    columns += [Column(f"{sentence(readable(o.removeprefix('odds_')))}, implied") for o in odds]
    rows = []
    for layer, row in found.iterrows():
        cells: list[str | Markup] = [
            "All companies" if layer == "all" else layer_name(str(layer)),
            number(float(row["value_over_market"]), 2),
        ]
        for b in told:
            form = _rate if b == "growth" else _two
            met = np.isnan(row[f"{b}_left"])
            implied = form(float(row[f"{b}_implied"])) if met else "none does"
            cells += [form(float(row[f"{b}_model"])), implied]
        met = abs(row["odds_left"]) < MET
        cells += [percent(float(row[o]), 0) if met else "none do" for o in odds]
        rows.append(cells)
    return Table(columns, rows)


MET: Final = 1e-6
"""Of ln of value over the market's: there a mix explains it."""


def _rate(logs: float) -> str:
    return percent(float(np.expm1(logs)), 0, sign=True)


def _two(value: float) -> str:
    return number(value, 2)
