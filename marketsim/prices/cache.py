"""Bars of one ticker in the user's cache folder: whole, checked, and never half written.

A ticker has two files: Parquet under a name that ends in the digest of its content, and beside it
`NAME.sha256`, one line as `sha256sum` writes it, which names the file that counts. Writing makes
the new Parquet first and replaces that line last, so that whoever is killed in between leaves the
old bars. Content is compared with its digest before anything parses it: a file with one bit turned
is no file. Names come of tickers by a rule that leaves no path, and no two tickers, alike.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import filelock
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from marketsim.errors import PriceError
from marketsim.files import replace_file, safe_name

__all__ = ["COLUMNS", "Kept", "change_kept", "read_kept"]

VERSION: Final = 1
"""Of what a file holds: another version's are in another folder, and left alone."""

COLUMNS: Final = ("close", "volume", "dividend", "split")
PATIENCE: Final = 30.0  # seconds for the lock: who holds it writes a few hundred kilobytes
LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_-]+\.[0-9a-f]{12}\.parquet)\n")
NOTE: Final = b"marketsim"


@dataclass(frozen=True, eq=False)
class Kept:
    """What is known of one ticker.

    Attributes
    ----------
    bars : DataFrame [date]
        close (on the split basis of the day of the answer), volume (shares), dividend (by share, on
        the same basis) and split (new shares per old, 1 where none), by session of the exchange.
    first, until : Timestamp
        Days that were asked for: what has no bar in between has none.
    zone : str
        The exchange's time zone, as in "America/New_York".
    """

    bars: pd.DataFrame
    first: pd.Timestamp
    until: pd.Timestamp
    zone: str


def read_kept(folder: Path, ticker: str) -> Kept | None:
    """Bars of a ticker, or None where there are none, or none that are whole.

    Parameters
    ----------
    folder : Path
        Of the cache, as `cache_folder` has it.
    ticker : str
    """
    line, before = _line(folder, ticker), ""
    while line != before:  # a writer may take the file away between its name and its content
        try:
            return _read(folder, ticker, line)
        except (OSError, ValueError):  # gone, cut short, or not what was written
            line, before = _line(folder, ticker), line
    return None


def change_kept(
    folder: Path, ticker: str, change: Callable[[Kept | None], Kept], patience: float = PATIENCE
) -> Kept:
    """Write what `change` makes of what is there, while nobody else writes of this ticker.

    Raises
    ------
    PriceError
        Another process held the lock for longer than `patience` seconds.
    OSError
        The folder cannot be written. What was there is still there.
    """
    place = _folder(folder)
    place.mkdir(parents=True, exist_ok=True)
    lock = place / f"{safe_name(ticker)}.lock"
    try:
        with filelock.FileLock(lock, timeout=patience):
            kept = change(read_kept(folder, ticker))
            _write(place, ticker, kept)
            return kept
    except filelock.Timeout as error:
        raise PriceError(
            f"prices of {ticker}: another process has held {lock} for {patience:g} s; "
            "wait for it to end, or give another folder by MARKETSIM_CACHE"
        ) from error


def _folder(folder: Path) -> Path:
    return folder / "prices" / f"yahoo-{VERSION}"


def _line(folder: Path, ticker: str) -> str:
    """The line that says which file counts, or nothing where there is none."""
    try:
        return (_folder(folder) / f"{safe_name(ticker)}.sha256").read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _read(folder: Path, ticker: str, line: str) -> Kept:
    parts = LINE.fullmatch(line)
    if parts is None:
        raise ValueError("no line of a digest and a name")
    content = (_folder(folder) / parts[2]).read_bytes()
    if hashlib.sha256(content).hexdigest() != parts[1]:
        raise ValueError("not what was written")
    table = pq.read_table(BytesIO(content))
    note = json.loads((table.schema.metadata or {}).get(NOTE, b"{}"))
    if note.get("ticker") != ticker or note.get("version") != VERSION:
        raise ValueError("another's file")
    bars = table.to_pandas().set_index("date")
    bars.index = pd.DatetimeIndex(bars.index).as_unit("us")
    first, until = pd.Timestamp(note["first"]), pd.Timestamp(note["until"])
    return Kept(bars[list(COLUMNS)], first, until, note["zone"])


def _write(place: Path, ticker: str, kept: Kept) -> None:
    """The bars, then the line that makes them count, and then away with what counted before."""
    content = _content(ticker, kept)
    digest = hashlib.sha256(content).hexdigest()
    name = safe_name(ticker)
    path = place / f"{name}.{digest[:12]}.parquet"
    replace_file(path, content)
    replace_file(place / f"{name}.sha256", f"{digest}  {path.name}\n".encode("ascii"))
    for old in place.glob(f"{name}.*.parquet"):
        if old != path:
            with suppress(OSError):  # Windows keeps what is being read; the next writer tries again
                old.unlink()


def _content(ticker: str, kept: Kept) -> bytes:
    note = {
        "version": VERSION,
        "ticker": ticker,
        "first": f"{kept.first:%Y-%m-%d}",
        "until": f"{kept.until:%Y-%m-%d}",
        "zone": kept.zone,
    }
    bars = kept.bars[list(COLUMNS)].rename_axis("date").reset_index()
    table = pa.Table.from_pandas(bars, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), NOTE: json.dumps(note).encode()}
    buffer = BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()
