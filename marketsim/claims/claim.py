"""What a claim is, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from .worlds import Worlds

__all__ = ["CALIBRATED", "Claim", "Finding", "found"]

CALIBRATED: Final = "as calibrated"
"""Where a claim is measured unless it says another place: see `where.py`."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What a claim measured, [draw]: a quantity, and whether the claim is satisfied.

    Attributes
    ----------
    value
        NaN where it could not be measured.
    holds
        Whether the claim shows.
    quarters
        Ahead, over which it was measured.
    where
        In which worlds: as calibrated, or in a limit.
    beside
        The same elsewhere, by name; it decides nothing.
    """

    value: np.ndarray
    holds: np.ndarray
    quarters: slice
    where: str = CALIBRATED
    beside: Mapping[str, Finding] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Finding({len(self.value):,} draws, {int(np.sum(self.holds)):,} hold)"


Check = Callable[[Worlds], Finding]


@dataclass(frozen=True)
class Claim:
    """One claim, and how it is examined.

    Attributes
    ----------
    name
        ``C1`` and so on, as the README numbers them.
    title, text
        In a word or two, and in a sentence.
    quantity, unit
        What is measured for each draw.
    check
        Measures it.
    bar
        Share of draws that must satisfy it: two standard errors of 200 draws or more below what
        2,000 draws show, so that no seed decides.
    departure
        Where the claim of the sources does not hold in a sound model, or not in every draw: what
        holds instead, and why.
    """

    name: str
    title: str
    text: str
    quantity: str
    unit: str
    check: Check
    bar: float
    departure: str = ""


def found(
    value: ArrayLike | Array, holds: ArrayLike | Array, quarters: slice = slice(None)
) -> Finding:
    """Return a finding as calibrated from arrays of any kind, [draw]."""
    measured = np.asarray(value, dtype=float)
    return Finding(measured, np.asarray(holds, dtype=bool), quarters)
