"""By how much outcomes beat statements: what is learnt of many, of few and of none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.statements import STATEMENTS, Statement, came_true
from marketsim.statements.beats import COMPANY, learnt

GUIDANCE, PLAN = (
    next(one for one in STATEMENTS if one.kind == kind) for kind in ("guidance", "plan")
)
CHANCE = np.random.default_rng(5)


def past(ratio: np.ndarray, entity: str = "A", **other: float) -> pd.DataFrame:
    table = pd.DataFrame({"ratio": ratio})
    filled = {"left": 1.0, "doubt": 1.0, "gap": np.nan, **other}
    return table.assign(entity=entity, number=range(len(ratio)), **filled)


def test_of_nothing_one_knows_what_was_expected_beforehand() -> None:
    found = learnt(GUIDANCE, past(np.array([])))
    mean, variance = found.of("A", left=1.0, doubt=1.0)
    assert mean == pytest.approx(GUIDANCE.beat)
    assert variance == pytest.approx(GUIDANCE.spread**2 * (1.0 + 1.0 / COMPANY))
    assert found.slope == 0.0


def test_of_many_one_knows_the_companys_own() -> None:
    found = learnt(GUIDANCE, past(CHANCE.normal(0.06, 0.02, 2_000)))
    mean, variance = found.of("A", left=1.0, doubt=1.0)
    assert mean == pytest.approx(0.06, abs=0.002)
    # The scale of a Student-t of four degrees of freedom about normal errors is a little smaller.
    assert np.sqrt(variance) == pytest.approx(0.02, rel=0.25)


def test_a_company_is_drawn_to_all_the_more_the_fewer_its_statements() -> None:
    many = past(CHANCE.normal(0.0, 0.02, 400), "A")
    both = [
        learnt(GUIDANCE, pd.concat([many, past(np.full(n, 0.10), "B")])).of("B", 1.0, 1.0)[0]
        for n in (1, 4, 16)
    ]
    assert 0.0 < both[0] < both[1] < both[2] < 0.10


def test_one_collapse_does_not_make_all_later_guidance_worthless() -> None:
    calm = CHANCE.normal(0.02, 0.02, 20)
    shocked = np.append(calm, -0.8)
    plain, after = (learnt(GUIDANCE, past(x)).of("A", 1.0, 1.0) for x in (calm, shocked))
    assert after[0] == pytest.approx(plain[0], abs=0.01)
    assert np.sqrt(after[1]) < 2.0 * np.sqrt(plain[1])


def test_a_gap_that_is_left_out_is_learnt() -> None:
    """Who says much more than the trend says too little still."""
    gap = CHANCE.normal(0.0, 0.15, 600)
    table = past(0.03 + 0.2 * gap + CHANCE.normal(0.0, 0.02, 600)).assign(gap=gap)
    found = learnt(GUIDANCE, table)
    assert found.slope == pytest.approx(0.2, abs=0.02)
    wide, none = (found.of("A", 1.0, 1.0, gap=x)[0] for x in (0.5, 0.0))
    assert wide - none == pytest.approx(0.5 * found.slope)


@pytest.mark.parametrize("kind", [GUIDANCE, PLAN], ids=["guidance", "plan"])
@given(left=st.floats(0.05, 1.0), doubt=st.floats(1.0, 2.0))
def test_bias_and_error_fade_as_the_year_is_reported(
    kind: Statement, left: float, doubt: float
) -> None:
    found = learnt(kind, past(np.random.default_rng(6).normal(0.05, 0.1, 50)))
    whole, part = found.of("A", 1.0, 1.0), found.of("A", left, doubt)
    fades = left**kind.fades
    assert part[0] == pytest.approx(fades * whole[0])
    assert part[1] == pytest.approx((fades * doubt) ** 2 * whole[1])


def test_plans_err_as_they_did_however_much_of_the_year_is_left() -> None:
    """A miss with one quarter left says little of a year to come: no owner errs by half."""
    told = came_true(ms.load_facts(as_of="2025-12-31"), PLAN).assign(gap=np.nan)
    found = learnt(PLAN, told)
    for some, left in ((told[told["left"] == 1.0], 1.0), (told[told["left"] == 0.25], 0.25)):
        error = np.sqrt((some["ratio"] ** 2).mean())
        _, variance = found.of("nobody", left, 1.0)
        assert 0.5 * error < np.sqrt(variance) < 1.5 * error
    assert max(abs(mean) for mean, _ in found.company.values()) < 0.15


def test_what_is_said_unsurely_teaches_less() -> None:
    sure, unsure = past(np.full(4, 0.10)), past(np.full(4, 0.10), doubt=1.6)
    means = [learnt(GUIDANCE, x).of("A", 1.0, 1.0)[0] for x in (sure, unsure)]
    assert GUIDANCE.beat < means[1] < means[0] < 0.10


def test_statements_on_one_year_count_as_one() -> None:
    one, four = past(np.full(1, 0.10)), past(np.full(4, 0.10)).assign(number=7)
    year = replace(GUIDANCE, quarters=4)
    means = [learnt(year, x).of("A", 1.0, 1.0)[0] for x in (one, four)]
    assert means[1] == pytest.approx(means[0])


def test_rolling_years_that_share_three_quarters_count_as_one() -> None:
    """Four of them teach as much as one year that stands alone."""
    rolling = next(one for one in STATEMENTS if one.rolls)
    apart = replace(rolling, rolls=False)
    four = past(np.full(4, 0.5)).assign(number=[1, 2, 3, 4])
    shared, alone = learnt(rolling, four), learnt(apart, past(np.full(1, 0.5)))
    assert shared.of("A", 1.0, 1.0)[0] == pytest.approx(alone.of("A", 1.0, 1.0)[0], rel=0.02)
    assert learnt(apart, four).of("A", 1.0, 1.0)[0] > shared.of("A", 1.0, 1.0)[0] + 0.05
