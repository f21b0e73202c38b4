"""Breaks in definition: what is recast is recast, what is not is marked, and only once known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import DataError, InputError
from marketsim.knowledge.breaks import Break
from marketsim.knowledge.currency import EUR_USD
from marketsim.knowledge.table import COLUMNS

EVERY = ms.load_facts()
CLOUD, RECAST = "MSFT.intelligent_cloud", "MSFT.intelligent_cloud_recast_fy25"
BREAK = pd.Timestamp("2024-09-30")


def of(rows: pd.DataFrame, entity: str) -> pd.DataFrame:
    return rows[rows["entity"] == entity].set_index("date")


def table(rows: list[tuple[str, str, str, float]], unit: str = "USD m") -> ms.knowledge.Facts:
    """Facts of quarterly revenue from (entity, date, published, value)."""
    frame = pd.DataFrame(rows, columns=["entity", "date", "published", "value"])
    frame = frame.assign(
        quantity="quarterly_revenue", unit=unit, source="made", confidence="sourced", note=""
    )
    for column in ("date", "published"):
        frame[column] = pd.to_datetime(frame[column])
    return ms.knowledge.Facts(
        frame[list(COLUMNS)].sort_values(list(COLUMNS[:4]), ignore_index=True)
    )


# ----------------------------------------------------------------------- nothing breaks


def test_a_series_without_a_break_is_as_reported() -> None:
    found = of(EVERY.reported("quarterly_revenue"), "META.total")
    raw = EVERY.series("quarterly_revenue", "META.total")
    np.testing.assert_array_equal(found["value"], raw.to_numpy())
    assert (found["definition"] == 0).all()


def test_euros_become_dollars() -> None:
    found = of(EVERY.reported("quarterly_revenue"), "ASML.total")
    raw = EVERY.series("quarterly_revenue", "ASML.total")
    np.testing.assert_allclose(found["value"], raw.to_numpy() * EUR_USD)
    assert (found["unit"] == "EUR m").all()


def test_capital_spending_has_no_break() -> None:
    found = EVERY.reported("quarterly_capex")
    raw = EVERY.select("quarterly_capex")
    np.testing.assert_array_equal(found["value"], raw["value"])
    assert (found["definition"] == 0).all()


def test_an_unknown_quantity_is_named() -> None:
    with pytest.raises(InputError, match="no quantity 'revenu'"):
        EVERY.reported("revenu")


def test_no_rows_give_an_empty_table() -> None:
    nothing = ms.load_facts(as_of="2010-01-01")
    found = nothing.reported("quarterly_revenue")
    assert found.empty
    assert "definition" in found


# ----------------------------------------------------------------------- redefined


def test_a_recast_past_is_the_recast_one() -> None:
    found = of(EVERY.reported("quarterly_revenue"), CLOUD)
    recast = EVERY.series("quarterly_revenue", RECAST)
    np.testing.assert_array_equal(found["value"].loc[recast.index], recast)
    assert (found["definition"].loc[recast.index] == 0).all()
    assert found.index.is_monotonic_increasing
    assert found.index.is_unique


def test_older_rows_are_scaled_by_the_geometric_mean_ratio() -> None:
    found = of(EVERY.reported("quarterly_revenue"), CLOUD)
    raw = EVERY.series("quarterly_revenue", CLOUD)
    recast = EVERY.series("quarterly_revenue", RECAST)
    ratio = np.exp(np.log(recast / raw.loc[recast.index]).mean())
    older = raw[raw.index < recast.index[0]]
    np.testing.assert_allclose(found["value"].loc[older.index], older * ratio)
    assert (found["definition"].loc[older.index] == 1).all()
    assert not (found["confidence"].loc[older.index] == "sourced").any()
    assert ratio < 1.0


def test_the_joint_hides_no_jump() -> None:
    found = of(EVERY.reported("quarterly_revenue"), CLOUD)["value"]
    raw = EVERY.series("quarterly_revenue", CLOUD)
    assert np.log(raw).diff().min() < -0.15
    assert np.log(found).diff().min() > -0.08


def test_growth_before_the_recast_is_that_of_the_old_series() -> None:
    found = of(EVERY.reported("quarterly_revenue"), "DELL.total")["value"]
    raw = EVERY.series("quarterly_revenue", "DELL.total")
    old = raw.index[raw.index < pd.Timestamp("2021-04-01")]
    np.testing.assert_allclose(found.loc[old].pct_change()[1:], raw.loc[old].pct_change()[1:])


def test_recast_rows_are_no_series_of_their_own() -> None:
    for facts in (EVERY, EVERY.upto("2024-12-31"), EVERY.upto("2022-12-31")):
        entities = set(facts.reported("quarterly_revenue")["entity"])
        assert not entities & {RECAST, "DELL.total_recast_ex_vmware"}


def test_a_value_in_a_new_form_is_known_from_the_recast_on() -> None:
    found = of(EVERY.reported("quarterly_revenue"), CLOUD)
    recast = EVERY.select("quarterly_revenue", RECAST)["published"].max()
    assert (found["published"][found.index < BREAK] >= recast).all()


# ----------------------------------------------------------------------- point in time


def test_a_break_is_honoured_from_the_first_report_on() -> None:
    """Until then the old rows stand; then they are marked; once recast, they are scaled."""
    raw = EVERY.series("quarterly_revenue", CLOUD)
    before = of(EVERY.upto("2024-10-29").reported("quarterly_revenue"), CLOUD)
    np.testing.assert_array_equal(before["value"], raw.loc[before.index])
    assert (before["definition"] == 0).all()
    between = of(EVERY.upto("2024-10-30").reported("quarterly_revenue"), CLOUD)
    np.testing.assert_array_equal(between["value"], raw.loc[between.index])
    assert (between["definition"] == (between.index < BREAK)).all()
    after = of(EVERY.upto("2024-11-14").reported("quarterly_revenue"), CLOUD)
    assert after["value"].iloc[0] < raw.iloc[0]


@pytest.mark.parametrize("date", ["2019-11-30", "2022-05-04", "2022-08-04", "2024-11-01"])
def test_later_rows_change_nothing(date: str) -> None:
    early = EVERY.upto(date).reported("quarterly_revenue")
    late = EVERY.table["published"] > pd.Timestamp(date)
    changed = EVERY.table.assign(value=EVERY.table["value"].where(~late, 1.0))
    again = EVERY.with_facts(changed).upto(date).reported("quarterly_revenue")
    pd.testing.assert_frame_equal(early, again)


# ----------------------------------------------------------------------- mergers


def test_rows_before_a_merger_are_kept_and_marked() -> None:
    found = EVERY.reported("quarterly_revenue")
    for cut in EVERY.universe.breaks:
        rows = of(found, cut.entity)
        raw = EVERY.series("quarterly_revenue", cut.entity)
        if cut.kind == "merger":
            np.testing.assert_array_equal(rows["value"], raw)
            assert (rows["definition"][rows.index < cut.first] == 1).all()


def test_after_the_last_merger_the_definition_is_current() -> None:
    found = of(EVERY.reported("quarterly_revenue"), "COHR.total")
    assert (found["definition"] == (found.index < pd.Timestamp("2022-09-30"))).all()
    earlier = of(EVERY.upto("2022-11-08").reported("quarterly_revenue"), "COHR.total")
    assert (earlier["definition"] == (earlier.index < pd.Timestamp("2019-12-31"))).all()


def test_every_break_is_of_a_series_we_hold() -> None:
    entities = set(EVERY.select("quarterly_revenue")["entity"])
    for cut in EVERY.universe.breaks:
        dates = EVERY.series("quarterly_revenue", cut.entity).index
        assert cut.first in dates
        assert dates[0] < cut.first
        assert cut.recast in {"", *entities}


@pytest.mark.parametrize(
    "entity", ["AVGO.total", "COHR.total", "DLR.total", "NRG.total", "ORCL.total", CLOUD]
)
def test_a_break_stands_out_of_the_numbers(entity: str) -> None:
    """Where growth is slow: a year's growth across the break is half again as unusual as others."""
    growth = np.log(EVERY.series("quarterly_revenue", entity)).diff(4).dropna()
    for cut in (b for b in EVERY.universe.breaks if b.entity == entity):
        across = growth[growth.index >= cut.first][:4]
        rest = growth.drop(across.index)
        unusual = abs(across - rest.median()).mean()
        assert unusual > 1.5 * abs(rest - rest.median()).mean(), cut


# ----------------------------------------------------------------------- small cases, and faults


def with_breaks(facts: ms.knowledge.Facts, *rows: tuple[str, str, str, str]) -> ms.Knowledge:
    """Facts with breaks (entity, first, recast, kind) of one's own."""
    breaks = tuple(Break(e, pd.Timestamp(d), r, k, "made") for e, d, r, k in rows)
    universe = replace(EVERY.universe, breaks=breaks)
    return replace(EVERY, facts=facts, universe=universe)


YEAR = ["2020-03-31", "2020-06-30", "2020-09-30", "2020-12-31"]


def test_a_redefinition_then_a_merger() -> None:
    """Recast values stand in the current definition until a merger makes them old again."""
    old = [("A.x", d, d, v) for d, v in zip(YEAR, (10.0, 20.0, 15.0, 40.0), strict=True)]
    known = with_breaks(
        table([*old, ("A.new", "2020-06-30", "2020-10-31", 10.0)]),
        ("A.x", "2020-09-30", "A.new", "redefined"),
        ("A.x", "2020-12-31", "", "merger"),
    )
    found = known.upto("2020-12-30").reported("quarterly_revenue")
    np.testing.assert_allclose(found["value"], [5.0, 10.0, 15.0])
    np.testing.assert_array_equal(found["definition"], [1, 0, 0])
    found = known.reported("quarterly_revenue")
    np.testing.assert_allclose(found["value"], [5.0, 10.0, 15.0, 40.0])
    np.testing.assert_array_equal(found["definition"], [1, 1, 1, 0])


def test_a_recast_without_overlap_scales_nothing() -> None:
    rows = [("A.x", d, d, 10.0) for d in (YEAR[0], YEAR[3])]
    facts = table([*rows, ("A.new", "2020-09-30", "2020-11-30", 8.0)])
    known = with_breaks(facts, ("A.x", "2020-12-31", "A.new", "redefined"))
    found = known.reported("quarterly_revenue")
    np.testing.assert_allclose(found["value"], [10.0, 8.0, 10.0])
    np.testing.assert_array_equal(found["definition"], [1, 0, 0])
    np.testing.assert_array_equal(found["entity"], ["A.x"] * 3)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "breaks.csv").write_text(
        "entity,first,recast,kind,source\n"
        "A.total,2020-13-01,,merged,it merged\n"
        ",2020-03-31,B.new,merger,it merged\n"
        "C.total,2020-03-31,,merger,it, merged\n"
    )
    with pytest.raises(DataError) as caught:
        ms.load_facts(add=tmp_path)
    place = f"{tmp_path.name}/breaks.csv"
    said = [fault.removeprefix(place) for fault in str(caught.value).splitlines()]
    assert said == [
        ", line 2, column first: '2020-13-01' is not a day; write it as 2025-12-31",
        ", line 2, column kind: 'merged' is not a kind of break; write redefined or merger."
        " Did you mean 'merger'?",
        ", line 3, column entity: is empty",
        ", line 3, column recast: a merger has none; write redefined, or leave it empty",
        ", line 4: 6 fields instead of 5; quote a field that holds ','",
    ]
