"""Commands of backtests set JAX up before anything imports it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from marketsim import cli
try:
    cli.main(sys.argv[1:])
except SystemExit:
    pass
import jax.numpy
print(jax.numpy.zeros(1).dtype)
"""


@pytest.mark.parametrize(
    "arguments",
    [("backtest", "nowhere.py"), ("audit", "nowhere.py"), ("compare", "nowhere", "nowhere")],
    ids=lambda arguments: arguments[0],
)
def test_a_command_computes_in_float64(arguments: tuple[str, ...], tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "JAX_ENABLE_X64"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nowhere" in done.stderr
    assert done.stdout.splitlines()[-1] == "float64"
