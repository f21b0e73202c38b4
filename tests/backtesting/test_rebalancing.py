"""When decisions fall: sessions, periods, and days of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim.backtesting.rebalancing import decision_rows
from marketsim.errors import InputError

ROWS = pd.bdate_range("2021-01-01", "2021-03-31", name="date")
OPEN = np.ones(len(ROWS), dtype=bool)


def days(rebalance: Any, traded: np.ndarray = OPEN) -> list[str]:
    return [f"{one:%Y-%m-%d}" for one in ROWS[decision_rows(ROWS, rebalance, traded)]]


def test_every_session_is_a_day_of_decision_where_that_is_asked() -> None:
    assert len(days("daily")) == len(ROWS)


def test_a_period_that_begins_on_a_holiday_begins_on_the_next_session() -> None:
    closed = np.isin(ROWS, pd.DatetimeIndex(["2021-01-01", "2021-02-01", "2021-02-02"]))
    assert days("monthly", ~closed) == ["2021-01-04", "2021-02-03", "2021-03-01"]


def test_a_period_without_any_session_has_no_decision() -> None:
    february = ROWS.month == 2
    assert days("monthly", ~february) == ["2021-01-01", "2021-03-01"]


def test_days_of_ones_own_fall_on_the_next_session_in_any_order() -> None:
    asked = ["2021-02-13", np.datetime64("2021-01-06"), pd.Timestamp("2021-03-31 16:00")]
    assert days(asked) == ["2021-01-06", "2021-02-15", "2021-03-31"]
    assert days(["2020-06-01", "2021-01-06"]) == ["2021-01-06"]  # before the walk


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("montly", r"'montly' is none of daily, weekly, monthly, quarterly.*Did you mean"),
        ("2021-01-15", r"no list of days\. Give days as a list: \['2021-01-15'\]"),
        ([], "rebalance holds no day"),
        (3, "rebalance=3 is none of"),
        (["2021-01-05", "5 January"], "rebalance='5 January' is not a day"),
        (["2021-01-05", "2021-01-05"], "rebalance gives 2021-01-05 twice"),
        (["2021-05-05"], "2021-05-05 has no session on it or within a week after"),
        (["2021-01-09", "2021-01-10"], "2021-01-10 falls on the session of another day"),
        (["2019-01-09"], "no day lies from 2021-01-01 to 2021-03-31"),
    ],
)
def test_what_is_no_day_of_decision_is_refused(asked: Any, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        days(asked)
