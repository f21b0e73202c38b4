"""Yahoo through yfinance, which is made to say what goes wrong.

yfinance answers an outage with empty frames, a refusal with "possibly delisted" or columns of NaN,
and keeps bad pages in a memory of its own. Here it raises, its memory is emptied before each
question, and what it raises is told apart.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from marketsim.sources.asking import Away, Broken, Missing, Refused, Unreachable, Unusable

__all__ = ["yfinance_asked"]

NOT_THERE: Final = re.compile(r"no data found|not found|delisted|data doesn't exist", re.IGNORECASE)
_ASKING: Final = threading.Lock()
"""yfinance's settings are those of the process: one thread asks at a time."""


@contextmanager
def yfinance_asked() -> Iterator[Any]:
    """Yfinance itself, for one question.

    Raises
    ------
    Missing
        Yahoo says that it has no such ticker.
    Refused
        It refuses, cannot be reached, or answers with what yfinance cannot read.
    """
    import yfinance  # slow to import, and few runs need it

    with _ASKING, _frank(yfinance):
        _private_folder(os.getpid())
        yfinance.data.YfData.cache_get.cache_clear()  # it keeps error pages as if they were answers
        try:
            yield yfinance
        except (Refused, Missing, Unusable, Unreachable):
            raise
        except Exception as error:  # its transport raises kinds of its own
            raise _told(error, yfinance.exceptions) from error


def _told(error: Exception, kinds: Any) -> Exception:
    """Whether a failure says that there is no such ticker, or nothing about it."""
    reason = getattr(error, "yahoo_reason", None)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, kinds.YFRateLimitError):
        return Refused("it refuses for too many requests (status 429)")
    if isinstance(error, kinds.YFTickerMissingError) and NOT_THERE.search(reason or "not found"):
        return Missing(str(reason or "no prices"))
    if status == 404:
        return Missing("not found")
    if reason or (status or 0) >= 400:
        return Refused(f"it answered '{reason or f'status {status}'}'")
    if type(error).__name__ == "JSONDecodeError":
        return Refused(
            "it answered with something other than figures: an error page, or half of it"
        )
    if isinstance(error, OSError):
        said = " ".join(str(error).partition(" See http")[0].split())
        return Away(f"it could not be reached ({said[:200].rstrip('.')})")
    if isinstance(error, kinds.YFDataException):
        return Refused(f"it is down ({error})")
    return Broken(f"yfinance could not read its answer ({type(error).__name__}: {error})")


@contextmanager
def _frank(yfinance: Any) -> Iterator[None]:
    """Let yfinance raise what goes wrong, rather than log it and answer with an empty frame.

    What it uses of pandas that is to change is not the caller's to mend.
    """
    debug, logger = yfinance.config.debug, logging.getLogger("yfinance")
    hidden, level = debug.hide_exceptions, logger.level
    debug.hide_exceptions = False
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        debug.hide_exceptions = hidden
        logger.setLevel(level)


@cache
def _private_folder(process: int) -> str:
    """A folder of this process for yfinance's cookies and time zones: a shared one locks."""
    import yfinance

    folder = tempfile.mkdtemp(prefix=f"marketsim-yahoo-{process}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    yfinance.set_tz_cache_location(folder)
    return folder
