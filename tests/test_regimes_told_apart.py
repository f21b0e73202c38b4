"""Regimes tell stories of their own: in who gains and loses, in how much, and in how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting.groups import exposed
from marketsim.precision import precise
from marketsim.valuation import Valuation
from marketsim.valuation.noise import usual_volatility
from marketsim.valuation.returns import WIDEST_SHIFT


@pytest.fixture(scope="module")
def valuation(returns: ms.ReturnScenarios) -> Valuation:
    assert isinstance(returns.world, Valuation)
    return returns.world


@pytest.fixture(scope="module")
def moves(valuation: Valuation) -> pd.DataFrame:
    """What each regime does to the log of a share within a year, in its central world, [regime]."""
    shifts = np.asarray(valuation.shifts)
    bound = WIDEST_SHIFT * np.tanh(shifts / WIDEST_SHIFT)
    by_share = np.asarray(valuation.anchor.by_regime) / np.asarray(valuation.quotes.equity_share)
    names = list(valuation.paths.scenarios.names)
    return pd.DataFrame(bound * by_share, names, list(map(str, valuation.economics.index)))


def spread_of(valuation: Valuation) -> np.ndarray:
    """Volatility of shares in a usual year, [company]."""
    with precise("float64"):
        return np.asarray(usual_volatility(valuation.assumed, valuation.quotes.volatility))


def test_no_two_regimes_rank_companies_alike(moves: pd.DataFrame) -> None:
    """Below 0.7 between any two: ten regimes of the first form told five stories."""
    alike = moves.drop(index="base").T.corr("spearman").to_numpy()
    assert alike[~np.eye(len(alike), dtype=bool)].max() < 0.7


def test_each_sets_companies_apart(moves: pd.DataFrame) -> None:
    """By eight points of value or more, one standard deviation across companies."""
    assert (moves.drop(index="base").std(axis=1) > 0.08).all()


def test_the_bear_is_no_calmer_than_the_bull(returns: ms.ReturnScenarios) -> None:
    """In logs, held in equal parts: simple returns spread wider where they are high."""
    log = np.log1p(returns.returns.mean(axis=1))
    spread = {name: log[returns.regimes == name].std() for name in ("bull", "bear")}
    assert spread["bear"] > spread["bull"]


def test_regimes_are_a_fifth_of_the_risk_of_those_who_live_off_ai(
    valuation: Valuation, moves: pd.DataFrame
) -> None:
    """Of companies with a quarter of revenue from AI, as stated by the date; noise included."""
    living = sorted(exposed(valuation.paths.scenarios.posterior.knowledge) & set(moves.columns))
    assert {"NVDA", "AVGO"} <= set(living)
    odds = np.asarray(valuation.paths.scenarios.probabilities)
    between = pd.Series(odds @ (moves - odds @ moves.to_numpy()) ** 2, moves.columns)
    total = spread_of(valuation) ** 2
    assert ((between / total)[living] > 0.2).all(), (between / total)[living]


def test_betas_are_those_of_the_market(returns: ms.ReturnScenarios, valuation: Valuation) -> None:
    """To the companies together by market value, where each has a usual year's volatility."""
    names = list(map(str, valuation.economics.index))
    cap = valuation.table()["market_cap"].reindex(names).to_numpy(dtype=float)
    weights = cap / cap.sum()
    usual = spread_of(valuation)
    alike = valuation.prices.correlation.loc[names, names].to_numpy()
    market = np.outer(usual, usual) * alike
    drawn = np.cov(np.log1p(returns.returns), rowvar=False, aweights=returns.probabilities)
    found, expected = (c @ weights / (weights @ c @ weights) for c in (drawn, market))
    assert list(returns.tickers) == names
    assert np.sqrt(((found - expected) ** 2).mean()) < 0.15
    assert np.corrcoef(found, expected)[0, 1] > 0.9
