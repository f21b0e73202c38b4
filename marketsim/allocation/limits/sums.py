"""Limits on weighted sums: of a group, of an exposure, of the loss in a regime."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from marketsim.checks import check_number

from ...errors import InputError
from ..bounds import Bound, ceiling
from ..names import Numbers, array_of, check_known, numbers
from .kinds import Limit, Setting, check_sides, sided

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Exposure", "Group", "RegimeLoss"]


@dataclass(frozen=True)
class Group(Limit):
    """Sum of the weights of some companies.

    Parameters
    ----------
    name : str
        What the limit is called in results and errors.
    tickers : sequence of str
        The companies.
    at_least, at_most : float, optional
        Bounds of their sum; one of them must be given.
    """

    name: str
    tickers: Sequence[str]
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        several = isinstance(self.tickers, Iterable) and not isinstance(self.tickers, str)
        if not several or not list(self.tickers):
            raise InputError(f"Group {self.name!r} needs a list of tickers, not {self.tickers!r}")
        object.__setattr__(self, "tickers", tuple(self.tickers))
        check_sides(f"Group({self.name!r})", self.at_least, self.at_most)

    def bounds(self, setting: Setting) -> list[Bound]:
        """One row for each side."""
        known = setting.scenarios.tickers
        check_known(f"Group({self.name!r})", "ticker", self.tickers, known)
        member = np.array([[float(ticker in self.tickers) for ticker in known]])
        return sided(f"Group({self.name!r})", member, self.at_least, self.at_most)


@dataclass(frozen=True)
class Exposure(Limit):
    """Weighted sum of loadings: beta, a factor, carbon, yield.

    Parameters
    ----------
    name : str
        What the limit is called in results and errors.
    loadings : mapping or Series of ticker to float
        What a unit of each company counts; what is left out counts nothing.
    at_least, at_most : float, optional
        Bounds of the sum; one of them must be given.
    """

    name: str
    loadings: Mapping[str, float] | pd.Series[float] | Numbers
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        where = f"Exposure({self.name!r})"
        object.__setattr__(self, "loadings", numbers(self.loadings, f"{where} loadings"))
        check_sides(where, self.at_least, self.at_most)

    def bounds(self, setting: Setting) -> list[Bound]:
        """One row for each side."""
        where = f"Exposure({self.name!r})"
        pairs = numbers(self.loadings, where)
        member = array_of(pairs, setting.scenarios.tickers, f"{where} loadings")[None, :]
        return sided(where, member, self.at_least, self.at_most)


@dataclass(frozen=True)
class RegimeLoss(Limit):
    """Expected loss in one regime.

    Parameters
    ----------
    regime : str
        As the scenarios name it.
    at_most : float
        Highest mean loss there, as a fraction; a negative number asks for a gain.
    """

    regime: str
    at_most: float

    def __post_init__(self) -> None:
        check_number(f"RegimeLoss({self.regime!r}).at_most", self.at_most)

    def bounds(self, setting: Setting) -> list[Bound]:
        """One row."""
        scenarios = setting.scenarios
        check_known("RegimeLoss", "regime", [self.regime], scenarios.regime_names())
        odds = scenarios.probabilities * (scenarios.regimes == self.regime)
        loss = -(odds @ scenarios.returns / odds.sum())[None, :]
        argument = f"RegimeLoss({self.regime!r}).at_most"
        return [ceiling(argument, self.at_most, loss, (argument,))]
