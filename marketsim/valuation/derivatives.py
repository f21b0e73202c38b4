"""Returns of a revaluation as a function of what was assumed, to be differentiated."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from .assumptions import ValuationAssumptions
from .chain import GROUPS, share_returns
from .noisy import TRIED
from .revaluation import draws_of
from .shocks import chance
from .valuation import Valuation
from .worlds import sales

__all__ = ["returns_by"]

Returns = Callable[[ValuationAssumptions], tuple[Array, Array]]


def returns_by(valuation: Valuation) -> Returns:
    """Return the function of what valuation assumes that `revalue` took at ``valuation.assumed``.

    Parameters
    ----------
    valuation
        The ``world`` of returns made by :func:`marketsim.revalue`.

    Returns
    -------
    callable
        Of :class:`ValuationAssumptions`: returns over the horizon before noise and with it, [draw,
        company]. In JAX, with a derivative by every field; to be called in float64
        (`marketsim.precision.precise`).

    Notes
    -----
    Facts are given: accounts, quotes, what worlds sell, and chance. All worlds are valued at once,
    so that a derivative takes memory for all of them: some hundred draws will do.
    """
    paths = valuation.paths
    groups = ((name, getattr(paths, name)) for name in GROUPS)
    sold = {name: sales(some, valuation.columns, valuation.expected) for name, some in groups}
    mix = valuation.anchoring == "mix"
    count = max(len(paths.regime), TRIED)
    drawn = chance(count, 1, len(valuation.columns), valuation.noise.dof, paths.seed)
    draws = draws_of(paths, mix)

    def found(a: ValuationAssumptions) -> tuple[Array, Array]:
        horizon = jnp.array([valuation.horizon_years])
        both = share_returns(
            a, valuation.accounts, valuation.quotes, draws, sold, horizon, mix, drawn
        )
        return both[0][0], both[1][0]

    return found
