"""Precision is the caller's choice, for as long as the caller says."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.errors import InputError
from marketsim.precision import Precision, precise


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_inside_numbers_have_the_precision_asked_for(precision: Precision) -> None:
    with precise(precision):
        assert jnp.asarray(np.array([0.1])).dtype == precision
        assert jax.jit(lambda x: x + 1.0)(0.5).dtype == precision


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_outside_nothing_has_changed(precision: Precision) -> None:
    before = jnp.asarray(np.array([0.1])).dtype
    with precise(precision):
        pass
    assert jnp.asarray(np.array([0.1])).dtype == before


def broken() -> None:
    with precise("float32"):
        raise ZeroDivisionError(jnp.ones(()).dtype)


def test_contexts_nest_and_end_with_an_error_too() -> None:
    with precise("float64"):
        with pytest.raises(ZeroDivisionError, match="float32"):
            broken()
        assert jnp.ones(()).dtype == np.float64


@pytest.mark.parametrize("wrong", ["float16", "double", "", None])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="write 'float32' or 'float64'"):
        precise(wrong)
