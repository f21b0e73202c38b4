"""What data say of each unknown: closed forms of linear-Gaussian problems, then the real one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.calibration import HISTORY, SPAN
from marketsim.calibration.identification import identify, posterior_and_losses
from marketsim.errors import InputError
from marketsim.model import NEWS

Problem = tuple[np.ndarray, np.ndarray, int]


def problems() -> st.SearchStrategy[Problem]:
    """Jacobians of any scale, with a few series of a few rows each."""

    def made(seed: int, unknowns: int, series: int, scale: float) -> Problem:
        chance = np.random.default_rng(seed)
        group = np.repeat(np.arange(series), chance.integers(1, 5, series))
        return scale * chance.standard_normal((len(group), unknowns)), group, series

    return st.builds(
        made,
        st.integers(0, 2**32 - 1),
        st.integers(1, 6),
        st.integers(1, 5),
        st.sampled_from([0.01, 1.0, 30.0]),
    )


# ----------------------------------------------------------------------- closed forms


def test_one_unknown_seen_n_times() -> None:
    """The variance of a mean: n figures of precision p beside a prior of one."""
    n, p = 7, 2.5
    found = identify(np.full((n, 1), np.sqrt(p)), np.zeros(n, dtype=int), ["a"], ["x"])
    row = found.assumptions.loc["x"]
    assert row["posterior_sd"] == pytest.approx((1.0 + n * p) ** -0.5)
    assert row["alone_sd"] == pytest.approx(row["posterior_sd"])
    assert row["learnt"] == pytest.approx(n * p / (1.0 + n * p))
    assert row["status"] == "pinned"
    assert row["series"] == "a (100%)"


def test_a_sum_is_known_and_its_parts_are_not() -> None:
    """Of x + y seen without error, each has half the prior variance, and they trade one for one."""
    jacobian = 1e4 * np.array([[1.0, 1.0]])
    found = identify(jacobian, np.array([0]), ["total"], ["x", "y"])
    np.testing.assert_allclose(found.assumptions["posterior_sd"] ** 2, 0.5, rtol=1e-6)
    (pair,) = found.pairs.to_dict("records")
    assert (pair["first"], pair["second"]) == ("x", "y")
    assert pair["correlation"] == pytest.approx(-1.0, abs=1e-6)
    assert pair["alike"] == pytest.approx(1.0)
    assert pair["weak_first"] == pytest.approx(0.5**0.5)
    assert pair["weak_second"] == pytest.approx(-(0.5**0.5))
    assert pair["weak_sd"] == pytest.approx(1.0)
    assert pair["firm_sd"] < 1e-3
    assert "x and y: -1.00" in str(found)


def test_many_that_do_the_same_are_alike_though_hardly_correlated() -> None:
    """Ten unknowns of which only the sum is seen: correlations are -1/9, at most."""
    names = [f"x{i}" for i in range(10)]
    found = identify(np.full((1, 10), 1e3), np.array([0]), ["total"], names)
    assert len(found.pairs) == 45
    np.testing.assert_allclose(found.pairs["correlation"], -1.0 / 9.0, rtol=1e-4)
    np.testing.assert_allclose(found.pairs["alike"], 1.0)
    assert (found.assumptions["alone_sd"] < 0.01).all()
    assert (found.assumptions["status"] == "prior").all()


def test_what_no_figure_hangs_on_stays_with_its_prior() -> None:
    found = identify(np.array([[3.0, 0.0]]), np.array([0]), ["a"], ["seen", "unseen"])
    unseen = found.assumptions.loc["unseen"]
    assert unseen["posterior_sd"] == 1.0
    assert unseen["status"] == "prior"
    assert unseen["series"] == ""
    assert found.losses.loc["unseen", "a"] == 0.0
    assert found.pairs.empty
    assert "none" in str(found)


def test_two_series_that_say_the_same_are_each_dispensable() -> None:
    twice = identify(np.full((2, 1), 10.0), np.array([0, 1]), ["a", "b"], ["x"])
    assert (twice.losses.loc["x"] < 0.01).all()
    assert twice.assumptions.loc["x", "series"] == ""
    assert "many series together" in str(twice)


def test_two_series_that_only_say_it_together_are_each_needed() -> None:
    """One gives the sum, the other the difference: without either x is half as well known."""
    jacobian = 1e3 * np.array([[1.0, 1.0], [1.0, -1.0]])
    found = identify(jacobian, np.array([0, 1]), ["sum", "difference"], ["x", "y"])
    np.testing.assert_allclose(found.losses, 0.5, rtol=1e-4)


@given(problems())
def test_leaving_a_series_out_is_a_refit_without_it(problem: Problem) -> None:
    jacobian, group, count = problem
    covariance, losses = posterior_and_losses(jacobian, group, count)
    unit = np.eye(jacobian.shape[1])
    np.testing.assert_allclose(covariance @ (unit + jacobian.T @ jacobian), unit, atol=1e-7)
    learnt = 1.0 - np.diag(covariance)
    for s in range(count):
        rest = jacobian[group != s]
        refit = np.diag(np.linalg.inv(unit + rest.T @ rest))
        np.testing.assert_allclose(losses[s] * learnt, refit - np.diag(covariance), atol=1e-6)


@given(problems())
def test_more_figures_never_teach_less(problem: Problem) -> None:
    """Losses are parts of a whole, and what all series say together bounds what any says."""
    jacobian, group, count = problem
    covariance, losses = posterior_and_losses(jacobian, group, count)
    assert (losses > -1e-9).all()
    assert (losses < 1.0 + 1e-6).all()
    assert (np.diag(covariance) <= 1.0 + 1e-9).all()
    names = [f"x{i}" for i in range(len(covariance))]
    table = identify(jacobian, group, [f"s{i}" for i in range(count)], names).assumptions
    assert (table["alone_sd"] <= table["posterior_sd"] + 1e-9).all()
    fewer, _ = posterior_and_losses(jacobian[1:], group[1:], count)
    assert (np.diag(fewer) >= np.diag(covariance) - 1e-9).all()


@given(problems())
def test_information_of_independent_series_adds_up(problem: Problem) -> None:
    """Series about unknowns of their own: each one's loss is all that is known of its unknown."""
    jacobian, group, count = problem
    scale = 1.0 + np.abs(jacobian[:, :1])
    apart = np.where(group[:, None] == np.arange(count), scale, 0.0)
    covariance, losses = posterior_and_losses(apart, group, count)
    precision = 1.0 + (apart**2).sum(axis=0)
    np.testing.assert_allclose(np.diag(covariance), 1.0 / precision)
    np.testing.assert_allclose(losses, np.eye(count), atol=1e-9)


@pytest.mark.parametrize("bar", [0.0, 1.0, -0.5, float("nan")])
def test_a_bar_that_is_no_correlation_is_refused(bar: float) -> None:
    with pytest.raises(InputError, match="from 0 to 1"):
        identify(np.ones((1, 1)), np.array([0]), ["a"], ["x"], bar=bar)


# ----------------------------------------------------------------------- the calibration


def test_it_speaks_of_every_assumption(posterior: ms.Posterior) -> None:
    found = posterior.identified()
    table = posterior.table()
    assert list(found.assumptions.index) == list(table.index)
    assert list(found.losses.columns) == list(posterior.fit["series"])
    np.testing.assert_allclose(found.assumptions["posterior_sd"], table["posterior_sd"], rtol=1e-6)
    assert str(found).startswith(f"{len(table)} assumptions: ")


def main_series(posterior: ms.Posterior, assumption: str) -> str:
    return str(posterior.identified().losses.loc[assumption].idxmax())


def alike(pairs: pd.DataFrame, first: str, second: str) -> float:
    chosen = pairs[(pairs["first"] == first) & (pairs["second"] == second)]
    return float(chosen["alike"].iloc[0])


def test_prices_of_chips_tell_how_fast_they_fall(posterior: ms.Posterior) -> None:
    assert main_series(posterior, "compute_per_dollar_growth[gpu]") == "chip price"
    assert main_series(posterior, "initial_chip_price") == "chip price"


@pytest.mark.parametrize(
    ("line", "series"),
    [("AMZN.aws", "AMZN.aws"), ("GOOGL.rest", "GOOGL.total"), ("ETN.total", "ETN.total")],
)
def test_revenue_pins_its_own_base(posterior: ms.Posterior, line: str, series: str) -> None:
    """What no segment reports follows from the total."""
    found = posterior.identified()
    assert found.assumptions.loc[f"base_level[{line}]", "status"] == "pinned"
    losses = found.losses.T[f"base_level[{line}]"]
    assert losses[series] > 0.9
    assert losses.drop(series).max() < 0.1


def test_elasticity_cannot_be_told_from_a_shift_of_demand(posterior: ms.Posterior) -> None:
    """Known well if all else were known, and hardly known as it is."""
    found = posterior.identified()
    row = found.assumptions.loc["elasticity[interactive]"]
    assert row["alone_sd"] < 0.3
    assert row["posterior_sd"] > 0.7
    assert alike(found.pairs, "elasticity[interactive]", "demand shift") > 0.97


def test_the_shift_is_the_common_part_of_the_shocks(posterior: ms.Posterior) -> None:
    """Moving all shocks of demand by a quarter moves the figures as the shift moves them."""
    found = posterior.identified(bar=0.01)
    jacobian, count = posterior.jacobian, len(posterior.entries)
    place = count + SPAN * NEWS.index("demand")
    common = jacobian[:, place : place + HISTORY].sum(axis=1) / 4.0
    speed = jacobian[:, list(posterior.table().index).index("adoption_speed")]
    cosine = common @ speed / np.linalg.norm(common) / np.linalg.norm(speed)
    assert alike(found.pairs, "adoption_speed", "demand shift") == pytest.approx(cosine)
    assert count + SPAN * len(NEWS) == jacobian.shape[1]


def test_pairs_are_what_the_bar_asks_for(posterior: ms.Posterior) -> None:
    sd = np.sqrt(np.diag(posterior.covariance))
    correlation = pd.DataFrame(posterior.covariance / np.outer(sd, sd))
    names = list(posterior.table().index)
    for bar in (0.5, 0.8):
        pairs = posterior.identified(bar).pairs
        strong = pairs[pairs["correlation"].abs() >= bar]
        count = len(names)
        upper = np.triu(np.abs(correlation.to_numpy()[:count, :count]) >= bar, k=1)
        known = strong["first"].isin(names) & strong["second"].isin(names)
        assert known.sum() == upper.sum()
        weaker = pairs[pairs["correlation"].abs() < bar]
        assert (weaker["alike"].abs() >= 0.97).all()
        assert (pairs["weak_sd"] >= pairs["firm_sd"]).all()
