"""Limits on how many companies are held, and how little of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number, check_whole

from ...errors import InputError
from ..bounds import Auxiliary, Bound
from .kinds import SHARE, Limit, Setting

__all__ = ["LEAST", "MOST", "Holdings"]

FloatArray = NDArray[np.float64]
LEAST, MOST = "Holdings.min_position", "Holdings.at_most"


@dataclass(frozen=True)
class Holdings(Limit):
    """How many companies are held, and how little of each.

    Parameters
    ----------
    at_most : int, optional
        Highest number of companies with a weight other than 0.
    min_position : float, optional
        Least size of a weight other than 0.

    Notes
    -----
    These make the programme a mixed-integer one, which takes longer and is proved to `gap`.
    """

    at_most: int | None = None
    min_position: float | None = None

    def __post_init__(self) -> None:
        if self.at_most is None and self.min_position is None:
            raise InputError("Holdings needs at_most, min_position or both")
        if self.at_most is not None:
            check_whole("Holdings.at_most", self.at_most, 1)
        if self.min_position is not None:
            check_number("Holdings.min_position", self.min_position, 0.0, 10.0, SHARE)

    def bounds(self, setting: Setting) -> list[Bound]:
        """Whether each company is held, long or short, in auxiliaries of 0 or 1."""
        low, high = setting.low, setting.high
        count = len(low)
        held = Auxiliary(np.ones(2 * count), whole=True)  # long [company], then short [company]
        # As wide as weights go without caps: a cap may turn out to be what has to give way.
        up = np.diag(np.maximum(high, 1.0))
        down = np.diag(np.where(low < 0.0, np.maximum(-low, 1.0), 0.0))
        one, none = np.eye(count), np.zeros((count, count))
        ties = Bound(
            "Holdings",
            1.0,
            np.vstack([one, -one, none]),
            np.zeros(3 * count),
            ("",) * 3 * count,
            np.concatenate([np.zeros(2 * count), np.ones(count)]),
            held,
            np.block([[-up, none], [none, -down], [one, one]]),
            measure=lambda weights: 1.0,
            told=False,
        )
        found = [ties]
        if self.at_most is not None:
            found.append(_count(float(self.at_most), held, count))
        if self.min_position is not None:
            found.append(_least(self.min_position, held, up, down))
        return found


def _count(at_most: float, held: Auxiliary, count: int) -> Bound:
    return Bound(
        MOST,
        at_most,
        np.zeros((1, count)),
        np.ones(1),
        ("",),
        np.zeros(1),
        held,
        np.ones((1, 2 * count)),
        measure=lambda weights: float((weights != 0.0).sum()),
    )


def _least(size: float, held: Auxiliary, up: FloatArray, down: FloatArray) -> Bound:
    """A long position is at least `size`, a short one at most minus that."""
    one, count = np.eye(len(up)), len(up)

    def smallest(weights: FloatArray) -> float:
        sizes = np.abs(weights[weights != 0.0])
        return float(sizes.min()) if sizes.size else size

    return Bound(
        LEAST,
        size,
        np.vstack([-one, one]),
        np.zeros(2 * count),
        ("",) * 2 * count,
        np.zeros(2 * count),
        held,
        np.block([[size * one, -down], [-up, size * one]]),
        measure=smallest,
        remade=lambda other: _least(other, held, up, down),
        floor=True,
    )
