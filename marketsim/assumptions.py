"""What the model assumes, as a table: every number of it that can be argued with."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError, nearest
from marketsim.model import Entry, coordinates, entries, values
from marketsim.model.priors import KINDS
from marketsim.model.tree import leaf
from marketsim.precision import precise

if TYPE_CHECKING:
    from marketsim.calibration import Posterior

__all__ = ["describe_assumptions"]

PERCENTILES: Final = {"p05": 0.05, "median": 0.50, "p95": 0.95}

NAMES: Final = {"share": "logit-normal"}
"""Kinds of prior that go by another name among statisticians."""

ANY_LINE: Final = "each line"
"""Stands for all revenue lines of companies, whose priors are declared alike."""


def describe_assumptions(
    text: str | None = None, posterior: Posterior | None = None
) -> pd.DataFrame:
    """Describe every assumption of the model, or those that ``text`` is part of.

    Parameters
    ----------
    text : str, optional
        Part of a name, a group, a meaning or a source; case and underscores do not matter.
    posterior : Posterior, optional
        Take the priors of this calibration, whose `initial_*` ones are centred on facts and whose
        lines are those of its companies, and add what it learnt.

    Returns
    -------
    DataFrame
        Indexed by assumption, a row for each entry of a vector: `group` (the mechanism), `unit`,
        `prior` (normal, lognormal or logit-normal), `p05`, `median` and `p95` (of the prior, in the
        unit), `meaning`, `source`. With ``posterior`` also `value` (in the unit), `moved` and
        `posterior_sd` (in prior standard deviations), as in `posterior.table()`.

    Raises
    ------
    InputError
        No assumption matches ``text``; the message names the nearest.
    """
    if posterior is None:
        return _matching(_described(entries((ANY_LINE,))), text)
    learnt = posterior.table()[["value", "moved", "posterior_sd"]]
    return _matching(_described(posterior.entries).join(learnt), text)


def _described(listed: Sequence[Entry]) -> pd.DataFrame:
    columns: dict[str, object] = {
        "group": [e.group for e in listed],
        "unit": [e.unit for e in listed],
        "prior": [NAMES.get(KINDS[e.kind], KINDS[e.kind]) for e in listed],
    }
    columns |= _percentiles(listed)
    columns |= {"meaning": [e.meaning for e in listed], "source": [e.source for e in listed]}
    return pd.DataFrame(columns, index=pd.Index([e.name for e in listed], name="assumption"))


def _percentiles(listed: Sequence[Entry]) -> dict[str, np.ndarray]:
    """Percentiles of the priors [entry]: transforms are monotone, so those of z carry over."""
    c = coordinates(list(listed))
    levels = {name: NormalDist().inv_cdf(p) for name, p in PERCENTILES.items()}
    with precise("float64"):
        at = {n: values(c, leaf(np.full(len(listed), z))) for n, z in levels.items()}
        return {name: np.asarray(value) for name, value in at.items()}


def _matching(table: pd.DataFrame, text: str | None) -> pd.DataFrame:
    if text is None:
        return table
    wanted = _plain(text)
    told = zip(table.index, table["group"], table["meaning"], table["source"], strict=True)
    hit = [any(wanted in _plain(part) for part in parts) for parts in told]
    if not any(hit):
        known = [*table.index, *(name.partition("[")[0] for name in table.index), *table["group"]]
        raise InputError(
            f"no assumption has '{text}' in its name, group, meaning or source."
            f"{nearest(text, known)}"
        )
    return table[hit]


def _plain(text: str) -> str:
    return text.casefold().replace("_", " ").strip()
