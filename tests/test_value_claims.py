"""C19 and C20: what companies are worth on days of news, as the theses have it."""

from __future__ import annotations

import math
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.precision import precise
from marketsim.valuation import Valuation, statement
from marketsim.valuation.worlds import sales

LIVES = """
[plain]
probability = 0.5
thesis = "Servers live as long as the books say."
[plain.shifts]
[short]
probability = 0.5
thesis = "Half as long."
[short.shifts]
accounting_life = { multiply = 0.5 }
"""

INELASTIC = "elasticity = { set = 0.8 }\nsaturated_elasticity = { set = 0.79 }"
DAY = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parents[1] / "examples" / "deepseek_day.py"))
)

PRODUCERS = ("accelerators", "foundry", "memory", "networking", "servers", "power_equipment")

Valued = Callable[[str], Valuation]


@pytest.fixture(scope="module")
def valued(
    posterior: ms.Posterior,
    published: ms.forecasting.Forecast,
    prices: ms.prices.Prices,
    tmp_path_factory: pytest.TempPathFactory,
) -> Valued:
    """What companies are worth under regimes of one's own."""

    def found(regimes: str) -> Valuation:
        file = tmp_path_factory.mktemp("regimes") / "regimes.toml"
        file.write_text(regimes, encoding="utf-8")
        wanted = ms.load_scenarios(posterior, Path(file), normalise=True)
        paths = ms.simulate(wanted, draws=20, seed=0, forecast=published)
        world: Valuation = ms.revalue(paths, prices).world
        return world

    return found


def test_shorter_lives_cost_those_who_own_fleets(valued: Valued) -> None:
    """C20: earnings and value fall, in the order of fleet over cash flow, and nobody else's."""
    found = valued(LIVES)
    with precise("float64"):
        sold = sales(found.paths.centres, found.columns, found.expected)
        told = jax.vmap(statement, in_axes=(None, None, 0))(found.assumed, found.terms, sold)
        told = jax.tree.map(np.asarray, told)
    profit = told.profit[:, 0]
    cash = told.profit[0, 0] - told.tax[0, 0] + told.depreciation[0, 0]
    names = found.economics.index
    lost = pd.Series(profit[1] - profit[0], names) / np.abs(profit[0])
    value = pd.Series(found.shifts[1] - found.shifts[0], names)
    weight = found.economics["fleet"] / cash
    owners = weight > 0.0
    assert owners.sum() > 4
    assert (lost[~owners] == 0.0).all()
    np.testing.assert_allclose(value[~owners], 0.0, atol=1e-9)
    assert (lost[owners] < -0.05).all()
    assert (value[owners] < 0.0).all()
    assert lost[owners].corr(-weight[owners], "spearman") > 0.8
    assert value[owners].corr(-weight[owners], "spearman") > 0.6


def test_a_step_of_efficiency_where_demand_is_not_elastic(
    posterior: ms.Posterior, valued: Valued
) -> None:
    """C19: who makes what compute is made of loses, and who uses compute least or nothing."""
    steps = {"plain": 0.0, "step": math.log(5.0)}
    told = (DAY.regime(name, step, INELASTIC, posterior) for name, step in steps.items())
    found = valued("".join(told))
    change = pd.Series(found.shifts[1] - found.shifts[0], found.economics.index)
    layer = found.paths.scenarios.posterior.knowledge.universe.companies["layer"]
    by_layer = change.groupby(layer.reindex(change.index)).mean()
    assert (by_layer[list(PRODUCERS)] < -0.01).all()
    users = change[["META", "GOOGL", "MSFT"]]
    assert users.mean() > max(0.0, by_layer[list(PRODUCERS)].max())
    assert users.min() > by_layer["accelerators"]
