"""What return and loss of a choice are made of: by company, layer and regime, adding up."""

from __future__ import annotations

from typing import get_args

import pandas as pd

from marketsim.allocation import Allocation, CVaR, ExpectedReturn
from marketsim.allocation.contributions import By

__all__ = ["made_of"]


def made_of(choice: Allocation, level: float) -> pd.DataFrame:
    """Return the parts of expected return and of CVaR, a row each, by name, layer and regime.

    Those of one ``by`` add up to the whole. ``weight`` is the probability of a regime; shares are
    of the whole, not known where that is zero.
    """
    return pd.concat([_by(choice, level, by) for by in get_args(By)], ignore_index=True)


def _by(choice: Allocation, level: float, by: By) -> pd.DataFrame:
    earned = choice.contributions(1.0 * ExpectedReturn(), by)
    lost = choice.contributions(1.0 * CVaR(level), by)
    return pd.DataFrame(
        {
            "by": by,
            "part": earned.index.astype(str),
            "weight": earned["probability" if by == "regime" else "weight"].to_numpy(),
            "expected_return": earned["contribution"].to_numpy(),
            "loss": lost["contribution"].reindex(earned.index).to_numpy(),
            "return_share": earned["share"].to_numpy(),
            "loss_share": lost["share"].reindex(earned.index).to_numpy(),
        }
    )
