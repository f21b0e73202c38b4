"""Where a file calls, or hands on, what reads another: by its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from marketsim.backtesting.names import COMPUTED, Names, imports, mentions, names_of

__all__ = ["SHOWN", "only_writes", "readers"]

READ: Final = (
    *("read_", "load", "fromfile", "memmap", "genfromtxt", "get_data", "open_memmap"),
    *("HDFStore", "scan_", "import_optional_dependency"),
)
"""Beginnings of names of functions that read files, or give what does."""

UNSEEN: Final = frozenset(
    {
        *("pyarrow", "fastparquet", "polars", "duckdb", "datafusion", "deltalake", "lance", "vaex"),
        *("h5py", "tables", "netCDF4", "xarray", "modin", "ibis", "cudf", "tensorflow", "cv2"),
        *("pyreadstat", "pyreadr", "connectorx", "dbm", "apsw", "lmdb", "ctypes", "cffi"),
    }
)
"""Packages that read files of themselves, without Python hearing of it."""

INNER: Final = (
    *("pandas.io", "pandas.core", "pandas.compat", "pandas._libs"),
    *("numpy.ctypeslib", "numpy.lib.npyio", "numpy.lib.format", "scipy.io"),
)
"""Parts of packages by which their readers, and those of others, can be reached."""

SHOWN: Final = ("load_facts", "load_prices", "load_scenarios", "load_universe")
"""Loaders that read what marketsim ships, whose hash is known, and end on the date."""

PLACES: Final = frozenset({"source", "folder", "add", "cache", None})
"""Arguments by which those read something else."""


def readers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where a file reaches for what reads another, by line: what it does, in words."""
    names = names_of(tree)
    for one in imports(tree):
        if one.module.partition(".")[0] in UNSEEN:
            yield one.line, f"imports {one.module}, which reads files unseen"
        elif one.module == COMPUTED:
            yield one.line, f"imports {COMPUTED}"
        elif one.name == "*":
            yield one.line, f"imports every name of {one.module}, readers among them"
        elif _inner(one.whole):
            yield one.line, f"imports {one.whole}, by which files can be read"
    for node, stands, call in mentions(tree, names):
        what = _reads(node, stands, call, names)
        if what:
            yield node.lineno, what


def _reads(node: ast.expr, stands: str, call: ast.Call | None, names: Names) -> str:
    of, _, name = stands.rpartition(".")
    root = stands.partition(".")[0]
    imported = root in {one.partition(".")[0] for one in names.values()}
    does = f"hands {name} on" if call is None else f"calls {name}"
    if name == "open" and not of:
        return "" if call is not None and _writes(call) else does
    if name == "getattr" and not of and call is not None and len(call.args) > 1:
        computed = not isinstance(call.args[1], ast.Constant)
        says = "takes a name of a module that it computes"
        return says if computed and _of_a_module(call.args[0], names) else ""
    if name in SHOWN:
        if call is None:
            return f"hands {name} on, which ends on the date only where strategy(history) calls it"
        given = {one.arg for one in call.keywords}
        return f"reads a file by {name}" if len(call.args) > 1 or given & PLACES else ""
    if imported and _inner(of):
        return f"takes {stands}, by which files can be read"
    if name.startswith(READ) and of and (imported or call is not None):
        return does
    return ""


def _of_a_module(node: ast.expr, names: Names) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _inner(stands: str) -> bool:
    return any(stands == one or stands.startswith(f"{one}.") for one in INNER)


def _writes(node: ast.Call) -> bool:
    """Return whether a file is opened to write to it alone, as a log is."""
    given = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "mode")]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else "r"
    return only_writes(mode)


def only_writes(mode: object) -> bool:
    """Return whether a mode opens a file to write to it, and not to read."""
    return isinstance(mode, str) and mode[:1] in ("w", "a", "x") and "+" not in mode
