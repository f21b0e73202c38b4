"""Returns: anchored to the market, apart only by the worlds, and never below a total loss."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import InputError
from marketsim.precision import precise
from marketsim.valuation import Valuation, equity_return, log_value, return_terms
from marketsim.valuation.revaluation import (
    EQUITY_PREMIUM,
    PERSISTENCE,
    RISK_FREE,
    horizon_years,
)

CHIP_MAKERS = ("NVDA", "AMD", "AVGO", "MRVL", "TSM", "MU")


@pytest.fixture(scope="module")
def valuation(returns: ms.ReturnScenarios) -> Valuation:
    assert isinstance(returns.world, Valuation)
    return returns.world


# ----------------------------------------------------------------------- what comes out


def test_returns_are_finite_and_never_below_a_total_loss(
    returns: ms.ReturnScenarios, paths: ms.Paths
) -> None:
    assert returns.tickers == paths.companies
    assert returns.returns.shape == (len(paths.regime), len(paths.companies))
    assert np.isfinite(returns.returns).all()
    assert (returns.returns >= -1.0).all()
    assert returns.horizon_years == 1.0
    np.testing.assert_allclose(returns.probabilities, paths.probabilities, rtol=1e-12)
    np.testing.assert_array_equal(returns.regimes, paths.regimes)
    assert set(returns.layers) == set(returns.tickers)


def test_the_same_paths_and_prices_give_the_same_bytes(
    returns: ms.ReturnScenarios, paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    """And it makes no difference whether the facts given hold the future."""
    again = ms.revalue(paths, prices, horizon=1, facts=ms.load_facts())
    assert again.returns.tobytes() == returns.returns.tobytes()


def test_the_fiscal_years_are_those_the_calibration_saw(
    paths: ms.Paths, prices: ms.prices.Prices, returns: ms.ReturnScenarios
) -> None:
    """A calibration to facts of one's own is valued on them, not on those embedded."""
    scenarios, posterior = paths.scenarios, paths.scenarios.posterior
    table = posterior.knowledge.table
    margins = table["quantity"].isin(["annual_operating_income", "annual_gross_profit"])
    value = table["value"].where(~margins, table["value"] / 2)
    halved = posterior.knowledge.with_facts(table.assign(value=value))
    other = replace(scenarios, posterior=replace(posterior, knowledge=halved))
    own = replace(paths, scenarios=other)
    again = ms.revalue(own, prices, horizon=1)
    assert not np.array_equal(again.returns, returns.returns)
    assert np.array_equal(again.returns, ms.revalue(paths, prices, horizon=1, facts=halved).returns)


@pytest.mark.parametrize("company", CHIP_MAKERS)
def test_chip_makers_are_worth_less_in_the_bear(
    valuation: Valuation, returns: ms.ReturnScenarios, company: str
) -> None:
    i = returns.tickers.index(company)
    mean = {n: valuation.world_returns[returns.regimes == n, i].mean() for n in ("bull", "bear")}
    assert mean["bear"] < 0.0 < mean["bull"]


def test_volatility_is_at_least_what_is_left_of_the_markets(
    valuation: Valuation, returns: ms.ReturnScenarios
) -> None:
    """Noise tops worlds up to the market's volatility a year on; half of it is noise at least."""
    own = valuation.prices.statistics.loc[list(returns.tickers), "volatility"].to_numpy()
    market = own**PERSISTENCE * np.median(own) ** (1.0 - PERSISTENCE)
    p = returns.probabilities

    def spread(simple: np.ndarray) -> np.ndarray:
        log = np.log1p(simple)
        return np.asarray(np.sqrt(p @ (log - p @ log) ** 2))

    worlds = spread(valuation.world_returns)
    expected = np.maximum(market, np.hypot(worlds, 0.5 * market))
    np.testing.assert_allclose(spread(returns.returns), expected, rtol=0.20)
    assert np.median(spread(returns.returns) / expected) == pytest.approx(1.0, abs=0.05)


# ----------------------------------------------------------------------- the anchor


def test_unshifted_worlds_are_worth_the_market_price(valuation: Valuation) -> None:
    """Their geometric mean is, by company: market value = anchor x model value."""
    table = valuation.economics
    with precise("float64"):
        worlds = jnp.asarray(valuation.paths.reference[:, :, valuation.columns])
        logs = np.asarray(jax.vmap(lambda w: log_value(w, valuation.terms))(worlds))
    np.testing.assert_allclose(np.exp(logs.mean(axis=0)), table["model_value"], rtol=1e-9)
    enterprise = table["market_cap"] * table["enterprise_share"]
    np.testing.assert_allclose(table["anchor"] * table["model_value"], enterprise, rtol=1e-12)
    bounded = table["enterprise_share"].isin([0.2, 3.0])
    true = table["market_cap"] - table["net_cash"]
    np.testing.assert_allclose(enterprise[~bounded], true[~bounded])


def test_the_world_the_market_expects_returns_the_cost_of_equity(valuation: Valuation) -> None:
    table = valuation.economics
    unlevered = table.assign(enterprise_share=1.0)
    with precise("float64"):
        zero = jnp.zeros(len(table))
        earned = np.asarray(equity_return(zero, return_terms(unlevered), 1.0))
        levered = np.asarray(equity_return(zero, return_terms(table), 1.0))
    np.testing.assert_allclose(earned, np.expm1(table["discount_rate"]), atol=1e-6)
    cash = (1.0 - table["enterprise_share"]) * (np.exp(RISK_FREE) - np.exp(table["discount_rate"]))
    np.testing.assert_allclose(levered - earned, cash, atol=1e-6)


def test_draws_of_the_base_regime_return_about_the_cost_of_equity(
    valuation: Valuation, returns: ms.ReturnScenarios
) -> None:
    """The regime without shifts, in logs: apart from the anchor's draws by sampling only."""
    base = np.log1p(valuation.world_returns[returns.regimes == "base"])
    error = base.std(axis=0) / np.sqrt(len(base))
    terms = return_terms(valuation.economics)
    with precise("float64"):
        fair = np.log1p(equity_return(jnp.zeros(base.shape[1]), terms, 1.0))
    assert (np.abs(base.mean(axis=0) - fair) < 5.0 * error + 0.02).all()


def test_the_cost_of_equity_is_that_of_the_capital_asset_pricing_model(
    valuation: Valuation,
) -> None:
    table, beta = valuation.economics, valuation.prices.statistics["beta"]
    adjusted = 0.33 + 0.67 * beta.loc[table.index]
    np.testing.assert_allclose(
        table["discount_rate"], np.maximum(RISK_FREE + EQUITY_PREMIUM * adjusted, 0.06)
    )


# ----------------------------------------------------------------------- from worlds to equity


def terms_of(rate: float, share: float) -> dict[str, jax.Array]:
    return {"discount_rate": jnp.array([rate]), "enterprise_share": jnp.array([share])}


def returned(log_ratio: float, rate: float = 0.1, share: float = 1.0, years: float = 1.0) -> float:
    with precise("float64"):
        found = equity_return(jnp.array([log_ratio]), terms_of(rate, share), years)
        return float(found[0])


def test_half_of_a_difference_is_recognised_in_a_year() -> None:
    assert np.log1p(returned(0.4)) - 0.1 == pytest.approx(0.5 * 0.4, rel=0.01)
    near, far = (np.log1p(returned(0.4, years=y)) - 0.1 * y for y in (0.25, 4.0))
    assert near < 0.1
    assert 0.35 < far < 0.4


def test_debt_gears_and_cash_dampens() -> None:
    lean, plain, geared = (returned(-0.3, share=s) for s in (0.7, 1.0, 1.5))
    assert geared < plain < lean
    assert returned(0.3, share=1.5) > returned(0.3) > returned(0.3, share=0.7)


def test_owners_lose_all_at_most_and_smoothly() -> None:
    worst = [returned(x, share=2.5) for x in (-1.0, -2.0, -5.0, -20.0)]
    assert (np.array(worst) >= -1.0).all()
    assert (np.diff(worst) <= 0.0).all()
    with precise("float64"):
        slope = jax.grad(lambda x: equity_return(x[None], terms_of(0.1, 2.5), 1.0)[0])
        assert all(float(slope(jnp.array(x))) > 0.0 for x in (-2.0, -1.0, 0.0, 1.0))


def test_a_longer_horizon_recognises_more(paths: ms.Paths, prices: ms.prices.Prices) -> None:
    def apart(horizon: str) -> np.ndarray:
        found = ms.revalue(paths, prices, horizon=horizon)
        world = np.log1p(found.world.world_returns)
        by = [world[found.regimes == n].mean(axis=0) for n in ("bull", "bear")]
        return np.asarray(by[0] - by[1])

    soon, late = apart("1q"), apart("2y")
    clear = late > 0.02  # To a retailer of power the two are hardly different.
    assert clear.sum() > 26
    assert (soon < late)[clear].all()
    assert (np.abs(soon - late)[~clear] < 0.02).all()


# ----------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("horizon", "years"),
    [("1y", 1.0), ("6m", 0.5), ("2q", 0.5), ("1.5y", 1.5), (" 3m ", 0.25), (2, 2.0), (0.5, 0.5)],
)
def test_horizons(horizon: str | float, years: float) -> None:
    assert horizon_years(horizon) == years


@pytest.mark.parametrize("horizon", ["", "soon", "1", "0y", "-1y", "6y", "1w", "1y2m", 0, -1, 9])
def test_what_is_no_horizon_is_refused(horizon: str | float) -> None:
    with pytest.raises(InputError, match=r"horizon '.*' is not one; write '1y', '6m' or '2q'"):
        horizon_years(horizon)


def test_prices_after_the_decision_date_are_refused(
    paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    later = replace(prices, as_of=pd.Timestamp("2026-01-02"))
    with pytest.raises(InputError, match=r"prices are of 2026-01-02, after .* 2025-12-31; load"):
        ms.revalue(paths, later)


def test_companies_without_prices_are_left_out(
    returns: ms.ReturnScenarios, paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    some = ms.revalue(paths, prices.select(["TSM", "NVDA"]))
    assert some.tickers == ("NVDA", "TSM")
    columns = [returns.tickers.index(t) for t in some.tickers]
    np.testing.assert_allclose(
        some.world.world_returns, returns.world.world_returns[:, columns], rtol=1e-9
    )
    none = replace(prices, statistics=prices.statistics.iloc[:0])
    with pytest.raises(InputError, match="no company of the paths has a price"):
        ms.revalue(paths, none)
