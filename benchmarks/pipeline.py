"""Seconds for each step of the main job, first call and again, in one process.

    python benchmarks/pipeline.py [--draws 10000] [--repeat 3]

"calibrate, kept" finds the calibration in the user's cache folder, where its first call leaves it
unless it was there. The first call of a step compiles it; the rest are what a walk-forward test
pays per date. Worlds per second and the cost of the Jacobian over one run of history are ratios to
quote: absolute seconds hang on the machine.
"""

from __future__ import annotations

import argparse
import platform
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import marketsim as ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    facts = ms.load_facts(as_of="2025-12-31")
    objective = ms.ExpectedReturn() - ms.CVaR(0.95)
    known: dict[str, Any] = {}
    steps: dict[str, Callable[[], Any]] = {
        "calibrate": lambda: ms.calibrate(facts, cache=False),
        "calibrate, kept": lambda: ms.calibrate(facts),
        "load_scenarios": lambda: ms.load_scenarios(known["calibrate"]),
        "simulate": lambda: ms.simulate(known["load_scenarios"], draws=asked.draws),
        "revalue": lambda: ms.revalue(
            known["simulate"], ms.load_prices(known["simulate"].companies)
        ),
        "allocate": lambda: ms.allocate(known["revalue"], objective, max_weight=0.15),
        "sensitivities": lambda: ms.sensitivities(known["allocate"]),
    }
    print(f"{platform.machine()}, Python {platform.python_version()}, {asked.draws:,} draws")
    print(f"{'step':16s}{'first, s':>10s}{'median of rest, s':>20s}")
    for name, step in steps.items():
        first, known[name] = timed(step)
        again = statistics.median(timed(step)[0] for _ in range(asked.repeat))
        print(f"{name:16s}{first:10.2f}{again:20.2f}")
        if name == "simulate":
            print(f"{'':16s}{'worlds per second':>10s}{asked.draws / again:13,.0f}")


def timed(step: Callable[[], Any]) -> tuple[float, Any]:
    begun = perf_counter()
    result = step()
    return perf_counter() - begun, result


if __name__ == "__main__":
    main()
