"""Derivatives of the whole chain: signs, finite differences, and what they are silent on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array

import marketsim as ms
from marketsim.ensemble import COMING
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
from marketsim.sensitivity import Sensitivities
from marketsim.simulation import WORLD, Outcomes
from marketsim.simulation.outcomes import BY_LINE
from marketsim.valuation import Valuation, Worth, equity_return
from marketsim.valuation.returns import Priced, anchored
from marketsim.valuation.worlds import values
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
def choice(returns: ms.ReturnScenarios) -> ms.allocation.Allocation:
    """Equal weights would do; these have the caps of the main job."""
    return ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)


@pytest.fixture(scope="module")
def slopes(choice: ms.allocation.Allocation) -> Sensitivities:
    return ms.sensitivities(choice)


def portfolio_return(
    choice: ms.allocation.Allocation, name: str, amount: float
) -> tuple[float, pd.Series]:
    """Portfolio return and last-year revenue with one link moved, the long way round.

    The moved world is run by itself, its statements of earnings are drawn up, and its value is told
    to prices as that of a regime is: by as much as it lies apart from the world that did not move.
    """
    valuation = choice.returns.world
    posterior = valuation.paths.scenarios.posterior
    index = [e.name for e in posterior.entries].index(name)
    still = np.zeros(len(posterior.entries))
    moved = still.copy()
    moved[index] = amount
    with precise("float64"):
        (sold, apart), (_, unmoved) = (sold_and_worth(valuation, move) for move in (moved, still))
        anchor, shift = jax.tree.map(jnp.asarray, valuation.anchor), apart - unmoved
        none = Priced(Worth(0.0 * shift[None], 0.0 * shift[None]), jnp.ones(1))
        one = anchored(
            valuation.assumed, valuation.terms, anchor, none, none, valuation.horizon_years
        )
        gains = equity_return(
            valuation.assumed,
            valuation.terms,
            one,
            Worth(log_value=shift, log_shift=shift),
            valuation.horizon_years,
        )
        weights = choice.weights.loc[list(choice.returns.tickers)].to_numpy()
        year = np.log(sold[-4:].sum(axis=0))
        return float(weights @ gains), pd.Series(year, index=choice.returns.tickers)


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
    posterior = choice.returns.world.paths.scenarios.posterior
    index = [e.name for e in posterior.entries].index(name)
    sd = posterior.entries[index].scale * np.sqrt(posterior.covariance[index, index])
    step = 1e-4 * sd
    up, sold_up = portfolio_return(choice, name, step)
    down, sold_down = portfolio_return(choice, name, -step)
    expected = (up - down) / (2 * step) * sd
    assert slopes.portfolio.loc[name, "portfolio_per_sd"] == pytest.approx(
        expected, rel=1e-5, abs=1e-9
    )
    by_company = (sold_up - sold_down) / (2 * step) * sd
    np.testing.assert_allclose(slopes.revenue_last_year.loc[name], by_company, rtol=1e-5, atol=1e-8)


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


def test_an_unknown_regime_is_refused(choice: ms.allocation.Allocation) -> None:
    with pytest.raises(ms.MarketsimError, match="Did you mean 'bear'"):
        ms.sensitivities(choice, regime="baer")


def test_returns_made_elsewhere_have_no_assumptions(choice: ms.allocation.Allocation) -> None:
    elsewhere = replace(choice, returns=replace(choice.returns, world=None))
    with pytest.raises(ms.MarketsimError, match="not made by revalue"):
        ms.sensitivities(elsewhere)


def test_it_prints_what_moves_most(slopes: Sensitivities) -> None:
    assert slopes.portfolio.index[0] in str(slopes)
