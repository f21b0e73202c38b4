"""All bounds on the weights, as one system of linear inequalities.

The budget holds besides: weights sum to 1, unless a range for their sum is among the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from marketsim.checks import check_number

from ..errors import InputError
from ..returns import ReturnScenarios
from .bounds import Auxiliary, Bound, ceiling, floor
from .deadline import Deadline
from .limits import Limit, TermLimit
from .limits.holdings import LEAST
from .limits.kinds import Setting
from .names import check_known

__all__ = ["Constraints", "check_kinds", "constraints_from"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Constraints:
    """All bounds, the same as `matrix @ (weights, auxiliaries) <= sides`, and limits on terms."""

    tickers: tuple[str, ...]
    bounds: tuple[Bound, ...]
    budget: bool = True
    on_terms: tuple[TermLimit, ...] = ()

    @cached_property
    def auxiliaries(self) -> tuple[Auxiliary, ...]:
        """Groups of auxiliary variables, each once."""
        return tuple(
            dict.fromkeys(one.auxiliary for one in self.bounds if one.auxiliary is not None)
        )

    @cached_property
    def tops(self) -> FloatArray:
        """Upper bounds of the auxiliaries [auxiliary]; they start at 0."""
        return np.concatenate([np.empty(0), *(one.tops for one in self.auxiliaries)])

    @cached_property
    def whole(self) -> NDArray[np.bool_]:
        """Which auxiliaries are 0 or 1 [auxiliary]."""
        marks = [np.full(len(one.tops), one.whole) for one in self.auxiliaries]
        return np.concatenate([np.empty(0, dtype=bool), *marks])

    @cached_property
    def matrix(self) -> Any:
        """Sparse rows of all bounds [row, company + auxiliary], the largest entry of each 1."""
        starts = np.cumsum([len(self.tickers), *(len(one.tops) for one in self.auxiliaries)])
        start = dict(zip(self.auxiliaries, starts, strict=False))
        rows, columns, values, above = [], [], [], 0
        for one in self.bounds:
            blocks = [(one.members, 0)]
            if one.auxiliary is not None:
                blocks.append((one.extra, int(start[one.auxiliary])))
            for block, first in blocks:
                row, column = np.nonzero(block)
                rows.append(row + above)
                columns.append(column + first)
                values.append(block[row, column] / one.norms[row])
            above += len(one.members)
        entries = [np.concatenate([[], *part]) for part in (values, rows, columns)]
        where = (entries[1].astype(int), entries[2].astype(int))
        return sparse.csc_array((entries[0], where), shape=(above, int(starts[-1])))

    @cached_property
    def sides(self) -> FloatArray:
        """Right-hand sides [row]."""
        return np.concatenate([np.empty(0), *(one.sides / one.norms for one in self.bounds)])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the rows [row]; empty where a row's dual is not reported."""
        return tuple(name for one in self.bounds for name in one.names)

    @cached_property
    def gains(self) -> FloatArray:
        """By how much a row gives way when its bound is relaxed by 1 [row]."""
        sizes = [np.abs(one.gains) / one.norms for one in self.bounds]
        return np.concatenate([np.empty(0), *sizes])

    @cached_property
    def ranges(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest weight of each company that its own bounds allow [company].

        Without a bound of its own a weight lies between 0 and 1, which the budget and the floors
        that are always there see to.
        """
        high = np.full(len(self.tickers), np.inf)
        low = -high
        for one in self.bounds:
            single = ((one.members != 0.0).sum(axis=1) == 1) & ~one.extra.any(axis=-1)
            row, company = np.nonzero(one.members * single[:, None])
            factor = one.members[row, company]
            limit = one.sides[row] / factor
            np.minimum.at(high, company[factor > 0], limit[factor > 0])
            np.maximum.at(low, company[factor < 0], limit[factor < 0])
        return low + 0.0, np.where(np.isinf(high), 1.0, high) + 0.0  # no zero is negative

    def highest(self, gradient: FloatArray) -> tuple[float, float]:
        """Most of `gradient @ (weights, auxiliaries)` on the ranges and the budget; its price."""
        count = len(self.tickers)
        mine, rest = gradient[:count], gradient[count:]
        low, high = self.ranges
        most = float(self.tops @ np.maximum(rest, 0.0))
        if not self.budget:
            return most + float(np.maximum(low * mine, high * mine).sum()), 0.0
        order = np.argsort(-mine, kind="stable")
        room = (high - low)[order]
        left = 1.0 - float(low.sum()) - (np.cumsum(room) - room)
        weights = low[order] + np.clip(left, 0.0, room)
        last = order[int(np.flatnonzero(left > 0.0)[-1])] if (left > 0.0).any() else order[0]
        return most + float(weights @ mine[order]), float(mine[last])

    def settled(self, scenarios: ReturnScenarios, deadline: Deadline | None = None) -> Constraints:
        """The same with limits on settled terms."""
        settled = [limit.settled(scenarios, self, deadline) for limit in self.on_terms]
        return replace(self, on_terms=tuple(settled))

    def violation(self, weights: FloatArray) -> float:
        """The most by which `weights` [company] miss the budget or a bound."""
        missed = abs(float(weights.sum()) - 1.0) if self.budget else 0.0
        return max([missed, *(one.excess(weights) for one in self.bounds)])

    def relaxed(self) -> Constraints:
        """The same where auxiliaries that are 0 or 1 may lie between."""
        loose = {one: replace(one, whole=False) for one in self.auxiliaries if one.whole}
        bounds = tuple(
            replace(one, auxiliary=loose[one.auxiliary], measure=_always(one.bound))
            if one.auxiliary in loose
            else one
            for one in self.bounds
        )
        return replace(self, bounds=bounds)

    def held(self, pattern: NDArray[np.int8]) -> Constraints:
        """The same for given holdings: 1 where long, -1 where short, 0 where none [company]."""
        size = max((one.bound for one in self.bounds if one.argument == LEAST), default=0.0)
        low, high = self.ranges
        low = np.where(pattern > 0, np.maximum(low, size), np.where(pattern < 0, low, 0.0))
        high = np.where(pattern < 0, np.minimum(high, -size), np.where(pattern > 0, high, 0.0))
        one, count = np.eye(len(low)), len(low)
        rows = np.vstack([one, -one])
        blank = ("",) * 2 * count
        chosen = Bound("Holdings", 0.0, rows, np.zeros(2 * count), blank, np.r_[high, -low])
        rest = [one for one in self.bounds if not (one.auxiliary and one.auxiliary.whole)]
        return replace(self, bounds=(*rest, chosen))

    def without(self, *bounds: Bound) -> Constraints:
        """The same with some bounds left out."""
        return replace(self, bounds=tuple(one for one in self.bounds if one not in bounds))

    def moved(self, bound: Bound, to: float) -> Constraints:
        """The same with another number for one bound."""
        return replace(
            self, bounds=tuple(one.at(to) if one is bound else one for one in self.bounds)
        )


def _always(bound: float) -> Callable[[FloatArray], float]:
    return lambda weights: bound


def constraints_from(
    scenarios: ReturnScenarios,
    max_weight: float = 1.0,
    min_weight: float = 0.0,
    max_weights: Mapping[str, float] | None = None,
    layer_caps: Mapping[str, float] | None = None,
    limits: Sequence[Limit] = (),
) -> Constraints:
    """The bounds that the arguments of `allocate` ask for.

    Raises
    ------
    InputError
        For a bound that is no share, an unknown ticker, layer or regime, or caps by layer where
        the scenarios have no layers.
    """
    own, caps = _mapped("max_weights", max_weights), _mapped("layer_caps", layer_caps)
    _check_shares(max_weight, min_weight, own, caps)
    check_kinds(limits)
    tickers = scenarios.tickers
    check_known("max_weights", "ticker", own, tickers)
    free = any(limit.replaces_budget for limit in limits)
    caps_all = max_weight < 1.0 or min_weight < 0.0 or free  # else the budget sees to a cap of 1
    shorts = min_weight < 0.0 or free
    simple = [
        _floors(tickers, min_weight),
        *_ceilings(tickers, max_weight if caps_all else None, own, shorts),
    ]
    low, high = Constraints(tickers, tuple(simple)).ranges
    setting = Setting(scenarios, low, high)
    given = [bound for limit in limits for bound in limit.bounds(setting)]
    bounds = (*simple, *_layer_caps(scenarios, caps), *given)
    on_terms = tuple(limit for limit in limits if isinstance(limit, TermLimit))
    return Constraints(tickers, bounds, budget=not free, on_terms=on_terms)


def _mapped(argument: str, given: object) -> dict[str, float]:
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{argument} must be a mapping of name to share, not {given!r}")
    return dict(given or {})


def _floors(tickers: tuple[str, ...], min_weight: float) -> Bound:
    names = tuple(f"min_weight[{ticker}]" for ticker in tickers)
    bound = floor("min_weight", min_weight, np.eye(len(tickers)), names)
    return replace(bound, told=min_weight != 0.0)  # nobody asked for what is usual


def _ceilings(
    tickers: tuple[str, ...], max_weight: float | None, own: Mapping[str, float], shorts: bool
) -> list[Bound]:
    rows = np.eye(len(tickers))
    rest = [i for i, ticker in enumerate(tickers) if ticker not in own]
    bounds = []
    if rest and max_weight is not None:
        names = tuple(f"max_weight[{tickers[i]}]" for i in rest)
        bounds.append(ceiling("max_weight", max_weight, rows[rest], names))
    for i, ticker in enumerate(tickers):
        if ticker in own and (shorts or own[ticker] < 1.0):  # the budget sees to a cap of 1
            name, member = (f"max_weights[{ticker}]",), rows[i : i + 1]
            bounds.append(ceiling(f"max_weights[{ticker!r}]", own[ticker], member, name))
    return bounds


RENAMED: Final = {
    "accelerator": "'accelerators'",
    "gpu": "'accelerators', with all designs of them",
    "asic": "'accelerators', with all designs of them",
    "low_latency": "'accelerators', with all designs of them",
    "networking_optics": "'networking'",
    "power_cooling": "'power_equipment'",
    "utilities_ipp": "'electricity'",
    "dc_reit": "'leases'",
    "hyperscaler": "'cloud', or 'own_use' for those that sell none",
    "neocloud": "'cloud'",
}
"""Names of layers in earlier releases, and of those that companies are not sorted by."""


def _layer_caps(scenarios: ReturnScenarios, caps: Mapping[str, float]) -> list[Bound]:
    if caps and not scenarios.layers:
        raise InputError("layer_caps needs to know layers: give ReturnScenarios its layers")
    of = [scenarios.layers.get(ticker, "") for ticker in scenarios.tickers]
    known = sorted(set(of) - {""})
    for layer in caps:
        if layer in RENAMED and layer not in known:
            raise InputError(f"layer_caps: the layer '{layer}' is now called {RENAMED[layer]}")
    check_known("layer_caps", "layer", caps, known)
    bounds = []
    for layer, cap in caps.items():
        member = np.array([[float(one == layer) for one in of]])
        bounds.append(ceiling(f"layer_caps[{layer!r}]", cap, member, (f"layer_caps[{layer}]",)))
    return bounds


def _check_shares(
    max_weight: float, min_weight: float, own: Mapping[str, float], caps: Mapping[str, float]
) -> None:
    share = (0.0, 1.0, "a share between 0 and 1")
    shorts = isinstance(min_weight, (int, float)) and min_weight < 0
    wide = (-10.0, 10.0, "a weight between -10 and 10") if shorts else share
    check_number("max_weight", max_weight, *wide)
    check_number("min_weight", min_weight, -10.0, 1.0, "a weight between -10 and 1")
    for ticker, weight in own.items():
        check_number(f"max_weights[{ticker!r}]", weight, *wide)
    for layer, weight in caps.items():
        check_number(f"layer_caps[{layer!r}]", weight, *share)


def check_kinds(limits: object) -> None:
    """Refuse what is no list of limits."""
    if not isinstance(limits, Sequence) or isinstance(limits, str):
        raise InputError(f"limits must be a list such as [Turnover(0.2, held)], not {limits!r}")
    for one in limits:
        if not isinstance(one, Limit):
            raise InputError(f"limits holds {one!r}; give limits such as Turnover(0.2, held)")
