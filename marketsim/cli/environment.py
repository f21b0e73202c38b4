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


def jax_environment() -> dict[str, str]:
    """Compute in float64, and keep compiled programs from one run to the next.

    Compiled programs are kept on Linux only: on other systems loading them has crashed. What one
    processor compiled no other loads. JAX_ENABLE_COMPILATION_CACHE=0 turns this off.
    """
    chosen = {"JAX_ENABLE_X64": "1"}
    if sys.platform == "linux":
        from marketsim.files import cache_folder

        chosen |= {
            "JAX_COMPILATION_CACHE_DIR": str(cache_folder() / f"jax-{_processor()}"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
            # On some processors XLA calls its own programs foreign, at length, and recompiles.
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
    return chosen


def _processor() -> str:
    """Short digest of the processor's model and instruction sets."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    told = {line for line in lines if line.startswith(("model name", "flags", "CPU", "Features"))}
    from hashlib import sha256

    return sha256("\n".join(sorted(told)).encode()).hexdigest()[:12]
