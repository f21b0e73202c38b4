"""Values, gradients and balances of worlds at draws of the priors, in both precisions.

    python benchmarks/numerics.py [--draws 100000] [--points 200] [--seed 0] [--as-of 2025-12-31]

The priors are those of a calibration to the facts of the date. A world is a draw of every
assumption and of the news of every quarter; it runs four years of history and five of the future,
the longest run of the main job. Gradients are those of its level, a sum of all that is observed;
at some points they are held against central differences. What is printed should be zero, or
rounding.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

import marketsim as ms

if TYPE_CHECKING:
    from marketsim.model import Assumptions, Coordinates, Quarter, Setting, State
    from marketsim.model.memory import Premia
    from marketsim.precision import Precision

QUARTERS: Final = 36
CHUNK: Final = 250
"""Worlds run together: one program, whatever the number of draws."""


QUICKLY: Final = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
"""XLA options: the gradient through nine years compiles in 14 s of processor time, not 62."""

STEP: Final = 1e-3
"""Of differences, in prior standard deviations."""

ROUNDING: Final = 2e-12
"""What differences of a level of about one cannot tell in float64."""

HARD: Final = {
    "initial_power_slack": -6.0,
    "initial_equipment": -6.0,
    "general_capacity": -4.0,
    "initial_cash_flow": -8.0,
    "power_margin": -4.0,
    "saturation": -4.0,
    "initial_bandwidth[low_latency]": -6.0,
    "speed_growth[batch]": 30.0,
    "concentration[power_equipment]": 8.0,
    "concentration[leases]": 8.0,
    "exposure[GEV.total]": 8.0,
    "exposure[IRM.total]": 14.0,
    "exposure[TLN.total]": 6.0,
}
"""Shifts, in prior standard deviations, to worlds where everything bears on the level from the
start: power, its equipment, cash and fast memory are short, demand is saturated, even batch work is
in a hurry, and small owners of plant, leases and power count."""


class Turn(NamedTuple):
    """A quarter ``q`` of a world, with the states it led from and to."""

    a: Assumptions
    setting: Setting
    before: State
    after: State
    q: Quarter


class Findings(NamedTuple):
    """Of worlds, [draw, ...].

    ``level``; ``finite``, whether each observable always was [observable]; ``gaps``, the worst of
    each balance [balance]; ``slopes`` of the level in assumptions and news [coordinate].
    """

    level: np.ndarray
    finite: np.ndarray
    gaps: np.ndarray
    slopes: np.ndarray


# What must add up: both sides of an identity, from what is observed wherever it can be.

Sides = tuple[Array, Array]


def compute(t: Turn) -> Sides:
    """What stands is what stood, with deliveries, less removals."""
    stood = t.before.fleet.compute.sum() + t.q.delivered - t.q.retired
    return t.after.fleet.compute.sum(), stood


def power_of_the_fleet(t: Turn) -> Sides:
    """IT power of what stands is what was hosted in the quarter, and new chips as they are sold."""
    kw = t.q.architecture_share @ jnp.exp(t.before.technology.log_power)
    return t.after.fleet.power.sum(), hosted(t) + t.q.delivered * kw


def site_load(t: Turn) -> Sides:
    """A site draws PUE times the IT load of what was hosted and of the new vintage."""
    return t.q.load, (1.0 + t.a.power_overhead) * (hosted(t) + t.after.fleet.power[0].sum())


def orders_of_generation(t: Turn) -> Sides:
    """What stood on order and is not any more was paid for, at the prices of its orders."""
    grid = ms.model.grid
    before, after = t.before.grid, t.after.grid
    orders = after.backlog - before.backlog + before.backlog * grid.fulfilled(t.a)
    owed = before.owed.sum() + (orders * grid.turbine_price(t.a, before.backlog)).sum()
    return after.owed.sum() + by_layer(t)["turbines"], owed


def generation(t: Turn) -> Sides:
    """With what they earned at the start, merchants earn energy, capacity and contracts."""
    a, markets, power = t.a, t.before.grid, t.before.power
    base = a.merchant_output * a.initial_wholesale_price
    base += a.merchant_capacity * a.initial_capacity_price / 24.0
    bill = jnp.exp(power.log_electricity) * jnp.expm1(power.log_factor)
    contracts = a.own_generation_cost * jnp.tanh(bill / a.own_generation_cost)
    load = jnp.exp(power.log_load) * (1.0 - power.own / power.energised)
    sold = ms.model.smooth.smooth_minimum(a.grid_share * load, a.merchant_output)
    energy = a.merchant_output * (a.initial_wholesale_price + markets.energy)
    earned = energy + a.merchant_capacity * markets.capacity / 24.0 + 1e3 * sold * contracts
    hours = 1e-3 * ms.model.units.KILOHOURS
    return by_layer(t)["generation"] + base * hours, earned * hours


def capital_spending(t: Turn) -> Sides:
    """Sites cost what chips, networks, servers without their chips, plant and shells are paid."""
    paid = by_layer(t)
    systems = accelerators(paid) + paid["networking"] + paid["servers"] - paid["gpu"]
    return t.q.capital_spending, systems + paid["power_equipment"] + paid["construction"]


def operating_spending(t: Turn) -> Sides:
    """Running all but the new vintage costs its energy as contracted, at PUE, and its hosting."""
    price = jnp.exp(t.before.power.log_electricity + t.after.power.log_factor)
    energy = (1.0 + t.a.power_overhead) * price * ms.model.units.KILOHOURS
    older = t.after.fleet.power[1:].sum()
    return t.q.operating_spending, older * (energy + t.a.hosting_cost)


def price_of_chips(t: Turn) -> Sides:
    """Accelerators are paid what was delivered at its price, whoever owns the design."""
    trend = jnp.exp(t.before.technology.log_price) * dear_memory(t).chips
    log_price, log_markup = t.before.technology.log_price, t.before.industry.log_markup
    own = trend * ms.model.layers.markups(t.a, log_price, log_markup)
    price = t.q.chip_price / own[ms.model.units.GPU] * own
    return accelerators(by_layer(t)), t.q.delivered * (t.q.architecture_share @ price)


def rent_of_compute(t: Turn) -> Sides:
    """Clouds sell their share of the compute that runs at the price of contracts."""
    rent = t.q.running * jnp.exp(t.after.log_contract) * ms.model.units.KILOHOURS
    return by_layer(t)["cloud"] / t.a.cloud_markup, t.a.rented_share * rent


def book_value(t: Turn) -> Sides:
    """Book value takes in capital spending and gives up three kinds of charges."""
    charged = t.q.depreciation + t.q.written_off + t.q.write_down
    before = t.before.fleet.book.sum()
    return t.after.fleet.book.sum() + charged, before + t.q.capital_spending


def bits_of_memory(t: Turn) -> Sides:
    """Bits made are sold or lie in stock, high-bandwidth memory as what its wafers would make."""
    now, after, a = t.before.memory, t.after.memory, t.a
    idle = ms.model.memory.idle(a, now.log_price - now.log_cost)
    used = a.memory_utilisation * (after.log_price - now.log_cost) - idle
    made = jnp.exp(now.log_capacity + used)
    hbm = t.q.hbm_revenue * jnp.exp(-after.log_hbm_price)
    sold = t.q.memory_bits + (a.hbm_trade_ratio - 1.0) * hbm
    return after.stock + sold, now.stock + made


def capacity_of_memory(t: Turn) -> Sides:
    """What is started is built or being built."""
    now, after, a = t.before.memory, t.after.memory, t.a
    eager = ms.model.smooth.bounded(
        a.memory_investment * (after.log_price - now.log_cost), ms.model.memory.BOOM
    )
    foreseen = a.memory_supply_growth * a.memory_lead_time
    starts = a.memory_supply_growth * ms.model.YEARS * jnp.exp(foreseen + eager)
    capacity = jnp.exp(now.log_capacity)
    grown = jnp.exp(after.log_capacity) + after.queue.sum()
    return grown, capacity * (1.0 + starts) + now.queue.sum()


def revenue_of_memory(t: Turn) -> Sides:
    """Its buyers pay what its makers earn: for DRAM, for flash, for high-bandwidth memory."""
    hbm = t.q.hbm_revenue * jnp.exp(-t.after.memory.log_hbm_price)
    dram = t.q.memory_price * (t.q.memory_bits - hbm)
    both = t.q.hbm_revenue + dram
    earned = jnp.stack([both, both + t.a.flash_ratio * dram])
    return jnp.stack([t.q.memory_revenue, by_layer(t)["memory"]]), earned


def market_clearing(t: Turn) -> Sides:
    """Compute that runs is compute wanted at the rent."""
    market = ms.model.market
    electricity = jnp.exp(t.before.power.log_electricity + t.before.power.log_factor)
    stock = market.stock(t.a, t.before.fleet, electricity)
    running = market.supplied(stock, jnp.log(t.q.rent))
    training = jnp.exp(t.after.demand.log_training) / ms.model.units.KILOHOURS / t.q.rent
    return t.q.inference_share * t.q.running + training, running


def companies(t: Turn) -> Sides:
    """Companies report the revenue of all lines."""
    by_company = ms.model.company_revenue(t.setting.lines, t.q.lines)
    return by_company.sum(), t.q.lines.sum()


def shares(t: Turn) -> Sides:
    """Shares of architectures sum to one, of compute and of tokens; so do those of limits."""
    of_compute = jnp.stack([t.q.architecture_share.sum(), t.q.binding.sum()])
    return jnp.concatenate([t.q.token_share.sum(axis=0), of_compute]), jnp.ones(5)


def debt(t: Turn) -> Sides:
    """What is owed is what was owed, less repayments, and what was borrowed."""
    kept = t.before.investment.debt * (1.0 - t.a.debt_repayment)
    return t.q.debt, kept + t.q.borrowed


def order_book(t: Turn) -> Sides:
    """What is booked is what was, with orders, less what was built."""
    held = ms.model.investment.booked(t.a, t.before.investment)
    return t.q.order_book + t.q.capital_spending, held + t.q.orders


def spending_on_tokens(t: Turn) -> Sides:
    """Tokens cost what laboratories are paid, and what own use would be at their price."""
    at_price = (t.q.tokens * t.q.token_price).sum() / 1e3
    return t.q.laboratory_revenue + t.a.token_markup * t.q.own_use, at_price


def training(t: Turn) -> Sides:
    """Training is paid out of outside capital, and of what tokens earned the quarter before."""
    earned = jnp.stack(ms.model.demand.spending(t.a, t.before.demand)).sum()
    return t.q.training, t.q.training_capital + t.a.training_reinvestment * earned


BALANCES: Final[dict[str, Callable[[Turn], Sides]]] = {
    balance.__name__: balance
    for balance in (
        compute,
        power_of_the_fleet,
        site_load,
        orders_of_generation,
        generation,
        capital_spending,
        operating_spending,
        price_of_chips,
        rent_of_compute,
        book_value,
        bits_of_memory,
        capacity_of_memory,
        revenue_of_memory,
        market_clearing,
        companies,
        shares,
        debt,
        order_book,
        spending_on_tokens,
        training,
    )
}


def hosted(t: Turn) -> Array:
    """IT load that the quarter's upkeep was paid for, GW."""
    return by_layer(t)["operations"] / t.a.hosting_cost


def dear_memory(t: Turn) -> Premia:
    """What memory adds to prices that are paid."""
    memory, technology = ms.model.memory, t.before.technology
    chip = memory.bits_per_chip(t.a, technology.log_memory, technology.log_power)
    paid = replace(t.after.memory, log_cost=t.before.memory.log_cost)
    return memory.premia(t.a, paid, chip, technology.log_price)


def by_layer(t: Turn) -> dict[str, Array]:
    return dict(zip(ms.model.LAYERS, t.q.spending, strict=True))


def accelerators(paid: dict[str, Array]) -> Array:
    return paid["gpu"] + paid["asic"] + paid["low_latency"]


def gaps(t: Turn) -> Array:
    """Return the gap between the sides of each balance, relative to them, [balance]."""
    both = [balance(t) for balance in BALANCES.values()]
    return jnp.stack(
        [jnp.max(jnp.abs(x - y) / jnp.maximum(jnp.abs(x), jnp.abs(y))) for x, y in both]
    )


# Worlds


def world(
    x: Array, counted: Array, coordinates: Coordinates, setting: Setting
) -> tuple[Array, tuple[Array, Array]]:
    """Return the level of a world, which observables were finite, and the worst of its gaps.

    ``x`` [coordinate] holds the assumptions, then news of each kind by quarter, standard normal;
    ``counted`` [quarter] what each quarter counts in the level.
    """
    model, size = ms.model, len(coordinates.kind)
    a = model.unpack(model.values(coordinates, x[:size]))
    news = model.Shocks(*jnp.reshape(x[size:], (len(model.NEWS), -1)))

    def one(now: State, shocks: Any) -> tuple[State, tuple[Quarter, Array]]:
        after, quarter = model.step(a, setting, now, shocks)
        return after, (quarter, gaps(Turn(a, setting, now, after, quarter)))

    _, (quarters, worst) = lax.scan(one, model.start(a, setting), news)
    finite = jnp.stack([jnp.isfinite(each).all() for each in observed(quarters).values()])
    return level(quarters, counted=counted), (finite, worst.max(axis=0))


def through(quarters: int) -> np.ndarray:
    """Return what each of `QUARTERS` counts: alike up to as many ``quarters``, nothing after."""
    return (np.arange(QUARTERS) < quarters) / quarters


def observed(quarters: Quarter) -> dict[str, Array]:
    return {name: getattr(quarters, name) for name in ms.model.Quarter.__dataclass_fields__}


def level(quarters: Quarter, worlds: int = 0, counted: Array | None = None) -> Array:
    """Return the mean of all observables, the log of what is large: their inverse hyperbolic sine.

    Every observable counts alike, so that no derivative is lost, and so does every quarter unless
    they are ``counted`` [quarter] otherwise. The last axes may be of ``worlds``.
    """
    seen = [jnp.arcsinh(x) for x in observed(quarters).values()]
    if counted is not None:
        seen = [jnp.tensordot(counted, x, 1)[None] for x in seen]
    means = [x.mean(axis=tuple(range(x.ndim - worlds))) for x in seen]
    return jnp.stack(means).mean(axis=0)


@partial(jax.jit, compiler_options=QUICKLY)
@partial(jax.vmap, in_axes=(0, None, None, None))
def slopes(x: Array, counted: Array, coordinates: Coordinates, setting: Setting) -> Any:
    return jax.value_and_grad(world, has_aux=True)(x, counted, coordinates, setting)


@partial(jax.jit, compiler_options=ms.precision.RUN_OFTEN)
def levels(x: Array, coordinates: Coordinates, setting: Setting) -> Array:
    """Return the levels of worlds at ``x`` [draw, coordinate], run with the draw as last axis."""
    model, size = ms.model, len(coordinates.kind)
    a = model.unpack(model.values(coordinates, x.T[:size]))
    news = model.Shocks(*jnp.reshape(x.T[size:], (len(model.NEWS), -1, len(x))))
    return level(model.run(a, setting, model.start(a, setting), news)[1], worlds=1)


def differences(
    x: np.ndarray, coordinates: Coordinates, setting: Setting, step: float = STEP
) -> np.ndarray:
    """Return the level's central differences of fourth order at ``x`` [coordinate], likewise."""
    nudges = step * np.concatenate([k * np.eye(len(x)) for k in (1.0, -1.0, 2.0, -2.0)])
    y = np.asarray(levels(jnp.asarray(x + nudges), coordinates, setting))
    up, down, far_up, far_down = np.split(y, 4)
    return np.asarray((8.0 * (up - down) - (far_up - far_down)) / (12.0 * step))


def points(count: int, seed: int, names: list[str]) -> np.ndarray:
    """Return draws of the coordinates named, [draw, coordinate]; every second one is hard."""
    drawn = np.random.default_rng(seed).standard_normal((count, len(names)))
    drawn[1::2] += [HARD.get(name, 0.0) for name in names]
    return drawn


def examine(
    x: np.ndarray, coordinates: Coordinates, setting: Setting, precision: Precision
) -> Findings:
    """Run the worlds at ``x`` [draw, coordinate] in one batch."""
    with ms.precision.precise(precision):
        asked = (x, through(QUARTERS), coordinates, setting)
        given = jax.tree.map(partial(cast, precision=precision), asked)
        (level, (finite, worst)), slope = slopes(*given)
        return Findings(*(np.asarray(y) for y in (level, finite, worst, slope)))


def cast(x: Any, precision: Precision) -> Array:
    wide = np.asarray(x)
    return jnp.asarray(wide.astype(precision) if wide.dtype.kind == "f" else wide)


def draw(seed: int, part: int, coordinates: Coordinates, quarters: int = QUARTERS) -> np.ndarray:
    """Return a chunk of draws of assumptions and news, [draw, coordinate]."""
    size = len(coordinates.kind) + len(ms.model.NEWS) * quarters
    return np.random.default_rng([seed, part]).standard_normal((CHUNK, size))


# The report


class Tally(NamedTuple):
    """Counts of draws with a fault, by observable and by coordinate, and the worst gaps."""

    draws: int
    values: np.ndarray
    slopes: np.ndarray
    gaps: np.ndarray


def tally(draws: int, seed: int, posterior: ms.Posterior, precision: Precision) -> Tally:
    """Examine as many draws, chunk by chunk."""
    values, slopes, worst = (np.zeros(1) for _ in range(3))
    given = posterior.coordinates, posterior.setting
    for part in range(-(-draws // CHUNK)):
        x = draw(seed, part, posterior.coordinates)
        found = Findings(*(y[: draws - part * CHUNK] for y in examine(x, *given, precision)))
        values = values + (~found.finite).sum(axis=0)
        slopes = slopes + (~np.isfinite(found.slopes)).sum(axis=0)
        worst = np.maximum(worst, found.gaps.max(axis=0))
    return Tally(draws, values, slopes, worst)


def compare(count: int, seed: int, posterior: ms.Posterior, names: list[str]) -> None:
    """Print how far gradients are from differences at as many points; ``names`` of coordinates."""
    given = posterior.coordinates, posterior.setting
    with ms.precision.precise("float64"):
        x = points(count, seed, names)
        slope = np.asarray(slopes(jnp.asarray(x), jnp.asarray(through(QUARTERS)), *given)[1])
        gap = np.abs(slope - np.stack([differences(point, *given) for point in x]))
        over = (gap > 1e-6 * np.abs(slope) + ROUNDING).any(axis=1)
        for i in np.flatnonzero(over):  # does the difference err, where the level bends?
            closer = np.abs(slope[i] - differences(x[i], *given, step=STEP / 4.0))
            gap[i] = np.minimum(gap[i], closer)
    print(f"  points at which differences took a quarter of the step to settle: {over.sum()}")
    told = 1e-6 * np.abs(slope) > ROUNDING
    worst, few = (gap[told] / np.abs(slope[told])).max(), told.sum(axis=0)
    unseen = [name for name, seen in zip(names, few, strict=True) if not seen]
    print(
        f"  of {gap.size:,} derivatives at {count:,} points, {told.mean():.0%} are large enough to"
    )
    print(f"  be told to 1e-6 of themselves; the worst of them is off by {worst:.1e} of itself,")
    print(f"  the worst of the others by {gap[~told].max(initial=0.0):.1e} where the largest")
    print(f"  is {np.abs(slope).max():.2g}; never large enough: {', '.join(unseen) or 'none'}")


def report(found: Tally, names: list[str]) -> None:
    """Print what was found; ``names`` of coordinates."""
    observables = list(ms.model.Quarter.__dataclass_fields__)
    for what, counts, of in (
        ("values", found.values, observables),
        ("gradients", found.slopes, names),
    ):
        print(f"  draws with non-finite {what}: {faults(counts, of)}")
    print("  worst gap of each balance, relative to its sides:")
    for name, gap in zip(BALANCES, found.gaps, strict=True):
        print(f"    {name.replace('_', ' '):22s}{gap:10.1e}")


def faults(counts: np.ndarray, names: list[str]) -> str:
    hit = {name: int(n) for name, n in zip(names, counts, strict=True) if n}
    return ", ".join(f"{name} {n:,}" for name, n in hit.items()) or "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--as-of", default="2025-12-31")
    asked = parser.parse_args()
    posterior = ms.calibrate(ms.load_facts(as_of=asked.as_of))
    news = [f"{n}_news[{q}]" for n in ms.model.NEWS for q in range(QUARTERS)]
    names = [entry.name for entry in posterior.entries] + news
    for precision in ("float64", "float32"):
        begun = perf_counter()
        found = tally(asked.draws, asked.seed, posterior, precision)
        print(f"{precision}: {asked.draws:,} draws in {perf_counter() - begun:,.0f} s")
        report(found, names)
    begun = perf_counter()
    print("gradients against central differences, float64:")
    compare(asked.points, asked.seed, posterior, names)
    print(f"  in {perf_counter() - begun:,.0f} s")


if __name__ == "__main__":
    main()
