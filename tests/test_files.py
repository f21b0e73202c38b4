"""Files are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from marketsim.files import check_file, check_folder, replace_file


def test_a_file_is_made_with_its_folder_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    for content in (b"first", b"second"):
        replace_file(path, content)
        assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_a_crash_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a" / "file"
    replace_file(path, b"old")

    def crash(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="disk full"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_a_link_is_followed_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640
    ahead = tmp_path / "ahead.csv"
    ahead.symlink_to(tmp_path / "not_yet.csv")
    replace_file(ahead, b"new")
    assert (tmp_path / "not_yet.csv").read_bytes() == b"new"


def test_a_new_file_is_as_open_as_the_user_makes_files(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    replace_file(tmp_path / "new", b"new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def below(folder: Path) -> Path:
    (folder / "file").write_bytes(b"mine")
    return folder / "file" / "table.csv"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder, "is a folder; name a file in it"),
        (lambda folder: Path("/dev/null"), "is a device, pipe or socket; name an ordinary file"),
        (lambda folder: Path("/dev/stdout"), "is a stream of this process"),
        (lambda folder: Path("/dev/fd/1"), "is a stream of this process"),
        (lambda folder: Path("/proc/self/fd/1"), "is a stream of this process"),
        (pipe, "is a device, pipe or socket"),
        (loop, "is a link that leads to itself"),
        (below, "which is a file; name another"),
    ],
)
def test_what_is_no_file_is_refused_before_anything_is_made(
    make: Callable[[Path], Path], says: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    held = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError, match=says):
        check_file(path)
    with pytest.raises(OSError, match=r"\w"):
        replace_file(path, b"new")
    assert sorted(tmp_path.rglob("*")) == held


def test_what_is_read_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    check_file(path, [path])
    path.write_bytes(b"mine")
    (tmp_path / "link.csv").symlink_to(path)
    for other in (path, tmp_path / "link.csv", tmp_path / "x" / ".." / "returns.csv"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(OSError, match="is read for this, too; name another file"):
            check_file(other, [None, path])
    check_file(tmp_path / "weights.csv", [path])
    check_file(None, [path])


def test_a_folder_that_holds_something_else_is_not_touched(tmp_path: Path) -> None:
    for sound in (None, tmp_path, tmp_path / "new" / "run"):
        check_folder(sound)
    (tmp_path / ".DS_Store").touch()
    check_folder(tmp_path)
    (tmp_path / "thesis.docx").touch()
    (tmp_path / "zebra.txt").touch()
    with pytest.raises(
        OSError, match=r"holds thesis\.docx and 1 more, which no finished run wrote"
    ):
        check_folder(tmp_path)
    (tmp_path / "run.json").touch()
    check_folder(tmp_path)
    with pytest.raises(OSError, match="is a file; name a folder"):
        check_folder(tmp_path / "zebra.txt")
    with pytest.raises(OSError, match="lies below"):
        check_folder(tmp_path / "zebra.txt" / "run")
