"""Why regimes differ: ends that are the worlds drawn, sums, the way back, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import marketsim as ms
from marketsim.derivatives import RegimesApart, regimes_apart
from marketsim.derivatives.between import CHANCE, UNRESOLVED, _numbers
from marketsim.derivatives.holding import holding
from marketsim.derivatives.moved import Moving
from marketsim.errors import InputError

START, END, DRAWS = "vertical_integration", "bull", 4
FEW = {"draws": DRAWS, "points": 5}


@pytest.fixture(scope="module")
def held(returns: ms.ReturnScenarios) -> dict[str, float]:
    return dict.fromkeys(returns.tickers[:4], 0.25)


@pytest.fixture(scope="module")
def found(returns: ms.ReturnScenarios, held: dict[str, float]) -> RegimesApart:
    return regimes_apart(held, START, END, returns=returns, **FEW)


def test_the_ends_of_the_way_are_the_worlds_drawn(returns: ms.ReturnScenarios) -> None:
    valuation = returns.world
    paths, names = valuation.paths, valuation.paths.scenarios.names
    worlds = Moving(valuation, np.arange(DRAWS))
    first, last = (np.asarray(paths.scenarios.moves[names.index(r)]) for r in (START, END))
    for share, regime in ((0.0, START), (1.0, END)):
        value, _ = worlds.along(first, (last - first)[None], share)
        rows = (paths.regime == names.index(regime)) & (paths.index < DRAWS)
        np.testing.assert_allclose(value[0], valuation.world_returns[rows].mean(axis=0), atol=1e-12)
        sold = paths.revenue[rows][:, -4:][:, :, valuation.columns].sum(axis=1)
        np.testing.assert_allclose(value[3], np.log(sold.mean(axis=0)), atol=1e-10)


def test_rates_equal_central_differences(returns: ms.ReturnScenarios) -> None:
    valuation = returns.world
    scenarios = valuation.paths.scenarios
    first, last = (np.asarray(scenarios.moves[scenarios.names.index(r)]) for r in (START, END))
    worlds, step = Moving(valuation, np.arange(DRAWS)), 1e-4
    _, rate = worlds.along(first, (last - first)[None], 0.5)
    up, down = (worlds.along(first, (last - first)[None], 0.5 + h)[0] for h in (step, -step))
    np.testing.assert_allclose(rate[..., 0], (up - down) / (2.0 * step), rtol=1e-4, atol=1e-6)


def test_what_assumptions_add_is_what_the_worlds_run_differ_by(
    returns: ms.ReturnScenarios, held: dict[str, float], found: RegimesApart
) -> None:
    """The worlds at both ends of the way, run by themselves, without rows that make up the rest."""
    valuation = returns.world
    scenarios = valuation.paths.scenarios
    places = [scenarios.names.index(name) for name in (START, END)]
    first, last = (np.asarray(scenarios.moves[place]) for place in places)
    numbers = _numbers(holding("test", held, returns), places, FEW["draws"])
    assert len(numbers) == found.worlds
    worlds = Moving(valuation, numbers)
    start, end = (worlds.along(first, (last - first)[None], share)[0] for share in (0.0, 1.0))
    tables = (found.returns, found.value, found.revenue, found.revenue_last_year)
    for one, other, table in zip(start, end, tables, strict=True):
        told = table.loc[found.assumptions.index, list(valuation.economics.index)]
        size = told.abs().sum().max()
        np.testing.assert_allclose(told.sum(), other - one, atol=0.02 * size)
        assert np.abs(other - one).max() > 0.2 * size


def test_what_is_left_to_chance_is_what_chance_would_leave(
    returns: ms.ReturnScenarios, held: dict[str, float], found: RegimesApart
) -> None:
    """Market noise, and worlds that were not run: within standard errors of both means."""
    odds = returns.probabilities
    means = [odds[rows] @ returns.returns[rows] / odds[rows].sum() for rows in _rows(returns)]
    np.testing.assert_allclose(found.change[list(returns.tickers)], means[1] - means[0])
    errors = [returns.returns[rows].std(axis=0) / np.sqrt(rows.sum()) for rows in _rows(returns)]
    left = found.returns.loc[CHANCE, list(returns.tickers)]
    assert (left.abs() < 4.0 * np.hypot(*errors)).all()
    portfolio = found.returns[list(held)].to_numpy() @ list(held.values())
    np.testing.assert_allclose(portfolio, found.returns["portfolio"], atol=1e-12)


def _rows(returns: ms.ReturnScenarios) -> list[np.ndarray]:
    return [np.asarray(returns.regimes) == name for name in (START, END)]


def test_all_that_sets_them_apart_is_told_and_little_is_not_resolved(found: RegimesApart) -> None:
    moves = dict.fromkeys(found.assumptions.index)
    assert list(found.returns.index) == [*moves, UNRESOLVED, CHANCE]
    assert "saturation" in moves
    assert (found.assumptions["start"] != found.assumptions["end"]).all()
    companies = found.returns.drop(columns="portfolio")
    for table in (companies, found.value, found.revenue):
        assert table.loc[UNRESOLVED].abs().max() < 0.02 * table.abs().sum().max()


def test_the_way_back_is_the_way_there_with_the_other_sign(
    returns: ms.ReturnScenarios, held: dict[str, float], found: RegimesApart
) -> None:
    back = regimes_apart(held, END, START, returns=returns, **FEW)
    np.testing.assert_allclose(back.returns.loc[found.returns.index], -found.returns, atol=1e-9)


def test_it_is_told_in_points_and_as_json(found: RegimesApart) -> None:
    text = str(found)
    assert f"in {END} than in {START}:" in text
    assert str(found.assumptions.index[0]) in text
    assert json.loads(json.dumps(found.record()))["end"] == END
    assert list(found.table().index) == list(found.returns.index)


@pytest.mark.parametrize(
    ("start", "end", "more", "said"),
    [
        ("bare", "bull", {}, "Did you mean 'bear'"),
        ("bull", "bull", {}, "given twice"),
        ("bear", "bull", {"points": 1.5}, "points is 1.5"),
        ("bear", "bull", {"draws": 0}, "draws is 0"),
    ],
)
def test_what_is_wrong_is_named(
    returns: ms.ReturnScenarios,
    held: dict[str, float],
    start: str,
    end: str,
    more: dict[str, float],
    said: str,
) -> None:
    with pytest.raises(InputError, match=said):
        regimes_apart(held, start, end, returns=returns, **more)  # type: ignore[arg-type]
