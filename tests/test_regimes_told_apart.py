"""Regimes tell stories of their own: in who gains and loses, in how much, and in how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting.groups import exposed
from marketsim.valuation import Valuation
from marketsim.valuation.noise import usual_volatility


@pytest.fixture(scope="module")
def valuation(returns: ms.ReturnScenarios) -> Valuation:
    assert isinstance(returns.world, Valuation)
    return returns.world


@pytest.fixture(scope="module")
def shifts(valuation: Valuation) -> pd.DataFrame:
    """What each regime but the base does to the log of value in its central world, by company."""
    names, companies = valuation.paths.scenarios.names, valuation.economics.index
    found = pd.DataFrame(np.asarray(valuation.shifts), list(names), companies)
    return found.drop(index="base")


def test_no_two_regimes_rank_companies_alike(shifts: pd.DataFrame) -> None:
    """Below 0.7 between any two: ten regimes of the first form told five stories."""
    alike = shifts.T.corr("spearman").to_numpy()
    assert alike[~np.eye(len(alike), dtype=bool)].max() < 0.7


def test_each_sets_companies_apart(shifts: pd.DataFrame) -> None:
    """By eight points of value or more, one standard deviation across companies."""
    assert (shifts.std(axis=1) > 0.08).all()


def test_the_bear_is_no_calmer_than_the_bull(returns: ms.ReturnScenarios) -> None:
    """In logs, held in equal parts: simple returns spread wider where they are high."""
    log = np.log1p(returns.returns.mean(axis=1))
    spread = {name: log[returns.regimes == name].std() for name in ("bull", "bear")}
    assert spread["bear"] > spread["bull"]


def test_regimes_are_a_fifth_of_the_risk_of_those_who_live_off_ai(
    returns: ms.ReturnScenarios, valuation: Valuation
) -> None:
    """Of companies with a quarter of revenue from AI, as stated by the date; noise included."""
    names = [str(name) for name in valuation.economics.index]
    living = exposed(valuation.paths.scenarios.posterior.knowledge) & set(names)
    assert {"NVDA", "AVGO"} <= living
    log, odds = np.log1p(valuation.world_returns), returns.probabilities
    total = usual_volatility(valuation.prices, names) ** 2 * returns.horizon_years
    means = {n: np.average(log[returns.regimes == n], axis=0) for n in np.unique(returns.regimes)}
    central = np.stack([means[n] for n in returns.regimes])
    between = odds @ (central - odds @ central) ** 2
    share = pd.Series(between / total, names)
    assert (share[sorted(living)] > 0.2).all(), share[sorted(living)]
