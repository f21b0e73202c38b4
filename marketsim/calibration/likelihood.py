"""The likelihood of one window: Student-t errors of logs, standard normal priors, all in JAX."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.ensemble import past
from marketsim.model import Coordinates, Quarter, Setting
from marketsim.model.tree import leaf, pytree
from marketsim.observables import CATALOGUE
from marketsim.precision import RUN_OFTEN

from .observations import Series
from .window import HISTORY

TAIL = 5.0
"""Degrees of freedom of the errors: outliers count, but not as squares."""

KINDS = tuple(observable.kind for observable in CATALOGUE)
"""Of the columns of ``Sample.kind``."""

ROWS, SERIES = 768, 64
"""Observations and series are padded to multiples of these, so that programs compile once."""


@pytree
class Sample:
    """Observations as arrays, padded with weightless ones.

    ``log_value``, ``log_season``, ``scale``, ``used``, ``relative`` and the series ``group``
    [observation]; ``weight`` [observation, quarter]; ``lines`` [series, line]; ``kind`` [series,
    observable of the catalogue], a one where a series is of its kind.
    """

    log_value: Array
    log_season: Array
    scale: Array
    used: Array
    weight: Array
    group: Array
    relative: Array
    lines: Array
    kind: Array


def sample(series: list[Series], deviations: np.ndarray) -> Sample:
    """Return ``series`` as padded arrays; ``deviations`` of log errors, [series].

    An observation's error is its series' times its doubt, and no less than its source states.
    """
    count = sum(len(s.value) for s in series)
    rows, width = ROWS * (-(-count // ROWS)), SERIES * (-(-len(series) // SERIES))
    which = np.repeat(np.arange(len(series)), [len(s.value) for s in series])

    def column(parts: list[np.ndarray], fill: float) -> np.ndarray:
        return np.concatenate([*parts, np.full(rows - count, fill)])

    def padded(parts: list[np.ndarray], height: int) -> np.ndarray:
        stacked = np.concatenate(parts) if parts[0].ndim == 2 else np.stack(parts)
        return np.concatenate([stacked, np.zeros((height - len(stacked), stacked.shape[1]))])

    first = np.zeros((rows - count, HISTORY))
    first[:, 0] = 1.0
    kinds = np.array([[float(s.kind == k) for k in KINDS] for s in series])
    group = np.concatenate([which, np.full(rows - count, width - 1)])
    return Sample(
        log_value=leaf(column([np.log(s.value) for s in series], 0.0)),
        log_season=leaf(column([np.log(s.season) for s in series], 0.0)),
        scale=leaf(column([_scale(s, d) for s, d in zip(series, deviations, strict=True)], 1.0)),
        used=leaf(column([np.ones(count)], 0.0)),
        weight=leaf(np.concatenate([*[s.weight for s in series], first])),
        group=leaf(group),
        relative=leaf(column([np.full(len(s.value), float(s.relative)) for s in series], 0.0)),
        lines=leaf(padded([s.lines for s in series], width)),
        kind=leaf(padded(list(kinds), width)),
    )


def _scale(s: Series, deviation: float) -> np.ndarray:
    return np.asarray(np.maximum(s.doubt * deviation, s.stated))


def observables(data: Sample, quarters: Quarter) -> Array:
    """Return what each series measures, [quarter, series]; ones where a series is padding."""
    seen = 1.0 - data.kind.sum(axis=1)
    for observable, of_kind in zip(CATALOGUE, data.kind.T, strict=True):
        measured = observable.measure(quarters)
        by_series = measured @ data.lines.T if observable.by_line else measured[:, None]
        seen = seen + by_series * of_kind
    return seen


def log_errors(x: Array, data: Sample, coordinates: Coordinates, setting: Setting) -> Array:
    """Return ln reported less ln modelled, [observation]; zero for padding.

    A relative series is compared after taking out its mean error.
    """
    return _log_errors(data, observables(data, past(x, coordinates, setting).quarters))


def _log_errors(data: Sample, seen: Array) -> Array:
    modelled = (data.weight * seen[:, data.group].T).sum(axis=1)
    error = (data.log_value - data.log_season - jnp.log(modelled)) * data.used
    count = data.lines.shape[0]
    total = jax.ops.segment_sum(error, data.group, count)
    size = jnp.maximum(jax.ops.segment_sum(data.used, data.group, count), 1.0)
    mean: Array = (total / size)[data.group]
    return error - data.relative * data.used * mean


def residuals(x: Array, data: Sample, coordinates: Coordinates, setting: Setting) -> Array:
    """Return residuals whose half sum of squares is minus the log posterior, up to a constant.

    Rows: observations, then one for every coordinate and shock (their priors are N(0, 1)).
    """
    return _residuals(x, data, observables(data, past(x, coordinates, setting).quarters))


def _residuals(x: Array, data: Sample, seen: Array) -> Array:
    return jnp.concatenate([heavy_tailed(_log_errors(data, seen) / data.scale), x])


@pytree
class Linearised:
    """A window at one point.

    ``residual`` [row] and its ``jacobian`` [row, unknown]; the modelled ``quarters``, and what each
    series measures of them, ``seen`` [quarter, series].
    """

    residual: Array
    jacobian: Array
    seen: Array
    quarters: Quarter


@partial(jax.jit, compiler_options=RUN_OFTEN)
def linearise(x: Array, data: Sample, coordinates: Coordinates, setting: Setting) -> Linearised:
    """Return the window at ``x``: the one program that calibration compiles."""

    def at(x: Array) -> tuple[Array, tuple[Array, Array, Quarter]]:
        quarters = past(x, coordinates, setting).quarters
        seen = observables(data, quarters)
        residual = _residuals(x, data, seen)
        return residual, (residual, seen, quarters)

    jacobian, (residual, seen, quarters) = jax.jacfwd(at, has_aux=True)(x)
    return Linearised(residual, jacobian, seen, quarters)


def heavy_tailed(error: Array) -> Array:
    """Return r with r^2 / 2 = minus the Student-t log density of ``error``; smooth through zero."""
    s = error**2 / TAIL
    small = s < 1e-8
    safe = jnp.where(small, 1.0, s)
    ratio = jnp.where(small, 1.0 - 0.5 * s, jnp.log1p(safe) / safe)
    return error * jnp.sqrt((TAIL + 1.0) / TAIL * ratio)
