"""A recursive descent over one text, bounded in length and in depth.

expression  := conjunction { "or" conjunction }
conjunction := negation { "and" negation }
negation    := "not" negation | comparison
comparison  := sum { ("<" | "<=" | "==" | "!=" | ">=" | ">") sum }
sum         := product { ("+" | "-") product }
product     := factor { ("*" | "/") factor }
factor      := "-" factor | number | 'text' | name | call | list | "(" expression ")"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Final, NamedTuple, NoReturn

from ..errors import InputError
from .tree import Call, Chain, Expression, Items, Name, Negation, Not, Number, Text

__all__ = ["DEEPEST", "LONGEST", "parse"]

LONGEST: Final = 10_000
"""Characters of a text."""

DEEPEST: Final = 40
"""Levels of nesting; Python's own limit on recursion leaves room for several times as many."""

LEVELS: Final = (("or",), ("and",), ("<", "<=", "==", "!=", ">=", ">"), ("+", "-"), ("*", "/"))
"""Signs, from those that bind loosest to those that bind tightest."""

NEGATED: Final = 2
"""The level of comparisons, before which `not` may stand."""

TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
      | (?P<text>'(?:[^'\\]|\\['"\\])*'|"(?:[^"\\]|\\['"\\])*")
      | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*|\[[\w.]+\])*)
      | (?P<sign>[<>=!]=|\*\*|//|[-+*/<>=(),\[\]])
      | (?P<end>$)
    )""",
    re.VERBOSE,
)
WORDS: Final = ("and", "or", "not")
HINTS: Final = {"=": ", '==' compares", "&": ", 'and' joins", "|": ", 'or' joins"}

SHOWN: Final = 40
"""Characters of a long text that an error repeats."""


def parse(text: str, what: str, example: str) -> Expression:
    """Return the tree of a text.

    Parameters
    ----------
    text : str
        What is to be read.
    what, example : str
        What it should be, such as ``view``, and what would be right, for errors.

    Raises
    ------
    InputError
        The text is too long, nested too deeply, or no expression; the message says the column.
    """
    if len(text) > LONGEST:
        start = f"{what} '{text[:SHOWN]}...'"
        raise InputError(f"{start} has {len(text):,} characters, over {LONGEST:,}; {example}")
    return _Parser(text, what, example).whole()


class _Token(NamedTuple):
    kind: str  # a group of TOKEN; `and`, `or` and `not` are signs
    text: str
    start: int
    end: int


class _Parser:
    """The tokens of one text, and where the reading of them stands."""

    def __init__(self, text: str, what: str, example: str) -> None:
        self.text, self.what, self.example = text, what, example
        self.tokens = list(self.scan())
        self.position = 0
        self.depth = 0

    # ------------------------------------------------------------------ tokens

    def scan(self) -> Iterator[_Token]:
        start = 0
        while True:
            found = TOKEN.match(self.text, start)
            if found is None:
                blank = len(self.text) - len(self.text[start:].lstrip())
                mark = self.text[blank]
                self.refuse(f"{mark!r} has no meaning{HINTS.get(mark, '')}", blank)
            kind = str(found.lastgroup)
            text = found[kind]
            yield _Token("sign" if text in WORDS else kind, text, found.start(kind), found.end())
            start = found.end()
            if kind == "end":
                return

    @property
    def token(self) -> _Token:
        """The first that is not taken."""
        return self.tokens[self.position]

    def take(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1].text

    def stands(self, *signs: str) -> bool:
        """Whether one of the signs comes next."""
        return self.token.kind == "sign" and self.token.text in signs

    def passed(self, sign: str) -> bool:
        """Whether the sign came next; it is taken then."""
        there = self.stands(sign)
        self.position += there
        return there

    def written(self, first: int) -> tuple[str, int]:
        """The text from a token to the last one taken, and the column where it begins."""
        start, end = self.tokens[first].start, self.tokens[self.position - 1].end
        return self.text[start:end], start + 1

    # ------------------------------------------------------------------ faults

    def refuse(self, complaint: str, position: int) -> NoReturn:
        text = self.text if len(self.text) <= 5 * SHOWN else f"{self.text[:SHOWN]}..."
        where = f"{self.what} '{text}' cannot be read at column {position + 1}"
        raise InputError(f"{where}: {complaint}; {self.example}")

    def refuse_token(self, missing: str = "") -> NoReturn:
        kind, text, start, _ = self.token
        complaint = "it ends too soon" if kind == "end" else f"'{text}' has no meaning here"
        complaint += HINTS.get(text, "")
        self.refuse(complaint + (f", '{missing}' is missing" if missing else ""), start)

    # ------------------------------------------------------------------ grammar

    def whole(self) -> Expression:
        found = self.chain(0)
        if self.token.kind != "end":
            self.refuse_token()
        return found

    def chain(self, level: int) -> Expression:
        """Parts joined by the signs of a level, each of them of signs that bind tighter."""
        if level == len(LEVELS):
            return self.factor()
        first = self.position
        if level == NEGATED and self.passed("not"):
            operand = self.nested(level)
            return Not(*self.written(first), operand)
        parts, signs = [self.chain(level + 1)], []
        while self.stands(*LEVELS[level]):
            signs.append(self.take())
            parts.append(self.chain(level + 1))
        return Chain(*self.written(first), tuple(parts), tuple(signs)) if signs else parts[0]

    def nested(self, level: int = 0) -> Expression:
        """A part one level of nesting further in."""
        if self.depth == DEEPEST:
            complaint = f"it is nested over {DEEPEST} levels deep, say it in several"
            self.refuse(complaint, self.token.start)
        self.depth += 1
        found = self.chain(level)
        self.depth -= 1
        return found

    def factor(self) -> Expression:
        first, (kind, text, start, _) = self.position, self.token
        if self.passed("-"):
            operand = self.nested(len(LEVELS))
            return Negation(*self.written(first), operand)
        if self.stands("(", "["):
            return self.bracketed()
        if kind in ("sign", "end"):
            self.refuse_token()
        self.take()
        if kind == "name":
            return self.call(first) if self.passed("(") else Name(*self.written(first), text)
        if kind == "text":
            return Text(*self.written(first), re.sub(r"\\(.)", r"\1", text[1:-1]))
        if not isfinite(float(text)):
            self.refuse("the number is too large", start)
        return Number(*self.written(first), float(text))

    def bracketed(self) -> Expression:
        """`(a)`, which is a itself, `(a, b)` or `[a, b]`."""
        first, opening = self.position, self.take()
        closing = ")" if opening == "(" else "]"
        parts: list[Expression] = []
        comma = False
        while not self.stands(closing) and (comma or not parts):
            parts.append(self.nested())
            comma = self.passed(",")
        self.close(closing)
        if len(parts) == 1 and opening == "(" and not comma:
            return parts[0]
        return Items(*self.written(first), tuple(parts))

    def call(self, first: int) -> Expression:
        """The arguments of a name, and the bracket that closes them."""
        arguments: list[Expression] = []
        named: dict[str, Expression] = {}
        comma = True
        while comma and not self.stands(")"):
            start, word = self.token.start, self.keyword()
            if word in named:
                self.refuse(f"'{word}' is given twice", start)
            if word is None and named:
                self.refuse("what has no name comes before what has one", start)
            if word is None:
                arguments.append(self.nested())
            else:
                named[word] = self.nested()
            comma = self.passed(",")
        self.close(")")
        name = self.tokens[first].text
        return Call(*self.written(first), name, tuple(arguments), tuple(named.items()))

    def keyword(self) -> str | None:
        """The word of `word=`, where that comes next."""
        if self.token.kind != "name" or self.tokens[self.position + 1].text != "=":
            return None
        word = self.take()
        self.take()
        return word

    def close(self, sign: str) -> None:
        if not self.passed(sign):
            self.refuse_token(missing=sign)
