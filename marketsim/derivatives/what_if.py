"""Named what-ifs: what a portfolio returns where assumptions are others from the date on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.errors import InputError
from marketsim.precision import precise
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import Regime, chosen, fit_regimes, read_what_ifs, what_if
from marketsim.simulation import Outcomes
from marketsim.valuation import Valuation, Worth, equity_return, refuse_ours
from marketsim.valuation.moved import outcomes_of
from marketsim.valuation.worlds import values

from . import central
from .beside import Pair, macro_of, revenue_of
from .holding import Holding, Weights, holding
from .spreads import Spreads, far_out
from .story import stress_story, stress_told

__all__ = ["Stress", "WhatIf", "stress"]

FloatArray = NDArray[np.float64]

NOTHING: Final = 1e-6
"""Change of the portfolio's return below which a what-if moves nothing."""


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """What one what-if does.

    Attributes
    ----------
    name
        Of it.
    shifts
        As they are read, a text each.
    returned
        By the portfolio over the horizon, before market noise; ``without`` it, in the world
        that it shifts.
    companies
        [ticker], the most that the portfolio loses by it first: ``weight``, ``return``,
        ``without``, ``contribution`` to the change of the portfolio's return.
    macro
        The world by year beside the one ``without`` it, [quantity, year].
    revenue
        Of companies, USD bn, the same way, [ticker, year].
    warnings
        Assumptions that it moves further than their priors allow, a sentence each.
    """

    name: str
    shifts: tuple[str, ...]
    returned: float
    without: float
    companies: pd.DataFrame
    macro: pd.DataFrame
    revenue: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Of the portfolio's return."""
        return self.returned - self.without

    @property
    def moves_nothing(self) -> bool:
        """Whether the portfolio returns the same, within a millionth."""
        return abs(self.change) < NOTHING

    def __repr__(self) -> str:
        return f"WhatIf({self.name}: {', '.join(self.shifts)}; {100 * self.change:+.2f} %)"


@dataclass(frozen=True, eq=False, repr=False)
class Stress:
    """What-ifs, and what they do.

    Attributes
    ----------
    worlds
        One for each, in the order in which they were given.
    regime
        Whose middle they shift; None for the calibrated world.
    mean, median
        What the portfolio returns over the draws, those of the regime where one is given, with
        market noise: where the world that is shifted lies amid them.
    """

    worlds: tuple[WhatIf, ...]
    regime: str | None
    mean: float
    median: float

    def table(self) -> pd.DataFrame:
        """Return one row by what-if: what the portfolio returns, and the change by company."""
        rows = {
            one.name: {"return": one.returned, "change": one.change}
            | (one.companies["return"] - one.companies["without"]).sort_index().to_dict()
            for one in self.worlds
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("what_if")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What goes too far, by what-if."""
        return tuple(f"{one.name}: {said}" for one in self.worlds for said in one.warnings)

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        return stress_told(self)

    def __str__(self) -> str:
        return stress_story(self)

    def __repr__(self) -> str:
        return f"Stress({', '.join(map(repr, self.worlds))})"


def stress(
    choice: Allocation | Weights,
    shifts: Mapping[str, Any] | pd.Series | str | Path,
    *,
    regime: str | None = None,
    returns: ReturnScenarios | None = None,
) -> Stress:
    """Return what a portfolio returns where named assumptions are others from the date on.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`; or weights
        by ticker over ``returns``.
    shifts
        By assumption, as :func:`marketsim.scenarios.what_if` takes them:
        ``{"hurdle_rate": 0.16, "elasticity": "x0.9"}``; or a TOML file of several what-ifs.
    regime
        Shift the middle of this regime instead of the calibrated world.
    returns
        That weights are over.

    Raises
    ------
    DataError
        All shifts at once that are of no assumption (with the nearest name), leave its range or
        cannot be read.
    InputError
        Shifts that are neither a mapping nor a path, or of what valuation assumes, a regime that is
        not among the scenarios, or returns that `revalue` did not make.

    Notes
    -----
    History stays as calibrated and prices stay what they are; they recognise of the shift what they
    recognise of a regime's. Market noise is none.
    """
    given = _given(shifts)
    held = holding("stress", choice, returns)
    scenarios = held.valuation.paths.scenarios
    refuse_ours(shift.assumption for one in given for shift in one.shifts)
    entries = scenarios.posterior.entries
    base, shift = np.zeros(len(entries)), np.zeros(len(held.weights))
    if regime is not None:
        (name,) = chosen(scenarios.names, [regime])
        place = scenarios.names.index(name)
        base, shift = np.asarray(scenarios.moves[place]), held.valuation.shifts[place]
    # A shift is of what an assumption is there, in the regime or as calibrated.
    there = Spreads.of(scenarios.posterior, base).values
    now = pd.Series(there, index=[e.name for e in entries])
    fitted = fit_regimes(scenarios.posterior, given, now)
    worlds = _worlds(
        held.valuation, base + np.concatenate([np.zeros((1, len(base))), fitted.moves])
    )
    shares = _shares(held.valuation, worlds, shift)
    far = [far_out(scenarios.posterior, base, move) for move in fitted.moves]
    found = enumerate(zip(fitted.regimes, far, strict=True), start=1)
    mean, median = _drawn(held, regime)
    told = tuple(_told(held, worlds, shares, row, *one) for row, one in found)
    return Stress(told, regime, mean, median)


def _drawn(held: Holding, regime: str | None) -> tuple[float, float]:
    """Return the mean and the median over draws, of one regime or of all."""
    odds = np.asarray(held.returns.probabilities)
    if regime is not None:
        odds = np.where(held.returns.regimes == regime, odds, 0.0)
    if not odds.sum() > 0.0:
        return float("nan"), float("nan")  # a view gives the regime no probability
    odds = odds / odds.sum()
    order = np.argsort(held.returned, kind="stable")
    middle = order[np.searchsorted(np.cumsum(odds[order]), 0.5)]
    return float(odds @ held.returned), float(held.returned[middle])


def _given(shifts: object) -> tuple[Regime, ...]:
    """Return the what-ifs of a mapping or a file."""
    if isinstance(shifts, str | Path):
        return read_what_ifs(shifts)
    if isinstance(shifts, pd.Series):
        shifts = shifts.to_dict()
    if not isinstance(shifts, Mapping):
        raise InputError(
            f"stress: shifts are {shifts!r}; give what to set assumptions to by name, as "
            "{'hurdle_rate': 0.16}, or the path of a TOML file"
        )
    return (what_if("what-if", shifts),)


def _worlds(valuation: Valuation, moves: FloatArray) -> Outcomes:
    """Return central worlds at moves from the decision date on, [world, entry]."""
    paths = valuation.paths
    posterior, quarters = paths.scenarios.posterior, len(paths.quarter_ends)
    last = central.handover(posterior)
    coming = np.pad(np.asarray(last.coming), ((0, 0), (0, quarters)))[:, :quarters]

    def every(x: Any) -> FloatArray:
        return np.repeat(np.asarray(x)[None], len(moves), axis=0)

    lives = paths.calibrated.lives[0][:, valuation.columns].astype(float)
    return outcomes_of(
        valuation,
        np.asarray(last.link) + moves,
        jax.tree.map(every, last.state),
        every(coming),
        every(lives),
    )


def _shares(valuation: Valuation, worlds: Outcomes, shift: FloatArray) -> FloatArray:
    """Return what shares return in worlds that are the first one shifted, [world, company]."""
    v = valuation
    with precise("float64"):
        value = values(v.assumed, v.terms, worlds, v.columns, v.expected)
        log = np.log(value + np.asarray(v.anchor.rest) * worlds.ordinary[:, v.columns])
        worth = Worth(jnp.asarray(log), jnp.asarray(shift + log - log[0]))
        anchor = jax.tree.map(jnp.asarray, v.anchor)
        return np.asarray(equity_return(v.assumed, v.terms, anchor, worth, v.horizon_years))


def _told(
    held: Holding,
    worlds: Outcomes,
    shares: FloatArray,
    row: int,
    regime: Regime,
    far: tuple[str, ...],
) -> WhatIf:
    pair = Pair(worlds, row, (worlds, 0), "without")
    table = pd.DataFrame(
        {
            "weight": held.weights,
            "return": shares[row],
            "without": shares[0],
            "contribution": held.weights * (shares[row] - shares[0]),
        },
        index=pd.Index(held.valuation.economics.index, name="ticker"),
    )
    return WhatIf(
        name=regime.name,
        shifts=tuple(map(str, regime.shifts)),
        returned=float(shares[row] @ held.weights + held.earns),
        without=float(shares[0] @ held.weights + held.earns),
        companies=table.sort_values("contribution", kind="stable"),
        macro=macro_of(held.valuation, pair),
        revenue=revenue_of(held.valuation, pair),
        warnings=far,
    )
