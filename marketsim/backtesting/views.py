"""What odds of regimes did to a portfolio: decisions parted over them by Shapley's value.

Gains belong to companies; that a company was held may be owed to what the investor believed. So a
decision is made again with every set of regimes at the odds believed in and the others at even
odds. What a regime's odds add to the weights, on average over all orders in which they might have
been come by, is its part (Shapley 1953): parts add up to the decision, no order is preferred,
and odds that change nothing have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.deciding import decide, with_cash
from marketsim.backtesting.loading import Strategy
from marketsim.backtesting.market import PAID, Market
from marketsim.backtesting.odds import Doubting, Odds, odds_of
from marketsim.errors import InputError
from marketsim.precision import one_thread

if TYPE_CHECKING:
    from marketsim.backtesting.walk import Walk
    from marketsim.returns import ReturnScenarios

__all__ = ["EVENLY", "ODDS", "RULE", "Views", "parted", "require_few", "shapley"]

Array = npt.NDArray[np.float64]
Parts = tuple[dict[str, Array], Odds]
EVENLY: Final = "equal weight"
"""The part of a decision that asks nothing: equal weights of whatever can be bought."""

RULE: Final = "the rule at even odds"
"""What the strategy leans to beyond equal weight where no regime is likelier than another."""

ODDS: Final = "odds of "
"""Begins the name of a regime's part, whatever the regime is called."""

MOST: Final = 10
"""Regimes whose odds are told apart: a decision is made once for each set of them."""

ENOUGH: Final = 100
"""Draws of a regime below which a note says how many there are."""

AGAIN: Final = 1e-9
"""By which a weight may differ when a strategy is asked again."""


@dataclass(frozen=True, eq=False)
class Views:
    """A backtest's decisions and gains, parted over what they rest on.

    Attributes
    ----------
    weights : DataFrame [(date, view), ticker and cash]
        Parts of every decision: equal weight, the rule at even odds, then the `odds of` each
        regime. Those of a date sum to what was decided; each but the first sums to 0.
    gains : DataFrame [date, view and costs]
        What each part gained since the date before; wealth at the start is 1. All of them up to a
        date sum to the wealth gained by it.
    odds : DataFrame [regime, "believed" and "draws"]
        Odds believed in, on average over the decisions, where even ones are one over their number;
        and the fewest draws of the regime behind any of them.
    """

    weights: pd.DataFrame
    gains: pd.DataFrame
    odds: pd.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know: regimes of which few worlds were drawn."""
        few = self.odds["draws"][self.odds["draws"] < ENOUGH]
        told = ", ".join(f"{name} {count:.0f}" for name, count in few.items())
        says = "few worlds stand behind the odds of some regimes, which others would change"
        return (f"{says}: {told}; ask history.returns() for more draws",) if told else ()

    def __repr__(self) -> str:
        dates = self.weights.index.get_level_values("date").nunique()
        return f"Views({dates} decisions; odds of {', '.join(self.odds.index) or 'no regime'})"

    def files(self) -> dict[str, pd.DataFrame]:
        """Return the tables of a folder of results, by the names of their files."""
        weights, gains = self.weights.reset_index(), self.gains.reset_index()
        return {"view_weights.csv": weights, "view_gains.csv": gains}


def shapley(values: Array) -> Array:
    """Return each player's part of a game, [player, ...].

    Parameters
    ----------
    values : array [2 ** players, ...]
        What each set of players is worth: player i is of set s where bit i of s is set.

    Notes
    -----
    Parts sum to the worth of all less that of none.
    """
    count = len(values).bit_length() - 1
    sets = np.arange(len(values))
    sizes = np.array([int(s).bit_count() for s in sets])
    ways = [factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)]
    parts = []
    for player in range(count):
        without = sets[sets >> player & 1 == 0]
        added = values[without | 1 << player] - values[without]
        parts.append(np.tensordot(np.array(ways)[sizes[without]], added, axes=1))
    return np.array(parts).reshape(count, *values.shape[1:])


def parted(
    strategy: Strategy,
    market: Market,
    done: Walk,
    held: Mapping[int, Array],
    interest: Array,
    workers: int,
    progress: Callable[[str], None],
) -> Views:
    """Return the decisions of a walk and what they gained, parted over equal weight, rule and odds.

    Parameters
    ----------
    strategy, market, done
        Who decided, on what, and the walk.
    held : mapping of row to array [ticker]
        Weights before the trade, on each decision row.
    interest : array [row]
        What a unit of cash earns from the row before.
    workers
        Decisions parted at a time, each on a thread.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    InputError
        There are too many regimes, or the strategy answers otherwise when it is asked again.
    """
    names = with_cash(market.universe)
    decided = done.weights.reindex(columns=names, fill_value=0.0)
    rows = [int(row) for row in market.rows.get_indexer(decided.index)]
    count = 0

    def one(row: int, chosen: Array) -> Parts:
        nonlocal count
        found = _parts(strategy, market, row, held[row], chosen)
        count += 1
        progress(f"parted {count} of {len(rows)} decisions")
        return found

    with ThreadPoolExecutor(max(workers, 1)) as pool, one_thread():
        parts = list(pool.map(one, rows, decided.to_numpy(float)))
    views = list(dict.fromkeys(name for found, _ in parts for name in found))
    nothing = np.zeros(len(names))
    weights = np.array([[found.get(name, nothing) for name in views] for found, _ in parts])
    index = pd.MultiIndex.from_product([decided.index, views], names=["date", "view"])
    table = pd.DataFrame(weights.reshape(-1, len(names)), index=index, columns=names)
    gains = _gained(weights, views, rows, market, done, interest)
    return Views(table, gains, _believed([odds for _, odds in parts]))


def require_few(regimes: Sequence[object]) -> None:
    """Refuse more regimes than views can tell apart.

    Raises
    ------
    InputError
        There are more than ten.
    """
    if len(regimes) > MOST:
        raise InputError(
            f"views tell at most {MOST} regimes apart, since each decision is made for every set "
            f"of them, and there are {len(regimes)}; merge some, or leave views out"
        )


def _believed(decisions: Sequence[Odds]) -> pd.DataFrame:
    """Return odds and draws by regime, over all decisions."""
    names = list(dict.fromkeys(name for odds in decisions for name in odds))
    some = {name: [odds[name] for odds in decisions if name in odds] for name in names}
    believed = {name: sum(p for p, _ in each) / len(each) for name, each in some.items()}
    draws = {name: min(count for _, count in each) for name, each in some.items()}
    table = pd.DataFrame({"believed": pd.Series(believed), "draws": pd.Series(draws)})
    return table.reindex(names).rename_axis("regime").astype(float)


def _parts(strategy: Strategy, market: Market, row: int, held: Array, decided: Array) -> Parts:
    """Return the parts of one decision, by view, [ticker, then cash], and the odds of regimes."""
    made: dict[tuple[int, int, str], ReturnScenarios] = {}

    def asked(believed: frozenset[str] | None) -> Array:
        known = market.history(row, held)
        shown = {name: getattr(known, name) for name in known.__dataclass_fields__}
        history = Doubting(**shown, believed=believed, made=made)
        weights = decide(strategy, history, market.universe, ", asked again at other odds")
        assert weights is not None  # a history that says what is held stops nobody
        return weights

    where = f"strategy '{strategy.name}' on {market.rows[row]:%Y-%m-%d}"
    if np.abs(asked(None) - decided).max() > AGAIN:
        raise InputError(
            f"{where}: asked again it answers otherwise, so that nothing can be said of why; "
            "views are of strategies that neither remember nor draw without a seed"
        )
    evenly = np.r_[market.equal_weights(row), 0.0]
    odds = {name: each for found in made.values() for name, each in odds_of(found).items()}
    regimes = list(odds)
    require_few(regimes)
    sets = (
        frozenset(r for i, r in enumerate(regimes) if s >> i & 1) for s in range(2 ** len(regimes))
    )
    chosen = np.array([*map(asked, sets)]) if regimes else decided[None]
    parts = zip((f"{ODDS}{name}" for name in regimes), shapley(chosen), strict=True)
    return {EVENLY: evenly, RULE: chosen[0] - evenly, **dict(parts)}, odds


def _gained(
    weights: Array, views: list[str], rows: list[int], market: Market, done: Walk, interest: Array
) -> pd.DataFrame:
    """Return what parts [decision, view, name] gained, [date, view and costs].

    Each part is held, long and short, in the wealth that was left after the trade, until the next.
    """
    gains = np.zeros((len(market.rows), len(views)))
    wealth = done.holdings.sum(axis=1).to_numpy() + done.cash.to_numpy()
    for parts, row, after in zip(weights, rows, [*rows[1:], len(market.rows) - 1], strict=True):
        grown = np.diff(_unit(market, interest, row, after), axis=0)
        gains[row + 1 : after + 1] = wealth[row] * grown @ parts.T
    table = pd.DataFrame(gains, index=done.gains.index, columns=views)
    # What trading cost, and the interest that money would have earned by the next decision.
    return table.assign(**{PAID: done.gains.sum(axis=1) - table.sum(axis=1)})


def _unit(market: Market, interest: Array, row: int, after: int) -> Array:
    """Return what a unit put on each name on a row is worth on it and up to another, [row, name].

    What has no price any more is sold at its last one, and is cash from then on.
    """
    rows = slice(row + 1, after + 1)
    cash = 1.0 + interest[rows, None]
    gone = np.isnan(market.prices[rows])
    before = np.vstack([np.zeros_like(gone[:1]), gone[:-1]])
    relative = np.where(gone & before, cash, market.growth[rows])
    grown = np.cumprod(np.hstack([relative, cash]), axis=0)
    return np.vstack([np.ones((1, grown.shape[1])), grown])
