"""Groups of outcomes that are scored apart: by what they are, never by how they were forecast."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import pandas as pd

from marketsim.knowledge import Knowledge

from .agreement import WHOLE
from .forecasters import GUIDED
from .measures import LATER, OUTCOME, means, missed

__all__ = ["AI", "EXPOSED", "GROUP", "LATE", "by_group", "by_origin_group", "exposed", "in_groups"]

AI: Final = "AI-exposed"

GROUP: Final = "group"
"""In the place of a kind: a group of series."""

EXPOSED: Final = 25.0
"""Percent of a company's revenue that comes from AI from which on it counts as exposed: a spending
that doubles in a year, as it did after 2022, then adds a quarter to revenue, more than all else
does in most years. Judgement, and set before any score was seen."""

LANDLORDS: Final = "leases"
"""Layer whose stated shares count every data centre that is let, whatever runs in it."""

LATE: Final = pd.Timestamp("2023-01-01")
"""Origins from here on know of the boom; `late_bias` is theirs."""

YEAR: Final = 4
"""Quarters ahead whose bias is told by origin."""

REVENUE, SPENDING = "quarterly_revenue", "quarterly_capex"


def exposed(facts: Knowledge) -> frozenset[str]:
    """Return the tickers whose share of revenue from AI is at least :data:`EXPOSED`.

    The last stated share, the same for all origins: most were published from 2025 on only, so that
    the group says whom AI came to matter to, which could not be known before. Nothing that is
    forecast reads it.
    """
    rows = facts.table[facts.table["quantity"] == "company_ai_share"]
    last = rows.sort_values(["date", "published"]).drop_duplicates("entity", keep="last")
    layer = last["entity"].map(facts.universe.companies["layer"])
    chosen = (last["value"] >= EXPOSED) & layer.notna() & (layer != LANDLORDS)
    return frozenset(last.loc[chosen, "entity"])


def in_groups(rows: pd.DataFrame, tickers: Collection[str]) -> pd.DataFrame:
    """Return rows once more for every group they are in, named in `group`.

    Parameters
    ----------
    rows
        Marked forecasts. Where the rival who repeats guidance has forecast, an outcome is guided;
        his forecasts are in no other group.
    tickers
        Of the companies exposed to AI.
    """
    theirs = rows["forecaster"] == GUIDED
    outcome = rows.set_index(OUTCOME).index
    ticker, _, segment = (part for _, part in rows["series"].str.partition(".").items())
    revenue = rows["kind"] == REVENUE
    exposed = revenue & ticker.isin(list(tickers))
    groups = {
        "guided": outcome.isin(outcome[theirs]),
        AI: exposed & ~theirs,
        "other revenue": revenue & ~exposed & ~theirs,
        "segments": revenue & (segment != WHOLE) & ~theirs,
        "capital spending": (rows["kind"] == SPENDING) & ~theirs,
    }
    named: pd.DataFrame = pd.concat(
        [rows[chosen].assign(group=name) for name, chosen in groups.items()]
    )
    named["group"] = pd.Categorical(named["group"], list(groups), ordered=True)
    return named


def by_group(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean scores by group, with the late bias and the odds of the coverage."""
    keys = ["group", "horizons", "forecaster"]
    late = means(rows[rows["origin"] >= LATE], "group")[[*keys, "bias"]]
    late = late.rename(columns={"bias": "late_bias"})
    found = means(rows, "group").merge(late, on=keys, how="left")
    found = found.assign(group=found["group"].astype(str))
    odds = missed(rows, "group")
    return found.merge(odds.assign(group=odds["group"].astype(str)), on=keys, how="left")


def by_origin_group(rows: pd.DataFrame, rivals: Sequence[str]) -> pd.DataFrame:
    """Return mean scores by origin and group over all horizons, beside the group's best rival's.

    Parameters
    ----------
    rows
        Marked forecasts, in groups and by horizons.
    rivals
        Who may be the best of a group, over all origins: which one is known after the event, and
        the best of one origin would be whoever had luck there.
    """
    single = rows[rows["horizons"] != LATER].astype({"group": str, "forecaster": str})
    keys = ["origin", "group", "forecaster"]
    each = single.groupby(keys)
    found = each[["crps", "coverage"]].mean().assign(n=each.size())
    found["year_bias"] = single[single["horizon"] == YEAR].groupby(keys)["bias"].mean()
    found = found.reset_index()
    every = single[single["forecaster"].isin(rivals)].groupby(["group", "forecaster"])["crps"]
    best = every.mean().reset_index().sort_values("crps").drop_duplicates("group")
    found = found.merge(best[["group", "forecaster"]].rename(columns={"forecaster": "rival"}))
    theirs = found[["origin", "group", "forecaster", "crps"]]
    theirs = theirs.rename(columns={"forecaster": "rival", "crps": "rival_crps"})
    found = found.merge(theirs, on=["origin", "group", "rival"], how="left")
    return found.assign(skill=1.0 - found["crps"] / found["rival_crps"]).sort_values(
        keys, ignore_index=True
    )
