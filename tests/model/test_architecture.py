"""Mechanism 8: the cheaper design gains, as fast as porting allows; McFadden's nested logit."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from jax.nn import logsumexp

from marketsim.model import ARCHITECTURES, CLASSES, Assumptions, architecture
from marketsim.model.architecture import Choice, initial_choice, log_unit_cost, mixture
from marketsim.model.roofline import Work
from marketsim.model.tree import leaf

GPU, ASIC, FAST = range(len(ARCHITECTURES))
COST = leaf(np.log([[1.0, 1.2, 2.0], [0.8, 1.0, 1.9], [3.0, 3.0, 3.1]]))
NONE, SIZE = leaf(np.zeros(len(ARCHITECTURES))), (len(ARCHITECTURES), len(CLASSES))
SEEDS = pytest.mark.parametrize("seed", range(20))
advance = jax.jit(architecture.advance_choice)
nested_logit = jax.jit(architecture.nested_logit)
utilities = jax.jit(architecture.utilities)


def still(a: Assumptions) -> Assumptions:
    """Without drift of preference."""
    return replace(a, preference_drift=jnp.zeros(2))


def later(a: Assumptions, cost: Array, quarters: int, before: Array = COST) -> Choice:
    choice = initial_choice(a, before)
    for _ in range(quarters):
        choice = advance(a, choice, cost)
    return choice


def any_utility(seed: int, spread: float = 3.0) -> Array:
    return jnp.asarray(np.random.default_rng(seed).normal(0.0, spread, SIZE))


# The nested logit


@SEEDS
def test_with_a_dissimilarity_of_one_it_is_the_plain_logit(median: Assumptions, seed: int) -> None:
    a, u = replace(median, nest_dissimilarity=jnp.asarray(1.0)), any_utility(seed)
    np.testing.assert_allclose(nested_logit(a, u), jax.nn.log_softmax(u, axis=0), atol=1e-12)


@SEEDS
def test_shares_are_those_of_mcfadden(median: Assumptions, seed: int) -> None:
    """P(i) = P(i | nest) P(nest), with the inclusive value of the nest, McFadden 1978."""
    u, apart = np.asarray(any_utility(seed)), float(median.nest_dissimilarity)
    within = np.exp(u[:FAST] / apart)
    nest = within.sum(axis=0) ** apart
    both = nest / (nest + np.exp(u[FAST]))
    by_hand = [*(within / within.sum(axis=0) * both), 1.0 - both]
    np.testing.assert_allclose(np.exp(nested_logit(median, u)), by_hand, rtol=1e-9)


@SEEDS
def test_shares_are_the_gradient_of_expected_utility(median: Assumptions, seed: int) -> None:
    """The Williams-Daly-Zachary theorem: choices come from a random utility."""

    def surplus(u: Array) -> Array:
        nest = median.nest_dissimilarity * logsumexp(u[:FAST] / median.nest_dissimilarity, axis=0)
        return jnp.logaddexp(nest, u[FAST]).sum()

    u = any_utility(seed)
    np.testing.assert_allclose(np.exp(nested_logit(median, u)), jax.grad(surplus)(u), rtol=1e-9)


@SEEDS
def test_utilities_invert_it(median: Assumptions, seed: int) -> None:
    """Berry 1994: up to a constant for each class."""
    u = any_utility(seed)
    found = utilities(median, nested_logit(median, u))
    np.testing.assert_allclose(found - found[GPU], u - u[GPU], rtol=1e-9, atol=1e-9)
    shares = jax.nn.log_softmax(any_utility(seed + 100), axis=0)
    np.testing.assert_allclose(nested_logit(median, utilities(median, shares)), shares, rtol=1e-9)


@SEEDS
def test_what_stands_outside_leaves_the_odds_inside_the_nest(
    median: Assumptions, seed: int
) -> None:
    """Independence of irrelevant alternatives holds inside; nearer substitutes lose more."""
    u = any_utility(seed, spread=1.0)
    plain, fast, asic = (
        nested_logit(median, u.at[i].add(x)) for i, x in ((0, 0.0), (2, 1), (1, 1))
    )
    np.testing.assert_allclose(fast[ASIC] - fast[GPU], plain[ASIC] - plain[GPU], rtol=1e-9)
    np.testing.assert_allclose(fast[ASIC] - fast[GPU], (u[1] - u[0]) / median.nest_dissimilarity)
    assert (asic[GPU] - plain[GPU] < asic[FAST] - plain[FAST]).all()


@SEEDS
def test_shares_sum_to_one_at_any_costs(median: Assumptions, seed: int) -> None:
    draw = np.random.default_rng(seed)
    share, preference = (jnp.asarray(draw.normal(0.0, 5.0, SIZE)) for _ in range(2))
    choice = Choice(share, preference, drifting=jnp.ones(()))
    choice = advance(median, choice, jnp.asarray(draw.normal(0.0, 20.0, SIZE)))
    np.testing.assert_allclose(np.exp(choice.log_share).sum(axis=0), 1.0)
    work = Work(*(jnp.asarray(draw.lognormal(0.0, 5.0, SIZE)) for _ in range(2)))
    mix = mixture(choice, work, jnp.asarray(draw.dirichlet(np.ones(len(CLASSES)))))
    assert float(mix.sum()) == pytest.approx(1.0)
    assert (mix > 0.0).all()


# Choice over time


def test_it_starts_from_the_shares_of_the_window(median: Assumptions) -> None:
    shares = np.exp(initial_choice(median, COST).log_share)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    asic, fast = float(median.initial_asic_share), float(median.initial_low_latency_share)
    np.testing.assert_allclose(shares[ASIC] / shares[GPU], np.full(3, asic / (1.0 - asic)))
    np.testing.assert_allclose(shares[FAST], np.full(3, fast / (1.0 + fast)))


def test_at_the_costs_of_then_nothing_moves(median: Assumptions) -> None:
    then, now = initial_choice(median, COST), later(still(median), COST, quarters=8)
    np.testing.assert_allclose(now.log_share, then.log_share, atol=1e-12)


def test_in_the_long_run_shares_are_a_nested_logit_of_cost(median: Assumptions) -> None:
    """Odds inside the nest answer more to cost than the nest against what stands outside."""
    a = still(median)
    then = np.asarray(initial_choice(a, COST).log_share)
    dearer, both = (jnp.asarray(COST).at[i].add(0.5) for i in (GPU, np.array([GPU, ASIC])))
    one, two = (np.asarray(later(a, cost, quarters=400).log_share) for cost in (dearer, both))
    moved = (one[ASIC] - one[GPU]) - (then[ASIC] - then[GPU])
    full = 0.5 * float(a.choice_sensitivity)
    np.testing.assert_allclose(moved, np.full(3, full / float(a.nest_dissimilarity)), rtol=1e-6)
    np.testing.assert_allclose(two[ASIC] - two[GPU], then[ASIC] - then[GPU], atol=1e-9)
    np.testing.assert_allclose((two[FAST] - two[GPU]) - (then[FAST] - then[GPU]), np.full(3, full))


def test_porting_cost_delays_the_cheaper_design(median: Assumptions) -> None:
    """Claim C8."""
    cheaper = jnp.asarray(COST).at[FAST].add(-2.0)
    shares = [
        np.exp(later(replace(still(median), porting_inertia=jnp.asarray(p)), cheaper, 6).log_share)
        for p in (0.0, 0.5, 0.9)
    ]
    assert (shares[0][FAST] > shares[1][FAST]).all()
    assert (shares[1][FAST] > shares[2][FAST]).all()
    assert (shares[2][GPU] > shares[0][GPU]).all()


@pytest.mark.parametrize(("entry", "gains"), [(0, ASIC), (1, FAST)])
def test_preference_drifts_to_asics_or_to_novel_hardware(
    median: Assumptions, entry: int, gains: int
) -> None:
    drifting = replace(median, preference_drift=jnp.zeros(2).at[entry].set(0.3))
    plain, drifted = (np.exp(later(a, COST, 12).log_share) for a in (still(median), drifting))
    others = [i for i in (GPU, ASIC, FAST) if i != gains]
    assert (drifted[gains] > plain[gains]).all()
    assert (drifted[others] < plain[others]).all()


def test_drift_fades_to_a_plateau(median: Assumptions) -> None:
    """What is left to come of a drift is drift over fading."""
    a = replace(median, preference_drift=jnp.asarray([0.3, 0.0]), drift_fading=jnp.asarray(0.5))
    at = [later(a, COST, quarters).preference[ASIC] for quarters in (0, 4, 120)]
    quarter = -np.expm1(-0.5 / 4.0)
    left = 0.3 / 4.0 / quarter * -np.expm1([-0.5, -15.0])
    np.testing.assert_allclose(at[1] - at[0], np.full(3, left[0]))
    np.testing.assert_allclose(at[2] - at[0], np.full(3, left[1]))


# What a token costs, and what is ordered


def work_of(decode: Array | float, prefill: float) -> Work:
    return Work(decode=decode + jnp.zeros(SIZE), prefill=jnp.full(SIZE, prefill))


def test_unit_cost_is_work_times_what_compute_costs() -> None:
    work = work_of(jnp.array([[1.0, 2.0, 4.0]] * 3), prefill=0.5)
    cost = np.exp(log_unit_cost(work, jnp.full(3, 2.0), jnp.full(3, 1.0), NONE))
    np.testing.assert_allclose(cost, [[4.5, 7.5, 13.5]] * 3)


def test_prefill_of_low_latency_designs_is_paid_at_the_cost_of_gpus() -> None:
    work = work_of(2.0, prefill=3.0)
    cost = np.exp(log_unit_cost(work, jnp.array([1.0, 4.0, 9.0]), jnp.array([1.0, 1, 1]), NONE))
    np.testing.assert_allclose(cost[GPU], np.full(3, 5.0 * 2.0))
    np.testing.assert_allclose(cost[ASIC], np.full(3, 5.0 * 5.0))
    np.testing.assert_allclose(cost[FAST], np.full(3, 2.0 * 10.0 + 3.0 * 2.0))


def test_short_power_prefers_compute_per_watt(median: Assumptions) -> None:
    """Claim C3: two designs, one cheap to buy, one cheap to run."""
    capital, running, kw = (jnp.array(x) for x in ([3.0, 3.6, 9], [1.0, 0.5, 0.5], [1.2, 0.6, 1.5]))
    plenty, short = (log_unit_cost(work_of(1.0, 1.0), capital, running, r * kw) for r in (0.0, 2.0))
    assert (plenty[GPU] < plenty[ASIC]).all()
    assert (short[ASIC] < short[GPU]).all()


def test_shares_of_tokens_become_shares_of_compute_by_their_work() -> None:
    """A class of half GPUs, half low-latency designs that need twice the work to decode."""
    choice = Choice(
        jnp.log(jnp.array([[0.5] * 3, [1e-12] * 3, [0.5] * 3])), jnp.zeros(SIZE), jnp.ones(())
    )
    decode = jnp.array([1.0, 1.0, 2.0])[:, None]
    alone, prompted = (
        mixture(choice, work_of(decode, prefill), jnp.array([0.2, 0.3, 0.5]))
        for prefill in (0.0, 1.0)
    )
    np.testing.assert_allclose(alone, [1.0 / 3.0, 0.0, 2.0 / 3.0], atol=1e-9)
    # One unit of prefill each: GPUs do theirs and the other's, 1 + 1 + 1 of 5.
    np.testing.assert_allclose(prompted, [3.0 / 5.0, 0.0, 2.0 / 5.0], atol=1e-9)


@SEEDS
def test_barred_gpus_are_not_ordered_and_nothing_else_is_missed(seed: int) -> None:
    """Claim C15."""
    draw = np.random.default_rng(seed)
    mix, barred = draw.dirichlet(np.ones(3)), float(draw.uniform())
    kept, left = architecture.bar(jnp.asarray(mix), jnp.asarray(barred))
    assert float(kept.sum()) == pytest.approx(1.0)
    assert float(left) == pytest.approx(1.0 - barred * mix[GPU])
    np.testing.assert_allclose(kept * left, mix * (1.0 - barred * np.array([1.0, 0.0, 0.0])))
