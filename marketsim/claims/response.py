"""How the world answers to a step of efficiency, elasticity by elasticity, spending held.

An elasticity set low from the start would kill demand before the step comes. So each elasticity is
given the news of demand that keep spending on tokens where it is without the step; then the step is
taken, with the same news, and what differs is the answer to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketsim.ensemble import YEAR
from marketsim.model import ARCHITECTURES, Quarter
from marketsim.model.efficiency import serve_better

from .worlds import Worlds, revenue, slack, together, unsaturated

__all__ = [
    "DOUBLING",
    "LIMITED",
    "WATCHED",
    "Held",
    "Response",
    "hold_spending",
    "limited",
    "responses",
    "spending",
]

FloatArray = NDArray[np.float64]

Held = tuple[Worlds, FloatArray]
"""Worlds, and ln spending on tokens [draw, quarter] at which they are held."""

LIMITED: Final = ("calibrated", "slack", "unsaturated")
"""With every limit as calibrated; with power, chips and funds in any amount, memory at any price
and saturation kept; and without saturation too."""

DOUBLING: Final = float(np.log(2.0))
"""ln tokens per FLOP gained overnight."""

WATCHED: Final = ("compute", "accelerators", "power", "spending")
"""Compute installed, accelerators as they are invoiced, GW at the site, and spending on tokens."""

CLOSE: Final = 0.003
NEARLY: Final = 0.05
"""Largest gap in ln spending at which rounds end, and at which spending counts as held."""

LATE: Final = slice(8, 20)
"""Quarters of years three to five."""

ENOUGH: Final = 0.99
"""Share of draws that are to be held before rounds end: the last take as long as all others."""

ROUNDS: Final = 15
LONGEST: Final = 0.5
"""Of the rounds of a year's news, and of a step, in logs."""

REMEMBERED: Final = 4
"""Steps from which the next one learns."""

RIDGE: Final = 1e-8
TINY: Final = 1e-300
"""Added to what steps have in common, as a share of it and where it is nothing, so that what they
teach is never undetermined."""


@dataclass(frozen=True, eq=False)
class Response:
    """What a doubling of efficiency changes at one elasticity.

    Attributes
    ----------
    elasticity
        Price elasticity of demand for tokens while unsaturated, of all classes.
    change
        ln of each of :data:`WATCHED` with the step over that without, [draw, quarter].
    news
        Of demand, that hold spending, [draw, quarter].
    gap
        Largest difference of ln spending from what it was to be held at, [draw].
    """

    elasticity: float
    change: dict[str, FloatArray]
    news: FloatArray
    gap: FloatArray

    def late(self, name: str) -> FloatArray:
        """Return the mean change of a quantity in years three to five, [draw]."""
        return np.asarray(self.change[name][:, LATE].mean(axis=1))

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether spending was held, [draw]."""
        return np.asarray(self.gap < NEARLY)


def limited(worlds: Worlds) -> dict[str, Held]:
    """Return worlds with every limit as calibrated, with limits slack, and without saturation.

    Worlds without saturation are held at what slack ones spend, for they would spend many times as
    much: only the answer to a step differs, not where it comes from.
    """
    free = slack(worlds)
    spent = spending(free.plain)
    each = ((worlds, spending(worlds.plain)), (free, spent), (unsaturated(free), spent))
    return dict(zip(LIMITED, each, strict=True))


def responses(
    kinds: Mapping[str, Held], elasticities: Sequence[float]
) -> dict[str, list[Response]]:
    """Return the answers to a doubling of efficiency at ``elasticities`` while spending is held.

    Parameters
    ----------
    kinds
        Worlds at the decision date, by a name, and ln spending on tokens [draw, quarter] that they
        are held at without the step. All are run at once.
    elasticities
        Of all classes, while unsaturated.
    """
    cases = [(*kind, elasticity) for kind in kinds.values() for elasticity in elasticities]
    given = np.concatenate([np.full(w.draws, elasticity) for w, _, elasticity in cases])
    kept = together([w for w, _, _ in cases]).with_(elasticity=given[:, None])
    news, gap = hold_spending(kept, np.concatenate([spent for _, spent, _ in cases]))
    better = replace(kept.state, technology=serve_better(kept.state.technology, DOUBLING))
    plain, stepped = (seen(w.ahead(demand=news)) for w in (kept, kept.with_(better)))
    change = {name: np.log(stepped[name] / plain[name]) for name in WATCHED}
    ends = np.cumsum([w.draws for w, _, _ in cases])
    found = [
        Response(elasticity, {n: x[mine] for n, x in change.items()}, news[mine], gap[mine])
        for (w, _, elasticity), end in zip(cases, ends, strict=True)
        for mine in [slice(end - w.draws, end)]
    ]
    times = len(elasticities)
    return {name: found[k * times : (k + 1) * times] for k, name in enumerate(kinds)}


def seen(q: Quarter) -> dict[str, FloatArray]:
    """Return what is watched, [draw, quarter]."""
    return {
        "compute": np.asarray(q.compute),
        "accelerators": revenue(q, *ARCHITECTURES),
        "power": np.asarray(q.load),
        "spending": np.exp(spending(q)),
    }


def spending(q: Quarter) -> FloatArray:
    """Return ln spending on tokens, own use at cost, [draw, quarter]."""
    return np.asarray(np.log(q.laboratory_revenue + q.own_use))


def hold_spending(worlds: Worlds, spent: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return news of demand [draw, quarter] that hold spending, and the gap that is left, [draw].

    Year by year: no news change what was spent before, so that a year is held once and for all
    before the next is run.
    """
    now, years, gaps = worlds, [], []
    for first in range(0, spent.shape[1], YEAR):
        news, gap = _hold_year(now, spent[:, first : first + YEAR])
        now = now.with_(now.states_and_quarters(demand=news)[0])
        years.append(news)
        gaps.append(gap)
    return np.concatenate(years, axis=1), np.max(gaps, axis=0)


def _hold_year(worlds: Worlds, spent: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return news of a year that hold spending, [draw, quarter], and the gap left, [draw].

    Saturation damps news, and rents answer, so that it takes a few rounds. A draw that comes no
    nearer by a step goes half as far, and as the gap alone asks.
    """
    news = asked = step = np.zeros_like(spent)
    least, part = np.full(worlds.draws, np.inf), np.ones(worlds.draws)
    tries: list[tuple[FloatArray, FloatArray]] = []
    for _ in range(ROUNDS):
        tried = news + part[:, None] * step
        now = worlds.ahead(demand=tried)
        gap = spent - spending(now)
        onward, longest = _asked(worlds, now, gap)
        tries = [*tries, (tried, onward)][-REMEMBERED - 1 :]
        worst = np.nan_to_num(np.abs(gap).max(axis=1), nan=np.inf)
        nearer = worst < least
        moved = nearer[:, None]
        news, asked = np.where(moved, tried, news), np.where(moved, onward, asked)
        step = np.where(moved, np.clip(_learnt(tries), -longest, longest), asked)
        least, part = np.minimum(worst, least), np.where(nearer, 1.0, 0.5 * part)
        if np.quantile(least, ENOUGH) < CLOSE:
            break
    return news, least


def _asked(worlds: Worlds, now: Quarter, gap: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the news that would close ``gap`` did nothing answer, and the most that is taken.

    Tokens go a share of the way to what is desired each quarter: what is desired has to go the
    whole gap at once.
    """
    a = worlds.assumptions
    share, volatility = (np.asarray(x)[:, None] for x in (a.demand_adjustment, a.demand_volatility))
    desired = (gap - (1.0 - share) * _before(gap)) / share
    felt = (1.0 - np.asarray(now.saturation)) * volatility
    longest = LONGEST / felt
    return np.clip((desired - _before(desired)) / felt, -longest, longest), longest


def _learnt(tries: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return the step after the last of ``tries``, (news, step asked) each [draw, quarter].

    Anderson (1965, J. ACM 12): news at which, were what is asked linear in news, nothing would be.
    """
    news, asked = (np.stack(x, axis=1) for x in zip(*tries, strict=True))
    if len(tries) == 1:
        return asked[:, -1]
    went, changed = np.diff(news, axis=1), np.diff(asked, axis=1)
    square = changed @ changed.transpose(0, 2, 1)
    size = np.trace(square, axis1=1, axis2=2)[:, None, None]
    ridge = (RIDGE * size + TINY) * np.eye(square.shape[1])
    weight = np.linalg.solve(square + ridge, changed @ asked[:, -1, :, None])
    return np.asarray(asked[:, -1] - ((went + changed) * weight).sum(axis=1))


def _before(x: FloatArray) -> FloatArray:
    """Return the quarter before of ``x`` [draw, quarter], nothing before the first."""
    return np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
