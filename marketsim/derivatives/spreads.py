"""How far calibration leaves each assumption open, as derivatives are scaled by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.ensemble import assumptions_at, slopes_at
from marketsim.scenarios import movable

__all__ = ["Spreads", "far_out"]

FloatArray = NDArray[np.float64]

FAR: Final = 4.0
"""Prior standard deviations from the prior's median past which nobody would have looked."""


@dataclass(frozen=True, eq=False)
class Spreads:
    """Assumptions that bear on the future, at a point, and a posterior deviation of each.

    ``keep`` [entry], ``names``, ``units`` and ``meanings`` of those; of all entries ``values``,
    their derivatives by linked coordinates, ``unit_slopes``, and a posterior standard deviation in
    linked coordinates, ``linked``, [entry].
    """

    keep: NDArray[np.int_]
    names: pd.Index
    units: list[str]
    meanings: list[str]
    values: FloatArray
    unit_slopes: FloatArray
    linked: FloatArray

    @classmethod
    def of(cls, posterior: Posterior, move: FloatArray | None = None) -> Spreads:
        """Return those of a posterior, at the mode or ``move`` [entry] from it, linked."""
        entries, coordinates = posterior.entries, posterior.coordinates
        count = len(entries)
        scale = np.asarray(coordinates.scale)
        link = posterior.link
        moved = (link if move is None else link + move)[None]
        keep = np.array([i for i, e in enumerate(entries) if movable(e)])
        return cls(
            keep=keep,
            names=pd.Index([entries[i].name for i in keep], name="assumption"),
            units=[entries[i].unit for i in keep],
            meanings=[entries[i].meaning for i in keep],
            values=assumptions_at(moved, coordinates)[0],
            unit_slopes=slopes_at(moved, coordinates)[0],
            linked=scale * np.sqrt(np.diag(posterior.covariance)[:count]),
        )

    @property
    def sd(self) -> FloatArray:
        """Posterior standard deviations in the assumptions' own units, [assumption]."""
        return np.asarray((self.linked * self.unit_slopes)[self.keep])

    def described(self) -> pd.DataFrame:
        """Return ``unit``, ``value`` and ``sd`` by assumption."""
        columns = {"unit": self.units, "value": self.values[self.keep], "sd": self.sd}
        return pd.DataFrame(columns, index=self.names)

    def per_sd(self, slopes: FloatArray) -> FloatArray:
        """Return derivatives by linked coordinates per posterior deviation, [..., assumption]."""
        return np.asarray((slopes * self.linked)[..., self.keep])

    def per_unit(self, slopes: FloatArray) -> FloatArray:
        """Return derivatives by linked coordinates per unit, [..., assumption]."""
        return np.asarray((slopes / self.unit_slopes)[..., self.keep])


def far_out(posterior: Posterior, base: FloatArray, move: FloatArray) -> tuple[str, ...]:
    """Return of which assumptions a move goes further than their priors allow, a sentence each.

    Parameters
    ----------
    posterior
        Whose priors they are.
    base, move
        From the mode, and from there, in linked coordinates, [entry].
    """
    c, count = posterior.coordinates, len(posterior.entries)
    here = posterior.mode[:count] + (base + move) / np.asarray(c.scale)
    centre = np.asarray(c.centre)
    values, medians = assumptions_at(np.stack([centre + np.asarray(c.scale) * here, centre]), c)
    rows = np.flatnonzero((move != 0.0) & (np.abs(here) > FAR))
    names = [posterior.entries[i].name for i in rows]
    return tuple(
        f"{name} at {values[i]:.4g} is {abs(here[i]):.1f} standard deviations of its prior from "
        f"the prior's median, {medians[i]:.4g}: nothing was ever calibrated there"
        for i, name in zip(rows, names, strict=True)
    )
