"""Views: the nearest probabilities under which they hold, what that costs, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.special import kl_div, ndtri

import marketsim as ms
from marketsim.errors import InfeasibleError, InputError
from marketsim.views import effective_scenarios, pool_views, view

TICKERS = ("NVDA", "AMD", "BRK-B", "bear")
REGIMES = ("bull", "base", "bear", "capital strike")


def some(draws: int = 400, seed: int = 0) -> ms.ReturnScenarios:
    chance = np.random.default_rng(seed)
    table = np.maximum(chance.normal(0.1, 0.3, (draws, len(TICKERS))), -0.95)
    probabilities = chance.dirichlet(np.ones(draws))
    return ms.ReturnScenarios(table, TICKERS, probabilities, chance.choice(REGIMES, draws))


SOME = some()
RENT = np.random.default_rng(9).lognormal(0.0, 0.5, len(SOME))
FEATURES: Mapping[str, Any] = {
    "rent": RENT,
    "short of power": RENT > 1.2,
    "elasticity[agentic]": RENT**2,
    "AMD": RENT,
    "base": RENT > 1.0,
    "paths": RENT.reshape(-1, 4),
    "words": np.where(RENT > 1.0, "dear", "cheap"),
    "unknown": np.where(RENT > 1.0, RENT, np.nan),
}


def mean(scenarios: ms.ReturnScenarios, values: np.ndarray) -> float:
    return float(scenarios.probabilities @ values)


def returns_of(ticker: str) -> np.ndarray:
    return SOME.returns[:, TICKERS.index(ticker)]


NVDA, BEAR = returns_of("NVDA"), SOME.regimes == "bear"


# ----------------------------------------------------------------------- closed forms


def test_the_probability_of_an_event_scales_what_is_inside_and_what_is_outside() -> None:
    happens = NVDA < -0.2
    odds, before = SOME.probabilities, mean(SOME, happens)
    pooled = pool_views(SOME, "P(NVDA < -0.2) == 0.4")
    expected = np.where(happens, odds * 0.4 / before, odds * 0.6 / (1.0 - before))
    np.testing.assert_allclose(pooled.returns.probabilities, expected, rtol=1e-10)
    entropy = 0.4 * np.log(0.4 / before) + 0.6 * np.log(0.6 / (1.0 - before))
    assert pooled.relative_entropy == pytest.approx(entropy, rel=1e-9)
    slope = np.log(0.4 / 0.6) - np.log(before / (1.0 - before))
    assert pooled.table["multiplier"].iloc[0] == pytest.approx(slope, rel=1e-9)


def test_the_mean_of_a_normal_moves_and_its_variance_stays() -> None:
    """Tilting a normal by its mean shifts it: relative entropy is the shift squared over 2."""
    values = 0.01 * ndtri((np.arange(40_000) + 0.5) / 40_000)
    normal = ms.ReturnScenarios(values[:, None], ("X",))
    pooled = pool_views(normal, "mean(X) == 0.008")
    odds = pooled.returns.probabilities
    assert odds @ (values - 0.008) ** 2 == pytest.approx(0.01**2, rel=1e-3)
    assert pooled.relative_entropy == pytest.approx(0.8**2 / 2, rel=1e-3)


def test_a_view_on_a_regime_leaves_what_is_likely_within_each_regime() -> None:
    changed = view(SOME, "P('capital strike') == 0.5")
    for regime in REGIMES:
        inside = SOME.regimes == regime
        before, after = (s.probabilities[inside] for s in (SOME, changed))
        np.testing.assert_allclose(after / after.sum(), before / before.sum(), rtol=1e-10)
    others = [mean(changed, SOME.regimes == r) / mean(SOME, SOME.regimes == r) for r in REGIMES[:3]]
    assert others == pytest.approx([others[0]] * 3)


def test_the_new_probabilities_are_an_exponential_family() -> None:
    """Optimal if and only if log p/q is affine in the quantities, by multipliers of right sign."""
    pooled = pool_views(SOME, "mean(NVDA) >= 0.3", "P(bear) <= 0.1", "mean(AMD) <= 0.9")
    ratio = np.log(pooled.returns.probabilities / SOME.probabilities)
    up, down, idle = pooled.table["multiplier"]
    assert up > 0.0 > down
    assert idle == 0.0
    tilt = up * NVDA + down * BEAR
    assert np.ptp(ratio - tilt) < 1e-12


def test_a_multiplier_is_the_derivative_of_the_entropy_by_the_bound() -> None:
    def entropy(bound: float) -> float:
        return pool_views(SOME, f"mean(NVDA) >= {bound}", "P(bear) == 0.4").relative_entropy

    multiplier = pool_views(SOME, "mean(NVDA) >= 0.3", "P(bear) == 0.4").table["multiplier"]
    slope = (entropy(0.3 + 1e-5) - entropy(0.3 - 1e-5)) / 2e-5
    assert np.isfinite(multiplier).all()
    assert multiplier.iloc[0] == pytest.approx(slope, rel=1e-6)


def test_projections_obey_pythagoras() -> None:
    """By way of one view or at once is the same, and the entropies add up (Csiszar 1975)."""
    first = pool_views(SOME, "mean(NVDA) == 0.2")
    second = pool_views(first.returns, "mean(NVDA) == 0.2", "P(bear) == 0.4")
    at_once = pool_views(SOME, "P(bear) == 0.4", "mean(NVDA) == 0.2")
    np.testing.assert_allclose(
        second.returns.probabilities, at_once.returns.probabilities, rtol=1e-9
    )
    total = first.relative_entropy + second.relative_entropy
    assert at_once.relative_entropy == pytest.approx(total, rel=1e-9)


# ----------------------------------------------------------------------- another solver


@pytest.mark.parametrize("seed", range(8))
def test_another_solver_finds_the_same(seed: int) -> None:
    scenarios = some(80, seed)
    bounds = np.random.default_rng(seed).uniform([0.12, 0.3, 0.05, 0.2], [0.25, 0.5, 0.15, 0.4])
    pooled = pool_views(
        scenarios,
        f"mean(NVDA) >= {bounds[0]}",
        f"P(AMD < 0.1) == {bounds[1]}",
        f"{bounds[2]} >= var(NVDA)",
        f"P(bear and NVDA > 0 or bull) <= {bounds[3]}",
        "mean(NVDA) - 2 * mean(AMD) / 4 > mean('BRK-B') + 0.01",
    )
    x, odds, regimes = scenarios.returns, scenarios.probabilities, scenarios.regimes
    p = cp.Variable(80)
    either = ((regimes == "bear") & (x[:, 0] > 0.0)) | (regimes == "bull")
    rules = [
        cp.sum(p) == 1.0,
        x[:, 0] @ p >= bounds[0],
        (x[:, 1] < 0.1).astype(float) @ p == bounds[1],
        (x[:, 0] - odds @ x[:, 0]) ** 2 @ p <= bounds[2],
        either.astype(float) @ p <= bounds[3],
        (x[:, 0] - 0.5 * x[:, 1] - x[:, 2]) @ p >= 0.01,
    ]
    cp.Problem(cp.Minimize(cp.sum(cp.kl_div(p, odds))), rules).solve(solver=cp.CLARABEL)
    assert p.value is not None
    theirs = np.maximum(p.value, 0.0)
    assert pooled.relative_entropy == pytest.approx(kl_div(theirs, odds).sum(), abs=1e-5)
    np.testing.assert_allclose(pooled.returns.probabilities, theirs, atol=2e-5)
    table = pooled.table
    missed = np.where(table["sense"] == "<=", 1.0, -1.0) * (table["after"] - table["bound"])
    assert (np.where(table["sense"] == "==", abs(missed), missed) <= 1e-10).all()


@pytest.mark.parametrize("seed", range(30))
def test_views_are_refused_just_when_a_linear_programme_says_so(seed: int) -> None:
    scenarios = some(15, seed)
    chance = np.random.default_rng(seed)
    low, high = np.quantile(scenarios.returns[:, :3], chance.uniform([0.3, 0.6], [0.7, 1.0]), 0)
    texts = [f"mean(NVDA) >= {high[0]}", f"mean(AMD) <= {low[1]}", f"mean('BRK-B') == {high[2]}"]
    x = scenarios.returns
    found = linprog(
        np.zeros(15),
        [-x[:, 0], x[:, 1]],
        [-high[0], low[1]],
        [x[:, 2], np.ones(15)],
        [high[2], 1.0],
    )
    if found.status == 0:
        after = view(scenarios, *texts).probabilities @ x
        assert after[0] >= high[0] - 1e-10
        assert after[1] <= low[1] + 1e-10
        assert after[2] == pytest.approx(high[2], abs=1e-10)
    else:
        with pytest.raises(InfeasibleError):
            view(scenarios, *texts)


# ----------------------------------------------------------------------- what changes nothing


def test_without_views_the_scenarios_are_the_same() -> None:
    assert view(SOME) is SOME
    assert pool_views(SOME).relative_entropy == 0.0


def test_a_view_that_holds_already_changes_nothing() -> None:
    assert (
        view(SOME, "P(bear) >= 0.01", "-1 < mean(NVDA) < 1", "mean(NVDA) < mean(AMD) + 1") is SOME
    )
    now = float(SOME.probabilities @ NVDA)
    assert view(SOME, f"mean(NVDA) == {now!r}") is SOME


def test_a_view_said_twice_or_in_other_words_counts_once() -> None:
    once = view(SOME, "P(bear) == 0.4")
    again = view(SOME, "P(bear) == 0.4", "0.4 == P(bear)", "P(not bear) == 0.6", "2*P(bear) >= 0.8")
    np.testing.assert_allclose(again.probabilities, once.probabilities, rtol=1e-9)


def test_everything_else_of_the_scenarios_is_kept() -> None:
    layers = {"NVDA": "gpu"}
    old = ms.ReturnScenarios(
        SOME.returns, TICKERS, SOME.probabilities, SOME.regimes, layers, 0.5, world="kept"
    )
    new = view(old, "P(bear) == 0.4")
    assert (new.tickers, new.layers, new.horizon_years, new.world) == (TICKERS, layers, 0.5, "kept")
    np.testing.assert_array_equal(new.returns, old.returns)
    np.testing.assert_array_equal(new.regimes, old.regimes)


def test_the_order_of_draws_and_of_views_does_not_matter() -> None:
    views = ("mean(NVDA) >= 0.3", "P(bear) == 0.4", "P(AMD < 0) <= 0.2")
    order = np.random.default_rng(3).permutation(len(SOME))
    shuffled = ms.ReturnScenarios(
        SOME.returns[order], TICKERS, SOME.probabilities[order], SOME.regimes[order]
    )
    straight = view(SOME, *views).probabilities
    np.testing.assert_allclose(view(shuffled, *views).probabilities, straight[order], rtol=1e-9)
    np.testing.assert_allclose(view(SOME, *reversed(views)).probabilities, straight, rtol=1e-9)
    np.testing.assert_array_equal(view(SOME, *views).probabilities, straight)


def test_draws_of_probability_zero_keep_it_and_do_not_matter() -> None:
    odds = np.where(SOME.regimes == "bull", 0.0, SOME.probabilities)
    some_never = ms.ReturnScenarios(SOME.returns, TICKERS, odds / odds.sum(), SOME.regimes)
    left = SOME.regimes != "bull"
    without = ms.ReturnScenarios(
        SOME.returns[left], TICKERS, odds[left] / odds.sum(), SOME.regimes[left]
    )
    new = view(some_never, "mean(NVDA) == 0.3")
    assert not new.probabilities[~left].any()
    expected = view(without, "mean(NVDA) == 0.3").probabilities
    np.testing.assert_allclose(new.probabilities[left], expected, rtol=1e-9)
    with pytest.raises(InfeasibleError, match=r"P\(bull\) can be 0 only"):
        view(some_never, "P(bull) == 0.1")


# ----------------------------------------------------------------------- the ends of what can be


def test_an_event_can_be_ruled_out_or_made_certain() -> None:
    ruled_out = pool_views(SOME, "P(bear) == 0")
    after = ruled_out.returns.probabilities
    assert not after[BEAR].any()
    kept = SOME.probabilities[~BEAR]
    np.testing.assert_allclose(after[~BEAR], kept / kept.sum(), rtol=1e-12)
    assert ruled_out.relative_entropy == pytest.approx(-np.log1p(-mean(SOME, BEAR)))
    assert ruled_out.table["multiplier"].tolist() == [-np.inf]
    certain = pool_views(SOME, "P(bear) >= 1", "mean(NVDA) == 0.3")
    assert not certain.returns.probabilities[~BEAR].any()
    assert mean(certain.returns, NVDA) == pytest.approx(0.3)
    assert certain.table["multiplier"].iloc[0] == np.inf


def test_views_that_leave_no_room_for_a_third_regime_leave_it_nothing() -> None:
    new = view(SOME, "P(bear) == 0.3", "P(bull) == 0.5", "P(base) == 0.2")
    assert mean(new, SOME.regimes == "capital strike") < 1e-9


def test_a_mean_can_be_the_best_draw() -> None:
    best = NVDA.argmax()
    new = view(SOME, f"mean(NVDA) == {returns_of('NVDA')[best]!r}".replace("np.float64", ""))
    assert new.probabilities[best] == 1.0


def test_a_probability_may_be_tiny() -> None:
    new = view(SOME, "P(NVDA < 0) == 1e-12")
    assert mean(new, NVDA < 0.0) == pytest.approx(1e-12, rel=1e-6)


# ----------------------------------------------------------------------- what cannot be


def test_a_view_out_of_reach_says_what_is_within() -> None:
    with pytest.raises(InfeasibleError, match=r"'mean\(NVDA\) >= 3'") as refused:
        view(SOME, "P(bear) == 0.4", "mean(NVDA) >= 3")
    low, high = re.findall(r"can be (\S+) to (\S+)$", str(refused.value))[0]
    values = NVDA
    assert (float(low), float(high)) == pytest.approx((values.min(), values.max()), abs=1e-5)
    for end in (low, high):
        assert mean(view(SOME, f"mean(NVDA) == {end}"), values) == pytest.approx(float(end))


def test_views_in_conflict_are_named_and_no_others() -> None:
    views = ("mean(AMD) >= 0.2", "P(bear) == 0.4", "P(bull) >= 0.5", "P(base) == 0.3")
    with pytest.raises(InfeasibleError) as refused:
        view(SOME, *views)
    said = str(refused.value)
    assert "AMD" not in said
    assert all(f"'{text}'" in said for text in views[1:])
    assert "P(bear) can be 0 to 0.2" in said
    for left_out in range(1, 4):
        assert view(SOME, *views[:left_out], *views[left_out + 1 :]) is not SOME
    assert mean(view(SOME, views[0], "P(bear) == 0.2", *views[2:]), BEAR) == (pytest.approx(0.2))


def test_the_nearest_bound_named_is_one_that_works() -> None:
    views = "mean(NVDA) >= 0.6", "P(NVDA < 0.2) >= 0.6"
    with pytest.raises(InfeasibleError, match="together") as refused:
        view(SOME, *views)
    bound = float(re.findall(r"mean\(NVDA\) can be \S+ to ([\d.]+)", str(refused.value))[0])
    assert bound < 0.6
    view(SOME, f"mean(NVDA) >= {bound}", views[1])
    with pytest.raises(InfeasibleError):
        view(SOME, f"mean(NVDA) >= {bound + 1e-4}", views[1])


def test_a_chain_in_conflict_with_itself_is_one_view() -> None:
    with pytest.raises(InfeasibleError, match=r"satisfy '0\.3 <= mean\(NVDA\) <= 0\.2': "):
        view(SOME, "0.3 <= mean(NVDA) <= 0.2", "P(bear) == 0.4")


# ----------------------------------------------------------------------- what can be said


@pytest.mark.parametrize(
    ("text", "values", "bound"),
    [
        ("mean(NVDA) == 0.2", NVDA, 0.2),
        ("mean('BRK-B') == 0.2", returns_of("BRK-B"), 0.2),
        ("mean(bear) == 0.2", returns_of("bear"), 0.2),
        ("P(bear) == 0.2", BEAR, 0.2),
        ("P('bear') == 0.2", BEAR, 0.2),
        ("P(bear < 0) == 0.2", returns_of("bear") < 0.0, 0.2),
        ("0.2 == P('capital strike')", SOME.regimes == "capital strike", 0.2),
        (
            "P(bull or NVDA < 0 and not bear) == 0.7",
            (SOME.regimes == "bull") | ((NVDA < 0.0) & ~BEAR),
            0.7,
        ),
        ("P(-0.1 < NVDA <= 0.1) == 0.5", abs(NVDA) < 0.1, 0.5),
        ("mean(rent) == 1.5", RENT, 1.5),
        ("P('short of power') == 0.5", RENT > 1.2, 0.5),
        ("mean('short of power') == 0.5", RENT > 1.2, 0.5),
        ("mean(elasticity[agentic]) == 1.5", RENT**2, 1.5),
        ("P(log(rent) * 2 > 1e-1) == 0.6", np.log(RENT) > 0.05, 0.6),
        ("mean(exp(-NVDA) / rent) == 1", np.exp(-NVDA) / RENT, 1.0),
        ("-mean(NVDA) / 2 + 0.1 == P(bear) - 0.2", -NVDA / 2 - BEAR, -0.3),
    ],
)
def test_text_means_what_it_says(text: str, values: np.ndarray, bound: float) -> None:
    assert mean(SOME, values) != pytest.approx(bound)
    assert mean(view(SOME, text, features=FEATURES), values) == pytest.approx(bound, rel=1e-9)


def test_a_table_of_features_does_as_a_mapping_does() -> None:
    table = pd.DataFrame({"rent": RENT}, index=np.arange(len(RENT))[::-1])
    by_table, by_name = (
        view(SOME, "mean(rent) == 1.5", features=given) for given in (table, FEATURES)
    )
    np.testing.assert_array_equal(by_table.probabilities, by_name.probabilities)


def test_variance_is_exact_about_a_mean_that_is_stated() -> None:
    new = view(SOME, "mean(NVDA) == 0.3", "var(NVDA) == 0.05")
    assert mean(new, NVDA) == pytest.approx(0.3)
    assert mean(new, (NVDA - 0.3) ** 2) == pytest.approx(0.05)


def test_variance_is_about_the_old_mean_otherwise_and_so_never_above() -> None:
    old = mean(SOME, NVDA)
    new = view(SOME, "var(NVDA) <= 0.04", "P(bear) == 0.6")
    assert mean(SOME, (NVDA - old) ** 2) > 0.04
    assert mean(new, (NVDA - old) ** 2) == pytest.approx(0.04)
    assert mean(new, NVDA**2) - mean(new, NVDA) ** 2 <= 0.04


def test_covariance_with_itself_is_variance() -> None:
    one, other = view(SOME, "var(NVDA) == 0.05"), view(SOME, "cov(NVDA, NVDA) == 0.05")
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


WRONG = {
    "mean(NVDIA) >= 0": r"no ticker or feature is called 'NVDIA'\. Did you mean 'NVDA'",
    "mean(BRK-B) >= 0": r"called 'BRK'\..*quotes: mean\('BRK-B'\)",
    "mean(AMD) >= 0": "'AMD' is both a ticker and a feature; rename the feature",
    "P(base) == 0.3": "'base' is both a regime and a feature; rename the feature",
    "mean(bull) >= 0": r"'bull' is a regime, not a quantity; P\(bull\)",
    "P(NVDA) == 0.3": r"'NVDA' is a quantity, not an event; .* P\(NVDA < 0\)",
    "P(rent) == 0.3": "'rent' is a quantity",
    "P(bul) == 0.3": r"no regime is called 'bul'; there are .*Did you mean 'bull'",
    "P(bear == 0.3": r"cannot be read at column 14: it ends too soon, '\)' is missing; write",
    "P(short of power) == 0.3": "cannot be read",
    "P(bear) = 0.3": "cannot be read",
    "mean(NVDA)": "is no comparison",
    "mean(NVDA) > 0 and P(bear) == 0.3": "is no comparison",
    "mean(NVDA) != 0.1": "compare with <",
    "0.1 < 0.2": "says nothing about the scenarios",
    "NVDA > 0.1": r"'NVDA' at column 1 has no meaning here; write mean\(...\)",
    "std(NVDA) < 0.3": "no function 'std'; there are P, mean, var, cov",
    "mean(NVDA, AMD) > 0": r"mean\(...\) takes 1 of them, not 2",
    "mean(NVDA) * mean(rent) > 0": "added, and scaled by numbers",
    "1 / mean(NVDA) > 0": "added, and scaled by numbers",
    "mean(NVDA) / 0 > 0": "divided by 0",
    "mean(NVDA / 0) > 0": "no finite number in draw 0",
    "mean(unknown) > 0": r"'unknown' at column 6 is no finite number in draw \d+",
    "P(unknown > 0) == 0.1": "no finite number",
    "mean(NVDA) * 1e300 * 1e300 > 0": "too large",
    "mean(paths) > 0": r"shape \(100, 4\); it takes one number for each of the 400 draws",
    "mean(words) > 0": "feature 'words' holds no numbers",
    "mean(NVDA) > 1e400": "column 14: the number is too large",
    "mean(True) > 0": "no ticker or feature is called 'True'",
    "P(NVDA < 0 & rent < 1) == 0.1": "column 12: '&' has no meaning, 'and' joins",
    "mean(NVDA ** 2) > 0": "no meaning",
    "mean(x=NVDA) > 0": "no meaning",
    "mean(*NVDA) > 0": "no meaning",
    "__import__('os').getcwd() > 0": "no meaning",
    "mean(__import__('os')) > 0": "no meaning",
    "mean(" + "-" * 400 + "NVDA) > 0": "say it in several",
    "mean(" + "(" * 100_000 + "NVDA) > 0": "has 100,014 characters, over 10,000",
    "P(bear < NVDA and (bull or 1)) > 0": "'1' at column 28 has no meaning here",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_view_is_one_clear_error(text: str) -> None:
    with pytest.raises(InputError, match=WRONG[text]):
        view(SOME, text, features=FEATURES)


def test_a_sum_may_have_hundreds_of_terms() -> None:
    """Only nesting is bounded: a chain is one level, however long."""
    many = " + ".join(["mean(NVDA) / 500"] * 500)
    once, often = view(SOME, "mean(NVDA) == 0.2"), view(SOME, f"{many} == 0.2")
    np.testing.assert_allclose(often.probabilities, once.probabilities, rtol=1e-9)


def test_a_name_means_the_same_with_quotes_and_without() -> None:
    plain = view(SOME, "mean(NVDA) == 0.3", "var(NVDA) == 0.05")
    quoted = view(SOME, "mean('NVDA') == 0.3", "var(NVDA) == 0.05")
    np.testing.assert_array_equal(quoted.probabilities, plain.probabilities)


def test_arguments_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match=r"not a DataFrame; see ReturnScenarios\.from_frame"):
        view(SOME.to_frame(), "P(bear) == 0.4")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a view is a text, not a list"):
        view(SOME, ["P(bear) == 0.4"])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="mapping or a DataFrame by name, not a ndarray"):
        view(SOME, "P(bear) == 0.4", features=RENT)  # type: ignore[arg-type]


# ----------------------------------------------------------------------- what it costs


def test_effective_scenarios_are_the_draws_where_all_are_equally_likely() -> None:
    equal = ms.ReturnScenarios(SOME.returns, TICKERS)
    assert effective_scenarios(equal) == pytest.approx(400)
    pooled = pool_views(equal, "mean(NVDA) == 0.3")
    lost = np.log(400) - np.log(pooled.effective_after)
    assert pooled.relative_entropy == pytest.approx(lost)
    assert effective_scenarios(pooled.returns) == pooled.effective_after < pooled.effective_before
    certain = ms.ReturnScenarios(SOME.returns[:2], TICKERS, np.array([0.0, 1.0]))
    assert effective_scenarios(certain) == 1.0


def test_the_table_says_what_each_view_changed() -> None:
    pooled = pool_views(SOME, "0.1 <= mean(rent) <= 0.9", "P(bear) > P(bull)", features=FEATURES)
    table = pooled.table
    assert table["quantity"].tolist() == ["mean(rent)", "mean(rent)", "P(bear) - P(bull)"]
    assert table["before"].iloc[0] == pytest.approx(mean(SOME, RENT))
    assert table["after"].iloc[0] == pytest.approx(0.9)
    assert table["multiplier"].iloc[0] == 0.0 > table["multiplier"].iloc[1]
    assert repr(pooled).startswith("Pooled(")
    assert "\n" not in repr(pooled)
    assert "relative entropy" in str(pooled)
    assert "P(bear) > P(bull)" in str(pooled)


# ----------------------------------------------------------------------- size, and the worlds


def test_a_hundred_thousand_draws_and_ten_views_hold_exactly() -> None:
    many = some(100_000)
    pooled = pool_views(
        many,
        "mean(NVDA) == 0.2",
        "mean(AMD) <= 0.05",
        "var(NVDA) == 0.06",
        "cov(NVDA, AMD) == 0.02",
        "P(bear) == 0.4",
        "P(bull) <= 0.2",
        "P(NVDA < -0.2) <= 0.02",
        "P(AMD > 0.5 or 'capital strike') == 0.3",
        "mean('BRK-B') - mean(bear) >= 0.1",
        "P(NVDA > AMD) == 0.7",
    )
    after, bound = pooled.table["after"], pooled.table["bound"]
    excess = np.where(pooled.table["sense"] == "<=", after - bound, bound - after)
    equal = pooled.table["sense"] == "=="
    assert (np.where(equal, abs(excess), excess) < 1e-11).all()


def test_what_the_worlds_say_can_be_viewed(returns: ms.ReturnScenarios, paths: ms.Paths) -> None:
    share = paths.world["inference_share"][:, 3]
    middle = float(np.median(share))
    new = view(returns, f"P(share > {middle}) == 0.7", features={"share": share})
    assert mean(new, share > middle) == pytest.approx(0.7)
    assert new.world is returns.world


def test_what_the_worlds_assume_can_be_viewed(returns: ms.ReturnScenarios, paths: ms.Paths) -> None:
    """The example of `view`, to the end: the choice is the better one for who believes it."""
    assumed = paths.assumptions()
    believed = view(returns, "P(exp(algorithmic_growth) > 3) == 0.7", features=assumed)
    fast = np.exp(assumed["algorithmic_growth"].to_numpy()) > 3.0
    assert mean(returns, fast) != pytest.approx(0.7, abs=0.01)
    assert mean(believed, fast) == pytest.approx(0.7)
    choice, other = (ms.allocate(s, ms.CVaR(0.95), max_weight=0.15) for s in (believed, returns))
    assert expected_shortfall(believed, choice) <= expected_shortfall(believed, other) + 1e-9
    assert expected_shortfall(returns, other) <= expected_shortfall(returns, choice) + 1e-9
    assert np.abs(choice.weights - other.weights).max() > 1e-3


def expected_shortfall(scenarios: ms.ReturnScenarios, choice: ms.allocation.Allocation) -> float:
    """CVaR at 95 % of the losses, by Rockafellar and Uryasev's minimum over thresholds."""
    loss = -scenarios.returns @ choice.weights[list(scenarios.tickers)].to_numpy()
    excess = np.maximum(loss - loss[:, None], 0.0) @ scenarios.probabilities
    return float(np.min(loss + excess / (1.0 - 0.95)))
