"""Who borrows what he builds with: by his own cash flow statements, as known on the date."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.knowledge.funding import FREE, OPERATING, borrowed
from marketsim.knowledge.table import COLUMNS

QUARTERS = ("2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30")


def facts(
    operating: list[float], free: list[float], quarters: tuple[str, ...] = QUARTERS
) -> ms.knowledge.Facts:
    """Cash flows of one company by quarter, each published a month later."""
    rows = [
        (quantity, "ORCL", day, value)
        for quantity, values in ((OPERATING, operating), (FREE, free))
        for day, value in zip(quarters, values, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["quantity", "entity", "date", "value"])
    days = pd.to_datetime(frame["date"])
    frame = frame.assign(date=days, published=days + pd.Timedelta(days=30), unit="USD m")
    frame = frame.assign(source="made", confidence="sourced", note="")
    return ms.knowledge.Facts(
        frame[list(COLUMNS)].sort_values(list(COLUMNS[:4]), ignore_index=True)
    )


@pytest.mark.parametrize(
    ("free", "share"),
    [(-5.0, 5.0 / 15.0), (0.0, 0.0), (4.0, 0.0), (-10.0, 0.5)],
)
def test_what_cash_flow_leaves_of_capital_spending_is_borrowed(free: float, share: float) -> None:
    found = borrowed(facts([10.0] * 4, [free] * 4), ["ORCL", "MSFT"])
    np.testing.assert_allclose(found, [share, 0.0])


def test_who_burns_cash_before_he_builds_borrows_all_of_it() -> None:
    assert borrowed(facts([-2.0] * 4, [-10.0] * 4), ["ORCL"]) == [1.0]


def test_less_than_four_quarters_in_a_row_say_nothing() -> None:
    known = facts([10.0] * 4, [-10.0] * 4)
    assert borrowed(known.upto("2025-10-29"), ["ORCL"]) == [0.0]
    assert borrowed(known.upto("2025-10-30"), ["ORCL"]) == [0.5]
    gap = ("2023-12-31", *QUARTERS[1:])
    assert borrowed(facts([10.0] * 4, [-10.0] * 4, gap), ["ORCL"]) == [0.0]


def test_of_the_largest_builders_those_borrow_who_burn_cash() -> None:
    """Oracle's free cash flow turned in 2025; CoreWeave never had any."""
    known = ms.load_facts(as_of="2025-12-31")
    owners = ("AMZN", "MSFT", "GOOGL", "META")
    assert borrowed(known.facts, owners).tolist() == [0.0] * 4
    oracle, coreweave = borrowed(known.facts, ("ORCL", "CRWV"))
    assert 0.3 < oracle < 0.5 < 0.7 < coreweave < 1.0
    assert borrowed(known.upto("2024-12-31").facts, ("ORCL",)) == [0.0]
