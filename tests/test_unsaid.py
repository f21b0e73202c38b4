"""A posterior found again without what was said ahead: where it must be, and at the same mode."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import marketsim as ms
from marketsim.calibration.likelihood import linearise, sample
from marketsim.calibration.observations import observe
from marketsim.calibration.unsaid import AHEAD, unsaid, with_said
from marketsim.observables import of_kind
from marketsim.precision import precise


@pytest.fixture(scope="module")
def deaf(posterior: ms.Posterior) -> ms.Posterior:
    return unsaid(posterior)


def test_whoever_hears_the_same_stays_where_he_is(posterior: ms.Posterior) -> None:
    again = with_said(posterior, posterior.knowledge)
    np.testing.assert_allclose(again.mode, posterior.mode, atol=1e-9)
    np.testing.assert_allclose(again.covariance, posterior.covariance, atol=1e-9)


def test_reports_are_heard_as_before_and_nothing_else(
    posterior: ms.Posterior, deaf: ms.Posterior
) -> None:
    said = posterior.fit["series"].str.split(" ").str[0].isin(AHEAD)
    assert said.any()
    kept = posterior.fit[~said].reset_index(drop=True)
    assert deaf.fit["series"].tolist() == kept["series"].tolist()
    np.testing.assert_array_equal(deaf.fit["noise_log"], kept["noise_log"])
    assert {of_kind(kind).horizon for kind in AHEAD} == {"ahead"}


def test_it_is_about_a_step_of_newton_away(posterior: ms.Posterior, deaf: ms.Posterior) -> None:
    """To the first order: what the statements pulled, over the curvature that reports leave."""
    rows = posterior.fit_paths["series"].str.split(" ").str[0].isin(AHEAD).to_numpy()
    with precise("float64"):
        data = sample(
            observe(posterior.knowledge, posterior.window), posterior.fit["noise_log"].to_numpy()
        )
        at = linearise(jnp.asarray(posterior.mode), data, posterior.coordinates, posterior.setting)
        said = data.rows[rows]
        pull = np.asarray(at.jacobian)[said].T @ np.asarray(at.residual)[said]
    rest = posterior.jacobian[~rows]
    step = np.linalg.solve(np.eye(len(pull)) + rest.T @ rest, pull)
    moved = deaf.mode - posterior.mode
    assert np.linalg.norm(moved - step) < 0.5 * np.linalg.norm(moved)
    assert (np.diag(deaf.covariance) / np.diag(posterior.covariance)).max() > 1.1  # less is known


def test_it_is_where_a_calibration_to_reports_alone_would_be(
    facts: ms.Knowledge, posterior: ms.Posterior, deaf: ms.Posterior
) -> None:
    """But for the noise of reports, which that would find anew."""
    quantities = {name for kind in AHEAD for name in of_kind(kind).quantities}
    table = facts.table[~facts.table["quantity"].isin(quantities)].reset_index(drop=True)
    alone = ms.calibrate(facts.with_facts(table))
    apart = np.sqrt(np.diag(posterior.covariance))
    far, near = (np.abs(one.mode - alone.mode) / apart for one in (posterior, deaf))
    assert near.max() < 0.3 * far.max()
    assert np.sqrt((near**2).mean()) < 0.3 * np.sqrt((far**2).mean())
