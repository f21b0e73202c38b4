"""Compute installed in the world, by designers of accelerators, with its published band."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Outlook, Report
from marketsim.observables.totals import together

__all__ = ["BAND", "INSTALLED_COMPUTE", "installed"]

BAND: Final = 2.0 * 1.645
"""Standard deviations in a 90 % band."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the sum over the group `designers`."""
    yield Report("installed_compute", installed(knowledge))


def installed(knowledge: Knowledge) -> pd.DataFrame:
    """Return installed compute of the designers together, H100e, with its published error.

    The ends of the 90 % bands are added up, as if all designers' errors were one: the wide reading.
    """
    designers = knowledge.universe.group("designers")
    total = together(knowledge.select("installed_h100e"), designers).set_index("date")
    low, high = (
        together(knowledge.select(f"installed_h100e_{end}"), designers).set_index("date")["value"]
        for end in ("p05", "p95")
    )
    band = (high / low).reindex(total.index).to_numpy(dtype=float)
    return total.assign(stated=np.nan_to_num(np.log(band) / BAND)).reset_index()


def measure(quarters: Quarter) -> Array:
    """Return compute installed, [quarter]."""
    return quarters.compute


INSTALLED_COMPUTE: Final = Observable(
    kind="installed_compute",
    meaning="AI compute installed, by designers together",
    quantities=("installed_h100e", "installed_h100e_p05", "installed_h100e_p95"),
    unit="M H100e",
    reports=reports,
    measure=measure,
    measured="the fleet",
    floor=0.10,
    reason="what designs count, and where in their life they stand; the band comes on top",
    scale=1e-6,
    outlook=Outlook("installed_h100e", by="calendar"),
)
