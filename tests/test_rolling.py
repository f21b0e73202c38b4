"""Rolling origins: nothing of the future gets in, and only what was told then is marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting import hindcasts
from marketsim.forecasting.forecasters import APART, GUIDED, HINDSIGHT, MARKETSIM, PARTS
from marketsim.forecasting.groups import AI
from marketsim.forecasting.rivals import available
from marketsim.forecasting.rolling import origins
from marketsim.forecasting.sums import EVERY, LAYERS, PORTFOLIO
from marketsim.scenarios import read_regimes

ORIGIN = pd.Timestamp("2024-06-30")


@pytest.fixture(scope="module")
def every() -> ms.Knowledge:
    return ms.load_facts()


@pytest.fixture(scope="module")
def told(every: ms.Knowledge) -> pd.DataFrame:
    return hindcasts(every, ORIGIN, ORIGIN, regimes=read_regimes())


@pytest.mark.slow
def test_rewriting_the_future_changes_no_byte_of_a_forecast(
    every: ms.Knowledge, told: pd.DataFrame
) -> None:
    future = every.table["published"] > ORIGIN
    rewritten = every.table.assign(
        value=every.table["value"].where(~future, 3.7 * every.table["value"])
    )
    again = hindcasts(every.with_facts(rewritten), ORIGIN, ORIGIN, regimes=read_regimes())
    said = ["series", "horizon", "forecaster", "location", "scale", "log_last"]
    pd.testing.assert_frame_equal(again[said], told[said], check_exact=True)
    np.testing.assert_allclose(again["log_value"] - told["log_value"], np.log(3.7))


@pytest.mark.slow
def test_it_forecasts_as_the_public_function_does(every: ms.Knowledge, told: pd.DataFrame) -> None:
    ahead = ms.forecast(ms.calibrate(every, ORIGIN))
    mine = told[(told["forecaster"] == MARKETSIM) & (told["series"] == "NVDA.total")]
    (i,) = [k for k, s in enumerate(ahead.series) if s.entity == "NVDA.total"]
    np.testing.assert_array_equal(mine["location"], ahead.logs.location[i, :4])


@pytest.mark.slow
def test_hindsight_is_the_mixture_that_is_published(
    every: ms.Knowledge, told: pd.DataFrame
) -> None:
    """Its medians, but for chance in the worlds that they are taken of."""
    ahead = ms.forecast(ms.load_scenarios(ms.calibrate(every, ORIGIN)))
    rows = told[told["forecaster"] == HINDSIGHT]
    assert ahead.mixed is not None
    for name in ("NVDA.total", "EQIX.total"):
        mine = rows[rows["series"] == name]
        (i,) = [k for k, s in enumerate(ahead.series) if s.entity == name]
        np.testing.assert_array_equal(mine["location"], ahead.mixed.location[i, : len(mine)])
        shown = np.log(ahead.of(name)["p50"].to_numpy()[: len(mine)])
        apart = np.abs(mine["location"].to_numpy() - shown)
        assert (apart < 4.0 * mine["scale"] / np.sqrt(1_000.0)).all()


@pytest.mark.slow
def test_regimes_change_no_other_forecast(every: ms.Knowledge, told: pd.DataFrame) -> None:
    plain = hindcasts(every, ORIGIN, ORIGIN)
    assert HINDSIGHT not in set(plain["forecaster"])
    others = told[told["forecaster"] != HINDSIGHT].reset_index(drop=True)
    pd.testing.assert_frame_equal(plain, others, check_exact=True)


@pytest.mark.slow
def test_what_came_was_not_yet_published_and_is_what_was_reported(
    every: ms.Knowledge, told: pd.DataFrame
) -> None:
    for name in ("NVDA.total", "EQIX.total", "MU.total"):
        rows = every.select("quarterly_revenue", name).set_index("date")
        mine = told[(told["series"] == name) & (told["forecaster"] == MARKETSIM)]
        assert list(mine["horizon"]) == [1, 2, 3, 4][: len(mine)]
        came = rows.loc[mine["quarter_end"]]
        assert (came["published"] > ORIGIN).all()
        np.testing.assert_allclose(np.exp(mine["log_value"]), came["value"])
        assert mine["log_last"].iloc[0] == pytest.approx(
            np.log(rows[rows["published"] <= ORIGIN]["value"].iloc[-1])
        )


@pytest.mark.slow
def test_every_forecaster_speaks_of_the_same_quarters(told: pd.DataFrame) -> None:
    always = {MARKETSIM, HINDSIGHT, *PARTS, *available()}
    assert set(told["forecaster"]) == {*always, GUIDED}
    for _, rows in told.groupby(["series", "horizon"]):
        assert always <= set(rows["forecaster"])
    guided = told.loc[told["forecaster"] == GUIDED, "series"].unique()
    assert {"NVDA.total", "MU.total"} <= set(guided)
    assert "META capex" not in guided


@pytest.mark.slow
def test_no_forecast_is_marked_across_a_break(told: pd.DataFrame) -> None:
    """Microsoft redefined its segments from 2024-09-30 on."""
    ends = told[told["series"] == "MSFT.intelligent_cloud"]["quarter_end"]
    assert pd.Timestamp("2024-09-30") > ORIGIN
    assert (ends < pd.Timestamp("2024-09-30")).all()


@pytest.mark.slow
def test_scores_hold_groups_and_sums_and_parts(every: ms.Knowledge, told: pd.DataFrame) -> None:
    scores = ms.score_forecasts(every, ORIGIN, ORIGIN)
    groups = {"guided", "AI-exposed", "other revenue", "segments", "capital spending"}
    assert set(scores.by_group["group"]) == groups
    assert scores.parts == PARTS
    said = told[(told["forecaster"] == GUIDED) & (told["horizon"] == 1)]
    guided = scores.by_group.query("group == 'guided' and horizons == '1'")
    assert (guided["n"] == len(said)).all()
    sums = scores.sums.query("series == 'all companies' and horizons == '1'")
    assert set(sums["forecaster"]) == {MARKETSIM, APART}
    layers = set(every.universe.companies["layer"])
    assert set(scores.sums["series"]) <= {EVERY, AI, PORTFOLIO, LAYERS, *layers}


def test_origins_are_the_ends_of_quarters_after_which_something_came(every: ms.Knowledge) -> None:
    found = origins(every)
    assert found[0] == pd.Timestamp("2020-03-31")
    assert found.is_quarter_end.all()
    assert found[-1] < every.table["published"].max()


def test_without_an_origin_there_is_one_clear_error(every: ms.Knowledge) -> None:
    with pytest.raises(ms.MarketsimError, match="start earlier"):
        origins(every, "2031-01-01")
