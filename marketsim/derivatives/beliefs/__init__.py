"""What prices assume: beliefs at which the model's value is the market's."""

from __future__ import annotations

from .by_layer import implied_by_layer
from .implied import Implied, implied

__all__ = ["Implied", "implied", "implied_by_layer"]
