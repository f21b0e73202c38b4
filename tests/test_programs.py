"""Compiled programs that are kept: whole again after damage, and done without where they must be.

Each run is a process of its own, as the command is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kept on Linux only")

PROGRAM = """
from marketsim.cli.environment import prepare_jax
prepare_jax()
import jax
print(float(jax.jit(lambda x: x * x + 1.0)(3.0)))
print(float(jax.jit(lambda x: x - 1.0)(3.0)))
"""


def run(cache: Path, **settings: str) -> str:
    """What a run says on standard error; its results are right whatever became of the cache."""
    hidden = {"JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    asked = {
        "MARKETSIM_CACHE": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=kept | asked | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "10.0\n2.0\n"), done.stderr
    return done.stderr


def entries(cache: Path) -> dict[str, int]:
    """Sizes of what is kept, by name."""
    return {entry.name: entry.stat().st_size for entry in cache.glob("jax-*/*-cache")}


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def scrambled(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(64) + content[middle + 64 :]


@pytest.mark.parametrize("damage", [truncated, scrambled], ids=lambda f: f.__name__)
def test_what_is_damaged_is_written_anew(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    assert run(tmp_path) == ""
    whole = entries(tmp_path)
    assert whole
    for entry in tmp_path.glob("jax-*/*-cache"):
        entry.write_bytes(damage(entry.read_bytes()))
    said = run(tmp_path)
    assert said.startswith("marketsim: damaged programs were removed from ")
    assert said.count("\n") == 1
    assert entries(tmp_path).keys() == whole.keys()
    assert min(entries(tmp_path).values()) > min(whole.values()) // 2
    assert run(tmp_path) == ""


def test_what_is_whole_stays_where_it_is(tmp_path: Path) -> None:
    run(tmp_path)
    first, *others = sorted(tmp_path.glob("jax-*/*-cache"))
    before = [entry.stat().st_mtime_ns for entry in others]
    first.write_bytes(b"garbage")
    run(tmp_path)
    assert others
    assert [entry.stat().st_mtime_ns for entry in others] == before


def test_a_folder_that_cannot_be_made_is_said_once_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = run(tmp_path / "file")
    assert said.startswith(f"marketsim: compiled programs cannot be kept in {tmp_path / 'file'}")
    assert "(Not a directory)" in said
    assert "MARKETSIM_CACHE" in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    """One of the kernel's, where nobody may make files, root not excepted."""
    said = run(tmp_path, JAX_COMPILATION_CACHE_DIR="/proc/self/fdinfo")
    assert said.startswith("marketsim: compiled programs cannot be kept in /proc/self/fdinfo")
    assert said.count("\n") == 1


def test_who_turns_it_off_hears_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run(tmp_path / "file", JAX_ENABLE_COMPILATION_CACHE="0") == ""


def test_other_warnings_are_shown_as_ever(tmp_path: Path) -> None:
    code = "import pathlib, sys, warnings; from marketsim.cli.programs import keep_programs; "
    code += "keep_programs(pathlib.Path(sys.argv[1])); warnings.warn('something else')"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert "UserWarning: something else" in done.stderr
