"""The family of errors, and the suggestion that ends a message."""

from __future__ import annotations

import pytest

from marketsim import errors
from marketsim.errors import MarketsimError, nearest

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
    assert sorted(errors.__all__) == sorted([*KINDS, "MarketsimError", "nearest"])


def test_a_near_miss_is_suggested() -> None:
    assert nearest("NVDIA", ["AMD", "NVDA"]) == " Did you mean 'NVDA'?"


def test_case_alone_never_hides_a_name() -> None:
    assert nearest("cvar", ["CVaR", "Variance"]) == " Did you mean 'CVaR'?"


@pytest.mark.parametrize("known", [[], ["TSM", "AMD"]])
def test_nothing_is_suggested_when_nothing_is_near(known: list[str]) -> None:
    assert nearest("electricity", known) == ""
