"""How numbers are computed: precision, effort of the compiler, threads of linear algebra."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal

from marketsim.errors import InputError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = [
    "RUN_OFTEN",
    "RUN_SELDOM",
    "RUN_WORLDS",
    "Precision",
    "one_thread",
    "precise",
    "processors",
]

Precision = Literal["float32", "float64"]

Options = Mapping[str, bool | str | int | float]
"""Of XLA, for one program."""

_NAMED: Final = tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11)
"""Whether this JAX is known to have the options below, as 0.8 to 0.10 do.

One that it does not know would be an error; without them programs only compile for longer."""

_ALONE: Final[Options] = (
    {
        "xla_cpu_multi_thread_eigen": False,
        "xla_cpu_enable_concurrency_optimized_scheduler": False,
        # A loop that is split by the processors at hand rounds at its seams as they are.
        "xla_disable_hlo_passes": "cpu-parallel-task-assigner",
    }
    if _NAMED
    else {}
)
_PLAIN: Final[Options] = {"xla_cpu_use_fusion_emitters": False} if _NAMED else {}
_QUICK: Final[Options] = {"xla_cpu_use_fusion_emitters": True} if _NAMED else {}

RUN_WORLDS: Final = {"xla_backend_optimization_level": 1, **_ALONE, **_QUICK}
RUN_OFTEN: Final = {"xla_backend_optimization_level": 1, **_ALONE, **_PLAIN}
RUN_SELDOM: Final = {"xla_backend_optimization_level": 0, **_ALONE, **_PLAIN}
"""XLA options of programs: worlds by the thousand and the way back through them, what else is run
again and again, derivatives forwards above all, and the rest. The model compiles for longer than it
runs, so effort is kept low. Parallel are the chunks of worlds, not what one kernel does.

XLA's older emitter of fusions (`_PLAIN`) repeats less of what several kernels share. It compiles
the Jacobian of calibration in less than half the processor time, and runs it three times as fast.
But where a kernel writes over what it reads, its loops are not vectorised: 500 worlds run a year in
9.6 ms, and in 6.5 by the newer one (`_QUICK`; float32: 7.5 and 3.2 ms), which compiles that in 8.0
s instead of 4.0 (9.5 and 6.1) once a machine. The way back takes 57 ms instead of 88, and 31 s to
compile instead of 17.
"""


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
    context: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(
        limits=1, user_api="blas"
    )
    return context


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Return the libraries that take threads, looked for again once more modules are imported."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def processors() -> int:
    """Return how many processors this process may use."""
    able = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else (os.cpu_count() or 1)
