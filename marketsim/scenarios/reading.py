"""A TOML file of regimes, read without a posterior: what is wrong in its form is said at once."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard

from marketsim import resources
from marketsim.errors import DataError, nearest

from .regimes import OPERATIONS, Fault, Place, Regime, Shift, chosen_regimes

__all__ = [
    "Sheet",
    "is_number",
    "is_shift",
    "line_of",
    "read_regimes",
    "read_sheet",
    "refuse",
    "table_of",
    "text_of",
]

KEYS: Final = ("probability", "thesis", "watch", "shifts")

EMPTY: Final = "no regime; write at least one [name] with a probability"


class Sheet(NamedTuple):
    """A file as far as it can be read, and what is wrong with its form."""

    regimes: tuple[Regime, ...]
    faults: tuple[Fault, ...]


def read_regimes(
    path: str | Path | None = None, names: Iterable[str] | None = None
) -> tuple[Regime, ...]:
    """Read regimes, before there is a posterior to fit them to.

    Parameters
    ----------
    path
        A TOML file of regimes; by default data/scenarios.toml.
    names
        The regimes wanted, by default all; probabilities are renormalised.

    Raises
    ------
    DataError
        All faults of form at once: probabilities that are none, a thesis that is missing, keys that
        are unknown, shifts that are not written as one operation and a number.
    InputError
        A name that is no regime.
    """
    sheet = read_sheet(path)
    refuse(sheet.faults)
    return chosen_regimes(sheet.regimes, names)


def refuse(faults: Iterable[Fault]) -> None:
    """Raise what is wrong, if anything is, line by line.

    Raises
    ------
    DataError
        With all faults.
    """
    listed = sorted(faults, key=lambda fault: fault.place.line)
    if listed:
        raise DataError("\n".join(map(str, listed)))


def read_sheet(path: str | Path | None) -> Sheet:
    """Read a file of regimes as far as it can be.

    Raises
    ------
    DataError
        The file cannot be read, is no TOML, or is empty.
    """
    file = Path(path) if path is not None else resources.folder("data") / "scenarios.toml"
    text = text_of(file)
    found = [_regime(file, text, name, body) for name, body in table_of(file, text).items()]
    regimes = tuple(regime for regime, _ in found if regime is not None)
    return Sheet(regimes, tuple(fault for _, faults in found for fault in faults))


def text_of(file: Path, kind: str = "scenarios") -> str:
    """Return the text of a file; ``kind`` says of which when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{kind} file '{file}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{kind} file '{file}' is no text in UTF-8: {error.reason}") from error


def table_of(file: Path, text: str, empty: str = EMPTY) -> dict[str, Any]:
    """Return the tables of a file; ``empty`` says what to write where there are none."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{file.name}: not valid TOML: {error}") from error
    if not table:
        raise DataError(f"{file.name}: {empty}")
    return table


def _regime(file: Path, text: str, name: str, body: Any) -> tuple[Regime | None, list[Fault]]:
    """A regime, unless the entry is no table at all, and its faults."""
    line = line_of(text, name)
    if not isinstance(body, dict):
        complaint = f"'{name}' is no regime; write [{name}]"
        return None, [Fault(Place(line, file.name), complaint)]
    place = Place(line, file.name, name)
    faults = [Fault(place, complaint) for complaint in _complaints(name, body)]
    shifts = []
    after = max(text.find(f"[{name}.shifts]"), 0)
    for key, value in _mapping(body.get("shifts")).items():
        there = place._replace(line=line_of(text, key, after))
        if is_shift(value):
            operation, amount = next(iter(value.items()))
            shifts.append(Shift(key, operation, amount, there))
        else:
            right = " or ".join(f"{{ {operation} = x }}" for operation in OPERATIONS)
            faults.append(Fault(there, f"'{key}' = {value!r}; write {right}"))
    probability = body.get("probability")
    sure = float(probability) if is_number(probability) else math.nan
    words = str(body.get("thesis", "")), str(body.get("watch", ""))
    return Regime(name, sure, *words, tuple(shifts)), faults


def _complaints(name: str, body: Mapping[str, Any]) -> Iterator[str]:
    probability = body.get("probability")
    if not is_number(probability) or not 0.0 < probability <= 1.0:
        yield f"probability is {probability!r}; write a number above 0 and up to 1"
    if not str(body.get("thesis", "")).strip():
        yield "has no thesis; say in a sentence what it holds"
    for key in sorted(set(body) - set(KEYS)):
        yield f"'{key}' is unknown; write one of {', '.join(KEYS)}.{nearest(key, KEYS)}"
    if not isinstance(body.get("shifts", {}), dict):
        yield f"shifts is {body['shifts']!r}; write a table, [{name}.shifts]"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def is_shift(value: Any) -> bool:
    """Return whether a value is one operation and a number."""
    one = isinstance(value, dict) and len(value) == 1 and next(iter(value)) in OPERATIONS
    return one and is_number(next(iter(value.values())))


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def line_of(text: str, key: str, after: int = 0) -> int:
    """Return the line that opens the table ``key`` or gives it a value, from ``after`` on."""
    name = rf"[\"']?{re.escape(key)}[\"']?"
    found = re.compile(rf"^[ \t]*(?:\[{name}[\].]|{name}[ \t]*=)", re.MULTILINE).search(text, after)
    return text.count("\n", 0, found.start()) + 1 if found else 1
