"""Scores as text: small tables of all outcomes, of groups, of sums, and of what each part adds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from .groups import GROUP
from .measures import ALL, BEST, LATER
from .rivals import RIVALS
from .sums import YEAR

if TYPE_CHECKING:
    from .scores import Scores

__all__ = ["lines"]

LEGEND: Final = (
    "CRPS, bias and error in logs, the error without its sign; coverage of 80 % intervals, and\n"
    "how likely one as far from 80 % is by chance, where outcomes of an origin move together;\n"
    "skill over the best rival, with p by the test of Diebold and Mariano."
)

SHOWN: Final = ("1", LATER)


def lines(scores: Scores) -> Iterator[str]:
    """Yield the lines of a page of scores."""
    there = set(scores.overall["horizons"])
    for horizons in SHOWN:
        if horizons in there:
            yield from (_overall(scores, horizons), "")
    lead = str(scores.overall["forecaster"].iloc[0])
    yield from _groups(scores, lead)
    yield from _sums(scores)
    yield from _parts(scores, lead)
    yield from _notes(scores)


def _overall(scores: Scores, horizons: str) -> str:
    rows = scores.overall[scores.overall["horizons"] == horizons].set_index("forecaster")
    best = str(rows.loc[list(scores.rivals), "crps"].idxmin()) if scores.rivals else ""
    skills = _against(scores.skill, ALL, horizons, BEST, "skill")
    odds = _against(scores.tests, ALL, horizons, best, "p_value")
    shown = _shown(rows).assign(
        error=rows["error"].map("{:.3f}".format),
        skill=[_percent(skills.get(name)) for name in rows.index],
        p=[_odds(odds.get(name)) for name in rows.index],
    )
    title = f"{_ahead(horizons)}, {rows['n'].iloc[0]:,} outcomes"
    return f"{title}\n{shown.rename_axis(None).to_string()}"


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    formats = {"crps": "{:.4f}", "coverage": "{:.0%}", "bias": "{:+.3f}"}
    shown = pd.DataFrame({name: rows[name].map(text.format) for name, text in formats.items()})
    return shown.rename(columns={"crps": "CRPS"})


def _groups(scores: Scores, lead: str) -> Iterator[str]:
    """Yield one forecaster's marks by group, with its skill over the group's best rival."""
    table = scores.by_group[scores.by_group["horizons"].isin((*SHOWN, "4"))]
    rows = table[table["forecaster"] == lead].reset_index(drop=True)
    if not len(rows):
        return
    told = []
    for group, horizons in zip(rows["group"], rows["horizons"], strict=True):
        here = table[(table["group"] == group) & (table["horizons"] == horizons)]
        best = _best(scores, here)
        skills = _against(scores.skill, group, horizons, BEST, "skill")
        odds = _against(scores.tests, group, horizons, best, "p_value")
        told.append((_percent(skills.get(lead)), _odds(odds.get(lead))))
    shown = _shown(rows).assign(late_bias=rows["late_bias"].map("{:+.3f}".format))
    shown.insert(2, "chance", rows["coverage_p"].map(_odds))
    shown.insert(0, "n", rows["n"].map("{:,}".format))
    shown[["skill", "p"]] = told
    shown.index = pd.Index(rows["group"] + ", " + rows["horizons"])
    shown = shown.rename(columns={"late_bias": "from 2023"})
    yield f"{lead} by group and quarters ahead\n{shown.to_string()}\n"


def _best(scores: Scores, rows: pd.DataFrame) -> str:
    rivals = set(scores.skill["rival"]) - {BEST, *scores.parts}
    theirs = rows[rows["forecaster"].isin(rivals)].set_index("forecaster")["crps"]
    return str(theirs.idxmin()) if len(theirs) else ""


def _sums(scores: Scores) -> Iterator[str]:
    """Yield the marks of sums, forecasters side by side."""
    if not len(scores.sums):
        return
    of_year = scores.sums["kind"] == YEAR
    rows = scores.sums[of_year | scores.sums["horizons"].isin(SHOWN)]
    name = rows["series"] + ", " + rows["horizons"].mask(of_year, YEAR)
    shown = _shown(rows).drop(columns="bias").assign(sum=name, forecaster=rows["forecaster"])
    wide = shown.pivot_table(
        index="sum", columns="forecaster", values=["CRPS", "coverage"], aggfunc="first", sort=False
    )
    wide.index.name, wide.columns.names = None, ["", ""]
    wide.insert(0, ("n", ""), rows.groupby(name, sort=False)["n"].first())
    yield f"Sums of revenue, by whose and quarters ahead\n{wide.to_string()}\n"


def _parts(scores: Scores, lead: str) -> Iterator[str]:
    """Yield what is gained over forecasts that leave something out."""
    if not scores.parts:
        return
    told = {
        part: [
            text
            for horizons in SHOWN
            for text in (
                _percent(_against(scores.skill, ALL, horizons, part, "skill").get(lead)),
                _odds(_against(scores.tests, ALL, horizons, part, "p_value").get(lead)),
            )
        ]
        for part in scores.parts
    }
    columns = [name for horizons in SHOWN for name in (f"skill, {horizons}", "p")]
    table = pd.DataFrame.from_dict(told, orient="index", columns=columns)
    yield f"{lead} against forecasts that leave something out\n{table.to_string()}\n"


def _notes(scores: Scores) -> Iterator[str]:
    yield LEGEND
    absent = [name for name in RIVALS if name not in scores.rivals]
    if absent:
        yield f"Not among the rivals: {', '.join(absent)}."
    if scores.left_out:
        yield f"{scores.left_out:,} outcomes left out: not all had forecast them."


def _ahead(horizons: str) -> str:
    return f"{'1 quarter' if horizons == '1' else f'{horizons} quarters'} ahead"


def _against(
    table: pd.DataFrame, series: str, horizons: str, rival: str, column: str
) -> dict[str, float]:
    """Return one column of some series against one rival, by forecaster."""
    kind = ALL if series == ALL else GROUP
    rows = (table["series"] == series) & (table["kind"] == kind)
    rows &= (table["horizons"] == horizons) & (table["rival"] == rival)
    return dict(zip(table.loc[rows, "forecaster"], table.loc[rows, column], strict=True))


def _percent(skill: float | None) -> str:
    return "" if skill is None else f"{skill:+.1%}"


def _odds(p: float | None) -> str:
    return "" if p is None or np.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"
