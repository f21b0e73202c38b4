"""Claims on the efficiency paradox: C1, C4, C9, C10, C17."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from jax import Array

from marketsim.model import CLASSES, Quarter, State
from marketsim.model.efficiency import serve_better

from .claim import Finding, found
from .where import CALIBRATED, FREE, SATURATED, SLACK, WHERE, measured
from .worlds import Worlds, layer

STEP: Final = float(np.log(1.2))
"""Log of a step of 20 % in efficiency."""

LAST: Final = slice(-8, None)
"""Quarters that stand for the long run: investment swings about it."""

AGENTIC: Final = CLASSES.index("agentic")


def better_served(worlds: Worlds) -> Worlds:
    """Return worlds after a step of serving software, or of algorithms, of 20 %."""
    now = worlds.state
    return worlds.with_(replace(now, technology=serve_better(now.technology, STEP)))


def frictionless(worlds: Worlds) -> Worlds:
    """Return worlds of full pass-through and no adjustment lag: static if limits are slack too."""
    return worlds.with_(passthrough=1.0, demand_adjustment=1.0)


def inference_spending(q: Quarter) -> Array:
    """Return spending on tokens, USD bn, [draw, quarter, class]."""
    return q.tokens * q.token_price / 1e3


def paradox(worlds: Worlds) -> Finding:
    """C1. At unit elasticity efficiency leaves spending alone; signs turn there, lags or not.

    Beside, saturation lowers elasticities, so that spending falls and fewer signs turn.
    """
    free, *others = (WHERE[name](worlds) for name in (FREE, CALIBRATED, SLACK))
    worst = spending_moved(free)
    decides = found(worst, (worst < 1e-5) & turns(free))
    beside = [found(spending_moved(kind), turns(kind)) for kind in others]
    return replace(decides, where=FREE, beside=dict(zip((CALIBRATED, SLACK), beside, strict=True)))


def spending_moved(worlds: Worlds) -> np.ndarray:
    """Return the largest log change of inference spending at unit elasticity, no lags, [draw]."""
    level = frictionless(worlds).with_(elasticity=1.0)
    spent = [np.log(inference_spending(w.ahead())) for w in (level, better_served(level))]
    return np.asarray(np.abs(spent[1] - spent[0]).max(axis=(1, 2)))


def turns(worlds: Worlds) -> np.ndarray:
    """Return whether efficiency raises compute and GPU revenue above one and lowers below, [draw].

    At once without lags, and in the long run with them.
    """
    holds = np.ones(worlds.draws, dtype=bool)
    for elasticity, sign in ((1.3, 1.0), (0.7, -1.0)):
        lagged = worlds.with_(elasticity=elasticity)
        for kind in (frictionless(lagged), lagged):
            plain, better = kind.ahead(), better_served(kind).ahead()
            for seen in (lambda q: q.compute[:, LAST], lambda q: layer(q, "gpu")):
                holds &= sign * np.log(seen(better).sum(axis=1) / seen(plain).sum(axis=1)) > 0.0
    return holds


def flip(worlds: Worlds) -> Finding:
    """C4. Inference takes half of compute at the end of history, two thirds within two years."""
    now, then = worlds.history.inference_share[:, -1], worlds.plain.inference_share
    return found(then[:, 3], (then[:, 7] > now) & (then[:, :8].max(axis=1) > 0.6))


@measured(CALIBRATED, SLACK)
def software(worlds: Worlds) -> Finding:
    """C9. Software of +20 % does to each layer what hardware does that comes at no cost."""
    # A chip that does more holds no more memory.
    bits = worlds.assumptions.hbm_content * np.exp(-STEP)
    same = worlds.with_(relabelled(worlds.state), hbm_content=bits)
    soft, hard = better_served(worlds).ahead(), same.ahead()
    new = worlds.with_(cheaper(worlds.state)).ahead()
    apart = np.abs(soft.recognised - hard.recognised).sum(axis=(1, 2))
    apart /= hard.recognised.sum(axis=(1, 2))
    plain = worlds.plain
    at_once = np.log(plain.token_price / soft.token_price)[:, 0].mean(axis=-1)
    by_capital = np.log(plain.token_price / new.token_price)[:, 0].mean(axis=-1)
    return found(apart, (apart < 0.03) & (at_once > by_capital) & (by_capital > 0.0))


def relabelled(now: State) -> State:
    """Return a state whose chips, installed and to come, do 20 % more at the same cost."""
    t, fleet = now.technology, now.fleet
    better = replace(
        t,
        log_price=t.log_price - STEP,
        log_power=t.log_power - STEP,
        log_bandwidth=t.log_bandwidth + STEP,
        log_memory=t.log_memory + STEP,
        log_cumulative=t.log_cumulative + STEP,
    )
    return replace(
        now,
        technology=better,
        fleet=replace(fleet, compute=fleet.compute * np.exp(STEP)),
        log_rent=now.log_rent - STEP,
        log_contract=now.log_contract - STEP,
    )


def cheaper(now: State) -> State:
    """Return a state whose chips to come do 20 % more at the same cost and power."""
    return replace(
        relabelled(now), fleet=now.fleet, log_rent=now.log_rent, log_contract=now.log_contract
    )


def answers(worlds: Worlds) -> Finding:
    """C10. Tokens per answer make agents' answers dearer than they would be, tokens cheaper."""
    plain = worlds.entry("task_growth", AGENTIC, lambda g: 0.0 * g).ahead()
    long = worlds.entry("task_growth", AGENTIC, lambda g: 0.0 * g + 0.8).ahead()
    dearer = np.log(answer_price(long) / answer_price(plain))[:, -1, AGENTIC]
    falls = long.token_price[:, -1, AGENTIC] < long.token_price[:, 0, AGENTIC]
    return found(dearer, (dearer > 0.0) & falls)


def answer_price(q: Quarter) -> Array:
    """Return the price of an answer against tokens at their number per answer at the start."""
    return q.token_price * q.tokens / q.answers


@measured(SATURATED, CALIBRATED)
def reliability(worlds: Worlds) -> Finding:
    """C17. Checking raises compute per useful answer, and compute where demand is saturated."""
    checked = worlds.with_(verification_growth=worlds.assumptions.verification_growth + 0.2)
    plain, safe = worlds.plain, checked.ahead()
    per_answer = np.log((safe.tokens / safe.answers) / (plain.tokens / plain.answers))[:, -1]
    floor = np.log(inference_compute(safe) / inference_compute(plain))[:, -1]
    return found(floor, (per_answer > 0.0).all(axis=-1) & (floor > 0.0))


def inference_compute(q: Quarter) -> Array:
    """Return compute that serves, million H100e, [draw, quarter]."""
    return q.running * q.inference_share
