"""What returns are asked of: a horizon, an anchor, and companies with accounts and prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from marketsim.errors import InputError
from marketsim.knowledge import Facts, Knowledge
from marketsim.prices import Prices
from marketsim.simulation import Paths

from .accounts import Accounts, Quotes
from .assumptions import ValuationAssumptions, valuation_assumptions
from .economics import accounts_of, table_of
from .last_year import last_year
from .quoted import quoted, quotes_of, terms_in
from .statement import Terms
from .worlds import expected_of

__all__ = ["Anchoring", "Basis", "basis_of", "horizon_years", "priced_mix"]

Anchoring = Literal["mix", "unshifted"]
"""What the market prices: the mix of regimes, or worlds without any regime's shift."""


@dataclass(frozen=True, eq=False, repr=False)
class Basis:
    """What companies are valued by before any of the worlds drawn is looked at.

    What is ``assumed``; the companies ``listed``, priced that is, and a ``table`` of the economics
    of those with accounts, with these as ``accounts``, ``terms`` and ``quotes``, and their
    ``columns`` in the paths; what forecasts expect of the world; what is ``known``; and ``layers``.
    """

    assumed: ValuationAssumptions
    listed: tuple[str, ...]
    table: pd.DataFrame
    accounts: Accounts
    terms: Terms
    quotes: Quotes
    columns: np.ndarray
    expected: dict[str, np.ndarray]
    known: Knowledge
    layers: dict[str, str]


def basis_of(
    paths: Paths,
    prices: Prices,
    facts: Facts | Knowledge | None,
    assumptions: Mapping[str, float] | None,
) -> Basis:
    """Return what the companies of paths are valued by; see :func:`revalue`. In float64."""
    posterior = paths.scenarios.posterior
    if prices.as_of > posterior.as_of:
        raise InputError(
            f"revalue: prices are of {prices.as_of.date()}, after the decision date "
            f"{posterior.as_of.date()}; load them with as_of='{posterior.as_of.date()}'"
        )
    listed = tuple(t for t in paths.companies if t in prices.statistics.index)
    if not listed:
        raise InputError("revalue: no company of the paths has a price")
    known = _known(posterior.knowledge if facts is None else facts, posterior.knowledge)
    known = known.upto(posterior.as_of)
    assumed = valuation_assumptions(known, assumptions)
    read = accounts_of(known, posterior, listed).of_reporting()
    table = last_year(quoted(table_of(read, assumed), prices, known), posterior)
    layers = posterior.knowledge.universe.companies["layer"]
    return Basis(
        assumed=assumed,
        listed=listed,
        table=table,
        accounts=read.accounts,
        terms=terms_in(table),
        quotes=quotes_of(table, prices),
        columns=np.array([paths.companies.index(t) for t in table.index]),
        expected=expected_of(paths),
        known=known,
        layers={t: str(layers[t]) for t in table.index if t in layers.index},
    )


def priced_mix(anchor: Anchoring) -> bool:
    """Whether the market prices the mix of regimes.

    Raises
    ------
    InputError
        For an anchor that is none.
    """
    if anchor not in get_args(Anchoring):
        right = " or ".join(f"'{name}'" for name in get_args(Anchoring))
        raise InputError(f"revalue: anchor is {anchor!r}; write {right}")
    return anchor == "mix"


def horizon_years(horizon: str | float) -> float:
    """Return a horizon in years.

    Raises
    ------
    InputError
        For anything but a positive number of years, or text such as ``1y``, ``6m``, ``2q``.
    """
    if isinstance(horizon, int | float) and 0.0 < horizon <= 5.0:
        return float(horizon)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([ymq])", str(horizon).strip())
    years = float(match[1]) / {"y": 1.0, "q": 4.0, "m": 12.0}[match[2]] if match else 0.0
    if not 0.0 < years <= 5.0:
        right = "write '1y', '6m' or '2q', up to five years"
        raise InputError(f"horizon '{horizon}' is not one; {right}")
    return years


def _known(facts: Facts | Knowledge, knowledge: Knowledge) -> Knowledge:
    """Return what is known, with the given facts."""
    return facts if isinstance(facts, Knowledge) else knowledge.with_facts(facts.table)
