"""Own what statements move most: companies whose own words and peers' lift their forecast.

Guidance, backlog and plans are heard by the forecast, each by how far what was said before came
true. What they add to the revenue of the quarters ahead, beyond trend and model, is news that
prices take a while to believe (Bernard and Thomas 1989, on earnings).

The worlds are those of paradox_cvar, with the same hindsight.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

HORIZONS = (1, 2, 3, 4)


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights leant by what statements add to the log of revenue over the quarters ahead."""
    said = ms.forecast(ms.calibrate(history.facts))
    scores = pd.Series(float("nan"), index=list(history.tickers))
    for ticker in history.tickers:
        try:
            scores[ticker] = sum(said.explain(ticker, horizon=h).heard for h in HORIZONS)
        except ms.MarketsimError:  # nothing is forecast of it
            continue
    known = scores.notna().any()
    return ms.backtesting.tilted(scores) if known else ms.backtesting.equally(history.tickers)
