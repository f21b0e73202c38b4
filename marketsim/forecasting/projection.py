"""Forecasts of every observable series: its own trend and the model's growth, by precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.errors import InputError

from .form import Form
from .panel import Panel, Series, panel
from .predictive import Predictive
from .structure import Growth, growth
from .trend import Ahead, fit_form, follow

__all__ = ["COLUMNS", "QUANTILES", "Forecast", "combine", "forecast"]

QUANTILES: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
COLUMNS: Final = (
    "ticker",
    "segment",
    "quantity",
    "entity",
    "quarter_end",
    "horizon",
    "unit",
    "mean",
    *(f"p{round(100 * q):02d}" for q in QUANTILES),
)

DISCREPANCY: Final = 0.10
"""How far a series' growth over a year may lie from what the model's worlds span, as a standard
deviation of its log: shares move, products fail, prices of one vendor fall. Declared, not fitted:
the score of past forecasts is flat about it (from 0.05 to 0.20 it moves by 1.3 %)."""

LONGEST: Final = 12


@dataclass(frozen=True, eq=False)
class Forecast:
    """Predictive distributions of reported figures.

    Attributes
    ----------
    as_of
        The decision date: nothing published later was used.
    table
        A row for each series and quarter: `ticker` and `segment` (companies), `quantity` and
        `entity` as in the facts, `quarter_end` (the company's own fiscal quarter), `horizon` (1 is
        the first quarter not reported), `unit`, `mean`, and quantiles `p05` to `p95`.
    logs
        The same distributions as mean and standard deviation of logs, [series, horizon].
    own
        What the series' own trends say alone, [series, horizon].
    weights
        Weight of the model's growth against the series' own trend, [series, horizon].
    panel
        What was known of each series, in the order of the rows of ``logs``.
    form
        What the trends share.
    seed
        Of the worlds drawn.
    """

    as_of: pd.Timestamp
    table: pd.DataFrame
    logs: Predictive
    own: Predictive
    weights: np.ndarray
    panel: Panel
    form: Form
    seed: int

    @property
    def series(self) -> tuple[Series, ...]:
        """The series, in the order of the rows of ``logs``."""
        return self.panel.series

    def __str__(self) -> str:
        columns = ["quantity", "entity", "quarter_end", "unit", "p10", "p50", "p90"]
        return self.table[columns].to_string(index=False, float_format="{:,.5g}".format)


def forecast(posterior: Posterior, quarters: int = 4, seed: int = 0) -> Forecast:
    """Forecast every observable series, quarter by quarter.

    The growth of a series is drawn from two sources: its own damped trend, fitted with all others
    in one state-space form, and the growth of the structural model's worlds. Each counts by its
    precision, so that a steady series keeps to its trend and one whose trend says little follows
    the structure. Intervals hold what is not known of the assumptions, of news to come, of the
    series' state, and the noise of what is reported.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`; the series are those of its facts.
    quarters
        How many quarters of each series to forecast, from the first that is not reported.
    seed
        Of the worlds drawn.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        For no quarters, or more than :data:`LONGEST`.
    """
    if not 1 <= quarters <= LONGEST:
        raise InputError(
            f"forecast: {quarters} quarters cannot be forecast; ask for 1 to {LONGEST}"
        )
    known = panel(posterior.knowledge, posterior.as_of)
    form = fit_form(known)
    own = follow(known, form).ahead(quarters)
    logs, weights = combine(own, growth(posterior, known.series, quarters, seed))
    return Forecast(
        as_of=posterior.as_of,
        table=_table(known.series, logs, quarters),
        logs=logs,
        own=Predictive(own.location, np.sqrt(own.variance)),
        weights=weights,
        panel=known,
        form=form,
        seed=seed,
    )


def combine(
    own: Ahead, model: Growth, discrepancy: float = DISCREPANCY
) -> tuple[Predictive, np.ndarray]:
    """Return the trend's forecast once it has heard of the model's growth, and the model's weight.

    The model's growth is an observation of the level's growth, which the trend itself knows up to
    ``drift_variance``: the update is Kalman's.

    Parameters
    ----------
    own, model
        Of the same series and horizons.
    discrepancy
        Standard deviation over a year of a series' growth about that of the model's worlds.
    """
    horizon = np.arange(1, own.location.shape[1] + 1) / 4.0
    doubt = np.nan_to_num(model.variance) + (discrepancy * horizon) ** 2
    heard = ~np.isnan(model.median)
    weight = np.where(heard, own.drift_variance / (own.drift_variance + doubt), 0.0)
    surprise = np.where(heard, model.median - own.drift, 0.0)
    variance = own.variance - weight * own.drift_variance
    return Predictive(own.location + weight * surprise, np.sqrt(variance)), weight


def _table(series: tuple[Series, ...], logs: Predictive, quarters: int) -> pd.DataFrame:
    mean = logs.mean()
    quantiles = [logs.quantile(q) for q in QUANTILES]
    rows = [
        (
            s.ticker,
            s.segment,
            s.quantity,
            s.entity,
            end,
            h + 1,
            s.unit,
            mean[i, h],
            *(q[i, h] for q in quantiles),
        )
        for i, s in enumerate(series)
        for h, end in enumerate(s.ends(quarters))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
