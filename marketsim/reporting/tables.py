"""The tables of a run, as text: the template only lays them out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from markupsafe import Markup

from .contents import RunContents
from .firmness import nearly, weight_range
from .formats import (
    MISSING,
    give_or_take,
    layer_name,
    measured,
    number,
    percent,
    percent_of_log,
    quantity,
    readable,
    sentence,
    trimmed,
)
from .marks import bar, range_bar, signed_bar
from .palette import INK, layer_colour, regime_styles

__all__ = [
    "Column",
    "Table",
    "allocation_table",
    "apart_sentence",
    "apart_table",
    "fit_table",
    "growth_regimes",
    "information_table",
    "neutral_table",
    "regime_table",
    "sensitivity_table",
    "slowest_regime",
    "top_assumptions",
    "valuation_table",
]

Kind = Literal["text", "number", "wide", "mark"]


@dataclass(frozen=True)
class Column:
    """A heading and how the cells below it are set."""

    label: str
    kind: Kind = "number"


@dataclass(frozen=True)
class Table:
    """Rows of text, or of figures made here, under their columns."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Markup]]


def slowest_regime(contents: RunContents) -> str | None:
    """The regime in which revenue of the holdings grows least, by weight; None if unknown."""
    held = contents.held
    growth = contents.growth.loc[held.index]
    changes = {regime: growth[regime].dropna() for regime in contents.regimes}
    means = {
        regime: float(np.average(known, weights=held[known.index]))
        for regime, known in changes.items()
        if len(known)
    }
    return min(means, key=means.__getitem__) if means else None


def growth_regimes(contents: RunContents) -> list[str]:
    """The regimes that get a column of growth: of many, the most probable and the slowest."""
    if not contents.crowded:
        return contents.regimes
    chosen = {*contents.likeliest(contents.FEW), slowest_regime(contents)}
    return [regime for regime in contents.regimes if regime in chosen]


def allocation_table(contents: RunContents) -> Table:
    """Holdings, largest first, with a bar each and the growth of revenue by scenario.

    The last columns are those of `growth_regimes`, so that a page's width holds them.
    """
    held, regimes = contents.held, growth_regimes(contents)
    columns = [
        Column("Ticker", "text"),
        Column("Company", "text"),
        Column("Layer", "text"),
        Column("Weight"),
        *([Column(f"Within {nearly(contents)}")] if len(contents.ranges) else []),
        Column("", "wide"),
        *(Column(sentence(readable(regime))) for regime in regimes),
    ]
    return Table(
        columns,
        [_holding(contents, str(t), float(held.max()), regimes) for t in held.index],
    )


def _holding(
    contents: RunContents, ticker: str, largest: float, regimes: Sequence[str]
) -> list[str | Markup]:
    layer, name = contents.layer(ticker), contents.name(ticker)
    weight = float(contents.held[ticker])
    growth = contents.growth.T[ticker].reindex(list(regimes)).tolist()
    return [
        ticker,
        name,
        layer_name(layer),
        percent(weight),
        *([weight_range(contents, ticker)] if len(contents.ranges) else []),
        bar(weight / largest, layer_colour(layer), f"{name}: {percent(weight)}"),
        *(percent(change, 0, sign=True) for change in growth),
    ]


REGIME_COLUMNS = {
    "probability": "Probability",
    "expected_return": "Expected return",
    "volatility": "Volatility",
    "VaR": "Value at risk",
    "CVaR": "Conditional value at risk",
    "worst": "Worst world",
}
SIGNED = ("worst",)


def regime_table(contents: RunContents) -> Table:
    """What each regime does to the portfolio, and all of them together."""
    table = contents.by_scenario
    known = [regime for regime in contents.regimes if regime in table.index]
    table = pd.concat([table.loc[known], _all_regimes(contents)])
    low = min(0.0, float((-table["CVaR"]).min()))
    high = max(0.0, float(table["expected_return"].max()))
    colours = {style.name: style.colour for style in regime_styles(contents.regimes)}
    rows = [
        [
            sentence(readable(regime)),
            percent(row["probability"], 0),
            f"{measured(row['expected_return'], row['error'])}{give_or_take(row['error'])}",
            *(percent(row[name], sign=name in SIGNED) for name in list(REGIME_COLUMNS)[2:]),
            range_bar(row, low, high, colours.get(str(regime), INK)),
        ]
        for regime, row in table.iterrows()
    ]
    heads = [Column(label) for label in REGIME_COLUMNS.values()]
    return Table([Column("Scenario", "text"), *heads, Column("", "mark")], rows)


def _all_regimes(contents: RunContents) -> pd.DataFrame:
    row = {name: contents.risk(name) for name in REGIME_COLUMNS} | {"probability": 1.0}
    return pd.DataFrame({**row, "error": np.nan}, index=["all together"])


def top_assumptions(contents: RunContents, count: int) -> pd.DataFrame:
    """The assumptions that move the portfolio most, by size of one standard deviation."""
    sizes = contents.sensitivities["portfolio_per_sd"].abs().dropna()
    order = sizes.sort_index().sort_values(ascending=False, kind="stable").index[:count]
    return contents.sensitivities.loc[order]


def sensitivity_table(contents: RunContents, count: int = 12) -> Table:
    """The tornado: one signed bar an assumption, largest first, and what it does to the tail."""
    top = top_assumptions(contents, count)
    largest = float(top["portfolio_per_sd"].abs().max()) if len(top) else 0.0
    tails = [str(c) for c in top.columns if re.fullmatch(r"CVaR\([\d.]+\)_per_sd", str(c))]
    columns = [
        Column("Assumption", "text"),
        Column("Value"),
        Column("Sd"),
        Column("", "wide"),
        Column("Return"),
        *(Column(name.removesuffix("_per_sd")) for name in tails),
    ]
    rows = [
        [*_assumption(str(name), row, largest), *(percent(float(row[t]), sign=True) for t in tails)]
        for name, row in top.iterrows()
    ]
    return Table(columns, rows)


def information_table(contents: RunContents, count: int = 6) -> Table:
    """What it would be worth to know beforehand, dearest first: what chance cannot seem to be."""
    columns = [Column("Known beforehand", "text"), Column("Worth"), Column("Traded")]
    found = contents.information
    if len(found):
        found = found[found["beyond_chance"].astype(bool)]
    rows = [
        [
            sentence(readable(str(name))),
            percent(float(row["net"]), sign=True),
            percent(float(row["moved"])),
        ]
        for name, row in found.head(count).iterrows()
    ]
    return Table(columns, rows)


def apart_table(contents: RunContents, count: int = 8) -> Table:
    """What sets the portfolio's best regime apart from its worst, largest first, then the rest."""
    worst, best = (sentence(readable(name)) for name in contents.apart_regimes)
    columns = [Column("Assumption", "text"), Column(worst), Column(best), Column("Return")]
    table = contents.apart
    if not len(table):
        return Table(columns, [])
    own = table[table["meaning"].notna()]
    rows = [
        [
            Markup("<b>{}</b><small>{}</small>").format(
                sentence(readable(str(name))), str(row["meaning"])
            ),
            *(quantity(float(row[side]), str(row["unit"])) for side in ("start", "end")),
            percent(float(row["portfolio"]), sign=True),
        ]
        for name, row in own.head(count).iterrows()
    ]
    others = own["portfolio"].iloc[count:]
    left = table["portfolio"].drop(index=own.index)
    more = {"other assumptions": others.sum()} if len(others) else {}
    rows += [
        [sentence(str(name)), MISSING, MISSING, percent(float(added), sign=True)]
        for name, added in (more | left.to_dict()).items()
    ]
    return Table(columns, rows)


def apart_sentence(contents: RunContents) -> str:
    """By how much the portfolio returns more in its best regime; nothing where there is none."""
    if not len(contents.apart):
        return ""
    worst, best = map(readable, contents.apart_regimes)
    whole = float(contents.apart["portfolio"].sum())
    return (
        f"Why the portfolio returns {number(100 * whole, 1)} points more in {best} than in {worst}"
    )


def valuation_table(contents: RunContents, count: int = 6) -> Table:
    """What valuation assumes that moves the portfolio most; no rows where that is not known.

    Where it is known what moves it beside the benchmark, that counts, and the pull, by which it
    is chosen, is always among them.
    """
    found = contents.valuation
    told = {"portfolio_per_sd": "Return", "relative_per_sd": "Over the benchmark"}
    told = {name: head for name, head in told.items() if name in found}
    columns = [Column("What valuation assumes", "text"), *map(Column, ["Value", *told.values()])]
    if not told:
        return Table(columns, [])
    felt = found[list(told)].astype(float).dropna()
    order = felt[list(told)[-1]].abs().sort_values(ascending=False, kind="stable").index
    shown = [name for place, name in enumerate(order) if place < count or name == "pull"]
    rows = [
        [
            Markup("<b>{}</b><small>{}</small>").format(
                sentence(readable(str(name))), str(found["meaning"][name])
            ),
            quantity(float(found["value"][name]), str(found["unit"][name])),
            *(percent(float(felt[kind][name]), sign=True) for kind in told),
        ]
        for name in shown
    ]
    return Table(columns, rows)


def neutral_table(contents: RunContents) -> Table:
    """What the choice is neutral to: how far it hangs on it, with that limit and without."""
    columns = [
        Column("Neutral to", "text"),
        Column("Within"),
        Column("Exposure"),
        Column("Without"),
        Column("A point more adds"),
        Column("Held against it", "text"),
    ]
    rows = [
        [
            sentence(readable(str(name))),
            percent(float(row["within"]), 2),
            percent(float(row["exposure"]), 2, sign=True),
            percent(float(row["without"]), 2, sign=True),
            number(float(row["price"]), 3),
            str(row["against"]) or MISSING,
        ]
        for name, row in contents.neutral.iterrows()
    ]
    return Table(columns, rows)


def _assumption(name: str, row: pd.Series[float], largest: float) -> list[str | Markup]:
    effect = float(row["portfolio_per_sd"])
    title = Markup("<b>{}</b><small>{}</small>").format(
        sentence(readable(name)), str(row["meaning"])
    )
    return [
        title,
        quantity(float(row["value"]), str(row["unit"])),
        _spread(float(row["sd"]), str(row["unit"])),
        signed_bar(effect / (largest or 1.0), f"{readable(name)}: {percent(effect, sign=True)}"),
        percent(effect, sign=True),
    ]


def _spread(sd: float, unit: str) -> str:
    return percent(sd) if unit == "fraction" else trimmed(sd)


def fit_table(contents: RunContents) -> Table:
    """Every calibrated series: how far the model typically is, and the last quarter."""
    columns = [
        Column("Series", "text"),
        Column("Unit", "text"),
        Column("Points"),
        Column("Typical error"),
        Column("Bias"),
        Column("Last reported"),
        Column("Modelled"),
        Column("Confidence", "text"),
    ]
    cells: dict[str, Callable[[object], str]] = {
        "series": lambda v: sentence(readable(v)),
        "unit": str,
        "n": lambda n: number(_real(n), 0),
        "rmse_log": lambda v: percent_of_log(_real(v)),
        "bias_log": lambda v: percent_of_log(_real(v), sign=True),
        "last_reported": lambda v: number(_real(v)),
        "last_modelled": lambda v: number(_real(v)),
        "confidence": str,
    }
    rows = [
        [cells[name](row[name]) or MISSING for name in cells] for _, row in contents.fit.iterrows()
    ]
    return Table(columns, rows)


def _real(value: object) -> float:
    return float(np.asarray(value, dtype=np.float64))
