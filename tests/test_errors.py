"""The family of errors, and the suggestion that ends a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import marketsim as ms
from marketsim import errors
from marketsim.errors import InputError, MarketsimError, nearest

KINDS = [
    "BusyError",
    "DataError",
    "InputError",
    "InfeasibleError",
    "SolverError",
    "PriceError",
    "SourceError",
]


@pytest.mark.parametrize("name", KINDS)
def test_every_refusal_can_be_caught_as_one_family(name: str) -> None:
    with pytest.raises(MarketsimError, match="where, what, what would be right"):
        raise getattr(errors, name)("where, what, what would be right")


def test_the_module_offers_the_family_and_nothing_else() -> None:
    assert sorted(errors.__all__) == sorted([*KINDS, "MarketsimError", "handed", "nearest"])


def test_a_near_miss_is_suggested() -> None:
    assert nearest("NVDIA", ["AMD", "NVDA"]) == " Did you mean 'NVDA'?"


def test_case_alone_never_hides_a_name() -> None:
    assert nearest("cvar", ["CVaR", "Variance"]) == " Did you mean 'CVaR'?"


@pytest.mark.parametrize("known", [[], ["TSM", "AMD"]])
def test_nothing_is_suggested_when_nothing_is_near(known: list[str]) -> None:
    assert nearest("electricity", known) == ""


WRONG: Any = {}
STEPS: dict[str, tuple[Callable[[], object], str]] = {
    "calibrate": (lambda: ms.calibrate(WRONG), "what ms.load_facts(as_of=...) returns"),
    "load_scenarios": (lambda: ms.load_scenarios(WRONG), "what ms.calibrate(facts) returns"),
    "simulate": (lambda: ms.simulate(WRONG), "what ms.load_scenarios(posterior) returns"),
    "revalue": (lambda: ms.revalue(WRONG, WRONG), "what ms.simulate(scenarios) returns"),
    "forecast": (lambda: ms.forecast(WRONG), "what ms.calibrate(facts) or ms.load_scenarios"),
    "outlook": (lambda: ms.outlook(WRONG), "what ms.load_scenarios(posterior) returns"),
    "paradox": (lambda: ms.paradox(WRONG), "what ms.calibrate(facts) returns"),
    "score_forecasts": (lambda: ms.score_forecasts(WRONG), "what ms.load_facts() returns"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_says_which_other_makes_what_it_takes(step: str) -> None:
    ask, made = STEPS[step]
    with pytest.raises(InputError, match=rf"^{step}: \w+ is a dict; give ") as told:
        ask()
    assert made in str(told.value)
