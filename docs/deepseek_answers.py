"""What the shock of the DeepSeek day does where demand or the model is another.

docs/deepseek_day.py runs it; the worlds are those at the calibrated mode.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import jax
import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.claims.response import hold_spending, spending
from marketsim.claims.worlds import Worlds, posterior_worlds, slack
from marketsim.model import Quarter

ROOT: Final = Path(__file__).parents[1]
EXAMPLE: Final = SimpleNamespace(**runpy.run_path(str(ROOT / "examples" / "deepseek_day.py")))

ELASTICITIES: Final = tuple(round(0.5 + 0.05 * i, 2) for i in range(23))
UNIT: Final = ELASTICITIES.index(1.0)

DRAWS: Final = 200


def powered(worlds: Worlds) -> Worlds:
    """Worlds with a million times the power."""
    power = worlds.state.power
    ample = replace(power, energised=1e6 * power.energised)
    return worlds.with_(replace(worlds.state, power=ample))


FILLS: Final[dict[str, Callable[[Worlds], Worlds]]] = {
    "as it is": lambda w: w,
    "investors keep the growth they expected": lambda w: w.with_(expectation_speed=1e-6),
    "investors look at spot rents alone": lambda w: w.with_(spot_weight=1.0 - 1e-6),
    "orders are due at once": lambda w: w.with_(commitment=1e-6),
    "power in any amount": powered,
    "no limit binds": slack,
    "95 % of the answer to price in a quarter": (
        lambda w: w.with_(demand_adjustment=0.95, passthrough=0.95)
    ),
}
"""Models that differ in one thing, before the shock and after it."""


def by_elasticity(paths: ms.Paths) -> dict[str, Any]:
    """The shock at each constant elasticity while spending is held, and what fills the hole.

    An elasticity set low would kill demand before the shock can tell: news of demand keep spending
    on tokens, without the shock, at what it is as calibrated.
    """
    names, moves = paths.scenarios.names, paths.scenarios.moves
    mode = posterior_worlds(paths.scenarios.posterior, 1, 0)
    both = [moves[names.index(name)] for name in ("plain", "shock")]
    pair = [mode.moved(move) for move in both]
    calibrated = [world.ahead() for world in pair]
    spent = np.repeat(spending(calibrated[0]), len(ELASTICITIES), axis=0)
    fixed = [constant(world) for world in pair]
    quarters, news, gap = held(fixed, spent)
    roomy, _, widest = held([world.with_(saturation=1e3) for world in fixed], spent)
    plain, shocked = (outcomes_of(q, paths) for q in quarters)
    return {
        "at": dict(zip(ELASTICITIES, EXAMPLE.effects(paths, plain, shocked), strict=True)),
        "shocked": dict(zip(ELASTICITIES, shocked.revenue, strict=True)),
        "gap": max(gap.max(), widest.max()),
        "installed": last_compute(quarters),
        "unsaturated": fifth_year(roomy, paths),
        "seen": seen(calibrated, quarters),
        "binding": [np.asarray(q.binding)[0] for q in calibrated],
        "outside": np.asarray(calibrated[0].training_capital / calibrated[0].training)[0],
        "drawn": drawn(paths, both),
        "fills": filled_by(pair, [picked(world, [UNIT]) for world in fixed], news[[UNIT]], paths),
    }


def drawn(paths: ms.Paths, moves: list[np.ndarray]) -> pd.DataFrame:
    """Change of NVIDIA's revenue in draws around the mode, with demand as each has it, [draw]."""
    place, posterior = paths.companies.index("NVDA"), paths.scenarios.posterior
    draws = posterior_worlds(posterior, DRAWS, 0)
    worlds = [draws.moved(move) for move in moves]
    before, after = (revenue_of(world.ahead(), paths)[..., place] for world in worlds)
    spans = {"year 1": slice(4), "five years": slice(20)}
    change = {k: after[:, s].sum(axis=1) / before[:, s].sum(axis=1) - 1 for k, s in spans.items()}
    return pd.DataFrame(change)


def held(pair: list[Worlds], spent: np.ndarray) -> tuple[list[Quarter], np.ndarray, np.ndarray]:
    """Quarters without the shock and with it while spending is held; the news, and the gap left."""
    news, gap = hold_spending(pair[0], spent)
    return [world.ahead(demand=news) for world in pair], news, gap


def last_compute(quarters: list[Quarter]) -> pd.Series:
    """Change of compute installed at the end, by elasticity."""
    before, after = (np.asarray(q.compute)[:, -1] for q in quarters)
    return pd.Series(after / before - 1.0, list(ELASTICITIES))


def fifth_year(quarters: list[Quarter], paths: ms.Paths) -> pd.Series:
    """Change of NVIDIA's revenue in the fifth year, by elasticity."""
    place = paths.companies.index("NVDA")
    before, after = (revenue_of(q, paths)[:, 16:20, place].sum(axis=1) for q in quarters)
    return pd.Series(after / before - 1.0, list(ELASTICITIES))


def seen(calibrated: list[Quarter], quarters: list[Quarter]) -> pd.DataFrame:
    """What investors see in the first year: rents, and the growth of demand they come to expect."""
    where = {"calibrated": (calibrated, 0)} | {
        f"{e:.1f}, constant": (quarters, ELASTICITIES.index(e)) for e in (1.0, 0.7)
    }
    found = {}
    for name, (pair, i) in where.items():
        rents = [float(np.asarray(q.rent)[i, :4].mean()) for q in pair]
        growth = [float(np.asarray(q.expected_growth)[i, 2]) for q in pair]
        found[name] = [rents[1] / rents[0] - 1.0, *growth]
    columns = ["rent", "without", "with"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def constant(worlds: Worlds) -> Worlds:
    """One world for each elasticity, which demand keeps."""
    each = np.array(ELASTICITIES)
    return picked(worlds, [0] * len(each)).with_(
        elasticity=each[:, None], saturated_elasticity=each
    )


def picked(worlds: Worlds, places: list[int]) -> Worlds:
    """Some of several worlds, or one of them many times."""
    parts = (worlds.assumptions, worlds.state, worlds.history, worlds.link)
    assumptions, state, history, link = jax.tree.map(lambda x: x[np.array(places)], parts)
    return replace(worlds, assumptions=assumptions, state=state, history=history, link=link)


def outcomes_of(quarters: Quarter, paths: ms.Paths) -> ms.simulation.Outcomes:
    """What valuation takes of worlds, with companies' own lives as in the calibrated one."""
    owner = np.asarray(paths.scenarios.posterior.setting.lines.owner)
    seen = {name: np.asarray(x) for name, x in ms.simulation.kept(owner, quarters).items()}
    lives = np.broadcast_to(paths.calibrated.lives, seen["lines"].shape)
    return ms.simulation.outcomes(seen, lives)


def revenue_of(quarters: Quarter, paths: ms.Paths) -> np.ndarray:
    """Revenue, USD bn, [world, quarter, company]."""
    owner = np.asarray(paths.scenarios.posterior.setting.lines.owner)
    revenue: np.ndarray = np.asarray(quarters.lines) @ owner.T
    return revenue


def filled_by(
    calibrated: list[Worlds], unit: list[Worlds], news: np.ndarray, paths: ms.Paths
) -> pd.DataFrame:
    """What the shock does to NVIDIA's revenue in models that differ from this in one thing."""
    place = paths.companies.index("NVDA")
    found = {}
    for name, change in FILLS.items():
        kinds = ((calibrated, np.zeros_like(news)), (unit, news))
        ratio = []
        for pair, given in kinds:
            quarters = [change(world).ahead(demand=given) for world in pair]
            before, after = (revenue_of(q, paths)[0, :, place] for q in quarters)
            ratio += [after[:n].sum() / before[:n].sum() - 1.0 for n in (4, 20)]
        found[name] = ratio
    columns = ["year 1", "five years", "year 1 at 1.0", "five years at 1.0"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)
