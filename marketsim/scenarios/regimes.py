"""What a regime is: a probability, a thesis, and shifts of assumptions by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from marketsim.errors import InputError, nearest

__all__ = ["OPERATIONS", "Fault", "Place", "Regime", "Shift", "chosen", "chosen_regimes"]

OPERATIONS: Final = ("add", "multiply", "set")


class Place(NamedTuple):
    """Where something was written, for errors."""

    line: int
    file: str
    regime: str = ""
    kind: str = "regime"

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.file else ""
        regime = f"{self.kind} '{self.regime}'" if self.regime else ""
        return ", ".join(part for part in (where, regime) if part)


class Fault(NamedTuple):
    """What is wrong there."""

    place: Place
    complaint: str

    def __str__(self) -> str:
        return f"{self.place}: {self.complaint}"


@dataclass(frozen=True)
class Shift:
    """A change of one assumption, in its own unit: ``add``, ``multiply`` or ``set`` to a number."""

    assumption: str
    operation: str
    amount: float
    place: Place = field(default=Place(0, ""), compare=False, repr=False)

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


def chosen(known: tuple[str, ...], names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names wanted, all of them by default.

    Raises
    ------
    InputError
        For a name that is not ``known``, with the nearest that is, or for no name at all.
    """
    given = known if names is None else (names,) if isinstance(names, str) else tuple(names)
    listed = ", ".join(known)
    for name in given:
        if name not in known:
            unknown = f"no regime is called '{name}'; there are {listed}."
            raise InputError(unknown + nearest(name, known))
    if not given:
        raise InputError(f"choose at least one regime of {listed}")
    return tuple(dict.fromkeys(given))


def chosen_regimes(regimes: tuple[Regime, ...], names: Iterable[str] | None) -> tuple[Regime, ...]:
    """Return the regimes wanted, with probabilities that sum to one.

    Raises
    ------
    InputError
        As :func:`chosen` does.
    """
    by_name = {r.name: r for r in regimes}
    wanted = [by_name[name] for name in chosen(tuple(by_name), names)]
    total = sum(r.probability for r in wanted)
    return tuple(replace(r, probability=r.probability / total) for r in wanted)
