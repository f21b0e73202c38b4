"""Limits on sums of sizes: of trades, of long and short positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...errors import InputError
from ..bounds import Auxiliary, Bound
from ..names import Numbers, array_of, fractions
from .kinds import SHARE, Limit, Setting, check_sides, sided

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Leverage", "Turnover", "sizes"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Turnover(Limit):
    """One-way turnover: half the sum of |w - current|.

    Parameters
    ----------
    at_most : float
        Highest share of the portfolio that changes hands.
    current : mapping or Series of ticker to weight
        Weights held now; what is left out has none.
    """

    at_most: float
    current: Mapping[str, float] | pd.Series[float] | Numbers

    def __post_init__(self) -> None:
        check_number("Turnover.at_most", self.at_most, 0.0, 10.0, SHARE)
        object.__setattr__(self, "current", fractions(self.current, "Turnover current"))

    def bounds(self, setting: Setting) -> list[Bound]:
        """Sizes of the trades in auxiliaries, and half their sum."""
        pairs = fractions(self.current, "Turnover current")
        held = array_of(pairs, setting.scenarios.tickers, "Turnover current")
        return [sizes("Turnover.at_most", self.at_most, held, setting, share=0.5)]


@dataclass(frozen=True)
class Leverage(Limit):
    """Gross and net sum of the weights; shorts need a `min_weight` below 0.

    Parameters
    ----------
    gross : float, optional
        Highest sum of |w|: 1.6 for a 130/30 portfolio.
    net : pair of float, optional
        Lowest and highest sum of the weights, in place of the budget, which makes it 1. What is
        not invested is cash that earns nothing.
    """

    gross: float | None = None
    net: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.gross is None and self.net is None:
            raise InputError("Leverage needs gross, net or both")
        if self.gross is not None:
            check_number("Leverage.gross", self.gross, 0.0, what="a number from 0 up")
        if self.net is not None:
            pair = tuple(self.net) if isinstance(self.net, Sequence) else ()
            if len(pair) != 2:
                raise InputError(f"Leverage.net is {self.net!r}; it must be a pair (low, high)")
            for side in pair:
                check_number("Leverage.net", side, what="a pair of finite numbers")
            object.__setattr__(self, "net", pair)
            check_sides("Leverage.net", *pair)

    @property
    def replaces_budget(self) -> bool:
        """Whether the sum of the weights has a range of its own."""
        return self.net is not None

    def bounds(self, setting: Setting) -> list[Bound]:
        """Sizes of the positions in auxiliaries, and their sum; a row for each side of the net."""
        count = len(setting.scenarios.tickers)
        found = sided("Leverage.net", np.ones((1, count)), *self.net) if self.net else []
        if self.gross is not None:
            flat = np.zeros(count)
            found.append(sizes("Leverage.gross", self.gross, flat, setting, share=1.0))
        return found


def sizes(
    argument: str, at_most: float, centre: FloatArray, setting: Setting, share: float
) -> Bound:
    """`share` of the sum of |w - centre| is at most a bound."""
    one, count = np.eye(len(centre)), len(centre)
    # As far as weights go without floors and caps: those may turn out to be what has to give way.
    high = np.maximum(setting.high, 1.0)
    low = np.where(setting.low < 0.0, np.minimum(setting.low, -1.0), 0.0)
    far = np.maximum(np.abs(high - centre), np.abs(low - centre))
    return Bound(
        argument,
        float(at_most),
        np.vstack([one, -one, np.zeros((1, count))]),
        np.concatenate([np.zeros(2 * count), [1.0 / share]]),
        (*("",) * 2 * count, argument),
        np.concatenate([centre, -centre, [0.0]]),
        Auxiliary(far),
        np.vstack([-one, -one, np.ones((1, count))]),
        measure=lambda weights: share * float(np.abs(weights - centre).sum()),
    )
