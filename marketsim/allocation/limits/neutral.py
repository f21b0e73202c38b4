"""Books that are long as much as short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...errors import InputError
from ..bounds import Bound
from ..names import Numbers, array_of, numbers
from .kinds import Limit, Setting, sided
from .sizes import sizes

if TYPE_CHECKING:
    import pandas as pd

    from ...returns import ReturnScenarios

__all__ = ["Neutral"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Neutral(Limit):
    """A market-neutral book: weights that sum to 0, in place of the budget, which makes it 1.

    Weights are in units of the capital, which is cash that earns nothing; shorts need a
    `min_weight` below 0.

    Parameters
    ----------
    gross : float
        Highest sum of |w|: 2 for a dollar long and a dollar short on each of capital.
    layers : bool, optional
        Whether the weights of each layer sum to 0 too.
    market : mapping or Series of ticker to weight, optional
        A portfolio to which the book's beta over the scenarios is 0 too.
    """

    gross: float
    layers: bool = False
    market: Mapping[str, float] | pd.Series[float] | Numbers | None = None

    def __post_init__(self) -> None:
        check_number("Neutral.gross", self.gross, 0.0, what="a number from 0 up")
        if self.market is not None:
            object.__setattr__(self, "market", numbers(self.market, "Neutral market"))

    @property
    def replaces_budget(self) -> bool:
        """Always."""
        return True

    def bounds(self, setting: Setting) -> list[Bound]:
        """Two rows for each sum that is 0, and the sizes of the positions in auxiliaries."""
        scenarios = setting.scenarios
        if setting.low.min() >= 0.0:
            raise InputError("Neutral needs shorts: give a min_weight below 0, such as -0.2")
        count = len(scenarios.tickers)
        found = sided("Neutral.net", np.ones((1, count)), 0.0, 0.0)
        if self.layers:
            found += _by_layer(scenarios)
        if self.market is not None:
            found += sided("Neutral.beta", self.betas(scenarios)[None, :], 0.0, 0.0)
        return [*found, sizes("Neutral.gross", self.gross, np.zeros(count), setting, share=1.0)]

    def betas(self, scenarios: ReturnScenarios) -> FloatArray:
        """Beta of each company to the market over the scenarios [company].

        Raises
        ------
        InputError
            If the market's return is the same in all draws, or it names what is not there.
        """
        pairs = numbers(self.market, "Neutral market")
        shares = array_of(pairs, scenarios.tickers, "Neutral market")
        odds, returns = scenarios.probabilities, scenarios.returns
        centred = returns - odds @ returns
        market = centred @ shares
        variance = float(odds @ market**2)
        if variance <= 0.0:
            raise InputError("Neutral market has the same return in all draws: no beta to it")
        return np.asarray((odds * market) @ centred / variance)


def _by_layer(scenarios: ReturnScenarios) -> list[Bound]:
    if not scenarios.layers:
        raise InputError("Neutral by layers needs to know layers: give ReturnScenarios its layers")
    of = [scenarios.layers.get(ticker, "") for ticker in scenarios.tickers]
    found = []
    for layer in sorted(set(of) - {""}):
        member = np.array([[float(one == layer) for one in of]])
        found += sided(f"Neutral.layers[{layer!r}]", member, 0.0, 0.0)
    return found
