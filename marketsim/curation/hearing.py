"""Whom reported figures are asked of, ticker by ticker, and what was not answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.errors import PriceError
from marketsim.prices.fetching import yahoo_closes
from marketsim.sources.asking import Missing, Unreachable, Unusable
from marketsim.sources.companyfacts import reports_in
from marketsim.sources.limiter import Patience
from marketsim.sources.reports import REVENUE, SPLIT, Report
from marketsim.sources.sec import Sec

__all__ = ["Filings", "Hearing", "Splits"]

NAMES: Final = {"sec": "the SEC", "yahoo": "Yahoo"}

WHOLE: Final = 10
"""Largest denominator of a split: others are ratios of prices after a distribution."""

Progress = Callable[[str], None]
Asked = Callable[[str], list[Report]]


@dataclass
class Hearing:
    """What sources answered, and what they did not."""

    progress: Progress
    reports: list[Report] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def hear(self, source: str, tickers: Sequence[str], ask: Asked, what: str = "reports") -> None:
        """Ask for each ticker; where the source cannot be reached, the others are not asked for."""
        for place, ticker in enumerate(tickers):
            self.progress(f"{what} of {ticker} from {NAMES[source]}")
            try:
                self.reports += ask(ticker)
            except Unreachable as error:
                left = ", ".join(tickers[place:])
                self.failures.append(f"{what} of {left} from {NAMES[source]}: {error}")
                return
            except Missing as error:
                self.notes.append(f"no {what} of {ticker} from {NAMES[source]}: {error}")
            except Unusable as error:
                self.failures.append(f"{what} of {ticker} from {NAMES[source]}: {error}")


@dataclass
class Splits:
    """Splits of a ticker, from the prices that Yahoo has of it."""

    since: pd.Timestamp
    today: pd.Timestamp
    cache: Path
    patience: Patience
    notes: list[str] = field(default_factory=list)

    def __call__(self, ticker: str) -> list[Report]:
        """Return the splits of a ticker."""
        last = self.today - pd.Timedelta(days=1)
        try:
            _, splits = yahoo_closes([ticker], self.since, last, self.cache, self.patience)
        except PriceError as error:
            if isinstance(error.__cause__, Unreachable):
                raise Unreachable(str(error.__cause__)) from error
            raise Unusable(" ".join(str(error).split("\n")[1:2]).strip() or str(error)) from error
        rows = splits[["date", "value"]].itertuples(index=False, name=None)
        return [found for day, ratio in rows if (found := self._report(ticker, day, ratio))]

    def _report(self, ticker: str, day: pd.Timestamp, ratio: float) -> Report | None:
        if day < self.since:
            return None
        whole = Fraction(ratio).limit_denominator(WHOLE)
        if abs(float(whole) / ratio - 1.0) > 1e-4:
            self.notes.append(
                f"{ticker}, {day:%Y-%m-%d}: Yahoo divides earlier closes by {ratio:g}, which is no "
                "split; write it as price_divisor if shares of another company were distributed"
            )
            return None
        return Report(
            SPLIT,
            ticker,
            day,
            day,
            float(whole),
            "new shares per old",
            f"Yahoo splits, retrieved {self.today:%Y-%m-%d}",
            "published on its first session: Yahoo tells no day of announcement",
        )


@dataclass
class Filings:
    """What a company filed with the SEC."""

    sec: Sec
    today: pd.Timestamp
    notes: list[str] = field(default_factory=list)

    def __call__(self, ticker: str) -> list[Report]:
        """Return what a ticker filed."""
        number = self.sec.number(ticker)
        found = reports_in(self.sec.facts(number), ticker, number, self.today)
        if not any(report.quantity == REVENUE for report in found):
            self.notes.append(
                f"{ticker}: no quarterly revenue in its SEC filings, as of foreign companies, "
                "whose quarters are not in XBRL"
            )
        return found
