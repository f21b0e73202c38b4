"""Present value: perpetuities, Gordon growth, and the signs that every analyst expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.model.tree import leaf
from marketsim.precision import Precision, precise
from marketsim.valuation import Terms, log_value
from marketsim.valuation.cashflow import MARGIN_REVERSION, TERMINAL_GROWTH, margin_at

QUARTERS = 20
jitted = jax.jit(log_value)
NAMES = ("margin", "long_run_margin", "tax_rate", "sales_to_capital", "discount_rate")


def one(
    margin: float = 0.3,
    long_run_margin: float | None = None,
    tax_rate: float = 0.2,
    sales_to_capital: float = 1.2,
    discount_rate: float = 0.10,
) -> Terms:
    """Terms of one company, whose margin has settled unless told."""
    settled = margin if long_run_margin is None else long_run_margin
    figures = (margin, settled, tax_rate, sales_to_capital, discount_rate)
    return Terms(**{k: leaf(np.array([v])) for k, v in zip(NAMES, figures, strict=True)})


def growing(rate: float, quarters: int = QUARTERS, level: float = 10.0) -> np.ndarray:
    return np.asarray(level * np.exp(rate * 0.25 * np.arange(quarters))[:, None])


def value(revenue: np.ndarray, terms: Terms) -> float:
    with precise("float64"):
        return float(np.exp(jitted(jnp.asarray(revenue), terms)[0]))


# ----------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("discount_rate", [0.07, 0.10, 0.14])
def test_constant_revenue_for_ever_is_a_perpetuity(discount_rate: float) -> None:
    """Profit after tax over the discount rate, less the few percent of the smooth payout."""
    terms = one(discount_rate=discount_rate)
    profit = 4.0 * 10.0 * 0.3 * (1.0 - 0.2)
    ratio = value(growing(0.0, quarters=1600), terms) / (profit / discount_rate)
    assert 0.95 < ratio < 1.0


def test_constant_revenue_is_a_geometric_sum_and_a_fading_tail() -> None:
    """Independently in NumPy: payments mid-quarter, then the H-model from no growth to 3 %."""
    rate, profit = 0.10, 10.0 * 0.3 * (1.0 - 0.2)

    def soft(x: float) -> float:
        return float(0.05 * np.log1p(np.exp(x / 0.05)))

    paid = 0.10 + soft(1.0 - soft(0.0) - 0.10)
    per_quarter = np.exp(-0.25 * rate)
    explicit = profit * paid * per_quarter**0.5 * (1 - per_quarter**QUARTERS) / (1 - per_quarter)
    fading = (1.03 + 3.0 * (0.0 - 0.03)) / (rate - 0.03)
    tail = 4.0 * profit * (1.0 - 0.03 / 0.20) * fading * per_quarter**QUARTERS
    assert value(growing(0.0), one()) == pytest.approx(explicit + tail, rel=1e-9)


def test_growth_for_ever_is_worth_what_gordon_says() -> None:
    """Payout / (r - g), wherever the explicit years end: the tail continues what they begin.

    The company grows at the terminal rate and reinvests what that costs at the terminal return.
    """
    margin, tax, rate = 0.3, 0.2, 0.10
    terms = one(
        margin=margin,
        tax_rate=tax,
        discount_rate=rate,
        sales_to_capital=0.20 / (margin * (1.0 - tax)),
    )
    profit = 4.0 * 10.0 * margin * (1.0 - tax)
    gordon = profit * (1.0 - TERMINAL_GROWTH / 0.20) / (rate - TERMINAL_GROWTH)
    for quarters in (8, 20, 60, 200, 800):
        assert value(growing(TERMINAL_GROWTH, quarters), terms) == pytest.approx(gordon, rel=0.04)


def test_value_is_in_proportion_to_revenue() -> None:
    revenue = growing(0.15)
    terms = one(margin=0.5, long_run_margin=0.3)
    assert value(7.0 * revenue, terms) == pytest.approx(7.0 * value(revenue, terms), rel=1e-12)


def test_companies_do_not_mix() -> None:
    revenue = np.concatenate([growing(0.1), growing(-0.2)], axis=1)
    with precise("float64"):
        both = Terms(
            **{k: jnp.concatenate([getattr(one(), k), getattr(one(0.1), k)]) for k in NAMES}
        )
        values = np.exp(np.asarray(jitted(jnp.asarray(revenue), both)))
    assert values[0] == pytest.approx(value(growing(0.1), one()), rel=1e-12)
    assert values[1] == pytest.approx(value(growing(-0.2), one(0.1)), rel=1e-12)


def test_margins_revert_at_their_speed() -> None:
    terms = one(margin=0.6, long_run_margin=0.4)
    with precise("float64"):
        now, half, never = (
            float(margin_at(terms, y)[0]) for y in (0.0, np.log(2.0) / MARGIN_REVERSION, 1e3)
        )
    assert now == pytest.approx(0.6)
    assert half == pytest.approx(0.5)
    assert never == pytest.approx(0.4)


# ----------------------------------------------------------------------- signs

BETTER: dict[str, Callable[[float], Terms]] = {
    "margin": lambda x: one(margin=0.3 + x, long_run_margin=0.3),
    "long_run_margin": lambda x: one(margin=0.3, long_run_margin=0.3 + x),
    "tax_rate": lambda x: one(tax_rate=0.2 - x),
    "sales_to_capital": lambda x: one(sales_to_capital=1.2 + x),
    "discount_rate": lambda x: one(discount_rate=0.10 - x),
}


@pytest.mark.parametrize("name", BETTER)
def test_value_rises_with_what_is_good_for_owners(name: str) -> None:
    revenue = growing(0.12)
    values = [value(revenue, BETTER[name](x)) for x in (-0.02, 0.0, 0.02, 0.04)]
    assert (np.diff(values) > 0.0).all()


rates = st.floats(-0.6, 0.9)


@given(rates, st.floats(0.05, 0.7), st.floats(0.35, 4.0), st.floats(0.06, 0.2))
def test_gradients_have_their_signs_and_are_finite(
    growth: float, margin: float, turnover: float, rate: float
) -> None:
    terms = one(margin=margin, sales_to_capital=turnover, discount_rate=rate)
    with precise("float64"):
        found, slope = _log_value_and_slope(jnp.asarray(growing(growth)), terms)
    assert np.isfinite(found)
    slopes = {k: float(getattr(slope, k)[0]) for k in NAMES}
    assert slopes["margin"] > 0.0
    assert slopes["long_run_margin"] > 0.0
    assert slopes["tax_rate"] < 0.0
    assert slopes["discount_rate"] < 0.0
    assert growth < 0.01 or slopes["sales_to_capital"] >= 0.0


_log_value_and_slope = jax.jit(
    jax.value_and_grad(lambda revenue, terms: log_value(revenue, terms)[0], argnums=1)
)


def test_growth_is_worth_more_where_it_costs_less() -> None:
    def premium(turnover: float) -> float:
        terms = one(sales_to_capital=turnover)
        return value(growing(0.15), terms) / value(growing(0.0), terms)

    assert premium(4.0) > premium(1.2) > premium(0.5)


def test_shrinking_sets_no_capital_free() -> None:
    """A falling path is worth less than its profits alone would be with capital returned."""
    falling = growing(-0.3)
    values = [value(falling, one(sales_to_capital=s)) for s in (0.35, 4.0)]
    assert values[0] == pytest.approx(values[1], rel=0.05)


@pytest.mark.parametrize("rate", [-3.0, 3.0])
def test_extreme_paths_keep_a_finite_positive_value(rate: float) -> None:
    assert 0.0 < value(growing(rate), one(margin=0.05)) < np.inf


# ----------------------------------------------------------------------- gradients


@pytest.mark.parametrize(
    ("precision", "step", "rtol"), [("float64", 1e-5, 1e-6), ("float32", 1e-2, 2e-2)]
)
def test_gradients_are_the_limit_of_differences(
    precision: Precision, step: float, rtol: float
) -> None:
    wave = growing(0.1) * (1.0 + 0.05 * np.sin(np.arange(QUARTERS))[:, None])
    with precise(precision):
        terms = jax.tree.map(lambda x: jnp.asarray(x, precision), one(0.5, 0.3))

        @jax.jit
        def of(log_revenue: jax.Array) -> jax.Array:
            return log_value(jnp.exp(log_revenue), terms)[0]

        logs = jnp.asarray(np.log(wave), precision)
        exact = np.asarray(jax.grad(of)(logs))[:, 0]
        for quarter in (0, 1, 7, 14, 15, 19):
            bump = jnp.zeros_like(logs).at[quarter, 0].set(step)
            central = float(of(logs + bump) - of(logs - bump)) / (2.0 * step)
            assert exact[quarter] == pytest.approx(central, rel=rtol, abs=rtol)
    assert exact.sum() == pytest.approx(1.0, abs=1e-5)


def test_terms_are_frozen() -> None:
    changed = replace(one(), tax_rate=leaf(np.array([0.3])))
    assert value(growing(0.0), changed) < value(growing(0.0), one())
    with pytest.raises(AttributeError):
        one().margin = leaf(np.array([0.1]))  # type: ignore[misc]
