"""From the facts to a decision: the stages that every run begins with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.allocation import CVaR, check_limits, limit_from, objective_from
from marketsim.allocation.limits import NeutralTo, neutral_to
from marketsim.allocation.names import numbers
from marketsim.calibration import Posterior, calibrate
from marketsim.dates import Day
from marketsim.errors import InputError, PriceError
from marketsim.forecasting import Forecast, forecast
from marketsim.knowledge import Knowledge
from marketsim.model import entries
from marketsim.prices import Prices, newest_close
from marketsim.renames import Tickers
from marketsim.returns import CASH, ReturnScenarios
from marketsim.scenarios import (
    Regime,
    Scenarios,
    check_assumption,
    chosen,
    fit_regimes,
    read_regimes,
)
from marketsim.simulation import Paths, simulate
from marketsim.valuation import refuse_ours, revalue

from .benchmarks import stated_weights
from .cash import with_cash_cap
from .current import Current
from .decision import Decision, decide
from .freshness import Freshness, freshness, own_companies, own_gaps
from .inputs import (
    chosen_among,
    dated_prices,
    known_by,
    market_of,
    nothing_priced,
    own_tables,
    unpriced,
)

__all__ = ["Decided", "Question", "Valued", "decided", "valued"]

QUARTERS: Final = 4
"""That a run forecasts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What is asked of a run; see :func:`marketsim.runs.run` for what each of it means.

    Besides, names that must be known for what is asked of the choice later: a ``regime``, and the
    assumptions that it is ``about``.
    """

    as_of: Day | None = None
    draws: int = 10_000
    seed: int = 0
    add: Path | str | None = None
    knowledge: Knowledge | None = None
    scenarios: Sequence[str] | Path | None = None
    normalise: bool = False
    prices: str | None = None
    believe: Sequence[str] = ()
    max_weight: float = 0.15
    max_weights: Mapping[str, float] | None = None
    layer_caps: Mapping[str, float] | None = None
    cvar_level: float = 0.95
    risk: float = 1.0
    risk_aversion: float | None = None
    benchmark: Mapping[str, float] | pd.Series | None = None
    most_cash: float = 1.0
    neutral_to: Mapping[str, float] | None = None
    tickers: Sequence[str] | None = None
    objective: str | None = None
    limit: Sequence[str] = ()
    current: Mapping[str, float] | None = None
    shares: Mapping[str, float] | None = None
    money: float | None = None
    cost: float = 0.0
    regime: str | None = None
    about: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, Any]:
        """Limits on weights, as :func:`marketsim.allocate` takes them."""
        names = ("max_weight", "layer_caps", "max_weights")
        return {name: getattr(self, name) for name in names}

    @property
    def aim(self) -> dict[str, Any]:
        """What is chosen best, and within which limits, as :func:`decision.decide` takes it."""
        return {
            "level": self.cvar_level,
            "risk": self.risk,
            "risk_aversion": self.risk_aversion,
            "limits": {**self.limits, "limits": self.neutral},
            "benchmark": self.benchmark,
            "most_cash": self.most_cash,
            "objective": self.objective,
            "limit": tuple(self.limit),
            "current": self.held,
        }

    @property
    def held(self) -> Current | None:
        """What is held now; None where that was not said."""
        if self.current is not None and self.shares is not None:
            raise InputError("current and shares both say what is held; give one of them")
        held = self.shares if self.current is None else self.current
        if held is None:
            if self.money is not None or self.cost:
                name = "cost" if self.money is None else "money"
                raise InputError(f"{name} is of trades; say with current or shares what is held")
            return None
        return Current(held=held, in_shares=self.current is None, money=self.money, cost=self.cost)

    def regimes(self) -> Sequence[Regime]:
        """Return the scenarios asked for, as they are written."""
        given = self.scenarios
        path = given if isinstance(given, Path) else None
        names = None if isinstance(given, Path) or given is None else tuple(given)
        return read_regimes(path, names, normalise=self.normalise)

    @property
    def neutral(self) -> list[NeutralTo]:
        """Limits on how far the choice may hang on assumptions."""
        asked = self.neutral_to or {}
        if not isinstance(asked, Mapping):
            raise InputError(
                f"neutral_to is {asked!r}; give how far by assumption, as {{'hurdle_rate': 0.03}}"
            )
        return [neutral_to(name, within) for name, within in asked.items()]


@dataclass(frozen=True, eq=False)
class Valued:
    """Returns and all that they rest on.

    ``date`` they are of, the ``companies`` known, the ``layers`` they are of and those that are
    ``absent`` since they have no price; what is ``fresh`` and what old.
    """

    knowledge: Knowledge
    date: pd.Timestamp
    companies: tuple[str, ...]
    layers: dict[str, str]
    absent: list[str]
    fresh: Freshness
    posterior: Posterior
    regimes: Scenarios
    coming: Forecast
    paths: Paths
    returns: ReturnScenarios


@dataclass(frozen=True, eq=False)
class Decided(Valued):
    """A decision and all that it rests on."""

    decision: Decision


def decided(asked: Question, progress: Callable[[str], None], quarters: int = QUARTERS) -> Decided:
    """Go from the facts to a decision.

    Parameters
    ----------
    asked
        What is asked.
    progress
        Called with the name of each step as it begins.
    quarters
        That its forecast lists.

    Raises
    ------
    MarketsimError
        For anything the caller can put right, before the long steps where it can be seen there.
    """
    CVaR(asked.cvar_level)  # refuses what is no level before anything is run
    _positive("risk", asked.risk)
    if asked.risk_aversion is not None:
        _positive("risk_aversion", asked.risk_aversion)
        if asked.objective is not None:
            raise InputError("objective takes the place of risk_aversion; give one of them")
    found = valued(asked, progress, quarters)
    progress("choosing weights")
    decision = decide(found.returns, **asked.aim)
    return Decided(**vars(found), decision=decision)


def valued(asked: Question, progress: Callable[[str], None], quarters: int = QUARTERS) -> Valued:
    """Go from the facts to returns; see :func:`decided`."""
    limits, cash = asked.limits, [CASH] if asked.most_cash else []
    if cash:
        limits = with_cash_cap(limits, _share("most_cash", asked.most_cash))
    read, neutral, held = asked.regimes(), asked.neutral, asked.held
    if asked.regime is not None:
        chosen(tuple(one.name for one in read), [asked.regime])

    progress("reading the facts")
    knowledge, complete = known_by(asked.as_of, asked.add, asked.knowledge)
    companies, table = knowledge.universe.revenue_map.companies, knowledge.universe.companies
    layers = {t: str(table["layer"][t]) for t in companies}
    splits, renames = own_tables(asked.add, asked.knowledge)
    hung_on = (*asked.about, *(one.assumption for one in neutral))
    refuse_ours(hung_on)
    for name in hung_on:
        check_assumption(entries(knowledge.universe.revenue_map.lines), name)
    wanted = chosen_among(Tickers(companies, renames), asked.tickers)
    regimes_named = [one.name for one in read]
    check_limits(Tickers([*wanted, *cash], renames), layers, **limits)
    market, date = dated_prices(
        knowledge,
        asked.prices,
        complete,
        fixed=asked.as_of is not None,
        splits=splits,
        believe=asked.believe,
        renames=renames,
    )
    knowledge = knowledge.upto(date)
    priced = [t for t in wanted if t in market.statistics.index]
    why = unpriced(market, [t for t in wanted if t not in priced])
    if not priced:
        raise PriceError(nothing_priced(why, date))
    market = market_of(market, companies, wanted)
    closes = market.statistics["close"]
    names = Tickers([*priced, *cash], renames)
    if held is not None:
        held.check(Tickers(priced, renames), companies)
    if asked.benchmark is not None:
        stated_weights(asked.benchmark, names)
    given = _named(asked, names, held, closes)
    check_limits(
        names,
        layers,
        **limits,
        limits=[limit_from(text, given) for text in asked.limit],
        regimes=regimes_named,
        objective=None if asked.objective is None else objective_from(asked.objective, given),
    )
    if absent := list(why):
        progress(f"leaving out {', '.join(absent)}: no price")
    fresh = freshness(knowledge, date, newest_close(market, asked.prices, priced))
    posterior, regimes, coming, paths, returns = _simulated(
        asked, knowledge, market, lambda posterior: fit_regimes(posterior, read), progress, quarters
    )
    without = returns.world.without_accounts
    why |= dict.fromkeys(without, "no fiscal year in the facts")
    mine = own_companies(knowledge)
    fresh = replace(
        fresh,
        left_out={t: why[t] for t in sorted(why, key=lambda one: one not in mine)},
        by_others=own_gaps(knowledge, returns.world.economics["gaps"]),
        joined=market.joined,
    )
    return Valued(
        knowledge,
        date,
        tuple(companies),
        layers,
        absent,
        fresh,
        posterior,
        regimes,
        coming,
        paths,
        returns,
    )


def _simulated(
    asked: Question,
    knowledge: Knowledge,
    market: Prices,
    fitted: Callable[[Posterior], Scenarios],
    progress: Callable[[str], None],
    quarters: int,
) -> tuple[Posterior, Scenarios, Forecast, Paths, ReturnScenarios]:
    progress("calibrating the model")
    posterior = calibrate(knowledge)
    regimes = fitted(posterior)
    progress("forecasting what will be reported")
    coming = forecast(regimes, quarters)
    progress(f"simulating {asked.draws:,} worlds")
    paths = simulate(regimes, draws=asked.draws, seed=asked.seed, forecast=coming)
    progress("valuing the companies")
    return posterior, regimes, coming, paths, revalue(paths, market, horizon="1y")


def _named(
    asked: Question, tickers: Sequence[str], held: Current | None, closes: pd.Series
) -> dict[str, dict[str, float]]:
    """Return the weights that texts of limits and objectives may name."""
    stated = asked.benchmark
    even = dict.fromkeys(tickers, 1.0 / len(tickers))
    found = {"benchmark": even if stated is None else dict(numbers(stated, "benchmark"))}
    if held is not None:
        now = held.weights(closes)
        found["current"] = {t: w for t, w in now.items() if t in tickers}
    return found


def _positive(name: str, value: float) -> float:
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(f"{name} is {value}; it must be above 0")
    return value


def _share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name} is {value}; it must be a share between 0 and 1")
    return value
