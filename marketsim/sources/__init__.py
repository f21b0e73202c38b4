"""How sources beyond this machine are asked: Yahoo through yfinance, and the SEC.

The network is reached from here and from `prices.yahoo` alone, and only where it is asked for. One
limiter by source, a deadline by question, longer waits after refusals; what comes of it is an
answer or one of three errors: the source cannot be reached, knows of no such thing, or answers with
what cannot be used.
"""

from __future__ import annotations

from marketsim.sources.asking import Missing, Unreachable, Unusable
from marketsim.sources.limiter import LIMITER, Limiter, Patience
from marketsim.sources.reports import Report

__all__ = ["LIMITER", "Limiter", "Missing", "Patience", "Report", "Unreachable", "Unusable"]
