"""What it would be worth to know an assumption before choosing: where to look next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.errors import InputError
from marketsim.scenarios import movable

from .charged import charged
from .holding import valuation_of
from .sensitivities import places
from .smoothed import SmoothedOptimum, smoothed
from .story import rows_of
from .worth import value_parts

__all__ = ["Information", "value_of_information"]

FloatArray = NDArray[np.float64]

NODES: Final = np.array([-2.85697001, -1.35562618, 1.35562618, 2.85697001])
WEIGHTS: Final = np.array([0.01125741, 0.22207592, 0.22207592, 0.01125741])
"""Gauss-Hermite, five nodes of a standard normal number; nothing is learnt at the middle one."""

BLANKS: Final = 8
"""Assumptions that say nothing, drawn at random: what chance alone seems to be worth."""

REGIME: Final = "which regime it is"


@dataclass(frozen=True, eq=False, repr=False)
class Information:
    """What knowing would be worth.

    Attributes
    ----------
    table
        By assumption, and for the regime, dearest first: ``gain``, what the objective is better by
        on average where the assumption is known before weights are chosen, in its unit (a year's
        return, say, as a fraction); ``net``, less what an assumption that says nothing seems to be
        worth; ``moved``, the share of the portfolio that is traded on average.
    chance
        That gain of assumptions that say nothing, on average.
    """

    table: pd.DataFrame
    chance: float

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        return {"chance": self.chance, "information": rows_of(self.table)}

    def __str__(self) -> str:
        shown = self.table.head(10)
        text = shown.to_string(float_format="{:.4f}".format)
        return f"{text}\nan assumption that says nothing seems to be worth {self.chance:.4f}"

    def __repr__(self) -> str:
        first = ", ".join(map(str, self.table.index[:3]))
        return f"Information({len(self.table)} assumptions, dearest {first})"


def value_of_information(choice: Allocation, *, count: int = 30, seed: int = 0) -> Information:
    """Return what it would be worth to know each assumption before choosing weights.

    The expected value of perfect information on one at a time: the objective where weights may
    follow what is known of it, less that of the weights chosen without.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`.
    count
        Assumptions that are looked at, those that set companies furthest apart in the draws.
    seed
        Of the assumptions that say nothing.

    Raises
    ------
    InputError
        For returns made elsewhere, or a term without a derivative.

    Notes
    -----
    What an assumption says of returns is their regression on it over the draws, before market
    noise: so it brings what is known of others that go with it. Weights are then chosen again,
    tails smoothed, at the nodes of a normal number (Raiffa and Schlaifer 1961 for the value; Strong
    and Oakley 2013 for regressions). A limit on a term, as on CVaR, is of all that may be, known or
    not: what is used of it is charged at the limit's multiplier, to whoever knows and to the
    weights held alike, so that knowing is never worth less than nothing. (It is the
    bound that duality gives to what a budget over all that may be known would leave of it.) Draws
    are few, and any regression finds something: ``net`` says what is left of it. Knowing the regime
    is choosing within each.
    """
    valuation, best = valuation_of(choice, "value_of_information"), charged(smoothed(choice))
    for name, number, least in (("count", count, 1), ("seed", seed, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise InputError(f"value_of_information: {name} is {number!r}; give {least} or more")
    paths, odds = valuation.paths, np.asarray(choice.returns.probabilities)
    entries = paths.scenarios.posterior.entries
    keep = [i for i, e in enumerate(entries) if movable(e)]
    known = paths.link[paths.index][:, keep]
    slopes = _slopes(known, valuation.world_returns, odds)
    blank = np.random.default_rng(seed).normal(size=(len(paths.link), BLANKS))[paths.index]
    nothing = _slopes(blank, valuation.world_returns, odds)
    columns = places(choice)
    felt = _spread(slopes, columns).std(axis=1)  # what sets companies apart pays, held or not
    strongest = np.argsort(-felt, kind="stable")[:count]
    rows = {entries[keep[i]].name: _gain(best, _spread(slopes[i], columns)) for i in strongest}
    chance = float(np.mean([_gain(best, _spread(x, columns))[0] for x in nothing]))
    rows[REGIME] = _of_regimes(choice, best)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["gain", "moved"])
    table.insert(1, "net", np.maximum(table["gain"] - chance, 0.0))
    order = table["gain"].sort_values(ascending=False, kind="stable").index
    return Information(table.loc[order].rename_axis("assumption"), chance)


def _slopes(known: FloatArray, returns: FloatArray, odds: FloatArray) -> FloatArray:
    """Return by how much mean returns rise with a standard deviation, [assumption, company]."""
    apart = known - odds @ known
    spread = np.sqrt(odds @ apart**2)
    standard = apart / np.where(spread > 0.0, spread, 1.0)
    return np.asarray((odds[:, None] * standard).T @ (returns - odds @ returns))


def _spread(slopes: FloatArray, columns: FloatArray) -> FloatArray:
    """Return slopes for all that may be held, nothing for cash, [..., company]."""
    return np.asarray(slopes @ columns)


def _gain(best: SmoothedOptimum, slope: FloatArray) -> tuple[float, float]:
    """Return what knowing a normal number is worth that moves means by ``slope`` [company].

    Of an optimum that has no limits on terms; see :func:`charged`.
    """
    gain = moved = 0.0
    draws = np.ones((len(best.given.returns), 1))
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        then = best.again(d_returns=draws * (node * slope))
        held = best.value + node * _of_all_draws(best, slope)
        gain += weight * best.problem.direction * (then.value - held)
        moved += weight * _traded(best, then)
    return gain, moved


def _of_all_draws(best: SmoothedOptimum, more: FloatArray) -> float:
    """Return what the value gains, weights held, where all draws return ``more`` [company].

    An expected return gains as much, and a tail loses as much.
    """
    odds = best.given.probabilities
    return sum(
        count * float(odds @ local.slope) * float(more @ local.active)
        for count, local in value_parts(best.problem, best.at)
    )


def _of_regimes(choice: Allocation, best: SmoothedOptimum) -> tuple[float, float]:
    """Return what knowing the regime is worth: choosing in each, over the weights held there."""
    regimes, odds = choice.returns.world.paths.regime, best.given.probabilities
    gain = moved = 0.0
    for regime in np.unique(regimes):
        chance = float(odds[regimes == regime].sum())
        if chance <= 0.0:
            continue
        within = np.where(regimes == regime, odds / chance, 0.0)
        then = best.again(d_probabilities=within - odds)
        held = -best.problem.direction * best.problem.value(
            best.problem.cost, best.solved.x, then.given
        )
        gain += chance * best.problem.direction * (then.value - held)
        moved += chance * _traded(best, then)
    return gain, moved


def _traded(best: SmoothedOptimum, then: SmoothedOptimum) -> float:
    return 0.5 * float((then.weights - best.weights).abs().sum())
