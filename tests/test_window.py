"""Fiscal periods on calendar quarters: exact where they agree, a mixture where they do not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.calibration import HISTORY, SPAN, Window, window_at

WINDOW = window_at(pd.Timestamp("2025-12-31"))
NEAR = 0.07
"""A period that ends within this part of a quarter counts as ending with it."""

days = st.dates(date(2020, 1, 1), date(2027, 12, 31)).map(pd.Timestamp)


def weights(*dates: str | pd.Timestamp) -> np.ndarray:
    return WINDOW.weights(pd.DatetimeIndex(dates))


def test_the_window_is_the_four_years_that_end_with_the_last_finished_quarter() -> None:
    assert len(WINDOW.quarters) == HISTORY == 16
    assert WINDOW.start == pd.Timestamp("2022-01-01")
    assert WINDOW.history_ends[-1] == pd.Timestamp("2025-12-31")
    assert WINDOW.start_year == pytest.approx(2022.25 - 2025.0)
    assert WINDOW.ends(20)[0] == pd.Timestamp("2026-03-31")
    assert WINDOW.ends(20)[-1] == pd.Timestamp("2030-12-31")


def test_a_quarter_counts_from_its_last_day() -> None:
    assert window_at(pd.Timestamp("2025-12-30")).last == pd.Period("2025Q3", freq="Q-DEC")
    assert window_at(pd.Timestamp("2026-03-30")) == WINDOW
    assert window_at(pd.Timestamp("2026-03-31")) == Window(pd.Period("2026Q1", freq="Q-DEC"))


def test_calendar_quarters_are_read_as_they_are() -> None:
    np.testing.assert_array_equal(WINDOW.weights(WINDOW.history_ends), np.eye(HISTORY, SPAN))


@pytest.mark.parametrize("stamp", ["2023-04-01", "2023-03-31", "2023-03-26"])
def test_a_few_days_either_way_are_the_calendar_quarter(stamp: str) -> None:
    expected = np.zeros((1, SPAN))
    expected[0, 4] = 1.0
    np.testing.assert_array_equal(weights(stamp), expected)


def test_a_quarter_that_ends_a_month_in_is_two_thirds_the_one_before() -> None:
    (row,) = weights("2025-01-31")
    assert row[11] == pytest.approx(2 / 3)
    assert row[12] == pytest.approx(1 / 3)
    (row,) = weights("2025-02-28")
    assert row[11] == pytest.approx(1 / 3)
    assert row[12] == pytest.approx(2 / 3)


@pytest.mark.parametrize("stamp", ["2021-12-31", "2022-01-31", "2022-02-27", "2027-01-31"])
def test_periods_that_reach_outside_have_no_weight(stamp: str) -> None:
    assert not weights(stamp).any()


@given(days)
def test_rows_sum_to_one_inside_and_to_nothing_outside(day: pd.Timestamp) -> None:
    (row,) = weights(day)
    assert (row >= 0.0).all()
    assert row.sum() == pytest.approx(1.0) or not row.any()
    inside = pd.Timestamp("2022-03-31") <= day <= pd.Timestamp("2025-12-31")
    assert inside <= (row.sum() > 0.5)


@given(days)
def test_a_straight_line_is_read_where_the_period_ends(day: pd.Timestamp) -> None:
    (row,) = weights(day)
    if row.any():
        (where,) = WINDOW.position(pd.DatetimeIndex([day]))
        assert row @ np.arange(SPAN) == pytest.approx(where, abs=NEAR)
        used = np.flatnonzero(row)
        assert used[-1] - used[0] <= 1


@given(days, st.integers(1, 400))
def test_later_is_further(day: pd.Timestamp, more: int) -> None:
    first, then = WINDOW.position(pd.DatetimeIndex([day, day + pd.Timedelta(days=more)]))
    assert then > first
    assert then - first == pytest.approx(more / 91.3, abs=0.05 + 0.01 * more / 91.3)


def test_a_year_is_the_mean_of_its_quarters() -> None:
    """Whole years sum to one; a year that began before the window to the part inside."""
    window = window_at(pd.Timestamp("2025-12-31"))
    rows = window.yearly(pd.DatetimeIndex(["2025-12-31", "2022-12-31", "2022-06-30"]))
    np.testing.assert_allclose(rows.sum(axis=1), [1.0, 1.0, 0.5])
    np.testing.assert_allclose(rows[0, HISTORY - 4 : HISTORY], 0.25)
    np.testing.assert_allclose(rows[1, :4], 0.25)
