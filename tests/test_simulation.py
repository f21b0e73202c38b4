"""Outcomes: repeatable draw by draw, apportioned to regimes, and centred on the calibrated one."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import Array

import marketsim as ms
from marketsim.ensemble import CHUNK, COMING, batches, coordinates_of, future, histories, news_of
from marketsim.errors import InputError
from marketsim.model import NEWS, Shocks, company_revenue
from marketsim.model.priors import transform
from marketsim.precision import RUN_SELDOM, precise
from marketsim.simulation import QUARTERS, REFERENCE, WORLD, Outcomes, allot
from marketsim.simulation.lives import _read, _season
from tests.one_world import handover

CHIP_MAKERS = ("NVDA", "AMD", "AVGO", "MRVL", "TSM", "MU")
LAST = -1


GROUPS = ("draws", "calibrated", "centres", "unshifted")
"""Of paths: worlds by the names under which they are kept."""


def arrays(worlds: Outcomes) -> dict[str, np.ndarray]:
    """All that is kept of worlds, by name."""
    names = ("revenue", "volumes", "ordinary", "lives", "buyers")
    held = {name: getattr(worlds, name) for name in names}
    return {**held, **worlds.quantities}


def of(paths: ms.Paths, regime: str) -> np.ndarray:
    return np.asarray(paths.regimes == regime)


# ----------------------------------------------------------------------- what a path holds


def test_shapes_and_finite_numbers(paths: ms.Paths, posterior: ms.Posterior) -> None:
    draws, companies = len(paths.regime), len(posterior.companies)
    assert paths.companies == posterior.companies
    assert paths.revenue is paths.draws.revenue
    assert paths.world is paths.draws.quantities
    counts = (draws, 1, len(paths.scenarios.names), REFERENCE)
    for count, name in zip(counts, GROUPS, strict=True):
        worlds = getattr(paths, name)
        for held in ("revenue", "volumes", "lives"):
            path = getattr(worlds, held)
            assert path.shape == (count, QUARTERS, companies), (name, held)
            assert np.isfinite(path).all()
            assert (path > 0.0).all()
        assert worlds.ordinary.shape == (count, companies)
        assert (worlds.ordinary > 0.0).all()
        assert set(worlds.quantities) == set(WORLD)
        for path in worlds.quantities.values():
            assert path.shape == (count, QUARTERS)
            assert np.isfinite(path).all()


def test_some_worlds_are_rows_of_all(paths: ms.Paths) -> None:
    some = paths.draws[np.array([3, 1])]
    np.testing.assert_array_equal(some.volumes, paths.draws.volumes[[3, 1]])
    np.testing.assert_array_equal(some.ordinary, paths.draws.ordinary[[3, 1]])
    np.testing.assert_array_equal(some.quantities["rent"], paths.world["rent"][[3, 1]])


def test_volumes_and_ordinary_revenue_are_what_no_scarcity_earns(paths: ms.Paths) -> None:
    """Memory is dear at the end of 2025, so that its makers earn more than what covers cost.

    Those whose prices follow cost earn as much as that.
    """
    micron, cisco = (paths.companies.index(t) for t in ("MU", "CSCO"))
    ratio = paths.draws.volumes / paths.revenue
    assert (ratio[:, 0, micron] < 0.9).mean() > 0.9
    assert np.median(ratio[:, LAST, micron]) > np.median(ratio[:, 0, micron])
    np.testing.assert_allclose(ratio[:, :, cisco], 1.0, atol=0.1)
    nvidia, last = paths.companies.index("NVDA"), paths.revenue[:, -4:].sum(axis=1)
    ordinary = paths.draws.ordinary[:, nvidia]
    assert np.median(ordinary / last[:, nvidia]) < 1.0


def test_quantities_of_the_world_keep_their_ranges(paths: ms.Paths) -> None:
    world = paths.world
    for name in ("compute", "delivered", "rent", "capital_spending", "load", "energised", "q"):
        assert (world[name] > 0.0).all(), name
    assert ((world["inference_share"] > 0.0) & (world["inference_share"] < 1.0)).all()
    assert (world["power_scarcity"] >= 0.0).all()
    np.testing.assert_allclose(world["token_price"][:, 0], 1.0)


def test_the_future_begins_where_reports_end(paths: ms.Paths, posterior: ms.Posterior) -> None:
    assert paths.quarter_ends[0] == pd.Timestamp("2026-03-31")
    assert len(paths.quarter_ends) == QUARTERS
    for place, ticker in enumerate(paths.companies):
        last = posterior.facts.series("quarterly_revenue", f"{ticker}.total").iloc[-1] / 1e3
        # Up to three quarters on: Super Micro had guided to twice its last quarter.
        assert 0.6 * last < paths.calibrated.revenue[0, 0, place] < 2.8 * last, ticker
    for regime in paths.centres.revenue:
        np.testing.assert_allclose(regime[0], paths.calibrated.revenue[0, 0], rtol=0.30)


def test_paths_survive_pickling(paths: ms.Paths) -> None:
    again = pickle.loads(pickle.dumps(paths))
    assert again.revenue.tobytes() == paths.revenue.tobytes()
    np.testing.assert_array_equal(again.regimes, paths.regimes)


# ----------------------------------------------------------------------- one distribution


def test_worlds_without_shift_are_the_published_forecast(
    paths: ms.Paths, posterior: ms.Posterior, published: ms.forecasting.Forecast
) -> None:
    """Quantiles of companies that close their books with the calendar, within chance."""
    table = published.table[published.table["segment"] == "total"]
    calendar = 0
    for ticker, rows in table.groupby("ticker"):
        place = paths.companies.index(str(ticker))
        ahead = rows.set_index("quarter_end").reindex(paths.quarter_ends[:4]).dropna()
        for end, row in ahead.iterrows():
            quarter = paths.quarter_ends.get_loc(end)
            seen = paths.unshifted.revenue[:, quarter, place] * 1e3
            unit = 1.10 if row["unit"] == "EUR m" else 1.0
            for name, p in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
                below = (seen < unit * row[name]).mean()
                assert below == pytest.approx(p, abs=4.5 * np.sqrt(p * (1 - p) / len(seen)))
                calendar += 1
    assert calendar > 150


def test_worlds_are_the_published_mixture(
    more: ms.Paths, mixed: ms.forecasting.Forecast, published: ms.forecasting.Forecast
) -> None:
    """All regimes by their probabilities, within chance; without shift it is another."""
    np.testing.assert_array_equal(mixed.joint.mean, published.joint.mean)
    whole = mixed.table[mixed.table["segment"] == "total"].assign(alone=published.table["p50"])
    effective = 1.0 / (more.probabilities**2).sum()
    compared = 0
    for ticker, rows in whole.groupby("ticker"):
        place = more.companies.index(str(ticker))
        ahead = rows.set_index("quarter_end").reindex(more.quarter_ends[:4]).dropna()
        for end, row in ahead.iterrows():
            seen = more.revenue[:, more.quarter_ends.get_loc(end), place] * 1e3
            unit = 1.10 if row["unit"] == "EUR m" else 1.0
            for name, p in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
                below = more.probabilities @ (seen < unit * row[name])
                # Regimes share pasts, so that there are fewer distinct worlds than draws.
                wide = np.sqrt(p * (1 - p) * (3.0 / effective + 1.0 / REFERENCE))
                assert below == pytest.approx(p, abs=4.5 * wide), (ticker, end, name)
                compared += 1
    assert compared > 150
    assert (np.abs(np.log(whole["p50"] / whole["alone"])) > 0.01).any()


def test_one_company_is_wide_of_the_model_and_another_close(paths: ms.Paths) -> None:
    """Chips swing, landlords do not."""
    spread = dict(zip(paths.companies, paths.deviation.std(axis=0).T, strict=True))
    assert spread["EQIX"][4] < 0.5 * spread["NVDA"][4]
    far = paths.deviation.std(axis=0)[[13, 19]]
    assert (far[1] > far[0]).all(), "news of their own go on after what is forecast"


def test_seasons_come_every_year_after_what_is_forecast() -> None:
    """A line with a season in two years that are forecast goes on as it ended, with the season."""
    season = np.array([0.1, -0.05, 0.15, -0.2])
    position = np.arange(9.0)
    logs = 0.02 * position + np.tile(season, 3)[:9]
    lined = logs[-4:] - (logs[-4:].mean() + 0.02 * (np.arange(4) - 1.5))
    np.testing.assert_allclose(_season(logs), lined, atol=1e-12)
    at = np.arange(3.0, 17.0)
    found = _read(logs[None], _season(logs), position, at)[0]
    np.testing.assert_allclose(found[:6], logs[3:], atol=1e-12)
    np.testing.assert_allclose(found[-4:], found[-8:-4], atol=1e-12)
    np.testing.assert_allclose(np.ptp(found[-4:]), np.ptp(lined), atol=1e-12)
    half = _read(logs[None], _season(logs), position, at + 0.5)[0]
    np.testing.assert_allclose(half[-4:], 0.5 * (found[-4:] + np.roll(found[-4:], -1)))


def test_a_forecast_made_before_is_used(
    scenarios: ms.Scenarios, paths: ms.Paths, published: ms.forecasting.Forecast
) -> None:
    again = ms.simulate(scenarios, draws=60, seed=0, forecast=published)
    np.testing.assert_array_equal(again.revenue, paths.revenue[:60])


def test_a_forecast_of_another_date_is_refused(
    scenarios: ms.Scenarios, published: ms.forecasting.Forecast
) -> None:
    other = replace(published, as_of=pd.Timestamp("2024-12-31"))
    with pytest.raises(InputError, match="forecast is as of 2024-12-31, the scenarios as of 2025"):
        ms.simulate(scenarios, draws=60, forecast=other)
    with pytest.raises(InputError, match="rests on other facts than the scenarios"):
        ms.simulate(scenarios, draws=60, forecast=replace(published, digest="other"))


# ----------------------------------------------------------------------- seeds and draws


@pytest.fixture(scope="module")
def more(scenarios: ms.Scenarios, published: ms.forecasting.Forecast) -> ms.Paths:
    """The same seed with more draws: an odd number, and more chunks."""
    return ms.simulate(scenarios, draws=3 * CHUNK + 151, seed=0, forecast=published)


def test_the_same_seed_gives_the_same_bytes(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    again = ms.simulate(scenarios, draws=len(paths.regime), seed=0)
    for name in ("regime", "probabilities", "link", "deviation", "owners"):
        assert getattr(again, name).tobytes() == getattr(paths, name).tobytes(), name
    for group in GROUPS:
        found = arrays(getattr(again, group))
        for name, path in arrays(getattr(paths, group)).items():
            assert found[name].tobytes() == path.tobytes(), (group, name)


def test_a_draw_does_not_depend_on_how_many_there_are(paths: ms.Paths, more: ms.Paths) -> None:
    """Its regime neither; in one chunk or in another."""
    draws = len(paths.regime)
    assert draws < len(more.regime)
    assert len(paths.link) <= len(more.link)
    for name in ("regime", "index"):
        np.testing.assert_array_equal(getattr(paths, name), getattr(more, name)[:draws], name)
    for group in GROUPS:
        many = arrays(getattr(more, group))
        for name, path in arrays(getattr(paths, group)).items():
            np.testing.assert_array_equal(path, many[name][: len(path)], err_msg=f"{group} {name}")
    same = len(paths.deviation)
    np.testing.assert_array_equal(paths.deviation, more.deviation[:same])
    np.testing.assert_array_equal(paths.owners[:same], more.owners[:same])
    np.testing.assert_array_equal(paths.owners[-1], more.owners[-1])
    few, all_of = (p.assumptions().to_numpy() for p in (paths, more))
    np.testing.assert_array_equal(few, all_of[:draws])


def test_a_draw_does_not_depend_on_how_long_its_future_is(
    paths: ms.Paths, scenarios: ms.Scenarios, published: ms.forecasting.Forecast
) -> None:
    simulated = partial(ms.simulate, scenarios, draws=40, seed=0, forecast=published)
    short = simulated(quarters=9)
    assert short.revenue.shape == (40, 9, len(paths.companies))
    np.testing.assert_array_equal(short.revenue, paths.revenue[:40, :9])
    np.testing.assert_array_equal(short.world["rent"], paths.world["rent"][:40, :9])
    long = simulated(quarters=QUARTERS + 3)
    np.testing.assert_array_equal(long.revenue[:, :QUARTERS], paths.revenue[:40])


def test_regimes_share_pasts_and_news(paths: ms.Paths, more: ms.Paths) -> None:
    """The k-th world of two regimes differs by their shifts alone; each past is run once."""
    assert len(more.link) == max(REFERENCE, more.index.max() + 1)
    bull, bear = (paths.scenarios.names.index(name) for name in ("bull", "bear"))
    table = paths.assumptions().to_numpy()
    kept = np.flatnonzero((paths.scenarios.moves[[bull, bear]] == 0.0).all(axis=0))
    for k in (0, 5, 40):
        one, other = (
            np.flatnonzero((paths.regime == r) & (paths.index == k))[0] for r in (bull, bear)
        )
        np.testing.assert_array_equal(table[one][kept], table[other][kept])
        assert not (paths.revenue[one] == paths.revenue[other]).all()


def test_histories_are_run_once(
    scenarios: ms.Scenarios,
    published: ms.forecasting.Forecast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted: as many starts as there are distinct pasts, whatever the number of regimes."""
    begun, started = batches._begun, []

    def counted(values: Array, setting: Any) -> Any:
        started.append(values.shape[-1])
        return begun(values, setting)

    monkeypatch.setattr(batches, "_begun", counted)
    paths = ms.simulate(scenarios, draws=2 * REFERENCE, seed=0, forecast=published)
    distinct = len(paths.link) + 1  # and the mode
    assert len(started) == -(-distinct // CHUNK)
    assert set(started) == {CHUNK}
    assert distinct < len(paths.regime)


def test_a_regime_without_shifts_is_none(
    posterior: ms.Posterior, published: ms.forecasting.Forecast, tmp_path: Path
) -> None:
    file = tmp_path / "calm.toml"
    file.write_text('[calm]\nprobability = 1.0\nthesis = "as calibrated"\n')
    calm = ms.simulate(ms.load_scenarios(posterior, file), draws=60, seed=3, forecast=published)
    for name, path in arrays(calm.draws).items():
        np.testing.assert_array_equal(path, arrays(calm.unshifted)[name][:60], err_msg=name)
    np.testing.assert_array_equal(calm.centres.revenue, calm.calibrated.revenue)


def test_pairing_makes_differences_between_regimes_sharp(more: ms.Paths) -> None:
    """Less variance than the difference of two means of independent worlds would have."""
    bull, base = (more.scenarios.names.index(name) for name in ("bull", "base"))
    place, count = more.companies.index("NVDA"), int((more.regime == bull).sum())
    log = np.log(more.revenue[:, 3, place])
    one, other = (log[more.regime == r][:count] for r in (bull, base))
    np.testing.assert_array_equal(*(more.index[more.regime == r][:count] for r in (bull, base)))
    assert np.var(one - other) < 0.5 * (np.var(one) + np.var(other))


def test_a_world_run_alone_is_the_one_of_the_batch(more: ms.Paths) -> None:
    """From the draw's own coordinates, by plain JAX: its assumptions, and its revenue.

    A shift moves a company by as much as it moves the model: the deviation is that without it.
    """
    posterior, i = more.scenarios.posterior, len(more.regime) - 17
    table = more.assumptions()
    assert np.isfinite(table.to_numpy()).all()
    assert table.columns.tolist() == [e.name for e in posterior.entries]
    number, regime = more.index[i], more.regime[i]
    x = coordinates_of(np.array([number]), posterior.mode, posterior.covariance, more.seed)[0]
    then = histories(x[None], posterior.coordinates, posterior.setting)
    news = news_of(then.coming, np.array([number]), QUARTERS, more.seed)[0]
    assumed, revenue = alone(posterior, x, more.scenarios.moves[regime], news)
    np.testing.assert_allclose(table.iloc[i], assumed, rtol=1e-12)
    own = np.exp(more.deviation[number])
    np.testing.assert_allclose(more.revenue[i], revenue * own, rtol=1e-8)


def alone(
    posterior: ms.Posterior, x: np.ndarray, move: np.ndarray, news: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Assumptions [entry] and revenue [quarter, company] of one world, run by itself."""
    coordinates, setting = posterior.coordinates, posterior.setting
    with precise("float64"):
        program = jax.jit(_alone, compiler_options=RUN_SELDOM)
        found = program(jnp.asarray(x), jnp.asarray(move), jnp.asarray(news), coordinates, setting)
        return np.asarray(found[0]), np.asarray(found[1])


def _alone(
    x: Array, move: Array, news: Array, coordinates: Any, setting: Any
) -> tuple[Array, Array]:
    link, state, _ = handover(x, coordinates, setting)
    ahead = future(link + move, setting, state, Shocks(*news), coordinates)
    revenue = jax.vmap(lambda lines: company_revenue(setting.lines, lines))(ahead.lines)
    return transform(coordinates.kind, link + move), revenue


def test_a_draw_of_returns_does_not_depend_on_how_many_there_are_but_for_the_anchor(
    paths: ms.Paths, more: ms.Paths, returns: ms.ReturnScenarios, prices: ms.prices.Prices
) -> None:
    """More draws say better what the mix is worth, by one factor a company; noise is the same."""
    many, draws = ms.revalue(more, prices, horizon="1y"), len(returns.returns)
    np.testing.assert_array_equal(many.world.values[:draws], returns.world.values)
    np.testing.assert_array_equal(many.world.shifts, returns.world.shifts)
    for found, few in (
        (many.world.world_returns, returns.world.world_returns),
        (many.returns, returns.returns),
    ):
        factor = (1.0 + found[:draws]) / (1.0 + few)
        np.testing.assert_allclose(factor, factor[:1] * np.ones((draws, 1)), rtol=1e-10)
        assert (np.abs(np.log(factor[0])) < 0.08).all()
        assert (factor[0] != 1.0).all()


def test_another_seed_draws_other_worlds(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    other = ms.simulate(scenarios, draws=50, seed=1)
    assert (np.asarray(other.assumptions()) != np.asarray(paths.assumptions()[:50])).all()
    assert not np.isclose(other.revenue, paths.revenue[:50]).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(other.calibrated.revenue, paths.calibrated.revenue)
    middle = [np.median(p.revenue[:, LAST, 0]) for p in (other, paths)]
    assert middle[0] == pytest.approx(middle[1], rel=0.5)


def test_no_two_worlds_are_one(paths: ms.Paths) -> None:
    """Those of a regime without shifts are among the ones that prices are anchored to."""
    shifted = np.any(paths.scenarios.moves != 0.0, axis=1)[paths.regime]
    worlds = np.concatenate([paths.revenue[shifted], paths.unshifted.revenue])[:, LAST, 0]
    assert len(np.unique(worlds)) == len(worlds)


# ----------------------------------------------------------------------- regimes


def test_regimes_get_their_share_of_draws(paths: ms.Paths) -> None:
    for name, p in zip(paths.scenarios.names, paths.scenarios.probabilities, strict=True):
        mine = of(paths, name)
        assert abs(mine.sum() - p * len(mine)) <= 2
        assert paths.probabilities[mine].sum() == pytest.approx(p, abs=1e-12)
    assert paths.probabilities.sum() == pytest.approx(1.0, abs=1e-12)


odds = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8).map(lambda p: np.array(p) / sum(p))


@given(odds, st.integers(8, 400))
def test_allotting_keeps_probabilities_and_spreads_regimes(
    probabilities: np.ndarray, draws: int
) -> None:
    share = allot(probabilities, draws)
    counts = np.bincount(share.regime, minlength=len(probabilities))
    assert counts.sum() == draws == len(share.probabilities)
    assert (counts >= 1).all()
    np.testing.assert_allclose(
        np.bincount(share.regime, share.probabilities), probabilities, rtol=1e-12
    )
    # One of each stands first; after them the shares are those of the probabilities.
    assert (counts <= probabilities * draws + 2.0).all()
    for regime, count in enumerate(counts):
        np.testing.assert_array_equal(share.index[share.regime == regime], np.arange(count))
    more = allot(probabilities, 2 * draws)
    np.testing.assert_array_equal(more.regime[:draws], share.regime)


@pytest.mark.parametrize("company", CHIP_MAKERS)
def test_chip_makers_earn_less_in_the_bear_than_in_the_bull(paths: ms.Paths, company: str) -> None:
    i = paths.companies.index(company)
    for quarter in (7, LAST):
        median = {n: np.median(paths.revenue[of(paths, n), quarter, i]) for n in ("bull", "bear")}
        assert median["bear"] < median["bull"]
        middle = paths.calibrated.revenue[0, quarter, i]
        centres = paths.centres.revenue[:, quarter, i]
        central = dict(zip(paths.scenarios.names, centres, strict=True))
        assert central["bear"] < middle
        # Two years on the bull may not have begun to pay: its agents are still to come.
        assert middle < central["bull"] * (1.0 if quarter == LAST else 1.01)


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


def test_central_paths_are_runs_at_the_mode(paths: ms.Paths, scenarios: ms.Scenarios) -> None:
    """One deviation for all of them, that of the draws in the middle."""
    mode = scenarios.posterior.mode
    calm = np.zeros((len(NEWS), QUARTERS))
    shocks = mode[len(scenarios.posterior.entries) :].reshape(len(NEWS), -1)
    calm[:, :COMING] = shocks[:, -COMING:]
    moves = [np.zeros_like(scenarios.moves[0]), *scenarios.moves[[0, 2]]]
    modelled = [alone(scenarios.posterior, mode, move, calm)[1] for move in moves]
    own = np.log(paths.calibrated.revenue[0] / modelled[0])
    for revenue, expected in zip(modelled[1:], paths.centres.revenue[[0, 2]], strict=True):
        np.testing.assert_allclose(revenue * np.exp(own), expected, rtol=1e-9)
    middle, spread = np.median(paths.deviation, axis=0), paths.deviation.std(axis=0)
    assert (np.abs(own - middle) < 0.5 * spread + 0.05).all()


def test_history_before_the_handover_is_the_calibrated_one(posterior: ms.Posterior) -> None:
    then = histories(posterior.mode[None], posterior.coordinates, posterior.setting)
    running = float(then.state.fleet.compute[0].sum())
    assert running == pytest.approx(float(posterior.history["compute"][-1]), rel=1e-9)
    for name, path in posterior.history.items():
        np.testing.assert_allclose(
            getattr(then.quarters, name)[0], path, rtol=1e-8, atol=1e-10, err_msg=name
        )


def test_unshifted_draws_lie_about_the_centre(paths: ms.Paths) -> None:
    ratio = np.log(paths.unshifted.revenue[:, 7] / paths.calibrated.revenue[0, 7])
    assert np.abs(np.median(ratio, axis=0)).max() < 0.25
    assert (np.std(ratio, axis=0) > 0.005).all()


# ----------------------------------------------------------------------- precision


@pytest.mark.slow
def test_single_precision_gives_the_same_worlds(
    paths: ms.Paths, scenarios: ms.Scenarios, published: ms.forecasting.Forecast
) -> None:
    """Draw by draw, since the draws are the same."""
    single = ms.simulate(
        scenarios, draws=len(paths.regime), seed=0, precision="float32", forecast=published
    )
    assert single.revenue.dtype == np.float32
    np.testing.assert_array_equal(single.index, paths.index)
    for group in ("calibrated", "centres"):
        for held in ("revenue", "volumes", "ordinary"):
            one, other = (getattr(getattr(p, group), held) for p in (single, paths))
            np.testing.assert_allclose(one, other, rtol=1e-3, err_msg=f"{group} {held}")
    off = np.abs(np.log(single.revenue / paths.revenue))
    assert np.quantile(off, 0.999) < 1e-3
    assert off.max() < 0.05
    assert all(np.isfinite(path).all() for path in single.world.values())


# ----------------------------------------------------------------------- refusals


def test_too_few_draws_or_quarters_are_refused(scenarios: ms.Scenarios) -> None:
    with pytest.raises(InputError, match="2 draws cannot cover 7 regimes"):
        ms.simulate(scenarios, draws=2)
    with pytest.raises(InputError, match=r"draws=10\.5 is no number of draws"):
        ms.simulate(scenarios, draws=10.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="seed=-1 is no seed"):
        ms.simulate(scenarios, draws=10, seed=-1)
    with pytest.raises(InputError, match="7 quarters are too few to value; ask for 8 or more"):
        ms.simulate(scenarios, draws=10, quarters=7)
    with pytest.raises(InputError, match="precision 'float16' is unknown"):
        ms.simulate(scenarios, draws=10, precision="float16")  # type: ignore[arg-type]
