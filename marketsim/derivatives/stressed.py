"""One world in which a portfolio loses: what of it is out of the ordinary, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import jax
import numpy as np
import pandas as pd
from jax import Array
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from marketsim.ensemble import COMING, assumptions_at
from marketsim.model import NEWS
from marketsim.precision import precise
from marketsim.valuation.moved import outcomes_of

from .beside import Pair, macro_of, revenue_of
from .holding import Holding
from .standard import BATCH, StandardWorlds

__all__ = ["StressedWorld", "stressed"]

FloatArray = NDArray[np.float64]

PARTS: Final = {
    "later": "news of later years",
    "own": "companies' own revenue",
    "noise": "market noise",
    "wild": "how wild the market is",
}


@dataclass(frozen=True, eq=False, repr=False)
class StressedWorld:
    """A world in which a portfolio loses.

    Attributes
    ----------
    regime
        Whose world it is.
    probability
        Of the regime.
    distance
        From the middle of the regime, in standard deviations (Mahalanobis): the reliability index.
    plausibility
        Its density beside that of the most plausible world found, the regime's probability
        included.
    loss
        Of the portfolio, a fraction; of it ``before_noise`` is lost without market noise.
    assumptions
        [assumption], largest share first: ``unit``; the value as ``calibrated``, ``in_regime`` (in
        its middle) and ``here``; ``deviations``, posterior standard deviations from the middle of
        the regime; ``share`` of the squared distance.
    parts
        Of the squared distance, which they add up to: the assumptions together, ``history``, the
        news of the ``coming year`` and of later ones, companies' own revenue, market noise.
    macro
        The world by year beside the calibrated one, [quantity, year].
    revenue
        Of companies, USD bn, the same way, [ticker, year].
    companies
        [ticker], largest contribution to the loss first: ``weight``, ``return``, ``before_noise``
        (return without market noise), ``in_regime`` (return in its middle), ``contribution``.
    point
        Standard normal numbers, [number].
    """

    regime: str
    probability: float
    distance: float
    plausibility: float
    loss: float
    before_noise: float
    assumptions: pd.DataFrame
    parts: pd.Series
    macro: pd.DataFrame
    revenue: pd.DataFrame
    companies: pd.DataFrame
    point: FloatArray

    @property
    def noisy(self) -> bool:
        """Whether market noise may be part of it."""
        return PARTS["noise"] in self.parts

    def __repr__(self) -> str:
        return (
            f"StressedWorld({self.regime}, {self.distance:.2f} standard deviations out, "
            f"loses {100 * self.loss:.1f} %)"
        )


def stressed(
    worlds: StandardWorlds,
    held: Holding,
    point: FloatArray,
    regime: int,
    plausibility: float,
) -> StressedWorld:
    """Return what there is to say of one world.

    Parameters
    ----------
    worlds
        The function that it is a point of.
    held
        The portfolio.
    point
        Standard normal numbers, [number].
    regime
        Its position among the scenarios.
    plausibility
        Beside the most plausible.
    """
    v, at = worlds.valuation, np.array([regime, regime])
    both = np.stack([point, np.zeros_like(point)])
    shares = worlds.shares(both, at)
    calm = replace(worlds, noise=False)
    before = calm.shares(both[:, : calm.size], at)
    many = np.zeros(BATCH, dtype=int)  # copies: the search has compiled the programs for so many
    with precise("float64"):
        ran = worlds.run(both[many], at[many])
        state = jax.tree.map(_first, ran.past.state)
    quarters = len(v.paths.quarter_ends)
    news = np.concatenate([_first(n) for n in ran.future.news], axis=2)
    out = outcomes_of(v, ran.values[:1], state, news[:, :, :quarters], np.exp(ran.lives[:1]))
    assumptions, posterior = _assumptions(worlds, point, regime)
    return StressedWorld(
        regime=v.paths.scenarios.names[regime],
        probability=float(held.odds[regime]),
        distance=float(np.linalg.norm(point)),
        plausibility=plausibility,
        loss=-float(shares[0] @ held.weights + held.earns),
        before_noise=-float(before[0] @ held.weights + held.earns),
        assumptions=assumptions,
        parts=_parts(worlds, point, posterior),
        macro=macro_of(v, Pair.calibrated(v, out, 0)),
        revenue=revenue_of(v, Pair.calibrated(v, out, 0)),
        companies=_companies(held, shares, before[0]),
        point=point,
    )


def _first(x: Array) -> FloatArray:
    """Return an array [..., world] of the first world alone, [1, ...]."""
    return np.asarray(x)[None, ..., 0]


def _assumptions(
    worlds: StandardWorlds, point: FloatArray, regime: int
) -> tuple[pd.DataFrame, FloatArray]:
    """Return the table of assumptions, and what each unknown of the posterior adds, [unknown]."""
    scenarios = worlds.valuation.paths.scenarios
    posterior, z = scenarios.posterior, point[worlds.blocks["posterior"]]
    entries = len(posterior.entries)
    apart = worlds.factor @ z
    added = apart * solve_triangular(worlds.factor, z, lower=True, trans="T")
    c = posterior.coordinates
    mode = posterior.link
    middle = mode + scenarios.moves[regime]
    here = middle + np.asarray(c.scale) * apart[:entries]
    calibrated, in_regime, value = assumptions_at(np.stack([mode, middle, here]), c)
    square = max(float(point @ point), 1e-300)
    table = pd.DataFrame(
        {
            "unit": [e.unit for e in posterior.entries],
            "calibrated": calibrated,
            "in_regime": in_regime,
            "here": value,
            "deviations": (apart / np.sqrt(np.diag(posterior.covariance)))[:entries],
            "share": added[:entries] / square,
            "meaning": [e.meaning for e in posterior.entries],
        },
        index=pd.Index([e.name for e in posterior.entries], name="assumption"),
    )
    order = table["share"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order], added


def _parts(worlds: StandardWorlds, point: FloatArray, added: FloatArray) -> pd.Series:
    """Return parts of the squared distance, by name."""
    entries = len(worlds.valuation.paths.scenarios.posterior.entries)
    shocks = added[entries:].reshape(len(NEWS), -1)
    found = {
        "assumptions": added[:entries].sum(),
        "history": shocks[:, :-COMING].sum(),
        "news of the coming year": shocks[:, -COMING:].sum(),
    }
    for block, name in PARTS.items():
        numbers = point[worlds.blocks[block]]
        if len(numbers):
            found[name] = numbers @ numbers
    return pd.Series(found, name="squared_distance")


def _companies(held: Holding, shares: FloatArray, before: FloatArray) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "weight": held.weights,
            "return": shares[0],
            "before_noise": before,
            "in_regime": shares[1],
            "contribution": held.weights * shares[0],
        },
        index=pd.Index(held.valuation.economics.index, name="ticker"),
    )
    return table.sort_values("contribution", kind="stable")
