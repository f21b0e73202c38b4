"""What it would be worth to know an assumption before choosing: where to look next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.checks import check_whole
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
"""Assumptions that say nothing, drawn at random, of which gains are taken."""

SHOWN: Final = 10
"""Rows that are printed."""

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
        worth; ``moved``, the share of the portfolio that is traded on average; ``beyond_chance``,
        whether it gains more than ``bar``.
    chance
        That gain of assumptions that say nothing, on average.
    bar
        The most that any of them seems to be worth, of as many as there are assumptions: what gains
        less may be chance.
    objective
        Whose unit gains are in.
    """

    table: pd.DataFrame
    chance: float
    bar: float
    objective: str

    @property
    def found(self) -> pd.DataFrame:
        """The rows of ``table`` that gain more than chance could seem to."""
        return self.table[self.table["beyond_chance"]]

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        return {
            "objective": self.objective,
            "chance": self.chance,
            "bar": self.bar,
            "information": rows_of(self.table),
        }

    def __str__(self) -> str:
        shown = 100.0 * self.found[["gain", "net", "moved"]].head(SHOWN)
        shown = shown.rename(columns={"moved": "traded, %"})
        some = shown.to_string(float_format="{:.2f}".format) if len(shown) else "nothing"
        more, rest = len(self.found) - len(shown), len(self.table) - len(self.found)
        return "\n".join(
            [
                f"What it is worth to know beforehand, in points of the objective, "
                f"{self.objective}:",
                some,
                *([f"and {more} more"] if more else []),
                f"An assumption that says nothing seems to be worth {100 * self.chance:.2f} on "
                "average, which net leaves out; the dearest of as many as there are, "
                f"{100 * self.bar:.2f}. {rest} of {len(self.table)} asked about gain no more.",
                "What valuation assumes is the same in all worlds, and is not asked about.",
            ]
        )

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
    are few, and any regression finds something: ``net`` says what is left of it, and ``bar`` what
    the dearest of as many numbers drawn at random seems to be worth. Knowing the regime is choosing
    within each.
    """
    valuation, best = valuation_of(choice, "value_of_information"), charged(smoothed(choice))
    for name, number, least in (("count", count, 1), ("seed", seed, 0)):
        check_whole(f"value_of_information: {name}", number, least)
    paths, odds = valuation.paths, np.asarray(choice.returns.probabilities)
    entries = paths.scenarios.posterior.entries
    keep = [i for i, e in enumerate(entries) if movable(e)]
    known = paths.link[paths.index][:, keep]
    slopes = _slopes(known, valuation.world_returns, odds)
    columns = places(choice)
    strongest = _strongest(slopes, columns)[: int(count)]
    rows = {entries[keep[i]].name: _gain(best, slopes[i] @ columns) for i in strongest}
    # As many that say nothing, and of them those that seem to say most: as the others are taken.
    blank = np.random.default_rng(int(seed)).normal(size=(len(paths.link), len(keep)))[paths.index]
    nothing = _slopes(blank, valuation.world_returns, odds)
    alike, dearest = (
        [_gain(best, nothing[i] @ columns)[0] for i in some]
        for some in (range(min(BLANKS, len(keep))), _strongest(nothing, columns)[:BLANKS])
    )
    chance = float(np.mean(alike))
    rows[REGIME] = _of_regimes(choice, best)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["gain", "moved"])
    table.insert(1, "net", np.maximum(table["gain"] - chance, 0.0))
    bar = max(*alike, *dearest)
    table["beyond_chance"] = table["gain"] > bar
    order = table["gain"].sort_values(ascending=False, kind="stable").index
    found = table.loc[order].rename_axis("assumption")
    return Information(found, chance, bar, repr(choice.terms))


def _strongest(slopes: FloatArray, columns: FloatArray) -> NDArray[np.int_]:
    """Return places of what sets companies furthest apart first: that pays, held or not."""
    return np.argsort(-(slopes @ columns).std(axis=1), kind="stable")


def _slopes(known: FloatArray, returns: FloatArray, odds: FloatArray) -> FloatArray:
    """Return by how much mean returns rise with a standard deviation, [assumption, company]."""
    apart = known - odds @ known
    spread = np.sqrt(odds @ apart**2)
    standard = apart / np.where(spread > 0.0, spread, 1.0)
    return np.asarray((odds[:, None] * standard).T @ (returns - odds @ returns))


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
