"""From bytes to text: what is no text, or of an encoding that one would have to guess, is named."""

from __future__ import annotations

import codecs
import gzip
import stat
import zlib
from pathlib import Path
from typing import Final

__all__ = ["MOST_BYTES", "read_content", "text_of"]

MOST_BYTES: Final = 256 * 2**20
"""Longest text that is read; a larger table belongs into Parquet."""

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte-order marks, those that begin like another first."""

OTHERS: Final = (
    (b"PK\x03\x04", "is an Excel workbook or another archive; save the sheet as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook; save the sheet as CSV in UTF-8"),
    (b"PAR1", "is Parquet; give its name the ending .parquet"),
    (b"\x1f\x8b", "is compressed; give its name the ending .gz"),
    (b"%PDF", "is a PDF; write its table as CSV in UTF-8"),
)
PAGES: Final = ("<!doctype html", "<html", "<?xml")


def read_content(path: Path) -> tuple[bytes, str]:
    """Return the bytes of a file, those of a .gz unpacked, and why there are none.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return b"", "is no file; name a file"
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        return b"", "is not gzip, as its name says, or torn; write it again"
    if len(content) > MOST_BYTES:
        return b"", f"has more than {MOST_BYTES // 2**20} MB of text; write it as Parquet"
    return content, ""


def text_of(content: bytes) -> tuple[str, int, str]:
    """Return the text of bytes; or the line at which there is none, and why.

    UTF-8 is read, with a byte-order mark or without, and UTF-16 and UTF-32 where theirs says so.
    Any other encoding is refused: which it is nobody can tell from the bytes.
    """
    for start, says in OTHERS:
        if content.startswith(start):
            return "", -1, says
    mark, encoding = next(
        ((mark, name) for mark, name in MARKS if content.startswith(mark)), (b"", "utf-8")
    )
    body = content[len(mark) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        return "", line, _undecoded(encoding, body[error.start])
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return "", line, "is not UTF-8 but UTF-16 without its mark, or no text; save it as UTF-8"
    if text[:200].lstrip().casefold().startswith(PAGES):
        return "", 1, "is a web page and no table; download the file that it shows"
    return text, -1, ""


def _undecoded(encoding: str, byte: int) -> str:
    if encoding != "utf-8":
        return f"is torn {encoding.upper()}; save it as UTF-8"
    letter = bytes([byte]).decode("cp1252", "replace")
    like = f", which is '{letter}' in Windows-1252" if letter.isprintable() else ""
    return f"is not UTF-8 (byte 0x{byte:02x}{like}); save it as UTF-8, in Excel as CSV UTF-8"
