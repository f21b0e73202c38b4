"""Named what-ifs: shifts of assumptions without a probability, from a mapping or a TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from .reading import is_number, is_shift, refuse, toml_of
from .regimes import OPERATIONS, Fault, Place, Regime, Shift

__all__ = ["read_what_ifs", "what_if"]

WHAT: Final = "what-if"
"""What a file of them, and each, is called in errors."""

EMPTY: Final = "no what-if; write at least one [name] and below it an assumption and a number"

SIGNS: Final = {"x": "multiply", "=": "set", "+": "add", "-": "add"}
"""How a shift begins that is written as a text, as regimes show them."""


def what_if(name: str, shifts: Mapping[str, Any]) -> Regime:
    """Return a what-if as a regime.

    Parameters
    ----------
    name
        Of it.
    shifts
        By assumption: a number to set it to; a text, ``"x0.9"``, ``"+0.02"``, ``"-0.02"`` or
        ``"=0.16"``; or a mapping of one operation, ``{"multiply": 0.9}``, ``{"add": ...}``,
        ``{"set": ...}``.

    Raises
    ------
    DataError
        For all shifts at once that are written otherwise, or if there are none.
    """
    place = Place(0, "", name, WHAT)
    found = dict(_read(shifts, dict.fromkeys(shifts, place), place))
    refuse([one for one in found.values() if isinstance(one, Fault)])
    return _regime(name, [one for one in found.values() if isinstance(one, Shift)])


def read_what_ifs(path: str | Path) -> tuple[Regime, ...]:
    """Read a TOML file of what-ifs, a table each, in which assumptions stand as in `what_if`.

    A table may hold them under ``shifts``, so that a file of regimes will do.

    Raises
    ------
    DataError
        The file cannot be read or is no TOML; all shifts at once that are written otherwise.
    """
    toml = toml_of(Path(path), WHAT, EMPTY)
    regimes, faults = [], []
    for name, body in toml.content.items():
        place = Place(toml.line(name), toml.name, name, WHAT)
        shifts = body.get("shifts", body) if isinstance(body, dict) else body
        if not isinstance(shifts, dict):
            faults.append(Fault(place, f"'{name}' is no what-if; write [{name}] and shifts below"))
            continue
        after = toml.start(f"[{name}")
        lines = {key: place._replace(line=toml.line(key, after)) for key in shifts}
        read = [one for _, one in _read(shifts, lines, place)]
        faults += [one for one in read if isinstance(one, Fault)]
        regimes.append(_regime(name, [one for one in read if isinstance(one, Shift)]))
    refuse(faults)
    return tuple(regimes)


def _regime(name: str, shifts: list[Shift]) -> Regime:
    return Regime(name, 1.0, "What if.", "", tuple(shifts))


def _read(
    shifts: Mapping[Any, Any], places: Mapping[Any, Place], whole: Place
) -> Iterator[tuple[str, Shift | Fault]]:
    if not shifts:
        yield "", Fault(whole, "shifts nothing; write an assumption and a number")
    for key, value in shifts.items():
        if not isinstance(key, str):
            yield str(key), Fault(places[key], f"{key!r} is no name of an assumption; write a text")
            continue
        shift = _shift(key, value, places[key])
        right = "a number to set it to, 'x0.9', '+0.02' or one of " + ", ".join(OPERATIONS)
        yield key, shift or Fault(places[key], f"'{key}' = {value!r}; write {right}")


def _shift(key: str, value: Any, place: Place) -> Shift | None:
    if is_shift(value):
        operation, amount = next(iter(value.items()))
        return Shift(key, operation, float(amount), place)
    if isinstance(value, str) and value[:1] in SIGNS:
        try:
            amount = float(value if value[0] in "+-" else value[1:])
        except ValueError:
            return None
        return Shift(key, SIGNS[value[0]], amount, place)
    return Shift(key, "set", float(value), place) if is_number(value) else None
