"""What rows measure of a quarter [world, quarter, ...]: arrays [world, quarter]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from marketsim.model import Quarter
from marketsim.model.units import CLASSES, KILOHOURS, layer

__all__ = ["electricity", "field", "memory_share", "spent_on", "token_price", "token_spending"]

INTERACTIVE: Final = CLASSES.index("interactive")


def field(name: str) -> Callable[[Quarter], Any]:
    """Return the measure that reads a field of a quarter."""
    return lambda quarters: getattr(quarters, name)


def spent_on(name: str) -> Callable[[Quarter], Any]:
    """Return the measure that reads a layer of spending."""
    return lambda quarters: quarters.spending[..., layer(name)]


def memory_share(quarters: Quarter) -> Any:
    """Return memory's share of what is spent on servers with their accelerators, percent.

    Merchant accelerators are invoiced with servers, the others are counted beside them.
    """
    machines = sum(spent_on(name)(quarters) for name in ("servers", "asic", "low_latency"))
    return 100.0 * (quarters.hbm_revenue + quarters.server_dram_revenue) / machines


def electricity(quarters: Quarter) -> Any:
    """Return TWh a quarter of the fleet at full load."""
    return quarters.load * KILOHOURS


def token_price(quarters: Quarter) -> Any:
    """Return the price of interactive tokens, USD per million."""
    return quarters.token_price[..., INTERACTIVE]


def token_spending(quarters: Quarter) -> Any:
    """Return spending on tokens: what laboratories sell, and what owners use themselves at cost."""
    return quarters.laboratory_revenue + quarters.own_use
