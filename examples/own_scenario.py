"""Argue with an assumption: a regime of your own, and what it does to revenue."""

import tempfile
from pathlib import Path

import numpy as np

import marketsim as ms

REGIMES = """
[consensus]
probability = 0.7
thesis = "As calibrated."

[glut]
probability = 0.3
thesis = "Efficiency doubles while agents disappoint."
[glut.shifts]
algorithmic_growth = { add = 0.7 }
"task_growth[agentic]" = { multiply = 0.3 }
hurdle_rate = { set = 0.20 }
"""

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "mine.toml"
    file.write_text(REGIMES, encoding="utf-8")
    posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"))
    scenarios = ms.load_scenarios(posterior, file)

paths = ms.simulate(scenarios, draws=1_000, seed=0)
for regime in scenarios.names:
    revenue = paths.revenue[paths.regimes == regime].sum(axis=-2) / 5.0  # USD bn a year
    print(f"\n{regime}: mean revenue 2026-2030 a year, USD bn, 10 % / median / 90 %")
    for ticker in ("NVDA", "MU", "VRT", "CEG", "MSFT"):
        spread = np.percentile(revenue[:, paths.companies.index(ticker)], [10, 50, 90])
        print(f"  {ticker:5s}", *(f"{value:8.1f}" for value in spread))
