"""What prices assume: exact where there is an answer, nearest where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

import marketsim as ms
from marketsim.derivatives.beliefs.alone import _range
from marketsim.derivatives.beliefs.belief import beliefs_of, own_belief, whitened
from marketsim.derivatives.beliefs.story import _implied
from marketsim.derivatives.beliefs.target import Target, believed, own_beliefs
from marketsim.derivatives.beliefs.tilted import root, tilted
from marketsim.derivatives.beliefs.together import Space, least_surprising
from marketsim.derivatives.beliefs.worlds import Sample
from marketsim.errors import InputError
from marketsim.precision import precise
from marketsim.valuation import enterprise_value
from marketsim.valuation.last_year import years_since
from marketsim.valuation.reverse_dcf import reverse_dcf
from tests.one_company import VOLUME, YEARS, assumed, sales, terms

FEW = 8
"""Worlds of a regime, where the number does not matter."""

implied = partial(ms.implied, worlds=FEW * 7)


@pytest.fixture(scope="module")
def sample(returns: ms.ReturnScenarios) -> Sample:
    return Sample.of(returns.world, FEW)


def target_of(sample: Sample, *tickers: str, price: float = 1.0) -> Target:
    """Companies at so many times their price."""
    table = sample.valuation.economics
    members = table.index.isin(tickers)
    enterprise = table["market_cap"] * price + table["net_debt"].fillna(0.0)
    return Target(sample, members, float(enterprise[members].sum()))


def cell(table: pd.DataFrame, row: str, column: str) -> float:
    return float(table[column].to_dict()[row])


def at_prices(returns: ms.ReturnScenarios, cap: pd.Series) -> ms.ReturnScenarios:
    """The same returns where companies have other market values, and the model does not know."""
    v = returns.world
    moved = replace(v, economics=v.economics.assign(market_cap=cap))
    return replace(returns, world=moved)


# ------------------------------------------------------------------------------ closed forms


@pytest.mark.parametrize("multiple", [0.6, 1.0, 1.7])
def test_one_company_agrees_with_a_textbook_reverse_discounted_cash_flow(multiple: float) -> None:
    """Growth for five years, then Gordon's for ever: profit of 16 less a fifth of tax."""
    rate, ever = 0.09, 0.03
    a = assumed(
        risk_free=0.04,
        equity_premium=0.05,
        terminal_growth=ever,
        terminal_return=1e9,
        overhead_elasticity=1.0,
        working_capital=0.0,
        growth_fade=60.0,
    )
    plain = terms(sales_to_plant=1e9)
    profit, years = (0.5 * VOLUME - 4.0) * 0.8, np.arange(YEARS)

    def textbook(growth: float) -> float:
        first = profit * np.exp(growth * years - rate * (years + 0.5))
        last = first[-1] * np.exp(ever - rate) / -np.expm1(ever - rate)
        return float(first.sum() + last)

    def values(none: Any, growth: np.ndarray) -> np.ndarray:
        with precise("float64"):
            found = [np.asarray(enterprise_value(a, plain, sales(g))) for g in growth[:, 0]]
        return np.array(found)[:, None, :]

    still = values(None, np.zeros((1, 1)))
    alone: Any = SimpleNamespace(values=values, none=np.zeros(1), odds=np.ones(1), means=still[0])
    market = multiple * float(still[0, 0, 0])
    target = Target(alone, np.array([True]), market)
    belief = own_belief("growth", 0.0)
    found, left = root(lambda x: believed(target, belief, x), belief.low, belief.high, target.now)
    right = brentq(lambda growth: textbook(growth) - market, -0.5, 0.7)
    assert left == pytest.approx(0.0, abs=1e-8)
    assert found == pytest.approx(right, abs=2e-4)


@given(st.floats(-3.0, 3.0), st.floats(0.2, 5.0))
def test_a_root_is_found_within_the_support_and_else_its_nearest_end(
    at: float, slope: float
) -> None:
    def gap(x: np.ndarray) -> np.ndarray:
        return np.sinh(slope * (x - at))

    found, left = root(gap, -2.0, 2.0, float(gap(np.zeros(1))[0]))
    assert found == pytest.approx(np.clip(at, -2.0, 2.0), abs=1e-6)
    assert left == pytest.approx(float(gap(np.array([found]))[0]), abs=1e-9)


def test_of_several_beliefs_that_explain_a_price_the_nearest_is_told() -> None:
    def gap(x: np.ndarray) -> np.ndarray:
        return (x - 0.5) * (x + 1.0) * (x - 3.0)

    found, _ = root(gap, -4.0, 4.0, 1.5)
    assert found == pytest.approx(0.5, abs=1e-8)


def test_where_nothing_explains_a_price_the_least_gap_is_found_between_points() -> None:
    def gap(x: np.ndarray) -> np.ndarray:
        return 0.1 + (x - 0.45) ** 2

    found, left = root(gap, -2.0, 2.0, float(gap(np.zeros(1))[0]))
    assert found == pytest.approx(0.45, abs=5e-3)
    assert left == pytest.approx(0.1, abs=1e-4)


def test_a_root_between_points_of_one_sign_is_found() -> None:
    """A gap that falls below nothing for a while: two roots, the nearer is told."""

    def gap(x: np.ndarray) -> np.ndarray:
        return (x - 0.45) ** 2 - 0.01

    found, left = root(gap, -2.0, 2.0, float(gap(np.zeros(1))[0]))
    assert found == pytest.approx(0.35, abs=1e-7)
    assert left == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("name", ["saturated_elasticity", "equity_premium", "elasticity"])
def test_no_range_leaves_the_support(returns: ms.ReturnScenarios, name: str) -> None:
    """Where a belief does little to value, what others leave open is all that it may be."""
    belief = beliefs_of(returns.world.paths.scenarios.posterior, returns.world.assumed)[name]
    ends = belief.told(belief.low), belief.told(belief.high)
    for wide in (1e3, np.inf):
        assert _range(belief, 0.5, wide) == (*ends, "low and high")
    assert _range(belief, belief.low + 0.1, 0.2)[::2] == (ends[0], "low")
    assert _range(belief, 0.5, 0.2) == (belief.told(0.3), belief.told(0.7), "")
    row = pd.Series({"model": 1.0, "implied": 2.0, "unit": "", "deviations": 1.0, "left": np.nan})
    open_ended = pd.concat([row, pd.Series({"low": 0.5, "high": 3.0, "cut": "high"})])
    assert _implied(name, open_ended).endswith("(80 %: 0.5 to 3; high where its support ends)")


def _mix(worth: list[float], odds: list[float]) -> Target:
    alone: Any = SimpleNamespace(odds=np.array(odds), means=np.array(worth)[:, None])
    return Target(alone, np.array([True]), 1.0)


def test_of_two_regimes_the_mix_is_a_straight_line() -> None:
    odds, left = tilted(_mix([0.5, 2.0], [0.3, 0.7]))
    np.testing.assert_allclose(odds, [2.0 / 3.0, 1.0 / 3.0], rtol=1e-7)
    assert left == pytest.approx(0.0, abs=1e-8)


def test_of_more_regimes_the_mix_has_the_least_entropy() -> None:
    worth, prior = np.array([0.5, 1.5, 2.5, 0.9]), np.array([0.1, 0.4, 0.3, 0.2])
    odds, _ = tilted(_mix(worth.tolist(), prior.tolist()))
    judge = minimize(
        lambda p: float(p @ np.log(p / prior)),
        prior,
        bounds=[(1e-9, 1.0)] * 4,
        constraints=[
            {"type": "eq", "fun": lambda p: p @ worth - 1.0},
            {"type": "eq", "fun": lambda p: p.sum() - 1.0},
        ],
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(odds, judge.x, atol=1e-5)


def test_where_no_mix_explains_a_price_the_nearest_regime_is_all() -> None:
    odds, left = tilted(_mix([1.2, 3.0, 2.0], [0.5, 0.3, 0.2]))
    assert odds.tolist() == [1.0, 0.0, 0.0]
    assert left == pytest.approx(np.log(1.2))


# ----------------------------------------------------------------------------------- worlds


def test_the_sample_has_the_level_of_all_worlds(sample: Sample) -> None:
    table = sample.valuation.economics
    said = table["model_value"] + table["net_debt"].fillna(0.0)
    np.testing.assert_allclose(sample.odds @ sample.means, said, rtol=1e-12)
    np.testing.assert_allclose(sample.values(sample.none[None])[0], sample.means, rtol=1e-12)


def test_growth_is_revenue_that_grows_and_margin_is_revenue_kept(sample: Sample) -> None:
    worlds = sample.run(sample.none[None])
    grown = sample.run(sample.none[None], np.full((1, len(sample.companies)), 0.1))
    years = (np.arange(worlds.revenue.shape[1]) + 0.5) / 4
    columns = sample.valuation.columns
    for name in ("revenue", "volumes", "inputs", "lives"):
        plain, more = (getattr(one, name)[:, :, columns] for one in (worlds, grown))
        np.testing.assert_allclose(more, plain * np.exp(0.1 * years)[:, None], rtol=1e-12)
    some = np.zeros(len(sample.companies))
    some[3] = 0.05
    dearer = sample.told(worlds, margin=some) / sample.told(worlds)
    np.testing.assert_allclose(np.delete(dearer, 3, axis=2), 1.0, rtol=1e-12)
    assert (dearer[:, :, 3] > 1.0).all()


@pytest.mark.parametrize("ticker", ["NVDA", "CRWV", "AMZN"])
def test_the_models_own_growth_and_margin_are_those_of_the_value_table(
    returns: ms.ReturnScenarios, ticker: str
) -> None:
    """Revenue with what fleets earn beside it in both, whether the company has any or none."""
    found = implied(returns, ticker, of=["growth", "margin"], together=False).alone
    table = returns.world.table()
    growth = cell(table, ticker, "model_growth")
    assert cell(found, "growth", "model") == pytest.approx(np.log1p(growth), rel=1e-9)
    margin = cell(table, ticker, "model_margin")
    assert cell(found, "margin", "model") == pytest.approx(margin, rel=1e-9)


@pytest.mark.parametrize("ticker", ["NVDA", "MU", "ORCL", "CRWV", "AMZN", "TSM"])
def test_what_a_company_alone_is_asked_is_what_the_value_table_tells(
    returns: ms.ReturnScenarios, ticker: str
) -> None:
    """One equation, one sample of worlds and one way to the root; and no answer in both or none."""
    alone = implied(returns, ticker, of=["growth", "margin"], together=False).alone
    table = pd.DataFrame(reverse_dcf(returns.world, FEW * 7), index=returns.world.economics.index)
    told = {
        "growth": np.log1p(cell(table, ticker, "implied_growth")),
        "margin": cell(table, ticker, "implied_margin"),
    }
    for name, shown in told.items():
        met = np.isnan(cell(alone, name, "left"))
        asked = cell(alone, name, "implied") if met else np.nan
        assert asked == pytest.approx(shown, abs=1e-4, nan_ok=True)


def test_no_margin_above_one_is_believed(returns: ms.ReturnScenarios) -> None:
    """Of a price so high all revenue is the nearest, and what it leaves is what the table tells."""
    dear = at_prices(returns, returns.world.economics["market_cap"] * 30.0)
    row = implied(dear, "NVDA", of="margin", together=False).alone.loc["margin"]
    table = pd.DataFrame(reverse_dcf(dear.world, FEW * 7), index=dear.world.economics.index)
    assert row["implied"] == pytest.approx(1.0)
    assert np.isnan(table["implied_margin"]["NVDA"])
    assert -np.expm1(row["left"]) == pytest.approx(table["margin_shortfall"]["NVDA"], rel=1e-6)


def test_growth_that_is_believed_is_what_companies_then_have(sample: Sample) -> None:
    """From the decision date on, in years since the last report; of fleets less than one for one.

    Told is the middle of the last year simulated over that of the last reported.
    """
    v = sample.valuation
    ahead = len(v.paths.quarter_ends) / 4 - 0.5
    since = years_since(v.economics, v.paths.quarter_ends[-1])
    years = dict(zip(sample.companies, since, strict=True))
    change = {}
    for ticker in ("NVDA", "AMZN"):
        target = target_of(sample, ticker)
        growth = own_beliefs(target, np.full(len(sample.companies), 0.05))["growth"]
        change[ticker] = (growth.told(2.0) - growth.told(0.0)) * years[ticker] / ahead
    assert change["NVDA"] == pytest.approx(0.1, rel=1e-9)
    assert 0.05 < change["AMZN"] < 0.099


def test_companies_that_grow_change_no_world(sample: Sample) -> None:
    """Values are those of worlds run again, whether what is seen of them was kept or not."""
    growth = np.linspace(-0.1, 0.2, 2)[:, None] * np.ones(len(sample.companies))
    none = np.tile(sample.none, (2, 1))
    nearly = none.copy()
    nearly[:, 0] = 1e-300  # no move of any size, but one that is run
    again = sample.values(nearly, growth)
    np.testing.assert_allclose(sample.values(none, growth), again, rtol=1e-12)
    assert sample.values(none) is sample.values(none)


def test_slopes_are_those_of_finite_changes(sample: Sample) -> None:
    """Of two sums of values, away from the model's own beliefs."""
    posterior = sample.valuation.paths.scenarios.posterior
    names = [e.name for e in posterior.entries]
    some = [names.index(n) for n in ("hurdle_rate", "saturation", "elasticity[interactive]")]
    sd = np.asarray(posterior.coordinates.scale)[some]
    growth = np.linspace(-0.05, 0.05, len(sample.companies))
    move = sample.none.copy()
    move[some] = 0.2 * sd
    weights = np.zeros((2, len(sample.odds), len(sample.companies)))
    weights[0, :, 0], weights[1] = sample.odds, 0.1
    found = sample.slopes(weights, move, growth)[:, some]
    for i, (place, step) in enumerate(zip(some, 1e-3 * sd, strict=True)):
        ends = np.tile(move, (2, 1))
        ends[:, place] += [step, -step]
        up, down = sample.values(ends, np.tile(growth, (2, 1)))
        change = ((up - down) * weights).sum(axis=(1, 2)) / (2.0 * step)
        np.testing.assert_allclose(found[:, i], change, rtol=2e-5, atol=1e-7)


# ------------------------------------------------------------------------------ one at a time


@pytest.mark.parametrize("name", ["hurdle_rate", "elasticity", "equity_premium"])
def test_what_is_implied_explains_the_price(sample: Sample, name: str) -> None:
    belief = beliefs_of(sample.valuation.paths.scenarios.posterior, sample.valuation.assumed)[name]
    target = target_of(sample, "NVDA", price=0.93)
    found, left = root(lambda x: believed(target, belief, x), belief.low, belief.high, target.now)
    assert left == pytest.approx(0.0, abs=1e-8)
    again = float(believed(target, belief, np.array([found]))[0])
    assert again == pytest.approx(0.0, abs=1e-8)


def test_prices_that_are_the_models_values_assume_what_the_model_does(
    returns: ms.ReturnScenarios,
) -> None:
    held = at_prices(returns, returns.world.economics["model_value"])
    found = implied(held, ["NVDA", "AMD"], of=["growth", "hurdle_rate", "margin", "regimes"])
    assert found.gap == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(found.alone["implied"], found.alone["model"], atol=1e-7)
    np.testing.assert_allclose(found.regimes["alone"], found.regimes["probability"], atol=1e-7)
    assert found.surprise == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(found.companies["growth"], 0.0, atol=1e-6)


def test_a_price_that_no_belief_explains_says_by_how_much(returns: ms.ReturnScenarios) -> None:
    cap = returns.world.economics["market_cap"].copy()
    cap["NVDA"] *= 100.0
    found = implied(at_prices(returns, cap), "NVDA", of=["hurdle_rate", "regimes"])
    assert cell(found.alone, "hurdle_rate", "left") < -2.0
    assert found.alone[["low", "high"]].isna().all(axis=None)
    assert found.mix_left < -2.0
    assert cell(found.companies, "NVDA", "left") < -2.0
    text = str(found)
    assert "nothing that explains it: at" in text
    assert "no mix explains it" in text
    assert "NVDA: no beliefs explain its price" in text


def test_cheaper_shares_assume_less_growth_and_margin_and_ask_more(
    returns: ms.ReturnScenarios,
) -> None:
    cap = returns.world.economics["market_cap"]
    cheap, dear = (
        implied(at_prices(returns, cap * x), "MSFT", of=["growth", "margin", "return_asked"])
        for x in (0.8, 1.2)
    )
    change = dear.alone["implied"] - cheap.alone["implied"]
    assert change["growth"] > 0.0
    assert change["margin"] > 0.0
    assert change["return_asked"] < 0.0
    assert cheap.parts.get("growth", 0.0) >= 0.0


# ----------------------------------------------------------------------------------- together


@pytest.fixture(scope="module")
def both(sample: Sample) -> tuple[Space, Any]:
    v = sample.valuation
    known = beliefs_of(v.paths.scenarios.posterior, v.assumed)
    names = ["hurdle_rate", "saturation", "elasticity", "equity_premium"]
    columns = np.flatnonzero(v.economics.index.isin(["NVDA", "MU"]))
    cap = v.economics["market_cap"] + v.economics["net_debt"].fillna(0.0)
    market, growth = cap.to_numpy()[columns], np.array([0.05, 0.1])
    space = Space.of(sample, columns, market, [known[n] for n in names], growth, mix=True)
    return space, least_surprising(space)


def test_together_every_price_is_right(both: tuple[Space, Any]) -> None:
    space, point = both
    assert point.met
    np.testing.assert_allclose(space.gap(point.u), 0.0, atol=1e-6)


def test_together_nothing_nearer_explains_prices(both: tuple[Space, Any]) -> None:
    """The slope of surprise is a combination of the slopes of prices (Lagrange)."""
    space, point = both
    pull, slope = space.surprise_slope(point.u), space.slope(point.u)
    multipliers, *_ = np.linalg.lstsq(slope.T, pull, rcond=None)
    assert np.abs(slope.T @ multipliers - pull).max() < 0.02 * np.abs(pull).max()


def test_slopes_together_are_those_of_finite_changes(both: tuple[Space, Any]) -> None:
    space, point = both
    slope = space.slope(point.u)
    for place in range(len(point.u)):
        step = 1e-4 * np.eye(len(point.u))[place]
        change = (space.gap(point.u + step) - space.gap(point.u - step)) / 2e-4
        np.testing.assert_allclose(slope[:, place], change, rtol=1e-3, atol=1e-5)


def test_surprise_has_the_slope_it_says(both: tuple[Space, Any]) -> None:
    space, point = both
    u = point.u + 0.3 * np.cos(np.arange(len(point.u)))
    for place in range(len(u)):
        step = 1e-5 * np.eye(len(u))[place]
        change = (space.surprise(u + step) - space.surprise(u - step)) / 2e-5
        assert space.surprise_slope(u)[place] == pytest.approx(change, abs=1e-6)


def test_together_surprises_less_than_any_belief_alone(returns: ms.ReturnScenarios) -> None:
    names = ["hurdle_rate", "saturation", "growth"]
    found = implied(returns, "NVDA", of=names)
    assert 0.0 < found.surprise < found.alone["surprise"].min() + 1e-9
    assert found.parts.sum() == pytest.approx(found.surprise)
    assert found.together["share"].sum() == pytest.approx(
        found.parts[["assumptions", "valuation"]].sum() / found.surprise
    )


def test_one_belief_together_is_the_belief_alone(returns: ms.ReturnScenarios) -> None:
    found = implied(returns, "NVDA", of="hurdle_rate")
    alone, together = (
        cell(table, "hurdle_rate", "implied") for table in (found.alone, found.together)
    )
    assert together == pytest.approx(alone, rel=1e-5)
    # A price that one belief alone explains leaves nothing of it open.
    low, high = (cell(found.together, "hurdle_rate", column) for column in ("low", "high"))
    assert high - low < 1e-6


def test_prices_narrow_what_is_believed(returns: ms.ReturnScenarios) -> None:
    found = implied(returns, ["NVDA", "AVGO"], of=["hurdle_rate", "saturation", "growth"])
    posterior = returns.world.paths.scenarios.posterior
    before = posterior.table().loc[found.together.index]
    for name, row in found.together.iterrows():
        scale = float(before.loc[name, "posterior_sd"])
        wide = (
            2.0 * 1.2816 * scale * np.asarray(posterior.coordinates.scale)[_place(posterior, name)]
        )
        assert np.log(row["high"] / row["low"]) < wide * 1.001


def _place(posterior: ms.Posterior, name: object) -> int:
    return [e.name for e in posterior.entries].index(str(name))


def test_the_root_is_of_the_posteriors_covariance(posterior: ms.Posterior) -> None:
    root = whitened(posterior, [3, 7, 50])
    scale = np.asarray(posterior.coordinates.scale)[[3, 7, 50]]
    covariance = posterior.covariance[np.ix_([3, 7, 50], [3, 7, 50])] * np.outer(scale, scale)
    np.testing.assert_allclose(root @ root.T, covariance, rtol=1e-10, atol=1e-15)


# -------------------------------------------------------------------------------- as a user


def test_a_layer_is_its_companies(returns: ms.ReturnScenarios) -> None:
    layers = pd.Series(dict(returns.layers))
    layer = layers[layers == layers["NVDA"]].index
    by_layer, by_name = (
        implied(returns, who, of="growth", together=False) for who in (layers["NVDA"], list(layer))
    )
    assert list(by_layer.companies.index) == [t for t in returns.tickers if t in layer]
    pd.testing.assert_frame_equal(by_layer.alone, by_name.alone)
    assert by_layer.together.empty
    assert by_layer.parts.empty


def test_layers_in_one_table_are_each_asked_by_itself(returns: ms.ReturnScenarios) -> None:
    found = ms.derivatives.implied_by_layer(returns, ["growth", "regimes"], worlds=FEW * 7)
    assert found["companies"].sum() == 2 * found["companies"].to_dict()["all"]
    layer = dict(returns.layers)["NVDA"]
    alone = implied(returns, layer, of=["growth", "regimes"], together=False)
    assert cell(found, layer, "growth_implied") == pytest.approx(
        cell(alone.alone, "growth", "implied"), rel=1e-9
    )
    assert cell(found, layer, "growth_high") == pytest.approx(
        cell(alone.alone, "growth", "high"), rel=1e-6
    )
    odds = found.loc[layer, [f"odds_{r}" for r in alone.regimes.index]].to_numpy(dtype=float)
    np.testing.assert_allclose(odds, alone.regimes["alone"], rtol=1e-9)


def test_the_market_priced_without_regimes_has_no_mix(
    paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    plain = ms.revalue(paths, prices, anchor="unshifted")
    found = implied(plain, "NVDA", of=["growth", "regimes"])
    assert list(found.regimes.index) == ["unshifted"]
    assert np.isnan(cell(found.alone, "growth", "left"))


def test_a_record_is_plain_and_the_story_has_its_numbers(returns: ms.ReturnScenarios) -> None:
    found = implied(returns, "MU", of=["growth", "elasticity"])
    told = json.loads(json.dumps(found.record(), allow_nan=False))
    assert told["who"] == "MU"
    assert {row["belief"] for row in told["alone"]} == {"growth", "elasticity"}
    assert f"{cell(found.alone, 'elasticity', 'implied'):.4g} instead of" in str(found)
    assert "MU" in repr(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"companies": "NVDIA"}, "no company and no layer is called 'NVDIA'. Did you mean 'NVDA'?"),
        ({"companies": []}, "no company is named"),
        ({"of": "elastcity"}, "nobody believes in 'elastcity'. Did you mean 'elasticity'?"),
        ({"of": []}, "of= is empty"),
        ({"of": 3}, "of is 3; give a name or several"),
        ({"companies": ["NVDA", 3]}, "companies is ['NVDA', 3]; give a name or several"),
        ({"worlds": 0}, "worlds is 0; it must be a whole number from 28 up, 4 of each of the"),
        ({"worlds": 27}, "worlds is 27; it must be a whole number from 28 up"),
        ({"worlds": 60.5}, "worlds is 60.5; it must be a whole number from 28 up"),
        ({"of": "zzz"}, "Ask for growth, margin, return_asked, regimes"),
    ],
)
def test_what_is_none_is_refused(
    returns: ms.ReturnScenarios, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        ms.implied(returns, **arguments)
    assert message in str(refused.value)


def test_cash_has_no_price_to_ask(returns: ms.ReturnScenarios) -> None:
    with pytest.raises(InputError) as refused:
        implied(returns.with_cash(0.04), "cash")
    assert "'cash' was not valued" in str(refused.value)
    assert "Did you mean" not in str(refused.value)


def test_layers_in_one_table_need_worlds_of_every_regime(returns: ms.ReturnScenarios) -> None:
    with pytest.raises(InputError, match="worlds is 12; it must be a whole number from 28 up"):
        ms.derivatives.implied_by_layer(returns, ["regimes"], worlds=12)


def test_regimes_that_are_not_asked_about_are_not_told(returns: ms.ReturnScenarios) -> None:
    """Growth explains any price; were odds of regimes told beside it, they would be the model's."""
    silent = implied(returns, "MU", of="growth")
    asked = implied(returns, "MU", of=["growth", "regimes"])
    assert silent.regimes[["alone", "together"]].isna().all(axis=None)
    assert "Regimes" not in str(silent)
    assert asked.regimes["together"].sum() == pytest.approx(1.0)
    assert "Regimes together, the model's in brackets" in str(asked)


def test_a_unit_that_is_the_name_is_told_once(returns: ms.ReturnScenarios) -> None:
    text = str(implied(returns, "MU", of=["elasticity", "hurdle_rate"], together=False))
    assert "elasticity elasticity" not in text
    row = implied(returns, "MU", of="hurdle_rate", together=False).alone.loc["hurdle_rate"]
    assert f"instead of {row['model']:.4g} per year" in text


def test_returns_of_ones_own_have_no_price(returns: ms.ReturnScenarios) -> None:
    frame = pd.DataFrame(returns.returns[:50], columns=list(returns.tickers))
    with pytest.raises(InputError, match="these returns were not made by revalue"):
        implied(ms.ReturnScenarios.from_frame(frame))


def test_companies_without_market_value_are_named(returns: ms.ReturnScenarios) -> None:
    cap = returns.world.economics["market_cap"].copy()
    cap["AMD"] = np.nan
    held = at_prices(returns, cap)
    found = implied(held, ["NVDA", "AMD"], of="growth", together=False)
    assert found.unpriced == ("AMD",)
    assert "Left out, market value unknown: AMD." in str(found)
    with pytest.raises(InputError, match="the market value of AMD is unknown"):
        implied(held, "AMD", of="growth")
