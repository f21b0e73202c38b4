"""Views on scenarios: the probabilities nearest the old ones under which what is said holds."""

from .pooling import Pooled, effective_scenarios, pool_views, view

__all__ = ["Pooled", "effective_scenarios", "pool_views", "view"]
