"""What else could be held within the same limits, and what each regime would do to it."""

from __future__ import annotations

import pandas as pd

from .contents import RunContents
from .formats import join, percent, readable, sentence
from .tables import Column, Table

__all__ = ["alternatives_sentence", "alternatives_table"]

SHOWN = "expected_return", "over_cost", "active_risk"

LARGEST = 3
"""Holdings named of each portfolio."""


def alternatives_table(contents: RunContents) -> Table:
    """A row for each portfolio: return, risk, largest holdings, and the mean in each regime."""
    found = contents.alternatives
    regimes = [name for name in contents.scenarios.index if name in found.columns]
    heads = ["Expected return", "Over cost of equity", "CVaR", "Active risk"]
    columns = [
        Column("Portfolio", "text"),
        *map(Column, heads),
        *(Column(sentence(readable(str(name)))) for name in regimes),
        Column("Largest holdings", "text"),
    ]
    rows = [
        [sentence(str(name)), *_figures(row), _largest(contents, str(name))]
        for name, row in found[[*SHOWN[:2], _tail(found), *SHOWN[2:], *regimes]].iterrows()
    ]
    return Table(columns, rows)


def _figures(row: pd.Series) -> list[str]:
    gained, over, lost, active, *regimes = row.astype(float).tolist()
    told = [percent(gained, sign=True), percent(over, sign=True), percent(lost), percent(active)]
    return [*told, *(percent(x, 0, sign=True) for x in regimes)]


def alternatives_sentence(contents: RunContents) -> str:
    """What the choice gives and takes beside the benchmark."""
    found = contents.alternatives
    if not {"chosen", "benchmark"} <= set(found.index):
        return ""
    more = (found.loc["chosen"] - found.loc["benchmark"]).astype(float).to_dict()
    return (
        f"Beside the benchmark, all companies by market value, the choice is expected to return "
        f"{percent(more['expected_return'], sign=True)} a year at a CVaR that differs by "
        f"{percent(more[_tail(found)], sign=True)}, and to stray from it by "
        f"{percent(float(found['active_risk']['chosen']))}."
    )


def _tail(found: pd.DataFrame) -> str:
    return next(str(name) for name in found.columns if str(name).startswith("CVaR"))


def _largest(contents: RunContents, name: str) -> str:
    held = contents.alternative_weights[name].sort_values(ascending=False, kind="stable")
    told = [f"{contents.name(str(t))} {percent(w, 0)}" for t, w in held.head(LARGEST).items()]
    return join(told)
