"""Mechanism 7: capital answers to q, contracts, cash, and what can be made and powered."""

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
from marketsim.model.investment import Deliveries, Investment
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

FLEET, COST, NONE = leaf(1.0), leaf(60.0), leaf(0.0)
plan, deliver = jax.jit(investment.plan), jax.jit(investment.deliver)


@pytest.fixture(scope="module")
def start(median: Assumptions) -> Investment:
    return investment.initial_investment(median, jnp.asarray(60.0), jnp.asarray(5.0))


def spending(a: Assumptions, now: Investment, log_q: float = 0.0, news: float = 0.0) -> Array:
    planned = plan(a, now, jnp.asarray(log_q), FLEET, COST, jnp.asarray(news))
    return jnp.exp(planned.log_spending)


def test_q_is_one_where_net_rent_is_the_user_cost(median: Assumptions) -> None:
    """Jorgenson: rent = running cost + (required return + attrition + fall of rent) x price."""
    at_once = replace(median, return_delay=NONE)
    assert investment.discount(median) == pytest.approx((0.14 + 0.05 + 0.32) * YEARS)
    assert investment.user_cost_rate(at_once) == investment.discount(at_once)
    rent = (investment.discount(at_once) * COST + 0.8) / KILOHOURS
    q = investment.log_q(at_once, jnp.log(rent), jnp.asarray(0.8), COST)
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


def test_additions_at_unit_q_are_the_investment_rate(
    median: Assumptions, start: Investment
) -> None:
    a = replace(median, commitment=NONE, cash_limit=jnp.asarray(1e6))
    assert spending(a, start) == pytest.approx(float(a.investment_rate * FLEET * COST))
    ratio = spending(a, start, 0.3) / spending(a, start)
    assert jnp.log(ratio) == pytest.approx(float(0.3 * a.investment_response))


def test_contracts_carry_last_quarter_over(median: Assumptions, start: Investment) -> None:
    a = replace(median, commitment=jnp.asarray(1.0), cash_limit=jnp.asarray(1e6))
    assert spending(a, start, 2.0) == pytest.approx(median.initial_spending)


@pytest.mark.parametrize("log_q", [-3.0, -0.5, 0.0, 0.5, 2.0, 5.0])
def test_spending_never_exceeds_what_can_be_financed(
    median: Assumptions, start: Investment, log_q: float
) -> None:
    limit = 60.0 * median.cash_limit * jnp.exp(median.external_finance * log_q)
    assert spending(median, start, log_q) <= limit * (1.0 + 1e-9)


def test_good_news_raises_spending_and_fades(median: Assumptions, start: Investment) -> None:
    assert spending(median, start, news=0.1) > spending(median, start)
    now = plan(median, start, NONE, FLEET, COST, jnp.asarray(0.1))
    assert now.appetite == pytest.approx(0.1)
    faded = plan(median, now, NONE, FLEET, COST, NONE)
    assert faded.appetite == pytest.approx(float(0.1 * median.appetite_persistence))


def test_cash_flow_and_other_spending_grow(median: Assumptions, start: Investment) -> None:
    now = plan(median, start, NONE, FLEET, COST, NONE)
    for name, growth in (("cash_flow", "cash_flow_growth"), ("other", "other_capex_growth")):
        grown = getattr(now, f"log_{name}") - getattr(start, f"log_{name}")
        assert grown == pytest.approx(float(getattr(median, growth) * YEARS)), name
    assert jnp.exp(start.log_other) == pytest.approx(median.initial_other_capex)


def test_it_starts_with_slack_to_make_what_is_ordered(
    median: Assumptions, start: Investment
) -> None:
    slack = jnp.exp(start.log_manufacturing) / 5.0
    assert slack == pytest.approx(float(1.0 + median.initial_manufacturing_slack))


LOGS = st.floats(-4.0, 4.0)


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
    now = Investment(jnp.asarray(wanted), jnp.asarray(makeable), NONE, NONE, NONE)
    done: Deliveries = deliver(now, NONE, NONE, jnp.asarray(powered))
    return done
