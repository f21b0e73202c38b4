"""Revenue paths and prices in, statements of earnings, values and return scenarios out."""

from .assumptions import (
    ValuationAssumptions,
    refuse_ours,
    valuation_assumptions,
    valuation_table,
)
from .derivatives import returns_by
from .economics import economics
from .market_value import market_values
from .moved import MovedWorlds, exposures
from .pull import without_pull
from .returns import Anchor, Worth, equity_return, sales_of
from .revaluation import revalue
from .simulated import simulate_returns
from .statement import Sales, Statement, Terms, statement
from .valuation import Valuation
from .worlds import enterprise_values
from .worth import enterprise_value

__all__ = [
    "Anchor",
    "MovedWorlds",
    "Sales",
    "Statement",
    "Terms",
    "Valuation",
    "ValuationAssumptions",
    "Worth",
    "economics",
    "enterprise_value",
    "enterprise_values",
    "equity_return",
    "exposures",
    "market_values",
    "refuse_ours",
    "returns_by",
    "revalue",
    "sales_of",
    "simulate_returns",
    "statement",
    "valuation_assumptions",
    "valuation_table",
    "without_pull",
]
