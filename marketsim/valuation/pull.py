"""The same worlds where prices do not come back to the model's value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from marketsim.precision import precise
from marketsim.returns import ReturnScenarios

from .returns import drawn_in
from .valuation import Valuation

__all__ = ["without_pull"]

FloatArray = NDArray[np.float64]


def without_pull(returns: ReturnScenarios) -> ReturnScenarios | None:
    """Return what the same draws return where prices do not come back to the model's value.

    The pull is one factor by company, so that it is taken out of every draw alike: worlds, noise
    and odds stay.

    Parameters
    ----------
    returns
        From :func:`marketsim.revalue`, with cash or without.

    Returns
    -------
    ReturnScenarios
        None where the returns were made elsewhere, or nothing is pulled.
    """
    world = returns.world
    if not isinstance(world, Valuation):
        return None
    factors = _factors(world, returns, returns.horizon_years)
    if np.allclose(factors, 1.0, rtol=0.0, atol=1e-12):
        return None
    paths = returns.paths
    if paths is not None:
        count = paths.shape[1]
        times = [returns.horizon_years * (step / count) for step in range(1, count + 1)]
        steps = np.stack([_factors(world, returns, years) for years in times])
        paths = (1.0 + paths) / steps - 1.0
    return replace(returns, returns=(1.0 + returns.returns) / factors - 1.0, paths=paths)


def _factors(world: Valuation, returns: ReturnScenarios, years: float) -> FloatArray:
    """Return what the pull multiplies the worth of a share by, [ticker]; one for all else."""
    with precise("float64"):
        drawn = np.asarray(drawn_in(world.assumed, world.anchor, years), dtype=np.float64)
    by_ticker = dict(zip(world.economics.index, np.exp(drawn), strict=True))
    return np.array([by_ticker.get(name, 1.0) for name in returns.tickers])
