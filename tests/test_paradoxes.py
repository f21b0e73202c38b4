"""The picture of the paradox: what a doubling of efficiency moves, by elasticity."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

import marketsim as ms
from marketsim.claims.response import (
    CLOSE,
    DOUBLING,
    ENOUGH,
    LIMITED,
    REMEMBERED,
    WATCHED,
    _learnt,
    hold_spending,
    limited,
    responses,
    spending,
)
from marketsim.claims.worlds import posterior_worlds, slack, together, unsaturated
from marketsim.derivatives.beliefs.belief import beliefs_of
from marketsim.paradoxes import YEARS_AFTER
from marketsim.precision import precise

DRAWS: Final = 100
GIVEN: Final = (0.5, 1.0, 1.8)


@pytest.fixture(scope="module")
def seen(posterior: ms.Posterior) -> ms.paradoxes.Paradox:
    return ms.paradox(posterior, draws=DRAWS, elasticities=GIVEN)


def late(seen: ms.paradoxes.Paradox, limits: str, quantity: str) -> list[float]:
    """Medians of the third year, by elasticity."""
    rows = seen.table[(seen.table["limits"] == limits) & (seen.table["quantity"] == quantity)]
    return list(rows[rows["year"] == YEARS_AFTER[1]].sort_values("elasticity")["median"])


@pytest.mark.slow
def test_every_elasticity_year_and_quantity_has_a_row(seen: ms.paradoxes.Paradox) -> None:
    assert len(seen.table) == len(LIMITED) * len(GIVEN) * len(YEARS_AFTER) * len(WATCHED)
    assert (seen.table["p10"] <= seen.table["median"]).all()
    assert (seen.table["median"] <= seen.table["p90"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("limits", LIMITED)
@pytest.mark.parametrize("quantity", WATCHED)
def test_the_answer_rises_with_elasticity_and_turns_within(
    seen: ms.paradoxes.Paradox, limits: str, quantity: str
) -> None:
    answers = late(seen, limits, quantity)
    assert (np.diff(answers) > 0.0).all()
    assert answers[0] < 0.0 < answers[-1]


@pytest.mark.slow
def test_what_hangs_on_elasticity_does_so_as_calibrated(seen: ms.paradoxes.Paradox) -> None:
    """Claim C18: the spread is at least half of what it is with limits slack."""
    spread = seen.spread.set_index(["quantity", "limits"])["median"]["accelerators"]
    assert spread["calibrated"] > 0.5 * spread["slack"] > 0.0


@pytest.mark.slow
def test_saturation_hides_more_of_the_answer_than_limits_do(
    seen: ms.paradoxes.Paradox,
) -> None:
    """Without it a doubling moves compute and accelerators by more, at either elasticity."""
    spread = seen.spread.pivot(index="limits", columns="quantity", values="median")
    assert (spread.loc["unsaturated"] > 2.0 * spread.loc["slack"]).all()
    assert (spread.loc["slack"] > 0.0).all()
    last = seen.table[seen.table["year"] == YEARS_AFTER[-1]]
    change = last.pivot(index=["elasticity", "quantity"], columns="limits", values="median")
    more = change["unsaturated"] - change["slack"]
    assert (more[GIVEN[0]] < 0.0).all()
    assert (more[GIVEN[-1]] > 0.0).all()


@pytest.mark.slow
def test_the_table_tells_how_many_draws_it_is_of(seen: ms.paradoxes.Paradox) -> None:
    assert tuple(seen.held.columns) == LIMITED
    told = seen.table.groupby(["limits", "elasticity"])["held"]
    assert (told.nunique() == 1).all()
    for name in LIMITED:
        np.testing.assert_array_equal(told.first()[name], seen.held[name])
    assert (seen.held > 0.8).all(axis=None)


def test_worlds_without_saturation_are_held_at_what_slack_ones_spend(
    posterior: ms.Posterior,
) -> None:
    """Where nothing saturates spending would go its own way, and efficiency count in full."""
    with precise("float64"):
        worlds = posterior_worlds(posterior, 3, seed=0)
        kinds = limited(worlds)
        (free, spent), (loose, same) = kinds["unsaturated"], kinds["slack"]
        assert spent is same
        np.testing.assert_array_equal(spent, spending(loose.plain))
        assert (np.asarray(free.plain.saturation) < 1e-6).all()
        assert (spending(free.plain)[:, -1] > spent[:, -1] + 1.0).all()
        (one,) = responses({"free": (free, spent)}, [1.0])["free"]
    assert one.held.all()


def test_answers_do_not_hang_on_what_is_run_beside_them(posterior: ms.Posterior) -> None:
    with precise("float64"):
        kinds = limited(posterior_worlds(posterior, 3, seed=0))
        every = responses(kinds, [1.0, 1.5])
        alone = responses({"slack": kinds["slack"]}, [1.5])["slack"][0]
    assert tuple(every) == LIMITED
    np.testing.assert_allclose(every["slack"][1].late("compute"), alone.late("compute"), atol=0.01)


def test_steps_that_were_tried_solve_what_is_linear() -> None:
    """Where what is asked answers to news by a matrix, as many steps as it has rows tell all."""
    chance = np.random.default_rng(0)
    matrix = np.eye(3) + 0.3 * chance.standard_normal((2, 3, 3))
    goal = chance.standard_normal((2, 3))

    def asked(news: np.ndarray) -> np.ndarray:
        return np.asarray(goal - np.einsum("dij,dj->di", matrix, news))

    tries = [(x, asked(x)) for x in chance.standard_normal((REMEMBERED, 2, 3))]
    there = tries[-1][0] + _learnt(tries)
    np.testing.assert_allclose(asked(there), 0.0, atol=1e-4)
    np.testing.assert_array_equal(_learnt(tries[-1:]), tries[-1][1])


def test_rounds_end_once_spending_is_held(
    posterior: ms.Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a draw that is not held says so."""
    with precise("float64"):
        worlds = posterior_worlds(posterior, 4, seed=0)
        both = together([worlds, unsaturated(slack(worlds))])
        spent = spending(both.plain)
        _, kept = hold_spending(both, spent)
        assert (kept == 0.0).all()  # as it is already
        _, gap = hold_spending(both.with_(elasticity=1.2), spent)
        assert np.mean(gap < CLOSE) >= ENOUGH
        monkeypatch.setattr("marketsim.claims.response.ROUNDS", 1)
        _, early = hold_spending(both.with_(elasticity=0.5), spent)
    assert (early > CLOSE).all()


@pytest.mark.slow
def test_compute_turns_near_unit_elasticity(seen: ms.paradoxes.Paradox) -> None:
    turns = seen.turns.set_index(["quantity", "limits"]).loc["compute"]
    assert ((turns["median"] > 0.8) & (turns["median"] < 1.4)).all()
    assert (turns["turning"] > 0.5).all()


def test_nothing_moves_without_a_step(
    posterior: ms.Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And spending is held: the step alone makes the difference."""
    monkeypatch.setattr("marketsim.claims.response.DOUBLING", 0.0)
    assert DOUBLING > 0.0
    with precise("float64"):
        worlds = posterior_worlds(posterior, 3, seed=0)
        spent = spending(worlds.plain)
        (still,) = responses({"these": (worlds, spent)}, [1.2])["these"]
        held = spending(worlds.with_(elasticity=1.2).ahead(demand=still.news))
    assert all((still.change[name] == 0.0).all() for name in WATCHED)
    assert still.held.all()
    np.testing.assert_allclose(held, spent, atol=0.05)


def test_the_elasticity_is_that_of_the_draws(
    seen: ms.paradoxes.Paradox, posterior: ms.Posterior
) -> None:
    assert seen.elasticity.shape == (DRAWS,)
    table = posterior.table()["value"]
    by_class = [table[f"elasticity[{name}]"] for name in ("batch", "interactive", "agentic")]
    assert min(by_class) < seen.elasticity[0] < max(by_class)
    assert f"the elasticity is {seen.elasticity[0]:.2f} (" in str(seen)


def test_what_prices_assume_is_told_of_the_same_elasticity(
    seen: ms.paradoxes.Paradox, posterior: ms.Posterior
) -> None:
    """By what is spent on each use; of entries that are no uses it is the plain mean."""
    known = beliefs_of(posterior, ms.valuation.valuation_assumptions(posterior.knowledge))
    assert known["elasticity"].told(0.0) == pytest.approx(seen.elasticity[0], rel=1e-9)
    agentic = known["elasticity[agentic]"]
    assert agentic.told(1.0) == pytest.approx(float(agentic.at(1.0)[0]))
    others = [b for b in known.values() if len(b.entries) > 1 and len(b.entries) != 3]
    assert others
    for belief in others:
        assert belief.told(0.5) == pytest.approx(belief.at(0.5).mean())


def test_it_prints_where_it_turns(seen: ms.paradoxes.Paradox) -> None:
    assert repr(seen).startswith("Paradox(")
    assert "\n" not in repr(seen)
    text = str(seen)
    assert "Where the change of years three to five turns" in text
    assert all(name in text for name in WATCHED)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"draws": 3}, "3 draws have no tenth"),
        ({"elasticities": (1.0,)}, "elasticities 1: ask for two or more"),
        ({"elasticities": (1.5, 0.5)}, "elasticities 1.5, 0.5: .* ascending"),
        ({"elasticities": (0.0, 1.0)}, "above 0"),
        ({"elasticities": (0.5, float("nan"))}, "ascending and above 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    posterior: ms.Posterior, given: dict[str, object], words: str
) -> None:
    with pytest.raises(ms.MarketsimError, match=words):
        ms.paradox(posterior, **given)  # type: ignore[arg-type]
