"""A stress test of a run's choice, or of weights of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from marketsim.allocation import Allocation
from marketsim.derivatives import ReverseStress, Stress, reverse_stress, stress
from marketsim.errors import InputError
from marketsim.files import check_folder
from marketsim.scenarios import read_what_ifs

from .answers import keep
from .deciding import Question, decided

__all__ = ["StressTest", "stress_test"]


@dataclass(frozen=True, eq=False)
class StressTest:
    """A reverse stress test, what-ifs, or both, and the weights that they are of."""

    as_of: pd.Timestamp
    weights: pd.Series
    reverse: ReverseStress | None
    what_ifs: Stress | None
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"StressTest({self.as_of.date()}, {self.reverse!r}, {self.what_ifs!r})"

    def __str__(self) -> str:
        return "\n\n".join(str(one) for one in (self.reverse, self.what_ifs) if one is not None)

    def to_json(self) -> str:
        """Return all of it as JSON."""
        record = {
            "as_of": str(self.as_of.date()),
            "weights": {t: w for t, w in self.weights.items() if w},
            "reverse": None if self.reverse is None else self.reverse.record(),
            "what_ifs": None if self.what_ifs is None else self.what_ifs.record(),
        }
        return json.dumps(record, indent=2) + "\n"


def stress_test(
    *,
    loss: float | None = None,
    what_ifs: Path | None = None,
    regime: str | None = None,
    noise: bool = True,
    weights: Mapping[str, float] | None = None,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda step: None,
    **asked: Any,
) -> StressTest:
    """Stress what a run would choose.

    Parameters
    ----------
    loss, regime, noise
        As in :func:`marketsim.reverse_stress`; without a loss there is no reverse stress test.
    what_ifs
        A TOML file of what-ifs, as :func:`marketsim.stress` reads it.
    weights
        Of one's own, by ticker, in place of the choice.
    out
        Folder for ``stress.json`` and ``stress.txt``; none is written by default.
    progress
        Called with the name of each step as it begins.
    **asked
        What of the choice is asked, as in :func:`marketsim.runs.run`.

    Raises
    ------
    MarketsimError
        For anything the caller can put right, before the long steps where it can be seen there.
    """
    if loss is None and what_ifs is None:
        raise InputError("stress: nothing is asked; give a loss, as 0.30, or a file of what-ifs")
    check_folder(out)
    question = Question(regime=regime, **asked)
    if what_ifs is not None:
        read_what_ifs(what_ifs)
    found = decided(question, progress)
    held = found.decision.choice if weights is None else pd.Series(weights, dtype=float)
    given: dict[str, Any] = {"regime": regime, "returns": found.decision.choice.returns}
    reverse = None
    if loss is not None:
        progress(f"looking for worlds that lose {100 * loss:g} %")
        reverse = reverse_stress(held, loss, noise=noise, forecast=found.coming, **given)
    shifted = None
    if what_ifs is not None:
        progress("asking what if")
        shifted = stress(held, what_ifs, **given)
    listed = held.weights if isinstance(held, Allocation) else held
    warnings = (*found.fresh.warnings, *(() if shifted is None else shifted.warnings))
    result = StressTest(found.date, listed, reverse, shifted, warnings)
    keep(out, "stress", result.to_json(), result)
    return result
