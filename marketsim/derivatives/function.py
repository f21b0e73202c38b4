"""The optimum as a function of JAX arrays, under jit, grad, jvp and vmap."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from marketsim.checks import check_number

from .change import Linearised, linearised, moved
from .kernel import PER_ROOT, edge_of
from .newton import solve
from .problem import Given
from .response import response_of
from .smoothed import SmoothedOptimum

if TYPE_CHECKING:
    import jax

__all__ = ["cvar", "optimum"]


def _bits(one: Any) -> Any:
    """A JAX array as integers.

    In the threads of callbacks a context such as `jax.enable_x64` is unset, and float64 is cut.
    """
    import jax

    return jax.lax.bitcast_convert_type(one, np.uint32)


def _numbers(bits: Any, kind: Any) -> Any:
    """The array behind bits, as NumPy's, in float64."""
    numbers = np.ascontiguousarray(bits).view(kind)
    return np.asarray(numbers[..., 0] if np.dtype(kind).itemsize == 8 else numbers, np.float64)


def _outside(function: Callable[..., Any], like: Any, *arrays: Any) -> Any:
    """What a function of float64 arrays returns, in the precision of the first array.

    `like` is a tree of the shapes that it returns.
    """
    import jax

    kinds = [one.dtype for one in arrays]
    words = () if kinds[0].itemsize == 4 else (2,)

    def called(*bits: Any) -> Any:
        answer = function(*map(_numbers, bits, kinds))
        return jax.tree.map(
            lambda one: (
                np.asarray(one, kinds[0])[..., None].view(np.uint32).reshape(np.shape(one) + words)
            ),
            answer,
        )

    shapes = jax.tree.map(
        lambda one: jax.ShapeDtypeStruct(  # type: ignore[no-untyped-call]
            np.shape(one) + words, np.uint32
        ),
        like,
    )
    found = jax.pure_callback(called, shapes, *map(_bits, arrays), vmap_method="sequential")
    return jax.tree.map(lambda one: jax.lax.bitcast_convert_type(one, kinds[0]), found)


def optimum(best: SmoothedOptimum) -> Callable[[jax.Array, jax.Array, jax.Array], jax.Array]:
    """The best weights of a smoothed problem as a JAX function of what it is given.

    Parameters
    ----------
    best : SmoothedOptimum
        Where the search for others starts. Widths, in units of return, and what limits on
        smoothed terms give way by, stay as they are there.

    Returns
    -------
    callable (returns [draw, company], probabilities [draw], sides [side]) -> weights [company]
        `sides` as `best.sides`. It is solved outside of JAX in float64, and has first derivatives,
        forward and reverse; a point where they are doubtful gives a UserWarning that says why.

    Notes
    -----
    Returns that leave nothing within the limits raise JAX's error for a callback, which quotes
    the SolverError.
    """
    import jax
    import jax.numpy as jnp

    problem, start = best.problem, best.solved.x
    filled = best.solved.filled | best.solved.left_out

    def found(*arrays: Any, told: bool) -> Linearised:
        solved = solve(problem, Given(*arrays), start, filled)
        response = response_of(problem, solved)
        if told and response.degenerate:
            warnings.warn("; ".join(response.degenerate), UserWarning, stacklevel=2)
        return linearised(problem, solved, response)

    @jax.custom_jvp
    def weights(returns: jax.Array, probabilities: jax.Array, sides: jax.Array) -> jax.Array:
        at = _outside(partial(found, told=False), best.at, returns, probabilities, sides)
        return at.weights  # type: ignore[no-any-return]

    @weights.defjvp
    def _(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[jax.Array, jax.Array]:
        at = _outside(partial(found, told=True), best.at, *primals)
        change = moved(problem, at, primals[0], primals[1], tangents)
        return at.weights, jnp.asarray(change, at.weights.dtype)

    return weights


def cvar(outcomes: Any, probabilities: Any, *, level: float, width: float) -> jax.Array:
    """CVaR with its first derivatives, smoothed as in `smoothed`; a JAX function.

    Budgets that move with the returns, as that of a benchmark does, are made with it.

    Parameters
    ----------
    outcomes, probabilities : array [draw]
        Returns, and their probabilities.
    level : float
        Confidence, such as 0.95.
    width : float
        Standard deviation of the noise, as a return.

    Raises
    ------
    InputError
        For a level or a width out of range.
    """
    import jax
    from jax.scipy.special import ndtr

    check_number("cvar level", level, 0.0, 1.0, "a number between 0 and 1")
    check_number("cvar width", width, 1e-12, what="a return above 0")

    losses, odds = -jax.numpy.asarray(outcomes), jax.numpy.asarray(probabilities)
    edge = _outside(
        lambda by_draw, weight: edge_of(by_draw, weight, 1.0 - level, width),
        0.0,
        jax.lax.stop_gradient(losses),  # at its best, the edge does not count to first order
        jax.lax.stop_gradient(odds),
    )
    ahead = losses - edge
    bell = PER_ROOT * jax.numpy.exp(-0.5 * (ahead / width) ** 2)
    beyond = ahead * ndtr(ahead / width) + width * bell
    answer: jax.Array = edge + odds @ beyond / (1.0 - level)
    return answer
