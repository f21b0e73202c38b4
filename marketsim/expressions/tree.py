"""What a text of arithmetic says: numbers, names, calls, and chains of signs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Call", "Chain", "Expression", "Items", "Name", "Negation", "Not", "Number", "Text"]


@dataclass(frozen=True)
class Expression:
    """A part of a text; two that say the same are equal, wherever they stand.

    Attributes
    ----------
    source
        The part as written.
    column
        Where it begins, from 1.
    """

    source: str = field(compare=False)
    column: int = field(compare=False)

    def __str__(self) -> str:
        return f"'{self.source}' at column {self.column}"


@dataclass(frozen=True)
class Number(Expression):
    """A number from 0 up."""

    value: float


@dataclass(frozen=True)
class Text(Expression):
    """What stands in quotes."""

    text: str


@dataclass(frozen=True)
class Name(Expression):
    """A word, `BRK.B`, or `elasticity[agentic]`."""

    name: str


@dataclass(frozen=True)
class Items(Expression):
    """`[a, b]` or `(a, b)`."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Call(Expression):
    """`name(a, b, word=c)`."""

    name: str
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True)
class Negation(Expression):
    """`-a`."""

    operand: Expression


@dataclass(frozen=True)
class Not(Expression):
    """`not a`."""

    operand: Expression


@dataclass(frozen=True)
class Chain(Expression):
    """`a + b - c`, `a < b <= c` or `a and b`: parts joined by signs of one level, left to right.

    Attributes
    ----------
    parts
        At least two.
    signs
        One fewer.
    """

    parts: tuple[Expression, ...]
    signs: tuple[str, ...]

    def steps(self) -> Iterator[tuple[str, Expression]]:
        """Return each sign with the part that follows it."""
        return zip(self.signs, self.parts[1:], strict=True)
