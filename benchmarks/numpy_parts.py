"""Parts of the structural model in NumPy: roofline, prices, demand, market, fleet, power, revenue.

Arrays are [..., draw]: what is one number for a world broadcasts as it is, inner loops run over
draws, and sums over vintages or chips add whole rows. `np.logaddexp` is avoided, it is not
vectorised, and so are powers. The state is one flat tree: a part reads the last quarter's ``s`` and
writes what it moves into ``new``. What the equations mean is said in marketsim/model.
"""

from __future__ import annotations

from functools import reduce
from types import SimpleNamespace as Tree
from typing import Any, Final

import numpy as np

Array = Any  # float64 [..., draw]; a checker cannot see what trees hold

YEARS: Final = 0.25
KILOHOURS: Final = 8.766 * YEARS
FLOPS: Final = 989.4e12 * 0.70
BANDWIDTH: Final = 1e12 * 0.75
TINY: Final = 1e-9
AGES: Final = YEARS * np.arange(28.0)[:, None, None]
CHIPS: Final = 2.0 * 2048.0 ** (np.arange(9.0)[:, None] / 8)
GPU: Final = np.array([[1.0], [0.0], [0.0]])
TO_GPU: Final = np.array([[1.0], [0.0], [-1.0]])
CONTESTED: Final = np.array([0, 1, 6, 7, 8, 12, 13])


def smooth(sharpness: float, *logs: Array) -> Array:
    """Return the smooth maximum of ``logs``, or minimum if negative; at 1, ln of the sum."""
    scaled = [sharpness * x for x in logs] if sharpness != 1.0 else logs
    high = reduce(np.maximum, scaled)
    return (high + np.log(sum(np.exp(x - high) for x in scaled))) / sharpness


def log_total(logs: Array, axis: int = 0) -> Array:
    high = logs.max(axis=axis)
    return high + np.log(np.exp(logs - np.expand_dims(high, axis)).sum(axis=axis))


def positive(x: Array, width: float) -> Array:
    """Return max(x, 0) smoothed by a hyperbola: half of |x| + hypot above zero."""
    long = np.abs(x) + np.sqrt(np.square(x) + width * width)
    return np.where(x > 0.0, 0.5 * long, 0.5 * width * width / long)


def over(x: Array, y: Array) -> Array:
    """Return (x^8 + y^8)^(1/8) - y of levels, through logs."""
    ratio = np.log(x) - np.log(y)
    return np.maximum(x - y, 0.0) + np.maximum(x, y) * np.expm1(
        0.125 * np.log1p(np.exp(-8.0 * np.abs(ratio)))
    )


def least(x: Array, y: Array) -> Array:
    """Return a smooth minimum of levels: the harmonic mean's sum, less what bends."""
    total = x + y
    return 2.0 * x * y / (total + np.sqrt(np.square(total) - 3.96 * x * y))


def readable(left: Array, weights: Array, active: Array, cache: Array) -> Array:
    """Return the batch read in the time left: t = left - cache x batch weights are touched."""
    scale = 0.99 * cache + active
    half = 0.5 * (left * (active + 1.98 * cache) - weights * (cache + active)) / (cache * scale)
    rest = left * (weights - 0.99 * left) / (cache * scale)
    root = np.sqrt(np.square(half) + rest)
    return np.where(half > 0.0, root + half, rest / (root + np.abs(half)))


def below(cost: Array, rent: Array) -> Array:
    """Return the logistic of ln rent less ln cost over a width of a quarter."""
    squared = np.square(cost / rent)
    return 1.0 / (1.0 + squared * squared)


def relax(now: Array, target: Array, rate: Array) -> Array:
    return now + rate * (target - now)


def compute_per_token(a: Tree, s: Tree, served: Any, log_speed: Array) -> tuple[Array, ...]:
    """Return H100e-seconds per token, [architecture, class]: decode, prefill, both."""
    bare = 2.0 * served.active / FLOPS
    h100e = np.exp(s.log_chip - s.log_power)
    # From here on [architecture, class, chips], or ones.
    bandwidth = (np.exp(s.log_chip + s.log_bandwidth) * BANDWIDTH)[:, None, None]
    memory = (np.exp(s.log_chip + s.log_memory) * 1e9)[:, None, None]
    context = (served.cache * a.context_tokens)[:, None]
    weights, cache = served.weights / bandwidth, context / bandwidth
    active, arithmetic = weights * served.active / served.parameters, bare / h100e[:, None, None]
    adding = 2e-6 * served.layers * a.reduce_time[:, None, None] * (np.sqrt(CHIPS) - 1.0)
    left = CHIPS * over(np.exp(-log_speed[:, None]), adding)
    fits = over(CHIPS, served.weights / memory) * (memory / context)
    read = readable(left, weights, active, cache)
    batch = least(read + 1e-3, least(fits + 1e-3, left / arithmetic + 1e-3))
    reading = least(weights, active * batch) + cache * batch
    working = arithmetic * batch * reading / least(arithmetic * batch, reading)
    whole = np.square(np.square(np.square(batch)))
    used = arithmetic * batch * whole / ((CHIPS * adding + working) * (whole + 1.0))
    best = used.max(axis=2)
    used = best * np.exp(np.log(((used / best[:, :, None]) ** 32).mean(axis=2)) / 32.0)
    decode = bare * (1.0 + least(1.0 / used - 1.0, positive(a.speed_worth - 1.0, 0.05)))
    prefill = bare * a.prompt_tokens
    return decode, prefill, decode + prefill


def prices(a: Tree, s: Tree, scarcity: Array, log_factor: Array) -> Tree:
    """Return factors on prices, and what a kW costs to build and to run for a quarter, kUSD."""
    short = np.stack([scarcity, scarcity, s.log_short])
    premia = np.stack([a.chip_premium, a.memory_premium, a.equipment_premium])
    factors = np.exp(a.premium_limit * np.tanh(premia * short / a.premium_limit))
    bare = a.pue * np.exp(s.log_electricity) * KILOHOURS
    energy = bare * np.exp(log_factor)
    return Tree(
        chips=factors[0] * (GPU * (np.exp(s.log_markup) - 1.0) + 1.0),
        scarce=factors[0],
        memory=factors[1],
        equipment=a.power_equipment_cost * factors[2],
        site=a.shell_cost + a.power_equipment_cost * factors[2],
        energy=energy,
        running=energy + a.hosting_cost,
        bare=bare + a.hosting_cost,
        lease=a.lease_rate * np.exp(log_factor),
    )


def new_costs(a: Tree, s: Tree, quoted: Tree, work: tuple[Array, ...]) -> Tree:
    """Return costs of new chips, kUSD per H100e [architecture], and ln per token [.., class]."""
    kw, chip = np.exp(s.log_power), np.exp(s.log_price)
    site = chip * quoted.chips * a.systems + kw * quoted.site
    cost = (site * a.user_cost + kw * (quoted.bare + s.rent))[:, None]
    # GPUs prefill what low-latency designs decode.
    log_token = np.log(work[0] * cost + work[1] * cost[[0, 1, 0]])
    return Tree(kw=kw, chip=chip, site=site, log_token=log_token)


def budget(a: Tree, s: Tree, log_income: Array) -> tuple[Array, Array]:
    """Return spending on tokens, own use at cost, and what it has of the budget it competes for."""
    odds = np.exp(s.laboratory)
    at_price = np.exp(s.log_tokens + s.log_token_price).sum(axis=0)
    spent = at_price * (odds + 1.0 / a.token_markup) / (odds + 1.0)
    return spent, 1.0 / (1.0 + a.saturation * np.exp(log_income) / spent)


def elasticity_at(a: Tree, full: Array) -> Array:
    return (1.0 - full) * a.elasticity + full * a.saturated_elasticity


def wanted_in_the_end(
    a: Tree, s: Tree, new: Tree, elasticity: Array, target: Array, log_compute: Array, x: Array
) -> Array:
    """Return ln compute wanted at ln rent ``x`` once prices and tokens of ``s`` have followed."""
    tokens = s.log_desired - elasticity * (target + x - s.log_token_price)
    return np.log(
        np.exp(tokens + log_compute).sum(axis=0) + np.exp(new.log_training - x) / KILOHOURS
    )


def clear(wanted: Array, slope: Array, budget: Array, fleet: Array, cost: Array, x: Array) -> Array:
    """Return ln rent at which demand equals the fleet that runs, by Newton steps in closed form."""
    for last in (False,) * 10 + (True,):
        classes, training = np.exp(wanted - slope * x), np.exp(budget - x)
        total, share = classes.sum(axis=0) + training, below(cost, np.exp(x))
        runs = fleet * share
        supply = runs.sum(axis=(0, 1))
        falls = ((classes * slope).sum(axis=0) + training) / total
        rises = 4.0 * (1.0 - (runs * share).sum(axis=(0, 1)) / supply)
        move = np.log(total / supply) / (falls + rises)
        x = x + (move if last else np.clip(move, -1.5, 1.5))
    return x


def additions(a: Tree, growth: Array, q: Array, leverage: Array) -> Array:
    """Return desired additions over the fleet; the premium on funds adds to the hurdle."""
    premium = a.external_premium * leverage
    dearer = (a.discount + premium * YEARS) / a.discount * np.exp(a.return_delay * premium)
    return positive(a.attrition * YEARS + growth + a.investment_response * np.log(q / dearer), 0.05)


def keep_books(a: Tree, s: Tree, new: Tree, cost: Array) -> None:
    """Retire what failed or no longer pays, and charge the books of what is left."""
    rent = np.exp(new.log_rent)
    kept = (1.0 - 0.30 * below(rent, cost)) * np.exp(-a.attrition * YEARS)
    new.compute, new.power, book = s.compute * kept, s.power * kept, s.book * kept
    left = YEARS + positive(a.accounting_life - AGES - YEARS, 0.05)
    book = book * (1.0 - YEARS / left)
    value = new.compute * positive(rent - cost, 0.05) * (KILOHOURS / a.discount)
    new.book = book - a.write_down_speed * book * positive(1.0 - value / (book + TINY), 0.05)


def build(a: Tree, s: Tree, new: Tree, m: Tree) -> None:
    """Move power on: starts, the queue, and what equipment allows to be energised."""
    flow = s.queue * a.leaving
    ready = flow[-1] + a.behind_the_meter * m.starved * s.energised
    gap = np.log(ready) - s.log_equipment
    energised = np.exp(smooth(-12.0, np.log(ready), s.log_equipment))
    new.queue = s.queue - flow + np.concatenate([np.exp(s.log_starts)[None], flow[:-1]])
    new.queue[-1] += ready - energised
    new.energised = s.energised + energised + a.general_capacity
    planned = np.log(a.pue * m.kw) + m.log_wanted + a.foreseen
    new.log_starts = relax(s.log_starts, planned, a.power_response)
    makers = a.equipment_growth * YEARS + a.equipment_response * positive(gap, 0.1)
    new.log_equipment, new.log_short = s.log_equipment + makers, positive(gap, 0.08)
    new.log_electricity = s.log_electricity + a.electricity_growth * YEARS


def drift(a: Tree, s: Tree, new: Tree, delivered: Array) -> None:
    """Move on what follows trends, and learning."""
    learned, years = np.log1p(delivered / np.exp(s.log_cumulative)), s.hardware_speed * YEARS
    learning = a.learning * s.hardware_speed * learned
    new.log_price = s.log_price - years * a.compute_per_dollar_growth - learning
    new.log_power = s.log_power - years * a.compute_per_watt_growth
    new.log_bandwidth = s.log_bandwidth + years * a.bandwidth_per_watt_growth
    new.log_memory = s.log_memory + years * a.bandwidth_per_watt_growth
    new.log_chip = s.log_chip + years * a.chip_power_growth
    new.hardware_speed = s.hardware_speed * np.exp(-a.hardware_decay * YEARS)
    algorithms = a.algorithmic_growth * s.algorithm_speed + a.software_growth
    new.log_flop_per_token = s.log_flop_per_token - algorithms * YEARS
    new.algorithm_speed = s.algorithm_speed * np.exp(-a.algorithmic_decay * YEARS)
    new.log_cumulative = s.log_cumulative + learned
    new.log_cash_flow = s.log_cash_flow + a.cash_flow_growth * YEARS
    new.log_other = s.log_other + a.other_capex_growth * YEARS
    new.exponent = s.exponent + a.concentration * YEARS
    new.log_markup = s.log_markup + a.merchant_markup_growth * YEARS
    new.log_independent = s.log_independent - a.absorption * YEARS
    new.log_base = s.log_base + a.base_growth * YEARS


def spend(
    a: Tree, s: Tree, p: Tree, chips: Array, orders: Array, load: Array, added: Array, rent: Array
) -> Array:
    """Return spending by layer, USD bn, [layer]."""
    paid = chips * p.chips
    makers = paid + TO_GPU * (paid[2] * (1.0 - np.exp(s.log_independent)))
    total, foundry = paid.sum(axis=0), a.foundry_content * orders * p.scarce
    memory = a.memory_content * (chips * p.scarce).sum(axis=0) * p.memory
    inside = [foundry, 0.35 * foundry, memory, a.networking_content * total]
    sites = [makers[0] + a.server_content * total, p.equipment * added, a.shell_cost * added]
    upkeep = [p.energy * load, a.hosting_cost * load, p.lease * load]
    compute = [a.cloud_markup * a.rented_share * rent, (1.0 - a.rented_share) * rent]
    return np.stack([*makers, *inside, *sites, *upkeep, *compute])


def revenue(a: Tree, share: np.ndarray, s: Tree, spending: Array) -> Array:
    """Return revenue by line, USD bn; shares of contested layers drift by size."""
    layer, line = np.nonzero(share[:, CONTESTED].T)
    size = share[line, CONTESTED[layer]][:, None]
    of_layer, of_line = np.eye(len(CONTESTED))[:, layer], np.eye(len(share))[:, line]
    drifted = size * np.exp(s.exponent[layer] * np.log(size))
    kept = (of_layer @ size) / (of_layer @ drifted)
    fixed = share.copy()
    fixed[:, CONTESTED] = 0.0
    drawn = fixed @ spending + of_line @ (drifted * (kept * spending[CONTESTED])[layer])
    return np.exp(s.log_base) + a.exposure * drawn
