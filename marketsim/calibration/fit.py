"""Calibration: the mode by Gauss-Newton with JAX's Jacobian, and a Laplace approximation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from marketsim.dates import day
from marketsim.errors import InputError
from marketsim.facts import Facts
from marketsim.model import Coordinates, Entry, Setting, coordinates, lines_of
from marketsim.model.tree import leaf
from marketsim.precision import precise

from .book import Book, load_book
from .cache import Fitted, keep, key, recall
from .likelihood import TAIL, Sample, history, linearise, observables, sample
from .observations import FLOOR, Series, observe
from .posterior import Posterior
from .prior import owners_cash_flow, priors
from .serving import served_at
from .window import HISTORY, Window, window_at

FIRST_GUESS = 2.0
"""Standard deviations of errors in the first pass, as multiples of the floors."""


def calibrate(
    facts: Facts, as_of: str | pd.Timestamp | None = None, cache: bool = True
) -> Posterior:
    """Return the assumptions that best explain the facts known on a date.

    Parameters
    ----------
    facts
        From :func:`marketsim.load_facts`.
    as_of
        Decision date; by default, and at the latest, that of ``facts``, else the last date they
        hold. Rows published later are not seen.
    cache
        Look for the same calibration in the user's cache folder (the environment's
        MARKETSIM_CACHE) and leave it there: the same facts, date, code and versions.

    Returns
    -------
    Posterior
        Mode, Laplace covariance, and the fit to every series.

    Raises
    ------
    InputError
        When ``as_of`` is no day, or too little was published by it to calibrate to.

    Notes
    -----
    Every parameter is a standard normal coordinate a priori, so the log posterior is a sum of
    squares and Gauss-Newton with a trust region finds its mode. A second pass takes each series'
    noise from the first pass, shrunk to a floor. The covariance is that of the linearised model
    with the curvature of the Student-t errors at the mode: what an outlier says counts little.
    """
    date = _date(facts, as_of)
    known = facts.upto(date)
    window = window_at(date)
    _check(known, window, date)
    place = key(known, date) if cache else None
    book = load_book()
    setting = _setting(known, book, window, date)
    kept = recall(place) if place else None
    if kept is None:
        kept = _calibrated(known, book, window, setting)
        if place:
            keep(place, kept)
    with precise("float64"):
        coords = coordinates(list(kept.entries))
    return Posterior(
        as_of=date,
        digest=known.digest,
        facts=known,
        book=book,
        window=window,
        coordinates=coords,
        setting=setting,
        **{f.name: getattr(kept, f.name) for f in fields(kept)},
    )


def _setting(known: Facts, book: Book, window: Window, date: pd.Timestamp) -> Setting:
    return Setting(
        start_year=leaf(np.float64(window.start_year)),
        cash_flow=leaf(np.float64(owners_cash_flow(known, window))),
        served=served_at(date),
        lines=lines_of(book.share, book.owner),
    )


def _calibrated(known: Facts, book: Book, window: Window, setting: Setting) -> Fitted:
    series = observe(known, book, window)
    with precise("float64"):
        listed = _with_bases(priors(known, book, window), book, setting, series)
        coords = coordinates(listed)
        x, jacobian, noise, steps = _fit(series, coords, setting)
        data = sample(series, noise)
        quarters = history(jnp.asarray(x), coords, setting)
        seen = np.asarray(observables(data, quarters))
    fit, paths = _tables(series, seen, noise)
    return Fitted(
        entries=tuple(listed),
        mode=x,
        covariance=np.linalg.inv(np.eye(len(x)) + jacobian.T @ jacobian),
        fit=fit,
        fit_paths=paths,
        history={k: np.array(getattr(quarters, k)) for k in quarters.__dataclass_fields__},
        jacobian=jacobian,
        steps=steps,
    )


def _date(facts: Facts, as_of: str | pd.Timestamp | None) -> pd.Timestamp:
    known = facts.as_of if facts.as_of is not None else facts.table["published"].max()
    return min(day(as_of, "as_of"), pd.Timestamp(known)) if as_of is not None else known


def _check(facts: Facts, window: Window, date: pd.Timestamp) -> None:
    revenue = facts.series("quarterly_revenue", "NVDA.data_center")
    inside = revenue[revenue.index >= window.start]
    capex = facts.select("quarterly_capex")
    if len(inside) < 4 or capex.empty or (capex["date"] <= window.history_ends[5]).sum() == 0:
        raise InputError(
            f"calibrate: too little was published by {date.date()} to calibrate the four years "
            "before it; facts begin in 2018, so choose a date from 2020-06-30 on"
        )


def _fit(
    series: list[Series], coords: Coordinates, setting: Setting
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    floors = np.array([FLOOR[s.kind] for s in series])
    x = np.zeros(len(coords.kind) + 2 * HISTORY)
    noise, steps = FIRST_GUESS * floors, 0
    for tolerance in (1e-5, 1e-9):
        data = sample(series, noise)
        value, slope = _both(data, coords, setting)
        found = least_squares(
            value, x, jac=slope, ftol=tolerance, xtol=1e-9, gtol=1e-9, max_nfev=80
        )
        x, steps = found.x, steps + int(found.nfev)
        seen = np.asarray(observables(data, history(jnp.asarray(x), coords, setting)))
        used, noise = noise, _noise(series, seen, floors)
    count = sum(len(s.value) for s in series)
    weight = curvature(found.fun[:count])
    return x, np.sqrt(weight)[:, None] * found.jac[:count], used, steps


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


Function = Callable[[np.ndarray], np.ndarray]


def _both(data: Sample, coords: Coordinates, setting: Setting) -> tuple[Function, Function]:
    """Return residuals and Jacobian as functions that share their last evaluation."""

    @lru_cache(maxsize=1)
    def at(point: bytes) -> tuple[np.ndarray, np.ndarray]:
        x = jnp.asarray(np.frombuffer(point))
        value, slope = linearise(x, data, coords, setting)
        return np.array(value), np.array(slope)

    return lambda x: at(x.tobytes())[0], lambda x: at(x.tobytes())[1]


def _errors(s: Series, seen: np.ndarray) -> np.ndarray:
    error = np.log(s.value) - np.log(s.season) - np.log(s.weight @ seen)
    return np.asarray(error - error.mean() if s.relative else error)


def _noise(series: list[Series], seen: np.ndarray, floors: np.ndarray) -> np.ndarray:
    """Return standard deviations by series, shrunk to twice the floor with the weight of four.

    The few figures of the world's quantities cannot talk themselves out of counting: their noise
    stays within three floors.
    """
    squares = np.array([(_errors(s, seen[:, i]) ** 2).sum() for i, s in enumerate(series)])
    count = np.array([len(s.value) for s in series])
    pooled = (squares + 4.0 * (2.0 * floors) ** 2) / (count + 4.0)
    revenue = np.array([s.kind == "revenue" for s in series])
    ceiling = np.where(revenue, np.inf, 3.0 * floors)
    return np.asarray(np.clip(np.sqrt(pooled), floors, ceiling))


def _tables(
    series: list[Series], seen: np.ndarray, noise: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, paths = [], []
    for i, s in enumerate(series):
        error = _errors(s, seen[:, i])
        modelled = s.value / np.exp(error)
        rows.append(
            {
                "series": s.name,
                "unit": s.unit,
                "n": len(s.value),
                "rmse_log": float(np.sqrt((error**2).mean())),
                "bias_log": float(-error.mean()),
                "noise_log": float(noise[i]),
                "last_reported": float(s.value[-1]),
                "last_modelled": float(modelled[-1]),
                "confidence": "sourced" if (s.doubt < 1.5).mean() > 0.5 else "unverified",
            }
        )
        path = {"quarter_end": s.dates, "reported": s.value, "modelled": modelled}
        paths.append(pd.DataFrame(path).assign(series=s.name, unit=s.unit))
    order = ["series", "quarter_end", "unit", "reported", "modelled"]
    return pd.DataFrame(rows), pd.concat(paths, ignore_index=True)[order]


def _with_bases(
    listed: list[Entry], book: Book, setting: Setting, series: list[Series]
) -> list[Entry]:
    """Return priors with the base of each line centred on its first reports, less AI's part."""
    drawn = _drawn(listed, book, setting)
    levels = _first_reports(book, series)
    centred = []
    for entry in listed:
        if entry.field == "base_level":
            line = book.lines.index(entry.name.partition("[")[2].rstrip("]"))
            level, ai = levels[line], drawn[line]
            base = max(level - ai, 0.15 * level)
            spread = 0.15 + 0.5 * min(1.0, ai / level)
            entry = replace(entry, centre=math.log(base), scale=spread)
        centred.append(entry)
    return centred


def _drawn(listed: list[Entry], book: Book, setting: Setting) -> np.ndarray:
    """Return what each line draws from AI in the first year at the prior median, USD bn."""
    x = np.zeros(len(listed) + 2 * HISTORY)
    quarters = history(jnp.asarray(x), coordinates(listed), setting)
    return np.asarray(book.share @ np.asarray(quarters.recognised)[:4].mean(axis=0))


def _first_reports(book: Book, series: list[Series]) -> np.ndarray:
    """Return the mean of each line's first four reports, taken back to the start; USD bn."""
    first = {}
    for s in series:
        if s.kind == "revenue" and len(s.value):
            when = (s.weight[:4] @ np.arange(HISTORY)) / 4.0
            growth = float(s.lines @ book.base_growth / s.lines.sum())
            first[s.name] = float((s.value[:4] * np.exp(-growth * when)).mean())
    levels = np.full(len(book.lines), 1.0)
    for i, name in enumerate(book.lines):
        ticker, _, segment = name.partition(".")
        siblings = [n for n in book.lines if n.startswith(ticker + ".") and n != name]
        total = first.get(f"{ticker}.total", 1.0)
        if segment == "rest":
            levels[i] = max(total - sum(first.get(n, 0.5 * total) for n in siblings), 0.05 * total)
        else:
            levels[i] = first.get(name, 0.3 * total)
    return levels
