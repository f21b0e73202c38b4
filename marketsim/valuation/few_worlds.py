"""A few worlds of every regime, in which companies grow otherwise or keep more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from marketsim.simulation import Outcomes

from .returns import YEAR
from .worlds import values

if TYPE_CHECKING:
    from .valuation import Valuation

__all__ = ["FEWEST", "WORLDS", "FewWorlds", "growing_worlds", "means_by_regime"]

FloatArray = NDArray[np.float64]

WORLDS: Final = 500
"""Over all regimes: what beliefs do to value is asked in as many."""

FEWEST: Final = 4
"""Worlds of a regime, at the least."""


@dataclass(frozen=True, eq=False, repr=False)
class FewWorlds:
    """The first so many worlds drawn of every regime that the market prices, as many of each.

    Of a regime with fewer draws, those there are. What companies are worth in them is told over
    what they are worth there as drawn, times their mean over all worlds: what a few worlds cannot
    say of the level, all do.

    Attributes
    ----------
    valuation
        Whose worlds they are.
    worlds, regime
        The worlds, and which regime each is of, [world].
    odds
        Of regimes, [regime].
    means
        Enterprise value on average over all worlds, USD bn, [regime, company].
    plain
        The same over these.
    """

    valuation: Valuation
    worlds: Outcomes
    regime: NDArray[np.int_]
    odds: FloatArray
    means: FloatArray
    plain: FloatArray

    @classmethod
    def of(cls, valuation: Valuation, count: int = WORLDS) -> FewWorlds:
        """Return ``count`` worlds over all regimes, no fewer than `FEWEST` of each."""
        v, paths = valuation, valuation.paths
        mix = v.anchoring == "mix"
        odds = paths.scenarios.probabilities if mix else np.ones(1)
        each = max(FEWEST, count // len(odds))
        rows = np.flatnonzero(paths.index < each) if mix else slice(0, each)
        worlds = (paths.draws if mix else paths.unshifted)[rows]
        regime = paths.regime[rows] if mix else np.zeros(len(worlds.revenue), dtype=int)
        plain = _by_regime(v, worlds, regime, len(odds))
        return cls(v, worlds, regime, odds, means_by_regime(v), plain)

    def value(
        self, growth: FloatArray | None = None, margin: FloatArray | None = None
    ) -> FloatArray:
        """Return enterprise value, USD bn, on average over the worlds that are priced, [company].

        Parameters
        ----------
        growth
            Of what each company sells beside the model's, per year in logs, [company].
        margin
            That each keeps beside the model's, of revenue, [company].
        """
        v = self.valuation
        worlds = self.worlds
        if growth is not None:
            worlds = growing_worlds(worlds, growth, v.columns)
        found = _by_regime(v, worlds, self.regime, len(self.odds), margin)
        return np.asarray(self.odds @ (self.means * found / self.plain))


def growing_worlds(worlds: Outcomes, growth: FloatArray, columns: NDArray[np.int_]) -> Outcomes:
    """Return worlds in which companies at ``columns`` sell as much more a year, [company]."""
    years = (np.arange(worlds.revenue.shape[1]) + 0.5) / YEAR
    factor = np.ones(worlds.revenue.shape[1:])
    factor[:, columns] = np.exp(growth * years[:, None])
    # What is ordinary is known of the last year as a whole, which goes as volumes do.
    last = worlds.volumes[:, -YEAR:].astype(float)
    return replace(
        worlds,
        revenue=worlds.revenue * factor,
        volumes=worlds.volumes * factor,
        inputs=worlds.inputs * factor,
        lives=worlds.lives * factor,
        ordinary=worlds.ordinary * (last * factor[-YEAR:]).sum(axis=1) / last.sum(axis=1),
    )


def means_by_regime(valuation: Valuation) -> FloatArray:
    """Return enterprise value on average over all worlds that the market prices, USD bn.

    [regime, company]; where it prices the worlds without shift, one row.
    """
    table, paths = valuation.economics, valuation.paths
    if valuation.anchoring != "mix":
        debt = table["net_debt"].fillna(0.0)
        return np.asarray((table["model_value"] + debt).to_numpy(dtype=float)[None])
    rows = [paths.regime == i for i in range(len(paths.scenarios.names))]
    odds = [paths.probabilities[some] / paths.probabilities[some].sum() for some in rows]
    return np.stack([p @ valuation.values[some] for p, some in zip(odds, rows, strict=True)])


def _by_regime(
    v: Valuation,
    worlds: Outcomes,
    regime: NDArray[np.int_],
    count: int,
    margin: FloatArray | None = None,
) -> FloatArray:
    """Return means of enterprise value over worlds, USD bn, [regime, company]."""
    found = values(v.assumed, v.terms, worlds, v.columns, v.expected, margin)
    return np.stack([found[regime == i].mean(axis=0) for i in range(count)])
