"""Mechanism 11: what companies earn, and what is left of it, year by year; in JAX."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model import smooth
from marketsim.model.industry import held
from marketsim.model.smooth import bounded
from marketsim.model.tree import pytree

from .assumptions import ValuationAssumptions

__all__ = ["Sales", "Statement", "Terms", "softplus", "statement"]


LEAST_UNSERVED: Final = 0.02
"""Share of a volume: about as much no fleet serves, at the least."""

MOST_LEVERED: Final = 2.0
"""Years of earnings owed at which what lenders ask comes near its limit."""


@pytree
class Terms:
    """What turns revenue into cash, arrays [company].

    ``volume`` of the fiscal year that costs are known of, USD bn, which ended ``since`` years
    before the decision date, of it what was ``served`` by own fleets, and ``inputs`` passed on;
    ``cost`` of a dollar of the rest, now and in the long run, without overhead; ``overhead`` of
    that year, USD bn; ``tax_rate``; ``sales_to_plant``, sales gained per dollar of other plant;
    ``fleet``, share of the world's AI capital, of which ``spare`` is not sold by its lines, and
    ``at_home`` says whether that is used at home, one, or let, nothing, and ``hidden`` what lines
    do not show of what that brings; ``borrowed``, the share of its capital spending that its own
    cash flow does not pay, and at the decision date the shares of builders without a cash flow of
    their own, ``builders`` of the world's spending and ``holders`` of its compute; ``ai_share`` of
    its revenue that fleets earn, ``exposure`` that other layers of spending do; ``net_debt``, USD
    bn, nothing where it is unknown; ``capital`` in plant, stocks and fleets, USD bn; ``beta``;
    ``equity_share`` of enterprise value at market prices.
    """

    volume: Array
    since: Array
    served: Array
    inputs: Array
    cost: Array
    long_run_cost: Array
    overhead: Array
    tax_rate: Array
    sales_to_plant: Array
    fleet: Array
    spare: Array
    at_home: Array
    hidden: Array
    borrowed: Array
    builders: Array
    holders: Array
    ai_share: Array
    exposure: Array
    net_debt: Array
    capital: Array
    beta: Array
    equity_share: Array


@pytree
class Sales:
    """What a world sells and spends, USD bn per year.

    ``revenue``, ``volumes`` at ordinary prices and without ``inputs`` that are passed on [year,
    company]; ``ordinary`` revenue of the last year [company];
    ``lives``, revenue over what the model has of it [year, company]; what all compute is let at,
    ``contracted``; ``use``, ln of tokens over what forecasts expect, of which the worth was
    ``expected``, and the share of compute that is ``beyond`` what they expect [year];
    of all AI sites ``capital_spending``, ``operating`` cost, ``depreciation`` and ``write_down``
    [year]; the ``premium`` on borrowed funds, per year, what of the spending builders without a
    cash flow of their own do, ``borrowers``, and have of all compute, ``borrowers_fleet`` [year];
    and by how much builders ask for a higher ``hurdle`` than calibrated, per year, a scalar.
    """

    revenue: Array
    volumes: Array
    inputs: Array
    ordinary: Array
    lives: Array
    contracted: Array
    use: Array
    expected: Array
    beyond: Array
    capital_spending: Array
    operating: Array
    depreciation: Array
    write_down: Array
    premium: Array
    borrowers: Array
    borrowers_fleet: Array
    hurdle: Array


@pytree
class Statement:
    """Earnings and cash of companies, USD bn per year, [year, company].

    Of ``revenue`` what is ``served`` by own fleets; ``from_fleets``, what those earn beside it, and
    what ``all_let`` they would earn, were all of them let;
    ``cost`` of what is sold, inputs passed on included, and ``overhead``, without fleets;
    ``running``, ``depreciation`` and ``write_down`` of fleets; ``profit`` before interest and tax,
    and ``tax`` on it; ``capital_spending`` on fleets and ``other_investment`` net of what wears
    out; the ``free_cash_flow`` of all owners and lenders, which may be negative; ``interest`` on
    net debt, the ``premium`` in it, and ``net_debt`` at the end of the year.
    """

    revenue: Array
    served: Array
    from_fleets: Array
    all_let: Array
    cost: Array
    overhead: Array
    running: Array
    depreciation: Array
    write_down: Array
    profit: Array
    tax: Array
    capital_spending: Array
    other_investment: Array
    free_cash_flow: Array
    interest: Array
    premium: Array
    net_debt: Array

    @property
    def total_revenue(self) -> Array:
        """What lines sell, and what fleets earn beside it: growth and margin are of both."""
        return self.revenue + self.from_fleets


def statement(a: ValuationAssumptions, terms: Terms, sold: Sales) -> Statement:
    """Return the statement of one world.

    Costs follow volumes, so that a price above cost is margin, and inputs passed on cost what they
    cost; what fleets serve costs what fleets do; overhead follows them less than one
    for one. Owners of fleets pay for running them, write them off and buy new ones, as the world
    does, by their share, which goes with what becomes of their own AI business, and with who can
    pay for building (`industry.held`). What they do not sell through their lines is let to large
    customers, in time. Where they use it at home forecast revenue holds what was expected; beyond
    that, as far as lines do not show it, compute is worth what it could be let at, and use, in
    proportion to its log, a part of its worth. Growth of what is sold besides costs capital;
    shrinking sets none free. Losses are not taxed and save no tax.
    """
    years = np.arange(len(sold.revenue))[:, None] + 0.5
    own = 1.0 + terms.ai_share * (sold.lives - 1.0)
    building = held(terms.borrowed, sold.borrowers[:, None], terms.builders) * own
    own = held(terms.borrowed, sold.borrowers_fleet[:, None], terms.holders) * own
    fleet = terms.fleet * own
    price = a.letting_price * sold.contracted[:, None]
    # Of what is used at home lines show a part, which fleets serve as they do what is sold.
    shown = terms.spare * (terms.at_home - terms.hidden)
    served = (terms.fleet - terms.spare + shown) * own * price
    other, known = (unserved(*x) for x in ((sold.volumes, served), (terms.volume, terms.served)))
    cost = cost_at(a, terms, years) * other + sold.inputs
    overhead = terms.overhead * jnp.exp(a.overhead_elasticity * jnp.log(other / known))
    let = price * -jnp.expm1(-years / a.letting_time)
    used = a.appropriation * (sold.expected * sold.use)[:, None] + price * sold.beyond[:, None]
    from_fleets = terms.spare * own * (let + (terms.hidden * used - terms.at_home * let))
    running = sold.operating[:, None] * fleet
    depreciation = sold.depreciation[:, None] * fleet
    write_down = sold.write_down[:, None] * fleet
    earned = sold.revenue + from_fleets - cost - overhead
    profit = earned - running - depreciation - write_down
    tax = taxed(terms, profit)
    bought = sold.capital_spending[:, None] * terms.fleet * building
    invested = capital_for(
        a,
        terms,
        _growth(terms, terms.volume - terms.served, other),
        _growth(terms, terms.inputs, sold.inputs),
    )
    free = profit - tax + depreciation + write_down - bought - invested
    able = profit + depreciation + write_down
    interest, dear, debt = financed(a, terms, free, able, sold.premium)
    return Statement(
        revenue=sold.revenue,
        served=served,
        from_fleets=from_fleets,
        all_let=fleet * price,
        cost=cost,
        overhead=overhead,
        running=running,
        depreciation=depreciation,
        write_down=write_down,
        profit=profit,
        tax=tax,
        capital_spending=bought,
        other_investment=invested,
        free_cash_flow=free,
        interest=interest,
        premium=dear,
        net_debt=debt,
    )


def cost_at(a: ValuationAssumptions, terms: Terms, years: Array | float | np.ndarray) -> Array:
    """Return what a dollar of volume costs ``years`` after the decision date."""
    left = jnp.exp(-a.margin_reversion * years)
    return terms.long_run_cost + (terms.cost - terms.long_run_cost) * left


def taxed(terms: Terms, profit: Array) -> Array:
    """Return tax on a year's ``profit``; smoothly nothing on losses."""
    return terms.tax_rate * softplus(profit, 0.01 * terms.volume)


def unserved(volume: Array, served: Array) -> Array:
    """Return what of a ``volume`` no fleet serves, smoothly above zero; all where none does."""
    left = smooth.positive_part(1.0 - served / volume, LEAST_UNSERVED)
    return volume * left / smooth.positive_part(jnp.ones_like(left), LEAST_UNSERVED)


def _growth(terms: Terms, known: Array, path: Array) -> Array:
    """Return by how much a ``path`` grows in each year, [year, company].

    In the first at the pace since the fiscal year of which it is ``known``.
    """
    first = (path[:1] - known) / (1.0 + terms.since)
    return jnp.concatenate([first, jnp.diff(path, axis=0)])


def capital_for(
    a: ValuationAssumptions, terms: Terms, growth: Array, more: Array | float = 0.0
) -> Array:
    """Return capital that a year's ``growth`` of volume takes, and ``more`` inputs passed on.

    Plant and working capital, of inputs working capital alone; without fleets.
    """
    plant = softplus(growth, 0.01 * terms.volume) / terms.sales_to_plant
    return plant + a.working_capital * softplus(growth + more, 0.01 * terms.volume)


def financed(
    a: ValuationAssumptions, terms: Terms, free: Array, earned: Array, premium: Array
) -> tuple[Array, Array, Array]:
    """Return interest on net debt, the premium in it, and the net debt left, [year, company].

    Parameters
    ----------
    free, earned
        Free cash flow, and profit before what is written off, [year, company].
    premium
        On borrowed funds at a leverage of one, per year, [year].

    Notes
    -----
    Lenders ask more the more years of earnings are owed, up to a limit (the external premium of the
    model's own investment); cash earns the return without risk.
    """

    def year(debt: Array, given: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        left, able, asked = given
        owed = softplus(debt, 0.01 * terms.volume)
        leverage = owed / smooth.positive_part(able, 0.05 * terms.volume)
        dear = asked * bounded(leverage, MOST_LEVERED) * owed
        interest = a.risk_free * debt + a.debt_spread * owed + dear
        after = debt + interest * (1.0 - terms.tax_rate) - left
        return after, (interest, dear, after)

    _, (interest, dear, debt) = jax.lax.scan(year, terms.net_debt, (free, earned, premium))
    return interest, dear, debt


def softplus(x: Array, width: Array | float) -> Array:
    """Return a smooth max(x, 0) of the given ``width``, whose tail is exponential."""
    far = jnp.abs(x) / width
    return jnp.maximum(x, 0.0) + width * jnp.log1p(jnp.exp(-far))
