"""Calibrations are found again, to the byte, by all that they depend on, and by nothing less."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import resources
from marketsim.calibration import cache
from marketsim.calibration.cache import Fitted, keep, key, place, recall

AS_OF = pd.Timestamp("2025-12-31")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path))
    return tmp_path / "calibrations"


@pytest.fixture
def fitted(posterior: ms.Posterior) -> Fitted:
    return Fitted(**{f.name: getattr(posterior, f.name) for f in fields(Fitted)})


def assert_same(one: Fitted | ms.Posterior, other: Fitted | ms.Posterior) -> None:
    for f in fields(Fitted):
        mine, theirs = getattr(one, f.name), getattr(other, f.name)
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
        elif isinstance(mine, dict):
            assert mine.keys() == theirs.keys()
            assert all(mine[k].tobytes() == theirs[k].tobytes() for k in mine)
            assert all(mine[k].shape == theirs[k].shape for k in mine)
        elif isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            assert mine.shape == theirs.shape
            assert mine.tobytes() == theirs.tobytes()
        else:
            assert mine == theirs


# ----------------------------------------------------------------------- found again


def test_what_is_kept_is_found_to_the_byte(folder: Path, fitted: Fitted) -> None:
    assert recall("a") is None
    keep("a", fitted)
    again = recall("a")
    assert again is not None
    assert_same(again, fitted)
    assert [file.name for file in folder.iterdir()] == ["a.npz"]


def test_a_calibration_is_looked_for_before_it_is_made(
    folder: Path,
    fitted: Fitted,
    facts: ms.Knowledge,
    posterior: ms.Posterior,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And comes back whole: its derived parts are those of the one that was made."""
    monkeypatch.setattr("marketsim.calibration.fit._calibrated", lambda *_: pytest.fail("made"))
    keep(key(facts, AS_OF), fitted)
    again = ms.calibrate(facts)
    assert_same(again, posterior)
    assert again.as_of == posterior.as_of
    assert again.digest == posterior.digest == again.knowledge.digest
    pd.testing.assert_frame_equal(again.table(), posterior.table())
    assert str(again.identified()) == str(posterior.identified())


def test_what_is_made_is_kept_unless_told_otherwise(
    folder: Path, fitted: Fitted, facts: ms.Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def calibrated(*_: object) -> Fitted:
        made.append(1)
        return fitted

    monkeypatch.setattr("marketsim.calibration.fit._calibrated", calibrated)
    ms.calibrate(facts, cache=False)
    assert not folder.exists()
    ms.calibrate(facts)
    ms.calibrate(facts)
    assert len(made) == 2
    ms.calibrate(facts, cache=False)
    assert len(made) == 3


def test_it_takes_no_time(folder: Path, fitted: Fitted, facts: ms.Knowledge) -> None:
    keep(key(facts, AS_OF), fitted)
    ms.calibrate(facts)
    begun = time.perf_counter()
    ms.calibrate(facts)
    assert time.perf_counter() - begun < 0.5


# ----------------------------------------------------------------------- what the key holds


def test_the_key_is_of_all_that_matters(
    facts: ms.Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [key(facts, AS_OF), key(facts, AS_OF - pd.Timedelta(days=1))]
    assert key(facts, AS_OF) == keys[0]
    keys.append(key(facts.with_facts(facts.table.iloc[1:].reset_index(drop=True)), AS_OF))
    with monkeypatch.context() as patched:
        patched.setattr(cache, "code_hash", lambda *_: "another release")
        keys.append(key(facts, AS_OF))
    with monkeypatch.context() as patched:
        patched.setattr(cache, "versions", lambda _: {"jax": "another version"})
        keys.append(key(facts, AS_OF))
    with monkeypatch.context() as patched:
        other = tmp_path / "data"
        shutil.copytree(resources.folder("data"), other)
        patched.setenv("MARKETSIM_DATA", str(other))
        assert key(ms.load_facts(AS_OF), AS_OF) == keys[0]  # wherever they lie
        lines = (other / "lines.csv").read_text(encoding="utf-8")
        (other / "lines.csv").write_text(lines.replace("0.93", "0.92"), encoding="utf-8")
        keys.append(key(ms.load_facts(AS_OF), AS_OF))
    assert len(set(keys)) == len(keys)


def test_facts_published_later_are_no_part_of_it(facts: ms.Knowledge) -> None:
    """So that a calibration of the past is found, whatever has been learnt since."""
    later = ms.load_facts()
    assert len(later) > len(facts)
    assert key(later.upto(AS_OF), AS_OF) == key(facts, AS_OF)


@pytest.mark.parametrize("name", cache.CODE)
def test_the_sources_are_where_they_are_looked_for(name: str) -> None:
    assert (resources.PACKAGE / name).exists()


def test_all_that_calibration_imports_decides_what_it_finds() -> None:
    """But for what only says where files are, or what went wrong."""
    known, open_ones = set(), {"calibration"}
    while open_ones:
        name = open_ones.pop()
        known.add(name)
        folder = resources.PACKAGE / name
        paths = folder.rglob("*.py") if folder.is_dir() else [resources.PACKAGE / f"{name}.py"]
        text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
        open_ones |= set(re.findall(r"^\s*from marketsim\.(\w+)", text, re.M)) - known
    named = {name.removesuffix(".py") for name in cache.CODE}
    assert known - named == {"errors", "files", "provenance", "resources"}


# ----------------------------------------------------------------------- never trusted


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:2000] + b"\0" * 200 + content[2200:],
        lambda content: b"not a calibration at all",
        lambda content: b"PK\x03\x04" + content[100:],
    ],
    ids=["empty", "torn", "damaged", "text", "headless"],
)
def test_a_spoilt_file_is_passed_over_and_replaced(
    folder: Path, fitted: Fitted, spoil: object
) -> None:
    keep("a", fitted)
    file = place("a")
    file.write_bytes(spoil(file.read_bytes()))  # type: ignore[operator]
    assert recall("a") is None
    keep("a", fitted)
    assert recall("a") is not None


def test_anothers_file_is_passed_over(folder: Path, fitted: Fitted) -> None:
    keep("a", fitted)
    shutil.copy(place("a"), place("b"))
    assert recall("a") is not None
    assert recall("b") is None


def test_nothing_in_a_file_is_executed(folder: Path, fitted: Fitted) -> None:
    """An array of objects is a pickle, which may do anything: it is refused."""
    folder.mkdir(parents=True)
    spiked = np.array([{"mode": 1}], dtype=object)
    np.savez(place("a"), metadata=spiked, allow_pickle=True)
    assert recall("a") is None


@pytest.mark.skipif(os.name == "nt", reason="folders are made unwritable by their mode")
def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, fitted: Fitted, facts: ms.Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands where the folder should be, which stops root too."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("marketsim.calibration.fit._calibrated", lambda *_: fitted)
    assert ms.calibrate(facts).mode.tobytes() == fitted.mode.tobytes()
    assert (tmp_path / "file").read_text() == "no folder"


# ----------------------------------------------------------------------- never too many


def test_the_last_used_are_kept(
    folder: Path, fitted: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "KEPT", 3)
    small = replace(fitted, covariance=np.eye(2), jacobian=np.eye(2))
    for age, name in enumerate(["a", "b", "c"]):
        keep(name, small)
        os.utime(place(name), (1e9 + age, 1e9 + age))
    assert recall("a") is not None  # used: now the youngest
    keep("d", small)
    assert {file.stem for file in folder.iterdir()} == {"a", "c", "d"}
