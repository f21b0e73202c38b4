"""A run is a folder: complete, the same bytes again, and refused early where it can be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import runs
from marketsim.runs.tables import paths_table, revenue_fan, scenario_table, world_fan

RESULTS = {
    "allocation.csv",
    "alternatives.csv",
    "assumptions.csv",
    "by_scenario.csv",
    "contributions.csv",
    "fit.csv",
    "implied.csv",
    "information.csv",
    "forecast.csv",
    "frontier.csv",
    "outlook.csv",
    "paradox.csv",
    "paths.parquet",
    "prospects.csv",
    "reasons.csv",
    "regimes_apart.csv",
    "returns.parquet",
    "sensitivities.csv",
    "statements.csv",
    "stress.csv",
    "stress_odds.csv",
    "valuation_assumptions.csv",
    "value.csv",
}
DRAWS = 200


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> runs.Run:
    return runs.run(draws=DRAWS, seed=3, out=tmp_path_factory.mktemp("run") / "first")


@pytest.mark.slow
class TestRun:
    def test_the_folder_is_complete(self, done: runs.Run) -> None:
        assert {p.name for p in done.folder.iterdir()} == RESULTS | {"run.json", "report.html"}

    def test_the_record_says_what_was_asked_and_what_came_out(self, done: runs.Run) -> None:
        record = json.loads((done.folder / "run.json").read_text())
        assert record["arguments"]["seed"] == 3
        assert record["as_of"] == record["arguments"]["as_of"] == "2025-12-31"  # by default
        assert done.as_of == pd.Timestamp("2025-12-31")
        assert (record["warnings"], done.warnings) == ([], ())
        assert record["facts_digest"] == ms.load_facts(as_of="2025-12-31").facts.digest
        assert set(record["versions"]) >= {"python", "jax", "cvxpy", "marketsim"}
        for name, digest in record["results"].items():
            assert sha256((done.folder / name).read_bytes()).hexdigest() == digest
        assert set(record["results"]) == RESULTS

    def test_the_command_gives_the_same_bytes(self, done: runs.Run, tmp_path: Path) -> None:
        """In a process of its own, in float64 throughout, as a user starts it; quiet when piped."""
        out = tmp_path / "again"
        typed = ["run", "--draws", str(DRAWS), "--seed", "3", "--out", str(out)]
        again = subprocess.run(
            [sys.executable, "-c", "from marketsim import cli; cli.main()", *typed],
            capture_output=True,
            text=True,
            check=False,
        )
        said = "as of 2025-12-31, to which facts and prices reach\n"
        assert (again.returncode, again.stderr) == (0, said)
        report = Path(again.stdout.splitlines()[-1].removeprefix("report: "))
        assert report == out / "report.html"
        assert "<html" in report.read_text(encoding="utf-8")
        assert {p.name for p in out.iterdir()} == {p.name for p in done.folder.iterdir()}
        for path in done.folder.iterdir():
            assert path.read_bytes() == (out / path.name).read_bytes(), path.name

    def test_weights_on_disk_sum_to_one(self, done: runs.Run) -> None:
        table = pd.read_csv(done.folder / "allocation.csv")
        assert table["weight"].sum() == pytest.approx(1.0, abs=1e-8)
        assert (table["weight"] >= 0).all()

    def test_value_and_statements_on_disk_are_of_the_companies(self, done: runs.Run) -> None:
        value = pd.read_csv(done.folder / "value.csv", index_col="ticker")
        statements = pd.read_csv(done.folder / "statements.csv", parse_dates=["year"])
        assumed = pd.read_csv(done.folder / "valuation_assumptions.csv", index_col="assumption")
        assert [*value.index, "cash"] == list(done.allocation.returns.tickers)
        assert set(statements["ticker"]) == set(value.index)
        assert statements["year"].min() == pd.Timestamp("2026-12-31")
        assert {"risk_free", "equity_premium", "pull"} <= set(assumed.index)

    def test_returns_on_disk_can_be_allocated_again(self, done: runs.Run) -> None:
        frame = pd.read_parquet(done.folder / "returns.parquet")
        returns = ms.ReturnScenarios.from_frame(frame)
        rivals = pd.read_csv(done.folder / "alternatives.csv", index_col="portfolio")
        budget = ms.limits.at_most(ms.CVaR(0.95), rivals["CVaR_95"]["benchmark"])
        caps = {"cash": 1.0}
        again = ms.allocate(
            returns, ms.ExpectedReturn(), max_weight=0.15, max_weights=caps, limits=[budget]
        )
        assert rivals["CVaR_95"]["chosen"] <= rivals["CVaR_95"]["benchmark"] + 1e-6
        assert rivals["expected_return"]["chosen"] > rivals["expected_return"]["benchmark"]
        assert again.objective == pytest.approx(done.allocation.objective, abs=1e-9)

    def test_the_report_speaks_of_this_run(self, done: runs.Run) -> None:
        page = done.report.read_text(encoding="utf-8")
        assert "seed 3" in page
        assert "not investment advice" in page.lower()
        assert not re.search(r"(src|href)=.?https?:", page)

    def test_the_summary_names_the_holdings(self, done: runs.Run) -> None:
        assert str(done.allocation.weights.idxmax()) in done.summary()
        assert "at its cap" in done.summary()

    def test_every_company_has_a_reason_on_disk_and_the_notable_in_the_report(
        self, done: runs.Run
    ) -> None:
        table = pd.read_csv(done.folder / "reasons.csv", index_col="ticker", keep_default_na=False)
        assert set(table.index) == set(done.allocation.returns.tickers)
        assert table["sentence"].str.len().min() > 10
        kinds = set(table["notable"])
        assert {"held", "benchmark", "expected_return"} <= kinds
        page = done.report.read_text(encoding="utf-8")
        assert "Why each is held, and why others are not" in page
        assert page.count("that money earns elsewhere") >= (table["notable"] != "").sum() - 1

    def test_parts_of_return_and_loss_add_up(self, done: runs.Run) -> None:
        parts = pd.read_csv(done.folder / "contributions.csv")
        returns = done.allocation.returns
        whole = float(returns.probabilities @ returns.returns @ done.allocation.weights.to_numpy())
        sums = parts.groupby("by")[["expected_return", "loss", "return_share", "loss_share"]].sum()
        assert set(sums.index) == {"name", "layer", "regime"}
        np.testing.assert_allclose(sums["expected_return"], whole, rtol=1e-9)
        np.testing.assert_allclose(sums["loss"], done.allocation.risk["CVaR_95"], rtol=1e-9)
        np.testing.assert_allclose(sums[["return_share", "loss_share"]], 1.0, rtol=1e-9)
        assert "What return and loss are made of" in done.report.read_text(encoding="utf-8")

    def test_chances_on_disk_are_those_of_the_returns_beside_them(self, done: runs.Run) -> None:
        told = pd.read_csv(done.folder / "prospects.csv", index_col="portfolio").loc["chosen"]
        drawn = pd.read_parquet(done.folder / "returns.parquet")
        weights = done.allocation.weights
        earned = drawn[list(weights.index)].to_numpy() @ weights.to_numpy()
        lost = drawn["probability"][earned < 0.0].sum()
        assert told["chance_of_loss"] == pytest.approx(lost)
        below = drawn["probability"][earned < drawn["cash"].iloc[0]].sum()
        assert told["chance_below_cash"] == pytest.approx(below)
        page = done.report.read_text(encoding="utf-8")
        assert f"{100 * lost:.0f}\N{NO-BREAK SPACE}% of worlds lose money" in page
        assert "chance to return more than the benchmark" in page


class Enough(Exception):
    """The steps that matter are done."""


def test_the_file_of_regimes_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And before anything is calibrated."""
    order: list[str] = []
    loads = tomllib.loads

    def parsed(text: str) -> dict[str, object]:
        order.append("regimes are read")
        return loads(text)

    def progress(step: str) -> None:
        order.append(step)
        if step.startswith("simulating"):
            raise Enough

    monkeypatch.setattr(tomllib, "loads", parsed)
    with pytest.raises(Enough):
        runs.run(scenarios=("bear", "bull"), out=tmp_path / "x", progress=progress)
    assert order[0] == "regimes are read"
    assert order.count("regimes are read") == 1


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"max_weights": {"NVDIA": 0.1}}, "NVDA"),
        ({"layer_caps": {"acelerators": 0.1}}, "accelerators"),
        ({"layer_caps": {"utilities_ipp": 0.1}}, "now called 'electricity'"),
        ({"scenarios": ("bul",)}, "bull"),
        ({"max_weight": 0.01, "most_cash": 0.0}, "max_weight"),
        ({"max_weight": 0.01, "most_cash": 0.5}, "max_weight"),
        ({"most_cash": 1.5}, "most_cash is 1.5"),
        ({"benchmark": {"NVDIA": 1.0}}, "benchmark names no ticker.*NVDA"),
        ({"benchmark": {"NVDA": 60.0, "MSFT": 40.0}}, "write shares, not per cent"),
        ({"risk": 0.0}, "risk"),
        ({"risk_aversion": -1.0}, "risk_aversion"),
        ({"cvar_level": 1.5}, "level"),
        ({"tickers": ["NVDIA"]}, "tickers: 'NVDIA' is no company.*NVDA"),
        ({"tickers": "NVDA"}, "give a list"),
        ({"tickers": []}, "tickers is empty"),
        ({"tickers": ["AMD"], "layer_caps": {"memory": 0.1}}, "memory"),
        ({"limit": ["Turnover(0.2, current)"]}, "there is no 'current'"),
        ({"limit": ["Group('x', ['NVDIA'], at_most=0.1)"]}, "NVDIA"),
        ({"limit": ["RegimeLoss('beer', 0.2)"]}, "beer"),
        ({"limit": ["CVaR <"]}, "limit 'CVaR <'"),
        ({"objective": "ExpectedRetrun()"}, "ExpectedReturn"),
        ({"objective": "ExpectedReturn", "risk_aversion": 1.0}, "give one of them"),
        ({"current": {"NVDIA": 0.5}}, "current holds NVDIA.*NVDA"),
        ({"current": {"NVDA": 0.5}, "tickers": ["AMD"]}, "current holds NVDA, which this run"),
        ({"current": {"NVDA": 0.5}, "shares": {"NVDA": 1}}, "give one of them"),
        ({"money": 1e6}, "money is of trades"),
        ({"shares": {"NVDA": 1000}, "money": 10.0}, "more than the money"),
    ],
)
def test_a_mistake_is_refused_before_the_long_steps(
    asked: dict[str, object], named: str, tmp_path: Path
) -> None:
    steps: list[str] = []
    with pytest.raises(ms.MarketsimError, match=named):
        runs.run(**asked, out=tmp_path / "x", progress=steps.append)  # type: ignore[arg-type]
    assert steps in ([], ["reading the facts"])
    assert not (tmp_path / "x").exists()


class TestTables:
    def test_every_draw_and_quarter_is_a_row(self, paths: ms.Paths) -> None:
        table = paths_table(paths)
        draws, quarters, _ = paths.revenue.shape
        assert len(table) == draws * quarters
        row = table.iloc[3 * quarters + 5]
        assert row["draw"] == 3
        assert row["quarter_end"] == paths.quarter_ends[5]
        nvda = paths.companies.index("NVDA")
        assert row["NVDA"] == pytest.approx(paths.revenue[3, 5, nvda], rel=1e-6)
        assert row["rent"] == pytest.approx(paths.world["rent"][3, 5], rel=1e-6)

    def test_fans_are_ordered_and_follow_what_was_reported(
        self, paths: ms.Paths, posterior: ms.Posterior
    ) -> None:
        fan = revenue_fan(paths, posterior)
        future = fan[fan["regime"] != "reported"]
        levels = future[["p05", "p25", "p50", "p75", "p95"]].to_numpy()
        assert (np.diff(levels, axis=1) >= 0).all()
        assert set(future["regime"]) == set(paths.scenarios.names)
        reported = fan[fan["regime"] == "reported"]
        assert reported["quarter_end"].max() < future["quarter_end"].min()

    def test_scarcity_is_shown_as_a_ratio_of_at_least_one(self, paths: ms.Paths) -> None:
        fan = world_fan(paths)
        power = fan[fan["quantity"] == "power wanted over power available"]
        assert (power["unit"] == "ratio").all()
        assert (power["p05"] >= 1.0).all()

    def test_scenarios_say_what_they_shift(self, scenarios: ms.Scenarios) -> None:
        table = scenario_table(scenarios)
        assert "elasticity x0.85" in str(table.loc["bear", "shifts"])
        assert table["probability"].sum() == pytest.approx(1.0)
