"""Objectives and limits as text.

`ExpectedReturn() - 2 * CVaR(0.95)`, `Holdings(at_most=10)`, `CVaR(0.95) <= 0.15`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final, NamedTuple

from ..errors import InputError, nearest
from ..expressions import Call, Chain, Expression, Items, Name, Negation, Number, Text, parse
from . import limits, terms
from .limits import Limit, NeutralTo, TermLimit
from .objectives import Algebra, Objective

__all__ = ["limit_from", "objective_from"]

Weights = Mapping[str, Mapping[str, float]]
Makers = Mapping[str, Callable[..., Any]]

TERMS: Final[Makers] = {name: getattr(terms, name) for name in terms.__all__}
LIMITS: Final[Makers] = {
    name: made
    for name in limits.__all__
    if isinstance(made := getattr(limits, name), type) and made not in (Limit, NeutralTo, TermLimit)
} | {"neutral_to": limits.neutral_to}
ON_TERMS: Final[Mapping[str, Callable[[Algebra, float], TermLimit]]] = {
    "<=": limits.at_most,
    ">=": limits.at_least,
}
ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


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
    reader = _Reader(text, "objective", TERMS, given or {}, example)
    found = reader.value(parse(text, reader.what, example))
    if not isinstance(found, Algebra):
        raise reader.fault(" names no term")
    return found if isinstance(found, Objective) else 1.0 * found


def limit_from(text: str, given: Weights | None = None) -> Limit:
    """Return the limit that a text writes.

    Parameters
    ----------
    text : str
        A limit by name with its arguments, such as ``Turnover(0.2, current)`` or
        ``Group('chips', ['NVDA', 'AMD'], at_most=0.4)``; or a sum of terms and its highest or
        lowest level, such as ``CVaR(0.95) <= 0.15`` or ``ExpectedReturn() >= 0.08``.
    given : mapping of name to weights, optional
        What names such as ``current`` in arguments stand for.

    Raises
    ------
    InputError
        The text is no limit.
    """
    example = "write one such as 'Holdings(at_most=10)' or 'CVaR(0.95) <= 0.15'"
    reader = _Reader(text, "limit", LIMITS, given or {}, example)
    node = parse(text, reader.what, example)
    match node:
        case Chain(parts=(term, level), signs=(sign,)) if sign in ON_TERMS:
            return reader._replace(makers=TERMS).on_term(term, sign, level)
    found = reader.value(node)
    if not isinstance(found, Limit):
        raise reader.fault(" is no limit")
    return found


class _Reader(NamedTuple):
    """One text, and what its names mean."""

    text: str
    what: str  # objective or limit
    makers: Makers
    given: Weights
    example: str

    def fault(self, complaint: str) -> InputError:
        return InputError(f"{self.what} '{self.text}'{complaint}; {self.example}")

    def value(self, node: Expression) -> Any:
        """What a part stands for: a number, a text, weights, a limit, a term or a sum."""
        match node:
            case Number(value=number):
                return number
            case Text(text=text):
                return text
            case Items(parts=parts):
                return [self.value(part) for part in parts]
            case Name(name=name) if name in self.given:
                return self.given[name]
            case Name(name=name):
                return self.made(Call(node.source, node.column, name, (), ()))
            case Call():
                return self.made(node)
            case Negation(operand=operand):
                return self.joined(node, -1.0, ("*", self.value(operand)))
            case Chain(parts=parts, signs=signs) if ARITHMETIC.keys() >= set(signs):
                steps = zip(signs, map(self.value, parts[1:]), strict=True)
                return reduce(
                    lambda left, step: self.joined(node, left, step), steps, self.value(parts[0])
                )
        raise self.fault(f": {node} has no meaning here")

    def joined(self, node: Expression, left: Any, step: tuple[str, Any]) -> Any:
        sign, right = step
        if not all(isinstance(one, float | Algebra) for one in (left, right)):
            raise self.fault(f": {node} adds up to nothing")
        try:
            return ARITHMETIC[sign](left, right)
        except (TypeError, ZeroDivisionError) as error:
            raise self.fault(f": {node} adds up to nothing") from error

    def on_term(self, term: Expression, sign: str, level: Expression) -> TermLimit:
        """The limit of a sum of terms to one side of a number."""
        total, number = self.value(term), self.value(level)
        if not isinstance(total, Algebra) or not isinstance(number, float):
            raise self.fault(" does not compare a term with a number")
        return ON_TERMS[sign](total, number)

    def argument(self, node: Expression) -> Any:
        value = self.value(node)
        if isinstance(value, Algebra):
            raise self.fault(f": {node} is no number")
        return value

    def made(self, call: Call) -> Any:
        name, known = call.name, [*self.makers, *self.given]
        if name not in self.makers:
            there = f"there is no '{name}'; there are {', '.join(known)}"
            raise InputError(f"{self.what} '{self.text}': {there}.{nearest(name, known)}")
        arguments = [self.argument(part) for part in call.arguments]
        named = {word: self.argument(part) for word, part in call.named}
        try:
            return self.makers[name](*arguments, **named)
        except TypeError as error:
            count = len(arguments) + len(named)
            what = ", ".join(named) or f"{count} argument{'s' * (count != 1)}"
            raise self.fault(f": {call} does not take {what}") from error
