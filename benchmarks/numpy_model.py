"""The structural model in vectorised NumPy: the rival in benchmarks, and a second opinion.

    python benchmarks/numpy_model.py [--draws 5000] [--quarters 20] [--repeat 5]

The equations of marketsim/model over a batch of worlds, written apart and sharing no code with it.
What is given and returned is [draw, ...]; inside, the draw is the last axis (see numpy_parts.py).
Run as a command, it times both models side by side on draws of the priors, from the start of the
window; per second on the clock, and per second of processor time, which other work disturbs less.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import is_dataclass
from functools import partial
from math import log
from time import perf_counter, process_time
from types import SimpleNamespace as Tree
from typing import Any, Final

import numpy as np
from numpy_parts import (  # type: ignore[import-not-found]
    AGES,
    GPU,
    KILOHOURS,
    TINY,
    TO_GPU,
    YEARS,
    additions,
    below,
    bits,
    budget,
    build,
    clear,
    compute_per_token,
    drift,
    elasticity_at,
    expand,
    keep_books,
    log_total,
    new_costs,
    ordered,
    positive,
    prices,
    prices_of_power,
    relax,
    revenue,
    sell,
    smooth,
    spend,
    turbine_price,
    wanted_in_the_end,
)

import marketsim as ms

Array = Any  # float64 [..., draw]; a checker cannot see what trees hold

WORLD_OUTPUT: Final = 117_000.0 * YEARS
SPEEDS: Final = np.log([[10.0], [40.0], [100.0]])
RECOGNISED: Final = np.array(
    [[0.85] * 3 + [0.9, 0.6, 0.9, 0.75, 0.75, 0.35, 0.85, 0.35, 0.5, 0.85, 0.85, 0.3, 0.7, 0.7]]
).T
SEEN: Final = (
    *("lines", "rent", "compute", "capital_spending", "load", "energised", "tokens", "book_value"),
    *("owner_cash_flow", "borrowed", "debt", "order_book", "orders", "laboratory_revenue"),
    *("own_use", "training", "training_capital", "saturation", "token_multiple", "binding"),
    *("memory_revenue", "memory_price"),
)
ALIKE: Final = {
    "demand": {"log_price": "log_token_price"},
    "memory": {"log_price": "log_dram", "log_hbm_price": "log_hbm", "queue": "building"},
}
"""Names that two parts of the state share, and what they are called here."""
CHUNK: Final = 400
"""Worlds at a time: of 100 to 5,000, 300 to 500 were fastest, and 700 or more at half that pace or
less, on two shared cores with 1 MB of cache each."""


def run(a: Any, setting: Any, news: Any, state: Any = None, chunk: int = CHUNK) -> dict[str, Any]:
    """Return observables [draw, quarter, ...] by their names in `Quarter`.

    Assumptions ``a`` and ``state``, by default the start of the window, have the names of the JAX
    model and arrays [draw, ...], those of ``news`` [draw, quarter]; ``setting`` is one for all.
    """
    parts = []
    for few in (slice(i, i + chunk) for i in range(0, len(news.demand), chunk)):
        some, seen = prepared(draw_last(a, few)), []
        now = start(some, setting) if state is None else draw_last(state, few)
        kinds = (news.appetite[few].T, news.demand[few].T, news.memory[few].T)
        for shocks in zip(*kinds, strict=True):
            now, quarter = step(some, setting, now, shocks)
            seen.append(quarter)
        parts.append({k: np.moveaxis(np.stack([q[k] for q in seen]), -1, 0) for k in seen[0]})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def draw_last(tree: Any, few: slice = slice(None)) -> Tree:
    """Return ``few`` draws of nested arrays [draw, ...] as one flat tree of arrays [..., draw]."""
    flat: dict[str, Any] = {}
    for name, x in vars(tree).items():
        if is_dataclass(x):
            inner = vars(draw_last(x, few))
            if name in ALIKE:  # chips have a price too, and power a queue
                inner = {ALIKE[name].get(k, k): v for k, v in inner.items()}
            flat |= inner
        else:
            flat[name] = np.ascontiguousarray(np.moveaxis(np.asarray(x)[few], 0, -1))
    return Tree(**flat)


def prepared(a: Tree) -> Tree:
    """Add to assumptions what follows from them alone."""
    returns = a.hurdle_rate + a.expected_rent_decline
    a.discount = (returns + a.attrition) * YEARS
    a.user_cost = a.discount * np.exp(a.return_delay * returns)
    a.pue = 1.0 + a.power_overhead
    a.leaving = np.exp(smooth(-16.0, np.log(3.0 * YEARS / a.power_lead_time), 0.0))
    a.foreseen = a.power_foresight * a.power_lead_time
    a.fading = -np.expm1(-a.growth_fading * a.power_lead_time) / a.growth_fading
    leads = np.stack([a.own_generation_lead, a.turbine_lead])
    a.fulfilled = np.exp(smooth(-16.0, np.log(YEARS / leads), np.zeros_like(leads)))
    return a


def start(a: Tree, setting: Any) -> Tree:
    """Return the state at the start of the window, where nothing is scarce."""
    none = np.zeros_like(a.initial_q)
    against_gpu = np.log(np.stack([a.initial_relative_price, a.initial_relative_power]))
    against_gpu = np.pad(against_gpu, ((0, 0), (1, 0), (0, 0)))
    s = Tree(
        log_price=np.log(a.initial_chip_price) + against_gpu[0],
        log_power=np.log(a.initial_chip_power) + against_gpu[1],
        log_bandwidth=np.log(a.initial_bandwidth),
        log_memory=np.log(a.initial_memory),
        log_chip=np.log(a.initial_chip_size),
        log_node=np.log(a.initial_node_size),
        log_cumulative=np.log(a.initial_compute),
        hardware_speed=np.ones_like(a.hardware_decay),
        log_speed=SPEEDS + 0.0 * a.speed_growth,
        log_answer=0.0 * a.task_growth,
        adoption=a.adoption_speed * (setting.start_year - a.adoption_midpoint),
        log_electricity=np.log(a.initial_electricity_price),
        log_income=log(WORLD_OUTPUT) + a.income_growth * setting.start_year,
        laboratory=np.log(a.initial_laboratory_share / (1.0 - a.initial_laboratory_share)),
        log_tariff=np.log(a.initial_electricity_price),
        log_due=np.log(a.initial_spending),
        log_cash_flow=np.log(a.initial_cash_flow),
        log_other=np.log(a.initial_other_capex),
        expected_growth=a.initial_expected_growth * YEARS,
        exponent=0.0 * a.concentration,
        log_base=np.log(a.base_level),
        borrowers=first_borrowers(a),
        start=first_borrowers(a),
        **dict.fromkeys(("algorithm_speed", "task_speed", "capital_speed"), none + 1.0),
        **dict.fromkeys(("log_flop_per_token", "log_short", "rent", "log_factor"), none),
        **dict.fromkeys(("appetite", "log_markup", "log_independent", "chip_scarcity"), none),
        **dict.fromkeys(("debt", "leverage", "cycle"), none),
    )
    s.log_hbm = s.log_dram = s.log_cost = none
    s.log_hbm = np.log(a.hbm_trade_ratio * a.hbm_premium)  # memory as dear as in the trend
    calm, work = prices(a, s, none, none), compute_per_token(a, s, setting.served, s.log_speed)
    costs = new_costs(a, s, calm, work)
    shares = first_choice(a, s, costs.log_token)
    site, kw = (shares * costs.site).sum(axis=0), (shares * costs.kw).sum(axis=0)
    first_fleet(a, s, shares)
    rent = a.initial_q * site * a.user_cost + kw * calm.running  # for a quarter
    cost = (s.power + TINY) / (s.compute + TINY) * calm.running
    runs = ((s.compute + TINY) * below(cost, rent)).sum(axis=(0, 1))
    first_demand(a, s, rent, runs, np.log((shares[:, None] * work[2]).sum(axis=0)))
    added, load = a.initial_spending / site, s.power.sum(axis=(0, 1))
    first_power(a, s, load * a.pue, added * kw * a.pue)
    first_grid(a, s)
    chips = added * shares * costs.chip
    s.log_manufacturing = np.log(chips.sum(axis=0) * (1.0 + a.initial_manufacturing_slack))
    hbm, server = (added * (shares * x).sum(axis=0) for x in bits(a, s))
    first_memory(a, s, hbm, server)
    m = Tree(load=load, added=added * kw, contracts=runs * rent, worth=runs * rent)
    m.generation = none
    m.turbines, m.makers = (s.owed * a.fulfilled).sum(axis=0), sell(a, s, hbm, server, none)
    s.spending = spend(a, s, calm, chips, m)
    return s


def first_choice(a: Tree, s: Tree, log_cost: Array) -> Array:
    """Start from given shares, by the preferences that explain them; return shares."""
    asic, fast, nested = a.initial_asic_share, a.initial_low_latency_share, a.nest_dissimilarity
    shares = np.stack([1.0 - asic, asic, fast]) / (1.0 + fast)
    utility = np.log(np.stack([(1.0 - asic) ** nested, asic**nested, fast]) / (1.0 + fast))
    s.log_share = np.log(shares)[:, None] + 0.0 * log_cost
    s.log_merchant, s.drifting = s.log_share[0].mean(axis=0), 1.0 + 0.0 * asic
    s.preference = utility[:, None] + a.choice_sensitivity * log_cost
    return shares


def first_fleet(a: Tree, s: Tree, shares: Array) -> None:
    vintage = np.exp(-0.6 * AGES) / np.exp(-0.6 * AGES).sum()
    s.compute = a.initial_compute * vintage * shares
    s.power = s.compute * np.exp(s.log_power + a.compute_per_watt_growth * AGES)
    paid = s.compute * np.exp(s.log_price + a.compute_per_dollar_growth * AGES)
    s.book = paid * positive(1.0 - AGES / a.accounting_life, 0.02)


def first_demand(a: Tree, s: Tree, rent: Array, runs: Array, log_work: Array) -> None:
    """Start from demand that uses what ``runs``, at ``rent`` for a quarter, kUSD per H100e."""
    agents, batch = a.initial_agentic_share, a.initial_batch_share
    classes = np.stack([(1.0 - agents) * batch, (1.0 - agents) * (1.0 - batch), agents])
    # Of a dollar of compute, capital pays its share, and what answers pays the rest and its own.
    sold, outside = a.initial_laboratory_share, a.initial_training_capital
    own = a.training_reinvestment * (1.0 - sold + sold * a.token_markup)
    answers = (1.0 - outside) / (1.0 + own)
    log_compute = np.log(runs * answers / a.initial_tokens)
    s.log_rent = s.log_contract = np.log(rent / KILOHOURS)
    s.log_tokens = s.log_desired = np.log(a.initial_tokens * classes)
    s.log_token_price = np.log(a.token_markup * rent) + log_compute + 0.0 * classes
    s.log_compute_scale = log_compute - log_work
    s.log_capital = np.log(outside * runs * rent)
    s.log_training = np.log((1.0 - answers) * runs * rent)
    s.log_outlook = np.log(runs)  # all is as it is wanted


def first_power(a: Tree, s: Tree, used: Array, added: Array) -> None:
    waits = (np.arange(3.0)[:, None] + 0.5) / 3.0
    s.log_starts = np.log(added) + a.foreseen
    s.queue = a.power_lead_time / (3.0 * YEARS) * np.exp(s.log_starts - a.foreseen * waits)
    s.energised = used * (1.0 + a.initial_power_slack)
    s.log_equipment = np.log(a.initial_equipment * added)
    s.log_load, s.log_let, s.own = np.log(used), np.log(used / a.pue), 0.0 * used
    s.foreseen = a.power_foresight + 0.0 * used


def first_grid(a: Tree, s: Tree) -> None:
    orders = ordered(a, a.initial_capacity_price)
    s.backlog = np.stack([0.0 * orders, orders]) / a.fulfilled
    s.owed = s.backlog * turbine_price(a, s.backlog)
    s.log_firm, s.energy = np.log1p(a.initial_reserve), 0.0 * orders
    s.capacity = a.initial_capacity_price + 0.0 * orders


def first_memory(a: Tree, s: Tree, hbm: Array, server: Array) -> None:
    """Start from revenue and price, with stocks that move the price at once."""
    margin, revenue = a.initial_memory_margin, a.initial_memory_revenue
    s.log_dram = np.log(a.initial_memory_price)
    s.log_hbm = s.log_dram + np.log(a.hbm_trade_ratio * a.hbm_premium)
    s.log_cost, s.log_change = s.log_dram - margin, a.initial_memory_momentum
    other = revenue / a.initial_memory_price / (1.0 + hbm * np.exp(s.log_hbm) / revenue)
    s.log_rest = np.log(other / (1.0 + server / other)) + a.memory_elasticity * margin
    made = other + a.hbm_trade_ratio * hbm
    gap = s.log_change * (a.memory_utilisation + a.memory_elasticity)
    gap = gap / (a.memory_repricing * a.restocking * a.memory_stock)
    s.stock = a.memory_stock * made * np.exp(-2.0 * np.tanh(0.5 * gap))
    s.log_capacity = np.log(made) - a.memory_utilisation * margin
    stage, waits = a.memory_lead_time / 3.0, np.array([[2.5], [1.5], [0.5]])
    growth = a.memory_supply_growth * stage
    pipeline = a.initial_memory_pipeline * growth
    s.building = pipeline * np.exp(s.log_capacity + growth * waits)


def step(a: Tree, setting: Any, s: Tree, news: Any) -> tuple[Tree, dict[str, Array]]:
    """Return the state a quarter on and what is seen; news of appetite, demand and memory."""
    new, quoted = Tree(**vars(s)), prices(a, s, s.chip_scarcity, s.log_factor)
    new.log_speed = s.log_speed + a.speed_growth * YEARS
    work = compute_per_token(a, s, setting.served, new.log_speed)
    m = Tree(quoted=quoted, work=work, costs=new_costs(a, s, quoted, work))
    m.cost = (s.power + TINY) / (s.compute + TINY) * (quoted.running / KILOHOURS)
    trade(a, s, new, m, a.demand_volatility * news[1])
    keep_books(a, s, new, m.cost)
    m.load = new.power.sum(axis=(0, 1))
    choose(a, s, new, m)
    order(a, s, new, m, a.appetite_volatility * news[0])
    deliver(a, s, new, m)
    hbm, server = ((m.delivered * m.mix * x).sum(axis=0) for x in bits(a, s))
    m.makers = sell(a, s, hbm, server, a.memory_volatility * news[2])
    expand(a, s, new, m.makers)
    m.turbines, m.generation = prices_of_power(a, s, new)
    pay(a, s, new, m)
    build(a, s, new, m)
    drift(a, s, new, m.delivered)
    new.borrowers = relax(s.borrowers, m.borrowers, m.delivered / new.compute.sum(axis=(0, 1)))
    new.start = s.start
    borrow(a, s, new, m)
    kept, sold = a.commitment, 1.0 / (1.0 + np.exp(-new.laboratory))
    at_price = np.exp(new.log_tokens + new.log_token_price).sum(axis=0)
    held = np.stack([1.0 - m.by_money - m.by_memory, m.by_money, m.by_memory])
    seen = (
        revenue(a, setting.lines, s, new.spending),
        np.exp(new.log_rent),
        new.compute.sum(axis=(0, 1)),
        m.bought.sum(axis=0),
        a.pue * new.power.sum(axis=(0, 1)),
        s.energised,
        np.exp(new.log_tokens),
        new.book.sum(axis=(0, 1)),
        m.cash_flow,
        m.borrowed,
        new.debt,
        m.due * kept / (1.0 - kept),
        m.bought.sum(axis=0) + kept / (1.0 - kept) * (m.due - np.exp(s.log_due)),
        at_price * sold,
        at_price * (1.0 - sold) / a.token_markup,
        np.exp(new.log_training),
        m.capital,
        m.full,
        at_price / (m.inference * np.exp(new.log_rent) * KILOHOURS),
        np.concatenate([m.binds[0] * held, m.binds[1:]]),
        m.makers.dram + m.makers.hbm,
        np.exp(new.log_dram),
    )
    return new, dict(zip(SEEN, seen, strict=True))


def trade(a: Tree, s: Tree, new: Tree, m: Tree, news: Array) -> None:
    """Shift demand and settle it at the rent that clears the market."""
    spent, full = budget(a, s, s.log_income)
    income = a.income_growth * YEARS
    elasticity = elasticity_at(a, full)
    new.adoption = s.adoption + a.adoption_speed * YEARS
    adopted = np.log1p(np.exp(-s.adoption)) - np.log1p(np.exp(-new.adoption))
    better, checks = (YEARS * s.task_speed * g for g in (a.task_growth, a.verification_growth))
    unpaid = checks * (1.0 - elasticity * (1.0 - a.verification_worth))
    grown = (1.0 - full) * (adopted + better + news) + full * income
    desired = s.log_desired + grown + unpaid
    new.log_answer = s.log_answer + better + checks
    new.task_speed = s.task_speed * np.exp(-a.task_decay * YEARS)
    new.log_income = s.log_income + income
    new.laboratory = s.laboratory + a.laboratory_growth * YEARS
    new.log_capital = s.log_capital + a.training_growth * s.capital_speed * YEARS
    new.capital_speed = s.capital_speed * np.exp(-a.training_decay * YEARS)
    m.capital = np.exp(new.log_capital + a.training_appetite * s.appetite)
    new.log_training = np.log(m.capital + a.training_reinvestment * spent)
    log_compute = (
        s.log_compute_scale
        + s.log_flop_per_token
        + np.log((np.exp(s.log_share) * m.work[2]).sum(axis=0))
    )
    target = np.log(a.token_markup * KILOHOURS) + log_compute
    # Last quarter's tokens and prices, this one's income and laboratories: the elasticity at hand.
    now = Tree(**vars(s))
    now.laboratory, now.log_desired = new.laboratory, desired
    elasticity = elasticity_at(a, budget(a, now, new.log_income)[1])
    fallen = s.log_rent - a.expected_rent_decline * YEARS
    m.growth = wanted_in_the_end(a, now, new, elasticity, target, log_compute, fallen)
    m.growth = m.growth - s.log_outlook
    at_once = desired - elasticity * a.passthrough * (target - s.log_token_price)
    wanted = relax(s.log_tokens, at_once, a.demand_adjustment) + log_compute
    slope = a.demand_adjustment * elasticity * a.passthrough
    training = new.log_training - log(KILOHOURS)
    new.log_rent = clear(wanted, slope, training, s.compute + TINY, m.cost, s.log_rent)
    new.log_token_price = relax(s.log_token_price, target + new.log_rent, a.passthrough)
    new.log_desired = desired - elasticity * (new.log_token_price - s.log_token_price)
    new.log_tokens = relax(s.log_tokens, new.log_desired, a.demand_adjustment)
    weights, training = np.exp(new.log_tokens + log_compute), np.exp(training - new.log_rent)
    m.inference = weights.sum(axis=0)
    m.running = np.exp(wanted - slope * new.log_rent).sum(axis=0) + training
    weights[0] += training  # which runs on what serves batch
    m.weights = weights / weights.sum(axis=0)
    m.full = budget(a, new, new.log_income)[1]
    settled = elasticity_at(a, m.full)
    new.log_outlook = wanted_in_the_end(a, new, new, settled, target, log_compute, new.log_rent)


def choose(a: Tree, s: Tree, new: Tree, m: Tree) -> None:
    """Move choice of architecture; find the mix of orders, and what export controls leave."""
    drift = np.pad(a.preference_drift, ((1, 0), (0, 0))) * s.drifting
    new.preference = s.preference + drift[:, None] * YEARS
    new.drifting = s.drifting * np.exp(-a.drift_fading * YEARS)
    utility = new.preference - a.choice_sensitivity * m.costs.log_token
    nest = utility[:2] / a.nest_dissimilarity
    inside = nest + (a.nest_dissimilarity - 1.0) * log_total(nest)
    wanted = np.concatenate([inside, utility[2:]])
    wanted = wanted - log_total(wanted)
    moved = relax(wanted, s.log_share, a.porting_inertia)
    new.log_share = moved - log_total(moved)
    new.log_merchant = new.log_share[0].mean(axis=0)
    _, prefill, both = m.work
    compute = np.exp(new.log_share) * both
    compute = compute * (m.weights / compute.sum(axis=0))
    mix = compute.sum(axis=1) + (compute[2] * prefill / both[2]).sum(axis=0) * TO_GPU
    mix = mix * (1.0 - a.restricted_region * a.export_control * GPU)
    m.left = mix.sum(axis=0)
    m.mix = mix / m.left
    each = m.costs.site, m.costs.ordinary, m.costs.kw, m.costs.chip
    m.site, m.ordinary, m.kw, m.price = ((m.mix * x).sum(axis=0) for x in each)


def order(a: Tree, s: Tree, new: Tree, m: Tree, news: Array) -> None:
    """Plan what comes due, by what investors expect, Tobin's q and the cost of funds."""
    log_rent = relax(s.log_contract, new.log_rent, a.spot_weight)
    net = positive(np.exp(log_rent) * KILOHOURS - m.kw * m.quoted.running, 0.05)
    m.q = net / (a.user_cost * m.site)
    fleet = new.compute.sum(axis=(0, 1)) * m.site
    new.appetite = a.appetite_persistence * s.appetite + news
    new.expected_growth = relax(s.expected_growth, m.growth, a.expectation_speed)
    owners, lenders = 1.0 - a.borrower_share, a.borrower_share
    lent = np.exp(-a.credit_rationing * s.leverage)
    owners = owners * lent * additions(a, new.expected_growth, m.q, s.leverage)
    lent = lent * np.exp(-a.credit_rationing)
    lenders = lenders * lent * additions(a, new.expected_growth, m.q, s.leverage + 1.0)
    wanted = owners + lenders
    free = additions(a, new.expected_growth, m.q, 0.0)
    dear = positive(np.log(m.site / m.ordinary), 0.005)
    cheap = additions(a, new.expected_growth, m.q * np.exp(dear), 0.0)
    m.by_money, m.by_memory = (free - wanted) / cheap, 1.0 - free / cheap
    m.borrowers = lenders / (owners + lenders)
    m.ordered = wanted * fleet * np.exp(new.appetite)
    m.due = (1.0 - a.commitment) * m.ordered + a.commitment * np.exp(s.log_due)
    new.log_due = np.log(m.due)


def first_borrowers(a: Tree) -> Array:
    """Return the share of builders without a cash flow of their own where nobody owes yet."""
    lent = a.borrower_share * np.exp(-a.credit_rationing)
    return np.asarray(lent / (1.0 - a.borrower_share + lent))


def borrow(a: Tree, s: Tree, new: Tree, m: Tree) -> None:
    """Pay for AI out of cash flow first, and borrow the rest."""
    paid = m.bought.sum(axis=0)
    sold, upkeep = s.spending[15], s.spending[11] + s.spending[13]
    base = np.exp(new.log_cash_flow)
    m.cash_flow = base + a.owner_share * (sold - a.rented_share * upkeep)
    own = a.retention * m.cash_flow - np.exp(new.log_other)
    short = positive((a.owner_share * paid - own) / base, 0.05) * base / a.owner_share
    m.borrowed = m.borrowers * paid + (1.0 - m.borrowers) * short
    new.debt = s.debt - a.debt_repayment * s.debt + m.borrowed
    new.leverage = (new.debt * YEARS + m.borrowed) * a.owner_share / m.cash_flow


def deliver(a: Tree, s: Tree, new: Tree, m: Tree) -> None:
    """Deliver what can be made and powered of the order; find what was short, and its rent."""
    free = positive(1.0 - a.pue * m.load / s.energised, 0.01) * s.energised
    m.log_wanted = new.log_due + np.log(m.left / m.site)
    makeable, powered = s.log_manufacturing - np.log(m.price), np.log(free / (a.pue * m.kw))
    log_delivered = smooth(-12.0, m.log_wanted, makeable, powered)
    m.binds = np.exp(12.0 * (log_delivered - np.stack([m.log_wanted, makeable, powered])))
    m.delivered = np.exp(log_delivered)
    m.short, m.starved = (positive(m.log_wanted - x, 0.08) for x in (makeable, powered))
    surplus = m.site * a.user_cost * positive(m.q - 1.0, 0.05)
    new.rent = np.exp(12.0 * (log_delivered - powered)) * surplus / m.kw
    bill = a.lease_rate + a.pue * np.exp(s.log_electricity) * KILOHOURS
    spot = np.log1p(a.power_rent_share * new.rent / bill)
    new.log_factor = relax(s.log_factor, spot, a.power_contract_turnover)
    new.chip_scarcity = relax(s.chip_scarcity, m.short, 0.5)


def pay(a: Tree, s: Tree, new: Tree, m: Tree) -> None:
    """Add the new vintage at what is paid, and spending by layer as revenue shows it."""
    compute = m.delivered * m.mix
    paid = prices(a, s, m.short, new.log_factor, m.makers)
    chips, power = compute * m.costs.chip, compute * m.costs.kw
    wanted, m.added = np.exp(m.log_wanted) * m.price, m.delivered * m.kw
    m.bought = chips * paid.chips * (paid.systems + a.networking_content) + power * paid.site
    for name, vintage in (("compute", compute), ("power", power), ("book", m.bought)):
        old = getattr(new, name)
        old[-2] += old[-1]
        setattr(new, name, np.concatenate([vintage[None], old[:-1]]))
    made = relax(s.log_manufacturing, np.log(wanted) + 0.10, a.manufacturing_response)
    new.log_manufacturing = made + a.manufacturing_growth * YEARS
    odds = np.exp(-a.contract_durability * s.exponent[-1])
    odds = odds * a.contract_turnover / (1.0 - a.contract_turnover)
    old = 1.0 - s.compute[0].sum(axis=0) / s.compute.sum(axis=(0, 1))  # the newest is let at spot
    new.log_contract = new.log_rent + old / (1.0 + odds) * (s.log_contract - new.log_rent)
    m.contracts = m.running * np.exp(new.log_contract) * KILOHOURS
    unmet = (new.log_desired - new.log_tokens) / elasticity_at(a, m.full)
    m.worth = np.exp(new.log_tokens + new.log_token_price + unmet).sum(axis=0) / a.token_markup
    m.worth = m.worth + np.exp(new.log_training)
    spent = spend(a, s, paid, chips, m)
    new.spending = relax(s.spending, spent, RECOGNISED)


# Side by side


def worlds_per_second(
    draws: int, quarters: int, repeat: int = 5, as_of: str = "2025-12-31"
) -> dict[str, np.ndarray]:
    """Return worlds per second on the clock and of processor time, the best of ``repeat`` turns."""
    import jax

    posterior, draw = ms.calibrate(ms.load_facts(as_of=as_of)), np.random.default_rng(0)
    z = draw.standard_normal((draws, len(posterior.entries)))
    shocks = draw.standard_normal((3, draws, quarters))
    with ms.precision.precise("float64"):
        at = partial(ms.model.values, posterior.coordinates)
        a = jax.vmap(lambda z: ms.model.unpack(at(z)))(jax.numpy.asarray(z))
    a, news = jax.tree.map(np.asarray, a), ms.model.Shocks(*shocks)
    ahead = ((0, 0), (0, 0), (0, ms.ensemble.COMING))  # of which histories say nothing
    x = np.concatenate([z, *np.pad(shocks, ahead)], axis=1)
    coordinates, setting = posterior.coordinates, posterior.setting
    rivals: dict[str, Callable[[], Any]] = {
        f"NumPy, {CHUNK} at a time": partial(in_threads, a, setting, news),
        f"JAX as in simulate, {ms.ensemble.CHUNK} at a time": lambda: (
            ms.ensemble.histories(x, coordinates, setting, seen).quarters
        ),
    }
    first, *others = [rival() for rival in rivals.values()]
    for other in others:
        for name, values in first.items():
            np.testing.assert_allclose(values, other[name], rtol=1e-9)
    turns = [[seconds(rival) for rival in rivals.values()] for _ in range(repeat)]
    return dict(zip(rivals, draws / np.min(turns, axis=0), strict=True))


def in_threads(a: Any, setting: Any, news: Any) -> dict[str, np.ndarray]:
    """Run the port as :func:`run` does, a chunk on each core."""
    import jax

    def part(first: int) -> dict[str, Any]:
        few = jax.tree.map(lambda x: x[first : first + CHUNK], (a, news))
        return run(few[0], setting, few[1])

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        parts = list(threads.map(part, range(0, len(news.demand), CHUNK)))
    return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}


def seen(quarters: Any) -> dict[str, np.ndarray]:
    return {name: getattr(quarters, name) for name in SEEN}


def seconds(rival: Callable[[], Any]) -> tuple[float, float]:
    clock, processor = perf_counter(), process_time()
    rival()
    return perf_counter() - clock, process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=5_000)
    parser.add_argument("--quarters", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    print(f"{asked.draws:,} worlds of {asked.quarters} quarters; worlds per second")
    print(f"{'':36s}{'on the clock':>16s}{'of processor time':>20s}")
    for name, rates in worlds_per_second(**vars(asked)).items():
        print(f"{name:36s}{rates[0]:16,.0f}{rates[1]:20,.0f}")


if __name__ == "__main__":
    main()
