"""Which regime each draw belongs to, the same whatever the number of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Allotment", "allot"]


@dataclass(frozen=True, eq=False)
class Allotment:
    """Draws shared among regimes, each [draw].

    Attributes
    ----------
    regime
        Position of the draw's regime.
    index
        Number of the draw within its regime: of the past, and of the news, that it shares with the
        draws of that number in the others.
    probabilities
        They sum to one, and over a regime to its probability.
    """

    regime: NDArray[np.int_]
    index: NDArray[np.int_]
    probabilities: NDArray[np.float64]


def allot(probabilities: NDArray[np.float64], draws: int) -> Allotment:
    """Share draws among regimes in proportion to their probabilities.

    The first draws are one of each regime; then comes whichever regime is due, its k-th draw when
    (k + 1/2) / p draws have been made. So more draws only add to those before.

    Parameters
    ----------
    probabilities
        Of the regimes, [regime]; they sum to one.
    draws
        How many, at least one for each regime.
    """
    count = np.ceil(probabilities * draws).astype(int) + 2
    regime = np.repeat(np.arange(len(count)), count)
    index = np.concatenate([np.arange(c) for c in count])
    # Two that are due together come in the order of regimes, however probabilities were rounded.
    due = np.where(index == 0, -1.0, np.round((index + 0.5) / probabilities[regime], 6))
    order = np.argsort(due, kind="stable")[:draws]
    regime, index = regime[order], index[order]
    shared = probabilities / np.bincount(regime, minlength=len(count))
    return Allotment(regime, index, shared[regime])
