"""How much of what sets worlds apart prices recognise, and what of their risk that is."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from marketsim.model.smooth import bounded
from marketsim.model.tree import leaf
from marketsim.precision import one_thread

from .assumptions import ValuationAssumptions
from .returns import WIDEST_SHIFT, WIDEST_WITHIN, Anchor, Priced, Worth, recognition

__all__ = ["MOST_EXPLAINED", "covariance", "for_horizon", "recognised", "rest", "usual"]

MOST_EXPLAINED: Final = 0.75
"""Of the variance of a share that worlds explain, at the most."""


def rest(
    table: pd.DataFrame, value: list[np.ndarray], ordinary: list[np.ndarray], odds: np.ndarray
) -> np.ndarray:
    """Return what the market pays for beyond the model's value, per dollar of revenue to come.

    Of the worlds without shift and what regimes, of these ``odds``, add to the central one: it
    hangs on no number of draws. ``value`` and ``ordinary`` revenue are of worlds unshifted, of
    centres, and calibrated, each [world, company].
    """
    model, sold = (
        plain.astype(np.float64, order="C").mean(axis=0) + odds @ (centres - calibrated)
        for plain, centres, calibrated in (value, ordinary)
    )
    enterprise = (table["market_cap"] + table["net_debt"].fillna(0.0)).to_numpy()
    beyond = np.nan_to_num(np.maximum(enterprise - model, 0.0))
    return np.asarray(beyond / np.maximum(sold, 0.1 * ordinary[0].mean(axis=0)))


def usual(unshifted: np.ndarray, shifts: np.ndarray, odds: np.ndarray) -> Priced:
    """Return worlds without shift under what each regime is worth, by their odds."""
    shift = np.repeat(shifts, len(unshifted), axis=0)
    log = np.tile(unshifted, (len(shifts), 1)) + shift
    weights = np.repeat(odds / len(unshifted), len(unshifted))
    return Priced(Worth(leaf(log), leaf(shift)), leaf(weights))


def recognised(
    assumed: ValuationAssumptions,
    beyond: np.ndarray,
    table: pd.DataFrame,
    unshifted: np.ndarray,
    shifts: np.ndarray,
    odds: np.ndarray,
    room: np.ndarray,
) -> Anchor:
    """Return an anchor of a year without its means.

    A share moves no more than it does: where worlds differ by more than there is ``room`` for, the
    variance of a year [company], less of it is recognised; first of what sets regimes apart, which
    half of it may be, then of the rest.
    """
    shifts = np.asarray(bounded(leaf(shifts), WIDEST_SHIFT))
    apart = odds @ (shifts - odds @ shifts) ** 2
    full = float(recognition(assumed.regime_time, 1.0))
    by_regime = full / np.sqrt(1.0 + full**2 * apart / (0.5 * room))
    left = room - by_regime**2 * apart
    middle = unshifted.mean(axis=0)
    own = np.asarray(bounded(leaf(unshifted - middle), WIDEST_WITHIN))
    full = float(recognition(assumed.recognition_time, 1.0))
    within = full / np.sqrt(1.0 + full**2 * own.var(axis=0) / left)
    fields_of = (beyond, middle, by_regime, within, beyond, beyond, table["gap"].to_numpy())
    return Anchor(*(leaf(np.asarray(x)) for x in fields_of))


def for_horizon(year: Anchor, assumed: ValuationAssumptions, years: float) -> Anchor:
    """Return the anchor of a ``year`` for another horizon: as much less, or more, is recognised."""
    by_regime, within = (
        float(recognition(time, years) / recognition(time, 1.0))
        for time in (assumed.regime_time, assumed.recognition_time)
    )
    return replace(year, by_regime=year.by_regime * by_regime, within=year.within * within)


def covariance(within: np.ndarray, between: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Return the covariance that worlds bring, [moment, company, company].

    Within regimes that of the worlds without shift, [moment, world, company], between them that of
    their central worlds, [moment, regime, company]: neither hangs on how many draws there are.
    """
    inner = within - within.mean(axis=1, keepdims=True)
    outer = between - np.einsum("r,mrc->mc", odds, between)[:, None]
    with one_thread():
        apart = np.einsum("r,mrc,mrd->mcd", odds, outer, outer)
        return np.asarray(inner.swapaxes(1, 2) @ inner / inner.shape[1] + apart)
