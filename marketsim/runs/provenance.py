"""Where a result comes from: versions of what computed it, and the commit of the checkout."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

__all__ = ["git_commit", "versions"]

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


def versions() -> dict[str, str]:
    """Return versions of Python and of the packages that results hang on."""
    found = {"python": platform.python_version()}
    for name in COMPUTED_BY:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def git_commit() -> str:
    """Return the commit of the checkout this package stands in, or why there is none.

    ``+changes`` follows where the working tree differs from it.
    """
    root = Path(__file__).resolve().parents[2]
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
