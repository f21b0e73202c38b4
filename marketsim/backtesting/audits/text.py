"""What the text of a strategy shows: private names, ways into the engine, what reads, and data."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

from marketsim.backtesting.audits.suspects import LARGE, Finding, known
from marketsim.backtesting.loading import Strategy
from marketsim.backtesting.names import imports, mentions, names_of
from marketsim.backtesting.purity import otherwise
from marketsim.backtesting.readers import readers

__all__ = ["written"]

ENGINE: Final = frozenset(
    {
        *("tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_back", "f_locals", "f_globals"),
        *("currentframe", "walk_stack", "setprofile", "settrace"),
    }
)
"""Names by which code looks into whoever calls it."""

NAMED: Final = frozenset({"_replace", "_asdict", "_fields", "_make", "_field_defaults"})
"""Names of named tuples, which are public all the same."""

PACKAGE: Final = "marketsim"


def written(strategy: Strategy) -> Iterator[Finding]:
    """Yield what the text of the file shows, and that of files of the user's that it imports."""
    if strategy.text is None:
        return
    tree = ast.parse(strategy.text)
    yield from _shown(tree)
    for name, helper in _helpers(tree, {}).items():
        for found in _shown(helper):
            line = "" if found.line is None else f"line {found.line} "
            yield Finding(found.kind, f"{line}of its module {name}: {found.what}")


def _shown(tree: ast.Module) -> Iterator[Finding]:
    names = names_of(tree)
    for one in imports(tree):
        if one.module.startswith(f"{PACKAGE}."):
            what = f"imports from {one.module}" if one.name else f"imports {one.module}"
            yield Finding("private", what, None, one.line)
    for node, stands, call in mentions(tree, names):
        if call is not None and stands in ("setattr", "delattr"):
            yield Finding("engine", f"calls {stands}", None, node.lineno)
        if isinstance(node, ast.Attribute):
            yield from _attribute(node, stands)
    for line, what in readers(tree):
        yield Finding("file", what, None, line)
    for line, what in otherwise(tree):
        yield Finding("memory", what, None, line)
    constants = [one for one in ast.walk(tree) if isinstance(one, ast.Constant)]
    if len(constants) > LARGE:
        yield Finding("global", f"holds {len(constants)} constants, as data are", None, None)


def _helpers(tree: ast.Module, found: dict[str, ast.Module]) -> dict[str, ast.Module]:
    """Return files of the user's that a file imports, and those that they import."""
    for one in imports(tree):
        if one.module in found or one.module.partition(".")[0] in (
            PACKAGE,
            *sys.builtin_module_names,
        ):
            continue
        with suppress(ImportError, ValueError, AttributeError, SyntaxError, OSError):
            spec = find_spec(one.module)
            if spec is not None and spec.origin is not None and not known(spec.origin):
                found[one.module] = ast.parse(Path(spec.origin).read_bytes())
                _helpers(found[one.module], found)
    return found


def _attribute(node: ast.Attribute, stands: str) -> Iterator[Finding]:
    name, of = node.attr, ast.unparse(node.value)
    if name in ENGINE or stands == "sys.modules":
        yield Finding("engine", f"looks into the engine by {name}", None, node.lineno)
    elif name.startswith("_") and not name.startswith("__") and name not in NAMED:
        if of not in ("self", "cls"):
            what = f"takes the private name {ast.unparse(node)}"
            yield Finding("private", what, None, node.lineno)
    elif stands.startswith(f"{PACKAGE}.") and (where := _not_public(stands)):
        what = f"takes {ast.unparse(node)}, which is none of {where}'s names"
        yield Finding("private", what, None, node.lineno)


def _not_public(stands: str) -> str:
    """Return what of marketsim does not list the last of some names; empty where it is listed."""
    parts, place = stands.split("."), sys.modules[PACKAGE]
    for name in parts[1:-1]:
        inner = getattr(place, name, None)
        if not isinstance(inner, ModuleType):
            return ""
        place = inner
    listed = (
        dir(place) if place.__name__ == PACKAGE else [*place.__all__, *getattr(place, "IN_JAX", ())]
    )
    return "" if parts[-1] in listed else place.__name__
