"""The axes of the model and its one conversion factor.

Units are coherent: million H100-equivalents (M H100e), GW, USD bn, kW per H100e (= GW per M H100e),
kUSD per H100e (= USD bn per M H100e), trillion tokens, USD per H100e-hour. A price per hour times
thousand hours per quarter times million H100e is USD bn per quarter.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

YEARS: Final = 0.25
"""Length of a step, in years."""

KILOHOURS: Final = 8.766 * YEARS
"""Thousand hours in a quarter."""

REFERENCE_YEAR: Final = 2025.0
"""Dates inside the model are years since the start of this year."""

H100_TFLOPS: Final = 989.4
"""Dense FP16 TFLOP/s of one H100 SXM: the unit of compute."""

ARCHITECTURES: Final = ("gpu", "asic", "low_latency")
"""General GPU; hyperscaler ASIC (TPU, Trainium, ...); SRAM or wafer-scale low-latency design."""

CLASSES: Final = ("batch", "interactive", "agentic")
"""Speed classes of demand, slow to fast."""

GPU, ASIC, LOW_LATENCY = range(len(ARCHITECTURES))
BATCH, INTERACTIVE, AGENTIC = range(len(CLASSES))
"""Places of architectures and of classes."""

TOKENS_PER_SECOND: Final = (10.0, 40.0, 100.0)
"""Decoding speed each class requires at the start, tokens per second per user."""

LAYERS: Final = (
    "gpu",
    "asic",
    "low_latency",
    "foundry",
    "foundry_equipment",
    "memory",
    "networking",
    "servers",
    "power_equipment",
    "turbines",
    "construction",
    "electricity",
    "generation",
    "operations",
    "leases",
    "cloud",
    "own_use",
)
"""Layers of spending, USD bn per quarter; `operations` is staff and upkeep of running sites,
`own_use` compute its owner uses at home; `generation` is what merchant generators earn above their
base from all their buyers, `turbines` orders of generation that tight power brings, as paid."""


LIMITS: Final = ("demand", "money", "memory", "chips", "power")
"""What may hold deliveries back."""


def layer(name: str) -> int:
    """Return the place of a layer of spending."""
    return LAYERS.index(name)


def along(constant: ArrayLike, scalar: Array) -> Array:
    """Return a constant array with the precision of a ``scalar`` of worlds, and axes for theirs."""
    given = jnp.asarray(constant, dtype=scalar.dtype)
    return given.reshape(given.shape + (1,) * scalar.ndim)


CONTESTED: Final = (
    "gpu",
    "asic",
    "networking",
    "servers",
    "power_equipment",
    "leases",
    "cloud",
)
"""Layers whose shares several listed companies hold, and may drift."""
