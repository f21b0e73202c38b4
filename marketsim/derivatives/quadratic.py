"""A convex quadratic problem of tens of variables, by Clarabel's interior point method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..errors import SolverError

__all__ = ["Quadratic", "solve_quadratic"]

FloatArray = NDArray[np.float64]


class Quadratic(NamedTuple):
    """Minimiser, and multipliers of its limits."""

    x: FloatArray  # [column]
    equal: FloatArray  # [equation]
    below: FloatArray  # [row], from 0 up


def solve_quadratic(
    curvature: FloatArray,
    gradient: FloatArray,
    equal: tuple[FloatArray, FloatArray],
    below: tuple[FloatArray, FloatArray],
) -> Quadratic:
    """Minimise `x' curvature x / 2 + gradient @ x` within limits.

    Parameters
    ----------
    curvature : array [column, column]
        Positive semidefinite.
    gradient : array [column]
    equal : pair of arrays [equation, column] and [equation]
        `equal[0] @ x == equal[1]`.
    below : pair of arrays [row, column] and [row]
        `below[0] @ x <= below[1]`.

    Raises
    ------
    SolverError
        If there is none, with what the solver said.
    """
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    unit = float(np.abs(gradient).max(initial=0.0)) or 1.0
    cones = [clarabel.ZeroConeT(len(equal[1])), clarabel.NonnegativeConeT(len(below[1]))]
    found = clarabel.DefaultSolver(
        sparse.csc_matrix(np.triu(curvature / unit)),
        gradient / unit,
        sparse.csc_matrix(np.vstack([equal[0], below[0]])),
        np.concatenate([equal[1], below[1]]),
        cones,
        settings,
    ).solve()
    if str(found.status) not in ("Solved", "AlmostSolved"):
        raise SolverError(f"no step towards smoothed weights: Clarabel says {found.status}")
    x, duals, first = np.array(found.x), unit * np.array(found.z), len(equal[1])
    return Quadratic(x, duals[:first], np.maximum(duals[first:], 0.0))
