"""Units: coherent, so that equations carry no factor beyond hours per quarter."""

from __future__ import annotations

import pytest

from marketsim.model import ARCHITECTURES, CLASSES, LAYERS, YEARS
from marketsim.model.layers import RECOGNITION
from marketsim.model.units import CONTESTED, KILOHOURS, TOKENS_PER_SECOND


def test_a_quarter_has_a_quarter_of_the_hours_of_a_mean_year() -> None:
    assert pytest.approx(365.25 * 24.0 * YEARS / 1e3) == KILOHOURS


def test_a_dollar_an_hour_for_a_million_chips_is_billions_a_quarter() -> None:
    dollars = 1.0 * 1e6 * 365.25 * 24.0 / 4.0
    assert pytest.approx(dollars / 1e9) == 1.0 * 1.0 * KILOHOURS


def test_classes_go_from_slow_to_fast() -> None:
    assert len(TOKENS_PER_SECOND) == len(CLASSES)
    assert list(TOKENS_PER_SECOND) == sorted(TOKENS_PER_SECOND)


def test_every_layer_is_recognised_at_a_share() -> None:
    assert len(set(LAYERS)) == len(LAYERS)
    assert set(RECOGNITION) == set(LAYERS)
    assert all(0.0 < share <= 1.0 for share in RECOGNITION.values())


def test_every_architecture_has_a_layer_and_contested_layers_are_layers() -> None:
    assert LAYERS[: len(ARCHITECTURES)] == ARCHITECTURES
    assert set(CONTESTED) < set(LAYERS)
    assert list(CONTESTED) == [name for name in LAYERS if name in CONTESTED]
