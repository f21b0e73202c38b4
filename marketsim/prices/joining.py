"""Closes of a share that was renamed: those under its former ticker joined to those of today.

A file that was kept by the tickers of each day holds such a share in two columns. Here they become
one, under the present ticker; what another share did under either of the two is kept apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.errors import DataError
from marketsim.prices.panel import Formed, checked_panel, formed_panel
from marketsim.prices.plausible import SESSIONS_APART
from marketsim.renames import Rename, Tickers

__all__ = ["Joined", "joined", "joined_panel", "splits_by_present"]

BoolArray = npt.NDArray[np.bool_]

SAME: Final = 1e-6
"""By how much, relative to themselves, closes of one share may differ in two columns."""


class Joined(NamedTuple):
    """Closes [date, ticker] under present tickers, and in words what was joined."""

    closes: pd.DataFrame
    notes: tuple[str, ...]


def joined_panel(
    source: pd.DataFrame | Path | str,
    keep: Collection[str] = (),
    splits: pd.DataFrame | None = None,
    believe: Collection[str] = (),
    renames: Sequence[Rename] = (),
) -> Joined:
    """As `read_panel`, with columns of former tickers joined to those of the present ones.

    Raises
    ------
    DataError, InputError
        As `read_panel`, and as `joined`.
    """
    formed, notes = joined(formed_panel(source, keep), renames)
    known = Tickers(map(str, formed.panel.columns), renames)
    return Joined(checked_panel(formed, keep, splits, believe, known), notes)


def joined(formed: Formed, renames: Sequence[Rename]) -> tuple[Formed, tuple[str, ...]]:
    """Return a panel by present tickers, and in words what was joined.

    Up to the last day under a former ticker closes are those of its column, then those of the
    present one. Later closes under the former ticker, and earlier ones under a present ticker that
    was taken, are another share's, but for those of the last few days before the rename, after the
    last close of the former column: a vendor switched early. Without that column a history under a
    ticker that was taken is the share's where it goes on; what a hole parts from it is another's.

    Raises
    ------
    DataError
        Both columns have a close of one day before the rename, these differ and nobody else is
        known to have had the ticker; or the former one goes on alone.
    """
    panel, seams, notes = formed.panel, dict(formed.seams), []
    order = sorted(renames, key=lambda rename: rename.until)
    for one in order:
        if one.former not in panel or panel.loc[: one.until, one.former].isna().all():
            theirs = _parted(panel, one)
            if theirs.any():
                notes.append(f"{_since(one)}: {_left_out(one, panel.index[theirs][-1])}")
                panel = panel.assign(**{one.ticker: panel[one.ticker].mask(theirs)})
            continue
        halves = _Halves.of(panel, one)
        says, share, rest = _one_share(formed, one, halves)
        notes.append(says)
        seams |= {(one.ticker, day): one.former for day in _days(halves.present)[:1]}
        panel = _with(panel, one, share, rest)
    if not notes:
        return formed, ()
    panel = panel.dropna(how="all")

    def written(day: pd.Timestamp, ticker: str) -> str:
        return _called(formed.panel, order[::-1], day, ticker)

    def row(day: pd.Timestamp, ticker: str) -> int:
        return formed.row(day, written(day, ticker))

    return formed._replace(panel=panel, row=row, seams=seams, written=written), tuple(notes)


class _Halves(NamedTuple):
    """Both columns, cut at the last day under the former ticker, each over all days.

    The present one is cut some days before where a vendor switched early.
    """

    former: pd.Series
    rest: pd.Series  # later closes under the former ticker
    earlier: pd.Series  # closes under the present one before it was
    present: pd.Series

    @classmethod
    def of(cls, panel: pd.DataFrame, one: Rename) -> _Halves:
        old = panel[one.former]
        new = _of_present(panel, one)
        before = panel.index <= one.until
        mine = ~before | _early(new, old.where(before), one.until)
        return cls(old.where(before), old.where(~before), new.where(~mine), new.where(mine))


def _one_share(
    formed: Formed, one: Rename, halves: _Halves
) -> tuple[str, pd.Series, pd.Series | None]:
    """Return what was joined in words, the share's closes, and what is another's, if any."""
    former, rest, earlier, present = halves
    says = (
        f"{_since(one)}: closes of {one.former} up to {_days(former)[-1]:%Y-%m-%d} are joined to "
        f"those of {one.ticker}"
    )
    if _alike(former, earlier) or (not one.taken and not _both(former, earlier).any()):
        former = former.combine_first(earlier)
    elif not one.taken:
        raise _two_closes(formed, one, former, earlier)
    elif earlier.notna().any():
        says += f"; {_left_out(one, _days(earlier)[-1])}"
    if _alike(present, rest):
        present, rest = present.combine_first(rest), rest * np.nan
    if rest.isna().all():
        return says, former.combine_first(present), None
    since = _days(rest)[0]
    apart = formed.panel.loc[one.until : since].shape[0] > SESSIONS_APART
    if not apart and not _both(present, rest).any():
        raise _goes_on(formed, one, since)
    says += f"; {one.former} from {since:%Y-%m-%d} on is another share, and stays"
    return says, former.combine_first(present), rest


def _since(one: Rename) -> str:
    return f"{one.former} is {one.ticker} since {one.since:%Y-%m-%d}"


def _left_out(one: Rename, last: pd.Timestamp) -> str:
    return f"closes of {one.ticker} up to {last:%Y-%m-%d} are another share's, left out"


def _going_on(closes: pd.Series, until: pd.Timestamp) -> BoolArray:
    """Whether closes up to a day go on to the first after it, or the last row, without a hole."""
    known, rows = np.flatnonzero(closes.notna()), np.arange(len(closes))
    after = int((closes.index <= until).sum())
    goal = next(iter(known[known >= after]), len(closes))
    run = np.r_[known[known < after], goal]
    holes = np.flatnonzero(np.diff(run) - 1 > SESSIONS_APART)
    begins = run[holes[-1] + 1] if holes.size else run[0]
    found: BoolArray = closes.notna().to_numpy() & (rows >= begins) & (rows < after)
    return found


def _early(closes: pd.Series, former: pd.Series, until: pd.Timestamp) -> BoolArray:
    """Whether closes are of the last days before a rename, by a vendor that switched early."""
    goes_on, last = _going_on(closes, until), _days(former)[-1]
    begins_after = bool((closes.index[goes_on] > last).all())
    few = goes_on.sum() <= SESSIONS_APART
    return goes_on if few and begins_after else np.zeros(len(closes), dtype=bool)


def _parted(panel: pd.DataFrame, one: Rename) -> BoolArray:
    """Whether closes are another share's: a hole parts them from those around the rename."""
    closes = _of_present(panel, one)
    before, goes_on = closes.index <= one.until, _going_on(closes, one.until)
    if not one.taken or closes[~before].isna().all() or goes_on.sum() > SESSIONS_APART:
        return np.zeros(len(closes), dtype=bool)
    theirs: BoolArray = closes.notna().to_numpy() & before & ~goes_on
    return theirs


def _of_present(panel: pd.DataFrame, one: Rename) -> pd.Series:
    """Return the column of the present ticker, of nothing where there is none."""
    return panel.get(one.ticker, pd.Series(np.nan, index=panel.index))


def _days(closes: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(closes.dropna().index)


def _both(one: pd.Series, other: pd.Series) -> pd.Series:
    return one.notna() & other.notna()


def _alike(one: pd.Series, other: pd.Series) -> bool:
    """Whether two columns have closes of the same days, and these are the same."""
    both = _both(one, other)
    return bool(both.any()) and np.allclose(one[both], other[both], rtol=SAME, atol=0.0)


def _with(
    panel: pd.DataFrame, one: Rename, share: pd.Series, rest: pd.Series | None
) -> pd.DataFrame:
    """Return a panel with a share where its present ticker stands, else where the former did."""
    columns: dict[str, pd.Series] = {}
    for name in panel.columns:
        if name == one.ticker or (name == one.former and one.ticker not in panel):
            columns[one.ticker] = share
        if name == one.former and rest is not None:
            columns[name] = rest
        elif name not in (one.former, one.ticker):
            columns[name] = panel[name]
    return pd.DataFrame(columns, index=panel.index, columns=list(columns))


def _called(panel: pd.DataFrame, back: Iterable[Rename], day: pd.Timestamp, ticker: str) -> str:
    """Return the column in which a close of a day stands in a panel as it was read."""
    names = [ticker]
    for one in back:
        names += [one.former] if one.ticker in names and day <= one.until else []
    return next(name for name in names[::-1] if name in panel and pd.notna(panel[name][day]))


def _two_closes(formed: Formed, one: Rename, former: pd.Series, earlier: pd.Series) -> DataError:
    both = _both(former, earlier)
    apart = both & ~np.isclose(former, earlier, rtol=SAME, atol=0.0)
    day = former.index[apart.to_numpy()][0]
    return DataError(
        f"{formed.raw.place(formed.row(day, one.former))}: {_since(one)}, and both have a close on "
        f"{day:%Y-%m-%d}, {former[day]:g} and {earlier[day]:g}; leave out the column that is wrong"
    )


def _goes_on(formed: Formed, one: Rename, day: pd.Timestamp) -> DataError:
    return DataError(
        f"{formed.raw.place(formed.row(day, one.former))}: {_since(one)}, and has a close on "
        f"{day:%Y-%m-%d} where {one.ticker} has none; call the column {one.ticker}, or leave out "
        "what is another share's"
    )


def splits_by_present(splits: pd.DataFrame, renames: Sequence[Rename]) -> pd.DataFrame:
    """Return splits, as `splits_in` has them, under the present tickers of the shares."""
    for one in sorted(renames, key=lambda rename: rename.until):
        mine = (splits["entity"] == one.former) & (splits["date"] <= one.until)
        if mine.any():
            splits = splits.assign(entity=splits["entity"].mask(mine, one.ticker))
            splits = splits.drop_duplicates(["entity", "date"]).sort_values(["entity", "date"])
            splits = splits.reset_index(drop=True)
    return splits
