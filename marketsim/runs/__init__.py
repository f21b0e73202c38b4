"""The whole way in one call: facts to a run folder with results and a report."""

from __future__ import annotations

from .answers import Answer, answered
from .decision import Decision, decide
from .implied import ImpliedHistory, implied_history, implied_now
from .implied import to_json as implied_json
from .pipeline import Run, run
from .stresses import StressTest, stress_test

__all__ = [
    "Answer",
    "Decision",
    "ImpliedHistory",
    "Run",
    "StressTest",
    "answered",
    "decide",
    "implied_history",
    "implied_json",
    "implied_now",
    "run",
    "stress_test",
]
