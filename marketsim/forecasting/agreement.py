"""Wholes and parts that agree: a company sells what its segment does, and the rest.

Trends of a company and of a segment that grows faster drift apart, until the segment sells more
than the company. What is left of the company is a series too, with a trend of its own. All three
are moved by as little as makes the whole the sum of its parts, each in proportion to its variance
(minimum trace, with variances for weights: Wickramasuriya, Athanasopoulos and Hyndman 2019), so
that a company is told that its mix shifts to what grows, and a segment that the rest remains. A
segment is then no more uncertain than its company and its share, and as correlated with it as makes
the rest as uncertain as its trend says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from marketsim.errors import SolverError

from .ahead import ahead
from .form import Form
from .panel import Panel
from .trend import follow

__all__ = ["WHOLE", "Parts", "parts_of", "wholes_of"]

WHOLE: Final = "total"

STEPS, NEAR, FAR = 100, 1e-9, 0.5
"""Steps in which the sums are met, the change of a log at which they are, and the largest taken."""


ENOUGH: Final = 8
"""Reports of a segment from which its trend may move that of its company."""

A_YEAR: Final = 4
"""Quarters ahead at which a segment is held against its company."""

TIGHT: Final = 0.99
"""Correlation of a segment with its company that is never exceeded: roundings remain."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Segments, the companies they are part of, and what is expected of the rest.

    Attributes
    ----------
    wholes
        Row of the company that each series is a segment of, its own if of none, [series].
    part
        Rows of the segments that have a rest, [pair].
    rest, variance
        Of the logs of the rest by its own trend, [pair, horizon].
    """

    wholes: np.ndarray
    part: np.ndarray
    rest: np.ndarray
    variance: np.ndarray

    def held(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Return what deviations of each series are multiplied by, [series, horizon].

        So that no segment is more uncertain than its company and its share of that: the log of a
        share moves by what is left of it for each log that segment and rest part.

        Parameters
        ----------
        mean, variance
            Of the logs of all series, [series, horizon].
        """
        found = np.ones_like(mean)
        whole, own = self.wholes[self.part], variance[self.part]
        left = 1.0 - np.exp(np.minimum(0.0, mean[self.part] - mean[whole]))
        most = variance[whole] + left**2 * (own + self.variance)
        found[self.part] = np.sqrt(np.minimum(1.0, most / own))
        return found

    def loading(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Return the correlation of each series with its company, one of a whole, [series].

        That under which the rest of the company is as uncertain as its own trend says; as the
        segment itself is, where there is none.

        Parameters
        ----------
        mean, variance
            Of the logs of all series, [series, horizon].
        """
        at = min(A_YEAR, mean.shape[1]) - 1
        middle, own = mean[:, at], variance[:, at]
        rest = own.copy()
        rest[self.part] = self.variance[:, at]
        share = np.exp(np.minimum(0.0, middle - middle[self.wholes]))
        whole = own[self.wholes]
        shared = whole + share**2 * own - (1.0 - share) ** 2 * rest
        found = np.clip(shared / (2.0 * share * np.sqrt(whole * own)), 0.0, TIGHT)
        return np.where(self.wholes == np.arange(len(mean)), 1.0, found)

    def agreed(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Return means of logs under which every whole is the sum of a part and the rest.

        Parameters
        ----------
        mean, variance
            Of the logs of all series, [series, horizon].

        Returns
        -------
        array [series, horizon]

        Raises
        ------
        SolverError
            The sums were not met.
        """
        if not len(self.part):
            return mean
        rows = np.unique([self.part, self.wholes[self.part]])
        first = np.concatenate([mean[rows], self.rest]).T
        stiff = 1.0 / np.concatenate([variance[rows], self.variance]).T
        part, whole = np.searchsorted(rows, [self.part, self.wholes[self.part]])
        found = np.array(mean)
        found[rows] = _nearest(first, stiff, part, whole)[:, : len(rows)].T
        return found


def _nearest(
    first: np.ndarray, stiff: np.ndarray, part: np.ndarray, whole: np.ndarray
) -> np.ndarray:
    """Return the logs [horizon, entry] nearest to ``first`` under which the sums hold.

    By Newton's steps on the conditions of an optimum, all horizons side by side; the rests are the
    last entries. ``stiff`` is what a squared change of each costs.
    """
    horizons, entries = first.shape
    pairs = np.arange(len(part))
    rest = entries - len(part) + pairs
    at, owed = first, np.zeros((horizons, len(part)))
    least = -0.9 / (1.0 / stiff[:, part] + 1.0 / stiff[:, rest])
    for _ in range(STEPS):
        total = np.logaddexp(at[:, part], at[:, rest])
        share = np.exp(at[:, part] - total)
        # What bends the sums, as far as the way on still leads down.
        bend = np.maximum(owed * share * (1.0 - share), least)
        system = np.zeros((horizons, entries + len(part), entries + len(part)))
        system[:, np.arange(entries), np.arange(entries)] = stiff
        for one, other, sign in ((part, part, 1.0), (rest, rest, 1.0), (part, rest, -1.0)):
            system[:, one, other] += sign * bend
        system[:, rest, part] -= bend
        for entry, slope in ((whole, 1.0), (part, -share), (rest, share - 1.0)):
            system[:, entries + pairs, entry] = slope
            system[:, entry, entries + pairs] = -slope
        short = np.concatenate([stiff * (first - at), total - at[:, whole]], axis=1)
        step, owed = np.split(np.linalg.solve(system, short[..., None])[..., 0], [entries], axis=1)
        size = np.abs(step).max(axis=1, keepdims=True)
        at = at + step * np.minimum(1.0, FAR / np.maximum(size, FAR))
        if size.max() < NEAR:
            return np.asarray(at)
    raise SolverError(
        "forecast: no forecasts of companies and their segments agree; see which segment sold "
        "all but nothing, or nearly all, of its company"
    )


def parts_of(panel: Panel, form: Form, horizons: int) -> Parts:
    """Return the segments of companies whose last report is of the same quarter.

    A segment that sold all that its company did has no rest, and is left as it is; so is one that
    was reported too few times, where two reports would say how the company goes on.

    Parameters
    ----------
    panel
        Of all series.
    form
        What trends share; that of the rest is one more of them.
    horizons
        Quarters ahead.
    """
    wholes = wholes_of(panel)
    part = np.flatnonzero(wholes != np.arange(len(wholes)))
    whole = wholes[part]
    sold = np.exp(panel.logs)
    left = sold[whole] - sold[part]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(left > 0.0, np.log(left), np.nan)
    last = np.array([s.numbers[-1] for s in panel.series])
    known = (~np.isnan(logs)).sum(axis=1) >= ENOUGH
    kept = ~np.isnan(logs[np.arange(len(part)), last[whole]]) & (last[part] == last[whole]) & known
    part, whole = part[kept], whole[kept]
    if not len(part):
        return Parts(wholes, part, *np.empty((2, 0, horizons)))
    rest = Panel(
        series=tuple(panel.series[row] for row in part),
        logs=logs[kept],
        breaks=panel.breaks[part] | panel.breaks[whole],
        seasonal=panel.seasonal[whole],
    )
    own = ahead(follow(rest, form), horizons)
    return Parts(wholes, part, own.location, own.variance)


def wholes_of(panel: Panel) -> np.ndarray:
    """Return the row of the company each series is a segment of, its own if of none, [series]."""
    place = {(s.quantity, s.entity): row for row, s in enumerate(panel.series)}
    rows = [
        place.get((s.quantity, f"{s.ticker}.{WHOLE}"), row) if s.segment else row
        for row, s in enumerate(panel.series)
    ]
    return np.array(rows, dtype=int)
