"""The own trend of every series: a damped local linear trend with seasons, fitted to all at once.

Each log series is a level, a slope that dies out towards a growth of its own, which moves slowly,
seasons that sum to zero over a year, and noise (Harvey 1989, ch. 2; West and Harrison 1997, ch. 10;
their ch. 10.8 for scales that move). A series of thirty quarters cannot tell its own variances, so
their ratios are common to all series and only the scale is a series' own; both are estimated by the
marginal likelihood of the whole panel (empirical Bayes), with the scale of each series integrated
out. Everything is conjugate, so that a forecast is a Student-t of known location, scale and degrees
of freedom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from scipy.optimize import minimize

from marketsim.errors import SolverError
from marketsim.model.tree import pytree
from marketsim.precision import RUN_OFTEN, one_thread, precise

from .form import CENTRE, LEVEL, SEES, SPREAD, Form, form_at
from .panel import Panel

__all__ = ["Trend", "fit_form", "follow"]

ENOUGH: Final = 6
"""Reports a series needs to count in the fit of the common form."""

POLISHED, STEP, STRAY = 2, 1e-4, 1e-4
"""Newton steps after the search, the step of the differences that they need, and the largest entry
of the gradient that may be left."""

ROWS, COLUMNS = 64, 16
"""Series and quarters of a panel are padded to multiples of these: programs compile once."""


@dataclass(frozen=True, eq=False)
class Trend:
    """Every series at its last report under one form.

    Attributes
    ----------
    form
        What the series share.
    state, covariance
        At each series' last report, [series, state] and [series, state, state]; the covariance is
        relative to the squared scale.
    squares, count
        Sum of squared standardised one-step errors, and how many, as far as they are remembered.
    evidence
        Log density of the reports given those before, [series].
    error, variance
        Each report less what was expected of it the quarter before, and the variance that it had
        by what was known then, [series, quarter]; NaN where nothing was expected.
    """

    form: Form
    state: np.ndarray
    covariance: np.ndarray
    squares: np.ndarray
    count: np.ndarray
    evidence: np.ndarray
    error: np.ndarray
    variance: np.ndarray

    @property
    def degrees(self) -> np.ndarray:
        """Degrees of freedom of the scale, [series]."""
        return np.asarray(2.0 * self.form.shape + self.count)

    @property
    def scale_squared(self) -> np.ndarray:
        """Variance by which the relative variances of a series are multiplied, [series].

        That of the Student-t where it exists; with less than four degrees of freedom as if four.
        """
        with precise("float64"):
            return np.asarray(_scale_squared(self.squares, self.count, self.form))


@pytree
class Filtered:
    """A series at its last report, and what the reports before it said of its scale.

    ``state`` [state], ``covariance`` [state, state]; ``squares``, ``count`` and ``evidence`` as in
    :class:`Trend`; ``begun``, whether there was a report.
    """

    state: Array
    covariance: Array
    squares: Array
    count: Array
    evidence: Array
    begun: Array


Now = tuple[Filtered, Array, Array]
"""A series at its last report, and its state and covariance now."""

Surprise = tuple[Array, Array]
"""Error of what was expected of a report, and its variance; NaN where nothing was expected."""


@pytree
class Reports:
    """A panel as arrays of one shape for many dates.

    ``log`` [series, quarter], zero where nothing was ``seen``; ``renewed``, where a series goes on
    by another definition; ``seasonal`` [series].
    """

    log: Array
    seen: Array
    renewed: Array
    seasonal: Array


def follow(panel: Panel, form: Form) -> Trend:
    """Run the Kalman filter over a panel, each series to its last report."""
    with precise("float64"):
        followed = _followed(_reports(panel), form)
        found, (error, variance) = jax.tree.map(np.asarray, followed)
    series, quarters = panel.logs.shape
    ended = {f.name: getattr(found, f.name)[:series] for f in fields(Filtered) if f.name != "begun"}
    error, variance = error[:series, :quarters], variance[:series, :quarters]
    return Trend(form, **ended, error=error, variance=variance)


def fit_form(panel: Panel) -> Form:
    """Return the form under which the panel is most probable.

    Series of less than :data:`ENOUGH` reports do not count. The gradient is exact: by differences a
    search ends anywhere on the flat ridges of such a likelihood.

    Raises
    ------
    SolverError
        The search did not end where the gradient vanishes.
    """
    chosen = panel.of((~np.isnan(panel.logs)).sum(axis=1) >= ENOUGH)
    with precise("float64"), one_thread():
        reports = _reports(chosen)

        def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = _cost(jnp.asarray(x), reports)
            return float(value), np.asarray(slope)

        x = minimize(cost, CENTRE, jac=True, method="BFGS", options={"gtol": 1e-4}).x
        curvature = _curvature(lambda at: cost(at)[1], x)  # of which little changes so near the end
        for _ in range(POLISHED):
            x = x - np.linalg.solve(curvature, cost(x)[1])
        left = np.abs(cost(x)[1]).max()
        if not left < STRAY:
            raise SolverError(
                f"forecast: no common form of the trends was found: a gradient of {left:.1g} is "
                f"left over {len(chosen.series)} series; see which figures were added last"
            )
        return Form(*(float(v) for v in jax.tree.leaves(form_at(x))))


def _curvature(slope: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return the derivative of an exact gradient by central differences, [entry, entry]."""
    ends = (slope(x + sign * STEP * unit) for unit in np.eye(len(x)) for sign in (1.0, -1.0))
    up, down = np.array(list(ends)).reshape(len(x), 2, -1).swapaxes(0, 1)
    both = (up - down) / (2.0 * STEP)
    return np.asarray(0.5 * (both + both.T))


def _reports(panel: Panel) -> Reports:
    series, quarters = panel.logs.shape
    room = ((0, -series % ROWS), (0, -quarters % COLUMNS))
    seen = ~np.isnan(panel.logs)
    return Reports(
        log=jnp.asarray(np.pad(np.where(seen, panel.logs, 0.0), room)),
        seen=jnp.asarray(np.pad(seen, room)),
        renewed=jnp.asarray(np.pad(panel.breaks, room)),
        seasonal=jnp.asarray(np.pad(panel.seasonal, room[0])),
    )


@partial(jax.jit, compiler_options=RUN_OFTEN)
def _followed(reports: Reports, form: Form) -> tuple[Filtered, Surprise]:
    return _filtered(reports, form)


@partial(jax.jit, compiler_options=RUN_OFTEN)
def _cost(x: Array, reports: Reports) -> tuple[Array, Array]:
    """Return minus the log probability of a panel and the form at ``x``, and its gradient."""

    def cost(x: Array) -> Array:
        form = form_at(x)
        evidence = _filtered(reports, form)[0].evidence.sum()
        return 0.5 * (((x - CENTRE) / SPREAD) ** 2).sum() - evidence

    found: tuple[Array, Array] = jax.value_and_grad(cost)(x)
    return found


def _scale_squared(squares: Any, count: Any, form: Form) -> Any:
    degrees = jnp.maximum(2.0 * form.shape + count, 4.0)
    return (2.0 * form.rate + squares) / (degrees - 2.0)


def _log_density(square: Array, shape: Array, rate: Array) -> Array:
    """Return the log density of a squared error over its variance, the scale integrated out.

    The scale's square is inverse gamma of ``shape`` and ``rate``; up to a constant.
    """
    return (
        jax.scipy.special.gammaln(shape + 0.5)
        - jax.scipy.special.gammaln(shape)
        + shape * jnp.log(rate)
        - (shape + 0.5) * jnp.log(rate + 0.5 * square)
    )


def _filtered(reports: Reports, form: Form) -> tuple[Filtered, Surprise]:
    """Return every series at its last report [series, ...], and surprises [series, quarter]."""
    move, changes = form.transition, form.changes

    def series(
        log: Array, seen: Array, renewed: Array, seasonal: Array
    ) -> tuple[Filtered, Surprise]:
        first, mean = form.first(seasonal), form.mean

        def quarter(now: Now, given: tuple[Array, Array, Array]) -> tuple[Now, Surprise]:
            kept, state, covariance = now
            value, here, other = given
            state = (move * state).sum(axis=1)
            covariance = _product(_product(move, covariance), move.T) + changes
            new, again = here & ~kept.begun, here & kept.begun & other
            state = jnp.where(new, mean, state)
            covariance = jnp.where(new, first, jnp.where(again, _forgotten(covariance), covariance))
            starts = new | again
            state = state.at[LEVEL].set(jnp.where(starts, value - state[2], state[LEVEL]))
            gain = (covariance * SEES).sum(axis=1)
            variance = (gain * SEES).sum() + form.noise
            error = jnp.where(here, value - (state * SEES).sum(), 0.0)
            gain = jnp.where(here, gain / variance, 0.0)
            state = state + gain * error
            covariance = covariance - jnp.outer(gain, gain) * variance
            counts = here & ~starts
            remembered = form.memory * kept.squares, form.memory * kept.count
            squares, count = (
                jnp.where(counts, part, whole)
                for part, whole in zip(remembered, (kept.squares, kept.count), strict=True)
            )
            square = error**2 / variance
            density = _log_density(square, form.shape + 0.5 * count, form.rate + 0.5 * squares)
            kept = Filtered(
                state=jnp.where(here, state, kept.state),
                covariance=jnp.where(here, covariance, kept.covariance),
                squares=squares + counts * square,
                count=count + counts,
                evidence=kept.evidence + counts * (density - 0.5 * jnp.log(variance)),
                begun=kept.begun | here,
            )
            spread = variance * _scale_squared(squares, count, form)
            surprise = jnp.where(counts, error, jnp.nan), jnp.where(counts, spread, jnp.nan)
            return (kept, state, covariance), surprise

        zero, nothing = jnp.zeros(()), jnp.zeros(len(SEES))
        none = jnp.zeros((len(SEES), len(SEES)))
        blank = Filtered(nothing, none, zero, zero, zero, jnp.zeros((), dtype=bool))
        ended, surprises = lax.scan(quarter, (blank, nothing, none), (log, seen, renewed))
        return ended[0], surprises

    found: tuple[Filtered, Surprise] = jax.vmap(series)(
        reports.log, reports.seen, reports.renewed, reports.seasonal
    )
    return found


def _product(a: Array, b: Array) -> Array:
    """Return a @ b, written out: XLA calls a library for each of a batch of small products."""
    return (a[:, :, None] * b[None, :, :]).sum(axis=1)


def _forgotten(covariance: Array) -> Array:
    """Return a covariance that knows nothing of the level, in units of the first report's."""
    blank = covariance.at[LEVEL, :].set(0.0).at[:, LEVEL].set(0.0)
    return blank.at[LEVEL, LEVEL].set(1.0)
