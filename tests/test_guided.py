"""The rival who repeats guidance: its usual beat by hand, and where it has something to say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting.guided import SOURCES, guided, usual_beat
from marketsim.forecasting.panel import Panel, panel
from marketsim.forecasting.rivals import random_walk
from marketsim.knowledge import Knowledge
from marketsim.statements import STATEMENTS, came_true

AS_OF = pd.Timestamp("2024-12-31")
KINDS = {one.kind: one for one in STATEMENTS}


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return ms.load_facts(as_of=AS_OF)


@pytest.fixture(scope="module")
def listed(known: Knowledge) -> Panel:
    return panel(known, AS_OF)


def row_of(listed: Panel, entity: str) -> int:
    return [s.entity for s in listed.series].index(entity)


def test_the_usual_beat_by_hand() -> None:
    """Two of its own at 5 % against a pool of four at 3 %: (2 x 5 + 4 x 3) / 6."""
    past = pd.DataFrame({"entity": ["A", "A", "B", "B"], "ratio": [0.04, 0.06, 0.00, 0.02]})
    mean, variance = usual_beat(past, "A")
    assert mean == pytest.approx((0.10 + 4.0 * 0.03) / 6.0)
    pool = (0.01**2 + 0.03**2 + 0.03**2 + 0.01**2) / 4.0
    own = (0.04 - mean) ** 2 + (0.06 - mean) ** 2
    assert variance == pytest.approx((own + 4.0 * pool) / 6.0 * (1.0 + 1.0 / 6.0))
    assert usual_beat(past, "C") == pytest.approx((0.03, pool * 1.25))


def test_it_repeats_the_statement_and_goes_on_as_the_walk(known: Knowledge, listed: Panel) -> None:
    """NVIDIA had guided to 37.5 billion."""
    row = row_of(listed, "NVDA.total")
    said = guided(known, listed, 4)[row]
    mean, variance = usual_beat(came_true(known, KINDS["guidance"]), "NVDA.total")
    assert said.location[0] == pytest.approx(np.log(37_500.0) + mean)
    assert said.scale[0] == pytest.approx(np.sqrt(variance))
    walk = random_walk(listed.logs[row], 4)
    np.testing.assert_allclose(np.diff(said.location), np.diff(walk.location))
    np.testing.assert_allclose(said.scale[1:] ** 2, variance + walk.scale[:-1] ** 2)


def test_the_later_statement_on_a_quarter_counts(known: Knowledge, listed: Panel) -> None:
    rows = known.table[
        (known.table["entity"] == "NVDA.total") & (known.table["quantity"] == "revenue_guidance")
    ]
    late = rows.tail(1).assign(value=30_000.0, published=pd.Timestamp("2024-12-30"))
    told = known.with_facts(pd.concat([known.table, late], ignore_index=True))
    row = row_of(listed, "NVDA.total")
    moved = guided(told, listed, 2)[row].location - guided(known, listed, 2)[row].location
    np.testing.assert_allclose(moved, np.log(30_000.0 / 37_500.0), atol=1e-9)


def test_without_a_statement_on_the_next_quarter_it_is_silent(
    known: Knowledge, listed: Panel
) -> None:
    spoken = {listed.series[row].entity for row in guided(known, listed, 1)}
    assert {"NVDA.total", "AMD.total", "MU.total"} <= spoken
    assert not {"EQIX.total", "NVDA.data_center", "META"} & spoken
    quiet = ~known.table["quantity"].str.startswith("revenue_guidance")
    assert guided(known.with_facts(known.table[quiet]), listed, 1) == {}


def test_it_speaks_once_enough_has_come_true() -> None:
    """At first nobody's guidance has been tried."""
    every = ms.load_facts()
    for year in range(2018, 2024):
        date = pd.Timestamp(f"{year}-12-31")
        known = every.upto(date)
        enough = any(len(came_true(known, KINDS[kind])) >= 10 for kind in SOURCES)
        assert bool(guided(known, panel(known, date), 1)) == enough


def test_rewriting_the_future_changes_nothing(known: Knowledge, listed: Panel) -> None:
    every = ms.load_facts()
    later = every.table["published"] > AS_OF
    other = every.with_facts(every.table.assign(value=every.table["value"].where(~later, 1.0)))
    true = guided(known, listed, 4)
    assert len(true) > 10
    for row, said in guided(other.upto(AS_OF), listed, 4).items():
        np.testing.assert_array_equal(said.location, true[row].location)
