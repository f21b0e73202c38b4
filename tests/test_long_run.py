"""What the worlds of every regime come to in ten years: nothing dies out, nothing stands idle."""

from __future__ import annotations

import pandas as pd
import pytest

import marketsim as ms


@pytest.fixture(scope="module")
def medians(scenarios: ms.Scenarios) -> pd.DataFrame:
    """Medians by regime and year, a column for each quantity, ten years ahead."""
    table = ms.outlook(scenarios, quarters=40, draws=200, seed=0).table
    return table.pivot(index=["regime", "year"], columns="quantity", values="median")


@pytest.mark.slow
def test_in_no_regime_does_training_eat_inference_or_inference_all(medians: pd.DataFrame) -> None:
    share = medians["inference share"].xs(2035, level="year")
    assert len(share) == 7
    assert share.between(35.0, 90.0).all(), share.to_string()


@pytest.mark.slow
def test_power_is_not_energised_far_ahead_of_its_use(medians: pd.DataFrame) -> None:
    """In base at most 1.6 times what is used; a slump leaves more idle, a squeeze nothing."""
    ratio = medians["energised over used"].unstack("regime").loc[2026:]
    assert ratio["base"].between(1.0, 1.6).all(), ratio["base"].to_string()
    assert (ratio > 0.99).all(axis=None)
    assert ratio["bear"].max() > ratio["base"].max() > ratio["power_squeeze"].max()
    assert ratio["bear"].max() < 2.0
