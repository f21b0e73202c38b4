"""Derivatives through the optimum.

best = smoothed(choice)
best.jvp(d_returns=change).weights          # how the weights answer a change
best.vjp(d_weights={"cash": 1.0}).returns   # what a weight hangs on, by draw and company
weights = optimum(best)                     # the same as a function for jax.grad, jvp, vmap
"""

from __future__ import annotations

from .explanation import WeightExplained, explain_weight
from .function import cvar, optimum
from .information import Information, value_of_information
from .sensitivities import Sensitivities, sensitivities
from .smoothed import Changes, Slopes, SmoothedOptimum, smoothed

__all__ = [
    "Changes",
    "Information",
    "Sensitivities",
    "Slopes",
    "SmoothedOptimum",
    "WeightExplained",
    "cvar",
    "explain_weight",
    "optimum",
    "sensitivities",
    "smoothed",
    "value_of_information",
]
