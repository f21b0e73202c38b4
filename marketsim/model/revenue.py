"""Mechanism 10: company revenue, line by line."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from .assumptions import Assumptions
from .industry import CLOUD, PLACES, Industry, held
from .tree import leaf, pytree
from .units import along


@pytree
class Lines:
    """Reported lines of revenue: what each draws from which layer, and whose it is.

    ``share`` [line, layer] stated share of each layer; ``owner`` [company, line] ones and zeros;
    ``borrowed`` [line], the share of its owner's capital spending that its own cash flow does not
    pay.
    Shares of contested layers once more, as holdings: ``size`` [holding], and ones where a holding
    is ``of_layer`` [contested layer, holding] and ``of_line`` [line, holding].
    """

    share: Array
    owner: Array
    borrowed: Array
    size: Array
    of_layer: Array
    of_line: Array


def lines_of(share: ArrayLike, owner: ArrayLike, borrowed: ArrayLike | None = None) -> Lines:
    """Return the lines of a book: stated shares [line, layer], and owners [company, line].

    What companies have ``borrowed`` of their capital spending, [company], is nothing by default.
    """
    share, owner = np.asarray(share), np.asarray(owner)
    by_company = np.zeros(len(owner)) if borrowed is None else np.asarray(borrowed)
    line, contested = np.nonzero(share[:, PLACES])
    return Lines(
        share=leaf(share),
        owner=leaf(owner),
        borrowed=leaf(by_company @ owner),
        size=leaf(share[:, PLACES][line, contested]),
        of_layer=leaf(np.eye(len(PLACES))[:, contested]),
        of_line=leaf(np.eye(len(share))[:, line]),
    )


def line_revenue(a: Assumptions, lines: Lines, industry: Industry, spending: Array) -> Array:
    """Return revenue by line, USD bn per quarter, [line].

    A line earns a base that grows at its own rate, and what it draws of ``spending`` [layer].
    """
    return jnp.exp(industry.log_base) + drawn(a, lines, industry, spending)


def drawn(a: Assumptions, lines: Lines, industry: Industry, spending: Array) -> Array:
    """Return what lines draw of ``spending`` [layer], their share of each layer, [line].

    Shares of contested layers drift to, or from, the largest companies at the same totals: a share
    s becomes s to the power 1 + exponent, rescaled (see `industry.concentrated`). Who borrowed to
    build has the share of the cloud that is left to borrowers (see `industry.held`).
    """
    fixed = jnp.asarray(lines.share).at[:, PLACES].set(0.0)
    contested = jnp.stack([spending[place] for place in PLACES])
    size = along(lines.size, spending[0])
    drifted = size * jnp.exp((lines.of_layer.T @ industry.exponent) * jnp.log(size))
    paid = contested * (lines.of_layer @ size) / _or_one(lines.of_layer @ drifted)
    borrowed, cloud = (
        along(of_holding, spending[0])
        for of_holding in (lines.borrowed @ lines.of_line, lines.of_layer[CLOUD])
    )
    built = 1.0 + cloud * (held(borrowed, industry.borrowers, industry.start) - 1.0)
    found = fixed @ spending + lines.of_line @ (built * drifted * (lines.of_layer.T @ paid))
    return a.lines.exposure * found


def _or_one(total: Array) -> Array:
    """Return totals of layers, and one for a layer that nobody holds."""
    return jnp.where(total > 0.0, total, 1.0)


def company_revenue(lines: Lines, by_line: Array) -> Array:
    """Return revenue by company, USD bn per quarter, [company]."""
    return lines.owner @ by_line
