"""What one quarter hands to the next, and what can be observed of it."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from jax import Array

from .architecture import Choice
from .demand import Demand
from .efficiency import Efficiency
from .fleet import Fleet
from .grid import Grid
from .industry import Industry
from .investment import Investment
from .memory import Memory
from .power import Power
from .revenue import Lines
from .roofline import Served
from .tree import pytree


@pytree
class Setting:
    """What is given rather than assumed.

    ``start_year`` of the window in years since 2025; the model ``served``; ``lines`` of revenue.
    """

    start_year: Array
    served: Served
    lines: Lines


@pytree
class Shocks:
    """News of one quarter, or [quarter], in standard deviations.

    Of investors' ``appetite``, of ``demand`` for compute, and of demand for ``memory`` by others.
    """

    appetite: Array
    demand: Array
    memory: Array


NEWS: Final = tuple(field.name for field in fields(Shocks))
"""Kinds of news, in the order in which arrays hold them."""


@pytree
class State:
    """Everything a quarter hands to the next."""

    technology: Efficiency
    demand: Demand
    log_compute_scale: Array
    fleet: Fleet
    power: Power
    grid: Grid
    investment: Investment
    choice: Choice
    industry: Industry
    memory: Memory
    log_rent: Array
    log_contract: Array
    chip_scarcity: Array
    spending: Array


@pytree
class Quarter:
    """What can be observed of a quarter; stacked [quarter, ...] by a run.

    Revenue: ``lines`` USD bn [line]; ``volumes``, what they would be at ordinary prices and
    without the ``inputs`` that are passed on, and ``ordinary``, revenue without those and without
    what is scarce for a time; ``spending`` by layer as it accrues and ``recognised`` as revenue
    shows it, USD bn [layer]; ``capital_spending`` on AI, ``operating_spending`` on running it and
    ``owner_capex`` of the largest owners in all, USD bn.

    Finance, USD bn: ``owner_cash_flow`` of the largest owners; ``borrowed`` for AI, and the
    ``debt`` it leaves; ``borrowers_spending`` of builders without a cash flow of their own, and
    ``borrowers_fleet``, the share of all compute that they have;
    ``leverage``, debt and a year of borrowing over a year's cash flow; the ``premium`` on borrowed
    funds at a leverage of one, and the ``hurdle``, per year; ``order_book`` of sites not due yet,
    net ``orders``; ``expected_growth`` of demand per year; ``binding``, how far each of
    `units.LIMITS` binds, shares that add to one, [limit].

    Compute: ``contracted``, what all of it that runs is let at, and ``worth``, what it would be
    worth to owners who used all of it, USD bn; ``use``, ln of tokens at what buyers spend on
    classes; ``compute`` installed, ``running``, ``delivered`` and ``retired``, million H100e;
    ``rent`` USD per H100e-hour; ``q``; ``chip_price`` of merchant accelerators, kUSD per H100e;
    ``merchant_margin`` over wafers and memory; ``architecture_share`` of deliveries [architecture];
    ``token_share`` of new tokens [architecture, class]; ``restricted_premium``, ln premium on
    compute inside the region under export controls.

    Tokens, USD bn: ``laboratory_revenue``, ``own_use`` at cost, the ``training`` budget and the
    outside capital in it, ``training_capital``; ``saturation`` of demand between 0 and 1;
    ``token_multiple``, price of sold tokens over the cost of their compute; ``quality``, ln of what
    a token served is worth in tokens of the quality at the start; ``income``, world output.

    Demand: ``tokens`` trillion and ``answers``, tokens over their number per answer at the start,
    [class]; ``token_price`` USD per million [class]; ``inference_share`` of running compute.

    Power: ``load`` of the compute installed and ``energised``, GW at the site, of which
    ``own_generation`` is behind the meter; ``power_rent`` kUSD per kW; ``chip_scarcity`` and
    ``power_scarcity`` in logs; ``electricity_price`` of industry, kUSD per MWh, before what
    scarcity adds for AI. Of the grid: ``wholesale_price`` of energy at the fuel price of the start,
    USD per MWh; ``capacity_price`` as auctions clear it for delivery a year or two on, USD per
    MW-day; ``turbine_backlog`` of the world, GW.

    Memory: ``memory_revenue`` of the DRAM industry, in it ``hbm_revenue`` and that from the DRAM of
    AI servers, ``server_dram_revenue``, USD bn; ``memory_price`` of DRAM contracts, USD per GB;
    ``memory_bits`` sold, EB.

    Books, USD bn: ``book_value``, ``depreciation``, ``written_off`` with what was retired,
    ``write_down``, and ``impairment``, what book still has over economic value.
    """

    lines: Array
    volumes: Array
    inputs: Array
    ordinary: Array
    spending: Array
    recognised: Array
    capital_spending: Array
    operating_spending: Array
    owner_capex: Array
    owner_cash_flow: Array
    borrowed: Array
    borrowers_spending: Array
    borrowers_fleet: Array
    debt: Array
    leverage: Array
    premium: Array
    hurdle: Array
    order_book: Array
    orders: Array
    expected_growth: Array
    binding: Array
    contracted: Array
    worth: Array
    use: Array
    compute: Array
    running: Array
    delivered: Array
    retired: Array
    rent: Array
    q: Array
    chip_price: Array
    merchant_margin: Array
    architecture_share: Array
    token_share: Array
    restricted_premium: Array
    tokens: Array
    answers: Array
    token_price: Array
    inference_share: Array
    laboratory_revenue: Array
    own_use: Array
    training: Array
    training_capital: Array
    saturation: Array
    income: Array
    token_multiple: Array
    quality: Array
    load: Array
    energised: Array
    own_generation: Array
    electricity_price: Array
    wholesale_price: Array
    capacity_price: Array
    turbine_backlog: Array
    power_rent: Array
    chip_scarcity: Array
    power_scarcity: Array
    memory_revenue: Array
    memory_price: Array
    memory_bits: Array
    hbm_revenue: Array
    server_dram_revenue: Array
    book_value: Array
    depreciation: Array
    written_off: Array
    write_down: Array
    impairment: Array
