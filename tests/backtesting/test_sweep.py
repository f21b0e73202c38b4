"""Many variants at once: each is the backtest of its policy, and none sees what comes later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.backtesting import Costs, Policy, sweep
from marketsim.backtesting.sweeps import side_by_side
from marketsim.backtesting.sweeps.policies import CALM, LEAST_VARIANCE, MEAN_VARIANCE, MOMENTUM
from marketsim.errors import InputError
from marketsim.precision import RUN_SELDOM
from tests.backtesting.panels import DAYS, TICKERS, panel

FACTS = ms.load_facts()


@pytest.fixture(autouse=True, scope="module")
def quickly() -> Iterator[None]:
    """Each test walks another shape once: its program compiles for longer than it runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "RUN_OFTEN", RUN_SELDOM)
        yield


def gaps() -> pd.DataFrame:
    """A panel with a late listing, an ending, and holidays on which nothing has a close."""
    closes = panel()
    closes.iloc[:60, 1] = np.nan
    closes.iloc[150:, 2] = np.nan
    closes.iloc[[0, 45]] = np.nan
    return closes


def tried(policy: Policy, *args: object, **more: object) -> ms.backtesting.Sweep:
    return sweep(policy, *args, facts=FACTS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [CALM, MOMENTUM, LEAST_VARIANCE, MEAN_VARIANCE])
@pytest.mark.parametrize("when", ["weekly", "quarterly"])
def test_a_variant_is_the_backtest_of_its_policy(policy: Policy, when: str) -> None:
    """Costs, a listing, an ending and interest among them."""
    policy = Policy(policy.weigh, window=60)
    costs: list[float | Costs] = [0.002, Costs(proportional=0.0005, spread={"AAA": 0.01})]
    name = next(iter(policy.all))
    found = tried(policy, {name: [0.4, 0.8]}, gaps(), rebalance=when, cost=costs)
    for variant, (value, cost) in enumerate((v, c) for v in (0.4, 0.8) for c in costs):
        alone = ms.backtest(
            policy.at(**{name: value}), gaps(), rebalance=when, cost=cost, facts=FACTS
        )
        apart = (found.returns[variant] - alone.returns).abs().max()
        assert apart < (1e-12 if policy.weigh in (CALM.weigh, MOMENTUM.weigh) else 1e-7)
        measured = alone.summary[policy.name]
        both = [one for one in measured.index if one in found.table]
        assert len(both) == 7
        row = found.table.loc[variant, both].to_numpy(float)
        np.testing.assert_allclose(row, measured[both].to_numpy(float), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("seed", [None, 3])
def test_rewriting_the_future_changes_nothing_before(seed: int | None) -> None:
    """Prices that end, and others that go on from the same closes."""
    day, closes = DAYS[200], panel()
    later = closes.index > day
    other = closes.copy()
    other[later] = np.nan
    if seed is not None:
        moves = panel(seed).pct_change()[later]
        other[later] = (1.0 + moves).cumprod() * closes.loc[day]
    end = None if seed is not None else day
    first = tried(CALM, {"power": [0.5, 2.0]}, closes, rebalance="weekly")
    second = tried(CALM, {"power": [0.5, 2.0]}, other, rebalance="weekly", end=end)
    np.testing.assert_array_equal(first.returns.loc[:day], second.returns.loc[:day])
    assert seed is None or (first.returns.iloc[-1] != second.returns.iloc[-1]).all()


def test_the_order_and_the_number_of_variants_do_not_matter() -> None:
    some = tried(CALM, {"power": [0.5, 1.0]}, panel())
    more = tried(CALM, {"power": [*np.linspace(0.0, 3.0, 41), 1.0, 0.5]}, panel())
    np.testing.assert_allclose(more.returns[[42, 41]], some.returns, rtol=1e-13, atol=1e-15)


def test_what_is_not_invested_earns_interest() -> None:
    def half(moves: jax.Array, able: jax.Array, share: float = 0.5) -> jax.Array:
        return share * able / able.sum()

    found = tried(Policy(half, window=1), {"share": [0.0, 1.0]}, panel(), cash_yield=0.05)
    years = (DAYS[-1] - DAYS[0]).days / 365.0
    assert found.table["final_wealth"][0] == pytest.approx(np.exp(0.05 * years))
    assert found.table["annual_cost"][0] == 0.0


def test_the_best_is_deflated_by_all_that_were_tried() -> None:
    found = tried(MOMENTUM, {"strength": np.linspace(-2.0, 2.0, 21)}, panel(), cost=[0.0, 0.001])
    assert len(found.table) == 42
    dear = found.table[found.table["cost"] == 0.001]
    assert found.best().all["strength"] == dear["strength"].iloc[dear["sharpe_ratio"].argmax()]
    alone = ms.backtest(found.best(cost=0), panel(), cost=0.0, facts=FACTS)
    dearest = ms.backtest(found.best(), panel(), cost=0.001, facts=FACTS)
    assert 0.0 < found.deflated_sharpe() < dearest.deflated_sharpe()
    assert found.deflated_sharpe(cost=0) < alone.deflated_sharpe()
    one = tried(MOMENTUM, {"strength": np.linspace(-2.0, 2.0, 21)}, panel(), cost=0.001)
    assert found.deflated_sharpe() == pytest.approx(one.deflated_sharpe())  # costs are no trials
    assert found.best("max_drawdown").all == one.best("max_drawdown").all
    calmest = one.table["max_drawdown"].argmin()
    assert one.best("max_drawdown").all["strength"] == one.table["strength"][calmest]
    assert repr(found) == "Sweep(momentum, 42 variants, 2020-01-01 to 2021-03-31)"


def naked(moves: jax.Array, able: jax.Array, size: float = 1.0) -> jax.Array:
    """A policy that can be wrong in every way."""
    even = able / able.sum()
    first = jnp.arange(len(able)) == 0
    return jnp.where(size == 1.0, even, jnp.where(size == 2.0, jnp.nan, size * even - 0.9 * first))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0, 2.0], "with size=2 on 2020-01-01: its weights are not finite numbers"),
        ([1.0, 0.5], "size=0.5 on 2020-01-01: its weights are below zero"),
        ([5.0], "its weights sum to more than one"),
    ],
)
def test_wrong_weights_are_told_with_settings_and_date(values: list[float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        tried(Policy(naked, window=5), {"size": values}, panel())


def test_weights_on_what_cannot_be_bought_are_refused() -> None:
    def blind(moves: jax.Array, able: jax.Array) -> jax.Array:
        return jnp.ones_like(moves[0]) / moves.shape[1]

    with pytest.raises(InputError, match="on what cannot be bought"):
        tried(Policy(blind, window=5), {}, gaps().iloc[1:])


def test_a_policy_that_counts_what_cannot_be_bought_is_refused() -> None:
    """A backtest would show it fewer tickers, and it would decide otherwise."""

    def counting(moves: jax.Array, able: jax.Array) -> jax.Array:
        return jnp.where(able, 1.0 / moves.shape[1], 0.0)

    with pytest.raises(InputError, match=r"count able\.sum\(\)"):
        tried(Policy(counting, window=5), {}, gaps())
    assert len(tried(Policy(counting, window=5), {}, panel()).table) == 1


def test_what_a_policy_reads_beside_is_read_again() -> None:
    share = 0.5

    def some(moves: jax.Array, able: jax.Array) -> jax.Array:
        return share * able / able.sum()

    policy, found = Policy(some, window=1), []
    for value in (0.5, 1.0):
        share = value
        found.append(tried(policy, {}, panel(), cash_yield=0.0).table["annual_volatility"][0])
        alone = ms.backtest(policy, panel(), facts=FACTS, cash_yield=0.0)
        assert alone.summary["some"]["annual_volatility"] == pytest.approx(found[-1])
    assert found[1] > 1.5 * found[0]


def test_one_ticker_is_held_whole() -> None:
    for policy in (CALM, MOMENTUM, LEAST_VARIANCE, MEAN_VARIANCE):
        found = tried(policy, {}, panel(), tickers=["AAA"], cost=0.0)
        gained = panel()["AAA"].iloc[-1] / panel()["AAA"].iloc[0]
        assert found.table["final_wealth"][0] == pytest.approx(gained)


def test_a_record_tells_variants_apart() -> None:
    one, two = (
        ms.backtest(MOMENTUM.at(strength=s), panel(), facts=FACTS).record()["arguments"]["policy"]
        for s in (0.5, 3.0)
    )
    assert one["settings"]["strength"] == 0.5 != two["settings"]["strength"]
    assert one["function"] == "marketsim.backtesting.sweeps.policies.momentum"


@pytest.mark.parametrize(
    ("weigh", "says"),
    [
        (lambda moves, able: jnp.ones(3), "returns .*; weights are an array of 4 numbers"),
        (lambda moves, able: None, "weights are an array"),
        (lambda moves, able: able if moves[0, 0] > 0 else -able, "cannot be traced by JAX: Tracer"),
        (lambda moves, able: able / 0 * 1j, "weights are an array"),
    ],
)
def test_a_function_of_another_kind_is_refused_in_both(weigh: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        tried(Policy(weigh, window=5), {}, panel())
    with pytest.raises(InputError, match=says):
        ms.backtest(Policy(weigh, window=5), panel(), facts=FACTS)


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="no setting 'powr'"):
        tried(CALM, {"powr": [1.0]}, panel())
    with pytest.raises(InputError, match="power has no values to try"):
        tried(CALM, {"power": []}, panel())
    with pytest.raises(InputError, match=r"power='2' is no number"):
        tried(CALM, {"power": ["2"]}, panel())
    with pytest.raises(InputError, match="give a list of values"):
        tried(CALM, {"power": 1.0}, panel())
    with pytest.raises(InputError, match="power has a value twice"):
        tried(CALM, {"power": [1.0, 1.0]}, panel())
    with pytest.raises(InputError, match="write values to try by name"):
        tried(CALM, None, panel())
    with pytest.raises(InputError, match="takes a Policy"):
        tried("momentum", {}, panel())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="nothing to try"):
        tried(CALM, {}, panel(), cost=[])
    with pytest.raises(InputError, match="window=1000000"):
        Policy(CALM.weigh, window=10**6)
    with pytest.raises(InputError, match="'cost' is taken"):
        tried(Policy(lambda moves, able, cost=1.0: able, window=1), {}, panel())
    with pytest.raises(InputError, match="function of moves and able, not 3"):
        Policy(3, window=1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="window=0"):
        Policy(naked, window=0)
    with pytest.raises(InputError, match="takes history; it is shown moves and able"):
        Policy(lambda history: history, window=3)
    with pytest.raises(InputError, match="size has no default"):
        Policy(lambda moves, able, size: able, window=3)
    with pytest.raises(InputError, match="'sharp' is no measure"):
        tried(CALM, {}, panel()).best("sharp")
    volume = pd.DataFrame(1e9, DAYS, list(TICKERS))
    with pytest.raises(InputError, match="by `backtest` for impact"):
        tried(CALM, {}, panel(), cost=Costs(impact=1.0, volume=volume, money=1e6))


def test_a_file_that_walks_a_policy_is_a_strategy(tmp_path: Path) -> None:
    file = tmp_path / "calmest.py"
    file.write_text(
        "from marketsim.backtesting.sweeps.policies import CALM\n\n"
        "def strategy(history):\n    return CALM.at(power=2.0)(history)\n"
    )
    walked = ms.backtest(file, panel(), facts=FACTS)
    at_once = tried(CALM, {"power": [2.0]}, panel())
    np.testing.assert_allclose(walked.returns, at_once.returns[0], atol=1e-12)
