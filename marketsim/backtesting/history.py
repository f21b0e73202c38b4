"""`History`: what was known on a date, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from marketsim.prices import Prices

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge
    from marketsim.returns import ReturnScenarios
    from marketsim.scenarios import Regime

__all__ = ["LATER", "Blind", "History", "HoldingsAsked"]

LATER: Final = pd.Timestamp.max.normalize().as_unit("us")
"""Stands for every day of adjustment after the date: how far closes reach is nothing it knows."""


@dataclass(frozen=True, eq=False)
class History:
    """What a strategy may look at on a date. All of it is a copy: changing it changes nothing.

    Attributes
    ----------
    date : Timestamp
        The day of decision. Its close is known, and is what the trades are done at.
    closes : DataFrame [date, ticker]
        Adjusted daily closes up to the date. A ticker that is not listed yet is not there. A share
        that was renamed is called by its present ticker throughout, before the rename too.
    facts : Knowledge
        What was published by the date: the facts, and the companies, lines and models beside them.
    weights : Series, by ticker
        What is held before the trade, as fractions of wealth, drifted with prices since the
        last one. They sum to 1, or to less where there is cash. A strategy that never looks at them
        decides on what is known alone: its decisions can be made in any order, and are kept.
    traded : Series, by ticker
        The last closes as they were traded, on the split basis of the date: what shares of the
        facts are multiplied by. Levels of `closes` hold splits and dividends that came later.
    adjusted : Timestamp or None
        The day to which closes are adjusted for dividends; where that came after the date, a day in
        2262, whichever it was. None where nobody knows.
    regimes : tuple of Regime, or None
        Readings of the future that the backtest was given; those that ship where it was given none.
    tickers : tuple of str
        What can be bought: tickers of the universe with a close on the date, or on one of the
        five rows before it.
    """

    date: pd.Timestamp
    closes: pd.DataFrame
    facts: Knowledge
    weights: pd.Series
    tickers: tuple[str, ...]
    traded: pd.Series | None = None
    adjusted: pd.Timestamp | None = None
    regimes: tuple[Regime, ...] | None = None

    def __repr__(self) -> str:
        return f"History({self.date.date()}, {len(self.tickers)} companies, {self.facts!r})"

    @cached_property
    def prices(self) -> Prices:
        """Closes with the market statistics that they give, computed when first asked for."""
        return Prices.from_closes(
            self.closes, self.date, traded=self.traded, adjusted=self.adjusted
        )

    def returns(self, draws: int = 2000, seed: int = 0, horizon: str = "1y") -> ReturnScenarios:
        """Returns of what can be bought in the model's worlds, as it was calibrated on the date.

        Facts and prices are those of the date; the model, its priors and its regimes were written
        in 2025, and a backtest of earlier years flatters them.

        Parameters
        ----------
        draws, seed, horizon
            As in :func:`marketsim.simulate` and :func:`marketsim.revalue`.

        Returns
        -------
        ReturnScenarios
            Of companies with a price, a year of returns and a fiscal year in the facts.
        """
        from marketsim.calibration import calibrate
        from marketsim.scenarios import fit_regimes, load_scenarios
        from marketsim.simulation import simulate
        from marketsim.valuation import revalue

        posterior, given = calibrate(self.facts), self.regimes
        scenarios = load_scenarios(posterior) if given is None else fit_regimes(posterior, given)
        paths = simulate(scenarios, draws=draws, seed=seed)
        priced = self.prices.select([t for t in self.tickers if t in self.prices.tickers])
        return revalue(paths, priced, horizon=horizon)


class HoldingsAsked(BaseException):
    """A strategy looked at weights that are not known yet. No error: it is asked again later."""


class Blind(History):
    """A history before it is known what is held: whoever asks for `weights` is stopped.

    `asked` tells whether that happened, also where the strategy went on.
    """

    asked = False

    def __getattribute__(self, name: str) -> Any:
        if name == "weights":
            object.__setattr__(self, "asked", True)
            raise HoldingsAsked
        return super().__getattribute__(name)
