"""What JAX finds in the environment when the command imports it."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["SELDOM", "jax_environment", "open_streams", "prepare_jax"]


SELDOM: Final = (50_000, 20, 50)
"""How often Python looks for cycles: JAX makes and keeps objects by the million as it traces.

By default that takes a tenth of the processor time of a run."""


def open_streams() -> None:
    """Open what a scheduler closed of the standard streams, to nowhere.

    Else what is meant for one of them goes to another, or into the next file that is opened.
    """
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)  # processes that are started have them, too
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def prepare_jax() -> None:
    """Set the environment that JAX reads when it is imported; what the user set stays."""
    gc.set_threshold(*SELDOM)
    for name, value in jax_environment().items():
        os.environ.setdefault(name, value)
    folder = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    wanted = os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "1").lower() not in ("0", "false")
    if folder and wanted and "://" not in folder:
        from .programs import keep_programs

        keep_programs(Path(folder))


def jax_environment() -> dict[str, str]:
    """Compute in float64, and keep compiled programs from one run to the next.

    Compiled programs are kept on Linux only: on other systems loading them has crashed. What one
    processor compiled no other loads. JAX_ENABLE_COMPILATION_CACHE=0 turns this off.
    """
    chosen = {"JAX_ENABLE_X64": "1"}
    if sys.platform == "linux":
        from marketsim.files import cache_folder
        from marketsim.provenance import processor

        chosen |= {
            "JAX_COMPILATION_CACHE_DIR": str(cache_folder() / f"jax-{processor()}"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            # On some processors XLA calls its own programs foreign, at length, and recompiles.
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
    return chosen
