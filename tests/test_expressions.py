"""The reader of arithmetic: what binds tighter, where a fault stands, and what is too much."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.errors import InputError
from marketsim.expressions import (
    DEEPEST,
    LONGEST,
    Call,
    Chain,
    Expression,
    Items,
    Name,
    Negation,
    Not,
    Number,
    Text,
    parse,
)

SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
NAMES = {"a": 3.0, "b": -0.5, "c": 7.0}


def read(text: str) -> Expression:
    return parse(text, "view", "write 'a < b'")


def outcome(text: str) -> Expression | str:
    """The tree, or what is said instead; no other error."""
    try:
        return read(text)
    except InputError as error:
        return str(error)


def value(node: Expression) -> Any:
    """The tree as Python would compute it."""
    match node:
        case Number(value=number):
            return number
        case Name(name=name):
            return NAMES[name]
        case Negation(operand=inner):
            return -value(inner)
        case Not(operand=inner):
            return not value(inner)
        case Chain(parts=parts, signs=("and" | "or", *_) as signs):
            return (all if signs[0] == "and" else any)(value(part) for part in parts)
        case Chain(parts=parts, signs=signs) if signs[0] in "+-*/":
            total = value(parts[0])
            for sign, part in node.steps():
                total = SIGNS[sign](total, value(part))
            return total
        case Chain(parts=parts, signs=signs):
            steps = zip(parts, signs, parts[1:], strict=False)
            return all(SIGNS[sign](value(left), value(right)) for left, sign, right in steps)
    raise AssertionError(node)


NUMBERS = st.one_of(st.sampled_from([*NAMES]), st.floats(0.1, 99.0).map(repr), st.just("1e-3"))
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-({})".format),
        inner.map("({} / 4)".format),
    ),
    max_leaves=12,
)
EVENTS = st.recursive(
    st.tuples(SUMS, st.sampled_from(["<", ">=", "==", "!="]), SUMS).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not ({})".format),
        inner.map("not {}".format),
    ),
    max_leaves=4,
)


@given(st.one_of(SUMS, EVENTS))
def test_signs_bind_as_in_python(text: str) -> None:
    expected = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, dict(NAMES))
    assert value(read(text)) == pytest.approx(expected, nan_ok=True)


@given(st.text("ab1.()[]+-*/<=>!'\", notadr\\_\n", max_size=30))
def test_any_text_is_read_or_refused_with_its_column(text: str) -> None:
    found = outcome(text)
    if isinstance(found, Expression):
        assert found == read(found.source)
    else:
        assert "at column" in found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (".5", Number(".5", 1, 0.5)),
        ("1_000.5e-3", Number("1_000.5e-3", 1, 1.0005)),
        ("'it\\'s'", Text("'it\\'s'", 1, "it's")),
        ('"BRK-B"', Text('"BRK-B"', 1, "BRK-B")),
        ("elasticity[agentic]", Name("elasticity[agentic]", 1, "elasticity[agentic]")),
        ("BRK.B", Name("BRK.B", 1, "BRK.B")),
        ("größe", Name("größe", 1, "größe")),
        ("()", Items("()", 1, ())),
        ("(1)", Number("1", 2, 1.0)),
        ("(1,)", Items("(1,)", 1, (Number("1", 2, 1.0),))),
        ("[a]", Items("[a]", 1, (Name("a", 2, "a"),))),
        ("f()", Call("f()", 1, "f", (), ())),
    ],
)
def test_what_a_text_says(text: str, meant: Expression) -> None:
    found = read(text)
    assert found == meant
    assert (found.source, found.column) == (meant.source, meant.column)


def test_arguments_come_by_position_and_by_name() -> None:
    call = read("f(a, [1, 'x'], at_most=-2)")
    assert isinstance(call, Call)
    assert [part.source for part in call.arguments] == ["a", "[1, 'x']"]
    assert [(word, str(part)) for word, part in call.named] == [("at_most", "'-2' at column 24")]


def test_what_says_the_same_is_equal_wherever_it_stands() -> None:
    one, other = read("mean( a+b )"), read("  mean(a + b)")
    assert one == other
    assert len({one, other}) == 1
    assert one != read("mean(a - b)")


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "it ends too soon"),
        ("a +", 4, "it ends too soon"),
        ("f(a", 4, "it ends too soon, ')' is missing"),
        ("[a", 3, "']' is missing"),
        ("a b", 3, "'b' has no meaning here"),
        ("a = b", 3, "'=' has no meaning here, '==' compares"),
        ("a & b", 3, "'&' has no meaning, 'and' joins"),
        ("a | b", 3, "'or' joins"),
        ("a ** 2", 3, "'**' has no meaning here"),
        ("a.b()", 1, None),
        ("f().a", 4, "'.' has no meaning"),
        ("f()()", 4, "'(' has no meaning here"),
        ("f(*a)", 3, "'*' has no meaning here"),
        ("f(b=1, b=2)", 8, "'b' is given twice"),
        ("f(b=1, a)", 8, "what has no name comes before"),
        ("1e999", 1, "the number is too large"),
        ("1__0", 1, "'1' has no meaning"),
        ("'abc", 1, "has no meaning"),
        ("'a\\d'", 1, "has no meaning"),
        ("lambda: 1", 7, "':' has no meaning"),
        ("a if b", 3, "'if' has no meaning here"),
        ("\x00", 1, "has no meaning"),
    ],
)
def test_a_fault_says_its_column(text: str, column: int, said: str | None) -> None:
    if said is None:
        assert isinstance(read(text), Call)
        return
    with pytest.raises(InputError) as refused:
        read(text)
    assert f"cannot be read at column {column}: " in str(refused.value)
    assert said in str(refused.value)
    assert str(refused.value).endswith("; write 'a < b'")


@pytest.mark.parametrize("opening", ["(", "[", "-", "f(", "not ", "not (", "f(x=", "-("])
def test_what_nests_too_deeply_is_one_clear_error(opening: str) -> None:
    """Well before Python's own limit on recursion, which it must not come near."""
    before, text = sys.getrecursionlimit(), opening * (LONGEST // len(opening) - 1) + "a"
    try:
        sys.setrecursionlimit(700)
        with pytest.raises(InputError, match=f"nested over {DEEPEST} levels deep"):
            read(text)
    finally:
        sys.setrecursionlimit(before)


def test_what_is_too_long_is_not_repeated() -> None:
    with pytest.raises(InputError, match="has 100,000 characters, over 10,000") as refused:
        read("(" * 100_000)
    assert len(str(refused.value)) < 200


def test_a_chain_is_no_nesting() -> None:
    found = read(" + ".join(["1"] * 2_000))
    assert isinstance(found, Chain)
    assert len(found.parts) == 2_000
    assert value(found) == 2_000.0


def test_nesting_up_to_the_bound_is_read() -> None:
    assert value(read("(" * DEEPEST + "1" + ")" * DEEPEST)) == 1.0
    assert np.sign(value(read("-" * DEEPEST + "1"))) == (-1.0) ** DEEPEST
