"""Derivatives at one central world: of what companies sell and are worth, by every assumption.

The derivatives are of the future: history and the state it left stay as calibrated, and the
assumption changes from the decision date on.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.calibration import Posterior
from marketsim.ensemble import YEAR, future, histories
from marketsim.model import Coordinates, Setting, Shocks, State
from marketsim.model.tree import leaf, pytree
from marketsim.precision import RUN_SELDOM
from marketsim.valuation import Terms, Valuation, ValuationAssumptions

from .chain import SEEN, log_worth

__all__ = ["Companies", "Handover", "companies_of", "handover", "slopes", "valued"]


@pytree
class Handover:
    """The calibrated world at the decision date.

    Linked coordinates [entry], its state, and the news of the coming quarters [kind, quarter].
    """

    link: Array
    state: State
    coming: Array


@pytree
class Companies:
    """Companies that were valued: their positions among all, ``columns``, and what values them.

    ``lives`` is revenue over what the model has of it [quarter, company], ``expected`` what
    forecasts expect of the world, ``rest`` what the market pays beyond, per dollar of revenue.
    """

    columns: Array
    lives: Array
    expected: dict[str, Array]
    assumed: ValuationAssumptions
    terms: Terms
    rest: Array


def handover(posterior: Posterior) -> Handover:
    """Return the calibrated world at the decision date."""
    mode = histories(
        posterior.mode[None], posterior.coordinates, posterior.setting, lambda quarters: ()
    )
    found: Handover = jax.tree.map(
        lambda x: jnp.asarray(x[0]), Handover(leaf(mode.link), mode.state, leaf(mode.coming))
    )
    return found


def companies_of(valuation: Valuation) -> Companies:
    """Return the companies of a valuation, as they are in the calibrated world."""
    return Companies(
        columns=jnp.asarray(valuation.columns),
        lives=leaf(valuation.paths.calibrated.lives[0][:, valuation.columns].astype(float)),
        expected={name: leaf(np.asarray(x)) for name, x in valuation.expected.items()},
        assumed=valuation.assumed,
        terms=valuation.terms,
        rest=leaf(np.asarray(valuation.anchor.rest)),
    )


@partial(jax.jit, static_argnames="quarters", compiler_options=RUN_SELDOM)
def slopes(
    move: Array,
    last: Handover,
    coordinates: Coordinates,
    setting: Setting,
    companies: Companies,
    quarters: int,
) -> tuple[Array, Array, Array]:
    """Return derivatives by ``move`` [entry] at it, each [company, entry].

    Of the logs of revenue in the next year and in the last one simulated, and of value.
    """

    def outcome(m: Array) -> tuple[Array, Array, Array]:
        revenue, worth = valued(m, last, coordinates, setting, companies, quarters)
        near, far = revenue[:YEAR].sum(axis=0), revenue[-YEAR:].sum(axis=0)
        return jnp.log(near), jnp.log(far), worth

    found: tuple[Array, Array, Array] = jax.jacfwd(outcome)(move)
    return found


def valued(
    move: Array,
    last: Handover,
    coordinates: Coordinates,
    setting: Setting,
    companies: Companies,
    quarters: int,
) -> tuple[Array, Array]:
    """Return what companies sell and are worth in the moved central world.

    Revenue, USD bn per quarter [quarter, company], and the log of enterprise value [company].
    """
    calm = Shocks(*jnp.pad(last.coming, ((0, 0), (0, quarters)))[:, :quarters])
    ahead = future(last.link + move, setting, last.state, calm, coordinates)
    x, owner = companies, setting.lines.owner[companies.columns]
    seen = {name: getattr(ahead, name) for name in SEEN}
    worth = log_worth(x.assumed, x.terms, x.rest, owner, x.expected, seen, x.lives)
    return (ahead.lines @ owner.T) * x.lives, worth
