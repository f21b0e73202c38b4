"""Derivatives through the optimum.

best = smoothed(choice)
best.jvp(d_returns=change).weights          # how the weights answer a change
best.vjp(d_weights={"cash": 1.0}).returns   # what a weight hangs on, by draw and company
weights = optimum(best)                     # the same as a function for jax.grad, jvp, vmap
print(reverse_stress(choice, 0.30))         # the most plausible world in which it loses as much
print(implied(returns, "NVDA"))             # what its price assumes
print(regimes_apart(choice, "bear", "bull"))    # which assumptions set them apart, and by how much
"""

from __future__ import annotations

from .beliefs import Implied, implied, implied_by_layer
from .between import RegimesApart, regimes_apart
from .explanation import WeightExplained, explain_weight
from .function import cvar, optimum
from .hedging import Hedge, hedge
from .information import Information, value_of_information
from .optima import ChoicesApart, choices_apart
from .path_integral import PathIntegral, path_integral
from .reverse_stress import ReverseStress, reverse_stress
from .sensitivities import Sensitivities, sensitivities
from .smoothed import Changes, Slopes, SmoothedOptimum, smoothed
from .what_if import Stress, stress

__all__ = [
    "Changes",
    "ChoicesApart",
    "Hedge",
    "Implied",
    "Information",
    "PathIntegral",
    "RegimesApart",
    "ReverseStress",
    "Sensitivities",
    "Slopes",
    "SmoothedOptimum",
    "Stress",
    "WeightExplained",
    "choices_apart",
    "cvar",
    "explain_weight",
    "hedge",
    "implied",
    "implied_by_layer",
    "optimum",
    "path_integral",
    "regimes_apart",
    "reverse_stress",
    "sensitivities",
    "smoothed",
    "stress",
    "value_of_information",
]
