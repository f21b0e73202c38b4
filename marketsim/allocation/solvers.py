"""One programme, solved: each solver in turn, only `optimal` counts, what is found is proved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..returns import ReturnScenarios
from .certificate import Proof, prove
from .conic import solve_conic
from .constraints import Constraints
from .deadline import Deadline
from .families import Focus, Portfolio
from .linear import Solution, solve_linear
from .objectives import Objective, Term
from .programme import Answer, Programme, assemble, families_of, terms_of

__all__ = ["LINEAR", "QUADRATIC", "Case", "Found", "once"]

FloatArray = NDArray[np.float64]

# In order of trial. HiGHS is exact on linear programmes and never to be trusted with a quadratic.
LINEAR, QUADRATIC = ("HIGHS", "CLARABEL"), ("CLARABEL", "SCS")


class Case(NamedTuple):
    """What is asked."""

    objective: Objective
    scenarios: ReturnScenarios
    constraints: Constraints
    deadline: Deadline
    inside: FloatArray | None = None  # weights with room to all limits on terms [company]

    def terms(self) -> list[Term]:
        """The terms of the objective and of the limits on terms."""
        return terms_of(self.objective, self.constraints.on_terms)


class Found(NamedTuple):
    """What was found, how good it is, under which constraints, and by which solver."""

    portfolio: Portfolio
    proof: Proof
    constraints: Constraints
    solver: str


def once(case: Case, focus: Focus | None = None, gap: float | None = None) -> Found:
    """The answer to one programme, near a focus or to the whole.

    Parameters
    ----------
    case : Case
        What is asked.
    focus : Focus, optional
        Where terms may leave out what does not matter.
    gap : float, optional
        An answer whose certificate is wider is passed over for the next solver's.

    Raises
    ------
    SolverError
        If no solver has one, with what each of them said.
    """
    families = families_of(case.objective, case.scenarios, focus, case.constraints.on_terms)
    programme = assemble(case.objective, case.scenarios, case.constraints, families)
    failures = []
    for solver in QUADRATIC if programme.bends else LINEAR:
        answer = _attempt(programme, solver, case.deadline.left())
        if isinstance(answer, str):
            failures.append(f"{solver}: {answer}")
            continue
        portfolio, proof = prove(
            answer, case.objective, case.scenarios, case.constraints, case.inside
        )
        if gap is None or proof.certificate.holds(gap):
            return Found(portfolio, proof, case.constraints, solver)
        failures.append(f"{solver}: {_missed(proof)}")
    case.deadline.left()
    raise SolverError(
        f"no solver found certified weights for {case.objective!r} ({'; '.join(failures)})"
    )


def _attempt(programme: Programme, solver: str, seconds: float) -> Answer | str:
    """The answer of one solver, or why there is none."""
    if solver != "HIGHS":
        return solve_conic(programme, solver, seconds)
    found = solve_linear(programme.linear, seconds)
    return programme.answer(found.values, -found.duals) if isinstance(found, Solution) else found


def _missed(proof: Proof) -> str:
    gap, residual = proof.certificate.relative_gap, proof.certificate.primal_residual
    return f"relative gap {gap:.1e}, primal residual {residual:.1e}"
