"""How good past forecasts were, and by how much better than those of naive rivals.

All scores are of outcomes that every forecaster had forecast, so a hard quarter is as hard for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError

from .measures import ALL, BEST, LATER, OUTCOME, grouped, histogram, marked, means, skill, tests
from .rivals import RIVALS

__all__ = ["COLUMNS", "Scores", "score"]

COLUMNS: Final = (
    "origin",
    "series",
    "kind",
    "horizon",
    "quarter_end",
    "forecaster",
    "location",
    "scale",
    "log_value",
    "log_last",
)

LEGEND: Final = (
    "CRPS, bias and error in logs, the error without its sign; coverage of 80 % intervals;\n"
    "skill over the best rival, with p by the test of Diebold and Mariano."
)


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Scores of forecasters on the same outcomes.

    `horizons` is one horizon in quarters (`"1"`, `"2"`, ...) or the group `"2-4"`. Scores are
    means: `crps` of the logarithm; `crps_level` of the figure, over the last one reported;
    `coverage` of the 80 % interval; `bias`, the log of the median less that of the outcome, above
    zero where forecasts are too high; `error`, the same without its sign; `n` counts outcomes.

    Attributes
    ----------
    overall
        Scores by `horizons` and `forecaster`.
    by_kind
        By `kind`, `horizons` and `forecaster`.
    by_series
        By `series`, `kind`, `horizons` and `forecaster`.
    by_origin
        By `origin`, `horizons` and `forecaster`.
    skill
        `series` and `kind` (`"all"`: all of them), `horizons`, `forecaster`, `rival`, `skill`,
        `skill_level`: one less the ratio of mean CRPS to the rival's, of logs and of figures.
        `"best rival"` has the smallest mean of all rivals in the same rows, which is known only
        after the event.
    tests
        `series` and `kind` (`"all"`: the mean over series at each origin), `horizons`,
        `forecaster`, `rival`, `n` (origins), `difference` (below zero: better than the rival),
        `statistic`, `p_value`: see :func:`~marketsim.forecasting.comparison.diebold_mariano`, on
        CRPS of logs. Left out where fewer than eight origins overlap.
    pit
        By `horizons` and `forecaster`, counts of outcomes in ten equal bins of the probability
        integral transform, named by their lower edges: level when calibrated.
    rivals
        Names of the rivals among the forecasters.
    left_out
        Outcomes that not every forecaster had forecast; no score counts them.
    """

    overall: pd.DataFrame
    by_kind: pd.DataFrame
    by_series: pd.DataFrame
    by_origin: pd.DataFrame
    skill: pd.DataFrame
    tests: pd.DataFrame
    pit: pd.DataFrame
    rivals: tuple[str, ...]
    left_out: int

    def series(self, forecaster: str, horizons: str = LATER) -> pd.DataFrame:
        """Return one forecaster's marks by series: n, crps, coverage, bias, error, skill.

        Skill is over the best rival of each series, the least skilful first.
        """
        keys = ["series", "kind", "horizons", "forecaster"]
        best = self.skill[self.skill["rival"] == BEST]
        found = self.by_series.merge(best[[*keys, "skill"]], on=keys, how="left")
        chosen = (found["forecaster"] == forecaster) & (found["horizons"] == horizons)
        columns = ["n", "crps", "coverage", "bias", "error", "skill"]
        table = found[chosen].sort_values(["skill", "series"]).set_index("series")
        return table[columns]

    def __str__(self) -> str:
        there = set(self.overall["horizons"])
        blocks = [self._block(horizons) for horizons in ("1", LATER) if horizons in there]
        return "\n\n".join([*blocks, "\n".join(self._notes())])

    def _block(self, horizons: str) -> str:
        rows = self.overall[self.overall["horizons"] == horizons].set_index("forecaster")
        best = str(rows.loc[list(self.rivals), "crps"].idxmin()) if self.rivals else ""
        skills = _against(self.skill, horizons, BEST, "skill")
        odds = _against(self.tests, horizons, best, "p_value")
        shown = pd.DataFrame(
            {
                "CRPS": rows["crps"].map("{:.4f}".format),
                "coverage": rows["coverage"].map("{:.0%}".format),
                "bias": rows["bias"].map("{:+.3f}".format),
                "error": rows["error"].map("{:.3f}".format),
                "skill": [_percent(skills.get(name)) for name in rows.index],
                "p": [_odds(odds.get(name)) for name in rows.index],
            },
            index=rows.index,
        )
        ahead = "1 quarter" if horizons == "1" else f"{horizons} quarters"
        title = f"{ahead} ahead, {rows['n'].iloc[0]:,} outcomes"
        return f"{title}\n{shown.rename_axis(None).to_string()}"

    def _notes(self) -> list[str]:
        notes = [LEGEND]
        absent = [name for name in RIVALS if name not in self.rivals]
        if absent:
            notes.append(f"Not among the rivals: {', '.join(absent)}.")
        if self.left_out:
            notes.append(f"{self.left_out:,} outcomes left out: not all had forecast them.")
        return notes


def score(table: pd.DataFrame, rivals: Sequence[str] = tuple(RIVALS)) -> Scores:
    """Score forecasts against what was reported.

    Parameters
    ----------
    table : DataFrame
        One row per forecast. `origin`, its date; `series` and `kind`; `horizon` in quarters;
        `quarter_end`; `forecaster`; `location` and `scale` of the predictive logarithm;
        `log_value` that was reported, NaN where nothing was yet; and `log_last`, the last one
        reported by the origin.
    rivals : sequence of str, optional
        Forecasters the others are measured against; those not in the table are passed over.

    Returns
    -------
    Scores

    Raises
    ------
    DataError
        If a column is missing, a forecast comes twice, or nothing was reported that every
        forecaster had forecast.
    InputError
        If a location is not finite, or a scale not above zero.
    """
    _check(table)
    common, left_out = _in_common(table[table["log_value"].notna()])
    rows = grouped(marked(common))
    there = set(common["forecaster"])
    against = tuple(name for name in rivals if name in there)
    overall, by_series = means(rows), means(rows, "series", "kind")
    return Scores(
        overall=overall,
        by_kind=means(rows, "kind"),
        by_series=by_series,
        by_origin=means(rows, "origin"),
        skill=skill(pd.concat([overall.assign(series=ALL, kind=ALL), by_series]), against),
        tests=tests(rows, against),
        pit=histogram(rows),
        rivals=against,
        left_out=left_out,
    )


def _check(table: pd.DataFrame) -> None:
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise DataError(f"score: the table lacks {', '.join(missing)}; it has one row per forecast")
    twice = table[table.duplicated([*OUTCOME, "forecaster"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"score: {row['forecaster']} forecasts {row['series']} at horizon {row['horizon']} "
            f"twice as of {pd.Timestamp(row['origin']).date()}; give one forecast of each outcome"
        )


def _in_common(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return rows of outcomes that all had forecast, and the number of the other outcomes."""
    forecasts = table.groupby(OUTCOME, observed=True)["forecaster"].transform("size")
    common = forecasts == table["forecaster"].nunique()
    if not common.any():
        raise DataError("score: nothing was reported that every forecaster had forecast")
    return table[common], int((~table[~common].duplicated(OUTCOME)).sum())


def _against(table: pd.DataFrame, horizons: str, rival: str, column: str) -> dict[str, float]:
    """Return one column of all series against one rival, by forecaster."""
    rows = (table["series"] == ALL) & (table["horizons"] == horizons) & (table["rival"] == rival)
    return dict(zip(table.loc[rows, "forecaster"], table.loc[rows, column], strict=True))


def _percent(skill: float | None) -> str:
    return "" if skill is None else f"{skill:+.1%}"


def _odds(p: float | None) -> str:
    return "" if p is None or np.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"
