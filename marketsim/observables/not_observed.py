"""What of the facts is not observed, and why."""

from __future__ import annotations

from typing import Final

from marketsim.statements import COMMITTED, DEALS

__all__ = ["NOT_OBSERVED", "REASONS"]

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
    "what stands between closes, shares and market value": (
        "distribution_ratio",
        "listing_price",
        "ordinary_per_receipt",
        "price_divisor",
        "special_distribution",
        "stock_split",
        "stock_split_count",
    ),
    "what shares did on days of news, which studies are held against": (
        "one_day_move",
        "one_day_move_mean",
    ),
    "the same reports told as growth or as a part": (
        "quarterly_revenue_growth",
        "quarterly_revenue_share",
    ),
    "what buyers pay for answers, markup and subsidy included, not the rent of compute, and no "
    "recognised revenue": (
        "generative_ai_spend",
        "generative_ai_spend_growth",
    ),
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
    "the same market of memory by year, by maker or as profits, which quarters of the industry and "
    "a maker's prices and bits tell better; sources of priors": (
        "dram_wafer_capacity",
        "memory_annual_bit_growth",
        "memory_annual_capex",
        "memory_annual_operating_profit",
        "memory_annual_price_change",
        "memory_annual_revenue",
        "memory_capex",
        "memory_dram_share",
        "memory_operating_profit",
        "memory_revenue_change",
    ),
    "high-bandwidth memory at single dates; sources of priors": (
        "hbm_price_premium",
        "hbm_share",
        "hbm_wafer_capacity",
        "hbm_yield",
    ),
    "of one machine or one kind of them, which the outlook is set beside": ("server_memory_share",),
    "cash flow less spending, which are observed apart": ("quarterly_free_cash_flow",),
    "interest of two companies: of Oracle on 85 to 108 USD bn of debt that is older than AI, of "
    "CoreWeave on debt that is observed": ("interest_expense",),
    "of one company each: parts of what it has committed, or the whole with what is observed of it "
    "inside, and leases that begin, which the model pays as it builds": (
        "capex_unpaid",
        "construction_commitments",
        "contractual_obligations",
        "finance_lease_additions",
        "finance_lease_liabilities",
        "prepaid_supply",
    ),
    "single deals and totals of a market for debt, with no series behind them": (
        "ai_share_of_bond_issuance",
        "bond_issuance",
        "bond_issue",
        "project_debt",
    ),
    "books, deals and users of single laboratories, often told late and on differing bases; "
    "what the model has is the spending of all users": (
        "lab_cash_burn",
        "lab_half_year_revenue",
        "lab_investment_funded",
        "lab_investment_promised",
        "lab_messages",
        "lab_net_loss",
        "lab_stake_result",
        "lab_users",
        "lab_valuation",
    ),
    COMMITTED: DEALS,
    "discount rates of the valuation, and what bills pay on cash; no measure of the model's "
    "worlds, which have a cost of funds of their own": (
        "equity_risk_premium",
        "interest_rate",
    ),
    "changes of single price lists and what one provider said of use around them; most "
    "changed the model as well": (
        "api_calls",
        "token_event_price",
        "token_event_usage",
        "token_event_volume",
        "token_price_change_share",
        "token_price_elasticity",
        "token_price_event",
    ),
    "packaging and its queues, told by analysts at single dates": (
        "packaging_capacity",
        "packaging_orders_filled",
        "packaging_shortage",
    ),
    "stocks of one company, which the model does not hold": ("inventory",),
    "colocation markets, of which AI is a part that no source splits; no measure of theirs is "
    "chosen yet": (
        "data_centre_absorption",
        "data_centre_capacity_added",
        "data_centre_inventory",
        "data_centre_lease_wait",
        "data_centre_leasing",
        "data_centre_prelease_share",
        "data_centre_rent",
    ),
    "single sites, contracts and companies, too few to stand for the world": (
        "active_power",
        "campus_price",
        "contracted_power",
        "on_site_generation",
        "power_contract",
        "power_contract_price",
        "power_contract_value",
        "site_h100e",
        "site_power",
    ),
    "load of whole grids, of which the model moves AI's part, and bills with transmission inside": (
        "large_load_energised_share",
        "large_load_requests",
        "peak_load",
        "wholesale_power_cost",
    ),
    "makers of turbines and plants sell to all users of electricity: one backlog of theirs is "
    "observed, the rest is the same told otherwise, or a source of priors": (
        "gas_plant_cost",
        "transformer_price_rise",
        "turbine_data_centre_share",
        "turbine_market_share",
        "turbine_orders",
        "turbine_shipments",
        "turbine_units_sold",
        "turbine_wait",
    ),
    "plans and forecasts of others, not figures of the window": (
        "accelerator_output_forecast",
        "active_power_guidance",
        "ai_load_forecast",
        "bond_issuance_forecast",
        "capacity_shortfall",
        "capex_guidance",
        "data_centre_capacity_added_forecast",
        "data_centre_capacity_forecast",
        "data_centre_electricity_forecast",
        "data_centre_power_growth_forecast",
        "data_centre_share_forecast",
        "dram_wafer_capacity_forecast",
        "dram_wafer_demand",
        "electricity_growth_forecast",
        "fuel_cell_output_plan",
        "gas_plant_cost_forecast",
        "generative_ai_spend_forecast",
        "hbm_bit_growth_forecast",
        "hbm_demand_forecast",
        "hbm_demand_growth_forecast",
        "hbm_price_forecast",
        "hbm_price_premium_forecast",
        "hbm_share_forecast",
        "hbm_wafer_capacity_forecast",
        "lab_cash_burn_forecast",
        "lab_gross_margin_forecast",
        "lab_revenue_run_rate_forecast",
        "load_growth_forecast",
        "memory_annual_bit_growth_forecast",
        "memory_annual_capex_forecast",
        "memory_price_forecast",
        "packaging_capacity_forecast",
        "packaging_capacity_growth_forecast",
        "packaging_output_forecast",
        "packaging_revenue_share_forecast",
        "packaging_share_forecast",
        "peak_load_forecast",
        "site_power_forecast",
        "software_spending_forecast",
        "turbine_backlog_forecast",
        "turbine_output_plan",
        "turbines_sold_out_through",
        "understated_depreciation",
        "wholesale_electricity_forward",
        "wholesale_electricity_price_forecast",
    ),
}
"""Quantities of the facts by the reason for which no observable reads them."""

NOT_OBSERVED: Final = {name: reason for reason, names in REASONS.items() for name in names}
"""Quantities of the facts that no observable reads, each with the reason.

Of the quantities that one reads, docs/partly_read.py has the entities that are left out.
"""
