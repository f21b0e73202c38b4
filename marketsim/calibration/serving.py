"""Which language model the roofline serves, at a date."""

from __future__ import annotations

import numpy as np

from marketsim.errors import DataError
from marketsim.knowledge import Knowledge, ServedModel
from marketsim.model import Served
from marketsim.model.tree import leaf


def reference_model(knowledge: Knowledge) -> ServedModel:
    """Return the model that stands for what is served: the reference released last.

    Raises
    ------
    DataError
        None of the references is known.
    """
    names = knowledge.universe.group("reference_models")
    known = [knowledge.models[name] for name in names if name in knowledge.models]
    if not known:
        raise DataError(
            f"groups.csv, group 'reference_models': none of {', '.join(names)} was released yet; "
            "add an older one"
        )
    return max(known, key=lambda model: model.released)


def served(model: ServedModel) -> Served:
    """Return a model of models.csv as the roofline reads it."""
    return Served(
        parameters=leaf(np.float64(model.parameters)),
        active=leaf(np.float64(model.active)),
        weights=leaf(np.float64(model.parameters * model.weight_bytes)),
        layers=leaf(np.float64(model.layers)),
        cache=leaf(np.float64(model.cache_bytes)),
    )
