"""Views as text: `mean(NVDA) - 2 * mean(AMD) >= 0.05`.

Three kinds of expression, each with its own names, so that no name means two things:

* a view compares expectations: `mean(...)`, `var(...)`, `cov(..., ...)` and `P(...)`, added and
  scaled by numbers;
* inside `mean`, `var`, `cov` and on either side of a comparison inside `P` stand quantities by
  draw: tickers and features, under `+ - * /`, `exp` and `log`;
* inside `P` stand events: comparisons of quantities, regimes by name and features of true and
  false, under `and`, `or` and `not`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError, nearest
from ..expressions import Call, Chain, Expression, Name, Negation, Not, Number, Text, parse
from ..returns import ReturnScenarios
from ..scenario_checks import checked_tickers
from .constraint import BoolArray, FloatArray, Sense, ViewConstraint

__all__ = ["Features", "parse_views"]

Features = Mapping[str, Any] | pd.DataFrame
Operators = Mapping[str, Callable[[Any, Any], Any]]
Key = str | Expression

SENSES: Final[Mapping[str, Sense]] = {"<": "<=", "<=": "<=", "==": "==", ">=": ">=", ">": ">="}
TURNED: Final[Mapping[Sense, Sense]] = {"<=": ">=", "==": "==", ">=": "<="}
COMPARED: Final[Operators] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
ARITHMETIC: Final[Operators] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
JOINED: Final[Mapping[str, Callable[..., Any]]] = {"and": np.all, "or": np.any}
FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {"exp": np.exp, "log": np.log}
EXPECTED: Final = {"P": 1, "mean": 1, "var": 1, "cov": 2}

EXAMPLE: Final = "write a view such as 'mean(NVDA) >= 0.1' or 'P(bear) == 0.4'"
SPELLING: Final = "Names that are no plain words go in quotes: mean('BRK-B')"


def parse_views(
    texts: Iterable[str], scenarios: ReturnScenarios, features: Features | None
) -> tuple[ViewConstraint, ...]:
    """Return what the texts say, in their order; a chain of comparisons makes several constraints.

    Raises
    ------
    InputError
        A text is no view, or a name in it is none or means two things.
    """
    views = {text: _parsed(text) for text in texts}
    known = _named({} if features is None else features)
    means: dict[Key, float] = {}
    for text, view in views.items():
        means |= _Reader(text, scenarios, known, {}).stated_means(view)
    readers = {text: _Reader(text, scenarios, known, means) for text in views}
    return tuple(one for text, view in views.items() for one in readers[text].constraints(view))


def _named(features: object) -> Features:
    if not isinstance(features, Mapping | pd.DataFrame):
        kind = type(features).__name__
        raise InputError(f"features must be a mapping or a DataFrame by name, not a {kind}")
    return features


def _parsed(text: object) -> Chain:
    if not isinstance(text, str):
        raise InputError(f"a view is a text, not a {type(text).__name__}; {EXAMPLE}")
    view = parse(text, "view", EXAMPLE)
    if not isinstance(view, Chain) or view.signs[0] not in COMPARED:
        raise InputError(f"view '{text}' is no comparison; {EXAMPLE}")
    return view


def _name(node: Expression) -> str | None:
    """A name: a word, `elasticity[agentic]`, `BRK.B`, or anything in quotes."""
    match node:
        case Name(name=name) | Text(text=name):
            return name
    return None


def _key(node: Expression) -> Key:
    """The same for a quantity whether its name stands in quotes or not."""
    return _name(node) or node


def _less(left: Expression, right: Expression) -> str:
    """The difference as it would be written."""
    sum_of = isinstance(right, Chain) and right.signs[0] in ("+", "-")
    return f"{left.source} - ({right.source})" if sum_of else f"{left.source} - {right.source}"


@dataclass(frozen=True, eq=False)
class _Reader:
    """One text, and what its names stand for; ``means`` are those that views state, by quantity."""

    text: str
    scenarios: ReturnScenarios
    features: Features
    means: Mapping[Key, float]

    def fault(self, what: str) -> InputError:
        return InputError(f"view '{self.text}': {what}")

    def senseless(self, node: Expression, right: str) -> InputError:
        return self.fault(f"{node} has no meaning here; {right}")

    # ------------------------------------------------------------------ views

    def constraints(self, view: Chain) -> list[ViewConstraint]:
        steps = zip(view.parts, view.signs, view.parts[1:], strict=False)
        return [self.constraint(left, sign, right) for left, sign, right in steps]

    def constraint(self, left: Expression, sign: str, right: Expression) -> ViewConstraint:
        if sign not in SENSES:
            raise self.fault("compare with <, <=, ==, >= or >")
        sense = SENSES[sign]
        a, b = self.expectation(left), self.expectation(right)
        if isinstance(a, float):
            left, right, a, b, sense = right, left, b, a, TURNED[sense]
        if isinstance(a, float):
            raise self.fault(f"says nothing about the scenarios; {EXAMPLE}")
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise self.fault("its numbers are too large")
        if isinstance(b, float):
            return ViewConstraint(self.text, left.source, a, sense, b)
        return ViewConstraint(self.text, _less(left, right), a - b, sense, 0.0)

    def stated_means(self, view: Chain) -> dict[Key, float]:
        """Means that the view fixes by ``==``, by quantity."""
        if view.signs != ("==",):
            return {}
        for side, other in (view.parts, view.parts[::-1]):
            match side:
                case Call(name="mean", arguments=(quantity,), named=()):
                    value = self.expectation(other)
                    return {_key(quantity): value} if isinstance(value, float) else {}
        return {}

    # ------------------------------------------------------------------ expectations

    def expectation(self, node: Expression) -> FloatArray | float:
        """A number, or values [draw] whose expectation is meant."""
        match node:
            case Number(value=number):
                return number
            case Negation(operand=inner):
                return -self.expectation(inner)
            case Chain(parts=parts, signs=signs) if signs[0] in ARITHMETIC:
                steps = zip(signs, map(self.expectation, parts[1:]), strict=True)
                first = self.expectation(parts[0])
                return reduce(lambda a, step: self.combined(node, a, *step), steps, first)
            case Call(named=()):
                return self.moment(node)
        raise self.senseless(node, "write mean(...) of a quantity or P(...) of an event")

    def combined(
        self, node: Expression, a: FloatArray | float, sign: str, b: FloatArray | float
    ) -> FloatArray | float:
        arrays = isinstance(a, np.ndarray), isinstance(b, np.ndarray)
        if (sign == "*" and all(arrays)) or (sign == "/" and arrays[1]):
            raise self.senseless(node, "expectations can be added, and scaled by numbers")
        if sign == "/" and isinstance(b, float) and b == 0.0:
            raise self.fault(f"{node} is divided by 0")
        with np.errstate(over="ignore", invalid="ignore"):
            found: FloatArray | float = ARITHMETIC[sign](a, b)
        return found

    def moment(self, call: Call) -> FloatArray:
        name, arguments = call.name, call.arguments
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

    def distance(self, node: Expression) -> FloatArray:
        """Values of a quantity less the mean that a view states, or else the mean so far."""
        values = self.quantity(node)
        mean = self.means.get(_key(node))
        return values - float(self.scenarios.probabilities @ values if mean is None else mean)

    # ------------------------------------------------------------------ quantities and events

    def quantity(self, node: Expression) -> FloatArray:
        """Values by draw, all of them finite."""
        values: FloatArray = np.empty(len(self.scenarios))
        with np.errstate(all="ignore"):
            values[:] = self.arithmetic(node)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            what = f"{node} is no finite number in draw {wrong[0]}"
            raise self.fault(f"{what} ({wrong.size} such in all)")
        return values

    def arithmetic(self, node: Expression) -> Any:
        if (name := _name(node)) is not None:
            return self.values(name)
        match node:
            case Number(value=number):
                return np.float64(number)
            case Negation(operand=inner):
                return -self.arithmetic(inner)
            case Chain(parts=parts, signs=signs) if signs[0] in ARITHMETIC:
                steps = zip(signs, map(self.arithmetic, parts[1:]), strict=True)
                first = self.arithmetic(parts[0])
                return reduce(lambda a, step: ARITHMETIC[step[0]](a, step[1]), steps, first)
            case Call(name=function, arguments=(inner,), named=()) if function in FUNCTIONS:
                return FUNCTIONS[function](self.arithmetic(inner))
        made = "a quantity is made of tickers, features, + - * /, exp and log"
        raise self.senseless(node, f"{made}; events are joined by and, or, not")

    def event(self, node: Expression) -> BoolArray:
        """Whether something is so, by draw."""
        if (name := _name(node)) is not None:
            return self.happening(name)
        match node:
            case Not(operand=inner):
                return ~self.event(inner)
            case Chain(parts=parts, signs=signs) if signs[0] in COMPARED:
                sides = [self.quantity(part) for part in parts]
                steps = zip(sides, signs, sides[1:], strict=False)
                held = [COMPARED[sign](a, b) for a, sign, b in steps]
                return np.asarray(np.all(held, axis=0))
            case Chain(parts=parts, signs=signs) if signs[0] in JOINED:
                return np.asarray(JOINED[signs[0]]([self.event(part) for part in parts], axis=0))
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
        known = checked_tickers(tickers).beside(*map(str, self.features))
        spelling = "" if all(word.isidentifier() for word in known) else f" {SPELLING}"
        unknown = f"no ticker or feature is called '{name}'.{nearest(name, known)}"
        raise self.fault(unknown + spelling)

    def happening(self, name: str) -> BoolArray:
        """The draws of a regime, or those where a feature of true and false is true."""
        regime: BoolArray = self.scenarios.regimes == name
        is_event = name in self.features and self.feature(name).dtype.kind == "b"
        if regime.any() and is_event:
            raise self.fault(f"'{name}' is both a regime and a feature; rename the feature")
        if regime.any():
            return regime
        if is_event:
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
