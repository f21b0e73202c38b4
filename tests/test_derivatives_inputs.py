"""What derivatives are handed by mistake is refused in a line, with what would be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import marketsim as ms
from marketsim.allocation import Allocation
from marketsim.derivatives import regimes_apart, smoothed, value_of_information
from marketsim.errors import InputError

SHIFTS = {"hurdle_rate": 0.16}
TEXT: Any = "no"
ONE: Any = 1


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda c: smoothed(c.returns), "smoothed: choice is a ReturnScenarios; give what ms.allo"),
        (lambda c: ms.reverse_stress(c.returns, 0.3), "reverse_stress: choice is a ReturnScenar"),
        (lambda c: ms.stress(SHIFTS, c), r"stress: shifts are Allocation\(.*; give what to set"),
        (lambda c: regimes_apart(TEXT, "bull", c), "regimes_apart: choice is a str; give what"),
        (
            lambda c: ms.reverse_stress(c, 0.3, forecast=TEXT),
            r"reverse_stress: forecast is a str; give what ms.forecast\(posterior\) returns",
        ),
    ],
)
def test_what_another_step_made_is_named(
    ask: Callable[[Any], Any], said: str, capped: Allocation
) -> None:
    with pytest.raises(InputError, match=said) as told:
        ask(capped)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda c: ms.reverse_stress(c, 0.3, noise=TEXT), "reverse_stress noise is 'no'"),
        (lambda c: ms.implied(c.returns, together=TEXT), "implied together is 'no'"),
        (lambda c: ms.sensitivities(c, weights=ONE), "sensitivities weights is 1"),
    ],
)
def test_what_is_neither_yes_nor_no_is_not_taken_for_yes(
    ask: Callable[[Any], Any], said: str, capped: Allocation
) -> None:
    with pytest.raises(InputError, match=f"{said}; give True or False"):
        ask(capped)


def test_true_is_no_number(capped: Allocation) -> None:
    with pytest.raises(InputError, match="count is True; it must be a whole number from 1 up"):
        value_of_information(capped, count=True)
