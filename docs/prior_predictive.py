"""What the priors say of history before a figure of it is fitted, against what was reported.

    python docs/prior_predictive.py [--as-of 2025-12-31] [--draws 400] [--seed 0]

Draws worlds from the priors of a date, news included, runs the four years before it, writes
docs/prior_predictive.svg, and prints for each quantity how many reports lie within the bands and
how wide these are. Reports count whenever they were published: nothing here is fitted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.reporting.palette import UP
from marketsim.reporting.panels import HEIGHT, WIDTH, Panel
from marketsim.reporting.sheet import sheet
from marketsim.reporting.svg import Scale, area, axes, days, drawing, line, tag

FILE: Final = Path(__file__).with_suffix(".svg")
LEVELS: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
OWNERS: Final = ("AMZN", "MSFT", "GOOGL", "META")
DESIGNERS: Final = ("Nvidia", "Google", "Amazon", "AMD")
PANELS: Final = {
    "owner capex": "four owners, USD bn per quarter",
    "NVIDIA data centre": "USD bn per quarter",
    "installed compute": "million H100e",
    "H100 rent": "USD per hour",
    "inference share": "percent of running compute",
    "AI load": "GW of servers and network, at peak",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as-of", default="2025-12-31")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    posterior = ms.calibrate(ms.load_facts(), asked.as_of)
    worlds, ends = drawn(posterior, asked.draws, asked.seed), posterior.window.history_ends
    reports = reported(ms.load_facts())
    print(summary(worlds, reports, ends).to_string(float_format="{:.2f}".format))
    panels = [panel(name, unit, worlds[name], reports[name], ends) for name, unit in PANELS.items()]
    title = f"Prior-predictive history at {asked.as_of}: 5-95 % and 25-75 % of {asked.draws} worlds"
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(sheet(panels, f"{title}; dots: reported"), encoding="utf-8")


def drawn(posterior: ms.Posterior, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Return the paths of each panel, [draw, quarter]: assumptions and news both drawn."""
    x = np.random.default_rng(seed).standard_normal((draws, len(posterior.mode)))
    then = ms.ensemble.histories(x, posterior.coordinates, posterior.setting)
    seen, lines = then.quarters, posterior.revenue_map
    names = [entry.name for entry in posterior.entries]
    pue = 1.0 + np.exp(then.link[:, names.index("power_overhead")])
    return {
        "owner capex": seen.owner_capex,
        "NVIDIA data centre": seen.lines @ lines.series()["NVDA.data_center"],
        "installed compute": seen.compute,
        "H100 rent": seen.rent,
        "inference share": 100.0 * seen.inference_share,
        "AI load": seen.load / pue[:, None],
    }


def reported(facts: ms.Knowledge) -> dict[str, pd.Series]:
    """Return what was reported of each panel, by date."""
    capex = together(facts.select("quarterly_capex"), OWNERS) / 1e3
    power = together(facts.select("installed_power"), DESIGNERS) / 1e3
    shares = facts.select("inference_share")
    shares = shares[shares["entity"].isin(["Deloitte", "NVIDIA"])]
    return {
        "owner capex": capex,
        "NVIDIA data centre": facts.series("quarterly_revenue", "NVDA.data_center") / 1e3,
        "installed compute": together(facts.select("installed_h100e"), DESIGNERS) / 1e6,
        "H100 rent": facts.series("gpu_rental_price", "H100"),
        "inference share": shares.set_index("date")["value"].sort_index(),
        "AI load": power,
    }


def together(rows: pd.DataFrame, entities: tuple[str, ...]) -> pd.Series:
    """Return sums over ``entities`` where all are known."""
    wide = rows[rows["entity"].isin(entities)].pivot(index="date", columns="entity", values="value")
    return wide.dropna().sum(axis=1)


def summary(
    worlds: dict[str, np.ndarray], reports: dict[str, pd.Series], ends: pd.DatetimeIndex
) -> pd.DataFrame:
    """Return how many reports lie within the 90 % and 50 % bands, and the bands' last width."""
    rows = {}
    for name, paths in worlds.items():
        bands = np.quantile(paths, LEVELS, axis=0)
        inside = within(reports[name], ends)
        place = np.interp(days(inside.index), days(ends), np.arange(len(ends)))
        at = [np.interp(place, np.arange(len(ends)), band) for band in bands]
        value = inside.to_numpy()
        rows[name] = {
            "reports": len(inside),
            "in 90 %": float(((value > at[0]) & (value < at[4])).mean()),
            "in 50 %": float(((value > at[1]) & (value < at[3])).mean()),
            "median / last": float(bands[2, -1] / value[-1]),
            "p95 / p05 first": float(bands[4, 0] / bands[0, 0]),
            "p95 / p05 last": float(bands[4, -1] / bands[0, -1]),
        }
    return pd.DataFrame(rows).T


def within(series: pd.Series, ends: pd.DatetimeIndex) -> pd.Series:
    """Return the reports of the window."""
    return series[(series.index >= ends[0]) & (series.index <= ends[-1] + pd.Timedelta(days=7))]


def panel(
    name: str, unit: str, paths: np.ndarray, reports: pd.Series, ends: pd.DatetimeIndex
) -> Panel:
    """Return bands of the priors in powers of ten, shares straight, and reports as dots."""
    bands, told = np.quantile(paths, LEVELS, axis=0), within(reports, ends)
    lowest, highest = min(bands.min(), told.min()), max(bands.max(), told.max())
    share = name == "inference share"
    low, high = (0.0, 100.0) if share else (0.8 * lowest, 1.25 * highest)
    dates = days(ends)
    x = Scale(float(dates[0]), float(dates[-1]), 40.0, WIDTH - 12.0)
    y = Scale(low, high, 168.0, 8.0, not share)
    xs, (p05, p25, p50, p75, p95) = x.array(dates), [y.array(band) for band in bands]
    dots = [
        tag("circle", cx=x(when), cy=y(float(value)), r=2.6, class_="dot")
        for when, value in zip(days(told.index), told, strict=True)
    ]
    figure = drawing(
        WIDTH,
        HEIGHT,
        f"{name}, {unit}: bands of the priors, and reports",
        axes(x, y, [(value, f"{value:,.10g}") for value in y.ticks()]),
        area(xs, p05, p95, fill=UP, class_="outer"),
        area(xs, p25, p75, fill=UP, class_="inner"),
        line(xs, p50, stroke=UP, class_="median"),
        *dots,
    )
    return Panel(name, unit if share else f"{unit}; powers of ten", figure)


if __name__ == "__main__":
    main()
