"""How far facts reach on a day, and what a decision would lack."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from marketsim.curation import add_rows, status_of
from marketsim.errors import DataError, InputError
from tests.facts.test_adding import ROW


def test_on_the_day_to_which_the_facts_are_complete_little_is_lacking() -> None:
    found = status_of(as_of="2025-12-31")
    assert found.lacks == ()
    assert found.complete == pd.Timestamp("2025-12-31")
    assert "would lack:\n  nothing" in str(found)
    assert (found.companies["due"] == 0).all()
    assert (found.quantities["age"] >= 0).all()


def test_a_year_later_quarters_are_due_and_prices_old() -> None:
    found = status_of(as_of="2026-11-30")
    words = "\n".join(found.lacks)
    assert "the newest price is of 2025-12-31, 334 days before" in words
    assert "volatilities, betas and correlations of the snapshot" in words
    assert "marketsim facts update" in words
    assert found.due["NVDA"][0] == pd.Timestamp("2026-01-25")
    assert found.companies.loc["NVDA", "due"] == len(found.due["NVDA"]) == 3


def test_nothing_of_later_is_seen() -> None:
    found = status_of(as_of="2024-06-30")
    assert found.quantities["published"].max() <= pd.Timestamp("2024-06-30")
    assert found.companies["published"].max() <= pd.Timestamp("2024-06-30")
    assert any("closes of a few companies" in line for line in found.lacks)


def test_a_folder_makes_it_newer(tmp_path: Path) -> None:
    add_rows(tmp_path, [replace(ROW, entity=name) for name in ("NVDA.total", "NVDA.data_center")])
    found = status_of(tmp_path, "2026-11-30")
    assert found.companies.loc["NVDA", "period"] == pd.Timestamp(ROW.date)
    assert found.companies.loc["NVDA", "due"] == 2
    assert found.complete == pd.Timestamp(ROW.published)


@pytest.mark.parametrize(("name", "why"), [("", "is empty"), ("mien", "is not a folder")])
def test_an_empty_or_misspelt_folder_is_told(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        status_of(tmp_path / name)


def test_the_record_is_json_without_nan() -> None:
    record = json.loads(json.dumps(status_of(as_of="2026-11-30").record(), allow_nan=False))
    assert record["companies"]["NVDA"]["capex"] is None
    assert record["companies"]["NVDA"]["due"] == 3
    assert record["quantities"]["quarterly_capex"]["period"] == "2025-12-31"


def test_today_is_the_default() -> None:
    found = status_of()
    assert abs((found.as_of - pd.Timestamp.now("UTC").tz_localize(None)).days) <= 1


def test_no_day() -> None:
    with pytest.raises(InputError, match="as_of='soon' is not a day"):
        status_of(as_of="soon")


def test_before_anything_was_published_that_is_said() -> None:
    told = str(status_of(as_of="1990-01-01"))
    assert "nothing that companies report or say was published by then" in told
    assert "Empty DataFrame" not in told
