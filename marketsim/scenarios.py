"""Named regimes: readings of the future as probabilities and shifts of named assumptions."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeGuard

import numpy as np
import pandas as pd

from marketsim import resources
from marketsim.calibration import Posterior
from marketsim.errors import DataError, InputError, nearest
from marketsim.model import Entry
from marketsim.model.priors import KINDS, link

__all__ = ["Regime", "Scenarios", "Shift", "check_names", "chosen", "load_scenarios", "movable"]

OPERATIONS: Final = ("add", "multiply", "set")
START: Final = ("initial_", "base_level")


@dataclass(frozen=True)
class Shift:
    """A change of one assumption, in its own unit: ``add``, ``multiply`` or ``set`` to a number."""

    assumption: str
    operation: str
    amount: float

    def apply(self, value: float) -> float:
        """Return ``value`` shifted."""
        if self.operation == "add":
            return value + self.amount
        return value * self.amount if self.operation == "multiply" else self.amount

    def __str__(self) -> str:
        if self.operation == "add":
            return f"{self.assumption} {self.amount:+g}"
        sign = "x" if self.operation == "multiply" else "="
        return f"{self.assumption} {sign}{self.amount:g}"


@dataclass(frozen=True)
class Regime:
    """One reading of the future: its probability, its thesis, and what it shifts."""

    name: str
    probability: float
    thesis: str
    watch: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Regimes over a posterior; probabilities sum to one.

    Attributes
    ----------
    posterior
        What the regimes shift.
    regimes
        In the order of the file.
    moves
        Shifts of the linked coordinates of every assumption, [regime, entry]: each regime's stated
        shift holds exactly at the mode, and every draw moves by the same linked amount, so that
        shares stay shares and positive numbers positive.
    """

    posterior: Posterior
    regimes: tuple[Regime, ...]
    moves: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the regimes."""
        return tuple(r.name for r in self.regimes)

    @property
    def probabilities(self) -> np.ndarray:
        """Probabilities, [regime]."""
        return np.array([r.probability for r in self.regimes])


def load_scenarios(
    posterior: Posterior,
    path: str | Path | None = None,
    names: Iterable[str] | None = None,
) -> Scenarios:
    """Read regimes and fit their shifts to a posterior.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`.
    path
        A TOML file of regimes; by default data/scenarios.toml.
    names
        The regimes wanted, by default all; probabilities are renormalised.

    Raises
    ------
    DataError
        All faults of the file at once: unknown assumptions (with the nearest name), shifts that
        leave an assumption's range, probabilities that are not.
    InputError
        A name that is no regime.
    """
    file = _file(path)
    text = _read(file)
    table = _parse(file, text)
    now = posterior.table()["value"]
    faults = [
        f for name, body in table.items() for f in _faults(file, text, name, body, posterior, now)
    ]
    if faults:
        raise DataError("\n".join(faults))
    regimes = _selected(tuple(_regime(n, b) for n, b in table.items()), names)
    moves = np.stack([_moves(posterior, regime, now) for regime in regimes])
    return Scenarios(posterior, regimes, moves)


def check_names(names: Iterable[str] | None, path: str | Path | None = None) -> None:
    """Refuse names that are no regime of a file, before anything is calibrated.

    Raises
    ------
    InputError
        As :func:`load_scenarios` does.
    """
    file = _file(path)
    table = _parse(file, _read(file))
    chosen(tuple(table), names)


def _file(path: str | Path | None) -> Path:
    return Path(path) if path is not None else resources.folder("data") / "scenarios.toml"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"scenarios file '{file}' cannot be read: {error.strerror}") from error


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{file.name}: not valid TOML: {error}") from error
    if not table:
        raise DataError(f"{file.name}: no regime; write at least one [name] with a probability")
    return table


def _faults(
    file: Path, text: str, name: str, body: Any, posterior: Posterior, now: pd.Series
) -> Iterator[str]:
    if not isinstance(body, dict):
        yield f"{file.name}, line {_line(text, name)}: '{name}' is no regime; write [{name}]"
        return
    where = f"{file.name}, line {_line(text, name)}, regime '{name}'"
    probability = body.get("probability")
    if not _is_number(probability) or not 0.0 < probability <= 1.0:
        yield f"{where}: probability is {probability!r}; write a number above 0 and up to 1"
    if not str(body.get("thesis", "")).strip():
        yield f"{where}: has no thesis; say in a sentence what it holds"
    for key in sorted(set(body) - {"probability", "thesis", "watch", "shifts"}):
        known = ("probability", "thesis", "watch", "shifts")
        yield f"{where}: '{key}' is unknown; write one of {', '.join(known)}.{nearest(key, known)}"
    shifts = body.get("shifts", {})
    if not isinstance(shifts, dict):
        yield f"{where}: shifts is {shifts!r}; write a table, [{name}.shifts]"
        return
    after = max(text.find(f"[{name}.shifts]"), 0)
    for key, value in shifts.items():
        at = f"{file.name}, line {_line(text, key, after)}, regime '{name}'"
        yield from _shift_faults(at, key, value, posterior, now)


def _shift_faults(
    where: str, key: str, value: Any, posterior: Posterior, now: pd.Series
) -> Iterator[str]:
    open_ones = [e for e in posterior.entries if movable(e)]
    hit = _matching(open_ones, key)
    if not hit:
        names = {e.field for e in open_ones} | {e.name for e in open_ones}
        if any(e.field == key or e.name == key for e in posterior.entries):
            yield f"{where}: '{key}' describes the past and cannot be shifted"
        else:
            yield f"{where}: no assumption is called '{key}'.{nearest(key, sorted(names))}"
        return
    good = isinstance(value, dict) and len(value) == 1 and next(iter(value)) in OPERATIONS
    if not good or not _is_number(next(iter(value.values()))):
        right = " or ".join(f"{{ {operation} = x }}" for operation in OPERATIONS)
        yield f"{where}: '{key}' = {value!r}; write {right}"
        return
    operation, amount = next(iter(value.items()))
    for entry in hit:
        shifted = Shift(entry.name, operation, amount).apply(float(now[entry.name]))
        if not _inside(entry, shifted):
            span = "above 0" if KINDS[entry.kind] == "lognormal" else "between 0 and 1"
            yield f"{where}: '{key}' moves {entry.name} to {shifted:g}; it must stay {span}"


def movable(entry: Entry) -> bool:
    """Return whether an assumption bears on the future; the start of the window does not."""
    return not entry.field.startswith(START)


def _matching(entries: Iterable[Entry], key: str) -> list[Entry]:
    return [e for e in entries if key in (e.field, e.name)]


def _inside(entry: Entry, value: float) -> bool:
    kind = KINDS[entry.kind]
    return (
        math.isfinite(value)
        and (kind != "lognormal" or value > 0.0)
        and (kind != "share" or 0.0 < value < 1.0)
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _line(text: str, key: str, after: int = 0) -> int:
    """Return the line that opens the table ``key`` or gives it a value, from ``after`` on."""
    name = rf"[\"']?{re.escape(key)}[\"']?"
    found = re.compile(rf"^[ \t]*(?:\[{name}[\].]|{name}[ \t]*=)", re.MULTILINE).search(text, after)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _regime(name: str, body: Mapping[str, Any]) -> Regime:
    shifts = tuple(
        Shift(key, *next(iter(value.items()))) for key, value in body.get("shifts", {}).items()
    )
    watch = str(body.get("watch", ""))
    return Regime(name, float(body["probability"]), str(body["thesis"]), watch, shifts)


def chosen(known: tuple[str, ...], names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names wanted, all of them by default.

    Raises
    ------
    InputError
        For a name that is not ``known``, with the nearest that is, or for no name at all.
    """
    wanted = known if names is None else tuple(dict.fromkeys(names))
    listed = ", ".join(known)
    for name in wanted:
        if name not in known:
            said = f"no regime is called '{name}'; there are {listed}."
            raise InputError(said + nearest(name, known))
    if not wanted:
        raise InputError(f"choose at least one regime of {listed}")
    return wanted


def _selected(regimes: tuple[Regime, ...], names: Iterable[str] | None) -> tuple[Regime, ...]:
    by_name = {r.name: r for r in regimes}
    wanted = [by_name[name] for name in chosen(tuple(by_name), names)]
    total = sum(r.probability for r in wanted)
    return tuple(replace(r, probability=r.probability / total) for r in wanted)


def _moves(posterior: Posterior, regime: Regime, now: pd.Series) -> np.ndarray:
    moves = np.zeros(len(posterior.entries))
    # A shift of one entry of a vector stands over a shift of the whole.
    for shift in sorted(regime.shifts, key=lambda s: "[" in s.assumption):
        for i, entry in enumerate(posterior.entries):
            if shift.assumption in (entry.field, entry.name):
                kind, value = KINDS[entry.kind], float(now[entry.name])
                moves[i] = link(kind, shift.apply(value)) - link(kind, value)
    return moves
