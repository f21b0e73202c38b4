"""Priors: what an assumption may be, before any fact is seen.

Every assumption is a smooth function of a standard normal coordinate z, so that calibration,
sampling and shifts all happen in one space: value = transform(centre + scale * z).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

Kind = Literal["normal", "lognormal", "share"]
KINDS: tuple[Kind, ...] = ("normal", "lognormal", "share")


@dataclass(frozen=True)
class Prior:
    """One prior, or one for each entry of a vector assumption.

    Parameters
    ----------
    kind
        ``normal`` (any value), ``lognormal`` (positive) or ``share`` (between 0 and 1).
    median
        Median in the assumption's own unit, a number or one for each entry.
    spread
        Standard deviation of the value, of its log, or of its logit.
    """

    kind: Kind
    median: float | tuple[float, ...]
    spread: float | tuple[float, ...]

    def coordinates(self, size: int) -> list[tuple[int, float, float]]:
        """Return (kind index, centre, scale) for each of ``size`` entries."""
        medians, spreads = _spread_out(self.median, size), _spread_out(self.spread, size)
        kind = KINDS.index(self.kind)
        return [(kind, link(self.kind, m), s) for m, s in zip(medians, spreads, strict=True)]

    def value_at(self, z: float, entry: int = 0) -> float:
        """Return the value ``z`` prior standard deviations from the median, for one entry."""
        size = len(self.median) if isinstance(self.median, tuple) else entry + 1
        kind, centre, scale = self.coordinates(size)[entry]
        return float(transform(jnp.array(kind), jnp.array(centre + scale * z)))


def normal(median: float | tuple[float, ...], spread: float | tuple[float, ...]) -> Prior:
    """Return a normal prior."""
    return Prior("normal", median, spread)


def lognormal(median: float | tuple[float, ...], spread: float | tuple[float, ...]) -> Prior:
    """Return a lognormal prior; ``spread`` is the standard deviation of the log."""
    return Prior("lognormal", median, spread)


def share(median: float | tuple[float, ...], spread: float | tuple[float, ...]) -> Prior:
    """Return a logit-normal prior on (0, 1); ``spread`` is the standard deviation of the logit."""
    return Prior("share", median, spread)


def transform(kind: Array, link: Array) -> Array:
    """Map linked values to an assumption's own unit, elementwise by ``kind`` index."""
    level = jnp.where(kind == 1, link, 0.0)
    return jnp.where(kind == 0, link, jnp.where(kind == 1, jnp.exp(level), jax.nn.sigmoid(link)))


def inverse(kind: Array, value: Array) -> Array:
    """Map values in their own unit to linked values: the inverse of :func:`transform`."""
    positive = jnp.where(kind == 0, 1.0, value)
    inner = jnp.where(kind == 2, value, 0.5)
    logit = jnp.log(inner) - jnp.log1p(-inner)
    return jnp.where(kind == 0, value, jnp.where(kind == 1, jnp.log(positive), logit))


def link(kind: Kind, value: float) -> float:
    """Return ``value`` on the scale where the prior is normal."""
    if kind == "normal":
        return value
    if kind == "lognormal":
        return math.log(value)
    return math.log(value / (1.0 - value))


def _spread_out(value: float | tuple[float, ...], size: int) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,) * size
