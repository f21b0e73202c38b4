"""What the prices of every layer assume, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from marketsim.allocation import Allocation
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios
from marketsim.valuation.few_worlds import WORLDS
from marketsim.valuation.reverse_dcf import market_enterprise

from ..holding import valuation_behind
from .alone import every_alone, mix_alone, slopes_of
from .asked import check_worlds, growth_sd, sample_of
from .belief import OWN, REGIMES, beliefs_of, chosen_beliefs
from .implied import STRONGEST
from .target import Target

__all__ = ["implied_by_layer"]

TOLD: Final = "model", "implied", "low", "high", "left"


def implied_by_layer(
    returns: ReturnScenarios | Allocation,
    of: Sequence[str] = ("growth", "elasticity", REGIMES),
    *,
    worlds: int = WORLDS,
    own_worlds: int | None = None,
) -> pd.DataFrame:
    """Return what the prices of every layer assume, one belief at a time, in one table.

    Parameters
    ----------
    returns, of, worlds
        As in :func:`implied`.
    own_worlds
        In which beliefs in the companies themselves are asked, which run no world again; by
        default as many.

    Returns
    -------
    pandas.DataFrame
        By layer, and last for ``all``: ``companies``, how many; ``value_over_market``; of every
        belief ``<belief>_model``, ``<belief>_implied``, ``<belief>_low``, ``<belief>_high`` and
        ``<belief>_left``; and the odds of regimes, ``odds_<regime>``, with ``odds_left``.

    Raises
    ------
    InputError
        As :func:`implied`.
    """
    valuation = valuation_behind("implied", returns)
    check_worlds(valuation, worlds)
    given = returns.returns if isinstance(returns, Allocation) else returns
    known = beliefs_of(valuation.paths.scenarios.posterior, valuation.assumed)
    asked, market, own_sd = (
        chosen_beliefs(known, of),
        market_enterprise(valuation),
        growth_sd(valuation),
    )
    sample = sample_of(valuation, worlds)
    every = sample if own_worlds is None else sample_of(valuation, own_worlds)
    own, others = ([b for b in asked if (b in OWN) == whose] for whose in (True, False))
    layers = pd.Series(dict(given.layers)).reindex(valuation.economics.index).to_numpy()
    names = [name for name in dict.fromkeys(layers) if isinstance(name, str)]
    priced = np.isfinite(market)
    members = {name: (layers == name) & priced for name in names} | {"all": priced}
    targets = {
        name: Target(sample, mine, float(market[mine].sum()))
        for name, mine in members.items()
        if mine.any()
    }
    if not targets:
        raise InputError("implied: no market value of any company is known")
    slopes = slopes_of(list(targets.values()))
    rows: dict[str, dict[str, float]] = {}
    for (name, target), slope in zip(targets.items(), slopes, strict=True):
        asking = (replace(target, sample=every), own), (target, others)
        alone = pd.concat(
            every_alone(one, known, some, own_sd, slope, STRONGEST) for one, some in asking if some
        )
        odds, left = mix_alone(target, asked)
        told = {f"{b}_{column}": alone[column].to_dict()[b] for b in alone.index for column in TOLD}
        mix = {f"odds_{r}": float(x) for r, x in zip(sample.names, odds, strict=True)}
        size = {"companies": int(target.members.sum()), "value_over_market": np.exp(target.now)}
        rows[name] = {**size, **told, **mix, "odds_left": left}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
