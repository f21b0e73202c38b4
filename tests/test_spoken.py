"""Objectives as text, and the command that takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.allocation import objective_from

CHANCE = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CVaR(0.9)", 1 * ms.CVaR(0.9)),
        ("ExpectedReturn() - 2 * CVaR(0.95)", ms.ExpectedReturn() - 2 * ms.CVaR(0.95)),
        ("-(CVaR() + Variance() / 2)", -(ms.CVaR() + 0.5 * ms.Variance())),
        ("WorstRegime + 1e-1*ExpectedReturn", ms.WorstRegime() + 0.1 * ms.ExpectedReturn()),
    ],
)
def test_text_means_what_the_arithmetic_does(text: str, meant: ms.allocation.Objective) -> None:
    assert objective_from(text) == meant
    assert objective_from(repr(meant)) == meant


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
        ("CVaR(level=0.9)", "no meaning"),
        ("__import__('os').getcwd()", "no meaning"),
        ("CVaR(0.9) / 0", "divided by 0"),
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


@pytest.mark.parametrize(
    ("change", "typed", "said"),
    [
        ({"B": np.nan}, [], "B"),
        ({"probability": -1.0}, [], "probabilit"),
        ({"B": "much"}, [], "B"),
        ({}, ["--objective", "CVaR(95)"], "0.95"),
        ({}, ["--max-weight", "0.2"], "max_weight"),
        ({}, ["--cap", "Z=0.2"], "Z"),
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


def test_a_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--returns", str(tmp_path / "nowhere.csv")) == 2
    assert "nowhere.csv" in capsys.readouterr().err
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    assert command("--returns", str(tmp_path / "torn.parquet")) == 2
    assert "torn.parquet is no table" in capsys.readouterr().err
