"""All beliefs together: the least surprising ones at which every price is right.

Surprise is how far the market's distribution of worlds is from the model's, by relative entropy:
half the squared distance of assumptions in deviations of the posterior (of valuation's and of
companies' own growth, of prior and forecast), and the entropy of the odds of regimes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.simulation import Outcomes
from marketsim.valuation import ValuationAssumptions
from marketsim.views.entropy import relative_entropy

from .belief import Belief, whitened
from .worlds import Sample

__all__ = ["Point", "Space", "least_surprising"]

FloatArray = NDArray[np.float64]

STEP: Final = 1e-4
"""Of a deviation, over which valuation's assumptions and growth are differentiated."""

FARTHEST: Final = 6.0
"""Deviations that one belief is from the model's, at the most."""

STEPS: Final = 60

PATIENCE: Final = 5
"""Steps in which a search has to come a tenth nearer to prices."""

ENOUGH: Final = 1e-6
"""Of surprise, in nats, and of the logs of all prices together."""

MET: Final = 1e-4
"""Of ln of value over the market's: there a price is explained."""

HELD: Final = 1e4
"""Weight of squared gaps over surprise, where no beliefs close them."""


@dataclass(frozen=True, eq=False)
class Point:
    """Beliefs, whitened, and what comes of them.

    ``u`` [unknown]: of the model's assumptions, valuation's, growth by company, and ln of odds of
    regimes; the ``gap``, ln of value over the market's [price]; what is left of the variance of
    unknowns once prices are known, ``spread`` [unknown, unknown].
    """

    u: FloatArray
    gap: FloatArray
    spread: FloatArray

    @property
    def met(self) -> bool:
        """Whether every price is explained."""
        return bool(np.abs(self.gap).max() < MET)


@dataclass(frozen=True, eq=False)
class Space:
    """What is believed together, and the prices that it is to explain.

    Attributes
    ----------
    sample
        The worlds.
    market
        Enterprise value at market prices, USD bn, [price], of the companies at ``columns``.
    entries, root
        Of the model's assumptions, and a root of their covariance, linked.
    valuation
        Beliefs in valuation's assumptions.
    growth
        A standard deviation of companies' own growth, per year, [price]; none where it is not
        believed otherwise.
    mix
        Whether odds of regimes may differ.
    """

    sample: Sample
    columns: NDArray[np.int_]
    market: FloatArray
    entries: tuple[int, ...]
    root: FloatArray
    valuation: tuple[Belief, ...]
    growth: FloatArray
    mix: bool

    @classmethod
    def of(
        cls,
        sample: Sample,
        columns: NDArray[np.int_],
        market: FloatArray,
        beliefs: Sequence[Belief],
        growth: FloatArray,
        mix: bool,
    ) -> Space:
        """Return the space of some beliefs, fields of the model's or entries of them."""
        entries = tuple(dict.fromkeys(i for b in beliefs for i in b.entries))
        posterior = sample.valuation.paths.scenarios.posterior
        mine = tuple(b for b in beliefs if not b.entries)
        root = whitened(posterior, entries)
        return cls(sample, columns, market, entries, root, mine, growth, mix)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Unknowns of each kind."""
        regimes = len(self.sample.odds) if self.mix else 0
        return len(self.entries), len(self.valuation), len(self.growth), regimes

    def parts(self, u: FloatArray) -> list[FloatArray]:
        """Return unknowns by kind."""
        return np.split(u, np.cumsum(self.sizes)[:-1])

    def move(self, u: FloatArray) -> FloatArray:
        """Return the move of linked coordinates, [entry]."""
        found = self.sample.none.copy()
        found[list(self.entries)] = self.root @ self.parts(u)[0]
        return found

    def own(self, u: FloatArray) -> FloatArray | None:
        """Return growth by company, [company]; None where none is believed."""
        if not len(self.growth):
            return None
        found = np.zeros(len(self.sample.companies))
        found[self.columns] = self.growth * self.parts(u)[2]
        return found

    def assumed(self, u: FloatArray) -> ValuationAssumptions:
        """Return what valuation assumes."""
        given = {
            b.name: leaf(b.at(float(x))[0])
            for b, x in zip(self.valuation, self.parts(u)[1], strict=True)
        }
        with precise("float64"):
            return replace(self.sample.valuation.assumed, **given)

    def odds(self, u: FloatArray) -> FloatArray:
        """Return the odds of regimes, [regime]."""
        if not self.mix:
            return self.sample.odds
        logs = np.log(self.sample.odds) + self.parts(u)[3] / np.sqrt(self.sample.odds)
        odds = np.exp(logs - logs.max())
        return np.asarray(odds / odds.sum())

    def surprise(self, u: FloatArray) -> float:
        """Return relative entropy from the model's distribution, in nats."""
        plain = np.concatenate(self.parts(u)[:3])
        return float(0.5 * plain @ plain) + relative_entropy(self.odds(u), self.sample.odds)

    def surprise_slope(self, u: FloatArray) -> FloatArray:
        """Return its derivatives, [unknown]."""
        found = u.copy()
        if self.mix:
            odds = self.odds(u)
            logs = np.log(odds / self.sample.odds)
            found[-len(odds) :] = odds * (logs - odds @ logs) / np.sqrt(self.sample.odds)
        return found

    def run(self, u: FloatArray) -> Outcomes:
        """Return the worlds believed in."""
        own = self.own(u)
        return self.sample.run(self.move(u)[None], None if own is None else own[None])

    def gap(self, u: FloatArray, worlds: Outcomes | None = None) -> FloatArray:
        """Return ln of value over the market's, [price], in ``worlds`` that were run."""
        total = self.odds(u) @ self._values(u, self.run(u) if worlds is None else worlds)
        return np.asarray(np.log(total / self.market))

    def slope(self, u: FloatArray) -> FloatArray:
        """Return derivatives of the gap, [price, unknown]."""
        worlds, odds = self.run(u), self.odds(u)
        here = self._values(u, worlds)
        total = odds @ here
        gap = np.log(total / self.market)
        first, several, companies, _ = self.sizes
        steps = STEP * np.eye(len(u))[first : first + several]
        by_valuation = [(self.gap(u + step, worlds) - gap) / STEP for step in steps]
        parts = [self._by_entries(u, odds / total[:, None]), np.array(by_valuation).T]
        if companies:
            # Nobody's value hangs on the growth of another.
            step = np.zeros(len(u))
            step[first + several : first + several + companies] = STEP
            parts.append(np.diag((self.gap(u + step) - gap) / STEP))
        if self.mix:
            by_log = odds[:, None] * (here - total) / total
            parts.append((by_log / np.sqrt(self.sample.odds)[:, None]).T)
        return np.concatenate([part.reshape(len(total), -1) for part in parts], axis=1)

    def _values(self, u: FloatArray, worlds: Outcomes) -> FloatArray:
        found = self.sample.told(worlds, assumed=self.assumed(u) if self.valuation else None)
        return np.asarray(found[0][:, self.columns])

    def _by_entries(self, u: FloatArray, shares: FloatArray) -> FloatArray:
        """Return derivatives by the model's assumptions, whitened, [price, unknown].

        ``shares`` is what a dollar in a regime adds to the log of each value, [price, regime].
        """
        if not self.entries:
            return np.zeros((len(shares), 0))
        weights = np.zeros((*shares.shape, len(self.sample.companies)))
        weights[np.arange(len(shares)), :, self.columns] = shares
        found = self.sample.slopes(weights, self.move(u), self.own(u), self.assumed(u))
        return np.asarray(found[:, list(self.entries)] @ self.root)


def least_surprising(space: Space) -> Point:
    """Return the beliefs nearest to the model's at which every price is right.

    By sequential quadratic programming (Kraft 1988, SciPy's SLSQP), each belief within
    :data:`FARTHEST` deviations. Where none are, those that leave the least of all gaps.
    """
    gap, slope = _once(space.gap), _once(space.slope)
    count = sum(space.sizes)
    bounds = [(-FARTHEST, FARTHEST)] * count
    u: FloatArray = minimize(
        space.surprise,
        np.zeros(count),
        jac=space.surprise_slope,
        method="SLSQP",
        bounds=bounds,
        constraints={"type": "eq", "fun": gap, "jac": slope},
        options={"maxiter": STEPS, "ftol": ENOUGH},
        callback=_Stuck(gap).check,
    ).x
    if not np.abs(gap(u)).max() < MET:

        def missed(u: FloatArray) -> tuple[float, FloatArray]:
            value = space.surprise(u) + 0.5 * HELD * float(gap(u) @ gap(u))
            return value, space.surprise_slope(u) + HELD * gap(u) @ slope(u)

        options = {"maxiter": STEPS // 2}
        u = minimize(missed, u, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    return Point(u, gap(u), _spread(slope(u)))


class _Stuck:
    """Stops a search that comes no nearer to prices."""

    def __init__(self, gap: Callable[[FloatArray], FloatArray]) -> None:
        self.gap = gap
        self.found: list[float] = []

    def check(self, u: FloatArray) -> None:
        self.found.append(float(np.abs(self.gap(u)).max()))
        before = min(self.found[:-PATIENCE], default=np.inf)
        if self.found[-1] > MET and min(self.found[-PATIENCE:]) > 0.9 * before:
            raise StopIteration


def _once(function: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray], FloatArray]:
    """Return the function with its last answer kept: solvers ask for the same point again."""
    kept: dict[bytes, FloatArray] = {}

    def asked(u: FloatArray) -> FloatArray:
        key = u.tobytes()
        if key not in kept:
            kept.clear()
            kept[key] = function(u)
        return kept[key]

    return asked


def _spread(slope: FloatArray) -> FloatArray:
    """Return what prices leave of the variance of unknowns, to first order."""
    return np.asarray(np.eye(slope.shape[1]) - np.linalg.pinv(slope) @ slope)
