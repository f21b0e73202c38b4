"""Which language model the roofline serves, at a date."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.facts import ServedModel, load_models
from marketsim.model import Served
from marketsim.model.tree import leaf

REFERENCES: Final = ("DeepSeek-V3", "Mixtral 8x22B", "GPT-3 175B")
"""Open models that stand for what is served, the latest first."""


def served_at(date: pd.Timestamp) -> Served:
    """Return the reference model of a date: the latest released by then."""
    known = load_models()
    released = [known[name] for name in REFERENCES if known[name].released <= date]
    return served(released[0] if released else known[REFERENCES[-1]])


def served(model: ServedModel) -> Served:
    """Return a model of data/models.csv as the roofline reads it."""
    return Served(
        parameters=leaf(np.float64(model.parameters)),
        active=leaf(np.float64(model.active)),
        weights=leaf(np.float64(model.parameters * model.weight_bytes)),
        layers=leaf(np.float64(model.layers)),
        cache=leaf(np.float64(model.cache_bytes)),
    )
