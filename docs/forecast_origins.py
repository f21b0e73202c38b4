"""Marks of groups origin by origin, and of the published mixture beside worlds without regimes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.forecasting.forecasters import HINDSIGHT, MARKETSIM

GROUPS: Final = ("AI-exposed", "other revenue", "segments", "capital spending", "guided")


def origins(scores: ms.forecasting.Scores) -> Iterator[str]:
    """A row for every origin, a column for every group."""
    tables = {group: scores.origins(group) for group in _there(scores)}
    rivals = (f"{group}: {table['rival'].iloc[0]}" for group, table in tables.items())
    yield (
        "By origin and group, over all four horizons: CRPS, in brackets what is gained over the "
        "rival with the smallest CRPS of the group over all origins; bias four quarters ahead; "
        f"what 80 % intervals held. Best rivals: {'; '.join(rivals)}."
    )
    yield ""
    yield f"| origin | {' | '.join(tables)} |"
    yield "|---" * (1 + len(tables)) + "|"
    for origin in sorted(set().union(*(table.index for table in tables.values()))):
        cells = (_cell(table, origin) for table in tables.values())
        yield f"| {origin.date()} | {' | '.join(cells)} |"
    yield f"| better than the rival at | {' | '.join(map(_won, tables.values()))} |"
    yield ""


def hindsight(scores: ms.forecasting.Scores) -> Iterator[str]:
    """Worlds without shift and the mixture over regimes, by group."""
    rows = scores.by_group[scores.by_group["forecaster"].isin((MARKETSIM, HINDSIGHT))]
    if HINDSIGHT not in set(rows["forecaster"]):
        return
    yield (
        "With hindsight of regimes: the mixture that `marketsim forecast` shows, over the regimes "
        "of [scenarios.toml](../data/scenarios.toml) with their probabilities of today at every "
        "origin, after the arrow; before it the worlds without shift."
    )
    yield ""
    yield "| group | quarters ahead | CRPS | 80 % coverage | bias | bias from 2023 |"
    yield "|---|---|---|---|---|---|"
    formats = {"crps": "{:.4f}", "coverage": "{:.1%}", "bias": "{:+.3f}", "late_bias": "{:+.3f}"}
    for group in _there(scores):
        for horizons in ("1", "2-4", "4"):
            of = rows[(rows["group"] == group) & (rows["horizons"] == horizons)]
            pair = of.set_index("forecaster")
            if len(pair) == len((MARKETSIM, HINDSIGHT)):
                cells = (
                    " → ".join(text.format(pair.loc[who, name]) for who in (MARKETSIM, HINDSIGHT))
                    for name, text in formats.items()
                )
                yield f"| {group} | {horizons} | {' | '.join(cells)} |"
    yield ""


def _there(scores: ms.forecasting.Scores) -> list[str]:
    known = set(scores.by_origin_group["group"])
    return [group for group in GROUPS if group in known]


def _cell(table: pd.DataFrame, origin: pd.Timestamp) -> str:
    if origin not in table.index:
        return ""
    row = table.loc[origin]
    bias = "" if np.isnan(row["year_bias"]) else f"{row['year_bias']:+.2f}; "
    return f"{row['crps']:.3f} ({row['skill']:+.0%}); {bias}{row['coverage']:.0%}"


def _won(table: pd.DataFrame) -> str:
    """At how many origins a group was forecast better than by its best rival."""
    return f"{(table['skill'] > 0.0).sum()} of {table['skill'].notna().sum()}"
