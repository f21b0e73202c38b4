"""What one quarter hands to the next, and what can be observed of it."""

from __future__ import annotations

from jax import Array

from .architecture import Choice
from .demand import Demand
from .efficiency import Efficiency
from .fleet import Fleet
from .investment import Investment
from .power import Power
from .revenue import Lines
from .tree import pytree


@pytree
class Setting:
    """What is given rather than assumed.

    ``start_year`` of the window in years since 2025; ``cash_flow`` of the largest owners then, USD
    bn per quarter; ``lines`` of revenue.
    """

    start_year: Array
    cash_flow: Array
    lines: Lines


@pytree
class Shocks:
    """News of one quarter, or [quarter], in standard deviations."""

    appetite: Array
    demand: Array


@pytree
class State:
    """Everything a quarter hands to the next."""

    years: Array
    technology: Efficiency
    demand: Demand
    log_compute_scale: Array
    fleet: Fleet
    power: Power
    investment: Investment
    choice: Choice
    log_rent: Array
    log_contract: Array
    chip_scarcity: Array
    power_scarcity: Array
    spending: Array


@pytree
class Quarter:
    """What can be observed of a quarter; stacked [quarter, ...] by a run.

    ``lines`` USD bn [line]; ``spending`` recognised USD bn [layer]; ``rent`` USD per H100e-hour;
    ``compute`` installed, ``running`` and ``delivered``, million H100e; ``load`` and ``energised``
    GW at the site; ``capital_spending`` on AI and ``owner_capex`` in all, USD bn; ``tokens``
    trillion [class]; ``token_price`` USD per million [class]; ``inference_share`` of running
    compute; ``architecture_share`` of deliveries [architecture]; ``chip_price`` of merchant
    accelerators, kUSD per H100e; ``q``; scarcities in logs; ``book_value``, ``written_off`` and
    ``impairment`` USD bn.
    """

    lines: Array
    spending: Array
    rent: Array
    compute: Array
    running: Array
    delivered: Array
    retired: Array
    load: Array
    energised: Array
    capital_spending: Array
    owner_capex: Array
    tokens: Array
    token_price: Array
    inference_share: Array
    architecture_share: Array
    chip_price: Array
    q: Array
    chip_scarcity: Array
    power_scarcity: Array
    book_value: Array
    written_off: Array
    impairment: Array


@pytree
class Costs:
    """Costs of new chips by architecture, kUSD per H100e, and kW per H100e; [architecture]."""

    chip: Array
    site: Array
    running: Array
    kw: Array
