"""How good past forecasts were, and by how much better than those of naive rivals.

All scores are of outcomes that every forecaster had forecast, so a hard quarter is as hard for all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from marketsim.errors import DataError, InputError, nearest

from .forecasters import MARKETSIM, PARTIAL, PARTS
from .groups import AI, GROUP, by_group, by_origin_group, in_groups
from .measures import (
    ALL,
    BEST,
    COLUMNS,
    LATER,
    MEASURES,
    OUTCOME,
    grouped,
    histogram,
    marked,
    means,
    missed,
    skill,
    tests,
)
from .rivals import RIVALS
from .score_tables import lines
from .sums import EVERY, LAYERS, PORTFOLIO, YEAR

__all__ = ["COLUMNS", "Scores", "score"]


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
    by_group
        By `group`, `horizons` and `forecaster`, with `late_bias`, that over origins from 2023 on,
        and `coverage_p`, how likely a coverage is that is as far from 80 % by chance (see
        :func:`~marketsim.forecasting.measures.missed`); the rival who repeats guidance has a score
        in the group `"guided"` alone. See
        :mod:`~marketsim.forecasting.groups`.
    by_origin_group
        By `origin`, `group` and `forecaster`, over all horizons together: `crps`, `coverage`, `n`;
        `year_bias`, that four quarters ahead; `rival`, the best of the group over all origins, with
        `rival_crps`; `skill` over that.
    sums
        Of summed revenue, by `series` (whose), `kind` (over a quarter or a year), `horizons` and
        `forecaster`, with `coverage_p`. See :mod:`~marketsim.forecasting.sums`.
    skill
        `series` and `kind` (`"all"`: all of them; or a group, of kind `"group"`), `horizons`,
        `forecaster`, `rival`, `skill`, `skill_level`: one less the ratio of mean CRPS to the
        rival's, of logs and of figures. `"best rival"` has the smallest mean of all rivals in the
        same rows, which is known only after the event.
    tests
        `series` and `kind` as in `skill` (of several, the mean at each origin), `horizons`,
        `forecaster`, `rival`, `n` (origins), `difference` (below zero: better than the rival),
        `statistic`, `p_value`: see :func:`~marketsim.forecasting.comparison.diebold_mariano`, on
        CRPS of logs. Left out where fewer than eight origins overlap.
    pit
        By `horizons` and `forecaster`, counts of outcomes in ten equal bins of the probability
        integral transform, named by their lower edges: level when calibrated.
    rivals
        Names of the rivals among the forecasters.
    parts
        Names of forecasters that are ours with something left out.
    left_out
        Outcomes that not every forecaster had forecast; no score counts them.
    """

    overall: pd.DataFrame
    by_kind: pd.DataFrame
    by_series: pd.DataFrame
    by_origin: pd.DataFrame
    by_group: pd.DataFrame
    by_origin_group: pd.DataFrame
    sums: pd.DataFrame
    skill: pd.DataFrame
    tests: pd.DataFrame
    pit: pd.DataFrame
    rivals: tuple[str, ...]
    parts: tuple[str, ...]
    left_out: int

    def __repr__(self) -> str:
        who = self.overall["forecaster"].unique()
        return f"Scores({len(self.by_series):,} rows by series; forecasters: {', '.join(who)})"

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

    def origins(self, group: str = AI, forecaster: str = MARKETSIM) -> pd.DataFrame:
        """Return one forecaster's marks in a group by origin, from `by_origin_group`.

        Raises
        ------
        InputError
            Nothing of that group was scored, or nobody of that name.
        """
        table = self.by_origin_group
        for column, name in (("group", group), ("forecaster", forecaster)):
            known = table[column].unique()
            if name not in known:
                raise InputError(
                    f"scores: no {column} '{name}' was scored.{nearest(name, known)} "
                    f"There are {', '.join(known)}"
                )
            table = table[table[column] == name]
        return table.drop(columns=["group", "forecaster"]).set_index("origin")

    def __str__(self) -> str:
        return "\n".join(lines(self))


def score(
    table: pd.DataFrame,
    rivals: Sequence[str] = tuple(RIVALS),
    exposed: Collection[str] = (),
    sums: pd.DataFrame | None = None,
) -> Scores:
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
    exposed : collection of str, optional
        Tickers of the companies exposed to AI, which are scored as a group.
    sums : DataFrame, optional
        Forecasts of sums of series, of the same columns.

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
    known = table[table["log_value"].notna()]
    some = known["forecaster"].isin(PARTIAL)
    common, left_out = _in_common(known[~some])
    outcomes = common.drop_duplicates(OUTCOME).set_index(OUTCOME).index
    partial = known[some & known.set_index(OUTCOME).index.isin(outcomes)]
    rows = grouped(marked(common))
    spoken = grouped(marked(pd.concat([common, partial])))
    spoken = in_groups(spoken, exposed)
    there = list(dict.fromkeys(table["forecaster"]))
    against = tuple(name for name in rivals if name in there)
    parts = tuple(name for name in PARTS if name in there)
    overall, by_series, of_groups = means(rows), means(rows, "series", "kind"), by_group(spoken)
    pooled = overall.assign(series=ALL, kind=ALL)
    named = of_groups.rename(columns={"group": "series"}).assign(kind=GROUP)
    apart = pd.concat(
        [
            rows.assign(series=ALL, kind=ALL),
            spoken.assign(series=spoken["group"], kind=GROUP),
            rows[rows["horizons"] != LATER],
        ]
    )
    every = (*against, *(name for name in PARTIAL if name in there))
    return Scores(
        overall=overall,
        by_kind=means(rows, "kind"),
        by_series=by_series,
        by_origin=means(rows, "origin"),
        by_group=of_groups,
        by_origin_group=by_origin_group(spoken, every),
        sums=_summed(sums),
        skill=skill(pd.concat([pooled, named, by_series]), every, parts),
        tests=tests(apart, every, parts),
        pit=histogram(rows),
        rivals=against,
        parts=parts,
        left_out=left_out,
    )


def _summed(table: pd.DataFrame | None) -> pd.DataFrame:
    """Return mean scores of sums, or an empty table."""
    keys = ["series", "kind", "horizons", "forecaster"]
    if table is None or not len(table):
        return pd.DataFrame(columns=[*keys, *MEASURES, "n", "coverage_p"])
    _check(table)
    rows = grouped(marked(table))
    rows = rows[(rows["kind"] != YEAR) | (rows["horizons"] != LATER)]
    layers = rows[~rows["series"].isin((EVERY, PORTFOLIO, AI))].assign(series=LAYERS)
    every = pd.concat([rows, layers])
    odds = missed(every, "series", "kind")
    return means(every, "series", "kind").merge(odds, on=keys, how="left")


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
