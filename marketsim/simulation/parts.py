"""Draws by the million: the worlds that `simulate` would draw, a part of them at a time.

A part is of pasts that stand together, with all regimes that go on from each, so that none is run
twice. What is kept of a part goes before the next begins, and a draw is the same in any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from marketsim.ensemble import CHUNK
from marketsim.forecasting import Forecast
from marketsim.precision import Precision
from marketsim.scenarios import Scenarios

from .allotment import Allotment, allot
from .asked import require_chunk, require_draws
from .outcomes import Outcomes
from .worlds import QUARTERS, begin, run_on

__all__ = ["Part", "parts", "run_part"]


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the draws: those whose numbers within their regimes stand together.

    Attributes
    ----------
    numbers
        Of the pasts, [past].
    rows
        Which draws go on from them, [draw]; in the order of the pasts.
    past, regime
        Of each of these, positions among the pasts and the regimes, [draw].
    """

    numbers: NDArray[np.int_]
    rows: NDArray[np.int_]
    past: NDArray[np.int_]
    regime: NDArray[np.int_]

    def __repr__(self) -> str:
        return f"Part({len(self.rows):,} draws of {len(self.numbers):,} pasts)"

    def blocks(self) -> Iterator[slice]:
        """Yield which of the rows are of each :data:`CHUNK` of pasts: the same in any part."""
        block = self.past // CHUNK
        edges = np.flatnonzero(np.diff(block, prepend=-1, append=block[-1] + 1))
        yield from map(slice, edges[:-1].tolist(), edges[1:].tolist())


def parts(scenarios: Scenarios, draws: int, chunk: int = 5_000) -> tuple[Allotment, list[Part]]:
    """Return the regimes of draws, and parts of about ``chunk`` draws each.

    Parameters
    ----------
    scenarios, draws
        As for :func:`simulate`.
    chunk
        Draws in a part; a part is no less than :data:`CHUNK` pasts.

    Raises
    ------
    InputError
        For fewer draws than regimes, or no draws in a part.
    """
    require_draws(draws, len(scenarios.regimes))
    require_chunk(chunk)
    share = allot(scenarios.probabilities, draws)
    order = np.argsort(share.index, kind="stable")
    block = share.index[order] // CHUNK
    ends = np.cumsum(np.bincount(block))
    part = (ends - 1) // chunk
    firsts = np.flatnonzero(np.diff(part, prepend=-1))
    edges = [*firsts, len(ends)]
    found = []
    for first, last in pairwise(edges):
        rows = order[ends[first - 1] if first else 0 : ends[last - 1]]
        start = first * CHUNK
        numbers = np.arange(start, int(share.index[rows[-1]]) + 1)
        found.append(Part(numbers, rows, share.index[rows] - start, share.regime[rows]))
    return share, found


def run_part(
    scenarios: Scenarios,
    part: Part,
    seed: int = 0,
    quarters: int = QUARTERS,
    precision: Precision = "float64",
    forecast: Forecast | None = None,
) -> Outcomes:
    """Return what becomes of the draws of a part, in the order of its rows; see `simulate`."""
    begun = begin(scenarios.posterior, part.numbers, seed, quarters, precision, forecast)
    return run_on(scenarios, begun, part.past, part.regime, quarters, precision)
