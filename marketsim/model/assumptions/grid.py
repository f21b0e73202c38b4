"""Assumptions on the grid: its tightness, its prices, and those who supply it."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class GridAssumptions:
    """What load does to prices of energy and capacity, and who earns it: mechanism 6.

    Auctions and heat rates bear on how tight the grid is and how prices answer; sizes of fleets,
    leads and costs are taken from what is published, and the rest is judgement: no series tells.
    """

    grid_size: Array = assumption(
        "GW",
        "peak load of the markets in which merchants sell, without AI",
        lognormal(240.0, 0.1),
        "data/facts/power_market.csv: PJM's summer peak 154 GW, ERCOT's record 86",
    )
    grid_share: Array = assumption(
        "share",
        "part of the world's AI load on the grid that these markets carry",
        share(0.35, 0.3),
        "data/facts/power.csv: 45 % of data centres' electricity is used in the United States, of "
        "AI's more; about half of it in PJM and ERCOT",
    )
    grid_growth: Array = assumption(
        "per year",
        "growth of firm capacity less that of all other peak load, but for what prices bring",
        normal(-0.012, 0.008),
        "PJM auctions for 2022/23 to 2027/28: reserves from five points above the requirement to "
        "five below, by retirements, accreditation and load, of which AI is about a third",
    )
    grid_response: Array = assumption(
        "per year",
        "firm capacity ordered at the limit of the capacity price, share of peak load",
        lognormal(0.04, 0.4),
        "data/facts/power_market.csv: orders and slots of GE Vernova went from 10 to 40 GW a year "
        "while prices went to their cap, a third of it for these markets",
    )
    wholesale_response: Array = assumption(
        "elasticity",
        "rise of ln energy price per log unit of load over firm capacity",
        lognormal(2.0, 0.4),
        "data/facts/power_market.csv and the price of gas: implied heat rates rose by a fifth from "
        "2023 to 2025 while reserves fell by five to seven points",
    )
    capacity_width: Array = assumption(
        "ratio",
        "reserve over which capacity prices climb from low to high",
        lognormal(0.010, 0.4),
        "PJM demand curve: from the requirement to price zero in about five points",
    )
    capacity_price_limit: Array = assumption(
        "USD per MW-day",
        "capacity price when reserves are far below the requirement",
        lognormal(380.0, 0.2),
        "data/facts/power_market.csv: caps of 329 and 333, 389 without the cap",
    )
    capacity_lead: Array = assumption(
        "years",
        "time from an auction of capacity to the middle of its delivery",
        lognormal(1.5, 0.2),
        "data/facts/power.csv: PJM auctions of 2022 to 2025 were held one to two years ahead",
    )
    hedge_turnover: Array = assumption(
        "share per quarter",
        "share of merchants' energy that is sold anew in a quarter",
        share(0.11, 0.3),
        "merchants sell two to three years ahead, ratably (10-K of Constellation and Vistra)",
    )
    merchant_output: Array = assumption(
        "GW",
        "energy that merchants sell at prices not fixed for longer, average over the hours",
        lognormal(65.0, 0.2),
        "10-K: Constellation 180 TWh of nuclear, Vistra 190, NRG and Talen 90; others a fifth",
    )
    merchant_capacity: Array = assumption(
        "GW",
        "capacity that merchants sell in auctions",
        lognormal(70.0, 0.2),
        "PJM auctions: Constellation about 21 GW, Vistra and Talen 10 each, and others",
    )
    turbine_cost: Array = assumption(
        "kUSD per kW",
        "price of turbines, engines and fuel cells",
        lognormal(0.8, 0.25),
        "data/facts/power_market.csv: a plant of combined cycle costs 2.0 to 2.5, turbines a third",
    )
    turbine_premium: Array = assumption(
        "elasticity",
        "rise of that price with the length of the backlog",
        lognormal(0.5, 0.4),
        "data/facts/power_market.csv: turbine cost nearly doubled as backlogs tripled",
    )
    turbine_lead: Array = assumption(
        "years",
        "time from an order of turbines to a plant on the grid",
        lognormal(4.0, 0.2),
        "data/facts/power_market.csv: slots of GE Vernova sold out through 2028 at the end of 2025",
    )
    own_generation_lead: Array = assumption(
        "years",
        "time from an order to generation behind the meter",
        lognormal(1.0, 0.3),
        "engines, fuel cells and small turbines arrive within a year, large turbines in three",
    )
    own_generation_cost: Array = assumption(
        "kUSD per MWh",
        "all-in cost of generation behind the meter",
        lognormal(0.115, 0.15),
        "gas at 3.5 USD and plants at 2.0 to 2.5 kUSD per kW; fuel cells cost as much",
    )
    behind_the_meter: Array = assumption(
        "share per quarter",
        "own generation ordered per log unit by which a powered kW is worth more than it costs, "
        "share of energised capacity",
        lognormal(0.015, 0.5),
        JUDGEMENT,
    )
    initial_reserve: Array = assumption(
        "ratio",
        "firm capacity above the planning requirement at the start",
        lognormal(0.05, 0.3),
        "PJM auction for 2022/23: five points of reserve above the requirement",
    )
    initial_wholesale_price: Array = assumption(
        "USD per MWh",
        "wholesale price of energy at ample reserves, at the price of gas of 2023 and 2024",
        lognormal(32.0, 0.1),
        "data/facts/power_market.csv: PJM 31 in 2023 and 34 in 2024",
    )
    initial_capacity_price: Array = assumption(
        "USD per MW-day",
        "price of capacity at ample reserves",
        lognormal(36.0, 0.2),
        "facts at the start: PJM auctions of 2021 to early 2023 cleared at 50, 34 and 29",
    )
    initial_turbine_backlog: Array = assumption(
        "GW",
        "turbines on order in the world for other reasons than the tightness of the grid",
        lognormal(80.0, 0.3),
        "data/facts/power_market.csv: GE Vernova about 25 GW in 2023, a third of the market",
    )
