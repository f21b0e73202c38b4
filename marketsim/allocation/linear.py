"""Linear programmes, handed to HiGHS as they stand.

For tens of rows and thousands of columns the translation from a modelling language takes longer
than the solving, so what is linear from end to end goes straight to the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["LinearProgramme", "Solution", "dual_of", "solve_linear", "with_bounds"]

FloatArray = NDArray[np.float64]

TIGHT: Final = {
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "mip_feasibility_tolerance": 1e-9,
}


@dataclass(frozen=True, eq=False)
class LinearProgramme:
    """Minimise `cost @ x` where `low <= matrix @ x <= high` and `lower <= x <= upper`.

    Every row has one finite side, or two that are equal. `whole` marks the columns that must be
    whole numbers [column].
    """

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    matrix: Any
    low: FloatArray
    high: FloatArray
    whole: NDArray[np.bool_] | None = None


class Solution(NamedTuple):
    """An optimum; `bound` is the least that any feasible `x` can cost."""

    values: FloatArray  # [column]
    duals: FloatArray  # [row]; none of a programme with whole columns
    cost: float
    bound: float


def solve_linear(programme: LinearProgramme, seconds: float, gap: float = 1e-9) -> Solution | str:
    """The optimum by HiGHS, on one thread, or why there is none.

    Where columns are whole it is the best found in time, with the bound reached by then.

    Parameters
    ----------
    programme : LinearProgramme
        What to solve.
    seconds : float
        Time limit.
    gap : float, optional
        Distance of cost and bound that does where columns are whole.
    """
    import highspy

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    mixed = programme.whole is not None and bool(programme.whole.any())
    options: dict[str, Any] = {"output_flag": False, "threads": 1, "time_limit": max(seconds, 0.01)}
    # Presolve takes longer than it saves on dense programmes of few rows.
    options |= {"mip_rel_gap": 0.0, "mip_abs_gap": gap} if mixed else {"presolve": "off"}
    options |= TIGHT
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(*_arrays(programme, highspy))
    solver.run()
    status, found, info = solver.getModelStatus(), solver.getSolution(), solver.getInfo()
    stopped = mixed and found.value_valid and np.isfinite(info.mip_dual_bound)
    if status != highspy.HighsModelStatus.kOptimal and not stopped:
        return f"status {solver.modelStatusToString(status).lower()}"
    cost = float(info.objective_function_value)
    bound = float(info.mip_dual_bound) if mixed else cost
    return Solution(np.array(found.col_value), np.array(found.row_dual), cost, bound)


def _arrays(programme: LinearProgramme, highspy: Any) -> tuple[Any, ...]:
    """The programme as HiGHS takes it without a copy of each number by Python."""
    matrix = sparse.csc_array(programme.matrix)
    rows, columns = matrix.shape
    whole = np.zeros(columns) if programme.whole is None else programme.whole
    return (
        *(columns, rows, matrix.nnz),
        *(int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize), 0.0),
        *(programme.cost, programme.lower, programme.upper, programme.low, programme.high),
        *(matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data),
        whole.astype(np.int32),
    )


def dual_of(programme: LinearProgramme) -> LinearProgramme:
    """The dual, to be minimised: minus its value is that of the programme.

    Its columns are the duals of the rows [row], then what is missing from the reduced cost of
    columns with an upper bound, and of columns with a lower bound other than 0.
    """
    capped = np.flatnonzero(np.isfinite(programme.upper))
    floored = np.flatnonzero(np.isfinite(programme.lower) & (programme.lower != 0.0))
    count, columns = len(programme.low), len(programme.cost)
    each = sparse.eye_array(columns, format="csc")
    matrix = sparse.hstack(
        [sparse.csc_array(programme.matrix).T, -each[:, capped], each[:, floored]]
    )
    equal = programme.low == programme.high
    side = np.where(np.isfinite(programme.high), programme.high, programme.low)
    lower = np.where(equal | np.isfinite(programme.high), -np.inf, 0.0)
    upper = np.where(equal | np.isfinite(programme.low), np.inf, 0.0)
    rest = len(capped) + len(floored)
    # A column from 0 up may cost more than its row duals pay; any other is paid to the last.
    from_nought = programme.lower == 0.0
    return LinearProgramme(
        -np.concatenate([side, -programme.upper[capped], programme.lower[floored]]),
        np.concatenate([lower, np.zeros(rest)]),
        np.concatenate([upper, np.full(rest, np.inf)]),
        sparse.csc_array(matrix),
        np.where(from_nought, -np.inf, programme.cost),
        programme.cost,
        np.zeros(count + rest, dtype=bool),
    )


def with_bounds(
    programme: LinearProgramme, lower: FloatArray, upper: FloatArray, whole: NDArray[np.bool_]
) -> LinearProgramme:
    """The same with tighter bounds on its first columns, and some of them whole."""
    count = len(lower)
    every = np.zeros(len(programme.cost), dtype=bool)
    every[:count] = whole
    return replace(
        programme,
        lower=np.concatenate([np.maximum(programme.lower[:count], lower), programme.lower[count:]]),
        upper=np.concatenate([np.minimum(programme.upper[:count], upper), programme.upper[count:]]),
        whole=every,
    )
