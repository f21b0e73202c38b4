"""The command `marketsim allocate`: anybody's draws in, weights out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.allocation import objective_from
from marketsim.weights import read_layers


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
    chance = np.random.default_rng(5)
    table = pd.DataFrame(chance.normal(0.05, [0.1, 0.2, 0.3], (200, 3)), columns=["A", "B", "C"])
    return table.assign(probability=chance.dirichlet(np.ones(200)))


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


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_caps_on_layers_of_ones_own(kind: str, draws: pd.DataFrame, tmp_path: Path) -> None:
    """Any names of layers, in any order, beside columns that say something else."""
    source, layers, out = (tmp_path / n for n in ("draws.csv", f"of.{kind}", "weights.csv"))
    draws.to_csv(source, index=False)
    table = pd.DataFrame(
        {
            "ticker": ["C", "Z", "A", "B"],
            "layer": ["NA", "x", "chips", "NA"],
            "name": "of a company",
        }
    )
    table.to_csv(layers, index=False) if kind == "csv" else table.to_parquet(layers)
    asked = ["--objective", "ExpectedReturn", "--layers", str(layers), "--cash", "0.0"]
    asked += ["--layer-cap", "NA=0.3", "--layer-cap", "chips=0.2", "--cap", "cash=0.5"]
    assert command("--returns", str(source), *asked, "--out", str(out)) == 0
    weights = pd.read_csv(out, index_col="ticker")["weight"]
    assert weights["B"] + weights["C"] == pytest.approx(0.3)
    assert weights["A"] == pytest.approx(0.2)
    assert weights["cash"] == pytest.approx(0.5)
    of = {"A": "chips", "B": "NA", "C": "NA"}
    expected = ms.allocate(
        ms.ReturnScenarios.from_frame(draws, layers=of).with_cash(),
        ms.ExpectedReturn(),
        max_weights={"cash": 0.5},
        layer_caps={"NA": 0.3, "chips": 0.2},
    )
    np.testing.assert_allclose(weights, expected.weights, atol=1e-9)


@pytest.mark.parametrize(
    ("table", "typed", "said"),
    [
        (None, [], "--layer-cap"),
        ("ticker,layer\nA,x\nB,y\n", [], "of.csv has no layer of C; write a row for each"),
        ("ticker,layer\nA,x\nBB,y\nC,y\n", [], "has no layer of B; write a row for each"),
        ("ticker,layer\nA,x\nb,y\nC,y\n", [], "Did you mean 'b'?"),
        ("ticker,layer\nA,x\nB,\nC,y\n", [], "of.csv, line 3, column layer: is empty"),
        ("ticker,layer\nA,x\nA,y\nB,x\nC,x\n", [], "line 3: 'A' stands twice; keep one"),
        ("ticker,layer\nA, x\nB,x\nC,x\n", [], "begins or ends with a space"),
        ("Ticker;Layer\nA;x\n", [], "line 1: separates fields by ';'"),
        ("ticker,Layer\nA,x\n", [], "'Layer' is not a column of this table. Did you mean 'layer'?"),
        ("ticker,layer\nA,x,y\n", [], "line 2: 3 fields instead of 2"),
        ("", [], "is empty; it names the columns: ticker,layer"),
        ("ticker,layer\n", [], "has no layer of A, B, C"),
        ("ticker,layer\nA,x\nB,x\nC,y\n", ["--layer-cap", "z=0.3"], "'z'"),
        ("ticker,layer\nA,x\nB,x\nC,y\n", ["--layer-cap", "x=30"], "a share between 0 and 1"),
    ],
)
def test_a_table_of_layers_that_is_none_is_refused_in_one_message(
    table: str | None,
    typed: list[str],
    said: str,
    draws: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, layers = tmp_path / "draws.csv", tmp_path / "of.csv"
    draws.to_csv(source, index=False)
    if table is not None:
        layers.write_text(table, encoding="utf-8")
        typed = ["--layers", str(layers), *typed]
    typed = typed if "--layer-cap" in typed else [*typed, "--layer-cap", "x=0.5"]
    assert command("--returns", str(source), *typed) == 2
    error = capsys.readouterr().err
    assert said in " ".join(error.replace("│", " ").split())
    assert "Traceback" not in error


def test_many_companies_without_a_layer_are_counted(tmp_path: Path) -> None:
    layers = tmp_path / "of.csv"
    layers.write_text("ticker,layer\nA,x\n", encoding="utf-8")
    with pytest.raises(
        ms.errors.DataError, match=r"no layer of T0, .*, T9 and 5 more; write a row"
    ):
        read_layers(layers, [f"T{i}" for i in range(15)])


def test_a_budget_of_risk_can_be_typed(draws: pd.DataFrame, tmp_path: Path) -> None:
    source, out = tmp_path / "draws.csv", tmp_path / "weights.csv"
    draws.to_csv(source, index=False)
    free, least = (ms.allocate(draws, x) for x in (ms.ExpectedReturn(), ms.CVaR(0.95)))
    level = round(0.5 * (free.risk["CVaR_95"] + least.objective), 4)
    asked = ["--objective", "ExpectedReturn", "--limit", f"CVaR <= {level}", "--out", str(out)]
    assert command("--returns", str(source), *asked) == 0
    weights = pd.read_csv(out, index_col="ticker")["weight"]
    budget = ms.limits.at_most(ms.CVaR(0.95), level)
    expected = ms.allocate(draws, ms.ExpectedReturn(), limits=[budget])
    np.testing.assert_allclose(weights, expected.weights, atol=1e-9)
    assert expected.risk["CVaR_95"] == pytest.approx(level, abs=1e-8)


def test_cash_may_be_held_and_reasons_are_written(
    draws: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, why = (tmp_path / name for name in ("draws.csv", "weights.csv", "why.csv"))
    draws.to_csv(source, index=False)
    asked = ["--objective", "ExpectedReturn", "--limit", "CVaR(0.9) <= 0.05", "--cash", "0.02"]
    asked += ["--max-weight", "0.3", "--reasons", str(why), "--out", str(out)]
    assert command("--returns", str(source), *asked) == 0
    weights = pd.read_csv(out, index_col="ticker")["weight"]
    assert weights["cash"] > 0.3
    table = pd.read_csv(why, index_col="ticker")
    assert table["expected_return"]["cash"] == pytest.approx(np.expm1(0.02))
    said = capsys.readouterr().out
    assert str(table["why"]["cash"]) in said
    assert said.endswith(f"table: {why}\ntable: {out}\n")
    capped = ["--objective", "CVaR(0.9)", "--cash", "0.02", "--cap", "cash=0.25"]
    assert command("--returns", str(source), *capped, "--out", str(out)) == 0
    assert pd.read_csv(out, index_col="ticker")["weight"]["cash"] == pytest.approx(0.25)


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
        ({}, ["--limit", "CVaR(0.9) >= 0.1"], "write at_most(CVaR(0.9), 0.1)"),
        ({}, ["--limit", "CVaR(0.9) <= -1"], "CVaR(0.9).at_most must be at least"),
        ({}, ["--view", "mean(Z) > 0"], "Z"),
        ({}, ["--current", "nowhere.csv"], "nowhere.csv"),
        ({"cash": 0.01}, ["--cash", "0.02"], "a column 'cash' already"),
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
    assert "column A: stands twice" in capsys.readouterr().err


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


def test_two_tables_are_not_written_to_one_file(
    draws: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "draws.csv", tmp_path / "out.csv"
    draws.to_csv(source, index=False)
    assert command("--returns", str(source), "--out", str(out), "--reasons", str(out)) == 2
    assert "is that of --reasons, too" in " ".join(capsys.readouterr().err.replace("│", "").split())
    assert not out.exists()


def test_a_long_field_is_told_by_its_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "draws.csv"
    source.write_text(f"A,B\n{'9' * 5000},0.1\n0.1,0.2\n", encoding="utf-8")
    assert command("--returns", str(source)) == 2
    error = capsys.readouterr().err
    assert f"column A: '{'9' * 80}'... is not a number" in error
    assert len(error) < 300
