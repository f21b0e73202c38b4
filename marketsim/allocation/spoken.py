"""Objectives and limits as text: `ExpectedReturn() - 2 * CVaR(0.95)`, `Holdings(at_most=10)`.

They are read as arithmetic and nothing else.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ..errors import InputError, nearest
from . import limits, terms
from .limits import Limit
from .objectives import Algebra, Objective

__all__ = ["limit_from", "objective_from"]

Weights = Mapping[str, Mapping[str, float]]
Makers = Mapping[str, Callable[..., Any]]

TERMS: Final[Makers] = {name: getattr(terms, name) for name in terms.__all__}
LIMITS: Final[Makers] = {
    name: getattr(limits, name) for name in limits.__all__ if name != Limit.__name__
}
LONGEST: Final = 2_000  # characters of a text
BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Text(NamedTuple):
    """What is read, and what its names mean."""

    text: str
    what: str  # objective or limit
    makers: Makers
    given: Weights
    example: str

    def wrong(self, complaint: str) -> InputError:
        """The error that says what cannot be."""
        return InputError(f"{self.what} '{self.text}'{complaint}; {self.example}")


def objective_from(text: str, given: Weights | None = None) -> Objective:
    """Return the objective that a text writes.

    Parameters
    ----------
    text : str
        Terms by name, with numbers as arguments and factors, joined by ``+ - * /``. A term without
        arguments may leave out its parentheses.
    given : mapping of name to weights, optional
        What names such as ``current`` in arguments stand for.

    Raises
    ------
    InputError
        The text is no such sum, or names no term.
    """
    example = "write a sum such as 'ExpectedReturn() - 2 * CVaR(0.95)'"
    reader = Text(text, "objective", TERMS, given or {}, example)
    found = _read(reader)
    if not isinstance(found, Algebra):
        raise reader.wrong(" names no term")
    return found if isinstance(found, Objective) else 1.0 * found


def limit_from(text: str, given: Weights | None = None) -> Limit:
    """Return the limit that a text writes.

    Parameters
    ----------
    text : str
        A limit by name with its arguments, such as ``Turnover(0.2, current)`` or
        ``Group('chips', ['NVDA', 'AMD'], at_most=0.4)``.
    given : mapping of name to weights, optional
        What names such as ``current`` in arguments stand for.

    Raises
    ------
    InputError
        The text is no limit.
    """
    reader = Text(text, "limit", LIMITS, given or {}, "write one such as 'Holdings(at_most=10)'")
    found = _read(reader)
    if not isinstance(found, Limit):
        raise reader.wrong(" is no limit")
    return found


def _read(reader: Text) -> Any:
    if len(reader.text) > LONGEST:
        start = reader._replace(text=f"{reader.text[:40]}...")
        raise start.wrong(f" has over {LONGEST:,} characters")
    try:
        return _value(ast.parse(reader.text.strip(), mode="eval").body, reader)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise reader.wrong(" cannot be read") from error


def _value(node: ast.expr, reader: Text) -> Any:
    """What a part of the text stands for: a number, words, weights, a limit, a term or a sum."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Constant(value=str() as word):
            return word
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part, reader) for part in parts]
        case ast.Name(id=name) if name in reader.given:
            return reader.given[name]
        case ast.Name(id=name):
            return _made(name, [], {}, reader)
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=words):
            arguments = [_argument(part, reader) for part in parts]
            named = {word.arg or "": _argument(word.value, reader) for word in words}
            return _made(name, arguments, named, reader)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _joined(ast.Mult(), -1.0, _value(inner, reader), reader)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in BINARY:
            return _joined(sign, _value(left, reader), _value(right, reader), reader)
    raise reader.wrong(f": '{ast.unparse(node)}' has no meaning here")


def _argument(node: ast.expr, reader: Text) -> Any:
    value = _value(node, reader)
    if isinstance(value, Algebra):
        raise reader.wrong(f": '{ast.unparse(node)}' is no number")
    return value


def _joined(sign: ast.operator, left: Any, right: Any, reader: Text) -> Any:
    if not all(isinstance(one, float | Algebra) for one in (left, right)):
        raise reader.wrong(" adds up to nothing")
    try:
        return BINARY[type(sign)](left, right)
    except (TypeError, ZeroDivisionError) as error:
        raise reader.wrong(" adds up to nothing") from error


def _made(name: str, arguments: list[Any], named: dict[str, Any], reader: Text) -> Any:
    if name not in reader.makers:
        known = ", ".join([*reader.makers, *reader.given])
        hint = nearest(name, [*reader.makers, *reader.given])
        raise InputError(
            f"{reader.what} '{reader.text}': there is no '{name}'; there are {known}.{hint}"
        )
    try:
        return reader.makers[name](*arguments, **named)
    except TypeError as error:
        count = len(arguments) + len(named)
        what = ", ".join(named) or f"{count} argument{'s' * (count != 1)}"
        raise reader.wrong(f": {name} does not take {what}") from error
