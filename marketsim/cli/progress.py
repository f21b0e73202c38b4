"""Which step is under way, on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar() -> Iterator[Callable[[str], None]]:
    """Name of the step under way and seconds of those done, on a terminal; else silence.

    Steps that differ by their numbers alone are one.
    """
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from time import perf_counter

    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    step, begun = "", perf_counter()
    with console.status("") as status:

        def tell(following: str) -> None:
            nonlocal step, begun
            now = perf_counter()
            if step and _kind(step) == _kind(following):
                status.update(Text(following))
                step = following
                return
            if step:
                console.print(Text(f"{now - begun:6.1f} s  {step}", style="dim"))
            status.update(Text(following))
            step, begun = following, now

        yield tell
        tell("")


def _kind(step: str) -> str:
    """A step up to its first number: `decided 3 of 48` and `decided 4 of 48` are one."""
    return re.split(r"\d", step, maxsplit=1)[0]
