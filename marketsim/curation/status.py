"""How far the facts reach, by quantity and by company, and what a decision on a day would lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.dates import Day, day_or_none, today
from marketsim.knowledge import Knowledge, load_facts
from marketsim.prices.embedded import SNAPSHOT
from marketsim.runs.freshness import freshness
from marketsim.sources.reports import CAPEX, REVENUE, SHARES, SPLIT
from marketsim.statements import overdue
from marketsim.statements.calendar import quarter_ends

__all__ = ["Status", "status_of"]

BESIDE: Final = (SHARES, SPLIT, "interest_rate", "equity_risk_premium")
"""Quantities that are told of beside those that companies report and say."""
BY_COMPANY: Final = (REVENUE, CAPEX, SHARES)
USUAL: Final = pd.Timedelta(days=74)
"""From the end of a quarter to a report that is overdue, where an earlier one is missing too."""
AHEAD: Final = 24
"""Quarters that are looked for at most."""
OLD: Final = 31
"""Days after which statistics of prices are told of."""


@dataclass(frozen=True, eq=False, repr=False)
class Status:
    """How far the facts reach on a day.

    Attributes
    ----------
    as_of : Timestamp
        The day.
    complete : Timestamp
        The newest day that the facts support a decision on.
    quantities : DataFrame [quantity]
        period (newest end of one), published (newest day) and age (days since that).
    companies : DataFrame [company]
        The same of its revenue, with `capex` and `shares`, the newest periods of these (NaT where
        they are not followed), and `due`, quarters whose report is due and missing.
    due : mapping of str to tuple of Timestamp
        Ends of these quarters by company.
    prices : Timestamp
        Last day of the embedded snapshot of prices, and of its statistics.
    lacks : tuple of str
        What a decision on the day would lack, in words.
    """

    as_of: pd.Timestamp
    complete: pd.Timestamp
    quantities: pd.DataFrame
    companies: pd.DataFrame
    due: Mapping[str, tuple[pd.Timestamp, ...]]
    prices: pd.Timestamp
    lacks: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Status({_text(self.as_of)}: complete to {_text(self.complete)}, "
            f"{len(self.companies)} companies, {len(self.lacks)} things lacking)"
        )

    def record(self) -> dict[str, Any]:
        """All of it as JSON has it: days as text, none as null."""
        return {
            "as_of": _text(self.as_of),
            "complete": _text(self.complete),
            "quantities": _records(self.quantities),
            "companies": _records(self.companies),
            "due": {name: [_text(end) for end in ends] for name, ends in self.due.items()},
            "prices": _text(self.prices),
            "lacks": list(self.lacks),
        }

    def __str__(self) -> str:
        lacks = [f"  {line}" for line in self.lacks] or ["  nothing"]
        return "\n".join(
            [
                f"facts on {_text(self.as_of)}; they support decisions as of "
                f"{_text(self.complete)}",
                "",
                _shown(self.quantities),
                "",
                _shown(self.companies),
                "",
                f"a decision on {_text(self.as_of)} would lack:",
                *lacks,
            ]
        )


def status_of(add: Path | str | None = None, as_of: Day | None = None) -> Status:
    """How far the shipped facts, and those of a user's folder, reach.

    Parameters
    ----------
    add : path, optional
        The folder.
    as_of : day, optional
        Today by default.

    Raises
    ------
    InputError
        `as_of` is no day.
    DataError
        As `marketsim.load_facts`.
    """
    date = day_or_none(as_of, "as_of") or today()
    knowledge = load_facts(add=add).upto(date)
    due = _due(knowledge, date)
    return Status(
        date,
        knowledge.complete,
        _quantities(knowledge, date),
        _companies(knowledge, date, due),
        due,
        SNAPSHOT,
        tuple(_lacks(knowledge, date, due)),
    )


def _quantities(knowledge: Knowledge, date: pd.Timestamp) -> pd.DataFrame:
    names = [name for name in (*knowledge.declared, *BESIDE) if name in knowledge.facts.known]
    rows = {name: knowledge.select(name) for name in dict.fromkeys(names)}
    found = {name: _newest(of_one, date) for name, of_one in rows.items() if len(of_one)}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("quantity")


def _companies(
    knowledge: Knowledge, date: pd.Timestamp, due: Mapping[str, tuple[pd.Timestamp, ...]]
) -> pd.DataFrame:
    selected = {name: knowledge.select(name) for name in BY_COMPANY}
    tickers = {name: rows["entity"].str.split(".").str[0] for name, rows in selected.items()}
    found = {}
    for company in map(str, knowledge.universe.companies.index):
        own = {name: rows[tickers[name] == company] for name, rows in selected.items()}
        found[company] = {
            **_newest(own[REVENUE], date),
            "capex": own[CAPEX]["date"].max(),
            "shares": own[SHARES]["date"].max(),
            "due": len(due.get(company, ())),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("company")


def _newest(rows: pd.DataFrame, date: pd.Timestamp) -> dict[str, Any]:
    published = rows["published"].max()
    age = None if pd.isna(published) else (date - published).days
    return {"period": rows["date"].max(), "published": published, "age": age}


def _due(knowledge: Knowledge, date: pd.Timestamp) -> dict[str, tuple[pd.Timestamp, ...]]:
    """Quarters whose report is overdue: the first as `overdue` has it, and those after it."""
    revenue = knowledge.first(REVENUE)
    tickers = revenue["entity"].str.split(".").str[0]
    months = knowledge.universe.companies["fiscal_year_end_month"]
    found = {}
    for company, first in overdue(knowledge, date).items():
        known = pd.DatetimeIndex(sorted(revenue.loc[tickers == company, "date"].unique()))
        ends = quarter_ends(known, int(months[company]), AHEAD)
        later = [end for end in ends if end > first and end + USUAL < date]
        found[company] = (first, *later)
    return found


def _lacks(
    knowledge: Knowledge, date: pd.Timestamp, due: Mapping[str, tuple[pd.Timestamp, ...]]
) -> list[str]:
    close = min(SNAPSHOT, date)
    fresh = freshness(knowledge, date, close)
    found = [line for line in fresh.warnings if not line.startswith("reports are overdue")]
    quarters = sum(len(ends) for ends in due.values())
    if quarters:
        counts: dict[str, list[str]] = {}
        for company, ends in due.items():
            said = ", ".join(f"{end:%Y-%m-%d}" for end in ends[:1])
            more = f" and {len(ends) - 1} later" if len(ends) > 1 else ""
            counts.setdefault(said + more, []).append(company)
        listed = "; ".join(f"{', '.join(names)} ({said})" for said, names in counts.items())
        found.append(
            f"{quarters} quarters of {len(due)} companies are due and missing, from the first on: "
            f"{listed}; `marketsim facts update` asks for them"
        )
    if date < SNAPSHOT:
        found.append(
            f"before {SNAPSHOT:%Y-%m-%d} the snapshot has closes of a few companies alone; give "
            "--prices yahoo, or a file"
        )
    if (date - SNAPSHOT).days > OLD:
        found.append(
            f"volatilities, betas and correlations of the snapshot are of {SNAPSHOT:%Y-%m-%d}, "
            f"{(date - SNAPSHOT).days} days before; give --prices yahoo, or a file"
        )
    return found


def _text(day: Any) -> str | None:
    return None if pd.isna(day) else f"{day:%Y-%m-%d}"


def _records(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, row in table.iterrows():
        cells = {str(column): value for column, value in row.items()}
        found[str(name)] = {
            column: _text(value) if column not in ("age", "due") else _number(value)
            for column, value in cells.items()
        }
    return found


def _number(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _shown(table: pd.DataFrame) -> str:
    if table.empty:
        return "nothing that companies report or say was published by then"
    days = {
        name: table[name].map(lambda day: _text(day) or "-")
        for name in table.columns
        if name not in ("age", "due")
    }
    return table.assign(**days).reset_index().to_string(index=False)
