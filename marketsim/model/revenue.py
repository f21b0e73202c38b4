"""Mechanism 10: company revenue, line by line."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .industry import Industry, concentrated
from .tree import pytree


@pytree
class Lines:
    """Reported lines of revenue: what each draws from which layer, and whose it is.

    ``share`` [line, layer] stated share of each layer; ``owner`` [company, line] ones and zeros.
    """

    share: Array
    owner: Array


def line_revenue(a: Assumptions, lines: Lines, industry: Industry, spending: Array) -> Array:
    """Return revenue by line, USD bn per quarter, [line].

    A line earns a base that grows at its own rate and its share of each layer's ``spending``
    [layer].
    """
    drawn = a.lines.exposure * (concentrated(industry, lines.share) @ spending)
    return jnp.exp(industry.log_base) + drawn


def company_revenue(lines: Lines, by_line: Array) -> Array:
    """Return revenue by company, USD bn per quarter, [company]."""
    return lines.owner @ by_line
