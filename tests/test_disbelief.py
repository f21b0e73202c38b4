"""A forecast without a statement: as if it had not been made, and nothing else."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration.unsaid import with_said
from marketsim.errors import InputError
from marketsim.forecasting import Forecast
from marketsim.forecasting.disbelief import name_of, unmade
from marketsim.forecasting.projection import plain_forecast

PLAN = "plan of META of 2025-10-29 for the year to 2026-12-31"


@pytest.fixture(scope="module")
def without(published: Forecast) -> Forecast:
    return published.without(PLAN)


def row_of(said: Forecast, entity: str, quantity: str = "quarterly_revenue") -> int:
    keys = [(s.quantity, s.entity) for s in said.series]
    return keys.index((quantity, entity))


def said_by(said: Forecast, entity: str) -> list[str]:
    return [name for name in said.statements if f" of {entity} of " in name]


def test_every_statement_that_is_heard_has_a_name(published: Forecast) -> None:
    named = [name_of(one.said, published.series) for one in published.heard]
    assert PLAN in named
    assert list(published.statements) == list(dict.fromkeys(named))


def test_the_others_are_heard_and_it_is_not(published: Forecast, without: Forecast) -> None:
    assert set(published.statements) - set(without.statements) == {PLAN}
    assert not set(without.statements) - set(published.statements)
    assert [name_of(one, without.series) for one in without.silent] == [PLAN]


@pytest.mark.slow
def test_it_is_the_forecast_from_facts_that_lack_it(
    facts: ms.Knowledge, published: Forecast, without: Forecast
) -> None:
    """But for the noise of series, which a calibration to other facts finds anew."""
    table = facts.table
    gone = (
        table["quantity"].str.startswith("capex_plan")
        & (table["entity"] == "META")
        & (table["date"] == pd.Timestamp("2026-12-31"))
    )
    assert gone.any()
    lacking = ms.forecast(ms.calibrate(facts.with_facts(table[~gone].reset_index(drop=True))))
    assert lacking.statements == without.statements
    far, near = (np.abs(x.logs.location - lacking.logs.location) for x in (published, without))
    assert near.max() < 0.1 * far.max()
    assert far.max() > 0.02


def test_series_and_the_model_both_do_without(published: Forecast) -> None:
    without = published.without("plan of META")
    spent = row_of(published, "META", "quarterly_capex")
    assert without.logs.location[spent, 3] < published.logs.location[spent, 3]
    assert np.abs(without.apart.location - published.apart.location).max() > 1e-4
    np.testing.assert_array_equal(without.own.location, published.own.location)
    # Reports alone leave the same assumptions, whatever was said.
    np.testing.assert_allclose(without.structure, published.structure, atol=1e-7)


def test_a_floor_the_model_has_not_heard_so_that_it_stays(
    published: Forecast, without: Forecast
) -> None:
    assert all(one.floor for one in without.silent)
    np.testing.assert_array_equal(without.apart.location, published.apart.location)


def test_parts_add_up_without_it_as_well(without: Forecast) -> None:
    for one in without.explained("META", 4):
        assert sum(part.log for part in one.parts) == pytest.approx(one.location, abs=1e-9)
        assert PLAN not in {part.label for part in one.parts}


def test_a_name_that_begins_several_leaves_them_all_out(published: Forecast) -> None:
    mine = [name for name in said_by(published, "META") if name.startswith("plan")]
    assert len(mine) == 2
    both = published.without("plan of meta")
    assert not set(mine) & set(both.statements)
    one_by_one = published.without(mine[0]).without(mine[1])
    np.testing.assert_allclose(both.logs.location, one_by_one.logs.location, atol=1e-7)


def test_guidance_gone_a_quarter_is_what_it_was_before(published: Forecast) -> None:
    """No other statement settles it; what is said of years still tells of it."""
    without = published.without("guidance of NVDA")
    row = row_of(published, "NVDA.total")
    settled, free = (x.logs.scale[row, 0] for x in (published, without))
    assert free > 1.5 * settled
    unheard = without.unheard.location[row, 0]
    assert abs(without.logs.location[row, 0] - unheard) < abs(
        published.logs.location[row, 0] - unheard
    )


def test_what_it_took_the_place_of_is_gone_too(facts: ms.Knowledge, published: Forecast) -> None:
    """An earlier plan for the same year does not come back; reports and other years stay."""
    said = [one.said for one in published.heard if name_of(one.said, published.series) == PLAN]
    left = unmade(facts, said, published.series).table
    gone = facts.table.merge(left, how="left", indicator=True).query("_merge == 'left_only'")
    assert set(gone["entity"]) == {"META"}
    assert set(gone["date"]) == {pd.Timestamp("2026-12-31")}
    assert gone["quantity"].str.startswith("capex_plan").all()


def test_a_figure_goes_with_the_bound_on_the_same_year(posterior: ms.Posterior) -> None:
    """And the model hears neither, as if both had never been said."""
    table = posterior.knowledge.table
    floor = table[
        (table["quantity"] == "capex_plan_low")
        & (table["entity"] == "META")
        & (table["date"] == pd.Timestamp("2026-12-31"))
    ].tail(1)
    early = floor.assign(
        quantity="capex_plan", published=pd.Timestamp("2025-07-30"), value=floor["value"] * 0.9
    )
    known = posterior.knowledge.with_facts(pd.concat([table, early], ignore_index=True))
    ahead = ms.forecast(replace(with_said(posterior, known), knowledge=known))
    year = [name for name in said_by(ahead, "META") if name.endswith("2026-12-31")]
    assert len(year) == 2
    without = ahead.without(PLAN)
    assert not set(year) & set(without.statements)
    never = ms.forecast(posterior).without(PLAN)
    np.testing.assert_allclose(without.logs.location, never.logs.location, atol=1e-7)


@pytest.mark.slow
def test_months_are_gone_with_what_they_tell() -> None:
    ahead = ms.forecast(ms.calibrate(ms.load_facts(), "2023-06-30"))
    (months,) = (name for name in ahead.statements if name.startswith("months of TSM"))
    assert months not in ahead.without(months).statements
    said = [one.said for one in ahead.heard if name_of(one.said, ahead.series) == months]
    known = ahead.posterior.knowledge
    left = unmade(known, said, ahead.series)
    gone = len(known.table) - len(left.table)
    assert gone == 1  # the second month, from which on months tell of their quarter
    assert not said[0].kind.rows(left)["date"].eq(pd.Timestamp("2023-06-30")).any()


def test_over_regimes_the_regimes_stay(mixed: Forecast) -> None:
    without = mixed.without(PLAN)
    assert without.shifted is not None
    assert mixed.shifted is not None
    assert without.shifted.shape == mixed.shifted.shape
    assert without.about_regimes().startswith("Shown is the mixture of 7 regimes")
    np.testing.assert_allclose(without.shifted, mixed.shifted, atol=0.05)


@pytest.mark.slow
def test_the_future_is_not_read(posterior: ms.Posterior) -> None:
    """A posterior of rewritten later facts hears the same: nothing after its date is known."""
    every = ms.load_facts()
    later = every.table["published"] > pd.Timestamp("2024-06-30")
    values = every.table["value"].where(~later, 3.7 * every.table["value"])
    rewritten = every.with_facts(every.table.assign(value=values))
    one, other = (
        ms.forecast(ms.calibrate(x, "2024-06-30")).without("plan of META")
        for x in (every, rewritten)
    )
    np.testing.assert_array_equal(one.logs.location, other.logs.location)
    np.testing.assert_array_equal(one.structure, other.structure)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plam of META", "Did you mean 'plan of META'"),
        ("plan of MET", "Did you mean 'plan of META'"),
        ("", "Heard are: annual guidance of"),
        ("guidance of NVIDIA", "guidance of NVDA.total of 2025-11-19"),
    ],
)
def test_what_is_not_heard_is_named_with_what_is(published: Forecast, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        published.without(name)


def test_a_line_says_which_distribution_is_shown(published: Forecast, mixed: Forecast) -> None:
    assert "without the shift of any regime" in published.about_regimes("NVDA")
    assert mixed.shifted is not None
    row = row_of(mixed, "EQIX.total")
    share = 100.0 * np.expm1(mixed.shifted[row, -1])
    assert f"medians 4 ahead by {share:+.1f} %; past" in mixed.about_regimes("EQIX")


def test_worlds_that_keep_a_forecast_do_not_keep_a_posterior(posterior: ms.Posterior) -> None:
    """What is kept for as long as a posterior lives must not make it live for ever."""
    copy = replace(posterior)
    plain_forecast(copy)
    seen = weakref.ref(copy)
    del copy
    gc.collect()
    assert seen() is None


def test_whoever_hears_the_same_has_the_same_fit(posterior: ms.Posterior) -> None:
    again = with_said(posterior, posterior.knowledge)
    pd.testing.assert_frame_equal(again.fit, posterior.fit, atol=1e-9)
