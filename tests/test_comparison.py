"""Why choices differ, from one run to another: sums, the way back, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli, runs
from marketsim.allocation import Allocation
from marketsim.derivatives import choices_apart, smoothed
from marketsim.derivatives.problem import Given
from marketsim.errors import DataError, InputError
from marketsim.forecasting import Forecast
from marketsim.provenance import versions
from marketsim.runs import comparison
from marketsim.runs.corners import Corners, Differs, attributed, outcome
from marketsim.runs.deciding import Decided, Question
from marketsim.runs.decision import choose
from marketsim.runs.recorded import arguments_of

ASKED = Question(as_of="2025-12-31", draws=600, most_cash=0.0)
ALL = Differs(facts=True, prices=True, settings=True)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


@pytest.fixture(scope="module")
def moved(paths: ms.Paths, prices: ms.prices.Prices) -> ms.ReturnScenarios:
    """Other worlds at other prices, as if of another date."""
    drawn = ms.simulate(paths.scenarios, draws=600, seed=1)
    statistics = prices.statistics.copy()
    statistics["volatility"] *= np.linspace(0.9, 1.1, len(statistics))
    return ms.revalue(drawn, replace(prices, statistics=statistics))


def made(returns: ms.ReturnScenarios, asked: Question, coming: Forecast) -> Decided:
    """A decision over returns, without the steps before it."""
    world = returns.world
    posterior = world.paths.scenarios.posterior
    found = SimpleNamespace(
        decision=SimpleNamespace(choice=choose(returns, **asked.aim).choice),
        paths=world.paths,
        returns=returns,
        date=posterior.as_of,
        posterior=posterior,
        coming=coming,
        knowledge=posterior.knowledge,
        companies=posterior.companies,
    )
    return cast(Decided, found)


@pytest.fixture(scope="module")
def corners(returns: ms.ReturnScenarios, moved: ms.ReturnScenarios, mixed: Forecast) -> Corners:
    asked = ASKED, replace(ASKED, risk=0.9)
    found = made(returns, asked[0], mixed), made(moved, asked[1], mixed)
    return Corners(asked, found)


@pytest.fixture(scope="module")
def causes(corners: Corners) -> pd.DataFrame:
    return attributed(corners, ALL)


class TestCauses:
    def test_they_add_up_to_the_change_of_exact_choices(
        self, corners: Corners, causes: pd.DataFrame
    ) -> None:
        change = outcome(corners.choice(1, 1, 1)) - outcome(corners.choice(0, 0, 0))
        np.testing.assert_allclose(causes.sum(), change, atol=1e-12)
        assert list(causes.index[:3]) == ["facts", "prices", "settings"]
        assert (causes.drop(columns=["expected_return", "CVaR"]).loc["facts"].abs() > 1e-3).any()

    def test_weights_of_every_cause_add_up_to_nothing(self, causes: pd.DataFrame) -> None:
        weights = causes.drop(columns=["expected_return", "CVaR"])
        np.testing.assert_allclose(weights.sum(axis=1), 0.0, atol=1e-7)

    def test_the_way_back_takes_off_what_the_way_there_added(
        self, corners: Corners, causes: pd.DataFrame
    ) -> None:
        """Which run is the first does not matter, but for the first's smoothing."""
        back = Corners(corners.asked[::-1], corners.found[::-1])
        other = attributed(back, ALL)
        np.testing.assert_allclose(other.loc["settings"], -causes.loc["settings"], atol=1e-6)
        np.testing.assert_allclose(other.loc["facts"], -causes.loc["facts"], atol=0.03)

    def test_one_cause_alone_explains_all(self, corners: Corners) -> None:
        alone = Corners((ASKED, replace(ASKED, risk=0.9)), (corners.found[0],) * 2)
        found = attributed(alone, Differs(facts=False, prices=False, settings=True))
        assert list(found.index) == ["settings"]

    def test_the_same_runs_differ_in_nothing(self, corners: Corners) -> None:
        same = Corners((ASKED, ASKED), (corners.found[0],) * 2)
        found = attributed(same, Differs(facts=True, prices=True, settings=False))
        np.testing.assert_allclose(found, 0.0, atol=1e-12)

    def test_other_companies_are_named(self, corners: Corners, returns: ms.ReturnScenarios) -> None:
        few = replace(returns, returns=returns.returns[:, 1:], tickers=returns.tickers[1:])
        short = SimpleNamespace(
            decision=SimpleNamespace(choice=ms.allocate(few, ms.ExpectedReturn() - ms.CVaR(0.95)))
        )
        other = Corners(corners.asked, (corners.found[0], cast(Decided, short)))
        with pytest.raises(InputError, match=f"{returns.tickers[0]} is only in the first"):
            attributed(other, ALL)


@pytest.fixture(scope="module")
def start(returns: ms.ReturnScenarios) -> Allocation:
    return ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.2)


@pytest.fixture(scope="module")
def given(start: Allocation) -> Given:
    return smoothed(start).given


class TestChoicesApart:
    def changed(self, start: Allocation, given: Given, size: float) -> tuple[Allocation, Given]:
        change = size * np.random.default_rng(0).normal(size=given.returns.shape[1])
        there = replace(start.returns, returns=start.returns.returns + change)
        end = ms.allocate(there, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.2)
        none = Given(*(0.0 * x for x in given))
        return end, none._replace(returns=np.broadcast_to(change, given.returns.shape))

    def test_alike_causes_share_alike_whatever_their_order(
        self, start: Allocation, given: Given
    ) -> None:
        end, change = self.changed(start, given, 0.02)
        half = Given(*(0.5 * x for x in change))
        found = choices_apart(start, end, {"one": half, "other": half})
        np.testing.assert_allclose(found.weights.loc["one"], found.weights.loc["other"], atol=1e-12)
        np.testing.assert_allclose(found.weights.sum(), end.weights - start.weights, atol=1e-12)
        assert found.weights.loc["not resolved"].abs().max() < 1e-6

    def test_a_small_change_adds_what_the_derivative_says(
        self, start: Allocation, given: Given
    ) -> None:
        end, change = self.changed(start, given, 1e-7)
        found = choices_apart(start, end, {"all": change})
        expected = smoothed(start).jvp(change.returns).weights
        np.testing.assert_allclose(found.weights.loc["all"], expected, atol=1e-9, rtol=1e-3)

    def test_causes_that_do_not_sum_to_the_change_are_named(
        self, start: Allocation, given: Given
    ) -> None:
        end, change = self.changed(start, given, 0.02)
        half = Given(*(0.5 * x for x in change))
        with pytest.raises(InputError, match="do not sum to the change of returns"):
            choices_apart(start, end, {"half": half})


@pytest.fixture
def folder(
    tmp_path: Path, corners: Corners, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, int], Path]:
    """Folders as runs write them, of either of the two; making them again finds them at hand."""

    def decided(asked: Question, *_: object) -> Decided:
        return corners.found[int(asked.risk != ASKED.risk)]

    monkeypatch.setattr(comparison, "decided", decided)

    def write(name: str, place: int) -> Path:
        there, found = tmp_path / name, corners.found[place]
        there.mkdir()
        weights = found.decision.choice.weights.rename("weight").rename_axis("ticker")
        content = weights.reset_index().to_csv(index=False).encode()
        (there / "allocation.csv").write_bytes(content)
        names = found.paths.scenarios.names
        arguments = arguments_of(corners.asked[place], "2025-12-31", names)
        record = {
            "as_of": "2025-12-31",
            "arguments": arguments,
            "knowledge_digest": found.knowledge.digest,
            "prices_digest": f"prices {place}",
            "price_source": "embedded",
            "scenarios_digest": "the same",
            "versions": versions(),
            "git_commit": None,
            "results": {"allocation.csv": sha256(content).hexdigest()},
        }
        (there / "run.json").write_text(json.dumps(record))
        return there

    return write


def command(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["compare", *map(str, arguments)])
    assert isinstance(stop.value.code, int)
    return stop.value.code


class TestCommand:
    def test_it_tells_what_differs_and_why(
        self,
        folder: Callable[[str, int], Path],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        one, other = folder("one", 0), folder("other", 1)
        assert command(one, other, "--json", "--out", tmp_path / "out") == 0
        printed = capsys.readouterr().out
        told = json.loads(printed)
        assert told["inputs"]["risk"] == {"before": "1.0", "after": "0.9"}
        row = next(iter(told["weights"].values()))
        assert row["prices"] + row["settings"] == pytest.approx(row["change"], abs=1e-9)
        assert row["after"] - row["before"] == pytest.approx(row["change"])
        assert (tmp_path / "out" / "comparison.json").read_text() == printed
        text = (tmp_path / "out" / "comparison.txt").read_text()
        assert "% traded), and what changed them" in text
        assert "risk    1.0 -> 0.9" in text
        assert sorted(p.name for p in one.iterdir()) == ["allocation.csv", "run.json"]

    def test_a_run_and_itself_are_the_same(
        self, folder: Callable[[str, int], Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = folder("one", 0)
        assert command(one, one) == 0
        printed = capsys.readouterr().out
        assert "were given the same; nothing changed" in printed
        assert "Weights, expected return and CVaR are the same." in printed

    @pytest.mark.parametrize(
        ("spoilt", "said"),
        [
            (lambda p: (p / "run.json").unlink(), "has no run.json"),
            (lambda p: (p / "run.json").write_text("{"), "is no JSON"),
            (lambda p: (p / "run.json").write_text("[]"), "does not say 'arguments'"),
            (lambda p: (p / "allocation.csv").unlink(), "is missing, which the run wrote"),
            (lambda p: (p / "allocation.csv").write_text("x"), "is not as the run wrote it"),
            (lambda p: written(p, ("versions", "marketsim"), "0.0"), "was made by marketsim 0.0"),
            (lambda p: written(p, ("arguments", "colour"), 1), "not those of this version"),
            (lambda p: written(p, ("knowledge_digest",), "x"), "rests on other facts"),
            (lambda p: written(p, ("arguments", "knowledge"), "x"), "given its facts in memory"),
        ],
    )
    def test_what_is_wrong_is_one_line(
        self,
        folder: Callable[[str, int], Path],
        spoilt: Callable[[Path], object],
        said: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        one, other = folder("one", 0), folder("other", 1)
        spoilt(other)
        assert command(one, other) == 2
        assert said in capsys.readouterr().err

    def test_what_is_no_folder_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command("nowhere", "nowhere") == 2
        assert "'nowhere' is no folder" in capsys.readouterr().err

    def test_a_choice_that_is_another_now_is_refused(
        self, folder: Callable[[str, int], Path], corners: Corners
    ) -> None:
        one = folder("one", 0)
        table = pd.read_csv(one / "allocation.csv")
        content = table.assign(weight=table["weight"][::-1].to_numpy()).to_csv(index=False).encode()
        (one / "allocation.csv").write_bytes(content)
        written(one, ("results", "allocation.csv"), sha256(content).hexdigest())
        with pytest.raises(DataError, match="made again it is"):
            runs.compare(one, one)


def written(folder: Path, names: tuple[str, ...], value: object) -> None:
    """Another value in the record of a run."""
    record = json.loads((folder / "run.json").read_text())
    place = record
    for name in names[:-1]:
        place = place[name]
    place[names[-1]] = value
    (folder / "run.json").write_text(json.dumps(record))
