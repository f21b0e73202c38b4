"""One question about what a run would choose: what moves it, what to find out, how to hedge."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from marketsim.allocation import Allocation
from marketsim.files import replace_file

from .deciding import Question, decided

__all__ = ["Answer", "Told", "answered", "keep"]


class Told(Protocol):
    """What derivatives tell: a story, and all of it as plain values."""

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What was ``found``, about which ``weights``, and what to beware of."""

    as_of: pd.Timestamp
    weights: pd.Series
    found: Told
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.found)

    def __repr__(self) -> str:
        return f"Answer({self.as_of.date()}, {self.found!r})"

    def to_json(self) -> str:
        """Return all of it as JSON."""
        held = {t: w for t, w in self.weights.items() if w}
        record = {"as_of": str(self.as_of.date()), "weights": held, **self.found.record()}
        return json.dumps(record, indent=2) + "\n"


def answered(
    question: Callable[[Allocation], Told],
    *,
    step: str,
    name: str,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda step: None,
    **asked: Any,
) -> Answer:
    """Ask something of what a run would choose.

    Parameters
    ----------
    question
        From the choice to what is told of it, such as :func:`marketsim.sensitivities`.
    step
        What it does, for ``progress``.
    name
        Of the files.
    out
        Folder for ``<name>.json`` and ``<name>.txt``; none is written by default.
    progress
        Called with the name of each step as it begins.
    **asked
        What of the choice is asked, as in :func:`marketsim.runs.run`; the ``regime`` and the
        assumptions that the question is ``about``, so that wrong names are refused early.

    Raises
    ------
    MarketsimError
        For anything the caller can put right, before the long steps where it can be seen there.
    """
    made = decided(Question(**asked), progress)
    choice = made.decision.choice
    progress(step)
    answer = Answer(made.date, choice.weights, question(choice), tuple(made.fresh.warnings))
    keep(out, name, answer.to_json(), answer)
    return answer


def keep(out: Path | None, name: str, text: str, story: object) -> None:
    """Write an answer as JSON and as it is told, ``<name>.json`` and ``<name>.txt``, to a folder.

    Without a folder nothing is written.
    """
    if out is not None:
        replace_file(out / f"{name}.json", text.encode())
        replace_file(out / f"{name}.txt", f"{story}\n".encode())
