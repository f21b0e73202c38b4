"""Mechanism 7: capital answers to q and to expected demand, debt, contracts, and what is short."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import Array

from marketsim.model import YEARS, Assumptions, investment
from marketsim.model.investment import Deliveries, Funds, Investment, Plan
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

FLEET, COST, NONE = leaf(1.0), leaf(60.0), leaf(0.0)
plan, deliver = jax.jit(investment.plan), jax.jit(investment.deliver)


WIDTH = 0.05
"""Of the smooth positive parts of additions, and of what cash flow leaves to be borrowed."""


@pytest.fixture(scope="module")
def start(median: Assumptions) -> Investment:
    return investment.initial_investment(median, jnp.asarray(5.0))


def planned(
    a: Assumptions,
    now: Investment,
    log_q: float = 0.0,
    growth: float = 0.2,
    news: float = 0.0,
    dear: float = 0.0,
) -> Plan:
    given = (jnp.asarray(x) for x in (log_q, dear, growth))
    done: Plan = plan(a, now, *given, FLEET * COST, jnp.asarray(news))
    return done


def spending(a: Assumptions, now: Investment, log_q: float = 0.0, news: float = 0.0) -> Array:
    return jnp.exp(planned(a, now, log_q, news=news).state.log_due)


def at_once(a: Assumptions) -> Assumptions:
    """Orders come due, and expectations follow, within the quarter."""
    return replace(a, commitment=NONE, expectation_speed=jnp.asarray(1.0))


def unbounded(a: Assumptions) -> Assumptions:
    """Funds cost the same and come in any amount, whatever is owed."""
    return replace(a, external_premium=NONE, credit_rationing=NONE)


def indebted(now: Investment, leverage: float) -> Investment:
    return replace(now, leverage=jnp.asarray(leverage))


def test_q_is_one_where_net_rent_is_the_user_cost(median: Assumptions) -> None:
    """Jorgenson: rent = running cost + (required return + attrition + fall of rent) x price."""
    prompt = replace(median, return_delay=NONE)
    assert investment.discount(median) == pytest.approx((0.14 + 0.05 + 0.32) * YEARS)
    assert investment.user_cost_rate(prompt) == investment.discount(prompt)
    rent = (investment.discount(prompt) * COST + 0.8) / KILOHOURS
    q = investment.log_q(prompt, jnp.log(rent), jnp.asarray(0.8), COST)
    assert q == pytest.approx(0.0, abs=1e-4)


def test_compute_that_earns_late_must_earn_more(median: Assumptions) -> None:
    """Rent that starts after a delay, falls and is discounted, is worth the cost at the rate."""
    rate, decline, lost = 0.14, 0.32, 0.05
    a = replace(median, return_delay=jnp.asarray(1.5))
    years = np.linspace(0.0, 80.0, 800_001)
    rent = float(investment.user_cost_rate(a)) / YEARS * np.exp(-(decline + lost) * years)
    # Rent falls with the calendar, chips fail from when they run.
    paid = rent * np.exp(-decline * 1.5) * np.exp(-rate * (years + 1.5))
    assert np.trapezoid(paid, years) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("log_q", [-3.0, -0.3, 0.0, 0.3, 1.5])
def test_surplus_is_what_rent_leaves_over_user_cost(median: Assumptions, log_q: float) -> None:
    """The rent at which q has that value, less running cost and user cost; never below zero."""
    rate = investment.user_cost_rate(median)
    net = np.exp(log_q) * float(rate * COST)
    over = float(investment.surplus(median, jnp.asarray(log_q)) * COST)
    assert over > 0.0
    assert over == pytest.approx(max(net - float(rate * COST), 0.0), abs=0.04 * float(rate * COST))
    rent = jnp.log((net + 0.8) / KILOHOURS)
    back = investment.log_q(median, rent, jnp.asarray(0.8), COST)
    assert back == pytest.approx(log_q, abs=0.01)


def test_q_rises_with_rent_and_falls_with_every_cost(median: Assumptions) -> None:
    slopes = jax.grad(investment.log_q, argnums=(1, 2, 3))(
        median, jnp.log(4.0), jnp.asarray(0.8), COST
    )
    assert slopes[0] > 1.0  # running cost is leverage
    assert slopes[1] < 0.0
    assert slopes[2] == pytest.approx(-1.0 / COST)


@pytest.mark.parametrize(
    "name", ["hurdle_rate", "attrition", "expected_rent_decline", "return_delay"]
)
def test_what_investors_require_lowers_q_and_spending(
    median: Assumptions, start: Investment, name: str
) -> None:
    """Claim C12: a higher hurdle."""
    harder = replace(median, **{name: getattr(median, name) * 1.5})
    q, less = (
        float(investment.log_q(a, jnp.log(4.0), jnp.asarray(0.8), COST)) for a in (median, harder)
    )
    assert less < q
    assert spending(median, start, less) < spending(median, start, q)


def test_a_premium_on_funds_is_a_higher_hurdle(median: Assumptions) -> None:
    dearer = replace(median, hurdle_rate=median.hurdle_rate + 0.03)
    rate = investment.user_cost_rate(median, 0.03)
    assert rate == pytest.approx(float(investment.user_cost_rate(dearer)))
    assert investment.user_cost_rate(median) == investment.user_cost_rate(median, 0.0)


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
def test_expected_rent_lies_between_that_of_contracts_and_spot(
    median: Assumptions, weight: float
) -> None:
    a = replace(median, spot_weight=jnp.asarray(weight))
    expected = investment.expected_rent(a, jnp.log(2.0), jnp.log(4.0))
    assert expected == pytest.approx(weight * np.log(2.0) + (1.0 - weight) * np.log(4.0))


# What is wanted


@pytest.mark.parametrize("growth", [0.15, 0.3])
def test_at_unit_q_owners_replace_what_fails_and_follow_expected_demand(
    median: Assumptions, start: Investment, growth: float
) -> None:
    """Without debt, appetite or lags; additions are a smooth positive part, off by its width."""
    wanted = planned(at_once(unbounded(median)), start, growth=growth).state.log_due
    level = float(median.attrition * YEARS) + growth
    bias = WIDTH**2 / (4.0 * level)
    assert jnp.exp(wanted) / COST == pytest.approx(level + bias, abs=bias**2 / level)


def test_additions_are_linear_in_q_with_the_slope_of_the_response(median: Assumptions) -> None:
    """Hayashi 1982. What is linear is the argument of the smooth positive part y (y - x) = w^2."""
    logs = np.array([-2.0, -0.6, -0.2, 0.0, 0.3, 1.0, 2.5])
    added = np.asarray(investment.additions(median, jnp.asarray(0.2), jnp.asarray(logs), 0.0))
    linear = added - (0.5 * WIDTH) ** 2 / added
    level = float(median.attrition * YEARS) + 0.2
    np.testing.assert_allclose(linear, level + float(median.investment_response) * logs, rtol=1e-9)
    assert (added > 0.0).all()


def test_what_is_due_adjusts_partially_in_levels(median: Assumptions, start: Investment) -> None:
    """To what would come due without contracts; all of it does where none bind."""
    wanted = spending(replace(median, commitment=NONE), start, 0.7)
    for kept in (0.3, 0.6, 1.0):
        due = spending(replace(median, commitment=jnp.asarray(kept)), start, 0.7)
        partial = (1.0 - kept) * wanted + kept * median.initial_spending
        assert due == pytest.approx(float(partial))


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.9])
@pytest.mark.parametrize("log_q", [-0.8, 0.0, 1.2])
def test_what_is_ordered_comes_due_or_is_booked(
    median: Assumptions, start: Investment, kept: float, log_q: float
) -> None:
    """Orders are what is wanted: they take up the whole change at once, deliveries a part."""
    a = replace(median, commitment=jnp.asarray(kept))
    wanted, now = float(spending(replace(a, commitment=NONE), start, log_q)), start
    for _ in range(3):
        after = planned(a, now, log_q)
        due = jnp.exp(after.state.log_due)
        held = investment.booked(a, now)
        assert due + after.book - held == pytest.approx(wanted)
        assert due == pytest.approx(float((1.0 - kept) * (held + wanted)))
        assert after.book == investment.booked(a, after.state)
        now = replace(after.state, expected_growth=start.expected_growth)


def test_expectations_adapt_to_what_is_learned(median: Assumptions, start: Investment) -> None:
    assert start.expected_growth == pytest.approx(float(median.initial_expected_growth * YEARS))
    now, gap = start, float(start.expected_growth) - 0.05
    for quarter in range(1, 5):
        now = planned(median, now, growth=0.05).state
        left = gap * (1.0 - float(median.expectation_speed)) ** quarter
        assert now.expected_growth == pytest.approx(0.05 + left)


def test_additions_rise_with_expected_demand(median: Assumptions, start: Investment) -> None:
    bright, dull = (planned(median, start, growth=g).state.log_due for g in (0.4, 0.0))
    assert bright > dull


# What dear memory and funds take away


def test_dear_memory_holds_back_what_its_price_takes_from_q(
    median: Assumptions, start: Investment
) -> None:
    """Where memory costs what it costs to make, next to nothing; what is due is the same."""
    at = (-0.1, 0.0, 0.1, 0.3)
    plans = [planned(median, start, 0.2, dear=x) for x in at]
    held = [float(p.by_memory) for p in plans]
    assert (np.diff(held) > 0.0).all()
    assert held[0] < 1e-3
    assert held[1] < 0.02
    cheap, dear = planned(median, start, 0.5), planned(median, start, 0.2, dear=0.3)
    ordered = np.exp([float(p.state.log_due) for p in (dear, cheap)])
    kept = np.exp(float(start.log_due)) * float(median.commitment)
    wanted = ordered - kept
    assert 1.0 - wanted[0] / wanted[1] == pytest.approx(held[-1], abs=2e-3)
    assert len({float(p.state.log_due) for p in plans}) == 1


@pytest.mark.parametrize("log_q", [-3.0, -0.5, 0.0, 0.5, 3.0])
def test_debt_holds_back_a_share_of_orders_that_rises_with_leverage(
    median: Assumptions, start: Investment, log_q: float
) -> None:
    owed = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
    plans = [planned(median, indebted(start, x), log_q) for x in owed]
    held = [float(p.by_money) for p in plans]
    assert (np.diff(held) > 0.0).all()
    assert 0.0 < held[0] < held[-1] < 1.0
    due = [float(p.state.log_due) for p in plans]
    assert (np.diff(due) < 0.0).all()


def test_where_funds_cost_no_more_nothing_is_held_back(
    median: Assumptions, start: Investment
) -> None:
    """And builders with and without a cash flow keep the parts that they would have."""
    a = replace(unbounded(median), credit_rationing=NONE)
    done = planned(a, indebted(start, 3.0), 0.4)
    assert done.by_money == pytest.approx(0.0, abs=1e-12)
    assert done.borrowers == pytest.approx(float(median.borrower_share))


def test_rationing_takes_its_share_beyond_what_funds_cost(
    median: Assumptions, start: Investment
) -> None:
    """The log of orders falls by rationing x leverage, of which borrowers have a year more."""
    free = replace(median, credit_rationing=NONE)
    rationing = float(median.credit_rationing)
    for owed in (0.2, 1.5):
        both = [planned(a, indebted(start, owed)) for a in (median, free)]
        kept = [1.0 - float(p.by_money / (1.0 - p.by_memory)) for p in both]
        parts = [float(p.borrowers) for p in both]
        ratio = kept[0] / kept[1]
        others = np.log(ratio * (1.0 - parts[0]) / (1.0 - parts[1]))
        assert others == pytest.approx(-rationing * owed)
        assert np.log(ratio * parts[0] / parts[1]) == pytest.approx(-rationing * (1.0 + owed))


def test_where_nobody_owes_borrowers_have_what_lenders_leave_them(
    median: Assumptions, start: Investment
) -> None:
    a = replace(median, external_premium=NONE)
    done = planned(a, indebted(start, 0.0))
    assert float(done.borrowers) == pytest.approx(float(investment.first_borrowers(a)))
    assert float(investment.first_borrowers(median)) < float(median.borrower_share)


def test_dearer_outside_funds_cut_borrowers_more_than_owners(
    median: Assumptions, start: Investment
) -> None:
    """They borrow all they build; the largest owners borrow only at the margin."""
    dearer = replace(median, external_premium=2.0 * median.external_premium)
    for owed in (0.0, 0.4, 1.5):
        now = indebted(start, owed)
        plain, harder = (planned(at_once(a), now) for a in (median, dearer))
        assert harder.borrowers < plain.borrowers < median.borrower_share
        borrowers = jnp.log(harder.borrowers / plain.borrowers)
        owners = jnp.log((1.0 - harder.borrowers) / (1.0 - plain.borrowers))
        less = harder.state.log_due - plain.state.log_due
        assert borrowers + less < owners + less <= 1e-12
        assert (owners + less < -1e-6) == (owed > 0.0)  # who owes nothing pays no premium


# What is borrowed


def funds(a: Assumptions, now: Investment, paid: float, earned: float = 0.0) -> Funds:
    return investment.raise_funds(a, planned(a, now), jnp.asarray(paid), jnp.asarray(earned))


def all_owners(a: Assumptions) -> Assumptions:
    """Every builder has a cash flow."""
    return replace(a, borrower_share=leaf(1e-12))


def own_funds(a: Assumptions, now: Investment, earned: float = 0.0) -> float:
    """What the largest owners have for AI in the quarter that follows, USD bn."""
    after = planned(a, now).state
    cash_flow = jnp.exp(after.log_cash_flow) + a.owner_share * earned
    return float(a.retention * cash_flow - jnp.exp(after.log_other))


def test_cash_flow_has_its_part_of_what_compute_sold_earns(
    median: Assumptions, start: Investment
) -> None:
    plain, more = (funds(median, start, 5.0, x).cash_flow for x in (0.0, 12.0))
    assert plain == pytest.approx(float(jnp.exp(planned(median, start).state.log_cash_flow)))
    assert more - plain == pytest.approx(float(12.0 * median.owner_share))


def test_owners_borrow_nothing_while_their_cash_suffices(
    median: Assumptions, start: Investment
) -> None:
    """Up to the width of the smooth positive part, in cash flow."""
    a = all_owners(median)
    own = own_funds(a, start) / float(a.owner_share)
    assert own > 0.0
    scale = float(jnp.exp(planned(a, start).state.log_cash_flow) / a.owner_share)
    for paid in (0.0, 0.2 * own, 0.7 * own):
        borrowed = float(funds(a, start, paid).borrowed)
        assert 0.0 <= borrowed < WIDTH**2 / (4.0 * (own - paid) / scale) * scale


def test_what_cash_does_not_pay_is_borrowed(median: Assumptions, start: Investment) -> None:
    """Myers 1984: own funds first. Far beyond them, dollar for dollar."""
    a = all_owners(median)
    own = own_funds(a, start) / float(a.owner_share)
    for paid in (20.0 * own, 60.0 * own):
        assert funds(a, start, paid).borrowed == pytest.approx(paid - own, rel=1e-4)
    earned = own_funds(a, start, 10.0) / float(a.owner_share)
    assert earned - own == pytest.approx(float(10.0 * a.retention))
    less = funds(a, start, 20.0 * own, 10.0).borrowed
    assert less == pytest.approx(20.0 * own - earned, rel=1e-4)


def test_builders_without_a_cash_flow_borrow_all_they_build(
    median: Assumptions, start: Investment
) -> None:
    a = replace(median, borrower_share=leaf(1.0 - 1e-12))
    for paid in (1.0, 50.0):
        assert funds(a, start, paid).borrowed == pytest.approx(paid, rel=1e-6)


def test_debt_is_what_was_borrowed_less_what_was_repaid(
    median: Assumptions, start: Investment
) -> None:
    now, owed = start, 0.0
    assert now.debt == now.leverage == 0.0
    for paid in (5.0, 80.0, 200.0, 10.0):
        raised = funds(median, now, paid)
        now = investment.settle(median, planned(median, now).state, raised)
        owed = owed * (1.0 - float(median.debt_repayment)) + float(raised.borrowed)
        assert now.debt == pytest.approx(owed)
        a_year = float(raised.cash_flow / median.owner_share) / YEARS
        pace = float(raised.borrowed) / YEARS
        assert now.leverage == pytest.approx((owed + pace) / a_year)
        assert raised.borrowed >= 0.0


# News, trends and deliveries


def test_good_news_raises_spending_and_fades(median: Assumptions, start: Investment) -> None:
    assert spending(median, start, news=0.1) > spending(median, start)
    now = planned(median, start, news=0.1).state
    assert now.appetite == pytest.approx(0.1)
    faded = planned(median, now).state
    assert faded.appetite == pytest.approx(float(0.1 * median.appetite_persistence))


def test_cash_flow_and_other_spending_grow(median: Assumptions, start: Investment) -> None:
    now = planned(median, start).state
    for name, growth in (("cash_flow", "cash_flow_growth"), ("other", "other_capex_growth")):
        grown = getattr(now, f"log_{name}") - getattr(start, f"log_{name}")
        assert grown == pytest.approx(float(getattr(median, growth) * YEARS)), name
    assert jnp.exp(start.log_other) == pytest.approx(median.initial_other_capex)
    assert jnp.exp(start.log_cash_flow) == pytest.approx(median.initial_cash_flow)
    assert jnp.exp(start.log_due) == pytest.approx(median.initial_spending)


def test_it_starts_with_slack_to_make_what_is_ordered(
    median: Assumptions, start: Investment
) -> None:
    slack = jnp.exp(start.log_manufacturing) / 5.0
    assert slack == pytest.approx(float(1.0 + median.initial_manufacturing_slack))


LOGS = st.floats(-4.0, 4.0, allow_subnormal=False)  # programs take such for zero


@given(LOGS, LOGS, LOGS)
def test_deliveries_stay_below_every_limit(wanted: float, makeable: float, powered: float) -> None:
    done = _deliveries(wanted, makeable, powered)
    lowest = min(wanted, makeable, powered)
    np.testing.assert_allclose([done.log_wanted, done.log_powered], [wanted, powered])
    assert lowest - 0.1 < float(done.log_delivered) <= lowest + 1e-9
    assert float(done.chip_scarcity) >= max(wanted - makeable, 0.0) - 1e-9
    assert float(done.power_scarcity) >= max(wanted - powered, 0.0) - 1e-9


def test_in_plenty_what_is_wanted_is_delivered_and_nothing_is_scarce() -> None:
    done = _deliveries(0.0, 3.0, 3.0)
    assert float(done.log_delivered) == pytest.approx(0.0, abs=1e-9)
    assert max(float(done.chip_scarcity), float(done.power_scarcity)) < 1e-3


def test_capacity_follows_orders_with_a_margin(median: Assumptions, start: Investment) -> None:
    a = replace(median, manufacturing_response=jnp.asarray(1.0), manufacturing_growth=NONE)
    now = investment.expand(a, start, jnp.asarray(9.0))
    assert now.log_manufacturing == pytest.approx(float(jnp.log(9.0)) + investment.MARGIN)
    slower = investment.expand(median, start, jnp.asarray(9.0))
    trend = median.manufacturing_growth * YEARS
    assert start.log_manufacturing < slower.log_manufacturing - trend < now.log_manufacturing


def _deliveries(wanted: float, makeable: float, powered: float) -> Deliveries:
    """Deliveries of chips and sites that cost 1 kUSD, given logs of compute."""
    now = Investment(jnp.asarray(wanted), jnp.asarray(makeable), *[NONE] * 6)
    done: Deliveries = deliver(now, NONE, NONE, jnp.asarray(powered))
    return done
