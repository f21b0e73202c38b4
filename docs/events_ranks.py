"""How docs/events.py compares what the model says of companies with what the market did."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import numpy as np
import pandas as pd

NEWS: Final = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("events_news.py"))))
Case = tuple[str, str, int]

SHUFFLES: Final = 9_999


def moved(s: SimpleNamespace, case: Case) -> pd.Series:
    """Moves of the companies listed on a day, turned over where its news is a kind's opposite."""
    day, _, sign = case
    moves: pd.Series = s.moves.loc[day].dropna()
    return sign * moves


def over_beta(s: SimpleNamespace, case: Case) -> pd.Series:
    """The same, less beta times the market's."""
    day, _, sign = case
    moves = moved(s, case)
    usual: pd.Series = s.beta[moves.index] * s.market[day]
    return moves - sign * usual


def alike(score: pd.Series, moves: pd.Series) -> float:
    """Spearman's rank correlation over companies that have both."""
    both = pd.concat([score, moves], axis=1).dropna()
    return float(both.corr("spearman").to_numpy()[0, 1])


def beyond(score: pd.Series, moves: pd.Series, beta: pd.Series) -> float:
    """Partial rank correlation, given beta: of what ranking by beta leaves of both."""
    ranks = pd.concat([score, moves, beta], axis=1).dropna()
    (_, plain, own), (_, _, other), _ = ranks.corr("spearman").to_numpy()
    return float((plain - own * other) / math.sqrt((1.0 - own**2) * (1.0 - other**2)))


def named(s: SimpleNamespace, case: Case) -> list[str]:
    """Companies listed on the day whose names stand in its news."""
    return [t for t in moved(s, case).index if s.companies[t] in s.news[case[0]]]


def compared(s: SimpleNamespace, case: Case) -> dict[str, float]:
    """Rank correlations of one day with its moves, by what ranks the companies."""
    kind, moves, ahead = case[1], moved(s, case), NEWS.AHEAD.get(case[1], 1)
    layer = (s.layer == NEWS.NAMED.get(kind, "accelerators")) * 1.0
    return {
        "value": alike(s.worth[kind], moves),
        "less beta": alike(s.worth[kind], over_beta(s, case)),
        "beyond beta": beyond(s.worth[kind], moves, s.beta),
        "without the named": beyond(s.worth[kind], moves.drop(named(s, case)), s.beta),
        "revenue": alike(s.sold[kind], moves),
        "by beta": ahead * alike(s.beta, moves),
        "by AI share": ahead * alike(s.share, moves),
        "by layer": ahead * alike(layer, moves),
    }


def chance(s: SimpleNamespace, cases: list[Case]) -> float:
    """Share of shuffles of companies, the same on all days, that do as well as the model's value.

    Companies of one layer move together, so that this is kind to the model.
    """
    companies = np.arange(len(s.worth))
    shuffled = np.random.default_rng(0).permuted(np.tile(companies, (SHUFFLES, 1)), axis=1)
    order = np.vstack([companies, shuffled])
    total = np.zeros(len(order))
    for case in cases:
        listed = s.moves.loc[case[0]].notna().to_numpy()
        ranks = s.worth[case[1]].to_numpy()[order][:, listed].argsort(axis=1).argsort(axis=1)
        total += normal(ranks) @ normal(moved(s, case).rank().to_numpy())
    return float((total >= total[0] - 1e-9).mean())


def normal(ranks: np.ndarray) -> np.ndarray:
    """Ranks with a mean of nought and a length of one, along the last axis."""
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=-1, keepdims=True))


def misses(s: SimpleNamespace, kind: str) -> pd.Series:
    """Percentile by moves less that by value, by company, mean over days of a kind."""
    days = []
    for case in NEWS.days_of(kind):
        moves = moved(s, case)
        days.append(moves.rank(pct=True) - s.worth[kind][moves.index].rank(pct=True))
    mean: pd.Series = pd.concat(days, axis=1).mean(axis=1)
    return mean.sort_values()
