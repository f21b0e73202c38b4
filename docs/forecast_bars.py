"""Marks of groups and sums, and what was to be reached beside what was, missed bars by how much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import pandas as pd

import marketsim as ms
from marketsim.forecasting.forecasters import APART, GUIDED, MARKETSIM, OWN, SAID, UNHEARD

BEST = "best rival"
COVERED = 0.74, 0.86
"""Share of outcomes that 80 % intervals are to hold, in each group."""
ORIGIN_COVERED = 0.60, 0.95
"""The same at one origin, which nine of ten are to keep."""
SUMS: Final = ("all companies", "AI-exposed", "equal weights", "each layer")
GROUPS: Final = ("guided", "AI-exposed", "other revenue", "segments", "capital spending")


class Bar(NamedTuple):
    """One bar: what is measured, from where to where it is to lie, and what it was."""

    name: str
    low: float
    high: float
    measured: float
    text: str = "{:+.1%}"
    note: str = ""

    @property
    def missed(self) -> float:
        """By how much, zero where it is kept."""
        return max(self.low - self.measured, self.measured - self.high, 0.0)


def bars(scores: ms.forecasting.Scores) -> Iterator[Bar]:
    """Yield every bar that there are outcomes for."""
    yield _skill(scores, "with guidance, 1 ahead, over last guidance", "guided", "1", GUIDED, 0.05)
    for group in ("segments", "capital spending"):
        yield _skill(scores, f"{group}, 1 ahead, over statements apart", group, "1", UNHEARD, 0.0)
    for horizons in ("1", "2-4"):
        yield _skill(scores, f"all series, {horizons} ahead, over best rival", "all", horizons)
    yield _skill(scores, "AI-exposed, 2-4 ahead, over best rival", "AI-exposed", "2-4")
    bias = _cell(scores.by_group, "late_bias", group="AI-exposed", horizons="4")
    yield Bar("AI-exposed, bias 4 ahead, from 2023", -0.06, 0.06, bias, "{:+.3f}")
    for group in GROUPS:
        for horizons in ("1", "2-4"):
            keys = {"group": group, "horizons": horizons}
            name = f"80 % intervals, {group}, {horizons} ahead"
            yield _covered(name, scores.by_group, **keys)
    low, high = ORIGIN_COVERED
    at = coverage_by_origin(scores)
    kept = float(at.between(low, high).mean())
    yield Bar(f"origins whose intervals hold {low:.0%} to {high:.0%}", 0.9, 1.0, kept, "{:.0%}")
    for name, kind, horizons in (
        (name, kind, horizons)
        for name in SUMS
        for kind, horizons in (("quarter", "1"), ("quarter", "2-4"), ("year", "4"))
    ):
        over = "a year" if kind == "year" else f"{horizons} ahead"
        keys = {"series": name, "kind": kind, "horizons": horizons}
        yield _covered(f"80 % intervals, sums of {name}, {over}", scores.sums, **keys)
    for part in (OWN, SAID):
        for horizons in ("1", "2-4"):
            name = f"all series, {horizons} ahead, over {part}"
            yield _skill(scores, name, "all", horizons, part, 0.0)


def coverage_by_origin(scores: ms.forecasting.Scores) -> pd.Series[float]:
    """Share of all outcomes of an origin that our 80 % intervals held."""
    rows = scores.by_origin[
        (scores.by_origin["forecaster"] == MARKETSIM)
        & scores.by_origin["horizons"].isin(("1", "2-4"))
    ]
    held = (rows["coverage"] * rows["n"]).groupby(rows["origin"]).sum()
    return held / rows["n"].groupby(rows["origin"]).sum()


def table(scores: ms.forecasting.Scores) -> Iterator[str]:
    """The bars in Markdown."""
    yield "| bar | wanted | measured | p | missed by |"
    yield "|---|---|---|---|---|"
    for bar in (bar for bar in bars(scores) if pd.notna(bar.measured)):
        measured, low, high = (bar.text.format(x) for x in (bar.measured, bar.low, bar.high))
        wanted = f"at least {low}" if bar.high >= 1.0 else f"{low} to {high}"
        missed = bar.text.format(bar.missed).lstrip("+") if bar.missed else ""
        yield f"| {bar.name} | {wanted} | {measured} | {bar.note} | {missed} |"


def groups(scores: ms.forecasting.Scores) -> Iterator[str]:
    """Ours by group, with the skill over each group's best rival."""
    best = scores.skill[(scores.skill["kind"] == "group") & (scores.skill["rival"] == BEST)]
    keys = ["series", "horizons", "forecaster"]
    skill = best.set_index(keys)["skill"]
    yield "By group; bias of origins from 2023 on, and what is gained over the group's best rival:"
    yield ""
    yield "| group | quarters ahead | outcomes | CRPS | 80 % coverage | bias | from 2023 | skill |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in scores.by_group.to_dict("records"):
        if row["forecaster"] == MARKETSIM and row["horizons"] in ("1", "2-4", "4"):
            gain = skill.get((row["group"], row["horizons"], MARKETSIM), float("nan"))
            yield (
                f"| {row['group']} | {row['horizons']} | {row['n']:,} | {row['crps']:.4f} "
                f"| {row['coverage']:.1%} | {row['bias']:+.3f} | {row['late_bias']:+.3f} "
                f"| {gain:+.1%} |"
            )
    yield ""


def sums(scores: ms.forecasting.Scores) -> Iterator[str]:
    """Sums of revenue, as series are related and as if they were not."""
    rows = scores.sums
    wanted = (rows["kind"] == "year") | rows["horizons"].isin(("1", "2-4"))
    wide = rows[wanted].set_index(["series", "kind", "horizons", "forecaster"])
    yield "Revenue added up, drawn from the joint forecast, and as if series were independent:"
    yield ""
    yield (
        "| whose | quarters ahead | sums | CRPS | 80 % coverage | CRPS, independent "
        "| 80 % coverage, independent |"
    )
    yield "|---|---|---|---|---|---|---|"
    for (whose, kind, horizons), pair in wide.groupby(level=[0, 1, 2], sort=False):
        ours, apart = (pair.xs(name, level=3).iloc[0] for name in (MARKETSIM, APART))
        yield (
            f"| {whose} | {'a year' if kind == 'year' else horizons} | {ours['n']:,.0f} "
            f"| {ours['crps']:.4f} | {ours['coverage']:.0%} "
            f"| {apart['crps']:.4f} | {apart['coverage']:.0%} |"
        )
    yield ""


def _covered(name: str, rows: pd.DataFrame, **keys: str) -> Bar:
    """What 80 % intervals held, and how likely that is by chance."""
    note = _odds(_cell(rows, "coverage_p", **keys))
    return Bar(name, *COVERED, _cell(rows, "coverage", **keys), "{:.1%}", note)


def _odds(p: float) -> str:
    return "" if pd.isna(p) else "<0.001" if p < 1e-3 else f"{p:.3f}"


def _skill(
    scores: ms.forecasting.Scores,
    name: str,
    series: str,
    horizons: str,
    rival: str = BEST,
    least: float = 0.25,
) -> Bar:
    """CRPS that is saved against a rival, and the p-value of the test against him."""
    kind = "all" if series == "all" else "group"
    keys = {"series": series, "kind": kind, "horizons": horizons}
    against = _best(scores, series, horizons) if rival == BEST else rival
    p = _cell(scores.tests, "p_value", **keys, rival=against)
    measured = _cell(scores.skill, "skill", **keys, rival=rival)
    return Bar(name, least, 1.0, measured, note=_odds(p))


def _best(scores: ms.forecasting.Scores, series: str, horizons: str) -> str:
    rows = scores.overall if series == "all" else scores.by_group
    rows = rows[rows["horizons"] == horizons]
    if series != "all":
        rows = rows[rows["group"] == series]
    theirs = rows[rows["forecaster"].isin((*scores.rivals, GUIDED))].set_index("forecaster")
    return str(theirs["crps"].idxmin()) if len(theirs) else ""


def _cell(rows: pd.DataFrame, column: str, **keys: str) -> float:
    """One number of ours, NaN where there is none."""
    for name, value in {**keys, "forecaster": MARKETSIM}.items():
        rows = rows[rows[name] == value]
    return float(rows[column].iloc[0]) if len(rows) else float("nan")
