"""A company outside those that ship, from facts, accounts and closes of one's own to a report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import runs
from marketsim.errors import DataError, InputError
from marketsim.knowledge.revenue_map import RevenueMap
from marketsim.runs.deciding import Question, valued
from marketsim.runs.recorded import recorded

ENDS = pd.date_range("2022-03-31", "2025-09-30", freq="QE")
SALES = pd.Series(900 * 1.035 ** np.arange(len(ENDS)), ENDS)
YEARS = pd.DatetimeIndex(["2022-12-31", "2023-12-31", "2024-12-31"])
TURNOVER = SALES.to_numpy()[:12].reshape(3, 4).sum(axis=1)
ACCOUNTS = pd.DataFrame(
    {
        "annual_revenue": TURNOVER,
        "annual_gross_profit": 0.2 * TURNOVER,
        "annual_operating_income": 0.08 * TURNOVER,
        "annual_diluted_shares": 90.0,
        "annual_total_debt": 300.0,
    },
    YEARS,
)
DRAWS = 60
MOST = 0.5


def without(known: ms.Knowledge, ticker: str) -> ms.Knowledge:
    """The same, as if there were no such company."""
    universe = known.universe
    lines = universe.revenue_map
    owners, rows = np.array(lines.companies), np.array(lines.lines)
    stays = np.char.partition(rows, ".")[:, 0] != ticker
    left = RevenueMap(
        tuple(rows[stays].tolist()),
        tuple(owners[owners != ticker].tolist()),
        lines.layers,
        lines.share[stays],
        lines.owner[np.ix_(owners != ticker, stays)],
        lines.base_growth[stays],
    )
    fewer = replace(universe, companies=universe.companies.drop(ticker), revenue_map=left)
    of_it = known.table["entity"].str.fullmatch(rf"{ticker}([./].*)?")
    return replace(known.with_facts(known.table[~of_it].reset_index(drop=True)), universe=fewer)


def added(known: ms.Knowledge, accounts: pd.DataFrame | None) -> ms.Knowledge:
    """Beside all that ship but one of its size: so many companies have compiled programs."""
    return ms.add_company(
        without(known, "HPE"),
        "XYZ",
        name="Example Works",
        layer="servers",
        share=0.005,
        revenue=SALES,
        published=40,
        source="example",
        confidence="sourced",
        accounts=accounts,
    )


@pytest.fixture(scope="module")
def closes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four years of closes, of the company, three that ship and the market."""
    days = pd.bdate_range("2022-01-03", "2025-12-31")
    names = ["XYZ", "NVDA", "MU", "VRT", "SPY"]
    chance = np.random.default_rng(2)
    market = chance.normal(0.0, 0.01, (len(days), 1))
    moves = market + chance.normal(0.0, [0.02, 0.02, 0.02, 0.02, 0.0], (len(days), 5))
    last = np.array([60.0, 186.0, 285.0, 162.0, 680.0])  # USD, on the last day
    levels = last * np.exp(moves.cumsum(axis=0) - moves.sum(axis=0))
    path = tmp_path_factory.mktemp("closes") / "closes.csv"
    pd.DataFrame(levels, days, names).rename_axis("date").to_csv(path)
    return str(path)


@pytest.fixture(scope="module")
def done(facts: ms.Knowledge, closes: str, tmp_path_factory: pytest.TempPathFactory) -> runs.Run:
    return runs.run(
        knowledge=added(facts, ACCOUNTS),
        prices=closes,
        scenarios=("base", "bear"),
        draws=DRAWS,
        max_weight=MOST,
        current={"XYZ": 0.25},
        money=1e6,
        out=tmp_path_factory.mktemp("own") / "run",
    )


@pytest.mark.slow
class TestWithPricesAndAccounts:
    def test_it_is_calibrated(self, done: runs.Run) -> None:
        assert "HPE" not in done.posterior.companies
        assert "XYZ" in done.posterior.companies
        for name in ("fit.csv", "assumptions.csv"):
            assert "XYZ.total" in (done.folder / name).read_text(encoding="utf-8")

    def test_it_is_forecast(self, done: runs.Run) -> None:
        table = pd.read_csv(done.folder / "forecast.csv")
        mine = table[table["entity"] == "XYZ.total"]
        assert len(mine) == 4
        assert (mine["p05"] < mine["mean"]).all()
        assert mine["mean"].between(0.5 * SALES.iloc[-1], 2.0 * SALES.iloc[-1]).all()

    def test_it_is_in_every_world(self, done: runs.Run) -> None:
        assert "XYZ" in done.paths.companies
        place = done.paths.companies.index("XYZ")
        revenue = np.asarray(done.paths.revenue)[..., place]
        assert (revenue > 0.0).all()
        assert np.ptp(revenue[:, -1]) > 0.0

    def test_it_is_valued_at_its_own_shares_and_close(self, done: runs.Run) -> None:
        value = pd.read_csv(done.folder / "value.csv", index_col="ticker")
        assert set(value.index) == {"XYZ", "NVDA", "MU", "VRT"}
        assert value.loc["XYZ", "market_cap"] == pytest.approx(60.0 * 90.0 / 1000.0, rel=1e-3)
        statements = pd.read_csv(done.folder / "statements.csv")
        assert "XYZ" in set(statements["ticker"])

    def test_it_is_allocated_and_traded(self, done: runs.Run) -> None:
        assert "XYZ" in done.allocation.weights.index
        assert 0.0 <= done.allocation.weights["XYZ"] <= MOST + 1e-9
        assert done.trades is not None
        assert done.trades.loc["XYZ", "weight_now"] == pytest.approx(0.25)
        assert done.trades.loc["XYZ", "close"] == pytest.approx(60.0)

    def test_it_is_in_the_report(self, done: runs.Run) -> None:
        page = done.report.read_text(encoding="utf-8")
        assert "Example Works" in page
        record = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
        assert "XYZ added" in record["added"]
        assert "XYZ" not in record["without_price"] + record["without_accounts"]

    def test_those_without_a_close_are_named(self, done: runs.Run) -> None:
        assert any("no return and no weight of" in one for one in done.warnings)
        assert not any(one.startswith("no return") and "XYZ" in one for one in done.warnings)

    def test_it_cannot_be_made_again_from_its_folder(self, done: runs.Run) -> None:
        with pytest.raises(DataError, match=r"given its facts in memory.*add="):
            recorded(done.folder)


@pytest.mark.slow
def test_without_accounts_it_has_no_return_and_that_is_said(
    facts: ms.Knowledge, closes: str
) -> None:
    """It stays in the model: calibrated, forecast and in every world."""
    mine = added(facts, None)
    assert any("it gets no value, no return and no weight" in one for one in mine.added)
    asked = Question(knowledge=mine, prices=closes, draws=DRAWS, scenarios=("base", "bear"))
    found = valued(asked, lambda step: None)
    assert "XYZ" in found.paths.companies
    assert "XYZ" not in found.returns.tickers
    [said] = [one for one in found.fresh.warnings if one.startswith("no return")]
    assert "XYZ (no fiscal year in the facts)" in said


class TestKnowledgeThatIsGiven:
    def test_it_is_one_or_a_folder(self, facts: ms.Knowledge, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="add and knowledge both say what is known"):
            runs.run(knowledge=facts, add=tmp_path)

    def test_it_is_knowledge(self) -> None:
        with pytest.raises(InputError, match=r"knowledge is a str; give what load_facts"):
            runs.run(knowledge="mine")  # type: ignore[arg-type]

    def test_it_reaches_the_date(self, facts: ms.Knowledge) -> None:
        with pytest.raises(InputError, match=r"2026-03-31 lies after 2025-12-31"):
            runs.run(knowledge=facts, as_of="2026-03-31")
