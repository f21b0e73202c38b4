"""Event days: writes the tables of docs/events.md.

    python docs/events.py [--print]

Each part stands between markers of its own. Kinds of news are regimes of docs/events.toml, all in
one simulation, and the days stand in events_news.py. `--print` shows the parts and writes nothing.
"""

from __future__ import annotations

import argparse
import math
import runpy
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import numpy as np
import pandas as pd

import marketsim as ms

DOCS: Final = Path(__file__).parent
PAGE: Final = DOCS / "events.md"
KINDS: Final = DOCS / "events.toml"
DAY: Final = SimpleNamespace(**runpy.run_path(str(DOCS / "deepseek_day.py")))
RANKS: Final = SimpleNamespace(**runpy.run_path(str(DOCS / "events_ranks.py")))
NEWS: Final = RANKS.NEWS
AS_OF: Final = "2025-12-31"
MARKET: Final = "SPY"
DRAWS: Final = 40

INELASTIC: Final = "elasticity = { set = 0.8 }\nsaturated_elasticity = { set = 0.79 }"
STEPS: Final = {
    "calm": (0.0, ""),
    "efficiency": (1.0, ""),
    "calm_inelastic": (0.0, INELASTIC),
    NEWS.INELASTIC: (1.0, INELASTIC),
}
"""Share of the logarithm of DeepSeek's step, and other shifts."""

AGAINST: Final = {"efficiency": "calm", NEWS.INELASTIC: "calm_inelastic"}
"""What steps of efficiency are held against; other news is held against the calibrated world."""


def study(posterior: ms.Posterior, prices: ms.prices.Prices) -> SimpleNamespace:
    """What each kind of news is worth to companies, in logs of equity, and how they moved."""
    world = ms.revalue(simulated(posterior), prices, anchor="unshifted").world
    listed, facts = world.economics.index, posterior.knowledge
    five = [np.log(x.revenue.sum(axis=1)) for x in (world.paths.centres, world.paths.calibrated)]
    rows = facts.select("one_day_move")
    rows = rows.assign(date=rows["date"].dt.strftime("%Y-%m-%d"), value=rows["value"] / 100.0)
    moves = rows.pivot(index="date", columns="entity", values="value")
    return SimpleNamespace(
        worth=apart(world, world.shifts / world.economics["equity_share"].to_numpy()),
        sold=apart(world, (five[0] - five[1])[:, world.columns]),
        moves=moves[listed],
        market=moves[MARKET],
        news=rows.groupby("date")["note"].first(),
        beta=prices.statistics["beta"].reindex(listed),
        share=facts.latest("company_ai_share").reindex(listed).fillna(0.0),
        layer=facts.universe.companies["layer"].reindex(listed),
        companies=facts.universe.companies["company"],
    )


def simulated(posterior: ms.Posterior) -> ms.Paths:
    """Worlds of every kind of news."""
    size = math.log(step())
    told = [DAY.EXAMPLE.regime(n, k * size, more, posterior) for n, (k, more) in STEPS.items()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "regimes.toml"
        file.write_text("\n".join([KINDS.read_text(encoding="utf-8"), *told]), encoding="utf-8")
        return ms.simulate(ms.load_scenarios(posterior, file, normalise=True), draws=DRAWS, seed=0)


def step() -> float:
    """DeepSeek's step of efficiency, as docs/deepseek_day.md has it."""
    price = ms.load_facts(as_of=DAY.EXAMPLE.FRIDAY).latest("token_list_price")
    return float(price[f"{DAY.CENTRAL}/output"] / price["DeepSeek R1/output"])


def apart(world: ms.valuation.Valuation, logs: np.ndarray) -> pd.DataFrame:
    """Logs [regime, company] less those of what a kind is held against, [company x kind]."""
    table = pd.DataFrame(logs, world.paths.scenarios.names, world.economics.index).T
    kinds = [name for name in table if name not in AGAINST.values()]
    return pd.DataFrame({k: table[k] - (table[AGAINST[k]] if k in AGAINST else 0.0) for k in kinds})


def on_its_friday() -> pd.DataFrame:
    """What the steps are worth on the Friday before DeepSeek's day, in logs, [company x kind]."""
    paths = DAY.EXAMPLE.simulated(
        ms.calibrate(ms.load_facts(as_of=DAY.EXAMPLE.FRIDAY)), step(), STEPS
    )
    value = ms.valuation.enterprise_values(paths, paths.centres).map(math.log).T
    value.columns = pd.Index(paths.scenarios.names)
    return pd.DataFrame({k: value[k] - value[other] for k, other in AGAINST.items()})


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign; a dash for none."""
    text = f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return "–" if math.isnan(value) else text


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Rows as a table in Markdown."""
    return str(DAY.table(" | ".join(columns).replace("_", ", "), rows))


def days_part(s: SimpleNamespace) -> str:
    """Rank correlations day by day."""
    rows, by = [], {}
    for case in [*NEWS.DAYS, *NEWS.days_of(NEWS.INELASTIC)]:
        day, kind, sign = case
        told = kind.replace("_", ", ") + ("" if sign > 0 else ", the opposite")
        by = RANKS.compared(s, case)
        value, *others = (signed(x) for x in by.values())
        first = [day, s.news[day], told, f"{len(RANKS.moved(s, case))}"]
        spy, p = DAY.percent(s.market[day], 1), f"{RANKS.chance(s, [case]):.2f}"
        rows.append([*first, spy, value, p, *others])
    return table(["day", "news", "kind", "companies", MARKET, "value", "p", *list(by)[1:]], rows)


def pooled_part(s: SimpleNamespace) -> str:
    """The same, over days of a kind and over all."""
    groups = {kind.replace("_", ", "): NEWS.days_of(kind) for kind in s.worth}
    groups["all, efficiency as calibrated"] = list(NEWS.DAYS)
    rows, by = [], pd.DataFrame()
    for name, cases in groups.items():
        by = pd.DataFrame([RANKS.compared(s, case) for case in cases])
        mean, error = by.mean().map(signed), by.sem()
        if len(cases) > 1:
            for column in ("value", "beyond beta", "without the named", "by beta"):
                mean[column] += f" ± {error[column]:.2f}"
        rows.append([name, f"{len(cases)}", mean["value"], f"{RANKS.chance(s, cases):.3f}"])
        rows[-1] += list(mean[1:])
    return table(["kind", "days", "value", "p", *by.columns[1:]], rows)


def thesis_part(s: SimpleNamespace) -> str:
    """Every kind of news against days of every kind, beyond beta."""
    days = {kind: NEWS.days_of(kind) for kind in s.worth if kind != NEWS.INELASTIC}
    days["tariffs, pandemic"] = list(NEWS.CONTROLS)
    rows = []
    for name, cases in days.items():
        moves = [RANKS.moved(s, case) for case in cases]
        by = [[RANKS.beyond(s.worth[kind], m, s.beta) for m in moves] for kind in s.worth]
        rows.append([name, *(signed(float(np.mean(found))) for found in by)])
    return table(["days of", *s.worth], rows)


def layers_part(s: SimpleNamespace) -> str:
    """What news is worth by layer, and what the market made of it, per cent."""
    rows = pd.DataFrame(index=s.layer.unique())
    for kind in s.worth:
        market = pd.concat([RANKS.over_beta(s, case) for case in NEWS.days_of(kind)], axis=1)
        model, came = (
            (100.0 * x).groupby(s.layer).mean().map(lambda x: signed(x, 1))
            for x in (s.worth[kind], market.mean(axis=1))
        )
        rows[kind] = model + " / " + came
    return table(["layer", *s.worth], [[str(name), *row] for name, row in rows.T.items()])


def misses_part(s: SimpleNamespace) -> str:
    """Companies that the model ranks farthest from where the market did, in percentiles."""
    rows = []
    for kind in s.worth:
        miss = RANKS.misses(s, kind)
        ends = [miss.iloc[:-5:-1], miss.iloc[:4]]
        told = (", ".join(f"{t} {signed(100 * x, 0)}" for t, x in end.items()) for end in ends)
        rows.append([kind.replace("_", ", "), *told])
    return table(["kind", "the market has them higher", "the model has them higher"], rows)


def deepseek_part(s: SimpleNamespace, friday: pd.DataFrame) -> str:
    """The step of 27 January 2025 by layer, at its own date and at the latest."""
    moves = RANKS.moved(s, NEWS.days_of("efficiency")[0])
    told = friday.add_suffix(" then").join(s.worth[list(AGAINST)])
    layers = told.groupby(s.layer).mean().loc[s.layer.unique()]
    by_day = moves.groupby(s.layer).mean()
    rows = [
        [str(n), *(signed(100 * x, 0) for x in row), signed(100 * by_day[n], 1)]
        for n, row in layers.iterrows()
    ]
    rows.append(["rank correlation", *(signed(RANKS.alike(told[k], moves)) for k in told), ""])
    beyond = (signed(RANKS.beyond(told[k], moves, s.beta)) for k in told)
    rows.append(["beyond beta", *beyond, ""])
    dates = [f"{date}, {kind}" for date in ("2025-01-24", AS_OF) for kind in ("calibrated", "0.8")]
    return table(["layer", *dates, "market"], rows)


PARTS: Final[dict[str, Callable[[SimpleNamespace], str]]] = {
    "pooled": pooled_part,
    "days": days_part,
    "thesis": thesis_part,
    "layers": layers_part,
    "misses": misses_part,
}


def filled(page: str, parts: dict[str, str]) -> str:
    """The page with each part between its markers."""
    return str(DAY.filled(page, parts, "events"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="show the parts, write nothing")
    only_shown = parser.parse_args().print
    posterior = ms.calibrate(ms.load_facts(as_of=AS_OF))
    found = study(posterior, ms.load_prices(as_of=AS_OF))
    parts = {name: write(found) for name, write in PARTS.items()}
    parts["deepseek"] = deepseek_part(found, on_its_friday())
    if only_shown:
        print("\n\n".join(f"{name}\n{part}" for name, part in parts.items()))
        return
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")


if __name__ == "__main__":
    main()
