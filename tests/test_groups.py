"""Groups of outcomes: who is in them, what is scored there, and that no other score changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

import marketsim as ms
from marketsim.errors import InputError
from marketsim.forecasting.forecasters import GUIDED, MARKETSIM, OWN
from marketsim.forecasting.groups import EXPOSED, exposed
from marketsim.forecasting.measures import BEST, missed
from marketsim.forecasting.rivals import RIVALS
from marketsim.forecasting.scores import Scores, score
from tests.test_scores import cell, forecasts, losses

SERIES = {
    "A.total": ("NVDA.total", "quarterly_revenue"),
    "B.total": ("CSCO.security", "quarterly_revenue"),
    "B capex": ("MSFT capex", "quarterly_capex"),
}
RENAMED = {MARKETSIM: 0.1, OWN: 0.3, **dict(zip(RIVALS, (0.4, 0.5, 0.2, 0.3), strict=True))}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """As in the tests of scores, with names of ours; guidance knows of one series to a quarter."""
    rows = forecasts(scales=RENAMED)
    names = rows["series"].map(SERIES)
    rows = rows.assign(series=names.str[0], kind=names.str[1])
    own = rows[(rows["forecaster"] == MARKETSIM) & (rows["series"] == "NVDA.total")]
    said = own[own["origin"] >= "2021-01-01"].assign(forecaster=GUIDED, scale=0.15)
    return pd.concat([rows, said], ignore_index=True)


@pytest.fixture(scope="module")
def scores(table: pd.DataFrame) -> Scores:
    return score(table, exposed={"NVDA"})


def test_who_speaks_of_some_outcomes_changes_no_score_of_all(
    table: pd.DataFrame, scores: Scores
) -> None:
    without = score(table[table["forecaster"] != GUIDED], exposed={"NVDA"})
    for name in ("overall", "by_kind", "by_series", "by_origin", "pit"):
        pd.testing.assert_frame_equal(getattr(scores, name), getattr(without, name))
    assert scores.left_out == 0
    assert GUIDED not in scores.rivals


def test_what_is_guided_is_what_guidance_spoke_of(table: pd.DataFrame, scores: Scores) -> None:
    said = table[table["forecaster"] == GUIDED]
    guided = scores.by_group[scores.by_group["group"] == "guided"]
    assert set(guided["forecaster"]) == {*RENAMED, GUIDED}
    where = {"group": "guided", "horizons": "2-4"}
    for name in (MARKETSIM, GUIDED):
        assert cell(scores.by_group, "n", forecaster=name, **where) == (said["horizon"] > 1).sum()
    others = scores.by_group[scores.by_group["group"] != "guided"]
    assert GUIDED not in set(others["forecaster"])


def test_its_rival_counts_among_the_best_there_alone(scores: Scores) -> None:
    where = {"kind": "group", "horizons": "1", "forecaster": MARKETSIM}
    crps = scores.by_group[
        (scores.by_group["group"] == "guided") & (scores.by_group["horizons"] == "1")
    ].set_index("forecaster")["crps"]
    saved = cell(scores.skill, "skill", series="guided", rival=BEST, **where)
    assert saved == pytest.approx(1.0 - crps[MARKETSIM] / crps[[*RIVALS, GUIDED]].min())
    assert saved == cell(scores.skill, "skill", series="guided", rival=GUIDED, **where)
    exposed_rows = scores.skill[scores.skill["series"] == "AI-exposed"]
    assert GUIDED not in set(exposed_rows["rival"])


@pytest.mark.parametrize(
    ("group", "series"),
    [
        ("AI-exposed", "NVDA.total"),
        ("other revenue", "CSCO.security"),
        ("segments", "CSCO.security"),
        ("capital spending", "MSFT capex"),
    ],
)
def test_a_group_of_one_series_is_scored_as_it_is(scores: Scores, group: str, series: str) -> None:
    for horizons in ("1", "4", "2-4"):
        where = {"horizons": horizons, "forecaster": MARKETSIM}
        for column in ("n", "crps", "coverage", "bias"):
            mine = cell(scores.by_group, column, group=group, **where)
            assert mine == pytest.approx(cell(scores.by_series, column, series=series, **where))


class TestChance:
    """How likely a coverage as far from 80 % is."""

    @staticmethod
    def held(shares: list[list[float]]) -> pd.DataFrame:
        """Whether outcomes were held, by origin."""
        origins = pd.date_range("2018-03-31", periods=len(shares), freq="QE")
        rows = [(o, "1", "x", one) for o, some in zip(origins, shares, strict=True) for one in some]
        return pd.DataFrame(rows, columns=["origin", "horizons", "forecaster", "coverage"])

    def test_one_outcome_to_an_origin_is_students_test(self) -> None:
        once = np.random.default_rng(1).random(24) < 0.6
        found = missed(self.held([[float(x)] for x in once]))["coverage_p"].item()
        assert found == pytest.approx(ttest_1samp(once - 0.8, 0.0).pvalue)

    def test_what_is_held_as_often_as_it_should_be_is_no_surprise(self) -> None:
        exact = [[1.0, 1.0, 1.0, 1.0, 0.0]] * 6
        assert missed(self.held([*exact, *exact]))["coverage_p"].item() == 1.0

    def test_outcomes_that_miss_together_are_one_surprise(self) -> None:
        """A quarter of origins missed as a whole says less than as many outcomes apart."""
        chance = np.random.default_rng(0)
        together = [[float(i % 4 > 0)] * 20 for i in range(24)]
        apart = [[float(x) for x in chance.random(20) < 0.75] for _ in range(24)]
        odds = [missed(self.held(rows))["coverage_p"].item() for rows in (together, apart)]
        assert odds[0] > 0.5 > 0.1 > odds[1]

    def test_few_origins_say_nothing(self) -> None:
        assert np.isnan(missed(self.held([[0.0]] * 7))["coverage_p"].item())


def test_late_bias_is_that_of_late_origins(table: pd.DataFrame, scores: Scores) -> None:
    rows = table[(table["series"] == "NVDA.total") & (table["forecaster"] == MARKETSIM)]
    late = rows[(rows["origin"] >= "2023-01-01") & (rows["horizon"] == 4)]
    where = {"group": "AI-exposed", "horizons": "4", "forecaster": MARKETSIM}
    found = cell(scores.by_group, "late_bias", **where)
    assert found == pytest.approx((late["location"] - late["log_value"]).mean())
    every = rows[rows["horizon"] == 4]
    assert cell(scores.by_group, "bias", **where) == pytest.approx(
        (every["location"] - every["log_value"]).mean()
    )


def test_ours_is_tested_against_its_parts_and_parts_against_rivals(
    table: pd.DataFrame, scores: Scores
) -> None:
    pairs = set(zip(scores.tests["forecaster"], scores.tests["rival"], strict=True))
    rivals = {*RIVALS, GUIDED}
    assert pairs == {
        (MARKETSIM, OWN),
        *((name, rival) for name in (MARKETSIM, OWN) for rival in rivals),
    }
    where = {"series": "all", "horizons": "1", "forecaster": MARKETSIM, "rival": OWN}
    mine, theirs = (losses(table, name, horizon=1).mean() for name in (MARKETSIM, OWN))
    assert cell(scores.tests, "difference", **where) == pytest.approx(mine - theirs)
    assert cell(scores.skill, "skill", **where) > 0.0
    assert scores.parts == (OWN,)


def test_groups_are_tested_by_the_mean_over_their_series(
    table: pd.DataFrame, scores: Scores
) -> None:
    where = {"series": "guided", "kind": "group", "horizons": "2", "forecaster": MARKETSIM}
    said = table[(table["series"] == "NVDA.total") & (table["origin"] >= "2021-01-01")]
    mine, theirs = (losses(said, name, horizon=2) for name in (MARKETSIM, GUIDED))
    assert cell(scores.tests, "n", rival=GUIDED, **where) == len(mine)
    found = cell(scores.tests, "difference", rival=GUIDED, **where)
    assert found == pytest.approx((mine - theirs).mean())


def test_the_text_tells_groups_and_parts(scores: Scores) -> None:
    text = str(scores)
    for group in ("guided", "AI-exposed", "other revenue", "segments", "capital spending"):
        assert f"\n{group}, 2-4 " in text
    assert "leave something out" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "by group" not in str(score(forecasts()))


def test_exposed_are_those_of_whose_revenue_a_quarter_is_from_ai() -> None:
    """By the last share stated; landlords, whose shares count every data centre, apart."""
    facts = ms.load_facts()
    found = exposed(facts)
    rows = facts.table[facts.table["quantity"] == "company_ai_share"]
    share = rows.set_index("entity")["value"]
    assert {"NVDA", "SMCI", "MU"} <= found
    assert all(share[ticker] >= EXPOSED for ticker in found)
    layers = facts.universe.companies["layer"]
    apart = {t for t in share.index[share >= EXPOSED] if layers.get(t) == "leases"}
    assert apart == {"EQIX", "DLR"}
    assert found == set(share.index[share >= EXPOSED]) - apart


def test_the_last_share_stated_counts() -> None:
    facts = ms.load_facts()
    row = facts.table[
        (facts.table["quantity"] == "company_ai_share") & (facts.table["entity"] == "CSCO")
    ]
    later = row.assign(value=60.0, date=row["date"] + pd.Timedelta(days=364))
    more = facts.with_facts(pd.concat([facts.table, later], ignore_index=True))
    assert exposed(more) == exposed(facts) | {"CSCO"}


# ----------------------------------------------------------------------- by origin


def test_marks_by_origin_add_up_to_those_of_the_group(scores: Scores) -> None:
    for group in ("AI-exposed", "other revenue", "guided"):
        rows = scores.origins(group)
        both = scores.by_group[
            (scores.by_group["group"] == group)
            & (scores.by_group["forecaster"] == MARKETSIM)
            & scores.by_group["horizons"].isin(("1", "2-4"))
        ]
        assert rows["n"].sum() == both["n"].sum()
        for name in ("crps", "coverage"):
            whole = np.average(both[name], weights=both["n"])
            assert np.average(rows[name], weights=rows["n"]) == pytest.approx(whole)
        four = cell(scores.by_group, "bias", group=group, horizons="4", forecaster=MARKETSIM)
        assert rows["year_bias"].mean() == pytest.approx(four)  # as many outcomes at each origin


def test_the_best_rival_is_the_groups_own_over_all_origins(
    table: pd.DataFrame, scores: Scores
) -> None:
    """Here who knows the spread best; where guidance speaks, whoever repeats it."""
    rows = scores.origins("capital spending")
    best = min(RIVALS, key=RENAMED.__getitem__)
    assert set(rows["rival"]) == {best}
    loss = losses(table, best, series="MSFT capex").groupby(level="origin").mean()
    np.testing.assert_allclose(rows["rival_crps"], loss)
    np.testing.assert_allclose(rows["skill"], 1.0 - rows["crps"] / rows["rival_crps"])
    assert set(scores.origins("guided")["rival"]) == {GUIDED}


def test_a_group_that_is_not_scored_is_named_with_those_that_are(scores: Scores) -> None:
    with pytest.raises(InputError, match="Did you mean 'AI-exposed'"):
        scores.origins("AI exposed")
    with pytest.raises(InputError, match="There are"):
        scores.origins(forecaster="nobody")
