"""Forecasts of every observable series: its trend, the model's growth, and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.checks import check_whole
from marketsim.errors import handed
from marketsim.precision import one_thread
from marketsim.renames import Rename
from marketsim.scenarios import Scenarios
from marketsim.statements import Series, still_open

from .agreement import parts_of
from .ahead import ahead
from .combined import combine, uncombined
from .explanation import Explanation, explained, place_of, places_of
from .form import Form
from .hearing import Heard, beats, hear
from .joint import Joint, coupled
from .lines import Lines, lived
from .mixture import mixture
from .panel import Panel, panel
from .predictive import Predictive
from .relations import correlation, layers_of
from .structure import growth
from .trend import fit_form, follow

__all__ = ["COLUMNS", "LONGEST", "QUANTILES", "Forecast", "forecast", "plain_forecast"]

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

LONGEST: Final = 12
"""Quarters forecast at most, and always thought of: years that are guided end later than what is
asked for."""


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
        the first quarter not reported), `unit`, `mean`, and quantiles `p05` to `p95`; over the
        regimes, where scenarios were given.
    joint
        Without the shift of any regime, all of it as one joint normal of logs, over
        :data:`LONGEST` quarters.
    lines
        What the series do in each world.
    own
        What the series' own trends say alone.
    apart
        What trends and the model say of each series by itself.
    unheard
        What is forecast before series hear any statement, wholes and parts agreed; the model has
        heard plans and guidance.
    modelless
        What is forecast without the model: trends that have heard the statements.
    heard
        Statements that were open, and by how much each moved the forecast.
    shifted
        By how much the log of the median over regimes goes beyond that without shift, [series,
        horizon]; None where no scenarios were given.
    weights
        Weight of the model's growth against the series' own trend, [series, horizon]: by how much
        the forecast rises for each log that the model's growth does in proportion to the horizon.
    panel
        What was known of each series, in the order of the rows of all these.
    form
        What the trends share.
    seed
        Of the worlds drawn.
    digest
        Of the knowledge that it rests on.
    renames
        What companies were called before, for whoever asks for a former ticker.
    """

    as_of: pd.Timestamp
    table: pd.DataFrame
    joint: Joint
    lines: Lines
    own: Predictive
    apart: Predictive
    unheard: Predictive
    modelless: Predictive
    heard: tuple[Heard, ...]
    shifted: np.ndarray | None
    weights: np.ndarray
    panel: Panel
    form: Form
    seed: int
    digest: str
    renames: tuple[Rename, ...] = ()

    def __repr__(self) -> str:
        _, horizons = self.joint.mean.shape
        return (
            f"Forecast({len(self.series)} series x {horizons} quarters, as of {self.as_of.date()})"
        )

    @property
    def logs(self) -> Predictive:
        """Mean and standard deviation of logs over all horizons, [series, horizon]."""
        return Predictive(self.joint.mean, np.sqrt(self.joint.variance))

    @property
    def series(self) -> tuple[Series, ...]:
        """The series, in the order of the rows of ``logs``."""
        return self.panel.series

    def to_csv(self, name: str | None = None) -> str:
        """Return the table as CSV, or its rows of a company or series."""
        table = self.table if name is None else self.of(name)
        return table.to_csv(index=False, lineterminator="\n", float_format="%.8g")

    def of(self, name: str) -> pd.DataFrame:
        """Return the rows of the table of a company, or of one of its series.

        Parameters
        ----------
        name
            Ticker, or entity as in the facts.

        Raises
        ------
        InputError
            Nothing is forecast of it.
        """
        chosen = {self._key(row) for row in places_of(self.series, name, self.renames)}
        keys = zip(self.table["quantity"], self.table["entity"], strict=True)
        return self.table[[key in chosen for key in keys]].reset_index(drop=True)

    def explain(
        self, entity: str, quantity: str = "quarterly_revenue", horizon: int = 1
    ) -> Explanation:
        """Return what one forecast rests on, in logs that add up.

        Parameters
        ----------
        entity
            As in the facts; a ticker is its company's whole.
        quantity
            As in the facts.
        horizon
            Quarters after the last report.

        Raises
        ------
        InputError
            Nothing is forecast of it, or not so far ahead.
        """
        return explained(self, place_of(self.series, entity, quantity, self.renames), horizon)

    def explained(self, name: str, horizon: int = 1) -> list[Explanation]:
        """Return what the forecasts of a company, or of one of its series, rest on."""
        return [explained(self, row, horizon) for row in places_of(self.series, name, self.renames)]

    def __str__(self) -> str:
        return self.text(self.table)

    @staticmethod
    def text(table: pd.DataFrame) -> str:
        """Return rows of the table as text."""
        columns = ["quantity", "entity", "quarter_end", "unit", "p10", "p50", "p90"]
        return table[columns].to_string(index=False, float_format="{:,.5g}".format)

    def _key(self, row: int) -> tuple[str, str]:
        return self.series[row].quantity, self.series[row].entity


def forecast(posterior: Posterior | Scenarios, quarters: int = 4, seed: int = 0) -> Forecast:
    """Forecast every observable series, quarter by quarter.

    The growth of a series is drawn from two sources: its own damped trend, fitted with all others
    in one state-space form, and the growth of the structural model's worlds. Each counts by its
    precision, so that a steady series keeps to its trend and one whose trend says little follows
    the structure. A company and its segments are brought to agree, with the rest of the company
    between them. Then the forecast hears what companies said of quarters to come, each by how far
    what they said before came true; and since series move together, others hear of plans and years.
    Intervals hold what is not known of the assumptions, of news to come, of the series' state, and
    the noise of what is reported.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`; the series are those of its facts. Or scenarios over it,
        from :func:`marketsim.load_scenarios`: the table is then of the mixture of their regimes.
    quarters
        How many quarters of each series the table lists, from the first that is not reported.
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
    handed(
        "forecast: posterior",
        posterior,
        (Posterior, Scenarios),
        "ms.calibrate(facts) or ms.load_scenarios(posterior)",
    )
    check_whole("forecast: quarters", quarters, 1, LONGEST)
    check_whole("forecast: seed", seed, 0)
    regimes = posterior if isinstance(posterior, Scenarios) else None
    posterior = posterior.posterior if isinstance(posterior, Scenarios) else posterior
    known = panel(posterior.knowledge, posterior.as_of)
    with one_thread():
        form = fit_form(known)
        trend = follow(known, form)
    model = growth(posterior, known.series, LONGEST, seed)
    with one_thread():
        own = ahead(trend, LONGEST)
        apart, parts = combine(own, model), parts_of(known, form, LONGEST)
        alone = apart.agreed(parts)
        loading = parts.loading(alone.mean, alone.variance)
        related = correlation(known, trend, loading, layers_of(posterior.knowledge))
        lines = lived(alone.mean, alone.covariance, alone.gain, model, related)
        learnt = beats(posterior.knowledge, known, trend)
        said = still_open(posterior.knowledge, known.series)
        joint, heard = hear(lines.joint, said, known, own, learnt)
        trends = uncombined(own).agreed(parts)
        coupled_trends = coupled(trends.mean, trends.covariance, related)
        modelless, _ = hear(coupled_trends, said, known, own, learnt)
    if regimes is None:
        logs, shifted = Predictive(joint.mean, np.sqrt(joint.variance)), None
        mean, quantiles = logs.mean(), logs.quantile(QUANTILES)
    else:
        mixed = mixture(regimes, known.series, model, lines, joint, quarters, seed)
        mean, quantiles = mixed.mean, mixed.quantiles(QUANTILES)
        middle = quantiles[:, :, QUANTILES.index(0.50)]
        shifted = np.log(middle) - joint.mean[:, :quarters]
    return Forecast(
        as_of=posterior.as_of,
        table=_table(known.series, mean, quantiles, quarters),
        joint=joint,
        lines=lines,
        own=Predictive(own.location, np.sqrt(own.variance)),
        apart=apart.logs,
        unheard=alone.logs,
        modelless=Predictive(modelless.mean, np.sqrt(modelless.variance)),
        heard=tuple(heard),
        shifted=shifted,
        weights=apart.weight,
        panel=known,
        form=form,
        seed=seed,
        digest=posterior.knowledge.digest,
        renames=posterior.knowledge.universe.renames,
    )


def plain_forecast(posterior: Posterior) -> Forecast:
    """Return what :func:`forecast` has of a posterior by default, made once while that is held."""
    if posterior not in _PLAIN:
        _PLAIN[posterior] = forecast(posterior)
    return _PLAIN[posterior]


_PLAIN: WeakKeyDictionary[Posterior, Forecast] = WeakKeyDictionary()
"""Forecasts of posteriors, for worlds that are drawn from one again and again."""


def _table(
    series: tuple[Series, ...], mean: np.ndarray, quantiles: np.ndarray, quarters: int
) -> pd.DataFrame:
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
            *quantiles[i, h],
        )
        for i, s in enumerate(series)
        for h, end in enumerate(s.ends(quarters))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
