"""What moves a portfolio: derivatives of return, risk and weights by every assumption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.checks import check_flag
from marketsim.errors import InputError, MarketsimError
from marketsim.precision import precise
from marketsim.scenarios import chosen
from marketsim.simulation import Ahead, again
from marketsim.valuation import Valuation

from . import central
from .assumed import ANCHORED, by_assumed, priors_of
from .chain import by_draw
from .holding import valuation_of
from .odds import by_limit, by_odds
from .sensitivities_story import ordered, sensitivities_story
from .smoothed import SmoothedOptimum, smoothed
from .spreads import Spreads
from .story import rows_of

__all__ = ["Sensitivities", "listed", "places", "sensitivities"]

FloatArray = NDArray[np.float64]

PORTFOLIO, OBJECTIVE, RETURN = "portfolio", "objective", "ExpectedReturn()"

FELT: Final = 1e-9
"""Share of the largest derivative by a weight below which it hangs on no return."""


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivities:
    """Derivatives by every assumption about the future.

    An assumption changes by the same amount in every world from the decision date on, and prices
    stay what they are: it is news, or a belief that the market does not share. Derivatives of the
    portfolio are through all worlds drawn, those of companies at the calibrated world.

    Attributes
    ----------
    portfolio
        By assumption, largest effect first: ``unit``, ``value`` at the mode, ``sd`` (of the
        posterior, in that unit), ``portfolio_per_unit`` and ``portfolio_per_sd`` (change of the
        expected return over the horizon of the portfolio as it is held, a fraction of its value),
        the same per standard deviation of each term of the allocation's risk, such as
        ``CVaR(0.95)_per_sd``, and of the objective at its best, ``objective_per_sd``; ``meaning``.
    by_regime
        What the worlds of each regime add to ``portfolio_per_sd``, [assumption x regime].
    revenue
        Change of each company's revenue over the next four quarters per posterior standard
        deviation, as a fraction, [assumption x ticker].
    revenue_last_year
        The same over the last four simulated quarters.
    value
        The same of enterprise value.
    weights
        Change of the best weights per posterior standard deviation, limits as they are, [assumption
        x ticker]; None where they were not asked for.
    odds
        By regime: its probability, and per point more of it, others giving way in proportion, each
        term at the weights held, the objective at its best, and the best weights.
    limits
        By limit that costs something: its ``bound``, and what a unit more of it adds to the
        objective. Both without rows for one regime, and where a term cannot be smoothed.
    valuation
        What ``portfolio`` has, by what valuation assumes, such as ``equity_premium``; a standard
        deviation is its prior's. What shares of differences between worlds prices recognise is
        priced already, and the times that it takes (``recognition_time``, ``regime_time``) are left
        out.
    """

    portfolio: pd.DataFrame
    by_regime: pd.DataFrame
    revenue: pd.DataFrame
    revenue_last_year: pd.DataFrame
    value: pd.DataFrame
    weights: pd.DataFrame | None = None
    odds: pd.DataFrame = field(default_factory=pd.DataFrame)
    limits: pd.DataFrame = field(default_factory=pd.DataFrame)
    valuation: pd.DataFrame = field(default_factory=pd.DataFrame)
    doubts: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return all in one table, revenue of the last year as `revenue_<TICKER>_per_sd`."""
        parts = {"revenue": self.revenue_last_year, "value": self.value, "weight": self.weights}
        found = self.portfolio
        for name, part in parts.items():
            if part is not None:
                found = found.join(part.add_prefix(f"{name}_").add_suffix("_per_sd"))
        return found

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        parts = ("portfolio", "valuation", "by_regime", "revenue", "revenue_last_year", "value")
        found = {name: rows_of(getattr(self, name)) for name in (*parts, "odds", "limits")}
        weights = None if self.weights is None else rows_of(self.weights)
        return found | {"best_weights": weights, "doubts": list(self.doubts)}

    def __str__(self) -> str:
        return sensitivities_story(self)

    def __repr__(self) -> str:
        first = ", ".join(map(str, self.portfolio.index[:3]))
        weights = "" if self.weights is None else ", weights too"
        return f"Sensitivities({len(self.portfolio)} assumptions, first {first}{weights})"


def sensitivities(
    choice: Allocation, regime: str | None = None, *, weights: bool = False
) -> Sensitivities:
    """Return how a portfolio hangs on every assumption, through all worlds drawn.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`.
    regime
        Take the worlds of one regime alone, and companies at its central world.
    weights
        Derivatives of the best weights too: a pass through all worlds for each direction in which
        they can move, some eight where the risk of the market is allowed.

    Raises
    ------
    InputError
        When the returns were made elsewhere, so that no assumption stands behind them, or the
        regime is not among the scenarios.

    Notes
    -----
    One reverse pass through the worlds for each term (`chain.by_draw`), through those alone whose
    returns it hangs on. Tails are smoothed as in :func:`marketsim.derivatives.smoothed`; where the
    allocation has a term that is not, only the expected return is told.
    """
    check_flag("sensitivities weights", weights)
    valuation = valuation_of(choice, "sensitivities")
    place, scenarios = _place(valuation, regime), valuation.paths.scenarios
    none = np.zeros(len(scenarios.posterior.entries))
    move = none if place is None else np.asarray(scenarios.moves[place])
    spreads = Spreads.of(scenarios.posterior, move)
    best = _smoothed(choice) if place is None else None
    if weights and best is None:
        why = "of one regime" if place is not None else "with a term that is not smoothed"
        raise InputError(f"sensitivities: weights have no derivatives {why}; leave weights out")
    ran = again(valuation.paths)
    held = choice.weights.reindex(list(choice.returns.tickers)).fillna(0.0).to_numpy()
    by_return = {PORTFOLIO: np.outer(_odds(choice, place), held)}
    if best is not None:
        by_return |= {name: best.slopes(name) for name in best.risk.index if name != RETURN}
    pulled = {name: by_draw(valuation, ran, listed(choice, x)) for name, x in by_return.items()}
    totals = {name: found.sum(axis=0) for name, found in pulled.items()}
    assumed = {name: by_assumed(valuation, listed(choice, x)) for name, x in by_return.items()}
    if best is not None:
        counts = best.counts.rename({RETURN: PORTFOLIO})
        for found in (totals, assumed):
            parts = [counts.get(name, 0.0) * x for name, x in found.items()]
            found[OBJECTIVE] = np.sum(parts, axis=0)
    portfolio = _portfolio(spreads, totals)

    def table(slopes: FloatArray, tickers: Iterable[str]) -> pd.DataFrame:
        by_sd = spreads.per_sd(slopes).T
        return pd.DataFrame(by_sd, index=spreads.names, columns=list(tickers)).loc[portfolio.index]

    regimes = [valuation.paths.regime == i for i in range(len(scenarios.names))]
    by_regime = np.stack([pulled[PORTFOLIO][rows].sum(axis=0) for rows in regimes])
    near, far, worth = _companies(valuation, move)
    answers = None
    if weights and best is not None:
        slopes = {t: best.vjp({t: 1.0}).returns for t in best.weights.index}
        answers = table(_weights(choice, ran, slopes), slopes)
    companies = valuation.economics.index
    return Sensitivities(
        portfolio=portfolio,
        by_regime=table(by_regime, scenarios.names),
        revenue=table(near, companies),
        revenue_last_year=table(far, companies),
        value=table(worth, companies),
        valuation=_valuation(priors_of(valuation), assumed),
        weights=answers,
        odds=pd.DataFrame() if best is None else by_odds(choice, best),
        limits=pd.DataFrame() if best is None else by_limit(best),
        doubts=() if best is None else best.degenerate,
    )


def _companies(valuation: Valuation, move: FloatArray) -> tuple[FloatArray, ...]:
    """Return derivatives at a central world of what companies sell and are worth."""
    posterior = valuation.paths.scenarios.posterior
    with precise("float64"):
        last, quarters = central.handover(posterior), len(valuation.paths.quarter_ends)
        given = (posterior.coordinates, posterior.setting, central.companies_of(valuation))
        found = central.slopes(jnp.asarray(move), last, *given, quarters)
        return tuple(np.asarray(x) for x in found)


def _portfolio(spreads: Spreads, totals: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Return the first table of `Sensitivities`, largest effect first."""
    found = spreads.described()
    found[f"{PORTFOLIO}_per_unit"] = spreads.per_unit(totals[PORTFOLIO])
    for name, total in totals.items():
        found[f"{name}_per_sd"] = spreads.per_sd(total)
    return ordered(found.assign(meaning=spreads.meanings))


def _valuation(priors: pd.DataFrame, totals: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Return the table of what valuation assumes, largest effect first."""
    found = priors[["unit", "value", "sd"]].copy()
    found[f"{PORTFOLIO}_per_unit"] = totals[PORTFOLIO]
    for name, total in totals.items():
        found[f"{name}_per_sd"] = total * priors["sd"]
    return ordered(found.assign(meaning=priors["meaning"]).drop(index=list(ANCHORED)))


def _place(valuation: Valuation, regime: str | None) -> int | None:
    """Return the position of a regime; None for none."""
    if regime is None:
        return None
    names = valuation.paths.scenarios.names
    (name,) = chosen(names, [regime])
    return names.index(name)


def _odds(choice: Allocation, place: int | None) -> FloatArray:
    """Return probabilities of draws, those of one regime alone where one is given, [draw]."""
    odds = np.asarray(choice.returns.probabilities)
    if place is not None:
        odds = np.where(choice.returns.world.paths.regime == place, odds, 0.0)
    if not odds.sum() > 0.0:
        raise InputError("sensitivities: the regime has no probability under the views held")
    return np.asarray(odds / odds.sum())


def _smoothed(choice: Allocation) -> SmoothedOptimum | None:
    """Return the optimum with its tails smoothed; None where a term cannot be."""
    try:
        return smoothed(choice)
    except MarketsimError:
        return None


def listed(choice: Allocation, slopes: FloatArray) -> FloatArray:
    """Return derivatives by returns for the companies that were valued, [draw, company]."""
    places = {t: i for i, t in enumerate(choice.returns.tickers)}
    valued = list(choice.returns.world.economics.index)
    none = np.zeros(len(slopes))
    return np.stack([slopes[:, places[t]] if t in places else none for t in valued], axis=1)


def places(choice: Allocation) -> FloatArray:
    """Return ones where a company that was valued is one that may be held, [valued, company]."""
    return listed(choice, np.eye(len(choice.returns.tickers))).T


def _weights(choice: Allocation, ran: Ahead, slopes: Mapping[str, FloatArray]) -> FloatArray:
    """Return derivatives of weights by linked coordinates, [ticker, entry].

    Weights that move together need one pass, so that there are as many as directions in which
    weights can move.
    """
    rows = np.stack([listed(choice, x) for x in slopes.values()])
    size = np.einsum("tdc,udc->tu", rows, rows)
    values, vectors = np.linalg.eigh(size)
    found = np.zeros((len(rows), ran.link.shape[1]))
    for value, vector in zip(values, vectors.T, strict=True):
        if value > FELT**2 * values[-1]:
            along = np.tensordot(vector, rows, axes=1)
            found += np.outer(vector, by_draw(choice.returns.world, ran, along).sum(axis=0))
    return found
