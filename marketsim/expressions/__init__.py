"""The one reader of arithmetic: text into a checked tree, and nothing is ever executed.

What the names and functions of a tree mean is for whoever reads it. A chain such as `a + b - c` is
one node however long it is, so that only nesting makes a tree deep, and nesting is bounded.
"""

from __future__ import annotations

from .parser import DEEPEST, LONGEST, parse
from .tree import Call, Chain, Expression, Items, Name, Negation, Not, Number, Text

__all__ = [
    "DEEPEST",
    "LONGEST",
    "Call",
    "Chain",
    "Expression",
    "Items",
    "Name",
    "Negation",
    "Not",
    "Number",
    "Text",
    "parse",
]
