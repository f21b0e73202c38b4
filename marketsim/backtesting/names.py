"""What names in a file stand for: imports, and other names for them, as the file is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

__all__ = ["COMPUTED", "Import", "Names", "imports", "mentions", "names_of"]

Names = Mapping[str, str]
"""Names of a file, and what they stand for: `pd` for `pandas`."""

UNKNOWN: Final = "?"
"""Stands for whatever an expression gives."""

COMPUTED: Final = "by a name that it computes"
"""Stands for a module whose name is not written in the file."""

IMPORTERS: Final = ("importlib.import_module", "__import__")


class Import(NamedTuple):
    """A module that a file imports, and the name that it takes of it, if any, by line."""

    line: int
    module: str
    name: str | None = None

    @property
    def whole(self) -> str:
        """With the name that is taken."""
        return self.module if self.name is None else f"{self.module}.{self.name}"


def imports(tree: ast.Module) -> Iterator[Import]:
    """Yield what a file imports, also by a function."""
    names = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(node.lineno, module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and origin(node.func, names) in IMPORTERS:
            yield Import(node.lineno, _text(node.args[0] if node.args else None) or COMPUTED)


def names_of(tree: ast.Module) -> Names:
    """Return names that stand for modules and for what is in them."""
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            stands = origin(node.value, names)
            if stands.partition(".")[0] in {one.partition(".")[0] for one in names.values()}:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                own = [one.id for one in targets if isinstance(one, ast.Name)]
                names |= {name: stands for name in own if name not in names}
    return names


def _imported(tree: ast.Module) -> Names:
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    return names


def origin(node: ast.expr, names: Names) -> str:
    """Return what an expression stands for, dotted: `pandas.read_csv` for `pd.read_csv`.

    What it is taken from is `?` where that is no name of the file.
    """
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{origin(node.value, names)}.{node.attr}"
    if isinstance(node, ast.Call):
        called = origin(node.func, names)
        if called == "getattr" and len(node.args) > 1 and (name := _text(node.args[1])):
            return f"{origin(node.args[0], names)}.{name}"
        if called in IMPORTERS and node.args and (name := _text(node.args[0])):
            return name
    return UNKNOWN


def mentions(tree: ast.Module, names: Names) -> Iterator[tuple[ast.expr, str, ast.Call | None]]:
    """Yield each use of a name: the expression, what it stands for, and the call of it, if any."""
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        plain = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
        if plain or isinstance(node, ast.Call):
            assert isinstance(node, ast.expr)
            stands = origin(node, names)
            if stands != UNKNOWN:
                yield node, stands, called.get(id(node))


def _text(node: ast.expr | None) -> str | None:
    """Return a text that is written out."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
