"""NUTS as the check of the Laplace approximation: draws of the exact posterior, and a table."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import jax
import numpy as np
import pandas as pd
from jax import Array

from marketsim.errors import InputError
from marketsim.precision import RUN_OFTEN, RUN_SELDOM, precise

from .likelihood import linearise, residuals, sample
from .observations import observe
from .posterior import Posterior

__all__ = ["AGREE", "Chains", "Draws", "compare_laplace", "sample_posterior", "walk"]

AGREE: Final = 0.2
"""Means agree where they lie within this many posterior standard deviations of each other."""

SPREAD, FIRST_STEP, DEPTH = 0.5, 0.1, 8
"""Starts lie about the mode by this much of the approximation's spread; the step size that
adaptation begins with; and a trajectory doubles this often at most."""

Target = Callable[[Array, Any], Array]
"""Log density, up to a constant, of a point [unknown], given whatever it needs."""

Begin = Callable[[Array], tuple[Array, Array]]
"""Minus a log density, and its gradient, at a point [unknown]."""


@dataclass(frozen=True, eq=False)
class Chains:
    """What walks of NUTS give.

    Attributes
    ----------
    values
        Draws, [chain, draw, unknown].
    divergent
        Draws whose trajectory diverged: not to be trusted where there are many, [chain].
    step
        Adapted step sizes, [chain].
    gradients
        Mean number of gradients per draw, [chain].
    ess
        Bulk effective sample size over all chains, [unknown].
    rhat
        Rank-normalised split R-hat, [unknown]: near one where the chains have met.
    """

    values: np.ndarray
    divergent: np.ndarray
    step: np.ndarray
    gradients: np.ndarray
    ess: np.ndarray
    rhat: np.ndarray

    def __repr__(self) -> str:
        chains, draws, unknowns = self.values.shape
        return f"Chains({chains} chains x {draws:,} draws x {unknowns:,} unknowns)"


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of a posterior by NUTS, in prior standard deviations from the prior medians.

    Attributes
    ----------
    assumptions
        Names of the assumptions: the first of the unknowns. The shocks of history follow.
    chains
        The draws, in the coordinates of ``Posterior.mode``, and how the walks went.
    """

    assumptions: tuple[str, ...]
    chains: Chains

    def __repr__(self) -> str:
        return f"Draws({len(self.assumptions)} assumptions, {self.chains!r})"

    @property
    def pooled(self) -> np.ndarray:
        """The draws of all chains, [draw, unknown]."""
        values = self.chains.values
        return values.reshape(-1, values.shape[-1])


def sample_posterior(
    posterior: Posterior, draws: int = 1000, warmup: int = 500, chains: int = 2, seed: int = 0
) -> Draws:
    """Draw from the exact posterior, to check the Laplace approximation of it: minutes.

    Parameters
    ----------
    posterior
        A calibration. The noise of its series is held at the values of the fit.
    draws
        Draws kept of each chain.
    warmup
        Draws before them, in which the step size and the scales are adapted.
    chains
        Walks from different points about the mode, run side by side.

    Returns
    -------
    Draws
        The same bytes for the same seed.

    Raises
    ------
    InputError
        When NumPyro is missing, or a number is too small.

    Notes
    -----
    Hoffman and Gelman (2014), whitened by the Cholesky factor of the Laplace covariance, with
    Stan's window adaptation as NumPyro has them.
    """
    with precise("float64"):
        series = observe(posterior.knowledge, posterior.window)
        data = sample(series, posterior.fit["noise_log"].to_numpy())
        factor = np.linalg.cholesky(posterior.covariance)
        given = (posterior.mode, factor, data, posterior.coordinates, posterior.setting)
        begin = partial(_linearised, given=given)
        white = walk(_whitened, given, len(factor), draws, warmup, chains, seed, begin)
    values = posterior.mode + white.values @ factor.T
    ess, rhat = _diagnosed(values)
    names = tuple(e.name for e in posterior.entries)
    return Draws(names, replace(white, values=values, ess=ess, rhat=rhat))


def walk(
    target: Target,
    given: Any,
    size: int,
    draws: int = 1000,
    warmup: int = 500,
    chains: int = 2,
    seed: int = 0,
    begin: Begin | None = None,
) -> Chains:
    """Walk with NUTS over the density ``target(z, given)`` of ``size`` whitened unknowns.

    Each chain starts near zero and runs in a thread of its own, in float64. ``begin`` returns
    potential and gradient at a start; by default a program of its own does.

    Raises
    ------
    InputError
        When NumPyro is missing, or a number is too small.
    """
    _numpyro("infer.hmc")
    for name, value, least in (("draws", draws, 8), ("warmup", warmup, 20), ("chains", chains, 1)):
        if value < least:
            raise InputError(f"nuts: {name}={value} is too few; ask for {least} or more")

    with precise("float64"):
        keys = jax.random.split(jax.random.key(seed), 2 * chains)
        starts = SPREAD * jax.random.normal(keys[0], (chains, size))
        begin = begin or partial(_begun, given=given, target=target)
        begun = [(z, *begin(z)) for z in starts]
        walks = [(begun[i], keys[chains + i], given) for i in range(chains)]
        program = _chain.lower(*walks[0], target=target, draws=draws, warmup=warmup).compile()

    def run(begin: tuple[Any, ...]) -> list[np.ndarray]:
        with precise("float64"):  # each thread has a setting of its own
            return [np.asarray(x) for x in program(*begin)]

    with ThreadPoolExecutor(chains) as pool:
        found = list(pool.map(run, walks))
    values, divergent, step, gradients = (np.stack(x) for x in zip(*found, strict=True))
    ess, rhat = _diagnosed(values)
    return Chains(values, divergent, step, gradients, ess, rhat)


def compare_laplace(posterior: Posterior, draws: Draws) -> pd.DataFrame:
    """Return the Laplace approximation against NUTS, by assumption.

    Columns: ``laplace_mean`` and ``nuts_mean`` in prior standard deviations from the prior
    medians, ``laplace_sd`` and ``nuts_sd``; ``gap``, the difference of the means in standard
    deviations of NUTS, and ``error``, its Monte-Carlo standard error; ``ratio`` of the standard
    deviations, Laplace over NUTS; ``skew`` of the draws; ``ess``, ``rhat``; ``status`` as in
    :meth:`Posterior.identified`; ``agrees``; ``note``.
    """
    status = posterior.identified().assumptions["status"]
    count = len(draws.assumptions)
    pooled, laplace = draws.pooled[:, :count], posterior.mode[:count]
    mean, sd = pooled.mean(axis=0), pooled.std(axis=0, ddof=1)
    laplace_sd = np.sqrt(np.diag(posterior.covariance)[:count])
    table = pd.DataFrame(
        {
            "laplace_mean": laplace,
            "nuts_mean": mean,
            "laplace_sd": laplace_sd,
            "nuts_sd": sd,
            "gap": (laplace - mean) / sd,
            "error": 1.0 / np.sqrt(draws.chains.ess[:count]),
            "ratio": laplace_sd / sd,
            "skew": (((pooled - mean) / sd) ** 3).mean(axis=0),
            "ess": draws.chains.ess[:count],
            "rhat": draws.chains.rhat[:count],
        },
        index=pd.Index(draws.assumptions, name="assumption"),
    )
    judged = table.assign(status=status, agrees=table["gap"].abs() <= AGREE)
    return judged.assign(note=[_note(row) for row in judged.to_dict("records")])


def _note(row: dict[Any, Any]) -> str:
    if row["rhat"] > 1.05:
        return "the chains have not met: draw for longer"
    if row["agrees"]:
        return ""
    if abs(row["gap"]) - 2.0 * row["error"] <= AGREE:
        return "within the error of the draws"
    if abs(row["skew"]) > 0.25:
        return f"skewed {'upwards' if row['skew'] > 0.0 else 'downwards'}: the mode is no mean"
    return "the mean lies off the mode: curved together with other assumptions"


def _whitened(z: Array, given: Any) -> Array:
    mode, factor, *rest = given
    r = residuals(mode + factor @ z, *rest)
    return -0.5 * (r @ r)


def _linearised(z: Array, given: Any) -> tuple[Array, Array]:
    """Return potential and gradient of :func:`_whitened` by the program of calibration."""
    mode, factor, *rest = given
    at = linearise(mode + factor @ z, *rest)
    r = at.residual
    return 0.5 * (r @ r), factor.T @ (at.jacobian.T @ r)


@partial(jax.jit, static_argnames="target", compiler_options=RUN_SELDOM)
def _begun(start: Array, given: Any, target: Target) -> tuple[Array, Array]:
    """Return potential and gradient at a start: with them :func:`_chain` holds its gradient once.

    It compiles for as long as all else, and NumPyro would put it in twice.
    """
    potential, slope = jax.value_and_grad(lambda z: -target(z, given))(start)
    return potential, slope


@partial(jax.jit, static_argnames=("target", "draws", "warmup"), compiler_options=RUN_OFTEN)
def _chain(
    start: tuple[Array, Array, Array],
    key: Array,
    given: Any,
    target: Target,
    draws: int,
    warmup: int,
) -> tuple[Array, Array, Array, Array]:
    """Return draws [draw, unknown], how many diverged, the step size, and gradients per draw.

    ``start`` is a point, and potential and gradient there.
    """
    hmc = _numpyro("infer.hmc")

    def potential(z: Array) -> Array:
        return -target(z, given)

    begin, step = hmc.hmc(potential, algo="NUTS")
    asked = {"step_size": FIRST_STEP, "max_tree_depth": DEPTH, "rng_key": key}
    state = begin(hmc.ParamInfo(*start), warmup, **asked)

    def one(state: Any, _: None) -> tuple[Any, tuple[Array, Array, Array]]:
        state = step(state)
        return state, (state.z, state.diverging, state.num_steps)

    state, path = jax.lax.scan(one, state, length=warmup + draws)
    values, divergent, steps = (x[warmup:] for x in path)
    return values, divergent.sum(), state.adapt_state.step_size, steps.mean()


def _diagnosed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return effective sample sizes and split R-hat of draws [chain, draw, unknown]."""
    of = _numpyro("diagnostics")
    with np.errstate(divide="ignore"):  # few draws may happen to alternate: their time is none
        effective = np.asarray(of.effective_sample_size(values))
    return effective, np.asarray(of.split_gelman_rubin(values))


def _numpyro(module: str) -> ModuleType:
    try:
        return import_module(f"numpyro.{module}")
    except ImportError:
        raise InputError(
            "NUTS needs NumPyro, which is an extra: pip install 'marketsim[nuts]'"
        ) from None
