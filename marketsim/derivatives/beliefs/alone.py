"""One belief at a time: what it would have to be for the model's value to be the market's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.valuation.roots import MET

from .belief import OWN, REGIMES, Belief, whitened
from .target import Target, believed, own_beliefs
from .tilted import root, tilted

__all__ = ["every_alone", "mix_alone", "slopes_of"]

FloatArray = NDArray[np.float64]

COLUMNS: Final = (
    "unit",
    "model",
    "implied",
    "deviations",
    "low",
    "high",
    "cut",
    "left",
    "surprise",
    "meaning",
)

TENTH: Final = 1.2816
"""Deviations of a normal number below which nine tenths are."""

NEAR: Final = 0.1
"""Deviations over which the slope at what is implied is taken."""

HALF: Final = 0.5
"""Deviations over which valuation's assumptions are compared."""

UNSCALED: Final = frozenset(OWN) - {"growth"}
"""Beliefs of which nothing says how open they are."""


def mix_alone(target: Target, asked: Sequence[str] | None) -> tuple[FloatArray, float]:
    """Return the odds of regimes that prices assume, alone, and the gap left; NaN if not asked."""
    odds = target.sample.odds
    if len(odds) == 1 or not (asked is None or REGIMES in asked):
        return np.full(len(odds), np.nan), np.nan
    return tilted(target)


def every_alone(
    target: Target,
    known: Mapping[str, Belief],
    asked: Sequence[str] | None,
    own_sd: FloatArray,
    slope: FloatArray,
    strongest: int,
) -> pd.DataFrame:
    """Return what prices assume, one belief at a time; see `Implied.alone`.

    Parameters
    ----------
    target
        The companies.
    known
        Beliefs by name.
    asked
        Those wanted; by default those in the companies themselves, and the ``strongest`` of the
        model's and valuation's.
    own_sd
        A standard deviation of companies' own growth, [company].
    slope
        Of the target, from :func:`slopes_of`.
    """
    names = [*OWN, *_strongest(target, known, slope, strongest)] if asked is None else asked
    every = {**known, **own_beliefs(target, own_sd)}
    rows = {name: _row(target, every[name], slope) for name in names if name in every}
    found = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    return found.rename_axis("belief")


def slopes_of(targets: Sequence[Target]) -> FloatArray:
    """Return derivatives of gaps by linked coordinates, as the model has it, [target, entry].

    All targets are of the same sample.
    """
    sample = targets[0].sample
    weights = []
    for target in targets:
        total = sample.odds @ sample.means[:, target.members].sum(axis=1)
        weights.append(np.outer(sample.odds, target.members) / total)
    return sample.slopes(np.stack(weights), sample.none)


def _strongest(
    target: Target, known: Mapping[str, Belief], slope: FloatArray, count: int
) -> list[str]:
    """Return the beliefs of which a deviation moves the value of the companies most."""
    single = {e for b in known.values() if len(b.entries) > 1 for e in b.entries}
    size = {}
    for name, belief in known.items():
        if len(belief.entries) > 1 or not single.intersection(belief.entries):
            if belief.whose == "model":
                size[name] = abs(float(slope[list(belief.entries)] @ belief.sd))
            else:
                moved = float(believed(target, belief, np.array([HALF]))[0])
                size[name] = abs(moved - target.now) / HALF
    return sorted(size, key=lambda name: -size[name])[:count]


def _row(target: Target, belief: Belief, slope: FloatArray) -> dict[str, Any]:
    def gap(deviations: FloatArray) -> FloatArray:
        return believed(target, belief, deviations)

    found, left = root(gap, belief.low, belief.high, target.now)
    met, told = abs(left) < MET, belief.name not in UNSCALED
    steep = float(gap(np.array([found + NEAR]))[0] - left) / NEAR
    spread = _spread(target, belief, slope) / abs(steep) if steep else np.inf
    low, high, cut = _range(belief, found, TENTH * spread)
    return {
        "unit": belief.unit,
        "model": belief.told(0.0),
        "implied": belief.told(found),
        "deviations": found if told else np.nan,
        "low": low if met else np.nan,
        "high": high if met else np.nan,
        "cut": cut if met else "",
        "left": np.nan if met else left,
        "surprise": 0.5 * found**2 * _distance(target, belief) if told else np.nan,
        "meaning": belief.meaning,
    }


def _range(belief: Belief, found: float, wide: float) -> tuple[float, float, str]:
    """Return the range about what is found, within the support, and which ends are the support's.

    Where a belief does little to value the straight line would run far beyond what it may be.
    """
    ends = np.array([found - wide, found + wide])
    inside = np.clip(ends, belief.low, belief.high)
    sides = sorted(
        (belief.told(float(x)), bool(x != end)) for x, end in zip(inside, ends, strict=True)
    )
    names = ("low", "high")
    cut = " and ".join(name for name, (_, ended) in zip(names, sides, strict=True) if ended)
    return sides[0][0], sides[1][0], cut


def _spread(target: Target, belief: Belief, slope: FloatArray) -> float:
    """Return how open the posterior leaves the gap once a belief is held, a standard deviation."""
    posterior = target.sample.valuation.paths.scenarios.posterior
    scale = np.asarray(posterior.coordinates.scale)
    count = len(scale)
    covariance = posterior.covariance[:count, :count] * np.outer(scale, scale)
    variance = slope @ covariance @ slope
    some = list(belief.entries)
    if some:
        shared = covariance[some] @ slope
        variance -= shared @ np.linalg.solve(covariance[np.ix_(some, some)], shared)
    return float(np.sqrt(max(variance, 0.0)))


def _distance(target: Target, belief: Belief) -> float:
    """Return the squared distance of a deviation of all entries of a belief together."""
    some = list(belief.entries)
    if len(some) < 2:
        return 1.0
    root = whitened(target.sample.valuation.paths.scenarios.posterior, some)
    return float(np.sum(np.linalg.solve(root, belief.sd) ** 2))
