"""What JAX finds in the environment when the command imports it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["jax_environment", "prepare_jax"]


def prepare_jax() -> None:
    """Set the environment that JAX reads when it is imported; what the user set stays."""
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
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
            # On some processors XLA calls its own programs foreign, at length, and recompiles.
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
    return chosen
