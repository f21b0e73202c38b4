"""Worlds: repeatable draw by draw, apportioned to regimes, and centred on the calibrated one."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import Array

import marketsim as ms
from marketsim.calibration import past_at
from marketsim.errors import InputError
from marketsim.model import Quarter, Shocks, company_revenue, run, unpack
from marketsim.model.priors import transform
from marketsim.precision import Precision, precise
from marketsim.simulation import CHUNK, FEWEST, QUARTERS, WORLD, future
from marketsim.simulation.drawing import draw, plan_of, source_of
from marketsim.simulation.ensemble import apportion
from marketsim.simulation.worlds import _room, _worlds

CHIP_MAKERS = ("NVDA", "AMD", "AVGO", "MRVL", "TSM", "MU")
LAST = -1


def of(paths: ms.Paths, regime: str) -> np.ndarray:
    return np.asarray(paths.regimes == regime)


# ----------------------------------------------------------------------- what a path holds


def test_shapes_and_finite_numbers(paths: ms.Paths, posterior: ms.Posterior) -> None:
    draws, companies = len(paths.regime), len(posterior.companies)
    assert paths.companies == posterior.companies
    assert paths.revenue.shape == (draws, QUARTERS, companies)
    assert paths.central.shape == (QUARTERS, companies)
    assert paths.regime_central.shape == (len(paths.scenarios.names), QUARTERS, companies)
    assert paths.reference.shape[1:] == (QUARTERS, companies)
    assert set(paths.world) == set(WORLD)
    for revenue in (paths.revenue, paths.central, paths.regime_central, paths.reference):
        assert np.isfinite(revenue).all()
        assert (revenue > 0.0).all()
    for path in paths.world.values():
        assert path.shape == (draws, QUARTERS)
        assert np.isfinite(path).all()


def test_quantities_of_the_world_keep_their_ranges(paths: ms.Paths) -> None:
    world = paths.world
    for name in ("compute", "delivered", "rent", "capital_spending", "load", "energised", "q"):
        assert (world[name] > 0.0).all(), name
    assert ((world["inference_share"] > 0.0) & (world["inference_share"] < 1.0)).all()
    assert (world["power_scarcity"] >= 0.0).all()
    np.testing.assert_allclose(world["token_price"][:, 0], 1.0)


def test_the_future_begins_on_the_day_after_history(
    paths: ms.Paths, posterior: ms.Posterior
) -> None:
    assert paths.quarter_ends[0] == pd.Timestamp("2026-03-31")
    assert len(paths.quarter_ends) == QUARTERS
    last = posterior.revenue_map.owner @ posterior.history["lines"][-1]
    np.testing.assert_allclose(paths.central[0], last, rtol=0.25)
    for regime in paths.regime_central:
        np.testing.assert_allclose(regime[0], paths.central[0], rtol=0.30)


def test_paths_survive_pickling(paths: ms.Paths) -> None:
    again = pickle.loads(pickle.dumps(paths))
    assert again.revenue.tobytes() == paths.revenue.tobytes()
    np.testing.assert_array_equal(again.regimes, paths.regimes)


# ----------------------------------------------------------------------- seeds and draws


@pytest.fixture(scope="module")
def more(scenarios: ms.Scenarios) -> ms.Paths:
    """The same seed with more draws: an odd number, and more than one chunk."""
    return ms.simulate(scenarios, draws=CHUNK + 50, seed=0)


def test_the_same_seed_gives_the_same_bytes(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    again = ms.simulate(scenarios, draws=len(paths.regime), seed=0)
    for name in ("revenue", "regime", "probabilities", "central", "regime_central", "reference"):
        assert getattr(again, name).tobytes() == getattr(paths, name).tobytes(), name
    for name, path in paths.world.items():
        assert again.world[name].tobytes() == path.tobytes(), name


def assert_same_worlds(few: ms.Paths, many: ms.Paths) -> None:
    """The draws of ``few`` and those of ``many`` are bit for bit the same where regimes agree."""
    draws = len(few.regime)
    same = few.regime == many.regime[:draws]
    assert same[-draws // 3 :].any()
    np.testing.assert_array_equal(few.revenue[same], many.revenue[:draws][same])
    for name, path in few.world.items():
        np.testing.assert_array_equal(path[same], many.world[name][:draws][same], err_msg=name)
    for name in ("central", "regime_central", "reference"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name), err_msg=name)


def test_a_draw_does_not_depend_on_how_many_there_are(
    paths: ms.Paths, more: ms.Paths, scenarios: ms.Scenarios
) -> None:
    """Neither within the room of one program nor beyond it, in a larger one."""
    assert len(paths.regime) < CHUNK < len(more.regime)
    assert_same_worlds(paths, more)
    assert_same_worlds(more, ms.simulate(scenarios, draws=FEWEST * CHUNK, seed=0))


@given(st.integers(1, 10_000))
def test_room_is_tight_and_of_few_sizes(steps: int) -> None:
    room = _room(steps)
    assert steps <= room
    assert room == FEWEST or room < 1.25 * steps
    assert room == _room(room)
    octave = {_room(s) for s in range(steps, 2 * steps)}
    assert len(octave) <= 5


def test_numbers_of_draws_share_a_program(scenarios: ms.Scenarios, more: ms.Paths) -> None:
    before = _worlds._cache_size()  # type: ignore[attr-defined]
    assert before > 0
    ms.simulate(scenarios, draws=CHUNK - 1, seed=0)
    assert _worlds._cache_size() == before  # type: ignore[attr-defined]


SHARED = """
import pickle, sys
from pathlib import Path
import jax
import marketsim as ms
from marketsim.simulation import worlds

ran, run = [], worlds._worlds
worlds._worlds = lambda *asked: ran.append(run(*asked)) or ran[-1]
folder = Path(sys.argv[1])
scenarios = pickle.loads((folder / "scenarios").read_bytes())
paths = ms.simulate(scenarios, draws=int(sys.argv[2]), seed=0)
(folder / "paths").write_bytes(pickle.dumps(paths))
print(len(ran), *(len({s.device for s in x.addressable_shards}) for x in jax.tree.leaves(ran)))
"""


def test_several_devices_share_the_draws_and_change_nothing(
    more: ms.Paths, scenarios: ms.Scenarios, tmp_path: Path
) -> None:
    """One call, all of its results spread over three devices; numbers the same but for rounding."""
    (tmp_path / "scenarios").write_bytes(pickle.dumps(scenarios))
    draws = str(len(more.regime))
    told = subprocess.run(
        [sys.executable, "-c", SHARED, str(tmp_path), draws],
        env=os.environ | {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == ["1"] + ["3"] * (1 + len(WORLD))
    shared: ms.Paths = pickle.loads((tmp_path / "paths").read_bytes())
    np.testing.assert_array_equal(shared.regime, more.regime)
    for name in ("revenue", "central", "regime_central", "reference"):
        np.testing.assert_allclose(getattr(shared, name), getattr(more, name), rtol=1e-11)
    for name, path in more.world.items():
        np.testing.assert_allclose(shared.world[name], path, rtol=1e-8, atol=1e-10, err_msg=name)


def run_again(paths: ms.Paths, i: int, precision: Precision) -> tuple[Array, Array]:
    """Assumptions [entry] and revenue [quarter, company] of draw i, run from its coordinates."""
    with precise(precision):
        source = source_of(paths.scenarios, paths.seed, precision)
        x, news = draw(source, plan_of(np.array([i]), paths.regime[[i]]), QUARTERS)
        shocks = Shocks(appetite=news.appetite[0], demand=news.demand[0])
        last = past_at(x[0], source.coordinates, source.setting)
        move = source.moves[paths.regime[i]]
        revenue, _ = future(last, move, shocks, source.coordinates, source.setting)
        return transform(source.coordinates.kind, last.link + move), revenue


def test_assumptions_drawn_again_are_those_the_world_ran_on(more: ms.Paths) -> None:
    """A world run from the draw's own coordinates has its revenue, and these assumptions."""
    table, i = more.assumptions(), CHUNK + 17
    assert np.isfinite(table.to_numpy()).all()
    assert len(table) == len(more.regime)
    assert table.columns.tolist() == [e.name for e in more.scenarios.posterior.entries]
    assumed, revenue = run_again(more, i, "float64")
    np.testing.assert_allclose(table.iloc[i], assumed, rtol=1e-12)
    np.testing.assert_allclose(more.revenue[i], revenue, rtol=1e-9)


def test_assumptions_do_not_depend_on_how_many_draws_there_are(
    paths: ms.Paths, more: ms.Paths
) -> None:
    few, many = (p.assumptions().to_numpy() for p in (paths, more))
    same = paths.regime == more.regime[: len(few)]
    np.testing.assert_array_equal(few[same], many[: len(few)][same])


def test_another_seed_draws_other_worlds(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    other = ms.simulate(scenarios, draws=50, seed=1)
    assert not np.isclose(other.assumptions(), paths.assumptions()[:50]).any()
    assert not np.isclose(other.revenue, paths.revenue[:50]).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(other.central, paths.central)
    middle = [np.median(p.revenue[:, LAST, 0]) for p in (other, paths)]
    assert middle[0] == pytest.approx(middle[1], rel=0.5)


def test_no_two_worlds_are_one(paths: ms.Paths) -> None:
    worlds = np.concatenate([paths.revenue, paths.reference])[:, LAST, 0]
    assert len(np.unique(worlds)) == len(worlds)


# ----------------------------------------------------------------------- regimes


def test_regimes_get_their_share_of_draws(paths: ms.Paths) -> None:
    for name, p in zip(paths.scenarios.names, paths.scenarios.probabilities, strict=True):
        mine = of(paths, name)
        assert abs(mine.sum() - p * len(mine)) <= 1
        assert paths.probabilities[mine].sum() == pytest.approx(p, abs=1e-12)
    assert paths.probabilities.sum() == pytest.approx(1.0, abs=1e-12)


odds = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8).map(lambda p: np.array(p) / sum(p))


@given(odds, st.integers(8, 400))
def test_apportioning_keeps_probabilities_and_spreads_regimes(
    probabilities: np.ndarray, draws: int
) -> None:
    regime, weight = apportion(probabilities, draws)
    counts = np.bincount(regime, minlength=len(probabilities))
    assert counts.sum() == draws == len(weight)
    assert (counts >= 1).all()
    np.testing.assert_allclose(np.bincount(regime, weight), probabilities, rtol=1e-12)
    plenty = (probabilities * draws >= 1.0).all()
    assert not plenty or (np.abs(counts - probabilities * draws) <= 1.0 + 1e-9).all()
    half = np.bincount(regime[: draws // 2], minlength=len(probabilities))
    assert (np.abs(half - 0.5 * counts) <= 0.5 * len(counts) + 1.0).all()


@pytest.mark.parametrize("company", CHIP_MAKERS)
def test_chip_makers_earn_less_in_the_bear_than_in_the_bull(paths: ms.Paths, company: str) -> None:
    i = paths.companies.index(company)
    for quarter in (7, LAST):
        median = {n: np.median(paths.revenue[of(paths, n), quarter, i]) for n in ("bull", "bear")}
        assert median["bear"] < median["bull"]
        central = dict(zip(paths.scenarios.names, paths.regime_central[:, quarter, i], strict=True))
        assert central["bear"] < paths.central[quarter, i]
        # Two years on the bull may not have begun to pay: its agents are still to come.
        assert paths.central[quarter, i] < central["bull"] * (1.0 if quarter == LAST else 1.01)


def test_nvidia_loses_far_more_than_its_spread_in_the_bear(paths: ms.Paths) -> None:
    i = paths.companies.index("NVDA")
    bull, bear = (paths.revenue[of(paths, n), LAST, i] for n in ("bull", "bear"))
    assert np.quantile(bear, 0.75) < np.quantile(bull, 0.25)


def test_the_bear_is_stranded_capital(paths: ms.Paths) -> None:
    """Its thesis: rents below plan, spending cut, and books above what capital is worth."""
    for name in ("rent", "capital_spending", "compute", "token_price", "q"):
        path = paths.world[name][:, 11]
        assert np.median(path[of(paths, "bear")]) < np.median(path[of(paths, "bull")]), name
    written = paths.world["impairment"][:, 11]
    assert np.median(written[of(paths, "bear")]) > np.median(written[of(paths, "bull")])


# ----------------------------------------------------------------------- the centre


def at_the_mode(scenarios: ms.Scenarios, move: np.ndarray) -> np.ndarray:
    """Revenue [quarter, company] of one world run by hand: history, then a calm future."""
    posterior = scenarios.posterior
    coords, setting = posterior.coordinates, posterior.setting
    with precise("float64"):
        last = past_at(jnp.asarray(posterior.mode), coords, setting)
        a = unpack(transform(coords.kind, last.link + move))
        calm = Shocks(appetite=jnp.zeros(QUARTERS), demand=jnp.zeros(QUARTERS))
        quarters: Quarter = jax.jit(run)(a, setting, last.state, calm)[1]
        by_line = jnp.asarray(quarters.lines)
        return np.asarray(jax.vmap(lambda lines: company_revenue(setting.lines, lines))(by_line))


def test_central_paths_are_runs_at_the_mode(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    for move, expected in zip(
        [np.zeros_like(scenarios.moves[0]), *scenarios.moves],
        [paths.central, *paths.regime_central],
        strict=True,
    ):
        np.testing.assert_allclose(at_the_mode(scenarios, move), expected, rtol=1e-9)


def test_history_before_the_handover_is_the_calibrated_one(posterior: ms.Posterior) -> None:
    with precise("float64"):
        mode = jnp.asarray(posterior.mode)
        last = past_at(mode, posterior.coordinates, posterior.setting)
        running = float(last.state.fleet.compute.sum())
    assert running == pytest.approx(float(posterior.history["compute"][-1]), rel=1e-9)


def test_unshifted_draws_lie_about_the_centre(paths: ms.Paths) -> None:
    ratio = np.log(paths.reference[:, 7] / paths.central[7])
    assert np.abs(np.median(ratio, axis=0)).max() < 0.25
    assert (np.std(ratio, axis=0) > 0.005).all()


# ----------------------------------------------------------------------- precision


@pytest.mark.slow
def test_single_precision_gives_the_same_worlds(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    """The centre number by number; draws, whose random bits differ, by their quantiles."""
    single = ms.simulate(scenarios, draws=len(paths.regime), seed=0, precision="float32")
    assert single.revenue.dtype == np.float32
    np.testing.assert_allclose(single.central, paths.central, rtol=1e-3)
    np.testing.assert_allclose(single.regime_central, paths.regime_central, rtol=1e-3)
    assert np.isfinite(single.revenue).all()
    assert all(np.isfinite(path).all() for path in single.world.values())
    for name in ("bull", "bear"):
        logs = [np.log(p.revenue[of(p, name), 7]) for p in (single, paths)]
        middles = [np.median(log, axis=0) for log in logs]
        error = 1.25 * np.std(logs[1], axis=0) * np.sqrt(2.0 / len(logs[1]))
        assert (np.abs(middles[0] - middles[1]) < 5.0 * error).all()
    assumed, revenue = run_again(single, 417, "float32")
    np.testing.assert_allclose(single.assumptions().iloc[417], assumed, rtol=1e-5)
    np.testing.assert_allclose(single.revenue[417], revenue, rtol=1e-3)


# ----------------------------------------------------------------------- refusals


def test_too_few_draws_or_quarters_are_refused(scenarios: ms.Scenarios) -> None:
    with pytest.raises(InputError, match="2 draws cannot cover 10 regimes"):
        ms.simulate(scenarios, draws=2)
    with pytest.raises(InputError, match="4 quarters are too few"):
        ms.simulate(scenarios, draws=10, quarters=4)
    with pytest.raises(InputError, match="precision 'float16' is unknown"):
        ms.simulate(scenarios, draws=10, precision="float16")  # type: ignore[arg-type]
