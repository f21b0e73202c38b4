"""The whole way in one call: facts to a run folder with results and a report."""

from __future__ import annotations

from .answers import Answer, answered
from .backtests import compare_backtests
from .comparison import Comparison, compare
from .decision import Decision, decide
from .implied import ImpliedHistory, implied_history, implied_now
from .implied import to_json as implied_json
from .pipeline import Run, run
from .stresses import StressTest, stress_test

__all__ = [
    "Answer",
    "Comparison",
    "Decision",
    "ImpliedHistory",
    "Run",
    "StressTest",
    "answered",
    "compare",
    "compare_backtests",
    "decide",
    "implied_history",
    "implied_json",
    "implied_now",
    "run",
    "stress_test",
]
