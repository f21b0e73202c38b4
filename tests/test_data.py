"""The rows that ship: true to where they came from, tidy, and never known too early."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketsim.errors import DataError
from marketsim.knowledge import Knowledge, load_facts
from marketsim.resources import folder

DATA = folder("data")
FILES = sorted((DATA / "facts").glob("*.csv"))
CONTRACTS = {
    "bond_issue",
    "compute_contract",
    "lab_compute_commitment",
    "lab_compute_commitment_power",
    "power_contract",
    "project_debt",
}
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


def text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


# ------------------------------------------------------------------- tidy


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_differs_only_where_its_rows_do(path: Path) -> None:
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    rows = text(path)
    key = rows[["quantity", "entity", "date", "published"]]
    assert key.equals(key.sort_values(list(key.columns), ignore_index=True))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_numbers_are_written_as_short_as_they_read_back(path: Path) -> None:
    written = text(path)["value"]
    assert [x for x in written if repr(float(x)).removesuffix(".0") != x] == []


def test_every_known_quantity_is_used_and_in_every_unit(facts: Knowledge) -> None:
    used = facts.table[["quantity", "unit"]].drop_duplicates()
    known = facts.quantities["units"].explode()
    assert set(used.itertuples(index=False, name=None)) == set(known.items())


def test_revenue_speaks_of_the_companies_alone(facts: Knowledge) -> None:
    entities = facts.table.loc[facts.table["quantity"] == "quarterly_revenue", "entity"]
    assert set(entities.str.split(".").str[0]) == set(facts.universe.companies.index)


def test_the_readme_counts_what_is_there(facts: Knowledge) -> None:
    page = (DATA / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| (\w+\.csv) \| (.*?) \| \D", page, flags=re.MULTILINE))
    assert set(listed) == {path.name for path in FILES}
    for path in FILES:
        sure = text(path)["confidence"].value_counts()
        counts = [sure.sum(), *(sure.get(c, 0) for c in ("sourced", "derived", "unverified"))]
        assert listed[path.name] == " | ".join(f"{n:,}" for n in counts), path.name
    assert f"{len(facts):,} facts" in page
    assert f"the {len(facts.quantities)} quantities" in page


# ------------------------------------------------------------------- known by when


def test_only_what_looks_forward_is_published_before_its_date(facts: Knowledge) -> None:
    early = facts.table[facts.table["published"] < facts.table["date"]]
    assert facts.quantities.loc[early["quantity"].unique(), "forward"].all()
    assert {"data_centre_electricity_forecast", "capacity_price"} <= set(early["quantity"])


def test_no_quarter_is_known_within_nine_days_of_its_end(facts: Knowledge) -> None:
    """Oracle's release may come on the ninth."""
    of_quarters = facts.table["quantity"].str.startswith("quarterly_")
    forward = facts.table["quantity"].map(facts.quantities["forward"]).astype(bool)
    rows = facts.table[of_quarters & ~forward]
    after = (rows["published"] - rows["date"]).dt.days
    oracle = rows["entity"].str.split(".").str[0] == "ORCL"
    assert after[~oracle].min() >= 10
    assert after[oracle].min() >= 9


@pytest.mark.parametrize(
    ("entity", "end", "hidden_on"),
    [
        ("CRWV.total", "2024-12-31", "2025-03-27"),  # listed on 2025-03-28
        ("GEV.total", "2023-12-31", "2024-04-01"),  # listed on 2024-04-02
        ("VRT.total", "2019-12-31", "2020-02-06"),  # listed on 2020-02-07
        ("TLN.total", "2024-03-31", "2024-07-09"),  # registered in July 2024
        ("GOOGL.google_cloud", "2019-03-31", "2020-02-02"),  # first shown in February 2020
        (
            "AMD.data_center",
            "2021-03-27",
            "2022-08-01",
        ),  # a segment since the second quarter of 2022
        ("DELL.total_recast_ex_vmware", "2021-04-30", "2022-05-31"),
        ("MSFT.intelligent_cloud_recast_fy25", "2022-09-30", "2024-08-20"),
        ("SMCI.total", "2024-06-30", "2025-02-24"),  # audited late
    ],
)
def test_quarters_that_came_out_late_are_hidden_until_then(
    facts: Knowledge, entity: str, end: str, hidden_on: str
) -> None:
    assert pd.Timestamp(end) in facts.series("quarterly_revenue", entity).index
    assert pd.Timestamp(end) not in facts.upto(hidden_on).series("quarterly_revenue", entity).index


def test_a_restated_figure_is_not_known_before_the_year_of_its_filing(facts: Knowledge) -> None:
    rows = facts.table[facts.table["confidence"] == "sourced"]
    year = rows["source"].str.extract(r"accn \d{10}-(\d\d)-")[0].dropna().astype(int) + 2000
    assert len(year) > 1000
    assert (rows.loc[year.index, "published"].dt.year >= year).all()


def test_an_inferred_first_report_repeats_a_later_row_and_says_so(facts: Knowledge) -> None:
    first = text(DATA / "facts" / "annual_first_reports.csv")
    last = text(DATA / "facts" / "annual_fundamentals.csv")
    pairs = first.merge(last, on=["quantity", "entity", "date"], suffixes=("", "_last"))
    assert len(pairs) == len(first)
    shares = pairs["quantity"] == "annual_diluted_shares"
    assert (pairs["value"] == pairs["value_last"])[~shares].all()
    assert (pairs["published"] < pairs["published_last"]).all()
    assert set(first["confidence"]) == {"derived"}
    np.testing.assert_allclose(
        today(pairs[shares]), today(last_of(pairs[shares])), rtol=1e-6, atol=1e-6
    )


def last_of(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(value=pairs["value_last"], published=pairs["published_last"])


def today(rows: pd.DataFrame) -> np.ndarray:
    """Values, those of shares on the split basis of the newest day."""
    splits = text(DATA / "facts" / "splits.csv")
    splits = splits[splits["quantity"] == "stock_split"]
    return np.array(
        [
            float(value)
            * splits[(splits["entity"] == entity) & (splits["date"] > published)]["value"]
            .astype(float)
            .prod()
            if quantity == "annual_diluted_shares"
            else float(value)
            for quantity, entity, published, value in rows[
                ["quantity", "entity", "published", "value"]
            ].itertuples(index=False)
        ]
    )


def test_shares_stand_on_the_basis_of_their_day(facts: Knowledge) -> None:
    """As reported on the day: a split that came later is in no row that was public before."""
    for day, shares in (("2021-03-01", 627.5), ("2022-04-01", 2535.0), ("2025-03-01", 24804.0)):
        assert facts.upto(day).latest("annual_diluted_shares")["NVDA"] == shares
    assert facts.upto("2022-03-01").latest("annual_diluted_shares")["GOOGL"] == 677.674
    assert facts.upto("2022-03-01").latest("annual_diluted_shares")["AMZN"] == 514.8


def test_a_split_is_known_from_its_announcement_on(facts: Knowledge) -> None:
    rows = facts.select("stock_split")
    assert (rows["published"] <= rows["date"]).all()
    assert (rows["value"] > 0.0).all()
    assert "GOOGL" in set(facts.upto("2022-02-01").select("stock_split")["entity"])
    assert "GOOGL" not in set(facts.upto("2022-01-31").select("stock_split")["entity"])


def test_installed_compute_waits_for_its_own_publication(facts: Knowledge) -> None:
    assert facts.upto("2026-04-21").select("installed_h100e").empty
    assert len(facts.upto("2026-04-22").select("installed_h100e")) == 140


def test_no_note_of_an_observation_names_a_later_year(facts: Knowledge) -> None:
    """Contracts do, of the years that they run: it is known when they are signed."""
    observed = ~facts.table["quantity"].map(facts.quantities["forward"]).astype(bool)
    rows = facts.table[observed & ~facts.table["quantity"].isin(CONTRACTS)]
    years = rows["note"].str.findall(r"\b20\d\d").map(lambda named: max(map(int, named), default=0))
    assert rows.loc[years > rows["published"].dt.year, ["quantity", "entity", "note"]].empty


def test_electricity_of_2014_has_two_vintages(facts: Knowledge) -> None:
    end = pd.Timestamp("2014-12-31")
    assert facts.upto("2020-01-01").series("data_centre_electricity", "US")[end] == 70
    assert facts.upto("2025-01-01").series("data_centre_electricity", "US")[end] == 58


# ------------------------------------------------------------------- sense


def test_bounds_enclose_what_they_bound(facts: Knowledge) -> None:
    for low, middle, high in (
        ("installed_h100e_p05", "installed_h100e", "installed_h100e_p95"),
        ("trend_lo", "trend", "trend_hi"),
    ):
        side = pd.concat(
            {
                q: facts.select(q).set_index(["entity", "date"])["value"]
                for q in (low, middle, high)
            },
            axis=1,
        ).dropna()
        assert len(side) >= 27
        assert side[middle].between(side[low], side[high]).all()


def test_the_four_quarters_of_nvidia_make_its_year(facts: Knowledge) -> None:
    quarters = facts.series("quarterly_revenue", "NVDA.total").loc["2024-02":"2025-01"]
    year = facts.series("annual_revenue", "NVDA")[pd.Timestamp("2025-01-26")]
    assert len(quarters) == 4
    assert quarters.sum() == pytest.approx(year, rel=1e-3)


def test_a_share_of_revenue_is_a_part_of_it(facts: Knowledge) -> None:
    share = facts.select("quarterly_revenue_share")["value"]
    assert share.between(0, 100).all()
    whole = facts.series("quarterly_revenue", "NVDA.total")
    part = facts.series("quarterly_revenue", "NVDA.data_center")
    assert (part < whole.reindex(part.index)).all()


# ------------------------------------------------------------------- true to the source


def shared(table: str) -> pd.DataFrame:
    path = SHARED / "facts" / f"{table}.csv"
    if not path.is_file():
        pytest.skip("the original tables are not beside this checkout")
    return text(path)


def total(column: pd.Series) -> float:
    return float(pd.to_numeric(column[column != ""]).sum())


@pytest.mark.parametrize(
    ("table", "file", "columns"),
    [
        ("revenue_quarterly", "quarterly_revenue", ["value"]),
        ("capex_quarterly", "quarterly_capex", ["capex_usd_m"]),
        ("fundamentals_annual", "annual_fundamentals", ["value"]),
        ("accounting", "accounting", ["value"]),
        ("power", "power", ["value"]),
        ("trends", "trends", ["value", "lo", "hi"]),
        ("finance", "finance", ["value"]),
        ("memory", "memory", ["value"]),
        ("rates", "rates", ["value"]),
        ("supply", "supply", ["value"]),
        ("event_moves", "event_moves", ["value"]),
        (
            "companies",
            "company_profiles",
            ["revenue_usd_m", "ai_dc_share_pct", "gross_margin_pct"],
        ),
        (
            "installed_compute",
            "installed_compute",
            ["h100e_median", "h100e_p5", "h100e_p95", "units_median", "power_mw_median"],
        ),
        (
            "chips",
            "chips",
            [
                *("fp16_dense_tflops", "fp8_dense_tflops", "fp4_dense_tflops", "int8_tops"),
                *("memory_gb", "mem_bw_tbps", "tdp_w", "price_usd", "process_nm"),
            ],
        ),
    ],
)
def test_every_figure_of_a_table_was_carried_over(
    table: str, file: str, columns: list[str]
) -> None:
    before, after = shared(table), text(DATA / "facts" / f"{file}.csv")
    assert len(after) == sum((before[column] != "").sum() for column in columns)
    assert today(after).sum() == pytest.approx(
        sum(total(before[column]) for column in columns), rel=1e-12
    )


def test_splits_and_listings_with_a_figure_were_carried_over() -> None:
    """Beside them: class C with class A, Dell's divisor, and what a receipt of TSMC's is."""
    before = pd.concat([shared("splits"), shared("listings")])
    after = text(DATA / "facts" / "splits.csv")
    added = after["quantity"].isin(["price_divisor", "ordinary_per_receipt"])
    added |= after["entity"] == "GOOG"
    assert (len(after[~added]), added.sum()) == ((before["value"] != "").sum(), 3)
    assert total(after.loc[~added, "value"]) == pytest.approx(total(before["value"]))


def test_every_row_on_demand_was_carried_over() -> None:
    before, after = shared("inference_demand"), text(DATA / "facts" / "inference_demand.csv")
    assert len(after) == len(before)
    plain = before[before["category"] != "tokens"]
    kept = after[after["quantity"] != "token_volume"]
    assert total(kept["value"]) == pytest.approx(total(plain["value"]), rel=1e-12)


def test_every_figure_of_guidance_was_carried_over() -> None:
    """Backlogs in billions, the rest as it was; floors and ends are rows of their own."""
    before, after = shared("guidance"), text(DATA / "facts" / "guidance.csv")
    ends = before[["low", "mid", "high"]]
    backlog = (before["kind"] == "backlog") & (before["target"] != "net_bookings")
    assert len(after) == (ends != "").to_numpy().sum()
    joined = after["quantity"] == "backlog"
    assert 1e3 * total(after[joined]["value"]) == pytest.approx(total(before[backlog]["mid"]))
    plain = sum(total(before[~backlog][side]) for side in ("low", "mid", "high"))
    assert total(after.loc[~joined, "value"]) == pytest.approx(plain)


def test_power_markets_were_carried_over_but_for_the_days_of_auctions() -> None:
    before, after = shared("power_market"), text(DATA / "facts" / "power_market.csv")
    kept = before[~before["quantity"].str.startswith("BRA result day")]
    assert (len(after), len(before) - len(kept)) == (len(kept), 6)
    assert in_power(after) == pytest.approx(in_power(kept), rel=1e-12)
    assert total(after.loc[~power_of(after), "value"]) == pytest.approx(
        total(kept.loc[~power_of(kept), "value"]), rel=1e-12
    )


def power_of(rows: pd.DataFrame) -> pd.Series:
    return rows["unit"].isin(["MW", "GW"])


def in_power(rows: pd.DataFrame) -> float:
    """The sum of what is told in power, in MW."""
    megawatts, gigawatts = (rows[rows["unit"] == unit]["value"] for unit in ("MW", "GW"))
    return total(megawatts) + 1e3 * total(gigawatts)


@pytest.mark.parametrize(("table", "left_out"), [("labs", 0), ("token_price_events", 1)])
def test_tokens_a_day_became_a_rate_by_month(table: str, left_out: int) -> None:
    before, after = shared(table), text(DATA / "facts" / f"{table}.csv")
    assert len(after) == len(before) - left_out
    daily = before["quantity"] == "tokens a day"
    monthly = after["unit"] == "T tokens per month"
    assert total(after.loc[~monthly, "value"]) == pytest.approx(total(before.loc[~daily, "value"]))
    told = after.loc[monthly, "note"].str.extract(r"([\d.]+) trillion tokens per day")[0]
    assert set(told.astype(float)) <= set(before.loc[daily, "value"].astype(float))


def test_token_volumes_keep_the_original_figure_in_the_note() -> None:
    before, after = shared("inference_demand"), text(DATA / "facts" / "inference_demand.csv")
    said = before[before["category"] == "tokens"]
    notes = after.loc[after["quantity"] == "token_volume", "note"]
    figures = sorted(
        f"{v} {u} {m}" for v, u, m in said[["value", "unit", "metric"]].itertuples(index=False)
    )
    assert sorted(re.split(r"[;]|, x ", note)[0] for note in notes) == figures


def test_confidence_was_carried_over() -> None:
    same = ("power", "finance", "labs", "memory", "rates", "supply", "event_moves")
    for table, file in (("revenue_quarterly", "quarterly_revenue"), *zip(same, same, strict=True)):
        before, after = shared(table), text(DATA / "facts" / f"{file}.csv")
        assert (
            after["confidence"].value_counts().to_dict()
            == before["confidence"].value_counts().to_dict()
        )


@pytest.mark.parametrize("name", ["embeddable", "market_statistics", "market_correlation"])
def test_prices_are_the_files_that_may_be_redistributed(name: str) -> None:
    source = SHARED / "prices" / f"{name}.csv"
    if not source.is_file():
        pytest.skip("the original prices are not beside this checkout")
    assert (DATA / "prices" / f"{name}.csv").read_bytes() == source.read_bytes()


def test_no_other_prices_are_embedded() -> None:
    names = {path.name for path in (DATA / "prices").iterdir()}
    assert names == {"embeddable.csv", "market_statistics.csv", "market_correlation.csv"}


# ------------------------------------------------------------------- companies


def test_the_thirty_companies_have_a_layer_and_a_fiscal_year(facts: Knowledge) -> None:
    companies = facts.universe.companies
    assert len(companies) == 30
    assert companies.loc["NVDA"].to_dict() == {
        "company": "NVIDIA",
        "layer": "accelerators",
        "fiscal_year_end_month": 1,
    }


def test_faults_of_the_companies_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "companies.csv").write_text(
        "ticker,company,layer,fiscal_year_end_month\nMU,Alpha,memory,13\nANET,Beta,,1\n"
    )
    with pytest.raises(DataError) as raised:
        load_facts(add=tmp_path)
    place = f"{tmp_path.name}/companies.csv"
    assert [fault.removeprefix(place) for fault in str(raised.value).splitlines()] == [
        ", line 2, column fiscal_year_end_month: '13' is not a month; write 1 to 12",
        ", line 3, column layer: is empty",
    ]
