"""`marketsim forecast`: a table of forecasts, or the marks of past ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.errors import InputError
from marketsim.forecasting.projection import COLUMNS
from marketsim.runs.freshness import LIMITS, REPORTS
from tests.test_completeness import mine, told


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


@pytest.fixture
def at_hand(
    monkeypatch: pytest.MonkeyPatch, posterior: ms.Posterior, mixed: ms.forecasting.Forecast
) -> None:
    """The calibration and its forecast over all regimes are made already."""

    def cut(_: ms.Scenarios, quarters: int, seed: int) -> ms.forecasting.Forecast:
        assert seed == mixed.seed
        return replace(mixed, table=mixed.table[mixed.table["horizon"] <= quarters])

    monkeypatch.setattr(ms, "calibrate", lambda facts: posterior, raising=False)
    monkeypatch.setattr(ms, "forecast", cut, raising=False)


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["forecast", *arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_it_writes_every_series_quarter_by_quarter(
    monkeypatch: pytest.MonkeyPatch,
    posterior: ms.Posterior,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ms, "calibrate", lambda facts: posterior, raising=False)
    out = tmp_path / "new" / "ahead.csv"
    assert command("--as-of", "2025-12-31", "--quarters", "2", "--out", str(out)) == 0
    assert capsys.readouterr().out == f"table: {out}\n"
    table = pd.read_csv(out, parse_dates=["quarter_end"])
    assert list(table.columns) == list(COLUMNS)
    assert (table["horizon"] <= 2).all()
    companies = table[table["ticker"].notna()]
    assert companies["quarter_end"].min() > pd.Timestamp("2025-09-30")
    nvidia = table[(table["ticker"] == "NVDA") & (table["segment"] == "data_center")]
    assert list(nvidia["quarter_end"]) == [pd.Timestamp("2026-01-25"), pd.Timestamp("2026-04-26")]


def test_without_a_file_it_prints_a_table(
    at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--quarters", "1") == 0
    shown = capsys.readouterr().out
    assert "data_center" in shown
    assert "Shown is the mixture of 7 regimes by their probabilities, which moves" in shown


def test_one_company_is_shown_and_written_alone(
    at_hand: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "nvda.csv"
    assert command("NVDA", "--quarters", "1") == 0
    shown = capsys.readouterr().out
    assert "NVDA.data_center" in shown
    assert "AMD" not in shown
    assert command("NVDA.data_center", "--quarters", "1", "--out", str(out)) == 0
    assert pd.read_csv(out)["entity"].tolist() == ["NVDA.data_center"]


def test_it_explains_what_the_next_and_the_last_quarter_rest_on(
    at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("META", "--explain") == 0
    shown = capsys.readouterr().out
    titles = [line for line in shown.splitlines() if line.startswith("META")]
    assert len(titles) == 4  # its revenue and its spending, one and four quarters ahead
    assert shown.count("its own trend") == shown.count("structural model, by what was said") == 4
    assert "plan of META of" in shown
    assert shown.splitlines()[-1].startswith("Shown is the mixture of 7 regimes")


def test_what_is_not_heard_of_a_company_is_named_with_the_reason(
    at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("CRWV", "--explain", "--quarters", "1") == 0
    shown = capsys.readouterr().out
    assert "Not heard: backlog of CoreWeave: no two figures lie a year apart" in shown
    assert "Not heard: lab_compute_commitment of OpenAI/CoreWeave: deals over many years" in shown
    assert command("EQIX", "--explain", "--quarters", "1") == 0
    assert "Not heard" not in capsys.readouterr().out


def test_a_statement_that_is_not_believed_is_left_out(
    at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Medians stand beside those with it; one that is misspelt is named with those there are."""
    assert command("META", "--without", "plan of META") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("p50 with them    change")
    moved = [float(line.split()[-2]) for line in lines if "quarterly_capex" in line]
    assert len(moved) == 4
    assert moved[0] > 3.0  # its plan says less than all else
    assert lines[-2].startswith("Not believed: plan of META of 2025-10-29 for the year to 2025-")
    assert command("META", "--without", "plam of META") == 2
    said = capsys.readouterr().err
    assert "Did you mean 'plan of META'?" in said
    assert "plan of META of 2025-10-29 for the year to 2026-12-31" in said


def test_old_reports_are_told_of(
    monkeypatch: pytest.MonkeyPatch, at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(LIMITS, "report", 1)
    assert command("NVDA", "--quarters", "1") == 0
    said, ages, warning = capsys.readouterr().err.splitlines()
    assert said == "as of 2025-12-31, to which facts reach"
    found = re.fullmatch(
        r"on 2025-12-31 the newest report is (\d+) days old, "
        r"the newest statement is \d+ days old",
        ages,
    )
    assert found is not None
    table = ms.load_facts(as_of="2025-12-31").table
    newest = table.loc[table["quantity"].isin(REPORTS), "published"].max()
    assert int(found[1]) == (pd.Timestamp("2025-12-31") - newest).days
    assert warning.startswith("warning: the newest report is of 2025-12")


def test_what_nobody_hears_is_told_of(
    at_hand: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And a later date that a folder of one's own supports, of which companies are overdue."""
    row = told("revenue_guidance", "NVIDIA", "2026-07-26", "2026-05-20")
    assert command("NVDA", "--quarters", "1", "--add", str(mine(tmp_path, row))) == 0
    said, _, overdue, unheard = capsys.readouterr().err.splitlines()
    assert said == "as of 2026-05-20, to which facts reach"
    assert overdue.startswith("warning: reports are overdue on 2026-05-20: NVDA (quarter to")
    assert "hears revenue_guidance of NVIDIA (did you mean 'NVDA.total'?)" in unheard


def test_scoring_hands_over_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}

    class Marks:
        by_series = pd.DataFrame({"series": ["NVDA.total"], "crps": [0.25]})

        def __str__(self) -> str:
            return "marks"

        def series(self, forecaster: str) -> pd.DataFrame:
            return self.by_series.assign(forecaster=forecaster)

    def marked(facts: ms.Knowledge, start: Any, end: Any, **rest: Any) -> Marks:
        asked.update(rest, start=start, end=end)
        return Marks()

    monkeypatch.setattr(ms, "score_forecasts", marked, raising=False)
    out = tmp_path / "marks.csv"
    typed = ["--score", "--from", "2024-03-31", "--as-of", "2024-12-31", "--quarters", "3"]
    assert command(*typed, "--out", str(out)) == 0
    assert (asked["start"].year, asked["end"].month, asked["quarters"]) == (2024, 12, 3)
    assert [regime.name for regime in asked["regimes"]][:2] == ["bull", "base"]
    assert "marks" in capsys.readouterr().out
    assert pd.read_csv(out)["crps"].tolist() == [0.25]


def test_an_unknown_company_is_named_with_the_nearest(
    at_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for flags in ([], ["--explain"]):
        assert command("NVDIA", *flags) == 2
        assert "Did you mean 'NVDA'?" in capsys.readouterr().err


def test_scoring_goes_on_to_where_the_facts_reach(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends: list[pd.Timestamp] = []

    def marked(facts: ms.Knowledge, start: Any, end: pd.Timestamp, **rest: Any) -> None:
        ends.append(end)
        raise InputError("far enough")

    monkeypatch.setattr(ms, "score_forecasts", marked, raising=False)
    assert command("--score") == 2
    assert ends == [pd.Timestamp("2025-12-31")]
    assert capsys.readouterr().err.startswith("as of 2025-12-31, to which facts reach\n")


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["--quarters", "0"], "quarters"),
        (["--explain"], "marketsim forecast NVDA --explain"),
        (["NVDA", "--score"], "leave out 'NVDA'"),
        (["--as-of", "yesterday"], "as-of"),
        (["--as-of", "2019-03-31"], "2019-03-31"),
        (["--score", "--from", "2031-01-01"], "2031-01-01"),
    ],
)
def test_what_is_wrong_is_named(
    typed: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*typed) == 2
    assert named in capsys.readouterr().err
