"""Tables of a run: paths as rows, and fans by regime."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.scenarios import Scenarios
from marketsim.simulation import WORLD, Paths
from marketsim.valuation import Valuation

__all__ = ["paths_table", "revenue_fan", "scenario_table", "value_table", "world_fan"]

PERCENTILES: Final = (5, 25, 50, 75, 95)
NAMES: Final = [f"p{q:02d}" for q in PERCENTILES]

TITLES: Final = {
    "capital_spending": "AI capital spending",
    "compute": "installed compute",
    "rent": "rental price of compute",
    "energised": "power for AI, energised",
    "load": "power for AI, drawn",
    "power_scarcity": "power wanted over power available",
    "inference_share": "inference share of compute",
    "token_price": "token price at fixed quality",
    "q": "expected rent over user cost",
    "impairment": "book value above economic value",
}
"""Quantities of the world shown as fans, in the order of the page."""


def paths_table(paths: Paths) -> pd.DataFrame:
    """Return every draw and quarter as a row: regime, probability, revenue by ticker, the world.

    Revenue in USD bn per quarter. Single precision: seven digits, and half the room.
    """
    draws, quarters, companies = paths.revenue.shape
    names = np.repeat(paths.regimes, quarters)
    columns: dict[str, object] = {
        "draw": np.repeat(np.arange(draws, dtype=np.int32), quarters),
        "regime": pd.Categorical(names, categories=list(paths.scenarios.names)),
        "probability": np.repeat(paths.probabilities, quarters),
        "quarter_end": np.tile(paths.quarter_ends, draws),
    }
    flat = paths.revenue.reshape(-1, companies).astype(np.float32)
    columns |= {t: flat[:, i] for i, t in enumerate(paths.companies)}
    columns |= {name: paths.world[name].ravel().astype(np.float32) for name in WORLD}
    return pd.DataFrame(columns)


def revenue_fan(paths: Paths, posterior: Posterior) -> pd.DataFrame:
    """Return percentiles of revenue by company, regime and quarter, after what was reported."""
    fans = [
        _fan(paths, paths.revenue[:, :, i]).assign(ticker=ticker)
        for i, ticker in enumerate(paths.companies)
    ]
    reported = posterior.fit_paths
    totals = reported[reported["series"].str.endswith(".total")]
    history = pd.DataFrame(
        {
            "ticker": totals["series"].str.removesuffix(".total"),
            "regime": "reported",
            "quarter_end": totals["quarter_end"],
            "p50": totals["reported"],
        }
    )
    columns = ["ticker", "regime", "quarter_end", *NAMES]
    return pd.concat([history, *fans], ignore_index=True)[columns]


def world_fan(paths: Paths) -> pd.DataFrame:
    """Return percentiles of the world's quantities by regime and quarter."""
    fans = [
        _fan(paths, _shown(name, paths.world[name])).assign(quantity=title, unit=_unit(name))
        for name, title in TITLES.items()
    ]
    return pd.concat(fans, ignore_index=True)[["quantity", "unit", "regime", "quarter_end", *NAMES]]


def scenario_table(scenarios: Scenarios) -> pd.DataFrame:
    """Return regimes: probability, thesis, what to watch, and shifts as text."""
    rows = {
        r.name: {
            "probability": r.probability,
            "thesis": r.thesis,
            "watch": r.watch,
            "shifts": "; ".join(str(s) for s in r.shifts) or "none: as calibrated",
        }
        for r in scenarios.regimes
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("regime")


def value_table(valuation: Valuation) -> pd.DataFrame:
    """Return value and expected return by company, with its name and layer."""
    known = valuation.paths.scenarios.posterior.knowledge.universe.companies
    table = valuation.table().rename_axis("ticker")
    return known[["company", "layer"]].loc[table.index].join(table).rename_axis("ticker")


def _fan(paths: Paths, values: np.ndarray) -> pd.DataFrame:
    """Return percentiles of ``values`` [draw, quarter] by regime and quarter."""
    parts = []
    for i, name in enumerate(paths.scenarios.names):
        levels = np.percentile(values[paths.regime == i], PERCENTILES, axis=0)
        part = pd.DataFrame(levels.T, columns=NAMES)
        parts.append(part.assign(regime=name, quarter_end=paths.quarter_ends))
    return pd.concat(parts, ignore_index=True)


def _shown(name: str, values: np.ndarray) -> np.ndarray:
    """Return ``values`` as a reader wants them: ratios rather than logs."""
    return np.exp(values) if WORLD[name] == "log" else values


def _unit(name: str) -> str:
    return {"share": "fraction", "log": "ratio"}.get(WORLD[name], WORLD[name])
