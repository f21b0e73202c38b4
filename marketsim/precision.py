"""The precision of a computation, chosen by its caller and by nothing global."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal

from marketsim.errors import InputError

__all__ = ["Precision", "precise"]

Precision = Literal["float32", "float64"]


def precise(precision: Precision) -> AbstractContextManager[Any]:
    """Return a context in which JAX computes in ``precision``; its global setting is untouched.

    Raises
    ------
    InputError
        For anything but float32 and float64.
    """
    if precision not in ("float32", "float64"):
        raise InputError(f"precision '{precision}' is unknown; write 'float32' or 'float64'")
    import jax

    context: AbstractContextManager[Any] = jax.enable_x64(precision == "float64")
    return context
