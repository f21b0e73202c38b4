"""The rows that ship agree with one another: identities, sums, bounds, and forecasts kept apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from marketsim.knowledge import Knowledge, load_facts

OWNERS = ("AMZN", "GOOGL", "META", "MSFT")
RANGE = r"range (-?[\d.]+) to (-?[\d.]+)"
NO_SOURCE = (
    r"shared/|(?:^|[^\w/:.%])(?:~|\.{0,2})/\w|/tmp|file:|localhost|127\.0\.0\.1"
    r"|pypi|npmjs|pythonhosted|crates\.io|anaconda|rubygems"
)


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


def keyed(facts: Knowledge, quantity: str) -> pd.Series:
    """Every vintage's value by entity, date and day of publication."""
    rows = facts.table[facts.table["quantity"] == quantity]
    return rows.set_index(["entity", "date", "published"])["value"]


# ------------------------------------------------------------------- ahead and as it turned out


def test_what_is_called_a_forecast_may_look_forward(facts: Knowledge) -> None:
    names = facts.quantities.index
    ahead = names[names.str.contains(r"_(?:forecast|guidance|plan|forward)(?:_low|_high)?$")]
    assert len(ahead) > 40
    assert facts.quantities.loc[ahead, "forward"].all()


def test_a_forecast_is_told_in_units_of_what_it_foretells(facts: Knowledge) -> None:
    units = facts.quantities["units"]
    pairs = [(n, n.removesuffix("_forecast")) for n in units.index if n.endswith("_forecast")]
    pairs = [(ahead, turned) for ahead, turned in pairs if turned in units.index]
    assert len(pairs) > 15
    assert all(set(units[ahead]) <= set(units[turned]) for ahead, turned in pairs)


def test_no_outcome_says_that_it_is_a_forecast(facts: Knowledge) -> None:
    rows = facts.table[facts.table["quantity"].str.match("memory_|hbm_|lab_|packaging_")]
    seen = rows[~rows["quantity"].map(facts.quantities["forward"]).astype(bool)]
    assert len(seen) > 400
    assert not seen["note"].str.contains(r"\b(?:revised )?forecast$|forecast;|^forecast").any()


def test_a_contract_price_turns_out_near_its_last_forecast(facts: Knowledge) -> None:
    """They are two series: were they one, the forecasts would hide the outcomes or the reverse."""
    turned = facts.select("memory_price_change").set_index(["entity", "date"])["value"]
    ahead = facts.select("memory_price_forecast").set_index(["entity", "date"])["value"]
    both = pd.concat({"turned": turned, "ahead": ahead}, axis=1).dropna()
    assert len(both) >= 8
    assert (both["turned"] - both["ahead"]).abs().max() < 10.0


# ------------------------------------------------------------------- guidance


@pytest.mark.parametrize("kind", ["revenue_guidance", "annual_revenue_guidance", "capex_plan"])
def test_guidance_lies_between_its_ends(kind: str, facts: Knowledge) -> None:
    ends = {side: keyed(facts, kind + side) for side in ("_low", "", "_high")}
    assert set(ends["_high"].index) <= set(ends["_low"].index) & set(ends[""].index)
    whole = pd.concat(ends, axis=1).dropna()
    assert len(whole) > 40
    assert (whole["_low"] <= whole[""]).all()
    assert (whole[""] <= whole["_high"]).all()


def test_companies_beat_their_guidance_by_a_little(facts: Knowledge) -> None:
    """A slip of unit, segment or quarter would show at once."""
    table = facts.table[facts.table["quantity"] == "revenue_guidance"]
    early = table[table["published"] < table["date"]].drop_duplicates(["entity", "date"])
    reported = facts.select("quarterly_revenue").set_index(["entity", "date"])["value"]
    guided = early.set_index(["entity", "date"])["value"]
    ratio = (reported / guided).dropna()
    ratio = ratio[ratio.index.get_level_values("entity").str.endswith(".total")]
    assert len(ratio) > 250
    assert ratio.between(0.6, 1.6).all()
    assert 1.0 < ratio.mean() < 1.06
    assert (ratio > 1.0).mean() > 0.8


def test_three_months_make_a_quarter_at_the_rate_of_the_day(facts: Knowledge) -> None:
    months = facts.series("monthly_revenue", "TSM.total")
    quarters = months.resample("QE").agg(["sum", "count"])
    dollars = facts.series("quarterly_revenue", "TSM.total")
    rate = (quarters.loc[quarters["count"] == 3, "sum"] / dollars).dropna()
    assert len(rate) > 15
    assert rate.between(27.0, 34.0).all()


# ------------------------------------------------------------------- sums and identities


def test_a_quarter_is_known_once_the_next_is_guided(facts: Knowledge) -> None:
    """But for two that Super Micro restated before it filed them."""
    rows = facts.table[facts.table["quantity"] == "quarterly_revenue"]
    whole = rows[rows["entity"].str.endswith(".total")]
    guided = facts.table[facts.table["quantity"] == "revenue_guidance"]
    late = []
    for entity, reports in whole.groupby("entity"):
        said = guided[guided["entity"] == entity]
        for date, published in zip(reports["date"], reports["published"], strict=True):
            ahead = (said["date"] - date).dt.days.between(75, 106)
            after = (said["published"] - date).dt.days > 7
            calls = said.loc[ahead & after, "published"]
            if len(calls) and calls.min() < published:
                late.append(f"{entity} {date.date()}")
    assert late == ["SMCI.total 2024-06-30", "SMCI.total 2024-09-30"]


@pytest.mark.parametrize("owner", [*OWNERS, "ORCL", "CRWV"])
def test_operating_less_free_cash_flow_is_capital_spending(owner: str, facts: Knowledge) -> None:
    """Where all three are known: Oracle's free cash flow is also without its spending."""
    operating = facts.series("quarterly_operating_cash_flow", owner)
    free = facts.series("quarterly_free_cash_flow", owner)
    spent = facts.series("quarterly_capex", owner)
    apart = (operating - free - spent).dropna()
    assert len(apart) >= (31 if owner in OWNERS else 7)
    np.testing.assert_allclose(apart, 0.0, atol=0.5)


@pytest.mark.parametrize("owner", [*OWNERS, "ORCL"])
def test_four_quarters_of_cash_flow_make_the_year(owner: str, facts: Knowledge) -> None:
    quarters = facts.series("quarterly_operating_cash_flow", owner)
    years = 0
    for end, year in facts.series("annual_operating_cash_flow", owner).items():
        age = pd.Timestamp(str(end)) - pd.DatetimeIndex(quarters.index)
        within = quarters[(age >= pd.Timedelta(0)) & (age < pd.Timedelta(days=360))]
        if len(within) == 4:
            assert within.sum() == pytest.approx(year, abs=1.0)
            years += 1
    assert years >= 6


def test_what_three_makers_sell_is_most_of_the_industry(facts: Knowledge) -> None:
    makers = [
        facts.series("memory_revenue", f"{m} DRAM") for m in ("Samsung", "SK hynix", "Micron")
    ]
    share = (sum(makers[1:], makers[0]) / facts.series("memory_revenue", "DRAM industry")).dropna()
    assert len(share) > 10
    assert share.between(0.85, 1.0).all()


def test_orders_and_slots_make_the_backlog_with_slots(facts: Knowledge) -> None:
    for maker in ("GE Vernova", "Siemens Energy"):
        orders, slots, both = (
            facts.series("turbine_backlog", maker + part) for part in ("", "/slots", "/with slots")
        )
        apart = (orders + slots - both).dropna()
        assert len(apart) >= 2
        assert apart.abs().max() <= 1.0  # each is rounded to a whole one


def test_sites_make_their_total(facts: Knowledge) -> None:
    total = "Epoch: 14 tracked sites"
    sites = facts.select("site_power").query("entity != @total")
    for day, power in facts.series("site_power", total).items():
        by_then = sites[sites["date"] <= day].drop_duplicates("entity", keep="last")
        assert by_then["value"].sum() == pytest.approx(power, abs=1.0)


def test_a_laboratory_is_worth_more_than_it_raised(facts: Knowledge) -> None:
    raised = facts.select("lab_equity_raised")
    for _, round_ in facts.select("lab_valuation").iterrows():
        of_it = raised[raised["entity"] == round_["entity"]]
        assert of_it.loc[of_it["date"] <= round_["date"], "value"].sum() < round_["value"]


def test_capacity_is_auctioned_for_every_year(facts: Knowledge) -> None:
    years = pd.DatetimeIndex(facts.series("capacity_price", "PJM").index).year
    assert list(years) == list(range(2015, 2030))


def test_a_bill_yields_what_its_discount_makes_of_it(facts: Knowledge) -> None:
    """A bond-equivalent yield is 365 d / (360 - 91 d) for a discount d over 91 days.

    Since its curve is fitted another way, from December 2021, the Treasury's lies up to 0.12 above.
    """
    yields, discount = (facts.series("interest_rate", f"US 3-month{n}") for n in ("", " bill"))
    apart = (yields - 365.0 * discount / (360.0 - 0.91 * discount)).dropna()
    assert len(apart) > 120
    assert apart.abs().max() < 0.15
    assert apart[:"2021-11"].abs().max() < 0.02
    days = facts.series("interest_rate", "US 10-year").index
    months = pd.DatetimeIndex(days).to_period("M")
    assert list(months) == list(pd.period_range("2014-01", "2025-11", freq="M"))


# ------------------------------------------------------------------- how it is told


def test_a_range_in_a_note_encloses_the_value(facts: Knowledge) -> None:
    ends = facts.table["note"].str.extract(RANGE).dropna().astype(float)
    assert len(ends) > 200
    values = facts.table.loc[ends.index, "value"]
    assert values.between(ends[0], ends[1]).all()


def test_a_source_is_where_a_reader_may_look(facts: Knowledge) -> None:
    assert not facts.table["source"].str.contains(NO_SOURCE, case=False).any()
    bare = facts.table["source"].str.startswith("recollection")
    assert set(facts.table.loc[bare, "confidence"]) == {"unverified"}


def test_the_mean_of_an_event_day_is_that_of_the_companies(facts: Knowledge) -> None:
    """Within rounding, and each day has one name, known that day, for all its rows."""
    rows, means = facts.select("one_day_move"), facts.select("one_day_move_mean")
    companies = rows[rows["entity"].isin(facts.universe.companies.index)]
    assert set(rows["entity"]) - set(companies["entity"]) == {"SPY", "QQQ", "SMH"}
    mean = companies.groupby("date")["value"].mean()
    told = means.set_index("date")["value"]
    np.testing.assert_allclose(told, mean[told.index], atol=0.006)
    assert (rows["published"] == rows["date"]).all()
    assert (pd.concat([rows, means]).groupby("date")["note"].nunique() == 1).all()
    assert rows["value"].abs().max() < 100.0
    assert (rows.groupby("date")["entity"].nunique() >= 25).all()


def test_no_event_day_knows_a_company_before_its_listing(facts: Knowledge) -> None:
    first = facts.select("one_day_move").groupby("entity")["date"].min()
    listed = facts.select("listing_price").set_index("entity")["date"]
    both = first.index.intersection(listed.index)
    assert (first[both] >= listed[both]).all()
