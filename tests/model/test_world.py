"""One world as a whole: what must add up, and how history hands over to the future."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import (
    ARCHITECTURES,
    CLASSES,
    LAYERS,
    Assumptions,
    Quarter,
    State,
    company_revenue,
    fleet,
    market,
    power,
)
from marketsim.model.layers import RECOGNITION

if TYPE_CHECKING:
    from tests.model.conftest import World

DRAWS = range(4)
MIDDLE = 16
"""Quarters of history."""


class Run(NamedTuple):
    a: Assumptions
    start: State
    before: State
    after: State
    quarters: Quarter


@pytest.fixture(scope="module", params=DRAWS, ids=lambda i: f"draw{i}" if i else "median")
def run(request: pytest.FixtureRequest, world: World) -> Run:
    """A run of 36 quarters at the medians, and at draws of the priors."""
    a = world.at(world.draws(seed=request.param, size=1)[0] if request.param else 0.0)
    start = world.begin(a)
    after, quarters = world.ahead(a, start)
    before = jax.tree.map(lambda x, y: jnp.concatenate([x[None], y[:-1]]), start, after)
    return Run(a, start, before, after, quarters)


# Identities


def test_every_observable_has_its_axes(run: Run, world: World) -> None:
    lines = world.setting.lines.share.shape[0]
    own = {
        "lines": (lines,),
        "spending": (len(LAYERS),),
        "tokens": (len(CLASSES),),
        "token_price": (len(CLASSES),),
        "architecture_share": (len(ARCHITECTURES),),
    }
    quarters = len(run.quarters.rent)
    for f in fields(Quarter):
        seen = getattr(run.quarters, f.name)
        assert seen.shape == (quarters, *own.get(f.name, ())), f.name
        assert jnp.isfinite(seen).all(), f.name
        assert (seen >= 0.0).all(), f.name


def test_the_fleet_changes_by_deliveries_less_removals(run: Run) -> None:
    then, now, q = run.before.fleet, run.after.fleet, run.quarters
    change = now.compute.sum((1, 2)) - then.compute.sum((1, 2))
    np.testing.assert_allclose(change, q.delivered - q.retired, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(now.compute.sum((1, 2)), q.compute, rtol=1e-12)
    np.testing.assert_allclose(now.compute[:, 0].sum(1), q.delivered, rtol=1e-9)


def test_power_and_cost_of_the_fleet_do_too(run: Run) -> None:
    q, now = run.quarters, run.after.fleet
    kw = (q.architecture_share * jnp.exp(run.before.technology.log_power)).sum(1)
    kept = q.load / (1.0 + run.a.power_overhead)
    np.testing.assert_allclose(now.power.sum((1, 2)), kept + q.delivered * kw, rtol=1e-9)
    np.testing.assert_allclose(now.cost[:, 0].sum(1), q.capital_spending, rtol=1e-9)
    assert (now.cost[:, 1:].sum((1, 2)) < run.before.fleet.cost.sum((1, 2))).all()


def test_rent_clears_the_market_every_quarter(run: Run) -> None:
    @jax.vmap
    def supply(now: State, log_rent: Array) -> Array:
        electricity = jnp.exp(now.power.log_electricity) * power.premium(run.a, now.power_scarcity)
        cost = fleet.log_running_cost(run.a, now.fleet, electricity)
        return market.log_supply(fleet.log_compute(now.fleet).ravel(), cost.ravel(), log_rent)

    supplied = supply(run.before, jnp.log(run.quarters.rent))
    np.testing.assert_allclose(jnp.log(run.quarters.running), supplied, rtol=0.0, atol=1e-10)
    assert (run.quarters.running < run.before.fleet.compute.sum((1, 2)) * (1 + 1e-6)).all()


def test_shares_are_shares(run: Run) -> None:
    np.testing.assert_allclose(run.quarters.architecture_share.sum(axis=1), 1.0, rtol=1e-12)
    assert ((run.quarters.inference_share > 0.0) & (run.quarters.inference_share < 1.0)).all()


def test_books_are_never_below_nothing_nor_above_what_was_paid(run: Run) -> None:
    q = run.quarters
    assert (q.book_value > 0.0).all()
    assert (q.book_value < 1.01 * run.after.fleet.cost.sum((1, 2))).all()
    book = jnp.append(fleet.book_value(run.a, run.start.fleet).sum(), q.book_value)
    assert (q.written_off < book[:-1]).all()
    assert (q.impairment < 1.01 * book[:-1] + 1.0).all()


def test_capital_spending_is_what_layers_are_paid(world: World, median: Assumptions) -> None:
    """Accelerators, networking, servers' own value, plant before premia, and shells."""
    a = replace(median, export_control=jnp.asarray(0.0))
    begun = world.begin(a)
    after, q = world.ahead(a, begun)
    before = jnp.concatenate([begun.spending[None], after.spending[:-1]])
    spent = before + (q.spending - before) / jnp.array(RECOGNITION)
    paid = dict(zip(LAYERS, spent.T, strict=True))
    chips = paid["gpu"] + paid["asic"] + paid["low_latency"]
    np.testing.assert_allclose(paid["networking"], a.networking_content * chips, rtol=1e-9)
    systems = chips + paid["networking"] + paid["servers"] - paid["gpu"]
    plant = paid["power_equipment"] / jnp.exp(a.power_premium * q.power_scarcity)
    shells = a.shell_cost * plant / a.power_equipment_cost
    np.testing.assert_allclose(q.capital_spending, systems + plant + shells, rtol=1e-9)


def test_rent_of_what_ran_is_what_clouds_and_homes_use_when_contracts_turn(
    world: World, median: Assumptions
) -> None:
    a = replace(median, contract_turnover=jnp.asarray(1.0))
    begun = world.begin(a)
    after, q = world.ahead(a, begun)
    before = jnp.concatenate([begun.spending[None], after.spending[:-1]])
    spent = before + (q.spending - before) / jnp.array(RECOGNITION)
    sold, used = (spent[:, LAYERS.index(name)] for name in ("cloud", "own_use"))
    rent = q.running * q.rent * 8.766 / 4.0
    np.testing.assert_allclose(sold / a.cloud_markup + used, rent, rtol=1e-9)


def test_load_stays_within_what_is_energised(run: Run) -> None:
    assert (run.quarters.load < 1.05 * run.quarters.energised).all()
    assert (jnp.diff(run.quarters.energised) > 0.0).all()


def test_companies_add_up_to_lines(run: Run, world: World) -> None:
    lines = world.setting.lines
    by_company = jax.vmap(lambda x: company_revenue(lines, x))(run.quarters.lines)
    np.testing.assert_allclose(by_company.sum(1), run.quarters.lines.sum(1), rtol=1e-12)


# How a world begins, and how history hands over


def test_the_window_opens_without_a_jump(run: Run) -> None:
    q = run.quarters
    # The first plan already answers q and the news; layers start from what was spent before.
    assert (jnp.abs(jnp.log(q.spending[0] / run.start.spending)) < 0.8).all()
    assert abs(jnp.log(q.rent[0]) - run.start.log_rent) < 0.5
    assert q.compute[0] == pytest.approx(run.a.initial_compute, rel=0.5)
    assert q.tokens[0].sum() == pytest.approx(run.a.initial_tokens, rel=0.5)


def test_history_and_future_without_a_move_are_one_run(world: World, run: Run) -> None:
    middle = jax.tree.map(lambda x: x[MIDDLE - 1], run.after)
    _, future = world.ahead(run.a, middle)
    for f in fields(Quarter):
        whole = getattr(run.quarters, f.name)[MIDDLE:]
        parted = getattr(future, f.name)[: len(whole)]
        np.testing.assert_allclose(parted, whole, rtol=1e-9, err_msg=f.name)
