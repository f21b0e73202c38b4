"""One environment for every test: JAX on the processor, caches of their own, repeatable draws."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

import pytest
from hypothesis import settings

os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Compiling is what slows a first call, and examples are drawn alike in every run.
settings.register_profile("marketsim", deadline=None, derandomize=True)
settings.load_profile("marketsim")


def pytest_configure(config: pytest.Config) -> None:
    """Keep out of the user's caches; workers and commands share one that lasts as long as we do.

    What one process compiles the others load, as the command does from one run to the next
    (see `marketsim.cli` on why on Linux only).
    """
    if hasattr(config, "workerinput"):  # a worker of xdist: the environment is made
        return
    folder = tempfile.mkdtemp(prefix="marketsim-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["MARKETSIM_CACHE"] = folder
    if sys.platform == "linux":
        os.environ["JAX_COMPILATION_CACHE_DIR"] = f"{folder}/jax"
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.3"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("MARKETSIM_DATA", "MARKETSIM_STRATEGIES"):
        os.environ.pop(name, None)
