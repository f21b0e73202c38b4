"""Objectives and limits as text: what they mean, and what is refused."""

from __future__ import annotations

import re

import pytest

import marketsim as ms
from marketsim.allocation import limit_from, objective_from

HELD = {"A": 0.5, "B": 0.5}
GROWTH = ms.terms.LogGrowth() - ms.terms.Regret() - ms.terms.AmbiguousReturn(0.2) / -4


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CVaR(0.9)", 1 * ms.CVaR(0.9)),
        ("ExpectedReturn() - 2 * CVaR(0.95)", ms.ExpectedReturn() - 2 * ms.CVaR(0.95)),
        ("-(CVaR() + Variance() / 2)", -(ms.CVaR() + 0.5 * ms.Variance())),
        ("WorstRegime + 1e-1*ExpectedReturn", ms.WorstRegime() + 0.1 * ms.ExpectedReturn()),
        ("CVaR(level=0.9, radius=0.01)", 1 * ms.CVaR(0.9, 0.01)),
        ("LogGrowth - Regret - AmbiguousReturn(0.2) / -4", GROWTH),
        ("-TransactionCost(0.001, current)", -1 * ms.terms.TransactionCost(0.001, HELD)),
        ("2*TrackingError(current)", 2 * ms.terms.TrackingError(HELD)),
    ],
)
def test_text_means_what_the_arithmetic_does(text: str, meant: ms.allocation.Objective) -> None:
    names = {"current": HELD, "benchmark": HELD}
    assert objective_from(text, names) == meant
    assert objective_from(repr(meant), names) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Holdings(at_most=10)", ms.limits.Holdings(at_most=10)),
        ("Turnover(0.2, current)", ms.limits.Turnover(0.2, HELD)),
        (
            "Group('chips', ['A', 'B'], 0.1, at_most=0.4)",
            ms.limits.Group("chips", ["A", "B"], 0.1, 0.4),
        ),
        ("RegimeLoss('bear', -0.1)", ms.limits.RegimeLoss("bear", -0.1)),
        ("Leverage(net=(0, 1))", ms.limits.Leverage(net=(0, 1))),
        ("Exposure('beta', current, at_most=1)", ms.limits.Exposure("beta", HELD, at_most=1)),
        ("CVaR(0.95) <= 0.15", ms.limits.at_most(ms.CVaR(0.95), 0.15)),
        ("ExpectedReturn >= -0.08", ms.limits.at_least(ms.ExpectedReturn(), -0.08)),
        (
            "CVaR(0.9) + 2 * TrackingError(current) <= 2e-1",
            ms.limits.at_most(ms.CVaR(0.9) + 2 * ms.terms.TrackingError(HELD), 0.2),
        ),
    ],
)
def test_a_limit_means_what_its_call_does(text: str, meant: ms.limits.Limit) -> None:
    assert limit_from(text, {"current": HELD}) == meant


def test_a_limit_on_terms_reads_as_it_is_shown() -> None:
    limit = ms.limits.at_most(ms.CVaR(0.9) - 2 * ms.WorstRegime(), 0.2)
    assert repr(limit) == "CVaR(0.9) - 2*WorstRegime() <= 0.2"
    assert limit_from(repr(limit)) == limit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Holding(at_most=10)", "Did you mean 'Holdings'"),
        ("CVaR(0.9)", "there is no 'CVaR'"),
        ("10", "is no limit"),
        ("Turnover(0.2, curent)", "Did you mean 'current'"),
        ("Holdings(most=3)", "does not take most"),
        ("Turnover(-1, current)", "from 0 up"),
        ("Turnover(0.2, 3)", "mapping or Series"),
        ("CVaR(0.9) >= 0.1", "at_most(CVaR(0.9), 0.1)"),
        ("CVaR(0.9) <= CVaR(0.8)", "does not compare a term with a number"),
        ("0.1 <= 0.2", "does not compare a term with a number"),
        ("0.1 <= CVaR(0.9) <= 0.2", "has no meaning"),
        ("CVaR(0.9) == 0.1", "has no meaning"),
        ("CVAR(0.9) <= 0.1", "Did you mean 'CVaR'"),
    ],
)
def test_what_is_no_limit_is_named(text: str, said: str) -> None:
    with pytest.raises(ms.MarketsimError, match=re.escape(said)):
        limit_from(text, {"current": HELD})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CVAR(0.95)", "CVaR"),
        ("2 * 3", "names no term"),
        ("CVaR(0.95", "cannot be read"),
        ("CVaR(0.9) * CVaR(0.9)", "scaled by a number"),
        ("CVaR(0.9) + 1", "added"),
        ("CVaR(95)", "between 0 and 1"),
        ("CVaR(0.9, 0, 2)", "does not take 3"),
        ("CVaR(share=0.9)", "does not take share"),
        ("TransactionCost(0.1, CVaR)", "is no number"),
        ("__import__('os').getcwd()", "no meaning"),
        ("CVaR(0.9) / 0", "divided by 0"),
        ("1" + "0" * 400 + " * CVaR()", "cannot be read"),
        ("-" * 1_900 + "CVaR()", "cannot be read"),
        ("CVaR() + " * 3_000 + "CVaR()", "has 27,006 characters, over 10,000"),
        ("Regret('x')", "left out"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(ms.MarketsimError, match=said.replace("(", r"\(")):
        objective_from(text)
