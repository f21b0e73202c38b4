"""Revenue added up, of all companies, of groups and of a portfolio, as the joint forecast has it.

Errors share causes, so that of a sum is larger than that of as many companies each for itself. Sums
are drawn from the joint normal of logs; the log of a sum is then near to normal, and is told by its
mean and standard deviation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge.currency import usd_per
from marketsim.precision import one_thread
from marketsim.statements import Series

from .forecasters import APART, MARKETSIM
from .groups import AI
from .joint import Joint
from .measures import COLUMNS
from .result import Forecast

__all__ = ["DRAWS", "EVERY", "LAYERS", "PORTFOLIO", "QUARTER", "YEAR", "Came", "drawn", "sums"]

EVERY, PORTFOLIO, LAYERS = "all companies", "equal weights", "each layer"
"""Whose revenue is added up, beside the group exposed to AI and the layers by name: of companies as
they are, or each over its last figure, as a portfolio with as much in each has it. And in the place
of a layer, any of them."""

QUARTER, YEAR = "quarter", "year"
"""What is added up of each."""

DRAWS: Final = 4_000
QUARTERS: Final = 4
"""Of a year."""

Came = Mapping[int, tuple[pd.Timestamp, float]]
"""What was reported of a series, by horizon: the end of the quarter and the log."""


def sums(
    origin: pd.Timestamp,
    ahead: Forecast,
    came: Mapping[int, Came],
    layers: Mapping[str, str],
    exposed: Collection[str],
    quarters: int,
) -> pd.DataFrame:
    """Return forecasts of sums, as rows to be scored.

    Quarters are each company's own, the first that it had not reported and so on. Whose quarters
    were not all reported is in neither the forecast nor the outcome.

    Parameters
    ----------
    origin
        The date.
    ahead
        What was forecast on it.
    came
        What was reported afterwards, by the row of the series: those that are added up.
    layers
        Layer by ticker.
    exposed
        Tickers of the companies exposed to AI.
    quarters
        Longest horizon; the sum over a year is there where it is four or more.
    """
    members = [ahead.series[row] for row in came]
    dollars = np.log([usd_per(s.unit) for s in members])[:, None]
    last = dollars + np.log([s.values[-1:] for s in members])
    reported = dollars + _reported(list(came.values()), quarters)
    rows: list[tuple[object, ...]] = []
    for name, apart in ((MARKETSIM, False), (APART, True)):
        said = dollars + drawn(ahead.joint, list(came), quarters, ahead.seed, apart=apart)
        for group, kind, whole, covered in _whole(_groups(members, layers, exposed), reported):
            quarter = np.ix_(whole, covered)
            outcome = origin, group, kind, covered[-1] + 1, pd.NaT, name
            unit = last[whole] if group == PORTFOLIO else 0.0 * last[whole]
            log_sum = _log_sum(said[:, *quarter] - unit)
            value, before = _log_sum(reported[quarter] - unit), _log_sum(last[whole] - unit)
            before = before + np.log(len(covered))
            rows.append((*outcome, log_sum.mean(), log_sum.std(), float(value), float(before)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _whole(
    groups: Mapping[str, list[int]], reported: np.ndarray
) -> Iterator[tuple[str, str, list[int], list[int]]]:
    """Yield every sum of two or more: whose, over what, and its places of series and quarters."""
    for group, places in groups.items():
        for kind, covered in _covered(reported.shape[1]):
            whole = [i for i in places if not np.isnan(reported[i, covered]).any()]
            if len(whole) > 1:
                yield group, kind, whole, covered


def _reported(came: Sequence[Came], quarters: int) -> np.ndarray:
    """Return the logs that were reported, NaN where nothing was, [series, horizon]."""
    none = pd.NaT, np.nan
    return np.array([[one.get(h, none)[1] for h in range(1, quarters + 1)] for one in came])


def _log_sum(logs: np.ndarray) -> np.ndarray:
    """Return the log of sums over the last two axes, series and quarters."""
    return np.asarray(np.log(np.exp(logs).sum(axis=(-2, -1))))


def drawn(
    joint: Joint, rows: Sequence[int], quarters: int, seed: int, *, apart: bool
) -> np.ndarray:
    """Return draws of the logs of some series of a joint normal, [draw, series, horizon].

    Parameters
    ----------
    joint
        Of all series.
    rows, quarters
        Which series, and how many quarters of each.
    seed
        Of the draws.
    apart
        Whether each series is drawn for itself, with what it is to the others left out.
    """
    entries = np.add.outer(np.array(rows) * joint.mean.shape[1], np.arange(quarters)).ravel()
    covariance = joint.covariance[np.ix_(entries, entries)]
    if apart:
        covariance = covariance * np.kron(np.eye(len(rows)), np.ones((quarters, quarters)))
    normal = np.random.default_rng(seed).standard_normal((DRAWS, len(entries)))
    with one_thread():
        values, vectors = np.linalg.eigh(covariance)
        moved = normal @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return np.asarray(joint.mean.ravel()[entries] + moved).reshape(DRAWS, len(rows), quarters)


def _groups(
    members: Sequence[Series], layers: Mapping[str, str], exposed: Collection[str]
) -> dict[str, list[int]]:
    """Return places of the members of every group, those of all first."""
    every = list(range(len(members)))
    some = [place for place in every if members[place].ticker in exposed]
    groups = {EVERY: every, PORTFOLIO: every, AI: some}
    for place, s in enumerate(members):
        groups.setdefault(layers[s.ticker], []).append(place)
    return groups


def _covered(quarters: int) -> Iterator[tuple[str, list[int]]]:
    """Yield what a sum is over: one quarter ahead after the other, and the year."""
    yield from ((QUARTER, [h]) for h in range(quarters))
    if quarters >= QUARTERS:
        yield YEAR, list(range(QUARTERS))
