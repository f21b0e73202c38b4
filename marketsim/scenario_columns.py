"""What the columns of a table of draws are: companies, probabilities, regimes, or nothing to buy.

A column of numbers is not a company because it holds numbers: counts, dates, probabilities and
prices are numbers too, and an optimiser buys whatever rises most. What a column is called and what
it holds are looked at; what cannot be a simple return is refused by name.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, nearest

__all__ = [
    "CASH",
    "PROBABILITY",
    "REGIME",
    "SURE",
    "company_returns",
    "odds_column",
    "regime_column",
    "with_labels",
]

PROBABILITY: Final = "probability"
REGIME: Final = "regime"

ODDS: Final = {
    *("probability", "probabilities", "prob", "probs", "p", "proba"),
    *("likelihood", "odds", "weight", "weights", "frequency"),
}
"""Names of what each draw counts, in any case."""

REGIMES: Final = {"regime", "regimes"}

LABELS: Final = {
    *("draw", "draws", "draw_id", "scenario", "scenarios", "scenario_id", "trial", "simulation"),
    *("index", "idx", "id", "row", "rows", "number", "unnamed:_0", "level_0", "sample"),
    *("date", "dates", "datetime", "timestamp", "month", "quarter", "year", "horizon"),
    *("seed", "iteration", "observation"),
}
"""Names of what tells rows apart, in any case."""

RETURN: Final = "it is no return; leave it out, or make it the index"
CASH: Final = "cash"
"""Column and layer of what is not invested; tickers are in upper case."""

WHOLE: Final = 1e-6
FEW: Final = 3
"""Columns from which on one may be the sum of the others by more than chance."""
MANY: Final = 10
"""Draws from which on a sum of one is no chance."""
SURE: Final = 0.25
"""The most that may be earned, or lost, in a year without risk, as a logarithm."""
TYPICAL: Final = 4.0
"""No company's median world is so many times as much after a year, or so small a part."""
GROSS: Final = 0.5
"""No median of all companies and draws is as high where none ever falls,"""
LONG: Final = 2.0
"""within so many years."""
EXTREME: Final = 1_000.0
"""No draw is so many times as much."""

Array = NDArray[np.float64]


def with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with what its index says of regimes and probabilities as columns."""
    named = [name for name in frame.index.names if name and _plain(name) in REGIMES | ODDS]
    return frame.reset_index(level=named) if named else frame


def odds_column(frame: pd.DataFrame, given: ArrayLike | str | None) -> tuple[Any, Any]:
    """Return the probability of each draw and, where they stand in the table, their column.

    A column that is called like probabilities is taken for them where it is: where its numbers are
    0 or more and sum to 1.

    Raises
    ------
    InputError
        The column named is not there; or one is called so and is not, or there are two.
    """
    if given is not None:
        return _named(frame, given)
    found = [name for name in frame.columns if _plain(name) in ODDS]
    taken = [name for name in found if _plain(name) == PROBABILITY or _sums_to_one(frame[name])]
    if len(taken) > 1:
        both = " and ".join(repr(str(name)) for name in taken)
        raise InputError(f"columns {both} both hold probabilities; keep one")
    if taken:
        return frame[taken[0]], taken[0]
    return None, None


def regime_column(frame: pd.DataFrame, given: object) -> tuple[Any, Any]:
    """Return the regime of each draw and, where they stand in the table, their column.

    Raises
    ------
    InputError
        The column named is not there, or there are two.
    """
    if given is not None:
        return _named(frame, given)
    found = [name for name in frame.columns if _plain(name) in REGIMES]
    if len(found) > 1:
        both = " and ".join(repr(str(name)) for name in found)
        raise InputError(f"columns {both} both hold regimes; keep one")
    return (frame[found[0]], found[0]) if found else (None, None)


def company_returns(table: pd.DataFrame, horizon_years: float) -> Array:
    """Return the numbers of a table [draw, company] whose columns can all be returns.

    Raises
    ------
    InputError
        A column is called or looks like something else; the message says like what, and what to do.
    """
    if table.columns.nlevels > 1:
        raise InputError(
            "the table of draws has columns in levels; give one column a company, as in "
            "frame.droplevel(0, axis=1)"
        )
    _refuse_words(table)
    numbers = table.to_numpy(dtype=np.float64, na_value=np.nan)
    for place, name in enumerate(table.columns):
        values = numbers[:, place]
        says = _called(str(name), values)
        if not says and _plain(name) != CASH:
            says = _looks(values, horizon_years)
        if says:
            raise InputError(f"column {str(name)!r} {says}")
    _refuse_sums(numbers, table.columns)
    _refuse_gross(numbers[:, [_plain(name) != CASH for name in table.columns]], horizon_years)
    return numbers


def _named(frame: pd.DataFrame, given: object) -> tuple[Any, Any]:
    if not isinstance(given, str):
        return given, None
    if given not in frame.columns:
        raise InputError(f"the table has no column {given!r}.{nearest(given, frame.columns)}")
    return frame[given], given


def _plain(name: object) -> str:
    """A name in lower case, its blanks and hyphens as underscores."""
    return re.sub(r"[\s\-]+", "_", str(name).strip()).casefold()


def _sums_to_one(column: pd.Series | pd.DataFrame) -> bool:
    if isinstance(column, pd.DataFrame) or column.dtype.kind not in "fiu":
        return False
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return bool((values >= 0.0).all() and abs(values.sum() - 1.0) <= WHOLE)


def _refuse_words(table: pd.DataFrame) -> None:
    days = [str(name) for name, kind in table.dtypes.items() if kind.kind in "Mm"]
    if days:
        raise InputError(
            f"columns {', '.join(days)} hold days; leave them out or make them the index"
        )
    wordy = [str(name) for name, kind in table.dtypes.items() if kind.kind not in "fiu"]
    if wordy:
        raise InputError(
            f"columns {', '.join(wordy)} hold no numbers; returns must be fractions, and regimes "
            f"stand in a column '{REGIME}' or in regimes="
        )


def _refuse_gross(numbers: Array, years: float) -> None:
    """Refuse what is left of 1, 1.05 for 5 %: nobody has companies none of which ever falls."""
    if len(numbers) < MANY or not numbers.size or not (numbers > 0.0).all():
        return
    middle = float(np.median(numbers))
    if years <= LONG and middle > GROSS:
        raise InputError(
            f"no company loses in any draw, and {middle:.4g} is in the middle: gross returns? "
            "returns are fractions, 0.05 for 5 %; take 1 off"
        )


def _refuse_sums(numbers: Array, columns: pd.Index) -> None:
    """Refuse a column that is the sum or the mean of all the others: no company is."""
    if len(numbers) < MANY or numbers.shape[1] < FEW or not np.isfinite(numbers).all():
        return
    if not np.ptp(numbers, axis=1).any():  # all are one and the same
        return
    whole, others = numbers.sum(axis=1, keepdims=True), numbers.shape[1] - 1
    rest = whole - numbers
    for word, made in (("sum", rest), ("mean", rest / others)):
        same = np.isclose(numbers, made, rtol=1e-6, atol=1e-12).all(axis=0)
        if same.any():
            name = str(columns[int(same.argmax())])
            raise InputError(
                f"column {name!r} is the {word} of all the others in every draw, and no company; "
                "leave it out"
            )


def _called(name: str, values: Array) -> str:
    """Return what a column is called, where that is no company; nothing otherwise."""
    plain = _plain(name)
    if plain in LABELS:
        return f"is called like what tells rows apart: {RETURN}"
    if plain not in ODDS or (name == "P" and (values < 0.0).any()):  # a ticker, it falls
        return ""
    if (values < 0.0).any():
        return (
            f"is called like probabilities and holds {values.min():.6g}: mend it, leave it out, or "
            "give probabilities="
        )
    total = values.sum()
    hint = "; divide them by 100" if abs(total - 100.0) < 1.0 else ""
    return (
        f"is called like probabilities and sums to {total:.6g}, not to 1: mend it{hint}, leave it "
        "out, or give probabilities="
    )


def _looks(values: Array, years: float) -> str:
    """Return what a column looks like, where that is no return; nothing otherwise."""
    known = values[np.isfinite(values)]
    if len(known) < len(values) or len(known) < 2 or (known <= -1.0).any():
        return ""  # told by its draw
    steps = np.diff(known)
    if len(known) > 2 and np.ptp(steps) == 0.0 and steps[0] and float(steps[0]).is_integer():
        return f"counts the rows: {RETURN}"
    if len(known) >= MANY and steps[0] and np.ptp(steps) <= WHOLE * abs(steps[0]):
        return f"goes up by {steps[0]:g} from row to row, as what counts them does: {RETURN}"
    if len(known) >= MANY and set(known) == {0.0, 1.0}:
        return f"holds 0 and 1 alone, as marks do: {RETURN}"
    if len(known) >= MANY and (known >= 0.0).all() and abs(known.sum() - 1.0) < 1e-9:
        return f"sums to 1, as probabilities do; call it '{PROBABILITY}', or '{CASH}' if it is that"
    span = max(years, 1.0)
    if np.ptp(known) == 0.0 and abs(np.log1p(known[0])) > SURE * span:
        return f"is {known[0]:g} in every draw, more than cash earns: {RETURN}"
    if known.max() > EXTREME**span:
        return (
            f"holds {known.max():g}, which no simple return is: prices, dates or counts? returns "
            "are fractions, 0.05 for 5 %"
        )
    if np.median(known) > TYPICAL**span - 1.0:
        return (
            f"is {np.median(known):g} in its middle draw, {100 * np.median(known):.4g} %: per cent "
            "or prices? returns are fractions, 0.05 for 5 %"
        )
    return ""
