"""What companies' statements foretell, once each is believed as far as those before came true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from marketsim.knowledge import Knowledge

from .beats import learnt
from .kinds import STATEMENTS, Statement
from .matching import Open, came_true, still_open
from .series import Series, company_series

__all__ = ["Foretold", "foretold", "surest"]


@dataclass(frozen=True, eq=False)
class Foretold:
    """A statement on quarters to come, and what will be reported by it.

    Attributes
    ----------
    said
        The statement.
    series
        The reports that it foretells.
    log, variance
        Mean and variance of the log of the outcome, in the unit of the series.
    """

    said: Open
    series: Series
    log: float
    variance: float


def foretold(knowledge: Knowledge, chosen: Callable[[Statement], bool]) -> list[Foretold]:
    """Return what the statements of ``chosen`` kinds foretell, but for bounds.

    Parameters
    ----------
    knowledge
        What was known.
    chosen
        Whether a kind is wanted.

    Raises
    ------
    InputError
        A statement of these kinds cannot be meant; see :func:`still_open`.
    """
    kinds = [kind for kind in STATEMENTS if chosen(kind)]
    quantities = dict.fromkeys(kind.of for kind in kinds)
    every = (s for quantity in quantities for s in company_series(knowledge, quantity))
    listed = [s for s in every if s.alive(knowledge.last)]
    known = {
        kind.kind: learnt(kind, came_true(knowledge, kind).assign(gap=np.nan)) for kind in kinds
    }
    found = []
    for said in still_open(knowledge, listed, kinds):
        if not said.floor:
            series = listed[said.row]
            mean, variance = known[said.kind.kind].of(series.entity, said.left, said.doubt)
            found.append(Foretold(said, series, said.log + mean, variance))
    return found


def surest(listed: list[Foretold]) -> list[Foretold]:
    """Return of what is foretold of the same quarters the surest alone, in order."""
    found: dict[tuple[int, int, int], Foretold] = {}
    for one in listed:
        place = one.said.row, one.said.last, one.said.first
        if place not in found or one.variance < found[place].variance:
            found[place] = one
    return [found[place] for place in sorted(found)]
