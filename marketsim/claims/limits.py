"""Claims on what limits: C18, the paradox as calibrated; C22, finance; C23, that limits change."""

from __future__ import annotations

from typing import Final

import numpy as np

from marketsim.model import Quarter
from marketsim.model.units import LIMITS
from marketsim.scenarios import load_scenarios

from .claim import Finding, found
from .response import LIMITED, Response, limited, responses
from .worlds import Worlds, revenue, slack

__all__ = ["alive", "many", "premium"]

ELASTICITIES: Final = (0.5, 1.8)
"""Between which the answer to efficiency must turn."""

FIRST: Final = slice(0, 4)
SOON: Final = 1
"""Quarters of the first year, and that in which the order of cuts shows."""

CHIPS: Final = ("gpu", "asic")
POWER: Final = ("power_equipment", "construction", "leases")


def alive(worlds: Worlds) -> Finding:
    """C18. The answer to efficiency hangs on elasticity as calibrated, half as much as when slack.

    Where limits hold the answer back, it is nearer to nothing at either elasticity. Draws in which
    spending cannot be held do not satisfy it. Beside stands how far it spreads as calibrated over
    how far with neither limits nor saturation.
    """
    answers = responses(limited(worlds), ELASTICITIES)
    tight, loose, free = (answers[name] for name in LIMITED)
    compute = [one.late("compute") for one in tight]
    turns = (compute[0] < 0.0) & (compute[1] > 0.0)
    spread, slackened = _spread(tight), _spread(loose)
    beside = np.where(_held(tight) & _held(free), spread / _spread(free), np.nan)
    holds = _held(tight) & turns & (spread > 0.5 * slackened)
    return found(spread / slackened, holds, beside)


def _spread(answers: list[Response]) -> np.ndarray:
    """Return the answer of accelerators at the last elasticity less that at the first, [draw]."""
    first, last = (answers[at].late("accelerators") for at in (0, -1))
    return np.asarray(last - first)


def _held(answers: list[Response]) -> np.ndarray:
    """Return whether spending was held at every elasticity, [draw]."""
    return np.asarray(np.all([one.held for one in answers], axis=0))


def premium(worlds: Worlds) -> Finding:
    """C22. A doubled premium on outside funds cuts borrowers first, and chips before power.

    Where supply binds investors want more than they get: only finance is left to bind. Others may
    take up a part of what borrowers leave, as rents rise, but not all of it.
    """
    a = worlds.assumptions
    plain, dear = (
        slack(worlds)
        .with_(external_premium=x * a.external_premium, credit_rationing=a.credit_rationing)
        .ahead()
        for x in (1.0, 2.0)
    )
    borrowers, owners = (
        np.log(of(plain) / of(dear))[:, FIRST].mean(axis=1) for of in (borrowed_for, owned)
    )
    spent = np.log(plain.capital_spending / dear.capital_spending)[:, FIRST].mean(axis=1)
    chips, power = (
        np.log(revenue(plain, *names) / revenue(dear, *names))[:, SOON] for names in (CHIPS, POWER)
    )
    return found(borrowers, (borrowers > owners) & (spent > 0.0) & (chips > power))


def borrowed_for(q: Quarter) -> np.ndarray:
    """Return capital spending of builders without a cash flow of their own, [draw, quarter]."""
    return np.asarray(q.borrowers_spending)


def owned(q: Quarter) -> np.ndarray:
    """Return capital spending of the others, [draw, quarter]."""
    return np.asarray(q.capital_spending - q.borrowers_spending)


def many(worlds: Worlds) -> Finding:
    """C23. What binds most changes between regimes and years: three limits or more lead somewhere.

    None leads in more than nine tenths of all years of all regimes.
    """
    moves = load_scenarios(worlds.posterior).moves
    leads = np.stack([leading(worlds.moved(move).ahead()) for move in moves])
    cells = np.stack([(leads == i).mean(axis=(0, 2)) for i in range(len(LIMITS))])
    return found(cells.max(axis=0), ((cells > 0.0).sum(axis=0) >= 3) & (cells.max(axis=0) < 0.9))


def leading(q: Quarter) -> np.ndarray:
    """Return the place of the limit that binds most, year by year, [draw, year]."""
    binding = np.asarray(q.binding)
    yearly = binding.reshape(len(binding), -1, 4, len(LIMITS)).mean(axis=2)
    return np.asarray(yearly.argmax(axis=-1))
