"""Companies and their segments agree: sums that hold, moved by as little as makes them hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

import marketsim as ms
from marketsim.errors import SolverError
from marketsim.forecasting import Forecast
from marketsim.forecasting.agreement import ENOUGH, TIGHT, Parts, parts_of, wholes_of
from marketsim.forecasting.form import Form
from marketsim.forecasting.panel import Panel, panel

logs = st.floats(0.5, 12.0)
variances = st.floats(1e-4, 1.0)


def one_pair(rest: float, doubt: float) -> Parts:
    """A segment, row 1, of the company of row 0, over one quarter."""
    return Parts(np.array([0, 0]), np.array([1]), np.array([[rest]]), np.array([[doubt]]))


@given(st.tuples(logs, logs, logs), st.tuples(variances, variances, variances))
def test_the_whole_is_the_sum_of_the_part_and_the_rest(
    level: tuple[float, float, float], doubt: tuple[float, float, float]
) -> None:
    """What each gives is its variance times its weight in the sum, by one common multiplier."""
    mean, variance = np.array(level[:2])[:, None], np.array(doubt[:2])[:, None]
    whole, part = one_pair(level[2], doubt[2]).agreed(mean, variance)[:, 0]
    owed = (whole - level[0]) / doubt[0]
    share = np.exp(part - whole)
    assert share < 1.0
    rest = np.log1p(-share) + whole
    assert part - level[1] == pytest.approx(-owed * doubt[1] * share, abs=1e-7)
    assert rest - level[2] == pytest.approx(-owed * doubt[2] * (1.0 - share), abs=1e-7)


def test_nothing_that_makes_the_sums_hold_moves_less() -> None:
    """Two segments of one company, one inside the other or not, against a solver's minimum."""
    mean = np.array([np.log(10.0), np.log(8.0), np.log(3.0), np.log(7.0)])[:, None]
    variance = np.array([0.04, 0.09, 0.16, 0.01])[:, None]
    rest, doubt = np.log([[4.0], [6.0]]), np.array([[0.02], [0.05]])
    parts = Parts(np.array([0, 0, 0, 3]), np.array([1, 2]), rest, doubt)
    first = np.concatenate([mean[:3], rest])[:, 0]
    give = np.concatenate([variance[:3], doubt])[:, 0]
    found = minimize(
        lambda x: ((x - first) ** 2 / give).sum(),
        first,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
        constraints=[
            {"type": "eq", "fun": lambda x, i=i: x[0] - np.logaddexp(x[1 + i], x[3 + i])}
            for i in range(2)
        ],
    )
    agreed = parts.agreed(mean, variance)
    np.testing.assert_allclose(agreed[:3, 0], found.x[:3], atol=1e-5)
    assert agreed[3] == mean[3]  # no part of it


def test_what_agrees_already_stays() -> None:
    mean = np.log([[10.0, 12.0], [8.0, 9.0]])
    parts = Parts(np.array([0, 0]), np.array([1]), np.log([[2.0, 3.0]]), np.full((1, 2), 0.1))
    np.testing.assert_allclose(parts.agreed(mean, np.full((2, 2), 0.04)), mean, atol=1e-12)
    none = Parts(np.arange(2), np.array([], dtype=int), *np.empty((2, 0, 2)))
    assert none.agreed(mean, mean) is mean


def test_sums_that_are_not_met_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketsim.forecasting.agreement.STEPS", 1)
    with pytest.raises(SolverError, match="no forecasts of companies and their segments agree"):
        one_pair(2.0, 1.0).agreed(np.zeros((2, 1)), np.ones((2, 1)))


@pytest.fixture
def known(facts: ms.Knowledge) -> Panel:
    return panel(facts, pd.Timestamp("2025-12-31"))


def sold_of(panel: Panel, entity: str, change: float) -> Panel:
    """The panel with the logs of one series changed from its last report on."""
    row = next(i for i, s in enumerate(panel.series) if s.entity == entity)
    logs = panel.logs.copy()
    logs[row, panel.series[row].numbers[-1]] += change
    return Panel(panel.series, logs, panel.breaks, panel.seasonal)


def test_a_segment_without_a_rest_is_left_as_it_is(known: Panel, published: Forecast) -> None:
    entity = [s.entity for s in known.series]
    row = entity.index("NVDA.data_center")
    assert wholes_of(known)[row] == entity.index("NVDA.total")
    form = published.form
    assert row in parts_of(known, form, 2).part
    assert row not in parts_of(sold_of(known, "NVDA.data_center", 0.5), form, 2).part
    late = sold_of(known, "NVDA.total", np.nan)  # of the quarter, only the segment is reported
    assert row not in parts_of(late, form, 2).part


def test_a_young_segment_does_not_move_its_company(known: Panel, published: Forecast) -> None:
    row = [s.entity for s in known.series].index("NVDA.data_center")
    reports = np.flatnonzero(~np.isnan(known.logs[row]))
    for kept, there in ((ENOUGH, True), (ENOUGH - 1, False)):
        logs = known.logs.copy()
        logs[row, reports[:-kept]] = np.nan
        young = Panel(known.series, logs, known.breaks, known.seasonal)
        assert (row in parts_of(young, published.form, 2).part) == there


def test_the_rest_is_one_more_series_of_the_panel(known: Panel, published: Forecast) -> None:
    """A company of two equal halves that grow alike: the rest is forecast as the segment is."""
    rows = [i for i, s in enumerate(known.series) if s.entity in ("NVDA.total", "NVDA.data_center")]
    series = tuple(sorted((known.series[i] for i in rows), key=lambda s: s.entity))
    half = np.log(np.linspace(5.0, 9.0, known.logs.shape[1]))
    two = Panel(series, np.array([half, half + np.log(2.0)]), known.breaks[:2], np.ones(2))
    form: Form = published.form
    parts = parts_of(two, form, 6)
    assert (parts.part.tolist(), parts.wholes.tolist()) == ([0], [1, 1])
    mean = np.array([parts.rest[0], parts.rest[0] + np.log(2.0)])
    np.testing.assert_allclose(parts.agreed(mean, np.full((2, 6), 0.01)), mean, atol=1e-9)


@given(share=st.floats(0.05, 0.95), own=variances, rest=variances, together=st.floats(-0.4, 0.9))
def test_a_segment_is_as_correlated_as_leaves_the_rest_its_variance(
    share: float, own: float, rest: float, together: float
) -> None:
    """Of a company that is the sum of both, however these move together."""
    other = 1.0 - share
    both = share * own + other * together * np.sqrt(own * rest)  # covariance of part and whole
    whole = share * both + other * (share * together * np.sqrt(own * rest) + other * rest)
    parts = Parts(np.array([0, 0]), np.array([1]), np.zeros((1, 4)), np.full((1, 4), rest))
    mean = np.repeat(np.log([[1.0], [share]]), 4, axis=1)
    first, found = parts.loading(mean, np.repeat([[whole], [own]], 4, axis=1))
    assert first == 1.0
    assert found == pytest.approx(np.clip(both / np.sqrt(whole * own), 0.0, TIGHT), abs=1e-9)


@given(share=st.floats(0.05, 0.95), own=variances, rest=variances, whole=variances)
def test_a_segment_is_no_more_uncertain_than_its_company_and_its_share(
    share: float, own: float, rest: float, whole: float
) -> None:
    """The log of a share has the derivative 1 - share by the log of segment over rest."""
    parts = Parts(np.array([0, 0]), np.array([1]), np.zeros((1, 1)), np.full((1, 1), rest))
    mean, variance = np.log([[1.0], [share]]), np.array([[whole], [own]])
    held = parts.held(mean, variance)
    assert held[0] == 1.0
    step = 1e-4
    moved = [np.log(share * np.exp(s) / (share * np.exp(s) + 1.0 - share)) for s in (step, -step)]
    by_ratio = (moved[0] - moved[1]) / (2.0 * step)
    most = whole + by_ratio**2 * (own + rest)
    assert held[1] ** 2 * own == pytest.approx(min(own, most), rel=1e-6)


def test_where_no_rest_is_known_it_is_as_restless_as_the_segment() -> None:
    parts = Parts(np.array([0, 0]), np.array([], dtype=int), *np.empty((2, 0, 4)))
    mean = np.repeat(np.log([[2.0], [1.0]]), 4, axis=1)
    variance = np.repeat([[0.02], [0.04]], 4, axis=1)  # halves that have nothing in common
    assert parts.loading(mean, variance)[1] == pytest.approx(np.sqrt(0.5))


def test_no_segment_is_forecast_beyond_its_company(published: Forecast) -> None:
    """Before statements the sums hold; a trend by itself goes beyond."""
    row = {s.entity: i for i, s in enumerate(published.series)}
    part, whole = row["NVDA.data_center"], row["NVDA.total"]
    assert (published.apart.location[part] > published.apart.location[whole]).any()
    for said in (published.unheard, published.logs):
        left = np.exp(said.location[whole]) - np.exp(said.location[part])
        assert (left > 2_000.0).all()  # millions of dollars; 5,800 was reported last


def test_overlapping_guidance_is_not_told_apart(published: Forecast) -> None:
    """Broadcom guides to its total and to two segments, one inside the other, at once."""
    row = {s.entity: i for i, s in enumerate(published.series)}
    names = ("AVGO.total", "AVGO.semiconductor_solutions", "AVGO.ai_semiconductor")
    rows = [row[name] for name in names]
    guided = [x for x in published.heard if x.said.row in rows and x.said.kind.settles]
    assert len({one.said.row for one in guided}) == 3
    for one in guided:
        near, far = one.shift[one.said.row, [0, 11]]
        assert 0.0 < far / near < 3.0, "what lifts the quarter lifts what follows, by a like part"
        others = [i for i in rows if i != one.said.row]
        np.testing.assert_allclose(one.shift[others, :4], 0.0, atol=1e-12)
        # Later quarters of all sellers follow what buyers spend, here by next to nothing.
        np.testing.assert_allclose(one.shift[others, 4:], 0.0, atol=1e-4)
    whole, semis, ai = (published.logs.location[i] for i in rows)
    assert (ai < semis).all()
    assert (semis < whole).all()


def test_the_order_of_series_does_not_matter() -> None:
    mean, variance = np.log([[10.0], [8.0], [3.0]]), np.array([[0.04], [0.09], [0.16]])
    rest, doubt = np.log([[4.0], [6.0]]), np.array([[0.02], [0.05]])
    one = Parts(np.array([0, 0, 0]), np.array([1, 2]), rest, doubt).agreed(mean, variance)
    order = np.array([2, 0, 1])
    other = Parts(np.array([1, 1, 1]), np.array([0, 2]), rest[::-1], doubt[::-1])
    np.testing.assert_allclose(other.agreed(mean[order], variance[order]), one[order], atol=1e-12)
