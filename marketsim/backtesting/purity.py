"""Whether a strategy's file can hang on anything but what it is shown, or remember: by its text.

A decision is kept, and made out of turn, only where nothing else can enter it. What cannot be told
is taken for the worse: such a strategy is asked in the order of time, once for each date.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from typing import Final

__all__ = ["hangs_on_more", "only_writes", "readers"]

PLAIN: Final = frozenset(
    {
        *("__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools"),
        *("itertools", "math", "numbers", "operator", "statistics", "string", "typing"),
        *("marketsim", "numpy", "pandas", "scipy"),
    }
)
"""What may be imported: it reads nothing by itself, and its version is known."""

REACHING: Final = ("open", "exec", "eval", "compile", "__import__", "input", "globals", "setattr")
"""Functions of Python that reach for more."""

READ: Final = ("read_", "load", "fromfile", "memmap", "genfromtxt", "get_data")
"""Beginnings of names of methods that read files."""

SHOWN: Final = ("load_facts", "load_prices", "load_scenarios")
"""Loaders that read what marketsim ships, whose hash is known."""

PLACES: Final = frozenset({"source", "folder", "add", "cache", None})
"""Arguments by which those read something else."""


def hangs_on_more(source: bytes) -> str:
    """Return what a file may hang on or keep beside what it is shown, in words; empty for nothing.

    Imports of anything but arithmetic, readers, chance without a seed, and variables that can be
    written to between two decisions.
    """
    tree = ast.parse(source)
    return next(chain(_imports(tree), _calls(tree), _memory(tree)), "")


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        else:
            continue
        for name in names:
            if name.partition(".")[0] not in PLAIN:
                yield f"line {node.lineno}: imports {name}"


def _calls(tree: ast.Module) -> Iterator[str]:
    yield from (f"line {line}: {what}" for line, what in readers(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in REACHING:
            yield f"line {node.lineno}: calls {called.id}"
        if isinstance(called, ast.Attribute):
            of = ast.unparse(called.value)
            named = called.attr == "default_rng"
            if (named and not node.args) or (of.endswith("random") and not named):
                yield f"line {node.lineno}: draws by chance"


def readers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where a file calls what reads another, by line: what it calls, in words."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "open" and not _writes(node):
            yield node.lineno, "calls open"
        if not isinstance(called, ast.Attribute):
            continue
        if called.attr in SHOWN:
            if len(node.args) > 1 or {one.arg for one in node.keywords} & PLACES:
                yield node.lineno, f"reads a file by {called.attr}"
        elif called.attr.startswith(READ):
            yield node.lineno, f"calls {called.attr}"


def _writes(node: ast.Call) -> bool:
    """Return whether a file is opened to write to it alone, as a log is."""
    given = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "mode")]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else "r"
    return only_writes(mode)


def only_writes(mode: object) -> bool:
    """Return whether a mode opens a file to write to it, and not to read."""
    return isinstance(mode, str) and mode[:1] in ("w", "a", "x") and "+" not in mode


def _memory(tree: ast.Module) -> Iterator[str]:
    """Yield what lasts from one decision to the next and can be written to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield f"line {node.lineno}: writes to {', '.join(node.names)}"
        if isinstance(node, ast.FunctionDef):
            kept = [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
            if not all(map(_fixed, kept)):
                yield f"line {node.lineno}: {node.name} has a default that can be written to"
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for body in (tree.body, *(one.body for one in classes)):
        for node in body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if value is not None and not _fixed(value):
                yield f"line {node.lineno}: {ast.unparse(node).splitlines()[0][:60]}"


def _fixed(value: ast.expr) -> bool:
    """Return whether a value is a number, a text, or made of those and cannot be written to."""
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.Tuple):
        return all(map(_fixed, value.elts))
    if isinstance(value, ast.UnaryOp):
        return _fixed(value.operand)
    if isinstance(value, ast.BinOp):
        return _fixed(value.left) and _fixed(value.right)
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("frozenset", "ms.CVaR", "float"):
        return True
    return isinstance(value, ast.Attribute) and ast.unparse(value).startswith(
        ("ms.", "np.", "math.")
    )
