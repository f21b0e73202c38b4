"""Revenue paths and prices in, return scenarios out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final, Literal, get_args

import jax
import numpy as np
import pandas as pd

from marketsim.errors import InputError
from marketsim.knowledge import Facts, Knowledge
from marketsim.model.smooth import bounded
from marketsim.model.tree import leaf
from marketsim.precision import one_thread, precise
from marketsim.prices import Prices
from marketsim.returns import ReturnScenarios
from marketsim.simulation import Outcomes, Paths

from .assumptions import ValuationAssumptions, unknown_rates, valuation_assumptions
from .economics import economics
from .implied import implied
from .market_value import market_values
from .noise import noise, usual_volatility
from .returns import (
    HELD,
    SPENT,
    WIDEST_SHIFT,
    WIDEST_WITHIN,
    Anchor,
    Priced,
    Worth,
    anchored,
    cost_of_equity,
    equity_return,
    log_recognised,
    recognition,
    sales_of,
    yearly,
)
from .statement import Sales, Terms
from .valuation import Valuation
from .worth import enterprise_value

__all__ = ["Anchoring", "enterprise_values", "revalue"]

Anchoring = Literal["mix", "unshifted"]
"""What the market prices: the mix of regimes, or worlds without any regime's shift."""

CHUNK: Final = 1_000
"""Outcomes valued together; batches are padded to it, so that a world hangs on no other."""

MOST_EXPLAINED: Final = 0.75
"""Of the variance of a share that worlds explain, at the most."""

EQUITY_SHARE: Final = 0.3, 1.5
"""Bounds of equity over enterprise value: beyond them shares are options on assets."""


def revalue(
    paths: Paths,
    prices: Prices,
    horizon: str | float = "1y",
    facts: Facts | Knowledge | None = None,
    *,
    steps: int | None = None,
    anchor: Anchoring = "mix",
    assumptions: Mapping[str, float] | None = None,
) -> ReturnScenarios:
    """Return what each company may return over a horizon.

    Each world has a statement of earnings by company, and a value. The market is taken to price the
    mix of regimes: on average over it every share returns its cost of equity, exactly, and besides
    what its price comes nearer to the model's value (``pull``, little). Prices recognise part of
    the difference between worlds within the horizon, and market noise is added.

    Parameters
    ----------
    paths
        From :func:`marketsim.simulate`.
    prices
        From :func:`marketsim.load_prices`; companies without statistics are left out, and listed
        in ``world.without_price`` of the result; those without accounts in ``without_accounts``.
    horizon
        ``"1y"``, ``"6m"``, ``"2q"`` or years.
    facts
        For fiscal-year figures and rates, as of the posterior's date; by default those it was
        calibrated to.
    steps
        Equal parts of the horizon at whose ends the way there is kept, for drawdowns: 4 over
        ``"1y"`` are quarters. The returns are the same with and without.
    anchor
        ``"unshifted"``: the market prices the world without any regime's shift, so that regimes
        move expected returns.
    assumptions
        Values for some of `valuation_assumptions`, by name, in place of their medians.

    Returns
    -------
    ReturnScenarios
        Over the companies priced; ``world`` holds the :class:`Valuation`, and ``paths`` the
        cumulative returns [draw, step, company] where there are steps.

    Raises
    ------
    InputError
        For a horizon that is none, prices dated after the decision date, no company in common,
        steps that are no whole number above 0, an anchor or an assumption that is none.

    Notes
    -----
    On the way to the horizon prices recognise less of the difference between worlds, at each step
    as much as over a horizon of that length, and noise brings volatility up to the market's there.
    It is that of one path, which ends in the noise of the horizon (see `market_noise`). A draw's
    return is the same whatever the number of draws, but for the anchor, one factor by company.
    """
    posterior = paths.scenarios.posterior
    if prices.as_of > posterior.as_of:
        raise InputError(
            f"revalue: prices are of {prices.as_of.date()}, after the decision date "
            f"{posterior.as_of.date()}; load them with as_of='{posterior.as_of.date()}'"
        )
    if anchor not in get_args(Anchoring):
        right = " or ".join(f"'{name}'" for name in get_args(Anchoring))
        raise InputError(f"revalue: anchor is {anchor!r}; write {right}")
    years = horizon_years(horizon)
    count = _counted(steps)
    moments = [years * (step / count) for step in range(1, count + 1)]
    listed = [t for t in paths.companies if t in prices.statistics.index]
    if not listed:
        raise InputError("revalue: no company of the paths has a price")
    known = _known(posterior.knowledge if facts is None else facts, posterior.knowledge)
    known = known.upto(posterior.as_of)
    with precise("float64"):
        assumed = valuation_assumptions(known, assumptions)
        table = economics(known, posterior, tuple(listed), assumed)
        table = _priced(table[table["volume"].notna()], prices, known)
        names = list(table.index)
        columns = np.array([paths.companies.index(t) for t in names])
        terms = terms_of(table)
        expected = expected_of(paths)
        groups = (paths.draws, paths.unshifted, paths.centres, paths.calibrated)
        found = [values(assumed, terms, worlds, columns, expected) for worlds in groups]
        mix = anchor == "mix"
        weights = paths.probabilities if mix else np.full(len(found[1]), 1.0 / len(found[1]))
        table = _valued(table, assumed, terms, weights @ found[0 if mix else 1])
        probabilities = paths.scenarios.probabilities
        odds = probabilities if mix else 0.0 * probabilities
        rest = _rest(table, found[1:], [worlds.ordinary[:, columns] for worlds in groups[1:]], odds)
        drawn, unshifted, centres, calibrated = (
            np.log(value + rest * worlds.ordinary[:, columns])
            for value, worlds in zip(found, groups, strict=True)
        )
        shifts = centres - calibrated
        worlds_of = {
            "drawn": Worth(leaf(drawn), leaf(shifts[paths.regime])),
            "unshifted": Worth(leaf(unshifted), leaf(0.0 * unshifted)),
            "centres": Worth(leaf(centres), leaf(shifts)),
        }
        volatility = usual_volatility(prices, names)
        room = MOST_EXPLAINED * (volatility * terms.equity_share) ** 2
        blank = _room(assumed, rest, table, unshifted, shifts, probabilities, room)
        priced = Priced(worlds_of["drawn" if mix else "unshifted"], leaf(weights))
        usual = _usual(unshifted, shifts, odds) if mix else priced
        anchors = [
            _anchored(assumed, terms, _within(blank, assumed, t), usual, priced, t) for t in moments
        ]
        world, others, middles = (
            np.stack(
                [
                    np.asarray(_returns(assumed, terms, one, worth, t))
                    for one, t in zip(anchors, moments, strict=True)
                ]
            )
            for worth in worlds_of.values()
        )
        mood = np.asarray(log_recognised(anchors[-1], worlds_of["drawn"])).mean(axis=1)
        table = table.assign(**implied(assumed, terms, paths, columns, expected, table))
    explained = covariance(np.log1p(others), np.log1p(middles), probabilities)
    factors = noise(explained, volatility, prices, names, moments, mood, paths.seed)
    grown = (1.0 + world) * factors - 1.0
    layers = posterior.knowledge.universe.companies["layer"]
    return ReturnScenarios(
        returns=grown[-1],
        tickers=tuple(names),
        probabilities=paths.probabilities,
        regimes=paths.regimes,
        layers={t: str(layers[t]) for t in names if t in layers.index},
        horizon_years=years,
        world=Valuation(
            paths=paths,
            prices=prices,
            economics=table,
            assumed=assumed,
            terms=terms,
            anchor=jax.tree.map(np.asarray, anchors[-1]),
            anchoring=anchor,
            values=found[0],
            central_values=found[2],
            shifts=shifts,
            world_returns=world[-1].copy(),
            columns=columns,
            expected=expected,
            horizon_years=years,
            without_accounts=tuple(t for t in listed if t not in names),
            unknown_rates=unknown_rates(known, assumptions),
        ),
        paths=None if steps is None else np.moveaxis(grown, 0, 1),
    )


def horizon_years(horizon: str | float) -> float:
    """Return a horizon in years.

    Raises
    ------
    InputError
        For anything but a positive number of years, or text such as ``1y``, ``6m``, ``2q``.
    """
    if isinstance(horizon, int | float) and 0.0 < horizon <= 5.0:
        return float(horizon)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([ymq])", str(horizon).strip())
    years = float(match[1]) / {"y": 1.0, "q": 4.0, "m": 12.0}[match[2]] if match else 0.0
    if not 0.0 < years <= 5.0:
        right = "write '1y', '6m' or '2q', up to five years"
        raise InputError(f"horizon '{horizon}' is not one; {right}")
    return years


def terms_of(table: pd.DataFrame) -> Terms:
    """Return the economics of a table by ticker as arrays [company]; unknown debt is none."""
    found = table.assign(net_debt=table["net_debt"].fillna(0.0))
    return Terms(**{f.name: leaf(found[f.name].to_numpy(dtype=float)) for f in fields(Terms)})


def expected_of(paths: Paths) -> dict[str, np.ndarray]:
    """Return what forecasts expect of the world, as :data:`EXPECTED` has it."""
    unshifted = {n: _ordered(paths.unshifted.quantities[n]) for n in ("worth", "use", "hurdle")}
    typical = np.exp(np.log(unshifted["worth"]).mean(axis=0))
    return {
        "expected_worth": np.asarray(yearly(typical[:, None])[:, 0]),
        "expected_use": np.asarray(yearly(unshifted["use"].mean(axis=0)[:, None])[:, 0]) / 4.0,
        "expected_hurdle": unshifted["hurdle"].mean(axis=0)[-1],
    }


def enterprise_values(
    paths: Paths, worlds: Outcomes, assumptions: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return what companies are worth in worlds of any kind, without a price.

    For studies of what one thing changes: at a beta of one and without debt.

    Parameters
    ----------
    paths
        Whose companies, accounts and expectations they are.
    worlds
        Some of the paths', or from :func:`marketsim.simulation.outcomes`.
    assumptions
        As for :func:`revalue`.

    Returns
    -------
    pandas.DataFrame
        Enterprise value, USD bn, [world x company].
    """
    posterior = paths.scenarios.posterior
    with precise("float64"):
        assumed = valuation_assumptions(posterior.knowledge, assumptions)
        table = economics(posterior.knowledge, posterior, paths.companies, assumed)
        terms = terms_of(table.assign(beta=1.0, equity_share=1.0))
        columns = np.arange(len(paths.companies))
        found = values(assumed, terms, worlds, columns, expected_of(paths))
    return pd.DataFrame(found, columns=pd.Index(paths.companies))


def values(
    assumed: ValuationAssumptions,
    terms: Terms,
    worlds: Outcomes,
    columns: np.ndarray,
    expected: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Return enterprise value, USD bn, [world, company], in float64 and chunk by chunk."""
    found = []
    for first in range(0, len(worlds.revenue), CHUNK):
        few = _padded(worlds, first)
        found.append(np.asarray(_values(assumed, terms, sales(few, columns, expected))))
    return np.concatenate(found)[: len(worlds.revenue)]


def sales(worlds: Outcomes, columns: np.ndarray, expected: Mapping[str, np.ndarray]) -> Sales:
    """Return what worlds sell and spend by year, for the companies at ``columns``."""
    # In one order: sums of rows hang on how they lie in memory, in the last digit.
    held = {name: leaf(_ordered(getattr(worlds, name)[..., columns])) for name in HELD}
    world = {name: leaf(_ordered(worlds.quantities[name])) for name in SPENT}
    for name, mean in expected.items():
        world[name] = leaf(np.broadcast_to(mean, (len(worlds.revenue), *np.shape(mean))))
    return sales_of(held, world)


def _ordered(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64, order="C")


def _padded(worlds: Outcomes, first: int) -> Outcomes:
    """Return a chunk of worlds, filled up with the last."""
    return worlds[np.minimum(np.arange(first, first + CHUNK), len(worlds.revenue) - 1)]


_values = jax.jit(jax.vmap(enterprise_value, in_axes=(None, None, 0)))
_returns = jax.jit(equity_return)
_anchored = jax.jit(anchored)


def _known(facts: Facts | Knowledge, knowledge: Knowledge) -> Knowledge:
    """Return what is known, with the given facts."""
    return facts if isinstance(facts, Knowledge) else knowledge.with_facts(facts.table)


def _priced(table: pd.DataFrame, prices: Prices, known: Knowledge) -> pd.DataFrame:
    """Return economics with what prices say: ``beta``, ``market_cap`` and ``equity_share``.

    Betas are shrunk by a third towards one (Blume 1971). Where market value or debt is unknown it
    is left out of leverage, and `gaps` says so, and what of market value is unsure.
    """
    market = market_values(prices, known, list(table.index))
    cap = market["market_cap"]
    share = (cap / (cap + table["net_debt"])).clip(*EQUITY_SHARE)
    words = zip(table["gaps"], market["unsure"], strict=True)
    gaps = [", ".join(filter(None, both)) for both in words]
    return table.assign(
        beta=0.67 * prices.statistics.loc[table.index, "beta"].fillna(1.0) + 0.33,
        market_cap=cap,
        equity_share=share.fillna(1.0),
        gaps=gaps,
    )


def _valued(
    table: pd.DataFrame, assumed: ValuationAssumptions, terms: Terms, enterprise: np.ndarray
) -> pd.DataFrame:
    """Return economics with ``model_value`` of equity, USD bn, and its ``gap`` to the market.

    The gap is less that of all companies together: how dear the market is as a whole, the premium
    says. Nothing where market value is unknown.
    """
    value = enterprise - table["net_debt"].fillna(0.0).to_numpy()
    cap = table["market_cap"].to_numpy()
    ratio = np.maximum(value, 0.01 * enterprise) / cap
    known = np.isfinite(cap)
    whole = np.log((value[known].sum()) / cap[known].sum()) if known.any() else 0.0
    return table.assign(
        cost_of_equity=np.asarray(cost_of_equity(assumed, terms)),
        model_value=value,
        value_over_market=value / cap,
        gap=np.where(known, np.log(ratio) - whole, 0.0),
    )


def _rest(
    table: pd.DataFrame, value: list[np.ndarray], ordinary: list[np.ndarray], odds: np.ndarray
) -> np.ndarray:
    """Return what the market pays for beyond the model's value, per dollar of revenue to come.

    Of the worlds without shift and what regimes, of these ``odds``, add to the central one: it
    hangs on no number of draws. ``value`` and ``ordinary`` revenue are of worlds unshifted, of
    centres, and calibrated, each [world, company].
    """
    model, sold = (
        _ordered(plain).mean(axis=0) + odds @ (centres - calibrated)
        for plain, centres, calibrated in (value, ordinary)
    )
    enterprise = (table["market_cap"] + table["net_debt"].fillna(0.0)).to_numpy()
    beyond = np.nan_to_num(np.maximum(enterprise - model, 0.0))
    return np.asarray(beyond / np.maximum(sold, 0.1 * ordinary[0].mean(axis=0)))


def _usual(unshifted: np.ndarray, shifts: np.ndarray, odds: np.ndarray) -> Priced:
    """Return worlds without shift under what each regime is worth, by their odds."""
    shift = np.repeat(shifts, len(unshifted), axis=0)
    log = np.tile(unshifted, (len(shifts), 1)) + shift
    weights = np.repeat(odds / len(unshifted), len(unshifted))
    return Priced(Worth(leaf(log), leaf(shift)), leaf(weights))


def _room(
    assumed: ValuationAssumptions,
    rest: np.ndarray,
    table: pd.DataFrame,
    unshifted: np.ndarray,
    shifts: np.ndarray,
    odds: np.ndarray,
    room: np.ndarray,
) -> Anchor:
    """Return an anchor of a year without its means.

    A share moves no more than it does: where worlds differ by more than there is ``room`` for, the
    variance of a year [company], less of it is recognised; first of what sets regimes apart, which
    half of it may be, then of the rest.
    """
    shifts = np.asarray(bounded(leaf(shifts), WIDEST_SHIFT))
    apart = odds @ (shifts - odds @ shifts) ** 2
    full = float(recognition(assumed.regime_time, 1.0))
    by_regime = full / np.sqrt(1.0 + full**2 * apart / (0.5 * room))
    left = room - by_regime**2 * apart
    middle = unshifted.mean(axis=0)
    own = np.asarray(bounded(leaf(unshifted - middle), WIDEST_WITHIN))
    full = float(recognition(assumed.recognition_time, 1.0))
    within = full / np.sqrt(1.0 + full**2 * own.var(axis=0) / left)
    fields_of = (rest, middle, by_regime, within, rest, rest, table["gap"].to_numpy())
    return Anchor(*(leaf(np.asarray(x)) for x in fields_of))


def _within(year: Anchor, assumed: ValuationAssumptions, years: float) -> Anchor:
    """Return the anchor of a ``year`` for another horizon: as much less, or more, is recognised."""
    by_regime, within = (
        float(recognition(time, years) / recognition(time, 1.0))
        for time in (assumed.regime_time, assumed.recognition_time)
    )
    return replace(year, by_regime=year.by_regime * by_regime, within=year.within * within)


def covariance(within: np.ndarray, between: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Return the covariance that worlds bring, [moment, company, company].

    Within regimes that of the worlds without shift, [moment, world, company], between them that of
    their central worlds, [moment, regime, company]: neither hangs on how many draws there are.
    """
    inner = within - within.mean(axis=1, keepdims=True)
    outer = between - np.einsum("r,mrc->mc", odds, between)[:, None]
    with one_thread():
        apart = np.einsum("r,mrc,mrd->mcd", odds, outer, outer)
        return np.asarray(inner.swapaxes(1, 2) @ inner / inner.shape[1] + apart)


def _counted(steps: int | None) -> int:
    if steps is None:
        return 1
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"steps is {steps!r}; give a whole number above 0: 4 over a year, say")
    return int(steps)
