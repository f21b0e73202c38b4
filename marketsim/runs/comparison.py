"""What changed from one run to another, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError, MarketsimError
from marketsim.forecasting import ForecastChange, forecast_change

from .answers import keep
from .comparison_story import comparison_story
from .corners import RETURN, RISK, Corners, Differs, attributed, check_names, outcome
from .deciding import Decided, decided
from .recorded import Recorded, recorded

__all__ = ["Comparison", "compare"]

AHEAD: Final = 12
"""Quarters that both forecasts list, so that a year of either is among them."""

YEAR: Final = 4

NEAR: Final = 1e-4
"""By how much a weight may differ from the one recorded: other machines round otherwise."""

NONE: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs beside one another.

    Attributes
    ----------
    folders
        Of the runs.
    inputs
        What they were given that differs, [input]: ``before`` and ``after``.
    weights
        [ticker]: ``before``, ``after`` and ``change``, largest change first, and a column for each
        cause of it; columns of causes sum to the change.
    risk
        The same of ``expected_return`` and ``CVaR``.
    regimes
        Mean return of each choice in each scenario, [regime]: ``before`` and ``after``.
    forecasts
        Of each company's revenue over the next four quarters, why it changed, largest change first.
    """

    folders: tuple[Path, Path]
    inputs: pd.DataFrame
    weights: pd.DataFrame
    risk: pd.DataFrame
    regimes: pd.DataFrame
    forecasts: tuple[ForecastChange, ...]

    def __repr__(self) -> str:
        traded = 0.5 * self.weights["change"].abs().sum()
        return (
            f"Comparison({self.folders[0]} and {self.folders[1]}, {len(self.inputs)} inputs "
            f"differ, {100 * traded:.1f} % traded)"
        )

    def __str__(self) -> str:
        return comparison_story(self)

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        return {
            "runs": [str(folder) for folder in self.folders],
            **{
                name: getattr(self, name).astype(object).to_dict("index")
                for name in ("inputs", "weights", "risk", "regimes")
            },
            "forecasts": [one.record() for one in self.forecasts],
        }

    def to_json(self) -> str:
        """Return all of it as JSON."""
        return json.dumps(_plain(self.record()), indent=2) + "\n"


def compare(
    before: Path | str,
    after: Path | str,
    *,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Comparison:
    """Return what changed from one run to another, and why.

    Both are made again from what they record, and nothing in their folders is changed.

    Parameters
    ----------
    before, after
        Run folders.
    out
        Folder for ``comparison.json`` and ``comparison.txt``; none is written by default.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    DataError
        As :func:`recorded`, and where what a run read is no longer there as it was.
    InputError
        The runs choose among other companies.
    """
    both = recorded(before), recorded(after)
    check_names(both[0].weights.index, both[1].weights.index)
    found = _made_again(both[0], progress), _made_again(both[1], progress)
    differs = _differs(*both)
    progress("finding why weights changed")
    corners = Corners((both[0].asked, both[1].asked), found)
    causes = attributed(corners, differs)
    first, last = (outcome(one.decision.choice) for one in found)
    table = pd.DataFrame({"before": first, "after": last, "change": last - first}).join(causes.T)
    risks = [RETURN, RISK]
    weights = table.drop(index=risks)
    order = weights["change"].abs().sort_values(ascending=False, kind="stable").index
    progress("finding why forecasts changed")
    result = Comparison(
        folders=(both[0].folder, both[1].folder),
        inputs=_inputs(*both),
        weights=weights.loc[order].rename_axis("ticker"),
        risk=table.loc[risks],
        regimes=_regimes(*found),
        forecasts=tuple(_forecasts(*found)) if differs.facts or differs.settings else (),
    )
    keep(out, "comparison", result.to_json(), result)
    return result


def _made_again(one: Recorded, progress: Callable[[str], None]) -> Decided:
    """Return the decision of a run made again.

    Raises
    ------
    DataError
        What it read is not there as it was, so that it chooses otherwise.
    """
    found = decided(one.asked, lambda step: progress(f"{one.folder.name}: {step}"), AHEAD)
    if found.knowledge.digest != one.record["knowledge_digest"]:
        raise DataError(
            f"{one.folder} rests on other facts than there are now for {found.date.date()}; make "
            "it again with marketsim run"
        )
    here = found.decision.choice.weights
    names = here.index.union(one.weights.index)
    miss = here.reindex(names, fill_value=0.0) - one.weights.reindex(names, fill_value=0.0)
    if (miss.abs() > NEAR).any():
        worst = miss.abs().idxmax()
        raise DataError(
            f"{one.folder} records {one.weights.get(worst, 0.0):.4f} of {worst}, made again it is "
            f"{here.get(worst, 0.0):.4f}: prices, scenarios or code have changed; make it again "
            "with marketsim run"
        )
    return found


MARKET: Final = ("as_of", "add", "knowledge", "prices", "believe")
"""Arguments that are of facts and prices; the others are settings."""


def _differs(one: Recorded, other: Recorded) -> Differs:
    records = one.record, other.record
    facts, prices = (
        records[0][name] != records[1][name] for name in ("knowledge_digest", "prices_digest")
    )
    asked = [{k: v for k, v in r["arguments"].items() if k not in MARKET} for r in records]
    regimes = [r.get("scenarios_digest") for r in records]
    return Differs(facts, prices, asked[0] != asked[1] or regimes[0] != regimes[1])


def _inputs(one: Recorded, other: Recorded) -> pd.DataFrame:
    """Return what differs of what runs were given, as text."""
    records = one.record, other.record
    rows = {
        name: tuple(r["arguments"].get(name) for r in records) for name in records[0]["arguments"]
    }
    rows |= {
        "facts": tuple(r["knowledge_digest"][:10] for r in records),
        "market": tuple(f"{r['price_source']} ({r['prices_digest'][:10]})" for r in records),
        "regimes": tuple(str(r.get("scenarios_digest"))[:10] for r in records),
        "git_commit": tuple(r.get("git_commit") for r in records),
    }
    rows |= {
        f"version of {name}": tuple(r["versions"].get(name) for r in records)
        for name in sorted({*records[0]["versions"], *records[1]["versions"]})
    }
    apart = {name: tuple(map(str, both)) for name, both in rows.items() if both[0] != both[1]}
    return pd.DataFrame.from_dict(apart, orient="index", columns=["before", "after"])


def _regimes(one: Decided, other: Decided) -> pd.DataFrame:
    """Return the mean return of both choices in each scenario, and how probable each is."""
    tables = [x.decision.choice.by_scenario for x in (one, other)]
    columns = {
        f"{name}_{when}": table[column]
        for column, name in (("expected_return", "return"), ("probability", "probability"))
        for when, table in zip(("before", "after"), tables, strict=True)
    }
    order = list(dict.fromkeys([*tables[0].index, *tables[1].index]))
    return pd.DataFrame(columns).reindex(order).rename_axis("regime")


def _forecasts(one: Decided, other: Decided) -> list[ForecastChange]:
    """Return why each company's forecast changed, largest change first."""
    found = []
    for ticker in dict.fromkeys([*one.companies, *other.companies]):
        try:
            found.append(forecast_change(one.coming, other.coming, ticker, quarters=YEAR))
        except MarketsimError:  # not forecast on both dates
            continue
    return sorted((x for x in found if abs(x.change) > NONE), key=lambda x: -abs(x.change))


def _plain(value: Any) -> Any:
    """Return it with nothing in place of what is no number: JSON has none for it."""
    if isinstance(value, dict):
        return {str(k): _plain(x) for k, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
