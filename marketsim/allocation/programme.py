"""The allocation as a programme in numbers.

The programme is the dual of the one in the reader's mind. That one seeks the weights of highest
utility; this one the lowest line above all weights: with the gradient g and offset c of a member
of the objective's family, a price of the budget and prices of the bounds `A w + B u <= b`,

    minimise    budget + b @ prices + c
    such that   g = budget + A' prices,   B' prices >= 0,   prices >= 0

and the weights are the multipliers of the first equation. With tens of companies and thousands of
draws it has few rows where the other has thousands, and was solved in a half of the other's time
at 10,000 draws of 30 companies, in a seventh at 100,000 (each by the solver that suits it best).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..returns import ReturnScenarios
from .blocks import Block, block_of, limited
from .constraints import Constraints
from .families import Bend, Family, Focus
from .limits import TermLimit
from .linear import LinearProgramme
from .objectives import Objective, Term

__all__ = ["Answer", "Programme", "assemble", "families_of", "terms_of", "typical"]

FloatArray = NDArray[np.float64]

TINY = 1e-12  # a multiplier below counts for nothing, and neither do the members behind it


class Answer(NamedTuple):
    """What a solver says, back in the units of the objective."""

    weights: FloatArray  # [company]
    prices: FloatArray  # [row]
    members: tuple[FloatArray, ...]  # of each term's family
    multipliers: FloatArray  # [limit on a term]


@dataclass(frozen=True, eq=False)
class Programme:
    """A linear programme, what of it is bent, and how its answer is read.

    Columns are the budget's price, the bounds' prices, the members of each family, and for each
    limit on terms its multiplier before the members; the first rows are the equation of which the
    weights are the multipliers [company], then those of the auxiliaries.
    """

    linear: LinearProgramme
    bends: tuple[Bend, ...]
    families: tuple[Family, ...]
    columns: tuple[int, ...]  # where the members of each family begin
    factors: tuple[int | None, ...]  # column by which they are multiplied
    units: tuple[FloatArray, ...]  # of the members of each family
    multipliers: tuple[tuple[int, float], ...]  # of each limit on terms: its column and unit
    size: float  # of the utility; the programme is solved in units of it
    companies: int
    prices: int
    constant: float  # of the utility

    def answer(self, values: FloatArray, weights: FloatArray) -> Answer:
        """From the values of the columns and the multipliers of the rows."""
        members = []
        for family, start, factor, units in zip(
            self.families, self.columns, self.factors, self.units, strict=True
        ):
            member = values[start : start + family.size] * units
            by = 1.0 if factor is None else max(float(values[factor]), TINY)
            members.append(family.whole(member / by))
        prices = np.maximum(values[1 : 1 + self.prices], 0.0) * self.size
        shadow = [max(float(values[i]), 0.0) * self.size / unit for i, unit in self.multipliers]
        return Answer(np.array(weights[: self.companies]), prices, tuple(members), np.array(shadow))


def terms_of(objective: Objective, limits: Sequence[TermLimit]) -> list[Term]:
    """The terms whose families a programme has: the objective's, then those of each limit."""
    return [term for one in (objective.utility(), *(x.parts for x in limits)) for _, term in one]


def families_of(
    objective: Objective,
    scenarios: ReturnScenarios,
    focus: Focus | None,
    limits: Sequence[TermLimit] = (),
) -> list[Family]:
    """The family of each term, near a focus."""
    return [term.family(scenarios, focus) for term in terms_of(objective, limits)]


def assemble(
    objective: Objective,
    scenarios: ReturnScenarios,
    constraints: Constraints,
    families: Sequence[Family],
) -> Programme:
    """The programme of an allocation, in units in which the utility is about 1."""
    terms, unit = objective.utility(), typical(scenarios)
    size = sum(abs(scale) * term.magnitude(unit, scenarios) for scale, term in terms) or 1.0
    units = [limit.unit(scenarios, unit) for limit in constraints.on_terms]
    plain = [block_of(one, scale / size) for one, (scale, _) in zip(families, terms, strict=False)]
    blocks, parts = list(plain), [list(plain)]
    left = iter(families[len(plain) :])
    for limit, one in zip(constraints.on_terms, units, strict=True):
        parts.append([block_of(next(left), scale / one) for scale, _ in limit.parts])
        blocks.append(limited(parts[-1], limit.floor / one))
    companies, more, prices = len(scenarios.tickers), len(constraints.tops), len(constraints.sides)
    starts = 1 + prices + np.cumsum([0, *(len(one.cost) for one in blocks)])
    firsts = [int(start) for start in starts[len(plain) : -1]]
    base = np.sum([np.zeros(companies), *(one.base for one in blocks)], axis=0)
    reach = np.inf if constraints.budget else 0.0
    linear = LinearProgramme(
        cost=np.concatenate([[1.0], constraints.sides, *(one.cost for one in blocks)]),
        lower=np.concatenate([[-reach], np.zeros(prices), *(one.lower for one in blocks)]),
        upper=np.concatenate([[reach], np.full(prices, np.inf), *(one.upper for one in blocks)]),
        matrix=_matrix(constraints, blocks),
        low=np.concatenate([-base, np.full(more, -np.inf), *(one.sides[0] for one in blocks)]),
        high=np.concatenate([-base, np.zeros(more), *(one.sides[1] for one in blocks)]),
    )
    columns, factors = _places(parts, [int(start) for start in starts], firsts)
    return Programme(
        _normalised(linear, firsts) if objective.searches else linear,
        tuple(
            _placed(bend, int(start))
            for one, start in zip(blocks, starts, strict=False)
            for bend in one.bends
        ),
        tuple(families),
        tuple(columns),
        tuple(factors),
        tuple(one.units for part in parts for one in part),
        tuple(zip(firsts, units, strict=True)),
        size,
        companies,
        prices,
        size * sum(one.offset for one in plain),
    )


def _places(
    parts: Sequence[Sequence[Block]], starts: Sequence[int], firsts: Sequence[int]
) -> tuple[list[int], list[int | None]]:
    """Where the members of each family begin, and the column by which they are multiplied."""
    columns: list[int] = list(starts[: len(parts[0])])
    factors: list[int | None] = [None] * len(columns)
    for part, first in zip(parts[1:], firsts, strict=True):
        place = first + 1
        for one in part:
            columns.append(place)
            factors.append(first)
            place += len(one.cost)
    return columns, factors


def _placed(bend: Bend, start: int) -> Bend:
    over = None if bend.over is None else start + bend.over
    return Bend(bend.kind, start + bend.start, start + bend.stop, over)


def _normalised(linear: LinearProgramme, columns: Sequence[int]) -> LinearProgramme:
    """The same where some columns sum to 1."""
    row = np.zeros((1, len(linear.cost)))
    row[0, list(columns)] = 1.0
    return replace(
        linear,
        matrix=sparse.csc_array(sparse.vstack([linear.matrix, row])),
        low=np.append(linear.low, 1.0),
        high=np.append(linear.high, 1.0),
    )


def _matrix(constraints: Constraints, blocks: Sequence[Block]) -> Any:
    """Sparse rows of the programme [row, column]."""
    companies, bounds = len(constraints.tickers), constraints.matrix.tocoo()
    pieces = [
        Entries(np.arange(companies), np.zeros(companies, dtype=int), -np.ones(companies)),
        Entries(bounds.col, bounds.row + 1, -bounds.data),
    ]
    below, start = companies + len(constraints.tops), 1 + len(constraints.sides)
    for one in blocks:
        pieces.append(_dense(one.slopes, start))
        pieces.append(Entries(one.rows.row + below, one.rows.col + start, one.rows.data))
        below, start = below + one.rows.shape[0], start + len(one.cost)
    row, column, value = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return sparse.csc_array((value, (row, column)), shape=(below, start))


class Entries(NamedTuple):
    """Entries of a sparse matrix."""

    row: NDArray[np.integer[Any]]
    column: NDArray[np.integer[Any]]
    value: FloatArray


def _dense(block: FloatArray, start: int) -> Entries:
    """A dense block from the first row down and from a column on."""
    rows, columns = block.shape
    row = np.tile(np.arange(rows, dtype=np.int32), columns)
    column = np.repeat(np.arange(start, start + columns, dtype=np.int32), rows)
    return Entries(row, column, block.ravel(order="F"))


def typical(scenarios: ReturnScenarios) -> float:
    """Median size of a return, over a few thousand draws: no single draw can blow it up."""
    returns = scenarios.returns
    sizes = np.abs(returns[:: max(1, len(returns) // 1_000)])
    return float(np.median(sizes)) or float(np.mean(np.abs(returns)))
