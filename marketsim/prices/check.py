"""`check_prices`: what is to be thought of a file of closes before anything rests on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from marketsim.dates import today
from marketsim.errors import DataError, InputError
from marketsim.prices.embedded import embedded_renames, embedded_splits
from marketsim.prices.joining import joined, splits_by_present
from marketsim.prices.load import require_source
from marketsim.prices.panel import formed_panel
from marketsim.prices.plausible import CloseFault, check_closes, trades_weekends
from marketsim.prices.sessions import EXCHANGE, departures, sessions_of
from marketsim.prices.splits import splits_in
from marketsim.prices.statistics import FEWEST_RETURNS, MARKET
from marketsim.prices.table import require_known
from marketsim.prices.written import repairs
from marketsim.renames import Rename, Tickers, given_renames

__all__ = ["PriceCheck", "Remark", "check_prices"]

Verdict = Literal["refused", "repaired", "doubtful", "noted"]
VERDICTS: Final[tuple[Verdict, ...]] = ("refused", "repaired", "doubtful", "noted")

STANDS: Final = 5  # sessions in a row at the same close: more than a share stands still
STANDS_STILL: Final = 20
MISSING: Final = 5  # sessions in a row: exchanges have closed for four, never for six
APART: Final = 5  # sessions by which one listing begins later, or ends earlier, than others
SAME: Final = 0.25  # by which the first close of a new name may differ from the last of the old
MOST_SHOWN: Final = 5


class Remark(NamedTuple):
    """Something about closes; `ticker` is empty where it is about all of them."""

    verdict: Verdict
    ticker: str
    text: str

    def __str__(self) -> str:
        return f"{self.ticker}: {self.text}" if self.ticker else self.text


@dataclass(frozen=True, eq=False, repr=False)
class PriceCheck:
    """What came of a check.

    Attributes
    ----------
    name : str
        Of the file.
    closes : DataFrame [date, ticker]
        As read; empty where it could not be.
    remarks : tuple of Remark
        refused: what must be mended; repaired: what reading put right; doubtful: what may be right
        and often is not; noted: what one should know.
    """

    name: str
    closes: pd.DataFrame
    remarks: tuple[Remark, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing is refused."""
        return not any(remark.verdict == "refused" for remark in self.remarks)

    def __str__(self) -> str:
        lines = [f"{self.name}: {_extent(self.closes)}"]
        for verdict in VERDICTS:
            found = [remark for remark in self.remarks if remark.verdict == verdict]
            lines += [f"{verdict}:"] if found else []
            lines += [f"  {remark}".replace("\n", "\n  ") for remark in found]
        doubts = sum(remark.verdict == "doubtful" for remark in self.remarks)
        if not self.usable:
            return "\n".join([*lines, "verdict: refused; mend what is refused, and check again"])
        said = f"usable, with {_count(doubts, 'doubt')}" if doubts else "sound"
        return "\n".join([*lines, f"verdict: {said}"])

    def __repr__(self) -> str:
        verdict = "usable" if self.usable else "refused"
        return f"PriceCheck({self.name}: {verdict}, {_count(len(self.remarks), 'remark')})"


def check_prices(
    source: pd.DataFrame | Path | str,
    tickers: Iterable[str] | str | None = None,
    *,
    exchange: str = EXCHANGE,
    splits: pd.DataFrame | None = None,
    believe: Iterable[str] | str = (),
    renames: Sequence[Rename] | None = None,
) -> PriceCheck:
    """Say what of a panel of closes is refused, was repaired, is doubtful, or worth knowing.

    Parameters
    ----------
    source : path or DataFrame
        As for `load_prices`.
    tickers : names, optional
        All of the panel by default.
    exchange : str
        Whose sessions the days are held against, as `exchange_calendars` calls it. Without that
        package (`pip install "marketsim[calendars]"`) the days of all tickers together stand in.
    splits : DataFrame, optional
        Known splits, as for `load_prices`.
    believe : names, optional
        Tickers whose closes are taken as they stand, as by `load_prices`: what speaks against them
        is noted, and not refused.
    renames : sequence of Rename, optional
        By which columns of former tickers are joined, as by `load_prices`.

    Returns
    -------
    PriceCheck
        Its text is a verdict to read.

    Raises
    ------
    InputError
        There is no such file, ticker or exchange, or renames are none.
    """
    if source is None:
        raise InputError("source=None is no panel; give a CSV or Parquet file, or a DataFrame")
    require_source(source)
    names, believed = (
        [given] if isinstance(given, str) else list(dict.fromkeys(given or ()))
        for given in (tickers, believe)
    )
    name = "the frame of prices" if isinstance(source, pd.DataFrame) else Path(source).name
    former = embedded_renames() if renames is None else given_renames(renames)
    table = embedded_splits() if splits is None else splits_in(splits)
    known = splits_by_present(table, former)
    try:
        read = formed_panel(source, names)
        formed, notes = joined(read, former)
    except DataError as error:
        return PriceCheck(name, pd.DataFrame(), (Remark("refused", "", str(error)),))
    require_known([*names, *believed], Tickers(map(str, formed.panel.columns), former))
    panel = formed.panel[names] if names else formed.panel
    sessions = sessions_of(exchange, panel.index[0], panel.index[-1])
    remarks = [Remark("repaired", "", text) for text in (*repairs(read), *notes)]
    remarks += _of_all(panel, exchange, sessions)
    remarks += [_of_fault(fault, believed) for fault in check_closes(panel, known)]
    days = pd.DatetimeIndex(panel.index) if sessions is None else sessions
    for ticker in panel.columns:
        remarks += _of_one(panel[ticker].dropna(), str(ticker), days, panel.index)
    return PriceCheck(name, panel, tuple(dict.fromkeys([*remarks, *_renamed(panel)])))


def _of_fault(fault: CloseFault, believed: list[str]) -> Remark:
    said = f"on {fault.date:%Y-%m-%d} {fault.text}"
    if fault.ticker in believed:
        return Remark("noted", fault.ticker, f"{said}; believed, as asked")
    return Remark("refused", fault.ticker, said)


def _extent(closes: pd.DataFrame) -> str:
    if closes.empty:
        return "no closes that can be read"
    first, last = (f"{day:%Y-%m-%d}" for day in closes.index[[0, -1]])
    tickers, days = _count(closes.shape[1], "ticker"), _count(len(closes), "day")
    return f"{tickers}, {days} from {first} to {last}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _of_all(
    panel: pd.DataFrame, exchange: str, sessions: pd.DatetimeIndex | None
) -> Iterator[Remark]:
    now = today()
    if panel.index[-1] > now:
        yield Remark("refused", "", f"closes of {panel.index[-1]:%Y-%m-%d}, which is yet to come")
    elif panel.index[-1] == now:
        yield Remark("doubtful", "", f"the bar of today, {now:%Y-%m-%d}, may still move")
    if sessions is None:
        said = f"sessions of {exchange} were not looked up; pip install 'marketsim[calendars]'"
        yield Remark("noted", "", said)
    if MARKET not in panel:
        yield Remark("noted", "", f"no {MARKET}: beta is measured against the mean of all")


def _of_one(
    closes: pd.Series, ticker: str, sessions: pd.DatetimeIndex, days: pd.Index
) -> Iterator[Remark]:
    if closes.empty:
        yield Remark("doubtful", ticker, "no closes")
        return
    weekends = trades_weekends(closes)
    if weekends:
        said = (
            "it trades at weekends; a year has 365 days where all tickers do, and beside shares it "
            "counts on their days"
        )
        yield Remark("noted", ticker, said)
    yield from _still(closes, ticker)
    yield from () if weekends else _against(closes, ticker, sessions)
    if len(closes) <= FEWEST_RETURNS:
        said = f"{_count(len(closes), 'close')}; statistics want {FEWEST_RETURNS + 1} at least"
        yield Remark("doubtful", ticker, said)
    if closes.index[0] > days[min(APART, len(days) - 1)]:
        yield Remark("noted", ticker, f"begins on {closes.index[0]:%Y-%m-%d}: a later listing")
    if closes.index[-1] < days[max(-APART - 1, -len(days))]:
        said = f"ends on {closes.index[-1]:%Y-%m-%d}: delisted, renamed, or not fetched since"
        yield Remark("noted", ticker, said)


def _still(closes: pd.Series, ticker: str) -> Iterator[Remark]:
    """Closes that stand for longer than a share does: filled forward, as a rule."""
    run = (closes.diff() != 0.0).cumsum()
    runs = closes.groupby(run.to_numpy()).size()
    longest = int(runs.max())
    if longest > STANDS:
        first = closes.index[(run == runs.idxmax()).to_numpy()][0]
        verdict: Verdict = "refused" if longest > STANDS_STILL else "doubtful"
        said = f"the same close {longest} times in a row from {first:%Y-%m-%d}"
        yield Remark(verdict, ticker, f"{said}; leave days without trade empty")


def _against(closes: pd.Series, ticker: str, sessions: pd.DatetimeIndex) -> Iterator[Remark]:
    """Sessions without a close, and closes without a session."""
    found = list(departures(closes, sessions))
    missing = [(day, count) for day, count, kind in found if kind == "missing"]
    long, short = ([run for run in missing if (run[1] > MISSING) is so] for so in (True, False))
    for day, count in long[:MOST_SHOWN]:
        said = f"no close on {_count(count, 'session')} from {day:%Y-%m-%d} on"
        yield Remark("refused", ticker, said)
    if short:
        total = _count(sum(count for _, count in short), "session")
        yield Remark("doubtful", ticker, f"no close on {total}, the first {short[0][0]:%Y-%m-%d}")
    for day, count, kind in found:
        if kind == "closed":
            said = f"{_count(count, 'close')} on days without a session, the first {day:%Y-%m-%d}"
            yield Remark("doubtful", ticker, f"{said}: filled forward, or another exchange's")


def _renamed(panel: pd.DataFrame) -> Iterator[Remark]:
    """Pairs of which one ends where the other begins, at about the same close."""
    known = {str(t): np.flatnonzero(panel[t].notna()).tolist() for t in panel.columns}
    ends = [(t, places[0], places[-1]) for t, places in known.items() if places]
    days = pd.DatetimeIndex(panel.index)
    for old, _, end in ends:
        for new, start, _ in ends:
            near = 0 < start - end <= APART
            if near and abs(np.log(panel[new].iloc[start] / panel[old].iloc[end])) < SAME:
                said = (
                    f"ends on {days[end]:%Y-%m-%d} where {new} begins on {days[start]:%Y-%m-%d}, "
                    f"at about the same close; if it was renamed, write both as {new}"
                )
                yield Remark("doubtful", old, said)
