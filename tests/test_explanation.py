"""What a forecast rests on: parts that add up, and each statement's as without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration.unsaid import unsaid
from marketsim.errors import InputError
from marketsim.forecasting import Explanation, Forecast
from marketsim.forecasting.explanation import (
    BUYERS,
    HEARD,
    MODEL,
    OTHERS,
    PARTS,
    SHARED,
    TREND,
)
from marketsim.forecasting.listing import figure


@pytest.fixture
def ahead(published: Forecast) -> Forecast:
    return published


def log_of(one: Explanation, label: str) -> float:
    return next(part.log for part in one.parts if part.label.startswith(label))


@pytest.mark.parametrize("horizon", [1, 4, 12])
def test_parts_add_up_to_what_is_forecast_of_every_series(ahead: Forecast, horizon: int) -> None:
    companies = {s.ticker for s in ahead.series if s.ticker}
    for one in (one for name in sorted(companies) for one in ahead.explained(name, horizon)):
        assert sum(part.log for part in one.parts) == pytest.approx(one.location, abs=1e-12)


def test_shifts_of_statements_add_up_to_what_was_heard(ahead: Forecast) -> None:
    total = ahead.unheard.location + sum(one.shift for one in ahead.heard)
    np.testing.assert_allclose(total, ahead.joint.mean, atol=1e-12)


def test_parts_are_the_forecasts_less_one_another(ahead: Forecast) -> None:
    one = ahead.explain("NVDA.total", horizon=3)
    row = next(i for i, s in enumerate(ahead.series) if s.entity == "NVDA.total")
    last, own = np.log(one.series.values[-1]), ahead.own.location[row, 2]
    assert log_of(one, "last report") == pytest.approx(last)
    assert log_of(one, TREND) == pytest.approx(own - last)
    apart, unheard = ahead.apart.location[row, 2], ahead.unheard.location[row, 2]
    assert log_of(one, MODEL) + log_of(one, HEARD) == pytest.approx(apart - own)
    assert log_of(one, MODEL) == pytest.approx(ahead.structure[row, 2] - own)
    assert log_of(one, PARTS) == pytest.approx(ahead.agreed.location[row, 2] - apart)
    assert ahead.agreed.location[row, 2] == unheard  # sellers and buyers: from the second year on
    assert (one.location, one.scale) == (
        ahead.logs.location[row, 2],
        ahead.logs.scale[row, 2],
    )
    assert one.quarter_end == one.series.ends(3)[-1]


def test_from_the_second_year_on_sellers_earn_what_buyers_spend(ahead: Forecast) -> None:
    row = next(i for i, s in enumerate(ahead.series) if s.entity == "NVDA.total")
    one = ahead.explain("NVDA.total", horizon=6)
    apart = ahead.unheard.location[row, 5] - ahead.agreed.location[row, 5]
    assert log_of(one, BUYERS) == pytest.approx(apart)
    assert apart != 0.0


@pytest.mark.parametrize(
    ("x", "told"),
    [(0.0123, "0.0123"), (57_006.4, "57,006"), (99_999.7, "100,000"), (1.0198e5, "101,980")],
)
def test_figures_have_no_powers_of_ten(x: float, told: str) -> None:
    assert figure(x) == told


def test_structure_alone_is_that_of_a_model_which_heard_nothing(
    posterior: ms.Posterior, ahead: Forecast
) -> None:
    """As a forecast from assumptions of reports alone has it; by what was said it is the rest."""
    deaf = ms.forecast(unsaid(posterior))
    np.testing.assert_allclose(ahead.structure, deaf.apart.location, atol=1e-12)
    assert np.abs(ahead.apart.location - ahead.structure).max() > 0.01
    # What the model has nothing of, no plan can move.
    gone = np.flatnonzero((ahead.weights == 0.0).all(axis=1))
    np.testing.assert_array_equal(ahead.structure[gone], ahead.own.location[gone])


def test_a_quarter_that_is_guided_rests_on_its_guidance_and_no_other(ahead: Forecast) -> None:
    one = ahead.explain("NVDA")
    labels = [part.label for part in one.parts]
    assert labels[1:5] == [TREND, MODEL, HEARD, PARTS]
    assert labels[5].startswith("guidance of NVDA.total of 2025-11-")
    assert abs(log_of(one, labels[5])) > 0.01
    # Bounds of others are heard last, and reach it through what all share.
    assert sum(abs(part.log) for part in one.parts[6:]) < 1e-3


def test_plans_of_buyers_reach_their_suppliers_later(ahead: Forecast) -> None:
    """Own statements come first, others by size; the rest are told together."""
    one = ahead.explain("ANET.total", horizon=4)
    said = one.parts[4:]
    own = [" of ANET." in part.label for part in said]
    assert own == sorted(own, reverse=True)
    named = [abs(part.log) for part, mine in zip(said[:-1], own, strict=False) if not mine]
    assert named == sorted(named, reverse=True)
    assert named
    assert said[-1].label == OTHERS


def test_a_plan_moves_its_own_budget_by_what_it_moved(ahead: Forecast) -> None:
    row, plans = next(
        (one.said.row, one.shift)
        for one in ahead.heard
        if one.said.kind.kind == "plan" and ahead.series[one.said.row].entity == "META"
    )
    one = ahead.explain("META", "quarterly_capex")
    assert log_of(one, "plan of META") == plans[row, 0]
    assert abs(plans[row, 0]) > 1e-3


def test_it_reads_as_sums_from_the_last_report_to_the_median(ahead: Forecast) -> None:
    one = ahead.explain("NVDA.data_center")
    assert repr(one).startswith("Explanation(quarterly_revenue of NVDA.data_center, quarter to 20")
    lines = str(one).splitlines()
    assert lines[0].startswith("NVDA.data_center, quarterly_revenue, quarter to 2026-01-25")
    assert "\n".join(lines[-2:]) == SHARED
    figures = [float(line.split()[-1].replace(",", "")) for line in lines[1:-2]]
    assert figures[0] == pytest.approx(one.series.values[-1], rel=1e-4)
    assert figures[-1] == figures[-2] == pytest.approx(np.exp(one.location), rel=1e-4)


def test_rows_of_a_company_or_of_one_of_its_series(ahead: Forecast) -> None:
    nvidia = ahead.of("nvda")
    assert set(nvidia["ticker"]) == {"NVDA"}
    part = ahead.of("NVDA.data_center")
    assert set(part["segment"]) == {"data_center"}
    pd.testing.assert_frame_equal(
        nvidia[nvidia["segment"] == "data_center"].reset_index(drop=True), part
    )


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"entity": "NVDIA"}, "no quarterly_revenue of 'NVDIA'. Did you mean 'NVDA'?"),
        ({"entity": "NVDA.datacenter"}, "Did you mean 'NVDA.data_center'?"),
        ({"entity": "NVDA", "quantity": "quarterly_revenu"}, "Did you mean 'quarterly_revenue'?"),
        (
            {"entity": "NVDA", "horizon": 13},
            "horizon is 13; it must be a whole number from",
        ),
        (
            {"entity": "NVDA", "horizon": "2"},
            "horizon is '2'; it must be a whole number from",
        ),
        (
            {"entity": "NVDA", "horizon": 1.5},
            "horizon is 1.5; it must be a whole number from",
        ),
        ({"entity": None}, "no quarterly_revenue of 'None'."),
        ({"entity": "NVDA", "quantity": "sales"}, "There are "),
    ],
)
def test_what_is_not_forecast_is_named(ahead: Forecast, asked: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as error:
        ahead.explain(**asked)
    assert named in str(error.value)


def test_case_keeps_no_series_apart(ahead: Forecast) -> None:
    assert ahead.explain("nvda").parts == ahead.explain("NVDA").parts


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"quarters": 0}, "quarters is 0; it must be a whole number from 1 to 12"),
        ({"quarters": 2.5}, "quarters is 2.5; it must be"),
        ({"quarters": "4"}, "quarters is '4'; it must be"),
        ({"quarters": True}, "quarters is True; it must be"),
        ({"seed": 1.5}, "seed is 1.5; it must be a whole number from 0"),
        ({"seed": -1}, "seed is -1; it must be"),
    ],
)
def test_what_cannot_be_forecast_is_refused(
    posterior: ms.Posterior, asked: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError, match=f"^forecast: {named}"):
        ms.forecast(posterior, **asked)


def test_another_forecast_is_refused(scenarios: ms.Scenarios) -> None:
    with pytest.raises(InputError, match="simulate: forecast is a str"):
        ms.simulate(scenarios, 100, forecast="x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"simulate: quarters is 2\.5; it must be"):
        ms.simulate(scenarios, 100, quarters=2.5)  # type: ignore[arg-type]


def test_who_is_not_forecast_is_named(ahead: Forecast) -> None:
    for name in ("SMCY", ""):
        with pytest.raises(InputError, match="nothing is forecast of"):
            ahead.of(name)
    with pytest.raises(InputError, match="Did you mean 'SMCI'"):
        ahead.explained("SMCY")


def test_over_regimes_it_ends_with_what_they_add(scenarios: ms.Scenarios, ahead: Forecast) -> None:
    """And adds up to the median of the table; further than the table it does not go."""
    mixed = ms.forecast(scenarios, quarters=2)
    one, alone = mixed.explain("NVDA", horizon=2), ahead.explain("NVDA", horizon=2)
    assert [part.log for part in one.parts[:-1]] == [part.log for part in alone.parts]
    assert sum(part.log for part in one.parts) == pytest.approx(one.location)
    row = mixed.of("NVDA.total").set_index("horizon").loc[2]
    assert np.exp(one.location) == pytest.approx(row["p50"])
    with pytest.raises(InputError, match="horizon is 3; it must be a whole number from 1 to 2"):
        mixed.explain("NVDA", horizon=3)
