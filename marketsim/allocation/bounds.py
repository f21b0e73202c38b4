"""One bound on the weights, kept in the words in which it was given.

A `Bound` is one number that limits several linear functions of the weights and, where that takes
them, of auxiliary variables: the size of each trade, whether a name is held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Auxiliary", "Bound", "ceiling", "floor"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Auxiliary:
    """Variables beside the weights, from 0 up to `tops` [variable]."""

    tops: FloatArray
    whole: bool = False  # 0 or 1


def _nothing() -> FloatArray:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Bound:
    """`members @ weights + extra @ auxiliary <= gains * bound + shifts`, in every row.

    Parameters
    ----------
    argument : str
        As the caller wrote it: `max_weight`, `layer_caps['memory']`, `Turnover.at_most`.
    bound : float
        As the caller gave it.
    members : array [row, company]
        Coefficients of the weights.
    gains : array [row]
        What the bound counts in each row: 1 for an upper bound, -1 for a lower one, 0 for a row
        that only ties auxiliaries to weights.
    names : tuple of str [row]
        What the dual of each row is called; empty where it is not reported.
    shifts : array [row], optional
        Rest of the right-hand side.
    auxiliary : Auxiliary, optional
        Variables of `extra`; bounds may share them.
    extra : array [row, variable], optional
        Their coefficients.
    measure : callable, optional
        What the bound limits, from weights [company], where the rows alone do not say.
    remade : callable, optional
        The same bound with another number, where that changes more than the right-hand side.
    floor : bool, optional
        A lower bound of what is measured, not an upper one.
    told : bool, optional
        Whether it is a number of the caller's, or only ties auxiliaries to weights.
    """

    argument: str
    bound: float
    members: FloatArray
    gains: FloatArray
    names: tuple[str, ...]
    shifts: FloatArray = field(default_factory=_nothing)
    auxiliary: Auxiliary | None = None
    extra: FloatArray = field(default_factory=_nothing)
    measure: Callable[[FloatArray], float] | None = None
    remade: Callable[[float], Bound] | None = None
    floor: bool = False
    told: bool = True

    @property
    def sides(self) -> FloatArray:
        """Right-hand sides [row]."""
        return np.asarray(self.gains * self.bound + (self.shifts if self.shifts.size else 0.0))

    @cached_property
    def norms(self) -> FloatArray:
        """Largest coefficient of each row [row], by which it is divided so that all count alike."""
        blocks = [np.abs(self.members), np.abs(self.extra).reshape(len(self.members), -1)]
        largest = np.hstack(blocks).max(axis=1, initial=0.0)
        return np.where(largest > 0.0, largest, 1.0)

    def at(self, bound: float) -> Bound:
        """The same with another number."""
        return self.remade(bound) if self.remade else replace(self, bound=bound)

    def excess(self, weights: FloatArray) -> float:
        """By how much weights [company] miss it, in units of its rows; 0 or less if they do not."""
        if self.measure is None:
            rows = (self.members @ weights - self.sides) / self.norms
            return float(np.max(rows, initial=-np.inf))
        beyond = self.measure(weights) - self.bound
        return -beyond if self.floor else beyond

    def __str__(self) -> str:
        return f"{self.argument} = {self.bound:g}"


def ceiling(argument: str, bound: float, members: FloatArray, names: tuple[str, ...]) -> Bound:
    """`members @ weights` is at most `bound`, in every row."""
    return Bound(argument, float(bound), members, np.ones(len(members)), names)


def floor(argument: str, bound: float, members: FloatArray, names: tuple[str, ...]) -> Bound:
    """`members @ weights` is at least `bound`, in every row."""
    return Bound(argument, float(bound), -members, -np.ones(len(members)), names, floor=True)
