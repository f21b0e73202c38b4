"""Revenue paths and prices in, return scenarios out."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import Array

from marketsim.errors import InputError
from marketsim.knowledge import Facts, Knowledge
from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.prices import Prices
from marketsim.returns import ReturnScenarios
from marketsim.simulation import Paths

from .cashflow import Terms, log_value, positive_part
from .economics import economics
from .noise import horizon_dof, market_noise

__all__ = ["Valuation", "revalue"]

RISK_FREE: Final = 0.042
EQUITY_PREMIUM: Final = 0.045
"""Damodaran's implied premium of 2025; with ten-year Treasury yields of then."""

RECOGNITION_YEARS: Final = 1.45
"""Time in which prices recognise 63 % of the difference between worlds: half of it in a year."""

PERSISTENCE: Final = 0.7
"""Share of a stock's distance in log volatility from the median that is still there a year on."""

LEAST_NOISE: Final = 0.5
"""Share of a stock's volatility that no world explains, at the least."""

LEAST_WEALTH: Final = 0.02
CHUNK: Final = 2_000


@dataclass(frozen=True, eq=False)
class Valuation:
    """How paths became returns: what sensitivities need to go back.

    Attributes
    ----------
    economics
        By ticker: margins, tax, capital intensity, net cash; and ``discount_rate``,
        ``enterprise_share`` (enterprise value over market capitalisation), ``model_value`` (of the
        calibrated world) and ``anchor`` (market value over it).
    world_returns
        Returns before market noise, [draw, company].
    columns
        Positions of the companies in the paths, [company].
    """

    paths: Paths
    prices: Prices
    economics: pd.DataFrame
    world_returns: np.ndarray
    columns: np.ndarray
    horizon_years: float

    @property
    def terms(self) -> Terms:
        """The economics as arrays [company]."""
        return terms(self.economics)

    @property
    def without_price(self) -> tuple[str, ...]:
        """Companies of the paths that are left out, since nothing prices them."""
        priced = set(self.economics.index)
        return tuple(t for t in self.paths.companies if t not in priced)


def revalue(
    paths: Paths,
    prices: Prices,
    horizon: str | float = "1y",
    facts: Facts | Knowledge | None = None,
    *,
    steps: int | None = None,
) -> ReturnScenarios:
    """Return what each company may return over a horizon.

    The model's enterprise value of the calibrated world without any regime's shift, its geometric
    mean over draws, is anchored to the market's. Each world is then valued against it, prices
    recognise part of the difference within the horizon, and market noise is added. So expected
    returns differ from the cost of equity only by what the regimes say.

    Parameters
    ----------
    paths
        From :func:`marketsim.simulate`.
    prices
        From :func:`marketsim.load_prices`; companies without statistics are left out, and listed
        in ``world.without_price`` of the result.
    horizon
        ``"1y"``, ``"6m"``, ``"2q"`` or years.
    facts
        For fiscal-year figures, as of the posterior's date; by default those it was calibrated to.
    steps
        Equal parts of the horizon at whose ends the way there is kept, for drawdowns: 4 over
        ``"1y"`` are quarters. The returns are the same with and without.

    Returns
    -------
    ReturnScenarios
        Over the companies priced; ``world`` holds the :class:`Valuation`, and ``paths`` the
        cumulative returns [draw, step, company] where there are steps.

    Raises
    ------
    InputError
        For a horizon that is none, prices dated after the decision date, no company in common, or
        steps that are no whole number above 0.

    Notes
    -----
    On the way to the horizon prices recognise less of the difference between worlds, at each step
    as much as over a horizon of that length, and noise brings volatility up to the market's there.
    It is that of one path, which ends in the noise of the horizon (see `market_noise`).
    """
    posterior = paths.scenarios.posterior
    if prices.as_of > posterior.as_of:
        raise InputError(
            f"revalue: prices are of {prices.as_of.date()}, after the decision date "
            f"{posterior.as_of.date()}; load them with as_of='{posterior.as_of.date()}'"
        )
    years = horizon_years(horizon)
    count = _counted(steps)
    moments = [years * (step / count) for step in range(1, count + 1)]
    names = [t for t in paths.companies if t in prices.statistics.index]
    if not names:
        raise InputError("revalue: no company of the paths has a price")
    columns = np.array([paths.companies.index(t) for t in names])
    known = (posterior.facts if facts is None else facts).upto(posterior.as_of)
    table = _anchored(economics(known, tuple(names)), prices, paths, columns)
    ratio = _log_ratio(paths.revenue[:, :, columns], table)
    world = np.stack([_world_returns(ratio, table, t) for t in moments])
    noise = _noise(_explained(paths, table, columns, moments), paths, prices, names, moments)
    grown = (1.0 + world) * noise - 1.0
    layers = posterior.knowledge.universe.companies["layer"]
    return ReturnScenarios(
        returns=grown[-1],
        tickers=tuple(names),
        probabilities=paths.probabilities,
        regimes=paths.regimes,
        layers={t: str(layers[t]) for t in names if t in layers.index},
        horizon_years=years,
        world=Valuation(paths, prices, table, world[-1].copy(), columns, years),
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


def terms(table: pd.DataFrame) -> Terms:
    """Return the economics of a table by ticker as arrays [company]."""
    return Terms(**{f.name: leaf(table[f.name].to_numpy(dtype=float)) for f in fields(Terms)})


def equity_return(log_ratio: Array, table: dict[str, Array], years: float) -> Array:
    """Return the equity return of worlds worth ``exp(log_ratio)`` of the calibrated one.

    ``table`` holds ``discount_rate`` and ``enterprise_share``, arrays [company]. Smoothly above
    -98 %.
    """
    recognised = 1.0 - jnp.exp(-years / RECOGNITION_YEARS)
    enterprise = jnp.exp(table["discount_rate"] * years + recognised * log_ratio)
    cash = (1.0 - table["enterprise_share"]) * jnp.exp(RISK_FREE * years)
    wealth = table["enterprise_share"] * enterprise + cash
    return LEAST_WEALTH + positive_part(wealth - LEAST_WEALTH, 0.05) - 1.0


def return_terms(table: pd.DataFrame) -> dict[str, Array]:
    """Return what :func:`equity_return` needs of the economics, arrays [company]."""
    return {c: leaf(table[c].to_numpy(dtype=float)) for c in ("discount_rate", "enterprise_share")}


def _anchored(
    table: pd.DataFrame, prices: Prices, paths: Paths, columns: np.ndarray
) -> pd.DataFrame:
    statistics = prices.statistics.loc[table.index]
    beta = 0.67 * statistics["beta"].fillna(1.0) + 0.33
    cap = statistics["market_cap"]
    share = (1.0 - table["net_cash"] / cap).fillna(1.0).clip(0.2, 3.0)
    table = table.assign(
        discount_rate=(RISK_FREE + EQUITY_PREMIUM * beta).clip(lower=0.06),
        market_cap=cap,
        enterprise_share=share,
    )
    with precise("float64"):
        worlds = jnp.asarray(paths.reference[:, :, columns], dtype=np.float64)
        model = np.exp(np.asarray(_values(worlds, terms(table))).mean(axis=0))
    return table.assign(model_value=model, anchor=cap * share / model)


def _log_ratio(revenue: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """Return ln of each world's enterprise value over the calibrated one's, [draw, company]."""
    draws = len(revenue)
    with precise("float64"):
        values = []
        for first in range(0, draws, CHUNK):
            index = np.minimum(np.arange(first, first + CHUNK), draws - 1)
            values.append(np.asarray(_values(revenue[index].astype(np.float64), terms(table))))
    return np.asarray(np.concatenate(values)[:draws] - np.log(table["model_value"].to_numpy()))


def _world_returns(ratio: np.ndarray, table: pd.DataFrame, years: float) -> np.ndarray:
    """Return returns of each world before market noise, [draw, company]."""
    with precise("float64"):
        return np.asarray(_returns(jnp.asarray(ratio), return_terms(table), years))


_values = jax.jit(jax.vmap(log_value, in_axes=(0, None)))
_returns = jax.jit(equity_return)


def _noise(
    explained: np.ndarray, paths: Paths, prices: Prices, names: list[str], moments: list[float]
) -> np.ndarray:
    """Return noise by step that lets worlds move as the market does.

    ``explained`` is the variance of log returns that worlds bring by each step, [step, company].
    """
    statistics = prices.statistics.loc[names]
    own = statistics["volatility"].to_numpy()
    steps = [_left(e, own, t) for e, t in zip(explained, moments, strict=True)]
    # Noise that has come does not go: never more of it at a step than at a later one.
    left = np.minimum.accumulate(steps[::-1])[::-1]
    correlation = prices.correlation.loc[names, names].to_numpy()
    dof = statistics["dof"].fillna(5.0).to_numpy()
    freedom = horizon_dof(float(np.median(dof)), moments[-1])
    return market_noise(len(paths.regime), np.sqrt(left), correlation, freedom, paths.seed)


def _explained(
    paths: Paths, table: pd.DataFrame, columns: np.ndarray, moments: list[float]
) -> np.ndarray:
    """Return the variance of log returns that worlds bring by each moment, [moment, company].

    Within regimes that of the worlds without shift, between them that of their central worlds:
    neither hangs on how many draws there are.
    """
    within = _log_ratio(paths.reference[:, :, columns], table)
    between = _log_ratio(paths.regime_central[:, :, columns], table)
    odds = paths.scenarios.probabilities
    found = []
    for years in moments:
        inner, outer = (np.log1p(_world_returns(r, table, years)) for r in (within, between))
        found.append(inner.var(axis=0) + odds @ (outer - odds @ outer) ** 2)
    return np.stack(found)


def _left(explained: np.ndarray, volatility: np.ndarray, years: float) -> np.ndarray:
    """Return the variance that worlds leave to noise: up to the market's, and at least a quarter.

    ``explained`` is theirs after so many ``years``, [company].
    """
    usual = np.median(volatility) ** (1.0 - PERSISTENCE)
    total = (volatility**PERSISTENCE * usual) ** 2 * years
    return np.asarray(np.maximum(total - explained, LEAST_NOISE**2 * total))


def _counted(steps: int | None) -> int:
    if steps is None:
        return 1
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"steps is {steps!r}; give a whole number above 0: 4 over a year, say")
    return int(steps)
