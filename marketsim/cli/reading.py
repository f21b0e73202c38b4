"""Facts as a command reads them, and what is said of their date on the console."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .options import iso

if TYPE_CHECKING:
    import pandas as pd

    from marketsim.knowledge import Knowledge

__all__ = ["facts_by", "say_date", "warn"]


def facts_by(as_of: datetime | None, add: Path | None) -> Knowledge:
    """Facts as of a date, by default the newest that they support; how old they are is said."""
    from marketsim.runs.freshness import freshness
    from marketsim.runs.inputs import known_by

    facts, date = known_by(iso(as_of), add)
    fresh = freshness(facts, date)
    if as_of is None:
        say_date(date, "facts reach")
    print(fresh.ages, file=sys.stderr)
    warn(fresh.warnings)
    return facts


def say_date(date: pd.Timestamp, why: str) -> None:
    """Say which date was taken by default, beside what the command prints."""
    print(f"as of {date.date()}, to which {why}", file=sys.stderr)


def warn(warnings: Iterable[str]) -> None:
    """Say what to beware of, beside what the command prints."""
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
