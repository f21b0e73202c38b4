"""What is declared is what is there: packages, dependencies, the lock, and the wheel itself."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = PROJECT["project"]["optional-dependencies"]
DEVELOPMENT = [Requirement(text) for text in EXTRAS["dev"]]
BROUGHT = [Requirement(text) for name, extra in EXTRAS.items() if name != "dev" for text in extra]
OPTIONAL = {name for one in BROUGHT for name in (one.name, *one.extras)}

ENTRIES = re.findall(r"^([a-z0-9][^ ;\n]*)(.*(?:\n[ ]+.*)*)", LOCK, re.MULTILINE)
PINS = dict(name.split("==") for name, _ in ENTRIES if "==" in name)

# Needed without being imported by name: pandas reads and writes Parquet with it.
SILENT = {"pyarrow"}


def shipped(folder: str) -> set[str]:
    """Files of a folder of the checkout that belong in the wheel, relative to the folder."""
    kinds = {".csv", ".j2", ".md", ".py", ".pyi", ".toml", ".typed"}
    paths = (path for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    return {path.relative_to(ROOT / folder).as_posix() for path in paths if path.suffix in kinds}


class TestDeclared:
    def test_every_package_is_listed_and_no_other(self) -> None:
        found = {
            ".".join(path.parent.relative_to(ROOT).parts)
            for path in (ROOT / "marketsim").rglob("*.py")
            if not any(part.startswith("_") for part in path.parent.relative_to(ROOT).parts)
        }
        listed = PROJECT["tool"]["setuptools"]["packages"]
        assert sorted(listed) == sorted(found | {"marketsim._data", "marketsim._strategies"})

    def test_every_dependency_is_imported_and_no_other(self) -> None:
        imported: set[str] = set()
        for folder in ("marketsim", "strategies"):
            for path in (ROOT / folder).rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Import):
                        imported |= {alias.name.partition(".")[0] for alias in node.names}
                    elif isinstance(node, ast.ImportFrom) and not node.level:
                        imported.add(str(node.module).partition(".")[0])
        imported -= set(sys.stdlib_module_names) | {"marketsim"}
        always = imported - OPTIONAL  # what an extra brings is asked for where it is used
        assert always | SILENT == {requirement.name for requirement in RUNTIME}

    def test_dependencies_have_lower_bounds_and_no_upper(self) -> None:
        for requirement in RUNTIME + DEVELOPMENT:
            assert [bound.operator for bound in requirement.specifier] == [">="], requirement.name


class TestLock:
    def test_every_entry_is_pinned_and_hashed(self) -> None:
        for name, rest in ENTRIES:
            assert "==" in name
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), name

    def test_it_names_no_place(self) -> None:
        """Where packages come from is the user's choice; the hashes say which ones they are."""
        assert not re.search(r"://|file:|\s@\s|--(extra-)?index-url|--find-links|--trusted", LOCK)

    @pytest.mark.parametrize("requirement", RUNTIME + DEVELOPMENT, ids=lambda item: item.name)
    def test_it_answers_every_declared_need(self, requirement: Requirement) -> None:
        assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout so that nothing is left behind in it."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("marketsim", "data", "strategies", "tests"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(copy)], check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def outside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of an environment with the wheel installed, beside this one's dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    scripts, packages = Path(paths["scripts"]), Path(paths["purelib"])
    # A path in a .pth file is searched last, and the .pth files in it (editable installs) are not.
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    return scripts


def output(*words: str | Path, folder: Path) -> str:
    """Standard output of a command, run where neither the checkout nor its environment shows."""
    hidden = ("PYTHONPATH", "MARKETSIM_DATA", "MARKETSIM_STRATEGIES")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
class TestWheel:
    def test_holds_code_data_and_strategies_and_nothing_else(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            names = {name for name in archive.namelist() if ".dist-info/" not in name}
        expected = {
            f"marketsim/{place}{name}"
            for folder, place in [
                ("marketsim", ""),
                ("data", "_data/"),
                ("strategies", "_strategies/"),
            ]
            for name in shipped(folder)
        }
        assert names == expected
        assert {"marketsim/py.typed", "marketsim/__init__.pyi"} <= names

    def test_carries_its_licence_and_its_needs(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            named = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
            metadata = archive.read(named["METADATA"]).decode()
            assert (
                "marketsim = marketsim.cli:main" in archive.read(named["entry_points.txt"]).decode()
            )
        assert "LICENSE" in named
        assert "License-Expression: Apache-2.0" in metadata
        assert "Requires-Python: >=3.11" in metadata

    def test_facts_load_outside_the_checkout(self, outside: Path, tmp_path: Path) -> None:
        code = "import marketsim as ms; print(ms.__file__, len(ms.load_facts().table))"
        place, rows = output(outside / "python", "-c", code, folder=tmp_path).split()
        assert Path(place).is_relative_to(outside.parent)
        assert int(rows) > 1000

    def test_strategies_are_found_outside_the_checkout(self, outside: Path, tmp_path: Path) -> None:
        code = "from marketsim.backtesting import strategy_names; print(*strategy_names())"
        names = output(outside / "python", "-c", code, folder=tmp_path).split()
        assert names == sorted(path.stem for path in (ROOT / "strategies").glob("*.py"))

    def test_the_command_works_outside_the_checkout(self, outside: Path, tmp_path: Path) -> None:
        assert "backtest" in output(outside / "marketsim", "--help", folder=tmp_path)
        version = output(outside / "marketsim", "--version", folder=tmp_path)
        assert version == f"marketsim {PROJECT['project']['version']}\n"

    def test_a_backtest_writes_its_report_outside_the_checkout(
        self, outside: Path, tmp_path: Path
    ) -> None:
        """On the embedded closes, with an embedded strategy and the templates of the report."""
        typed = "backtest equal_weight --tickers NVDA,AMD --start 2021-01-04 --end 2021-06-30"
        told = output(outside / "marketsim", *typed.split(), folder=tmp_path).splitlines()[-1]
        assert (tmp_path / told.removeprefix("report: ")).is_file()
