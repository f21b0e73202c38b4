"""How far series lie from what is modelled of them: their noise, and the fit as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketsim.observables import of_kind

from .observations import Series

__all__ = ["EXPECTED", "floors_of", "noise_of", "tables_of"]

EXPECTED = 2.0
"""The noise that is expected of a series beforehand, as a multiple of its floor."""


def floors_of(series: list[Series]) -> np.ndarray:
    """Return the least noise of each series, [series]."""
    return np.array([of_kind(s.kind).floor for s in series])


def _errors(s: Series, seen: np.ndarray) -> np.ndarray:
    error = np.log(s.value) - np.log(s.season) - np.log(s.weight @ seen)
    return np.asarray(error - error.mean() if s.relative else error)


def noise_of(series: list[Series], seen: np.ndarray) -> np.ndarray:
    """Return standard deviations by series, shrunk to twice the floor with the weight of four.

    The few figures of the world's quantities cannot talk themselves out of counting: their noise
    stays within three floors.
    """
    floors = floors_of(series)
    squares = np.array([(_errors(s, seen[:, i]) ** 2).sum() for i, s in enumerate(series)])
    count = np.array([len(s.value) for s in series])
    pooled = (squares + 4.0 * (EXPECTED * floors) ** 2) / (count + 4.0)
    revenue = np.array([s.kind == "revenue" for s in series])
    ceiling = np.where(revenue, np.inf, 3.0 * floors)
    return np.asarray(np.clip(np.sqrt(pooled), floors, ceiling))


def tables_of(
    series: list[Series], seen: np.ndarray, noise: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the fit, a row for each series, and what was reported beside what is modelled."""
    rows, paths = [], []
    for i, s in enumerate(series):
        error = _errors(s, seen[:, i])
        modelled = s.value / np.exp(error)
        rows.append(
            {
                "series": s.name,
                "unit": s.unit,
                "n": len(s.value),
                "before": s.left_out("before"),
                "after": s.left_out("after"),
                "rmse_log": float(np.sqrt((error**2).mean())),
                # A level of its own takes up whatever the model's is off by.
                "bias_log": np.nan if s.relative else float(-error.mean()),
                "noise_log": float(noise[i]),
                "last_reported": float(s.value[-1]),
                "last_modelled": float(modelled[-1]),
                "confidence": "sourced" if (s.doubt < 1.5).mean() > 0.5 else "unverified",
            }
        )
        path = {"quarter_end": s.dates, "reported": s.value, "modelled": modelled}
        paths.append(pd.DataFrame(path).assign(series=s.name, unit=s.unit))
    order = ["series", "quarter_end", "unit", "reported", "modelled"]
    return pd.DataFrame(rows), pd.concat(paths, ignore_index=True)[order]
