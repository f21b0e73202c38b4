"""What prices assumed at past dates: every date says how old its prices were."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.runs import ImpliedHistory, implied_history, implied_json
from marketsim.runs import implied as asking
from marketsim.runs.freshness import Freshness

CLOSES = {"2025-03-31": "2024-09-20", "2025-06-30": "2025-06-18", "2025-09-30": "2025-09-30"}


@pytest.fixture(scope="module")
def series(returns: ms.ReturnScenarios) -> ImpliedHistory:
    """Three dates with the same worlds, and closes of different age; of the fourth none."""

    def valued(question: Any, progress: Any) -> Any:
        day = str(question.as_of.date())
        if day not in CLOSES:
            raise ms.errors.PriceError("no company has a close")
        fresh = Freshness(question.as_of, {"price": pd.Timestamp(CLOSES[day])})
        return SimpleNamespace(returns=returns, fresh=fresh)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "valued", valued)
        return implied_history("2025-03-31", "2025-12-31", ["NVDA"], of=["growth"])


def test_what_was_old_is_said_by_date(series: ImpliedHistory) -> None:
    said = {str(date.date()): some for date, some in series.warnings.items()}
    assert [len(said[day]) for day in CLOSES] == [1, 1, 0]
    assert "of 2024-09-20, 192 days before 2025-03-31" in said["2025-03-31"][0]


def test_a_date_whose_close_is_over_a_quarter_old_is_marked(series: ImpliedHistory) -> None:
    assert series.stale.tolist() == [True, False, False]
    told = str(series)
    assert "newest_close" in told
    assert told.count("over a quarter before") == 1
    assert "2025-03-31: the newest close is of 2024-09-20" in told


def test_json_has_closes_and_warnings_by_date(series: ImpliedHistory) -> None:
    found = json.loads(implied_json(series))
    assert found["newest_close"] == CLOSES
    assert found["stale"] == ["2025-03-31"]
    assert len(found["warnings"]["2025-06-30"]) == 1
    assert found["left_out"] == {"2025-12-31": "no company has a close"}


def test_a_command_says_on_stderr_what_was_old(
    series: ImpliedHistory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)
    monkeypatch.setattr("marketsim.runs.implied_history", lambda *companies, **asked: series)
    with pytest.raises(SystemExit) as stop:
        cli.main(["implied", "NVDA", "--from", "2025-03-31", "--to", "2025-12-31"])
    printed, said = capsys.readouterr()
    assert stop.value.code == 0
    assert "warning: 2025-03-31: the newest price is of 2024-09-20" in said
    assert "warning" not in printed
