"""Companies whose value is to be the market's, and what it is under other beliefs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from marketsim.ensemble import YEAR
from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.valuation import ValuationAssumptions
from marketsim.valuation.last_year import years_since
from marketsim.valuation.reverse_dcf import most_margin, said_growing

from .belief import OWN, Belief, own_belief
from .worlds import Sample

__all__ = ["Target", "believed", "own_beliefs"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Target:
    """Companies whose value, together, is to be the market's.

    Attributes
    ----------
    sample
        The worlds.
    members
        Which companies, [company].
    market
        Enterprise value at market prices, USD bn, of all of them.
    """

    sample: Sample
    members: NDArray[np.bool_]
    market: float

    def gap(self, values: FloatArray) -> FloatArray:
        """Return ln of value over the market's for values [case, regime, company], [case]."""
        total = np.einsum("r,crk->c", self.sample.odds, values[:, :, self.members])
        return np.asarray(np.log(total / self.market))

    @property
    def now(self) -> float:
        """What it is as the model has it."""
        return float(self.gap(self.sample.means[None])[0])


def believed(target: Target, belief: Belief, deviations: FloatArray) -> FloatArray:
    """Return the gap at so many ``deviations`` of a belief, [case]."""
    sample = target.sample
    none = np.tile(sample.none, (len(deviations), 1))
    if belief.whose == "model":
        none[:, list(belief.entries)] = deviations[:, None] * belief.sd
        return target.gap(sample.values(none))
    by = deviations * belief.sd[0]
    if belief.name == "growth":
        return target.gap(sample.values(none, by[:, None] * target.members))
    worlds = sample.still
    if belief.name == "margin":
        cases = [sample.told(worlds, margin=x * target.members) for x in by]
    else:
        cases = [sample.told(worlds, assumed=one) for one in _assumed(sample, belief, deviations)]
    return target.gap(np.concatenate(cases))


def _assumed(sample: Sample, belief: Belief, deviations: FloatArray) -> list[ValuationAssumptions]:
    """Return what valuation assumes in every case.

    Shareholders who ask more ask it as if the return without risk were higher.
    """
    now = sample.valuation.assumed
    name, given = belief.name, [belief.told(float(x)) for x in deviations]
    if belief.whose == "companies":
        name, rate = "risk_free", float(now.risk_free)
        given = [rate + float(belief.sd[0]) * float(x) for x in deviations]
    with precise("float64"):
        return [replace(now, **{name: leaf(np.asarray(x))}) for x in given]


def own_beliefs(target: Target, own_sd: FloatArray) -> dict[str, Belief]:
    """Return beliefs in the companies themselves, beside what the model has.

    Of growth and margin that is the calibrated world's, of margin no more than all of revenue; of
    what shareholders ask, the cost of equity, by market value.

    Parameters
    ----------
    target
        The companies.
    own_sd
        A standard deviation of each one's own growth, [company]; of several the mean, by value.
    """
    v, mine = target.sample.valuation, target.members
    said = said_growing(v)
    revenue, profit = (
        np.asarray(x)[:, mine].sum(axis=1) for x in (said.total_revenue, said.profit)
    )
    cap = v.economics["market_cap"].to_numpy(dtype=float)[mine]
    model = {
        "growth": _growth(target, 0.0),
        "margin": float(profit.sum() / revenue.sum()),
        "return_asked": float(np.average(v.economics["cost_of_equity"][mine], weights=cap)),
    }
    sd = {"growth": float(np.average(own_sd[mine], weights=cap))}
    reads = {"growth": partial(_growth, target)}
    own = {name: own_belief(name, model[name], sd.get(name, 1.0), reads.get(name)) for name in OWN}
    most = float(most_margin(np.asarray(model["margin"])))
    return own | {"margin": replace(own["margin"], high=most)}


def _growth(target: Target, more: float) -> float:
    """Return growth of all their revenue where what they sell grows by so much more a year.

    From the last four quarters reported, whose ends lie apart: they count by revenue.
    """
    v = target.sample.valuation
    revenue = np.asarray(said_growing(v, more).total_revenue)[:, target.members]
    mine = v.economics[target.members]
    end = v.paths.quarter_ends[YEAR * len(revenue) - 1]
    years = np.average(years_since(mine, end), weights=mine["last_year"])
    return float(np.log(revenue[-1].sum() / mine["last_year"].sum()) / years)
