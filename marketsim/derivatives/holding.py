"""A portfolio over returns that `revalue` made: its weights, and what it earns beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.allocation.names import check_known
from marketsim.errors import InputError, handed
from marketsim.returns import ReturnScenarios
from marketsim.valuation import Valuation

__all__ = ["Holding", "Weights", "holding", "valuation_behind", "valuation_of"]

FloatArray = NDArray[np.float64]

WHOLE: Final = 1e-3
"""By how much weights may miss 1."""

Weights = Mapping[str, float] | pd.Series
"""By ticker."""


class Holding(NamedTuple):
    """What is held, and what stands behind it.

    The ``valuation`` behind ``returns``, ``weights`` of the companies it valued [company], what all
    else ``earns``, such as cash, and what the whole returns in each draw, ``returned`` [draw].
    """

    returns: ReturnScenarios
    valuation: Valuation
    weights: FloatArray
    earns: float
    returned: FloatArray

    @property
    def odds(self) -> FloatArray:
        """Probabilities of the regimes, those of a view where one is held, [regime]."""
        names, mine = self.valuation.paths.scenarios.names, np.asarray(self.returns.regimes)
        return np.array([self.returns.probabilities[mine == name].sum() for name in names])


def holding(who: str, choice: Allocation | Weights, returns: ReturnScenarios | None) -> Holding:
    """Return what is held.

    Parameters
    ----------
    who
        Asks, for errors.
    choice
        An allocation, or weights by ticker over ``returns``.
    returns
        From :func:`marketsim.revalue`; an allocation has its own.

    Raises
    ------
    InputError
        For weights without returns or of an unknown name, for returns that `revalue` did not make,
        and for a name whose return varies and that was not valued.
    """
    if isinstance(choice, Allocation):
        returns, weights = choice.returns, choice.weights
    elif returns is None:
        given = (Allocation, Mapping, pd.Series)
        handed(f"{who}: choice", choice, given, "ms.allocate(returns)")
        raise InputError(f"{who}: weights need the returns that they are over; give returns=")
    else:
        weights = _numbers(who, choice)
    if not isinstance(returns, ReturnScenarios):
        raise InputError(
            f"{who}: returns are a {type(returns).__name__}; give what ms.revalue returned"
        )
    valuation = _all_drawn(who, returns)
    check_known(who, "ticker", weights.index, returns.tickers)
    if abs(total := float(weights.sum()) - 1.0) > WHOLE:
        hint = ": write shares, not per cent" if abs(total - 99.0) < 1.0 else ""
        raise InputError(f"{who}: weights sum to {total + 1.0:.6g}, not to 1{hint}")
    valued = list(valuation.economics.index)
    held = weights.reindex(list(returns.tickers)).fillna(0.0)
    others = [i for i, t in enumerate(returns.tickers) if t not in valued and held.iloc[i] != 0.0]
    still = returns.returns[:, others]
    if np.ptp(still, axis=0).any():
        names = ", ".join(returns.tickers[i] for i in others)
        raise InputError(f"{who}: no world says what {names} returns; hold only what was valued")
    return Holding(
        returns,
        valuation,
        np.asarray(held.reindex(valued).fillna(0.0), dtype=np.float64),
        float(still[0] @ held.to_numpy()[others]) if others else 0.0,
        np.asarray(returns.returns @ held.to_numpy()),
    )


def valuation_of(choice: Allocation, who: str) -> Valuation:
    """Return what made the returns of an allocation.

    Raises
    ------
    InputError
        For what is no allocation, and for returns that `revalue` did not make.
    """
    if not isinstance(choice, Allocation):
        raise InputError(
            f"{who}: {type(choice).__name__} is no allocation; give what ms.allocate returned, or "
            "the choice of a decision"
        )
    return _all_drawn(who, choice.returns)


def _all_drawn(who: str, returns: ReturnScenarios) -> Valuation:
    valuation = valuation_behind(who, returns)
    if len(returns.returns) != len(valuation.values):
        raise InputError(
            f"{who}: these returns are not those of all worlds drawn; take all that ms.revalue made"
        )
    return valuation


def valuation_behind(who: str, returns: ReturnScenarios | Allocation) -> Valuation:
    """Return what made returns, or those of an allocation.

    Raises
    ------
    InputError
        For returns that `revalue` did not make.
    """
    given = returns.returns if isinstance(returns, Allocation) else returns
    valuation = given.world if isinstance(given, ReturnScenarios) else None
    if not isinstance(valuation, Valuation):
        raise InputError(
            f"{who}: these returns were not made by revalue, so no assumption stands behind them; "
            "take those of ms.revalue(paths, prices)"
        )
    return valuation


def _numbers(who: str, weights: Any) -> pd.Series[float]:
    try:
        found = pd.Series(dict(weights), dtype=float)
    except (TypeError, ValueError):
        found = pd.Series([np.nan], dtype=float)
    if not np.isfinite(found).all():
        raise InputError(f"{who}: weights are {weights!r}; give a finite number by ticker")
    return found
