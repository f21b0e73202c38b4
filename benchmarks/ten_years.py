"""What benchmarks of backtests walk through: the companies of a panel with ten years of closes."""

from __future__ import annotations

import argparse

import pandas as pd

import marketsim as ms

__all__ = ["asked_for"]


def asked_for(purpose: str) -> tuple[ms.Knowledge, pd.DataFrame, str]:
    """Return facts, closes from two years before the start, and the start, of the command line."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("panel")
    parser.add_argument("--start", default="2016-01-04")
    asked = parser.parse_args()
    facts, whole = ms.load_facts(), ms.load_prices(source=asked.panel).closes
    names = [t for t in facts.universe.companies.index if t in whole.columns]
    closes = whole[names].loc[pd.Timestamp(asked.start) - pd.DateOffset(years=2) :].dropna(axis=1)
    print(f"{closes.shape[1]} companies from {asked.start} to {closes.index[-1].date()}")
    return facts, closes, str(asked.start)
