"""The whole way in one call: facts to a run folder with results and a report."""

from __future__ import annotations

from .decision import Decision, decide
from .pipeline import Run, run
from .stresses import StressTest, stress_test

__all__ = ["Decision", "Run", "StressTest", "decide", "run", "stress_test"]
