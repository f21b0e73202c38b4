"""Regimes over a posterior: what each shifts, in the coordinates in which worlds are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.errors import InputError, handed, nearest
from marketsim.model import Entry
from marketsim.model.priors import KINDS, link

from .reading import read_sheet, refuse
from .regimes import Fault, Place, Regime, Shift, chosen_regimes

__all__ = ["Scenarios", "check_assumption", "direction", "fit_regimes", "load_scenarios", "movable"]

START: Final = ("initial_", "base_level")


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

    def __repr__(self) -> str:
        told = ", ".join(f"{one.name} {100 * one.probability:.3g} %" for one in self.regimes)
        return f"Scenarios({told}; as of {self.posterior.as_of.date()})"

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
    *,
    normalise: bool = False,
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
    normalise
        Take the probabilities of a file that do not sum to one in proportion.

    Raises
    ------
    DataError
        All faults of the file at once: unknown assumptions (with the nearest name), shifts that
        leave an assumption's range or move nothing, probabilities that are not.
    InputError
        A name that is no regime.
    """
    handed("load_scenarios: posterior", posterior, Posterior, "ms.calibrate(facts)")
    sheet = read_sheet(path, normalise=normalise)
    now = _values(posterior)
    refuse([*sheet.faults, *_misfits(posterior, sheet.regimes, now), *_idle(sheet.regimes, now)])
    return _fitted(posterior, chosen_regimes(sheet.regimes, names), now)


def fit_regimes(
    posterior: Posterior, regimes: Iterable[Regime], now: pd.Series[float] | None = None
) -> Scenarios:
    """Fit the shifts of regimes, from :func:`marketsim.scenarios.read_regimes`, to a posterior.

    From what assumptions are ``now`` [name], by default at the mode.

    Raises
    ------
    DataError
        All shifts at once that are of no assumption or leave its range.
    """
    wanted = chosen_regimes(tuple(regimes), None)
    now = _values(posterior) if now is None else now
    refuse(_misfits(posterior, wanted, now))
    return _fitted(posterior, wanted, now)


def movable(entry: Entry) -> bool:
    """Return whether an assumption bears on the future; the start of the window does not."""
    return not entry.field.startswith(START)


def check_assumption(entries: Iterable[Entry], name: str) -> tuple[Entry, ...]:
    """Return those that a name is of: one assumption's, or that of a kind, as ``elasticity``.

    Raises
    ------
    InputError
        If it is of none, with the nearest that is, or of the past alone.
    """
    known = tuple(entries)
    for complaint in _unmovable(name, known):
        raise InputError(complaint)
    return tuple(_matching(filter(movable, known), name))


def direction(posterior: Posterior, name: str) -> np.ndarray:
    """Return a posterior standard deviation of an assumption, in linked coordinates, [entry].

    Of a kind, as ``elasticity``, each moves by one of its own.

    Raises
    ------
    InputError
        As :func:`check_assumption`.
    """
    hit = {e.name for e in check_assumption(posterior.entries, name)}
    spread = np.sqrt(np.diag(posterior.covariance)[: len(posterior.entries)])
    each = np.asarray(posterior.coordinates.scale) * spread
    return np.where([e.name in hit for e in posterior.entries], each, 0.0)


def _values(posterior: Posterior) -> pd.Series[float]:
    return posterior.table()["value"]


def _fitted(posterior: Posterior, regimes: tuple[Regime, ...], now: pd.Series[float]) -> Scenarios:
    moves = np.stack([_moves(posterior, regime, now) for regime in regimes])
    return Scenarios(posterior, regimes, moves)


def _misfits(
    posterior: Posterior, regimes: Iterable[Regime], now: pd.Series[float]
) -> Iterator[Fault]:
    for regime in regimes:
        for shift in regime.shifts:
            place = shift.place if shift.place.regime else Place(0, "", regime.name)
            for complaint in _complaints(shift, posterior, now):
                yield Fault(place, complaint)


def _idle(regimes: Iterable[Regime], now: pd.Series[float]) -> Iterator[Fault]:
    """Yield shifts that leave all that they name where it is: a regime says something else."""
    for regime in regimes:
        for shift in regime.shifts:
            named = now[[shift.assumption in (n, n.partition("[")[0]) for n in now.index]]
            if len(named) and all(shift.apply(value) == value for value in named):
                says = f"'{shift.assumption}' moves nothing: it is {named.iloc[0]:g} as calibrated"
                place = shift.place if shift.place.regime else Place(0, "", regime.name)
                yield Fault(place, f"{says}; leave the shift out, or move it")


def _complaints(shift: Shift, posterior: Posterior, now: pd.Series[float]) -> Iterator[str]:
    key = shift.assumption
    yield from _unmovable(key, posterior.entries)
    for entry in _matching(filter(movable, posterior.entries), key):
        shifted = shift.apply(float(now[entry.name]))
        if not _inside(entry, shifted):
            span = "above 0" if KINDS[entry.kind] == "lognormal" else "between 0 and 1"
            yield f"'{key}' moves {entry.name} to {shifted:g}; it must stay {span}"


def _unmovable(key: str, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield why nothing of the future goes by a name, if nothing does."""
    known = list(entries)
    open_ones = [e for e in known if movable(e)]
    if _matching(open_ones, key):
        return
    if _matching(known, key):
        yield f"'{key}' describes the past and cannot be shifted"
    else:
        names = {e.field for e in open_ones} | {e.name for e in open_ones}
        yield f"no assumption is called '{key}'.{nearest(key, sorted(names))}"


def _matching(entries: Iterable[Entry], key: str) -> list[Entry]:
    return [e for e in entries if key in (e.field, e.name)]


def _inside(entry: Entry, value: float) -> bool:
    kind = KINDS[entry.kind]
    return (
        math.isfinite(value)
        and (kind != "lognormal" or value > 0.0)
        and (kind != "share" or 0.0 < value < 1.0)
    )


def _moves(posterior: Posterior, regime: Regime, now: pd.Series[float]) -> np.ndarray:
    moves = np.zeros(len(posterior.entries))
    # A shift of one entry of a vector stands over a shift of the whole.
    for shift in sorted(regime.shifts, key=lambda s: "[" in s.assumption):
        for i, entry in enumerate(posterior.entries):
            if shift.assumption in (entry.field, entry.name):
                kind, value = KINDS[entry.kind], float(now[entry.name])
                moves[i] = link(kind, shift.apply(value)) - link(kind, value)
    return moves
