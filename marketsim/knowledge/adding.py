"""`add_company`: a company of one's own beside those that ship, checked as a folder of rows is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.dates import Day, day
from marketsim.errors import InputError, nearest
from marketsim.knowledge.fact_columns import facts_schema, typed
from marketsim.knowledge.facts_files import table_of
from marketsim.knowledge.knowledge import Knowledge
from marketsim.knowledge.plausible import implausible
from marketsim.knowledge.revenue_map import LINES, RevenueMap
from marketsim.knowledge.table import KEY
from marketsim.knowledge.universe import COMPANIES
from marketsim.renames import present
from marketsim.tables import Place, Rows, refuse

__all__ = ["add_company"]

SEGMENT: Final = "total"

WANTED: Final = {
    ("annual_revenue", "annual_operating_income"): "it gets no value, no return and no weight",
    ("annual_gross_profit",): "it is taken for having no overhead",
    ("annual_diluted_shares", "annual_shares_outstanding"): (
        "it has no market value unless prices say it, and no leverage"
    ),
    ("annual_total_debt",): "it is taken for free of debt",
}
"""What of accounts is wanted, and what it costs where none, or one, of it is missing."""

EITHER: Final = ("annual_diluted_shares", "annual_shares_outstanding")

Published = int | Mapping[Any, Day]


def add_company(
    knowledge: Knowledge,
    ticker: str,
    *,
    name: str,
    layer: str,
    share: float,
    revenue: pd.Series | Mapping[Any, float],
    published: Published | pd.Series,
    source: str,
    accounts: pd.DataFrame | None = None,
    base_growth: float = 0.03,
    fiscal_year_end_month: int = 12,
    confidence: str = "unverified",
) -> Knowledge:
    """Return knowledge with one more company, of one line of revenue.

    Parameters
    ----------
    knowledge
        From :func:`marketsim.load_facts`; what was published after its date is left out.
    ticker, name
        Of the company, which knowledge does not have yet.
    layer
        Of spending that its revenue draws on, as ``servers``.
    share
        Of that layer, a fraction: the median of its prior.
    revenue
        USD m, by end of quarter.
    published
        Days from the end of a quarter, or of a fiscal year, to its report; or the day of each, by
        end.
    source
        Where the figures were found.
    accounts
        By end of fiscal year, a column for each quantity, such as ``annual_revenue`` (USD m) and
        ``annual_diluted_shares`` (m shares), in the first unit of the quantity. What is missing,
        and what that costs, is in ``added`` of the result.
    base_growth
        Of revenue not tied to AI, a year, a fraction.
    fiscal_year_end_month
        1 to 12.
    confidence
        Of the figures: ``sourced``, ``derived`` or ``unverified``.

    Raises
    ------
    InputError
        The company is known already, the ticker is a former one, or what is given is no series by
        day.
    DataError
        All else that is wrong, as of a folder's files.
    """
    universe = knowledge.universe
    if ticker in universe.companies.index:
        raise InputError(f"add_company: '{ticker}' is there already; replace its rows by a folder")
    if renamed := present(ticker, universe.renames):
        raise InputError(
            f"add_company: {ticker} is {renamed.ticker} since {renamed.since:%Y-%m-%d}; call the "
            f"company {renamed.ticker}"
        )
    if layer not in universe.layers.index:
        known = ", ".join(map(str, universe.layers.index))
        hint = nearest(layer, universe.layers.index)
        raise InputError(f"add_company: layer '{layer}' is none; write one of {known}.{hint}")
    group = str(universe.layers["group"][layer])
    company = {
        "ticker": ticker,
        "company": name,
        "layer": group,
        "fiscal_year_end_month": fiscal_year_end_month,
    }
    line = {
        "ticker": ticker,
        "segment": SEGMENT,
        "layer": layer,
        "share": share,
        "base_growth": base_growth,
        "source": source,
    }
    given = {f"{ticker}.{SEGMENT}": {"quarterly_revenue": _dated(revenue, "revenue")}}
    if accounts is not None:
        columns = pd.DataFrame(accounts)
        given[ticker] = {str(q): _dated(columns[q].dropna(), str(q)) for q in columns}
    facts = [
        {
            "quantity": quantity,
            "entity": entity,
            "date": str(end.date()),
            "published": str(_published(published, end).date()),
            "value": value,
            "unit": _unit(knowledge, quantity),
            "source": source,
            "confidence": confidence,
            "note": "",
        }
        for entity, quantities in given.items()
        for quantity, values in quantities.items()
        for end, value in values.items()
    ]
    tables = {COMPANIES: [company], LINES: [line], facts_schema(knowledge.quantities): facts}
    texts = {schema: _rows(rows, f"add_company, {schema.file}") for schema, rows in tables.items()}
    refuse([fault for schema, rows in texts.items() for fault in schema.faults(rows)])
    rows = typed(list(texts.values())[-1])
    refuse(implausible(rows))
    last = knowledge.as_of
    rows = rows if last is None else rows[rows["published"] <= last]
    row = pd.DataFrame({n: [v] for n, v in company.items() if n != "ticker"}, index=[ticker])
    companies = pd.concat([universe.companies, row.astype(universe.companies.dtypes)])
    companies.index = pd.Index(companies.index, name="ticker", dtype="str")
    keys = frozenset(rows[list(KEY)].itertuples(index=False, name=None))
    table = table_of(pd.concat([knowledge.table, rows], ignore_index=True))
    return replace(
        knowledge.with_facts(table),
        universe=replace(
            universe,
            companies=companies,
            revenue_map=_mapped(universe.revenue_map, ticker, layer, share, base_growth),
        ),
        added=(*knowledge.added, f"{ticker} added", *_missing(ticker, given.get(ticker, {}))),
        own=knowledge.own | keys,
    )


def _dated(values: object, name: str) -> dict[pd.Timestamp, float]:
    """Return values by day."""
    if not isinstance(values, pd.Series | Mapping) or not len(values):
        raise InputError(f"add_company: {name} is no series of values by day; give some by end")
    return {day(end, name): value for end, value in dict(values).items()}


def _published(published: Published | pd.Series, end: pd.Timestamp) -> pd.Timestamp:
    """Return the day of a report."""
    if isinstance(published, int | np.integer) and not isinstance(published, bool):
        if not 0 <= published <= 366:
            raise InputError(f"add_company: published is {published}; give days from 0 to 366")
        return end + pd.Timedelta(days=int(published))
    if not isinstance(published, pd.Series | Mapping):
        raise InputError(
            f"add_company: published is {published!r}; give days after the end, or days by end"
        )
    known = {day(one, "published"): day(told, "published") for one, told in dict(published).items()}
    if end not in known:
        raise InputError(f"add_company: published has no day for the report to {end.date()}")
    return known[end]


def _unit(knowledge: Knowledge, quantity: str) -> str:
    known = knowledge.quantities
    return str(next(iter(known["units"][quantity]))) if quantity in known.index else ""


def _rows(rows: list[dict[str, Any]], where: str) -> Rows:
    """Return rows as a file would hold them, with their places."""
    table = pd.DataFrame([{n: str(v) for n, v in row.items()} for row in rows], dtype=object)
    table["place"] = pd.Series([Place(where, i, "row") for i in range(len(table))], dtype=object)
    return table


def _mapped(old: RevenueMap, ticker: str, layer: str, share: float, growth: float) -> RevenueMap:
    """Return a revenue map with one more line."""
    part = [share if one == layer else 0.0 for one in old.layers]
    lines, companies = len(old.lines), len(old.companies)
    owner = np.zeros((companies + 1, lines + 1))
    owner[:companies, :lines], owner[-1, -1] = old.owner, 1.0
    return RevenueMap(
        (*old.lines, f"{ticker}.{SEGMENT}"),
        (*old.companies, ticker),
        old.layers,
        np.vstack([old.share, part]),
        owner,
        np.append(old.base_growth, growth),
    )


def _missing(ticker: str, accounts: Mapping[str, object]) -> list[str]:
    """Return what of accounts is missing and what that costs, in words."""
    found = []
    if "annual_net_income" in accounts:  # from which operating income can be had
        accounts = {**accounts, "annual_operating_income": None}
    for names, cost in WANTED.items():
        lacking = [name for name in names if name not in accounts]
        if lacking and (names != EITHER or len(lacking) == len(names)):
            word = " or " if names == EITHER else " and "
            found.append(f"{ticker} without {word.join(lacking)}: {cost}")
    return found
