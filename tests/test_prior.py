"""Priors of the start of the window: what facts of about then say."""

from __future__ import annotations

import jax.numpy as jnp
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import window_at
from marketsim.calibration.prior import priors
from marketsim.model import coordinates, unpack, values
from marketsim.model.demand import earned, laboratory_odds
from marketsim.precision import precise


@pytest.mark.parametrize("date", ["2022-12-31", "2025-12-31"])
def test_outside_capital_pays_for_the_training_that_earnings_do_not(date: str) -> None:
    """Training's share of compute at the start is that of the year, whatever its earnings pay."""
    known, window = ms.load_facts(as_of=date), window_at(pd.Timestamp(date))
    training = 0.55 - 0.05 * (3.0 + window.start_year)
    with precise("float64"):
        declared = priors(known, window)
        a = unpack(values(coordinates(declared), jnp.zeros(len(declared))))
        inference = (1.0 - a.initial_training_capital) / (1.0 + earned(a, laboratory_odds(a)))
    assert float(inference) == pytest.approx(1.0 - training, abs=1e-9)
