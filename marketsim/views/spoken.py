"""Views as text: `mean(NVDA) - 2 * mean(AMD) >= 0.05`, read as arithmetic and nothing else.

Three kinds of expression, each with its own names, so that no name means two things:

* a view compares expectations: `mean(...)`, `var(...)`, `cov(..., ...)` and `P(...)`, added and
  scaled by numbers;
* inside `mean`, `var`, `cov` and on either side of a comparison inside `P` stand quantities by
  draw: tickers and features, under `+ - * /`, `exp` and `log`;
* inside `P` stand events: comparisons of quantities, regimes by name and features of true and
  false, under `and`, `or` and `not`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError, nearest
from ..returns import ReturnScenarios
from .statement import BoolArray, FloatArray, Sense, Statement

__all__ = ["Features", "statements"]

Features = Mapping[str, Any] | pd.DataFrame

SENSES: Final[dict[type[ast.cmpop], Sense]] = {
    ast.Lt: "<=",
    ast.LtE: "<=",
    ast.Eq: "==",
    ast.GtE: ">=",
    ast.Gt: ">=",
}
TURNED: Final[dict[Sense, Sense]] = {"<=": ">=", "==": "==", ">=": "<="}
COMPARED: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}
ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS: Final[dict[str, Callable[[Any], Any]]] = {"exp": np.exp, "log": np.log}
EXPECTED: Final = {"P": 1, "mean": 1, "var": 1, "cov": 2}
DEEPEST: Final = 200
"""Levels of a text's arithmetic; Python's own limit on recursion is a few times that."""

EXAMPLE: Final = "write a view such as 'mean(NVDA) >= 0.1' or 'P(bear) == 0.4'"
SPELLING: Final = "Names that are no plain words go in quotes: mean('BRK-B')"


def statements(
    texts: Iterable[str], scenarios: ReturnScenarios, features: Features | None
) -> tuple[Statement, ...]:
    """Return what the texts say, in their order.

    Raises
    ------
    InputError
        A text is no view, or a name in it is none or means two things.
    """
    trees = {text: _parsed(text) for text in texts}
    known = _named({} if features is None else features)
    means: dict[str, float] = {}
    for text, tree in trees.items():
        means |= _Reader(text, scenarios, known, {}).stated_means(tree)
    readers = {text: _Reader(text, scenarios, known, means) for text in trees}
    return tuple(found for text, tree in trees.items() for found in readers[text].statements(tree))


def _named(features: object) -> Features:
    if not isinstance(features, Mapping | pd.DataFrame):
        kind = type(features).__name__
        raise InputError(f"features must be a mapping or a DataFrame by name, not a {kind}")
    return features


def _parsed(text: object) -> ast.Compare:
    if not isinstance(text, str):
        raise InputError(f"a view is a text, not a {type(text).__name__}; {EXAMPLE}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"view '{text}' cannot be read; {EXAMPLE}") from error
    if _depth(tree) > DEEPEST:
        raise InputError(f"view '{text}' nests or adds too much; say it in several")
    if not isinstance(tree, ast.Compare):
        raise InputError(f"view '{text}' is no comparison; {EXAMPLE}")
    return tree


def _depth(tree: ast.AST) -> int:
    """Levels of a tree, counted without recursion."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _number(node: ast.expr) -> float | None:
    """A number as written, or None."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number) if abs(number) <= 1e300 else None
    return None


def _name(node: ast.expr) -> str | None:
    """A name as written: a word, `elasticity[agentic]`, `BRK.B`, or anything in quotes."""
    match node:
        case ast.Name(id=name) | ast.Constant(value=str() as name):
            return name
        case ast.Subscript() | ast.Attribute():
            return ast.unparse(node)
    return None


@dataclass(frozen=True, eq=False)
class _Reader:
    """One text, and what its names stand for; ``means`` are those that views state, by quantity."""

    text: str
    scenarios: ReturnScenarios
    features: Features
    means: Mapping[str, float]

    def fault(self, what: str) -> InputError:
        return InputError(f"view '{self.text}': {what}")

    def senseless(self, node: ast.expr, right: str) -> InputError:
        return self.fault(f"'{ast.unparse(node)}' has no meaning here; {right}")

    # ------------------------------------------------------------------ views

    def statements(self, tree: ast.Compare) -> list[Statement]:
        sides = [tree.left, *tree.comparators]
        steps = zip(sides, tree.ops, sides[1:], strict=False)
        return [self.statement(left, sign, right) for left, sign, right in steps]

    def statement(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Statement:
        if type(sign) not in SENSES:
            raise self.fault("compare with <, <=, ==, >= or >")
        sense = SENSES[type(sign)]
        a, b = self.expectation(left), self.expectation(right)
        if isinstance(a, float):
            left, right, a, b, sense = right, left, b, a, TURNED[sense]
        if isinstance(a, float):
            raise self.fault(f"says nothing about the scenarios; {EXAMPLE}")
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise self.fault("its numbers are too large")
        if isinstance(b, float):
            return Statement(self.text, ast.unparse(left), a, sense, b)
        less = ast.BinOp(left, ast.Sub(), right)
        return Statement(self.text, ast.unparse(less), a - b, sense, 0.0)

    def stated_means(self, tree: ast.Compare) -> dict[str, float]:
        """Means that the view fixes by ``==``, by quantity."""
        match tree:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                for side, other in ((left, right), (right, left)):
                    match side:
                        case ast.Call(func=ast.Name(id="mean"), args=[quantity]):
                            value = self.expectation(other)
                            return (
                                {ast.unparse(quantity): value} if isinstance(value, float) else {}
                            )
        return {}

    # ------------------------------------------------------------------ expectations

    def expectation(self, node: ast.expr) -> FloatArray | float:
        """A number, or values [draw] whose expectation is meant."""
        if (number := _number(node)) is not None:
            return number
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self.expectation(inner)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in ARITHMETIC:
                return self.combined(node, sign, self.expectation(left), self.expectation(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.moment(node, name, arguments)
        raise self.senseless(node, "write mean(...) of a quantity or P(...) of an event")

    def combined(
        self, node: ast.expr, sign: ast.operator, a: FloatArray | float, b: FloatArray | float
    ) -> FloatArray | float:
        arrays = isinstance(a, np.ndarray), isinstance(b, np.ndarray)
        if (isinstance(sign, ast.Mult) and all(arrays)) or (
            isinstance(sign, ast.Div) and arrays[1]
        ):
            raise self.senseless(node, "expectations can be added, and scaled by numbers")
        if isinstance(sign, ast.Div) and b == 0.0:
            raise self.fault(f"'{ast.unparse(node)}' is divided by 0")
        with np.errstate(over="ignore", invalid="ignore"):
            found: FloatArray | float = ARITHMETIC[type(sign)](a, b)
        return found

    def moment(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> FloatArray:
        if name not in EXPECTED:
            known = ", ".join(EXPECTED)
            raise self.fault(f"no function '{name}'; there are {known}.{nearest(name, EXPECTED)}")
        if len(arguments) != EXPECTED[name]:
            count = len(arguments)
            raise self.fault(f"{name}(...) takes {EXPECTED[name]} of them, not {count}")
        if name == "P":
            return self.event(arguments[0]).astype(np.float64)
        if name == "mean":
            return self.quantity(arguments[0])
        first, last = self.distance(arguments[0]), self.distance(arguments[-1])
        return first * last

    def distance(self, node: ast.expr) -> FloatArray:
        """Values of a quantity less the mean that a view states, or else the mean so far."""
        values = self.quantity(node)
        mean = self.means.get(ast.unparse(node))
        return values - float(self.scenarios.probabilities @ values if mean is None else mean)

    # ------------------------------------------------------------------ quantities and events

    def quantity(self, node: ast.expr) -> FloatArray:
        """Values by draw, all of them finite."""
        values: FloatArray = np.empty(len(self.scenarios))
        with np.errstate(all="ignore"):
            values[:] = self.arithmetic(node)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            what = f"'{ast.unparse(node)}' is no finite number in draw {wrong[0]}"
            raise self.fault(f"{what} ({wrong.size} such in all)")
        return values

    def arithmetic(self, node: ast.expr) -> Any:
        if (number := _number(node)) is not None:
            return np.float64(number)
        if (name := _name(node)) is not None:
            return self.values(name)
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self.arithmetic(inner)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in ARITHMETIC:
                return ARITHMETIC[type(sign)](self.arithmetic(left), self.arithmetic(right))
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in FUNCTIONS:
                return FUNCTIONS[name](self.arithmetic(inner))
        made = "a quantity is made of tickers, features, + - * /, exp and log"
        raise self.senseless(node, f"{made}; events are joined by and, or, not")

    def event(self, node: ast.expr) -> BoolArray:
        """Whether something is so, by draw."""
        if (name := _name(node)) is not None:
            return self.happening(name)
        match node:
            case ast.Compare(left=left, ops=signs, comparators=rest):
                if all(type(sign) in COMPARED for sign in signs):
                    sides = [self.quantity(side) for side in (left, *rest)]
                    steps = zip(signs, sides, sides[1:], strict=False)
                    return np.asarray(
                        np.all([COMPARED[type(s)](a, b) for s, a, b in steps], axis=0)
                    )
            case ast.BoolOp(op=ast.And(), values=parts):
                return np.asarray(np.all([self.event(part) for part in parts], axis=0))
            case ast.BoolOp(op=ast.Or(), values=parts):
                return np.asarray(np.any([self.event(part) for part in parts], axis=0))
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return ~self.event(inner)
        right = "an event compares quantities or names a regime, joined by and, or, not"
        raise self.senseless(node, right)

    # ------------------------------------------------------------------ names

    def values(self, name: str) -> FloatArray:
        """What a ticker or a feature is worth by draw."""
        tickers = self.scenarios.tickers
        if name in tickers and name in self.features:
            raise self.fault(f"'{name}' is both a ticker and a feature; rename the feature")
        if name in tickers:
            return self.scenarios.returns[:, tickers.index(name)]
        if name in self.features:
            return np.asarray(self.feature(name), dtype=np.float64)
        if (self.scenarios.regimes == name).any():
            raise self.fault(f"'{name}' is a regime, not a quantity; P({name}) is its probability")
        known = [*tickers, *map(str, self.features)]
        spelling = "" if all(word.isidentifier() for word in known) else f" {SPELLING}"
        unknown = f"no ticker or feature is called '{name}'.{nearest(name, known)}"
        raise self.fault(unknown + spelling)

    def happening(self, name: str) -> BoolArray:
        """The draws of a regime, or those where a feature of true and false is true."""
        regime: BoolArray = self.scenarios.regimes == name
        told = name in self.features and self.feature(name).dtype.kind == "b"
        if regime.any() and told:
            raise self.fault(f"'{name}' is both a regime and a feature; rename the feature")
        if regime.any():
            return regime
        if told:
            return np.asarray(self.feature(name), dtype=np.bool_)
        if name in self.scenarios.tickers or name in self.features:
            raise self.fault(f"'{name}' is a quantity, not an event; compare it: P({name} < 0)")
        known = list(dict.fromkeys(self.scenarios.regimes.tolist()))
        listed = f"there are {', '.join(known)}"
        raise self.fault(f"no regime is called '{name}'; {listed}.{nearest(name, known)}")

    def feature(self, name: str) -> NDArray[Any]:
        values, draws = np.asarray(self.features[name]), len(self.scenarios)
        if values.shape != (draws,):
            right = f"one number for each of the {draws} draws"
            raise self.fault(f"feature '{name}' has shape {values.shape}; it takes {right}")
        if values.dtype.kind not in "fiub":
            raise self.fault(f"feature '{name}' holds no numbers")
        return values
