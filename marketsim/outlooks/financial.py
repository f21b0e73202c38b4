"""Rows of what is spent, borrowed, earned and written off, and of tokens."""

from __future__ import annotations

from typing import Final

from marketsim.model import YEARS

from .begun import BUILT, SPENDING
from .measures import field, token_price, token_spending
from .published import Figures, Stated, Together
from .row import Row

__all__ = ["MONEY", "TOKENS"]

MONEY: Final = (
    Row(BUILT[0], "USD bn per year", field("capital_spending"), "sum"),
    Row(
        BUILT[1],
        "USD bn",
        field("capital_spending"),
        "five years",
        (Figures("bond_issuance_forecast", "AI data-centre financing need, five years"),),
        "a bank's estimate of the need to finance data centres for AI",
    ),
    Row(
        SPENDING,
        "USD bn per year",
        field("owner_capex"),
        "sum",
        (
            Together(
                "capex_plan",
                "owners",
                ends=("capex_plan_low", "capex_plan_high"),
                scale=1e-3,
                notes="annual*",
            ),
            Figures("capex_guidance", "AMZN+MSFT+GOOGL+META+ORCL", side="ceiling"),
        ),
        "plans of fiscal years that end in the year, some with finance leases; a sum with one "
        "owner more is a ceiling",
    ),
    Row(
        "borrowed for AI",
        "USD bn per year",
        field("borrowed"),
        "sum",
        (Figures("bond_issuance_forecast", "AI data centres, investment grade", side="floor"),),
        "bonds of investment grade, a part",
    ),
    Row(
        "leverage",
        "ratio",
        field("leverage"),
        "last",
        (
            Stated(
                0.0, 1.0, "judgement: lenders ask for debt of a year's operating cash flow or less"
            ),
        ),
        "debt for AI over the operating cash flow of all owners: what buyers can pay",
    ),
    Row(
        "Tobin's q",
        "ratio",
        field("q"),
        "mean",
        (Stated(0.7, 1.5, "judgement: competition brings q towards one in five years", after=5),),
    ),
    Row(
        "book above economic value",
        "USD bn",
        field("impairment"),
        "last",
        (Figures("understated_depreciation", "hyperscalers/*", side="ceiling"),),
        "what an investor who sold them short says of the largest owners",
    ),
    Row(
        "write-downs over book value",
        "percent per year",
        lambda quarters: 100.0 * (quarters.write_down + quarters.written_off) / quarters.book_value,
        "sum",
    ),
)

TOKENS: Final = (
    Row("token price, interactive", "USD per M tokens", token_price, "last"),
    Row(
        "fall of token prices",
        "x per year",
        token_price,
        "fall",
        (
            Figures(
                "token_price_decline",
                "LLM inference: decline at fixed performance (all*",
                carried=3,
            ),
            Figures(
                "token_price_decline",
                "LLM inference: decline at fixed performance since*",
                carried=3,
            ),
            Figures(
                "trend",
                "inference_cost: total price decline*",
                ends=("trend_lo", "trend_hi"),
                carried=3,
            ),
        ),
        "studies at fixed quality that pool its levels, taken to go on",
    ),
    Row(
        "laboratories' revenue",
        "USD bn per year",
        field("laboratory_revenue"),
        "sum",
        (
            Together("lab_annual_revenue", "laboratories"),
            Together("lab_annual_revenue_forecast", "laboratories"),
        ),
        "laboratories of the group alone: a floor where one is missing",
    ),
    Row(
        "laboratories' revenue at the year's end",
        "USD bn per year",
        lambda quarters: quarters.laboratory_revenue / YEARS,
        "last",
        (
            Together("lab_revenue_run_rate", "laboratories", side="floor"),
            Together("lab_revenue_run_rate_forecast", "laboratories"),
        ),
        "run-rates, each laboratory's last of the year: a floor, as they grow through it",
    ),
    Row(
        "spending on tokens",
        "USD bn per year",
        token_spending,
        "sum",
        (Figures("software_spending_forecast", "World", side="ceiling"),),
        "software of all kinds, of which tokens may become a part; own use counts at cost",
    ),
    Row(
        "tokens in world output",
        "percent",
        lambda quarters: 100.0 * token_spending(quarters) / quarters.income,
        "mean",
    ),
    Row("saturation of demand", "percent", lambda quarters: 100.0 * quarters.saturation, "last"),
)
