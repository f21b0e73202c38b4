"""Tables behind the scores: means of scores, skill, tests and histograms, from marked forecasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from .comparison import DieboldMariano, diebold_mariano
from .predictive import Predictive

__all__ = [
    "ALL",
    "BEST",
    "COLUMNS",
    "LATER",
    "MEASURES",
    "OUTCOME",
    "grouped",
    "histogram",
    "marked",
    "means",
    "missed",
    "skill",
    "tests",
]

ALL: Final = "all"
"""In the place of a series: all of them."""

BEST: Final = "best rival"

LATER: Final = "2-4"
"""The group of horizons beyond the next quarter."""

COLUMNS: Final = (
    "origin",
    "series",
    "kind",
    "horizon",
    "quarter_end",
    "forecaster",
    "location",
    "scale",
    "log_value",
    "log_last",
)
"""What a forecast to be scored consists of."""

OUTCOME: Final = ["origin", "series", "kind", "horizon"]
"""What tells one outcome forecast from another."""

MASS: Final = 0.8
"""Probability of the intervals whose coverage is counted."""

ENOUGH: Final = 8
"""Overlapping origins below which the test of Diebold and Mariano is not made."""

BINS: Final = 10
"""Of the histogram of the probability integral transform."""

MEASURES: Final = ["crps", "crps_level", "coverage", "bias", "error"]


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts in a fixed order, each with its scores and its `pit`.

    Forecasters become an ordered category, in the order in which they first came.
    """
    names = list(dict.fromkeys(table["forecaster"]))
    said_by = pd.Categorical(table["forecaster"], names, ordered=True)
    order = [*OUTCOME, "forecaster"]
    table = table.assign(forecaster=said_by).sort_values(order, ignore_index=True)
    said = Predictive(table["location"].to_numpy(float), table["scale"].to_numpy(float))
    value, last = table["log_value"].to_numpy(float), table["log_last"].to_numpy(float)
    return table.assign(
        crps=said.crps(value),
        # CRPS has the unit of the figure, so in units of the last one it is that of the ratio
        crps_level=Predictive(said.location - last, said.scale).crps_level(np.exp(value - last)),
        coverage=said.covers(value, MASS).astype(float),
        bias=said.location - value,
        error=np.abs(said.location - value),
        pit=said.pit(value),
    )


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Return every row under its own horizon, and once more under the group that holds it."""
    lengths = sorted(table["horizon"].unique())
    names = [*(f"{length:.0f}" for length in lengths), LATER]
    single = table.assign(horizons=table["horizon"].map("{:.0f}".format))
    later = single[single["horizon"].between(2, 4)].assign(horizons=LATER)
    both = pd.concat([single, later], ignore_index=True)
    return both.assign(horizons=pd.Categorical(both["horizons"], names, ordered=True))


def means(table: pd.DataFrame, *first: str) -> pd.DataFrame:
    """Return mean scores and the number of outcomes, by `first`, horizons and forecaster."""
    groups = table.groupby([*first, "horizons", "forecaster"], observed=True)
    found = groups[MEASURES].mean().assign(n=groups.size()).reset_index()
    return found.astype({"horizons": str, "forecaster": str})


def missed(table: pd.DataFrame, *first: str) -> pd.DataFrame:
    """Return how likely so wrong a coverage is by chance: `coverage_p` by `first` and so on.

    Outcomes of one origin count as one surprise, and those of origins whose horizons overlap are
    correlated: that as many were held as should be is tested as Diebold and Mariano test losses.
    """
    keys = [*first, "horizons", "forecaster"]
    rows = _numbered(table)
    by_origin = rows.groupby([*keys, "quarter"], observed=True)["coverage"].agg(["sum", "size"])
    found = []
    for key, here in _by_quarter(by_origin, keys):
        test = diebold_mariano(here["sum"], MASS * here["size"], _longest(key[-2]))
        found.append((*key, test.p_value if test.n >= ENOUGH else np.nan))
    told = pd.DataFrame(found, columns=[*keys, "coverage_p"])
    return told.astype({"horizons": str, "forecaster": str})


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the number of each origin's `quarter`."""
    return table.assign(quarter=pd.PeriodIndex(table["origin"], freq="Q").astype("int64"))


def _by_quarter(
    table: pd.DataFrame, keys: Sequence[str]
) -> Iterator[tuple[tuple[object, ...], pd.DataFrame]]:
    """Yield parts of a table [keys, then quarter] by the keys, each with every quarter between."""
    for key, part in table.groupby(level=list(keys), observed=True):
        # A quarter without an origin still lies between those before and after it
        here = part.droplevel(list(range(len(keys))))
        yield key, here.reindex(range(here.index.min(), here.index.max() + 1))


def _longest(horizons: object) -> int:
    """Return the longest horizon of a group, 4 of ``"2-4"``."""
    return int(str(horizons).rpartition("-")[2])


def skill(scores: pd.DataFrame, rivals: Sequence[str], parts: Sequence[str] = ()) -> pd.DataFrame:
    """Return one less the ratio of mean CRPS to each rival's, and to the best of theirs.

    Parameters
    ----------
    scores : DataFrame
        From :func:`means`, with `series`, `kind`, `horizons`.
    rivals : sequence of str
        Forecasters to be measured against.
    parts : sequence of str
        Others to be measured against, which are no rivals.
    """
    group, crps = ["series", "kind", "horizons"], ["crps", "crps_level"]
    theirs = scores[scores["forecaster"].isin(rivals)]
    best = theirs.groupby(group, sort=False)[crps].min().reset_index().assign(forecaster=BEST)
    less = scores[scores["forecaster"].isin(parts)]
    bars = pd.concat([theirs, best, less])[[*group, "forecaster", *crps]]
    bars = bars.rename(columns={"forecaster": "rival"})
    pairs = scores.merge(bars, on=group, suffixes=("", "_rival"))
    pairs = pairs[pairs["forecaster"] != pairs["rival"]].reset_index(drop=True)
    pairs["skill"] = 1.0 - pairs["crps"] / pairs["crps_rival"]
    pairs["skill_level"] = 1.0 - pairs["crps_level"] / pairs["crps_level_rival"]
    return pairs[[*group, "forecaster", "rival", "skill", "skill_level"]]


def tests(table: pd.DataFrame, rivals: Sequence[str], parts: Sequence[str]) -> pd.DataFrame:
    """Return the tests of Diebold and Mariano of every other forecaster against every rival.

    Parameters
    ----------
    table : DataFrame
        Scores of single forecasts, with `series`, `kind`, `horizons` to test apart.
    rivals : sequence of str
        Forecasters to be tested against.
    parts : sequence of str
        Others to be tested against, by all that are neither.
    """
    found = list(_tested(table, rivals, parts))
    columns = ["series", "kind", "horizons", "forecaster", "rival"]
    return pd.DataFrame(found, columns=[*columns, *DieboldMariano._fields])


def _tested(
    table: pd.DataFrame, rivals: Sequence[str], parts: Sequence[str]
) -> Iterator[tuple[object, ...]]:
    """Yield tests on the mean score at each origin, by series and horizons."""
    keys = ["series", "kind", "horizons"]
    rows = _numbered(table)
    mean = rows.groupby([*keys, "quarter", "forecaster"], observed=True)["crps"].mean()
    for key, by_quarter in _by_quarter(mean.unstack(), keys):
        longest = _longest(key[-1])
        for name, other in _pairs(list(by_quarter.columns), rivals, parts):
            test = diebold_mariano(by_quarter[name], by_quarter[other], longest)
            if test.n >= ENOUGH:
                yield (*key, name, other, *test)


def _pairs(
    names: Sequence[str], rivals: Sequence[str], parts: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield who is tested against whom."""
    there = set(names)
    for name in names:
        if name not in rivals:
            against = rivals if name in parts else (*rivals, *parts)
            yield from ((name, other) for other in against if other in there)


def histogram(table: pd.DataFrame) -> pd.DataFrame:
    """Return counts of the probability integral transform in equal bins, by their lower edges."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    bins = np.clip(np.searchsorted(edges, table["pit"], side="right") - 1, 0, BINS - 1)
    by = [table["horizons"], table["forecaster"], pd.Series(bins, table.index, name="bin")]
    counts = table.groupby(by, observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(columns=range(BINS), fill_value=0)
    counts.columns = pd.Index([f"{edge:.1f}" for edge in edges[:-1]])
    return counts.reset_index().astype({"horizons": str, "forecaster": str})
