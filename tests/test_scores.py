"""Scores of forecasts: means by hand, skill, calibration, and the test of Diebold and Mariano."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_rel

from marketsim.errors import DataError, InputError
from marketsim.forecasting.comparison import diebold_mariano
from marketsim.forecasting.predictive import FloatArray, Predictive
from marketsim.forecasting.rivals import RIVALS
from marketsim.forecasting.scores import COLUMNS, Scores, score

WALK, DRIFT, TREND, SMOOTH = RIVALS


def forecasts(
    origins: int = 24, scales: dict[str, float] | None = None, seed: int = 0
) -> pd.DataFrame:
    """Forecasts of standard normal logs: `truth` knows them, the rivals are too wide."""
    rng = np.random.default_rng(seed)
    held = scales or {"truth": 0.1, WALK: 0.4, DRIFT: 0.5, TREND: 0.2, SMOOTH: 0.3}
    rows = []
    for origin in pd.date_range("2019-03-31", periods=origins, freq="QE"):
        for series, kind in (("A.total", "revenue"), ("B.total", "revenue"), ("B capex", "capex")):
            for horizon in range(1, 5):
                value = 5.0 + rng.normal(0.0, 0.1)
                end = origin + pd.offsets.QuarterEnd(horizon)
                for name, scale in held.items():
                    outcome = (origin, series, kind, horizon, end)
                    rows.append((*outcome, name, 5.0, scale, value, 4.9))
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return forecasts()


@pytest.fixture(scope="module")
def scores(table: pd.DataFrame) -> Scores:
    return score(table)


def cell(table: pd.DataFrame, column: str, **keys: str) -> float:
    for name, value in keys.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return float(table[column].iloc[0])


def test_overall_scores_are_means_over_rows(table: pd.DataFrame, scores: Scores) -> None:
    assert repr(scores).startswith("Scores(")
    assert "\n" not in repr(scores)
    rows = table[(table["forecaster"] == TREND) & table["horizon"].between(2, 4)]
    said = Predictive(rows["location"].to_numpy(), rows["scale"].to_numpy())
    value, last = rows["log_value"].to_numpy(), rows["log_last"].to_numpy()
    by_hand = {
        "crps": said.crps(value).mean(),
        "crps_level": (said.crps_level(np.exp(value)) / np.exp(last)).mean(),
        "coverage": said.covers(value).mean(),
        "bias": (said.location - value).mean(),
        "error": np.abs(said.location - value).mean(),
        "n": len(rows),
    }
    for column, mean in by_hand.items():
        found = cell(scores.overall, column, forecaster=TREND, horizons="2-4")
        assert found == pytest.approx(mean)


def test_every_horizon_has_its_row_and_the_group_has_one(scores: Scores) -> None:
    assert list(scores.overall["horizons"].unique()) == ["1", "2", "3", "4", "2-4"]
    assert list(scores.overall["forecaster"][:5]) == ["truth", *RIVALS]
    counts = scores.overall.set_index(["horizons", "forecaster"])["n"]
    group = sum(counts[str(h), "truth"] for h in (2, 3, 4))
    assert counts["2-4", "truth"] == group == 24 * 3 * 3


@pytest.mark.parametrize("name", ["by_series", "by_origin", "by_kind"])
def test_parts_add_up_to_the_whole(scores: Scores, name: str) -> None:
    part = getattr(scores, name)
    for (horizons, forecaster), rows in part.groupby(["horizons", "forecaster"]):
        keys = {"horizons": str(horizons), "forecaster": str(forecaster)}
        assert rows["n"].sum() == cell(scores.overall, "n", **keys)
        for column in ("crps", "crps_level", "coverage", "bias", "error"):
            whole = np.average(rows[column], weights=rows["n"])
            assert whole == pytest.approx(cell(scores.overall, column, **keys))


def test_bias_is_above_zero_where_forecasts_are_too_high(table: pd.DataFrame) -> None:
    high = table.assign(location=table["location"] + (table["forecaster"] == WALK) * 1.0)
    overall = score(high).overall
    assert cell(overall, "bias", forecaster=WALK, horizons="1") == pytest.approx(1.0, abs=0.1)
    assert abs(cell(overall, "bias", forecaster=TREND, horizons="1")) < 0.1


def test_the_truth_covers_four_in_five_and_its_histogram_is_level() -> None:
    many = score(forecasts(origins=200))
    assert cell(many.overall, "coverage", forecaster="truth", horizons="2-4") == pytest.approx(
        0.8, abs=0.03
    )
    assert cell(many.overall, "coverage", forecaster=WALK, horizons="2-4") > 0.99
    counts = many.pit.set_index(["horizons", "forecaster"])
    assert list(counts.columns) == [f"0.{i}" for i in range(10)]
    level, humped = (counts.xs(("2-4", name)).to_numpy() for name in ("truth", WALK))
    np.testing.assert_allclose(level, 180, atol=50)
    assert humped[[0, 9]].sum() == 0
    assert (counts.sum(axis=1) == many.overall.set_index(["horizons", "forecaster"])["n"]).all()


def test_skill_is_what_is_saved_of_the_rivals_score(scores: Scores) -> None:
    crps = scores.overall[scores.overall["horizons"] == "1"].set_index("forecaster")["crps"]
    every = {"series": "all", "horizons": "1", "forecaster": "truth"}
    for rival in RIVALS:
        saved = cell(scores.skill, "skill", rival=rival, **every)
        assert saved == pytest.approx(1.0 - crps["truth"] / crps[rival])
    best = cell(scores.skill, "skill", rival="best rival", **every)
    assert best == pytest.approx(1.0 - crps["truth"] / crps[list(RIVALS)].min())
    assert best == pytest.approx(cell(scores.skill, "skill", rival=TREND, **every))
    assert 0.0 < best < cell(scores.skill, "skill", rival=WALK, **every)


def test_skill_is_told_for_every_series(scores: Scores) -> None:
    by_series = scores.by_series.set_index(["series", "horizons", "forecaster"])["crps_level"]
    saved = cell(
        scores.skill,
        "skill_level",
        series="B capex",
        horizons="2-4",
        forecaster="truth",
        rival=SMOOTH,
    )
    ratio = by_series["B capex", "2-4", "truth"] / by_series["B capex", "2-4", SMOOTH]
    assert saved == pytest.approx(1.0 - ratio)


def test_the_best_rival_has_no_skill_over_itself(scores: Scores) -> None:
    assert cell(
        scores.skill, "skill", series="all", horizons="1", forecaster=TREND, rival="best rival"
    ) == pytest.approx(0.0)
    assert not (scores.skill["forecaster"] == scores.skill["rival"]).any()


def test_only_outcomes_that_all_had_forecast_count(table: pd.DataFrame, scores: Scores) -> None:
    gone = (table["forecaster"] == SMOOTH) & (table["origin"] < "2020-01-01")
    fewer = score(table[~gone])
    assert fewer.left_out == 4 * 3 * 4
    assert (fewer.overall["n"] < scores.overall["n"]).all()
    early = table["origin"] < "2020-01-01"
    pd.testing.assert_frame_equal(fewer.overall, score(table[~early]).overall)
    pd.testing.assert_frame_equal(fewer.tests, score(table[~early]).tests)


def test_what_is_not_yet_reported_is_not_scored(table: pd.DataFrame) -> None:
    late = table["quarter_end"] > "2024-06-30"
    unknown = table.assign(log_value=table["log_value"].where(~late))
    pd.testing.assert_frame_equal(score(unknown).overall, score(table[~late]).overall)
    assert score(unknown).left_out == 0


def test_the_order_of_the_rows_does_not_matter(table: pd.DataFrame, scores: Scores) -> None:
    names = list(table["forecaster"].unique())
    mixed = table.sample(frac=1.0, random_state=0)
    first = pd.concat([mixed[mixed["forecaster"] == name].head(1) for name in names])
    other = score(pd.concat([first, mixed.drop(first.index)]))
    for name in ("overall", "by_series", "by_origin", "skill", "tests", "pit"):
        pd.testing.assert_frame_equal(getattr(other, name), getattr(scores, name))


def test_the_table_is_left_alone(table: pd.DataFrame) -> None:
    before = table.copy()
    score(table)
    pd.testing.assert_frame_equal(table, before)


def losses(table: pd.DataFrame, forecaster: str, **keys: object) -> pd.Series:
    rows = table[table["forecaster"] == forecaster]
    for name, value in keys.items():
        rows = rows[rows[name] == value]
    said = Predictive(rows["location"].to_numpy(), rows["scale"].to_numpy())
    return pd.Series(said.crps(rows["log_value"]), rows["origin"]).groupby(level=0).mean()


def test_tests_by_series_and_pooled_are_those_of_the_losses(
    table: pd.DataFrame, scores: Scores
) -> None:
    """Pooled, the loss of an origin is the mean over series."""
    for keys in ({"series": "A.total", "horizon": 3}, {"horizon": 3}):
        by_hand = diebold_mariano(losses(table, "truth", **keys), losses(table, WALK, **keys), 3)
        series = str(keys.get("series", "all"))
        where = {"series": series, "horizons": "3", "forecaster": "truth", "rival": WALK}
        for column in ("n", "difference", "statistic", "p_value"):
            found = cell(scores.tests, column, **where)
            assert found == pytest.approx(getattr(by_hand, column))
    assert set(scores.tests["forecaster"]) == {"truth"}


def test_the_pooled_group_takes_the_longest_horizon_for_its_overlap(
    table: pd.DataFrame, scores: Scores
) -> None:
    later = table[table["horizon"] >= 2]
    by_hand = diebold_mariano(losses(later, "truth"), losses(later, WALK), 4)
    where = {"series": "all", "horizons": "2-4", "forecaster": "truth", "rival": WALK}
    assert cell(scores.tests, "statistic", **where) == pytest.approx(by_hand.statistic)


def test_fewer_than_eight_origins_are_not_tested() -> None:
    assert len(score(forecasts(origins=8)).tests) == len(RIVALS) * (4 * 3 + 5)
    few = score(forecasts(origins=7))
    assert few.tests.empty
    assert "p" in str(few)


def test_a_quarter_without_an_origin_leaves_a_gap(table: pd.DataFrame) -> None:
    """It does not bring its neighbours together."""
    holed = table[table["origin"] != "2021-06-30"]
    one, two = (losses(holed, name, series="A.total", horizon=2) for name in ("truth", WALK))
    every = pd.date_range("2019-03-31", periods=24, freq="QE")
    by_hand = diebold_mariano(one.reindex(every), two.reindex(every), 2)
    where = {"series": "A.total", "horizons": "2", "forecaster": "truth", "rival": WALK}
    assert cell(score(holed).tests, "statistic", **where) == pytest.approx(by_hand.statistic)
    assert diebold_mariano(one, two, 2).statistic != pytest.approx(by_hand.statistic, rel=1e-9)


SERIES = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).normal(size=(2, 20)).cumsum(axis=1)
)


def test_diebold_mariano_by_hand() -> None:
    """Eight differences, two quarters ahead: one autocovariance, each sum over n."""
    d = np.array([1.0, 2.0, 0.0, 1.0, 3.0, 1.0, 2.0, 2.0])
    off = d - 1.5
    own = (off**2).sum() / 8
    next_to = (off[1:] * off[:-1]).sum() / 8
    variance = (own + 2 * next_to) / 8
    factor = (8 + 1 - 2 * 2 + 2 * 1 / 8) / 8
    statistic = 1.5 / np.sqrt(variance) * np.sqrt(factor)
    found = diebold_mariano(d + 7.0, np.full(8, 7.0), 2)
    assert found.n == 8
    assert found.difference == pytest.approx(1.5)
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(2 * student(7).sf(statistic))


@given(SERIES)
def test_one_quarter_ahead_it_is_the_paired_t_test(pair: FloatArray) -> None:
    theirs = ttest_rel(*pair)
    found = diebold_mariano(pair[0], pair[1], 1)
    assert found.statistic == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue)


@given(SERIES, st.integers(1, 4))
def test_exchanging_the_forecasters_changes_the_sign_alone(pair: FloatArray, h: int) -> None:
    one, other = diebold_mariano(pair[0], pair[1], h), diebold_mariano(pair[1], pair[0], h)
    assert other.difference == pytest.approx(-one.difference)
    assert other.statistic == pytest.approx(-one.statistic)
    assert other.p_value == pytest.approx(one.p_value)


@given(SERIES, st.integers(1, 4), st.floats(0.01, 100.0))
def test_the_unit_of_the_loss_does_not_matter(pair: FloatArray, h: int, unit: float) -> None:
    one = diebold_mariano(pair[0], pair[1], h)
    other = diebold_mariano(unit * pair[0], unit * pair[1], h)
    assert other.statistic == pytest.approx(one.statistic)


def test_falling_weights_where_equal_ones_give_no_variance() -> None:
    """Differences that alternate: the first autocovariance outweighs the variance."""
    d = np.tile([1.0, -0.8], 6)
    off = d - d.mean()
    own, next_to = (off**2).sum(), (off[1:] * off[:-1]).sum()
    assert own + 2 * next_to < 0
    variance = (own + 2 * 0.5 * next_to) / 12**2
    factor = (12 + 1 - 4 + 2 / 12) / 12
    found = diebold_mariano(d, np.zeros(12), 2)
    assert found.statistic == pytest.approx(d.mean() / np.sqrt(variance) * np.sqrt(factor))


def test_equal_forecasters_are_equal() -> None:
    found = diebold_mariano(np.arange(9.0), np.arange(9.0), 3)
    assert (found.difference, found.statistic, found.p_value) == (0.0, 0.0, 1.0)


def test_chance_is_found_significant_about_as_often_as_it_should_be() -> None:
    """Under the null, with errors that overlap over four quarters, at 5 %."""
    rng = np.random.default_rng(0)
    shocks = rng.normal(size=(2000, 43))
    moving = np.lib.stride_tricks.sliding_window_view(shocks, 4, axis=1).sum(axis=2)
    rejected = [diebold_mariano(row, np.zeros(40), 4).p_value < 0.05 for row in moving]
    assert 0.02 < np.mean(rejected) < 0.12


def test_a_sample_too_short_for_the_horizon_has_no_statistic() -> None:
    found = diebold_mariano(np.arange(4.0), np.zeros(4), 4)
    assert (found.n, found.difference) == (4, 1.5)
    assert np.isnan(found.statistic)
    assert np.isnan(found.p_value)
    assert diebold_mariano(np.full(3, np.nan), np.zeros(3), 1).n == 0


def test_losses_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="one length"):
        diebold_mariano(np.zeros(3), np.zeros(4), 1)
    with pytest.raises(InputError, match="horizon is 0"):
        diebold_mariano(np.zeros(3), np.zeros(3), 0)


def test_a_table_that_cannot_be_scored_says_why(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="lacks scale, log_last"):
        score(table.drop(columns=["scale", "log_last"]))
    with pytest.raises(
        DataError, match=r"truth forecasts A\.total at horizon 1 twice as of 2019-03-31"
    ):
        score(pd.concat([table, table]))
    with pytest.raises(DataError, match="nothing was reported that every forecaster"):
        score(table.assign(log_value=np.nan))
    with pytest.raises(DataError, match="nothing was reported that every forecaster"):
        score(table[(table["forecaster"] == WALK) == (table["horizon"] > 2)])


def test_it_reads_as_a_small_table(scores: Scores) -> None:
    text = str(scores)
    assert text.splitlines()[0] == "1 quarter ahead, 72 outcomes"
    assert "2-4 quarters ahead, 216 outcomes" in text
    for name in ("truth", *RIVALS):
        assert text.count(f"\n{name} ") == 2
    assert "left out" not in text
    assert "Not among" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_it_says_what_is_missing(table: pd.DataFrame) -> None:
    gone = (table["forecaster"] == TREND) & (table["origin"] < "2020-01-01")
    text = str(score(table[(table["forecaster"] != SMOOTH) & ~gone]))
    assert "Not among the rivals: exponential smoothing." in text
    assert "48 outcomes left out" in text


def test_without_rivals_there_are_scores_and_no_skill() -> None:
    alone = score(forecasts(scales={"truth": 0.1, "guess": 0.5}))
    assert alone.rivals == ()
    assert alone.skill.empty
    assert alone.tests.empty
    assert "guess" in str(alone)
    against = score(forecasts(scales={"truth": 0.1, "guess": 0.5}), rivals=["guess"])
    assert against.rivals == ("guess",)
    assert (against.skill.loc[against.skill["rival"] == "guess", "skill"] > 0).all()


def test_the_marks_of_one_forecaster_by_series_are_those_of_the_tables() -> None:
    scores = score(forecasts(scales={"truth": 0.1, "guess": 0.5}), rivals=["guess"])
    mine = scores.series("truth", "1")
    assert set(mine.index) == set(scores.by_series["series"])
    assert mine["skill"].is_monotonic_increasing
    assert (mine["skill"] > 0).all()
    rows = scores.by_series.query("forecaster == 'truth' and horizons == '1'").set_index("series")
    pd.testing.assert_series_equal(mine["crps"].sort_index(), rows["crps"].sort_index())
