"""`paradox`: what a doubling of efficiency does, elasticity by elasticity, and where it turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.claims.response import LIMITED, WATCHED, Response, limited, responses
from marketsim.claims.worlds import Worlds, posterior_worlds
from marketsim.errors import InputError, handed
from marketsim.precision import precise

__all__ = ["ELASTICITIES", "LIMITED", "YEARS_AFTER", "Paradox", "paradox"]

ELASTICITIES: Final = (0.5, 0.8, 1.0, 1.2, 1.5, 1.8)
YEARS_AFTER: Final = (1, 3, 5)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Paradox:
    """The answer to a doubling of efficiency while spending without it is held.

    Attributes
    ----------
    as_of
        The decision date.
    table
        For each of `LIMITED`, elasticity, year and quantity: the median, 10 % and 90 % of draws of
        the change, in logs, mean of the year's quarters, and the share of draws ``held``.
    turns
        For each of `LIMITED` and quantity: median, 10 % and 90 % of the elasticity at which the
        mean change of years three to five is zero, and the share of draws in which it turns
        between the lowest elasticity and the highest.
    spread
        For each of `LIMITED` and quantity: median, 10 % and 90 % of that change at the highest
        elasticity less that at the lowest.
    elasticity
        Price elasticity of demand for tokens while unsaturated, of each draw, the first as
        calibrated: the mean over classes by what is spent on them at the date.
    held
        Share of draws in which spending could be held, by limits and elasticity; the others are
        left out of what is said of that elasticity.
    """

    as_of: pd.Timestamp
    table: pd.DataFrame
    turns: pd.DataFrame
    spread: pd.DataFrame
    elasticity: Floats
    held: pd.DataFrame

    def __repr__(self) -> str:
        return f"Paradox({len(self.elasticity):,} draws, as of {self.as_of.date()})"

    def __str__(self) -> str:
        low, high = (f"{x:.2f}" for x in np.percentile(self.elasticity, [10.0, 90.0]))
        of_year = self.table.assign(year="year " + self.table["year"].astype(str))
        wide = of_year.pivot_table(
            "median", ["limits", "elasticity"], ["quantity", "year"], sort=False
        )
        wide["", "held"] = np.array([self.held[name][at] for name, at in wide.index])
        return "\n\n".join(
            [
                f"As of {self.as_of.date()}: a doubling of efficiency, change in logs, medians; "
                f"the elasticity is {self.elasticity[0]:.2f} ({low} to {high})",
                wide.to_string(float_format=lambda x: f"{x:.3f}"),
                "Where the change of years three to five turns",
                self.turns.to_string(index=False, float_format=lambda x: f"{x:.2f}"),
                "How far it spreads from the lowest elasticity to the highest",
                self.spread.to_string(index=False, float_format=lambda x: f"{x:.3f}"),
            ]
        )


def paradox(
    posterior: Posterior,
    draws: int = 100,
    seed: int = 0,
    elasticities: Sequence[float] = ELASTICITIES,
) -> Paradox:
    """Measure what a doubling of efficiency moves, as calibrated, with limits slack, unsaturated.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`.
    draws
        Worlds around the mode; the first is the mode.
    seed
        Of the draws.
    elasticities
        Price elasticities of demand while unsaturated that all classes are given, ascending.

    Returns
    -------
    Paradox
        Where elasticities are far from what calibration found, spending on tokens is held by news
        of demand where it is without the step: otherwise an elasticity below one would have killed
        demand before.

    Raises
    ------
    InputError
        For fewer than ten draws, or elasticities that are not ascending and above zero.
    """
    handed("paradox: posterior", posterior, Posterior, "ms.calibrate(facts)")
    given = tuple(float(x) for x in elasticities)
    if draws < 10:
        raise InputError(f"paradox: {draws} draws have no tenth; ask for 10 or more")
    if len(given) < 2 or not (np.diff([0.0, *given]) > 0.0).all() or not np.isfinite(given[-1]):
        raise InputError(
            f"paradox: elasticities {', '.join(f'{x:g}' for x in given) or 'none'}: ask for two or "
            "more, ascending and above 0"
        )
    with precise("float64"):
        worlds = posterior_worlds(posterior, draws, seed)
        found = responses(limited(worlds), given)
    late = {name: _late(answers) for name, answers in found.items()}
    return Paradox(
        as_of=posterior.as_of,
        table=pd.concat([_by_year(*one) for one in found.items()], ignore_index=True),
        turns=_over(late, lambda path: _turns(np.array(given), path), "turning"),
        spread=_over(late, lambda path: path[-1] - path[0], "known"),
        elasticity=_elasticity(worlds),
        held=pd.DataFrame(
            {name: [float(r.held.mean()) for r in answers] for name, answers in found.items()},
            index=pd.Index(given, name="elasticity"),
        ),
    )


def _by_year(limits: str, answers: list[Response]) -> pd.DataFrame:
    rows = []
    for one in answers:
        held = float(one.held.mean())
        for year in YEARS_AFTER:
            for name in WATCHED:
                change = one.change[name][one.held, 4 * year - 4 : 4 * year].mean(axis=1)
                rows.append((limits, one.elasticity, year, name, *_three(change), held))
    columns = ["limits", "elasticity", "year", "quantity", "median", "p10", "p90", "held"]
    return pd.DataFrame(rows, columns=columns)


def _late(answers: list[Response]) -> dict[str, Floats]:
    """Return mean changes of years three to five, [elasticity, draw]; NaN where none was held."""
    return {
        name: np.array([np.where(r.held, r.late(name), np.nan) for r in answers])
        for name in WATCHED
    }


def _over(
    late: dict[str, dict[str, Floats]], of: Callable[[Floats], Floats], share: str
) -> pd.DataFrame:
    rows = []
    for limits, changes in late.items():
        for name in WATCHED:
            found = of(changes[name])
            known = np.isfinite(found)
            rows.append((limits, name, *_three(found[known]), float(known.mean())))
    return pd.DataFrame(rows, columns=["limits", "quantity", "median", "p10", "p90", share])


def _three(values: Floats) -> tuple[float, float, float]:
    """Return the median, 10 % and 90 %; NaN of nothing."""
    if not len(values):
        return (np.nan, np.nan, np.nan)
    low, middle, high = np.percentile(values, [10.0, 50.0, 90.0])
    return float(middle), float(low), float(high)


def _turns(elasticities: Floats, path: Floats) -> Floats:
    """Return the elasticity where each draw of ``path`` [elasticity, draw] first turns positive.

    Straight between elasticities; NaN where it does not turn between the first and the last.
    """
    below, above = path[:-1], path[1:]
    crosses = (below < 0.0) & (above >= 0.0)
    place = crosses.argmax(axis=0)
    draw = np.arange(path.shape[1])
    low, high = below[place, draw], above[place, draw]
    at = elasticities[place] - low / (high - low) * (elasticities[place + 1] - elasticities[place])
    return np.where(crosses.any(axis=0), at, np.nan)


def _elasticity(worlds: Worlds) -> Floats:
    """Return the elasticity of each draw, mean over classes by spending at the date, [draw]."""
    now = worlds.state.demand
    spent = np.exp(np.asarray(now.log_tokens) + np.asarray(now.log_price))
    elasticity = np.asarray(worlds.assumptions.elasticity)
    return np.asarray((elasticity * spent).sum(axis=1) / spent.sum(axis=1))
