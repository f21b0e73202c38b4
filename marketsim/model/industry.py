"""Mechanism 10, the structure of the industry: shares, margins and who owns which design drift."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax.numpy as jnp
from jax import Array

from . import investment
from .architecture import Choice
from .assumptions import Assumptions
from .smooth import relax
from .tree import pytree
from .units import CONTESTED, GPU, INTERACTIVE, YEARS, layer

CLOUD: Final = CONTESTED.index("cloud")
PLACES: Final = tuple(layer(name) for name in CONTESTED)


@pytree
class Industry:
    """State of the industry.

    ``exponent`` on shares of contested layers [contested layer]; ``log_markup`` of merchant
    accelerators beyond cost; ``log_merchant``, ln share of new tokens that run on them;
    ``log_independent``, ln share of low-latency designs that no merchant incumbent owns;
    ``log_base`` revenue not tied to AI, ln USD bn per quarter, [line]; ``borrowers``, the share of
    all compute that builders without a cash flow of their own have, and that share at the
    ``start``.
    """

    exponent: Array
    log_markup: Array
    log_merchant: Array
    log_independent: Array
    log_base: Array
    borrowers: Array
    start: Array


def initial_industry(a: Assumptions, choice: Choice) -> Industry:
    """Return the industry as the book of lines states it."""
    first = investment.first_borrowers(a)
    return Industry(
        exponent=0.0 * a.concentration,
        log_markup=0.0 * a.merchant_markup_growth,
        log_merchant=merchant_share(choice),
        log_independent=0.0 * a.absorption,
        log_base=jnp.log(a.lines.base_level),
        borrowers=first,
        start=first,
    )


def merchant_share(choice: Choice) -> Array:
    """Return ln share of merchant accelerators in new tokens, over all classes alike."""
    return choice.log_share[GPU].mean(axis=0)


def advance_industry(
    a: Assumptions, now: Industry, choice: Choice, borrowers: Array, added: Array
) -> Industry:
    """Return the industry a quarter on.

    Parameters
    ----------
    choice
        Of architectures, in the quarter.
    borrowers
        Their share of what was ``added`` in it, which is a share of all compute after it.

    Notes
    -----
    The merchant's price follows its share. Where buyers choose by a logit, the margin that earns
    most is one over sensitivity times the share of the others (Anderson, de Palma and Thisse 1992):
    a seller with rivals at its heels keeps its share by giving up margin.
    """
    log_merchant = merchant_share(choice)
    drift = a.merchant_markup_growth * YEARS
    return replace(
        now,
        exponent=now.exponent + a.concentration * YEARS,
        log_markup=now.log_markup + drift + a.merchant_pricing * (log_merchant - now.log_merchant),
        log_merchant=log_merchant,
        log_independent=now.log_independent - a.absorption * YEARS,
        log_base=now.log_base + a.lines.base_growth * YEARS,
        borrowers=relax(now.borrowers, borrowers, added),
    )


def held(borrowed: Array, borrowers: Array, start: Array) -> Array:
    """Return what is held of compute over what is stated, by who has ``borrowed`` what part.

    Who borrows a part of what he spends has that part as builders without a cash flow of their own
    have theirs of all compute, ``borrowers``, at the ``start`` as stated; and the rest as the
    others.
    """
    others = (1.0 - borrowers) / (1.0 - start)
    return others + borrowed * (borrowers / start - others)


def turnover(a: Assumptions, now: Industry) -> Array:
    """Return the share of compute contracts repriced in a quarter; concentration lengthens them."""
    slower = jnp.exp(-a.contract_durability * now.exponent[CLOUD])
    odds = a.contract_turnover / (1.0 - a.contract_turnover) * slower
    return odds / (1.0 + odds)


def concentrated(now: Industry, share: Array) -> Array:
    """Return shares [line, layer] drifted to, or from, the largest companies at the same totals.

    A share s becomes s to the power 1 + exponent, rescaled to what the listed companies hold
    together. The same for one world as `revenue.line_revenue` computes without the table.
    """
    share = jnp.asarray(share)
    held = share[:, PLACES]
    owner = held > 0.0
    drifted = held * jnp.where(owner, held, 1.0) ** now.exponent
    total = drifted.sum(axis=0)
    scaled = drifted * (held.sum(axis=0) / jnp.where(total > 0.0, total, 1.0))
    return share.at[:, PLACES].set(scaled)


def restricted_premium(a: Assumptions) -> Array:
    """Return ln premium on compute inside the region under export controls.

    What is barred and not replaced at home is missing; the price that clears what is left rises by
    its share over the elasticity of demand.
    """
    missing = a.export_control * (1.0 - a.domestic_substitution)
    return -jnp.log1p(-missing) / a.elasticity[INTERACTIVE]
