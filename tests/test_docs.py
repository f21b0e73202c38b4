"""What a reader copies works: every block of the README, every example, every command named."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer

from marketsim import cli

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(*languages: str) -> list[str]:
    """The README's fenced blocks in one of these languages."""
    text = README.read_text(encoding="utf-8") if README.is_file() else ""
    return [body for language, body in BLOCK.findall(text) if language in languages]


def commands(program: str) -> list[str]:
    """Arguments of every line of the README's shell blocks that calls a program."""
    lines = "\n".join(blocks("sh", "bash", "console")).splitlines()
    typed = [line.removeprefix("$").partition(" #")[0].strip() for line in lines]
    return [line.partition(" ")[2] for line in typed if line.split(" ")[0] == program]


def run(code: list[str], folder: Path) -> str:
    """Output of Python in an empty folder."""
    done = subprocess.run(
        [sys.executable, *code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(example: Path) -> str:
    """An example without the line that says what it is."""
    return example.read_text(encoding="utf-8").partition("\n")[2].strip()


SCRIPTS = [script(path) for path in EXAMPLES]


def starts_a_world(example: Path) -> bool:
    """Whether an example runs the model, whose programs take longest to trace and to load."""
    return "calibrate(" in example.read_text(encoding="utf-8")


FEWER = re.compile(r"draws=10?_000"), "draws=490"
"""What is changed of an example before it runs: with those that prices are anchored to, so many
draws fill three chunks of worlds, and a thousand take five."""


def test_the_readme_has_its_two_commands_and_a_script() -> None:
    assert {"run", "test"} <= set(commands("make"))
    assert any("import marketsim as ms" in block for block in blocks("python"))
    assert EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [block for block in blocks("python") if block.strip() not in SCRIPTS],
    ids=lambda block: block.split("\n")[0],
)
def test_readme_block(block: str, tmp_path: Path) -> None:
    """Those that are examples too run as such."""
    run(["-c", block], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [p for p in EXAMPLES if not starts_a_world(p)], ids=lambda path: path.name
)
def test_example(path: Path, tmp_path: Path) -> None:
    """As it is started, by a Python of its own."""
    assert run([str(path)], tmp_path).strip(), "an example shows its result"


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [p for p in EXAMPLES if starts_a_world(p)], ids=lambda path: path.name
)
def test_example_that_runs_the_model(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one process after another, which traces and loads the model's programs once for all.

    Each from an empty folder and with names of its own, as ``python example.py`` has it.
    """
    copy = tmp_path / path.name
    many, few = FEWER
    copy.write_text(many.sub(few, path.read_text(encoding="utf-8")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(copy), run_name="__main__")
    assert capsys.readouterr().out.strip(), "an example shows its result"


def test_the_readme_script_is_the_example() -> None:
    """One text in two places cannot drift apart."""
    (wanted,) = [block for block in blocks("python") if "sensitivities" in block]
    assert wanted.strip() == script(ROOT / "examples" / "first_allocation.py")


@pytest.mark.parametrize("arguments", commands("marketsim"))
def test_command_of_the_readme_is_understood(arguments: str) -> None:
    """Parsed, not run; `--help` and `--version` answer at once."""
    command: Any = typer.main.get_command(cli.app)
    words = shlex.split(arguments)
    if words[0] in command.commands:
        command = command.commands[words.pop(0)]
    with suppress(typer.Exit):
        command.make_context("marketsim", words)


@pytest.mark.parametrize("target", commands("make"))
def test_target_of_the_readme_exists(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in shlex.split(target):
        if "=" not in word:
            assert re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("data/**/*.md"), *ROOT.glob("docs/**/*.md")]),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_relative_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []
