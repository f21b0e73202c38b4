"""Stress tests: gradients, what is found against what is drawn, what is told, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.derivatives import ReverseStress
from marketsim.derivatives.beside import change_of
from marketsim.derivatives.holding import holding
from marketsim.derivatives.spreads import Spreads
from marketsim.derivatives.standard import StandardWorlds, points_of_draws, standard_worlds
from marketsim.derivatives.tilted import tilted_draws
from marketsim.errors import DataError, InputError
from marketsim.forecasting import Forecast

LOSS = 0.30
BALL = 10_000


@pytest.fixture(scope="module")
def choice(returns: ms.ReturnScenarios) -> ms.allocation.Allocation:
    return ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)


@pytest.fixture(scope="module")
def space(returns: ms.ReturnScenarios, published: Forecast) -> StandardWorlds:
    return standard_worlds(returns.world, published)


@pytest.fixture(scope="module")
def found(choice: ms.allocation.Allocation, published: Forecast) -> ReverseStress:
    return ms.reverse_stress(choice, LOSS, forecast=published)


@pytest.fixture(scope="module")
def weights(choice: ms.allocation.Allocation) -> np.ndarray:
    return choice.weights.loc[list(choice.returns.world.economics.index)].to_numpy()


def place_of(space: StandardWorlds, regime: str) -> np.ndarray:
    return np.array([space.valuation.paths.scenarios.names.index(regime)])


class TestFunction:
    @pytest.mark.parametrize("block", ["posterior", "later", "own", "noise", "wild"])
    def test_gradients_equal_central_differences(
        self, block: str, space: StandardWorlds, weights: np.ndarray
    ) -> None:
        chance = np.random.default_rng(3)
        at, along = 0.3 * chance.normal(size=space.size), np.zeros(space.size)
        part = space.blocks[block]
        along[part] = chance.normal(size=part.stop - part.start)
        step, regime = 1e-4 * along / np.linalg.norm(along), np.array([2, 2, 2])
        points = np.stack([at, at + step, at - step])
        value, slope = space.slopes(points, regime, weights)
        assert slope[0] @ step == pytest.approx((value[1] - value[2]) / 2.0, rel=1e-5, abs=1e-12)

    def test_values_are_those_that_gradients_are_of(
        self, space: StandardWorlds, weights: np.ndarray
    ) -> None:
        points, regime = np.random.default_rng(4).normal(size=(3, space.size)), np.arange(3)
        value, _ = space.slopes(points, regime, weights)
        np.testing.assert_allclose(space.shares(points, regime) @ weights, value, rtol=1e-8)

    def test_at_the_numbers_of_a_draw_it_returns_what_the_draw_does(
        self,
        space: StandardWorlds,
        published: Forecast,
        choice: ms.allocation.Allocation,
        weights: np.ndarray,
    ) -> None:
        """To first order in companies' own revenue, and without the blocks that noise comes in."""
        rows = np.arange(len(choice.returns.returns))
        points = points_of_draws(space, published, rows)
        ours = space.shares(points, space.valuation.paths.regime) @ weights
        theirs = choice.returns.returns @ choice.weights.to_numpy()
        assert np.corrcoef(ours, theirs)[0, 1] > 0.98
        assert abs((ours - theirs).mean()) < 0.04


class TestReverse:
    def test_the_loss_is_reached_and_the_gradient_points_from_the_middle(
        self, found: ReverseStress, space: StandardWorlds, weights: np.ndarray
    ) -> None:
        for world in found.worlds:
            value, slope = space.slopes(world.point[None], place_of(space, world.regime), weights)
            assert value[0] == pytest.approx(-LOSS, abs=2e-5)
            assert world.loss == pytest.approx(LOSS, abs=2e-5)
            cosine = -(world.point @ slope[0]) / world.distance / np.linalg.norm(slope[0])
            assert cosine > 0.9999

    def test_no_draw_that_loses_as_much_is_more_plausible(
        self,
        found: ReverseStress,
        space: StandardWorlds,
        published: Forecast,
        weights: np.ndarray,
    ) -> None:
        """Draws have hundreds of numbers, each of which moves by one: all are far out.

        So draws are brought as near as the world found, by their direction towards it and across:
        10,000 points of the ball about the middle whose radius is 0.99 of its distance, half of
        the way or more along it. None of them loses as much.
        """
        first = found.worlds[0]
        drawn = points_of_draws(space, published, np.arange(len(space.valuation.paths.regime)))
        assert np.linalg.norm(drawn, axis=1).min() > 5.0 * first.distance
        chance, place = np.random.default_rng(5), place_of(space, first.regime)
        across = chance.standard_normal((BALL, space.size))
        unit = first.point / first.distance
        across -= np.outer(across @ unit, unit)
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        along = chance.uniform(0.5, 1.0, BALL)
        radius = 0.99 * first.distance
        points = radius * (along[:, None] * unit + np.sqrt(1.0 - along**2)[:, None] * across)
        assert (np.linalg.norm(points, axis=1) < first.distance).all()
        lost = space.shares(points, np.repeat(place, BALL)) @ weights
        assert lost.min() > -LOSS

    def test_worlds_are_distinct_and_in_order(self, found: ReverseStress) -> None:
        assert len(found.worlds) == 3
        odds = [0.5 * w.distance**2 - np.log(w.probability) for w in found.worlds]
        assert odds == sorted(odds)
        assert found.worlds[0].plausibility == 1.0
        assert found.worlds[1].plausibility == pytest.approx(np.exp(odds[0] - odds[1]))
        assert len({w.regime for w in found.worlds}) == 3

    def test_what_is_told_adds_up(self, found: ReverseStress) -> None:
        for world in found.worlds:
            assert world.parts.sum() == pytest.approx(world.distance**2)
            told = world.assumptions["share"].sum() * world.distance**2
            assert told == pytest.approx(world.parts["assumptions"], abs=1e-9)
            assert world.companies["contribution"].sum() == pytest.approx(-world.loss)
        assert found.worlds[0].regime in str(found)
        assert len(repr(found)) < 160
        assert json.loads(json.dumps(found.record()))["loss"] == LOSS

    def test_rows_of_every_world_add_up(self, found: ReverseStress) -> None:
        table = found.table()
        assert list(table["world"].unique()) == [1, 2, 3]
        for place, world in enumerate(found.worlds, start=1):
            rows = table[table["world"] == place].set_index("kind")
            assert set(rows["regime"]) == {world.regime}
            shares = rows["share"].groupby(level="kind").sum()
            assert shares["part"] == pytest.approx(1.0)
            assert shares["company"] == pytest.approx(1.0)
            part = world.parts["assumptions"] / world.distance**2
            assert shares["assumption"] == pytest.approx(part, abs=1e-9)
            figures = rows.loc["world"].set_index("name")["here"]
            assert figures["distance"] == world.distance
        odds = found.odds().set_index("regime")
        assert odds["tilted"].sum() == pytest.approx(1.0)
        assert odds["probability"] @ odds["sampled"] == pytest.approx(found.probability)

    def test_fewer_worlds_measure_the_same_probability_less_surely(
        self, choice: ms.allocation.Allocation, published: Forecast
    ) -> None:
        given: dict[str, Any] = {"regime": "bear", "forecast": published}
        one, other = (ms.reverse_stress(choice, LOSS, sampled=n, **given) for n in (64, 640))
        assert one.worlds[0].distance == other.worlds[0].distance
        assert one.error > 2.0 * other.error
        assert abs(one.probability - other.probability) < 4.0 * np.hypot(one.error, other.error)

    def test_probability_is_about_the_share_of_draws(self, found: ReverseStress) -> None:
        table = found.by_regime
        assert table["probability"].sum() == pytest.approx(1.0)
        few = np.sqrt(found.drawn / 600)
        assert abs(found.probability - found.drawn) < 4.0 * np.hypot(few, found.error)
        assert 0.3 * found.first_order < found.probability < 1.5 * found.first_order

    def test_the_share_of_draws_has_an_error_and_is_told_first_where_many_lose(
        self, found: ReverseStress, choice: ms.allocation.Allocation
    ) -> None:
        """Regimes are drawn apart: the error is that of each at its odds."""
        earned = choice.portfolio().outcomes
        assert found.losing == int((earned <= -LOSS).sum())
        table, regimes = found.by_regime, choice.returns.regimes
        share = table["drawn"].to_numpy(dtype=float)
        counts = np.array([(regimes == name).sum() for name in table.index])
        odds = table["probability"].to_numpy(dtype=float)
        error = np.linalg.norm(odds * np.sqrt(share * (1.0 - share) / counts))
        assert found.drawn_error == pytest.approx(error)
        many = replace(found, losing=1000)
        assert "1,000 draws lose as much. Sampled about the nearest worlds, which is" in str(many)
        assert many.record()["losing"] == 1000
        assert many.counted

    def test_in_one_regime_and_without_noise(
        self, choice: ms.allocation.Allocation, published: Forecast
    ) -> None:
        given: dict[str, Any] = {"regime": "bear", "noise": False, "forecast": published}
        found = ms.reverse_stress(choice, 0.15, **given)
        assert {w.regime for w in found.worlds} == {"bear"}
        first = found.worlds[0]
        assert first.before_noise == pytest.approx(first.loss)
        assert "market noise" not in first.parts
        assert change_of(first.macro, "capital_spending") < 0.0

    def test_where_the_middle_loses_as_much_nothing_is_out_of_the_ordinary(
        self, returns: ms.ReturnScenarios, published: Forecast
    ) -> None:
        lowest = returns.tickers[int(np.argmin(returns.returns[returns.regimes == "bear"].mean(0)))]
        given: dict[str, Any] = {"returns": returns, "regime": "bear", "forecast": published}
        found = ms.reverse_stress({lowest: 1.0}, 0.01, **given)
        assert found.worlds[0].distance == 0.0
        assert found.by_regime["distance"]["bear"] < 0.0
        share = 100 * found.by_regime["drawn"]["bear"]
        assert f"loses as much, and so do {share:.1f} % of its draws." in str(found)
        sold = 100 * change_of(found.worlds[0].revenue, lowest, -1)
        assert f"in the first year and {sold:+.0f} % in the last" in str(found)

    def test_cash_lessens_the_loss(self, returns: ms.ReturnScenarios, published: Forecast) -> None:
        paid = returns.with_cash(0.04)
        given: dict[str, Any] = {"returns": paid, "regime": "base", "forecast": published}
        one, half = (
            ms.reverse_stress(held, 0.2, **given).worlds[0]
            for held in ({"NVDA": 1.0}, {"NVDA": 0.5, "cash": 0.5})
        )
        assert half.distance > one.distance
        assert half.loss == pytest.approx(0.2, abs=2e-5)

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"loss": 0.0}, "above 0"),
            ({"loss": 30}, "up to 1"),
            ({"loss": 0.3, "regime": "bare"}, "Did you mean 'bear'"),
            ({"loss": 0.3, "worlds": 2.5}, "worlds is 2.5; it must be a whole number from 1 up"),
            ({"loss": 0.3, "sampled": 1}, "sampled is 1; it must be a whole number from 2 up"),
            ({"loss": 0.9, "noise": False, "regime": "bull"}, "no world was found that loses 90 %"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self,
        asked: dict[str, Any],
        said: str,
        choice: ms.allocation.Allocation,
        published: Forecast,
    ) -> None:
        with pytest.raises(InputError, match=said):
            ms.reverse_stress(choice, forecast=published, **asked)

    @pytest.mark.parametrize(
        ("weights", "said"),
        [({"NVDAA": 1.0}, "Did you mean 'NVDA'"), ({"NVDA": 100.0}, "not per cent")],
    )
    def test_weights_that_are_none_are_refused(
        self, weights: dict[str, float], said: str, returns: ms.ReturnScenarios
    ) -> None:
        with pytest.raises(InputError, match=said):
            ms.reverse_stress(weights, 0.3, returns=returns)
        with pytest.raises(InputError, match="returns="):
            ms.reverse_stress(weights, 0.3)

    def test_anybodys_returns_have_no_worlds(self, returns: ms.ReturnScenarios) -> None:
        other = ms.ReturnScenarios.from_frame(returns.to_frame())
        with pytest.raises(InputError, match="revalue"):
            ms.stress({"NVDA": 1.0}, {"hurdle_rate": 0.2}, returns=other)


class TestWhatIf:
    def test_dear_money_costs(self, choice: ms.allocation.Allocation) -> None:
        (dear,) = ms.stress(choice, {"hurdle_rate": 0.20}).worlds
        assert dear.change < 0.0
        assert dear.companies["contribution"].sum() == pytest.approx(dear.change)
        assert change_of(dear.macro, "capital_spending", -1) < 0.0
        assert not dear.moves_nothing

    def test_ways_of_writing_agree(self, choice: ms.allocation.Allocation) -> None:
        ways = ("x1.1", {"multiply": 1.1})
        one, other = (ms.stress(choice, {"elasticity": way}).worlds[0] for way in ways)
        assert one.shifts == other.shifts == ("elasticity x1.1",)
        assert one.returned == other.returned

    def test_a_regimes_shift_is_that_regime(
        self, choice: ms.allocation.Allocation, scenarios: ms.Scenarios
    ) -> None:
        """Its middle, and what a what-if of the same shifts makes of the calibrated world."""
        bear = next(r for r in scenarios.regimes if r.name == "bear")
        same = {s.assumption: {s.operation: s.amount} for s in bear.shifts}
        (world,) = ms.stress(choice, same).worlds
        (middle,) = ms.stress(choice, {"hurdle_rate": "x1"}, regime="bear").worlds
        assert world.returned == pytest.approx(middle.without, abs=1e-5)
        assert middle.moves_nothing

    def test_in_a_regime_a_number_sets(
        self, choice: ms.allocation.Allocation, scenarios: ms.Scenarios
    ) -> None:
        """What the regime has already moves nothing; history and prices are the same."""
        posterior, bear = scenarios.posterior, scenarios.names.index("bear")
        entries = [e.name for e in posterior.entries]
        there = Spreads.of(posterior, scenarios.moves[bear]).values[entries.index("hurdle_rate")]
        (world,) = ms.stress(choice, {"hurdle_rate": float(there)}, regime="bear").worlds
        assert world.moves_nothing
        (dearer,) = ms.stress(choice, {"hurdle_rate": float(there) + 0.02}, regime="bear").worlds
        (added,) = ms.stress(choice, {"hurdle_rate": "+0.02"}, regime="bear").worlds
        assert dearer.returned == pytest.approx(added.returned, abs=1e-9)
        assert dearer.returned < dearer.without

    @pytest.mark.parametrize("regime", [None, "bear"])
    def test_where_the_shifted_world_lies_amid_the_draws_is_told(
        self, choice: ms.allocation.Allocation, regime: str | None
    ) -> None:
        found = ms.stress(choice, {"hurdle_rate": 0.16}, regime=regime)
        earned, odds = choice.portfolio().outcomes, choice.returns.probabilities
        mine = np.ones(len(earned), bool) if regime is None else choice.returns.regimes == regime
        assert found.mean == pytest.approx(np.average(earned[mine], weights=odds[mine]))
        for side in (earned <= found.median, earned >= found.median):
            assert odds[side & mine].sum() >= 0.5 * odds[mine].sum() - 1e-9
        assert f"returns {100 * found.mean:.1f} % on average" in str(found)
        (one,) = found.worlds
        ticker = one.companies["contribution"].abs().idxmax()
        sold = 100 * change_of(one.revenue, str(ticker), -1)
        assert f"in the first year and {sold:+.0f} % in the last" in str(found)

    def test_what_moves_nothing_says_so(self, choice: ms.allocation.Allocation) -> None:
        assert "moves nothing" in str(ms.stress(choice, {"hurdle_rate": "+0"}))

    def test_in_a_regime_the_world_is_told_beside_its_middle(
        self, choice: ms.allocation.Allocation
    ) -> None:
        """Not beside the calibrated one, from which the regime itself sets it apart."""
        found = ms.stress(choice, {"hurdle_rate": "x1"}, regime="bear")
        (none,) = found.worlds
        for table in (none.macro, none.revenue):
            np.testing.assert_allclose(table["change"], 0.0, atol=1e-9)
            assert "without" in table.columns
        dear = ms.stress(choice, {"hurdle_rate": "+0.02"}, regime="bear")
        assert "Beside the middle of bear, in the first year" in str(dear)
        (calm,) = ms.stress(choice, {"hurdle_rate": "+0.02"}).worlds
        calibrated = choice.returns.world.paths.calibrated.quantities["capital_spending"][0]
        np.testing.assert_allclose(
            calm.macro.xs("capital_spending")["without"].to_numpy()[0],
            calibrated[:4].sum(dtype=float),
            rtol=1e-5,
        )

    def test_what_goes_further_than_its_prior_is_warned_of(
        self, choice: ms.allocation.Allocation
    ) -> None:
        found = ms.stress(choice, {"hurdle_rate": 0.5})
        (said,) = found.worlds[0].warnings
        assert said.startswith("hurdle_rate at 0.5 is 6.")
        assert "standard deviations of its prior from the prior's median, 0.14" in said
        assert found.warnings == (f"what-if: {said}",)
        assert f"Beware: {said}" in str(found)
        assert found.record()["worlds"][0]["warnings"] == [said]
        assert ms.stress(choice, {"hurdle_rate": 0.16}).warnings == ()
        # A regime that is out there by itself is not the what-if's doing.
        assert ms.stress(choice, {"hurdle_rate": 0.16}, regime="novel_hardware").warnings == ()

    @pytest.mark.parametrize(
        ("shifts", "said"),
        [
            ([1], r"stress: shifts are \[1\]; give what to set assumptions to by name"),
            (None, "stress: shifts are None"),
            (0.16, "stress: shifts are 0.16"),
            ({3: 0.1}, "what-if 'what-if': 3 is no name of an assumption"),
            ({"hurdle_rate": {"add": {"x": 1}}}, "'hurdle_rate' = .*; write a number to set it to"),
            ({"hurdle_rate": [0.1]}, "'hurdle_rate' = .*; write a number to set it to"),
            ({"hurdle_rate": None}, "'hurdle_rate' = None; write a number"),
            ({"hurdle_rate": np.array([0.1])}, "'hurdle_rate' = array.*; write a number"),
            ({"hurdle_rate": 10**400}, "'hurdle_rate' = 1.*; write a number"),
            (b"what.toml", "stress: shifts are b'what.toml'"),
            ({}, "what-if 'what-if': shifts nothing"),
            ("nowhere.toml", "what-if file 'nowhere.toml' cannot be read"),
            ({"equity_premium": 0.06}, "'equity_premium' is what valuation assumes, the same in"),
        ],
    )
    def test_shifts_that_are_none_are_refused_in_a_line(
        self, shifts: Any, said: str, choice: ms.allocation.Allocation
    ) -> None:
        with pytest.raises(ms.MarketsimError, match=said) as told:
            ms.stress(choice, shifts)
        assert "\n" not in str(told.value)

    @pytest.mark.parametrize("regime", [3, ["bear", "bull"], "bare"])
    def test_a_regime_that_is_none_is_refused_in_a_line(
        self, regime: Any, choice: ms.allocation.Allocation
    ) -> None:
        with pytest.raises(InputError, match="no regime is called") as told:
            ms.stress(choice, {"hurdle_rate": 0.16}, regime=regime)
        assert "\n" not in str(told.value)

    @pytest.mark.parametrize(
        "shifts", [{"power_lead_time": np.int64(3)}, pd.Series({"power_lead_time": 3.0})]
    )
    def test_numbers_are_taken_as_they_come(
        self, shifts: Any, choice: ms.allocation.Allocation
    ) -> None:
        (one,) = ms.stress(choice, shifts).worlds
        assert one.shifts == ("power_lead_time =3",)

    def test_a_file_of_several(self, choice: ms.allocation.Allocation, tmp_path: Path) -> None:
        file = tmp_path / "what.toml"
        file.write_text(
            "[dear]\nhurdle_rate = 0.16\n[thrift.shifts]\nelasticity = { multiply = 0.9 }\n"
        )
        found = ms.stress(choice, file)
        assert list(found.table().index) == ["dear", "thrift"]
        assert isinstance(found.table(), pd.DataFrame)
        assert json.loads(json.dumps(found.record()))["worlds"][1]["name"] == "thrift"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[a]\nhurdle_rat = 0.1\n", r"line 2, what-if 'a'.*Did you mean 'hurdle_rate'"),
            ("[a]\nhurdle_rate = 'y'\n", r"line 2.*write a number"),
            ("a = 1\n", r"line 1.*write \[a\]"),
            ("[a]\n", "shifts nothing"),
        ],
    )
    def test_faults_of_a_file_are_named(
        self, text: str, said: str, choice: ms.allocation.Allocation, tmp_path: Path
    ) -> None:
        file = tmp_path / "what.toml"
        file.write_text(text)
        with pytest.raises(DataError, match=said):
            ms.stress(choice, file)


@pytest.mark.parametrize("weights", [[0.5, 0.5], {"NVDA": "a"}, {"NVDA": float("nan")}])
def test_weights_that_are_none_are_refused(returns: ms.ReturnScenarios, weights: Any) -> None:
    with pytest.raises(InputError, match="give a finite number by ticker"):
        ms.stress(weights, {"hurdle_rate": 0.16}, returns=returns)


def test_returns_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match=r"returns are a DataFrame; give what ms\.revalue"):
        ms.stress({"NVDA": 1.0}, {"hurdle_rate": 0.16}, returns=pd.DataFrame())  # type: ignore[arg-type]


# ------------------------------------------------------------------------ the other reading


def test_tilted_draws_lose_as_much_on_average_and_no_nearer_ones_do(
    returns: ms.ReturnScenarios,
) -> None:
    """Proportional to the given ones times exp(multiplier x loss): the condition of the optimum."""
    held = holding("test", pd.Series({"NVDA": 0.5, "MSFT": 0.5}), returns)
    places = np.arange(len(returns.world.paths.scenarios.names))
    found = tilted_draws(held, 0.2, places)
    assert found is not None
    given = returns.probabilities
    tilt = ms.view(returns, "0.5 * mean(NVDA) + 0.5 * mean(MSFT) <= -0.2")
    assert tilt.probabilities @ held.returned == pytest.approx(-0.2)
    entropy = tilt.probabilities @ np.log(tilt.probabilities / given)
    assert found.relative_entropy == pytest.approx(float(entropy), rel=1e-6)
    assert found.effective == pytest.approx(ms.views.effective_scenarios(tilt), rel=1e-6)
    assert found.regimes.sum().to_numpy() == pytest.approx([1.0, 1.0])
    odds = found.regimes.loc["bear"]
    assert odds["tilted"] > odds["probability"]


def test_what_no_draw_loses_has_no_tilt(returns: ms.ReturnScenarios) -> None:
    held = holding("test", pd.Series({"NVDA": 1.0}), returns)
    assert tilted_draws(held, 0.999, np.arange(2)) is None


def test_a_loss_that_is_the_mean_already_tilts_nothing(returns: ms.ReturnScenarios) -> None:
    held = holding("test", pd.Series({"NVDA": 1.0}), returns)
    bear = returns.world.paths.scenarios.names.index("bear")
    found = tilted_draws(held, 1e-3, np.array([bear]))
    assert found is not None
    assert found.relative_entropy == pytest.approx(0.0, abs=1e-12)
    assert (found.assumptions["deviations"] == 0.0).all()
