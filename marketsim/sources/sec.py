"""What companies filed with the SEC in XBRL, asked for as the SEC asks to be asked.

It wants to be told who asks, a name and an e-mail address, and no more than ten questions a second.
Answers are kept in the user's cache folder, whole and compressed, for as long as they are fresh.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.errors import InputError, nearest
from marketsim.sources.asking import Away, Broken, Missing, Refused, ask
from marketsim.sources.kept import Answer, keep_answer, kept_answer
from marketsim.sources.limiter import Limiter, Patience

__all__ = ["SEC_LIMITER", "Sec", "require_agent"]

TICKERS: Final = "https://www.sec.gov/files/company_tickers.json"
FACTS: Final = "https://data.sec.gov/api/xbrl/companyfacts/CIK{cik:010d}.json"
VERSION: Final = 1
"""Of what a kept answer holds."""
FRESH: Final = {"tickers": pd.Timedelta(days=30), "facts": pd.Timedelta(hours=12)}
LARGEST: Final = 256 * 2**20  # bytes; the largest companies file some ten million
AGENT: Final = re.compile(r"[\x20-\x7e]*[^\s@]@[^\s@]+\.[^\s@][\x20-\x7e]*")
SEC_PATIENCE: Final = Patience(spacing=0.15, request=30.0, deadline=120.0)
SEC_LIMITER: Final = Limiter()
"""The SEC's, of this process."""


class _Stopped(Refused):
    """The SEC refuses who asks, which asking again mends where it was asked too often."""

    most = 2


def require_agent(agent: str | None) -> str:
    """Who asks, as the SEC wants to know it.

    Raises
    ------
    InputError
        Nothing is given, or it holds no e-mail address, or what no header can hold.
    """
    if not agent or not agent.strip():
        raise InputError(
            "the SEC answers nobody who does not say who asks; give a name and an e-mail address "
            "by --user-agent or MARKETSIM_USER_AGENT, or --source yahoo"
        )
    if not AGENT.fullmatch(agent.strip()):
        raise InputError(
            f"user agent {agent[:80]!r}: the SEC wants a name and an e-mail address, in plain "
            "letters, as in 'Jane Doe jane@example.com'"
        )
    return agent.strip()


@dataclass(frozen=True)
class Sec:
    """The SEC, as one user asks it.

    Attributes
    ----------
    agent : str
        Name and e-mail address of who asks.
    cache : Path
        Folder of the user's cache.
    patience : Patience
    limiter : Limiter
    """

    agent: str
    cache: Path
    patience: Patience = SEC_PATIENCE
    limiter: Limiter = SEC_LIMITER

    def __post_init__(self) -> None:
        """Refuse to ask without saying who asks."""
        require_agent(self.agent)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """Central index keys by ticker."""
        return self._kept("tickers", "tickers", TICKERS, _numbers_in)

    def number(self, ticker: str) -> int:
        """The central index key of a ticker.

        Raises
        ------
        Missing
            The SEC has no such ticker.
        Unreachable, Unusable
            As `facts`.
        """
        name = ticker.upper().replace(".", "-")
        if name not in self._numbers:
            raise Missing(f"the SEC has no ticker '{ticker}'.{nearest(name, self._numbers)}")
        return self._numbers[name]

    def facts(self, number: int) -> dict[str, Any]:
        """Company facts of one company, as the SEC's JSON has them.

        Raises
        ------
        Missing
            It filed none.
        Unreachable
            The SEC refuses or cannot be reached.
        Unusable
            The answer cannot be read.
        """
        return self._kept("facts", f"CIK{number:010d}", FACTS.format(cik=number), _facts_in)

    def _kept(
        self, kind: str, name: str, address: str, read: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """What was read of an answer that is fresh, else of a new one, which is then kept."""
        path = self.cache / "sources" / f"sec-{VERSION}" / f"{name}.json.gz"
        now = pd.Timestamp.now("UTC")
        kept = kept_answer(path, address, FRESH[kind], now, lambda answer: read(answer.content))
        if kept is not None:
            return kept

        def question() -> tuple[Any, dict[str, Any]]:
            answer = _get(address, self.agent, self.patience.request)
            try:
                return answer, read(answer)
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                raise Broken(f"the SEC's answer holds no {kind}") from error

        answer, found = ask(question, self.patience, self.limiter)
        keep_answer(path, address, Answer(answer, now))
        return found


def _numbers_in(answer: Any) -> dict[str, int]:
    found = {str(row["ticker"]).upper(): int(row["cik_str"]) for row in answer.values()}
    if not found:
        raise ValueError("no tickers")
    return found


def _facts_in(answer: Any) -> dict[str, Any]:
    return dict(answer["facts"])


def _get(address: str, agent: str, seconds: float) -> Any:
    """The JSON at an address, with failures told apart."""
    import http.client  # few runs need them
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        address, headers={"User-Agent": agent, "Accept-Encoding": "gzip"}
    )
    try:
        opener = urllib.request.build_opener()  # with the proxy of now: urlopen keeps its first
        with opener.open(request, timeout=seconds) as reply:
            body = reply.read(LARGEST)
            if reply.length:  # what its head told is still to come, and does not
                raise Broken("the SEC's answer was cut short")
        return json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            raise _told(error.code) from None
    except (http.client.HTTPException, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Broken("the SEC's answer was cut short") from error
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise Away(f"the SEC could not be reached ({str(reason)[:200]})") from error
    except ValueError as error:
        raise Broken("the SEC answered with something other than figures: an error page") from error


def _told(status: int) -> Exception:
    if status == 404:
        return Missing("the SEC has no company facts of it")
    if status == 403:
        return _Stopped(
            "the SEC refuses (status 403): it was asked too often, or does not like --user-agent"
        )
    if status == 429:
        return Refused("the SEC refuses for too many requests (status 429)")
    return Refused(f"the SEC answered with status {status}")
