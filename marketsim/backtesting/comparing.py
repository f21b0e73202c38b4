"""Backtests beside one another, on the dates that all of them have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.backtesting.common_dates import (
    after,
    alike,
    common_dates,
    cut_to,
    names_of,
    restricted,
)
from marketsim.backtesting.folders import RecordedWalk
from marketsim.backtesting.inference import FLAT, deflated_sharpes, sharpe_estimate
from marketsim.backtesting.measures import active, measures, span
from marketsim.backtesting.result import HINDSIGHT
from marketsim.errors import InputError

__all__ = ["BacktestComparison", "compared"]

SHOWN: Final = {
    "final_wealth": "wealth",
    "annual_return": "return",
    "annual_volatility": "volatility",
    "sharpe_ratio": "Sharpe",
    "max_drawdown": "drawdown",
    "annual_turnover": "turnover",
    "annual_cost": "cost",
    "active_return": "active",
    "active_risk": "active risk",
    "information_ratio": "information",
    "hit_rate": "hit rate",
    "deflated_sharpe": "deflated",
    "deflated_information": "active deflated",
}
"""Measures that are printed, and their names where there is little room."""


@dataclass(frozen=True, eq=False)
class BacktestComparison:
    """Backtests on common dates.

    Attributes
    ----------
    folders : mapping of name to Path
        Names are those of the strategies, or of the folders where two have the same strategy.
    returns : DataFrame [date, name]
        After costs.
    measures : DataFrame [name, measure]
        See `marketsim.backtesting.measures`, with `active`; ``sharpe_error``, of a year;
        ``deflated_sharpe``, and ``deflated_information``, the same of active returns.
    correlation : DataFrame [name, name]
        Of returns less those of what they are held against.
    against : str
        What active returns are held against.
    trials : int
        Variants that the deflated ratio allows for: all of them, and those that they name. What
        differs in costs alone is one.
    equal_weight, benchmark : Series, by date, or None
        Returns, where they are the same for all.
    notes : tuple of str
        What a reader must know: dates left out, what differs, hindsight.
    """

    folders: Mapping[str, Path]
    returns: pd.DataFrame
    measures: pd.DataFrame
    correlation: pd.DataFrame
    against: str
    trials: int
    equal_weight: pd.Series | None
    benchmark: pd.Series | None
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        days = self.returns.index
        return (
            f"BacktestComparison({', '.join(self.folders)}, {days[0].date()} to {days[-1].date()})"
        )

    def __str__(self) -> str:
        days = self.returns.index
        told = f"{len(self.folders)} backtests, {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}"
        return "\n\n".join(
            [
                f"{told}; active against {self.against}; deflated as the best of {self.trials}:",
                _text(self.measures[list(SHOWN)].rename(columns=SHOWN), "{:.3f}"),
                "Correlation of active returns:",
                _text(self.correlation, "{:.2f}"),
                "\n".join(f"Note: {note}" for note in self.notes),
            ]
        )

    def record(self) -> dict[str, Any]:
        """Return all of it but returns as plain numbers, texts, lists and mappings, for JSON."""
        days = self.returns.index
        return {
            "backtests": {name: str(folder) for name, folder in self.folders.items()},
            "start": f"{days[0]:%Y-%m-%d}",
            "end": f"{days[-1]:%Y-%m-%d}",
            "dates": len(days),
            "against": self.against,
            "trials": self.trials,
            "measures": _plain(self.measures),
            "correlation": _plain(self.correlation),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """Return all of it but returns as JSON."""
        return json.dumps(self.record(), indent=2, allow_nan=False) + "\n"


def compared(walks: Sequence[RecordedWalk]) -> BacktestComparison:
    """Put backtests beside one another.

    Where their dates differ all are taken from the close of the first date that they have in
    common to that of the last, without what was paid before, and a note says so.

    Raises
    ------
    InputError
        There are fewer than two, one is given twice, or they have hardly a date in common.
    """
    _require_several(walks)
    names = names_of(walks)
    dates = common_dates(walks, names)
    cut = [cut_to(walk, dates, whole=alike(walks)) for walk in walks]
    returns = pd.DataFrame({n: one["return"] for n, one in zip(names, cut, strict=True)})
    against, rivals = _against(walks, cut)
    trials = _tried(walks)
    found = {
        name: pd.concat([_measures(walk, one, dates), active(one["return"], rival)])
        for name, walk, one, rival in zip(names, walks, cut, rivals, strict=True)
    }
    differences = {n: returns[n] - rival for n, rival in zip(names, rivals, strict=True)}
    excess = {n: one["return"] - one["interest"] for n, one in zip(names, cut, strict=True)}
    sure = {
        "sharpe_error": _errors(excess),
        "deflated_sharpe": pd.Series(deflated_sharpes(excess, trials=trials)),
        "deflated_information": pd.Series(deflated_sharpes(differences, trials=trials)),
    }
    table = pd.DataFrame(found).T.join(pd.DataFrame(sure)).rename_axis("backtest")
    return BacktestComparison(
        folders={name: walk.folder for name, walk in zip(names, walks, strict=True)},
        returns=returns,
        measures=table,
        correlation=_correlation(pd.DataFrame(differences)),
        against=against,
        trials=trials,
        equal_weight=_shared(cut, "equal_weight"),
        benchmark=_shared(cut, "benchmark"),
        notes=(*restricted(walks, names, dates), *_different(walks), HINDSIGHT),
    )


def _tried(walks: Sequence[RecordedWalk]) -> int:
    """Return how many variants there are; what differs in costs alone is one, as in a batch."""
    found: dict[str, int] = {}
    for walk in walks:
        asked = {k: v for k, v in walk.record.get("arguments", {}).items() if k != "cost"}
        hashes = walk.record.get("sha256", {})
        own = str(walk.folder) if not hashes.get("strategy") else ""  # a function may be any
        what = json.dumps([walk.strategy, asked, hashes, own], sort_keys=True)
        found[what] = max(found.get(what, 0), walk.trials)
    return sum(found.values())


def _require_several(walks: Sequence[RecordedWalk]) -> None:
    places = [walk.folder.resolve() for walk in walks]
    if twice := [
        walk.folder for walk, at in zip(walks, places, strict=True) if places.count(at) > 1
    ]:
        raise InputError(f"'{twice[0]}' is given twice; each backtest counts as a trial once")
    if len(walks) < 2:
        raise InputError("a comparison is of two backtests or more; give their folders")


def _measures(walk: RecordedWalk, cut: pd.DataFrame, dates: pd.DatetimeIndex) -> pd.Series:
    costs, traded = walk.returns["cost"], walk.traded
    if "cost" not in cut:  # what was paid at the first close is not part of what comes after
        costs, traded = after(costs, dates), after(traded, dates)
    return measures(cut["return"], cut["interest"], traded.to_frame(), costs)


def _against(
    walks: Sequence[RecordedWalk], cut: Sequence[pd.DataFrame]
) -> tuple[str, list[pd.Series]]:
    """Return what is held against, in words, and its returns for each."""
    if any(walk.benchmark is None for walk in walks):
        return "equal weight of the same companies", [one["equal_weight"] for one in cut]
    same = _shared(cut, "benchmark") is not None and len({w.benchmark for w in walks}) == 1
    named = str(walks[0].benchmark) if same else "the benchmark of each"
    return named, [one["benchmark"] for one in cut]


def _shared(cut: Sequence[pd.DataFrame], column: str) -> pd.Series | None:
    """Return a column that all have, and in which they agree."""
    if not all(column in one for one in cut):
        return None
    first = cut[0][column]
    return first if all(np.allclose(one[column], first, atol=1e-9) for one in cut) else None


def _errors(excess: Mapping[str, pd.Series]) -> pd.Series:
    """Return standard errors of annual ratios."""
    year = float(np.sqrt(span(next(iter(excess.values())).index)[1]))
    found = {name: year * sharpe_estimate(one.iloc[1:]).error for name, one in excess.items()}
    return pd.Series(found)


def _correlation(differences: pd.DataFrame) -> pd.DataFrame:
    """Return correlations; NaN of what does not differ from what it is held against."""
    moving = differences.iloc[1:]
    apart = {name: one if one.std() > FLAT else one * np.nan for name, one in moving.items()}
    return pd.DataFrame(apart).corr()


def _different(walks: Sequence[RecordedWalk]) -> list[str]:
    """Return what was asked otherwise of one than of another, but for dates."""
    asked = [dict(walk.record.get("arguments", {})) for walk in walks]
    if alike(walks):  # else the panels differ by their dates at least
        for one, walk in zip(asked, walks, strict=True):
            one["prices"] = walk.record.get("sha256", {}).get("prices")
    keys = sorted({key for one in asked for key in one} - {"start", "end"})
    apart = [key for key in keys if any(one.get(key) != asked[0].get(key) for one in asked)]
    return [f"they differ in what was asked: {', '.join(apart)}"] if apart else []


def _text(table: pd.DataFrame, shape: str) -> str:
    return table.rename_axis(None).to_string(float_format=shape.format, na_rep="-")


def _plain(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return rows as mappings, with nothing in place of what is no number."""
    return {
        str(name): {str(k): float(v) if np.isfinite(v) else None for k, v in row.items()}
        for name, row in table.astype(float).iterrows()
    }
