"""The DeepSeek day: writes the tables of docs/deepseek_day.md and its figure.

    python docs/deepseek_day.py [--print]

Each part stands between markers of its own. The shock is that of examples/deepseek_day.py; here it
meets demand of other elasticities too. `--print` shows the parts and writes nothing.
"""

from __future__ import annotations

import argparse
import math
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.model.units import LIMITS
from marketsim.precision import precise

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "deepseek_day.md"
FIGURE: Final = PAGE.with_suffix(".svg")
EXAMPLE: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "examples" / "deepseek_day.py")))
ANSWERS: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "deepseek_answers.py")))
DRAWN: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "deepseek_figure.py")))

AFTER: Final = "2025-12-31"
"""Until when reports are looked at."""

AFTERWARDS: Final = "2025-02-15"
"""Quarters that end later began about the day or after it."""

CENTRAL: Final = "o1-mini (launch)"
RIVALS: Final = (CENTRAL, "o1-preview", "GPT-4o (Aug)", "Claude 3.5 Sonnet")
SHARES: Final = tuple(0.25 * i for i in range(9))
CUTS: Final = {
    "outside capital for training grows 50 points a year less": "training_growth = { add = -0.5 }",
    "half as much of what tokens earn goes into training": (
        "training_reinvestment = { multiply = 0.5 }"
    ),
    "a quarter as much": "training_reinvestment = { multiply = 0.25 }",
}

WORLDS: Final[dict[str, tuple[float, str]]] = (
    {"plain": (0.0, ""), "shock": (1.0, "")}
    | {f"share_{100 * share:.0f}": (share, "") for share in SHARES}
    | {f"cut_{i}": (0.0, text) for i, text in enumerate(CUTS.values())}
)
"""Share of the shock's logarithm, and other shifts; demand as calibrated."""

PRESS: Final = {
    "AVGO": -0.174,
    "ORCL": -0.14,
    "SMCI": -0.13,
    "MSFT": -0.021,
    "GOOGL": -0.042,
    "CEG": -0.21,
    "VST": -0.283,
}
"""Returns of the day as the press gave them, unverified; the page names the articles."""

ENERGY_2010_18: Final = 1.06
"""Of data centres, from the note of the row on instances (Masanet et al. 2020)."""


def study() -> SimpleNamespace:
    """Everything that the page shows, from facts of the Friday; and what was reported later."""
    facts = ms.load_facts(as_of=EXAMPLE.FRIDAY)
    price = facts.latest("token_list_price")
    gaps = pd.Series({m: price[f"{m}/output"] / price["DeepSeek R1/output"] for m in RIVALS})
    posterior = ms.calibrate(facts)
    paths = EXAMPLE.simulated(posterior, gaps[CENTRAL], WORLDS)
    worlds = {name: paths.centres[i : i + 1] for i, name in enumerate(paths.scenarios.names)}
    close = ms.load_prices("NVDA", as_of="2025-01-28").closes["NVDA"]
    with precise("float64"):
        answers = ANSWERS.by_elasticity(paths)
    return SimpleNamespace(
        facts=facts,
        later=ms.load_facts(as_of=AFTER),
        gaps=gaps,
        posterior=posterior,
        forecast=ms.forecast(posterior, quarters=4).table,
        paths=paths,
        worlds=worlds,
        effects=dict(
            zip(worlds, EXAMPLE.effects(paths, worlds["plain"], paths.centres), strict=True)
        ),
        day=float(close[EXAMPLE.MONDAY] / close[EXAMPLE.FRIDAY] - 1.0),
        **answers,
    )


def nvidia(s: SimpleNamespace, column: str = "value") -> pd.Series:
    """What the shock does to NVIDIA, by constant elasticity in falling order."""
    return pd.Series({e: s.at[e].loc["NVDA", column] for e in reversed(ANSWERS.ELASTICITIES)})


def part_of(s: SimpleNamespace, share: float) -> pd.DataFrame:
    """Effect of a share of the shock's logarithm, demand as calibrated."""
    effect: pd.DataFrame = s.effects[f"share_{100 * share:.0f}"]
    return effect


def percent(value: Any, digits: int = 0) -> str:
    """A signed percentage; a dash for what is not known."""
    if math.isnan(value):
        return "–"
    text = f"{100 * value:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")
    return text if text.strip("+\N{MINUS SIGN}0. %") else f"{0:.{digits}f} %"


def table(head: str, rows: list[list[str]]) -> str:
    """Rows as a table in Markdown; ``head`` parts its columns by bars."""
    columns = [name.strip() for name in head.split("|")]
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def size_part(s: SimpleNamespace) -> str:
    """List prices against R1's."""
    price = s.facts.latest("token_list_price")
    rows = [
        [name, f"{price[f'{name}/input']:g}", f"{price[f'{name}/output']:g}", f"{gap:.1f}"]
        for name, gap in s.gaps.items()
    ]
    r1 = ["DeepSeek R1", f"{price['DeepSeek R1/input']:g}", f"{price['DeepSeek R1/output']:g}", "1"]
    head = "list price, USD per million tokens | in | out | output against R1's"
    return table(head, [r1, *rows])


def nvidia_part(s: SimpleNamespace) -> str:
    """NVIDIA under the shock, by elasticity."""
    found = {f"{e:.1f}, constant": s.at[e].loc["NVDA"] for e in (0.7, 1.0, 1.4)}
    value = s.posterior.table()["value"]
    own = value[value.index.str.startswith("elasticity")]
    span = f"{own.min():.2f} to {own.max():.2f}"
    label = f"calibrated: {span}, falling to {value['saturated_elasticity']:.2f}"
    for share in (1.0, 0.5, 2.0):
        size = label if share == 1.0 else f"calibrated, a step of ×{s.gaps[CENTRAL] ** share:.1f}"
        found[size] = part_of(s, share).loc["NVDA"]
    rows = [[name, *(percent(x) for x in row)] for name, row in found.items()]
    return table("elasticity of demand | revenue, year 1 | year 5 | five years | value", rows)


def turns_part(s: SimpleNamespace) -> str:
    """Where the answer to the shock turns, by constant elasticity."""
    told = {
        "revenue of the first year": nvidia(s, "year 1"),
        "of all five": nvidia(s, "five years"),
        "of the fifth": nvidia(s, "year 5"),
        "compute installed at its end": s.installed[::-1],
    }
    turns = [f"{what} at {EXAMPLE.crossing(curve, 0.0):.2f}" for what, curve in told.items()]
    free = EXAMPLE.crossing(s.unsaturated[::-1], 0.0)
    return (
        f"The sign turns for {', '.join(turns)}. Without saturation the fifth year turns at "
        f"{free:.2f}."
    )


def drawn_part(s: SimpleNamespace) -> str:
    """How far draws around the mode differ."""
    spans = []
    for name in s.drawn:
        low, middle, high = (percent(x) for x in np.percentile(s.drawn[name], [10, 50, 90]))
        falls = 100 * (s.drawn[name] < 0.0).mean()
        spans.append(f"{name}, {middle} ({low} to {high}), a fall in {falls:.0f} %")
    return f"In {len(s.drawn)} draws around the mode, medians and 80 %: {'; '.join(spans)}."


def seen_part(s: SimpleNamespace) -> str:
    """What investors see in the first year."""
    rows = [
        [name, percent(row["rent"]), f"{row['without']:.2f}", f"{row['with']:.2f}"]
        for name, row in s.seen.iterrows()
    ]
    return table(
        "elasticity of demand | rent of compute, year 1 | growth of demand that investors expect in"
        " the third quarter, logs a year: without the shock | with it",
        rows,
    )


def fills_part(s: SimpleNamespace) -> str:
    """What the shock does in models that differ in one thing."""
    rows = [[name, *(percent(x) for x in row)] for name, row in s.fills.iterrows()]
    return table("NVIDIA's revenue | " + " | ".join(s.fills.columns), rows)


def limits_part(s: SimpleNamespace) -> str:
    """What holds deliveries back, without the shock and with it."""
    years = [[world[4 * y : 4 * y + 4].mean(axis=0) for world in s.binding] for y in range(5)]
    rows = [
        [f"{y + 1}", *(f"{100 * a:.0f} → {100 * b:.0f} %" for a, b in zip(*pair, strict=True))]
        for y, pair in enumerate(years)
    ]
    return table("year | " + " | ".join(LIMITS), rows)


def company_part(s: SimpleNamespace) -> str:
    """Companies under the shock, beside their day and the quarters after it."""
    own = part_of(s, 1.0)
    day = {"NVDA": s.day} | PRESS
    rows = [
        [
            ticker,
            percent(own.loc[ticker, "year 1"], 1),
            *(
                percent(t.loc[ticker, "five years"], 1)
                for t in (s.at[0.7], s.at[1.0], s.at[1.4], own)
            ),
            percent(own.loc[ticker, "value"], 1),
            percent(day[ticker], 1),
            percent(growth(s.later, ticker)),
        ]
        for ticker in day
    ]
    return table(
        "company | year 1 | five years at 0.7 | at 1.0 | at 1.4 | calibrated | value"
        " | stock that day | reported after",
        rows,
    )


def growth(later: ms.Knowledge, ticker: str) -> float:
    """Revenue of the quarters after the day against the same quarters a year before."""
    total = later.series("quarterly_revenue", f"{ticker}.total")
    count = int((total.index > AFTERWARDS).sum())
    return float(total.iloc[-count:].sum() / total.iloc[-count - 4 : -4].sum() - 1.0)


def needed_part(s: SimpleNamespace) -> str:
    """What must be true for the model to reproduce the day."""
    parts = {share: part_of(s, share).loc["NVDA", "value"] for share in SHARES}
    size, least = s.gaps[CENTRAL], min(ANSWERS.ELASTICITIES)
    told = {
        "The whole step, at a constant elasticity of demand": (
            EXAMPLE.crossing(nvidia(s), s.day),
            "{:.2f}",
            f"none from {least:g} up does it",
        ),
        "The same, for revenue of five years": (
            EXAMPLE.crossing(nvidia(s, "five years"), s.day),
            "{:.2f}",
            f"none from {least:g} up does it",
        ),
        "Demand as calibrated, and a part of the step": (
            EXAMPLE.crossing(pd.Series(parts), s.day),
            "{:.2f} of its logarithm",
            f"no step up to ×{size ** max(SHARES):.0f} does it",
        ),
    }
    lines = [
        f"* {what}: {no if math.isnan(x) else yes.format(x)}."
        for what, (x, yes, no) in told.items()
    ]
    for i, name in enumerate(CUTS):
        lost = percent(s.effects[f"cut_{i}"].loc["NVDA", "value"])
        lines.append(f"* No step, and {name}: {lost}.")
    return "\n".join(lines)


def fiscal(s: SimpleNamespace, world: str, end: pd.Timestamp) -> float:
    """Revenue of a world in NVIDIA's quarter that ends on a day, USD bn; NaN before the future."""
    ends, revenue = world_path(s, world)
    first = s.posterior.window.history_ends[-1]
    days = np.array([(day - first).days for day in [first, *ends, end]], dtype=float)
    sums = np.concatenate([[0.0], np.cumsum(revenue)])
    start = days[-1] - 91.0
    if start < 0.0:
        return math.nan
    return float(np.diff(np.interp([start, days[-1]], days[:-1], sums))[0])


def world_path(s: SimpleNamespace, world: str) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """NVIDIA's revenue in a world, USD bn by calendar quarter."""
    place = s.paths.companies.index("NVDA")
    return s.paths.quarter_ends, s.worlds[world].revenue[0, :, place]


def reported(s: SimpleNamespace) -> pd.Series:
    """NVIDIA's revenue as reported by the end of 2025, USD bn."""
    total: pd.Series = s.later.series("quarterly_revenue", "NVDA.total") / 1e3
    return total


def after_part(s: SimpleNamespace) -> str:
    """The quarters after, forecast and reported."""
    said = s.forecast[s.forecast["entity"] == "NVDA.total"].set_index("quarter_end")
    came = reported(s)
    rows = [
        [
            f"{end:%Y-%m-%d}",
            f"{row['p50'] / 1e3:.1f} ({row['p10'] / 1e3:.1f} to {row['p90'] / 1e3:.1f})",
            *(dashed(fiscal(s, world, end)) for world in ("plain", "shock")),
            f"{came[end]:.1f}",
            percent(came[end] / (row["p50"] / 1e3) - 1.0),
        ]
        for end, row in said.iterrows()
        if end in came.index
    ]
    head = (
        "NVIDIA's quarter, USD bn | forecast of the Friday, 80 % | model, no shock | with the shock"
        " | reported | against the forecast"
    )
    return table(head, rows) + "\n\n" + sums(s, came)


def dashed(value: float) -> str:
    """A number of USD bn, or a dash."""
    return "–" if math.isnan(value) else f"{value:.1f}"


def sums(s: SimpleNamespace, came: pd.Series) -> str:
    """The quarters that began about the day, together; and capital spending."""
    ends = came.index[came.index > AFTERWARDS]
    total = float(came[ends].sum())
    curve = {k: sum(fiscal(s, f"share_{100 * k:.0f}", end) for end in ends) for k in SHARES}
    least = min(curve.values())
    verdict = "less" if total < least else "no less"
    capex = pd.DataFrame(
        {t: s.later.series("quarterly_capex", t) for t in ("AMZN", "GOOGL", "META", "MSFT")}
    ).sum(axis=1)
    now, before = (capex[f"{year}-01-01" : f"{year}-09-30"].sum() / 1e3 for year in (2025, 2024))
    return (
        f"The {len(ends)} quarters that began about the day or later brought {total:.1f} USD bn, "
        f"{percent(growth(s.later, 'NVDA'))} on the year: {verdict} than the model has at any part "
        f"of the shock ({curve[0.0]:.1f} without it, {curve[1.0]:.1f} with all of it, {least:.1f} "
        f"at the least). Amazon, Alphabet, Meta and "
        f"Microsoft spent {now:.0f} USD bn on capital in the first three quarters of 2025, "
        f"{percent(now / before - 1.0)} on the year."
    )


def null_part(s: SimpleNamespace) -> str:
    """2010-18: what elasticity the years without a rebound in energy ask for."""
    trend = s.facts.latest("trend")
    instances = 1.0 + trend["rebound: data-centre compute instances 2010-18"] / 100.0
    years = trend["hardware: FP32 FLOP/s per USD doubling time"]
    saved, cheaper = instances / ENERGY_2010_18, 2.0 ** (8.0 / years)
    flat, bound = (math.log(instances) / math.log(x) for x in (saved, cheaper))
    return (
        f"Instances grew ×{instances:g} on {percent(ENERGY_2010_18 - 1)} energy, so energy per "
        f"instance fell ×{saved:.1f}. If the price of an instance fell as much and nothing but "
        f"price drove demand, its elasticity was {flat:.2f}: the unit elasticity at which the "
        f"model keeps energy flat. If the price fell with arithmetic per dollar, ×{cheaper:.0f} "
        f"in eight years, it was {bound:.2f}; and every other reason to want more lowers both."
    )


PARTS: Final[dict[str, Callable[[SimpleNamespace], str]]] = {
    "size": size_part,
    "nvidia": nvidia_part,
    "turns": turns_part,
    "drawn": drawn_part,
    "seen": seen_part,
    "fills": fills_part,
    "limits": limits_part,
    "companies": company_part,
    "needed": needed_part,
    "after": after_part,
    "null": null_part,
}


def filled(page: str, parts: dict[str, str], study: str = "deepseek") -> str:
    """The page with each part between its markers, which name the study."""
    for name, part in parts.items():
        begin, end = f"<!-- {study} {name}: begin -->", f"<!-- {study} {name}: end -->"
        head, _, rest = page.partition(begin)
        page = f"{head}{begin}\n{part}\n{end}{rest.partition(end)[2]}"
    return page


def figure(s: SimpleNamespace) -> str:
    """NVIDIA's revenue by world, and what the shock changes by elasticity."""
    ends, place = s.paths.quarter_ends, s.paths.companies.index("NVDA")
    paths = {name: world_path(s, name)[1] for name in ("plain", "shock")}
    paths |= {f"at {e:.1f}": s.shocked[e][:, place] for e in (1.0, 0.7)}
    names = ("five years", "year 5", "year 1")
    curves = pd.DataFrame({name: nvidia(s, name) for name in names}).sort_index()
    drawn: str = DRAWN.figure(
        reported(s).loc["2023":], EXAMPLE.FRIDAY, pd.DataFrame(paths, index=ends), curves, s.day
    )
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="show the parts, write nothing")
    only_shown = parser.parse_args().print
    found = study()
    parts = {name: write(found) for name, write in PARTS.items()}
    if only_shown:
        print("\n\n".join(f"{name}\n{part}" for name, part in parts.items()))
        return
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    FIGURE.write_text(figure(found), encoding="utf-8")


if __name__ == "__main__":
    main()
