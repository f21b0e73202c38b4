"""Where a claim is measured: in the worlds as calibrated, and in limits that theory speaks of.

A claim about a mechanism is examined twice: with every limit as calibrated, and with limits slack,
where nothing but the mechanism shows. One of them decides, as calibrated wherever it can; the other
stands beside. Slack says nothing of C3, C6 and C23, which are about limits that then bind nowhere,
nor of C4, C5, C10, C13 to C15 and C17: on levels, technology and shares, which no limit holds back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from types import MappingProxyType
from typing import Final

from .claim import CALIBRATED, Check, Finding
from .worlds import Worlds, pinched, slack, unsaturated

__all__ = [
    "CALIBRATED",
    "FREE",
    "INELASTIC",
    "ONLY_FINANCE",
    "ONLY_MEMORY",
    "SATURATED",
    "SLACK",
    "TIGHT",
    "WHERE",
    "measured",
]

SLACK: Final = "with limits slack"
FREE: Final = "with neither limits nor saturation"
INELASTIC: Final = "with limits slack and an elasticity of 0.7"
ONLY_FINANCE: Final = "with all limits but finance slack"
ONLY_MEMORY: Final = "with all limits but memory slack"
SATURATED: Final = "where demand is saturated"
TIGHT: Final = "where power binds"

SPENT: Final = 1e-9
"""Share of world output at which all demand is saturated."""


def _all_but(*kept: str) -> Callable[[Worlds], Worlds]:
    """Return what makes limits slack, but for assumptions that are ``kept``."""
    return lambda worlds: slack(worlds).with_(**{x: getattr(worlds.assumptions, x) for x in kept})


WHERE: Final[Mapping[str, Callable[[Worlds], Worlds]]] = MappingProxyType(
    {
        CALIBRATED: lambda worlds: worlds,
        SLACK: slack,
        FREE: lambda worlds: unsaturated(slack(worlds)),
        INELASTIC: lambda worlds: slack(worlds).with_(elasticity=0.7),
        ONLY_FINANCE: _all_but("external_premium", "credit_rationing"),
        ONLY_MEMORY: _all_but("memory_repricing"),
        SATURATED: lambda worlds: worlds.with_(saturation=SPENT),
        TIGHT: pinched,
    }
)
"""Worlds of each kind, made from those as calibrated."""


def measured(decides: str, *beside: str) -> Callable[[Check], Check]:
    """Return what measures a check where it is decided, and ``beside``; each of :data:`WHERE`."""

    def everywhere(check: Check) -> Check:
        @wraps(check)
        def findings(worlds: Worlds) -> Finding:
            found = {name: check(WHERE[name](worlds)) for name in (decides, *beside)}
            return replace(found.pop(decides), where=decides, beside=found)

        return findings

    return everywhere
