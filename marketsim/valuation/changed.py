"""Sales of companies that grow otherwise than the model has it, or keep more; in JAX."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import ValuationAssumptions
from .statement import Sales, Terms, statement

__all__ = ["growing", "keeping"]


def growing(sold: Sales, more: Array) -> Sales:
    """Return sales of companies that sell ``more`` a year, in logs, [company] or one for all."""
    factor = jnp.exp(more * (np.arange(len(sold.revenue)) + 0.5)[:, None])
    return replace(
        sold,
        revenue=sold.revenue * factor,
        volumes=sold.volumes * factor,
        inputs=sold.inputs * factor,
        lives=sold.lives * factor,
        ordinary=sold.ordinary * factor[-1],
    )


def keeping(a: ValuationAssumptions, terms: Terms, sold: Sales, share: Array) -> Sales:
    """Return sales of which companies keep a ``share`` more, [company] or one for all.

    Of revenue with what fleets earn beside it: as much dearer is what they sell, at the same costs.
    """
    kept = share * statement(a, terms, sold).total_revenue
    return replace(sold, revenue=sold.revenue + kept, ordinary=sold.ordinary + kept[-1])
