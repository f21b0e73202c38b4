"""Bars in the cache: whole or absent, whatever is done to their files, and nothing of them lost."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pytest

from marketsim.errors import PriceError
from marketsim.prices.cache import Kept, change_kept, read_kept

DAYS = pd.bdate_range("2023-01-02", periods=60, name="date")
ODD = ["../../x", "BRK/B", "CON", "^IRX", "A" * 300, "", ".", "aapl", "AAPL", "a\\b", "a\x00b", "ß"]


def kept(seed: int = 0, days: pd.DatetimeIndex = DAYS) -> Kept:
    random = np.random.default_rng(seed)
    bars = pd.DataFrame(
        {
            "close": 100.0 * np.exp(random.normal(0.0, 0.02, len(days)).cumsum()),
            "volume": random.integers(1_000, 9_000, len(days)).astype(float),
            "dividend": np.where(np.arange(len(days)) == 20, 0.25, 0.0),
            "split": np.where(np.arange(len(days)) == 40, 4.0, 1.0),
        },
        index=days,
    )
    return Kept(bars, days[0], days[-1], "America/New_York")


def write(folder: Path, ticker: str, what: Kept) -> None:
    change_kept(folder, ticker, lambda _: what)


def files(folder: Path, ending: str) -> list[Path]:
    return sorted(folder.rglob(f"*{ending}"))


def same(one: Kept | None, other: Kept) -> bool:
    return (
        one is not None
        and one.bars.equals(other.bars)
        and (one.first, one.until, one.zone) == (other.first, other.until, other.zone)
    )


def test_what_is_written_is_read_to_the_bit(tmp_path: Path) -> None:
    assert read_kept(tmp_path, "AAA") is None
    write(tmp_path, "AAA", kept())
    assert same(read_kept(tmp_path, "AAA"), kept())
    write(tmp_path, "AAA", kept(1))
    assert same(read_kept(tmp_path, "AAA"), kept(1))
    assert len(files(tmp_path, ".parquet")) == 1  # the old one is gone
    assert read_kept(tmp_path, "AAB") is None


def test_the_line_beside_is_that_of_sha256sum(tmp_path: Path) -> None:
    write(tmp_path, "AAA", kept())
    (parquet,), (line,) = files(tmp_path, ".parquet"), files(tmp_path, ".sha256")
    digest = hashlib.sha256(parquet.read_bytes()).hexdigest()
    assert line.read_text() == f"{digest}  {parquet.name}\n"
    assert list(pd.read_parquet(parquet)["close"]) == list(kept().bars["close"])


def test_no_damage_gives_other_prices(tmp_path: Path) -> None:
    """A bit turned anywhere, or a cut anywhere, in either file: the bars as written, or none."""
    write(tmp_path, "AAA", kept())
    random = np.random.default_rng(0)
    (parquet,), (line,) = files(tmp_path, ".parquet"), files(tmp_path, ".sha256")
    lost = 0
    for path, times in ((parquet, 240), (line, 60)):
        whole = path.read_bytes()
        for turn in range(times):
            damaged = bytearray(whole)
            place = int(random.integers(len(whole)))
            if turn % 2:
                damaged[place] ^= 1 << int(random.integers(8))
            else:
                del damaged[place:]
            path.write_bytes(damaged)
            found = read_kept(tmp_path, "AAA")
            lost += found is None
            assert found is None or same(found, kept())
        path.write_bytes(whole)
    assert lost == 300
    assert same(read_kept(tmp_path, "AAA"), kept())


def test_a_file_of_another_ticker_is_none_of_this(tmp_path: Path) -> None:
    write(tmp_path, "AAA", kept())
    write(tmp_path, "BBB", kept(1))
    a, b = files(tmp_path, ".sha256")
    a.write_bytes(b.read_bytes())
    assert read_kept(tmp_path, "AAA") is None


def test_no_ticker_is_a_path_and_no_two_are_one(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    for seed, ticker in enumerate(ODD):
        write(folder, ticker, kept(seed))
    for seed, ticker in enumerate(ODD):
        assert same(read_kept(folder, ticker), kept(seed))
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    (place,) = {path.parent for path in folder.rglob("*") if path.is_file()}
    names = [path.name.split(".")[0] for path in files(place, ".sha256")]
    assert len({name.casefold() for name in names}) == len(ODD)
    assert all(len(path.name) < 120 for path in place.iterdir())


WRITER = """
import sys
import pandas as pd
from pathlib import Path
from marketsim.prices.cache import Kept, change_kept
folder, number, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for turn in range(times):
    day = pd.Timestamp("2000-01-01") + pd.Timedelta(days=number * times + turn)
    row = pd.DataFrame(
        {"close": [float(number)], "volume": 1.0, "dividend": 0.0, "split": 1.0},
        index=pd.DatetimeIndex([day], name="date"),
    )
    def add(old):
        bars = row if old is None else pd.concat([old.bars, row]).sort_index()
        return Kept(bars, bars.index[0], bars.index[-1], "UTC")
    change_kept(folder, "AAA", add)
"""


def start(script: str, *arguments: str | Path | int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_eight_writers_of_fifty_each_lose_nothing(tmp_path: Path) -> None:
    writers = [start(WRITER, tmp_path, number, 50) for number in range(8)]
    while any(writer.poll() is None for writer in writers):
        there = files(tmp_path, ".sha256")  # a reader never meets half of one
        assert read_kept(tmp_path, "AAA") is not None or not there
    for writer in writers:
        assert writer.communicate()[1] == ""
    found = read_kept(tmp_path, "AAA")
    assert found is not None
    assert len(found.bars) == 400
    assert found.bars["close"].value_counts().to_dict() == dict.fromkeys(range(8), 50)
    assert len(files(tmp_path, ".parquet")) == 1
    assert not files(tmp_path, ".part")


KILLED = """
import os, signal, sys
from pathlib import Path
import marketsim.prices.cache as cache
write, left = cache.replace_file, [int(sys.argv[2])]
def replace_file(path, content):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    write(path, content)
cache.replace_file = replace_file
cache.change_kept(Path(sys.argv[1]), "AAA", lambda old: cache.Kept(
    old.bars * 2.0, old.first, old.until, old.zone))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("written", [0, 1])
def test_a_writer_that_is_killed_leaves_the_old_bars(tmp_path: Path, written: int) -> None:
    """Before the Parquet, and between it and the line that makes it count."""
    write(tmp_path, "AAA", kept())
    writer = start(KILLED, tmp_path, written)
    assert (writer.wait(), writer.communicate()[1]) == (-signal.SIGKILL, "")
    assert same(read_kept(tmp_path, "AAA"), kept())
    write(tmp_path, "AAA", kept(1))  # its lock went with it
    assert same(read_kept(tmp_path, "AAA"), kept(1))
    assert len(files(tmp_path, ".parquet")) == 1


def test_a_lock_that_is_held_is_told(tmp_path: Path) -> None:
    write(tmp_path, "AAA", kept())
    (lock,) = files(tmp_path, ".lock")
    with (
        filelock.FileLock(lock),
        pytest.raises(PriceError, match=r"another process has held .*lock for 0\.01 s"),
    ):
        change_kept(tmp_path, "AAA", lambda _: kept(), patience=0.01)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="Permission"):
        write(tmp_path / "cache", "AAA", kept())
