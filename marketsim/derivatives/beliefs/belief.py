"""What the market may believe otherwise: the beliefs that prices are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.errors import InputError, nearest
from marketsim.model import CLASSES, LineAssumptions
from marketsim.model.priors import KINDS, inverse, transform
from marketsim.precision import precise
from marketsim.scenarios import movable
from marketsim.valuation import ValuationAssumptions
from marketsim.valuation.assumptions import ENTRIES
from marketsim.valuation.reverse_dcf import GROWTH, MARGIN

__all__ = [
    "OWN",
    "REGIMES",
    "Belief",
    "beliefs_of",
    "chosen_beliefs",
    "own_belief",
    "whitened",
]

FloatArray = NDArray[np.float64]

SUPPORT: Final = 4.0
"""Prior standard deviations about the prior's median within which a belief is looked for."""

REGIMES: Final = "regimes"
"""The belief in their probabilities."""

OWN: Final = {
    "growth": (
        "per year, in logs",
        "growth of revenue, with what fleets earn beside it, from the last four quarters reported "
        "to the last year simulated",
        *GROWTH,
    ),
    "margin": (
        "share",
        "profit before interest and tax over revenue, with what fleets earn beside it, of the "
        "years simulated",
        *MARGIN,
    ),
    "return_asked": ("per year", "what shareholders ask, as cash is discounted", -0.05, 0.30),
}
"""Beliefs in the companies themselves: unit, meaning, and how far from the model's."""

UNFELT: Final = (
    "recognition_time",
    "regime_time",
    "pull",
    "volatility_persistence",
    "noise_floor",
)
"""Of valuation: what bears on returns and on no value."""

PER_LINE: Final = frozenset(f.name for f in fields(LineAssumptions))


@dataclass(frozen=True)
class Belief:
    """One belief, in standard deviations from the model's own.

    Attributes
    ----------
    name, unit, meaning
        Of it.
    whose
        ``model`` or ``valuation``, whose assumption it is, or ``companies``, if it is in them.
    entries
        Of the model's assumptions, that move together; none of other beliefs.
    kind, link, sd
        Of the transform, the model's own belief in linked coordinates, and a standard deviation of
        it there, each [entry]: of the posterior, of valuation's assumptions of the prior, of
        companies' growth of their forecasts. Where nothing says how open it is, one.
    low, high
        Deviations between which it is looked for.
    weight
        Of entries in the one number that is told, [entry]; they sum to one. Of uses of tokens what
        is spent on each at the decision date, else alike.
    reads
        From how far it is from the model's, linked, to the belief, where that is no transform.
    """

    name: str
    unit: str
    meaning: str
    whose: Literal["model", "valuation", "companies"]
    entries: tuple[int, ...]
    kind: tuple[int, ...]
    link: FloatArray
    sd: FloatArray
    low: float
    high: float
    weight: FloatArray
    reads: Callable[[float], float] | None = None

    def at(self, deviations: float) -> FloatArray:
        """Return the belief so many deviations away, in its unit, [entry]."""
        with precise("float64"):
            moved = self.link + self.sd * deviations
            return np.asarray(transform(jnp.asarray(self.kind), jnp.asarray(moved)))

    def told(self, deviations: float) -> float:
        """Return the same as one number: the mean over entries by their weight."""
        if self.reads is not None:
            return self.reads(float(self.sd[0]) * deviations)
        return float(self.at(deviations) @ self.weight)


def beliefs_of(posterior: Posterior, assumed: ValuationAssumptions) -> dict[str, Belief]:
    """Return what may be believed by name: the model's assumptions, then valuation's.

    The model's are told by field, whose entries move together, each by its own deviation.
    """
    found: dict[str, Belief] = {}
    places: dict[str, list[int]] = {}
    for i, entry in enumerate(posterior.entries):
        if movable(entry) and entry.field not in PER_LINE:
            places.setdefault(entry.field, []).append(i)
    for name, some in places.items():
        found[name] = _of_model(name, some, posterior)
        if len(some) > 1:
            found |= {e: _of_model(e, [i], posterior) for e, i in _entries(posterior, some)}
    for one in ENTRIES:
        if one.name not in UNFELT:
            found[one.name] = _of_valuation(one.name, assumed)
    return found


def chosen_beliefs(known: dict[str, Belief], names: Iterable[str]) -> list[str]:
    """Return the names of beliefs asked for, each once.

    Raises
    ------
    InputError
        For a name that is none, with the nearest.
    """
    every = [*known, *OWN, REGIMES]
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in every:
            hint = nearest(name, every) or (
                f" Ask for {', '.join(OWN)}, {REGIMES}, or an assumption, as elasticity."
            )
            raise InputError(f"implied: nobody believes in '{name}'.{hint}")
    if not wanted:
        raise InputError("implied: of= is empty; name a belief, as elasticity, or leave it out")
    return wanted


def own_belief(
    name: str, model: float, sd: float = 1.0, reads: Callable[[float], float] | None = None
) -> Belief:
    """Return a belief in companies themselves, one of :data:`OWN`, that the model has otherwise."""
    unit, meaning, low, high = OWN[name]
    return Belief(
        name=name,
        unit=unit,
        meaning=meaning,
        whose="companies",
        entries=(),
        kind=(KINDS.index("normal"),),
        link=np.array([model]),
        sd=np.array([sd]),
        low=low / sd,
        high=high / sd,
        weight=np.ones(1),
        reads=reads,
    )


def whitened(posterior: Posterior, entries: Sequence[int]) -> FloatArray:
    """Return a root of the posterior covariance of some entries, linked, [entry, deviation]."""
    some = np.asarray(entries, dtype=int)
    scale = np.asarray(posterior.coordinates.scale)[some]
    covariance = posterior.covariance[np.ix_(some, some)] * np.outer(scale, scale)
    return np.linalg.cholesky(covariance) if len(some) else np.zeros((0, 0))


def _entries(posterior: Posterior, some: list[int]) -> list[tuple[str, int]]:
    return [(posterior.entries[i].name, i) for i in some]


def _of_model(name: str, some: list[int], posterior: Posterior) -> Belief:
    entries = [posterior.entries[i] for i in some]
    centre, scale = (np.asarray(getattr(posterior.coordinates, k))[some] for k in _SHAPE)
    link = posterior.link[some]
    sd = scale * np.sqrt(np.diag(posterior.covariance)[some])
    ends = [(centre + side * SUPPORT * scale - link) / sd for side in (-1.0, 1.0)]
    return Belief(
        name=name,
        unit=entries[0].unit,
        meaning=entries[0].meaning,
        whose="model",
        entries=tuple(some),
        kind=tuple(e.kind for e in entries),
        link=link,
        sd=sd,
        low=min(float(ends[0].max()), 0.0),
        high=max(float(ends[1].min()), 0.0),
        weight=_weights(name, [e.name for e in entries], posterior),
    )


def _of_valuation(name: str, assumed: ValuationAssumptions) -> Belief:
    (entry,) = (one for one in ENTRIES if one.name == name)
    kind = KINDS.index(entry.prior.kind)
    _, _, scale = entry.prior.coordinates(1)[0]
    with precise("float64"):
        link = inverse(jnp.asarray(kind), jnp.asarray(getattr(assumed, name)))
    return Belief(
        name=name,
        unit=entry.unit,
        meaning=entry.meaning,
        whose="valuation",
        entries=(),
        kind=(kind,),
        link=np.asarray(link, dtype=float).reshape(1),
        sd=np.array([scale]),
        low=-SUPPORT,
        high=SUPPORT,
        weight=np.ones(1),
    )


def _weights(field: str, names: list[str], posterior: Posterior) -> FloatArray:
    """Return weights of entries: of uses of tokens what is spent on them, as `paradox` has it."""
    if names != [f"{field}[{use}]" for use in CLASSES]:
        return np.full(len(names), 1.0 / len(names))
    spent = posterior.history["tokens"][-1] * posterior.history["token_price"][-1]
    return np.asarray(spent / spent.sum(), dtype=float)


_SHAPE: Final = "centre", "scale"
