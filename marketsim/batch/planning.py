"""What is to be done: each job with the hash of all that enters it, which names its folder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.backtesting.benchmarks import require_benchmark
from marketsim.backtesting.loading import load_strategy, source_of
from marketsim.backtesting.market import Market, panel_digest, regimes_digest
from marketsim.backtesting.rebalancing import decision_rows
from marketsim.batch.inputs import market_for, prices_of
from marketsim.batch.job import Job
from marketsim.errors import BusyError, InputError, MarketsimError
from marketsim.provenance import code_hash, data_hash, float64, versions
from marketsim.sources import Unreachable

ONE_DAY: Final = pd.Timedelta(days=1)
HOLIDAYS: Final = 2
"""Weekdays in a row on which exchanges are closed at most, but for catastrophes."""

__all__ = ["Task", "plan", "surroundings"]

SHOWN = 12
"""Letters of the hash that names a folder."""


@dataclass(frozen=True)
class Task:
    """A job, the name of its folder, and all that enters it.

    `early` says which closes are not there yet of the period that was asked for; empty for none.
    """

    job: Job
    name: str
    identity: dict[str, Any]
    early: str = ""


def plan(jobs: Iterable[Job]) -> tuple[Task, ...]:
    """Return tasks, each once: jobs into which the same enters are one.

    Raises
    ------
    InputError
        All that prices or facts do not have of what jobs ask for, and strategies that do not run.
    BusyError
        Nothing is wrong but that the source of prices cannot be reached.
    """
    tasks: dict[str, Task] = {}
    faults: dict[str, str] = {}
    away: list[bool] = []
    digests, jobs = _Digests(), tuple(jobs)
    for strategy in dict.fromkeys(job.strategy for job in jobs):
        try:
            _require_sound(strategy)
        except (MarketsimError, OSError) as error:
            faults[str(error)] = "strategies"
            away.append(False)
    for job in jobs:
        try:
            task = _task(job, digests)
        except (MarketsimError, OSError) as error:
            where = f"period '{job.period}', universe '{job.universe}', prices {job.prices}"
            faults.setdefault(str(error), where)
            away.append(isinstance(error.__cause__, Unreachable))
        else:
            tasks.setdefault(task.name, task)
    if faults:
        kind = BusyError if all(away) else InputError
        raise kind("\n".join(f"{where}: {says}" for says, where in faults.items()))
    return tuple(tasks.values())


def _require_sound(strategy: str) -> None:
    """Refuse a strategy whose file does not run; what it prints is of no interest yet."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        load_strategy(strategy)


def surroundings() -> dict[str, Any]:
    """Return what enters any job here: marketsim's code and data, and what it computes with."""
    found = {"code": code_hash("."), "data": data_hash(), "versions": versions()}
    return {**found, "float64": float64()}


class _Digests:
    """Hashes of prices and facts up to a day, and what enters any job; each found once."""

    def __init__(self) -> None:
        self.surroundings = surroundings()
        self.found: dict[tuple[object, ...], dict[str, str]] = {}

    def of(self, job: Job, market: Market) -> dict[str, str]:
        last = market.rows[-1]
        key = (job.prices, job.facts, job.tickers, job.believe, last)
        if key not in self.found:
            self.found[key] = {
                "prices": panel_digest(market.closes),
                "facts": market.facts.upto(last).digest,
            }
        return self.found[key]


def _task(job: Job, digests: _Digests) -> Task:
    shown = re.sub(r"[^A-Za-z0-9_.-]", "_", job.name)  # for any disk, and for a link as it stands
    if early := _early(job, prices_of(job)[1].closes.index[-1]):
        told = json.dumps(job.settings(), sort_keys=True)
        digest = hashlib.sha256(told.encode()).hexdigest()[:SHOWN]
        return Task(job, f"{shown}-{job.start}-{job.end}-{digest}", {}, early)
    market = market_for(job)
    decision_rows(market.rows, job.when, market.traded)
    if job.benchmark is not None:
        require_benchmark(job.benchmark, market)
    start, end = (f"{date:%Y-%m-%d}" for date in (market.rows[0], market.rows[-1]))
    identity = {
        "strategy": job.name,
        "arguments": {
            "start": start,
            "end": end,
            "tickers": list(market.universe),
            "rebalance": job.rebalance,
            "cost": job.cost,
            "spread": job.spread,
            "benchmark": job.benchmark,
            "cash_yield": job.cash_yield,
        },
        "sha256": {
            "strategy": _file_digest(source_of(job.strategy)),
            **digests.of(job, market),
            **({} if market.regimes is None else {"scenarios": regimes_digest(market.regimes)}),
        },
        "splits": hashlib.sha256(market.splits.to_csv(index=False).encode()).hexdigest(),
        **digests.surroundings,
    }
    text = json.dumps(identity, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:SHOWN]
    return Task(job, f"{shown}-{start}-{end}-{digest}", identity)


def _early(job: Job, last: pd.Timestamp) -> str:
    """Return what is missing of a period whose end was named; holidays and weekends are not.

    Or of one that has not begun.
    """
    if job.end is None and job.start is not None and pd.Timestamp(job.start) > last:
        return f"closes reach to {last:%Y-%m-%d}, and the period begins on {job.start}"
    if job.end is None:
        return ""
    after, until = (np.datetime64(day + ONE_DAY, "D") for day in (last, pd.Timestamp(job.end)))
    if np.busday_count(after, until) <= HOLIDAYS:
        return ""
    return (
        f"closes reach to {last:%Y-%m-%d}, and the period ends on {job.end}: not all are there "
        "yet; leave out its end for what is"
    )


def _file_digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
