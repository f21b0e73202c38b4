"""Why one regime differs from another: what each assumption that sets them apart adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.checks import check_whole
from marketsim.ensemble import CHUNK, assumptions_at
from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import chosen

from .holding import Holding, Weights, holding
from .moved import Moving
from .path_integral import integrated
from .story import with_unit

__all__ = ["CHANCE", "UNRESOLVED", "RegimesApart", "regimes_apart"]

FloatArray = NDArray[np.float64]

POINTS: Final = 17
"""Of the way between regimes at which worlds are run."""

FEWEST: Final = 8
"""Worlds that are run at each of them, where regimes share as many."""

UNRESOLVED: Final = "not resolved"
CHANCE: Final = "market noise and other draws"
"""Rows beside those of assumptions."""

PORTFOLIO: Final = "portfolio"

SHOWN: Final = 8
"""Assumptions that are told, the largest first."""


@dataclass(frozen=True, eq=False, repr=False)
class RegimesApart:
    """What each assumption adds to the difference between two regimes.

    Attributes
    ----------
    start, end
        Names of the regimes: the difference is that of the second over the first.
    assumptions
        Those that set them apart, largest effect on the portfolio first: ``unit``, value as the
        middle of each regime has it (``start`` and ``end``), ``meaning``.
    returns
        Contributions to the difference of expected returns over the horizon, [assumption x
        portfolio and ticker]; the last rows are what the integral has `not resolved`, and what
        market noise, and draws that were not run, make of it. Columns sum to ``change``.
    value, revenue, revenue_last_year
        The same to the difference of the log of enterprise value, and of revenue in the next and in
        the last simulated year, means over the worlds run, [assumption x ticker].
    change
        Difference of the expected return of the portfolio and of each company.
    weights
        Of the portfolio, by ticker.
    worlds, points
        How many were run, and at how many points of the way.
    """

    start: str
    end: str
    assumptions: pd.DataFrame
    returns: pd.DataFrame
    value: pd.DataFrame
    revenue: pd.DataFrame
    revenue_last_year: pd.DataFrame
    change: pd.Series
    weights: pd.Series
    worlds: int
    points: int

    def table(self) -> pd.DataFrame:
        """Return a row by assumption, and by what is left: both values, and contributions."""
        return self.assumptions.reindex(self.returns.index).join(self.returns)

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        tables = {
            name: {t: column.to_dict() for t, column in getattr(self, name).items()}
            for name in ("returns", "value", "revenue", "revenue_last_year")
        }
        return {
            "start": self.start,
            "end": self.end,
            "change": self.change.to_dict(),
            "assumptions": self.assumptions.to_dict("index"),
            "worlds": self.worlds,
            "points": self.points,
            **tables,
        }

    def __str__(self) -> str:
        whole, own = self.change[PORTFOLIO], self.returns[PORTFOLIO]
        rows = own.iloc[:-2]
        more = "more" if whole > 0.0 else "less"
        lines = [
            f"The portfolio returns {100 * abs(whole):.1f} points {more} in {self.end} than in "
            f"{self.start}:",
            *(self._line(str(name), float(x)) for name, x in rows.iloc[:SHOWN].items()),
        ]
        if len(rows) > SHOWN:
            others = rows.iloc[SHOWN:]
            lines.append(f"{100 * others.sum():+8.1f}  {len(others)} other assumptions")
        lines += [f"{100 * x:+8.1f}  {name}" for name, x in own.iloc[-2:].items()]
        return "\n".join(lines)

    def _line(self, name: str, added: float) -> str:
        at = self.assumptions.loc[name]
        end = with_unit(f"{at['end']:.4g}", name, str(at["unit"]))
        return f"{100 * added:+8.1f}  {name}, {at['start']:.4g} to {end}"

    def __repr__(self) -> str:
        return (
            f"RegimesApart({self.end} over {self.start}, {len(self.assumptions)} assumptions, "
            f"portfolio {100 * self.change[PORTFOLIO]:+.1f} points)"
        )


def regimes_apart(
    choice: Allocation | Weights,
    start: str,
    end: str,
    *,
    returns: ReturnScenarios | None = None,
    draws: int | None = None,
    points: int = POINTS,
) -> RegimesApart:
    """Return what each assumption adds to the difference between two regimes.

    All that sets them apart goes together from one to the other, in the linked coordinates in which
    regimes shift assumptions, and each adds its change times its derivative along the way (see
    :func:`path_integral`), through worlds: draws of one number are the same past and the same news
    in both.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`; or weights
        by ticker over ``returns``.
    start, end
        Names of the regimes.
    returns
        That weights are over.
    draws
        Worlds that are run at every point, those that stand for all which the regimes share; by
        default as many as are run together.
    points
        Of the way, at the most.

    Raises
    ------
    InputError
        A regime that is not among the scenarios, or twice the same, returns that `revalue` did not
        make, and too few draws or points.
    """
    held = holding("regimes_apart", choice, returns)
    scenarios = held.valuation.paths.scenarios
    places = [scenarios.names.index(chosen(scenarios.names, [name])[0]) for name in (start, end)]
    if start == end:
        raise InputError(f"regimes_apart: '{start}' is given twice; give two regimes")
    for name, given, least in (("draws", draws, 1), ("points", points, 2)):
        if given is not None:
            check_whole(f"regimes_apart: {name}", given, least)
    first, last = (np.asarray(scenarios.moves[place]) for place in places)
    entries = np.flatnonzero(last != first)
    changes = np.zeros((len(entries), len(first)))
    changes[np.arange(len(entries)), entries] = (last - first)[entries]
    numbers = _numbers(held, places, int(draws or max(FEWEST, CHUNK // max(len(entries), 1) - 1)))
    worlds = Moving(held.valuation, numbers)
    names = [scenarios.posterior.entries[i].name for i in entries]
    if not names:
        raise InputError(f"regimes_apart: no assumption sets '{start}' and '{end}' apart")

    def along(share: float) -> tuple[FloatArray, FloatArray]:
        value, rates = worlds.along(first, changes, share)
        return value.ravel(), rates.reshape(-1, len(changes))

    found = integrated(along, most=int(points), whole=False)
    tickers = list(held.valuation.economics.index)
    added = np.concatenate([found.contributions, found.left[:, None]], axis=1)
    tables = [
        pd.DataFrame(part.T, index=[*names, UNRESOLVED], columns=tickers).rename_axis("assumption")
        for part in added.reshape(-1, len(tickers), len(names) + 1)
    ]
    return _told(held, places, entries, tables, len(numbers), found.points)


def _told(
    held: Holding,
    places: list[int],
    entries: NDArray[np.int_],
    tables: list[pd.DataFrame],
    worlds: int,
    points: int,
) -> RegimesApart:
    """Return the result of contributions by company: of returns, value and revenue twice."""
    scenarios = held.valuation.paths.scenarios
    start, end = (scenarios.names[place] for place in places)
    by_return = tables[0]
    change = _mean(held, end) - _mean(held, start)
    by_return.loc[CHANCE] = change - by_return.sum()
    of_all = pd.Series(by_return.to_numpy() @ held.weights, index=by_return.index)
    order = of_all.iloc[:-2].abs().sort_values(ascending=False, kind="stable").index
    rows = [*order, UNRESOLVED]
    by_return.insert(0, PORTFOLIO, of_all)
    weights = pd.Series(held.weights, index=change.index, name="weight")
    return RegimesApart(
        start=start,
        end=end,
        assumptions=_assumptions(held, places, entries).loc[order],
        returns=by_return.loc[[*rows, CHANCE]],
        value=tables[1].loc[rows],
        revenue=tables[2].loc[rows],
        revenue_last_year=tables[3].loc[rows],
        change=pd.concat([pd.Series({PORTFOLIO: change @ weights}), change]).rename("change"),
        weights=weights,
        worlds=worlds,
        points=points,
    )


def _mean(held: Holding, regime: str) -> pd.Series[float]:
    """Return what companies return on average in a regime, with market noise and views."""
    returns = held.returns
    odds = np.where(np.asarray(returns.regimes) == regime, returns.probabilities, 0.0)
    if not odds.sum() > 0.0:
        raise InputError(f"regimes_apart: '{regime}' has no probability under the views held")
    every = pd.Series(odds @ returns.returns / odds.sum(), index=list(returns.tickers))
    return every.reindex(list(held.valuation.economics.index))


def _numbers(held: Holding, places: list[int], wanted: int) -> NDArray[np.int_]:
    """Return numbers of draws that stand for all that both regimes have.

    Evenly by what the portfolio returns more in one than in the other.
    """
    paths, made = held.valuation.paths, held.valuation.world_returns @ held.weights
    one, other = (
        pd.Series(made[paths.regime == place], index=paths.index[paths.regime == place])
        for place in places
    )
    apart = (other - one).dropna().sort_values(kind="stable")
    wanted = min(wanted, len(apart))
    middle = (np.arange(wanted) + 0.5) / wanted
    return np.sort(apart.index.to_numpy()[(middle * len(apart)).astype(int)])


def _assumptions(held: Holding, places: list[int], entries: NDArray[np.int_]) -> pd.DataFrame:
    """Return the assumptions that set regimes apart, at the middle of each."""
    scenarios = held.valuation.paths.scenarios
    posterior = scenarios.posterior
    linked = posterior.link + scenarios.moves[places]
    both = assumptions_at(linked, posterior.coordinates)[:, entries]
    few = [posterior.entries[i] for i in entries]
    return pd.DataFrame(
        {
            "unit": [e.unit for e in few],
            "start": both[0],
            "end": both[1],
            "meaning": [e.meaning for e in few],
        },
        index=pd.Index([e.name for e in few], name="assumption"),
    )
