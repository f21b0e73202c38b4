"""The page of a batch: every job in one table, with a link to its own page."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from marketsim.files import REPORT

from .formats import MISSING, number, percent, readable, sentence
from .provenance import provenance
from .svg import tag
from .tables import Column, Table
from .template import render

__all__ = ["batch_html"]

SETTINGS: Final = (
    "period",
    "universe",
    "rebalance",
    "cost",
    "spread",
    "benchmark",
    "cash_yield",
    "scenarios",
    "prices",
)

FIGURES: Final = {
    "annual_return": "A year",
    "equal_weight_return": "Equal weight",
    "annual_volatility": "Volatility",
    "sharpe_ratio": "Sharpe ratio",
    "deflated_information": "Above luck",
    "tried": "Best of",
    "max_drawdown": "Worst fall",
    "annual_turnover": "Turnover",
    "annual_cost": "Costs",
}

FEW: Final = 3
"""Jobs of which the same is said that are named one by one."""

HINDSIGHT: Final = (
    "Companies were chosen with hindsight: compare with equal weight of the same ones. And the "
    "best of many variants looks better than it is: 'Above luck' is the probability that what a "
    "job earned beyond equal weight is more than the best of as many worthless ones shows. 'Best "
    "of' counts all that were tried over the same period at the same cost."
)


def batch_html(name: str, jobs: pd.DataFrame) -> str:
    """Return the page of a batch, as one file that needs nothing else.

    Parameters
    ----------
    name
        Of the batch.
    jobs
        See :func:`marketsim.batch.summary.summary_table`.
    """
    done = jobs[jobs["state"] == "done"]
    failed = jobs[jobs["state"].isin(["failed", "early"])]
    counts = {state: int((jobs["state"] == state).sum()) for state in ("done", "failed", "early")}
    told = ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)
    values = {
        "title": f"Batch {name}",
        "subtitle": f"{len(jobs):,} jobs: {told or 'none made'}",
        "merits": [],
        "hindsight": HINDSIGHT,
        "jobs": _table(done) if len(done) else None,
        "failed": _reasons(failed, "error"),
        "notes": _reasons(done, "notes"),
        "provenance": provenance({"jobs": len(jobs)}),
    }
    return render("batch.html.j2", values)


def _reasons(told: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    """Return jobs with what is said of them, those of which the same is said together."""
    found = []
    for says, jobs in told.groupby(column, sort=False)["job"]:
        found.append((", ".join(jobs) if len(jobs) <= FEW else f"{len(jobs)} jobs", str(says)))
    return found


def _table(done: pd.DataFrame) -> Table:
    """Best first by Sharpe ratio; settings that all share are left out."""
    differ = [key for key in SETTINGS if done[key].nunique(dropna=False) > 1]
    order = done.sort_values(["sharpe_ratio", "job"], ascending=[False, True], kind="stable")
    rows = [
        [
            _linked(str(job["job"]), str(job["strategy"])),
            *(_setting(job[key]) for key in differ),
            *(_figure(key, float(job[key])) for key in FIGURES),
        ]
        for job in order.to_dict("records")
    ]
    heads = [Column("Strategy", "text"), *(Column(sentence(readable(k)), "text") for k in differ)]
    return Table([*heads, *map(Column, FIGURES.values())], rows)


def _linked(job: str, strategy: str) -> Markup:
    return tag("a", strategy, href=f"jobs/{job}/{REPORT}")


def _setting(value: Any) -> str:
    return MISSING if pd.isna(value) else str(value)


def _figure(key: str, value: float) -> str:
    if math.isnan(value):
        return MISSING
    if key == "deflated_information":
        return percent(value, 0)
    if key == "tried":
        return f"{value:,.0f}"
    if key == "sharpe_ratio":
        return number(value, 2)
    return percent(value, 2 if key == "annual_cost" else 1, sign=key.endswith("return"))
