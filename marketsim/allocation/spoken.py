"""Objectives as text: `ExpectedReturn() - 2 * CVaR(0.95)`, read as arithmetic and nothing else."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, Final

from ..errors import InputError, nearest
from .objectives import Algebra, Objective
from .terms import CVaR, ExpectedReturn, Variance, WorstRegime

__all__ = ["objective_from"]

TERMS: Final[dict[str, Callable[..., Algebra]]] = {
    "CVaR": CVaR,
    "ExpectedReturn": ExpectedReturn,
    "Variance": Variance,
    "WorstRegime": WorstRegime,
}
BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
EXAMPLE: Final = "write a sum such as 'ExpectedReturn() - 2 * CVaR(0.95)'"


def objective_from(text: str) -> Objective:
    """Return the objective that a text writes.

    Parameters
    ----------
    text
        Terms by name, with numbers as arguments and factors, joined by ``+ - * /``. A term without
        arguments may leave out its parentheses.

    Raises
    ------
    InputError
        The text is no such sum, or names no term.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise InputError(f"objective '{text}' cannot be read; {EXAMPLE}") from error
    found = _value(tree, text)
    if not isinstance(found, Algebra):
        raise InputError(f"objective '{text}' names no term; {EXAMPLE}")
    return found if isinstance(found, Objective) else 1.0 * found


def _value(node: ast.expr, text: str) -> Algebra | float:
    """What a part of the text stands for: a number, a term or a sum."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name):
            return _term(name, [], text)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _term(name, [_number(one, text) for one in arguments], text)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, text)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in BINARY:
            return _joined(sign, _value(left, text), _value(right, text), text)
    raise InputError(f"objective '{text}': '{ast.unparse(node)}' has no meaning here; {EXAMPLE}")


def _joined(
    sign: ast.operator, left: Algebra | float, right: Algebra | float, text: str
) -> Algebra | float:
    try:
        found: Algebra | float = BINARY[type(sign)](left, right)
    except (TypeError, ZeroDivisionError) as error:
        raise InputError(f"objective '{text}' adds up to nothing; {EXAMPLE}") from error
    return found


def _term(name: str, arguments: list[float], text: str) -> Algebra:
    if name not in TERMS:
        known = ", ".join(TERMS)
        raise InputError(
            f"objective '{text}': no term '{name}'; there are {known}.{nearest(name, TERMS)}"
        )
    try:
        return TERMS[name](*arguments)
    except TypeError as error:
        raise InputError(
            f"objective '{text}': {name} does not take {len(arguments)} numbers; {EXAMPLE}"
        ) from error


def _number(node: ast.expr, text: str) -> float:
    value = _value(node, text)
    if isinstance(value, Algebra):
        raise InputError(f"objective '{text}': '{ast.unparse(node)}' is no number; {EXAMPLE}")
    return value
