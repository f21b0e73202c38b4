"""Revenue paths and prices in, return scenarios out."""

from .cashflow import Terms, log_value
from .economics import economics
from .revaluation import Valuation, equity_return, return_terms, revalue

__all__ = [
    "Terms",
    "Valuation",
    "economics",
    "equity_return",
    "log_value",
    "return_terms",
    "revalue",
]
