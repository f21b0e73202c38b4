"""A few worlds of every regime, run and valued again under other beliefs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final

import jax
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.ensemble import YEAR, assumptions_at, slopes_at
from marketsim.ensemble.reverse import slopes_by_assumption
from marketsim.precision import precise
from marketsim.simulation import Ahead, Outcomes, again
from marketsim.valuation import Valuation, ValuationAssumptions
from marketsim.valuation.few_worlds import means_by_regime
from marketsim.valuation.moved import lived, outcomes_of, seen_ahead
from marketsim.valuation.terms import terms_of
from marketsim.valuation.worlds import values

from ..chain import SEEN, by_quarters

__all__ = ["Sample"]

FloatArray = NDArray[np.float64]

TOGETHER: Final = 5_000
"""Worlds run in one go, for their memory."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The first so many worlds of every regime that the market prices.

    What companies are worth in them is told over what they are worth there as calibrated, times
    their mean over all worlds drawn: what a few worlds cannot say of the level, all do.

    Attributes
    ----------
    valuation
        Whose worlds they are.
    names, odds
        Regimes and their probabilities, [regime].
    ran
        What they ran on with, regime by regime.
    lives
        Revenue of companies over the model's, [world, quarter, company].
    means
        Enterprise value on average over all worlds drawn, USD bn, [regime, company].
    known
        Values at moves that were asked about.
    """

    valuation: Valuation
    names: tuple[str, ...]
    odds: FloatArray
    ran: Ahead
    lives: FloatArray
    means: FloatArray
    known: dict[bytes, FloatArray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, valuation: Valuation, count: int) -> Sample:
        """Return the first ``count`` worlds of each regime, of all where there are fewer."""
        paths = valuation.paths
        scenarios = paths.scenarios
        mix = valuation.anchoring == "mix"
        moves = scenarios.moves if mix else np.zeros((1, scenarios.moves.shape[1]))
        pasts = np.arange(min(count, len(paths.link)))
        index = np.tile(pasts, len(moves))
        ran = again(paths, index, np.repeat(moves, len(pasts), axis=0))
        lives = np.exp(paths.deviation[index])[:, :, valuation.columns]
        return cls(
            valuation=valuation,
            names=scenarios.names if mix else ("unshifted",),
            odds=scenarios.probabilities if mix else np.ones(1),
            ran=ran,
            lives=lives,
            means=means_by_regime(valuation),
        )

    @property
    def companies(self) -> pd.Index:
        """Tickers of the companies valued."""
        return self.valuation.economics.index

    @property
    def worlds(self) -> int:
        """How many there are."""
        return len(self.lives)

    @property
    def none(self) -> FloatArray:
        """No move at all, [entry]."""
        return np.zeros(self.ran.link.shape[1])

    @cached_property
    def seen(self) -> dict[str, FloatArray]:
        """What is seen of them as calibrated, which no growth of companies changes."""
        return seen_ahead(self.valuation, self.ran.link, self.ran.state, self.ran.news)

    @cached_property
    def still(self) -> Outcomes:
        """The worlds as calibrated: what beliefs about value alone are asked in."""
        return self.run(self.none[None])

    @cached_property
    def plain(self) -> FloatArray:
        """Enterprise value in them, USD bn, [regime, company]."""
        found: FloatArray = self._by_regime(self.still)[0]
        return found

    def run(self, moves: FloatArray, growth: FloatArray | None = None) -> Outcomes:
        """Return all worlds of every case, case by case.

        Parameters
        ----------
        moves
            Of linked coordinates from the decision date on, [case, entry].
        growth
            Of what companies sell beside the model's, per year in logs, [case, company].
        """
        cases = len(moves)
        lives = _again(self.lives, cases) if growth is None else self._grown(growth)
        if not moves.any():
            return lived(self.valuation, jax.tree.map(lambda x: _again(x, cases), self.seen), lives)
        return outcomes_of(
            self.valuation,
            (self.ran.link + moves[:, None, :]).reshape(-1, moves.shape[1]),
            jax.tree.map(lambda x: _again(x, cases), self.ran.state),
            _again(self.ran.news, cases),
            lives,
        )

    def values(self, moves: FloatArray, growth: FloatArray | None = None) -> FloatArray:
        """Return enterprise value in every case, as in `run`, USD bn, [case, regime, company].

        Without growth it is kept: layers are asked about the same beliefs one by one.
        """
        if growth is None:
            key = moves.tobytes()
            if key not in self.known:
                self.known[key] = self._values(moves, None)
            return self.known[key]
        return self._values(moves, growth)

    def _values(self, moves: FloatArray, growth: FloatArray | None) -> FloatArray:
        few = max(1, TOGETHER // self.worlds)
        parts = [slice(first, first + few) for first in range(0, len(moves), few)]
        own = (None if growth is None else growth[some] for some in parts)
        return np.concatenate(
            [self.told(self.run(moves[some], g)) for some, g in zip(parts, own, strict=True)]
        )

    def told(
        self,
        worlds: Outcomes,
        margin: FloatArray | None = None,
        assumed: ValuationAssumptions | None = None,
    ) -> FloatArray:
        """Return enterprise value in worlds that were run, USD bn, [case, regime, company].

        Parameters
        ----------
        worlds
            From :meth:`run`.
        margin
            Of revenue, that companies keep besides, [company]; nothing by default.
        assumed
            By valuation; what it did assume by default.
        """
        return np.asarray(self.means * self._by_regime(worlds, margin, assumed) / self.plain)

    def slopes(
        self,
        weights: FloatArray,
        move: FloatArray,
        growth: FloatArray | None = None,
        assumed: ValuationAssumptions | None = None,
    ) -> FloatArray:
        """Return derivatives by linked coordinates of sums of values, [sum, entry].

        Parameters
        ----------
        weights
            Of enterprise values in each, [sum, regime, company].
        move, growth, assumed
            Where they are taken, [entry] and [company], and what valuation assumes.
        """
        v, ran, sums = self._valuing(assumed), self.ran, len(weights)
        posterior = v.paths.scenarios.posterior
        linked = ran.link + move
        given = None if growth is None else growth[None]
        lives = self.lives if given is None else self._grown(given)
        found = values(v.assumed, v.terms, self.run(move[None], given), v.columns, v.expected)
        each = self.worlds // len(self.odds)
        by_log = found * np.repeat(self.means / self.plain * weights / each, each, axis=1)
        pulled = slopes_by_assumption(
            _again(assumptions_at(linked, posterior.coordinates), sums),
            posterior.setting,
            jax.tree.map(lambda x: _again(x, sums), ran.state),
            _again(ran.news, sums),
            SEEN,
            partial(by_quarters, v, _again(lives, sums), by_log.reshape(-1, by_log.shape[-1])),
        )
        in_logs = pulled.reshape(sums, self.worlds, -1) * slopes_at(linked, posterior.coordinates)
        return np.asarray(in_logs.sum(axis=1))

    def _grown(self, growth: FloatArray) -> FloatArray:
        """Return revenue over the model's of companies that grow besides, case by case."""
        years = (np.arange(self.lives.shape[1]) + 0.5) / YEAR
        factor = np.exp(growth[:, None, None, :] * years[:, None])
        return np.asarray((self.lives * factor).reshape(-1, *self.lives.shape[1:]))

    def _valuing(self, assumed: ValuationAssumptions | None) -> Valuation:
        """Return the valuation on other assumptions."""
        v = self.valuation
        if assumed is None:
            return v
        with precise("float64"):
            return replace(v, assumed=assumed, terms=terms_of(assumed, v.accounts, v.quotes))

    def _by_regime(
        self,
        worlds: Outcomes,
        margin: FloatArray | None = None,
        assumed: ValuationAssumptions | None = None,
    ) -> FloatArray:
        v = self._valuing(assumed)
        found = values(v.assumed, v.terms, worlds, v.columns, v.expected, margin)
        by_case = found.reshape(-1, len(self.odds), self.worlds // len(self.odds), found.shape[-1])
        return np.asarray(by_case.mean(axis=2))


def _again(x: FloatArray, cases: int) -> FloatArray:
    return np.tile(np.asarray(x), (cases, *(1,) * (np.ndim(x) - 1)))
