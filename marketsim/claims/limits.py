"""Claims on what limits: C18, the paradox as calibrated; C22, finance; C23, that limits change."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from marketsim.model import Quarter
from marketsim.model.units import LIMITS
from marketsim.scenarios import load_scenarios

from .claim import Finding, found
from .response import LIMITED, Response, limited, responses
from .where import CALIBRATED, FREE, ONLY_FINANCE, SLACK, measured
from .worlds import Worlds, revenue

__all__ = ["alive", "many", "premium"]

ELASTICITIES: Final = (0.5, 0.7, 1.4, 1.8)
"""The outer ones are those between which the answer to efficiency spreads, the inner ones those
near one, a factor of the root of two to either side, between which it must turn."""

FIRST: Final = slice(0, 4)
SOON: Final = 1
"""Quarters of the first year, and that in which the order of cuts shows."""

CHIPS: Final = ("gpu", "asic")
POWER: Final = ("power_equipment", "construction", "leases")


def alive(worlds: Worlds) -> Finding:
    """C18. The answer to efficiency hangs on elasticity as calibrated, half as much as when slack.

    Where limits hold the answer back, it is nearer to nothing at either elasticity. Draws in which
    spending cannot be held do not satisfy it, nor do those in which slack worlds show nothing that
    could be held back.
    """
    every = responses(limited(worlds), ELASTICITIES)
    answers = dict(zip((CALIBRATED, SLACK, FREE), (every[name] for name in LIMITED), strict=True))
    chips, compute = (
        {where: _spread(answer, name) for where, answer in answers.items()}
        for name in ("accelerators", "compute")
    )
    decides, loose = chips.pop(CALIBRATED), chips[SLACK].value
    holds = decides.holds & compute[CALIBRATED].holds
    holds &= (loose > 0.0) & (decides.value > 0.5 * loose)
    beside = chips | {f"of compute, {where}": seen for where, seen in compute.items()}
    return replace(decides, holds=holds, beside=beside)


def _spread(answers: list[Response], name: str) -> Finding:
    """Return a quantity's answer at the highest elasticity less that at the lowest.

    It holds where the answer turns near one; unknown where spending could not be held.
    """
    held = _held(answers)
    lowest, below, above, highest = (answer.late(name) for answer in answers)
    spread = np.where(held, highest - lowest, np.nan)
    return found(spread, held & (below < 0.0) & (above > 0.0))


def _held(answers: list[Response]) -> np.ndarray:
    """Return whether spending was held at every elasticity, [draw]."""
    return np.asarray(np.all([one.held for one in answers], axis=0))


@measured(CALIBRATED, ONLY_FINANCE)
def premium(worlds: Worlds) -> Finding:
    """C22. A doubled premium on outside funds cuts borrowers first, and chips before power.

    Where supply binds investors want more than they get. Others may take up a part of what
    borrowers leave, as rents rise, but not all of it.
    """
    dearer = 2.0 * worlds.assumptions.external_premium
    plain, dear = worlds.plain, worlds.with_(external_premium=dearer).ahead()
    borrowers, owners = (
        np.log(of(plain) / of(dear))[:, FIRST].mean(axis=1) for of in (borrowed_for, owned)
    )
    spent = np.log(plain.capital_spending / dear.capital_spending)[:, FIRST].mean(axis=1)
    chips, power = (
        np.log(revenue(plain, *names) / revenue(dear, *names))[:, SOON] for names in (CHIPS, POWER)
    )
    return found(borrowers, (borrowers > owners) & (spent > 0.0) & (chips > power), FIRST)


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
