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

CLOSE: Final = 0.01
NEARLY: Final = 0.05
"""Largest gap in ln spending at which rounds end, and at which spending counts as held."""

LATE: Final = slice(8, 20)
"""Quarters of years three to five."""

ENOUGH: Final = 0.99
"""Share of draws that are to be held before rounds end: the last take as long as all others."""

ROUNDS: Final = 40
DAMPING: Final = 0.8
LONGEST: Final = 0.5
"""Of the rounds of news, of the part of a step that is taken, and of a step, in logs."""

KEPT: Final = 5
RIDGE: Final = 1e-4
LOST: Final = 2.0
"""Rounds that tell how steps are mixed, and what keeps them from being told too finely; how much
worse than the best a round may be before the next goes half of the way back."""


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

    Tokens go a share of the way to what is desired each quarter: what is desired has to go the
    whole gap at once. Saturation damps news, and rents answer, so that it takes a few rounds.
    """
    news, least = np.zeros_like(spent), np.full(worlds.draws, np.inf)
    tried, last, step = np.zeros((3, *spent.shape))
    moves, answers = np.zeros((2, worlds.draws, KEPT, spent.shape[1]))
    for turn in range(ROUNDS):
        far = np.flatnonzero(least >= CLOSE)
        if len(far) <= (1.0 - ENOUGH) * worlds.draws:
            break
        at = tried[far]
        worst, onward = _onward(worlds.those(far), spent[far], at)
        nearer = worst < least[far]
        news[far[nearer]], least[far[nearer]] = at[nearer], worst[nearer]
        if turn:
            moves[far, turn % KEPT] = at - last[far]
            answers[far, turn % KEPT] = onward - step[far]
        last[far], step[far] = at, onward
        mixed = at + _mixed(onward, moves[far], answers[far])
        lost = (worst > LOST * least[far])[:, None]
        tried[far] = np.where(lost, 0.5 * (at + news[far]), mixed)
    return news, least


def _onward(worlds: Worlds, spent: FloatArray, news: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest gap of ln spending at ``news`` [draw], and a step of news to close it."""
    a = worlds.assumptions
    share, volatility = (np.asarray(x)[:, None] for x in (a.demand_adjustment, a.demand_volatility))
    now = worlds.ahead(demand=news)
    gap, room = spent - spending(now), 1.0 - np.asarray(now.saturation)
    desired = (gap - (1.0 - share) * _before(gap)) / share
    step = np.clip(desired - _before(desired), -LONGEST, LONGEST) / (room * volatility)
    worst = np.nan_to_num(np.abs(gap).max(axis=1), nan=np.inf)
    return worst, np.nan_to_num(step, posinf=0.0, neginf=0.0)


def _mixed(step: FloatArray, moves: FloatArray, answers: FloatArray) -> FloatArray:
    """Return a step [draw, quarter] mixed with those of the last rounds by Anderson's method.

    ``moves`` of news and ``answers`` of steps to them are [draw, round, quarter]: news go to where
    they say that least of the step is left (Walker and Ni 2011, SIAM J. Numer. Anal. 49).
    """
    square = answers @ answers.swapaxes(1, 2)
    ridge = RIDGE * np.trace(square, axis1=1, axis2=2) + np.finfo(float).tiny
    square = square + ridge[:, None, None] * np.eye(KEPT)
    weight = np.linalg.solve(square, answers @ step[..., None])
    past = moves + DAMPING * answers
    return np.asarray(DAMPING * step - (past.swapaxes(1, 2) @ weight)[..., 0])


def _before(x: FloatArray) -> FloatArray:
    """Return the quarter before of ``x`` [draw, quarter], nothing before the first."""
    return np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
