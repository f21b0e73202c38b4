"""Runs as their folders record them: what was asked, and what came of it, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.errors import DataError
from marketsim.provenance import versions

from .deciding import Question

__all__ = ["Recorded", "arguments_of", "recorded"]

RECORD: Final = "run.json"

NEEDED: Final = ("arguments", "as_of", "knowledge_digest", "prices_digest", "results", "versions")

ALLOCATION: Final = "allocation.csv"
EMBEDDED: Final = "embedded"

LATER: Final = ("regime", "about")
"""What of a question is of what is asked of the choice later, and no argument of a run."""

BY_NAME: Final = ("max_weights", "layer_caps", "neutral_to")
"""Arguments that are mappings, empty in the record where they were left out."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """A finished run: its folder, its record, what was asked of it, and its weights [ticker]."""

    folder: Path
    record: Mapping[str, Any]
    asked: Question
    weights: pd.Series

    def __repr__(self) -> str:
        return f"Recorded({str(self.folder)!r}, as of {self.record['as_of']})"


def recorded(folder: Path | str) -> Recorded:
    """Read a run folder, in which nothing is changed.

    Raises
    ------
    DataError
        For what is no run, one that did not finish, results that are not those it wrote, and a run
        of another version of marketsim.
    """
    folder = Path(folder)
    record = _record(folder)
    made, here = record["versions"].get("marketsim"), versions()["marketsim"]
    if made != here:
        raise DataError(
            f"{folder} was made by marketsim {made}, this is {here}; make it again: what "
            "differs would be the versions'"
        )
    for name, digest in record["results"].items():
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path} is missing, which the run wrote; make the run again")
        if sha256(path.read_bytes()).hexdigest() != digest:
            raise DataError(f"{path} is not as the run wrote it; make the run again")
    if ALLOCATION not in record["results"]:
        raise DataError(f"{folder / RECORD} lists no {ALLOCATION}; make the run again")
    table = pd.read_csv(folder / ALLOCATION, dtype={"ticker": str}, keep_default_na=False)
    weights = table.set_index("ticker")["weight"].astype(float)
    return Recorded(folder, record, _asked(folder, record["arguments"]), weights)


def _record(folder: Path) -> dict[str, Any]:
    """Return what run.json says, with all that is needed of it."""
    path = folder / RECORD
    if not folder.is_dir():
        raise DataError(f"'{folder}' is no folder; give one that marketsim run wrote")
    if not path.is_file():
        raise DataError(
            f"'{folder}' has no {RECORD}, which a run writes last: it is no run, or one that did "
            "not finish; make it with marketsim run"
        )
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no JSON ({error}); make the run again") from error
    missing = [x for x in NEEDED if not isinstance(record, dict) or x not in record]
    wrong = [
        x
        for x in ("arguments", "results", "versions")
        if x not in missing and not isinstance(record[x], dict)
    ]
    if missing or wrong:
        raise DataError(f"{path} does not say '{(missing + wrong)[0]}'; make the run again")
    return record


def arguments_of(asked: Question, date: str, regimes: Sequence[str]) -> dict[str, Any]:
    """Return what was asked as a run records it, so that it can be asked again.

    Parameters
    ----------
    asked
        The question.
    date
        That was decided as of.
    regimes
        Names of the scenarios.
    """
    given = {
        one.name: getattr(asked, one.name) for one in fields(Question) if one.name not in LATER
    }
    stated, scenarios, known = asked.benchmark, asked.scenarios, asked.knowledge
    return (
        given
        | {
            "as_of": date,
            "add": None if asked.add is None else str(asked.add),
            "knowledge": None if known is None else known.digest,
            "scenarios": str(scenarios) if isinstance(scenarios, Path) else list(regimes),
            "prices": asked.prices or EMBEDDED,
            "believe": list(asked.believe),
            "benchmark": None if stated is None else _sorted(stated),
            "tickers": None if asked.tickers is None else list(asked.tickers),
            "limit": list(asked.limit),
            "current": None if asked.current is None else _sorted(asked.current),
            "shares": None if asked.shares is None else _sorted(asked.shares),
        }
        | {name: dict(getattr(asked, name) or {}) for name in BY_NAME}
    )


def _sorted(held: Mapping[str, float] | pd.Series) -> dict[str, float]:
    return {str(name): float(held[name]) for name in sorted(held.keys())}


def _asked(folder: Path, arguments: Mapping[str, Any]) -> Question:
    """Return what was asked, as it is asked again."""
    given = dict(arguments)
    known = {one.name for one in fields(Question)} - set(LATER)
    if others := {str(name) for name in given} ^ known:
        raise DataError(
            f"{folder / RECORD}: arguments are not those of this version "
            f"('{min(others)}'); make the run again"
        )
    if given["knowledge"] is not None:
        raise DataError(
            f"{folder} was given its facts in memory, which it cannot be made again from; make it "
            "with a folder of them (add=, --add)"
        )
    regimes = given["scenarios"]
    given["scenarios"] = Path(regimes) if isinstance(regimes, str) else tuple(regimes)
    given["prices"] = None if given["prices"] == EMBEDDED else given["prices"]
    given["limit"], given["believe"] = tuple(given["limit"]), tuple(given["believe"])
    for name in BY_NAME:
        given[name] = given[name] or None
    return Question(**given)
