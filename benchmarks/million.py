"""Seconds and memory from regimes to an allocation over a million draws.

    python benchmarks/million.py [--draws 1000000] [--chunk 5000]

Calibration is taken from the user's cache folder, where it was kept. Memory is the peak of the
process (on Linux, where the mark can be reset): what it holds before is told first. The objective
is computed again from the weights and all draws, by sorting them.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import numpy as np

import marketsim as ms

LEVEL, CAP = 0.95, 0.15

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=5_000)
    asked = parser.parse_args()
    scenarios = ms.load_scenarios(ms.calibrate(ms.load_facts(as_of="2025-12-31")))
    prices = ms.load_prices(scenarios.posterior.companies)
    print(f"{platform.machine()}, Python {platform.python_version()}, {asked.draws:,} draws")
    print(f"{'step':18s}{'seconds':>10s}{'peak, MiB':>12s}")
    print(f"{'before':18s}{'':10s}{peak():12,.0f}", flush=True)
    returns = measured(
        "simulate_returns",
        lambda: ms.valuation.simulate_returns(
            scenarios,
            prices,
            asked.draws,
            chunk=asked.chunk,
            progress=lambda step: print(f"\r{step:40s}", end="", file=sys.stderr, flush=True),
        ),
    )
    aim = ms.ExpectedReturn() - ms.CVaR(LEVEL)
    choice = measured(
        "allocate", lambda: ms.allocate(returns, aim, max_weight=CAP, time_limit=600.0)
    )
    direct = objective(returns, np.asarray(choice.weights))
    print(f"{returns!r}: {returns.returns.nbytes / 2**20:,.0f} MiB of returns")
    print(f"{choice!r}")
    print(f"certified within {choice.certificate.duality_gap:.1e} over all draws; computed again ")
    print(f"from the weights it is {choice.objective - direct:+.1e} away")


def measured(name: str, step: Callable[[], T]) -> T:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    begun = perf_counter()
    result = step()
    print(f"\r{name:18s}{perf_counter() - begun:10.1f}{peak():12,.0f}", flush=True)
    return result


def peak() -> float:
    """Most that was held, MiB."""
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0]) / 1024.0


def objective(returns: ms.ReturnScenarios, weights: np.ndarray) -> float:
    """Expected return less what is lost on average in the worst of all draws."""
    outcomes, odds = returns.returns @ weights, returns.probabilities
    order = np.argsort(outcomes)
    before = np.cumsum(odds[order]) - odds[order]
    tail = np.clip(1.0 - LEVEL - before, 0.0, odds[order])
    return float(odds @ outcomes + tail @ outcomes[order] / (1.0 - LEVEL))


if __name__ == "__main__":
    main()
