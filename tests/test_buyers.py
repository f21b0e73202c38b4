"""Buyers pay what sellers earn: an identity in every world, whatever companies' lives."""

from __future__ import annotations

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.ensemble import ahead, histories
from marketsim.forecasting.book import Book, book_of, first_paid
from marketsim.forecasting.projection import LONGEST
from marketsim.forecasting.structure import LAG, followed, followed_on
from marketsim.model import layers
from marketsim.model.units import LAYERS
from marketsim.simulation import again, kept, spent_over
from marketsim.simulation.buyers import SPENT, _base
from marketsim.simulation.lives import deviations

CHANCE = np.random.default_rng(3)
WORLDS = 40

amounts = st.lists(st.floats(0.1, 100.0), min_size=len(LAYERS), max_size=len(LAYERS))


@pytest.fixture(scope="module")
def book(posterior: ms.Posterior) -> Book:
    return book_of(posterior)


@pytest.fixture(scope="module")
def ran(paths: ms.Paths) -> tuple[ms.simulation.Ahead, dict[str, np.ndarray]]:
    """The first draws as the model has them, before anybody has a life."""
    posterior = paths.scenarios.posterior
    worlds = again(paths, paths.index[:WORLDS], paths.scenarios.moves[paths.regime[:WORLDS]])
    owner = np.asarray(posterior.setting.lines.owner)
    keep = partial(kept, owner)
    seen = ahead(worlds.values, posterior.setting, worlds.state, worlds.news, keep)
    return worlds, seen


def earned(
    posterior: ms.Posterior, worlds: ms.simulation.Ahead, seen: dict[str, np.ndarray]
) -> np.ndarray:
    """What builders pay sellers of the book first in the model, [world, quarter, seller]."""
    book, quarters = book_of(posterior), seen["spending"].shape[1]
    base = [
        _base(posterior, worlds.values, worlds.state.industry.log_base, quarters, one)
        for one in book.sellers
    ]
    drawn = seen["lines"][..., book.sellers] - np.stack(base, axis=-1)
    return np.asarray(drawn * book.parts(seen["spending"]))


def spent(
    posterior: ms.Posterior,
    worlds: ms.simulation.Ahead,
    seen: dict[str, np.ndarray],
    lives: np.ndarray,
    owners: np.ndarray,
) -> np.ndarray:
    """Capital spending, USD bn, [world, quarter]."""
    over = spent_over(posterior, worlds.values, worlds.state.industry.log_base, seen, lives, owners)
    return np.asarray(over * seen["capital_spending"])


# ----------------------------------------------------------------------- who is paid what


@given(amounts)
def test_who_is_paid_first_is_paid_all_capital_spending(amount: list[float]) -> None:
    """Accelerators inside servers count once; the model's own sum has them in servers."""
    spending = np.array(amount)
    assert sum(first_paid(spending)) == pytest.approx(float(layers.capital(jnp.asarray(spending))))


def test_the_book_and_the_rest_are_paid_all_of_it(book: Book) -> None:
    spending = CHANCE.uniform(1.0, 9.0, (5, 3, len(LAYERS)))
    spending[..., LAYERS.index("servers")] += spending[..., LAYERS.index("gpu")]
    stated = spending @ book.share[book.sellers].T
    paid = (book.parts(spending) * stated).sum(axis=-1) + book.rest(spending)
    np.testing.assert_allclose(paid, sum(first_paid(spending)))
    weights = book.weights(spending[0, 0])
    assert weights.sum() == pytest.approx(1.0)
    assert set(np.flatnonzero(weights)) == set(book.sellers)


def test_who_sells_no_more_than_what_builders_pay_counts_whole(
    book: Book, posterior: ms.Posterior
) -> None:
    """A maker of chips does, of those who sell servers only what they add to the chips inside."""
    spending = np.ones(len(LAYERS))
    spending[LAYERS.index("servers")] = 4.0
    parts = dict(zip(book.sellers, book.parts(spending), strict=True))
    whole, servers = (posterior.companies.index(t) for t in ("AMD", "HPE"))
    assert parts[whole] == pytest.approx(1.0)
    assert parts[servers] == pytest.approx(0.75)


def test_a_book_without_sellers_leaves_all_to_the_rest() -> None:
    nobody = Book(np.zeros((2, len(LAYERS))), np.ones(len(first_paid(np.ones(len(LAYERS))))))
    spending = np.arange(1.0, 1.0 + len(LAYERS))
    assert nobody.rest(spending) == pytest.approx(sum(first_paid(spending)))
    assert (nobody.weights(spending) == 0.0).all()


# ----------------------------------------------------------------------- the identity


@given(st.integers(0, 2**32 - 1))
def test_sellers_never_earn_more_than_is_spent(
    posterior: ms.Posterior, ran: tuple[ms.simulation.Ahead, dict[str, np.ndarray]], seed: int
) -> None:
    """However far lives lie apart; and what is left is what nobody listed is paid."""
    worlds, seen = ran
    draw = np.random.default_rng(seed)
    lives = np.exp(2.0 * draw.normal(size=seen["lines"].shape))
    owners = np.exp(draw.normal(size=seen["lines"].shape[:2]))
    listed = (earned(posterior, worlds, seen) * lives[..., book_of(posterior).sellers]).sum(axis=-1)
    left = spent(posterior, worlds, seen, lives, owners) - listed
    assert (left > 0.0).all()
    np.testing.assert_allclose(left, owners * book_of(posterior).rest(seen["spending"]), rtol=1e-6)


def test_buyers_spend_twice_as_much_where_everybody_has_twice_as_much(
    posterior: ms.Posterior, ran: tuple[ms.simulation.Ahead, dict[str, np.ndarray]]
) -> None:
    worlds, seen = ran
    lives, owners = np.ones(seen["lines"].shape), np.ones(seen["lines"].shape[:2])
    once, twice = (spent(posterior, worlds, seen, x * lives, x * owners) for x in (1.0, 2.0))
    np.testing.assert_allclose(twice, 2.0 * once, rtol=1e-12)


def test_what_is_kept_is_what_sellers_and_others_are_paid(
    paths: ms.Paths, ran: tuple[ms.simulation.Ahead, dict[str, np.ndarray]]
) -> None:
    """In a draw: its companies' revenue, and what owners are forecast to spend, make up the sum."""
    worlds, seen = ran
    few, posterior = slice(0, WORLDS), paths.scenarios.posterior
    owners = np.exp(paths.owners[paths.index[few]])
    found = spent(posterior, worlds, seen, paths.draws.lives[few], owners)
    np.testing.assert_allclose(paths.world["capital_spending"][few], found, rtol=1e-9)
    for name in SPENT:
        np.testing.assert_allclose(paths.draws.modelled(name)[few], seen[name], rtol=1e-9)
    np.testing.assert_array_equal(paths.draws.modelled("depreciation"), paths.world["depreciation"])


def test_the_merchant_sells_most_of_what_is_spent_in_few_worlds(paths: ms.Paths) -> None:
    """It did in a third of them beside the model's own capital spending, which hears no forecast.

    What is left are busts, in which it lives of what it sells to others.
    """
    merchant = paths.revenue[..., paths.companies.index("NVDA")]

    def beyond(spending: np.ndarray) -> np.ndarray:
        sold, paid = (x.reshape(len(x), -1, 4).sum(axis=2) for x in (merchant, spending))
        return np.asarray(paths.probabilities @ (sold > 0.85 * paid))

    assert (beyond(paths.world["capital_spending"]) < 0.03).all()
    assert beyond(paths.draws.modelled("capital_spending"))[2:].min() > 0.1


# ----------------------------------------------------------------------- what owners spend


def test_owners_spend_what_is_forecast_of_them_together(
    paths: ms.Paths, posterior: ms.Posterior, published: ms.forecasting.Forecast
) -> None:
    """Worlds without shift: the median of what the owners of the model are forecast to spend."""
    owners = posterior.knowledge.universe.group("owners")
    rows = [i for i, s in enumerate(published.series) if s.entity in owners]
    assert {published.series[i].quantity for i in rows} == {"quarterly_capex"}
    worlds = again(paths, np.arange(200), np.zeros((200, len(posterior.entries))))
    seen = ahead(
        worlds.values,
        posterior.setting,
        worlds.state,
        worlds.news,
        lambda quarters: np.asarray(quarters.owner_capex),
    )
    spent = np.log(seen * np.exp(paths.owners[:200]))
    for horizon, end in enumerate(published.series[rows[0]].ends(LONGEST)):
        if end in paths.quarter_ends:
            said = np.log(1e-3 * np.exp(published.joint.mean[rows, horizon]).sum())
            path = spent[:, paths.quarter_ends.get_loc(end)]
            # The sum of lognormals of one median lies above the sum of medians, by a little.
            assert np.median(path) == pytest.approx(said, abs=0.05 + 4.0 * path.std() / 200**0.5)


def test_after_the_forecast_buyers_share_the_news_of_sellers(
    posterior: ms.Posterior, published: ms.forecasting.Forecast
) -> None:
    """Each by its part of what builders pay: news of one alone are mostly shares of the market."""
    quarters = LONGEST + LAG + 4
    pasts, news = one_world(posterior)
    worlds = followed_on(posterior, pasts, news)
    none, companies = np.zeros((1, published.joint.mean.size)), len(posterior.companies)
    still = np.zeros((1, quarters, companies))
    later = CHANCE.normal(size=still.shape)
    calm, moved = (
        deviations(posterior, published, worlds, none, x, quarters) for x in (still, later)
    )
    own = np.diff(moved.companies - calm.companies, axis=1)[0, -4:]
    buyers = np.diff(moved.owners - calm.owners, axis=1)[0, -4:]
    weights = book_of(posterior).weights(posterior.history["spending"][-1])
    np.testing.assert_allclose(buyers, own @ weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(moved.owners[0, : LONGEST - LAG], calm.owners[0, : LONGEST - LAG])
    assert 0.5 < weights.max() < 0.95


def one_world(posterior: ms.Posterior) -> tuple[ms.ensemble.Histories, np.ndarray]:
    """The calibrated world at the decision date, and no news of what comes."""
    pasts = histories(posterior.mode[None], posterior.coordinates, posterior.setting, followed)
    kinds = pasts.coming.shape[1]
    return pasts, np.zeros((1, kinds, LONGEST + LAG))
