"""Sellers earn what buyers spend: the forecast beyond its first year, against the textbook's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import marketsim as ms
from marketsim.forecasting.balance import YEAR, Balanced, _observed, _weights, balanced
from marketsim.forecasting.hearing import Heard
from marketsim.forecasting.joint import Joint
from marketsim.forecasting.projection import LONGEST
from marketsim.forecasting.structure import Growth
from marketsim.statements import Open

CHANCE = np.random.default_rng(7)
SERIES = 3


def some() -> Joint:
    root = CHANCE.normal(size=(SERIES * LONGEST, 60))
    return Joint(CHANCE.normal(size=(SERIES, LONGEST)), 0.001 * root @ root.T)


def grown(joint: Joint, weight: np.ndarray, first: int) -> float:
    """By how much sellers grow more than buyers from one year to the next."""
    years = joint.mean.reshape(len(weight), -1, YEAR).mean(axis=2)
    return float(weight @ (years[:, first + 1] - years[:, first]))


def test_all_that_moved_a_forecast_still_adds_up_to_it(published: ms.forecasting.Forecast) -> None:
    heard = sum(one.shift for one in published.heard)
    np.testing.assert_allclose(
        published.unheard.location + heard, published.joint.mean, atol=1e-9, rtol=0.0
    )


def test_what_was_heard_is_told_in_proportion() -> None:
    """The step is linear in what was expected: that of a sum is the sum of those of its parts."""
    joint, direction = some(), CHANCE.normal(size=SERIES * LONGEST)
    parts = CHANCE.normal(size=(2, SERIES, LONGEST))
    said: Open = None  # type: ignore[assignment]  # what was said plays no part
    before = Balanced(joint, [Heard(said, x) for x in parts], joint.mean - parts.sum(axis=0))
    found = _observed(before, direction, 0.4, 0.02, np.arange(SERIES * LONGEST))
    textbook = joint.observed(direction, 0.4, 0.02)
    np.testing.assert_allclose(found.joint.mean, textbook.mean)
    np.testing.assert_allclose(found.joint.covariance, textbook.covariance)
    whole = found.unheard + sum(one.shift for one in found.heard)
    np.testing.assert_allclose(whole, textbook.mean, rtol=1e-9)


def test_the_first_year_stays_and_later_ones_follow(published: ms.forecasting.Forecast) -> None:
    years = LONGEST // YEAR - 1
    for step in published.joint.steps[-years:]:
        gain = step.gain.reshape(*published.joint.mean.shape)
        assert (gain[:, :YEAR] == 0.0).all()
        assert np.abs(gain[:, YEAR:]).max() > 0.1


def test_sellers_and_buyers_that_part_meet_in_between(
    posterior: ms.Posterior, published: ms.forecasting.Forecast
) -> None:
    """Sellers forecast to grow by a third beyond the model give way, and owners spend more."""
    panel, mean = published.panel, published.joint.mean
    weight = _weights(posterior, panel.series, mean)
    assert weight is not None
    assert weight.sum() == pytest.approx(0.0, abs=1e-12)
    high = mean + 0.3 * np.outer(weight > 0.0, np.arange(LONGEST) >= YEAR)
    model = Growth(np.broadcast_to(published.lines.centre, (2, *mean.shape)))
    apart = replace(published.joint, mean=high)
    found = balanced(posterior, panel, model, apart, [], high).joint
    for sign in (1.0, -1.0):
        side = np.where(sign * weight > 0.0, np.abs(weight), 0.0)
        moved = side @ (found.mean - high)[:, YEAR : 2 * YEAR].mean(axis=1)
        assert -0.2 < sign * moved < -0.002
    wanted = grown(replace(found, mean=published.lines.centre), weight, 0)
    before, after = (grown(x, weight, 0) - wanted for x in (apart, found))
    assert 0.0 < after < 0.8 * before
    variances = (np.diag(x.covariance) for x in (found, published.joint))
    assert np.less_equal(*variances).mean() > 0.99


def test_where_owners_are_unknown_nothing_moves(
    posterior: ms.Posterior, published: ms.forecasting.Forecast
) -> None:
    kept = np.array([s.quantity != "quarterly_capex" for s in published.series])
    some_of = published.panel.of(kept)
    mean = published.joint.mean[kept]
    model = Growth(published.lines.centre[None][:, kept])
    joint = Joint(mean, np.eye(mean.size))
    assert balanced(posterior, some_of, model, joint, [], mean).joint is joint


def test_worlds_are_the_published_forecast_in_every_year(
    paths: ms.Paths, published: ms.forecasting.Forecast
) -> None:
    """One distribution, also beyond the first year: sellers, at the ends of calendar quarters."""
    compared = 0
    for row, s in enumerate(published.series):
        if (s.quantity, s.segment) != ("quarterly_revenue", "total"):
            continue
        place = paths.companies.index(s.ticker)
        for horizon, end in enumerate(s.ends(LONGEST)):
            if horizon < YEAR or end not in paths.quarter_ends:
                continue
            seen = np.log(paths.unshifted.revenue[:, paths.quarter_ends.get_loc(end), place])
            usual = 1e-3 * (1.10 if s.unit == "EUR m" else 1.0)
            location = published.joint.mean[row, horizon] + np.log(usual)
            scale = np.sqrt(published.joint.variance[row, horizon])
            assert seen.mean() == pytest.approx(location, abs=4.5 * scale / np.sqrt(len(seen)))
            assert seen.std() == pytest.approx(scale, rel=0.15)
            compared += 1
    assert compared > 100
