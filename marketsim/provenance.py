"""Where a result comes from: versions, sources, commit and machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from .resources import PACKAGE, folder

__all__ = [
    "code_hash",
    "data_hash",
    "float64",
    "git_commit",
    "hash_files",
    "machine",
    "processor",
    "version",
    "versions",
]

COMPUTED_BY: Final = (
    "marketsim",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "cvxpy",
    "highspy",
    "clarabel",
)
"""Packages that results hang on."""


def version(package: str) -> str:
    """Return the version of a package; `not installed`, as marketsim is in a bare checkout."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def versions(packages: Iterable[str] = COMPUTED_BY) -> dict[str, str]:
    """Return versions of Python and of packages, by default of all that results hang on."""
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def float64() -> bool:
    """Return whether JAX computes in float64 here what is said of no precision; imports no JAX."""
    if (jax := sys.modules.get("jax")) is not None:
        return bool(jax.config.jax_enable_x64)
    return os.environ.get("JAX_ENABLE_X64", "").lower() in ("1", "y", "yes", "t", "true", "on")


def machine() -> tuple[str, str]:
    """Return the system and the kind of processor, such as `Linux` and `x86_64`."""
    return platform.system(), platform.machine()


def processor() -> str:
    """Return a short hash of the processor's model and instruction sets; Linux only.

    What a compiler made for one processor may not run on another of the same kind.
    """
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    kinds = ("model name", "flags", "CPU", "Features")
    described = sorted({line for line in lines if line.startswith(kinds)})
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:12]


@cache
def code_hash(*parts: str) -> str:
    """Return the hash of sources as this process found them first, with marketsim's version.

    Parameters
    ----------
    parts
        Folders and files of the package, such as ``model`` and ``dates.py``.
    """
    paths = [PACKAGE / part for part in parts]
    sources = [file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])]
    return f"{version('marketsim')} {hash_files(sources)}"


def data_hash() -> str:
    """Return the hash of all that ships beside the code: facts, prices, scenarios, models."""
    return hash_files(file for file in folder("data").rglob("*") if file.is_file())


def hash_files(files: Iterable[Path]) -> str:
    """Return the hash of files' contents and names, whatever their order."""
    digest = hashlib.sha256()
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.parent.name}/{file.name} {content}\n".encode())
    return digest.hexdigest()


def git_commit() -> str:
    """Return the commit of the checkout this package stands in, or why there is none.

    ``+changes`` follows where the working tree differs from it.
    """
    root = PACKAGE.parent
    if not (root / ".git").exists():
        return "installed, no checkout"
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return "unknown"
    return commit + ("+changes" if _git(root, "status", "--porcelain") else "")


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
