"""A company and a world by themselves, as statements and values take them; USD bn per year."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from marketsim.model.tree import leaf
from marketsim.valuation import Sales, Terms, ValuationAssumptions
from marketsim.valuation.assumptions import ENTRIES
from marketsim.valuation.returns import HELD

VOLUME: Final = 40.0
YEARS: Final = 5

PLAIN: Final = {
    "volume": VOLUME,
    "since": 0.0,
    "served": 0.0,
    "inputs": 0.0,
    "cost": 0.5,
    "long_run_cost": 0.5,
    "overhead": 4.0,
    "tax_rate": 0.2,
    "sales_to_plant": 1.2,
    "fleet": 0.0,
    "spare": 0.0,
    "at_home": 0.0,
    "hidden": 0.0,
    "borrowed": 0.0,
    "builders": 0.1,
    "holders": 0.1,
    "ai_share": 0.0,
    "exposure": 0.0,
    "net_debt": 0.0,
    "capital": 4.0,
    "beta": 1.0,
    "equity_share": 1.0,
}
"""A company without debt or fleets, whose costs have settled: of sales of 40 it keeps 16."""


def assumed(**given: float) -> ValuationAssumptions:
    """Medians, but for what is given."""
    values = {e.name: float(np.asarray(e.prior.median)) for e in ENTRIES} | given
    return ValuationAssumptions(**{name: number(value) for name, value in values.items()})


def terms(**given: ArrayLike) -> Terms:
    """Terms of as many companies as the longest of what is given, plain otherwise.

    Costs have settled unless the long run is given too.
    """
    given = {"long_run_cost": given.get("cost", PLAIN["cost"])} | given
    count = max([np.size(value) for value in given.values()], default=1)
    values = {name: np.broadcast_to(given.get(name, plain), count) for name, plain in PLAIN.items()}
    return Terms(**{name: number(value) for name, value in values.items()})


def sales(
    growth: float = 0.0, years: int = YEARS, companies: int = 1, level: float = VOLUME
) -> Sales:
    """A world where all that is sold grows, at prices that stay, and nobody builds AI."""
    path = level * np.exp(growth * np.arange(years))[:, None] * np.ones(companies)
    calm = {f.name: np.zeros(years) for f in fields(Sales) if f.name not in HELD} | {
        "hurdle": np.zeros(()),
        "borrowers": np.full(years, PLAIN["builders"]),
        "borrowers_fleet": np.full(years, PLAIN["holders"]),
    }
    held = {
        "revenue": path,
        "volumes": path,
        "inputs": 0.0 * path,
        "ordinary": path[-1],
        "lives": np.ones_like(path),
    }
    return Sales(**{name: number(value) for name, value in (held | calm).items()})


def number(value: ArrayLike) -> Array:
    return leaf(np.array(value, dtype=np.float64))
