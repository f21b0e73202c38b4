"""What turns a company's revenue into cash, as its own accounts have it on a date."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import jax
import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.knowledge import Knowledge
from marketsim.model.tree import leaf
from marketsim.precision import RUN_SELDOM

from .accounts import Accounts
from .assumptions import ValuationAssumptions
from .costs import (
    STATUTORY,
    Numbers,
    fleet_of,
    net_debt,
    plant,
    tax_rate,
    worn,
    written_off,
    years_of,
)
from .past import Past
from .records import Record, records
from .terms import standing

__all__ = ["Read", "accounts_of", "economics", "table_of"]

LANDLORDS: Final = "leases"
"""The layer whose buildings outlast their depreciation."""

SURE: Final = 1.35
"""Shares of owners together above which their spending was not on AI alone."""

UNSURE: Final = "fleet"

NEWER_CASH: Final = "newer cash"
"""Debt is of a later quarter than the cash that is taken off it."""

BY_ACCOUNTS: Final = "volume", "served", "inputs", "margin", "cost", "long_run_cost", "overhead"
"""What is unknown of a company without any fiscal year."""


@dataclass(frozen=True, eq=False)
class Read:
    """Accounts of ``companies`` as arrays, the ``fiscal_year_end`` they begin at, and the ``gaps``.

    Companies without any fiscal year are in it; ``reported`` says which have one.
    """

    companies: tuple[str, ...]
    accounts: Accounts
    fiscal_year_end: pd.DatetimeIndex
    gaps: list[str]

    @property
    def reported(self) -> np.ndarray:
        """Whether any fiscal year is known, [company]."""
        return np.asarray(self.accounts.known)[:, -1]

    def of_reporting(self) -> Read:
        """The same of companies that have a fiscal year."""
        rows = np.flatnonzero(self.reported)
        return Read(
            tuple(self.companies[row] for row in rows),
            jax.tree.map(lambda x: x[rows] if np.ndim(x) else x, self.accounts),
            self.fiscal_year_end[rows],
            [self.gaps[row] for row in rows],
        )


def economics(
    knowledge: Knowledge,
    posterior: Posterior,
    companies: tuple[str, ...],
    assumed: ValuationAssumptions,
) -> pd.DataFrame:
    """Return each company's economics as known on the date of ``knowledge``.

    Parameters
    ----------
    knowledge
        Fiscal-year figures, and the newest quarterly ones of debt and capital spending, are read
        from it.
    posterior
        Its history tells the prices of each fiscal year, and what the world's fleets cost then.
    companies
        Tickers.
    assumed
        For the upkeep of buildings, what compute is let at, and working capital.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``revenue`` of the last fiscal year, USD bn, its ``volume``, what of that is
        ``served`` by own fleets, ``inputs`` that are passed on, and how many years ``since`` it
        ended; ``margin`` (operating, before what acquisitions are written off), ``cost`` per dollar
        of volume that no fleet serves, now and in the long run (half its mean over five years),
        ``overhead`` (USD bn), ``tax_rate``, ``sales_to_plant``, ``fleet`` (share of the world's
        spending on AI sites), ``capital`` in all (USD bn), ``net_debt`` (USD bn, NaN where it is
        unknown), ``fiscal_year_end``. A gap takes the median of the layer, else of all, and is
        listed in ``gaps``.
    """
    return table_of(accounts_of(knowledge, posterior, companies), assumed)


def table_of(read: Read, assumed: ValuationAssumptions) -> pd.DataFrame:
    """Return the economics that accounts say, as :func:`economics` has them."""
    found = {name: np.asarray(x) for name, x in _standing(assumed, read.accounts).items()}
    known = read.reported
    blank = {name: np.where(known, found[name], np.nan) for name in BY_ACCOUNTS}
    return pd.DataFrame(
        {
            "revenue": np.where(known, read.accounts.revenue, np.nan),
            **found,
            **blank,
            "since": np.where(known, found["since"], np.nan),
            "capital": np.where(known, found["capital"], np.nan),
            "net_debt": np.asarray(read.accounts.net_debt),
            "fiscal_year_end": read.fiscal_year_end,
            "gaps": read.gaps,
        },
        index=pd.Index(read.companies),
    )


_standing = jax.jit(standing, compiler_options=RUN_SELDOM)


def accounts_of(knowledge: Knowledge, posterior: Posterior, companies: tuple[str, ...]) -> Read:
    """Return what companies reported and what the history says of it: nothing that is assumed.

    Parameters
    ----------
    knowledge, posterior, companies
        As for :func:`economics`.
    """
    known = records(knowledge, companies)
    ends = [x for r in known.values() for x in (r.ends, r.spent.ends)]
    past = Past.of(posterior, np.unique(np.concatenate(ends)))
    places = [past.companies.index(t) for t in companies]
    fleets = [fleet_of(past, at, known[t]) for at, t in zip(places, companies, strict=True)]
    # As long as AI was small, spending beyond the usual was on other things: no more than all.
    too_much = max(sum(fleet for fleet, _ in fleets), 1.0)
    rows = [
        _numbers(past, at, known[t], fleet / too_much, other)
        for t, at, (fleet, other) in zip(companies, places, fleets, strict=True)
    ]
    layers = knowledge.universe.companies["layer"].reindex(list(companies))
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    ended = pd.DatetimeIndex(columns["fiscal_year_end"])
    unsure = np.where((columns["fleet"] > 0.0) & (too_much > SURE), UNSURE, "")
    given = {
        **columns,
        "since": np.nan_to_num(_years(posterior.as_of, ended)),
        "tax_rate": _filled(columns["tax_rate"], layers),
        "landlord": (layers == LANDLORDS).to_numpy(),
        "layer": pd.factorize(layers)[0],
        "book": np.asarray(past.book),
    }
    return Read(
        companies,
        Accounts(**{f.name: leaf(np.asarray(given[f.name])) for f in fields(Accounts)}),
        ended,
        _gaps(columns, unsure),
    )


def _numbers(past: Past, at: int, record: Record, fleet: float, other: np.ndarray) -> Numbers:
    """Return what a record says, by name; ``fleet`` is its share of all, ``other`` its spending."""
    debt, older = net_debt(record)
    return {
        **years_of(past, at, record),
        **written_off(record),
        **plant(record, other, worn(past, record, fleet)),
        "tax_rate": tax_rate(record),
        "net_debt": debt,
        "older_cash": older,
        "fleet": fleet,
        "sold": past.sold[at],
        "used": past.used[at],
        "at_home": float(past.at_home[at]),
        "ai_share": past.ai_share[at] if fleet else 0.0,
        "exposure": past.exposure[at] - (past.ai_share[at] if fleet else 0.0),
        "borrowed": past.borrowed[at],
        "builders": past.builders,
        "holders": past.holders,
    }


def _years(date: pd.Timestamp, ends: pd.DatetimeIndex) -> np.ndarray:
    return np.asarray((date - ends) / pd.Timedelta(days=365.25))


def _gaps(columns: dict[str, Any], unsure: np.ndarray) -> list[str]:
    """Return a word on each gap of a company."""
    unknown = {
        "tax_rate": np.isnan(columns["tax_rate"]),
        "sales_to_plant": ~columns["recorded"],
        "net_debt": np.isnan(columns["net_debt"]),
        NEWER_CASH: columns["older_cash"],
    }
    words = [columns["missing"], unsure, *(np.where(x, n, "") for n, x in unknown.items())]
    return [", ".join(filter(None, map(str, row))) for row in zip(*words, strict=True)]


def _filled(rates: np.ndarray, layers: pd.Series) -> np.ndarray:
    """Return tax rates with medians of their layers, else of all, in the gaps."""
    known = pd.Series(rates, layers.index)
    near = known.groupby(layers).transform("median")
    middle = known.median()
    filled = known.fillna(near).fillna(middle if np.isfinite(middle) else STATUTORY)
    return filled.to_numpy()
