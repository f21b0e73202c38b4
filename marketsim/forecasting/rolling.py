"""Rolling origins: what would have been forecast on each past date, beside what was then reported.

Every origin is a calibration, a panel and a common form of its own, from the facts published by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import calibrate
from marketsim.dates import Day, day
from marketsim.errors import InputError, handed
from marketsim.knowledge import Break, Knowledge
from marketsim.precision import one_thread
from marketsim.scenarios import Regime, fit_regimes
from marketsim.statements import Series, first_reports, quarter_number

from .agreement import WHOLE
from .forecasters import GUIDED, HINDSIGHT, MARKETSIM, OWN, SAID, UNHEARD
from .groups import exposed
from .guided import guided
from .panel import QUARTERLY, Panel
from .predictive import Predictive
from .projection import forecast
from .relations import layers_of
from .result import Forecast
from .rivals import available
from .scores import Scores, score
from .sums import Came, sums
from .trend import ENOUGH

__all__ = ["FIRST", "hindcasts", "origins", "score_forecasts"]

FIRST: Final = "2020-03-31"
"""The first origin: two years after the first facts."""

Progress = Callable[[str], None]


def score_forecasts(
    facts: Knowledge,
    start: Day = FIRST,
    end: Day | None = None,
    quarters: int = 4,
    seed: int = 0,
    progress: Progress = lambda step: None,
    regimes: Iterable[Regime] = (),
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
    regimes
        From :func:`marketsim.scenarios.read_regimes`: the mixture over them is scored beside the
        worlds without shift, "with hindsight of regimes", for they and their probabilities are of
        today.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        When no origin lies between ``start`` and ``end``, or nothing was reported after them.
    """
    single, summed = _rolled(facts, start, end, quarters, seed, progress, tuple(regimes))
    return score(single, exposed=exposed(facts), sums=summed)


def hindcasts(
    facts: Knowledge,
    start: Day = FIRST,
    end: Day | None = None,
    quarters: int = 4,
    seed: int = 0,
    progress: Progress = lambda step: None,
    regimes: Iterable[Regime] = (),
) -> pd.DataFrame:
    """Return forecasts of every forecaster at every origin, with what came; parameters as above.

    Returns
    -------
    DataFrame
        `origin`, `series`, `kind` (the quantity), `horizon`, `quarter_end`, `forecaster`,
        `location`, `scale`, `log_value`, `log_last`. A quarter counts where it was reported after
        the origin by the definition of then.
    """
    return _rolled(facts, start, end, quarters, seed, progress, tuple(regimes))[0]


def _rolled(
    facts: Knowledge,
    start: Day,
    end: Day | None,
    quarters: int,
    seed: int,
    progress: Progress,
    regimes: tuple[Regime, ...],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return forecasts of series at every origin, and of sums."""
    handed("score_forecasts: facts", facts, Knowledge, "ms.load_facts()")
    actual = _reports(facts)
    single, summed, tickers = [], [], exposed(facts)
    for origin in origins(facts, start, end):
        progress(f"forecasting as of {origin.date()}")
        posterior = calibrate(facts, origin)
        ahead = forecast(fit_regimes(posterior, regimes) if regimes else posterior, quarters, seed)
        came = _known_later(ahead, actual, quarters, facts.universe.breaks)
        with one_thread():  # what rivals fit is small: threads would wait for one another
            single += list(_origin(posterior.knowledge, ahead, came, origin, quarters))
        summed.append(_sums(facts, ahead, came, origin, tickers, quarters))
    if not single:
        raise InputError("score_forecasts: nothing was reported after these origins; start earlier")
    return pd.concat(single, ignore_index=True), pd.concat(summed, ignore_index=True)


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
    return {
        (quantity, entity): {n: (one.date, float(np.log(one.value))) for n, one in reports.items()}
        for quantity in QUARTERLY
        for entity, reports in first_reports(facts, quantity).items()
    }


def _known_later(
    ahead: Forecast, actual: Reports, quarters: int, breaks: tuple[Break, ...]
) -> dict[int, Came]:
    """Return what was reported of every series that counts, by its row."""
    came = {
        row: _came(s, actual, quarters, breaks)
        for row, s in enumerate(ahead.series)
        if s.reported and len(s.dates) >= ENOUGH
    }
    return {row: reports for row, reports in came.items() if reports}


def _origin(
    known: Knowledge,
    ahead: Forecast,
    came: Mapping[int, Came],
    origin: pd.Timestamp,
    quarters: int,
) -> Iterator[pd.DataFrame]:
    """Yield a table for every series and forecaster of one origin."""
    parts = {MARKETSIM: ahead.logs, UNHEARD: ahead.unheard, SAID: ahead.modelless, OWN: ahead.own}
    if ahead.mixed is not None:
        parts[HINDSIGHT] = ahead.mixed
    repeated = guided(known, ahead.panel, quarters)
    for row, reports in came.items():
        said = {name: Predictive(p.location[row], p.scale[row]) for name, p in parts.items()}
        said |= _rivals(ahead.panel, row, quarters)
        if row in repeated:
            said[GUIDED] = repeated[row]
        for name, one in said.items():
            yield _rows(origin, ahead.series[row], name, one, reports)


def _sums(
    facts: Knowledge,
    ahead: Forecast,
    came: Mapping[int, Came],
    origin: pd.Timestamp,
    exposed: Collection[str],
    quarters: int,
) -> pd.DataFrame:
    """Return forecasts of the sums of companies' revenue."""
    totals = {row: reports for row, reports in came.items() if ahead.series[row].segment == WHOLE}
    if not totals:
        return pd.DataFrame()
    return sums(origin, ahead, totals, layers_of(facts), exposed, quarters)


def _rivals(known: Panel, row: int, quarters: int) -> dict[str, Predictive]:
    logs = known.logs[row]
    seen = np.flatnonzero(~np.isnan(logs))
    history = logs[seen[0] : seen[-1] + 1]
    return {name: rival(history, quarters) for name, rival in available().items()}


def _came(s: Series, actual: Reports, quarters: int, known: tuple[Break, ...]) -> Came:
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
    came: Came,
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
