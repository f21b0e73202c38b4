"""The picture of the paradox: what a doubling of efficiency moves, by elasticity."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

import marketsim as ms
from marketsim.claims.response import DOUBLING, WATCHED, responses, spending
from marketsim.claims.worlds import posterior_worlds
from marketsim.paradoxes import LIMITED, YEARS_AFTER
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
        (still,) = responses(worlds, [1.2], spent)
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


def test_it_prints_where_it_turns(seen: ms.paradoxes.Paradox) -> None:
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
