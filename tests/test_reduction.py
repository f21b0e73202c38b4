"""Reduced programmes give the whole programme's answer, with the whole programme's proof."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from marketsim.allocation import (
    CVaR,
    ExpectedReturn,
    Objective,
    Variance,
    WorstRegime,
    allocate,
    limits,
    reduction,
    solvers,
    terms,
)
from marketsim.allocation.families import Focus
from marketsim.allocation.terms.tails import parted
from marketsim.errors import SolverError
from marketsim.returns import ReturnScenarios

FloatArray = NDArray[np.float64]

OBJECTIVES: list[Objective] = [
    1 * CVaR(0.95),
    ExpectedReturn() - CVaR(0.95),
    ExpectedReturn() - 0.3 * CVaR(0.9) - CVaR(0.99),
    WorstRegime() - CVaR(0.95),
    ExpectedReturn() - CVaR(0.9) - 2 * Variance(),
]


def many(seed: int, draws: int = 4_000, companies: int = 8) -> ReturnScenarios:
    chance = np.random.default_rng(seed)
    common, own = chance.standard_t(4, (draws, 2)), chance.standard_t(4, (draws, companies))
    returns = np.exp(common @ chance.normal(0, 0.05, (2, companies)) + 0.06 * own + 0.04) - 1
    tickers = tuple(f"T{i}" for i in range(companies))
    odds = chance.dirichlet(np.full(draws, 3.0))
    regimes = np.resize(["bull", "base", "bear"], draws)
    layers = {name: "chips" if i % 2 else "power" for i, name in enumerate(tickers)}
    return ReturnScenarios(returns, tickers, odds, regimes, layers)


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Focus | None]]:
    """Draws and focus of every programme that is built."""
    seen: list[tuple[int, Focus | None]] = []
    true = solvers.once

    def spy(case: Any, focus: Any = None, gap: Any = None) -> Any:
        seen.append((len(case.scenarios), focus))
        return true(case, focus, gap)

    monkeypatch.setattr(reduction, "once", spy)
    return seen


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_the_answer_is_that_of_the_whole_programme(
    objective: Objective,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    solved: list[tuple[int, Focus | None]],
) -> None:
    limits: dict[str, Any] = {"max_weight": 0.3, "min_weight": 0.01, "layer_caps": {"chips": 0.5}}
    near = allocate(many(seed), objective, **limits)
    assert near.certificate.relative_gap <= 1e-6
    assert any(draws == 4_000 and focus is not None for draws, focus in solved)
    assert not any(draws == 4_000 and focus is None for draws, focus in solved)
    monkeypatch.setattr(reduction, "SMALL", 10**9)
    whole = allocate(many(seed), objective, **limits)
    assert near.objective == pytest.approx(whole.objective, rel=1e-6)
    assert near.weights.to_numpy() @ np.ones(8) == pytest.approx(1.0, abs=1e-9)


def test_few_draws_are_solved_at_once(solved: list[tuple[int, Focus | None]]) -> None:
    allocate(many(0, draws=reduction.SMALL), CVaR(0.95))
    assert solved == [(reduction.SMALL, None)]


def test_an_objective_without_a_tail_is_solved_at_once(
    solved: list[tuple[int, Focus | None]],
) -> None:
    allocate(many(0), ExpectedReturn() - Variance())
    assert solved == [(4_000, None)]


def test_where_the_guess_never_gets_there_the_whole_is_solved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = allocate(many(1), CVaR(0.95), max_weight=0.4)
    monkeypatch.setattr(reduction, "ROUNDS", 0)
    again = allocate(many(1), CVaR(0.95), max_weight=0.4)
    assert again.objective == pytest.approx(expected.objective, rel=1e-6)


def test_draws_that_are_alike_wherever_the_guess_looks_are_no_obstacle() -> None:
    """Every fifth draw is the same: a part of the draws leaves nothing to choose from."""
    plain = many(2)
    returns = plain.returns.copy()
    returns[:: reduction.STEP] = 0.01
    choice = allocate(ReturnScenarios(returns, plain.tickers), CVaR(0.95), max_weight=0.5)
    assert choice.certificate.relative_gap <= 1e-6


def test_every_draw_is_in_the_tail_or_open_or_out_of_it() -> None:
    chance = np.random.default_rng(0)
    ceiling = np.full(1_000, 1.0 / 50.0)
    one, other = chance.normal(size=(2, 1_000))
    for visited in ((one,), (one, other)):
        sunk, still = parted(list(visited), 20, ceiling)
        assert not set(sunk) & set(still)
        assert ceiling[sunk].sum() < 1.0 <= ceiling[sunk].sum() + ceiling[still].sum()
        for outcomes in visited:  # the worst draws that make up the tail are never left out
            assert set(np.argsort(outcomes)[:50]) <= set(sunk) | set(still)
    assert len(parted([one], 20, ceiling)[1]) == 41


def test_no_draw_of_the_past_can_blow_up_the_units() -> None:
    """One absurd draw used to make all others vanish beside it."""
    plain = many(3)
    returns = plain.returns.copy()
    returns[7, 2] = 1e9
    choice = allocate(ReturnScenarios(returns, plain.tickers), CVaR(0.95), max_weight=0.3)
    without = allocate(ReturnScenarios(plain.returns, plain.tickers), CVaR(0.95), max_weight=0.3)
    assert choice.objective == pytest.approx(without.objective, rel=1e-3)


def test_a_part_of_the_draws_keeps_every_regime() -> None:
    """Regret is measured by the best of each, in the order in which they appear."""
    plain = many(4)
    regimes = plain.regimes.astype("U8")
    regimes[[1, 7, 13]] = "rare"
    returns = replace(plain, regimes=regimes)
    part = reduction._thinned(returns)
    assert part.regime_names() == returns.regime_names()
    assert len(part) == pytest.approx(len(returns) / reduction.STEP, abs=4)
    choice = allocate(returns, terms.Regret() + CVaR(0.95), max_weight=0.5)
    assert choice.certificate.holds()


def test_growth_begins_where_not_all_is_lost() -> None:
    """Kelly's coin: at odds p the share is 2p - 1, though all in would be ruin."""
    coin = ReturnScenarios([[1.0], [-1.0]], ("coin",), [0.6, 0.4])  # type: ignore[arg-type]
    choice = allocate(coin, terms.LogGrowth(), limits=[limits.Leverage(net=(0.0, 1.0))])
    assert choice.weights["coin"] == pytest.approx(0.2, abs=1e-6)
    with pytest.raises(SolverError, match=r"draw 1 .* loses all"):
        allocate(coin, terms.LogGrowth())
