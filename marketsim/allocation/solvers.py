"""One attempt by one solver: only `optimal` counts, and what it found is cleaned and proved."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..returns import ReturnScenarios
from .certificate import Proof, clean, prove
from .constraints import Constraints
from .objectives import Objective
from .problem import Programme

__all__ = ["LINEAR", "QUADRATIC", "Found", "attempt"]

# In order of trial. HiGHS is exact on linear programmes and never to be trusted with a quadratic.
LINEAR, QUADRATIC = ("HIGHS", "CLARABEL"), ("CLARABEL", "SCS")

Found = tuple[NDArray[np.float64], Proof, str]
"""Clean weights [company], how good they are, and the solver."""


def attempt(
    programme: Programme,
    solver: str,
    time_limit: float,
    objective: Objective,
    scenarios: ReturnScenarios,
    constraints: Constraints,
) -> Found | str:
    """Weights by one solver with their proof over all draws, or why there are none."""
    failure = _run(programme.problem, solver, time_limit)
    if failure:
        return failure
    answer = programme.answer()
    weights = clean(answer.weights, constraints)
    return weights, prove(weights, answer, objective, scenarios, constraints), solver


def _run(problem: Any, solver: str, time_limit: float) -> str | None:
    """Solve; None if the status is `optimal`, else what went wrong."""
    import cvxpy as cp

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # inexact answers warn; here they are refused
            problem.solve(solver=solver, **_options(solver, time_limit))
    except cp.SolverError as error:
        return str(error).splitlines()[0]
    return None if problem.status == cp.OPTIMAL else f"status {problem.status}"


def _options(solver: str, time_limit: float) -> dict[str, Any]:
    """One thread, a time limit, and tolerances below those of the certificate."""
    if solver == "HIGHS":
        return {"highs_options": {"time_limit": time_limit, "threads": 1, "presolve": "off"}}
    if solver == "CLARABEL":
        # An objective right to 1e-8 may leave 1e-4 in the weights of a quadratic programme.
        tight = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-10}
        return {"time_limit": time_limit, "max_threads": 1, **tight}
    return {"time_limit_secs": time_limit, "eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 1_000_000}
