"""Numbers by ticker, as terms and limits are given them and as arithmetic needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..checks import check_number
from ..errors import InputError, nearest

__all__ = [
    "Numbers",
    "array_of",
    "benchmark_of",
    "check_known",
    "fractions",
    "numbers",
]

Numbers = tuple[tuple[str, float], ...]

MOST: Final = 10.0
"""Gross weights above it are no fractions: nobody lends so much."""


def numbers(given: object, argument: str) -> Numbers:
    """A mapping or Series by ticker as sorted pairs, which can be compared and hashed.

    Raises
    ------
    InputError
        If it is neither, or holds what is no finite number.
    """
    if isinstance(given, tuple) and all(isinstance(one, tuple) for one in given):
        given = dict(given)  # of pairs, as a frozen copy passes them on
    if isinstance(given, pd.Series):
        given = given.to_dict()
    if not isinstance(given, Mapping):
        raise InputError(f"{argument} must be a mapping or Series by ticker, not {given!r}")
    for ticker, value in given.items():
        check_number(f"{argument}[{ticker!r}]", value)
    return tuple(sorted((str(ticker), float(value)) for ticker, value in given.items()))


def fractions(given: object, argument: str) -> Numbers:
    """Weights by ticker as `numbers` has them, which are fractions of the whole.

    Raises
    ------
    InputError
        As `numbers`, and if they are per cent, or amounts.
    """
    pairs = numbers(given, argument)
    total = sum(abs(weight) for _, weight in pairs)
    if total > MOST:
        what = "per cent" if abs(total - 100.0) < 5.0 else "amounts"
        raise InputError(
            f"{argument} sums to {total:.6g}, as {what} do; give fractions of the whole, 0.05 for "
            "5 %"
        )
    return pairs


def array_of(pairs: Numbers, tickers: tuple[str, ...], argument: str) -> NDArray[np.float64]:
    """The numbers in the order of `tickers`, 0 where there is none.

    Raises
    ------
    InputError
        If a number other than 0 belongs to no ticker.
    """
    check_known(argument, "ticker", [name for name, value in pairs if value], tickers)
    known = dict(pairs)
    return np.array([known.get(ticker, 0.0) for ticker in tickers])


def benchmark_of(
    given: Mapping[str, float] | pd.Series[float] | Numbers | None,
    tickers: tuple[str, ...],
    argument: str,
) -> NDArray[np.float64] | None:
    """Weights of a benchmark in the order of `tickers`; None where there is no benchmark."""
    return None if given is None else array_of(fractions(given, argument), tickers, argument)


def check_known(argument: str, kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names that are not among the known ones, with the nearest that is.

    Where these are `Tickers`, with what a former ticker is called now.
    """
    choices = known if isinstance(known, Sequence) else list(known)
    for name in given:
        if name not in choices:
            hint = nearest(name, choices) or f" Known: {', '.join(choices)}."
            raise InputError(f"{argument} names no {kind} of these scenarios: {name!r}.{hint}")
