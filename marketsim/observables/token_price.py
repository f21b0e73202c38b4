"""Prices of tokens at fixed quality, as the declines that pooled studies found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import jax.numpy as jnp
import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["STUDIED", "TOKEN_PRICE", "token_prices"]

STUDIED: Final = 2
"""Years before its date over which a study's rate is taken to have held."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield a series for each study of the group `price_studies`, by its label."""
    for study, rows in token_prices(knowledge).groupby("entity"):
        yield Report(str(study), rows)


def token_prices(knowledge: Knowledge) -> pd.DataFrame:
    """Return the declines that pooled studies found as an index: one at the end of their period.

    A rate is observed as one change over the last years of the study.
    """
    rates = knowledge.select("token_price_decline")
    studies = dict(knowledge.universe.labels("price_studies"))
    rates = rates[rates["entity"].isin(studies)]
    rates = rates.assign(entity=rates["entity"].map(studies))
    before = rates.assign(
        date=rates["date"] - pd.DateOffset(years=STUDIED), value=rates["value"] ** STUDIED
    )
    both = pd.concat([before, rates.assign(value=1.0)])
    return both.sort_values(["entity", "date"], ignore_index=True)


def measure(quarters: Quarter) -> Array:
    """Return the token price, classes in fixed weights so that a shift is no change, [quarter]."""
    return jnp.exp(jnp.log(quarters.token_price).mean(axis=-1))


TOKEN_PRICE: Final = Observable(
    kind="token_price",
    meaning="decline of token prices at fixed quality, over all levels of it",
    quantities=("token_price_decline",),
    unit="index",
    reports=reports,
    measure=measure,
    measured="the token price, classes in fixed weights",
    floor=0.40,
    reason="pooled studies of one period find 7x and 13x a year: half a log unit between them",
    relative=True,
)
