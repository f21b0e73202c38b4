"""Trends of accelerators, fitted to the chips that were public by a date.

Each architecture has a family of chips, in the group `flagships`. Those that succeed one another
give a trend by log-linear least squares; scattered designs give a level with a spread, and no
trend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError, nearest
from marketsim.knowledge import Knowledge
from marketsim.model.units import ARCHITECTURES, H100_TFLOPS

SERVER_POWER: Final = 1.7
"""IT power of a chip in service over the chip's own rating, at peak: server and network included.

Epoch AI (*GPUs account for about 40 % of power usage in AI data centers*, 18 December 2025): a
server draws 1.53 times its GPUs, all IT equipment 1.14 times its servers, so 1.74. Servers in
data/facts/power.csv: DGX H100 1.82, GB200 NVL72 1.39, GB300 NVL72 1.34 times their GPUs, by
geometric mean 1.50, with the same network 1.71. It meets PUE (facility over IT) without overlap.
Load is another matter: training drew 76 % of a DGX H100's rating (arXiv 2506.14551)."""

SYSTEM_RATED: Final = "wafer/"
"""Chips whose power in the facts is that of the whole system, so that nothing is added."""

SUCCESSIONS: Final = ("gpu", "asic")
"""Architectures whose chips succeed one another, so that a line through them is a trend."""

PRICED: Final = ("gpu",)
"""Architectures with list prices; TPUs are not sold, prices of low-latency systems are guesses."""

PROPERTIES: Final = {
    "compute_per_watt": "H100e per kW",
    "bandwidth_per_watt": "TB/s per kW",
    "memory_per_watt": "GB per kW",
    "chip_power": "kW per chip",
    "compute_per_dollar": "H100e per kUSD",
}
"""What is fitted, and its unit. A kW is one of IT power; a price is that of the bare chip."""

FEWEST: Final = 3
"""Chips below which a line has no standard error."""


@dataclass(frozen=True)
class Estimate:
    """A number and how sure it is; NaN where the facts say nothing.

    Attributes
    ----------
    value
        A growth per year, or a natural logarithm of a level.
    error
        Its standard error.
    """

    value: float
    error: float


UNKNOWN: Final = Estimate(math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class ChipTrends:
    """Trends and levels of each property of each architecture.

    Attributes
    ----------
    chips : DataFrame
        The visible flagships, by entity: `architecture`, `year` (decimal year of
        release), and the properties in the units of `PROPERTIES`, NaN where unknown.
    """

    chips: pd.DataFrame

    def growth(self, quantity: str, architecture: str) -> Estimate:
        """Log growth per year between releases, by least squares with n - 2 degrees of freedom.

        NaN with fewer than three chips, and for low-latency designs. With six chips the error is
        that of a t distribution with four degrees of freedom.

        Parameters
        ----------
        quantity
            One of `PROPERTIES`.
        architecture
            One of `ARCHITECTURES`.

        Raises
        ------
        InputError
            There is no such property or architecture.
        """
        years, logs = self._points(quantity, architecture)
        line = _line(years, logs) if architecture in SUCCESSIONS else None
        return UNKNOWN if line is None else line[0]

    def level(self, quantity: str, architecture: str, year: float) -> Estimate:
        """Natural log of the level of chips released at a decimal year, in the property's unit.

        On the trend, the error is that of the fitted line, which a single chip misses by more.
        Without a trend the level is the geometric mean of all visible chips at any year, and the
        error their standard deviation; one chip alone leaves it NaN.

        Parameters
        ----------
        quantity, architecture
            As for `growth`.
        year
            As 2025.0 for the start of 2025.

        Raises
        ------
        InputError
            There is no such property or architecture.
        """
        years, logs = self._points(quantity, architecture)
        line = _line(years - year, logs) if architecture in SUCCESSIONS else None
        if line is not None:
            return line[1]
        spread = float(logs.std(ddof=1)) if len(logs) > 1 else math.nan
        return Estimate(float(logs.mean()), spread) if len(logs) else UNKNOWN

    def _points(self, quantity: str, architecture: str) -> tuple[np.ndarray, np.ndarray]:
        """Decimal years of release and logs of the property, [chip]."""
        _require(quantity, tuple(PROPERTIES), "property")
        _require(architecture, ARCHITECTURES, "architecture")
        rows = self.chips[self.chips["architecture"] == architecture].dropna(subset=[quantity])
        return rows["year"].to_numpy(float), np.log(rows[quantity].to_numpy(float))


def fit_chips(knowledge: Knowledge) -> ChipTrends:
    """Trends of the flagships that are known, each at the day of its release.

    A price counts from its own publication, later than the chip.
    """
    families = knowledge.universe.labels("flagships")
    names = list(families)
    tflops, watts, bandwidth, memory, price = (
        knowledge.latest(quantity).reindex(names)
        for quantity in ("chip_fp16", "chip_power", "chip_bandwidth", "chip_memory", "chip_price")
    )
    released = knowledge.select("chip_fp16").groupby("entity")["date"].min().reindex(names)
    own = tflops.index.str.startswith(SYSTEM_RATED)
    kw = watts / 1e3 * np.where(own, 1.0, SERVER_POWER)
    architecture = pd.Series(dict(families))
    chips = pd.DataFrame(
        {
            "architecture": architecture,
            "year": decimal_year(released),
            "compute_per_watt": tflops / H100_TFLOPS / kw,
            "bandwidth_per_watt": bandwidth / kw,
            "memory_per_watt": memory / kw,
            "chip_power": kw,
            "compute_per_dollar": (tflops / H100_TFLOPS / (price / 1e3)).where(
                architecture.isin(PRICED)
            ),
        }
    )
    return ChipTrends(chips.dropna(subset=["year"]))


def decimal_year(dates: pd.Series) -> pd.Series:
    """Middle of each day as a decimal year: 2025-07-02 is 2025.499; NaN for no day."""
    years: pd.Series = dates.dt.year + (dates.dt.day_of_year - 0.5) / 365.25
    return years


def _line(years: np.ndarray, logs: np.ndarray) -> tuple[Estimate, Estimate] | None:
    """Slope and intercept of the least-squares line, or None through too few releases."""
    if len(set(years)) < FEWEST:
        return None
    middle = float(years.mean())  # about it, errors of level and slope do not hang together
    (slope, level), covariance = np.polyfit(years - middle, logs, 1, cov=True)
    spread, error = np.sqrt(np.diag(covariance)).tolist()
    at_zero = Estimate(float(level - slope * middle), math.hypot(error, spread * middle))
    return Estimate(float(slope), spread), at_zero


def _require(name: str, known: tuple[str, ...], kind: str) -> None:
    if name not in known:
        raise InputError(
            f"no {kind} '{name}'; write one of {', '.join(known)}.{nearest(name, known)}"
        )
