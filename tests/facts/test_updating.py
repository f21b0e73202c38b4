"""What sources say reaches the user's folder where it is new, and is told where it differs."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import marketsim as ms
from marketsim.curation import Row, add_rows
from marketsim.errors import InputError, SourceError
from marketsim.sources import Missing, Report, Unreachable
from marketsim.sources.statements import yahoo_reports
from tests.facts.conftest import Updates, shipped
from tests.facts.filings import AGENT, Sources, Statement, company, entry
from tests.yahoo.asking import QUICK, walk
from tests.yahoo.server import TOO_MANY, Fault, Listing

TODAY = pd.Timestamp.now("UTC").tz_localize(None).normalize()
NEW = ("2026-01-01", "2026-03-31", "2026-04-24")
LISTED = "AMZN"
NUMBER = 1018724
TAG = "RevenueFromContractWithCustomerExcludingAssessedTax"


def known(quantity: str, entity: str) -> pd.Series:
    """What ships, in millions by date."""
    return shipped().series(quantity, entity)


def revenue(value: float, period: tuple[str, str, str] = NEW) -> list[dict[str, Any]]:
    return [entry(period[0], period[1], value * 1e6, period[2], accn="0001018724-26-000012")]


def rows(folder: Path, quantity: str = "quarterly_revenue") -> pd.DataFrame:
    path = folder / "mine" / "facts" / f"{quantity}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture
def filed(sources: Sources) -> Sources:
    """Amazon's first quarter of 2026, of which nothing ships."""
    sources.numbers[LISTED] = NUMBER
    sources.filed[NUMBER] = company(
        **{TAG: revenue(180_000.0)},
        PaymentsToAcquireProductiveAssets=[entry(*NEW[:2], 44_000e6, NEW[2])],
    )
    return sources


class TestFromTheSec:
    def test_a_new_quarter_is_written_with_its_source_and_day(
        self, filed: Sources, update: Updates, tmp_path: Path
    ) -> None:
        found = update(LISTED)
        assert (len(found.rows), found.whole) == (2, True)
        (row,) = rows(tmp_path).to_dict("records")
        assert (row["entity"], row["date"], row["value"]) == ("AMZN.total", NEW[1], "180000")
        assert (row["published"], row["unit"], row["confidence"]) == (NEW[2], "USD m", "sourced")
        assert row["source"].startswith("SEC companyfacts CIK0001018724, accn 0001018724-26-000012")
        assert row["source"].endswith(f"retrieved {TODAY:%Y-%m-%d}")
        facts = ms.load_facts(add=tmp_path / "mine")
        assert facts.series("quarterly_revenue", "AMZN.total").loc[NEW[1]] == 180_000.0
        assert facts.series("quarterly_capex", "AMZN").loc[NEW[1]] == 44_000.0
        assert len(facts.upto("2026-04-23")) == len(shipped().upto("2026-04-23"))
        assert "AMZN.aws" in str(found)
        assert set(filed.agents) == {AGENT}

    def test_a_second_update_finds_nothing_new(
        self, filed: Sources, update: Updates, tmp_path: Path
    ) -> None:
        update(LISTED)
        before = rows(tmp_path)
        asked = len(filed.filings())
        again = update(LISTED)
        assert (again.rows, again.comparison.same) == ((), 2)
        assert rows(tmp_path).equals(before)
        assert len(filed.filings()) == asked, "answers are kept"

    def test_a_dry_run_writes_nothing(
        self, filed: Sources, update: Updates, tmp_path: Path
    ) -> None:
        found = update(LISTED, dry_run=True)
        assert len(found.rows) == 2
        assert "2 rows to write" in str(found)
        assert not (tmp_path / "mine").exists()

    def test_a_figure_that_differs_is_told_and_not_written(
        self, filed: Sources, update: Updates, tmp_path: Path
    ) -> None:
        series = known("quarterly_revenue", "AMZN.total")
        period = ("2025-07-01", "2025-09-30", "2025-10-31")
        within = revenue(series.loc["2025-06-30"] * 1.004, ("2025-04-01", "2025-06-30", period[2]))
        wrong = revenue(series.loc["2025-09-30"] * 1.02, period)
        filed.filed[NUMBER] = company(**{TAG: [*wrong, *within]})
        found = update(LISTED)
        assert (found.rows, found.comparison.same) == ((), 1)
        (difference,) = found.comparison.differences
        assert "+2.0%" in str(difference)
        assert "not written without --accept" in str(found)
        assert not (tmp_path / "mine").exists()

    @pytest.mark.parametrize("published", ["2025-10-31", "2026-02-01"])
    def test_an_accepted_figure_counts_from_its_filing_and_not_before_the_known_one(
        self, filed: Sources, update: Updates, tmp_path: Path, published: str
    ) -> None:
        series = shipped().select("quarterly_revenue", "AMZN.total").set_index("date")
        before = series.loc[pd.Timestamp("2025-09-30")].to_dict()
        period = ("2025-07-01", "2025-09-30", published)
        filed.filed[NUMBER] = company(**{TAG: revenue(before["value"] * 1.02, period)})
        update(LISTED, accept=True)
        (row,) = rows(tmp_path).to_dict("records")
        since = max(pd.Timestamp(published), before["published"])
        assert pd.Timestamp(row["published"]) == since
        assert f"in place of {before['value']:g}" in row["note"]
        facts = ms.load_facts(add=tmp_path / "mine")
        told = facts.upto(since).series("quarterly_revenue", "AMZN.total").loc["2025-09-30"]
        assert told == pytest.approx(before["value"] * 1.02, rel=1e-9)
        assert update(LISTED).comparison.same == 1

    def test_a_row_of_ones_own_stays(self, filed: Sources, update: Updates, tmp_path: Path) -> None:
        update(LISTED)
        filed.filed[NUMBER] = company(**{TAG: revenue(190_000.0)})
        found = update(LISTED, accept=True, cache=tmp_path / "other")
        assert found.rows == ()
        assert "change it there" in str(found)
        assert rows(tmp_path)["value"].tolist() == ["180000"]

    def test_shares_are_compared_on_one_split_basis(
        self, sources: Sources, update: Updates, tmp_path: Path
    ) -> None:
        """Of the year to January 2024 the facts have figures from before and after ten to one."""
        tag = "WeightedAverageNumberOfDilutedSharesOutstanding"
        sources.numbers["NVDA"] = 1
        start, end = "2023-01-30", "2024-01-28"
        for value, filed in ((2_494e6, "2024-02-21"), (24_940e6, "2024-07-01")):
            sources.filed[1] = company(**{tag: [entry(start, end, value, filed, "10-K")]})
            found = update("NVDA", since="2023-01-01", cache=tmp_path / filed)
            assert (found.comparison.same, found.comparison.differences) == (1, ())

    def test_a_company_that_files_abroad_is_told(self, sources: Sources, update: Updates) -> None:
        sources.numbers["TSM"] = 2
        sources.filed[2] = {"ifrs-full": {}}
        assert "TSM: no quarterly revenue in its SEC filings" in str(update("TSM"))

    def test_a_ticker_or_facts_that_the_sec_has_not_are_told(
        self, filed: Sources, update: Updates
    ) -> None:
        filed.numbers["MSFT"] = 3
        found = update(LISTED, "MSFT", "META")
        assert len(found.rows) == 2
        assert "no reports of MSFT from the SEC: the SEC has no company facts" in str(found)
        assert "no reports of META from the SEC: the SEC has no ticker 'META'" in str(found)


class TestRefusals:
    @pytest.mark.parametrize("agent", ["", "  ", "Jane", "jane@x", "Jané j@x.com", "a\nb@x.com"])
    def test_who_does_not_say_who_asks_is_refused(
        self, sources: Sources, update: Updates, agent: str
    ) -> None:
        with pytest.raises(InputError, match="name and an e-mail address"):
            update(LISTED, agent=agent)
        assert not sources.asked

    @pytest.mark.parametrize(
        ("fault", "why"),
        [
            (TOO_MANY, "too many requests"),
            (Fault(403, "<html>Undeclared Automated Tool</html>"), "does not like --user-agent"),
            (Fault(500, "no"), "status 500"),
            (Fault(200, "<html>Maintenance</html>"), "an error page"),
            (Fault(200, '{"facts": ', cut=True), "cut short"),
            (Fault(200, "[]"), "holds no"),
            (Fault(200, "{}"), "holds no"),
            (Fault(200, "", delay=30.0), "could not be reached"),
        ],
        ids=str,
    )
    def test_a_storm_is_one_line_and_nothing_is_kept(
        self, filed: Sources, update: Updates, tmp_path: Path, fault: Fault, why: str
    ) -> None:
        filed.always.append(replace(fault, where="companyfacts"))
        with pytest.raises(SourceError, match=why) as refusal:
            update(LISTED)
        assert "\n" not in str(refusal.value)
        assert not (tmp_path / "mine").exists()

    @pytest.mark.parametrize("fault", [TOO_MANY, Fault(500), Fault(200, "<html>")])
    def test_another_try_may_succeed(self, filed: Sources, update: Updates, fault: Fault) -> None:
        filed.faults.append(replace(fault, where="companyfacts"))
        assert len(update(LISTED).rows) == 2

    def test_what_came_before_a_refusal_is_written(
        self, filed: Sources, update: Updates, tmp_path: Path
    ) -> None:
        filed.numbers["MSFT"] = 3
        filed.always.append(Fault(429, where="CIK0000000003"))
        found = update(LISTED, "MSFT", "META")
        assert not found.whole
        assert "reports of MSFT, META from the SEC" in str(found)
        assert len(rows(tmp_path)) == 1

    def test_a_kept_answer_that_is_damaged_is_asked_for_again(
        self, filed: Sources, update: Updates, tmp_path: Path
    ) -> None:
        update(LISTED, dry_run=True)
        (kept,) = (tmp_path / "cache").rglob("CIK*.json.gz")
        kept.write_bytes(kept.read_bytes()[:-9])
        assert len(update(LISTED).rows) == 2
        assert len(filed.filings()) == 3

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            ({"tickers": ("AMZM",)}, "Did you mean 'AMZN'"),
            ({"tickers": ()}, "no company"),
            ({"sources": ("edgar",)}, "'edgar' is no source"),
            ({"sources": ()}, "no source"),
            ({"since": "soon"}, "since='soon' is not a day"),
        ],
    )
    def test_what_is_no_argument(
        self, sources: Sources, update: Updates, arguments: dict[str, Any], why: str
    ) -> None:
        given = dict(arguments)
        with pytest.raises(InputError, match=why):
            update(*given.pop("tickers", (LISTED,)), **given)
        assert not sources.asked


class TestFromYahoo:
    @pytest.fixture
    def told(self, sources: Sources) -> Sources:
        sources.listings |= {"SPY": Listing(walk(0)), LISTED: Listing(walk(1))}
        sources.statements[LISTED] = Statement(
            {
                "quarterlyTotalRevenue": {NEW[1]: 180_000e6},
                "quarterlyCapitalExpenditure": {NEW[1]: -44_000e6},
            }
        )
        return sources

    def test_quarters_count_from_the_day_of_the_question(
        self, told: Sources, update: Updates, tmp_path: Path
    ) -> None:
        found = update(LISTED, sources=("yahoo",), agent=None)
        assert len(found.rows) == 2
        (row,) = rows(tmp_path, "quarterly_capex").to_dict("records")
        assert (row["value"], row["published"]) == ("44000", f"{TODAY:%Y-%m-%d}")
        assert row["source"] == f"Yahoo quarterly statement, retrieved {TODAY:%Y-%m-%d}"
        assert not told.filings()

    def test_the_sec_comes_first_and_yahoo_is_held_against_it(
        self, filed: Sources, told: Sources, update: Updates
    ) -> None:
        told.statements[LISTED].items["quarterlyTotalRevenue"][NEW[1]] *= 1.03
        found = update(LISTED, sources=("yahoo", "sec"))
        assert {row.source.split()[0] for row in found.rows} == {"SEC"}
        assert (found.comparison.same, len(found.comparison.differences)) == (1, 1)

    def statements(self, told: Sources) -> int:
        """How often statements were asked for."""
        return sum("fundamentals-timeseries" in path for _, path in told.asked)

    def test_statements_are_kept_for_half_a_day_and_count_from_when_they_came(
        self, told: Sources, tmp_path: Path
    ) -> None:
        first = pd.Timestamp("2026-05-04 20:00", tz="UTC")

        def ask(hours: float) -> list[Report]:
            return yahoo_reports(LISTED, tmp_path, QUICK, now=first + pd.Timedelta(hours=hours))

        before = ask(0.0)
        assert ask(11.9) == before  # the next day in UTC: published when they came, all the same
        assert {report.published for report in before} == {pd.Timestamp("2026-05-04")}
        assert self.statements(told) == 1
        told.statements[LISTED].items["quarterlyTotalRevenue"][NEW[1]] = 181_000e6
        after = ask(12.0)
        assert self.statements(told) == 2
        assert {report.published for report in after} == {pd.Timestamp("2026-05-05")}
        assert ask(-1.0) != after  # one of later is none of now
        assert self.statements(told) == 3

    @pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "another's", "no statements"])
    def test_statements_that_are_damaged_are_asked_for_again(
        self, told: Sources, tmp_path: Path, damage: str
    ) -> None:
        now = pd.Timestamp("2026-05-04 20:00", tz="UTC")
        before = yahoo_reports(LISTED, tmp_path, QUICK, now=now)
        (kept,) = tmp_path.rglob("*.json.gz")
        content = kept.read_bytes()
        place = len(content) // 2
        kept.write_bytes(
            {
                "cut": content[:-9],
                "flipped": content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
                "empty": b"",
                "another's": gzip.compress(gzip.decompress(content).replace(b"AMZN", b"MSFT")),
                "no statements": gzip.compress(
                    gzip.decompress(content).replace(b"TotalRevenue", b"x").replace(b"Capital", b"")
                ),
            }[damage]
        )
        assert yahoo_reports(LISTED, tmp_path, QUICK, now=now) == before
        assert self.statements(told) == 2
        assert kept.read_bytes() == content

    def test_no_name_of_a_ticker_leaves_the_folder(self, told: Sources, tmp_path: Path) -> None:
        for name in ("../../x", "BRK/B", "CON", "^IRX", "A" * 300):
            told.statements[name] = told.statements[LISTED]
            try:
                yahoo_reports(name, tmp_path / "a" / "b", QUICK)
            except Missing:  # Yahoo reads some of them otherwise
                continue
        assert {path.parent.name for path in tmp_path.rglob("*.gz")} <= {"yahoo-1"}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]

    @pytest.mark.parametrize(
        "body",
        [
            '{"timeseries": {"result": [3]}}',
            '{"timeseries": {"result": "x"}}',
            '{"timeseries": 3}',
            '{"timeseries": {"result": [{"quarterlyTotalRevenue": 3}]}}',
        ],
    )
    def test_what_holds_no_statements_is_told_and_not_kept(
        self, told: Sources, update: Updates, tmp_path: Path, body: str
    ) -> None:
        told.always.append(Fault(200, body, "application/json", where="fundamentals"))
        with pytest.raises(Unreachable, match="something other than statements, 3 times in a row"):
            yahoo_reports(LISTED, tmp_path, QUICK)
        assert not list(tmp_path.rglob("*.gz"))
        told.always.clear()
        assert update(LISTED, sources=("yahoo",)).whole

    def test_another_currency_is_left_out(self, told: Sources, update: Updates) -> None:
        told.statements[LISTED].currency = "TWD"
        found = update(LISTED, sources=("yahoo",))
        assert found.rows == ()
        assert "in TWD m by Yahoo" in str(found)

    def test_new_quarters_of_another_definition_are_left_out(
        self, told: Sources, update: Updates
    ) -> None:
        capex = known("quarterly_capex", LISTED)
        items = told.statements[LISTED].items["quarterlyCapitalExpenditure"]
        items["2025-09-30"] = -capex.loc["2025-09-30"] * 1.2e6
        found = update(LISTED, sources=("yahoo",))
        assert [row.quantity for row in found.rows] == ["quarterly_revenue"]
        assert "earlier figures differ" in str(found)

    def test_splits_come_with_prices(self, told: Sources, update: Updates, tmp_path: Path) -> None:
        closes = walk(1)
        day = f"{closes.index[-100]:%Y-%m-%d}"
        closes.iloc[-100:] /= 3.0
        told.listings[LISTED] = Listing(closes, splits={day: 3.0})
        update(LISTED, sources=("yahoo",), since="2020-01-01")
        (row,) = rows(tmp_path, "stock_split").to_dict("records")
        assert (row["entity"], row["date"], row["value"]) == (LISTED, day, "3")

    def test_a_storm_is_one_line(self, told: Sources, update: Updates) -> None:
        for where in ("fundamentals", "/v8/"):
            told.always.append(Fault(429, where=where))
        with pytest.raises(SourceError, match="too many requests"):
            update(LISTED, sources=("yahoo",))

    def test_a_company_without_statements_is_told(self, told: Sources, update: Updates) -> None:
        told.statements.clear()
        assert "no reports of AMZN from Yahoo" in str(update(LISTED, sources=("yahoo",)))


def test_rows_of_ones_own_are_kept_to_the_byte(
    filed: Sources, update: Updates, tmp_path: Path
) -> None:
    told = Row("quarterly_revenue", "AMZN.aws", NEW[1], NEW[2], "38000", "USD m", 'a page, "x"')
    add_rows(tmp_path / "mine", [told])
    path = tmp_path / "mine" / "facts" / "quarterly_revenue.csv"
    before = path.read_bytes()
    update(LISTED)
    assert path.read_bytes().startswith(before)
    assert json.dumps(rows(tmp_path)["entity"].tolist()) == '["AMZN.aws", "AMZN.total"]'
