"""Revenue paths and prices in, return scenarios out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import jax
import numpy as np
import pandas as pd

from marketsim.errors import InputError, handed
from marketsim.knowledge import Facts, Knowledge
from marketsim.model.tree import leaf
from marketsim.precision import RUN_OFTEN, RUN_SELDOM, precise
from marketsim.prices import Prices
from marketsim.renames import Tickers
from marketsim.returns import ReturnScenarios
from marketsim.simulation import Paths

from .assumptions import ValuationAssumptions, unknown_rates
from .basis import Anchoring, basis_of, horizon_years, priced_mix
from .chain import GROUPS, Draws, Valued, Year, at_horizon, in_a_year
from .noise import noise
from .returns import cost_of_equity
from .statement import Terms
from .valuation import Valuation
from .worlds import lifted, noise_level, values, with_noise

__all__ = ["draws_of", "revalue"]


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
    return is the same whatever the number of draws, but for the anchor and the level of noise,
    one factor by company: on average over the draws noise moves no return, to rounding.
    """
    handed("revalue: paths", paths, Paths, "ms.simulate(scenarios)")
    handed("revalue: prices", prices, Prices, "ms.load_prices()")
    mix, years = priced_mix(anchor), horizon_years(horizon)
    count = _counted(steps)
    moments = [years * (step / count) for step in range(1, count + 1)]
    with precise("float64"):
        basis = basis_of(paths, prices, facts, assumptions)
        assumed, terms, quotes = basis.assumed, basis.terms, basis.quotes
        columns, expected, names = basis.columns, basis.expected, list(basis.table.index)
        worlds = {name: getattr(paths, name) for name in GROUPS}
        found = {
            name: values(assumed, terms, some, columns, expected) for name, some in worlds.items()
        }
        draws = draws_of(paths, mix)
        groups = {
            name: Valued(leaf(value), leaf(worlds[name].ordinary[:, columns].astype(float)))
            for name, value in found.items()
        }
        year = _in_a_year(assumed, terms, quotes, draws, groups, mix)
        ahead = [_at_horizon(assumed, terms, quotes, draws, year, t) for t in moments]
        world, explained = (
            np.stack([np.asarray(getattr(one, name)) for one in ahead])
            for name in ("returns", "explained")
        )
        table = _valued(basis.table, assumed, terms, year)
        left = noise(assumed, explained, np.asarray(quotes.volatility), prices, names, moments)
        grown = with_noise(world, left, np.asarray(ahead[-1].mood), paths.seed)
        left = replace(left, level=noise_level(world, grown, paths.probabilities))
        grown = lifted(grown, -left.level)
    return ReturnScenarios(
        returns=grown[-1],
        tickers=Tickers(names, paths.scenarios.posterior.knowledge.universe.renames),
        probabilities=paths.probabilities,
        regimes=paths.regimes,
        layers=basis.layers,
        horizon_years=years,
        world=Valuation(
            paths=paths,
            prices=prices,
            economics=table,
            assumed=assumed,
            accounts=basis.accounts,
            quotes=quotes,
            terms=terms,
            anchor=jax.tree.map(np.asarray, ahead[-1].anchor),
            anchoring=anchor,
            values=found["draws"],
            central_values=found["centres"],
            shifts=np.asarray(year.centres.log_shift),
            world_returns=world[-1].copy(),
            columns=columns,
            expected=expected,
            horizon_years=years,
            noise=left,
            without_accounts=tuple(t for t in basis.listed if t not in names),
            unknown_rates=unknown_rates(basis.known, assumptions),
        ),
        paths=None if steps is None else np.moveaxis(grown, 0, 1),
    )


_in_a_year = jax.jit(in_a_year, static_argnames="mix", compiler_options=RUN_SELDOM)
_at_horizon = jax.jit(at_horizon, compiler_options=RUN_OFTEN)


def draws_of(paths: Paths, mix: bool = True) -> Draws:
    """Return which regimes draws are of, and the odds at which the market prices them."""
    odds = paths.scenarios.probabilities
    priced = odds if mix else 0.0 * odds
    return Draws(*map(leaf, (paths.regime, paths.probabilities, odds, priced)))


def _valued(
    table: pd.DataFrame, assumed: ValuationAssumptions, terms: Terms, year: Year
) -> pd.DataFrame:
    """Return economics with ``model_value`` of equity, USD bn, and its ``gap`` to the market."""
    value = np.asarray(year.enterprise) - np.asarray(terms.net_debt)
    return table.assign(
        cost_of_equity=np.asarray(cost_of_equity(assumed, terms)),
        model_value=value,
        value_over_market=value / table["market_cap"].to_numpy(),
        gap=np.asarray(year.anchor.gap),
    )


def _counted(steps: int | None) -> int:
    if steps is None:
        return 1
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"steps is {steps!r}; give a whole number above 0: 4 over a year, say")
    return int(steps)
