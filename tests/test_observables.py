"""The catalogue: complete, one file each, and each measure what its file says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import observables
from marketsim.calibration import window_at
from marketsim.calibration.observations import observe, survey
from marketsim.errors import InputError
from marketsim.forecasting.panel import panel
from marketsim.knowledge import DOUBT
from marketsim.model import Quarter
from marketsim.model.tree import leaf
from marketsim.observables import (
    CATALOGUE,
    NOT_OBSERVED,
    Observable,
    described,
    of_kind,
)
from marketsim.observables.memory_price import accumulated
from marketsim.statements import STATEMENTS, statements_described

AS_OF = pd.Timestamp("2025-12-31")
ROOT = Path(__file__).parents[1]
HELPERS = {
    *("__init__", "catalogue", "not_observed", "observable", "totals", "seasons"),
}

each = pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.kind)


@pytest.fixture(scope="module")
def every() -> ms.Knowledge:
    return ms.load_facts()


@pytest.fixture(scope="module")
def quarters() -> Quarter:
    """Three quarters of six lines and three classes, of no world in particular."""
    chance = np.random.default_rng(0)
    wide = {"lines": (3, 6), "tokens": (3, 3), "token_price": (3, 3)}
    names = Quarter.__dataclass_fields__
    return Quarter(**{n: leaf(chance.uniform(0.5, 2.0, wide.get(n, (3,)))) for n in names})


# ----------------------------------------------------------------------- complete


def test_every_quantity_is_observed_or_left_out_for_a_reason(every: ms.Knowledge) -> None:
    observed = {name for one in (*CATALOGUE, *STATEMENTS) for name in one.quantities}
    assert observed | set(NOT_OBSERVED) == set(every.quantities.index)
    assert not observed & set(NOT_OBSERVED)
    assert all(len(reason) > 20 for reason in NOT_OBSERVED.values())


def test_every_file_is_one_observable_of_its_name() -> None:
    folder = Path(str(observables.__file__)).parent
    files = {path.stem for path in folder.glob("*.py")} - HELPERS
    assert files == {one.kind for one in CATALOGUE}
    assert len(CATALOGUE) == len(files)


def test_an_unknown_kind_suggests_the_nearest() -> None:
    assert of_kind("revenue") is CATALOGUE[0]
    with pytest.raises(InputError, match=r"no observable 'revenues'\. Did you mean 'revenue'"):
        of_kind("revenues")


def test_the_documentation_holds_the_catalogue() -> None:
    """`make docs` writes it."""
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- observables: begin")
    table, end, _ = rest.partition("<!-- observables: end")
    assert end
    assert table.partition("-->\n")[2] == "\n".join(described()) + "\n"


def test_the_documentation_holds_the_statements() -> None:
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- statements: begin")
    table, end, _ = rest.partition("<!-- statements: end")
    assert end
    assert table.partition("-->\n")[2] == "\n".join(statements_described()) + "\n"


# ----------------------------------------------------------------------- each


@each
def test_its_reports_are_facts_of_its_quantities(one: Observable, every: ms.Knowledge) -> None:
    """Without its quantities it has no reports, and without any other the same ones.

    What is said ahead is believed by what came of it before, and so needs the outcomes too.
    """
    known = every.upto("2025-12-31") if one.horizon == "ahead" else every
    of_its = known.table["quantity"].isin(one.quantities)
    outcomes = known.table["quantity"].isin({kind.of for kind in STATEMENTS})
    enough = of_its | outcomes if one.horizon == "ahead" else of_its
    alone, without = known.with_facts(known.table[enough]), known.with_facts(known.table[~of_its])
    told = {r.name: r.rows for r in one.reports(known) if len(r.rows)}
    again = {r.name: r.rows for r in one.reports(alone) if len(r.rows)}
    assert told
    assert told.keys() == again.keys()
    for name, rows in told.items():
        np.testing.assert_array_equal(rows["value"], again[name]["value"])
    assert not any(len(r.rows) for r in one.reports(without))


@each
def test_its_reports_are_positive_dated_and_as_sure_as_they_say(
    one: Observable, every: ms.Knowledge
) -> None:
    for report in one.reports(every):
        assert (report.rows["value"] > 0.0).all()
        assert report.rows["date"].is_monotonic_increasing
        assert set(report.rows["confidence"]) <= set(DOUBT)
        assert (report.lines is not None) == one.by_line


@each
def test_its_measure_is_positive_by_quarter_and_of_one_quarter_alone(
    one: Observable, quarters: Quarter
) -> None:
    """So that it may be read off a path, or a quarter at a time."""
    seen = np.asarray(one.measure(quarters))
    assert seen.shape == ((3, 6) if one.by_line else (3,))
    assert (seen > 0.0).all()
    last = Quarter(**{name: getattr(quarters, name)[-1] for name in Quarter.__dataclass_fields__})
    np.testing.assert_allclose(np.asarray(one.measure(last)), seen[-1], rtol=1e-6)


@each
def test_its_noise_has_a_floor_and_a_reason(one: Observable) -> None:
    assert 0.0 < one.floor < 1.0
    assert one.reason
    assert one.measured
    assert one.meaning
    assert one.unit
    assert one.horizon in ("past", "ahead")


@each
def test_what_is_forecast_is_in_the_panel(one: Observable, every: ms.Knowledge) -> None:
    known = {s.quantity for s in panel(every, every.table["published"].max()).series}
    if one.outlook is not None:
        assert one.outlook.quantity in one.quantities
        assert one.outlook.quantity in known


def test_the_panel_holds_nothing_else(every: ms.Knowledge) -> None:
    known = {s.quantity for s in panel(every, every.table["published"].max()).series}
    assert known == {one.outlook.quantity for one in CATALOGUE if one.outlook is not None}


def test_tokens_are_those_of_a_month_and_their_price_one_in_fixed_weights(
    quarters: Quarter,
) -> None:
    tokens = np.asarray(of_kind("token_volume").measure(quarters))
    counted = np.sum(quarters.tokens, axis=1) * np.exp(-quarters.quality)
    np.testing.assert_allclose(3.0 * tokens, counted, rtol=1e-6)
    price = of_kind("token_price").measure
    dearer = replace(quarters, token_price=quarters.token_price * np.array([8.0, 1.0, 1.0]))
    np.testing.assert_allclose(price(dearer) / price(quarters), 2.0, rtol=1e-5)


# ----------------------------------------------------------------------- finance and laboratories

Row = tuple[str, str, str, str, float]
"""Quantity, entity, date, published, value."""


def small(every: ms.Knowledge, *rows: Row, as_of: str = "2026-12-31") -> ms.Knowledge:
    """What would be known of nothing but these rows."""
    columns = ["quantity", "entity", "date", "published", "value"]
    table = pd.DataFrame(rows, columns=columns).astype({"value": float})
    table["date"], table["published"] = (pd.to_datetime(table[c]) for c in ("date", "published"))
    table = table.assign(unit="", source="", confidence="sourced", note="")
    ordered = table.sort_values(columns[:4]).reset_index(drop=True)
    return every.with_facts(ordered).upto(as_of)


def told(kind: str, known: ms.Knowledge) -> dict[str, list[tuple[str, float]]]:
    """Dates and values of each report of a kind."""
    return {
        r.name: [(f"{d:%Y-%m-%d}", v) for d, v in zip(r.rows["date"], r.rows["value"], strict=True)]
        for r in of_kind(kind).reports(known)
        if len(r.rows)
    }


def test_cash_flow_is_added_up_where_all_owners_are_known(every: ms.Knowledge) -> None:
    kind, owners = "quarterly_operating_cash_flow", every.universe.group("owners")
    rows = [(kind, o, "2025-03-31", "2025-05-01", 10.0 * i) for i, o in enumerate(owners, 1)]
    rows += [(kind, o, "2025-06-30", "2025-08-01", 1.0) for o in owners[1:]]
    total = sum(10.0 * i for i in range(1, len(owners) + 1))
    assert told("cash_flow", small(every, *rows)) == {"owner_cash_flow": [("2025-03-31", total)]}
    assert told("cash_flow", small(every, *rows, as_of="2025-04-30")) == {}


def test_debt_is_that_of_borrowers_alone(every: ms.Knowledge) -> None:
    (borrower,) = every.universe.group("borrowers")
    rows = [("debt_outstanding", e, "2025-03-31", "2025-05-14", 9.0) for e in (borrower, "MSFT")]
    assert told("debt", small(every, *rows)) == {f"debt {borrower}": [("2025-03-31", 9.0)]}
    assert told("debt", small(every, *rows, as_of="2025-05-13")) == {}


def issued(date: str, value: float) -> Row:
    return ("quarterly_debt_proceeds", "CRWV", date, "2025-12-10", value)


def test_debt_is_issued_over_four_quarters_that_follow_one_another(every: ms.Knowledge) -> None:
    """In USD bn a quarter once scaled; a missing quarter leaves out the years that it is of."""
    ends = ("2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30")
    rows = [issued(date, value) for date, value in zip(ends, (1, 2, 3, 4, 9, 0), strict=True)]
    found = told(
        "debt_issued", small(every, *rows, ("quarterly_debt_proceeds", "GOOGL", *rows[0][2:]))
    )
    years = [("2024-12-31", 2.5), ("2025-03-31", 4.5), ("2025-06-30", 4.0)]
    assert found == {"debt issued CRWV": years}
    assert told("debt_issued", small(every, *rows[:2], *rows[3:])) == {}


def test_of_supplies_and_all_purchases_of_a_day_all_count(every: ms.Knowledge) -> None:
    both, alone = ("2025-04-27", "2025-05-28"), ("2025-10-26", "2025-11-19")
    rows: list[Row] = [
        ("purchase_commitments", "NVDA", *both, 43.5),
        ("supply_commitments", "NVDA", *both, 29.8),
        ("supply_commitments", "NVDA", *alone, 50.3),
        ("supply_commitments", "AMD", *both, 9.0),
    ]
    assert told("commitments", small(every, *rows)) == {
        "purchases NVDA": [(both[0], 43.5)],
        "supply AMD": [(both[0], 9.0)],
        "supply NVDA": [(alone[0], 50.3)],
    }


def test_each_kind_of_commitment_of_a_company_is_a_series(every: ms.Knowledge) -> None:
    kinds = ("purchase_commitments", "leases_not_commenced")
    rows = [
        (k, "META", "2025-03-31", "2025-04-30", v) for k, v in zip(kinds, (5.0, 7.0), strict=True)
    ]
    expected = {"purchases META": [("2025-03-31", 5.0)], "leases META": [("2025-03-31", 7.0)]}
    assert told("commitments", small(every, *rows)) == expected


def run_rate(entity: str, date: str, published: str, value: float) -> Row:
    return ("lab_revenue_run_rate", entity, date, published, value)


RATES = (
    run_rate("OpenAI", "2024-01-01", "2024-01-10", 1.0),
    run_rate("OpenAI", "2024-12-31", "2025-01-10", 4.0),
    run_rate("OpenAI", "2025-06-30", "2025-07-10", 9.0),
    run_rate("Anthropic", "2024-07-01", "2024-07-10", 1.0),
    run_rate("Anthropic", "2024-12-31", "2025-01-10", 2.0),
)


def test_run_rates_are_taken_in_logs_between_reports_of_every_laboratory(
    every: ms.Knowledge,
) -> None:
    """Midway between 1 and 4 lies 2; nothing is said before the first or after the last."""
    found = dict(told("laboratory_revenue", small(every, *RATES))["laboratories"])
    assert list(found) == ["2024-07-01", "2024-12-31"]
    share = (pd.Timestamp("2024-07-01") - pd.Timestamp("2024-01-01")).days / 365.0
    assert found["2024-07-01"] == pytest.approx(1.0 + 4.0**share)
    assert found["2024-12-31"] == pytest.approx(6.0)


def test_a_run_rate_told_later_changes_nothing_that_was_known(every: ms.Knowledge) -> None:
    late = run_rate("Anthropic", "2024-08-01", "2025-09-02", 50.0)
    then = told("laboratory_revenue", small(every, *RATES, as_of="2025-03-31"))
    assert told("laboratory_revenue", small(every, *RATES, late, as_of="2025-03-31")) == then
    assert told("laboratory_revenue", small(every, *RATES, late)) != then
    assert told("laboratory_revenue", small(every, *RATES, as_of="2024-12-31")) == {}


def test_a_multiple_is_told_ahead_until_the_year_is(every: ms.Knowledge) -> None:
    year = "2024-12-31"
    rows: list[Row] = [
        ("lab_compute_spend_forecast", "OpenAI/inference", year, "2024-10-09", 2.0),
        ("lab_annual_revenue_forecast", "OpenAI", year, "2024-10-09", 3.0),
        ("lab_compute_spend", "OpenAI/inference", year, "2025-10-10", 2.5),
        ("lab_annual_revenue", "OpenAI", year, "2025-10-10", 4.0),
        ("lab_compute_spend", "OpenAI/training", year, "2025-10-10", 9.0),
    ]
    for as_of, multiple in (("2024-12-31", 1.5), ("2025-12-31", 1.6)):
        found = told("token_margin", small(every, *rows, as_of=as_of))
        ((date, value),) = found["multiple OpenAI"]
        assert date == year
        assert value == pytest.approx(multiple)


def test_prices_of_chips_and_of_systems_of_a_quarter_are_one_figure(every: ms.Knowledge) -> None:
    """The geometric mean, whichever rows stand beside each other."""
    chip, day = "gpu/NVIDIA/B200", "2024-03-18"
    speed = float(every.latest("chip_fp16")[chip])
    rows: list[Row] = [
        ("chip_fp16", chip, day, day, speed),
        ("chip_price", chip, day, day, 40_000.0),
        ("gpu_price", "H100", "2024-03-31", "2024-03-31", 30_000.0),
    ]
    alone = [told("chip_price", small(every, *some))["chip price"] for some in (rows[:2], rows[2:])]
    ((_, listed),), ((last, system),) = alone
    ((date, both),) = told("chip_price", small(every, *rows))["chip price"]
    assert date == last
    assert both == pytest.approx((listed * system) ** 0.5)


@pytest.mark.parametrize(("date", "found"), [("2025-07-29", 2.5), ("2025-07-01", None)])
def test_a_pace_of_revenue_and_its_cost_may_be_dated_days_apart(
    date: str, found: float | None, every: ms.Knowledge
) -> None:
    cost: Row = (
        *("lab_compute_spend", "Anthropic/inference, annualised"),
        *("2025-07-31", "2025-08-31", 2.0),
    )
    rows = [cost, run_rate("Anthropic", date, date, 5.0), run_rate("xAI", cost[2], cost[2], 1.0)]
    expected = {} if found is None else {"multiple Anthropic": [(cost[2], found)]}
    assert told("token_margin", small(every, *rows)) == expected


def test_capital_counts_over_two_calendar_years_once_they_have_ended(every: ms.Knowledge) -> None:
    rows: list[Row] = [
        ("lab_equity_raised", "A", "2023-05-01", "2023-05-01", 2.0),
        ("lab_debt_raised", "B", "2024-06-01", "2024-06-01", 4.0),
        ("lab_equity_raised", "A", "2025-02-01", "2025-02-01", 8.0),
    ]
    first, second = ("2024-12-31", 3.0), ("2025-12-31", 6.0)
    for as_of, paced in (("2025-12-30", [first]), ("2025-12-31", [first, second])):
        found = told("training_capital", small(every, *rows, as_of=as_of))
        assert found == {"capital raised": paced}


def test_new_measures_read_what_they_say_and_compare_as_they_say(quarters: Quarter) -> None:
    fields = {
        "cash_flow": ("owner_cash_flow", 1.0, False),
        "debt": ("debt", 1.0, True),
        "debt_issued": ("borrowed", 1.0, True),
        "commitments": ("order_book", 1.0, True),
        "laboratory_revenue": ("laboratory_revenue", 4.0, False),
        "token_margin": ("token_multiple", 1.0, False),
        "training_capital": ("training_capital", 1.0, True),
    }
    for kind, (name, scale, relative) in fields.items():
        seen = np.asarray(of_kind(kind).measure(quarters))
        np.testing.assert_allclose(seen, scale * getattr(quarters, name), rtol=1e-6, err_msg=kind)
        assert of_kind(kind).relative == relative, kind


def test_changes_without_a_gap_make_one_index(every: ms.Knowledge) -> None:
    """From 1 a quarter before the first; a gap parts what cannot be put together."""
    rows = every.select("memory_price_change", "Micron DRAM")
    told = {r.name: r.rows for r in accumulated("price", rows)}
    (last,) = (r for name, r in told.items() if name.endswith("2020-12"))
    assert sum(len(r) - 1 for r in told.values()) == len(rows)
    changes = rows["value"].to_numpy()[-len(last) + 1 :]
    values = last["value"].to_numpy()
    np.testing.assert_allclose(values[1:] / values[:-1], 1.0 + changes / 100.0)
    assert values[0] == 1.0
    assert last["date"].diff().dropna().dt.days.between(80, 110).all()
    without = accumulated("price", rows.drop(index=rows.index[-3]))
    assert [len(r.rows) for r in without][-1] == 3


def test_a_year_of_hbm_is_as_told_within_it_or_later(every: ms.Knowledge) -> None:
    """What was said of 2025 in 2024, before its contracts, does not count, nor of years to come."""
    (report,) = of_kind("hbm_revenue").reports(every)
    rows = report.rows.set_index(report.rows["date"].dt.year)["value"]
    assert rows.index.is_unique
    assert rows[2025] == 35.0
    assert rows.index.max() <= 2025
    (then,) = of_kind("hbm_revenue").reports(ms.load_facts("2024-12-31"))
    assert then.rows["value"].tolist() == [4.0, 16.0]


# ----------------------------------------------------------------------- nothing is lost


@pytest.mark.parametrize("date", ["2022-12-31", "2025-12-31"])
def test_every_figure_is_inside_before_after_or_of_another_company(date: str) -> None:
    known = ms.load_facts(date)
    table = survey(known, window_at(pd.Timestamp(date)))
    for one in CATALOGUE:
        for report in one.reports(known):
            if len(report.rows):
                row = table.loc[report.name]
                counts = row[["inside", "before", "after", "other"]]
                assert row["kind"] == one.kind
                assert counts.sum() == len(report.rows), report.name
    assert table["before"].sum() > 0
    used = {s.name for s in observe(known, window_at(pd.Timestamp(date)))}
    assert set(table.index[table["used"]]) == used


def test_what_lies_outside_is_kept(facts: ms.Knowledge) -> None:
    window = window_at(AS_OF)
    (s,) = (s for s in observe(facts, window) if s.name == "NVDA.data_center")
    raw = facts.series("quarterly_revenue", "NVDA.data_center") / 1e3
    both = pd.concat([s.outside.set_index("date")["value"], pd.Series(s.value, index=s.dates)])
    pd.testing.assert_series_equal(
        both.sort_index(), raw, check_names=False, check_freq=False, rtol=1e-12
    )
    assert s.left_out("before") > 0
    assert s.left_out("after") == 0
    assert (s.outside["date"] < window.start + pd.Timedelta(days=120)).all()
