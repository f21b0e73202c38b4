"""Calibration: the mode by Newton's method with JAX's Jacobian, and a Laplace approximation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import jax.numpy as jnp
import numpy as np
import pandas as pd

from marketsim.dates import day
from marketsim.errors import DataError, InputError, SolverError, handed
from marketsim.knowledge import Knowledge
from marketsim.knowledge.funding import borrowed
from marketsim.model import (
    LAYERS,
    NEWS,
    Coordinates,
    Entry,
    Quarter,
    Setting,
    coordinates,
    lines_of,
)
from marketsim.model.tree import leaf
from marketsim.precision import one_thread, precise

from .bases import with_bases
from .cache import Fitted, keep, key, recall
from .errors import floors_of, noise_of, tables_of
from .likelihood import TAIL, Linearised, linearise, sample
from .mode import Linear, Mode, find_mode
from .observations import Series, observe
from .posterior import Posterior
from .prior import priors
from .serving import reference_model, served
from .window import HISTORY, SPAN, Window, window_at

FIRST_GUESS = 2.0
"""Standard deviations of errors in the first pass, as multiples of the floors."""

FIRST_TOLERANCE = 1e-2
"""Of the gradient in the first pass, whose errors the noise is taken from."""

STRAY = 1e-4
"""Largest entry of a gradient at which what was found may still be called the mode."""


def calibrate(
    knowledge: Knowledge, as_of: str | pd.Timestamp | None = None, cache: bool = True
) -> Posterior:
    """Return the assumptions that best explain the facts known on a date.

    Parameters
    ----------
    knowledge
        From :func:`marketsim.load_facts`.
    as_of
        Decision date; by default, and at the latest, that of the knowledge, else by default the day
        to which its facts are complete. Rows published later are not seen.
    cache
        Look for the same calibration in the user's cache folder (the environment's
        MARKETSIM_CACHE) and leave it there: the same knowledge, date, code and versions.

    Returns
    -------
    Posterior
        Mode, Laplace covariance, and the fit to every series.

    Raises
    ------
    InputError
        When ``as_of`` is no day, too little was published by it to calibrate to, or a plan or
        guidance is in another unit or of another period than what it is about.

    Notes
    -----
    Every parameter is a standard normal coordinate a priori, so the log posterior is a sum of
    squares, whose mode is where the gradient vanishes (see `mode.py`). A second pass takes each
    series' noise from the first pass, shrunk to a floor. The covariance is that of the linearised
    model with the curvature of the Student-t errors at the mode: what an outlier says counts
    little.
    """
    handed("calibrate: knowledge", knowledge, Knowledge, "ms.load_facts(as_of=...)")
    date = _date(knowledge, as_of)
    known = knowledge.upto(date)
    window = window_at(date)
    _check(known, window, date)
    place = key(known, date) if cache else None
    setting = _setting(known, window)
    kept = recall(place) if place else None
    if kept is None:
        kept = _calibrated(known, window, setting)
        if place:
            keep(place, kept)
    with precise("float64"):
        coords = coordinates(list(kept.entries))
    return Posterior(
        as_of=date,
        knowledge=known,
        window=window,
        coordinates=coords,
        setting=setting,
        **{f.name: getattr(kept, f.name) for f in fields(kept)},
    )


def _setting(known: Knowledge, window: Window) -> Setting:
    revenue = known.universe.revenue_map
    if revenue.layers != LAYERS:
        raise DataError(f"layers.csv: the model has the layers {', '.join(LAYERS)}, in this order")
    return Setting(
        start_year=leaf(np.float64(window.start_year)),
        served=served(reference_model(known)),
        lines=lines_of(revenue.share, revenue.owner, borrowed(known.facts, revenue.companies)),
    )


def _calibrated(known: Knowledge, window: Window, setting: Setting) -> Fitted:
    series, revenue = observe(known, window), known.universe.revenue_map
    with precise("float64"), one_thread():
        listed = with_bases(priors(known, window), revenue, setting, series)
        mode, last, noise = _fit(series, coordinates(listed), setting)
        return fitted(tuple(listed), series, noise, mode, last)


def fitted(
    entries: tuple[Entry, ...], series: list[Series], noise: np.ndarray, mode: Mode, at: Linearised
) -> Fitted:
    """Return what a mode says: the covariance about it, the fit, and the history ``at`` it."""
    count = sum(len(s.value) for s in series)
    jacobian = np.sqrt(mode.weight[:count, None]) * mode.jacobian[:count]
    fit, paths = tables_of(series, np.asarray(at.seen), noise)
    return Fitted(
        entries=entries,
        mode=mode.x,
        covariance=np.linalg.inv(np.eye(len(mode.x)) + jacobian.T @ jacobian),
        fit=fit,
        fit_paths=paths,
        history={f.name: np.array(getattr(at.quarters, f.name))[:HISTORY] for f in fields(Quarter)},
        jacobian=jacobian,
        steps=mode.steps,
    )


def _date(facts: Knowledge, as_of: str | pd.Timestamp | None) -> pd.Timestamp:
    if as_of is None:
        return facts.as_of if facts.as_of is not None else facts.complete
    return min(day(as_of, "as_of"), pd.Timestamp(facts.last))


def _check(facts: Knowledge, window: Window, date: pd.Timestamp) -> None:
    revenue = facts.series("quarterly_revenue", facts.universe.only("merchant_line"))
    inside = revenue[revenue.index >= window.start]
    capex = facts.select("quarterly_capex")
    if len(inside) < 4 or capex.empty or (capex["date"] <= window.history_ends[5]).sum() == 0:
        raise InputError(
            f"calibrate: too little was published by {date.date()} to calibrate the four years "
            "before it; facts begin in 2018, so choose a date from 2020-06-30 on"
        )


def _fit(
    series: list[Series], coords: Coordinates, setting: Setting
) -> tuple[Mode, Linearised, np.ndarray]:
    """Return the mode, the window there, and the noise of each series that it stands on.

    Raises
    ------
    SolverError
        The search did not end where the gradient vanishes.
    """
    first, window = _mode_at(series, FIRST_GUESS * floors_of(series), coords, setting)
    noise = noise_of(series, np.asarray(window.seen))
    mode, window = mode_near(first.x, series, noise, coords, setting, first.second_order)
    return replace(mode, steps=first.steps + mode.steps), window, noise


def _mode_at(
    series: list[Series], noise: np.ndarray, coords: Coordinates, setting: Setting
) -> tuple[Mode, Linearised]:
    """Return about where the mode is at a ``noise`` of the series, [series]."""
    linear, at = _program(series, noise, coords, setting)
    start = np.zeros(len(coords.kind) + len(NEWS) * SPAN)
    found = find_mode(linear, start, tolerance=FIRST_TOLERANCE)
    return found, at(found.x)


def mode_near(
    start: np.ndarray,
    series: list[Series],
    noise: np.ndarray,
    coords: Coordinates,
    setting: Setting,
    second_order: np.ndarray | None = None,
) -> tuple[Mode, Linearised]:
    """Return the mode at a ``noise`` of the series, [series], from a point near it, [unknown].

    Raises
    ------
    SolverError
        The search did not end where the gradient vanishes.
    """
    linear, at = _program(series, noise, coords, setting)
    mode = find_mode(linear, start, second_order)
    if not mode.size <= STRAY:  # NaN neither
        raise SolverError(
            f"calibrate: the search for the mode ended after {mode.steps} evaluations where the "
            f"gradient is {mode.size:.1g}; an assumption or a figure far outside its range would "
            "do that, such as a revenue of zero or less: see which facts were added last"
        )
    return mode, at(mode.x)


def _program(
    series: list[Series], noise: np.ndarray, coords: Coordinates, setting: Setting
) -> tuple[Linear, Callable[[np.ndarray], Linearised]]:
    """Return what the search for a mode is made of, and the window at a point."""
    data, unknowns = sample(series, noise), len(coords.kind) + len(NEWS) * SPAN
    rows = np.r_[data.rows, np.size(data.used) : np.size(data.used) + unknowns]
    count = len(data.rows)

    def at(x: np.ndarray) -> Linearised:
        found: Linearised = linearise(jnp.asarray(x), data, coords, setting)
        return found

    def linear(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = at(x)
        residual = np.asarray(found.residual)[rows]
        weight = np.ones_like(residual)
        weight[:count] = curvature(residual[:count])
        return residual, np.asarray(found.jacobian)[rows], weight

    return linear, at


def curvature(residual: np.ndarray) -> np.ndarray:
    """Return the curvature of minus the Student-t log density over the square of the slope of r.

    The residual r is that of :func:`heavy_tailed`. Gauss-Newton takes the curvature for r'^2, which
    is too much in the tails: where errors are large the density is flat, and past sqrt(TAIL)
    standard deviations even convex. There the weight is zero.
    """
    square = TAIL * np.expm1(residual**2 / (TAIL + 1.0))
    small = square < 1e-10
    ratio = residual**2 / np.where(small, 1.0, square)
    ratio = np.where(small, (TAIL + 1.0) / TAIL, ratio)
    return np.asarray(np.maximum(TAIL - square, 0.0) / (TAIL + 1.0) * ratio)
