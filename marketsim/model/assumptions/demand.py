"""Assumptions on demand for tokens and on training budgets."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree
from marketsim.model.units import CLASSES

from .declare import JUDGEMENT, TRENDS, assumption


@pytree
class DemandAssumptions:
    """How demand answers to price, adoption and tokens per task: mechanism 3."""

    elasticity: Array = assumption(
        "elasticity",
        "price elasticity of token demand while unsaturated (positive number)",
        lognormal((1.10, 1.20, 1.35), (0.18, 0.18, 0.20)),
        f"{TRENDS}: -1.1 short run (NBER 34608); computers, DRAM, traffic -1.3 to -1.8",
        CLASSES,
    )
    saturated_elasticity: Array = assumption(
        "elasticity",
        "price elasticity once demand is saturated",
        lognormal(0.60, 0.25),
        f"{TRENDS}: UK lighting in the 2000s -0.6, Fouquet and Pearson 2012",
    )
    saturation: Array = assumption(
        "share of world output",
        "spending on tokens, own use at cost included, at which demand is half saturated",
        lognormal(0.006, 0.8),
        "judgement: software and advertising take 1 % of world output each, all information "
        "technology 5 %; of these what answers and agents can stand in for",
    )
    income_growth: Array = assumption(
        "per year", "growth of world output at current prices", normal(0.05, 0.01), "IMF WEO"
    )
    demand_adjustment: Array = assumption(
        "share per quarter",
        "speed at which token demand moves to its desired level",
        share(0.35, 0.40),
        f"{TRENDS}: electricity adjusts over two years, Deryugina et al. 2020; software faster",
    )
    passthrough: Array = assumption(
        "share per quarter",
        "share of a change in unit cost passed into price within a quarter",
        share(0.50, 0.40),
        JUDGEMENT,
    )
    task_growth: Array = assumption(
        "per year",
        "growth of tokens per answer (reasoning, agents) that buyers find worth their price",
        normal((0.09, 0.27, 0.63), (0.10, 0.12, 0.20)),
        "data/facts/inference_demand.csv: OpenRouter prompts 4x, completions 3x in two years",
        CLASSES,
    )
    verification_growth: Array = assumption(
        "per year",
        "growth of tokens per answer spent on checking it",
        normal((0.02, 0.05, 0.12), (0.02, 0.03, 0.05)),
        JUDGEMENT,
        CLASSES,
    )
    verification_worth: Array = assumption(
        "share",
        "part of the cost of checking that its reliability is worth to buyers",
        share(0.60, 0.50),
        JUDGEMENT,
    )
    quality_uptake: Array = assumption(
        "share",
        "share of a fall of FLOP per token at fixed quality that buyers take as better models",
        share(0.40, 0.4),
        "data/facts/token_price_events.csv: list prices of the frontier rose or stood while those "
        "of a fixed quality fell tenfold a year",
    )
    task_decay: Array = assumption(
        "per year",
        "rate at which growth of tokens per answer slows",
        lognormal(0.20, 0.4),
        JUDGEMENT,
    )
    adoption_speed: Array = assumption(
        "per year",
        "speed of the logistic of adoption",
        lognormal(0.55, 0.3),
        "unverified: logits of use, US firms 3.7 % in September 2023, 10 % in October 2025 (Census "
        "BTOS), 0.5 a year; US adults 44.6 to 54.6 % in the year to August 2025 (St. Louis Fed), "
        "0.4",
    )
    adoption_midpoint: Array = assumption(
        "years since 2025",
        "date at which half of final adoption is reached",
        normal(3.0, 1.2),
        JUDGEMENT,
    )
    training_reinvestment: Array = assumption(
        "share",
        "training paid out of a dollar that tokens earned the quarter before",
        share(0.25, 0.4),
        "data/facts/labs.csv: laboratories spent more on research compute than they earned; "
        "owners who answer for their own products spend less",
    )
    training_growth: Array = assumption(
        "per year",
        "growth at the start of outside capital that pays for training",
        normal(0.85, 0.15),
        f"{TRENDS}: cost of frontier runs 2.4x a year, 1.9-2.9 at 90 %",
    )
    training_decay: Array = assumption(
        "per year",
        "rate at which that growth fades: investors want training to pay for itself",
        lognormal(0.35, 0.4),
        JUDGEMENT,
    )
    training_appetite: Array = assumption(
        "elasticity",
        "response of outside capital for training to investors' appetite",
        lognormal(1.0, 0.4),
        JUDGEMENT,
    )
    laboratory_growth: Array = assumption(
        "per year",
        "growth of the odds that a token is sold by a laboratory rather than used by its owner",
        normal(0.10, 0.25),
        JUDGEMENT,
    )
