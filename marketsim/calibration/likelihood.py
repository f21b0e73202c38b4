"""The likelihood of one window: Student-t errors of logs, standard normal priors, all in JAX."""

from __future__ import annotations

from dataclasses import fields
from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.ensemble import past
from marketsim.model import Coordinates, LineAssumptions, Quarter, Setting
from marketsim.model.tree import leaf, pytree
from marketsim.observables import CATALOGUE
from marketsim.precision import RUN_OFTEN

from .observations import Series

TAIL = 5.0
"""Degrees of freedom of the errors: outliers count, but not as squares."""

KINDS = tuple(observable.kind for observable in CATALOGUE)
"""Of the columns of ``Sample.kind``."""

OF_LINES = len(fields(LineAssumptions))
"""Assumptions that each line has of its own; they stand last among the entries."""

SERIES, PLACES = 128, 16
"""Series, and the observations of each, are padded to multiples of these, so that programs compile
once whatever the date."""


@pytree
class Sample:
    """Observations as arrays, those of a series in a row, padded with weightless ones.

    ``log_value``, ``log_season``, ``scale``, ``used`` and ``relative`` [series, place]; ``weight``
    of the quarters that an observation is made of, [series, place, quarter]; ``lines`` [series,
    line]; ``kind`` [series, observable of the catalogue], a one where a series is of its kind.
    """

    log_value: Array
    log_season: Array
    scale: Array
    used: Array
    relative: Array
    weight: Array
    lines: Array
    kind: Array

    @property
    def rows(self) -> np.ndarray:
        """Which rows of residuals are observations, series by series."""
        return np.flatnonzero(self.used)


def sample(series: list[Series], deviations: np.ndarray) -> Sample:
    """Return ``series`` as padded arrays; ``deviations`` of log errors, [series].

    An observation's error is its series' times its doubt, and no less than its source states.
    """
    count = [len(s.value) for s in series]
    width = SERIES * (-(-len(series) // SERIES))
    here = (
        np.arange(PLACES * (-(-max(count) // PLACES)))
        < np.pad(count, (0, width - len(count)))[:, None]
    )

    def placed(parts: list[np.ndarray], fill: float) -> np.ndarray:
        values = np.concatenate(parts)
        found = np.full((*here.shape, *values.shape[1:]), fill)
        found[here] = values
        return found

    def padded(of_series: np.ndarray) -> np.ndarray:
        return np.pad(of_series, ((0, width - len(series)), (0, 0)))

    weights = [s.weight for s in series]
    kinds = np.array([[float(s.kind == k) for k in KINDS] for s in series])
    return Sample(
        log_value=leaf(placed([np.log(s.value) for s in series], 0.0)),
        log_season=leaf(placed([np.log(s.season) for s in series], 0.0)),
        scale=leaf(placed([_scale(s, d) for s, d in zip(series, deviations, strict=True)], 1.0)),
        used=leaf(here.astype(float)),
        relative=leaf(placed([np.full(len(s.value), float(s.relative)) for s in series], 0.0)),
        # Padding reads something, so that its log is a number.
        weight=leaf(placed(weights, 1.0 / weights[0].shape[1])),
        lines=leaf(padded(np.stack([s.lines for s in series]))),
        kind=leaf(padded(kinds)),
    )


def _scale(s: Series, deviation: float) -> np.ndarray:
    return np.asarray(np.maximum(s.doubt * deviation, s.stated))


def observables(data: Sample, quarters: Quarter) -> Array:
    """Return what each series measures, [quarter, series]; ones where a series is padding."""
    return 1.0 - data.kind.sum(axis=1) + _by_series(data, _measured(quarters))


def _measured(quarters: Quarter) -> tuple[Array, ...]:
    """Return what each observable of the catalogue measures, [quarter] or [quarter, line]."""
    return tuple(observable.measure(quarters) for observable in CATALOGUE)


def _by_series(data: Sample, measured: tuple[Array, ...]) -> Array:
    """Return what of the measured each series is, [quarter, series, ...]; zeros for padding.

    ``measured`` of each observable, [quarter, ...], or [quarter, line, ...] where it is by line.
    """
    found = []
    for observable, of_kind, x in zip(CATALOGUE, data.kind.T, measured, strict=True):
        mine = jnp.einsum("ql...,sl->qs...", x, data.lines) if observable.by_line else x[:, None]
        found.append(mine * _rows(of_kind, mine[0]))
    return reduce(jnp.add, found)


def log_errors(x: Array, data: Sample, coordinates: Coordinates, setting: Setting) -> Array:
    """Return ln reported less ln modelled, [series, place]; zero for padding.

    A relative series is compared after taking out its mean error.
    """
    return _log_errors(data, observables(data, past(x, coordinates, setting)))


def _log_errors(data: Sample, seen: Array) -> Array:
    reported = data.log_value - data.log_season
    return _compared(data, reported - jnp.log(_modelled(data, seen)))


def _modelled(data: Sample, seen: Array) -> Array:
    """Return the model's figure for each observation, of ``seen`` [quarter, series, ...]."""
    found: Array = jnp.einsum("spq,qs...->sp...", data.weight, seen)
    return found


def _compared(data: Sample, error: Array) -> Array:
    """Return an error [series, place, ...] less its series' mean where only changes count."""
    count = jnp.maximum(data.used.sum(axis=1), 1.0)
    mean = jnp.einsum("sp,sp...->s...", data.used / count[:, None], error)
    taken = error - _rows(data.relative, error) * mean[:, None]
    return _rows(data.used, error) * taken


def _rows(of_row: Array, x: Array) -> Array:
    """Return ``of_row`` with the axes of ``x`` that it lacks."""
    return of_row.reshape(*of_row.shape, *(1,) * (x.ndim - of_row.ndim))


def residuals(x: Array, data: Sample, coordinates: Coordinates, setting: Setting) -> Array:
    """Return residuals whose half sum of squares is minus the log posterior, up to a constant.

    Rows: observations, series by series, then one for every coordinate and shock (their priors are
    N(0, 1)).
    """
    errors = log_errors(x, data, coordinates, setting)
    return jnp.concatenate([heavy_tailed(errors / data.scale).ravel(), x])


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
    """Return the window at ``x``: the one program that calibration compiles.

    The chain rule is written out for what follows the series: there are more observations than
    series, and JAX would carry every direction through each of their parts. An assumption of one
    line moves the revenue of that line alone: those of all lines go through the world as one
    direction, and are told apart by whose revenue moves.
    """

    def at(x: Array) -> tuple[tuple[Array, ...], Quarter]:
        quarters = past(x, coordinates, setting)
        return _measured(quarters), quarters

    lines = data.lines.shape[1]
    entries = len(coordinates.kind)
    shared = entries - OF_LINES * lines
    along = partial(jax.jvp, at, (x,), has_aux=True)
    _, moved, quarters = jax.vmap(lambda way: along((way,)), out_axes=(None, -1, None))(
        _ways(len(x), shared, lines)
    )
    alone = _by_series(data, tuple(t[..., :-OF_LINES] for t in moved))
    own = [_by_line(data, tuple(t[..., place] for t in moved)) for place in range(-OF_LINES, 0)]
    by_series = jnp.concatenate([alone[..., :shared], *own, alone[..., shared:]], axis=-1)
    seen = observables(data, quarters)
    error = _log_errors(data, seen) / data.scale
    tail, slope = jax.jvp(heavy_tailed, (error,), (1.0 / data.scale,))
    modelled = _modelled(data, seen)[..., None]
    by_observation = -_compared(data, _modelled(data, by_series) / modelled)
    return Linearised(
        residual=jnp.concatenate([tail.ravel(), x]),
        jacobian=jnp.concatenate(
            [(slope[..., None] * by_observation).reshape(-1, len(x)), jnp.eye(len(x))]
        ),
        seen=seen,
        quarters=quarters,
    )


def _ways(unknowns: int, shared: int, lines: int) -> np.ndarray:
    """Return the directions that go through the world, [direction, unknown].

    One for each unknown that all lines share, then one for each kind of assumption of lines, in
    which all lines move.
    """
    unit = np.eye(unknowns)
    own = unit[shared : shared + OF_LINES * lines].reshape(OF_LINES, lines, unknowns)
    return np.concatenate([unit[:shared], unit[shared + OF_LINES * lines :], own.sum(axis=1)])


def _by_line(data: Sample, moved: tuple[Array, ...]) -> Array:
    """Return what each line's own assumption does to each series, [quarter, series, line]."""
    found = [
        t[:, None, :] * (of_kind[:, None] * data.lines)
        for observable, of_kind, t in zip(CATALOGUE, data.kind.T, moved, strict=True)
        if observable.by_line
    ]
    total: Array = reduce(jnp.add, found)
    return total


def heavy_tailed(error: Array) -> Array:
    """Return r with r^2 / 2 = minus the Student-t log density of ``error``; smooth through zero."""
    s = error**2 / TAIL
    small = s < 1e-8
    safe = jnp.where(small, 1.0, s)
    ratio = jnp.where(small, 1.0 - 0.5 * s, jnp.log1p(safe) / safe)
    return error * jnp.sqrt((TAIL + 1.0) / TAIL * ratio)
