"""Limits on the weights, kept in the words in which they were given.

A `Limit` is one bound on several linear functions of the weights: a cap for every name, or
for one layer. Whatever is linear in the weights fits; long-only and the budget always hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest
from ..returns import ReturnScenarios

__all__ = ["Constraints", "Limit", "constraints_from"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Limit:
    """`members @ weights` is at most (or, for `floor`, at least) `bound`, in every row.

    Parameters
    ----------
    argument : str
        As the caller wrote it: `max_weight`, `layer_caps['memory']`.
    bound : float
        Share of the portfolio.
    members : array [row, company]
        Coefficients of the weights.
    names : tuple of str [row]
        What the dual of each row is called.
    floor : bool
        A lower bound instead of an upper one.
    """

    argument: str
    bound: float
    members: FloatArray
    names: tuple[str, ...]
    floor: bool = False

    def __str__(self) -> str:
        return f"{self.argument} = {self.bound:g}"


@dataclass(frozen=True, eq=False)
class Constraints:
    """All limits, and the same as one system `matrix @ weights <= bounds`."""

    tickers: tuple[str, ...]
    limits: tuple[Limit, ...]

    @property
    def matrix(self) -> FloatArray:
        """Rows of all limits as upper bounds [row, company]."""
        rows = [-limit.members if limit.floor else limit.members for limit in self.limits]
        return np.vstack([np.empty((0, len(self.tickers))), *rows])

    @property
    def bounds(self) -> FloatArray:
        """Right-hand sides [row]."""
        sides = [-limit.bound if limit.floor else limit.bound for limit in self.limits]
        rows = np.array([len(limit.members) for limit in self.limits], dtype=int)
        return np.repeat(np.array(sides, dtype=np.float64), rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rows [row]."""
        return tuple(name for limit in self.limits for name in limit.names)

    def ranges(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest weight of each company that its own limits allow [company]."""
        low, high = np.zeros(len(self.tickers)), np.ones(len(self.tickers))
        for limit in self.limits:
            single = limit.members[(limit.members != 0.0).sum(axis=1) == 1].any(axis=0)
            if limit.floor:
                low[single] = np.maximum(low[single], limit.bound)
            else:
                high[single] = np.minimum(high[single], limit.bound)
        return low, high

    def violation(self, weights: FloatArray) -> float:
        """The most by which `weights` [company] miss the budget or a limit."""
        excess = float(np.max(self.matrix @ weights - self.bounds, initial=0.0))
        return max(excess, abs(float(weights.sum()) - 1.0))

    def without(self, *limits: Limit) -> Constraints:
        """The same with some limits left out."""
        return replace(self, limits=tuple(one for one in self.limits if one not in limits))


def constraints_from(
    scenarios: ReturnScenarios,
    max_weight: float,
    min_weight: float,
    max_weights: Mapping[str, float] | None,
    layer_caps: Mapping[str, float] | None,
) -> Constraints:
    """The limits that the arguments of `allocate` ask for.

    Raises
    ------
    InputError
        For a bound that is no share, an unknown ticker or layer, or caps by layer where the
        scenarios have no layers.
    """
    own = dict(max_weights or {})
    _check_shares(max_weight, min_weight, own, layer_caps or {})
    _check_names("max_weights", "ticker", own, scenarios.tickers)
    limits = [_long_only(scenarios.tickers, min_weight)]
    limits += _ceilings(scenarios.tickers, max_weight, own)
    limits += _layer_limits(scenarios, layer_caps or {})
    return Constraints(scenarios.tickers, tuple(limits))


def _long_only(tickers: tuple[str, ...], min_weight: float) -> Limit:
    names = tuple(f"min_weight[{ticker}]" for ticker in tickers)
    return Limit("min_weight", float(min_weight), np.eye(len(tickers)), names, floor=True)


def _ceilings(tickers: tuple[str, ...], max_weight: float, own: Mapping[str, float]) -> list[Limit]:
    rows = np.eye(len(tickers))
    rest = [i for i, ticker in enumerate(tickers) if ticker not in own]
    limits = []
    if rest and max_weight < 1.0:  # a cap of 1 follows from the budget
        names = tuple(f"max_weight[{tickers[i]}]" for i in rest)
        limits.append(Limit("max_weight", float(max_weight), rows[rest], names))
    for i, ticker in enumerate(tickers):
        if ticker in own:
            member, dual = rows[i : i + 1], (f"max_weights[{ticker}]",)
            limits.append(Limit(f"max_weights[{ticker!r}]", float(own[ticker]), member, dual))
    return limits


def _layer_limits(scenarios: ReturnScenarios, caps: Mapping[str, float]) -> list[Limit]:
    if caps and not scenarios.layers:
        raise InputError("layer_caps needs to know layers: give ReturnScenarios its layers")
    of = [scenarios.layers.get(ticker, "") for ticker in scenarios.tickers]
    _check_names("layer_caps", "layer", caps, sorted(set(of) - {""}))
    return [
        Limit(
            f"layer_caps[{layer!r}]",
            float(cap),
            np.array([[float(one == layer) for one in of]]),
            (f"layer_caps[{layer}]",),
        )
        for layer, cap in caps.items()
    ]


def _check_shares(
    max_weight: float, min_weight: float, own: Mapping[str, float], caps: Mapping[str, float]
) -> None:
    _check_share("max_weight", max_weight)
    _check_share("min_weight", min_weight)
    for ticker, share in own.items():
        _check_share(f"max_weights[{ticker!r}]", share)
    for layer, share in caps.items():
        _check_share(f"layer_caps[{layer!r}]", share)


def _check_share(argument: str, share: float) -> None:
    number = isinstance(share, (int, float, np.number)) and not isinstance(share, bool)
    if not number or not isfinite(share) or not 0.0 <= share <= 1.0:
        raise InputError(f"{argument} is {share!r}; it must be a share between 0 and 1")


def _check_names(
    argument: str, kind: str, given: Mapping[str, float], known: tuple[str, ...] | list[str]
) -> None:
    for name in given:
        if name not in known:
            hint = nearest(name, known) or f" Known: {', '.join(known)}."
            raise InputError(f"{argument} names no {kind} of these scenarios: {name!r}.{hint}")
