"""Why each company is held, what else could be, and what each regime would do to it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from .contents import RunContents
from .formats import MISSING, NARROW, give_or_take, join, number, percent, readable, sentence
from .tables import Column, Table, growth_regimes

__all__ = [
    "alternatives_sentence",
    "alternatives_table",
    "edge_sentence",
    "parts_table",
    "reasons_sentence",
    "reasons_table",
    "trades_sentence",
    "trades_table",
]

UNPULLED = "if prices do not come back"
"""What would be best if prices did not come back to the model's value, among the alternatives."""

HELD = 5e-4
"""Smaller weights are none to a reader."""

LARGEST = 3
"""Holdings named of each portfolio."""


def reasons_table(contents: RunContents) -> Table:
    """A row for each holding and each notable absence: figures, then why in a sentence."""
    found = contents.reasons[contents.reasons["notable"] != ""]
    columns = [
        Column("Company", "text"),
        Column("Weight"),
        Column("Expected return"),
        Column("Points above elsewhere"),
        Column("Share of loss"),
        Column("Why", "text"),
    ]
    return Table(columns, [_reason(contents, str(t), row) for t, row in found.iterrows()])


def _reason(contents: RunContents, ticker: str, row: pd.Series) -> list[str]:
    held = str(row["notable"]) == "held"
    more = 100.0 * float(row["reduced_cost"])
    return [
        contents.name(ticker),
        percent(float(row["weight"])) if held else MISSING,
        percent(float(row["expected_return"]), sign=True),
        f"{number(more, 1, sign=True)}{give_or_take(float(row.get('error', np.nan)))}",
        percent(float(row["risk_share"]), 0) if held else MISSING,
        _set(sentence(str(row["sentence"]))),
    ]


def _set(text: str) -> str:
    """A plain sentence with the signs and spaces of a page."""
    return re.sub(r"(?<=\d) (?=%)", NARROW, re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", text))


def reasons_sentence(contents: RunContents) -> str:
    """What a point more of risk would bring; nothing where none is limited."""
    duals = contents.allocation.duals
    prices = [
        float(x) for name, x in duals.items() if re.fullmatch(r"CVaR\(.*\)\.at_most", str(name))
    ]
    if not prices:
        return ""
    if prices[0] < 1e-6:
        return "The budget of risk holds nothing back here: more of it would add no return."
    return (
        f"A point more of CVaR in the budget would add {number(prices[0], 3)} points of expected "
        "return, and that is the price at which risk is charged."
    )


def trades_table(contents: RunContents) -> Table:
    """A row for each trade, sales first: weights, money, and shares at the close."""
    heads = ["Weight now", "Weight then", "Change", "USD", "Shares", "At"]
    columns = [Column("Company", "text"), *map(Column, heads)]
    rows = [
        [
            contents.name(str(ticker)),
            percent(float(row["weight_now"])),
            percent(float(row["weight_then"])),
            percent(float(row["change"]), sign=True),
            _known(float(row["money"]), 0),
            _known(float(row["shares"]), 1),
            MISSING if pd.isna(row["close"]) else number(float(row["close"]), 2),
        ]
        for ticker, row in contents.trades.iterrows()
    ]
    return Table(columns, rows)


def _known(value: float, digits: int) -> str:
    return MISSING if pd.isna(value) else number(value, digits, sign=True)


def trades_sentence(contents: RunContents) -> str:
    """How much changes hands, and at what cost; nothing where it is not known what is held."""
    if contents.trades.empty:
        return ""
    turnover = 0.5 * float(contents.trades["change"].abs().sum())
    cost = float(contents.trades["cost"].sum())
    told = f", at a cost of {percent(cost, 2)} of the whole" if cost > 0.0 else ""
    return f"{percent(turnover)} of the portfolio changes hands{told}."


def parts_table(contents: RunContents) -> Table:
    """A row for each layer held, and for each regime: what it adds to return and to loss."""
    found = contents.parts
    if found.empty:
        return Table([], [])
    kept = found[(found["by"] != "name") & (found["weight"].fillna(1.0).abs() > HELD)]
    layers, regimes = (
        kept[kept["by"] == by].sort_values("loss", ascending=False, kind="stable")
        for by in ("layer", "regime")
    )
    columns = [
        Column("Layer, then scenario", "text"),
        Column("Weight, or odds"),
        *map(Column, ["Adds to return", "Share of return", "Adds to loss", "Share of loss"]),
    ]
    rows = [
        [
            sentence(readable(str(row["part"]))),
            MISSING if pd.isna(row["weight"]) else percent(float(row["weight"])),
            percent(float(row["expected_return"]), sign=True),
            _share(float(row["return_share"])),
            percent(float(row["loss"]), sign=True),
            _share(float(row["loss_share"])),
        ]
        for _, row in pd.concat([layers, regimes]).iterrows()
    ]
    return Table(columns, rows)


def _share(part: float) -> str:
    return MISSING if np.isnan(part) else percent(part, 0)


def alternatives_table(contents: RunContents) -> Table:
    """A row for each portfolio: return, risk, largest holdings, and the mean by regime.

    Of many regimes it is those of `growth_regimes`, so that a page's width holds them.
    """
    found = contents.alternatives
    regimes = [name for name in growth_regimes(contents) if name in found.columns]
    signs = {"expected_return": "Expected return", "over_cost": "Over cost of equity"}
    if "without_pull" in found:
        signs["without_pull"] = "Without pull"
    risks = {_tail(found): "CVaR", "active_risk": "Active risk"}
    columns = [
        Column("Portfolio", "text"),
        *map(Column, [*signs.values(), *risks.values(), "Cash"]),
        *(Column(sentence(readable(str(name)))) for name in regimes),
        Column("Largest holdings", "text"),
    ]
    rows = [
        [
            sentence(str(name)),
            *(percent(float(row[x]), sign=True) for x in signs),
            *(percent(float(row[x])) for x in risks),
            percent(float(row["cash"]), 0),
            *(percent(float(row[x]), 0, sign=True) for x in regimes),
            _largest(contents, str(name)),
        ]
        for name, row in found.iterrows()
    ]
    return Table(columns, rows)


def edge_sentence(contents: RunContents) -> str:
    """What of the return over the benchmark is that prices come back to the model's value.

    Nothing where the parts of expected returns are not known, or prices are not pulled.
    """
    found, table = contents.alternatives, contents.reasons
    known = {"chosen", "benchmark"} <= set(found.index) and "without_pull" in found
    if not known or "pull" not in table or not table["pull"].astype(float).abs().sum() > 0.0:
        return ""
    held = contents.alternative_weights
    tilt = (held["chosen"] - held["benchmark"]).reindex(table.index).fillna(0.0)
    pulled = float((tilt * table["pull"].astype(float)).sum())
    whole = float(found["expected_return"]["chosen"] - found["expected_return"]["benchmark"])
    still = {name: percent(float(x), sign=True) for name, x in found["without_pull"].items()}
    best = f", and the best within the same limits {still[UNPULLED]}" if UNPULLED in still else ""
    return (
        f"It is expected to return {_points(whole)} points more than the benchmark, of which "
        f"{_points(pulled)} because prices come back to the model's value (pull)"
        f"{_doubt(contents)}. If they did not, it would return {still['chosen']}, the benchmark "
        f"{still['benchmark']}{best}."
    )


def _doubt(contents: RunContents) -> str:
    """What a standard deviation of the pull does to that, and what is known of it."""
    found = contents.valuation
    if "relative_per_sd" not in found or "pull" not in found.index:
        return ""
    more = number(100 * abs(float(found["relative_per_sd"].astype(float)["pull"])), 1)
    source = f" ({found['source']['pull']})" if "source" in found else ""
    return f", give or take {more} for one standard deviation of its speed{source}"


def _points(fraction: float) -> str:
    return number(100 * fraction, 1, sign=True)


def alternatives_sentence(contents: RunContents) -> str:
    """What the choice gives and takes beside the benchmark."""
    found = contents.alternatives
    if not {"chosen", "benchmark"} <= set(found.index):
        return ""
    more = (found.loc["chosen"] - found.loc["benchmark"]).astype(float).to_dict()
    return (
        f"Beside the benchmark, {_benchmark(contents)}, the choice is expected to return "
        f"{percent(more['expected_return'], sign=True)} a year at a CVaR that differs by "
        f"{percent(more[_tail(found)], sign=True)}, and to stray from it by "
        f"{percent(float(found['active_risk']['chosen']))}.{_uninvested(found)}"
    )


def _uninvested(found: pd.DataFrame) -> str:
    """What of the choice is in cash beside the benchmark, where there is any."""
    mine, theirs = (float(found["cash"][name]) for name in ("chosen", "benchmark"))
    if max(mine, theirs) < 5e-4:
        return ""
    return f" {percent(mine)} of it is cash, of the benchmark {percent(theirs)}."


def _benchmark(contents: RunContents) -> str:
    arguments = contents.meta.get("arguments") or {}
    return "the weights given" if arguments.get("benchmark") else "all companies by market value"


def _tail(found: pd.DataFrame) -> str:
    return next(str(name) for name in found.columns if str(name).startswith("CVaR"))


def _largest(contents: RunContents, name: str) -> str:
    held = contents.alternative_weights[name].sort_values(ascending=False, kind="stable")
    held = held[held >= HELD]
    told = [f"{contents.name(str(t))} {percent(w, 0)}" for t, w in held.head(LARGEST).items()]
    return join(told) if told else MISSING
