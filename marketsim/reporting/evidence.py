"""How far the numbers can be trusted, in sentences: the fit, the spread, the caveats."""

from __future__ import annotations

import numpy as np

from .contents import RunContents
from .formats import count, join, percent, percent_of_log, quantity, readable, sentence, usd_bn

__all__ = [
    "caveats",
    "fit_sentence",
    "flagship_series",
    "flagship_sums",
    "poor_fits",
    "width_of_worlds",
]

POOR_FIT = float(np.log(1.25))

TIED = 5e-5
"""Weights that differ by less are told as the same."""


def flagship_series(contents: RunContents) -> str | None:
    """The series that leads, if it is among those fitted."""
    return contents.flagship if (contents.fit_paths["series"] == contents.flagship).any() else None


def flagship_sums(contents: RunContents) -> tuple[float, float, str, int] | None:
    """Its last four quarters, reported and modelled, their unit, and how many there are."""
    series = flagship_series(contents)
    paths = contents.fit_paths
    last = paths[paths["series"] == series].sort_values("quarter_end").dropna().tail(4)
    if series is None or last.empty:
        return None
    unit = contents.fit.loc[contents.fit["series"] == series, "unit"]
    return (
        float(last["reported"].sum()),
        float(last["modelled"].sum()),
        str(unit.iloc[0]) if len(unit) else "USD bn",
        len(last),
    )


def fit_sentence(contents: RunContents) -> str:
    """How the model's revenue of the series that leads compares with the last quarters reported."""
    sums = flagship_sums(contents)
    if sums is None:
        return ""
    reported, modelled, unit, quarters = sums
    segment = readable(contents.flagship.partition(".")[2])
    return (
        f"Over the last {count(quarters)} quarters reported, the model gives "
        f"{contents.name(contents.leader)}'s {segment} business {quantity(modelled, unit)} of "
        f"revenue where the company reported {quantity(reported, unit)} "
        f"({percent(modelled / reported - 1, sign=True)})."
    )


def poor_fits(contents: RunContents) -> str:
    """How many series the model misses by more than 25 % in a typical quarter, and which most."""
    fit = contents.fit.sort_values("rmse_log", ascending=False, kind="stable")
    poor = fit[fit["rmse_log"] > POOR_FIT]
    if fit.empty:
        return ""
    if poor.empty:
        return f"None of the {len(fit)} series is off by more than 25 % in a typical quarter."
    worst = join(
        f"{readable(row['series'])} ({percent_of_log(float(row['rmse_log']))})"
        for _, row in poor.head(3).iterrows()
    )
    return (
        f"Of {len(fit)} series, {count(len(poor))} {'is' if len(poor) == 1 else 'are'} off by more "
        f"than 25 % in a typical quarter; the furthest: {worst}."
    )


def width_of_worlds(contents: RunContents) -> str:
    """The 5-95 % range of the largest holding's revenue at the end, over all regimes."""
    fan = contents.revenue_fan[contents.revenue_fan["regime"].isin(contents.regimes)]
    if contents.held.empty or fan.empty:
        return ""
    ticker = str(contents.held.index[0])
    ends = fan[(fan["ticker"] == ticker) & (fan["quarter_end"] == fan["quarter_end"].max())]
    if ends.empty:
        return ""
    return (
        f"The scenarios disagree widely: quarterly revenue of {contents.name(ticker)}, "
        f"{_rank(contents)}, ends between {usd_bn(float(ends['p05'].min()))} (the low end of "
        f"the worst) and {usd_bn(float(ends['p95'].max()))} (the high end of the best)."
    )


def _rank(contents: RunContents) -> str:
    """What the first holding is, which may be one of several."""
    largest = float(contents.held.iloc[0])
    tied = int((contents.held > largest - TIED).sum())
    if tied == 1:
        return "the largest holding"
    return f"one of {count(tied)} holdings tied as the largest"


def caveats(contents: RunContents) -> list[str]:
    """What a reader must hold against every number of the report."""
    doubted = contents.fit["confidence"].astype(str).str.contains("unverified")
    names = [readable(name) for name in contents.fit.loc[doubted, "series"]]
    rest = f"rests ({names[0]})" if len(names) == 1 else "rest"
    checked = (
        f"{count(len(names))} of the {len(contents.fit)} series {rest} on figures not checked "
        "against a filing."
    )
    return [
        *([sentence(checked)] if names else []),
        "The probabilities of the scenarios are judgements, and the companies were chosen with "
        "hindsight: they are those that mattered by the end of the period.",
    ]
