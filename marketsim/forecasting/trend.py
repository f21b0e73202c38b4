"""The own trend of every series: a damped local linear trend with seasons, fitted to all at once.

Each log series is a level, a slope that dies out towards a common growth, seasons that sum to zero
over a year, and noise (Harvey 1989, ch. 2; West and Harrison 1997, ch. 10). A series of thirty
quarters cannot tell its own variances, so their ratios are common to all series and only the scale
is a series' own; both are estimated by the marginal likelihood of the whole panel (empirical
Bayes), with the scale of each series integrated out. Everything is conjugate, so that a forecast is
a Student-t of known location, scale and degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from .panel import Panel

__all__ = ["Ahead", "Form", "Trend", "fit_form", "follow"]

LEVEL, SLOPE, SEASON = 0, 1, slice(2, 5)
SEES: Final = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
"""What is reported of the state: level plus the season of the quarter."""

ENOUGH: Final = 6
"""Reports a series needs to count in the fit of the common form."""


@dataclass(frozen=True)
class Form:
    """What all series share; variances are relative to the scale of a series.

    Attributes
    ----------
    level, slope, season
        Variances of the quarterly changes of the state.
    noise
        Variance of the report about the state.
    first_season, first_slope
        Variances of the state before the first report.
    damping
        Share of the slope's distance from `growth` that remains after a quarter.
    growth
        Log growth a quarter that slopes tend to.
    shape, rate
        Of the inverse gamma that the squared scales come from.
    """

    level: float
    slope: float
    season: float
    noise: float
    first_season: float
    first_slope: float
    damping: float
    growth: float
    shape: float
    rate: float

    @property
    def transition(self) -> np.ndarray:
        """The matrix that takes the state a quarter on, [state, state]."""
        move = np.zeros((5, 5))
        move[LEVEL, LEVEL] = move[LEVEL, SLOPE] = 1.0
        move[SLOPE, SLOPE] = self.damping
        move[2, SEASON] = -1.0
        move[3, 2] = move[4, 3] = 1.0
        return move

    @property
    def drift(self) -> np.ndarray:
        """What is added to the state each quarter, [state]."""
        return np.array([0.0, (1.0 - self.damping) * self.growth, 0.0, 0.0, 0.0])

    @property
    def changes(self) -> np.ndarray:
        """Covariance of what is new in the state each quarter, [state, state]."""
        return np.diag([self.level, self.slope, self.season, 0.0, 0.0])

    def first(self, seasonal: np.ndarray) -> np.ndarray:
        """Covariance of the state at the first report, [series, state, state].

        Seasons sum to zero; there are none where ``seasonal`` [series] is zero.
        """
        start = np.zeros((len(seasonal), 5, 5))
        start[:, LEVEL, LEVEL], start[:, SLOPE, SLOPE] = 1.0, self.first_slope
        season = self.first_season * (np.eye(3) - 0.25)
        start[:, SEASON, SEASON] = seasonal[:, None, None] * season
        return start


@dataclass(frozen=True, eq=False)
class Ahead:
    """Log forecasts of a trend, [series, horizon], and the growth of its level.

    ``drift`` is the expected growth of the level since the last report and ``drift_variance`` what
    is not known of it, the slope being uncertain; ``location`` and ``variance`` are those of the
    figure that will be reported.
    """

    location: np.ndarray
    variance: np.ndarray
    drift: np.ndarray
    drift_variance: np.ndarray


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
    squares, log_variance, count
        Sum of squared standardised one-step errors, sum of their log variances, and how many.
    """

    form: Form
    state: np.ndarray
    covariance: np.ndarray
    squares: np.ndarray
    log_variance: np.ndarray
    count: np.ndarray

    @property
    def degrees(self) -> np.ndarray:
        """Degrees of freedom of the scale, [series]."""
        return np.asarray(2.0 * self.form.shape + self.count)

    @property
    def scale_squared(self) -> np.ndarray:
        """Variance by which the relative variances of a series are multiplied, [series].

        That of the Student-t where it exists; with less than four degrees of freedom as if four.
        """
        degrees = np.maximum(self.degrees, 4.0)
        return np.asarray((2.0 * self.form.rate + self.squares) / (degrees - 2.0))

    def log_evidence(self) -> np.ndarray:
        """Log marginal likelihood of each series, its scale integrated out, [series]."""
        shape, rate = self.form.shape, self.form.rate
        after = shape + 0.5 * self.count
        return np.asarray(
            gammaln(after)
            - gammaln(shape)
            + shape * np.log(rate)
            - after * np.log(rate + 0.5 * self.squares)
            - 0.5 * self.log_variance
        )

    def ahead(self, horizons: int) -> Ahead:
        """Return forecasts of the next ``horizons`` quarters of each series."""
        form, move = self.form, self.form.transition
        state, covariance = self.state, self.covariance
        # The sum of the slopes is a state of its own, so that its variance comes along.
        location, variance, drift, drift_variance = [], [], [], []
        total, cross, spread = np.zeros(len(state)), np.zeros((len(state), 5)), np.zeros(len(state))
        for _ in range(horizons):
            slope = state[:, SLOPE]
            total = total + slope
            spread = spread + 2.0 * cross[:, SLOPE] + covariance[:, SLOPE, SLOPE]
            cross = (cross + covariance[:, SLOPE, :]) @ move.T
            state = state @ move.T + form.drift
            covariance = move @ covariance @ move.T + form.changes
            location.append(state @ SEES)
            variance.append((covariance @ SEES) @ SEES + form.noise)
            drift.append(total)
            drift_variance.append(spread)
        scale = self.scale_squared[:, None]
        return Ahead(
            location=np.stack(location, axis=1),
            variance=np.stack(variance, axis=1) * scale,
            drift=np.stack(drift, axis=1),
            drift_variance=np.stack(drift_variance, axis=1) * scale,
        )


def follow(panel: Panel, form: Form) -> Trend:
    """Run the Kalman filter over a panel, each series to its last report."""
    logs, breaks, first = panel.logs, panel.breaks, form.first(panel.seasonal)
    count, quarters = logs.shape
    move, seen = form.transition, ~np.isnan(logs)
    last = quarters - 1 - np.argmax(seen[:, ::-1], axis=1)
    state, covariance = np.zeros((count, 5)), np.zeros((count, 5, 5))
    kept, kept_covariance = state.copy(), covariance.copy()
    begun = np.zeros(count, dtype=bool)
    squares, log_variance, number = np.zeros(count), np.zeros(count), np.zeros(count)
    for t in range(quarters):
        here, value = seen[:, t], np.where(seen[:, t], logs[:, t], 0.0)
        state = state @ move.T + form.drift
        covariance = move @ covariance @ move.T + form.changes
        new, afresh = here & ~begun, here & begun & breaks[:, t]
        state[new], covariance[new] = [0.0, form.growth, 0.0, 0.0, 0.0], first[new]
        covariance[afresh, LEVEL, :] = covariance[afresh, :, LEVEL] = 0.0
        covariance[afresh, LEVEL, LEVEL] = 1.0
        start = new | afresh
        state[start, LEVEL] = value[start] - state[start, 2]
        begun |= here
        gain = covariance @ SEES
        variance = gain @ SEES + form.noise
        error = np.where(here, value - state @ SEES, 0.0)
        counted = here & ~start
        squares += counted * error**2 / variance
        log_variance += counted * np.log(variance)
        number += counted
        gain = np.where(here[:, None], gain / variance[:, None], 0.0)
        state = state + gain * error[:, None]
        covariance = covariance - gain[:, :, None] * gain[:, None, :] * variance[:, None, None]
        ended = last == t
        kept[ended], kept_covariance[ended] = state[ended], covariance[ended]
    return Trend(form, kept, kept_covariance, squares, log_variance, number)


CENTRE: Final = np.array([0.0, -3.0, -4.0, -1.5, 0.5, -1.5, 1.0, 0.02, 1.1, -4.5])
SPREAD: Final = np.array([1.0, 1.5, 1.5, 1.0, 1.0, 1.0, 1.0, 0.01, 0.7, 1.0])
"""Weak priors of the form's coordinates: logs, but a logit of the damping and the plain growth. A
level that moves by about the scale a quarter, slopes by a fifth of it; growth of 8 % a year."""


def fit_form(panel: Panel) -> Form:
    """Return the form under which the panel is most probable.

    Series of less than :data:`ENOUGH` reports do not count.
    """
    chosen = panel.of((~np.isnan(panel.logs)).sum(axis=1) >= ENOUGH)

    def cost(x: np.ndarray) -> float:
        evidence = follow(chosen, _form(x)).log_evidence().sum()
        return float(0.5 * (((x - CENTRE) / SPREAD) ** 2).sum() - evidence)

    found = minimize(cost, CENTRE, method="L-BFGS-B", options={"maxiter": 60})
    return _form(found.x)


def _form(x: np.ndarray) -> Form:
    level, slope, season, noise, first_season, first_slope = (float(v) for v in np.exp(x[:6]))
    shape, rate = (float(v) for v in np.exp(x[8:]))
    return Form(
        level=level,
        slope=slope,
        season=season,
        noise=noise,
        first_season=first_season,
        first_slope=first_slope,
        damping=float(expit(x[6])),
        growth=float(x[7]),
        shape=shape,
        rate=rate,
    )
