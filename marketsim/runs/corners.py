"""Choices between two runs: facts of the one, prices of the other, settings of either.

Prices stand for what the market pays and how it moves: market values, betas, volatilities and
correlations. Facts stand for all that is known besides: the calibrated model, the worlds, accounts
and rates. Settings are what was asked: limits, risk, scenarios and their odds, draws and seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import pandas as pd

from marketsim.allocation import Allocation
from marketsim.derivatives import choices_apart, smoothed
from marketsim.derivatives.optima import EXACT, UNRESOLVED
from marketsim.derivatives.problem import Given
from marketsim.errors import InputError, MarketsimError
from marketsim.prices import Prices
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import fit_regimes
from marketsim.simulation import Paths, simulate
from marketsim.valuation import revalue

from .deciding import Decided, Question
from .decision import choose

__all__ = ["CAUSES", "Corners", "Differs", "attributed", "check_names", "outcome"]

FACTS: Final = "facts"
PRICES: Final = "prices"
SETTINGS: Final = "settings"
CAUSES: Final = (FACTS, PRICES, SETTINGS)

RETURN: Final = "expected_return"
RISK: Final = "CVaR"


class Differs(NamedTuple):
    """Which causes differ between two runs."""

    facts: bool
    prices: bool
    settings: bool


@dataclass(frozen=True, eq=False)
class Corners:
    """Two runs, and the choices between them; each is made once.

    Of a corner, 0 or 1 says of which run its facts, its prices and its settings are.
    """

    asked: tuple[Question, Question]
    found: tuple[Decided, Decided]
    worlds: dict[tuple[int, int], Paths] = field(default_factory=dict)
    choices: dict[tuple[int, int, int], Allocation] = field(default_factory=dict)

    def choice(self, facts: int, prices: int, settings: int) -> Allocation:
        """Return the choice of a corner."""
        place = facts, prices, settings
        if facts == prices == settings:
            return self.found[facts].decision.choice
        if place not in self.choices:
            returns = self._returns(*place)
            self.choices[place] = choose(returns, **self.asked[settings].aim).choice
        return self.choices[place]

    def _returns(self, facts: int, prices: int, settings: int) -> ReturnScenarios:
        paths = self._paths(facts, settings)
        market = _priced(self.found[prices], self.found[facts].date)
        own = self.found[facts].returns.world.prices
        return revalue(paths, own if facts == prices else market, horizon="1y")

    def _paths(self, facts: int, settings: int) -> Paths:
        known, asked = self.found[facts], self.asked[settings]
        if facts == settings:
            return known.paths
        if (facts, settings) not in self.worlds:
            regimes = fit_regimes(known.posterior, asked.regimes())
            self.worlds[facts, settings] = simulate(
                regimes, draws=asked.draws, seed=asked.seed, forecast=known.coming
            )
        return self.worlds[facts, settings]


def attributed(corners: Corners, differs: Differs) -> pd.DataFrame:
    """Return what each cause adds to the change of weights, expected return and CVaR.

    Facts and prices by the way from the one's returns and limits to the other's; what either
    changes of these is the mean of what it does before the other and after (Shapley 1953), and so
    are settings beside both.

    Returns
    -------
    DataFrame [cause x ticker, expected_return and CVaR]
        Columns sum to the change of the exact choices.

    Raises
    ------
    InputError
        The runs hold other companies.
    """
    start, end = corners.choice(0, 0, 0), corners.choice(1, 1, 1)
    check_names(start.weights.index, end.weights.index)
    if not differs.settings:
        return _market(corners, differs, 0)
    if not (differs.facts or differs.prices):
        return pd.DataFrame([outcome(end) - outcome(start)], index=[SETTINGS])
    sides = [_market(corners, differs, settings) for settings in (0, 1)]
    found = 0.5 * sides[0].add(sides[1], fill_value=0.0)
    # What settings alone change, after all else and before it.
    both = [outcome(corners.choice(x, x, 1)) - outcome(corners.choice(x, x, 0)) for x in (0, 1)]
    found.loc[SETTINGS] = 0.5 * (both[0] + both[1])
    order = [name for name in (*CAUSES, UNRESOLVED, EXACT) if name in found.index]
    return found.loc[order, outcome(start).index]


def outcome(choice: Allocation) -> pd.Series[float]:
    """Return weights, expected return and the CVaR that is chosen by."""
    (tail,) = [name for name in choice.risk.index if str(name).startswith(RISK)]
    own = pd.Series({RETURN: choice.risk[RETURN], RISK: choice.risk[tail]})
    found: pd.Series[float] = pd.concat([choice.weights, own]).astype(float)
    return found


def _market(corners: Corners, differs: Differs, settings: int) -> pd.DataFrame:
    """Return what facts and prices add to the change under the settings of one of the runs."""
    start, end = (corners.choice(x, x, settings) for x in (0, 1))
    change = outcome(end) - outcome(start)
    names = [name for name, differ in ((FACTS, differs.facts), (PRICES, differs.prices)) if differ]
    if not names:
        return pd.DataFrame(columns=change.index, dtype=float)
    if len(names) == 1:
        return pd.DataFrame([change], index=names)
    every = {(x, y): corners.choice(x, y, settings) for x in (0, 1) for y in (0, 1)}
    for one in every.values():
        check_names(start.weights.index, one.weights.index)
    try:
        given = {place: smoothed(one).given for place, one in every.items()}
        causes = {FACTS: _mean(given, (1, 0), (0, 1)), PRICES: _mean(given, (0, 1), (1, 0))}
        apart = choices_apart(start, end, causes)
    except MarketsimError:
        return _exact({place: outcome(one) for place, one in every.items()})
    terms = apart.terms.rename(columns=_term)[[RETURN, RISK]]
    return apart.weights.join(terms)


def _mean(
    given: dict[tuple[int, int], Given], one: tuple[int, int], other: tuple[int, int]
) -> Given:
    """Return what a cause, which ``one`` has changed alone, changes of what a choice is given.

    The mean of what it does before the ``other`` and after it.
    """
    first, last = given[0, 0], given[1, 1]
    parts = zip(given[one], first, last, given[other], strict=True)
    return Given(*(0.5 * ((x - a) + (b - y)) for x, a, b, y in parts))


def _exact(found: dict[tuple[int, int], pd.Series]) -> pd.DataFrame:
    """Return the same of choices that have no derivatives: of what they are, not on the way."""
    first, last = found[0, 0], found[1, 1]
    facts = 0.5 * ((found[1, 0] - first) + (last - found[0, 1]))
    return pd.DataFrame([facts, last - first - facts], index=[FACTS, PRICES])


def _term(name: str) -> str:
    return RETURN if name.startswith("ExpectedReturn") else RISK


def _priced(of: Decided, day: pd.Timestamp) -> Prices:
    """Return prices of a run as if they were known on a day, with the market values they make."""
    world = of.returns.world
    prices: Prices = world.prices
    values = world.economics["market_cap"].reindex(prices.statistics.index)
    return replace(
        prices,
        statistics=prices.statistics.assign(market_cap=values),
        as_of=min(prices.as_of, day),
    )


def check_names(one: pd.Index, other: pd.Index) -> None:
    """Refuse choices among other companies.

    Raises
    ------
    InputError
        It names them.
    """
    names = [sorted(map(str, x)) for x in (one, other)]
    if names[0] != names[1]:
        apart = sorted(set(names[0]) ^ set(names[1]))
        where = "first" if apart and apart[0] in names[0] else "second"
        raise InputError(
            f"compare: the runs choose among other companies: {', '.join(map(str, apart))} "
            f"({apart[0]} is only in the {where}); compare runs over the same ones"
        )
