"""One world in which a portfolio loses: what of it is out of the ordinary, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import jax
import numpy as np
import pandas as pd
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

FIGURES: Final = ["probability", "distance", "plausibility", "loss", "before_noise"]
"""Of the whole world."""

ROWS: Final = "kind", "name", "unit", "in_regime", "here", "deviations", "share"
"""Of its table."""


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

    def table(self) -> pd.DataFrame:
        """Return what is out of the ordinary in it, and who loses, as rows.

        ``kind``, ``name`` and ``unit``; the value ``in_regime`` and ``here``, of a company its
        return; ``deviations``; and the ``share``. Of kind ``world`` are figures of the whole, of
        ``part`` parts of the squared distance, whose shares those of ``assumption`` are too; a
        ``company`` has one of the loss.
        """
        square, few = max(float(self.parts.sum()), 1e-300), self.companies
        whole = pd.DataFrame({"name": FIGURES, "here": [getattr(self, x) for x in FIGURES]})
        parts = pd.DataFrame({"name": self.parts.index, "share": self.parts.to_numpy() / square})
        companies = pd.DataFrame(
            {
                "name": few.index,
                "unit": "return",
                "in_regime": few["in_regime"].to_numpy(),
                "here": few["return"].to_numpy(),
                "share": -few["contribution"].to_numpy() / self.loss,
            }
        )
        assumptions = self.assumptions.rename_axis("name").reset_index()
        kinds = {"world": whole, "part": parts, "assumption": assumptions, "company": companies}
        rows = pd.concat([table.assign(kind=kind) for kind, table in kinds.items()])
        return rows[list(ROWS)].reset_index(drop=True)

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
    points: FloatArray,
    regimes: NDArray[np.int_],
    plausibilities: FloatArray,
) -> tuple[StressedWorld, ...]:
    """Return what there is to say of some worlds.

    Parameters
    ----------
    worlds
        The function that they are points of.
    held
        The portfolio.
    points
        Standard normal numbers, [world, number].
    regimes
        Their positions among the scenarios, [world].
    plausibilities
        Beside the most plausible, [world].
    """
    v, count = worlds.valuation, len(points)
    both, at = np.concatenate([points, np.zeros_like(points)]), np.tile(regimes, 2)
    here, middle = np.split(worlds.shares(both, at), 2)
    calm = replace(worlds, noise=False)
    before = calm.shares(points[:, : calm.size], regimes)
    few = np.minimum(np.arange(BATCH), count - 1) if count < BATCH else np.arange(count)
    with precise("float64"):
        ran = worlds.run(points[few], regimes[few])
        state = jax.tree.map(lambda x: np.moveaxis(np.asarray(x), -1, 0), ran.past.state)
    quarters = len(v.paths.quarter_ends)
    news = np.concatenate([np.moveaxis(np.asarray(n), -1, 0) for n in ran.future.news], axis=2)
    linked = ran.link + v.paths.scenarios.moves[regimes[few]]
    out = outcomes_of(v, linked, state, news[:, :, :quarters], np.exp(ran.lives))
    found = []
    for i, (point, regime) in enumerate(zip(points, regimes, strict=True)):
        assumptions, posterior = _assumptions(worlds, point, int(regime))
        beside = Pair.calibrated(v, out, i)
        found.append(
            StressedWorld(
                regime=v.paths.scenarios.names[regime],
                probability=float(held.odds[regime]),
                distance=float(np.linalg.norm(point)),
                plausibility=float(plausibilities[i]),
                loss=-float(here[i] @ held.weights + held.earns),
                before_noise=-float(before[i] @ held.weights + held.earns),
                assumptions=assumptions,
                parts=_parts(worlds, point, posterior),
                macro=macro_of(v, beside),
                revenue=revenue_of(v, beside),
                companies=_companies(held, here[i], before[i], middle[i]),
                point=point,
            )
        )
    return tuple(found)


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


def _companies(
    held: Holding, shares: FloatArray, before: FloatArray, middle: FloatArray
) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "weight": held.weights,
            "return": shares,
            "before_noise": before,
            "in_regime": middle,
            "contribution": held.weights * shares,
        },
        index=pd.Index(held.valuation.economics.index, name="ticker"),
    )
    return table.sort_values("contribution", kind="stable")
