"""What a run writes beside its record and its report: tables as bytes."""

from __future__ import annotations

from typing import Final

import pandas as pd

from marketsim.allocation import Allocation, Frontier
from marketsim.calibration import Posterior
from marketsim.derivatives import (
    RegimesApart,
    ReverseStress,
    Sensitivities,
    implied_by_layer,
    regimes_apart,
    reverse_stress,
    value_of_information,
)
from marketsim.derivatives.assumed import portfolio_per_sd
from marketsim.ensemble import CHUNK
from marketsim.errors import MarketsimError
from marketsim.forecasting import Forecast
from marketsim.outlooks import Outlook
from marketsim.paradoxes import Paradox
from marketsim.precision import one_thread
from marketsim.reporting import RunContents
from marketsim.simulation import Paths
from marketsim.valuation import Valuation
from marketsim.valuation.few_worlds import WORLDS

from .decision import Decision
from .tables import paths_table, value_table

__all__ = [
    "extremes_apart",
    "known_worth",
    "losing",
    "moving",
    "nearly_as_good",
    "priced_in",
    "result_files",
]

ASKED: Final = 60
"""Worlds that prices are asked in, or as many as it takes: levels are those of all draws.

Of growth in more, the same in which the table of companies and `implied` ask of it.
"""

POINTS: Final = 5
"""Of the way between two regimes: a portfolio needs no more."""

LOSS: Final = 0.30
"""Of the choice over the horizon, of which a run tells the most plausible worlds."""


def result_files(
    decision: Decision,
    near: pd.DataFrame,
    slopes: Sensitivities,
    assumed: pd.DataFrame,
    worth_knowing: pd.DataFrame,
    apart: RegimesApart | None,
    lost: ReverseStress | None,
    priced: pd.DataFrame,
    paths: Paths,
    posterior: Posterior,
    years: Outlook,
    doubled: Paradox,
) -> dict[str, bytes]:
    """Return the content of each file, by its name."""
    choice = decision.choice
    weights = choice.weights.rename("weight").rename_axis("ticker").reset_index()
    weights["layer"] = [choice.returns.layers.get(t, "") for t in weights["ticker"]]
    weights = weights.join(near, on="ticker")
    order = weights.sort_values(["weight", "ticker"], ascending=[False, True], kind="stable")
    returns = choice.returns.to_frame()
    valuation: Valuation = choice.returns.world
    neutral, efficient = decision.neutral, decision.frontier
    return {
        "allocation.csv": _rows(order),
        "reasons.csv": decision.reasons.to_csv(lineterminator="\n").encode(),
        "alternatives.csv": decision.alternatives.to_csv(lineterminator="\n").encode(),
        "prospects.csv": decision.prospects.to_csv(lineterminator="\n").encode(),
        "contributions.csv": decision.parts.to_csv(index=False, lineterminator="\n").encode(),
        "by_scenario.csv": decision.by_regime.to_csv(lineterminator="\n").encode(),
        "value.csv": value_table(valuation).to_csv(lineterminator="\n").encode(),
        "statements.csv": _rows(valuation.statements()),
        "valuation_assumptions.csv": assumed.to_csv(lineterminator="\n").encode(),
        "sensitivities.csv": slopes.table().to_csv(lineterminator="\n").encode(),
        "regimes_apart.csv": _apart(apart).to_csv(lineterminator="\n").encode(),
        "stress.csv": _rows(pd.DataFrame() if lost is None else lost.table()),
        "stress_odds.csv": _rows(pd.DataFrame() if lost is None else lost.odds()),
        "implied.csv": priced.to_csv(lineterminator="\n").encode(),
        "information.csv": worth_knowing.to_csv(lineterminator="\n").encode(),
        "fit.csv": _rows(posterior.fit),
        "outlook.csv": years.to_csv().encode(),
        "paradox.csv": _rows(doubled.table),
        "assumptions.csv": posterior.table().to_csv(lineterminator="\n").encode(),
        "returns.parquet": _parquet(returns),
        "paths.parquet": _parquet(paths_table(paths)),
        **({} if efficient is None else {"frontier.csv": _frontier(efficient)}),
        **({} if neutral is None else {"neutral.csv": _rows(neutral.holdings)}),
    }


def nearly_as_good(choice: Allocation) -> pd.DataFrame:
    """Return between what weights each could be held, [ticker]; no rows where that is not known."""
    try:
        return choice.ranges(RunContents.WITHIN)
    except MarketsimError:
        return pd.DataFrame(columns=["lowest", "highest"], dtype=float)


def extremes_apart(choice: Allocation) -> RegimesApart | None:
    """Return why the choice returns more in its best regime than in its worst.

    None where there is one regime, or no assumption sets the two apart.
    """
    means = choice.by_scenario["expected_return"]
    try:
        return regimes_apart(choice, str(means.idxmin()), str(means.idxmax()), points=POINTS)
    except MarketsimError:
        return None


def losing(choice: Allocation, coming: Forecast) -> ReverseStress | None:
    """Return the most plausible worlds in which the choice loses :data:`LOSS`.

    Its probability is measured with one chunk of worlds over all regimes. None where no search
    finds such a world, or nothing is held that was valued.
    """
    each = max(2, CHUNK // len(choice.returns.world.paths.scenarios.names))
    try:
        with one_thread():  # the same bytes on any number of them
            return reverse_stress(choice, LOSS, sampled=each, forecast=coming)
    except MarketsimError:
        return None


def _frontier(found: Frontier) -> bytes:
    return found.table.to_csv(lineterminator="\n").encode()


def _apart(apart: RegimesApart | None) -> pd.DataFrame:
    """Return the table of what sets regimes apart, with their names."""
    if apart is None:
        return pd.DataFrame(columns=["portfolio"], index=pd.Index([], name="assumption"))
    names = {"start": apart.start, "end": apart.end}
    return apart.table().drop(columns="meaning").rename(columns=names)


def moving(decision: Decision, slopes: Sensitivities) -> pd.DataFrame:
    """Return what valuation assumes, and what a prior standard deviation of it does.

    ``relative_per_sd`` is that to the expected return of the choice over its benchmark's.
    """
    returns = decision.choice.returns
    valuation: Valuation = returns.world
    columns = [c for c in slopes.valuation if c == "sd" or str(c).endswith("_per_sd")]
    found = valuation.assumptions.join(slopes.valuation[columns])
    theirs = portfolio_per_sd(valuation, returns.probabilities, decision.benchmark)
    return found.assign(relative_per_sd=found["portfolio_per_sd"] - theirs)


def priced_in(choice: Allocation) -> pd.DataFrame:
    """Return what prices assume by layer; without rows where no market value is known."""
    least = 4 * len(choice.returns.world.paths.scenarios.names)
    try:
        return implied_by_layer(choice, worlds=max(ASKED, least), own_worlds=WORLDS)
    except MarketsimError:
        return pd.DataFrame(columns=["value_over_market"], index=pd.Index([], name="layer"))


def known_worth(choice: Allocation) -> pd.DataFrame:
    """Return what it would be worth to know assumptions; no rows where the choice has no slope."""
    try:
        return value_of_information(choice).table
    except MarketsimError:
        return pd.DataFrame(columns=["gain", "net", "moved", "beyond_chance"], dtype=float)


def _rows(table: pd.DataFrame) -> bytes:
    """Return a table as CSV without its index."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def _parquet(table: pd.DataFrame) -> bytes:
    """Return a table as Parquet; bytes of floats are stored apart, which halves the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    real = [f.name for f in arrow.schema if pa.types.is_floating(f.type)]
    rest = [f.name for f in arrow.schema if f.name not in real]
    sink = pa.BufferOutputStream()
    pq.write_table(arrow, sink, compression="zstd", use_dictionary=rest, use_byte_stream_split=real)
    return bytes(sink.getvalue())
