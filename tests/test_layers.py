"""A module imports only from below, heavy packages stay where they belong, and importing is free.

The imports are read from the source, those inside functions included; what stands under
`if TYPE_CHECKING` is for the reader and the type checker, and does not count.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import marketsim

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "marketsim"

# From top to bottom. Modules of one row may import each other, as long as no cycle comes of it.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"curation"},
    {"batch"},
    {"runs"},
    {"reporting"},
    {"backtesting"},
    {"derivatives"},
    {"allocation"},
    {"outlooks", "paradoxes", "valuation"},
    {"assumptions", "calibration", "claims", "forecasting", "scenarios", "simulation"},
    {"ensemble"},
    {"views"},
    {"observables"},
    {"statements"},
    {"knowledge"},
    {"returns", "prices", "model"},
    {"sources"},
    {"scenario_checks", "scenario_columns", "weights"},
    {"renames"},
    {"provenance"},
    {"tables"},
    {"hands"},
    {"checks", "dates", "expressions", "resources", "files", "folders", "precision"},
    {"errors"},
)
RANK = {name: -depth for depth, names in enumerate(LAYERS) for name in names}

# Who may import what is heavy, or reaches outside.
HOMES = {
    "cvxpy": {"allocation"},
    "clarabel": {"derivatives"},
    "dask": {"batch"},
    "distributed": {"batch", "hands"},
    "statsmodels": {"forecasting"},
    "yfinance": {"sources"},
    "plotly": {"reporting"},
    "jinja2": {"reporting"},
    "typer": {"cli"},
    "rich": {"cli"},
    "requests": set(),
    "urllib": {"sources"},
    "http": {"sources"},
    "socket": set(),
}


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def dotted(path: Path) -> str:
    """`marketsim.model.world` of its file; a package is named as its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements below a node, those inside functions too."""
    for child in ast.iter_child_nodes(node):
        if is_for_types_only(child):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        else:
            yield from statements(child)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def imported(path: Path) -> set[str]:
    """Modules that a file imports, relative ones spelt out, `from package import module` too."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    found: set[str] = set()
    for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
            continue
        base = statement.module or ""
        if statement.level:
            above = package.split(".")[: len(package.split(".")) - statement.level + 1]
            base = ".".join([*above, base] if base else above)
        below = {f"{base}.{alias.name}" for alias in statement.names}
        inner = {name for name in below if is_module(name)}
        # `from . import sibling` asks for the sibling; the package itself is being imported
        found |= inner if inner == below else {base} | inner
    return found


def layer(name: str) -> str:
    return name.split(".")[1]


MODULES = [path for path in sources(PACKAGE) if path != PACKAGE / "__init__.py"]


def test_every_module_has_its_layer() -> None:
    assert {layer(dotted(path)) for path in MODULES} <= set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_imports_only_from_below(path: Path) -> None:
    mine = layer(dotted(path))
    others = {
        layer(name)
        for name in imported(path)
        if name.startswith("marketsim.") and layer(name) != mine
    }
    above = {name for name in others if RANK[name] > RANK[mine]}
    assert not above, f"{dotted(path)} reaches up to {', '.join(sorted(above))}"


@pytest.mark.parametrize("unit", [layer, str], ids=["by layer", "by module"])
def test_no_import_cycle(unit: Callable[[str], str]) -> None:
    """Not even inside functions."""
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        mine = dotted(path)
        for name in imported(path):
            if name.startswith("marketsim.") and unit(name) != unit(mine):
                graph.setdefault(unit(mine), set()).add(unit(name))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_heavy_packages_stay_at_home(path: Path) -> None:
    mine = layer(dotted(path))
    strangers = {name.partition(".")[0] for name in imported(path)}
    assert not {name for name in strangers & set(HOMES) if mine not in HOMES[name]}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_worlds_are_run_in_the_ensemble_alone(path: Path) -> None:
    """Nobody else asks the model to start, step or run one."""
    if layer(dotted(path)) in ("model", "ensemble"):
        return
    asked = {
        alias.name
        for statement in statements(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(statement, ast.ImportFrom) and "model" in (statement.module or "").split(".")
        for alias in statement.names
    }
    assert not asked & {"run", "start", "step", "world"}


@pytest.mark.parametrize("path", sources(PACKAGE / "model"), ids=dotted)
def test_the_model_knows_only_jax(path: Path) -> None:
    """And numpy, for what is fixed before anything is traced."""
    allowed = set(sys.stdlib_module_names) | {"jax", "numpy", "marketsim"}
    assert {name.partition(".")[0] for name in imported(path)} <= allowed
    ours = {layer(name) for name in imported(path) if name.startswith("marketsim.")}
    assert ours <= {"model", "errors"}


@pytest.mark.parametrize(
    "path",
    [path for name in ("strategies", "examples", "benchmarks") for path in sources(ROOT / name)],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_users_of_marketsim_import_its_top_alone(path: Path) -> None:
    """Two strategies share code by moving it into marketsim, never by importing each other."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [name for name in imported(path) if name.startswith("marketsim.")]
    for statement in statements(tree):
        if "marketsim" in ast.unparse(statement):
            assert ast.unparse(statement) == "import marketsim as ms"
    neighbours = {neighbour.stem for neighbour in path.parent.glob("*.py")}
    if path.parent.name == "strategies":
        assert not imported(path) & neighbours


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_marketsim_loads_nothing_heavy() -> None:
    heavy = "cvxpy jax jaxlib numpy pandas plotly pyarrow scipy typer yfinance"
    assert python(f"import marketsim, sys; print(*set('{heavy}'.split()) & set(sys.modules))") == (
        "\n"
    )


def test_walking_over_prices_needs_no_model() -> None:
    """Each process of a batch would wait a second for JAX and the solvers, and use neither."""
    heavy = "cvxpy jax marketsim.model scipy.integrate scipy.optimize scipy.stats"
    code = "import sys, marketsim.backtesting, marketsim.batch"
    assert python(f"{code}; print(*set('{heavy}'.split()) & set(sys.modules))") == "\n"


def test_importing_every_name_reaches_no_network_and_sets_nothing() -> None:
    """Neither sockets, nor files, nor logging, nor the environment, nor JAX's precision."""
    code = """
import logging, os, sys, tempfile
import jax  # it sets variables of its own
reached = []
watched = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir")
sys.addaudithook(lambda event, arguments: event in watched and reached.append(event))
here = tempfile.mkdtemp(); os.chdir(here); reached.clear()
environment, handlers = dict(os.environ), list(logging.root.handlers)
import marketsim as ms
for name in dir(ms):
    getattr(ms, name)
print(reached, logging.root.handlers == handlers, dict(os.environ) == environment,
      os.listdir(here), jax.config.jax_enable_x64)
"""
    assert python(code).split("\n")[0] == "[] True True [] False"


@pytest.mark.parametrize("name", dir(marketsim))
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert (getattr(marketsim, name).__doc__ or "").strip()


def test_the_names_that_python_finds_are_those_that_a_type_checker_reads() -> None:
    """By the syntax of the stub, whatever its layout; each is the object of the module named."""
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: statement.module
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert {*homes, "__version__"} == set(dir(marketsim))
    assert set(marketsim.__all__) == {name for name, home in homes.items() if home}
    for name, home in homes.items():
        where = f"marketsim.{home}" if home else "marketsim"
        assert getattr(marketsim, name) is getattr(sys.modules[where], name)


def test_there_are_some_two_dozen_names_at_the_top() -> None:
    """The rest is found by module, and each module lists what it offers."""
    assert len(marketsim.__all__) <= 32
    modules = set(dir(marketsim)) - {*marketsim.__all__, "__version__"}
    assert all(getattr(marketsim, name).__all__ for name in modules)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'simulat'"):
        _ = marketsim.simulat  # type: ignore[attr-defined]
