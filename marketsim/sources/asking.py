"""One question asked until it is answered, or one error that says whose fault it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from marketsim.errors import SourceError
from marketsim.sources.limiter import Limiter, Patience, within

__all__ = ["Away", "Broken", "Missing", "Refused", "Unreachable", "Unusable", "ask"]

Answer = TypeVar("Answer")


class Unreachable(SourceError):
    """The source cannot be reached, or refuses: nothing is known of what was asked for."""


class Missing(SourceError):
    """The source says that it has no such thing, which Yahoo also says when it refuses."""


class Unusable(SourceError):
    """The source answered, with what cannot be right, or is not in a currency that is asked for."""


class Refused(Exception):
    """One try came to nothing, and another may not; `most` times of this kind are enough."""

    most: float = np.inf
    kind: type[SourceError] = Unreachable


class Away(Refused):
    """There is no connection, which waiting mends less often than a refusal."""

    most = 3


class Broken(Refused):
    """An answer that lacks something, or cannot be read: others of this source may be whole."""

    most = 2
    kind = Unusable


def ask(question: Callable[[], Answer], patience: Patience, limiter: Limiter) -> Answer:
    """The answer to a question, asked as often as it takes and `patience` allows.

    Parameters
    ----------
    question : callable
        Asks once. It raises `Refused` where another try may succeed, and whatever it likes where
        none will.
    patience : Patience
    limiter : Limiter
        Of the source.

    Raises
    ------
    Unreachable, Unusable
        After as many tries as `patience` has, by what came of the last; the message says what.
    """
    tried: list[type[Refused]] = []
    while True:
        limiter.turn(patience.spacing)
        try:
            return _in_time(question, patience)
        except Refused as error:
            tried.append(type(error))
            if len(tried) >= patience.tries or tried.count(type(error)) >= error.most:
                times = f"{len(tried)} time{'s' * (len(tried) > 1)}"
                raise error.kind(f"{error}, {times} in a row") from error
        limiter.refused(patience, len(tried))


def _in_time(question: Callable[[], Answer], patience: Patience) -> Answer:
    try:
        return within(patience.deadline, question)
    except TimeoutError as error:
        raise Refused(str(error)) from error
