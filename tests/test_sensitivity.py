"""Derivatives of the whole chain: signs, finite differences, and what they are silent on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import marketsim as ms
from marketsim.derivatives import Sensitivities
from marketsim.derivatives.assumed import portfolio_per_sd
from marketsim.ensemble import COMING, ahead, assumptions_at
from marketsim.model import (
    Coordinates,
    Setting,
    Shocks,
    company_revenue,
    run,
    unpack,
)
from marketsim.model.priors import transform
from marketsim.precision import precise
from marketsim.simulation import WORLD, Outcomes, again, kept, outcomes
from marketsim.simulation.outcomes import BY_LINE
from marketsim.valuation import Valuation, Worth, equity_return
from marketsim.valuation.returns import log_recognised
from marketsim.valuation.terms import terms_of
from marketsim.valuation.worlds import values, with_noise
from tests.one_world import handover

CHECKED = (
    "elasticity[agentic]",
    "algorithmic_growth",
    "compute_per_watt_growth[gpu]",
    "hurdle_rate",
    "external_premium",
    "power_lead_time",
    "contract_turnover",
    "base_growth[CSCO.total]",
    "exposure[NVDA.data_center]",
)


@pytest.fixture(scope="module")
def choice(capped: ms.allocation.Allocation) -> ms.allocation.Allocation:
    return capped


def companies_at(
    choice: ms.allocation.Allocation, move: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Logs of last-year revenue and of value in the moved central world, the long way round.

    It is run by itself, and its statements of earnings are drawn up.
    """
    with precise("float64"):
        sold, worth = sold_and_worth(choice.returns.world, move)
    return np.log(sold[-4:].sum(axis=0)), np.asarray(worth)


def returns_at(valuation: Valuation, move: np.ndarray) -> np.ndarray:
    """Return what shares return where all worlds are moved and prices are not, [draw, company].

    All are run and valued again; what that adds to the log of value is told to prices as what a
    regime adds is.
    """
    paths, anchor = valuation.paths, jax.tree.map(jnp.asarray, valuation.anchor)
    posterior, ran = paths.scenarios.posterior, again(paths)
    owner = np.asarray(posterior.setting.lines.owner)
    with precise("float64"):
        logs = []
        for link in (ran.link, ran.link + move):
            moved = assumptions_at(link, posterior.coordinates)
            seen = ahead(moved, posterior.setting, ran.state, ran.news, partial(kept, owner))
            worlds = outcomes(seen, np.exp(paths.deviation[paths.index]))
            value = values(
                valuation.assumed, valuation.terms, worlds, valuation.columns, valuation.expected
            )
            rest = np.asarray(anchor.rest) * worlds.ordinary[:, valuation.columns]
            logs.append(np.log(value + rest))
        shift = valuation.shifts[paths.regime] + logs[1] - logs[0]
        worth = Worth(log_value=jnp.asarray(logs[1]), log_shift=jnp.asarray(shift))
        world = equity_return(
            valuation.assumed, valuation.terms, anchor, worth, valuation.horizon_years
        )
        mood = np.asarray(log_recognised(anchor, worth).mean(axis=1))
        noisy = with_noise(np.asarray(world)[None], valuation.noise, mood, paths.seed)
    return np.asarray(noisy[0])


def sold_and_worth(valuation: Valuation, move: np.ndarray) -> tuple[np.ndarray, Array]:
    """Revenue [quarter, company] of the central world at a move, and the log of its value."""
    posterior, columns = valuation.paths.scenarios.posterior, valuation.columns
    setting = jax.tree.map(jnp.asarray, posterior.setting)
    quarters = len(valuation.paths.quarter_ends)
    seen = central(
        jnp.asarray(move), jnp.asarray(posterior.mode), posterior.coordinates, setting, quarters
    )
    lives = valuation.paths.calibrated.lives[0]
    by_line = {name: np.asarray(seen[name]) * lives for name in BY_LINE}
    world = Outcomes(
        revenue=by_line["lines"][None],
        volumes=by_line["volumes"][None],
        inputs=by_line["inputs"][None],
        ordinary=by_line["ordinary"][None, -4:].sum(axis=1),
        lives=lives[None],
        quantities={name: np.asarray(seen[name])[None] for name in WORLD if name in seen},
    )
    (value,) = values(valuation.assumed, valuation.terms, world, columns, valuation.expected)
    rest = np.asarray(valuation.anchor.rest) * world.ordinary[0, columns]
    return by_line["lines"][:, columns], jnp.log(value + rest)


@partial(jax.jit, static_argnames="quarters")
def central(
    move: Array, mode: Array, coordinates: Coordinates, setting: Setting, quarters: int
) -> dict[str, Array]:
    link, state, coming = handover(mode, coordinates, setting)
    news = jnp.pad(coming, ((0, 0), (0, quarters - COMING)))
    moved = unpack(transform(coordinates.kind, link + move))
    _, path = run(moved, setting, state, Shocks(*news))
    owned: Callable[[Array], Array] = jax.vmap(lambda x: company_revenue(setting.lines, x))
    held = {name: owned(getattr(path, name)) for name in BY_LINE}
    seen = [name for name in WORLD if name != "token_price"]
    return {**held, **{name: getattr(path, name) for name in seen}}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKED)
def test_slopes_equal_central_differences(
    name: str, choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    valuation = choice.returns.world
    posterior = valuation.paths.scenarios.posterior
    index = [e.name for e in posterior.entries].index(name)
    sd = posterior.entries[index].scale * np.sqrt(posterior.covariance[index, index])
    step = np.zeros(len(posterior.entries))
    step[index] = 1e-4 * sd
    (sold_up, up), (sold_down, down) = (companies_at(choice, move) for move in (step, -step))
    for found, change in (
        (slopes.revenue_last_year, sold_up - sold_down),
        (slopes.value, up - down),
    ):
        np.testing.assert_allclose(found.loc[name], change / 2e-4, rtol=1e-5, atol=1e-8)
    better, worse = (returns_at(valuation, move) for move in (step, -step))
    weights = choice.weights.loc[list(choice.returns.tickers)].to_numpy()
    odds = choice.returns.probabilities
    row = slopes.portfolio.loc[name]
    assert row["portfolio_per_sd"] == pytest.approx(
        odds @ (better - worse) @ weights / 2e-4, rel=1e-5, abs=1e-9
    )
    best = ms.derivatives.smoothed(choice)
    risk = (better - worse).ravel() @ best.slopes("CVaR(0.95)").ravel() / 2e-4
    assert row["CVaR(0.95)_per_sd"] == pytest.approx(risk, rel=1e-4, abs=1e-8)


ASSUMED = (
    "risk_free",
    "equity_premium",
    "overhead_elasticity",
    "growth_fade",
    "letting_price",
    "pull",
)


def returns_assuming(valuation: Valuation, name: str, step: float) -> np.ndarray:
    """What shares return where valuation assumes otherwise and anchors stay, [draw, company]."""
    v = valuation
    with precise("float64"):
        anchor = jax.tree.map(jnp.asarray, v.anchor)
        other = replace(v.assumed, **{name: jnp.asarray(float(getattr(v.assumed, name)) + step)})
        logs = []
        for assumed in (v.assumed, other):
            terms = terms_of(assumed, v.accounts, v.quotes)
            value = values(assumed, terms, v.paths.draws, v.columns, v.expected)
            ordinary = v.paths.draws.ordinary[:, v.columns].astype(float)
            logs.append(np.log(value + np.asarray(anchor.rest) * ordinary))
        shift = v.shifts[v.paths.regime] + logs[1] - logs[0]
        worth = Worth(log_value=jnp.asarray(logs[1]), log_shift=jnp.asarray(shift))
        world = equity_return(other, terms, anchor, worth, v.horizon_years)
        mood = np.asarray(log_recognised(anchor, worth).mean(axis=1))
        noisy = with_noise(np.asarray(world)[None], v.noise, mood, v.paths.seed)
    return np.asarray(noisy[0])


@pytest.mark.parametrize("name", ASSUMED)
def test_slopes_by_what_valuation_assumes_equal_central_differences(
    name: str, choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    valuation, row = choice.returns.world, slopes.valuation.loc[name].to_dict()
    step = 1e-4 * row["sd"]
    up, down = (returns_assuming(valuation, name, sign * step) for sign in (1.0, -1.0))
    weights = choice.weights.loc[list(choice.returns.tickers)].to_numpy()
    gained = choice.returns.probabilities @ (up - down) @ weights / 2e-4
    assert row["portfolio_per_sd"] == pytest.approx(gained, rel=1e-5, abs=1e-9)
    assert row["portfolio_per_unit"] * row["sd"] == pytest.approx(row["portfolio_per_sd"])
    best = ms.derivatives.smoothed(choice)
    risk = (up - down).ravel() @ best.slopes("CVaR(0.95)").ravel() / 2e-4
    assert row["CVaR(0.95)_per_sd"] == pytest.approx(risk, rel=1e-4, abs=1e-8)
    assert row["objective_per_sd"] == pytest.approx(
        row["portfolio_per_sd"] - row["CVaR(0.95)_per_sd"]
    )


def test_what_valuation_assumes_has_the_deviation_of_its_prior(slopes: Sensitivities) -> None:
    table = slopes.valuation
    assert table.loc["equity_premium", "sd"] == pytest.approx(0.006)  # a normal one's own
    fade = table.loc["growth_fade"]  # of a lognormal one 0.4 of its value
    assert fade["sd"] == pytest.approx(0.4 * fade["value"])
    share = table.loc["working_capital"]
    assert share["sd"] == pytest.approx(0.4 * share["value"] * (1.0 - share["value"]))
    assert {"recognition_time", "regime_time"}.isdisjoint(table.index)
    assert (np.diff(table["portfolio_per_sd"].abs()) <= 0.0).all()
    assert str(table.index[0]) in str(slopes)


def test_moved_by_nothing_returns_are_what_they_were(choice: ms.allocation.Allocation) -> None:
    valuation = choice.returns.world
    none = np.zeros(len(valuation.paths.scenarios.posterior.entries))
    # The worlds of the tests were run in half the precision.
    np.testing.assert_allclose(returns_at(valuation, none), choice.returns.returns, atol=1e-5)


def test_the_objective_is_what_its_terms_add_up_to(slopes: Sensitivities) -> None:
    """At its best weights do not count (the envelope theorem): return less CVaR."""
    table = slopes.portfolio
    np.testing.assert_allclose(
        table["objective_per_sd"], table["portfolio_per_sd"] - table["CVaR(0.95)_per_sd"], rtol=1e-9
    )


def test_regimes_add_up(slopes: Sensitivities) -> None:
    total = slopes.by_regime.sum(axis=1)
    np.testing.assert_allclose(total, slopes.portfolio["portfolio_per_sd"], rtol=1e-9, atol=1e-12)


def test_odds_of_regimes_add_up(choice: ms.allocation.Allocation, slopes: Sensitivities) -> None:
    """More of one is less of the others: moved in proportion to what they are, nothing changes."""
    table = slopes.odds
    np.testing.assert_allclose(table["probability"].sum(), 1.0)
    weights = (table["probability"] * (1.0 - table["probability"])).to_numpy()
    for column in table.columns.drop("probability"):
        assert weights @ table[column].to_numpy() == pytest.approx(0.0, abs=1e-8), column
    means = choice.by_scenario["expected_return"].to_dict()
    overall = float(choice.returns.probabilities @ (choice.returns.returns @ choice.weights))
    for regime, row in table.iterrows():
        apart = (means[str(regime)] - overall) / (1.0 - row["probability"])
        assert row["ExpectedReturn()_per_point"] == pytest.approx(0.01 * apart, abs=2e-4)


def test_odds_move_the_optimum_as_solving_again_says(
    choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    best = ms.derivatives.smoothed(choice)
    odds, bear = best.given.probabilities, choice.returns.regimes == "bear"
    chance, step = odds[bear].sum(), 1e-5
    more = np.where(bear, odds / chance, -odds / (1.0 - chance)) * step
    up, down = (best.again(d_probabilities=sign * more) for sign in (1.0, -1.0))
    row = slopes.odds.loc["bear"]
    expected = 0.01 * (up.value - down.value) / (2.0 * step)
    assert row["objective_per_point"] == pytest.approx(expected, rel=1e-5)
    moved = 0.01 * (up.weights - down.weights) / (2.0 * step)
    said = [row[f"weight_{t}_per_point"] for t in moved.index]
    np.testing.assert_allclose(said, moved, atol=1e-6)


def test_limits_that_cost_something_come_dearest_first(
    choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    table = slopes.limits
    assert (np.diff(table["objective_per_unit"].abs()) <= 0.0).all()
    weights = ms.derivatives.smoothed(choice).weights
    at_cap = weights.index[weights > 0.15 - 1e-9]
    assert len(at_cap)
    assert {f"max_weight[{t}]" for t in at_cap} <= set(table.index)
    assert (table.loc[[f"max_weight[{t}]" for t in at_cap], "bound"] == 0.15).all()


@pytest.mark.slow
def test_best_weights_answer_as_their_derivatives_by_returns_do(
    choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    """Of a fund that spends nothing they sum to nothing; each is the chain of its two parts."""
    assert slopes.weights is not None
    np.testing.assert_allclose(slopes.weights.sum(axis=1), 0.0, atol=1e-9)
    valuation, name = choice.returns.world, "hurdle_rate"
    posterior = valuation.paths.scenarios.posterior
    index = [e.name for e in posterior.entries].index(name)
    step = np.zeros(len(posterior.entries))
    step[index] = (
        1e-4 * posterior.entries[index].scale * np.sqrt(posterior.covariance[index, index])
    )
    change = (returns_at(valuation, step) - returns_at(valuation, -step)) / 2e-4
    answer = ms.derivatives.smoothed(choice).jvp(d_returns=change).weights
    np.testing.assert_allclose(slopes.weights.loc[name], answer, rtol=1e-4, atol=1e-8)


def test_every_assumption_about_the_future_is_there_and_finite(
    posterior: ms.Posterior, slopes: Sensitivities
) -> None:
    named = set(slopes.portfolio.index)
    past = {e.name for e in posterior.entries if e.field.startswith(("initial_", "base_level"))}
    assert named == {e.name for e in posterior.entries} - past
    assert np.isfinite(slopes.table().drop(columns=["unit", "meaning"]).to_numpy(float)).all()


def test_the_largest_effect_comes_first(slopes: Sensitivities) -> None:
    sizes = slopes.portfolio["portfolio_per_sd"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()


def test_signs_that_economics_fixes(slopes: Sensitivities) -> None:
    revenue = slopes.revenue_last_year["NVDA"]
    assert slopes.revenue["NVDA"]["adoption_speed"] > 0
    assert revenue["external_premium"] < 0
    assert revenue["saturation"] > 0
    assert revenue["hurdle_rate"] < 0
    assert revenue["export_control"] < 0
    assert slopes.revenue["NVDA"]["exposure[NVDA.data_center]"] > 0


def test_a_line_moves_its_own_company_alone(slopes: Sensitivities) -> None:
    moved = slopes.revenue.loc["base_growth[CSCO.total]"]
    assert moved["CSCO"] > 0
    assert (moved.drop("CSCO") == 0).all()


def test_one_unit_and_one_standard_deviation_tell_the_same(slopes: Sensitivities) -> None:
    table = slopes.portfolio
    np.testing.assert_allclose(
        table["portfolio_per_unit"] * table["sd"], table["portfolio_per_sd"], rtol=1e-9
    )


def test_a_regime_has_slopes_of_its_own(
    choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    bear = ms.sensitivities(choice, regime="bear")
    calibrated = slopes.portfolio["value"]["elasticity[batch]"]
    assert bear.portfolio["value"]["elasticity[batch]"] == pytest.approx(0.85 * calibrated)
    assert not bear.revenue_last_year.equals(slopes.revenue_last_year)


def test_weights_of_one_regime_are_refused(choice: ms.allocation.Allocation) -> None:
    with pytest.raises(ms.MarketsimError, match="weights have no derivatives of one regime"):
        ms.sensitivities(choice, regime="bear", weights=True)


def test_an_unknown_regime_is_refused(choice: ms.allocation.Allocation) -> None:
    with pytest.raises(ms.MarketsimError, match="Did you mean 'bear'"):
        ms.sensitivities(choice, regime="baer")


def test_returns_made_elsewhere_have_no_assumptions(choice: ms.allocation.Allocation) -> None:
    elsewhere = replace(choice, returns=replace(choice.returns, world=None))
    with pytest.raises(ms.MarketsimError, match="not made by revalue"):
        ms.sensitivities(elsewhere)


def test_it_prints_what_moves_most(slopes: Sensitivities) -> None:
    assert slopes.portfolio.index[0] in str(slopes)


def test_it_prints_odds_limits_and_weights_too(slopes: Sensitivities) -> None:
    """A table each; those of weights where they were asked for."""
    first, odds, limits, weights = str(slopes).split("\n\n")
    assert "portfolio_per_sd" in first
    assert all(str(regime) in odds for regime in slopes.odds.index)
    assert "weight_" not in odds
    assert str(slopes.limits.index[0]) in limits
    assert slopes.weights is not None
    assert str(slopes.weights.abs().max(axis="columns").idxmax()) in weights
    assert "points per standard deviation" not in str(replace(slopes, weights=None))
    assert str(replace(slopes, doubts=("A is idle",))).endswith("\n\nBeware: A is idle.")


def test_a_portfolio_beside_the_choice_is_moved_by_the_same_derivatives(
    choice: ms.allocation.Allocation, slopes: Sensitivities
) -> None:
    """Its own weights give what the choice has; those of another only what that holds."""
    odds, world = choice.returns.probabilities, choice.returns.world
    mine = portfolio_per_sd(world, odds, choice.weights)
    told = slopes.valuation["portfolio_per_sd"]
    assert mine[told.index].to_numpy() == pytest.approx(told.to_numpy(), rel=1e-9, abs=1e-12)
    half = portfolio_per_sd(world, odds, 0.5 * choice.weights)
    assert half.to_numpy() == pytest.approx(0.5 * mine.to_numpy(), rel=1e-6, abs=1e-12)
