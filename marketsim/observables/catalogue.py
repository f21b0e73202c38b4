"""The catalogue of observables, and what of the facts is not among them and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from marketsim.errors import InputError, nearest
from marketsim.observables.capacity_price import CAPACITY_PRICE
from marketsim.observables.capital_spending import CAPITAL_SPENDING
from marketsim.observables.chip_price import CHIP_PRICE
from marketsim.observables.electricity import ELECTRICITY
from marketsim.observables.gpu_rent import GPU_RENT
from marketsim.observables.inference_share import INFERENCE_SHARE
from marketsim.observables.installed_compute import INSTALLED_COMPUTE
from marketsim.observables.observable import Observable
from marketsim.observables.older_gpu_rent import OLDER_GPU_RENT
from marketsim.observables.revenue import REVENUE
from marketsim.observables.token_price import TOKEN_PRICE
from marketsim.observables.token_volume import TOKEN_VOLUME
from marketsim.observables.turbine_backlog import TURBINE_BACKLOG
from marketsim.observables.wholesale_price import WHOLESALE_PRICE

__all__ = ["CATALOGUE", "NOT_OBSERVED", "described", "of_kind"]

CATALOGUE: Final = (
    REVENUE,
    CAPITAL_SPENDING,
    INSTALLED_COMPUTE,
    GPU_RENT,
    OLDER_GPU_RENT,
    INFERENCE_SHARE,
    CHIP_PRICE,
    TOKEN_VOLUME,
    TOKEN_PRICE,
    ELECTRICITY,
    WHOLESALE_PRICE,
    CAPACITY_PRICE,
    TURBINE_BACKLOG,
)
"""Every observable, in the order in which the fit lists its series."""

REASONS: Final = {
    "read by the priors of chips, which their trends centre": (
        "chip_bandwidth",
        "chip_memory",
        "chip_power",
    ),
    "speed in another format than the one compute is counted in": (
        "chip_fp4",
        "chip_fp8",
        "chip_int8",
    ),
    "read by the priors, as published rates with their intervals": (
        "trend",
        "trend_hi",
        "trend_lo",
    ),
    "read by the prior of accounting lives": ("server_useful_life",),
    "a source of priors and of stated shares, each of one date or one site": (
        "ai_capacity_cost",
        "chip_process",
        "company_ai_share",
        "company_gross_margin",
        "company_revenue",
        "data_centre_cost",
        "gpu_rental_break_even",
        "gpu_rental_gross_margin",
        "pue",
        "rack_power",
        "site_annual_cost",
    ),
    "fiscal years: read by the valuation; their sums of quarters are observed": (
        "annual_capex",
        "annual_cash_and_equivalents",
        "annual_cash_and_st_investments",
        "annual_depreciation_amortisation",
        "annual_diluted_shares",
        "annual_effective_tax_rate",
        "annual_gross_profit",
        "annual_net_income",
        "annual_operating_cash_flow",
        "annual_operating_income",
        "annual_pretax_income",
        "annual_r_and_d",
        "annual_revenue",
        "annual_segment_revenue",
        "annual_shares_outstanding",
        "annual_stock_based_comp",
        "annual_tax_expense",
        "annual_total_debt",
        "price_close",
    ),
    "the same reports told as growth or as a part": (
        "quarterly_revenue_growth",
        "quarterly_revenue_share",
    ),
    "what buyers pay for answers, markup and subsidy included, not the rent of compute, and no "
    "recognised revenue": ("generative_ai_spend", "lab_revenue_run_rate"),
    "a new model under a new name is another quality, so that a series measures the mix; studies "
    "at fixed quality do what can be done": ("token_list_price",),
    "declines at a single milestone (9x to 900x a year): milestones are chosen where prices have "
    "just begun to fall": ("token_price_decline_total",),
    "of one provider's mix of models, which moves too": (
        "energy_per_prompt",
        "power_efficiency_change",
        "reasoning_token_share",
        "serving_cost_change",
        "tokens_per_query",
        "tokens_per_query_growth",
    ),
    "a change of one price list, not of what is paid": ("gpu_rental_price_change",),
    "from the same counts as installed compute, at the chips' own ratings, which the priors of "
    "chips have already": ("ai_power_capacity", "installed_power", "installed_units"),
    "of all uses, of which AI is a part that no source splits every year": (
        "ai_server_electricity",
        "data_centre_electricity",
        "electricity_growth",
    ),
    "stages and stocks that the model has in no comparable form": (
        "colocation_vacancy",
        "data_centre_under_construction",
        "interconnection_completion_rate",
        "interconnection_queue",
        "interconnection_time",
        "lead_time",
        "projects_cancelled",
    ),
    "plans and forecasts of others, not figures of the window": (
        "ai_load_forecast",
        "backlog",
        "capex_guidance",
        "data_centre_capacity_forecast",
        "data_centre_electricity_forecast",
        "data_centre_power_growth_forecast",
        "data_centre_share_forecast",
        "electricity_growth_forecast",
        "load_growth_forecast",
        "understated_depreciation",
    ),
}
NOT_OBSERVED: Final = {name: reason for reason, names in REASONS.items() for name in names}
"""Quantities of the facts that no observable reads, each with the reason.

Of the quantities that one reads some entities are left out: inference shares of a single laboratory
or of one owner's energy, which are not the world's; capital spending of who is no owner; declines
of single studies of token prices."""


def of_kind(kind: str) -> Observable:
    """Return the observable of a kind.

    Raises
    ------
    InputError
        There is none.
    """
    known = {observable.kind: observable for observable in CATALOGUE}
    if kind not in known:
        raise InputError(f"no observable '{kind}'.{nearest(kind, known)}")
    return known[kind]


def described() -> Iterator[str]:
    """Yield the lines of a table of the catalogue and of what is left out, in Markdown."""
    yield "| observable | unit | facts | measures | compared by | noise, at least | because |"
    yield "|---|---|---|---|---|---|---|"
    for one in CATALOGUE:
        cells = (
            one.meaning,
            one.unit,
            ", ".join(f"`{name}`" for name in one.quantities),
            one.measured,
            _compared(one),
            f"{one.floor:g}",
            one.reason,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "| not observed | why |"
    yield "|---|---|"
    for reason, names in REASONS.items():
        yield f"| {', '.join(f'`{name}`' for name in names)} | {reason} |"


def _compared(one: Observable) -> str:
    how = "changes" if one.relative else "levels"
    how += " of years" if one.yearly else ""
    how += ", seasons apart" if one.seasonal else ""
    return how if one.horizon == "past" else f"{how}, ahead"
