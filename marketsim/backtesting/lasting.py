"""What a file keeps from one decision to the next, and what writes to it: by its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from marketsim.backtesting.names import Names, mentions, names_of, origin

__all__ = ["lasting"]

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

REMEMBER: Final = ("functools.cache", "functools.lru_cache", "functools.singledispatch")
"""What keeps answers of functions."""

INSIDE: Final = frozenset(
    {
        *("__dict__", "__setattr__", "__delattr__", "__class__", "__globals__", "__builtins__"),
        *("__closure__", "__defaults__", "__kwdefaults__", "__code__", "__self__", "__func__"),
    }
)
"""Names by which whatever lasts can be written to."""

DECORATORS: Final = (
    *("staticmethod", "classmethod", "property", "dataclasses.dataclass", "typing.overload"),
    *("functools.cached_property", "functools.wraps"),
)
"""Decorators that keep nothing between calls."""


def lasting(tree: ast.Module) -> Iterator[str]:
    """Yield what lasts from one decision to the next and can be written to, or is."""
    names = names_of(tree)
    for node, stands, _ in mentions(tree, names):
        if stands in REMEMBER:
            yield f"line {node.lineno}: keeps answers by {stands}"
        if stands.rpartition(".")[2] in INSIDE:
            yield f"line {node.lineno}: takes {stands.rpartition('.')[2]}"
    yield from _standing(tree, names)
    yield from _written(tree, frozenset(), frozenset())


def _standing(tree: ast.AST, names: Names) -> Iterator[str]:
    """Yield what is made while the file is read, and can be written to."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FUNCTIONS):
            kept = [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
            if not all(map(_fixed, kept)):
                name = getattr(node, "name", "lambda")
                yield f"line {node.lineno}: {name} has a default that can be written to"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for one in node.decorator_list:
                called = one.func if isinstance(one, ast.Call) else one
                if origin(called, names) not in DECORATORS:
                    yield f"line {one.lineno}: {node.name} is what {ast.unparse(one)[:40]} makes"
        if isinstance(node, FUNCTIONS):
            continue
        if isinstance(node, ast.For | ast.AsyncFor | ast.With | ast.AsyncWith):
            yield f"line {node.lineno}: {ast.unparse(node).splitlines()[0][:60]}"
        bound = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)
        if isinstance(node, bound) and node.value is not None and not _fixed(node.value):
            yield f"line {node.lineno}: {ast.unparse(node).splitlines()[0][:60]}"
        yield from _standing(node, names)


def _written(node: ast.AST, own: frozenset[str], others: frozenset[str]) -> Iterator[str]:
    """Yield attributes and items that are set on what a function did not make.

    Parameters
    ----------
    node : AST
    own : set of str
        Names that the functions round it bind.
    others : set of str
        Of those, the ones that stand for something else: what a function was given, but for the
        object of a method.
    """
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield f"line {node.lineno}: writes to {', '.join(node.names)}"
    if isinstance(node, FUNCTIONS):
        given, made = _given(node), _made(node)
        own = (own | set(given) | set(made)).difference(_declared(node))
        passed = set(given) - {"self"}
        others = (others - set(made)) | passed
        others |= {name for name, values in made.items() if _lent(values, own, others)}
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        base = _base(node)
        mine = isinstance(base, ast.Name) and base.id in own
        named = isinstance(base, ast.Name) and base.id in others
        if not mine or (named and isinstance(node, ast.Attribute)):
            yield f"line {node.lineno}: writes to {ast.unparse(node)[:60]}"
    for child in ast.iter_child_nodes(node):
        yield from _written(child, own, others)


def _base(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def _given(function: ast.AST) -> list[str]:
    """Return names of what a function takes."""
    assert isinstance(function, FUNCTIONS)
    every = function.args
    stars = [one for one in (every.vararg, every.kwarg) if one is not None]
    return [one.arg for one in (*every.posonlyargs, *every.args, *every.kwonlyargs, *stars)]


def _made(function: ast.AST) -> dict[str, list[ast.expr]]:
    """Return names that a function binds, and what it assigns to them as it stands."""
    made: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.setdefault(node.id, [])
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for one in targets:
                if isinstance(one, ast.Name):
                    made[one.id].append(node.value)
    return made


def _lent(values: list[ast.expr], own: frozenset[str], others: frozenset[str]) -> bool:
    """Return whether a name may stand for something that a function did not make."""
    if any(isinstance(value, ast.Name) and value.id in others for value in values):
        return True
    bases = [_base(value) for value in values]
    return not bases or any(isinstance(base, ast.Name) and base.id not in own for base in bases)


def _declared(function: ast.AST) -> set[str]:
    kinds = (ast.Global, ast.Nonlocal)
    return {n for node in ast.walk(function) if isinstance(node, kinds) for n in node.names}


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
