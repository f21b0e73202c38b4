"""Whether a strategy's file can hang on anything but what it is shown, or remember: by its text.

A decision is kept, and made out of turn, only where nothing else can enter it. What cannot be told
is taken for the worse: such a strategy is asked in the order of time, once for each date.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from typing import Final

from marketsim.backtesting.lasting import lasting
from marketsim.backtesting.names import imports, mentions, names_of
from marketsim.backtesting.readers import readers

__all__ = ["hangs_on_more", "otherwise"]

PLAIN: Final = frozenset(
    {
        *("__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools"),
        *("itertools", "math", "numbers", "operator", "statistics", "string", "typing"),
        *("marketsim", "numpy", "pandas", "scipy"),
    }
)
"""What may be imported: it reads nothing by itself, and its version is known."""

REACHING: Final = frozenset(
    {
        *("open", "exec", "eval", "compile", "__import__", "input", "globals", "locals", "vars"),
        *("setattr", "delattr", "id", "hash", "breakpoint", "__builtins__"),
    }
)
"""Functions of Python that reach for more, or answer otherwise in another process."""

SEEDED: Final = frozenset(
    {
        *("default_rng", "RandomState", "SeedSequence", "Generator", "PCG64", "PCG64DXSM"),
        *("MT19937", "Philox", "SFC64"),
    }
)
"""What draws the same again where it is given a seed."""

DRAWS: Final = frozenset(
    {
        *("sample", "rvs", "bootstrap", "permutation_test", "monte_carlo_test", "gaussian_kde"),
        *("differential_evolution", "dual_annealing", "basinhopping", "kmeans", "kmeans2"),
        *("Sobol", "Halton", "LatinHypercube", "PoissonDisk", "MultivariateNormalQMC"),
    }
)
"""What draws by chance where it is given no seed by one of `SEEDS`."""

SEEDS: Final = ("random_state", "seed", "rng")

CLOCKS: Final = ("now", "today", "utcnow")
"""Names, and texts that pandas and numpy read, of the time at which a file is run."""


def hangs_on_more(source: bytes) -> str:
    """Return what a file may hang on or keep beside what it is shown, in words; empty for nothing.

    Imports of anything but arithmetic, readers, chance without a seed, the clock, and what can be
    written to between two decisions.
    """
    tree = ast.parse(source)
    return next(chain(_imports(tree), _calls(tree), lasting(tree)), "")


def _imports(tree: ast.Module) -> Iterator[str]:
    for one in imports(tree):
        if one.module.partition(".")[0] not in PLAIN:
            yield f"line {one.line}: imports {one.module}"


def _calls(tree: ast.Module) -> Iterator[str]:
    yield from (f"line {line}: {what}" for line, what in readers(tree))
    for node, stands, _ in mentions(tree, names_of(tree)):
        if stands in REACHING:
            yield f"line {node.lineno}: calls {stands}"
    yield from (f"line {line}: {what}" for line, what in otherwise(tree))


def otherwise(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where a file asks for what is otherwise each time, by line: chance and the clock."""
    for node, stands, call in mentions(tree, names_of(tree)):
        if _by_chance(stands, call):
            yield node.lineno, "draws by chance"
        elif "." in stands and stands.rpartition(".")[2] in CLOCKS:
            yield node.lineno, "asks for the time"
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and any(map(_the_time, one.args)):
            yield one.lineno, "asks for the time"


def _by_chance(stands: str, call: ast.Call | None) -> bool:
    """Return whether a use of a name draws otherwise each time."""
    of, _, name = stands.rpartition(".")
    if name in SEEDED and (of.endswith("random") or name in ("default_rng", "RandomState")):
        return name != "Generator" and (call is None or not _seeded(call, ahead=True))
    if of.endswith("random"):
        return True
    return name in DRAWS and bool(of) and (call is None or not _seeded(call))


def _seeded(call: ast.Call, ahead: bool = False) -> bool:
    """Return whether a call is given a seed, by its name or, `ahead`, as what comes first."""
    given = [one.value for one in call.keywords if one.arg in SEEDS]
    given += call.args[:1] if ahead else []
    return any(not isinstance(one, ast.Constant) or one.value is not None for one in given)


def _the_time(given: ast.expr) -> bool:
    text = given.value if isinstance(given, ast.Constant) else None
    return isinstance(text, str) and text.strip().lower() in CLOCKS
