"""How likely a loss is, regime by regime: to first order, by importance sampling, and as drawn."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from .holding import Holding
from .plausible import Found
from .standard import StandardWorlds

__all__ = ["SAMPLED", "loss_by_regime"]

FloatArray = NDArray[np.float64]

SAMPLED: Final = 500
"""Points about each design point that its probability is measured with."""


def loss_by_regime(
    space: StandardWorlds,
    held: Holding,
    loss: float,
    found: Found,
    of: NDArray[np.int_],
    lost: dict[int, bool],
    count: int,
) -> pd.DataFrame:
    """Return distances of a loss and its probabilities, regime by regime.

    Parameters
    ----------
    space, held, loss
        The function, the portfolio and what it loses.
    found, of
        Where searches ended, and of which regime each was, [start].
    lost
        By regime that is asked about, whether its middle loses as much already.
    count
        Worlds about each design point.

    Returns
    -------
    pandas.DataFrame
        See `ReverseStress.by_regime`.
    """
    names, rows, centres = held.valuation.paths.scenarios.names, {}, []
    size = np.linalg.norm(found.point, axis=1)
    weights, draws = np.asarray(held.returns.probabilities), np.asarray(held.returns.regimes)
    whole = sum(held.odds[place] for place in lost)
    for place, already in lost.items():
        arrived = np.flatnonzero(found.converged & (of == place))
        nearest = arrived[size[arrived].argmin()] if len(arrived) else None
        distance = np.nan if nearest is None else (-1.0 if already else 1.0) * size[nearest]
        known = nearest is not None and not already
        centres.append(found.point[nearest] if known else np.zeros(space.size))
        mine = draws == names[place]
        drawn = weights[mine & (held.returned <= -loss)].sum() / held.odds[place]
        rows[names[place]] = (held.odds[place] / whole, distance, norm.cdf(-distance), drawn)
    columns = ["probability", "distance", "first_order", "drawn"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
    sampled, error = _sampled(space, held, loss, list(lost), np.stack(centres), count)
    table.insert(3, "sampled", sampled)
    table.insert(4, "error", error)
    return table.rename_axis("regime")


def _sampled(
    space: StandardWorlds,
    held: Holding,
    loss: float,
    places: list[int],
    centres: FloatArray,
    count: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the probability of the loss in each of some regimes, and its standard error, [regime].

    By importance sampling about design points (Schueller and Stix 1987), ``count`` each.
    """
    seed, size = held.valuation.paths.seed, (count, space.size)
    apart = np.stack(
        [np.random.default_rng([seed, place]).standard_normal(size) for place in places]
    )
    points = (centres[:, None] + apart).reshape(-1, space.size)
    # Where the market is wilder than numbers go, all of a share is lost, or made.
    shares = np.nan_to_num(space.shares(points, np.repeat(places, count)), nan=-1.0)
    lost = (shares @ held.weights + held.earns <= -loss).reshape(len(places), count)
    along = np.einsum("pcn,pn->pc", apart, centres)
    square = (centres**2).sum(axis=1, keepdims=True)
    counts = np.where(lost, np.exp(-along - 0.5 * square), 0.0)
    return counts.mean(axis=1), counts.std(axis=1) / np.sqrt(count)
