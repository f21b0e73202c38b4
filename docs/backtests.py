"""Write the table of strategies in docs/backtesting.md: every one that ships over the same years.

    python docs/backtests.py PANEL

PANEL holds adjusted daily closes of the companies (see docs/prices.md). Decisions are kept, so that
a second run takes a minute.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from marketsim.cli import environment

environment.prepare_jax()

import marketsim as ms  # noqa: E402

PAGE = Path(__file__).with_name("backtesting.md")
BEGIN, END = "<!-- strategies: python docs/backtests.py -->", "<!-- end -->"
START, LAST, WHEN, COST = "2021-01-04", "2024-12-31", "quarterly", 10 * ms.backtesting.BPS
COLUMNS = {
    "annual_return": "return a year",
    "annual_volatility": "volatility",
    "sharpe_ratio": "Sharpe",
    "max_drawdown": "largest fall",
    "annual_turnover": "turnover",
    "active_return": "over the market",
    "information_ratio": "information ratio",
}
BARE = ("sharpe_ratio", "information_ratio")


def main(panel: str) -> None:
    """Walk every strategy, and write the table."""
    facts, prices = ms.load_facts(), ms.load_prices(source=panel)
    tickers = [t for t in facts.universe.companies.index if t in prices.tickers]
    rows = {}
    for name in ms.backtesting.strategy_names():
        result = ms.backtest(
            name,
            prices,
            facts=facts,
            tickers=tickers,
            start=START,
            end=LAST,
            rebalance=WHEN,
            cost=COST,
        )
        rows[name] = result.summary[name]
        print(name, file=sys.stderr)
    rows["the market"] = result.summary["market"]
    table = pd.DataFrame(rows).T.sort_values("sharpe_ratio", ascending=False)
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{markdown(table)}\n{END}{after}", encoding="utf-8")


def markdown(table: pd.DataFrame) -> str:
    """Return measures by strategy as a table of Markdown."""
    lines = [
        "| strategy | " + " | ".join(COLUMNS.values()) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, row in table.iterrows():
        shown = [_shown(measure, row[measure]) for measure in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _shown(measure: str, value: float) -> str:
    if not np.isfinite(value):
        return ""
    return f"{value:.2f}" if measure in BARE else f"{100 * value:.0f} %"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panel", help="adjusted daily closes")
    main(parser.parse_args().panel)
