"""How numbers are computed: precision, effort of the compiler, threads of linear algebra."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final, Literal

from marketsim.errors import InputError

__all__ = ["RUN_OFTEN", "RUN_SELDOM", "Precision", "one_thread", "precise"]

Precision = Literal["float32", "float64"]

RUN_SELDOM: Final[dict[str, bool | str | int | float]] = {"xla_backend_optimization_level": 0}
RUN_OFTEN: Final[dict[str, bool | str | int | float]] = {"xla_backend_optimization_level": 1}
"""XLA options of programs: the model compiles for longer than it runs, so effort is kept low. On
two cores the Jacobian compiles in 7 s instead of 11 and runs no slower; worlds compile in 6 s
instead of 8 and run 8 % slower."""


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


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which linear algebra runs on one thread.

    BLAS adds up in another order on two threads than on one, so that the last bits of a product or
    a factorisation hang on the environment (OPENBLAS_NUM_THREADS, the cores that a process may
    use). What is small enough to run here loses nothing by it.
    """
    from threadpoolctl import threadpool_limits

    context: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return context
