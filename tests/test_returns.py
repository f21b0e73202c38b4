"""Return scenarios: what is taken in, what is refused, and that nothing changes on the way."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from marketsim.errors import InputError
from marketsim.returns import ReturnScenarios

TABLE = pd.DataFrame({"NVDA": [0.3, -0.2, 0.1], "GEV": [0.1, 0.0, -0.1]})


def test_draws_are_equally_likely_and_of_one_regime_unless_told() -> None:
    scenarios = ReturnScenarios.from_frame(TABLE)
    assert scenarios.tickers == ("NVDA", "GEV")
    assert scenarios.probabilities == pytest.approx([1 / 3] * 3)
    assert scenarios.regime_names() == ("all",)
    assert len(scenarios) == 3
    np.testing.assert_array_equal(scenarios.returns, TABLE.to_numpy())


def test_frame_and_scenarios_are_each_others_inverse() -> None:
    scenarios = ReturnScenarios.from_frame(
        TABLE, probabilities=[0.5, 0.25, 0.25], regimes=["bull", "bear", "bear"]
    )
    again = ReturnScenarios.from_frame(scenarios.to_frame())
    assert again.tickers == scenarios.tickers
    for name in ("returns", "probabilities", "regimes"):
        np.testing.assert_array_equal(getattr(again, name), getattr(scenarios, name))


def test_labels_may_stand_in_columns_of_any_name() -> None:
    table = TABLE.assign(odds=[0.5, 0.25, 0.25], world=["bull", "bear", "bear"])
    scenarios = ReturnScenarios.from_frame(table, probabilities="odds", regimes="world")
    assert scenarios.tickers == ("NVDA", "GEV")
    assert scenarios.regime_names() == ("bull", "bear")
    with pytest.raises(InputError, match=r"no column 'ods'\. Did you mean 'odds'"):
        ReturnScenarios.from_frame(table, probabilities="ods")


def test_regimes_without_probability_are_not_named() -> None:
    scenarios = ReturnScenarios.from_frame(TABLE, [0.5, 0.5, 0.0], ["bull", "base", "bear"])
    assert scenarios.regime_names() == ("bull", "base")


def test_layers_of_other_companies_are_dropped() -> None:
    scenarios = ReturnScenarios.from_frame(TABLE, layers={"GEV": "power", "XOM": "oil"})
    assert scenarios.layers == {"GEV": "power"}


def test_scenarios_keep_their_own_copy_and_cannot_be_changed() -> None:
    values = TABLE.to_numpy(copy=True)
    scenarios = ReturnScenarios(values, ("NVDA", "GEV"))
    values[0, 0] = 9.0
    assert scenarios.returns[0, 0] == 0.3
    with pytest.raises(ValueError, match="read-only"):
        scenarios.returns[0, 0] = 9.0
    again = pickle.loads(pickle.dumps(scenarios))
    np.testing.assert_array_equal(again.returns, scenarios.returns)


def test_repr_says_what_is_in_it() -> None:
    text = repr(ReturnScenarios.from_frame(TABLE))
    assert text == "ReturnScenarios(3 draws x 2 companies; regimes: all)"


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "missing return": (
        lambda: ReturnScenarios.from_frame(TABLE.replace(0.3, np.nan)),
        "NVDA in draw 0 is nan",
    ),
    "infinite return": (
        lambda: ReturnScenarios.from_frame(TABLE.replace(-0.1, np.inf)),
        "GEV in draw 2 is inf",
    ),
    "percent": (lambda: ReturnScenarios.from_frame(100 * TABLE), "never below -1"),
    "text": (lambda: ReturnScenarios.from_frame(TABLE.assign(SMR="up")), "SMR hold no numbers"),
    "no array of numbers": (lambda: ReturnScenarios("up", ("A",)), "array of numbers"),  # type: ignore[arg-type]
    "negative probability": (
        lambda: ReturnScenarios.from_frame(TABLE, [0.5, 0.7, -0.2]),
        "draw 2 is -0.2",
    ),
    "missing probability": (
        lambda: ReturnScenarios.from_frame(TABLE, [0.5, np.nan, 0.5]),
        "draw 1 is nan",
    ),
    "probabilities of another sum": (
        lambda: ReturnScenarios.from_frame(TABLE, [0.5, 0.2, 0.2]),
        "sum to 0.9",
    ),
    "too few probabilities": (lambda: ReturnScenarios.from_frame(TABLE, [0.5, 0.5]), "3 draws"),
    "too few regimes": (lambda: ReturnScenarios.from_frame(TABLE, None, ["a", "b"]), "3 draws"),
    "missing regime": (
        lambda: ReturnScenarios.from_frame(TABLE, None, np.array(["a", None, "b"])),
        "regime is missing",
    ),
    "ticker twice": (
        lambda: ReturnScenarios.from_frame(pd.concat([TABLE, TABLE[["GEV"]]], axis=1)),
        "come twice: GEV",
    ),
    "no company": (lambda: ReturnScenarios.from_frame(TABLE[[]]), "no companies"),
    "one draw": (lambda: ReturnScenarios.from_frame(TABLE.iloc[:1]), "at least two draws"),
    "two companies alike": (
        lambda: ReturnScenarios.from_frame(TABLE.assign(NVDA2=TABLE["NVDA"], GEV2=TABLE["GEV"])),
        r"NVDA and NVDA2 return the same in every draw \(2 such pairs in all\).*keep one",
    ),
    "cash twice": (
        lambda: ReturnScenarios.from_frame(TABLE.assign(CASH=0.0, BILLS=-0.0)),
        "CASH and BILLS return the same in every draw",
    ),
    "no risk": (lambda: ReturnScenarios.from_frame(TABLE * 0.0), "same in every draw"),
    "other shape": (lambda: ReturnScenarios(TABLE.to_numpy(), ("NVDA",)), r"shape \(3, 2\)"),
    "no horizon": (lambda: ReturnScenarios.from_frame(TABLE, horizon_years=0.0), "above 0"),
    "no frame": (lambda: ReturnScenarios.from_frame(TABLE.to_numpy()), "DataFrame"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_clear_error(case: str) -> None:
    make, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        make()


def test_a_company_that_never_moves_may_be_among_others() -> None:
    """Cash is one, and so are lending and borrowing at rates of their own."""
    scenarios = ReturnScenarios.from_frame(TABLE.assign(CASH=0.04, LOAN=0.06))
    np.testing.assert_array_equal(np.ptp(scenarios.returns[:, 2:], axis=0), 0.0)


@pytest.mark.parametrize("draw", [0, 1, 499, 998, 999])
def test_companies_apart_in_one_draw_of_many_are_two(draw: int) -> None:
    returns = np.random.default_rng(0).normal(0.0, 0.1, (1_000, 1)) * np.ones(2)
    with pytest.raises(InputError, match="A and B return the same"):
        ReturnScenarios(returns, ("A", "B"))
    returns[draw, 1] += 1e-6
    assert len(ReturnScenarios(returns, ("A", "B"))) == 1_000


# Paths

PATHS = np.stack([0.5 * TABLE.to_numpy(), TABLE.to_numpy()], axis=1)


def with_paths(paths: object) -> ReturnScenarios:
    return ReturnScenarios(TABLE.to_numpy(), ("NVDA", "GEV"), paths=paths)  # type: ignore[arg-type]


def test_there_are_no_paths_unless_given() -> None:
    assert ReturnScenarios.from_frame(TABLE).paths is None


def test_paths_are_kept_as_a_copy_that_cannot_be_changed() -> None:
    values = PATHS.copy()
    scenarios = with_paths(values)
    values[0, 0, 0] = 9.0
    assert scenarios.paths is not None
    np.testing.assert_array_equal(scenarios.paths, PATHS)
    with pytest.raises(ValueError, match="read-only"):
        scenarios.paths[0, 0, 0] = 9.0
    assert repr(scenarios) == "ReturnScenarios(3 draws x 2 steps x 2 companies; regimes: all)"


def test_other_odds_keep_the_paths() -> None:
    scenarios = replace(with_paths(PATHS), probabilities=np.array([0.2, 0.3, 0.5]))
    assert scenarios.paths is not None
    np.testing.assert_array_equal(scenarios.paths, PATHS)


def test_a_path_may_miss_the_return_by_rounding() -> None:
    assert with_paths(PATHS + 1e-12).paths is not None


WRONG_PATHS: dict[str, tuple[object, str]] = {
    "another end": (
        PATHS + np.array([0.0, 0.1])[:, None] * np.array([0.0, 1.0]),
        r"path of GEV in draw 0 ends at 0\.2, its return is 0\.1: a path holds cumulative returns",
    ),
    "returns of each step": (np.diff(PATHS, axis=1, prepend=0.0), "last step is the return over"),
    "missing": (
        np.where(PATHS == -0.1, np.nan, PATHS),
        r"cumulative return of NVDA in draw 1 at step 0 is nan \(2 such",
    ),
    "infinite": (np.where(PATHS == -0.1, np.inf, PATHS), "must be a finite number"),
    "more than all lost": (PATHS - np.array([2.0, 0.0])[:, None], "never below -1"),
    "companies before steps": (PATHS[:, :, :1], r"shape \(3, 2, 1\).*2 companies"),
    "fewer draws": (PATHS[:2], "3 draws"),
    "no step": (PATHS[:, :0], "at least one step"),
    "no steps at all": (TABLE.to_numpy(), r"\[draw, step, company\]"),
    "words": ("down", "paths must be an array of numbers"),
}


@pytest.mark.parametrize("case", WRONG_PATHS)
def test_wrong_paths_are_one_clear_error(case: str) -> None:
    paths, message = WRONG_PATHS[case]
    with pytest.raises(InputError, match=message):
        with_paths(paths)


def test_a_column_that_counts_the_rows_is_no_company() -> None:
    table = pd.DataFrame(
        {"number_": range(4), "A": [0.1, 0.2, -0.1, 0.0], "B": [0.0, 0.1, 0.3, -0.2]}
    )
    with pytest.raises(InputError, match="'number_' counts the rows"):
        ReturnScenarios.from_frame(table)


CHANCE = np.random.default_rng(3)
MANY = pd.DataFrame(CHANCE.normal(0.05, 0.2, (40, 2)).clip(-0.8), columns=["A", "B"])


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (1.0 + MANY, r"no company loses in any draw, and 1\.\d+ is in the middle: gross returns"),
        (MANY.assign(t=np.arange(40) / 40), r"'t' goes up by 0\.025 from row to row"),
        (MANY.assign(level=np.linspace(1, 0, 40)), "'level' goes up by -0.0256.* from row to row"),
        (MANY.assign(up=[0, 1] * 20), "'up' holds 0 and 1 alone, as marks do"),
        (
            MANY.assign(prob=[-0.5, *[1.5 / 39] * 39]),
            r"'prob' is called .* and holds -0\.5: mend it",
        ),
    ],
)
def test_what_would_have_been_bought_and_is_no_return(table: pd.DataFrame, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ReturnScenarios.from_frame(table)


def test_companies_that_never_fall_are_believed_over_long_horizons_or_low_returns() -> None:
    """Doubling in a decade is no gross return, and nor is a bond's."""
    assert len(ReturnScenarios.from_frame(1.0 + MANY, horizon_years=10.0)) == 40
    assert len(ReturnScenarios.from_frame(0.02 + MANY.abs() / 10.0)) == 40


def test_regimes_and_probabilities_may_stand_in_the_index() -> None:
    odds = CHANCE.dirichlet(np.ones(40))
    labels = [np.arange(40), np.array(["bull", "bear"] * 20), odds]
    index = pd.MultiIndex.from_arrays(labels, names=["draw", "Regime", "prob"])
    scenarios = ReturnScenarios.from_frame(MANY.set_axis(index))
    assert scenarios.tickers == ("A", "B")
    assert scenarios.regime_names() == ("bull", "bear")
    np.testing.assert_allclose(scenarios.probabilities, odds)


@pytest.mark.parametrize(
    ("rate", "says"),
    [(5.0, r"earns is 5 a year.*than 0\.25; 5 % is 0\.05"), (-0.3, "-0.3 a year"), (1e9, "than 0")],
)
def test_cash_earns_no_per_cent(rate: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ReturnScenarios.from_frame(MANY).with_cash(rate)


@pytest.mark.parametrize(("made", "word"), [("sum", "sum"), ("mean", "mean")])
def test_a_total_of_the_others_is_no_company(made: str, word: str) -> None:
    draws = np.random.default_rng(5).normal(0.05, 0.1, (40, 3))
    table = pd.DataFrame(draws, columns=list("ABC"))
    table.insert(1, "Portfolio", getattr(table, made)(axis=1))
    with pytest.raises(InputError, match=f"column 'Portfolio' is the {word} of all the others"):
        ReturnScenarios.from_frame(table)
    nearly = table.assign(Portfolio=table["Portfolio"] + 1e-3 * draws[:, 0])
    assert ReturnScenarios.from_frame(nearly).tickers == ("A", "Portfolio", "B", "C")


def test_companies_that_are_all_alike_are_no_total() -> None:
    one = np.random.default_rng(6).normal(0.05, 0.1, 40)
    with pytest.raises(InputError, match="A and B return the same in every draw"):
        ReturnScenarios.from_frame(pd.DataFrame(dict.fromkeys("ABCD", one)))
