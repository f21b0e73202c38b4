"""Present value: perpetuities, Gordon growth, and the signs that every analyst expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from jax import Array

from marketsim.precision import Precision, precise
from marketsim.valuation import Sales, Terms, ValuationAssumptions, enterprise_value
from marketsim.valuation.returns import HELD
from marketsim.valuation.worth import EXIT, FADE, log_discount, log_mood
from tests.one_company import PLAIN, VOLUME, YEARS, assumed, number, sales, terms

jitted = jax.jit(enterprise_value)

STILL = {"terminal_growth": 0.0, "beta_reversion": 1e-6, "working_capital": 0.0}
"""Nothing grows, and risk stays what it is."""

FREE = 1e9
"""Sales to plant of a company whose growth costs nothing but working capital."""

PROFIT = (0.5 * VOLUME - 4.0) * (1.0 - 0.2)
"""Of the plain company, after tax."""


def values(given: Terms, sold: Sales, a: ValuationAssumptions | None = None) -> np.ndarray:
    with precise("float64"):
        return np.asarray(jitted(a or assumed(), given, sold))


def value(given: Terms, sold: Sales, a: ValuationAssumptions | None = None) -> float:
    return float(values(given, sold, a)[0])


def perpetuity(rate: float, growth: float = 0.0) -> float:
    """What one, paid in the middle of each year and growing, is worth."""
    return float(np.exp(-0.5 * rate) / -np.expm1(growth - rate))


# ----------------------------------------------------------------------- closed forms


@pytest.mark.parametrize(("beta", "equity"), [(0.6, 1.0), (1.0, 1.0), (2.0, 1.0), (1.3, 0.7)])
def test_constant_revenue_for_ever_is_a_perpetuity(beta: float, equity: float) -> None:
    """Profit after tax at the rate of equity and debt by their shares."""
    a = assumed(risk_free=0.04, equity_premium=0.05, debt_spread=0.01, **STILL)
    given = terms(beta=beta, equity_share=equity, sales_to_plant=FREE)
    rate = 0.04 + equity * 0.05 * beta + (1.0 - equity) * 0.01
    assert value(given, sales(), a) == pytest.approx(PROFIT * perpetuity(rate), rel=2e-4)


def test_growth_for_ever_is_worth_what_gordon_says() -> None:
    """Wherever the years simulated end: what comes after continues what they begin."""
    rate, growth = 0.09, 0.03
    a = assumed(
        risk_free=0.04,
        equity_premium=0.05,
        terminal_growth=growth,
        terminal_return=1e9,
        overhead_elasticity=1.0,
        working_capital=0.0,
    )
    for years in (2, 3, 5, 12):
        found = value(terms(sales_to_plant=FREE), sales(growth, years), a)
        assert found == pytest.approx(PROFIT * perpetuity(rate, growth), rel=1e-3), years


def test_growth_for_ever_costs_growth_over_its_return() -> None:
    """The value-driver formula: at a return of 15 %, growth of 3 % takes a fifth of profit."""
    a = assumed(risk_free=0.04, equity_premium=0.05, terminal_growth=0.03, overhead_elasticity=1.0)
    given = terms(sales_to_plant=FREE)
    dear, free = (
        value(given, sales(0.03), replace(a, terminal_return=number(x))) for x in (0.15, 1e9)
    )
    end = YEARS + FADE
    ever = PROFIT * perpetuity(0.09, 0.03) * np.exp((0.03 - 0.09) * end)
    assert free - dear == pytest.approx(0.2 * ever, rel=0.01)


def test_what_is_scarce_fades() -> None:
    """Independently: what a price holds of scarcity is worth a sum that dies away."""
    rate, fade, scarce = 0.09, 0.5, 8.0
    a = assumed(risk_free=0.04, equity_premium=0.05, scarcity_fade=fade, **STILL)
    given, plain = terms(sales_to_plant=FREE), sales()
    lasting = value(given, plain, a)
    fading = value(given, replace(plain, ordinary=plain.ordinary - scarce), a)
    steps = np.arange(1, FADE + 1)
    gone = 1.0 - np.exp(-fade * steps)
    lost = (gone * np.exp(-rate * (YEARS - 0.5 + steps))).sum()
    lost += gone[-1] * np.exp(-rate * (YEARS + FADE)) * perpetuity(rate)
    assert lasting - fading == pytest.approx(scarce * 0.8 * lost, rel=1e-4)
    slower = replace(a, scarcity_fade=number(0.1))
    assert value(given, replace(plain, ordinary=plain.ordinary - scarce), slower) > fading


def test_discounting_is_the_integral_of_a_rate_whose_beta_returns_to_one() -> None:
    a = assumed(beta_reversion=0.06)
    given = terms(beta=[0.4, 1.0, 2.5], equity_share=[1.0, 0.7, 1.3])
    rf, premium, spread = (float(x) for x in (a.risk_free, a.equity_premium, a.debt_spread))
    beta, share = np.asarray(given.beta), np.asarray(given.equity_share)
    for horizon in (0.5, 5.0, 24.5):
        times = np.linspace(0.0, horizon, 20_001)[:, None]
        now = 1.0 + (beta - 1.0) * np.exp(-0.06 * times)
        rate = rf + share * premium * now + (1.0 - share) * spread
        integral = np.trapezoid(rate, times, axis=0)
        with precise("float64"):
            found = np.asarray(log_discount(a, given, horizon))
        np.testing.assert_allclose(found, integral, rtol=1e-8)


def test_shareholders_ask_more_where_builders_do_for_as_long_as_the_mood_lasts() -> None:
    a = assumed(hurdle_share=0.5, mood_reversion=0.2)
    with precise("float64"):
        within, after = (float(log_mood(a, number(0.03), x, 5)) for x in (4.0, 9.0))
    assert within == pytest.approx(0.5 * 0.03 * 4.0)
    assert after == pytest.approx(0.5 * 0.03 * (5.0 + (1.0 - np.exp(-0.8)) / 0.2))


def test_what_is_asked_more_of_ai_takes_from_value_as_far_as_a_company_is_ai() -> None:
    """Of fleets all, whoever owns them; of other layers by exposure; of the rest nothing."""
    with precise("float64"):
        dear = replace(sales(0.1, companies=3), hurdle=number(0.03))
        given = terms(exposure=[0.0, 0.4, 1.0])
        plain, more = (np.asarray(values(given, s)) for s in (sales(0.1, companies=3), dear))
    change = np.log(more / plain)
    assert change[0] == pytest.approx(0.0, abs=1e-12)
    assert change[2] < change[1] < 0.0
    paths = {"contracted": 100.0, "operating": 20.0, "depreciation": 40.0, "capital_spending": 60.0}
    built = {name: number(np.full(YEARS, x)) for name, x in paths.items()}
    owner = terms(fleet=0.2, spare=0.2)
    both = [value(owner, replace(s, **built)) for s in (sales(0.1), _only(dear))]
    assert both[1] < both[0]


def _only(sold: Sales) -> Sales:
    """Return the same world with one company."""
    return replace(sold, **{name: getattr(sold, name)[..., :1] for name in HELD})


def test_a_distance_of_beta_is_left_for_two_thirds_after_seven_years() -> None:
    """Blume 1975, whom the median quotes."""
    assert np.exp(-float(assumed().beta_reversion) * 7.0) == pytest.approx(2.0 / 3.0, abs=0.02)


def test_value_is_in_proportion_to_size() -> None:
    given = terms(net_debt=20.0)
    sold = sales(0.15)
    seven = {
        name: 7.0 * getattr(given, name) for name in ("volume", "overhead", "net_debt", "capital")
    }
    big = {name: 7.0 * getattr(sold, name) for name in ("revenue", "volumes", "ordinary")}
    found = value(replace(given, **seven), replace(sold, **big))
    assert found == pytest.approx(7.0 * value(given, sold), rel=1e-12)


def test_companies_do_not_mix() -> None:
    both = values(terms(cost=[0.5, 0.9], beta=[1.0, 2.0]), sales(0.1, companies=2))
    assert both[0] == pytest.approx(value(terms(), sales(0.1)), rel=1e-12)
    assert both[1] == pytest.approx(value(terms(cost=0.9, beta=2.0), sales(0.1)), rel=1e-12)


# ----------------------------------------------------------------------- signs

BETTER: dict[str, Callable[[float], Terms]] = {
    "cost": lambda x: terms(cost=0.5 - x, long_run_cost=0.5),
    "long_run_cost": lambda x: terms(long_run_cost=0.5 - x),
    "overhead": lambda x: terms(overhead=4.0 - 10.0 * x),
    "tax_rate": lambda x: terms(tax_rate=0.2 - x),
    "sales_to_plant": lambda x: terms(sales_to_plant=1.2 + x),
    "beta": lambda x: terms(beta=1.0 - x),
}


@pytest.mark.parametrize("name", BETTER)
def test_value_rises_with_what_is_good_for_owners(name: str) -> None:
    found = [value(BETTER[name](x), sales(0.12)) for x in (-0.02, 0.0, 0.02, 0.04)]
    assert (np.diff(found) > 0.0).all()


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("risk_free", -1),
        ("equity_premium", -1),
        ("overhead_elasticity", -1),
        ("growth_fade", -1),
        ("terminal_growth", 1),
        ("terminal_return", 1),
    ],
)
def test_value_moves_with_what_is_assumed(name: str, sign: int) -> None:
    found = [
        value(terms(), sales(0.12), assumed(**{name: x * float(getattr(assumed(), name))}))
        for x in (0.9, 1.0, 1.1)
    ]
    assert (sign * np.diff(found) > 0.0).all()


def test_growth_is_worth_more_where_it_costs_less() -> None:
    def premium(turnover: float) -> float:
        given = terms(sales_to_plant=turnover)
        return value(given, sales(0.15)) / value(given, sales(0.0))

    assert premium(4.0) > premium(1.2) > premium(0.5)


def test_shorter_lives_cost_owners_in_the_order_of_their_fleets() -> None:
    given = terms(fleet=[0.0, 0.01, 0.03, 0.10])
    plain = sales(companies=4)

    def worth(depreciation: float) -> np.ndarray:
        built = {"capital_spending": 60.0, "depreciation": depreciation}
        return values(
            given, replace(plain, **{k: number(np.full(YEARS, x)) for k, x in built.items()})
        )

    lost = 1.0 - worth(60.0) / worth(30.0)
    assert lost[0] == 0.0
    assert (np.diff(lost) > 0.0).all()


def test_a_dearer_premium_on_funds_costs_those_who_owe() -> None:
    given, plain = terms(net_debt=[-50.0, 50.0, 150.0]), sales(companies=3)
    tight = replace(plain, premium=number(np.full(YEARS, 0.05)))
    lost = 1.0 - values(given, tight) / values(given, plain)
    assert lost[0] == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < lost[1] < lost[2]


def test_cash_beyond_debts_is_worth_what_it_is_and_no_enterprise() -> None:
    """Kept for years or paid out: free cash flow counts when it comes, and interest on it never."""
    given, plain = terms(net_debt=[0.0, -50.0, -5_000.0]), sales(companies=3)
    found = values(given, plain)
    np.testing.assert_allclose(found, found[1], rtol=1e-3)
    np.testing.assert_allclose(found[2], found[1], rtol=1e-12)


def test_growth_beyond_what_is_asked_is_worth_much_and_not_nothing() -> None:
    """Where growth for ever passes the rate, value goes on rising and stays finite."""
    found = [value(terms(), sales(), assumed(terminal_growth=g)) for g in (0.03, 0.06, 0.09, 0.12)]
    assert (np.diff(found) > 0.0).all()
    assert np.isfinite(found).all()


# ----------------------------------------------------------------------- the floor


def test_value_stays_above_the_parts_and_profits_are_untouched_by_the_floor() -> None:
    """Who loses more is worth less, down to his capital's; who earns well what he earns."""
    left = EXIT * PLAIN["capital"]
    found = values(terms(cost=[0.5, 0.9, 1.2, 2.0, 5.0]), sales(companies=5))
    assert (found > left).all()
    assert (np.diff(found) < 0.0).all()
    assert found[4] == pytest.approx(left, rel=0.01)
    more = values(terms(cost=5.0, capital=[4.0, 40.0]), sales(companies=2))
    assert more[1] > 8.0 * more[0]
    still = assumed(**STILL)
    rich = value(terms(sales_to_plant=FREE), sales(), still)
    rate = float(still.risk_free) + float(still.equity_premium)
    assert rich - PROFIT * perpetuity(rate) < 5e-3 * left


@pytest.mark.parametrize("rate", [-3.0, 3.0])
def test_extreme_paths_keep_a_finite_positive_value(rate: float) -> None:
    assert 0.0 < value(terms(cost=0.9), sales(rate)) < np.inf


# ----------------------------------------------------------------------- gradients

Given = tuple[ValuationAssumptions, Terms, Sales]


def rough(growth: float, *, companies: int = 3, seed: int = 0) -> Sales:
    """A world in which everything is something, and no year is like another."""
    draw = np.random.default_rng(seed)
    plain = sales(growth, companies=companies)
    levels = {
        "contracted": 60.0,
        "use": 0.2,
        "expected": 70.0,
        "capital_spending": 100.0,
        "operating": 20.0,
        "depreciation": 40.0,
        "write_down": 5.0,
        "premium": 0.02,
    }
    world = {k: number(x * draw.uniform(0.8, 1.2, YEARS)) for k, x in levels.items()}
    wave = draw.uniform(0.9, 1.1, (YEARS, companies))
    revenue = np.asarray(plain.revenue) * wave * 1.1
    return replace(
        plain,
        revenue=number(revenue),
        ordinary=number(revenue[-1] * 0.95),
        lives=number(wave),
        **world,
    )


OWNERS: dict[str, Any] = {
    "fleet": [0.0, 0.05, 0.1],
    "spare": 0.03,
    "at_home": [0.0, 0.0, 1.0],
    "ai_share": 0.3,
    "exposure": 0.6,
}

CASES: dict[str, Given] = {
    "ordinary": (
        assumed(),
        terms(cost=0.4, long_run_cost=0.45, net_debt=[-20.0, 5.0, 60.0], **OWNERS),
        rough(0.1),
    ),
    "loss": (
        assumed(),
        terms(cost=[0.9, 1.1, 1.6], long_run_cost=0.8, net_debt=[0.0, 100.0, 900.0], **OWNERS),
        rough(0.2, seed=1),
    ),
    "absurd": (
        assumed(debt_spread=0.2, terminal_growth=0.07, beta_reversion=2.0),
        terms(
            cost=[0.02, 3.0, 30.0],
            overhead=[0.0, 40.0, 1e3],
            net_debt=[-1e4, 1e3, 1e5],
            beta=[-0.5, 4.0, 9.0],
            equity_share=[1.5, 0.3, 0.3],
            sales_to_plant=[0.1, 4.0, 50.0],
            fleet=[0.0, 0.5, 3.0],
        ),
        rough(-1.5, seed=2),
    ),
}


def _total(given: Given) -> Array:
    return jnp.log(enterprise_value(*given)).sum()


_found = jax.jit(_total)
_slope = jax.jit(jax.value_and_grad(_total))


def leaves(given: Given) -> dict[tuple[int, str], Array]:
    parts: tuple[Any, ...] = given
    return {(i, f.name): getattr(x, f.name) for i, x in enumerate(parts) for f in fields(x)}


def moved(given: Given, place: tuple[int, str], by: np.ndarray) -> Given:
    i, name = place
    parts: list[Any] = list(given)
    parts[i] = replace(parts[i], **{name: getattr(parts[i], name) + by})
    return parts[0], parts[1], parts[2]


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_the_limit_of_differences(case: str) -> None:
    """For every field of what is assumed, of companies and of worlds, in a direction of its own."""
    given, draw = CASES[case], np.random.default_rng(3)
    with precise("float64"):
        found, slopes = _slope(given)
        assert np.isfinite(found)
        for place, x in leaves(given).items():
            size = np.maximum(np.abs(np.asarray(x)), 1e-3 * VOLUME if np.ndim(x) else 1e-3)
            way = draw.standard_normal(np.shape(x)) * size
            if place[1] == "net_debt":  # cash and debt pay other rates: a kink where there is none
                way = np.where(np.asarray(x) == 0.0, 0.0, way)
            exact = float((leaves(slopes)[place] * way).sum())
            step = 1e-5
            up, down = (float(_found(moved(given, place, s * step * way))) for s in (1, -1))
            central = (up - down) / (2.0 * step)
            assert exact == pytest.approx(central, rel=1e-5, abs=1e-6), place


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_finite_in_single_precision(case: str) -> None:
    with precise("float32"):
        single = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), CASES[case])
        found, slopes = _slope(single)
    assert np.isfinite(found)
    for place, slope in leaves(slopes).items():
        assert np.isfinite(np.asarray(slope)).all(), place


@drawn(
    st.floats(-0.6, 0.9),
    st.floats(0.05, 1.5),
    st.floats(0.35, 4.0),
    st.floats(0.3, 3.0),
    st.floats(-200.0, 200.0),
)
def test_gradients_have_their_signs_and_are_finite(
    growth: float, cost: float, turnover: float, beta: float, debt: float
) -> None:
    given = terms(cost=cost, sales_to_plant=turnover, beta=beta, net_debt=debt)
    with precise("float64"):
        found, slopes = _slope((assumed(), given, sales(growth)))
    assert np.isfinite(found)
    assert all(np.isfinite(np.asarray(x)).all() for x in leaves(slopes).values())
    by = {name: float(np.asarray(x).sum()) for (part, name), x in leaves(slopes).items() if part}
    for name in ("cost", "long_run_cost", "overhead"):
        assert by[name] <= 0.0, name
    for name in ("revenue", "ordinary"):
        assert by[name] >= 0.0, name


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_values_are_those_of_either_precision(precision: Precision) -> None:
    with precise(precision):
        given = jax.tree.map(lambda x: jnp.asarray(x, precision), CASES["ordinary"])
        found = np.asarray(jitted(*given))
    np.testing.assert_allclose(found, values(*CASES["ordinary"][1:], CASES["ordinary"][0]), 2e-4)
