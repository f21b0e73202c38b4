"""`allocate`: the verb. Checks, solves, cleans, certifies; only what passes is handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import pandas as pd

from ..errors import InputError, SolverError
from ..returns import ReturnScenarios
from .certificate import Proof
from .constraints import constraints_from
from .infeasible import check_feasible
from .objectives import Algebra, Objective
from .problem import build
from .reduction import reduced
from .result import Allocation, report
from .solvers import LINEAR, QUADRATIC, attempt

__all__ = ["allocate", "check_limits"]


def allocate(
    returns: ReturnScenarios | pd.DataFrame,
    objective: Algebra,
    *,
    max_weight: float = 1.0,
    min_weight: float = 0.0,
    layer_caps: Mapping[str, float] | None = None,
    max_weights: Mapping[str, float] | None = None,
    time_limit: float = 60.0,
) -> Allocation:
    """Long-only weights, summing to 1, with the best objective over the scenarios.

    Parameters
    ----------
    returns : ReturnScenarios or DataFrame [draw x ticker]
        A DataFrame goes through `ReturnScenarios.from_frame`.
    objective : term or sum of terms
        A concave objective such as `ExpectedReturn() - 2 * CVaR(0.95)` is maximised, a convex
        one such as `CVaR(0.95)` minimised.
    max_weight, min_weight : float, optional
        Highest and lowest share of every company.
    layer_caps : mapping of layer to share, optional
        Highest share of all companies of a layer together.
    max_weights : mapping of ticker to share, optional
        Highest share of single companies, in place of `max_weight`.
    time_limit : float, optional
        Seconds that each solver may take; there are two, the second where the first fails.

    Returns
    -------
    Allocation
        With a certificate: no weights have an objective better by over 1e-6, relative to the
        size of the terms.

    Raises
    ------
    InputError
        If an argument is wrong.
    InfeasibleError
        If no weights satisfy the constraints, saying which conflict and what would do.
    SolverError
        If no solver found weights that pass the certificate.
    """
    scenarios = _scenarios(returns)
    aim = _objective(objective)
    aim.direction()
    if not isfinite(time_limit) or time_limit <= 0:
        raise InputError(f"time_limit is {time_limit}; it must be above 0 seconds")
    constraints = constraints_from(scenarios, max_weight, min_weight, max_weights, layer_caps)
    check_feasible(constraints)
    near = reduced(aim, scenarios, constraints, time_limit)
    if near is not None:
        return report(*near, aim, scenarios, constraints)
    programme = build(aim, scenarios, constraints)
    failures = []
    for solver in QUADRATIC if programme.quadratic else LINEAR:
        found = attempt(programme, solver, time_limit, aim, scenarios, constraints)
        if not isinstance(found, str) and found[1].certificate.holds():
            return report(*found, aim, scenarios, constraints)
        failures.append(f"{solver}: {found if isinstance(found, str) else _missed(found[1])}")
    raise SolverError(f"no solver found certified weights for {aim!r} ({'; '.join(failures)})")


def check_limits(
    tickers: Sequence[str],
    layers: Mapping[str, str],
    *,
    max_weight: float = 1.0,
    min_weight: float = 0.0,
    layer_caps: Mapping[str, float] | None = None,
    max_weights: Mapping[str, float] | None = None,
) -> None:
    """Refuse limits that `allocate` would refuse, before there are returns to allocate over.

    Raises
    ------
    InputError, InfeasibleError
        As `allocate` does.
    """
    two = [[0.0] * len(tickers), [0.01] * len(tickers)]
    probe = ReturnScenarios(two, tuple(tickers), layers=layers)  # type: ignore[arg-type]
    check_feasible(constraints_from(probe, max_weight, min_weight, max_weights, layer_caps))


def _scenarios(returns: object) -> ReturnScenarios:
    if isinstance(returns, pd.DataFrame):
        return ReturnScenarios.from_frame(returns)
    if not isinstance(returns, ReturnScenarios):
        kind = type(returns).__name__
        raise InputError(f"returns must be ReturnScenarios or a DataFrame, not a {kind}")
    return returns


def _objective(objective: object) -> Objective:
    if not isinstance(objective, Algebra):
        raise InputError(f"objective is {objective!r}; give a term such as CVaR(0.95)")
    return objective if isinstance(objective, Objective) else 1.0 * objective


def _missed(proof: Proof) -> str:
    gap, residual = proof.certificate.relative_gap, proof.certificate.primal_residual
    return f"relative gap {gap:.1e}, primal residual {residual:.1e}"
