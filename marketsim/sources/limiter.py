"""How a source is asked: not too often, with a deadline, and with longer waits when it refuses.

One limiter serves the whole process, whatever the number of threads: a refusal that one of them
meets holds all of them back.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from marketsim.errors import InputError

__all__ = ["LIMITER", "Limiter", "Patience", "within"]

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How long to go on.

    Attributes
    ----------
    tries : int
        Times that one question is asked before one gives up.
    spacing : float
        Seconds between two questions of this process.
    wait : float
        Seconds after a first refusal; doubled by each further one.
    longest : float
        Seconds that no wait is longer than.
    request : float
        Seconds for one request.
    deadline : float
        Seconds for all requests that one question takes, those for cookies among them.
    """

    tries: int = 5
    spacing: float = 0.4
    wait: float = 4.0
    longest: float = 60.0
    request: float = 15.0
    deadline: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what is no number of tries or seconds."""
        if not self.tries >= 1:
            raise InputError(f"tries={self.tries}: ask once at least")
        for name in ("spacing", "wait", "longest", "request", "deadline"):
            if not getattr(self, name) >= 0.0:
                raise InputError(f"{name}={getattr(self, name)}: seconds, from nothing up")

    def backoff(self, refusals: int, chance: float) -> float:
        """Seconds to wait after so many refusals in a row.

        Between half of the doubled wait and all of it, by a chance between 0 and 1: processes that
        were refused together do not come back together.
        """
        return min(self.longest, self.wait * 2.0 ** (refusals - 1)) * (0.5 + 0.5 * chance)


@dataclass(eq=False)
class Limiter:
    """Lets one question through at a time, and none before its turn."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Any] = time.sleep
    chance: Callable[[], float] = random.random
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _next: float = field(default=0.0, repr=False)

    def turn(self, spacing: float) -> None:
        """Wait for one's turn; the next one's comes `spacing` seconds later."""
        while (left := self._take(spacing)) > 0.0:  # a refusal may have come in the meantime
            self.sleep(left)

    def hold(self, seconds: float) -> None:
        """Let nobody ask for so many seconds."""
        with self._lock:
            self._next = max(self._next, self.clock() + seconds)

    def refused(self, patience: Patience, refusals: int) -> None:
        """Hold all questions back for as long as that many refusals in a row ask for."""
        self.hold(patience.backoff(refusals, self.chance()))

    def _take(self, spacing: float) -> float:
        """Seconds still to wait, or nothing: then the turn is taken."""
        with self._lock:
            now = self.clock()
            if now < self._next:
                return self._next - now
            self._next = now + spacing
            return 0.0


LIMITER: Final = Limiter()
"""Yahoo's, of this process: each source has one of its own."""


def within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """The answer of a call, in so many seconds.

    The call runs in a thread of its own, which is left to itself when it is late, and does not keep
    the process from ending.

    Raises
    ------
    TimeoutError
        It took longer. Whatever the call raises is raised here.
    """
    answers: list[Answer] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True, name="marketsim-asking")
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not answers:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return answers[0]
