"""The DeepSeek day: writes the tables of docs/deepseek_day.md and its figure.

    python docs/deepseek_day.py [--print]

Each part stands between markers of its own. The worlds are those of examples/deepseek_day.py and
some more; `--print` shows the parts and writes nothing.
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
from marketsim.reporting.palette import DOWN, INK, SERIES, UP
from marketsim.reporting.panels import HEIGHT, WIDTH, Panel
from marketsim.reporting.sheet import sheet
from marketsim.reporting.svg import Scale, axes, days, drawing, line, spread, tag

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "deepseek_day.md"
FIGURE: Final = PAGE.with_suffix(".svg")
EXAMPLE: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "examples" / "deepseek_day.py")))

AFTER: Final = "2025-12-31"
"""Until when reports are looked at."""

AFTERWARDS: Final = "2025-02-15"
"""Quarters that end later began about the day or after it."""

CENTRAL: Final = "o1-mini (launch)"
RIVALS: Final = (CENTRAL, "o1-preview", "GPT-4o (Aug)", "Claude 3.5 Sonnet")
SHARES: Final = tuple(0.25 * i for i in range(9))
CUTS: Final = (0.25, 0.5)

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


def worlds() -> dict[str, tuple[float, str]]:
    """The example's worlds, parts of the shock, and cuts of training budgets without it."""
    parts = {f"share_{100 * share:.0f}": (share, "") for share in SHARES}
    cuts = {f"cut_{100 * cut:.0f}": (0.0, f"training_growth = {{ add = {-cut} }}") for cut in CUTS}
    every: dict[str, tuple[float, str]] = EXAMPLE.WORLDS | parts | cuts
    return every


def study() -> SimpleNamespace:
    """Everything that the page shows, from facts of the Friday; and what was reported later."""
    facts = ms.load_facts(as_of=EXAMPLE.FRIDAY)
    price = facts.latest("token_list_price")
    gaps = pd.Series({m: price[f"{m}/output"] / price["DeepSeek R1/output"] for m in RIVALS})
    posterior = ms.calibrate(facts)
    paths = EXAMPLE.simulated(posterior, gaps[CENTRAL], worlds())
    close = ms.load_prices("NVDA", as_of="2025-01-28").closes["NVDA"]
    return SimpleNamespace(
        facts=facts,
        later=ms.load_facts(as_of=AFTER),
        gaps=gaps,
        posterior=posterior,
        forecast=ms.forecast(posterior, quarters=4).table,
        paths=paths,
        worth=EXAMPLE.values(paths),
        day=float(close[EXAMPLE.MONDAY] / close[EXAMPLE.FRIDAY] - 1.0),
    )


def effect(s: SimpleNamespace, shock: str, plain: str = "plain") -> pd.DataFrame:
    """Relative changes by company, as the example has them."""
    table: pd.DataFrame = EXAMPLE.effects(s.paths, s.worth, plain, shock)
    return table


def at(s: SimpleNamespace, elasticity: float) -> pd.DataFrame:
    """The effect of the shock where demand has this elasticity, constant."""
    percent = f"{100 * elasticity:.0f}"
    return effect(s, f"shock_{percent}", f"plain_{percent}")


def nvidia(s: SimpleNamespace, column: str = "value") -> pd.Series:
    """What the shock does to NVIDIA, by elasticity in falling order."""
    return pd.Series({e: at(s, e).loc["NVDA", column] for e in EXAMPLE.ELASTICITIES})


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
    found = {f"{e:.1f}, constant": at(s, e).loc["NVDA"] for e in (0.7, 1.0, 1.4)}
    value = s.posterior.table()["value"]
    own = value[value.index.str.startswith("elasticity")]
    saturated = value["saturated_elasticity"]
    span = f"{own.min():.2f} to {own.max():.2f}"
    found[f"calibrated: {span}, falling to {saturated:.2f}"] = effect(s, "shock").loc["NVDA"]
    for share in (0.5, 2.0):
        size = f"calibrated, a step of ×{s.gaps[CENTRAL] ** share:.1f}"
        found[size] = effect(s, f"share_{100 * share:.0f}").loc["NVDA"]
    rows = [[name, *(percent(x) for x in row)] for name, row in found.items()]
    return table("elasticity of demand | revenue, year 1 | year 5 | five years | value", rows)


def company_part(s: SimpleNamespace) -> str:
    """Companies under the shock, beside their day and the quarters after it."""
    low, one, high, own = at(s, 0.7), at(s, 1.0), at(s, 1.4), effect(s, "shock")
    day = {"NVDA": s.day} | PRESS
    rows = [
        [
            ticker,
            percent(own.loc[ticker, "year 1"], 1),
            *(percent(t.loc[ticker, "year 5"], 1) for t in (low, one, high, own)),
            percent(own.loc[ticker, "value"], 1),
            percent(day[ticker], 1),
            percent(growth(s.later, ticker)),
        ]
        for ticker in day
    ]
    return table(
        "company | year 1 | year 5 at 0.7 | at 1.0 | at 1.4 | calibrated | value | stock that day"
        " | reported after",
        rows,
    )


def growth(later: ms.Knowledge, ticker: str) -> float:
    """Revenue of the quarters after the day against the same quarters a year before."""
    total = later.series("quarterly_revenue", f"{ticker}.total")
    count = int((total.index > AFTERWARDS).sum())
    return float(total.iloc[-count:].sum() / total.iloc[-count - 4 : -4].sum() - 1.0)


def needed_part(s: SimpleNamespace) -> str:
    """What must be true for the model to reproduce the day."""
    constant = EXAMPLE.crossing(nvidia(s), s.day)
    by_revenue = EXAMPLE.crossing(nvidia(s, "five years"), s.day)
    parts = {share: effect(s, f"share_{100 * share:.0f}").loc["NVDA"] for share in SHARES}
    share = EXAMPLE.crossing(pd.Series({k: p["value"] for k, p in parts.items()}), s.day)
    size = s.gaps[CENTRAL]
    least = min(EXAMPLE.ELASTICITIES)
    never = f"none from {least:g} up does it"
    told = [
        ("The whole step, at a constant elasticity of demand", f"{constant:.2f}", never, constant),
        ("The same, for revenue of five years", f"{by_revenue:.2f}", never, by_revenue),
        (
            "Demand as calibrated, and a part of the step",
            f"{share:.2f} of its logarithm, a step of ×{size**share:.1f}",
            f"no step up to ×{size ** max(SHARES):.0f} does it",
            share,
        ),
    ]
    lines = [f"* {what}: {no if math.isnan(x) else yes}." for what, yes, no, x in told]
    cuts = [
        f"{100 * cut:.0f} points a year, {percent(effect(s, cut_name(cut)).loc['NVDA', 'value'])}"
        for cut in CUTS
    ]
    lines.append(f"* No step, but training budgets that grow less for good: by {'; '.join(cuts)}.")
    return "\n".join(lines)


def cut_name(cut: float) -> str:
    """Name of the world whose training budgets grow less."""
    return f"cut_{100 * cut:.0f}"


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
    return s.paths.quarter_ends, s.paths.regime_central[s.paths.scenarios.names.index(world)][
        :, place
    ]


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
    share = EXAMPLE.crossing(pd.Series(curve), total)
    verdict = (
        "more than the model has without any shock"
        if total >= curve[0.0]
        else f"what the model has with {share:.2f} of the shock's logarithm"
    )
    capex = pd.DataFrame(
        {t: s.later.series("quarterly_capex", t) for t in ("AMZN", "GOOGL", "META", "MSFT")}
    ).sum(axis=1)
    now, before = (capex[f"{year}-01-01" : f"{year}-09-30"].sum() / 1e3 for year in (2025, 2024))
    return (
        f"The {len(ends)} quarters that began about the day or later brought {total:.1f} USD bn, "
        f"{percent(growth(s.later, 'NVDA'))} on the year: {verdict} "
        f"({curve[0.0]:.1f} without, {curve[1.0]:.1f} with all of it). Amazon, Alphabet, Meta and "
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
    "companies": company_part,
    "needed": needed_part,
    "after": after_part,
    "null": null_part,
}


def filled(page: str, parts: dict[str, str]) -> str:
    """The page with each part between its markers."""
    for name, part in parts.items():
        begin, end = f"<!-- deepseek {name}: begin -->", f"<!-- deepseek {name}: end -->"
        head, _, rest = page.partition(begin)
        page = f"{head}{begin}\n{part}\n{end}{rest.partition(end)[2]}"
    return page


def figure(s: SimpleNamespace) -> str:
    """Both panels, drawn with what the reports draw with."""
    panels = [revenue_panel(s), elasticity_panel(s)]
    return sheet(panels, "The DeepSeek day: NVIDIA with and without the shock", columns=2)


LEFT, RIGHT, TOP, BOTTOM = 44.0, 62.0, 8.0, 168.0


def revenue_panel(s: SimpleNamespace) -> Panel:
    """Revenue reported, and ahead in four worlds."""
    came = reported(s).loc["2023":]
    before, since = came[: EXAMPLE.FRIDAY], came[EXAMPLE.FRIDAY :]
    ends = s.paths.quarter_ends
    looks = {
        "plain": ("no shock", UP, None),
        "shock": ("shock", DOWN, None),
        "shock_100": ("at 1.0", DOWN, "1.5 3"),
        "shock_70": ("at 0.7", DOWN, "6 3"),
    }
    lines = {name: world_path(s, name)[1][: len(ends)] for name in looks}
    top = max(came.max(), *(path.max() for path in lines.values()))
    first, last = (float(x) for x in days([before.index[0], ends[-1]]))
    x = Scale(first, last, LEFT, WIDTH - RIGHT)
    y = Scale(0.0, 1.04 * top, BOTTOM, TOP)
    drawn = [
        line(
            x.array(days(ends)),
            y.array(lines[name]),
            stroke=colour,
            stroke_dasharray=dash,
            class_="median",
        )
        for name, (_, colour, dash) in looks.items()
    ]
    places = spread([y(lines[name][-1]) + 3.5 for name in looks], 12.0, TOP + 4, BOTTOM)
    told = [
        tag("text", label, x=WIDTH - RIGHT + 5, y=place, fill=colour, class_="end")
        for (label, colour, _), place in zip(looks.values(), places, strict=True)
    ]
    past = line(
        x.array(days(before.index)),
        y.array(before.to_numpy()),
        stroke=INK,
        class_="history",
    )
    dots = [
        tag("circle", cx=x(day), cy=y(value), r=3.2, class_="dot")
        for day, value in zip(days(since.index), since, strict=True)
    ]
    labels = [(v, f"{v:g}") for v in y.ticks()]
    body = [axes(x, y, labels), past, *drawn, *dots, *told]
    shown = drawing(WIDTH, HEIGHT, "NVIDIA's revenue by quarter, USD bn", *body)
    note = "USD bn a quarter; dots: reported after the day"
    return Panel("NVIDIA's revenue", note, shown)


def elasticity_panel(s: SimpleNamespace) -> Panel:
    """The effect on NVIDIA against a constant elasticity of demand."""
    looks = {
        "value": ("value", UP, None),
        "year 5": ("year 5", SERIES[3], "6 3"),
        "year 1": ("year 1", DOWN, "1.5 3"),
    }
    curves = {name: nvidia(s, name).sort_index() for name in looks}
    every = np.concatenate([curve.to_numpy() for curve in curves.values()])
    x = Scale(min(EXAMPLE.ELASTICITIES), max(EXAMPLE.ELASTICITIES), LEFT, WIDTH - RIGHT)
    y = Scale(min(every.min(), s.day) - 0.03, every.max() + 0.03, BOTTOM, TOP)
    grid = [
        tag("path", d=f"M{LEFT} {y(v):.1f}H{x.end}", class_="grid")
        + tag("text", percent(v), x=LEFT - 5, y=y(v) + 3.5, class_="left")
        for v in y.ticks()
    ]
    marks = [
        tag("path", d=f"M{x(v):.1f} {BOTTOM}v4", class_="tick")
        + tag("text", f"{v:g}", x=x(v), y=BOTTOM + 15, class_="mid")
        for v in x.ticks(5)
    ]
    drawn = [
        line(
            x.array(curve.index.to_numpy()),
            y.array(curve.to_numpy()),
            stroke=looks[name][1],
            stroke_dasharray=looks[name][2],
            class_="median",
        )
        for name, curve in curves.items()
    ]
    day = tag("path", d=f"M{LEFT} {y(s.day):.1f}H{x.end}", stroke=INK, fill="none")
    ends = [y(curve.iloc[-1]) + 3.5 for curve in curves.values()] + [y(s.day) + 3.5]
    places = spread(ends, 12.0, TOP + 4, BOTTOM)
    names = [(label, colour) for label, colour, _ in looks.values()] + [("the day", INK)]
    told = [
        tag("text", label, x=x.end + 5, y=place, fill=colour, class_="end")
        for (label, colour), place in zip(names, places, strict=True)
    ]
    body = [*grid, *marks, day, *drawn, *told]
    label = "Effect of the shock on NVIDIA by elasticity of demand"
    shown = drawing(WIDTH, HEIGHT, label, *body)
    return Panel(
        "What the shock does to NVIDIA",
        "change, by constant elasticity of demand",
        shown,
    )


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
