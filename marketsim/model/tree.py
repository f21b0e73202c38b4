"""Frozen dataclasses that JAX sees as pytrees."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar, cast, dataclass_transform

import jax
from jax import Array
from jax.typing import ArrayLike

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False)
def pytree(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen dataclass and register every field of it as a pytree leaf or branch."""
    frozen = dataclass(frozen=True, eq=False)(cls)
    names = [field.name for field in fields(frozen)]  # type: ignore[arg-type]
    jax.tree_util.register_dataclass(frozen, data_fields=names, meta_fields=[])
    return frozen


def leaf(x: ArrayLike) -> Array:
    """Return a NumPy array or number as a leaf of a pytree, as it is.

    JAX takes either where an `Array` is asked for, and NumPy's keeps its precision until then.
    """
    return cast("Array", x)
