"""What a term of a portfolio is made of: by company, by layer and by regime, adding up to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .families import Attribution, Portfolio
from .objectives import Algebra, Term

__all__ = ["By", "contributions"]

FloatArray = NDArray[np.float64]
By = Literal["name", "layer", "regime"]

NO_LAYER, NO_REGIME = "no layer", "no regime"


def contributions(
    at: Portfolio, term: Algebra, by: By, near: Mapping[Term, FloatArray | float]
) -> pd.DataFrame:
    """The parts of a term or of a sum of terms.

    Notes
    -----
    A term that grows in proportion to the weights is the sum of its derivatives times the weights
    (Euler; Tasche 1999 for CVaR, where the derivative is the mean loss over the tail).
    """
    if by not in ("name", "layer", "regime"):
        raise InputError(f"contributions are by 'name', 'layer' or 'regime', not by {by!r}")
    parts = [(scale, _attribution(one, at, near.get(one))) for scale, one in (1.0 * term).parts]
    return _by_regime(at, parts) if by == "regime" else _by_name(at, parts, by)


def _attribution(term: Term, at: Portfolio, near: FloatArray | float | None) -> Attribution:
    found = term.attribution(at, near)
    if found is None:
        raise InputError(f"{term!r} is no sum over companies: it has no contributions that add up")
    return found


def _by_name(
    at: Portfolio, parts: list[tuple[float, Attribution]], by: Literal["name", "layer"]
) -> pd.DataFrame:
    tickers = at.scenarios.tickers
    each = [
        scale * (one.density @ one.pulls + one.tilt) * (at.weights - one.centre)
        for scale, one in parts
    ]
    table = pd.DataFrame(
        {"weight": at.weights, "contribution": np.sum(each, axis=0)},
        index=pd.Index(tickers, name="ticker"),
    )
    if by == "layer":
        layers = [at.scenarios.layers.get(ticker, NO_LAYER) for ticker in tickers]
        table = table.groupby(pd.Index(layers, name="layer"), sort=False).sum()
    return _shared(table)


def _by_regime(at: Portfolio, parts: list[tuple[float, Attribution]]) -> pd.DataFrame:
    """Mass and mean are those of one term; of a sum there is one mass only if all agree."""
    scenarios, names = at.scenarios, at.scenarios.regime_names()
    member = np.array([scenarios.regimes == name for name in names], dtype=float)
    table = pd.DataFrame(
        {"probability": member @ scenarios.probabilities}, index=pd.Index(names, name="regime")
    )
    each = [(scale, one.density, one.pulls @ (at.weights - one.centre)) for scale, one in parts]
    found = sum(scale * (member @ (density * pulled)) for scale, density, pulled in each)
    if len(each) == 1:
        table["mass"] = member @ each[0][1]
        table["mean"] = np.where(
            table["mass"] > 0.0, found / table["mass"].where(lambda m: m > 0, 1.0), np.nan
        )
    table["contribution"] = found
    rest = sum(scale * float(one.tilt @ (at.weights - one.centre)) for scale, one in parts)
    if rest:
        table.loc[NO_REGIME, "contribution"] = rest
    return _shared(table)


def _shared(table: pd.DataFrame) -> pd.DataFrame:
    """The same with shares of the sum; none where it is 0."""
    total = float(table["contribution"].sum())
    return table.assign(share=table["contribution"] / total if total else np.nan)
