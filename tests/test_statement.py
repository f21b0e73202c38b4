"""Statements of earnings: costs follow volumes, fleets have owners, and what is spent is owed."""

from __future__ import annotations

from dataclasses import fields, replace

import jax
import numpy as np
import pytest

from marketsim.model.smooth import bounded
from marketsim.precision import precise
from marketsim.valuation import Sales, Statement, Terms, ValuationAssumptions, statement
from marketsim.valuation.changed import growing, keeping
from marketsim.valuation.statement import MOST_LEVERED, cost_at
from tests.one_company import VOLUME, YEARS, assumed, number, sales, terms

jitted = jax.jit(statement)


def said(given: Terms, sold: Sales, a: ValuationAssumptions | None = None) -> Statement:
    with precise("float64"):
        found: Statement = jax.tree.map(np.asarray, jitted(a or assumed(), given, sold))
    return found


def building(spending: float = 0.0, **world: float) -> Sales:
    """A world that builds AI, every year alike, for four companies."""
    plain = sales(companies=4)
    paths = {"capital_spending": spending, **world}
    return replace(plain, **{name: number(np.full(YEARS, x)) for name, x in paths.items()})


OWNERS = terms(fleet=[0.0, 0.01, 0.05, 0.20])


# ----------------------------------------------------------------------- identities


def test_a_statement_adds_up() -> None:
    """Free cash flow is what earnings leave after what is bought; what is short is borrowed."""
    given = terms(fleet=[0.0, 0.1], spare=0.02, at_home=[0.0, 1.0], net_debt=[30.0, -20.0])
    world = {
        "contracted": 60.0,
        "use": 0.2,
        "expected": 70.0,
        "capital_spending": 100.0,
        "operating": 20.0,
        "depreciation": 40.0,
        "write_down": 10.0,
        "premium": 0.02,
    }
    sold = replace(
        sales(0.1, companies=2), **{name: number(np.full(YEARS, x)) for name, x in world.items()}
    )
    x = said(given, sold)
    profit = x.revenue + x.from_fleets - x.cost - x.overhead
    profit = profit - x.running - x.depreciation - x.write_down
    np.testing.assert_allclose(x.profit, profit, rtol=1e-12)
    free = x.profit - x.tax + x.depreciation + x.write_down
    free = free - x.capital_spending - x.other_investment
    np.testing.assert_allclose(x.free_cash_flow, free, rtol=1e-12)
    before = np.concatenate([np.asarray(given.net_debt)[None], x.net_debt[:-1]])
    after = before + x.interest * (1.0 - np.asarray(given.tax_rate)) - x.free_cash_flow
    np.testing.assert_allclose(x.net_debt, after, rtol=1e-12)


def test_companies_do_not_mix() -> None:
    together = said(terms(cost=[0.5, 0.9], net_debt=[0.0, 50.0]), sales(0.1, companies=2))
    for place, (cost, debt) in enumerate([(0.5, 0.0), (0.9, 50.0)]):
        alone = said(terms(cost=cost, net_debt=debt), sales(0.1))
        for f in fields(Statement):
            both, one = getattr(together, f.name), getattr(alone, f.name)
            np.testing.assert_allclose(both[:, place], one[:, 0], rtol=1e-12, err_msg=f.name)


# ----------------------------------------------------------------------- costs and prices


def test_a_price_above_cost_is_margin() -> None:
    """The same volumes at half as much again: the whole difference is profit."""
    plain = sales(0.1)
    dear = said(terms(), replace(plain, revenue=1.5 * plain.revenue))
    calm = said(terms(), plain)
    np.testing.assert_allclose(dear.profit - calm.profit, 0.5 * calm.revenue, rtol=1e-12)
    np.testing.assert_array_equal(dear.other_investment, calm.other_investment)


def test_inputs_passed_on_cost_what_they_cost_whatever_the_margin() -> None:
    """Passed on dollar for dollar: profit stays, at thin margins and at wide ones."""
    plain = sales(0.1)
    dear = replace(plain, revenue=1.2 * plain.revenue, inputs=0.2 * plain.revenue)
    for cost in (0.2, 0.8):
        calm, struck = (said(terms(cost=cost), x) for x in (plain, dear))
        np.testing.assert_allclose(struck.profit, calm.profit, rtol=1e-9)


def test_more_sold_costs_in_proportion_but_for_overhead() -> None:
    a = assumed(overhead_elasticity=0.65)
    once, twice = (said(terms(), sales(level=x * VOLUME), a) for x in (1.0, 2.0))
    np.testing.assert_allclose(twice.cost, 2.0 * once.cost, rtol=1e-12)
    np.testing.assert_allclose(twice.overhead, 2.0**0.65 * once.overhead, rtol=1e-12)
    np.testing.assert_allclose(once.overhead, 4.0, rtol=1e-12)
    assert (twice.profit > 2.0 * once.profit).all()


def test_costs_revert_at_their_speed() -> None:
    a, given = assumed(margin_reversion=0.2), terms(cost=0.6, long_run_cost=0.4)
    with precise("float64"):
        now, half, never = (float(cost_at(a, given, y)[0]) for y in (0.0, np.log(2) / 0.2, 1e3))
    assert now == pytest.approx(0.6)
    assert half == pytest.approx(0.5)
    assert never == pytest.approx(0.4)


def test_losses_are_not_taxed_and_save_no_tax() -> None:
    losing, earning = said(terms(cost=1.5), sales()), said(terms(), sales())
    assert (losing.profit < 0.0).all()
    np.testing.assert_allclose(losing.tax, 0.0, atol=1e-9)
    np.testing.assert_allclose(earning.tax, 0.2 * earning.profit, rtol=1e-9)


def test_growth_takes_capital_and_shrinking_sets_none_free() -> None:
    rate = 0.2
    up, down = (said(terms(sales_to_plant=2.0), sales(x)) for x in (rate, -rate))
    grown = VOLUME * np.diff(np.exp(rate * np.arange(YEARS)))
    assert (down.other_investment >= 0.0).all()
    assert (down.other_investment[1:] < 0.001 * VOLUME).all()
    taken = 0.5 + float(assumed().working_capital)
    np.testing.assert_allclose(up.other_investment[1:, 0], taken * grown, rtol=1e-6)
    # The first year grows at the pace since the fiscal year that is known.
    behind = said(terms(sales_to_plant=2.0, volume=0.5 * VOLUME, since=1.0), sales())
    np.testing.assert_allclose(behind.other_investment[0], taken * 0.25 * VOLUME, rtol=1e-6)


def test_inputs_passed_on_take_working_capital_and_no_plant() -> None:
    plain = sales()
    passed = number(np.arange(1.0, YEARS + 1)[:, None] * 10.0)
    sold = replace(plain, revenue=plain.revenue + passed, inputs=passed)
    found, calm = said(terms(inputs=10.0), sold), said(terms(), plain)
    np.testing.assert_allclose(found.profit, calm.profit, rtol=1e-9)
    more = (found.other_investment - calm.other_investment)[1:, 0]
    np.testing.assert_allclose(more, 10.0 * float(assumed().working_capital), rtol=0.03)


# ----------------------------------------------------------------------- fleets


def test_shorter_lives_hurt_owners_in_the_order_of_their_fleets() -> None:
    """Twice the depreciation takes from profit what of it is one's own, and from others nothing."""
    long, short = (said(OWNERS, building(depreciation=x)) for x in (50.0, 100.0))
    lost = long.profit - short.profit
    np.testing.assert_allclose(lost, np.asarray(OWNERS.fleet) * 50.0 * np.ones((YEARS, 1)))
    assert (np.diff(lost, axis=1) > 0.0).all()
    # Depreciation is no cash: what is free rises by the tax that it saves, where any is paid.
    saved = short.free_cash_flow - long.free_cash_flow
    np.testing.assert_allclose(saved[:, :3], 0.2 * lost[:, :3], rtol=1e-9, atol=1e-12)
    assert (short.profit[:, 3] < 0.0).all()
    assert (saved[:, 3] < 0.2 * lost[:, 3]).all()


def test_write_downs_are_charged_to_owners_and_cost_no_cash() -> None:
    calm, struck = said(OWNERS, building()), said(OWNERS, building(write_down=30.0))
    lost = calm.profit - struck.profit
    np.testing.assert_allclose(lost, np.asarray(OWNERS.fleet) * 30.0 * np.ones((YEARS, 1)))
    assert (struck.free_cash_flow >= calm.free_cash_flow - 1e-12).all()


def test_a_fleet_grows_with_its_owners_own_business() -> None:
    """Where AI is half of revenue, twice the revenue that the model has is half more fleet."""
    given = terms(fleet=0.1, ai_share=[0.0, 0.5, 1.0])
    plain = sales(companies=3)
    spending = number(np.full(YEARS, 100.0))
    sold = replace(plain, lives=2.0 * plain.lives, capital_spending=spending)
    bought = said(given, sold).capital_spending
    np.testing.assert_allclose(bought, 10.0 * np.array([[1.0, 1.5, 2.0]] * YEARS))


def test_what_is_not_sold_through_lines_is_let_or_used() -> None:
    """Let at the price of contracts, in time.

    At home more compute than expected is worth as much, and more use a part of what it is worth, as
    far as lines do not show that.
    """
    given = terms(fleet=0.2, spare=0.1, at_home=[0.0, 1.0, 1.0], hidden=[0.0, 1.0, 0.3])
    a = assumed(appropriation=0.4, letting_time=2.0, letting_price=0.8)
    world = {"contracted": 60.0, "use": 0.25, "expected": 80.0, "beyond": -0.5}
    sold = replace(
        sales(companies=3), **{name: number(np.full(YEARS, x)) for name, x in world.items()}
    )
    earned = said(given, sold, a).from_fleets
    let = 1.0 - np.exp(-(np.arange(YEARS) + 0.5) / 2.0)
    np.testing.assert_allclose(earned[:, 0], 0.8 * 6.0 * let)
    at_home = 0.1 * (0.4 * 20.0 - 0.8 * 60.0 * 0.5)
    np.testing.assert_allclose(earned[:, 1:], [[at_home, 0.3 * at_home]] * YEARS)
    as_expected = replace(sold, use=0.0 * sold.use, beyond=0.0 * sold.beyond)
    foreseen = said(given, as_expected, a).from_fleets
    np.testing.assert_allclose(foreseen[:, 1:], 0.0, atol=1e-12)


def test_of_all_revenue_a_share_more_is_kept() -> None:
    """Of what fleets earn beside lines too: profit rises by it, and nothing else before tax."""
    given = terms(fleet=0.2, spare=0.1, at_home=[0.0, 1.0], hidden=[0.0, 0.4])
    a = assumed()
    sold = replace(sales(0.1, companies=2), contracted=number(np.full(YEARS, 60.0)))
    with precise("float64"):
        kept = jax.tree.map(np.asarray, keeping(a, given, sold, number([0.05, 0.1])))
    before, after = said(given, sold, a), said(given, kept, a)
    every = before.revenue + before.from_fleets
    np.testing.assert_allclose(before.total_revenue, every)
    assert (before.from_fleets[:, 0] > 0.0).all()
    np.testing.assert_allclose(after.profit - before.profit, [0.05, 0.1] * every, rtol=1e-12)
    np.testing.assert_allclose(kept.ordinary - sold.ordinary, [0.05, 0.1] * every[-1], rtol=1e-12)


def test_companies_that_grow_sell_more_at_the_same_prices() -> None:
    sold = sales(0.1, companies=2)
    with precise("float64"):
        grown = jax.tree.map(np.asarray, growing(sold, number([0.05, -0.2])))
    np.testing.assert_allclose(grown.revenue[:, 0], 40.0 * np.exp(0.15 * np.arange(YEARS) + 0.025))
    for name in ("revenue", "volumes", "lives"):
        rate = np.diff(np.log(np.asarray(getattr(grown, name))), axis=0)
        rate -= np.diff(np.log(np.asarray(getattr(sold, name))), axis=0)
        np.testing.assert_allclose(rate, [[0.05, -0.2]] * (YEARS - 1), rtol=1e-9)
    np.testing.assert_allclose(grown.ordinary, grown.revenue[-1], rtol=1e-12)


def test_who_borrows_builds_and_has_what_borrowers_do() -> None:
    """At once of what is built, in time of what there is; others have what they leave."""
    given = terms(fleet=0.1, spare=0.1, borrowed=[0.0, 0.5, 1.0], builders=0.2, holders=0.25)
    world = {"contracted": 60.0, "operating": 20.0, "capital_spending": 100.0}
    world |= {"borrowers": 0.1, "borrowers_fleet": 0.2}
    sold = replace(
        sales(companies=3), **{name: number(np.full(YEARS, x)) for name, x in world.items()}
    )
    found = said(given, sold)
    built, had = np.array([0.9 / 0.8, 0.5]), np.array([0.8 / 0.75, 0.8])
    for path, whole, of in (
        (found.capital_spending, 10.0, built),
        (found.running, 2.0, had),
    ):
        expected = whole * np.array([of[0], of.mean(), of[1]])
        np.testing.assert_allclose(path, [expected] * YEARS)


def test_what_fleets_serve_costs_what_fleets_do() -> None:
    """Cost, overhead and other capital go with what is sold besides."""
    a = assumed(letting_price=0.5)
    given = terms(fleet=0.1, served=4.0, sales_to_plant=2.0, since=1.0)
    contracted = number(np.array([100.0, 200.0, 300.0, 400.0, 500.0]))
    sold = replace(sales(level=VOLUME), contracted=contracted, operating=0.2 * contracted)
    found = said(given, sold, a)
    served = 0.05 * np.asarray(contracted)[:, None]
    np.testing.assert_allclose(found.served, served)
    plain = said(terms(volume=VOLUME - 4.0), replace(sales(), volumes=number(VOLUME - served)))
    np.testing.assert_allclose(found.cost, plain.cost, rtol=1e-3)
    np.testing.assert_allclose(found.overhead, plain.overhead, rtol=1e-3)
    np.testing.assert_allclose(found.running, 0.1 * 0.2 * np.asarray(contracted)[:, None])
    assert (np.diff(found.profit, axis=0) > 0.0).all()


def test_who_sells_nothing_but_compute_keeps_a_little_of_other_costs() -> None:
    given = terms(fleet=1.0, served=0.9 * VOLUME)
    sold = replace(sales(), contracted=number(np.full(YEARS, 10.0 * VOLUME)))
    found = said(given, sold)
    assert (found.cost > 0.0).all()
    assert (found.cost < 0.01 * VOLUME).all()


# ----------------------------------------------------------------------- finance


def test_what_is_short_is_borrowed_and_costs_interest() -> None:
    """Owners who build more than they earn owe more each year, and pay more on it."""
    x = said(OWNERS, building(spending=1_000.0))
    short = x.free_cash_flow < 0.0
    assert short[:, -1].all()
    assert not short[:, 0].any()
    assert (np.diff(x.net_debt[:, -1]) > 0.0).all()
    assert (np.diff(x.interest[:, -1]) > 0.0).all()
    assert (np.diff(x.net_debt[:, 0]) < 0.0).all()


def test_lenders_ask_the_spread_and_the_premium_and_cash_earns_neither() -> None:
    a = assumed(risk_free=0.04, debt_spread=0.01)
    sold = replace(sales(companies=2), premium=number(np.full(YEARS, 0.03)))
    first = said(terms(net_debt=[100.0, -100.0]), sold, a)
    leverage = 100.0 / float(first.profit[0, 0])
    dear = 0.03 * float(bounded(number(leverage), MOST_LEVERED)) * 100.0
    np.testing.assert_allclose(first.premium[0], [dear, 0.0], rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(first.interest[0], [5.0 + dear, -4.0], rtol=1e-3)


def test_a_dearer_premium_costs_those_who_borrow() -> None:
    calm, tight = (
        said(terms(net_debt=[0.0, 50.0, 200.0]), replace(sales(companies=3), premium=premium))
        for premium in (number(np.zeros(YEARS)), number(np.full(YEARS, 0.05)))
    )
    more = (tight.interest - calm.interest)[0]
    assert (np.diff(more) > 0.0).all()
    assert more[0] < 0.02
