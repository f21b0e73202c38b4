"""Mechanism 10: revenue of lines and companies adds up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import LAYERS, Assumptions, Lines, company_revenue, lines_of
from marketsim.model.industry import Industry, concentrated, initial_industry
from marketsim.model.revenue import line_revenue
from marketsim.model.tree import leaf

if TYPE_CHECKING:
    from tests.model.conftest import World

SPENDING = leaf(np.linspace(1.0, 9.0, len(LAYERS)))
revenue = jax.jit(line_revenue)


@pytest.fixture(scope="module")
def lines(float64: None, world: World) -> Lines:
    given: Lines = jax.tree.map(jnp.asarray, world.setting.lines)
    return given


@pytest.fixture(scope="module")
def start(median: Assumptions, world: World) -> Industry:
    return initial_industry(median, world.begin(median).choice)


def test_a_line_is_its_base_and_its_share_of_layers(
    median: Assumptions, lines: Lines, start: Industry
) -> None:
    by_line = revenue(median, lines, start, SPENDING)
    np.testing.assert_allclose(by_line, median.lines.base_level + lines.share @ SPENDING)


def test_without_ai_a_line_earns_its_base(
    median: Assumptions, lines: Lines, start: Industry
) -> None:
    later = replace(start, log_base=start.log_base + 0.3)
    by_line = revenue(median, lines, later, 0.0 * SPENDING)
    np.testing.assert_allclose(by_line, median.lines.base_level * np.exp(0.3))


def test_revenue_answers_to_the_layers_a_line_draws_on(
    median: Assumptions, lines: Lines, start: Industry
) -> None:
    """By its exposure and the share it has drifted to."""
    drifted = replace(start, exponent=start.exponent + 0.2)
    slope = jax.jacfwd(lambda s: line_revenue(median, lines, drifted, s))(SPENDING)
    share = concentrated(drifted, lines.share)
    np.testing.assert_allclose(slope, median.lines.exposure[:, None] * share)


def test_who_borrows_loses_the_cloud_that_borrowers_lose(
    median: Assumptions, lines: Lines, start: Industry, world: World
) -> None:
    """To those who pay for what they build; nothing else hangs on who pays."""
    clouds = np.asarray(lines.share)[:, LAYERS.index("cloud")]
    owner = np.asarray(lines.owner)
    builders = owner @ clouds > 0.0
    first = int(np.flatnonzero(builders)[0])
    dear = replace(start, borrowers=0.5 * start.start)
    given: Lines = lines_of(lines.share, owner, np.eye(len(owner))[first])
    plain, moved = (revenue(median, given, now, SPENDING) for now in (start, dear))
    np.testing.assert_allclose(plain, revenue(median, lines, start, SPENDING))
    paid = np.asarray(median.lines.exposure) * clouds * float(SPENDING[LAYERS.index("cloud")])
    borrows = owner[first] > 0.0
    others = (1.0 - 0.5 * float(start.start)) / (1.0 - float(start.start))
    change = np.where(borrows, -0.5, others - 1.0) * paid
    np.testing.assert_allclose(moved - plain, change, atol=1e-9)


def test_companies_are_the_sum_of_their_lines(
    median: Assumptions, lines: Lines, start: Industry
) -> None:
    by_line = revenue(median, lines, start, SPENDING)
    by_company = company_revenue(lines, by_line)
    np.testing.assert_array_equal(np.asarray(lines.owner).sum(axis=0), 1.0)
    assert by_company.sum() == pytest.approx(float(by_line.sum()))
    assert (by_company > 0.0).all()


def test_no_layer_is_shared_out_more_than_once(lines: Lines) -> None:
    """Of what is paid for it, the listed companies report at most the whole."""
    held = dict(zip(LAYERS, np.asarray(lines.share).sum(axis=0).tolist(), strict=True))
    assert {name for name, total in held.items() if total > 1.0 + 1e-9} <= set()
