"""Where a backtest's wealth came from, by layer and by company, and how it was spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from ..backtesting.attribution import UNKNOWN
from ..backtesting.market import PAID
from ..backtesting.views import ODDS
from ..returns import CASH
from .backtest_figures import evenly
from .formats import count, layer_name, number, percent, readable, sentence
from .marks import signed_bar
from .tables import Column, Table

if TYPE_CHECKING:
    from ..backtesting import BacktestResult

__all__ = [
    "companies_table",
    "exposure",
    "gains_sentence",
    "layers_table",
    "shares",
    "views_table",
    "with_cash",
]

MOST_COMPANIES = 15
APART = (CASH, PAID)  # what stands at the end, by itself


def gains_sentence(result: BacktestResult) -> str:
    """What was gained, and how much of it the companies that gained most made."""
    gained = _gained(result)
    whole, top = float(gained.sum()), gained.drop(list(APART)).nlargest(3)
    if not whole > 0.0 or top.empty:
        return f"Of 1 invested at the start {number(1.0 + whole, 2)} was left."
    few = "company" if len(top) == 1 else f"{count(len(top))} companies"
    return (
        f"Of 1 invested at the start, {number(whole, 2)} was gained; the {few} that gained most "
        f"made {percent(float(top.sum()) / whole, 0)} of it."
    )


def layers_table(result: BacktestResult) -> Table:
    """A row for each layer, the largest gain first, then cash, costs and their sum."""
    gained = _ordered(result.attribution("layer"))
    rows = [[sentence(readable(name)), *_figures(gained, str(name))] for name in gained.index]
    rows += [[label, *figures] for label, figures in _sums(result, gained)]
    return Table([Column("Layer", "text"), *_heads()], rows)


def companies_table(result: BacktestResult) -> Table:
    """A row for each of the companies with the largest gains and losses, and all the rest."""
    gained = _gained(result)
    companies = gained.drop(list(APART))
    sizes = companies.abs().sort_index().sort_values(ascending=False, kind="stable")
    shown, rest = sizes.index[:MOST_COMPANIES], sizes.index[MOST_COMPANIES:]
    few = companies[shown].sort_values(ascending=False, kind="stable")
    others = pd.Series({f"{count(len(rest))} others": companies[rest].sum()} if len(rest) else {})
    told = pd.concat([few, others.astype(float), gained[list(APART)]])
    layers = {str(ticker): layer_name(result.layers.get(str(ticker), "")) for ticker in shown}
    rows = [
        [name if name in layers else sentence(name), layers.get(name, ""), *_figures(told, name)]
        for name in map(str, told.index)
    ]
    rows += [[label, "", *figures] for label, figures in _sums(result, told)]
    return Table([Column("Company", "text"), Column("Layer", "text"), *_heads()], rows)


def views_table(result: BacktestResult) -> Table | None:
    """A row for equal weight, the rule and the odds of each regime, then costs and their sum."""
    if result.views is None:
        return None
    gained = result.attribution("view").astype(float)
    believed, told = result.views.odds["believed"], len(result.views.odds) > 0
    even = percent(1.0 / len(believed), 0) if told else ""
    rows: list[list[str | Markup]] = []
    for name in map(str, gained.index):
        odds = believed.get(name.removeprefix(ODDS)) if name.startswith(ODDS) else None
        shown = ["", ""] if odds is None else [percent(float(odds), 0), even]
        rows.append([sentence(readable(name)), *(shown if told else []), *_figures(gained, name)])
    blank = ["", ""] if told else []
    rows += [[label, *blank, *figures] for label, figures in _sums(result, gained)]
    heads = [Column("Believed"), Column("Even")] if told else []
    return Table([Column("View", "text"), *heads, *_heads()], rows)


def exposure(result: BacktestResult) -> pd.DataFrame:
    """Shares of wealth by layer on evenly taken dates, largest on average first, cash last.

    Without a column where no layer is known.
    """
    held = shares(with_cash(result))
    named = [CASH if t == CASH else result.layers.get(str(t), UNKNOWN) for t in held.columns]
    found = held.T.groupby(named).sum().T
    means = found.mean().sort_index().sort_values(ascending=False, kind="stable")
    order = [*(x for x in means.index if x not in (CASH, UNKNOWN)), UNKNOWN, CASH]
    found = found[[name for name in order if name in found and found[name].max() > 0.0]]
    return found if set(found.columns) - {CASH, UNKNOWN} else found.iloc[:, :0]


def shares(holdings: pd.DataFrame) -> pd.DataFrame:
    """Holdings as shares of their sum, on dates evenly taken so that the page stays small."""
    held = evenly(holdings).fillna(0.0)
    return held.div(held.sum(axis=1), axis=0).fillna(0.0)


def with_cash(result: BacktestResult) -> pd.DataFrame:
    """Holdings, and cash beside them where there is any."""
    kept = result.cash.abs().max() > 1e-9
    return result.holdings.assign(**{CASH: result.cash}) if kept else result.holdings


def _gained(result: BacktestResult) -> pd.Series[float]:
    return result.attribution("ticker").astype(float)


def _ordered(gained: pd.Series[float]) -> pd.Series[float]:
    parts = gained.drop(list(APART)).sort_values(ascending=False, kind="stable")
    return pd.concat([parts, gained[list(APART)]])


def _heads() -> list[Column]:
    return [Column("Gained, of 1"), Column("", "wide"), Column("Of the whole")]


def _figures(gained: pd.Series[float], name: str) -> list[str | Markup]:
    value, largest = float(gained[name]), float(gained.abs().max()) or 1.0
    return [
        number(value, 3, sign=True),
        signed_bar(value / largest, f"{name}: {number(value, 3, sign=True)}"),
        percent(_ratio(value, float(gained.sum()))),
    ]


def _sums(result: BacktestResult, gained: pd.Series[float]) -> list[tuple[str, list[str]]]:
    """The sum of a table, and the wealth gained as the walk has it."""
    whole, grown = float(gained.sum()), float(result.wealth.iloc[-1]) - 1.0
    return [
        ("Sum", [number(whole, 3, sign=True), "", percent(_ratio(whole, whole))]),
        ("Final wealth less 1", [number(grown, 3, sign=True), "", percent(_ratio(grown, whole))]),
    ]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
