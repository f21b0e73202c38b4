"""What each regime does to the portfolio, in sentences; of many regimes, those that matter most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .contents import RunContents
from .firmness import SURE
from .formats import count, join, measured, percent, readable, usd_bn
from .tables import growth_regimes, slowest_regime

__all__ = ["bands_note", "columns_note", "flagship_revenue", "regime_returns"]


def regime_returns(contents: RunContents) -> str:
    """The portfolio's return by regime; of many, the two best, the two worst, the likeliest."""
    table = contents.by_scenario
    table = table.loc[[regime for regime in contents.regimes if regime in table.index]]
    if table.empty:
        return ""
    return _few_returns(contents, table) if contents.crowded else _all_returns(contents, table)


def _all_returns(contents: RunContents, table: pd.DataFrame) -> str:
    means = join(
        f"{measured(row['expected_return'], row['error'])} in the {readable(regime)} scenario "
        f"({percent(row['probability'], 0)} likely)"
        for regime, row in table.iterrows()
    )
    tails = join(percent(-loss, sign=True) for loss in table["CVaR"])
    return (
        f"The portfolio returns on average {means}. In the {contents.tail} of each it returns "
        f"{tails}."
    )


def _few_returns(contents: RunContents, table: pd.DataFrame) -> str:
    known = [name for name in contents.likeliest(len(contents.regimes)) if name in table.index]
    likeliest, deepest = known[0], str(table["CVaR"].idxmax())
    best, worst = _ends(table["expected_return"], table["error"])

    def told(regimes: list[str]) -> str:
        return join(
            f"{readable(regime)} "
            f"({measured(table['expected_return'][regime], table['error'][regime])}, "
            f"{percent(table['probability'][regime], 0)} likely)"
            for regime in regimes
        )

    tails = join(
        f"{percent(-table['CVaR'][regime], sign=True)} in {readable(regime)}"
        for regime in dict.fromkeys([likeliest, deepest])
    )
    return (
        f"Of the {count(len(table))} scenarios the most probable is {told([likeliest])}. On "
        f"average the portfolio returns most in {told(best)} and least in {told(worst)}. In the "
        f"{contents.tail} it returns {tails}, the lowest of all."
    )


def _ends(
    values: pd.Series[float], errors: pd.Series[float] | None = None
) -> tuple[list[str], list[str]]:
    """The two highest, highest first, and the two lowest, lowest first.

    One, or three, where it takes that to part them from the next by more than chance.
    """
    order = [str(name) for name in values.sort_values(kind="stable").index]
    return _parted(order[::-1], values, errors), _parted(order, values, errors)


def _parted(
    order: list[str], values: pd.Series[float], errors: pd.Series[float] | None
) -> list[str]:
    if errors is None:
        return order[:2]
    for some in (2, 1, 3):
        if some < len(order):
            here, after = order[some - 1], order[some]
            apart = abs(float(values[here] - values[after]))
            if not apart <= SURE * float(np.hypot(errors[here], errors[after])):
                return order[:some]
    return order[:2]


def flagship_revenue(contents: RunContents) -> str:
    """The leader's median revenue at the end by regime; of many, the ends and the likeliest."""
    fan = contents.revenue_fan[contents.revenue_fan["ticker"] == contents.leader]
    last = fan[fan["quarter_end"] == fan["quarter_end"].max()].set_index("regime")["p50"]
    last = last.reindex([regime for regime in contents.regimes if regime in last.index])
    if last.empty:
        return ""
    quarter = pd.Timestamp(fan["quarter_end"].max())
    lead = f"{contents.name(contents.leader)}'s median revenue in the quarter to {quarter:%b %Y} is"

    def told(regimes: list[str]) -> str:
        return join(f"{usd_bn(float(last[regime]))} ({readable(regime)})" for regime in regimes)

    if not contents.crowded:
        return f"{lead} {told([str(regime) for regime in last.index])}."
    best, worst = _ends(last)
    middle = [regime for regime in contents.likeliest(1) if regime in last.index]
    centre = f" {told(middle)}," if middle else ""
    return f"{lead}{centre} at most {told(best)}, at least {told(worst)}."


def columns_note(contents: RunContents) -> str:
    """Which regimes the table of holdings leaves out; nothing where it shows them all."""
    shown = growth_regimes(contents)
    if len(shown) == len(contents.regimes):
        return ""
    slowest, likely = slowest_regime(contents), contents.likeliest(contents.FEW)
    link = "among them" if slowest in likely else "and"
    least = f", {link} {readable(slowest)}, in which the holdings grow least" if slowest else ""
    return (
        f"Of the {count(len(contents.regimes))} scenarios they show the {count(len(likely))} most "
        f"probable{least}; by_scenario.csv has the returns of all, paths.parquet their revenue."
    )


def bands_note(contents: RunContents) -> str:
    """How a figure of many regimes is to be read; nothing where all are drawn alike."""
    if not contents.crowded:
        return ""
    names = join(readable(regime) for regime in contents.banded)
    return (
        f"With all {count(len(contents.regimes))} together only the most probable, {names}, have "
        "bands, and only their values, the highest and the lowest are written; the others show "
        "theirs when chosen."
    )
