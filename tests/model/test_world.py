"""One world as a whole: what must add up, and how history hands over to the future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from types import ModuleType
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
    NEWS,
    YEARS,
    Assumptions,
    Quarter,
    Setting,
    State,
    demand,
    investment,
    layers,
    steps,
    unpack,
    values,
)
from marketsim.model.fleet import newest
from marketsim.model.industry import turnover
from marketsim.model.layers import RECOGNITION
from marketsim.model.units import KILOHOURS, LIMITS

if TYPE_CHECKING:
    from tests.model.conftest import World

DRAWS = range(9)
MIDDLE = 16
"""Quarters of history."""
ROUNDING = 1.0 + 1e-9
SIGNED = ("merchant_margin", "orders", "expected_growth", "inputs")
"""Observables that may fall below nothing: memory may cost more than the merchant is paid, orders
may be cancelled, and demand be expected to shrink."""


Gaps = Callable[[Assumptions, Setting, State, State, Quarter], Array]


class Run(NamedTuple):
    a: Assumptions
    start: State
    before: State
    after: State
    quarters: Quarter


@pytest.fixture(scope="module", params=DRAWS, ids=lambda i: f"draw{i}" if i else "median")
def run(request: pytest.FixtureRequest, world: World) -> Run:
    """A run of 36 quarters at the medians, and at draws of the priors with news."""
    draw = np.random.default_rng(request.param)
    size = (len(NEWS), 36)
    news = draw.standard_normal(size) if request.param else np.zeros(size)
    a = world.at(world.draws(seed=request.param, size=1)[0] if request.param else 0.0)
    start = world.begin(a)
    after, quarters = world.ahead(a, start, *jnp.asarray(news))
    before = jax.tree.map(lambda x, y: jnp.concatenate([x[None], y[:-1]]), start, after)
    return Run(a, start, before, after, quarters)


def paid(run: Run, name: str) -> Array:
    """What accrued to a layer, USD bn, [quarter]."""
    return run.quarters.spending[:, LAYERS.index(name)]


# What adds up


@pytest.fixture(scope="session")
def gaps(numerics: ModuleType) -> Gaps:
    """The program of all balances, over the quarters of a run."""

    def worst(a: Assumptions, setting: Setting, before: State, after: State, q: Quarter) -> Array:
        def one(x: State, y: State, z: Quarter) -> Array:
            found: Array = numerics.gaps(numerics.Turn(a, setting, x, y, z))
            return found

        return jax.vmap(one)(before, after, q).max(axis=0)

    program: Gaps = jax.jit(worst)
    return program


def test_everything_balances_in_every_quarter(
    run: Run, world: World, numerics: ModuleType, gaps: Gaps
) -> None:
    """Compute, power, energy, money in and out, books, debt, orders; and the market clears."""
    found = gaps(run.a, world.setting, run.before, run.after, run.quarters)
    by_name = dict(zip(numerics.BALANCES, np.asarray(found).tolist(), strict=True))
    assert len(by_name) == 20
    assert {name: gap for name, gap in by_name.items() if not gap < 1e-10} == {}


def test_a_leak_would_be_found(run: Run, world: World, numerics: ModuleType, gaps: Gaps) -> None:
    """Of each observable: a thousandth more of it unbalances something."""
    capital = ("capital_spending", "operating_spending", "depreciation", "borrowed", "orders")
    tokens = ("laboratory_revenue", "own_use", "training", "training_capital")
    for name in ("delivered", "retired", *capital, *tokens):
        q = replace(run.quarters, **{name: 1.001 * getattr(run.quarters, name)})
        found = gaps(run.a, world.setting, run.before, run.after, q)
        assert found.max() > 1e-6, name


def test_every_observable_has_its_axes(run: Run, world: World) -> None:
    own = {
        "lines": (world.setting.lines.share.shape[0],),
        "volumes": (world.setting.lines.share.shape[0],),
        "inputs": (world.setting.lines.share.shape[0],),
        "ordinary": (world.setting.lines.share.shape[0],),
        "spending": (len(LAYERS),),
        "recognised": (len(LAYERS),),
        "tokens": (len(CLASSES),),
        "answers": (len(CLASSES),),
        "token_price": (len(CLASSES),),
        "architecture_share": (len(ARCHITECTURES),),
        "token_share": (len(ARCHITECTURES), len(CLASSES)),
        "binding": (len(LIMITS),),
    }
    quarters = len(run.quarters.rent)
    for f in fields(Quarter):
        seen = getattr(run.quarters, f.name)
        assert seen.shape == (quarters, *own.get(f.name, ())), f.name
        assert jnp.isfinite(seen).all(), f.name
        assert f.name in SIGNED or (seen >= 0.0).all(), f.name


def test_a_vintage_is_what_was_delivered_and_paid(run: Run) -> None:
    q, new = run.quarters, run.after.fleet
    np.testing.assert_allclose(
        new.compute[:, 0], q.delivered[:, None] * q.architecture_share, rtol=1e-9
    )
    np.testing.assert_allclose(new.book[:, 0].sum(1), q.capital_spending, rtol=1e-9)
    kw = jnp.exp(run.before.technology.log_power)
    np.testing.assert_allclose(new.power[:, 0], new.compute[:, 0] * kw, rtol=1e-9)


def test_absorption_moves_revenue_of_accelerators_and_nothing_else(
    world: World, median: Assumptions
) -> None:
    """Claim C16."""
    start = world.begin(median)
    (_, alone), (_, bought) = (
        world.ahead(replace(median, absorption=jnp.asarray(rate)), start) for rate in (0.0, 0.5)
    )
    chips, moved = slice(0, len(ARCHITECTURES)), [LAYERS.index(n) for n in ("gpu", "low_latency")]
    np.testing.assert_allclose(
        bought.spending[:, chips].sum(1), alone.spending[:, chips].sum(1), rtol=1e-12
    )
    kept = np.exp(-0.5 * YEARS * np.arange(36))
    np.testing.assert_allclose(
        bought.spending[:, moved[1]], kept * alone.spending[:, moved[1]], rtol=1e-9
    )
    same = [i for i, name in enumerate(LAYERS) if name not in ("gpu", "low_latency", "servers")]
    np.testing.assert_allclose(bought.spending[:, same], alone.spending[:, same], rtol=1e-12)
    np.testing.assert_allclose(bought.capital_spending, alone.capital_spending, rtol=1e-12)


def test_all_that_accrues_is_recognised_in_the_end(run: Run) -> None:
    """What is earned and not yet shown is last quarter's revenue times the lag."""
    q = run.quarters
    share = np.array([RECOGNITION[name] for name in LAYERS])
    shown = np.concatenate([run.start.spending[None], q.recognised])
    backlog = (q.spending - q.recognised).sum(0)
    np.testing.assert_allclose(
        backlog, (shown[-1] - shown[0]) * (1.0 - share) / share, rtol=1e-6, atol=1e-9
    )


def test_debt_is_what_was_borrowed_less_what_was_repaid(run: Run) -> None:
    q = run.quarters
    before = jnp.append(0.0, q.debt[:-1])
    np.testing.assert_allclose(
        q.debt, before * (1.0 - run.a.debt_repayment) + q.borrowed, rtol=1e-12
    )
    a_year = q.owner_cash_flow / run.a.owner_share / YEARS
    np.testing.assert_allclose(q.leverage, (q.debt + q.borrowed / YEARS) / a_year, rtol=1e-12)


def test_orders_are_what_was_built_and_what_the_book_gained(run: Run) -> None:
    q = run.quarters
    first = investment.booked(run.a, run.start.investment)
    held = jnp.append(first, q.order_book[:-1])
    np.testing.assert_allclose(q.orders, q.capital_spending + q.order_book - held, rtol=1e-9)


def test_where_nothing_is_short_what_is_wanted_is_ordered(
    world: World, median: Assumptions
) -> None:
    """Then what comes due is built at the price quoted, and none of the book is lost."""
    state = world.after(MIDDLE, median)
    plan = replace(state.investment, log_manufacturing=state.investment.log_manufacturing + 12.0)
    power = replace(state.power, energised=1e6 * state.power.energised)
    free = replace(median, export_control=jnp.asarray(0.0))
    eased = replace(state, investment=plan, power=power, chip_scarcity=jnp.asarray(0.0))
    states, q = world.ahead(free, eased)
    due = jnp.exp(states.investment.log_due[0])
    assert q.capital_spending[0] == pytest.approx(float(due), rel=0.01)
    held = investment.booked(free, plan)
    comes_due = (1.0 - free.commitment) * (held + q.orders[0])
    assert comes_due == pytest.approx(float(due), rel=0.02)


def test_laboratories_and_owners_together_spend_what_tokens_cost(run: Run) -> None:
    """Sold at the price, used at cost."""
    q = run.quarters
    at_price = (q.tokens * q.token_price).sum(1) / 1e3
    both = q.laboratory_revenue + run.a.token_markup * q.own_use
    np.testing.assert_allclose(both, at_price, rtol=1e-9)
    sold = jax.nn.sigmoid(run.after.demand.laboratory)
    np.testing.assert_allclose(q.laboratory_revenue, sold * at_price, rtol=1e-9)


def test_training_is_paid_out_of_capital_and_of_what_tokens_earned(run: Run) -> None:
    """The quarter before; what both pay for is the compute that does not answer."""
    q, a = run.quarters, run.a
    laboratories, own_use = jax.vmap(lambda now: demand.spending(a, now))(run.before.demand)
    earned = laboratories + own_use
    paid = q.training_capital + a.training_reinvestment * earned
    np.testing.assert_allclose(q.training, paid, rtol=1e-9)
    later = (q.laboratory_revenue + q.own_use)[:-1]
    np.testing.assert_allclose(earned[1:], later, rtol=1e-9)
    trained = (1.0 - q.inference_share) * q.running * q.rent * KILOHOURS
    np.testing.assert_allclose(trained, q.training, rtol=1e-6)


def test_a_token_earns_its_markup_once_its_price_has_followed_cost(run: Run) -> None:
    """Price over cost tends to the markup: it is the markup where all is passed through."""
    q, at = run.quarters, run.after.demand
    inference = q.inference_share * q.running
    cost = inference * q.rent * KILOHOURS
    at_price = jnp.exp(at.log_tokens + at.log_price).sum(1)
    np.testing.assert_allclose(q.token_multiple, at_price / cost, rtol=1e-9)


def test_with_full_passthrough_the_multiple_is_the_markup(world: World) -> None:
    for seed in (0, 1, 2):
        a = world.at(world.draws(seed, 1)[0])
        prompt = replace(a, passthrough=jnp.asarray(1.0))
        _, q = world.ahead(prompt, world.begin(prompt))
        np.testing.assert_allclose(q.token_multiple, a.token_markup, rtol=1e-9)
        _, late = world.ahead(a, world.begin(a))
        assert (late.token_multiple > a.token_markup).mean() > 0.5  # costs fall: prices lag


def test_what_is_new_is_let_at_the_price_of_the_day(run: Run) -> None:
    """And of the rest what is renewed; the other contracts stay as they are."""
    before, after = run.before, run.after
    renewed = jax.vmap(lambda now: turnover(run.a, now))(before.industry)
    kept = (1.0 - renewed) * (1.0 - jax.vmap(newest)(before.fleet))
    expected = kept * before.log_contract + (1.0 - kept) * after.log_rent
    np.testing.assert_allclose(after.log_contract, expected, rtol=1e-5, atol=1e-6)
    assert float(kept.min()) < 0.99


def test_tokens_served_are_worth_more_as_buyers_take_up_efficiency(run: Run) -> None:
    gained = -run.before.technology.log_flop_per_token
    np.testing.assert_allclose(run.quarters.quality, run.a.quality_uptake * gained, atol=1e-12)
    assert run.quarters.quality[0] == 0.0


# What cannot be exceeded


def test_deliveries_stay_within_every_limit(run: Run) -> None:
    """What is wanted and allowed, what can be made, what can be powered."""
    q, a = run.quarters, run.a
    costs = jax.vmap(lambda now: steps.quoted_costs(a, now))(run.before)
    site = (q.architecture_share * costs.site).sum(1)
    wanted = jnp.exp(run.after.investment.log_due) / site
    assert (q.delivered <= wanted * ROUNDING).all()
    price = (q.architecture_share * jnp.exp(run.before.technology.log_price)).sum(1)
    makeable = jnp.exp(run.before.investment.log_manufacturing) / price
    assert (q.delivered <= makeable * ROUNDING).all()
    kw = (q.architecture_share * costs.kw).sum(1)
    kept = run.after.fleet.power[:, 1:].sum((1, 2))
    free = q.energised / (1.0 + a.power_overhead) - kept
    slack = 0.01 * np.log(2.0) * q.energised  # a smooth positive part lies above by its width
    assert (q.delivered * kw <= jnp.maximum(free, 0.0) + slack).all()
    assert (q.load <= 1.01 * q.energised).all()


def test_limits_bind_in_shares_that_add_to_one(run: Run) -> None:
    """Money and memory have the parts of what is due that they hold back, demand the rest."""
    binding = run.quarters.binding
    np.testing.assert_allclose(binding.sum(1), 1.0, rtol=1e-9)
    assert (binding >= 0.0).all()
    due = ("demand", "money", "memory")
    wanted, money, memory = (binding[:, LIMITS.index(name)] for name in due)
    held_back = (money + memory) / (wanted + money + memory)
    assert ((held_back >= 0.0) & (held_back < 1.0)).all()


def test_a_limit_binds_as_its_loosening_adds_to_deliveries(
    world: World, median: Assumptions
) -> None:
    """The envelope theorem: the derivative of ln deliveries by the log of the limit."""
    state = world.after(MIDDLE, median)
    step = 1e-5

    def delivered(name: str, by: float) -> float:
        part = "power" if name == "energised" else "investment"
        old = getattr(state, part)
        value = getattr(old, name)
        given = {name: value * np.exp(by) if name == "energised" else value + by}
        moved = replace(state, **{part: replace(old, **given)})
        return float(jnp.log(world.ahead(median, moved)[1].delivered[0]))

    binding = world.ahead(median, state)[1].binding[0]
    name = "log_manufacturing"
    slope = (delivered(name, step) - delivered(name, -step)) / (2.0 * step)
    assert slope == pytest.approx(float(binding[LIMITS.index("chips")]), rel=1e-4)
    for name, limit in (("energised", "power"), ("log_due", "demand")):
        gain = delivered(name, step) - delivered(name, -step)
        assert (gain > 0.0) == (float(binding[LIMITS.index(limit)]) > 0.0), name


def test_borrowing_is_never_negative_and_pays_for_no_more_than_was_built(run: Run) -> None:
    q, a = run.quarters, run.a
    assert (q.borrowed >= q.borrowers_spending * (1.0 - 1e-12)).all()
    assert (q.borrowers_spending <= q.capital_spending).all()
    # Where cash flow is spent on other things, even these are borrowed for at the margin.
    own = a.retention * q.owner_cash_flow - jnp.exp(run.before.investment.log_other)
    more = jnp.maximum(-own, 0.0) / a.owner_share
    scale = jnp.exp(run.before.investment.log_cash_flow) / a.owner_share
    assert (q.borrowed <= q.capital_spending + more + 0.05 * scale).all()
    assert (q.debt > 0.0).all()


def test_power_is_energised_no_faster_than_it_can_be_equipped(run: Run) -> None:
    energised = jnp.append(run.quarters.energised, run.after.power.energised[-1])
    equipped = jnp.exp(run.before.power.log_equipment) + run.a.general_capacity
    assert (jnp.diff(energised) <= equipped * ROUNDING).all()
    left = run.a.site_release * run.quarters.energised
    assert (jnp.diff(energised) > -left).all()  # nor left to other uses faster than they take it
    assert (run.after.power.queue > 0.0).all()
    assert (run.quarters.own_generation < run.quarters.energised).all()


def test_no_more_runs_than_stands(run: Run) -> None:
    stood = run.before.fleet.compute.sum((1, 2))
    assert (run.quarters.running < stood * (1.0 + 1e-6)).all()
    assert ((run.quarters.inference_share > 0.0) & (run.quarters.inference_share < 1.0)).all()


def test_power_earns_a_part_of_the_surplus_where_it_is_short(run: Run) -> None:
    """A kW's rent is at most what an H100e earns over all its costs, by the kW it draws."""
    q, a = run.quarters, run.a
    costs = jax.vmap(lambda now: steps.quoted_costs(a, now))(run.before)
    site, kw = ((q.architecture_share * x).sum(1) for x in (costs.site, costs.kw))
    surplus = site * investment.surplus(a, jnp.log(q.q))
    assert (q.power_rent * kw <= surplus * ROUNDING).all()
    plenty = q.power_scarcity < 1e-4
    assert (q.power_rent * kw <= 0.01 * surplus)[plenty].all()


def test_books_are_never_below_nothing_nor_above_what_was_paid(run: Run) -> None:
    q = run.quarters
    charged = q.depreciation + q.written_off + q.write_down
    held = jnp.append(run.start.fleet.book.sum(), q.book_value)
    assert (q.book_value > 0.0).all()
    assert (charged < held[:-1]).all()
    assert (q.book_value < held[:-1] + q.capital_spending).all()
    assert (q.impairment < held[:-1]).all()


def test_checking_answers_never_makes_more_of_them_than_tokens(run: Run) -> None:
    per_answer = run.quarters.tokens / run.quarters.answers
    np.testing.assert_allclose(jnp.log(per_answer), run.after.demand.log_answer, atol=1e-12)


def test_worlds_along_the_last_axis_are_the_worlds_one_by_one(world: World) -> None:
    z = world.draws(seed=3, size=4)
    news = np.random.default_rng(4).standard_normal((len(NEWS), 36, 4))
    a = unpack(values(world.coordinates, jnp.asarray(z.T)))
    _, together = world.ahead(a, world.begin(a), *jnp.asarray(news))
    for i in (0, 3):
        alone = world.at(z[i])
        _, one = world.ahead(alone, world.begin(alone), *jnp.asarray(news[..., i]))
        for f in fields(Quarter):
            of_all = getattr(together, f.name)[..., i]
            np.testing.assert_allclose(of_all, getattr(one, f.name), rtol=1e-9, err_msg=f.name)


# How a world begins, and how history hands over


def test_the_window_opens_without_a_jump(run: Run) -> None:
    q = run.quarters
    # The first plan already answers q and the news; layers start from what was spent before.
    generation = LAYERS.index("generation")  # earnings above those at the start: nothing yet
    shown, before = (jnp.delete(x, generation) for x in (q.recognised[0], run.start.spending))
    assert (jnp.abs(jnp.log(shown / before)) < np.log(4.0)).all()
    assert q.recognised[0][generation] == run.start.spending[generation] == 0.0
    assert abs(jnp.log(q.rent[0]) - run.start.log_rent) < 0.5
    assert q.compute[0] == pytest.approx(run.a.initial_compute, rel=0.5)
    assert q.tokens[0].sum() == pytest.approx(run.a.initial_tokens, rel=0.5)


def test_the_window_opens_on_what_was_spent_before(world: World) -> None:
    """Layers of sites add up to the initial spending, and so does what is due."""
    for seed in (0, 1, 2):
        a = world.at(world.draws(seed, 1)[0])
        start = world.begin(a)
        spent = float(a.initial_spending)
        assert layers.capital(start.spending) == pytest.approx(spent)
        assert jnp.exp(start.investment.log_due) == pytest.approx(spent)
        bound = replace(a, commitment=jnp.asarray(1.0 - 1e-9))
        states, _ = world.ahead(bound, world.begin(bound))
        assert jnp.exp(states.investment.log_due[0]) == pytest.approx(spent, rel=1e-6)


def test_history_and_future_without_a_move_are_one_run(world: World, median: Assumptions) -> None:
    for a in (median, world.at(world.draws(seed=5, size=1)[0])):
        after, whole = world.ahead(a, world.begin(a))
        middle = jax.tree.map(lambda x: x[MIDDLE - 1], after)
        _, future = world.ahead(a, middle)
        for f in fields(Quarter):
            later = getattr(whole, f.name)[MIDDLE:]
            parted = getattr(future, f.name)[: len(later)]
            np.testing.assert_allclose(parted, later, rtol=1e-9, err_msg=f.name)
