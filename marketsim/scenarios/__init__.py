"""Named regimes: readings of the future as probabilities and shifts of named assumptions."""

from __future__ import annotations

from .fitting import (
    Scenarios,
    check_assumption,
    direction,
    fit_regimes,
    load_scenarios,
    movable,
)
from .reading import read_regimes
from .regimes import Regime, Shift, chosen
from .what_ifs import read_what_ifs, what_if

__all__ = [
    "Regime",
    "Scenarios",
    "Shift",
    "check_assumption",
    "chosen",
    "direction",
    "fit_regimes",
    "load_scenarios",
    "movable",
    "read_regimes",
    "read_what_ifs",
    "what_if",
]
