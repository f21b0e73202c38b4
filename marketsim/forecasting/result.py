"""A forecast as it is handed out: distributions, what they rest on, and without a statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.calibration.unsaid import with_said
from marketsim.renames import Rename
from marketsim.scenarios import Scenarios, fit_regimes
from marketsim.statements import Open, Series

from .disbelief import meant, name_of, unmade
from .explanation import Explanation, explained, place_of, places_of
from .form import Form
from .hearing import Heard, key_of
from .joint import Joint
from .lines import Lines
from .listing import QUANTILES, as_text, listed
from .mixture import mixture
from .not_heard import unlearnt_of
from .panel import Panel
from .predictive import Predictive
from .regimes_told import told_of_regimes
from .solution import solution, without_said

__all__ = ["Forecast", "forecast_of"]


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
    agreed
        Once wholes and parts agree.
    unheard
        What is forecast before series hear any statement, wholes and parts agreed, and sellers and
        buyers beyond the first year; the model has heard plans and guidance.
    modelless
        What is forecast without the model: trends that have heard the statements.
    heard
        Statements that were open, and by how much each moved the forecast.
    shifted
        By how much the log of the median over regimes goes beyond that without shift, [series,
        horizon]; None where no scenarios were given.
    mixed
        The logs over regimes, [series, horizon], as normals of the same median and 80 % interval;
        None where no scenarios were given.
    weights
        Weight of the model's growth against the series' own trend, [series, horizon]: by how much
        the forecast rises for each log that the model's growth does in proportion to the horizon.
    panel
        What was known of each series, in the order of the rows of all these.
    form
        What the trends share.
    basis
        What it was made of: a posterior, or scenarios over one.
    silent
        Statements that are not believed, which nobody heard.
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
    agreed: Predictive
    unheard: Predictive
    modelless: Predictive
    heard: tuple[Heard, ...]
    shifted: np.ndarray | None
    mixed: Predictive | None
    weights: np.ndarray
    panel: Panel
    form: Form
    basis: Posterior | Scenarios
    silent: tuple[Open, ...]
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

    @property
    def posterior(self) -> Posterior:
        """The assumptions that it rests on."""
        return self.basis.posterior if isinstance(self.basis, Scenarios) else self.basis

    @cached_property
    def structure(self) -> np.ndarray:
        """What trends and the model say, had the model heard nothing said ahead, logs as `apart`.

        Found when it is first asked for, as the assumptions that reports alone leave are.
        """
        return without_said(self.posterior, self.panel, self.form, self.seed)

    @property
    def statements(self) -> tuple[str, ...]:
        """Names of the statements that were heard, by which :meth:`without` knows them."""
        return tuple(dict.fromkeys(name_of(one.said, self.series) for one in self.heard))

    def without(self, statement: str) -> Forecast:
        """Return the forecast solved again as if a statement had not been made.

        Neither series nor the model's calibration hear it, nor anything else of its kind on the
        same quarters; how far statements of its kind are believed stays.

        Parameters
        ----------
        statement
            One of :attr:`statements`, or how some begin: ``plan of META`` leaves out all of them.

        Raises
        ------
        InputError
            Nothing of that name is heard; the message has the nearest, and all that are.
        """
        gone = meant([one.said for one in self.heard], statement, self.series)
        silent = (*self.silent, *gone)
        knowledge = unmade(self.posterior.knowledge, silent, self.series)
        posterior = with_said(self.posterior, knowledge)
        basis: Posterior | Scenarios = posterior
        if isinstance(self.basis, Scenarios):
            basis = fit_regimes(posterior, self.basis.regimes)
        return forecast_of(basis, int(self.table["horizon"].max()), self.seed, silent)

    def about_regimes(self, name: str | None = None) -> str:
        """Return in a line whether regimes are in the table, and by how much they move medians.

        Parameters
        ----------
        name
            Ticker or entity, by default all series.
        """
        rows = (
            range(len(self.series)) if name is None else places_of(self.series, name, self.renames)
        )
        regimes = self.basis.names if isinstance(self.basis, Scenarios) else ()
        moved = None if self.shifted is None else self.shifted[list(rows)]
        return told_of_regimes(regimes, moved)

    def not_heard(self, name: str) -> dict[tuple[str, str], str]:
        """Return by quantity and entity what is said of a company that no bias can be learnt of.

        Parameters
        ----------
        name
            Ticker, or entity as in the facts.
        """
        places = places_of(self.series, name, self.renames)
        return unlearnt_of(self.posterior.knowledge, {self.series[row].ticker for row in places})

    def __str__(self) -> str:
        return self.text(self.table)

    @staticmethod
    def text(table: pd.DataFrame) -> str:
        """Return rows of the table as text."""
        return as_text(table)

    def _key(self, row: int) -> tuple[str, str]:
        return self.series[row].quantity, self.series[row].entity


def forecast_of(
    basis: Posterior | Scenarios, quarters: int, seed: int, silent: tuple[Open, ...] = ()
) -> Forecast:
    """Return the forecast of a posterior, or of scenarios over one.

    Parameters
    ----------
    basis, quarters, seed
        As :func:`marketsim.forecast` takes them.
    silent
        Statements that no series hears; what the model has heard stands in the posterior.
    """
    posterior = basis.posterior if isinstance(basis, Scenarios) else basis
    found = solution(posterior, seed, [key_of(one) for one in silent])
    joint, series = found.joint, found.panel.series
    logs = Predictive(joint.mean, np.sqrt(joint.variance))
    mean, quantiles = logs.mean(), logs.quantile(QUANTILES)
    shifted, mixed = None, None
    if isinstance(basis, Scenarios):
        over = mixture(basis, series, found.model, found.lines, joint, quarters, seed)
        mean, quantiles, mixed = over.mean, over.quantiles(QUANTILES), over.logs(joint)
        middle = quantiles[:, :, QUANTILES.index(0.50)]
        shifted = np.log(middle) - joint.mean[:, :quarters]
    return Forecast(
        as_of=posterior.as_of,
        table=listed(series, mean, quantiles, quarters),
        joint=joint,
        lines=found.lines,
        own=Predictive(found.own.location, np.sqrt(found.own.variance)),
        apart=found.apart.logs,
        agreed=found.alone.logs,
        unheard=Predictive(found.unheard, found.alone.logs.scale),
        modelless=Predictive(found.modelless.mean, np.sqrt(found.modelless.variance)),
        heard=found.heard,
        shifted=shifted,
        mixed=mixed,
        weights=found.apart.weight,
        panel=found.panel,
        form=found.form,
        basis=basis,
        silent=silent,
        seed=seed,
        digest=posterior.knowledge.digest,
        renames=posterior.knowledge.universe.renames,
    )
