"""Adjusted closes: total returns, nothing of the future, and the levels that were traded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.prices.adjusting import adjusted_closes, splits_of, unlike
from marketsim.prices.bars import bars_fault

DAYS = pd.bdate_range("2024-01-01", periods=120, name="date")


def bars(seed: int = 0, **events: dict[int, float]) -> pd.DataFrame:
    """Bars of a walk; `dividend` and `split` by number of the session."""
    steps = np.random.default_rng(seed).normal(0.0, 0.02, len(DAYS))
    frame = pd.DataFrame(
        {"close": 50.0 * np.exp(steps.cumsum()), "volume": 1e3, "dividend": 0.0, "split": 1.0}, DAYS
    )
    for name, amounts in events.items():
        frame.loc[DAYS[list(amounts)], name] = list(amounts.values())
    return frame


def test_without_events_closes_are_as_they_were() -> None:
    np.testing.assert_array_equal(adjusted_closes(bars(), DAYS[-1]), bars()["close"])


def test_a_dividend_is_part_of_the_return_of_its_day() -> None:
    frame = bars(dividend={60: 2.0})
    ours = adjusted_closes(frame, DAYS[-1])
    close = frame["close"].to_numpy(float)
    steps = ours.to_numpy(float)[1:] / ours.to_numpy(float)[:-1]
    expected = close[1:] / close[:-1]
    expected[59] = close[60] / (close[59] - 2.0)
    np.testing.assert_allclose(steps, expected, rtol=1e-12)
    assert ours.iloc[-1] == close[-1]


def test_a_split_to_come_is_undone() -> None:
    """Yahoo's closes hold it; those known on a day before it do not."""
    frame = bars(split={60: 4.0, 90: 2.0})
    np.testing.assert_allclose(
        adjusted_closes(frame, DAYS[59]), 8.0 * frame["close"].iloc[:60], rtol=1e-12
    )
    np.testing.assert_allclose(
        adjusted_closes(frame, DAYS[60]), 2.0 * frame["close"].iloc[:61], rtol=1e-12
    )
    np.testing.assert_array_equal(adjusted_closes(frame, DAYS[-1]), frame["close"])
    assert splits_of(frame, "AAA", DAYS[89]).to_numpy().tolist() == [["AAA", DAYS[60], 4.0]]


@given(cut=st.integers(1, 118), seed=st.integers(0, 99), day=st.integers(1, 119))
def test_what_comes_later_changes_nothing_before(cut: int, seed: int, day: int) -> None:
    """Neither a dividend nor a split, which Yahoo divides all closes before it by."""
    frame = bars(seed, dividend={day: 1.0})
    later = frame.copy()
    known = np.arange(len(DAYS)) <= cut
    later.loc[~known, "close"] *= 3.0
    later.loc[DAYS[119], ["dividend", "split"]] = [2.0, 5.0]
    later["close"] = later["close"].where(~known, frame["close"] / 5.0)
    later["dividend"] = later["dividend"].where(~known, frame["dividend"] / 5.0)
    np.testing.assert_allclose(
        adjusted_closes(later, DAYS[cut]), adjusted_closes(frame, DAYS[cut]), rtol=1e-12
    )


def test_yahoos_own_adjustment_is_compared() -> None:
    frame = bars(dividend={40: 1.0, 80: 1.0})
    theirs = adjusted_closes(frame, DAYS[-1])
    assert unlike(frame, theirs) == ""
    assert unlike(frame, theirs * 1.0001) == ""  # rounded
    told = unlike(frame.assign(dividend=0.0), theirs)
    assert "most of it on" in told
    assert any(f"{DAYS[day]:%Y-%m-%d}" in told for day in (40, 80))
    assert "no positive numbers" in unlike(frame, theirs * np.nan)


@pytest.mark.parametrize(
    ("rows", "column", "value", "why"),
    [
        (50, "close", np.nan, "closes that are not positive numbers"),
        (50, "close", np.inf, "closes that are not positive numbers"),
        (50, "split", 0.0, "splits that are not positive ratios"),
        (50, "split", np.nan, "splits that are not positive ratios"),
        (50, "dividend", -1.0, "dividends that are no amounts"),
        (50, "dividend", 1e6, "a dividend as large as the close before it"),
    ],
)
def test_bars_that_cannot_be_are_told_with_their_day(
    rows: int, column: str, value: float, why: str
) -> None:
    frame = bars()
    frame.loc[DAYS[rows], column] = value
    assert bars_fault(frame, "AAA") == f"{why}, as on {DAYS[rows]:%Y-%m-%d}"


def test_days_are_in_order_and_none_is_missing() -> None:
    assert bars_fault(bars(), "AAA") == ""
    assert bars_fault(bars().iloc[:0], "AAA") == "no closes"
    assert "in order" in bars_fault(bars().iloc[::-1], "AAA")
    assert "in order" in bars_fault(pd.concat([bars(), bars().iloc[-1:]]), "AAA")
    assert bars_fault(bars().drop(DAYS[50:55]), "AAA") == ""
    assert "more than 5 weekdays" in bars_fault(bars().drop(DAYS[50:56]), "AAA")
