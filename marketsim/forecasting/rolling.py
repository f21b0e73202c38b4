"""Rolling origins: what would have been forecast on each past date, beside what was then reported.

Every origin is a calibration, a panel and a common form of its own, from the facts published by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import calibrate
from marketsim.dates import Day, day
from marketsim.errors import InputError
from marketsim.knowledge import Break, Knowledge

from .panel import QUARTERLY, Panel, Series, quarter_number
from .predictive import Predictive
from .projection import forecast
from .rivals import available
from .scores import Scores, score
from .trend import ENOUGH

__all__ = ["FIRST", "MARKETSIM", "hindcasts", "origins", "score_forecasts"]

FIRST: Final = "2020-03-31"
"""The first origin: two years after the first facts."""

MARKETSIM: Final = "marketsim"
UNHEARD: Final = "statements apart"
OWN: Final = "its trend alone"
"""Our forecast without what companies say, and without the model too, to tell what each adds; no
rivals."""

Progress = Callable[[str], None]


def score_forecasts(
    facts: Knowledge,
    start: Day = FIRST,
    end: Day | None = None,
    quarters: int = 4,
    seed: int = 0,
    progress: Progress = lambda step: None,
) -> Scores:
    """Score forecasts of past quarters that the model had not seen, against naive rivals.

    Parameters
    ----------
    facts
        Everything known by now; each origin sees what had been published by it.
    start, end
        First and last origin, both ends of calendar quarters; the last by default that after which
        something was reported.
    quarters
        Longest horizon.
    seed
        Of the worlds drawn at each origin.
    progress
        Told the step under way.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        When no origin lies between ``start`` and ``end``, or nothing was reported after them.
    """
    return score(hindcasts(facts, start, end, quarters, seed, progress))


def hindcasts(
    facts: Knowledge,
    start: Day = FIRST,
    end: Day | None = None,
    quarters: int = 4,
    seed: int = 0,
    progress: Progress = lambda step: None,
) -> pd.DataFrame:
    """Return forecasts of every forecaster at every origin, with what came; parameters as above.

    Returns
    -------
    DataFrame
        `origin`, `series`, `kind` (the quantity), `horizon`, `quarter_end`, `forecaster`,
        `location`, `scale`, `log_value`, `log_last`. A quarter counts where it was reported after
        the origin by the definition of then.
    """
    actual = _reports(facts)
    tables = []
    for origin in origins(facts, start, end):
        progress(f"forecasting as of {origin.date()}")
        tables += list(_origin(facts, actual, origin, quarters, seed))
    if not tables:
        raise InputError("score_forecasts: nothing was reported after these origins; start earlier")
    return pd.concat(tables, ignore_index=True)


def origins(facts: Knowledge, start: Day = FIRST, end: Day | None = None) -> pd.DatetimeIndex:
    """Return the ends of calendar quarters from ``start`` to the last before the last report."""
    last = facts.table["published"].max() - pd.Timedelta(days=1)
    stop = last if end is None else min(day(end, "end"), last)
    found = pd.date_range(day(start, "start"), stop, freq="QE")
    if len(found) == 0:
        raise InputError(
            f"score_forecasts: no calendar quarter ends between {day(start).date()} and "
            f"{stop.date()}; start earlier"
        )
    return found


Reports = dict[tuple[str, str], dict[int, tuple[pd.Timestamp, float]]]
"""First published figure by quantity and entity, then by quarter number: its date and log."""


def _reports(facts: Knowledge) -> Reports:
    found: Reports = {}
    for quantity in QUARTERLY:
        rows = facts.table[(facts.table["quantity"] == quantity) & (facts.table["value"] > 0)]
        first = rows.drop_duplicates(["entity", "date"], keep="first")
        numbers = quarter_number(pd.DatetimeIndex(first["date"]))
        for number, entity, date, value in zip(
            numbers, first["entity"], first["date"], first["value"], strict=True
        ):
            found.setdefault((quantity, entity), {})[int(number)] = (date, float(np.log(value)))
    return found


def _origin(
    facts: Knowledge, actual: Reports, origin: pd.Timestamp, quarters: int, seed: int
) -> Iterator[pd.DataFrame]:
    """Yield a table for every series and forecaster of one origin."""
    ahead = forecast(calibrate(facts, origin), quarters, seed)
    for i, s in enumerate(ahead.series):
        came = _came(s, actual, quarters, facts.universe.breaks)
        if s.quantity in QUARTERLY and len(s.dates) >= ENOUGH and came:
            ours = {MARKETSIM: ahead.logs, UNHEARD: ahead.unheard, OWN: ahead.own}
            said = {name: Predictive(p.location[i], p.scale[i]) for name, p in ours.items()}
            for name, one in {**said, **_rivals(ahead.panel, i, quarters)}.items():
                yield _rows(origin, s, name, one, came)


def _rivals(known: Panel, row: int, quarters: int) -> dict[str, Predictive]:
    logs = known.logs[row]
    seen = np.flatnonzero(~np.isnan(logs))
    history = logs[seen[0] : seen[-1] + 1]
    return {name: rival(history, quarters) for name, rival in available().items()}


def _came(
    s: Series, actual: Reports, quarters: int, known: tuple[Break, ...]
) -> dict[int, tuple[pd.Timestamp, float]]:
    """Return what was reported of a series' next quarters, by horizon, up to a break."""
    reports = actual.get((s.quantity, s.entity), {})
    last = int(quarter_number(s.dates[-1:])[0])
    ahead = {h: reports[last + h] for h in range(1, quarters + 1) if last + h in reports}
    breaks = [b.first for b in known if b.entity == s.entity and b.first > s.dates[-1]]
    return {h: r for h, r in ahead.items() if not breaks or r[0] < min(breaks)}


def _rows(
    origin: pd.Timestamp,
    s: Series,
    forecaster: str,
    said: Predictive,
    came: dict[int, tuple[pd.Timestamp, float]],
) -> pd.DataFrame:
    index = np.array(list(came)) - 1
    return pd.DataFrame(
        {
            "origin": origin,
            "series": s.entity if s.segment else f"{s.entity} {s.quantity.partition('_')[2]}",
            "kind": s.quantity,
            "horizon": index + 1,
            "quarter_end": [date for date, _ in came.values()],
            "forecaster": forecaster,
            "location": said.location[index],
            "scale": said.scale[index],
            "log_value": [value for _, value in came.values()],
            "log_last": float(np.log(s.values[-1])),
        }
    )
