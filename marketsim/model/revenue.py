"""Mechanism 10: company revenue, line by line."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .tree import pytree
from .units import LAYERS

CLOUD = LAYERS.index("cloud")


@pytree
class Lines:
    """Reported lines of revenue: what each draws from which layer, and whose it is.

    ``share`` [line, layer] stated share of each layer; ``owner`` [company, line] ones and zeros.
    """

    share: Array
    owner: Array


def line_revenue(a: Assumptions, lines: Lines, spending: Array, years: Array) -> Array:
    """Return revenue by line, USD bn per quarter, [line].

    A line earns a base that grows at its own rate and its share of each layer's ``spending``
    [layer]; ``years`` since the start of the window.
    """
    base = a.lines.base_level * jnp.exp(a.lines.base_growth * years)
    drawn = a.lines.exposure * (concentrated(a, lines.share, years) @ spending)
    return base + drawn


def concentrated(a: Assumptions, share: Array, years: Array) -> Array:
    """Return shares [line, layer] with cloud drifting to its largest owners at the same total."""
    share = jnp.asarray(share)
    cloud = share[:, CLOUD]
    owner = cloud > 0.0
    size = jnp.where(owner, cloud, 1.0)
    drifted = jnp.where(owner, size ** (1.0 + a.concentration * years), 0.0)
    scaled = drifted * cloud.sum() / jnp.maximum(drifted.sum(), 1e-12)
    return share.at[:, CLOUD].set(scaled)


def company_revenue(lines: Lines, by_line: Array) -> Array:
    """Return revenue by company, USD bn per quarter, [company]."""
    return lines.owner @ by_line
