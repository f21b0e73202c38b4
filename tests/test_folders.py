"""A folder of results is of one run, whenever the process that wrote it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from marketsim import folders
from marketsim.files import check_folder
from marketsim.folders import clear_leftovers, digests, replace_folder, sound_record

WRITING = """
import json, os, signal, sys
from pathlib import Path
from marketsim.folders import digests, replace_folder

step = 0
def dying(call):
    def one(*arguments, **named):
        global step
        step += 1
        if step == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return one
for module, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink")):
    setattr(module, name, dying(getattr(module, name)))
files = {"a.csv": b"new a", "b.csv": b"new b"}
record = json.dumps({"of": "new", "results": digests(files)}).encode()
replace_folder(Path(sys.argv[1]), {**files, "run.json": record})
"""


def written(folder: Path, files: dict[str, bytes]) -> Path:
    record = json.dumps({"of": "old", "results": digests(files)}).encode()
    return replace_folder(folder, {**files, "run.json": record})


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def hand(process: int) -> str:
    """Whose a hidden folder is, as its name says it."""
    return f"{folders._me().rpartition('_')[0]}_{process}"


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_new_folder_is_whole_and_an_old_one_keeps_the_users_own_files(tmp_path: Path) -> None:
    folder = written(tmp_path / "below" / "run", {"a.csv": b"1", "gone.csv": b"2"})
    assert set(content(folder)) == {"a.csv", "gone.csv", "run.json"}
    (folder / "thoughts.md").write_bytes(b"mine")
    (folder / "report.html").write_bytes(b"of the old run")
    written(folder, {"a.csv": b"3"})
    found = content(folder)
    assert set(found) == {"a.csv", "run.json", "thoughts.md"}
    assert (found["a.csv"], found["thoughts.md"]) == (b"3", b"mine")


def test_a_link_and_the_folder_one_stands_in_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "link").symlink_to(here)
    monkeypatch.chdir(here)
    written(Path(), {"a.csv": b"1"})
    written(tmp_path / "link", {"a.csv": b"2"})
    assert (tmp_path / "link").is_symlink()
    assert Path("a.csv").read_bytes() == b"2"  # the folder is the one that it was
    assert set(content(here)) == {"a.csv", "run.json"}


def test_a_failure_leaves_the_old_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "run", {"a.csv": b"1"})
    before = content(folder)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        written(folder, {"a.csv": b"2"})
    assert caught.value.filename.endswith("a.csv")
    assert content(folder) == before


def test_what_broke_off_in_the_change_may_be_written_again_however_often_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "run", {"a.csv": b"1", "b.csv": b"2"})
    (folder / "run.json").unlink()
    with pytest.raises(OSError, match="which no finished run wrote"):
        check_folder(folder)
    (folder / f".run.{hand(dead())}.abcd.part").mkdir()  # as a crash between two renames leaves it

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", full)
            check_folder(folder)
            with pytest.raises(OSError, match="No space left"):
                written(folder, {"a.csv": b"3"})
    check_folder(folder)
    written(folder, {"a.csv": b"3"})
    assert sound_record(folder) is not None
    assert not list(folder.glob(".*"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("old", [True, False], ids=["over an older run", "anew"])
def test_whenever_it_is_killed_a_record_stands_beside_its_own_files(
    old: bool, tmp_path: Path
) -> None:
    states = set()
    for step in range(1, 30):
        folder = tmp_path / str(step) / "run"
        if old:
            written(folder, {"a.csv": b"old a", "b.csv": b"old b"})
        command = [sys.executable, "-c", WRITING, str(folder), str(step)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        record = sound_record(folder)
        states.add(None if record is None else record["of"])
        assert not (folder / "run.json").exists() or record is not None
        check_folder(folder)  # and it may be written again
        written(folder, {"a.csv": b"again"})
        assert set(content(folder)) - {"b.csv"} == {"a.csv", "run.json"}
        assert not list(folder.parent.glob(".*"))
        if done.returncode == 0:
            break
    assert done.returncode == 0
    assert states == ({"old", None, "new"} if old else {None, "new"})


def test_a_record_that_does_not_fit_its_files_is_not_sound(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", {"a.csv": b"1"})
    assert sound_record(folder) is not None
    (folder / "a.csv").write_bytes(b"2")
    assert sound_record(folder) is None
    (folder / "a.csv").unlink()
    assert sound_record(folder) is None
    (folder / "run.json").write_bytes(b"{")
    assert sound_record(folder) is None


def test_what_a_living_process_is_at_stays(tmp_path: Path) -> None:
    living = hand(os.getppid())
    for one in (living, hand(dead())):
        (tmp_path / f".run.{one}.abcd.part").mkdir()
    (tmp_path / ".of somebody else.part").mkdir()
    clear_leftovers(tmp_path)
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {f".run.{living}.abcd.part", ".of somebody else.part"}
