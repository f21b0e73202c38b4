"""Priors: one normal coordinate for every assumption, and the way back."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from marketsim.model.priors import KINDS, Prior, inverse, lognormal, normal, share, transform

PRIORS = [normal(-0.3, 0.2), lognormal(2.5, 0.4), share(0.3, 0.7)]


@given(st.integers(0, 2), st.floats(-8.0, 8.0))
def test_inverse_undoes_transform(kind: int, link: float) -> None:
    value = transform(jnp.asarray(kind), jnp.asarray(link))
    assert float(inverse(jnp.asarray(kind), value)) == pytest.approx(link, abs=1e-9)


@given(st.floats(-30.0, 30.0), st.floats(-30.0, 30.0), st.floats(-30.0, 30.0))
def test_values_respect_their_bounds(x: float, y: float, z: float) -> None:
    free, positive, part = transform(jnp.arange(3), jnp.array([x, y, z]))
    assert float(free) == x
    assert positive > 0.0
    assert 0.0 < part < 1.0


@pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.kind)
def test_the_median_is_where_the_coordinate_is_zero(prior: Prior) -> None:
    assert prior.value_at(0.0) == pytest.approx(prior.median)
    assert prior.value_at(-1.0) < prior.value_at(0.0) < prior.value_at(1.0)


def test_spread_is_the_standard_deviation_of_value_log_and_logit() -> None:
    free, positive, part = PRIORS
    assert free.value_at(1.0) - free.value_at(0.0) == pytest.approx(0.2)
    assert math.log(positive.value_at(1.0) / positive.value_at(0.0)) == pytest.approx(0.4)
    odds = part.value_at(1.0) / (1.0 - part.value_at(1.0))
    assert math.log(odds * 0.7 / 0.3) == pytest.approx(0.7)


def test_quantiles_are_those_of_the_named_distribution() -> None:
    assert PRIORS[0].value_at(1.3) == pytest.approx(stats.norm(-0.3, 0.2).ppf(stats.norm.cdf(1.3)))
    assert PRIORS[1].value_at(1.3) == pytest.approx(
        stats.lognorm(0.4, scale=2.5).ppf(stats.norm.cdf(1.3))
    )


def test_one_median_and_spread_serve_every_entry_or_each_has_its_own() -> None:
    assert len(lognormal(1.0, 0.2).coordinates(3)) == 3
    own = normal((1.0, 2.0), (0.1, 0.2))
    assert own.coordinates(2) == [(0, 1.0, 0.1), (0, 2.0, 0.2)]
    assert own.value_at(1.0, entry=1) == pytest.approx(2.2)
    with pytest.raises(ValueError, match="argument 2"):
        normal((1.0, 2.0), (0.1, 0.2, 0.3)).coordinates(2)


def test_slopes_stay_finite_for_every_kind_far_from_the_median() -> None:
    kinds = jnp.arange(len(KINDS))
    slope = jax.jacfwd(lambda link: transform(kinds, link))(jnp.array([200.0, 200.0, 200.0]))
    assert np.isfinite(np.diag(slope)).all()
    assert np.isfinite(np.diag(jax.jacfwd(lambda v: inverse(kinds, v))(jnp.full(3, 0.4)))).all()
