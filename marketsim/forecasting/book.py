"""Who is paid what by builders of sites, as the book of lines states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.model.units import LAYERS, layer

__all__ = ["Book", "book_of", "first_paid"]

FloatArray = NDArray[np.float64]

PAID: Final = (
    "gpu",
    "asic",
    "low_latency",
    "networking",
    "servers",
    "power_equipment",
    "construction",
)
"""Layers that capital spending pays: the terms of `model.layers.capital`, and what of servers is
paid on to the merchant of accelerators."""

PLACES: Final = tuple(layer(name) for name in PAID)
MERCHANT, SERVERS = PAID.index("gpu"), PAID.index("servers")


@dataclass(frozen=True, eq=False)
class Book:
    """Who is paid what by builders, as the book of lines states it.

    ``share`` of every layer by company, [company, layer]; ``unlisted``, what is left of those that
    capital spending pays to companies that are not in the book, [paid layer].
    """

    share: FloatArray
    unlisted: FloatArray

    @property
    def sellers(self) -> NDArray[np.int_]:
        """Positions of companies that builders pay."""
        return np.flatnonzero(self.share[:, PLACES].any(axis=1))

    def parts(self, spending: FloatArray) -> FloatArray:
        """Return what of sellers' revenue from all layers builders pay first, [..., seller].

        Of servers that is what they add to the accelerators inside, which builders pay the
        merchant.
        """
        sellers = self.sellers
        drawn = _added(self.share[sellers], [spending[..., i] for i in range(len(LAYERS))])
        return _added(self.share[sellers][:, PLACES], first_paid(spending)) / drawn

    def rest(self, spending: FloatArray) -> FloatArray:
        """Return what builders pay companies that are not in the book, [...]."""
        return _added(self.unlisted[None], first_paid(spending))[..., 0]

    def weights(self, spending: FloatArray) -> FloatArray:
        """Return sellers' shares of what builders pay all of them, [company]; zero if none sells.

        Parameters
        ----------
        spending
            By layer in one quarter, [layer].
        """
        paid = _added(self.share[:, PLACES], first_paid(spending))
        return np.asarray(paid / paid.sum()) if len(self.sellers) else paid


def book_of(posterior: Posterior) -> Book:
    """Return who is paid what, of a posterior's book of lines."""
    stated = posterior.revenue_map
    places = [stated.layers.index(name) for name in LAYERS]
    share = stated.owner @ stated.share[:, places]
    return Book(share, np.maximum(1.0 - share[:, PLACES].sum(axis=0), 0.0))


def first_paid(spending: FloatArray) -> list[FloatArray]:
    """Return what builders pay by layer, to whom they pay it first, [...] of each."""
    paid = [spending[..., place] for place in PLACES]
    paid[SERVERS] = paid[SERVERS] - paid[MERCHANT]
    return paid


def _added(share: FloatArray, paid: list[FloatArray]) -> FloatArray:
    """Return sums over layers, [..., company]; in one order: of BLAS a row hangs on the others."""
    found = np.zeros((*np.shape(paid[0]), len(share)))
    for place, part in enumerate(paid):
        found += np.asarray(part)[..., None] * share[:, place]
    return found
