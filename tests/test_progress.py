"""Steps on a terminal: each once, those that differ by a number alone as one."""

from __future__ import annotations

import sys

import pytest

from marketsim.cli.progress import progress_bar


class Terminal:
    """Standard error that says it is a terminal, and remembers what was written."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...


def test_steps_that_differ_by_their_numbers_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar() as progress:
        progress("reading")
        for made in range(1, 13):
            progress(f"decided {made} of 12 dates")
        progress("writing")
    ended = [line for line in terminal.text.splitlines() if " s  " in line]
    assert [line.split(" s  ")[1].split("\x1b")[0] for line in ended] == [
        "reading",
        "decided 12 of 12 dates",
        "writing",
    ]


def test_nothing_is_written_where_no_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar() as progress:
        progress("reading")
    assert terminal.text == ""
