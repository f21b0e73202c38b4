"""From scores to weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.backtesting import tilted
from marketsim.errors import InputError

SCORES = st.lists(st.floats(-10, 10), min_size=1, max_size=40)


@given(scores=SCORES, strength=st.floats(0.0, 3.0), cap=st.floats(0.01, 1.0))
def test_weights_sum_to_one_keep_to_the_cap_and_follow_the_scores(
    scores: list[float], strength: float, cap: float
) -> None:
    given_ = pd.Series(scores, index=[f"T{i}" for i in range(len(scores))])
    weights = tilted(given_, strength, cap)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights > 0.0).all()
    assert weights.max() <= max(cap, min(2.0 / len(scores), 1.0)) * (1.0 + 1e-9)
    order = given_.sort_values(kind="stable").index
    assert (np.diff(weights[order]) >= -1e-12).all()


def test_ranks_alone_count() -> None:
    plain = tilted({"A": 1.0, "B": 2.0, "C": 3.0})
    far = tilted({"A": -1e6, "B": 2.0, "C": 1e9})
    pd.testing.assert_series_equal(plain, far)


def test_no_strength_is_equal_weight_and_a_missing_score_the_middle() -> None:
    assert tilted({"A": 1.0, "B": 2.0}, strength=0.0).tolist() == [0.5, 0.5]
    weights = tilted({"A": 1.0, "B": float("nan"), "C": 3.0}, cap=1.0)
    assert weights["A"] < weights["B"] < weights["C"]
    assert weights["B"] ** 2 == pytest.approx(weights["A"] * weights["C"])


def test_no_scores_are_refused() -> None:
    for bad in ({}, {"A": float("inf")}):
        with pytest.raises(InputError, match="give a finite score"):
            tilted(bad)
