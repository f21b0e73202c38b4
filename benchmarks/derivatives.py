"""Milliseconds and errors of derivatives through an optimum, beside other libraries.

    python benchmarks/derivatives.py [--companies 30] [--draws 1000] [--repeats 20]

The quadratic case: expected return less 4 times the variance is maximised, long-only, at most 15 %
in a name. Each library solves it and gives the derivative of one combination of the weights by the
mean and a factor of the covariance (the reverse mode); the error is the largest, in units of the
largest entry, beside JAX's derivative of the linear equations that hold at the optimum. marketsim
takes scenarios, so it is given two for each column of the factor, which have that mean and that
covariance. Compiling is not counted, nor is finding the weights at first, from which marketsim
starts; "derivative" is what is added by the reverse mode to a solution at hand.

Then the same derivative by the returns of each draw, which cvxpylayers takes as a parameter.

The other libraries are no dependencies. Those that are not installed are passed over; they need an
environment of their own, with this checkout on the path:

    python -m venv others && others/bin/pip install . cvxpylayers diffcp qpax
    others/bin/python benchmarks/derivatives.py

Then the case with a tail: expected return within a budget of CVaR at 95 %, 10,000 draws of 30
companies, for marketsim alone.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import marketsim as ms

FloatArray = NDArray[np.float64]

CAP: Final = 0.15
AVERSION: Final = 4.0


class Case(NamedTuple):
    """A quadratic problem, and what its weights are multiplied by."""

    mean: FloatArray  # [company]
    factor: FloatArray  # [factor, company]: its product with itself is the covariance
    by: FloatArray  # [company]


class Answer(NamedTuple):
    """Derivatives, and how long they took, in milliseconds."""

    by_mean: FloatArray
    by_factor: FloatArray
    together: float
    derivative: float


def case_of(companies: int) -> Case:
    chance = np.random.default_rng(companies)
    loads = chance.normal(0.0, 0.12, (5, companies))
    factor = np.vstack([loads, np.diag(chance.uniform(0.1, 0.3, companies))])
    return Case(chance.normal(0.08, 0.05, companies), factor, chance.normal(size=companies))


def ready(answer: Any) -> Any:
    """What JAX computes, once it is computed."""
    import jax

    return jax.block_until_ready(answer)  # type: ignore[no-untyped-call]


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median milliseconds, after a first call that is not counted, and the last answer."""
    answer, times = work(), []
    for _ in range(repeats):
        start = perf_counter()
        answer = work()
        times.append(1e3 * (perf_counter() - start))
    return statistics.median(times), answer


def scenarios_of(case: Case) -> ms.ReturnScenarios:
    """Two draws for each column of the factor: the mean, and as far from it on either side."""
    away = np.sqrt(len(case.factor)) * case.factor
    returns = np.vstack([case.mean + away, case.mean - away])
    return ms.ReturnScenarios(returns / 10, tuple(f"A{i}" for i in range(len(case.mean))))


def by_marketsim(case: Case, repeats: int) -> Answer:
    scenarios = scenarios_of(case)  # a tenth of all returns, so that none is below -1
    aim = ms.ExpectedReturn() - 10 * AVERSION * ms.Variance()
    best = ms.derivatives.smoothed(ms.allocate(scenarios, aim, max_weight=CAP))
    by = pd.Series(case.by, index=best.weights.index)
    whole, _ = timed(lambda: best.again().vjp(by), repeats)
    alone, slopes = timed(lambda: best.vjp(by), repeats)
    ahead, behind = np.split(slopes.returns / 10, 2)
    by_factor = np.sqrt(len(case.factor)) * (ahead - behind)
    return Answer((ahead + behind).sum(axis=0), by_factor, whole, alone)


def layer_of(case: Case) -> Callable[..., Any]:
    """The combination of the weights as a function of the mean and the factor."""
    import cvxpy as cp
    from cvxpylayers.jax import CvxpyLayer

    weights = cp.Variable(len(case.mean))
    mean, factor = cp.Parameter(len(case.mean)), cp.Parameter(case.factor.shape)
    cost = AVERSION * cp.sum_squares(factor @ weights) - mean @ weights
    rows = [cp.sum(weights) == 1, weights >= 0, weights <= CAP]
    problem = cp.Problem(cp.Minimize(cost), rows)
    layer = CvxpyLayer(problem, parameters=[mean, factor], variables=[weights])
    options = {"solve_method": "Clarabel", "tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12}
    return lambda *at: layer(*at, solver_args=options)[0] @ case.by


def by_cvxpylayers(case: Case, repeats: int) -> Answer:
    import jax
    import jax.numpy as jnp

    combined = layer_of(case)
    at = jnp.asarray(case.mean), jnp.asarray(case.factor)
    both = jax.grad(combined, argnums=(0, 1))
    whole, (by_mean, by_factor) = timed(lambda: ready(both(*at)), repeats)
    first, _ = timed(lambda: ready(combined(*at)), repeats)
    return Answer(np.asarray(by_mean), np.asarray(by_factor), whole, whole - first)


def by_qpax(case: Case, repeats: int) -> Answer:
    import jax
    import jax.numpy as jnp
    import qpax

    count = len(case.mean)
    one = jnp.eye(count)
    rows, sides = jnp.vstack([one, -one]), jnp.r_[jnp.full(count, CAP), jnp.zeros(count)]

    def weights(mean: Any, factor: Any) -> Any:
        curvature = 2.0 * AVERSION * factor.T @ factor
        budget = jnp.ones((1, count))
        return qpax.solve_qp_primal(
            curvature,
            -mean,
            budget,
            jnp.ones(1),
            rows,
            sides,
            backend="i",
            solver_tol=1e-10,
            target_kappa=1e-10,  # of those from 1e-3 to 1e-12 the one with the least error
        )

    forward = jax.jit(weights)
    both = jax.jit(jax.grad(lambda *at: weights(*at) @ case.by, argnums=(0, 1)))
    at = jnp.asarray(case.mean), jnp.asarray(case.factor)
    whole, (by_mean, by_factor) = timed(lambda: ready(both(*at)), repeats)
    first, _ = timed(lambda: ready(forward(*at)), repeats)
    return Answer(np.asarray(by_mean), np.asarray(by_factor), whole, whole - first)


LIBRARIES: Final[dict[str, tuple[str, Callable[[Case, int], Answer]]]] = {
    "marketsim": ("marketsim", by_marketsim),
    "cvxpylayers": ("cvxpylayers", by_cvxpylayers),
    "qpax": ("qpax", by_qpax),
}


def by_returns(companies: int, draws: int, repeats: int) -> None:
    """The same derivative by the return of each company in each draw."""
    chance = np.random.default_rng(0)
    returns = np.maximum(chance.normal(0.08, 0.2, (draws, companies)), -0.9)
    by = chance.normal(size=companies)
    scenarios = ms.ReturnScenarios(returns, tuple(f"A{i}" for i in range(companies)))
    aim = ms.ExpectedReturn() - AVERSION * ms.Variance()
    best = ms.derivatives.smoothed(ms.allocate(scenarios, aim, max_weight=CAP))
    series = pd.Series(by, index=best.weights.index)
    print(f"by the returns of {draws:,} draws: milliseconds of solution and derivative")
    whole, mine = timed(lambda: best.again().vjp(series).returns, repeats)
    print(f"{'marketsim':<11} {whole:>24.2f}")
    if find_spec("cvxpylayers") is None:
        print("cvxpylayers is not installed")
        return
    import jax
    import jax.numpy as jnp

    combined = layer_of(Case(np.zeros(companies), np.zeros((draws, companies)), by))

    def moments(table: Any) -> Any:
        mean = table.mean(axis=0)
        return combined(mean, (table - mean) / np.sqrt(draws))

    slope = jax.grad(moments)
    whole, theirs = timed(lambda: ready(slope(jnp.asarray(returns))), repeats)
    apart = float(np.abs(np.asarray(theirs) - mine).max() / np.abs(mine).max())
    print(f"{'cvxpylayers':<11} {whole:>24.2f}   {apart:.1e} apart")


def exact(case: Case) -> tuple[FloatArray, FloatArray]:
    """JAX's derivatives of the equations that hold where some weights lie on their limits."""
    import jax
    import jax.numpy as jnp

    aim = ms.ExpectedReturn() - 10 * AVERSION * ms.Variance()
    weights = ms.allocate(scenarios_of(case), aim, max_weight=CAP).weights.to_numpy()
    free = np.flatnonzero((weights > 1e-6) & (weights < CAP - 1e-6))
    fixed = np.where(weights >= CAP - 1e-6, CAP, 0.0)
    fixed[free] = 0.0

    def combined(mean: Any, factor: Any) -> Any:
        covariance = 2.0 * AVERSION * factor.T @ factor
        ones = jnp.ones((1, len(free)))
        system = jnp.block([[covariance[np.ix_(free, free)], ones.T], [ones, jnp.zeros((1, 1))]])
        right = jnp.r_[(mean - covariance @ fixed)[free], 1.0 - fixed.sum()]
        return jnp.linalg.solve(system, right)[:-1] @ case.by[free]

    found = jax.grad(combined, argnums=(0, 1))(jnp.asarray(case.mean), jnp.asarray(case.factor))
    return np.asarray(found[0]), np.asarray(found[1])


def error_of(answer: Answer, truth: tuple[FloatArray, FloatArray]) -> float:
    """The largest, in units of the largest entry of the mean's or the factor's derivative."""
    pairs = zip(truth, (answer.by_mean, answer.by_factor), strict=True)
    return max(float(np.abs(one - other).max() / np.abs(one).max()) for one, other in pairs)


def quadratic(companies: int, repeats: int) -> None:
    case = case_of(companies)
    truth = exact(case)
    print(f"mean-variance of {companies} companies, one core: milliseconds")
    print(f"{'':<11} {'solution and derivative':>24} {'derivative':>11} {'largest error':>14}")
    for name, (module, work) in LIBRARIES.items():
        if find_spec(module) is None:
            print(f"{name:<11} is not installed")
            continue
        found = work(case, repeats)
        error = error_of(found, truth)
        print(f"{name:<11} {found.together:>24.2f} {found.derivative:>11.2f} {error:>14.1e}")


def with_a_tail(companies: int, repeats: int) -> None:
    chance = np.random.default_rng(0)
    common, own = chance.standard_t(4, (10_000, 5)), chance.standard_t(4, (10_000, companies))
    loads, drift = chance.normal(0.0, 0.04, (5, companies)), chance.normal(0.1, 0.04, companies)
    returns = np.maximum(common @ loads + 0.1 * own + drift, -0.95)
    scenarios = ms.ReturnScenarios(returns, tuple(f"A{i}" for i in range(companies)))
    least = ms.allocate(scenarios, ms.CVaR(0.95), max_weight=CAP).objective
    budget = [ms.limits.at_most(ms.CVaR(0.95), least + 0.02)]
    choice = ms.allocate(scenarios, ms.ExpectedReturn(), max_weight=CAP, limits=budget)
    best = ms.derivatives.smoothed(choice)
    shift = 0.01 * returns
    print(f"CVaR budget, 10,000 draws of {companies} companies: milliseconds")
    for name, work in {
        "smoothed": lambda: ms.derivatives.smoothed(choice),
        "jvp": lambda: best.jvp(shift),
        "vjp": lambda: best.vjp({"A0": 1.0}),
        "predicted": lambda: best.predicted(shift),
    }.items():
        print(f"{name:<11} {timed(work, repeats)[0]:>8.1f}")


def double() -> AbstractContextManager[Any]:
    """JAX in float64."""
    import jax

    context: AbstractContextManager[Any] = jax.enable_x64(True)
    return context


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--companies", type=int, default=30)
    parser.add_argument("--draws", type=int, default=1_000, help="of returns to differentiate by")
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    with double():
        quadratic(arguments.companies, arguments.repeats)
        by_returns(arguments.companies, arguments.draws, max(3, arguments.repeats // 4))
    with_a_tail(arguments.companies, arguments.repeats)


if __name__ == "__main__":
    main()
