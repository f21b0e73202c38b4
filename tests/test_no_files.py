"""What arrives from outside arrives as an argument: nothing below runs opens a file by itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import Window, fit
from marketsim.calibration.bases import with_bases
from marketsim.calibration.cache import Fitted
from marketsim.calibration.observations import observe
from marketsim.calibration.prior import priors
from marketsim.model import Setting
from marketsim.precision import precise

RECORDED: list[str] = []
RECORDING: list[bool] = []
CODE = (".py", ".pyc", ".so", ".pyd")


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if RECORDING and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        RECORDED.append(os.fsdecode(arguments[0]))


sys.addaudithook(_hook)  # it cannot be taken away, so it sleeps


def ours(path: str) -> bool:
    """Whether a file is anything but code, an installed package or a cache."""
    installed = (sys.base_prefix, sys.prefix)
    system = ("/proc/", "/sys/", "/dev/")
    beyond = (*installed, *system, os.environ["MARKETSIM_CACHE"])
    return not path.endswith(CODE) and not str(Path(path).absolute()).startswith(beyond)


@contextmanager
def opened() -> Iterator[list[str]]:
    """The files of ours that are opened within."""
    RECORDED.clear()
    RECORDING.append(True)
    found: list[str] = []
    try:
        yield found
    finally:
        RECORDING.clear()
        found += sorted({path for path in RECORDED if ours(path)})


def equal(history: ms.backtesting.History) -> pd.Series:
    """Equal weights, by a strategy that looks at all it may."""
    assert len(history.facts.select("quarterly_revenue"))
    assert len(history.facts.universe.companies)
    return pd.Series(1.0 / len(history.tickers), index=list(history.tickers))


def test_loading_is_where_files_are_opened() -> None:
    with opened() as files:
        ms.load_facts()
        ms.load_prices()
    names = {Path(file).name for file in files}
    assert {"companies.csv", "lines.csv", "groups.csv", "chips.csv"} <= names
    assert {"embeddable.csv", "market_statistics.csv"} <= names


def test_nothing_below_opens_one(
    facts: ms.Knowledge,
    posterior: ms.Posterior,
    scenarios: ms.Scenarios,
    paths: ms.Paths,
    prices: ms.prices.Prices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From observations to a decision of a strategy; the search for the mode is left out."""
    once = {f.name: getattr(posterior, f.name) for f in fields(Fitted)}

    def searched(known: ms.Knowledge, window: Window, setting: Setting) -> Fitted:
        series = observe(known, window)
        with precise("float64"):  # as calibrations do, whose program it is
            listed = priors(known, window)
            assert with_bases(listed, known.universe.revenue_map, setting, series)
        return Fitted(**once)

    monkeypatch.setattr(fit, "_calibrated", searched)
    with opened() as files:
        known = ms.calibrate(facts, cache=False)
        ms.forecast(known, quarters=1)
        returns = ms.revalue(paths, prices)
        ms.simulate(scenarios, draws=20, seed=0)
        ms.allocate(returns, ms.CVaR(0.95), max_weight=0.15)
        ms.backtest(equal, prices, facts=facts, start="2022-11-01")
    assert files == []
