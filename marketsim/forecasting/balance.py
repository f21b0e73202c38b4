"""Sellers earn what buyers spend: their forecasts are reconciled beyond the first year.

Each company's revenue, and each owner's capital spending, is forecast from its own past and from
the model, and nothing ties what lies beyond the model in one to the other: of two trends that
drift apart one would be right at best. What builders pay is an identity, and the model keeps it.
So from one forecast year to the next sellers together are expected to grow beyond the model as
owners together do, up to what parts of a market move by; that is an observation of the joint
forecast (reconciliation with an error: Wickramasuriya, Athanasopoulos and Hyndman 2019), which
moves whoever is less certain more. Quarters of the first year stay as they are: there statements
say more, and scores are of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from marketsim.calibration import Posterior
from marketsim.statements import Series

from .agreement import WHOLE
from .book import book_of
from .combined import DISCREPANCY
from .hearing import Heard
from .joint import Joint
from .panel import Panel
from .structure import Growth

__all__ = ["Balanced", "balanced"]

YEAR: Final = 4

REVENUE, SPENDING = "quarterly_revenue", "quarterly_capex"


class Balanced(NamedTuple):
    """A forecast whose sellers earn what buyers spend.

    ``joint``; by how much each statement ``heard`` moves it; and the mean of the logs before any of
    them, ``unheard`` [series, horizon]: the shifts still add up.
    """

    joint: Joint
    heard: list[Heard]
    unheard: np.ndarray


def balanced(
    posterior: Posterior,
    panel: Panel,
    model: Growth,
    joint: Joint,
    heard: Sequence[Heard],
    unheard: np.ndarray,
) -> Balanced:
    """Return a forecast once its sellers are known to earn what buyers spend.

    As it is where no seller's revenue is forecast, or an owner's spending is not.

    Parameters
    ----------
    posterior
        Whose book says what builders pay whom.
    panel, model
        The series, and what the model has of their growth.
    joint
        Their forecast, once it has ``heard`` all statements; of which ``unheard`` [series, horizon]
        was expected before any of them.
    """
    weight = _weights(posterior, panel.series, joint.mean)
    found = Balanced(joint, list(heard), unheard)
    if weight is None:
        return found
    shape = joint.mean.shape
    later = np.flatnonzero(np.tile(np.arange(shape[1]) >= YEAR, shape[0]))
    for first in range(0, shape[1] - YEAR, YEAR):
        between = np.zeros(shape[1])
        between[first : first + YEAR], between[first + YEAR : first + 2 * YEAR] = -1.0, 1.0
        direction = np.outer(weight, between / YEAR)
        grown = np.tensordot(np.nan_to_num(model.paths), direction, axes=2)
        variance = float(grown.var()) + DISCREPANCY**2
        found = _observed(found, direction.ravel(), float(grown.mean()), variance, later)
    return found


def _observed(
    so_far: Balanced, direction: np.ndarray, value: float, variance: float, within: np.ndarray
) -> Balanced:
    """Return a forecast, and what it rests on, once a function of the logs is observed."""
    joint = so_far.joint.observed(direction, value, variance, within)
    step, shape = joint.steps[-1], so_far.unheard.shape
    heeded = 1.0 - float(step.stretch[0, 0]) ** 2

    def told(logs: np.ndarray, value: float) -> np.ndarray:
        moved = heeded * (value - float(direction @ logs.ravel()))
        return logs + (moved * step.gain[:, 0]).reshape(shape)

    heard = [Heard(one.said, told(one.shift, 0.0)) for one in so_far.heard]
    return Balanced(joint, heard, told(so_far.unheard, value))


def _weights(posterior: Posterior, series: Sequence[Series], mean: np.ndarray) -> np.ndarray | None:
    """Return sellers' parts of what builders pay, less owners' of what they spend, [series].

    Each adds up to one. None where there are no sellers, or not all owners.
    """
    paid = book_of(posterior).weights(posterior.history["spending"][-1])
    by_ticker = dict(zip(posterior.companies, paid, strict=True))
    owners = posterior.knowledge.universe.group("owners")
    sold, spent = np.zeros((2, len(series)))
    for row, s in enumerate(series):
        if (s.quantity, s.segment) == (REVENUE, WHOLE):
            sold[row] = by_ticker.get(s.ticker, 0.0)
        elif s.quantity == SPENDING and s.entity in owners:
            spent[row] = np.exp(mean[row, :YEAR]).mean()
    if not sold.sum() or (spent > 0.0).sum() < len(owners):
        return None
    return np.asarray(sold / sold.sum() - spent / spent.sum())
