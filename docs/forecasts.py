"""Writes the generated parts of docs/forecasts.md and its figures.

`python docs/forecasts.py` marks all past forecasts (minutes) and shows four hard origins, with and
without what companies had said; with `--origins` it does the second alone.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.reporting.forecast_figures import outcome_panel
from marketsim.reporting.panels import Panel
from marketsim.reporting.sheet import sheet
from marketsim.statements import Series

DOCS = Path(__file__).parent
PAGE = DOCS / "forecasts.md"
BARS, BY_ORIGIN = (
    SimpleNamespace(**runpy.run_path(str(DOCS / f"{name}.py")))
    for name in ("forecast_bars", "forecast_origins")
)
ORIGINS = {
    "end-2022": "2022-12-31",
    "mid-2023": "2023-06-30",
    "mid-2024": "2024-06-30",
    "mid-2025": "2025-06-30",
}
COMPARED = ("NVDA.data_center", "NVDA.total", "MU.total", "SMCI.total", "TSM.total")
"""Revenue that is shown with and without statements."""
SHOWN = {
    "quarterly_revenue NVDA.data_center": "NVIDIA, data centre",
    "quarterly_revenue AMD.total": "AMD",
    "quarterly_revenue SMCI.total": "Super Micro",
    "quarterly_revenue MU.total": "Micron",
    "quarterly_revenue TSM.total": "TSMC",
    "quarterly_revenue ANET.total": "Arista",
    "quarterly_revenue VRT.total": "Vertiv",
    "quarterly_revenue MSFT.intelligent_cloud": "Microsoft, intelligent cloud",
    "quarterly_revenue AMZN.aws": "Amazon, AWS",
    "quarterly_capex MSFT": "Microsoft, capital spending",
    "quarterly_capex META": "Meta, capital spending",
    "quarterly_capex ORCL": "Oracle, capital spending",
}
BILLION = 1e3
BEST = "best rival"
EIGHTY = 1.2816
"""Standard deviations that hold 80 % of a normal distribution."""
SCORES = {
    "n": "outcomes",
    "crps": "CRPS",
    "crps_level": "CRPS of levels",
    "coverage": "80 % coverage",
    "bias": "bias",
}
FORMATS = {
    "n": "{:,}",
    "crps": "{:.4f}",
    "crps_level": "{:.4f}",
    "coverage": "{:.1%}",
    "bias": "{:+.3f}",
}


def outcomes(every: ms.Knowledge, said: ms.forecasting.Forecast) -> pd.DataFrame:
    """What came beside what was said: name, horizon, reported over median, standard deviations."""
    rows = []
    for i, s in enumerate(said.series):
        for h, value in enumerate(came(every, s, said)):
            error = np.log(value) - said.logs.location[i, h]
            z = error / said.logs.scale[i, h]
            rows.append((f"{s.quantity} {s.entity}", h + 1, np.exp(error), z))
    return pd.DataFrame(rows, columns=["name", "horizon", "ratio", "z"])


def came(every: ms.Knowledge, s: Series, said: ms.forecasting.Forecast) -> np.ndarray:
    """Values of the quarters forecast, as reported later by the definition of then, [horizon]."""
    rows = every.select(s.quantity, s.entity)
    later = rows[(rows["published"] > said.as_of) & (rows["date"] > s.dates[-1])]
    breaks = [b.first for b in every.universe.breaks if b.entity == s.entity]
    ended = min((first for first in breaks if first > s.dates[-1]), default=pd.Timestamp.max)
    return later.loc[later["date"] < ended, "value"].to_numpy()[: said.logs.scale.shape[1]]


def panels(every: ms.Knowledge, said: ms.forecasting.Forecast) -> Iterator[Panel]:
    names = {f"{s.quantity} {s.entity}": s for s in said.series}
    for name, title in SHOWN.items():
        if name in names:
            s = names[name]
            rows = said.table[
                (said.table["quantity"] == s.quantity) & (said.table["entity"] == s.entity)
            ].set_index("quarter_end")
            fan = rows[["p05", "p10", "p50", "p90", "p95"]] / BILLION
            values = came(every, s, said)[: len(fan)] / BILLION
            outcome = pd.Series(values, fan.index[: len(values)])
            history = pd.Series(s.values[-12:] / BILLION, s.dates[-12:])
            yield outcome_panel(history, fan, outcome, title, "USD bn per quarter")


def told(name: str, every: ms.Knowledge, said: ms.forecasting.Forecast) -> str:
    """The paragraph and the tables of one origin."""
    table, origin = outcomes(every, said), said.as_of.date()
    companies = table[table["name"].str.startswith("quarterly_")]
    year = companies[companies["horizon"] <= 4]
    inside = year["z"].abs().lt(EIGHTY).groupby(year["horizon"]).mean()
    extreme = year.reindex(year["z"].abs().sort_values(ascending=False).index).head(8)
    lines = [
        f"As of {origin}: {len(year)} quarters of {year['name'].nunique()} series were reported "
        f"afterwards. The 80 % intervals held "
        + ", ".join(f"{share:.0%} at horizon {h}" for h, share in inside.items())
        + f"; the median log error was {np.log(year['ratio']).median():+.3f}. "
        "The quarters farthest from what was forecast:",
        "",
        "| series | horizon | reported over median | standard deviations |",
        "|---|---|---|---|",
        *(
            f"| {spoken(row['name'])} | {row['horizon']} | {row['ratio']:.2f} | {row['z']:+.1f} |"
            for row in extreme.to_dict("records")
        ),
        "",
        *heard(said, every),
        "",
        f"![What was forecast on {origin}, and what came](forecast_{name}.svg)",
        "",
    ]
    return "\n".join(lines)


def heard(said: ms.forecasting.Forecast, every: ms.Knowledge) -> Iterator[str]:
    """What was forecast without and with statements, what came, and which of them mattered.

    And what would have been forecast had that one alone not been made.
    """
    yield "What companies had said by then, and what it changed (USD bn):"
    yield ""
    yield (
        "| series | quarter to | without statements | with them | came | most moved by "
        "| without that one |"
    )
    yield "|---|---|---|---|---|---|---|"
    alone: dict[str, ms.forecasting.Forecast] = {}
    entities = [s.entity for s in said.series if s.quantity == "quarterly_revenue"]
    for entity in (name for name in COMPARED if name in entities):
        for horizon in (1, 4):
            one = said.explain(entity, horizon=horizon)
            row = said.series.index(one.series)
            values = came(every, one.series, said)
            figures = [
                f"{x / BILLION:.2f}"
                for x in (
                    np.exp(said.unheard.location[row, horizon - 1]),
                    np.exp(one.location),
                    *values[horizon - 1 : horizon],
                )
            ]
            name, log = mover(one, said.statements)
            if name and name not in alone:
                alone[name] = said.without(name)
            rest = np.exp(alone[name].logs.location[row, horizon - 1]) / BILLION if name else 0.0
            told = f"{name}, {log:+.3f} | {rest:.2f}" if name else " | "
            yield (
                f"| {entity} | {one.quarter_end.date()} | {figures[0]} | {figures[1]} "
                f"| {figures[2] if len(figures) > 2 else 'not yet'} | {told} |"
            )


def mover(one: ms.forecasting.Explanation, statements: Collection[str]) -> tuple[str, float]:
    """The statement that moved a forecast most, and the log by which it did; none if none did."""
    parts = [part for part in one.parts if part.label in statements]
    most = max(parts, key=lambda part: abs(part.log), default=None)
    return ("", 0.0) if most is None else (most.label, most.log)


def spoken(name: str) -> str:
    """Revenue by its entity, capital spending by company."""
    quantity, _, entity = name.partition(" ")
    return entity if quantity == "quarterly_revenue" else f"{entity} capex"


def marks(scores: ms.forecasting.Scores) -> str:
    """The table of all series, and that of each."""
    lines = ["| | quarters ahead | " + " | ".join(SCORES.values()) + " |", "|---" * 7 + "|"]
    for row in scores.overall[scores.overall["horizons"].isin(("1", "2-4"))].to_dict("records"):
        figures = (FORMATS[name].format(row[name]) for name in SCORES)
        lines.append(f"| {row['forecaster']} | {row['horizons']} | {' | '.join(figures)} |")
    pooled = scores.skill[(scores.skill["series"] == "all") & (scores.skill["rival"] == BEST)]
    gains = pooled.set_index(["forecaster", "horizons"])["skill"]
    origins = scores.by_origin["origin"]
    lines += [
        "",
        f"{origins.nunique()} origins, {origins.min().date()} to {origins.max().date()}. "
        f"Over the best of the four rivals, CRPS is smaller by {gains['marketsim', '1']:.1%} one "
        f"quarter ahead and by {gains['marketsim', '2-4']:.1%} two to four quarters ahead; that of "
        f"its trend alone is smaller by {gains['its trend alone', '1']:.1%} and by "
        f"{gains['its trend alone', '2-4']:.1%}.",
        "",
        *tests(scores),
        *BARS.groups(scores),
        *BY_ORIGIN.hindsight(scores),
        *BY_ORIGIN.origins(scores),
        *BARS.sums(scores),
        "What was to be reached, and what was:",
        "",
        *BARS.table(scores),
        "",
        "<details><summary>By series, two to four quarters ahead</summary>",
        "",
        *by_series(scores),
        "",
        "</details>",
        "",
    ]
    return "\n".join(lines)


def tests(scores: ms.forecasting.Scores) -> Iterator[str]:
    """Diebold and Mariano on the mean over series at each origin."""
    everything = scores.tests["kind"] == "all"
    rows = scores.tests[everything & (scores.tests["horizons"] != "2-4")]
    ours = rows[rows["forecaster"] == "marketsim"]
    yield "Diebold-Mariano tests of the mean CRPS over series, p-values by horizon:"
    yield ""
    yield "| against | 1 | 2 | 3 | 4 |"
    yield "|---|---|---|---|---|"
    for rival, group in ours.groupby("rival", sort=False):
        p = group.sort_values("horizons")["p_value"]
        yield f"| {rival} | " + " | ".join("<0.001" if x < 1e-3 else f"{x:.3f}" for x in p) + " |"
    yield ""


def by_series(scores: ms.forecasting.Scores) -> Iterator[str]:
    yield "| series | n | CRPS | 80 % coverage | bias | better than its best rival by |"
    yield "|---|---|---|---|---|---|"
    for name, row in scores.series("marketsim").sort_index().iterrows():
        yield (
            f"| {name} | {row['n']:.0f} | {row['crps']:.3f} | {row['coverage']:.0%} "
            f"| {row['bias']:+.3f} | {row['skill']:+.0%} |"
        )


def write(parts: dict[str, str]) -> None:
    """Put each part between its markers in the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, _, rest = text.partition(begin)
        text = head + begin + "\n" + part + end + rest.partition(end)[2]
    PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    every = ms.load_facts()
    parts = {}
    for name, origin in ORIGINS.items():
        said = ms.forecast(ms.calibrate(every, origin))
        parts[name] = told(name, every, said)
        title = f"Forecast on {origin}: 5-95 % and 10-90 %, the median, and what came (dots)"
        figure = sheet(list(panels(every, said)), title)
        (DOCS / f"forecast_{name}.svg").write_text(figure, encoding="utf-8")
    if "--origins" not in sys.argv:
        scores = ms.score_forecasts(every, regimes=ms.scenarios.read_regimes())
        print(scores)
        parts["scores"] = marks(scores)
    for part in parts.values():
        print(part)
    write(parts)


if __name__ == "__main__":
    main()
