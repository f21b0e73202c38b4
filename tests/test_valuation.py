"""Returns: the market prices the mix, apart only by the worlds, and never below a total loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.errors import InputError
from marketsim.knowledge.shares import COUNTS
from marketsim.precision import precise
from marketsim.valuation import (
    Anchor,
    Valuation,
    ValuationAssumptions,
    Worth,
    equity_return,
    valuation_assumptions,
    valuation_table,
)
from marketsim.valuation.assumptions import ENTRIES, RATES
from marketsim.valuation.basis import horizon_years
from marketsim.valuation.last_year import growth_since, last_year
from marketsim.valuation.noise import usual_volatility
from marketsim.valuation.quoted import EQUITY_SHARE
from marketsim.valuation.returns import BELIEVED, Priced, anchored, drawn_in, recognition
from marketsim.valuation.reverse_dcf import reverse_dcf
from marketsim.valuation.roots import roots
from marketsim.valuation.worlds import values
from tests.one_company import assumed, number, terms

CHIP_MAKERS = ("NVDA", "AMD", "AVGO", "MRVL", "TSM", "MU")
EXACT = 1e-9


@pytest.fixture(scope="module")
def valuation(returns: ms.ReturnScenarios) -> Valuation:
    assert isinstance(returns.world, Valuation)
    return returns.world


@pytest.fixture(scope="module")
def table(valuation: Valuation) -> pd.DataFrame:
    return valuation.table()


@pytest.fixture(scope="module")
def unshifted(paths: ms.Paths, prices: ms.prices.Prices) -> ms.ReturnScenarios:
    """The market prices worlds without any regime's shift."""
    return ms.revalue(paths, prices, anchor="unshifted")


def pulled(valuation: Valuation) -> np.ndarray:
    with precise("float64"):
        return np.asarray(drawn_in(valuation.assumed, valuation.anchor, valuation.horizon_years))


def fair(valuation: Valuation) -> np.ndarray:
    """The cost of equity over the horizon, and what prices come nearer to value."""
    cost = valuation.economics["cost_of_equity"].to_numpy() * valuation.horizon_years
    return np.asarray(np.expm1(cost + pulled(valuation)))


def with_cap(prices: ms.prices.Prices, factors: dict[str, float]) -> ms.prices.Prices:
    """Prices with the market value of some companies times a factor."""
    statistics = prices.statistics
    factor = pd.Series(factors).reindex(statistics.index).fillna(1.0)
    unknown = [ticker for ticker, x in factors.items() if np.isnan(x)]
    cap = (statistics["market_cap"] * factor).drop(unknown)
    return replace(prices, statistics=statistics.assign(market_cap=cap))


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
    rows = posterior.knowledge.table
    margins = rows["quantity"].isin(["annual_operating_income", "annual_gross_profit"])
    value = rows["value"].where(~margins, rows["value"] / 2)
    halved = posterior.knowledge.with_facts(rows.assign(value=value))
    other = replace(scenarios, posterior=replace(posterior, knowledge=halved))
    own = replace(paths, scenarios=other)
    again = ms.revalue(own, prices, horizon=1)
    assert not np.array_equal(again.returns, returns.returns)
    assert np.array_equal(again.returns, ms.revalue(paths, prices, horizon=1, facts=halved).returns)


# ----------------------------------------------------------------------- the anchor


def test_with_no_view_every_share_returns_its_cost_of_equity_and_the_pull(
    valuation: Valuation, returns: ms.ReturnScenarios
) -> None:
    """By the probabilities of the draws, and to rounding, whatever regimes say."""
    expected = returns.probabilities @ valuation.world_returns
    np.testing.assert_allclose(expected, fair(valuation), atol=EXACT)
    assert np.std(valuation.world_returns, axis=0).min() > 0.01


def test_noise_moves_no_expected_return(valuation: Valuation, returns: ms.ReturnScenarios) -> None:
    """To rounding: what is allocated over and what the value table tells are one number."""
    p, apart = returns.probabilities, returns.returns - valuation.world_returns
    np.testing.assert_allclose(p @ apart, 0.0, atol=1e-13)
    told = valuation.table()["expected_return"].to_numpy()
    np.testing.assert_allclose(p @ returns.returns, told, atol=1e-13)
    # What is taken off is no more than chance would bring.
    error = np.sqrt((p**2) @ apart**2)
    assert (np.abs(valuation.noise.levels[-1]) < 4.5 * error).all()
    assert (valuation.noise.levels[-1] != 0.0).all()


def test_priced_without_regimes_the_mean_is_over_worlds_without_shift(
    unshifted: ms.ReturnScenarios,
) -> None:
    """There regimes move expected returns, by what they are worth and the market does not see."""
    one = unshifted.world
    with precise("float64"):
        value = values(one.assumed, one.terms, one.paths.unshifted, one.columns, one.expected)
        held = np.asarray(one.anchor.rest) * one.paths.unshifted.ordinary[:, one.columns]
        log = number(np.log(value + held))
        anchor = jax.tree.map(number, one.anchor)
        found = equity_return(one.assumed, one.terms, anchor, Worth(log, 0.0 * log), 1.0)
    np.testing.assert_allclose(np.asarray(found).mean(axis=0), fair(one), atol=EXACT)
    assert one.table()["regimes"].abs().max() > 0.01


def test_the_columns_of_the_value_table_add_up(
    valuation: Valuation, returns: ms.ReturnScenarios, table: pd.DataFrame
) -> None:
    assert tuple(table.index) == returns.tickers
    expected = returns.probabilities @ valuation.world_returns
    parts = table["carry"] + table["regimes"] + table["pull"]
    np.testing.assert_allclose(parts, expected, atol=EXACT)
    np.testing.assert_allclose(table["regimes"], 0.0, atol=EXACT)
    cost = valuation.economics["cost_of_equity"]
    np.testing.assert_allclose(table["carry"], np.expm1(cost), rtol=1e-12)
    ratio = table["model_value"] / table["market_cap"]
    np.testing.assert_allclose(table["value_over_market"], ratio, rtol=1e-12)


def test_half_of_the_worlds_are_worth_more_than_the_middle_one(
    valuation: Valuation, table: pd.DataFrame
) -> None:
    odds, net_debt = valuation.paths.probabilities, np.asarray(valuation.terms.net_debt)
    over = (valuation.values - net_debt) / table["market_cap"].to_numpy()
    middle = table["middle_over_market"].to_numpy()
    above, there = (odds @ (over > middle + 1e-12)), (odds @ (over >= middle - 1e-12))
    assert (above <= 0.5 + 1e-12).all()
    assert (there >= 0.5 - 1e-12).all()


def test_prices_come_nearer_to_value_but_for_the_market_as_a_whole(
    valuation: Valuation, table: pd.DataFrame
) -> None:
    """Who is cheaper than all together is drawn up, the more the cheaper, and no further."""
    found = valuation.economics
    whole = found["model_value"].sum() / found["market_cap"].sum()
    cheap = table["value_over_market"] > whole
    assert (np.sign(table["pull"]) == np.where(cheap, 1.0, -1.0)).all()
    reached = -np.expm1(-float(valuation.assumed.pull))
    assert (np.abs(pulled(valuation)) < reached * BELIEVED).all()
    assert pd.Series(pulled(valuation)).corr(found["gap"].reset_index(drop=True), "spearman") > 0.99


def test_a_view_is_what_regimes_bring(returns: ms.ReturnScenarios, table: pd.DataFrame) -> None:
    """Who doubts the bear expects more than the market asks, of those whom it would hurt most."""
    doubted = ms.view(returns, "P(bear) == 0.05")
    found = returns.world.table(doubted.probabilities)
    pd.testing.assert_frame_equal(found[["carry", "pull"]], table[["carry", "pull"]])
    hurt = pd.Series(by_regime(returns, "bear") - by_regime(returns, "base"), found.index)
    assert found["regimes"][hurt.nsmallest(5).index].min() > 0.01
    assert found["regimes"].corr(-hurt, "spearman") > 0.7


def by_regime(returns: ms.ReturnScenarios, name: str) -> np.ndarray:
    """Mean return before noise in a regime's draws, [ticker]."""
    inside = np.asarray(returns.regimes) == name
    mean: np.ndarray = returns.world.world_returns[inside].mean(axis=0)
    return mean


def test_without_pull_there_is_none(paths: ms.Paths, prices: ms.prices.Prices) -> None:
    found = ms.revalue(paths, prices, assumptions={"pull": 0.0}).world.table()
    np.testing.assert_array_equal(found["pull"], 0.0)
    np.testing.assert_allclose(found["expected_return"], found["carry"], atol=EXACT)


def test_the_cost_of_equity_is_that_of_the_capital_asset_pricing_model(
    valuation: Valuation, facts: ms.Knowledge
) -> None:
    """At the rates that were known, with betas shrunk by a third."""
    rates = {name: facts.series(*where).iloc[-1] / 100.0 for name, where in RATES.items()}
    beta = valuation.prices.statistics["beta"].loc[valuation.economics.index]
    cost = rates["risk_free"] + rates["equity_premium"] * (0.67 * beta + 0.33)
    np.testing.assert_allclose(valuation.economics["cost_of_equity"], cost, rtol=1e-12)


# ----------------------------------------------------------------------- prices


def test_a_fallen_price_moves_value_over_market_pull_and_leverage(
    paths: ms.Paths, prices: ms.prices.Prices, valuation: Valuation, table: pd.DataFrame
) -> None:
    """At two fifths of the price value over it is more than twice; who owes is more leveraged.

    What is dearer is pulled up less; what is far below its value is not believed much more.
    """
    risen = ms.revalue(paths, with_cap(prices, {"ORCL": 1.6, "NVDA": 1.6})).world.table()
    hit = ms.revalue(paths, with_cap(prices, {"ORCL": 0.4, "NVDA": 0.4})).world
    found, shares = hit.table(), hit.economics["equity_share"]
    before = valuation.economics["equity_share"]
    for ticker in ("ORCL", "NVDA"):
        ratio = found["value_over_market"][ticker] / table["value_over_market"][ticker]
        assert 2.0 < ratio < 5.0, ticker  # and what it is discounted at goes with leverage
        assert risen["pull"][ticker] < table["pull"][ticker] - 5e-3
        dear = "enterprise_over_profit"
        assert found[dear][ticker] < 0.6 * table[dear][ticker]
    assert shares["ORCL"] < before["ORCL"] < 1.0  # in debt
    assert shares["NVDA"] > before["NVDA"] > 1.0  # with cash
    assert shares.between(*EQUITY_SHARE).all()
    others = [t for t in table.index if t not in ("ORCL", "NVDA")]
    np.testing.assert_allclose(
        found.loc[others, "value_over_market"], table.loc[others, "value_over_market"], rtol=1e-12
    )


def test_a_company_without_market_value_says_so_and_is_not_drawn(
    paths: ms.Paths, prices: ms.prices.Prices, table: pd.DataFrame, facts: ms.Knowledge
) -> None:
    """Neither given nor reckoned, since no shares are known."""
    rows = facts.table
    shares = rows["quantity"].isin(COUNTS) & (rows["entity"] == "CSCO")
    without = facts.with_facts(rows[~shares])
    found = ms.revalue(paths, with_cap(prices, {"CSCO": np.nan}), facts=without).world
    row = found.table().loc["CSCO"]
    assert row["gaps"] == "market value"
    assert row["pull"] == 0.0
    assert row[["market_cap", "value_over_market", "implied_growth"]].isna().all()
    assert row["expected_return"] == pytest.approx(row["carry"], abs=EXACT)
    assert found.economics.loc["CSCO", "equity_share"] == 1.0
    assert table.loc["CSCO", "gaps"] == ""


def at_value(valuation: Valuation, price: float | np.ndarray) -> Valuation:
    """The same valuation at prices so many times the model's enterprise value."""
    owed = valuation.economics["net_debt"].fillna(0.0)
    worth = price * (valuation.economics["model_value"] + owed)
    return replace(valuation, economics=valuation.economics.assign(market_cap=worth - owed))


def test_a_price_of_the_models_value_implies_the_models_growth_and_margin(
    valuation: Valuation,
) -> None:
    found, dear = (reverse_dcf(at_value(valuation, price)) for price in (1.0, 1.3))
    for name in ("growth", "margin"):
        np.testing.assert_allclose(found[f"implied_{name}"], found[f"model_{name}"], atol=1e-6)
    # Where none explains it nothing is told.
    margin = dear["implied_margin"]
    assert (margin > found["model_margin"])[np.isfinite(margin)].all()
    assert np.isfinite(margin).sum() > 20
    # Where margins are thin growth costs more than it brings.
    assert (dear["implied_growth"] > found["model_growth"]).mean() > 0.8


def test_growth_and_margin_are_of_revenue_with_what_fleets_earn(
    valuation: Valuation, table: pd.DataFrame
) -> None:
    """As profit is: of who lets compute beside its lines, less is kept, and it grows by more."""
    rows = valuation.statements()
    said = rows.pivot(index=["item", "year"], columns="ticker", values="usd_bn")[list(table.index)]
    every = said.loc["revenue"] + said.loc["from_fleets"]
    np.testing.assert_allclose(table["model_margin"], said.loc["profit"].sum() / every.sum())
    found = valuation.economics
    years = (every.index[-1] - found["last_year_end"]).dt.days / 365.25
    growth = (every.iloc[-1] / found["last_year"]) ** (1.0 / years) - 1.0
    np.testing.assert_allclose(table["model_growth"], growth)
    sums: Any = said.groupby(level="item").sum()
    let, plain = (sums.loc[name] / sums.loc["revenue"] for name in ("from_fleets", "profit"))
    for ticker in ("CRWV", "ORCL", "AMZN"):
        assert let[ticker] > 0.05
        assert table["model_margin"][ticker] < plain[ticker] / (1.0 + 0.9 * let[ticker])


def test_growth_is_counted_from_the_last_four_quarters_reported(
    valuation: Valuation, table: pd.DataFrame
) -> None:
    """A boom in the first year simulated is growth: it is not what the rest is held against."""
    posterior = valuation.paths.scenarios.posterior
    rows = posterior.fit_paths
    mine = rows[rows["series"] == "MU.total"].sort_values("quarter_end").tail(4)
    found = valuation.economics
    assert found["last_year"]["MU"] == pytest.approx(mine["reported"].sum())
    assert found["last_year_end"]["MU"] == mine["quarter_end"].iloc[-1]
    revenue: Any = valuation.statements().query("ticker == 'MU' and item == 'revenue'")["usd_bn"]
    assert revenue.iloc[0] > 1.5 * found["last_year"]["MU"]
    assert revenue.iloc[-1] < revenue.iloc[0]
    after = (revenue.iloc[-1] / revenue.iloc[0]) ** (1.0 / (len(revenue) - 1)) - 1.0
    assert table["model_growth"]["MU"] > after + 0.1


def test_who_reports_no_four_quarters_in_a_row_grows_from_its_fiscal_year() -> None:
    ends = pd.to_datetime(["2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31"])
    rows = pd.concat(
        pd.DataFrame({"series": f"{name}.total", "quarter_end": ends, "reported": values})
        for name, values in {
            "whole": [1.0, 2.0, 3.0, 4.0, 5.0],
            "torn": [1.0, 2.0, np.nan, 4.0, 5.0],
            "short": [np.nan, np.nan, 3.0, 4.0, 5.0],
        }.items()
    )
    years = pd.DataFrame(
        {"revenue": 9.0, "fiscal_year_end": ends[0]}, index=["whole", "torn", "short", "none"]
    )
    known: Any = SimpleNamespace(fit_paths=rows)
    found = last_year(years, known)
    assert list(found["last_year"]) == [14.0, 9.0, 9.0, 9.0]
    assert list(found["last_year_end"]) == [ends[-1], ends[0], ends[0], ends[0]]
    end = pd.Timestamp("2027-12-31")
    rate = growth_since(found, 14.0 * np.exp([0.2, 0.0, 0.0, 0.0]), end)
    assert rate[0] == pytest.approx(0.1, rel=1e-3)
    assert rate[1] == pytest.approx(np.log(14.0 / 9.0) / 3.0, rel=1e-3)


def test_no_margin_above_one_explains_a_price_and_what_is_short_is_said(
    valuation: Valuation,
) -> None:
    """Of a price ten times as high; of one lower by what was short all revenue is the margin."""

    def asked(price: float | np.ndarray) -> pd.DataFrame:
        found = reverse_dcf(at_value(valuation, price))
        return pd.DataFrame(found, index=valuation.economics.index)

    dear = 10.0
    found = asked(dear)
    short = found["margin_shortfall"]
    assert short.notna().sum() > 3
    assert short.dropna().between(0.0, 1.0, inclusive="neither").all()
    assert not (found["implied_margin"] > 1.0).any()
    assert found.loc[short.notna(), "implied_margin"].isna().all()
    lower = asked(dear * (1.0 - 1.000_001 * short.fillna(0.0).to_numpy()))
    np.testing.assert_allclose(lower.loc[short.notna(), "implied_margin"], 1.0, atol=1e-4)
    assert asked(1.0)["margin_shortfall"].isna().all()


def test_of_several_roots_the_nearest_is_meant_company_by_company() -> None:
    """Each by itself: one with three, one with one, one with none, and one without a price."""

    def gaps(x: np.ndarray) -> np.ndarray:
        three = (x[:, 0] - 0.5) * (x[:, 0] + 1.0) * (x[:, 0] - 3.0)
        none = 1.0 + (x[:, 2] - 4.0) ** 2
        return np.stack([three, np.expm1(x[:, 1] + 2.0), none, np.nan * x[:, 3]], axis=1)

    ends = np.full(4, 4.0)
    found, left = roots(gaps, -ends, ends, gaps(np.zeros((1, 4)))[0])
    np.testing.assert_allclose(found[:2], [0.5, -2.0], atol=1e-8)
    np.testing.assert_allclose(left[:2], 0.0, atol=1e-8)
    assert (found[2], left[2]) == (4.0, 1.0)  # the point that leaves the least
    assert np.isnan(left[3])


# ----------------------------------------------------------------------- regimes


def test_regimes_move_returns_as_they_move_value(
    valuation: Valuation, returns: ms.ReturnScenarios, paths: ms.Paths
) -> None:
    """Against draws of the same past and news, wherever centres lie apart by a tenth."""
    names = paths.scenarios.names
    base, log = names.index("base"), np.log1p(valuation.world_returns)
    agree: list[bool] = []
    for regime in range(len(names)):
        mine, plain = (np.flatnonzero(paths.regime == r) for r in (regime, base))
        # Draws of a regime are numbered from nothing on.
        shared = min(len(mine), len(plain))
        moved = (log[mine[:shared]] - log[plain[:shared]]).mean(axis=0)
        shift = valuation.shifts[regime] - valuation.shifts[base]
        clear = np.abs(shift) > 0.1
        agree.extend((np.sign(moved) == np.sign(shift))[clear])
    assert len(agree) > 2 * len(names)
    assert np.mean(agree) > 0.93


def test_shifts_have_the_sign_of_central_values(valuation: Valuation) -> None:
    """What the market pays for beyond the model goes with what is sold, and turns none over."""
    one = valuation
    with precise("float64"):
        plain = values(one.assumed, one.terms, one.paths.calibrated, one.columns, one.expected)
    modelled = np.log(one.central_values / plain)
    clear = (np.abs(modelled) > 0.1) & (np.abs(one.shifts) > 0.05)
    agree = np.sign(modelled) == np.sign(one.shifts)
    assert clear.sum() > 30
    assert agree[clear].mean() > 0.9


@pytest.mark.parametrize("company", CHIP_MAKERS)
def test_chip_makers_are_worth_less_in_the_bear(
    valuation: Valuation, returns: ms.ReturnScenarios, company: str
) -> None:
    i = returns.tickers.index(company)
    mean = {n: valuation.world_returns[returns.regimes == n, i].mean() for n in ("bull", "bear")}
    assert mean["bear"] < 0.0 < mean["bull"]


# ----------------------------------------------------------------------- the market


def spread(simple: np.ndarray, p: np.ndarray) -> np.ndarray:
    log = np.log1p(simple)
    return np.asarray(np.sqrt(p @ (log - p @ log) ** 2))


def test_volatility_is_the_markets(valuation: Valuation, returns: ms.ReturnScenarios) -> None:
    """Noise tops worlds up to it; half of it is noise at least, and worlds leave that room."""
    with precise("float64"):
        market = np.asarray(usual_volatility(valuation.assumed, valuation.quotes.volatility))
    p = returns.probabilities
    worlds, found = spread(valuation.world_returns, p), spread(returns.returns, p)
    expected = np.maximum(market, np.hypot(worlds, 0.5 * market))
    np.testing.assert_allclose(found, expected, rtol=0.30)
    # Of 600 draws with wild tails; of 10,000 it is 1.03, since markets are wilder where they fall.
    assert np.median(found / expected) == pytest.approx(1.0, abs=0.07)
    # Near nothing the logs of who is leveraged are wilder than those of the enterprise.
    assert (found < 1.4 * market).all()
    assert (found < 1.15 * market).mean() > 0.9


def test_shares_move_together_as_they_do_in_the_market(
    valuation: Valuation, returns: ms.ReturnScenarios
) -> None:
    names, p = list(returns.tickers), returns.probabilities
    log = np.log1p(returns.returns)
    found = np.cov(log.T, aweights=p)
    found = found / np.sqrt(np.outer(np.diag(found), np.diag(found)))
    market = valuation.prices.correlation.loc[names, names].to_numpy()
    pairs = np.triu_indices(len(names), 1)
    assert found[pairs].mean() == pytest.approx(market[pairs].mean(), abs=0.08)
    assert np.corrcoef(found[pairs], market[pairs])[0, 1] > 0.5


# ----------------------------------------------------------------------- from worlds to equity


def anchor_of(
    a: ValuationAssumptions,
    share: float = 1.0,
    recognised: float = 0.5,
    gap: float = 0.0,
    years: float = 1.0,
    logs: np.ndarray | None = None,
) -> Anchor:
    """An anchor of one company at which the worlds of these logs are priced, alike."""
    one = number(np.ones(1))
    held = Anchor(0.0 * one, 0.0 * one, recognised * one, recognised * one, one, one, gap * one)
    log = number(np.zeros((1, 1)) if logs is None else logs[:, None])
    weights = number(np.full(len(log), 1.0 / len(log)))
    priced = Priced(Worth(log, 0.0 * log), weights)
    return anchored(a, terms(equity_share=share), held, priced, priced, years)


def returned(log: float, share: float = 1.0, years: float = 1.0, recognised: float = 0.5) -> float:
    """What a share returns in a world worth so much more, in logs, than the one priced."""
    with precise("float64"):
        a = assumed()
        anchor = anchor_of(a, share, recognised, years=years)
        worth = Worth(number([log]), number([0.0]))
        return float(equity_return(a, terms(equity_share=share), anchor, worth, years)[0])


def asked(share: float = 1.0) -> float:
    a = assumed()
    return float(a.risk_free + a.equity_premium)


def test_the_world_that_is_priced_returns_the_cost_of_equity() -> None:
    for share in (0.5, 1.0, 1.4):
        assert np.log1p(returned(0.0, share)) == pytest.approx(asked(), rel=1e-9)


def test_what_is_recognised_of_a_difference_is_returned() -> None:
    for part in (0.1, 0.5, 1.0):
        gained = np.log1p(returned(0.4, recognised=part)) - asked()
        assert gained == pytest.approx(part * 0.4, rel=0.02)


def test_recognition_takes_its_time() -> None:
    with precise("float64"):
        after = [float(recognition(number(1.45), years)) for years in (0.0, 1.45, 100.0)]
    np.testing.assert_allclose(after, [0.0, 1.0 - np.exp(-1.0), 1.0], atol=1e-12)


def test_debt_gears_and_cash_dampens() -> None:
    lean, plain, geared = (returned(-0.3, share=s) for s in (1.4, 1.0, 0.6))
    assert geared < plain < lean
    assert returned(0.3, share=0.6) > returned(0.3) > returned(0.3, share=1.4)


def test_owners_lose_all_at_most_and_smoothly() -> None:
    worst = np.array([returned(x, share=0.4, recognised=1.0) for x in (-1.0, -2.0, -5.0, -20.0)])
    assert (worst > -1.0).all()
    assert (np.diff(worst) <= 0.0).all()
    with precise("float64"):
        a = assumed()
        anchor, given_terms = anchor_of(a, 0.4), terms(equity_share=0.4)

        @jax.grad
        def slope(x: jax.Array) -> jax.Array:
            worth = Worth(x[None], jnp.zeros(1))
            return equity_return(a, given_terms, anchor, worth, 1.0)[0]

        assert all(float(slope(number(x))) > 0.0 for x in (-2.0, -1.0, 0.0, 1.0))


@given(
    st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=20).map(np.array),
    st.floats(*EQUITY_SHARE),
    st.floats(-3.0, 3.0),
    st.floats(0.1, 5.0),
)
def test_the_mean_over_what_is_priced_is_exact(
    logs: np.ndarray, share: float, gap: float, years: float
) -> None:
    """Whatever worlds, leverage and horizon: in levels, as a holder of the mix earns it."""
    with precise("float64"):
        a, one = assumed(), terms(equity_share=share)
        anchor = anchor_of(a, share, gap=gap, years=years, logs=logs)
        log = number(logs[:, None])
        found = np.asarray(equity_return(a, one, anchor, Worth(log, 0.0 * log), years)).mean()
        pull = -np.expm1(-float(a.pull) * years) * gap / np.hypot(1.0, gap / BELIEVED)
    assert found == pytest.approx(np.expm1(asked() * years + pull), rel=1e-9, abs=1e-9)


def test_a_longer_horizon_recognises_more(paths: ms.Paths, prices: ms.prices.Prices) -> None:
    def apart(horizon: str) -> np.ndarray:
        found = ms.revalue(paths, prices, horizon=horizon)
        world = np.log1p(found.world.world_returns)
        by = [world[found.regimes == n].mean(axis=0) for n in ("bull", "bear")]
        return np.asarray(by[0] - by[1])

    soon, late = apart("1q"), apart("2y")
    clear = np.abs(late) > 0.02  # To some the two are hardly different.
    assert clear.sum() > 20
    assert (np.abs(soon) < np.abs(late))[clear].mean() > 0.9
    assert (np.sign(soon) == np.sign(late))[clear].mean() > 0.9


# ----------------------------------------------------------------------- what is assumed


def test_what_is_assumed_is_told_with_its_range_and_source(valuation: Valuation) -> None:
    found = valuation.assumptions
    assert list(found.index) == [e.name for e in ENTRIES]
    assert (found["low"] < found["high"]).all()
    assert (found[["unit", "meaning", "source"]].map(len) > 0).all(axis=None)
    free = found.drop(index=list(RATES))
    assert free["value"].between(free["low"], free["high"]).all()


def test_rates_are_the_newest_facts_and_nothing_later() -> None:
    for day in ("2023-12-31", "2025-12-31"):
        known = ms.load_facts(as_of=day)
        found = valuation_table(valuation_assumptions(known))["value"]
        for name, where in RATES.items():
            assert found[name] == pytest.approx(known.series(*where).iloc[-1] / 100.0)
    rates = [
        valuation_table(valuation_assumptions(ms.load_facts(as_of=day)))["value"]["risk_free"]
        for day in ("2020-12-31", "2025-12-31")
    ]
    assert rates[0] < rates[1]


def test_a_given_value_takes_the_place_of_the_median(
    paths: ms.Paths, prices: ms.prices.Prices, table: pd.DataFrame
) -> None:
    found = ms.revalue(paths, prices, assumptions={"equity_premium": 0.06}).world
    assert float(found.assumed.equity_premium) == 0.06
    assert (found.table()["model_value"] < table["model_value"]).mean() > 0.9
    assert (found.table()["carry"] > table["carry"]).all()


# ----------------------------------------------------------------------- what is refused

Ask = Callable[[ms.Paths, ms.prices.Prices], object]


@pytest.mark.parametrize(
    ("asked_for", "said"),
    [
        ({"anchor": "mode"}, r"anchor is 'mode'; write 'mix' or 'unshifted'"),
        (
            {"assumptions": {"equity_premum": 0.05}},
            r"valuation assumes no 'equity_premum'\..*equity_premium",
        ),
        ({"assumptions": {"pull": 1.5}}, r"pull is 1.5; give a number from 0 to 1"),
        ({"assumptions": {"growth_fade": -0.1}}, r"growth_fade is -0.1; give a number from"),
        ({"assumptions": {"risk_free": np.nan}}, r"risk_free is nan; give a number from -1 to 1"),
    ],
)
def test_what_cannot_be_assumed_is_refused(
    paths: ms.Paths, prices: ms.prices.Prices, asked_for: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        ms.revalue(paths, prices, **asked_for)  # type: ignore[arg-type]


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
    """What the others are worth and recognised for hangs on them only through the whole market."""
    some = ms.revalue(paths, prices.select(["TSM", "NVDA"]))
    assert some.tickers == ("NVDA", "TSM")
    columns = [returns.tickers.index(t) for t in some.tickers]
    np.testing.assert_allclose(some.world.values, returns.world.values[:, columns], rtol=1e-9)
    none = replace(prices, statistics=prices.statistics.iloc[:0])
    with pytest.raises(InputError, match="no company of the paths has a price"):
        ms.revalue(paths, none)
