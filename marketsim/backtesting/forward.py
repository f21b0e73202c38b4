"""`backtest`: a strategy, a panel and the rules of trading, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.benchmarks import benchmark_returns
from marketsim.backtesting.choosing import Choose, chooser
from marketsim.backtesting.costs import Costs, Dated, costs_of
from marketsim.backtesting.loading import Decide, Strategy, load_strategy
from marketsim.backtesting.market import Market, panel_digest, regimes_digest
from marketsim.backtesting.measures import active, measures
from marketsim.backtesting.preparing import market_of, require_call, what_was_there
from marketsim.backtesting.rebalancing import Rebalance, decision_rows, require_rebalance
from marketsim.backtesting.result import EVEN, HINDSIGHT, BacktestResult
from marketsim.backtesting.sweeps.policy import Policy
from marketsim.backtesting.views import parted, require_few
from marketsim.backtesting.walk import Walk, walk
from marketsim.dates import Day
from marketsim.errors import InputError
from marketsim.precision import processors
from marketsim.prices import Prices
from marketsim.provenance import versions

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge
    from marketsim.scenarios import Regime

__all__ = ["backtest"]

Array = npt.NDArray[np.float64]


def backtest(
    strategy: str | Path | Decide,
    prices: Prices | pd.DataFrame | Path | str | None = None,
    *,
    start: Day | None = None,
    end: Day | None = None,
    rebalance: Rebalance | Iterable[Day] = "monthly",
    cost: float | Costs = 0.001,
    facts: Knowledge | None = None,
    tickers: Iterable[str] | None = None,
    benchmark: str | pd.Series | None = None,
    cash_yield: float | None = None,
    scenarios: str | Path | tuple[Regime, ...] | None = None,
    trials: int = 1,
    views: bool = False,
    workers: int | None = None,
    afresh: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> BacktestResult:
    """Walk a strategy forward in time, beside equal weights of the same universe.

    The rows of the panel are the trading days. A decision sees the close of its date and
    nothing later, and is traded at that close; between decisions weights drift with prices.
    A ticker is absent until it is listed; one without a close for more than five rows is sold
    at its last close.

    Parameters
    ----------
    strategy : name, path or function
        `strategy(history) -> weights`, by ticker and, where some is to stay in it, `cash`; a name
        is looked up in the strategies folder. What a file decides is kept, by all that it saw.
    prices : Prices, DataFrame or path, optional
        Adjusted daily closes (see `load_prices`, which also takes splits of one's own); the
        embedded closes by default. Everything up to a date is shown to the strategy, whether it is
        in the universe or not.
    start, end : dates, optional
        The first decision falls on the first row from `start` on; all rows by default.
    rebalance : {"daily", "weekly", "monthly", "quarterly"} or days
        Further decisions fall on the first session of each period, or on days of one's own, each on
        the first session from it on.
    cost : float or Costs
        Fraction of the traded value, the first purchase included: 0.001 is ten basis points. Or
        commission, spread and impact: see `marketsim.backtesting.Costs`.
    facts : Knowledge, optional
        From `load_facts`; the embedded facts, loaded once, by default. The strategy sees what was
        known on each date.
    tickers : names, optional
        The universe; by default every ticker of the panel that is not an index (`^IRX`), and of the
        embedded closes the companies of the facts: no fund (QQQ, BIL), and no second share class.
    benchmark : "market", ticker or Series, optional
        The universe by market value, a column of the prices, or closes of one's own by date; by
        default by market value where shares of the companies are known.
    cash_yield : float, optional
        Of cash, per year and compounded continuously; by default that of the three-month bill as it
        was known on each date.
    scenarios : path or tuple of Regime, optional
        A TOML file of regimes, or those of `marketsim.scenarios.read_regimes`: what
        `history.returns()` draws from in place of the regimes that ship.
    trials : int
        Variants of the strategy that were tried, this one included: the best of many looks better
        than it is, and `BacktestResult.deflated_sharpe` allows for them.
    views : bool
        Part decisions and gains over equal weight, the rule at even odds and the odds of each
        regime, see `marketsim.backtesting.views`: each decision is made once for every set of
        regimes, 128 times for seven.
    workers : int, optional
        Decisions of a file made at a time; as many as there are processors by default.
    afresh : bool
        Make all decisions again, those that are kept too.
    progress : function of str
        Called with the name of each step as it begins.

    Returns
    -------
    BacktestResult

    Raises
    ------
    InputError
        An argument is wrong, or the strategy's answer is (see `load_strategy`).
    DataError
        The panel has faults, all listed.
    """
    asked = require_rebalance(rebalance)
    _require_trials(trials)
    for name, chosen in (("views", views), ("afresh", afresh)):
        if not isinstance(chosen, bool):
            raise InputError(f"{name}={chosen!r}: write True, or leave it out")
    require_call(progress)
    loaded = load_strategy(strategy)
    if loaded.name == EVEN:
        raise InputError(f"a strategy called '{EVEN}' is taken for its rival; call it otherwise")
    market = market_of(prices, tickers, start, end, facts, scenarios)
    if views:
        require_few(market.regimes or ())
    decisions = decision_rows(market.rows, asked, market.traded)
    costs = costs_of(cost, market.closes, market.rows, market.universe)
    interest = market.interest_of(cash_yield)
    against = _apart(benchmark_returns(benchmark, market), loaded.name)
    open_rows = [row for row in map(int, np.flatnonzero(decisions)) if market.open(row)]
    many = processors() if workers is None else _whole(workers)
    held: dict[int, Array] = {}
    choose = chooser(loaded, market, open_rows, many, afresh, progress)
    mine = walk(_noting(choose, held), market, decisions, costs, interest)
    rival = walk(_evenly(market), market, decisions, costs, interest)
    table = market.facts.universe.companies
    parts = parted(loaded, market, mine, held, interest, many, progress) if views else None
    earned = pd.Series(interest, index=market.rows, name="interest").rename_axis("date")
    return BacktestResult(
        strategy=loaded.name,
        weights=mine.weights,
        trades=mine.trades,
        costs=mine.costs,
        returns=mine.returns,
        equal_weight=rival.returns.rename("equal_weight"),
        holdings=mine.holdings,
        cash=mine.cash,
        gains=mine.gains,
        interest=earned,
        summary=_summary(loaded.name, mine, rival, against, earned),
        benchmark=against,
        layers={str(t): str(layer) for t, layer in table["layer"].items()},
        views=parts,
        notes=(
            HINDSIGHT,
            *what_was_there(market, end),
            *mine.ended,
            *_uncharged(costs),
            *_unread(loaded, market),
            *(() if parts is None else parts.notes),
        ),
        meta={
            "trials": trials,
            **({"views": True} if views else {}),
            **_meta(loaded, market, asked, cost, against, cash_yield),
        },
    )


def _noting(choose: Choose, held: dict[int, Array]) -> Choose:
    """Return a choice that leaves in ``held`` the weights before each."""

    def noted(row: int, weights: Array) -> Array:
        held[row] = weights
        return choose(row, weights)

    return noted


def _require_trials(trials: int) -> None:
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise InputError(f"trials={trials!r}: count the variants that were tried, 1 or more")


def _whole(workers: object) -> int:
    if isinstance(workers, bool) or not isinstance(workers, int | np.integer) or workers < 1:
        raise InputError(f"workers={workers!r} is no number of decisions made at a time; give 1 up")
    return int(workers)


def _apart(against: pd.Series | None, name: str) -> pd.Series | None:
    """Return a benchmark under a name of its own."""
    if against is None or against.name not in (name, EVEN):
        return against
    return against.rename(f"{against.name} (benchmark)")


def _evenly(market: Market) -> Choose:
    return lambda row, held: np.r_[market.equal_weights(row), 0.0]


def _summary(
    name: str, mine: Walk, rival: Walk, against: pd.Series | None, interest: pd.Series
) -> pd.DataFrame:
    """Measures of the strategy, of equal weight and of the benchmark, side by side."""
    columns = {
        name: measures(mine.returns, interest, mine.trades, mine.costs),
        EVEN: measures(rival.returns, interest, rival.trades, rival.costs),
    }
    if against is None:
        return pd.DataFrame(columns)
    columns[name] = pd.concat([columns[name], active(mine.returns, against)])
    columns[EVEN] = pd.concat([columns[EVEN], active(rival.returns, against)])
    columns[str(against.name)] = measures(against, interest)
    order = columns[name].index
    return pd.DataFrame(columns).reindex(order)


def _uncharged(costs: Dated) -> tuple[str, ...]:
    if not costs.unknown:
        return ()
    listed = ", ".join(costs.unknown)
    return (
        f"no impact is charged where volume or volatility is not known: {listed}, on some dates",
    )


def _unread(loaded: Strategy, market: Market) -> tuple[str, ...]:
    """Say that scenarios were given to a file that asks for none."""
    text = loaded.text
    if market.regimes is None or text is None or b"returns(" in text or b"regimes" in text:
        return ()
    return (f"scenarios were given, and '{loaded.name}' does not ask history.returns() for any",)


def _meta(
    loaded: Strategy,
    market: Market,
    rebalance: str | tuple[pd.Timestamp, ...],
    cost: float | Costs,
    against: pd.Series | None,
    cash_yield: float | None,
) -> dict[str, Any]:
    own = [] if isinstance(rebalance, str) else [f"{one:%Y-%m-%d}" for one in rebalance]
    arguments = {
        "start": f"{market.rows[0]:%Y-%m-%d}",
        "end": f"{market.rows[-1]:%Y-%m-%d}",
        "rebalance": own or rebalance,
        "cost": cost.record() if isinstance(cost, Costs) else cost,
        "tickers": list(market.universe),
        "benchmark": None if against is None else against.name,
        "cash_yield": cash_yield,
    }
    if isinstance(loaded.decide, Policy):
        arguments["policy"] = loaded.decide.record()
    digests = {
        "strategy": loaded.digest,
        "prices": panel_digest(market.closes),
        "facts": market.facts.upto(market.rows[-1]).digest,
    }
    if market.regimes is not None:
        digests["scenarios"] = regimes_digest(market.regimes)
    given: dict[str, pd.DataFrame] = {}
    if isinstance(cost, Costs) and cost.volume is not None:
        given["volume"] = cost.volume
    if against is not None:
        given["benchmark"] = against.to_frame()
    digests |= {name: panel_digest(table) for name, table in given.items()}
    available = {ticker: f"{day:%Y-%m-%d}" for ticker, day in market.available.items()}
    meta = {"arguments": arguments, "available": available, "sha256": digests}
    return {**meta, "versions": versions()}
