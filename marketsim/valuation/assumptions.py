"""What valuation assumes: every number in it that can be argued with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd
from jax import Array

from marketsim.errors import InputError, nearest
from marketsim.knowledge import Facts, Knowledge
from marketsim.model.assumptions.declare import assumption
from marketsim.model.priors import Prior, lognormal, normal, share
from marketsim.model.tree import leaf, pytree
from marketsim.precision import precise

__all__ = [
    "RATES",
    "ValuationAssumptions",
    "refuse_ours",
    "unknown_rates",
    "valuation_assumptions",
    "valuation_table",
]

RATES: Final = {
    "risk_free": ("interest_rate", "US 10-year"),
    "equity_premium": ("equity_risk_premium", "US"),
}
"""Assumptions whose medians are the newest facts: quantity and entity."""


NO_FIGURE: Final = "the prior's median: no figure was published by the date"


@pytree
class ValuationAssumptions:
    """What turns revenue into value and value into returns; rates per year, scalars."""

    risk_free: Array = assumption(
        "per year",
        "return without risk, for as long as companies live",
        normal(0.042, 0.004),
        "data/facts/rates.csv: ten-year US Treasuries at the date",
    )
    equity_premium: Array = assumption(
        "per year",
        "return that the market asks for above it",
        normal(0.045, 0.006),
        "data/facts/rates.csv: Damodaran, implied by prices at the beginning of the year",
    )
    beta_reversion: Array = assumption(
        "per year",
        "speed at which betas return to one",
        lognormal(0.06, 0.5),
        "Blume 1975: of a distance from one, two thirds are left seven years on",
    )
    hurdle_share: Array = assumption(
        "share",
        "what shareholders of AI businesses ask more where its builders do",
        share(0.90, 0.8),
        "both fund the same business: compute that must earn more to be built earns more for those "
        "who own it, and is worth no more",
    )
    mood_reversion: Array = assumption(
        "per year",
        "speed at which what they ask more fades after the years simulated, in which builders do",
        lognormal(0.10, 0.5),
        "Campbell and Shiller 1988, Cochrane 2008: discount rates revert by a tenth a year or more",
    )
    working_capital: Array = assumption(
        "share",
        "receivables and stocks less payables, of sales",
        share(0.15, 0.4),
        "Damodaran: US companies, a tenth to a fifth",
    )
    debt_spread: Array = assumption(
        "per year",
        "what lenders ask above the return without risk, at no leverage",
        lognormal(0.012, 0.4),
        "investment-grade bonds of 2023-25: some 100 basis points",
    )
    overhead_elasticity: Array = assumption(
        "elasticity",
        "growth of research, selling and administration with what is sold",
        share(0.65, 0.5),
        "Anderson, Banker and Janakiraman 2003: 0.55 in a year, 0.65 and more over several",
    )
    margin_reversion: Array = assumption(
        "per year",
        "speed at which a company's costs return to their long run",
        lognormal(0.20, 0.5),
        "Fama and French 2000: profitability reverts by 0.38 a year, less where it is high",
    )
    scarcity_fade: Array = assumption(
        "per year",
        "speed at which what prices hold of scarcity fades after the years simulated",
        lognormal(0.50, 0.5),
        "plant takes about two years to build",
    )
    growth_fade: Array = assumption(
        "per year",
        "speed at which growth fades to the terminal one after the years simulated",
        lognormal(0.50, 0.4),
        "Chan, Karceski and Lakonishok 2003: growth above the median lasts hardly longer than "
        "chance has it",
    )
    terminal_growth: Array = assumption(
        "per year",
        "growth for ever after",
        normal(0.030, 0.005),
        "two of inflation and one of output: below the risk-free rate",
    )
    terminal_return: Array = assumption(
        "per year",
        "return on new capital for ever after: growth costs growth over it, of profit",
        lognormal(0.15, 0.3),
        "Koller, Goedhart and Wessels 2020: return on capital of US companies, without goodwill",
    )
    lease_upkeep: Array = assumption(
        "share",
        "upkeep of landlords' buildings over their depreciation",
        share(0.30, 0.5),
        "Equinix and Digital Realty: recurring capital spending is a tenth to a seventh of "
        "depreciation, and equipment wears out besides",
    )
    letting_price: Array = assumption(
        "share",
        "what large customers pay owners for compute over what all compute is let at",
        share(0.95, 0.8),
        "data/facts/accounting.csv: an H100 at 1.70 USD an hour for a year where lists had 2.00 to "
        "2.36, the model's contracts 1.90; but at 0.9 building would not earn what builders ask",
    )
    letting_time: Array = assumption(
        "years",
        "time in which 63 % of compute that owners hold beyond what they sell is let",
        lognormal(2.0, 0.4),
        "judgement: sites are paid for while they are built, and ramp; CoreWeave's and Oracle's "
        "spending of 2025 was ahead of their sales by more than a year",
    )
    appropriation: Array = assumption(
        "share",
        "share that owners keep of what becomes of the worth of compute they use at home",
        share(0.05, 0.6),
        "Nordhaus 2004: innovators keep a fiftieth; at a fifth Meta would have gained two thirds "
        "on 27 January 2025, when it gained a fiftieth (data/facts/event_moves.csv)",
    )
    recognition_time: Array = assumption(
        "years",
        "time in which prices recognise 63 % of what sets worlds of one regime apart",
        lognormal(1.45, 0.4),
        "judgement: most of it is news of later years, which nobody has yet",
    )
    regime_time: Array = assumption(
        "years",
        "time in which prices recognise 63 % of what a regime is worth",
        lognormal(0.70, 0.4),
        "judgement: in 2016-25 a change of plans or of demand was in prices within two to four "
        "quarters of its first reports",
    )
    pull: Array = assumption(
        "per year",
        "speed at which prices return to the model's value, company by company",
        share(0.05, 0.8),
        "docs/valuation.md: 0.06 to 0.15 at past dates by three forms of the gap, with standard "
        "errors of 0.13 to 0.19; half of their mean",
    )
    volatility_persistence: Array = assumption(
        "share",
        "share of a stock's distance in log volatility from the median that the next year has too",
        share(0.85, 0.5),
        "closes of 2013-25: a year's beside that of the three before it, 0.89 with a standard "
        "error of 0.09, of companies chosen since",
    )
    noise_floor: Array = assumption(
        "share",
        "share of a stock's volatility that no world explains, at the least",
        share(0.50, 0.5),
        "judgement; Roll 1988: news of industry and market explain a third of a month's variance",
    )


@dataclass(frozen=True)
class _Entry:
    name: str
    unit: str
    meaning: str
    source: str
    prior: Prior


ENTRIES: Final = tuple(
    _Entry(f.name, **{k: f.metadata[k] for k in ("unit", "meaning", "source", "prior")})
    for f in fields(ValuationAssumptions)
)


def valuation_assumptions(
    facts: Facts | Knowledge, given: Mapping[str, float] | None = None
) -> ValuationAssumptions:
    """Return the medians, those of :data:`RATES` at the newest facts, others as ``given``.

    Raises
    ------
    InputError
        For a name that is none, or a value that no draw of its prior could have.
    """
    values = {e.name: float(np.asarray(e.prior.median)) for e in ENTRIES}
    for name, (quantity, entity) in RATES.items():
        known = facts.select(quantity)
        rows = known[known["entity"] == entity]
        if len(rows):
            values[name] = float(rows.sort_values("date")["value"].iloc[-1]) / 100.0
    for name, value in (given or {}).items():
        values[name] = _checked(name, value)
    return ValuationAssumptions(**{name: leaf(np.asarray(value)) for name, value in values.items()})


def unknown_rates(
    facts: Facts | Knowledge, given: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """Return which of :data:`RATES` take the prior's median, since no figure was published."""
    return tuple(
        name
        for name, (quantity, entity) in RATES.items()
        if name not in (given or {}) and facts.select(quantity, entity).empty
    )


def refuse_ours(names: Iterable[object]) -> None:
    """Refuse names of what valuation assumes where worlds' assumptions are asked for.

    Raises
    ------
    InputError
        For the first of them, with where it can be asked.
    """
    ours = {e.name for e in ENTRIES}
    for name in names:
        if name in ours:
            raise InputError(
                f"'{name}' is what valuation assumes, the same in every world; ask "
                "ms.sensitivities(choice).valuation what it does, or ms.implied(returns, "
                f"of=['{name}']) what prices have it be"
            )


def valuation_table(values: ValuationAssumptions, unknown: Collection[str] = ()) -> pd.DataFrame:
    """Return assumptions by name: value, 80 % of the prior, unit, meaning, source.

    The source of those ``unknown`` says that they are the prior's median.
    """
    with precise("float64"):
        rows = {
            e.name: {
                "value": float(getattr(values, e.name)),
                "low": e.prior.value_at(-1.2816),
                "high": e.prior.value_at(1.2816),
                "unit": e.unit,
                "meaning": e.meaning,
                "source": NO_FIGURE if e.name in unknown else e.source,
            }
            for e in ENTRIES
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("assumption")


def _checked(name: str, value: float) -> float:
    kinds = {e.name: e.prior.kind for e in ENTRIES}
    if name not in kinds:
        hint = nearest(name, list(kinds)) or f" It assumes {', '.join(kinds)}."
        raise InputError(f"valuation assumes no '{name}'.{hint}")
    low, high = {
        "normal": (-1.0, 1.0),
        "lognormal": (np.finfo(float).tiny, np.inf),
        "share": (0.0, 1.0),
    }[kinds[name]]
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and np.isfinite(value) and low <= value <= high):
        raise InputError(f"{name} is {value!r}; give a number from {low:g} to {high:g}")
    return float(value)
