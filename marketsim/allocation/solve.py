"""`allocate`: the verb. Checks, solves, cleans, certifies; only what passes is handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from marketsim.checks import check_number

from ..errors import InputError
from ..renames import Tickers
from ..returns import ReturnScenarios
from .constraints import check_kinds, constraints_from
from .deadline import Deadline
from .infeasible import check_feasible
from .limits import Limit, TermLimit
from .limits.kinds import Setting
from .objectives import Algebra, Objective
from .reduction import convex
from .result import Allocation, report
from .search import inside
from .selection import select
from .solvers import Case, Found

__all__ = ["allocate", "check_limits", "tightened"]


def allocate(
    returns: ReturnScenarios | pd.DataFrame,
    objective: Algebra,
    *,
    max_weight: float = 1.0,
    min_weight: float = 0.0,
    layer_caps: Mapping[str, float] | None = None,
    max_weights: Mapping[str, float] | None = None,
    limits: Sequence[Limit] = (),
    time_limit: float = 60.0,
    gap: float = 1e-6,
) -> Allocation:
    """Weights, summing to 1, with the best objective over the scenarios.

    Parameters
    ----------
    returns : ReturnScenarios or DataFrame [draw x ticker]
        A DataFrame goes through `ReturnScenarios.from_frame`.
    objective : term or sum of terms
        A concave objective such as `ExpectedReturn() - 2 * CVaR(0.95)` is maximised, a convex
        one such as `CVaR(0.95)` minimised.
    max_weight, min_weight : float, optional
        Highest and lowest share of every company; below 0 for short positions.
    layer_caps : mapping of layer to share, optional
        Highest share of all companies of a layer together.
    max_weights : mapping of ticker to share, optional
        Highest share of single companies, in place of `max_weight`.
    limits : sequence of limits, optional
        What else is asked of the weights: `Group`, `Turnover`, `Exposure`, `RegimeLoss`,
        `Leverage`, `Holdings`, `neutral_to("elasticity", 0.005)`, and of any term
        `at_most(CVaR(0.95), 0.15)` or `at_least(ExpectedReturn(), 0.08)` (see
        `marketsim.allocation.limits`).
    time_limit : float, optional
        Seconds that it may take in all.
    gap : float, optional
        How far from the best the weights may be, relative to the size of the terms. A wider one
        saves time where `Holdings` are limited.

    Returns
    -------
    Allocation
        With a certificate: no weights have an objective better by more than `gap`.

    Raises
    ------
    InputError
        If an argument is wrong.
    InfeasibleError
        If no weights satisfy the constraints, saying which conflict and what would do.
    SolverError
        If no solver found weights that pass the certificate in time.
    """
    scenarios = _scenarios(returns)
    aim = _objective(objective)
    aim.direction()
    check_number("time_limit", time_limit, 1e-9, what="above 0 seconds")
    check_number("gap", gap, 1e-9, 1.0, "a number between 1e-9 and 1")
    deadline = Deadline.after(time_limit)
    constraints = constraints_from(
        scenarios, max_weight, min_weight, max_weights, layer_caps, limits
    )
    check_feasible(constraints, deadline)
    settled = aim.settled(scenarios, constraints, deadline)
    case = Case(settled, scenarios, constraints.settled(scenarios, deadline), deadline)
    return report(*_solved(case._replace(inside=inside(case, _solved)), gap), case.objective)


def tightened(
    choice: Allocation, limits: Sequence[Limit], *, time_limit: float = 60.0, gap: float = 1e-6
) -> Allocation:
    """The best weights of the same problem where more limits hold.

    Parameters
    ----------
    choice : Allocation
        From `allocate`; where only so many names could be held, those that are stay.
    limits : sequence of limits
        Beside those that it was chosen within.
    time_limit, gap : float, optional
        As in `allocate`.

    Raises
    ------
    InputError
        If a limit is none, says what the weights sum to, or the allocation was stored.
    InfeasibleError, SolverError
        As `allocate` does.
    """
    optimum = choice.optimum
    if optimum is None:
        raise InputError("an allocation that was stored has lost what it solved; allocate again")
    check_kinds(limits)
    if any(limit.replaces_budget for limit in limits):
        raise InputError("tightened: limits on what the weights sum to come with allocate")
    deadline, old = Deadline.after(time_limit), optimum.constraints
    setting = Setting(optimum.scenarios, *old.ranges)
    more = [bound for limit in limits for bound in limit.bounds(setting)]
    on_terms = [one.settled(optimum.scenarios, old) for one in limits if isinstance(one, TermLimit)]
    constraints = replace(old, bounds=(*old.bounds, *more), on_terms=(*old.on_terms, *on_terms))
    check_feasible(constraints, deadline)
    case = Case(optimum.objective, optimum.scenarios, constraints, deadline)
    return report(*_solved(case._replace(inside=inside(case, _solved)), gap), case.objective)


def _solved(case: Case, gap: float) -> Found:
    return select(case, gap) if case.constraints.whole.any() else convex(case, gap)


def check_limits(
    tickers: Sequence[str],
    layers: Mapping[str, str],
    *,
    max_weight: float = 1.0,
    min_weight: float = 0.0,
    layer_caps: Mapping[str, float] | None = None,
    max_weights: Mapping[str, float] | None = None,
    limits: Sequence[Limit] = (),
    regimes: Sequence[str] = ("all",),
    objective: Algebra | None = None,
) -> None:
    """Refuse limits that `allocate` would refuse, before there are returns to allocate over.

    Of limits on terms, and of an `objective`, names alone are looked at; `regimes` are those that
    the returns will be of.

    Raises
    ------
    InputError, InfeasibleError
        As `allocate` does.
    """
    drawn = np.repeat(np.asarray(regimes, dtype=object), 2)
    returns = 0.01 * np.outer(np.arange(len(drawn), dtype=float), np.arange(1, len(tickers) + 1))
    probe = ReturnScenarios(returns, Tickers(tickers), regimes=drawn, layers=layers)
    constraints = constraints_from(probe, max_weight, min_weight, max_weights, layer_caps, limits)
    check_feasible(constraints)
    if objective is not None:
        aim = _objective(objective)
        aim.direction()
        aim.settled(probe, constraints, Deadline.after(60.0))


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
