"""Objectives as text, and the command that takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.allocation import limit_from, objective_from

HELD = {"A": 0.5, "B": 0.5}
GROWTH = ms.terms.LogGrowth() - ms.terms.Regret() - ms.terms.AmbiguousReturn(0.2) / -4
CHANCE = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CVaR(0.9)", 1 * ms.CVaR(0.9)),
        ("ExpectedReturn() - 2 * CVaR(0.95)", ms.ExpectedReturn() - 2 * ms.CVaR(0.95)),
        ("-(CVaR() + Variance() / 2)", -(ms.CVaR() + 0.5 * ms.Variance())),
        ("WorstRegime + 1e-1*ExpectedReturn", ms.WorstRegime() + 0.1 * ms.ExpectedReturn()),
        ("CVaR(level=0.9, radius=0.01)", 1 * ms.CVaR(0.9, 0.01)),
        ("LogGrowth - Regret - AmbiguousReturn(0.2) / -4", GROWTH),
        ("-TransactionCost(0.001, current)", -1 * ms.terms.TransactionCost(0.001, HELD)),
        ("2*TrackingError(current)", 2 * ms.terms.TrackingError(HELD)),
    ],
)
def test_text_means_what_the_arithmetic_does(text: str, meant: ms.allocation.Objective) -> None:
    names = {"current": HELD, "benchmark": HELD}
    assert objective_from(text, names) == meant
    assert objective_from(repr(meant), names) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Holdings(at_most=10)", ms.limits.Holdings(at_most=10)),
        ("Turnover(0.2, current)", ms.limits.Turnover(0.2, HELD)),
        (
            "Group('chips', ['A', 'B'], 0.1, at_most=0.4)",
            ms.limits.Group("chips", ["A", "B"], 0.1, 0.4),
        ),
        ("RegimeLoss('bear', -0.1)", ms.limits.RegimeLoss("bear", -0.1)),
        ("Leverage(net=(0, 1))", ms.limits.Leverage(net=(0, 1))),
        ("Exposure('beta', current, at_most=1)", ms.limits.Exposure("beta", HELD, at_most=1)),
    ],
)
def test_a_limit_means_what_its_call_does(text: str, meant: ms.limits.Limit) -> None:
    assert limit_from(text, {"current": HELD}) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Holding(at_most=10)", "Did you mean 'Holdings'"),
        ("CVaR(0.9)", "there is no 'CVaR'"),
        ("10", "is no limit"),
        ("Turnover(0.2, curent)", "Did you mean 'current'"),
        ("Holdings(most=3)", "does not take most"),
        ("Turnover(-1, current)", "from 0 up"),
        ("Turnover(0.2, 3)", "mapping or Series"),
    ],
)
def test_what_is_no_limit_is_named(text: str, said: str) -> None:
    with pytest.raises(ms.MarketsimError, match=said):
        limit_from(text, {"current": HELD})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CVAR(0.95)", "CVaR"),
        ("2 * 3", "names no term"),
        ("CVaR(0.95", "cannot be read"),
        ("CVaR(0.9) * CVaR(0.9)", "scaled by a number"),
        ("CVaR(0.9) + 1", "added"),
        ("CVaR(95)", "between 0 and 1"),
        ("CVaR(0.9, 0, 2)", "does not take 3"),
        ("CVaR(share=0.9)", "does not take share"),
        ("TransactionCost(0.1, CVaR)", "is no number"),
        ("__import__('os').getcwd()", "no meaning"),
        ("CVaR(0.9) / 0", "divided by 0"),
        ("1" + "0" * 400 + " * CVaR()", "cannot be read"),
        ("-" * 1_900 + "CVaR()", "cannot be read"),
        ("CVaR() + " * 3_000 + "CVaR()", "over 2,000 characters"),
        ("Regret('x')", "left out"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(ms.MarketsimError, match=said.replace("(", r"\(")):
        objective_from(text)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["allocate", *arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture
def draws() -> pd.DataFrame:
    table = pd.DataFrame(CHANCE.normal(0.05, [0.1, 0.2, 0.3], (200, 3)), columns=["A", "B", "C"])
    return table.assign(probability=CHANCE.dirichlet(np.ones(200)))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_anybodys_draws_will_do(
    kind: str, draws: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / f"draws.{kind}", tmp_path / "new" / "weights.csv"
    draws.to_csv(source, index=False) if kind == "csv" else draws.to_parquet(source)
    asked = ["--objective", "CVaR(0.9)", "--max-weight", "0.6", "--cap", "A=0.5"]
    assert command("--returns", str(source), *asked, "--out", str(out)) == 0
    weights = pd.read_csv(out, index_col="ticker")["weight"]
    expected = ms.allocate(draws, ms.CVaR(0.9), max_weight=0.6, max_weights={"A": 0.5})
    np.testing.assert_allclose(weights, expected.weights, atol=1e-9)
    said = capsys.readouterr().out
    assert "relative gap" in said
    assert said.endswith(f"table: {out}\n")


def test_limits_views_and_holdings_can_be_typed(draws: pd.DataFrame, tmp_path: Path) -> None:
    source, held, out = (tmp_path / name for name in ("draws.csv", "held.csv", "weights.csv"))
    draws.to_csv(source, index=False)
    pd.Series({"A": 1.0}).rename("weight").rename_axis("ticker").to_csv(held)
    asked = ["--limit", "Turnover(0.4, current)", "--limit", "Holdings(2, 0.1)"]
    asked += ["--view", "mean(C) == 0.2", "--current", str(held)]
    aim = "ExpectedReturn() - TransactionCost(0.01, current) - 0.1 * CVaR(0.9)"
    asked += ["--objective", aim, "--out", str(out)]
    assert command("--returns", str(source), *asked) == 0
    weights = pd.read_csv(out, index_col="ticker")["weight"]
    believed = ms.view(ms.ReturnScenarios.from_frame(draws), "mean(C) == 0.2")
    expected = ms.allocate(
        believed,
        objective_from(aim, {"current": {"A": 1.0}}),
        limits=[ms.limits.Turnover(0.4, {"A": 1.0}), ms.limits.Holdings(2, 0.1)],
    )
    np.testing.assert_allclose(weights, expected.weights, atol=1e-9)
    assert weights["C"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("change", "typed", "said"),
    [
        ({"B": np.nan}, [], "B"),
        ({"probability": -1.0}, [], "probabilit"),
        ({"B": "much"}, [], "B"),
        ({}, ["--objective", "CVaR(95)"], "0.95"),
        ({}, ["--max-weight", "0.2"], "max_weight"),
        ({}, ["--cap", "Z=0.2"], "Z"),
        ({}, ["--limit", "Turnover(0.2, current)"], "there is no 'current'"),
        ({}, ["--view", "mean(Z) > 0"], "Z"),
        ({}, ["--current", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_is_wrong_is_named(
    change: dict[str, object],
    typed: list[str],
    said: str,
    draws: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = tmp_path / "draws.csv"
    draws.assign(**change).to_csv(source, index=False)  # type: ignore[arg-type]
    assert command("--returns", str(source), *typed) == 2
    assert said in capsys.readouterr().err


def test_an_index_is_no_company_and_no_header_comes_twice(
    draws: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "draws.csv"
    draws.to_csv(source)  # with the index, as pandas does unless told otherwise
    assert command("--returns", str(source)) == 0
    assert "Unnamed" not in capsys.readouterr().out
    source.write_text("A,A,B\n0.1,0.2,0.3\n0.0,0.1,-0.1\n", encoding="utf-8")
    assert command("--returns", str(source)) == 2
    assert "A twice" in capsys.readouterr().err


def test_na_is_a_ticker_where_tickers_stand(tmp_path: Path) -> None:
    table = pd.DataFrame({"NA": [0.1, 0.2, -0.1], "B": [0.0, 0.1, 0.3]})
    source, held, out = (tmp_path / name for name in ("draws.csv", "held.csv", "weights.csv"))
    table.to_csv(source, index=False)
    held.write_text("ticker,weight\nNA,1.0\n", encoding="utf-8")
    asked = ["--limit", "Turnover(0.0, current)", "--current", str(held), "--out", str(out)]
    assert command("--returns", str(source), *asked) == 0
    assert out.read_text(encoding="utf-8").splitlines()[1].startswith("NA,1")


def test_a_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--returns", str(tmp_path / "nowhere.csv")) == 2
    assert "nowhere.csv" in capsys.readouterr().err
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    assert command("--returns", str(tmp_path / "torn.parquet")) == 2
    assert "torn.parquet is no table" in capsys.readouterr().err
