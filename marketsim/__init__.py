"""If computing gets cheaper, who earns what, and what should I own.

A structural model of AI infrastructure, differentiable from facts to returns, and an allocation
over its worlds. `load_facts -> calibrate -> load_scenarios -> simulate -> revalue -> allocate`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marketsim.allocation import (
        Allocation,
        CVaR,
        ExpectedReturn,
        Variance,
        WorstRegime,
        allocate,
        limits,
        terms,
    )
    from marketsim.assumptions import describe_assumptions
    from marketsim.backtesting import BacktestResult, History, backtest
    from marketsim.calibration import Posterior, calibrate
    from marketsim.claims import evaluate_claims
    from marketsim.errors import MarketsimError
    from marketsim.forecasting import Forecast, Scores, forecast, score_forecasts
    from marketsim.knowledge import Facts, Knowledge, load_facts
    from marketsim.model import Assumptions
    from marketsim.prices import Prices, load_prices
    from marketsim.returns import ReturnScenarios
    from marketsim.scenarios import Scenarios, load_scenarios
    from marketsim.sensitivity import sensitivities
    from marketsim.simulation import Paths, simulate
    from marketsim.valuation import revalue
    from marketsim.views import view

_HOMES = {
    "allocation": (
        "Allocation",
        "CVaR",
        "ExpectedReturn",
        "Variance",
        "WorstRegime",
        "allocate",
        "limits",
        "terms",
    ),
    "assumptions": ("describe_assumptions",),
    "backtesting": ("BacktestResult", "History", "backtest"),
    "calibration": ("Posterior", "calibrate"),
    "claims": ("evaluate_claims",),
    "errors": ("MarketsimError",),
    "knowledge": ("Facts", "Knowledge", "load_facts"),
    "forecasting": ("Forecast", "Scores", "forecast", "score_forecasts"),
    "model": ("Assumptions",),
    "prices": ("Prices", "load_prices"),
    "returns": ("ReturnScenarios",),
    "scenarios": ("Scenarios", "load_scenarios"),
    "sensitivity": ("sensitivities",),
    "simulation": ("Paths", "simulate"),
    "valuation": ("revalue",),
    "views": ("view",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Allocation",
    "Assumptions",
    "BacktestResult",
    "CVaR",
    "ExpectedReturn",
    "Facts",
    "Forecast",
    "History",
    "Knowledge",
    "MarketsimError",
    "Paths",
    "Posterior",
    "Prices",
    "ReturnScenarios",
    "Scenarios",
    "Scores",
    "Variance",
    "WorstRegime",
    "allocate",
    "backtest",
    "calibrate",
    "describe_assumptions",
    "evaluate_claims",
    "forecast",
    "limits",
    "load_facts",
    "load_prices",
    "load_scenarios",
    "revalue",
    "score_forecasts",
    "sensitivities",
    "simulate",
    "terms",
    "view",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, and nothing before."""
    if name == "__version__":
        try:
            return version("marketsim")
        except PackageNotFoundError:
            return "unknown"
    if name not in _HOME:
        raise AttributeError(f"module 'marketsim' has no attribute '{name}'")
    value = getattr(import_module(f"marketsim.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
