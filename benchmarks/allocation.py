"""Seconds and memory of least mean-CVaR weights, beside other libraries, on one core each.

    python benchmarks/allocation.py [--sizes 20x10000 200x10000] [--only marketsim skfolio]

Minimises CVaR at 95 % less the expected return, long-only, at most 15 % in a name. Every library
runs in a process of its own on the same draws; those that are not installed are passed over
(extra `bench`; PyPortfolioOpt and Riskfolio-Lib by themselves). "whole" is marketsim without its
reduction of draws. Memory is the peak of the process beyond what it held before, the draws among
that (on Linux, where the mark can be reset). The objective is computed from the weights by
marketsim's own measure.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

import marketsim as ms

SIZES: Final = ("20x1000", "20x10000", "20x100000", "200x1000", "200x10000", "200x100000")
LEVEL, CAP = 0.95, 0.15
PATIENCE: Final = 20.0
"""Seconds after which a measurement is not repeated."""

Solve = Callable[[np.ndarray], np.ndarray]


def draws_of(companies: int, draws: int) -> np.ndarray:
    """Heavy-tailed yearly returns with common factors, [draw, company]."""
    chance = np.random.default_rng(companies + draws)
    common, own = chance.standard_t(4, (draws, 5)), chance.standard_t(4, (draws, companies))
    loads, drift = chance.normal(0.0, 0.03, (5, companies)), chance.normal(0.05, 0.03, companies)
    return np.maximum(common @ loads + 0.06 * own + drift, -0.95)


def by_marketsim(returns: np.ndarray) -> np.ndarray:
    tickers = tuple(f"A{i}" for i in range(returns.shape[1]))
    scenarios = ms.ReturnScenarios(returns, tickers)
    aim = ms.ExpectedReturn() - ms.CVaR(LEVEL)
    return np.asarray(ms.allocate(scenarios, aim, max_weight=CAP, time_limit=600.0).weights)


def by_the_whole(returns: np.ndarray) -> np.ndarray:
    ms.allocate  # noqa: B018 (loads the package whose reduction is switched off)
    sys.modules["marketsim.allocation.reduction"].SMALL = 10**9  # type: ignore[attr-defined]
    return by_marketsim(returns)


def by_skfolio(returns: np.ndarray) -> np.ndarray:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_measure=RiskMeasure.CVAR,
        cvar_beta=LEVEL,
        risk_aversion=1.0,
        max_weights=CAP,
    )
    return np.asarray(model.fit(returns).weights_)


def by_pyportfolioopt(returns: np.ndarray) -> np.ndarray:
    from pypfopt import EfficientCVaR

    mean = returns.mean(axis=0)
    model: Any = EfficientCVaR(mean, returns, beta=LEVEL, weight_bounds=(0.0, CAP))
    model.add_objective(lambda w: -mean @ w)
    weights = model.min_cvar()
    return np.array(list(weights.values()))


def by_riskfolio(returns: np.ndarray) -> np.ndarray:
    import pandas as pd
    import riskfolio

    model: Any = riskfolio.Portfolio(returns=pd.DataFrame(returns), upperlng=CAP, alpha=1 - LEVEL)
    model.solvers = ["CLARABEL"]
    model.assets_stats(method_mu="hist", method_cov="hist")
    found = model.optimization(model="Classic", rm="CVaR", obj="Utility", rf=0, l=1, hist=True)
    return np.asarray(found["weights"])


LIBRARIES: Final[dict[str, tuple[str, Solve]]] = {
    "marketsim": ("marketsim", by_marketsim),
    "whole": ("marketsim", by_the_whole),
    "skfolio": ("skfolio", by_skfolio),
    "PyPortfolioOpt": ("pypfopt", by_pyportfolioopt),
    "Riskfolio-Lib": ("riskfolio", by_riskfolio),
}


def from_now() -> float:
    """KiB held now, from which the peak is measured anew."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> float:
    """Most that was held, KiB."""
    status = Path("/proc/self/status")
    if status.exists():
        return float(status.read_text().split("VmHWM:")[1].split()[0])
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure(name: str, size: str) -> dict[str, float]:
    """Seconds (median of up to five), MiB, and the objective of the weights."""
    companies, draws = (int(n) for n in size.split("x"))
    solve = LIBRARIES[name][1]
    solve(draws_of(companies, 200))  # imports and first calls
    returns = draws_of(companies, draws)
    before = from_now()
    seconds: list[float] = []
    while not seconds or (len(seconds) < 5 and sum(seconds) < PATIENCE):
        begun = perf_counter()
        weights = solve(returns)
        seconds.append(perf_counter() - begun)
    memory = (peak() - before) / 1024.0
    outcomes = np.sort(returns @ weights)
    tail = outcomes[: round((1.0 - LEVEL) * draws)]
    return {
        "seconds": statistics.median(seconds),
        "MiB": memory,
        "objective": float(returns.mean(axis=0) @ weights + tail.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--only", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    parser.add_argument("--limit", type=float, default=400.0, help="seconds for each")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)  # in a process of its own
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(*asked.measure)))
        return
    there = [name for name in asked.only if find_spec(LIBRARIES[name][0])]
    print(f"{'':12s}{'':16s}{'seconds':>10s}{'MiB':>8s}{'objective':>14s}")
    for size in asked.sizes:
        for name in there:
            print(f"{size:12s}{name:16s}{told(name, size, asked.limit)}", flush=True)


def told(name: str, size: str, limit: float) -> str:
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    call = [sys.executable, __file__, "--measure", name, size]
    try:
        done = subprocess.run(
            call, env=alone, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{'over':>6s} {limit:.0f} s"
    if done.returncode:
        return "   failed: " + done.stderr.strip().splitlines()[-1][:80]
    found = json.loads(done.stdout.splitlines()[-1])
    return f"{found['seconds']:10.3f}{found['MiB']:8.0f}{found['objective']:14.8f}"


if __name__ == "__main__":
    main()
