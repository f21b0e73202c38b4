"""What return scenarios must be: one error for each fault, with where it is and what is right."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .renames import Tickers

__all__ = [
    "FloatArray",
    "checked_odds",
    "checked_paths",
    "checked_regimes",
    "checked_returns",
    "checked_tickers",
    "kind",
]

FloatArray = NDArray[np.float64]

CLOSE: Final = 1e-9
"""How far the last step of a path may lie from the return over the horizon."""

GLANCE: Final = 64
"""Draws, evenly spread, in which companies must agree before all of theirs are compared."""


def checked_tickers(tickers: Iterable[str]) -> Tickers:
    """Return tickers, at least one and none twice; what they were called before stays known."""
    names = Tickers(tickers)
    if not names:
        raise InputError("there are no companies: give at least one ticker")
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"tickers come twice: {', '.join(twice)}; one column for each")
    return names


def checked_returns(values: ArrayLike, tickers: tuple[str, ...]) -> FloatArray:
    """Return a copy of returns [draw, company] between which there is something to choose."""
    returns = _as_floats(values, "returns")
    if returns.ndim != 2 or returns.shape[1] != len(tickers):
        raise InputError(
            f"returns have shape {returns.shape}; it must be [draw, company] with "
            f"{len(tickers)} companies"
        )
    if len(returns) < 2:
        raise InputError(f"{len(returns)} draw is no scenario set: give at least two draws")
    _refuse_impossible(returns, tickers, "return")
    if not np.ptp(returns, axis=0).any():
        raise InputError("returns are the same in every draw: there is no risk to choose between")
    _refuse_alike(returns, tickers)
    return returns


def checked_paths(values: ArrayLike, returns: FloatArray, tickers: tuple[str, ...]) -> FloatArray:
    """Return a copy of paths [draw, step, company] that end in ``returns`` [draw, company]."""
    paths = np.ascontiguousarray(_as_floats(values, "paths"))
    draws, companies = returns.shape
    if paths.ndim != 3 or paths.shape[::2] != returns.shape or not paths.shape[1]:
        raise InputError(
            f"paths have shape {paths.shape}; it must be [draw, step, company] with {draws} draws, "
            f"at least one step and {companies} companies"
        )
    _refuse_impossible(paths, tickers, "cumulative return")
    apart = np.abs(paths[:, -1] - returns)
    if (apart > CLOSE).any():
        draw, company = np.argwhere(apart > CLOSE)[0]
        raise InputError(
            f"the path of {tickers[company]} in draw {draw} ends at {paths[draw, -1, company]:g}, "
            f"its return is {returns[draw, company]:g}: a path holds cumulative returns since the "
            "start, and its last step is the return over the horizon"
        )
    return paths


def checked_odds(values: ArrayLike, draws: int) -> FloatArray:
    """Return probabilities [draw] that sum to 1; equal ones for an empty array."""
    odds = _as_floats(values, "probabilities")
    if odds.size == 0:
        return np.full(draws, 1.0 / draws)
    if odds.shape != (draws,):
        raise InputError(f"probabilities have shape {odds.shape}; there are {draws} draws")
    if not np.isfinite(odds).all() or (odds < 0).any():
        first = int(np.flatnonzero(~(odds >= 0) | np.isinf(odds))[0])
        raise InputError(f"probability of draw {first} is {odds[first]}; it must be 0 or more")
    total = float(odds.sum())
    if abs(total - 1.0) > 1e-6:
        hint = ": divide them by 100" if abs(total - 100.0) < 1.0 else ""
        raise InputError(f"probabilities sum to {total:.6g}; they must sum to 1{hint}")
    return odds / total


def checked_regimes(values: object, draws: int) -> NDArray[np.str_]:
    """Return the name of each draw's regime [draw]; `"all"` for an empty array."""
    regimes = np.array(values)
    if regimes.size == 0:
        return np.full(draws, "all")
    if regimes.shape != (draws,):
        raise InputError(f"regimes have shape {regimes.shape}; there are {draws} draws")
    if pd.isna(regimes).any():
        raise InputError("a regime is missing; every draw needs one")
    return regimes.astype(np.str_)


def kind(value: object) -> str:
    """Return what a value is, for an error: `a list`."""
    return f"a {type(value).__name__}"


def _as_floats(values: ArrayLike, what: str) -> FloatArray:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be an array of numbers, not {kind(values)}") from None


def _refuse_impossible(values: FloatArray, tickers: tuple[str, ...], what: str) -> None:
    """Refuse what no simple return can be; draws come first and companies last in ``values``."""
    for wrong, right in (
        (~np.isfinite(values), f"every {what} must be a finite number"),
        (values < -1.0, f"a simple {what} is a fraction, never below -1"),
    ):
        if wrong.any():
            draw, *step, company = where = tuple(np.argwhere(wrong)[0])
            at = f" at step {step[0]}" if step else ""
            raise InputError(
                f"{what} of {tickers[company]} in draw {draw}{at} is {values[where]:g} "
                f"({int(wrong.sum())} such in all): {right}"
            )


def _refuse_alike(returns: FloatArray, tickers: tuple[str, ...]) -> None:
    """Refuse companies that return the same in every draw: weights between them are arbitrary."""
    glance = returns[:: -(-len(returns) // GLANCE)]
    pairs = [
        f"{tickers[one]} and {tickers[other]}"
        for suspects in _alike(glance, range(len(tickers)))
        for group in _alike(returns, suspects)
        for one, other in combinations(group, 2)
    ]
    if pairs:
        raise InputError(
            f"{pairs[0]} return the same in every draw ({len(pairs)} such pairs in all), so that "
            "any split between them is as good: keep one of them"
        )


def _alike(returns: FloatArray, companies: Iterable[int]) -> list[list[int]]:
    """Return the groups of companies that return the same in every draw."""
    groups: dict[bytes, list[int]] = {}
    for company in companies:
        column = returns[:, company] + 0.0  # no zero has a sign then
        groups.setdefault(sha256(column.tobytes()).digest(), []).append(company)
    return [group for group in groups.values() if len(group) > 1]
