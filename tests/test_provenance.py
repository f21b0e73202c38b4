"""Versions, sources, commit and machine: what is recorded is what is there."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import marketsim as ms
from marketsim import provenance


def test_versions_are_those_of_what_is_installed() -> None:
    found = provenance.versions()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["jax"] == metadata.version("jax")
    assert found["marketsim"] == ms.__version__
    assert provenance.versions(["numpy"]).keys() == {"python", "numpy"}


def test_what_is_missing_is_said_to_be() -> None:
    assert provenance.version("no-such-package") == "not installed"


def test_every_package_that_results_hang_on_is_required() -> None:
    required = {line.split(">")[0] for line in metadata.requires("marketsim") or ()}
    brought = {"marketsim", "jaxlib", "clarabel"}  # by jax and by cvxpy
    assert set(provenance.COMPUTED_BY) - brought <= required


def test_the_hash_of_files_is_of_contents_and_names(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a", encoding="utf-8")
    two.write_text("b", encoding="utf-8")
    before = provenance.hash_files([one, two])
    assert provenance.hash_files([two, one]) == before
    assert provenance.hash_files([one]) != before
    one.write_text("b", encoding="utf-8")
    two.write_text("a", encoding="utf-8")
    assert provenance.hash_files([one, two]) != before


def test_the_hash_of_code_is_of_the_parts_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    inner, other = tmp_path / "model" / "world.py", tmp_path / "dates.py"
    for file in (inner, other):
        file.write_text("x = 1", encoding="utf-8")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    fresh = provenance.code_hash.__wrapped__
    model, both = fresh("model"), fresh("model", "dates.py")
    assert model != both
    other.write_text("x = 2", encoding="utf-8")
    assert fresh("model") == model
    assert fresh("model", "dates.py") != both


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_commit_is_that_of_the_checkout_and_says_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "marketsim"
    package.mkdir()
    monkeypatch.setattr(provenance, "PACKAGE", package)
    assert provenance.git_commit() == "installed, no checkout"
    git(tmp_path, "init", "--quiet")
    assert provenance.git_commit() == "unknown"  # nothing is committed yet
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "first")
    assert provenance.git_commit() == git(tmp_path, "rev-parse", "HEAD")
    (package / "new.py").touch()
    assert provenance.git_commit().endswith("+changes")


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc/cpuinfo")
def test_the_processor_is_the_same_each_time() -> None:
    assert provenance.processor() == provenance.processor()
    assert len(provenance.processor()) == 12
