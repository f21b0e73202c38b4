"""A small batch: strategies in files, a panel of four tickers, and the bytes that come of it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from marketsim import cli

TICKERS = ("NVDA", "AMD", "MSFT", "META")

HEEDS = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); "
)
"""Who runs tests in the background, or by nohup, hands on that these signals are ignored."""

MAIN = HEEDS + "from marketsim.cli import main; main()"

TRENDS = """
def strategy(history):
    past = history.closes[list(history.tickers)].tail(20)
    best = (past.iloc[-1] / past.iloc[0]).idxmax()
    return {best: 1.0}
"""
EVEN = """
def strategy(history):
    return {ticker: 1.0 / len(history.tickers) for ticker in history.tickers}
"""
BROKEN = """
def strategy(history):
    print("about to fail")
    raise ValueError("no idea")
"""


def batch_file(
    folder: Path,
    more: str = "",
    *,
    strategies: str = '"even.py", "trends.py"',
    costs: str = "0.0, 0.001",
) -> Path:
    """A file of jobs in a folder of its own, with strategies and closes beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in (("even", EVEN), ("trends", TRENDS), ("broken", BROKEN)):
        (folder / f"{name}.py").write_text(source)
    days = pd.bdate_range("2021-01-01", "2021-12-31", name="date")
    steps = np.random.default_rng(0).normal(3e-4, 0.02, (len(days), len(TICKERS)))
    closes = pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), days, list(TICKERS))
    closes.to_csv(folder / "closes.csv")
    file = folder / "jobs.toml"
    file.write_text(
        f"strategies = [{strategies}]\n[periods]\nyear = {{ start = 2021-02-01 }}\n{more}\n"
        f'[grid]\ncost = [{costs}]\nprices = "closes.csv"\n'
    )
    return file


def results(folder: Path) -> dict[str, str]:
    """Digests of all files of jobs and of the summary, by path; nothing of when they were made."""
    files = [*(folder / "jobs").rglob("*"), *folder.glob("summary.*")]
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def hidden(folder: Path) -> list[str]:
    """What is unfinished or says that somebody is at it; the empty file of the lock is neither."""
    left = [*folder.rglob(".*"), *folder.glob("lock.json")]
    return sorted(file.name for file in left if file.name != ".lock")


def command(*arguments: object) -> list[str]:
    """The command `marketsim`, as a process of its own."""
    return [sys.executable, "-c", MAIN, "batch", *map(str, arguments)]


def done(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, once it has ended."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


def done_here(*arguments: object) -> int:
    """The exit code of the command in this process, for what hangs on no process of its own."""
    try:
        cli.main(["batch", *map(str, arguments)])
    except SystemExit as ended:
        return int(ended.code or 0)
