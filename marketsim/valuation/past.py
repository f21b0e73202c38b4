"""What the calibrated history says of fiscal years: prices, and the fleets that companies own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior

__all__ = ["Past"]

COMPUTE: Final = "cloud", "own_use"
"""Layers whose sellers own fleets."""

BY_LINE: Final = "lines", "volumes", "inputs"

FLEET_COSTS: Final = "operating_spending", "depreciation", "write_down"

WHOLE: Final = 0.99
"""Of a year's weight in the window: less, and it is not all modelled."""


@dataclass(frozen=True, eq=False)
class Past:
    """What the calibrated history says of the years to some ``ends``.

    The ``start`` of the window. Means of a year, [end, company]: ``price``, volumes over revenue,
    and ``inputs`` that are passed on over revenue; one and none outside the window. Sums of a year,
    USD bn, NaN outside, [end]: what running and writing off all ``fleets`` cost, ``worn`` their
    depreciation, ``spending`` on AI sites, what all compute would be ``let`` at.

    At the end of the window, of the posterior's ``companies``, [company]: ``owners`` of fleets,
    who uses one ``at_home``, the share that lines would have ``sold`` at that letting, and what own
    use brings them over it, ``used``; the ``ai_share`` and ``exposure`` of revenue, and what of
    their capital spending is ``borrowed``. The ``book`` value of all fleets, USD bn, and the shares
    of who borrows all he builds with, ``builders`` of spending and ``holders`` of compute.
    """

    start: pd.Timestamp
    ends: np.ndarray
    price: np.ndarray
    inputs: np.ndarray
    fleets: np.ndarray
    worn: np.ndarray
    spending: np.ndarray
    let: np.ndarray
    companies: tuple[str, ...]
    owners: np.ndarray
    at_home: np.ndarray
    sold: np.ndarray
    used: np.ndarray
    ai_share: np.ndarray
    exposure: np.ndarray
    borrowed: np.ndarray
    book: float
    builders: float
    holders: float

    @classmethod
    def of(cls, posterior: Posterior, ends: np.ndarray) -> Past:
        """Return what a posterior's history says of the years to ``ends``, sorted."""
        history, book = posterior.history, posterior.revenue_map
        lines, volumes, inputs = (history[name] @ book.owner.T for name in BY_LINE)
        weights = posterior.window.yearly(pd.DatetimeIndex(ends))[:, : len(lines)]
        inside = weights.sum(axis=1) > WHOLE
        price, passed = (
            np.where(inside[:, None], _mean(weights, path / lines), outside)
            for path, outside in ((volumes, 1.0), (inputs, 0.0))
        )
        fleets, worn, spending, let = (
            np.where(inside, 4.0 * _mean(weights, np.asarray(path)[:, None])[:, 0], np.nan)
            for path in (
                np.sum([history[name] for name in FLEET_COSTS], axis=0),
                history["depreciation"],
                history["capital_spending"],
                history["contracted"],
            )
        )
        drawn = np.asarray(posterior.assumptions.lines.exposure)[:, None] * book.share
        places = [book.layers.index(name) for name in COMPUTE]
        cloud, home = drawn[:, places].T
        spent, listed = np.asarray(history["recognised"])[-1], np.asarray(history["contracted"])[-1]
        return cls(
            start=posterior.window.start,
            ends=ends,
            price=price,
            inputs=passed,
            fleets=fleets,
            worn=worn,
            spending=spending,
            let=let,
            companies=posterior.companies,
            owners=book.owner @ (cloud + home) > 0.0,
            at_home=book.owner @ home > 0.0,
            sold=book.owner @ (cloud * spent[places[0]] / listed),
            used=book.owner @ (home * spent[places[1]] / listed),
            ai_share=book.owner @ (drawn[:, places] @ spent[places]) / lines[-1],
            exposure=book.owner @ (drawn @ spent) / lines[-1],
            borrowed=(book.owner * posterior.setting.lines.borrowed).max(axis=1),
            book=float(history["book_value"][-1]),
            builders=float(history["borrowers_spending"][-1] / history["capital_spending"][-1]),
            holders=float(history["borrowers_fleet"][-1]),
        )

    def at(self, ends: np.ndarray) -> np.ndarray:
        """Return the positions of some of its ends."""
        return np.searchsorted(self.ends, ends)


def _mean(weights: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return means of ``path`` [quarter, company] by ``weights`` [end, quarter], in one order."""
    return np.asarray((weights[:, :, None] * path).sum(axis=1))
