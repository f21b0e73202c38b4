"""Precision is the caller's choice, for as long as the caller says."""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_one_thread_holds_for_what_was_imported_since() -> None:
    """SciPy brings linear algebra of its own; what ends gives back what was before."""
    code = """
import numpy as np
from threadpoolctl import threadpool_info
from marketsim.precision import one_thread
told = lambda: [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
with one_thread():
    print(told())
import scipy.linalg
with one_thread():
    print(told())
print(told())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["[1]", "[1, 1]", "[2, 2]"]
