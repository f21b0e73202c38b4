"""What a claim is, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from .worlds import Worlds

__all__ = ["Claim", "Finding", "found"]


@dataclass(frozen=True, eq=False)
class Finding:
    """What a claim measured, [draw]: a quantity, and whether the claim is satisfied.

    ``beside`` is a quantity that decides nothing, NaN where it could not be measured.
    """

    value: np.ndarray
    holds: np.ndarray
    beside: np.ndarray | None = None

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
        Where the claim of the sources does not hold in a sound model: what holds instead, and why.
    beside
        What stands beside what is measured, in the same unit, where anything does.
    """

    name: str
    title: str
    text: str
    quantity: str
    unit: str
    check: Check
    bar: float
    departure: str = ""
    beside: str = ""


def found(
    value: ArrayLike | Array, holds: ArrayLike | Array, beside: np.ndarray | None = None
) -> Finding:
    """Return a finding from arrays of any kind, [draw]."""
    return Finding(np.asarray(value, dtype=float), np.asarray(holds, dtype=bool), beside)
