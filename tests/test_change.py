"""Why forecasts change: causes that add up, closed forms, and no order of statements."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from marketsim.errors import InputError
from marketsim.forecasting import Forecast, forecast_change
from marketsim.forecasting.change import _log_mean
from marketsim.forecasting.explanation import MODEL, OTHERS, REGIMES


def without(said: Forecast, kind: str, entity: str) -> Forecast:
    """The forecast as if it had not heard statements of one kind and source."""
    heard = tuple(
        one
        for one in said.heard
        if (one.said.kind.kind, said.series[one.said.row].entity) != (kind, entity)
    )
    assert len(heard) < len(said.heard)
    return replace(said, heard=heard)


@pytest.mark.parametrize("name", ["NVDA", "MSFT", "MU"])
def test_causes_add_up_and_each_statement_is_told(mixed: Forecast, name: str) -> None:
    before = without(mixed, "guidance", f"{name}.total")
    found = forecast_change(before, mixed, name)
    total = sum(cause.added for cause in found.causes)
    assert total == pytest.approx(found.after - found.before, rel=1e-9)
    first = found.causes[0]
    assert first.label.startswith(f"guidance of {name}.total of 2025-")
    assert first.added == pytest.approx(total, rel=1e-9)
    assert "guidance of" in str(found)
    assert json.loads(json.dumps(found.record()))["change"] == found.change


def test_of_one_quarter_a_cause_is_its_share_of_the_log(published: Forecast) -> None:
    """All add their log times the logarithmic mean: (after - before) / ln(after / before)."""
    moved = replace(published, own=replace(published.own, location=published.own.location + 0.03))
    less = without(moved, "guidance", "NVDA.total")
    found = forecast_change(published, less, "NVDA", quarters=1)
    row = next(i for i, s in enumerate(published.series) if s.entity == "NVDA.total")
    shift = next(
        one.shift[row, 0]
        for one in published.heard
        if one.said.row == row and one.said.kind.kind == "guidance"
    )
    mean = (found.after - found.before) / np.log(found.after / found.before)
    added = {cause.label: cause.added for cause in found.causes}
    gone = next(label for label in added if label.endswith("no longer open"))
    assert added[gone] == pytest.approx(-shift * mean)
    assert added["its own reports and their trend"] == pytest.approx(0.03 * mean)
    assert added[MODEL] == pytest.approx(-0.03 * mean)


def test_no_change_adds_nothing(mixed: Forecast) -> None:
    found = forecast_change(mixed, mixed, "NVDA")
    assert found.change == 0.0
    assert not any(cause.added for cause in found.causes)


def test_regimes_are_a_cause_of_their_own(published: Forecast, mixed: Forecast) -> None:
    found = forecast_change(published, mixed, "NVDA")
    assert {c.label for c in found.causes if c.added} == {REGIMES}


def test_the_way_back_takes_off_what_the_way_there_added(mixed: Forecast) -> None:
    before = without(mixed, "guidance", "MSFT.total")
    there, back = (forecast_change(*x, "MSFT") for x in ((before, mixed), (mixed, before)))
    assert back.causes[0].added == pytest.approx(-there.causes[0].added)


def test_small_statements_are_told_together(mixed: Forecast) -> None:
    found = forecast_change(replace(mixed, heard=()), mixed, "ANET")
    assert OTHERS in [cause.label for cause in found.causes]
    assert sum(c.added for c in found.causes) == pytest.approx(found.after - found.before)


def test_a_logarithmic_mean_lies_between() -> None:
    one, other = np.array([1.0, 2.0, 2.0]), np.array([3.0, 2.0, 2.0 * (1.0 + 1e-9)])
    np.testing.assert_allclose(_log_mean(one, other), [2.0 / np.log(3.0), 2.0, 2.0], rtol=1e-8)


@pytest.mark.parametrize(
    ("name", "quarters", "said"),
    [("NVDIA", 4, "no quarterly_revenue of"), ("NVDA", 0, "quarters is 0"), ("NVDA", 1.5, "1.5")],
)
def test_what_is_wrong_is_named(mixed: Forecast, name: str, quarters: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        forecast_change(mixed, mixed, name, quarters=quarters)
