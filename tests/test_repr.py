"""What a session prints of a result is a line that says what it is, and not its arrays."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import marketsim as ms
from marketsim.backtesting import BacktestResult, History
from marketsim.derivatives import Sensitivities
from marketsim.runs.decision import decide

LARGE = ("DataFrame", "ndarray", "NDArray", "Floats", "FloatArray", "Paths", "Posterior")
"""What fields of results are of that nobody wants printed."""

INSIDE = tuple(f"marketsim.{n}" for n in ("model", "ensemble", "observables", "cli", "reporting"))
"""Packages whose objects no user is handed: arrays of the model, what is fitted, parts of pages."""


def public() -> Iterator[type]:
    """Every dataclass that a package of marketsim names in its `__all__`."""
    for found in pkgutil.iter_modules(ms.__path__, "marketsim."):
        if found.name.startswith(INSIDE):
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            one = getattr(module, name)
            if inspect.isclass(one) and dataclasses.is_dataclass(one):
                yield one


def large(one: type) -> bool:
    kinds = [str(field.type) for field in dataclasses.fields(one)]
    return any(word in kind for kind in kinds for word in LARGE if "Callable" not in kind)


def test_no_public_result_prints_its_arrays() -> None:
    """The `__repr__` that a dataclass makes by itself prints all fields; it wraps another."""
    results = {one for one in public() if large(one)}
    assert {ms.Paths, ms.Posterior, ms.Scenarios, ms.valuation.Valuation} <= results
    assert [one.__qualname__ for one in results if hasattr(one.__repr__, "__wrapped__")] == []


def frame(columns: str = "AB", rows: int = 500) -> pd.DataFrame:
    index = pd.bdate_range("2024-01-01", periods=rows, name="date")
    return pd.DataFrame(0.5, index=index, columns=list(columns))


def walked() -> BacktestResult:
    table, line = frame(), frame("A")["A"]
    few = table.iloc[::50]
    return BacktestResult(
        "equal", few, table, line, line, line, table, line, table, line, frame(rows=9)
    )


@pytest.mark.slow
def test_every_result_of_a_session_is_a_line(
    posterior: ms.Posterior,
    scenarios: ms.Scenarios,
    paths: ms.Paths,
    prices: ms.prices.Prices,
    returns: ms.ReturnScenarios,
    facts: ms.Knowledge,
) -> None:
    """Companies, draws, horizon and date, where it has them."""
    decision = decide(returns, limits={"max_weight": 0.2})
    day = pd.Timestamp("2025-12-31")
    results: dict[str, Any] = {
        "Posterior(30 companies": posterior,
        "Identification(": posterior.identified(),
        "Scenarios(bull": scenarios,
        "Paths(600 draws x": paths,
        "Outcomes(600 worlds x": paths.draws,
        "Prices(30 companies": prices,
        "ReturnScenarios(600 draws x 30": returns,
        "Valuation(600 draws x 30 companies, a year ahead": returns.world,
        "Allocation(": decision.choice,
        "Decision(Allocation(": decision,
        "Sensitivities(500 assumptions": Sensitivities(*5 * (frame(),)),
        "BacktestResult(equal, 2024-01-01": walked(),
        "History(2025-12-31": History(day, frame(), facts, frame().iloc[0], ("A", "B")),
        "Knowledge(": facts,
        "Universe(30 companies": facts.universe,
        "RevenueMap(30 companies": facts.universe.revenue_map,
    }
    for begins, one in results.items():
        assert repr(one).startswith(begins), repr(one)[:200]
        assert repr(one).count("\n") + 1 < 15
        assert len(repr(one)) < 400
    for one in (posterior, scenarios, paths, prices, returns.world):
        assert "as of 2025-12-31" in repr(one)
