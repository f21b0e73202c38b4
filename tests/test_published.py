"""Priors from published rates: pooled as the textbook says, cited, and never seen too early."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

import marketsim as ms
from marketsim.calibration import window_at
from marketsim.calibration.prior import priors
from marketsim.calibration.published import LINKED, PRIORS, pool, published
from marketsim.model import entries

EVERY = ms.load_facts()
LATE = EVERY.upto("2026-09-30")
NAMES = {name for prior in PRIORS for name in prior.entries}


# ----------------------------------------------------------------------- pooling


@pytest.mark.parametrize("seed", range(4))
def test_pooling_is_der_simonian_and_lairds(seed: int) -> None:
    """The same mean and between-study variance as statsmodels."""
    chance = np.random.default_rng(seed)
    values, errors = chance.normal(0.3, 0.4, 7), chance.uniform(0.05, 0.3, 7)
    known = combine_effects(values, errors**2, method_re="dl")
    mean, spread = pool(values, errors)
    assert mean == pytest.approx(known.mean_effect_re)
    between = max(0.0, known.tau2)
    assert spread == pytest.approx(math.sqrt(between + known.var_eff_w_re))


def test_one_study_gives_itself() -> None:
    assert pool(np.array([0.4]), np.array([0.1])) == pytest.approx((0.4, 0.1))


def test_studies_that_agree_leave_the_error_of_their_mean() -> None:
    mean, spread = pool(np.full(4, 0.7), np.full(4, 0.2))
    assert mean == pytest.approx(0.7)
    assert spread == pytest.approx(0.1)


def test_studies_that_disagree_leave_their_spread() -> None:
    """Exact studies: the next case lies about the mean as they do."""
    values = np.array([0.1, 0.4, 0.6, 0.9])
    mean, spread = pool(values, np.full(4, 1e-6))
    assert mean == pytest.approx(values.mean())
    assert spread == pytest.approx(values.std(ddof=1) * math.sqrt(1.25), rel=1e-6)


# ----------------------------------------------------------------------- forms


def test_every_way_of_telling_a_rate_is_the_same_rate() -> None:
    """Doubling in a year, halving in twelve months, and a factor of two a year."""
    rates = [LINKED["factor"](2.0), LINKED["doubling in years"](1.0)]
    np.testing.assert_allclose([*rates, LINKED["halving in months"](12.0)], math.log(2.0))
    assert LINKED["elasticity"](-1.0) == 0.0


# ----------------------------------------------------------------------- the table


def test_every_study_is_in_the_facts_with_a_unit_that_fits() -> None:
    units = LATE.select("trend").set_index("entity")["unit"]
    told = {
        "factor": "x per year",
        "doubling in years": "years",
        "halving in months": "months",
        "elasticity": "elasticity",
    }
    for study in (s for prior in PRIORS for s in prior.studies):
        assert units[study.entity] == told[study.form], study.entity


def test_every_prior_is_of_an_assumption_and_named_once() -> None:
    known = {entry.name for entry in entries(EVERY.universe.revenue_map.lines)}
    assert known >= NAMES
    assert len(NAMES) == sum(len(prior.entries) for prior in PRIORS)


def test_no_prior_is_tighter_than_its_floor() -> None:
    found = published(LATE)
    assert set(found) == NAMES
    for prior in PRIORS:
        for name in prior.entries:
            assert found[name].scale >= prior.floor > 0.05


def test_a_published_interval_holds_the_prior_median_it_gives() -> None:
    """Ho et al.: compute halves in 8 months, 5 to 14; the price-performance of Epoch and others."""
    found = published(EVERY.upto("2024-12-31"))
    assert found["algorithmic_growth"].centre == pytest.approx(12.0 * math.log(2.0) / 8.0)
    assert math.log(2.0) / 2.9 < found["compute_per_dollar_growth[asic]"].centre
    assert found["compute_per_dollar_growth[asic]"].centre < math.log(2.0) / 1.6
    assert math.log(2.0) < found["training_growth"].centre < math.log(2.9)


def test_unchecked_studies_count_less() -> None:
    sure = LATE.with_facts(LATE.table.assign(confidence="sourced"))
    doubted = LATE.with_facts(LATE.table.assign(confidence="unverified"))
    name = "algorithmic_growth"
    assert published(doubted)[name].scale > published(sure)[name].scale


# ----------------------------------------------------------------------- point in time


def test_a_rate_is_used_from_its_publication_on() -> None:
    day = LATE.series("trend", "training: frontier training compute")
    assert len(day)
    assert "training_growth" not in published(EVERY.upto("2024-12-30"))
    assert "training_growth" in published(EVERY.upto("2024-12-31"))


def test_without_a_published_rate_the_declared_prior_stands() -> None:
    date = "2022-12-31"
    declared = {e.name: e for e in entries(EVERY.universe.revenue_map.lines)}
    listed = priors(EVERY.upto(date), window_at(pd.Timestamp(date)))
    for entry in listed:
        if entry.name in {"algorithmic_growth", "training_growth"}:
            assert entry == declared[entry.name]


@pytest.mark.parametrize("date", ["2021-06-30", "2024-06-30", "2025-12-31"])
def test_later_rates_change_nothing(date: str) -> None:
    late = EVERY.table["published"] > pd.Timestamp(date)
    changed = EVERY.table.assign(value=EVERY.table["value"].where(~late, 3.0))
    again, found = published(EVERY.with_facts(changed).upto(date)), published(EVERY.upto(date))
    assert again == found
    assert {n: p.source for n, p in again.items()} == {n: p.source for n, p in found.items()}


def test_each_prior_cites_its_studies() -> None:
    date = "2025-12-31"
    listed = priors(EVERY.upto(date), window_at(pd.Timestamp(date)))
    sources = {entry.name: entry.source for entry in listed}
    assert "NBER WP 34608" in sources["elasticity[interactive]"]
    assert "arXiv 2403.05812" in sources["algorithmic_growth"]
    assert "Cottier" in sources["training_growth"]


def test_an_architectures_own_chips_come_first() -> None:
    """GPUs have prices, so their own trend; TPUs are not sold, so the published one."""
    date = "2025-12-31"
    listed = priors(EVERY.upto(date), window_at(pd.Timestamp(date)))
    found, entry = published(EVERY.upto(date)), {e.name: e for e in listed}
    name = "compute_per_dollar_growth[{}]"
    assert entry[name.format("asic")].centre == found[name.format("asic")].centre
    assert entry[name.format("gpu")].centre != found[name.format("gpu")].centre
