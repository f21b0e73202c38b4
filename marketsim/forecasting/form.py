"""What the trends of all series share: the matrices of one state-space form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

__all__ = ["CENTRE", "LEVEL", "SEASON", "SEES", "SLOPE", "SPREAD", "Form", "form_at"]

LEVEL, SLOPE, SEASON, GROWTH = 0, 1, slice(2, 5), 5
"""Places in the state of a series: its level, slope, seasons, and the growth its slope tends to."""

SEES: Final = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
"""What is reported of the state: level plus the season of the quarter."""


@dataclass(frozen=True)
class Form:
    """What all series share; variances are relative to the scale of a series.

    Attributes
    ----------
    level, slope, season, tendency
        Variances of the quarterly changes of the state; the last of the growth that slopes tend to.
    noise
        Variance of the report about the state.
    first_season, first_slope, first_growth
        Variances of the state before the first report; of the slope about the growth it tends to.
    damping
        Share of the slope's distance from the series' own growth that remains after a quarter.
    growth
        Log growth a quarter that a series' own is expected to be.
    shape, rate
        Of the inverse gamma that the squared scales come from.
    memory
        Share of what errors said of a scale that remains after a quarter: scales move.
    """

    level: float
    slope: float
    season: float
    tendency: float
    noise: float
    first_season: float
    first_slope: float
    first_growth: float
    damping: float
    growth: float
    shape: float
    rate: float
    memory: float

    @property
    def transition(self) -> Array:
        """The matrix that takes the state a quarter on, [state, state]."""
        size = len(SEES)
        move = jnp.zeros((size, size)).at[LEVEL, [LEVEL, SLOPE]].set(1.0)
        move = move.at[SLOPE, SLOPE].set(self.damping).at[SLOPE, GROWTH].set(1.0 - self.damping)
        return move.at[2, SEASON].set(-1.0).at[[3, 4, GROWTH], [2, 3, GROWTH]].set(1.0)

    @property
    def mean(self) -> Array:
        """The state at the first report but for its level, [state]."""
        return jnp.zeros(len(SEES)).at[jnp.array([SLOPE, GROWTH])].set(self.growth)

    @property
    def changes(self) -> Array:
        """Covariance of what is new in the state each quarter, [state, state]."""
        return jnp.diag(jnp.array([self.level, self.slope, self.season, 0.0, 0.0, self.tendency]))

    def first(self, seasonal: ArrayLike) -> Array:
        """Covariance of the state at the first report, [state, state].

        Seasons sum to zero over a year; there are none where ``seasonal`` is zero.
        """
        size, both = len(SEES), jnp.array([SLOPE, GROWTH])
        start = jnp.zeros((size, size)).at[both[:, None], both].set(self.first_growth)
        start = start.at[LEVEL, LEVEL].set(1.0).at[SLOPE, SLOPE].add(self.first_slope)
        season = jnp.asarray(seasonal) * self.first_season * (np.eye(3) - 0.25)
        return start.at[SEASON, SEASON].set(season)


jax.tree_util.register_dataclass(Form, data_fields=[f.name for f in fields(Form)], meta_fields=[])

CENTRE: Final = np.array([0.0, -3.0, -4.0, -5.0, -1.5, 0.5, -1.5, -3.0, 1.0, 0.02, 1.1, -4.5, 3.0])
SPREAD: Final = np.array([1.0, 1.5, 1.5, 1.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.01, 0.7, 1.0, 1.0])
"""Weak priors of the form's coordinates: logs, but logits of the damping and the memory and the
plain growth. A level that moves by about the scale a quarter, slopes by a fifth of it; growth of
8 % a year; errors that count half after three and a half years."""


def form_at(x: ArrayLike) -> Form:
    """Return the form at the coordinates ``x``, in the order of its fields."""
    links: dict[str, Callable[[Array], Array]] = {
        "damping": jax.nn.sigmoid,
        "memory": jax.nn.sigmoid,
        "growth": lambda x: x,
    }
    named = zip(fields(Form), jnp.asarray(x), strict=True)
    values: dict[str, Any] = {f.name: links.get(f.name, jnp.exp)(value) for f, value in named}
    return Form(**values)
