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
CHIPS: Final = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1024.0, 4096.0])[:, None]
GPU: Final = np.array([[1.0], [0.0], [0.0]])
BUYS_HBM: Final = np.array([[1.0], [1.0], [0.0]])
TO_GPU: Final = np.array([[1.0], [0.0], [-1.0]])
CONTESTED: Final = np.array([0, 1, 6, 7, 8, 14, 15])


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
    """Return (x^16 + y^16)^(1/16) - y of levels, through logs."""
    ratio = np.log(x) - np.log(y)
    return np.maximum(x - y, 0.0) + np.maximum(x, y) * np.expm1(
        0.0625 * np.log1p(np.exp(-16.0 * np.abs(ratio)))
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
    share, doubled = served.active / served.parameters, np.log2(CHIPS)
    a_layer, doubling, crossing = (
        1e-6 * served.layers * x[:, None, None]
        for x in (a.layer_latency, 2.0 * a.reduction_latency, 2.0 * a.node_latency)
    )
    crossed = positive(doubled - np.log2(np.exp(s.log_node))[:, None, None], 0.25)
    latency = a_layer + doubling * doubled + crossing * crossed
    left = CHIPS * over(np.exp(-log_speed[:, None]), latency)
    width = np.sqrt(served.active / (12.0 * served.layers))
    crowd = np.sqrt(1.0 + np.square(CHIPS / 26.0)) + (1.0 - share) * np.square(CHIPS / 8.0)
    sent = 4.0 * served.layers * width / (bandwidth * a.link_bandwidth[:, None, None])
    moved = sent * (CHIPS - 1.0) / np.sqrt(crowd)
    fits = over(CHIPS, served.weights / memory) * (memory / context)
    read = readable(left, weights, active, cache + moved)
    batch = least(read + 1e-3, least(fits + 1e-3, left / (arithmetic + moved) + 1e-3))
    reading = least(weights, active * batch) + cache * batch
    working = arithmetic * batch * reading / least(arithmetic * batch, reading)
    whole = np.square(np.square(np.square(batch)))
    step = CHIPS * latency + moved * batch + working
    used = arithmetic * batch * whole / (step * (whole + 1.0))
    best = used.max(axis=2)
    used = best * np.exp(np.log(((used / best[:, :, None]) ** 32).mean(axis=2)) / 32.0)
    decode = bare * (1.0 + least(1.0 / used - 1.0, positive(a.speed_worth - 1.0, 0.05)))
    prefill = bare * a.prompt_tokens
    return decode, prefill, decode + prefill


def bits(a: Tree, s: Tree) -> tuple[Array, Array]:
    """Return high-bandwidth memory and server DRAM of new chips, TB per H100e [architecture]."""
    hbm = a.hbm_content * 1e-3 * np.exp(s.log_memory + s.log_power) * BUYS_HBM
    return hbm, a.server_memory * hbm


def sell(a: Tree, s: Tree, hbm: Array, server: Array, news: Array) -> Tree:
    """Clear the memory market, in which AI wants ``hbm`` and ``server`` DRAM, EB."""
    cycle = a.memory_persistence * s.cycle + news
    above, wafers = s.log_dram - s.log_cost, a.hbm_trade_ratio * hbm
    others = np.exp(s.log_rest + cycle) + server
    others = others * np.exp(a.memory_stocking * s.log_change - a.memory_elasticity * above)
    under = np.log(a.memory_cash_cost) - above
    idle = a.memory_idling * (np.maximum(under, 0.0) + 0.05 * np.log1p(np.exp(-20.0 * abs(under))))
    made = np.exp(s.log_capacity + a.memory_utilisation * above - idle)
    offered = made * (1.0 - a.restocking * a.memory_stock) + a.restocking * s.stock
    slope = a.memory_utilisation + a.memory_elasticity * others / (others + wafers)
    gap = a.memory_repricing * np.log((others + wafers) / offered) / slope
    change = 0.6 * np.tanh(gap / 0.6)
    made = made * np.exp(a.memory_utilisation * change)
    wanted = others * np.exp(-a.memory_elasticity * change) + wafers
    sold = np.exp(smooth(-12.0, np.log(wanted), np.log(made + s.stock)))
    price, parity = s.log_dram + change, np.log(a.hbm_trade_ratio * a.hbm_premium)
    at = relax(s.log_hbm, price + parity, a.hbm_repricing)
    to_hbm, to_dram = hbm * sold / wanted * np.exp(at), sold * (1.0 - wafers / wanted)
    dram = to_dram * np.exp(price)
    every = to_hbm + (1.0 + a.flash_ratio) * dram
    return Tree(
        log_dram=price, log_hbm=at, cycle=cycle, kept=made - sold, dram=dram, hbm=to_hbm, all=every
    )


def expand(a: Tree, s: Tree, new: Tree, sold: Tree) -> None:
    """Build memory plant that was started, and start more; trends go on."""
    flow = s.building * (least_of_one(3.0 * YEARS / a.memory_lead_time))
    eager = np.tanh(a.memory_investment * (sold.log_dram - s.log_cost) / 1.2) * 1.2
    growth = a.memory_supply_growth
    starts = growth * YEARS * np.exp(s.log_capacity + growth * a.memory_lead_time + eager)
    new.building = s.building - flow + np.concatenate([starts[None], flow[:-1]])
    new.log_capacity = np.log(np.exp(s.log_capacity) + flow[-1])
    new.stock, new.cycle = s.stock + sold.kept, sold.cycle
    new.log_dram, new.log_hbm = sold.log_dram, sold.log_hbm
    new.log_change = sold.log_dram - s.log_dram
    new.log_rest = s.log_rest + a.memory_demand_growth * YEARS
    new.log_cost = s.log_cost - a.memory_cost_decline * YEARS


def least_of_one(x: Array) -> Array:
    """Return a smooth minimum of ``x`` and one, a hundredth below where they are equal."""
    return 2.0 * x / (x + 1.0 + np.sqrt(np.square(x - 1.0) + 4e-4 * x))


def prices(a: Tree, s: Tree, scarcity: Array, log_factor: Array, memory: Any = None) -> Tree:
    """Return factors on prices, and what a kW costs to build and to run for a quarter, kUSD.

    By default at the last quarter's prices of ``memory``.
    """
    at = memory or s
    normal = s.log_cost + np.log(a.hbm_trade_ratio * a.hbm_premium)
    hbm, dram = bits(a, s)
    hbm, dram = hbm * np.exp(normal), (1.0 + a.flash_ratio) * dram * np.exp(s.log_cost)
    chip = np.exp(s.log_price)
    dear = 1.0 + hbm / (chip + hbm) * np.expm1(at.log_hbm - normal)
    box = a.server_content * chip
    systems = 1.0 + a.server_content * (
        1.0 + dram / (box + dram) * np.expm1(at.log_dram - s.log_cost)
    )
    short = np.stack([scarcity, s.log_short])
    premia = np.stack([a.chip_premium, a.equipment_premium])
    factors = np.exp(a.premium_limit * np.tanh(premia * short / a.premium_limit))
    bare = a.pue * np.exp(s.log_electricity) * KILOHOURS
    energy = bare * np.exp(log_factor)
    gained = s.log_price[0] + s.log_markup - s.log_price[2] + np.log(a.initial_relative_price[1])
    markup = np.stack([s.log_markup, 0.0 * gained, a.entrant_pricing * gained])
    ordinary = factors[0] * np.exp(markup)
    return Tree(
        chips=ordinary * dear,
        ordinary=ordinary,
        systems=systems,
        scarce=factors[0],
        equipment=a.power_equipment_cost * factors[1],
        site=a.shell_cost + a.power_equipment_cost * factors[1],
        energy=energy,
        running=energy + a.hosting_cost,
        bare=bare + a.hosting_cost,
        lease=a.lease_rate * np.exp(log_factor),
    )


def new_costs(a: Tree, s: Tree, quoted: Tree, work: tuple[Array, ...]) -> Tree:
    """Return costs of new chips, kUSD per H100e [architecture], and ln per token [.., class]."""
    kw, chip = np.exp(s.log_power), np.exp(s.log_price)
    site = chip * quoted.chips * (quoted.systems + a.networking_content) + kw * quoted.site
    systems = 1.0 + a.server_content + a.networking_content
    ordinary = chip * quoted.ordinary * systems + kw * quoted.site
    cost = (site * a.user_cost + kw * (quoted.bare + s.rent))[:, None]
    # GPUs prefill what low-latency designs decode.
    log_token = np.log(work[0] * cost + work[1] * cost[[0, 1, 0]])
    return Tree(kw=kw, chip=chip, site=site, ordinary=ordinary, log_token=log_token)


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
    flow, own = s.queue * a.leaving, s.backlog[0] * a.fulfilled[0]
    ready = flow[-1] + own
    gap = np.log(ready) - s.log_equipment
    energised = np.exp(smooth(-12.0, np.log(ready), s.log_equipment))
    queue = s.queue - flow + np.concatenate([np.exp(s.log_starts)[None], flow[:-1]])
    queue[-1] += ready - energised
    need, margin = a.pue * (m.load + m.kw * np.exp(m.log_wanted)), 1.0 + a.power_margin
    short = s.energised * positive(margin * need / s.energised - 1.0, 0.05)
    left = a.site_release * positive(1.0 - margin * need / s.energised, 0.05)
    taken = a.general_capacity * short / (a.general_capacity + short)
    new.energised = s.energised * (1.0 - left) + energised + taken
    new.own = s.own * (1.0 - left) + energised * own / ready
    new.log_load = np.log(a.pue * new.power.sum(axis=(0, 1)))
    new.foreseen = relax(s.foreseen, (new.log_load - s.log_load) / YEARS, a.power_learning)
    waiting = queue.sum(axis=0)
    ahead = new.energised + waiting
    wanted = np.log(margin * need / ahead) + new.foreseen * a.fading
    wanted = new.foreseen * YEARS + a.power_response * wanted
    new.log_starts = np.log(ahead * positive(wanted, 0.02))
    new.queue = queue / (1.0 + positive(-wanted, 0.02) * ahead / waiting)
    makers = a.equipment_growth * YEARS + a.equipment_response * positive(gap, 0.1)
    new.log_equipment, new.log_short = s.log_equipment + makers, positive(gap, 0.08)
    new.log_let = relax(s.log_let, new.log_load - np.log(a.pue), a.landlord_response)
    premium = new.energy + (new.capacity - a.initial_capacity_price) / 24.0
    grid, share = np.exp(new.log_tariff) + premium / 1e3, new.own / new.energised
    new.log_electricity = np.log((1.0 - share) * grid + share * a.own_generation_cost)


def prices_of_power(a: Tree, s: Tree, new: Tree) -> tuple[Array, Array]:
    """Move the grid on; return what turbines and generation are paid, USD bn."""
    load, log_high = drawn(s), np.log(a.capacity_price_limit / a.initial_capacity_price)
    tight = np.log1p(a.grid_share * load / a.grid_size) - s.log_firm
    rise = positive(tight + np.log1p(a.initial_reserve), 0.02)
    rise = a.premium_limit * np.tanh(a.wholesale_response * rise / a.premium_limit)
    above = a.initial_wholesale_price * np.expm1(rise)
    later = load * np.exp(s.foreseen * a.capacity_lead)
    tight = np.log1p(a.grid_share * later / a.grid_size) - s.log_firm
    tight = (tight - a.grid_growth * a.capacity_lead) / a.capacity_width
    auction = a.initial_capacity_price * np.exp(log_high * 0.5 * (1.0 + np.tanh(0.5 * tight)))
    worth = new.rent / a.pue / KILOHOURS + np.exp(s.log_electricity)
    own = positive(np.log(worth / a.own_generation_cost), 0.2)
    orders = np.stack([a.behind_the_meter * s.energised * own, ordered(a, auction)])
    came, paid = s.backlog * a.fulfilled, s.owed * a.fulfilled
    new.backlog = s.backlog + orders - came
    new.owed = s.owed + orders * turbine_price(a, s.backlog) - paid
    opened = np.log1p(came[1] / a.grid_size / np.exp(s.log_firm))
    new.log_firm = s.log_firm + a.grid_growth * YEARS + opened
    new.energy = relax(s.energy, above, a.hedge_turnover)
    new.capacity = relax(s.capacity, auction, YEARS / (YEARS + a.capacity_lead))
    new.log_tariff = s.log_tariff + a.electricity_growth * YEARS
    scarce = np.exp(s.log_electricity) * np.expm1(s.log_factor) / a.own_generation_cost
    scarce = 1e3 * a.own_generation_cost * np.tanh(scarce)
    x, y = a.grid_share * load, a.merchant_output
    sold = x * y / (0.5 * (x + y + np.sqrt(np.square(x - y) + 0.04 * x * y)))
    capacity = a.merchant_capacity * (s.capacity - a.initial_capacity_price) / 24.0
    earned = a.merchant_output * s.energy + capacity + sold * scarce
    return paid.sum(axis=0), earned * KILOHOURS / 1e3


def drawn(s: Tree) -> Array:
    """Return GW drawn from the grid."""
    return np.exp(s.log_load) * (1.0 - s.own / s.energised)


def ordered(a: Tree, capacity: Array) -> Array:
    """Return GW that generators on the grid order at a price of capacity."""
    return a.grid_size * a.grid_response * YEARS * capacity / a.capacity_price_limit


def turbine_price(a: Tree, backlog: Array) -> Array:
    longer = np.log1p(backlog.sum(axis=0) / a.initial_turbine_backlog)
    return a.turbine_cost * np.exp(a.turbine_premium * longer)


def drift(a: Tree, s: Tree, new: Tree, delivered: Array) -> None:
    """Move on what follows trends, and learning."""
    learned, years = np.log1p(delivered / np.exp(s.log_cumulative)), s.hardware_speed * YEARS
    learning = a.learning * s.hardware_speed * learned
    new.log_price = s.log_price - years * a.compute_per_dollar_growth - learning
    new.log_power = s.log_power - years * a.compute_per_watt_growth
    new.log_bandwidth = s.log_bandwidth + years * a.bandwidth_per_watt_growth
    new.log_memory = s.log_memory + years * a.bandwidth_per_watt_growth
    new.log_chip = s.log_chip + years * a.chip_power_growth
    new.log_node = s.log_node + years * a.node_size_growth
    new.hardware_speed = s.hardware_speed * np.exp(-a.hardware_decay * YEARS)
    algorithms = a.algorithmic_growth * s.algorithm_speed + a.software_growth
    new.log_flop_per_token = s.log_flop_per_token - algorithms * YEARS
    new.algorithm_speed = s.algorithm_speed * np.exp(-a.algorithmic_decay * YEARS)
    new.log_cumulative = s.log_cumulative + learned
    new.log_cash_flow = s.log_cash_flow + a.cash_flow_growth * YEARS
    new.log_other = s.log_other + a.other_capex_growth * YEARS
    new.exponent = s.exponent + a.concentration * YEARS
    won = a.merchant_pricing * (new.log_merchant - s.log_merchant)
    new.log_markup = s.log_markup + a.merchant_markup_growth * YEARS + won
    new.log_independent = s.log_independent - a.absorption * YEARS
    new.log_base = s.log_base + a.base_growth * YEARS


def spend(a: Tree, s: Tree, p: Tree, chips: Array, m: Tree) -> Array:
    """Return spending by layer, USD bn, [layer], of ``chips`` and what else ``m`` is bought."""
    paid = chips * p.chips
    makers = paid + TO_GPU * (paid[2] * (1.0 - np.exp(s.log_independent)))
    total, foundry = paid.sum(axis=0), a.foundry_content * chips.sum(axis=0) * p.scarce
    inside = [foundry, 0.35 * foundry, m.makers.all, a.networking_content * total]
    racks = (paid * (p.systems - 1.0)).sum(axis=0)
    sites = [makers[0] + racks, p.equipment * m.added, m.turbines]
    sites = [*sites, a.shell_cost * m.added]
    upkeep = [p.energy * m.load, m.generation, a.hosting_cost * m.load, p.lease * np.exp(s.log_let)]
    compute = [a.cloud_markup * a.rented_share * m.contracts, (1.0 - a.rented_share) * m.worth]
    return np.stack([*makers, *inside, *sites, *upkeep, *compute])


def revenue(a: Tree, lines: Tree, s: Tree, spending: Array) -> Array:
    """Return revenue by line, USD bn; shares of contested layers drift by size, and by who pays."""
    share, borrowed = np.asarray(lines.share), np.asarray(lines.borrowed)[:, None]
    layer, line = np.nonzero(share[:, CONTESTED].T)
    size = share[line, CONTESTED[layer]][:, None]
    of_layer, of_line = np.eye(len(CONTESTED))[:, layer], np.eye(len(share))[:, line]
    drifted = size * np.exp(s.exponent[layer] * np.log(size))
    kept = (of_layer @ size) / (of_layer @ drifted)
    fixed = share.copy()
    fixed[:, CONTESTED] = 0.0
    others = (1.0 - s.borrowers) / (1.0 - s.start)
    built = others + borrowed[line] * (s.borrowers / s.start - others)
    drifted = np.where((layer == len(CONTESTED) - 1)[:, None], built, 1.0) * drifted
    drawn = fixed @ spending + of_line @ (drifted * (kept * spending[CONTESTED])[layer])
    return np.exp(s.log_base) + a.exposure * drawn
