"""Companies with a life of their own: their revenue over the model's, world by world.

Each world's revenue begins at the last report and goes on by the forecast, which has heard of the
growth of that world, of the company's own trend and seasons, and of what was said ahead. Where the
forecast ends, the company goes on as the model does, but for its seasons and as much news of its
own a quarter as in the last year that is forecast.

The largest owners of compute have one together, of what they spend: their forecasts over what the
model has of the same. Where those end it goes with the news of those whom builders pay, each by its
part of that: what is common to sellers is what buyers spend, the rest is shares of the market.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from marketsim.calibration import Posterior
from marketsim.ensemble import YEAR, lives_of
from marketsim.ensemble.chunks import in_chunks
from marketsim.forecasting.book import book_of
from marketsim.forecasting.projection import LONGEST, Forecast
from marketsim.forecasting.structure import LAG, ends_of, growth_in, reader_of
from marketsim.knowledge.currency import usd_per
from marketsim.observables.capital_spending import CAPITAL_SPENDING
from marketsim.statements import Series

__all__ = ["Lives", "chance_of_lives", "deviations"]

WHOLE: Final = "quarterly_revenue", "total"
"""Of the series that are a company's revenue: their quantity, and how their entity ends."""

SPENDING: Final = CAPITAL_SPENDING.quantities[0]
"""What owners report of their spending."""


class Lives(NamedTuple):
    """Logs of what is reported over the model's.

    ``companies``, their revenue, [world, quarter, company], and ``owners``, what the largest owners
    spend together, [world, quarter].
    """

    companies: np.ndarray
    owners: np.ndarray


def deviations(
    posterior: Posterior,
    forecast: Forecast,
    worlds: Mapping[str, np.ndarray],
    chance: np.ndarray,
    later: np.ndarray,
    quarters: int,
) -> Lives:
    """Return the log of companies' revenue over the model's, and of what owners spend.

    Zero for a company whose revenue is not forecast, and where an owner's spending is not.

    Parameters
    ----------
    posterior
        Of the worlds.
    forecast
        From it.
    worlds
        What series follow, over the window and at least :data:`LONGEST` quarters after the last
        report, without any shift, [world, quarter, ...].
    chance
        Standard normal numbers of what is forecast, [world, entry].
    later
        The same of what comes after, [world, quarter, company].
    quarters
        After the window.
    """
    series, companies = forecast.panel.series, len(posterior.companies)
    ends = posterior.window.position(posterior.window.ends(quarters))
    levels_in = reader_of(posterior, series, LONGEST)
    one = {kind: path[:1] for kind, path in worlds.items()}
    wholes = [
        (
            row,
            posterior.companies.index(series[row].ticker),
            posterior.window.position(ends_of(series[row], LONGEST)),
        )
        for row in _wholes(series, growth_in(levels_in(one)).heard)
    ]
    owners = _owners(posterior, series)

    def of_some(index: np.ndarray) -> np.ndarray:
        some = {kind: path[index] for kind, path in worlds.items()}
        levels = levels_in(some)
        logs = forecast.lines.logs(growth_in(levels).paths, chance[index], forecast.joint)

        def read(row: int, position: np.ndarray) -> np.ndarray:
            s = series[row]
            last = np.full((len(index), 1), np.log(s.values[-1]))
            said = np.concatenate([last, logs[:, row]], axis=1) + np.log(1e-3 * usd_per(s.unit))
            return _read(said - levels[:, row], _season(forecast.joint.mean[row]), position, ends)

        found = np.zeros((len(index), quarters, companies + 1))
        for row, place, position in wholes:
            found[:, :, place] = read(row, position)
        if owners:
            spent = [read(row, position) for row, position in owners]
            found[:, :, companies] = np.logaddexp.reduce(spent, axis=0)
        return found

    found = in_chunks(of_some, np.arange(len(chance)))
    rows, after = np.full(companies, -1), np.zeros((quarters, companies))
    for row, place, position in wholes:
        rows[place], after[:, place] = row, ends > position[-1]
    news = _driven(later, _news(forecast, rows))
    own = found[:, :, :companies] + np.cumsum(after * news, axis=1)
    if not owners:
        return Lives(own, found[:, :, companies])
    past = ends > max(position[-1] for _, position in owners)
    shared = np.cumsum(past[:, None] * _common(posterior, news), axis=1)[:, :, 0]
    return Lives(own, found[:, :, companies] + shared)


def _owners(posterior: Posterior, series: tuple[Series, ...]) -> list[tuple[int, np.ndarray]]:
    """Return rows of the largest owners' spending, and their positions; none if one is missing."""
    rows = {s.entity: row for row, s in enumerate(series) if s.quantity == SPENDING}
    found = [rows.get(name) for name in posterior.knowledge.universe.group("owners")]
    known = [row for row in found if row is not None]
    if len(known) < len(found):
        return []
    return [(row, posterior.window.position(ends_of(series[row], LONGEST))) for row in known]


def _common(posterior: Posterior, news: np.ndarray) -> np.ndarray:
    """Return what news [world, quarter, company] of those whom builders pay add up to, [..., 1].

    Each counts by its part of what they are paid at the decision date.
    """
    weights = book_of(posterior).weights(posterior.history["spending"][-1])
    return np.asarray((news * weights).sum(axis=2, keepdims=True))


def _wholes(series: tuple[Series, ...], heard: np.ndarray) -> list[int]:
    """Return the rows of series that are a company's revenue and that the model has."""
    return [row for row, s in enumerate(series) if heard[row] and (s.quantity, s.segment) == WHOLE]


def _driven(later: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return news of companies, [world, quarter, company], from standard normal numbers.

    Chunk by chunk and quarter by quarter: what BLAS does with a row hangs on how many there are.
    """
    quarters = (in_chunks(lambda few: few @ factor.T, of_one) for of_one in later.swapaxes(0, 1))
    return np.stack(list(quarters), axis=1)


def _news(forecast: Forecast, rows: np.ndarray) -> np.ndarray:
    """Return a factor of the covariance of companies' own news a quarter, [company, company].

    A stand-in: a quarter of that of what the last year forecast adds, some of which lasts; nothing
    where ``rows`` [company] is -1.
    """
    last = rows * LONGEST + LONGEST - 1
    year = forecast.lines.factor[last] - forecast.lines.factor[last - YEAR]
    covariance = np.where(np.logical_and.outer(rows >= 0, rows >= 0), year @ year.T / YEAR, 0.0)
    value, vector = np.linalg.eigh(covariance)
    return np.asarray(vector * np.sqrt(np.maximum(value, 0.0)))


def _season(logs: np.ndarray) -> np.ndarray:
    """Return by how much each quarter of the last year lies off its line, [quarter of a year]."""
    middle, step = _line(logs[None])
    return np.asarray(logs[-YEAR:] - (middle + step * (np.arange(YEAR) - (YEAR - 1) / 2))[0])


def _line(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the last year [..., 1], and the step a quarter from that before."""
    year = logs[:, -YEAR:].mean(axis=1, keepdims=True)
    before = logs[:, -2 * YEAR : -YEAR].mean(axis=1, keepdims=True)
    return year, (year - before) / YEAR


def _read(
    apart: np.ndarray, season: np.ndarray, position: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """Return deviations [world, horizon] at their positions, at others, [world, quarter].

    After the last the line of its year stays where it ends, and the season comes every year.
    """
    after = np.clip(np.searchsorted(position, at), 1, len(position) - 1)
    width = position[after] - position[after - 1]
    part = np.clip((at - position[after - 1]) / width, 0.0, 1.0)
    between = apart[:, after - 1] * (1.0 - part) + apart[:, after] * part
    middle, step = _line(apart)
    again = np.interp((at - position[-1]) % YEAR, np.arange(YEAR + 1), [season[-1], *season])
    # The last quarter lies one and a half after the middle of its year.
    lasting = middle + (YEAR - 1) / 2 * step + again
    return np.asarray(np.where(at > position[-1], lasting, between))


def chance_of_lives(
    posterior: Posterior, forecast: Forecast, index: np.ndarray, quarters: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what happens to companies by themselves, standard normal, of draws by their number.

    As :func:`deviations` takes it: of what is forecast [draw, entry],
    and of what comes after, [draw, quarter, company].
    """
    companies = len(posterior.companies)
    chance = lives_of(index, forecast.joint.mean.size, seed)
    later = np.zeros((len(index), quarters, companies))
    # No forecast ends sooner: what comes before is no one's.
    for first in range((LONGEST - LAG) // YEAR * YEAR, quarters, YEAR):
        drawn = lives_of(index, YEAR * companies, seed, 1 + first // YEAR)
        year = drawn.reshape(-1, YEAR, companies)[:, : quarters - first]
        later[:, first : first + YEAR] = year
    return chance, later
