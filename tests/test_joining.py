"""Closes of a renamed share: one column wherever it is cut, and nobody else's closes in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.errors import DataError, InputError
from marketsim.prices.joining import joined_panel, splits_by_present
from marketsim.prices.panel import read_panel
from marketsim.renames import Rename

DAYS = pd.bdate_range("2022-01-03", "2022-12-30", name="date").as_unit("us")
CUT = DAYS[120]


def walk(*tickers: str, seed: int = 0, level: float = 100.0) -> pd.DataFrame:
    steps = np.random.default_rng(seed).normal(0.0, 0.02, (len(DAYS), len(tickers)))
    return pd.DataFrame(level * np.exp(np.cumsum(steps, axis=0)), DAYS, list(tickers))


def rename(
    ticker: str = "NEW", former: str = "OLD", until: pd.Timestamp = CUT, *, taken: bool = False
) -> Rename:
    return Rename(ticker, former, until, taken, "made up")


WHOLE = walk("AAA", "NEW", "SPY")
OTHER = walk("X", seed=1, level=7.0)["X"]


def cut(panel: pd.DataFrame, until: pd.Timestamp = CUT) -> pd.DataFrame:
    """As a file has it that was kept by the tickers of each day."""
    old, new = (panel["NEW"].where(which) for which in (until >= DAYS, until < DAYS))
    return panel.assign(NEW=new, OLD=old)


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    pd.testing.assert_frame_equal(one, other, check_exact=True, check_freq=False)
    return True


# ------------------------------------------------------------------- one share


@given(st.integers(0, len(DAYS) - 1), st.sets(st.integers(0, len(DAYS) - 1)), st.booleans())
def test_wherever_it_is_cut_the_closes_are_those_of_the_whole(
    place: int, missing: set[int], long: bool
) -> None:
    assume(not missing.issuperset(range(place + 1)))
    whole = WHOLE.copy()
    whole.iloc[list(missing), 1] = np.nan
    parts = cut(whole, DAYS[place])
    if long:
        whole, parts = (
            one.melt(var_name="ticker", value_name="close", ignore_index=False).dropna()
            for one in (whole, parts)
        )
    closes, notes = joined_panel(parts, renames=[rename(until=DAYS[place])])
    assert same(closes, read_panel(whole))
    assert len(notes) == 1


@given(st.integers(0, len(DAYS) - 3), st.integers(1, 40))
def test_two_renames_are_followed_one_after_the_other(first: int, apart: int) -> None:
    one, two = DAYS[first], DAYS[min(first + apart, len(DAYS) - 2)]
    parts = WHOLE.assign(
        A=WHOLE["NEW"].where(one >= DAYS),
        B=WHOLE["NEW"].where((one < DAYS) & (two >= DAYS)),
        NEW=WHOLE["NEW"].where(two < DAYS),
    )
    chain = [rename("NEW", "B", two), rename("B", "A", one)]
    closes, notes = joined_panel(parts, renames=chain)
    assert same(closes, WHOLE)
    assert len(notes) == 2


def test_a_panel_without_former_tickers_is_what_it_was() -> None:
    panel = WHOLE.rename(columns={"NEW": "THIS"})
    assert same(joined_panel(panel, renames=[rename()]).closes, read_panel(panel))
    assert joined_panel(WHOLE, renames=[rename()]).notes == ()


def test_it_is_told_once_and_by_day() -> None:
    (note,) = joined_panel(cut(WHOLE), renames=[rename()]).notes
    assert note == (
        f"OLD is NEW since {DAYS[121]:%Y-%m-%d}: closes of OLD up to {CUT:%Y-%m-%d} are joined to "
        "those of NEW"
    )


def test_a_file_that_ends_before_the_rename_is_of_the_present_ticker() -> None:
    then = cut(WHOLE).drop(columns="NEW").loc[: DAYS[60], ["AAA", "OLD", "SPY"]]
    assert same(joined_panel(then, renames=[rename()]).closes, WHOLE.loc[: DAYS[60]])


def test_closes_that_both_columns_have_and_that_agree_are_one() -> None:
    near = WHOLE["NEW"] * (1.0 + 5e-7)
    for old in (near, near.where(DAYS[130] >= DAYS), near.where(DAYS[110] <= DAYS)):
        closes, _ = joined_panel(WHOLE.assign(OLD=old), renames=[rename()])
        assert list(closes) == ["AAA", "NEW", "SPY"]
        np.testing.assert_allclose(closes, WHOLE, rtol=1e-6)
        assert same(closes[CUT < DAYS], WHOLE[CUT < DAYS])


# ------------------------------------------------------------------- another share


@pytest.mark.parametrize("ends", [CUT, DAYS[80]], ids=["up to the day", "long before"])
def test_a_ticker_that_was_taken_leaves_no_close_of_the_other(ends: pd.Timestamp) -> None:
    parts = cut(WHOLE)
    parts["NEW"] = parts["NEW"].fillna(OTHER.where(ends >= DAYS))
    closes, (note,) = joined_panel(parts, renames=[rename(taken=True)])
    assert same(closes, WHOLE)
    assert f"closes of NEW up to {ends:%Y-%m-%d} are another share's, left out" in note


def test_closes_that_differ_under_a_ticker_that_nobody_had_are_refused(tmp_path: Path) -> None:
    parts = cut(WHOLE)
    parts.loc[DAYS[3], "NEW"] = 7.0
    parts.to_csv(tmp_path / "mine.csv")
    says = rf"mine.csv, line 5: OLD is NEW since .* both have a close on {DAYS[3]:%Y-%m-%d}, .* 7;"
    with pytest.raises(DataError, match=says):
        joined_panel(tmp_path / "mine.csv", renames=[rename()])


def test_a_former_ticker_that_goes_on_alone_is_refused() -> None:
    late = cut(WHOLE, DAYS[121])
    for parts in (WHOLE.rename(columns={"NEW": "OLD"}), late):
        with pytest.raises(DataError, match=f"close on {DAYS[121]:%Y-%m-%d} where NEW has none"):
            joined_panel(parts, renames=[rename()])


@pytest.mark.parametrize("begins", [121, 140], ids=["at once", "later"])
def test_a_former_ticker_that_another_share_got_stays_with_it(begins: int) -> None:
    parts = cut(WHOLE)
    other = OTHER.where(DAYS[begins] <= DAYS)
    parts["OLD"] = parts["OLD"].fillna(other)
    closes, (note,) = joined_panel(parts, renames=[rename()])
    assert same(closes[["AAA", "NEW", "SPY"]], WHOLE)
    assert same(closes[["OLD"]], other.to_frame("OLD"))
    assert f"OLD from {DAYS[begins]:%Y-%m-%d} on is another share, and stays" in note
    alone = WHOLE.assign(OLD=other)
    assert same(joined_panel(alone, renames=[rename()]).closes, alone)


@pytest.mark.parametrize("early", [1, 3, 10])
@pytest.mark.parametrize("ends", [None, 80], ids=["alone", "after another's"])
@pytest.mark.parametrize("last", [123, 117, len(DAYS) - 1])
def test_a_vendor_may_switch_some_days_before_the_rename(
    early: int, ends: int | None, last: int
) -> None:
    parts = cut(WHOLE, DAYS[120 - early])
    if ends is not None:
        parts["NEW"] = parts["NEW"].fillna(OTHER.where(DAYS[ends] >= DAYS))
    parts = parts[DAYS[last] >= DAYS]
    closes, (note,) = joined_panel(parts, renames=[rename(taken=True)])
    assert same(closes, WHOLE[DAYS[last] >= DAYS])
    assert f"closes of OLD up to {min(DAYS[120 - early], DAYS[last]):%Y-%m-%d} are joined" in note
    assert ("another share's" in note) is (ends is not None)


@pytest.mark.parametrize("begins", [100, 109, 118], ids=["long", "eleven days", "both"])
def test_what_is_no_early_switch_under_a_taken_ticker_is_anothers(begins: int) -> None:
    parts = cut(WHOLE, CUT if begins == 118 else DAYS[begins])
    other = OTHER.where((DAYS[begins] < DAYS) & (CUT >= DAYS))
    closes, (note,) = joined_panel(
        parts.assign(NEW=parts["NEW"].where(CUT < DAYS).fillna(other)), renames=[rename(taken=True)]
    )
    former = parts["OLD"].fillna(WHOLE["NEW"].where(CUT < DAYS))
    assert same(closes, WHOLE.assign(NEW=former))
    assert f"closes of NEW up to {CUT:%Y-%m-%d} are another share's, left out" in note


def with_anothers(panel: pd.DataFrame, ends: int, begins: int) -> pd.DataFrame:
    """Without the former column: the present one has another share's closes, then its own."""
    other = (0.5 * WHOLE["NEW"]).where(DAYS[ends] >= DAYS)
    return panel.assign(NEW=other.fillna(panel["NEW"].where(DAYS[begins] <= DAYS)))


@pytest.mark.parametrize(("begins", "hole"), [(121, 11), (121, 60), (112, 20), (140, 40)])
def test_without_the_former_column_what_a_hole_parts_is_anothers(begins: int, hole: int) -> None:
    ends = begins - hole - 1
    parts = with_anothers(WHOLE, ends, begins)
    closes, notes = joined_panel(parts, renames=[rename(taken=True)])
    assert same(closes, WHOLE.assign(NEW=WHOLE["NEW"].where(DAYS[begins] <= DAYS)))
    assert notes == (
        f"OLD is NEW since {DAYS[121]:%Y-%m-%d}: closes of NEW up to {DAYS[ends]:%Y-%m-%d} are "
        "another share's, left out",
    )
    assert same(joined_panel(parts, renames=[rename()]).closes, parts)


@pytest.mark.parametrize(("begins", "hole"), [(121, 10), (121, 0), (80, 30), (130, 9)])
def test_without_the_former_column_a_history_that_goes_on_stays(begins: int, hole: int) -> None:
    parts = WHOLE.copy()
    parts.iloc[begins - hole : begins, 1] = np.nan
    closes, notes = joined_panel(parts, renames=[rename(taken=True)])
    assert same(closes, parts)
    assert notes == ()


# ------------------------------------------------------------------- what closes can be


@pytest.mark.parametrize("long", [False, True])
def test_a_jump_at_the_seam_is_told_by_its_line(tmp_path: Path, long: bool) -> None:
    parts = cut(WHOLE)
    parts["OLD"] *= 10.0
    if long:
        parts = parts.melt(var_name="ticker", value_name="close", ignore_index=False).dropna()
    parts.to_csv(tmp_path / "mine.csv")
    lines = (tmp_path / "mine.csv").read_text(encoding="utf-8").splitlines()
    first = f"{DAYS[121]:%Y-%m-%d}," + "NEW" * long
    (line,) = [n for n, text in enumerate(lines, 1) if text.startswith(first)]
    says = rf"mine.csv, line {line}, column NEW: .* as at a split of 10 for 1.*joined to OLD\)"
    with pytest.raises(DataError, match=says):
        joined_panel(tmp_path / "mine.csv", renames=[rename()])
    assert "NEW" in joined_panel(tmp_path / "mine.csv", believe=["NEW"], renames=[rename()]).closes


def jumps_where_it_is_written(folder: Path, parts: pd.DataFrame, renames: list[Rename]) -> None:
    """A tenfold fall in a long file is told by the line and column that the file has."""
    parts.loc[DAYS[50] :, ["OLD", "NEW"]] /= 10.0
    long = parts.melt(var_name="ticker", value_name="close", ignore_index=False).dropna()
    long.to_csv(folder / "mine.csv")
    lines = (folder / "mine.csv").read_text(encoding="utf-8").splitlines()
    (line,) = [n for n, text in enumerate(lines, 1) if text.startswith(f"{DAYS[50].date()},OLD")]
    with pytest.raises(DataError, match=rf"mine.csv, line {line}, column OLD: "):
        joined_panel(folder / "mine.csv", renames=renames)


def test_a_jump_before_it_stands_where_the_file_has_it(tmp_path: Path) -> None:
    parts = cut(WHOLE)
    jumps_where_it_is_written(tmp_path, parts, [rename()])


@pytest.mark.parametrize(("place", "name"), [(50, "OLD"), (120, "OLD"), (122, "NEW")])
def test_a_fault_is_told_in_the_column_that_the_file_has(place: int, name: str) -> None:
    parts = cut(WHOLE)
    parts.loc[DAYS[place] :, ["OLD", "NEW"]] /= 10.0
    for keep in ((), ("NEW",)):
        with pytest.raises(DataError, match=rf"row {place}, column {name}: .* of 10 for 1"):
            joined_panel(parts, keep, renames=[rename()])
    assert list(joined_panel(parts, ("AAA",), renames=[rename()]).closes) == ["AAA", "SPY"]


@pytest.mark.parametrize("turned", [1, -1])
def test_a_jump_is_found_through_a_ticker_that_the_file_lacks(tmp_path: Path, turned: int) -> None:
    chain = [rename("BETWEEN", "OLD", DAYS[80]), rename("NEW", "BETWEEN", DAYS[81])][::turned]
    parts = cut(WHOLE.drop(DAYS[81]).reindex(DAYS), DAYS[80])
    jumps_where_it_is_written(tmp_path, parts, chain)


def test_splits_under_a_former_ticker_are_those_of_the_share() -> None:
    splits = pd.DataFrame(
        {"entity": ["AAA", "OLD", "OLD"], "date": [CUT, DAYS[50], DAYS[200]], "value": [2.0] * 3}
    )
    found = splits_by_present(splits, [rename()])
    assert list(found.itertuples(index=False, name=None)) == [
        ("AAA", CUT, 2.0),
        ("NEW", DAYS[50], 2.0),
        ("OLD", DAYS[200], 2.0),
    ]
    parts = cut(WHOLE)
    parts["OLD"] *= np.where(DAYS[50] > DAYS, 2.0, 1.0)
    with pytest.raises(DataError, match="as at its split of 2 for 1"):
        joined_panel(parts, splits=found, renames=[rename()])


# ------------------------------------------------------------------- as prices are asked for


def test_prices_are_the_same_as_of_the_whole_and_say_what_was_joined() -> None:
    whole, parts = (
        ms.load_prices(source=one, renames=[rename()], as_of=DAYS[200])
        for one in (WHOLE, cut(WHOLE))
    )
    assert same(parts.closes, whole.closes)
    assert same(parts.statistics, whole.statistics)
    assert whole.joined == ()
    assert len(parts.joined) == 1
    assert parts.select(["NEW"]).joined == parts.joined


@pytest.mark.parametrize(
    "given",
    [[("META", "FB", "2022-06-08")], {"FB": "META"}, rename(), "", 3],
    ids=["rows", "mapping", "one", "text", "number"],
)
def test_what_is_no_renames_is_told_where_they_come_from(given: object) -> None:
    says = (
        r"are none; give `load_facts\(add=FOLDER\).universe.renames`, .* FOLDER/former_tickers.csv"
    )
    for load in (ms.load_prices, lambda **asked: ms.prices.load_universe(["NEW"], **asked)):
        with pytest.raises(InputError, match=says):
            load(source=cut(WHOLE), renames=given)  # type: ignore[arg-type]


def test_those_that_ship_are_joined_by_default_and_a_check_says_so() -> None:
    names = ms.load_facts().universe.renames
    (one,) = [r for r in names if r.until in DAYS and r.until < CUT]
    whole = WHOLE.rename(columns={"NEW": one.ticker})
    parts = cut(WHOLE, one.until).rename(columns={"NEW": one.ticker, "OLD": one.former})
    assert same(ms.load_prices(source=parts).closes, whole)
    check = ms.prices.check_prices(parts)
    assert check.usable
    (told,) = [remark for remark in check.remarks if remark.verdict == "repaired"]
    assert f"closes of {one.former} up to" in str(told)
    assert same(check.closes, whole)
