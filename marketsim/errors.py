"""The errors marketsim raises: one family, each saying where, what, and what would be right.

Whoever wants to treat every refusal alike catches `MarketsimError`; the command line turns
it into one line on stderr and exit code 2. Anything else that escapes is a bug.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "BusyError",
    "DataError",
    "InfeasibleError",
    "InputError",
    "MarketsimError",
    "PriceError",
    "SolverError",
    "SourceError",
    "handed",
    "nearest",
]


class MarketsimError(Exception):
    """Something the caller can put right: a file, an argument, a bound, a connection."""


class DataError(MarketsimError):
    """A file or a frame is wrong or missing; the message names file, line and column."""


class InputError(MarketsimError):
    """An argument is wrong; the message says what would be right."""


class InfeasibleError(MarketsimError):
    """Constraints conflict; the message names them and the nearest bound that works."""


class SolverError(MarketsimError):
    """A solver stopped short of an optimum that passes its own residual check."""


class PriceError(MarketsimError):
    """Prices are missing, or their source cannot be reached."""


class BusyError(MarketsimError):
    """What it takes is held by another, or away; the same may be tried again later."""


class SourceError(MarketsimError):
    """A source of figures cannot be reached, has not what is asked for, or answers amiss."""


def handed(where: str, given: object, kinds: type | tuple[type, ...], maker: str) -> None:
    """Refuse what another step made than the one whose result is asked for.

    Parameters
    ----------
    where : str
        Who asks, and for which argument: `"simulate: scenarios"`.
    given : object
        What was handed over.
    kinds : type or tuple of types
        What would be right.
    maker : str
        What makes it: `"ms.load_scenarios(posterior)"`.

    Raises
    ------
    InputError
        It is none of these kinds.
    """
    if not isinstance(given, kinds):
        raise InputError(f"{where} is a {type(given).__name__}; give what {maker} returns")


def nearest(name: object, names: Iterable[object]) -> str:
    """Ending of a message that suggests the closest of the known names.

    Parameters
    ----------
    name : object
        What was given.
    names : iterable
        What would have been right. `marketsim.renames.Tickers` know what they were called before.

    Returns
    -------
    str
        `" Did you mean 'NVDA'?"`, with the leading space, or `""` when nothing is close.
        Case alone never keeps two names apart. Of a former ticker what it is called now.
    """
    if told := getattr(names, "hint", lambda _: "")(name):
        return str(told)
    spelt = {str(known).casefold(): str(known) for known in names}
    close = get_close_matches(str(name).casefold(), spelt, n=1, cutoff=0.6)
    return f" Did you mean '{spelt[close[0]]}'?" if close else ""
