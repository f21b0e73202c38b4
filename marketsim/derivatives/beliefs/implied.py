"""What prices assume: the beliefs at which the model's value is the market's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.checks import check_flag
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios
from marketsim.valuation.few_worlds import WORLDS
from marketsim.valuation.reverse_dcf import market_enterprise

from ..holding import valuation_behind
from ..story import rows_of
from .alone import every_alone, mix_alone, slopes_of
from .asked import check_worlds, growth_sd, members_of, names_of, sample_of
from .belief import REGIMES, Belief, beliefs_of, chosen_beliefs
from .story import story_of
from .tables import assumptions_table, companies_table, parts_of
from .target import Target
from .together import Space, least_surprising
from .worlds import Sample

__all__ = ["STRONGEST", "Implied", "implied"]

FloatArray = NDArray[np.float64]

PRICES: Final = 15
"""Prices that are asked of as many worlds; of more, fewer by price."""

STRONGEST: Final = 8
"""The model's assumptions that are asked about where none are named."""


@dataclass(frozen=True, eq=False, repr=False)
class Implied:
    """What prices assume.

    Attributes
    ----------
    as_of
        Of the prices.
    who
        The companies asked about, in words.
    gap
        Ln of the model's value of them all over the market's, with debts, as the model has it.
    alone
        By belief, one at a time, that alone would make the value of all of them together the
        market's: ``unit``, ``model`` and ``implied``; ``deviations`` of the posterior (of
        valuation's assumptions of the prior) between them; ``low`` and ``high``, 80 % of what is
        implied, as the posterior leaves other assumptions open, and ``cut``, which of the two are
        where the support of the belief ends; ``left``, ln of value over the market's where no
        belief within the support explains it, which ``implied`` then brings nearest, else nothing;
        ``surprise`` in nats; ``meaning``.
    regimes
        By regime its ``probability``, and what prices assume ``alone`` and ``together``; missing
        where regimes were not asked about.
    mix_left
        Of the mix of regimes alone: ln of value over the market's that none explains.
    together
        By assumption, least surprise of all beliefs at which every price is right, furthest first:
        ``unit``, ``model``, ``implied``, ``deviations``, ``low`` and ``high``, 80 % once prices
        are known; ``share`` of the surprise; ``meaning``. Without rows where it was not asked for.
    companies
        By ticker: ``market``, enterprise value at market prices, USD bn; ``value_over_market`` of
        it in the model; ``growth``, per year in logs, that prices assume of it beside what is
        believed of the world, in ``growth_deviations`` of its forecasts; ``left``, as above.
    parts
        Of the surprise, in nats: the model's assumptions, valuation's, companies' own growth, and
        regimes.
    unpriced
        Companies that are left out, since their market value is unknown.
    """

    as_of: pd.Timestamp
    who: str
    gap: float
    alone: pd.DataFrame
    regimes: pd.DataFrame
    mix_left: float
    together: pd.DataFrame
    companies: pd.DataFrame
    parts: pd.Series
    unpriced: tuple[str, ...] = ()

    @property
    def surprise(self) -> float:
        """Relative entropy of what prices assume together from the model's distribution, nats."""
        return float(self.parts.sum())

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        tables = ("alone", "regimes", "together", "companies")
        return {
            "as_of": str(self.as_of.date()),
            "who": self.who,
            "gap": self.gap,
            "mix_left": self.mix_left if np.isfinite(self.mix_left) else None,
            "surprise": self.surprise,
            "parts": self.parts.to_dict(),
            "unpriced": list(self.unpriced),
            **{name: rows_of(getattr(self, name)) for name in tables},
        }

    def __str__(self) -> str:
        return story_of(self)

    def __repr__(self) -> str:
        return (
            f"Implied({self.who}, {self.as_of.date()}: value {np.exp(self.gap):.2f} of the market, "
            f"{len(self.alone)} beliefs alone, surprise together {self.surprise:.2f} nats)"
        )


def implied(
    returns: ReturnScenarios | Allocation,
    companies: str | Iterable[str] | None = None,
    *,
    of: str | Iterable[str] | None = None,
    together: bool = True,
    worlds: int = WORLDS,
) -> Implied:
    """Return what the prices of companies assume.

    Parameters
    ----------
    returns
        From :func:`marketsim.revalue`, whose prices are asked about; or an allocation over them.
    companies
        Tickers and layers; all by default.
    of
        Beliefs asked about: ``growth``, ``margin`` and ``return_asked`` of the companies
        themselves, ``regimes``, and assumptions of the model and of valuation by name, as
        ``elasticity``. By default those of the companies, regimes, and the eight assumptions that
        their value hangs on most; together then all there are.
    together
        Whether to look for all of them at once, at which every price is right by itself.
    worlds
        That are run for a belief, over all regimes, at least four of each: with fewer what a
        belief does to value is less sure, its level as sure. Together and of more than 15 prices,
        fewer by price.

    Raises
    ------
    InputError
        For returns that `revalue` did not make, companies and beliefs that are none (with the
        nearest), companies none of which has a market value, and worlds that are too few.

    Notes
    -----
    A belief is about the time from the decision date on: history stays, and so does what forecasts
    of revenue expect. Value is the mean over the worlds that the market prices; some of them are
    run again, and held to the mean over all draws as calibrated.
    """
    check_flag("implied together", together)
    valuation = valuation_behind("implied", returns)
    check_worlds(valuation, worlds)
    known = beliefs_of(valuation.paths.scenarios.posterior, valuation.assumed)
    asked = None if of is None else chosen_beliefs(known, names_of("of", of))
    members, who = members_of(valuation, returns, companies)
    market = market_enterprise(valuation)
    unpriced = members & ~np.isfinite(market)
    members &= np.isfinite(market)
    if not members.any():
        raise InputError(f"implied: the market value of {who} is unknown")
    sample = sample_of(valuation, worlds)
    target = Target(sample, members, float(market[members].sum()))
    own_sd = growth_sd(valuation)
    (slope,) = slopes_of([target])
    alone = every_alone(target, known, asked, own_sd, slope, STRONGEST)
    odds, left = mix_alone(target, asked)
    mix = pd.DataFrame(
        {"probability": sample.odds, "alone": odds}, index=pd.Index(sample.names, name="regime")
    )
    columns = np.flatnonzero(members)
    space = point = None
    if together:
        few = sample_of(valuation, min(worlds, worlds * PRICES // len(columns)))
        space = _space(few, columns, market, known, asked, own_sd)
        point = least_surprising(space)
        mix["together"] = space.odds(point.u) if space.mix else np.nan
    return Implied(
        as_of=valuation.prices.as_of,
        who=who,
        gap=target.now,
        alone=alone,
        regimes=mix,
        mix_left=left,
        together=assumptions_table(space, point, valuation),
        companies=companies_table(sample, columns, market, space, point),
        parts=parts_of(space, point),
        unpriced=tuple(valuation.economics.index[unpriced]),
    )


def _space(
    sample: Sample,
    columns: NDArray[np.int_],
    market: FloatArray,
    known: dict[str, Belief],
    asked: list[str] | None,
    own_sd: FloatArray,
) -> Space:
    """Return what is believed together: all there is, or what is asked about."""
    names = list(known) if asked is None else asked
    beliefs = [known[name] for name in names if name in known]
    growth = asked is None or "growth" in asked
    return Space.of(
        sample,
        columns,
        market[columns],
        beliefs,
        own_sd[columns] if growth else np.zeros(0),
        len(sample.odds) > 1 and (asked is None or REGIMES in asked),
    )
