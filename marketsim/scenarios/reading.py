"""A TOML file of regimes, read without a posterior: what is wrong in its form is said at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard

import numpy as np

from marketsim import resources
from marketsim.errors import DataError, nearest
from marketsim.tables import Toml, read_toml

from .regimes import OPERATIONS, Fault, Place, Regime, Shift, chosen_regimes

__all__ = ["Sheet", "is_number", "is_shift", "read_regimes", "read_sheet", "refuse", "toml_of"]

KEYS: Final = ("probability", "thesis", "watch", "shifts")

ROUNDING: Final = 0.0101
"""How far probabilities that are written with two digits may sum from one."""

EMPTY: Final = "no regime; write at least one [name] with a probability"


class Sheet(NamedTuple):
    """A file as far as it can be read, and what is wrong with its form."""

    regimes: tuple[Regime, ...]
    faults: tuple[Fault, ...]


def read_regimes(
    path: str | Path | None = None,
    names: Iterable[str] | None = None,
    *,
    normalise: bool = False,
) -> tuple[Regime, ...]:
    """Read regimes, before there is a posterior to fit them to.

    Parameters
    ----------
    path
        A TOML file of regimes; by default data/scenarios.toml.
    names
        The regimes wanted, by default all; probabilities are renormalised.
    normalise
        Take the probabilities of a file that do not sum to one in proportion.

    Raises
    ------
    DataError
        All faults of form at once: probabilities that are none or do not sum to one beyond
        rounding, a thesis that is missing, keys that are unknown, shifts that are not written as
        one operation and a number.
    InputError
        A name that is no regime.
    """
    sheet = read_sheet(path, normalise=normalise)
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


def read_sheet(path: str | Path | None, *, normalise: bool = False) -> Sheet:
    """Read a file of regimes as far as it can be.

    Raises
    ------
    DataError
        The file cannot be read, is no TOML, or is empty.
    """
    file = Path(path) if path is not None else resources.folder("data") / "scenarios.toml"
    toml = toml_of(file)
    found = [_regime(toml, name, body) for name, body in toml.content.items()]
    regimes = tuple(regime for regime, _ in found if regime is not None)
    faults = [fault for _, faults in found for fault in faults]
    return Sheet(regimes, (*faults, *(() if normalise else _unsummed(toml.name, regimes))))


def toml_of(file: Path, kind: str = "scenarios", empty: str = EMPTY) -> Toml:
    """Return a file of regimes, or of another ``kind``, a table each.

    ``empty`` says what to write where there are none.
    """
    return read_toml(file, f"{kind} file", empty)


def _unsummed(file: str, regimes: tuple[Regime, ...]) -> Iterator[Fault]:
    """Yield whether the probabilities, all of which are some, do not sum to one."""
    total = sum(regime.probability for regime in regimes)
    if abs(total - 1.0) > ROUNDING and all(0.0 < r.probability <= 1.0 for r in regimes):
        parts = " + ".join(f"{r.name} {r.probability:g}" for r in regimes)
        complaint = (
            f"the probabilities sum to {total:.4g}, not to 1: {parts}; mend them, or take them in "
            "proportion by --normalise (normalise=True)"
        )
        yield Fault(Place(1, file), complaint)


def _regime(toml: Toml, name: str, body: Any) -> tuple[Regime | None, list[Fault]]:
    """A regime, unless the entry is no table at all, and its faults."""
    line = toml.line(name)
    if not isinstance(body, dict):
        complaint = f"'{name}' is no regime; write [{name}]"
        return None, [Fault(Place(line, toml.name), complaint)]
    place = Place(line, toml.name, name)
    faults = [Fault(place, complaint) for complaint in _complaints(name, body)]
    shifts = []
    after = toml.start(f"[{name}.shifts]")
    for key, value in _mapping(body.get("shifts")).items():
        there = place._replace(line=toml.line(key, after))
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
        percent = probability if is_number(probability) and 1.0 < probability <= 100.0 else None
        hint = f" ({percent:g} % is {percent / 100:g})" if percent else ""
        yield f"probability is {probability!r}; write a number above 0 and up to 1{hint}"
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
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return False
    try:
        return math.isfinite(value)
    except (OverflowError, TypeError):  # too many digits, or no real number
        return False
