"""Changes as a caller gives them, checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..allocation.names import check_known
from ..errors import InputError

__all__ = ["by_name", "shaped"]

FloatArray = NDArray[np.float64]


def shaped(given: object, shape: tuple[int, ...], name: str, axes: str) -> FloatArray:
    """Numbers of a shape, which `axes` names; zeros where nothing is given.

    Raises
    ------
    InputError
        For another shape, or what is no finite number.
    """
    if given is None:
        return np.zeros(shape)
    found = np.asarray(given, dtype=np.float64)
    if found.shape != shape:
        raise InputError(f"{name} has shape {found.shape}; it must be {axes}, {shape}")
    if not np.isfinite(found).all():
        raise InputError(f"{name} holds a number that is not finite; give a change for each")
    return found


def by_name(given: object, names: pd.Index, argument: str, kind: str) -> FloatArray:
    """Numbers by name in the order of `names`, 0 where there is none.

    Raises
    ------
    InputError
        For what is no mapping, a name that is unknown, or what is no finite number.
    """
    if given is None:
        return np.zeros(len(names))
    if not isinstance(given, (Mapping, pd.Series)):
        raise InputError(f"{argument} must be a mapping or Series by {kind}, not {given!r}")
    found = {str(name): float(value) for name, value in given.items()}
    check_known(argument, kind, found, names)
    return np.array([found.get(str(name), 0.0) for name in names])
