"""Tables that are named by their paths: scenarios, weights and layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from marketsim.returns import ReturnScenarios

__all__ = ["held_at", "returns_at", "sorted_by", "weights_at"]


def returns_at(path: Path) -> pd.DataFrame:
    """A table of draws; names of regimes are read as they stand, `NA` too."""
    from marketsim.tables import read_frame

    return read_frame(path, "returns", words=("regime", "regimes"))


def weights_at(path: Path) -> dict[str, float]:
    """A table of weights by ticker, fractions of the whole."""
    from marketsim.weights import read_weights

    return read_weights(path)


def sorted_by(path: Path | None, scenarios: ReturnScenarios) -> ReturnScenarios:
    """Scenarios that know the layer of every ticker but cash, from a table of them."""
    from dataclasses import replace

    from marketsim.returns import CASH
    from marketsim.weights import read_layers

    if path is None:
        return scenarios
    layers = read_layers(path, [ticker for ticker in scenarios.tickers if ticker != CASH])
    return replace(scenarios, layers=layers)


def held_at(path: Path | None) -> dict[str, dict[str, float]]:
    """A table of what is held, as a run takes it: ``current`` weights or numbers of ``shares``."""
    from marketsim.weights import read_shares, read_weights, tells_shares

    if path is None:
        return {}
    return {"shares": read_shares(path)} if tells_shares(path) else {"current": read_weights(path)}
