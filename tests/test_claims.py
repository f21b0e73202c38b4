"""The claims: that they hold, and that the command would say so if they did not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from marketsim import claims, cli
from marketsim.calibration import Posterior
from marketsim.claims import CLAIMS, ClaimResults, evaluate_claims, evaluation
from marketsim.claims.claim import Finding, found
from marketsim.claims.where import (
    CALIBRATED,
    FREE,
    INELASTIC,
    ONLY_FINANCE,
    SATURATED,
    SLACK,
    TIGHT,
    measured,
)
from marketsim.claims.worlds import Worlds, layer, posterior_worlds, prior_worlds
from marketsim.errors import InputError
from marketsim.model.units import LIMITS
from marketsim.precision import precise
from marketsim.reporting.verdicts import claims_markdown, claims_text

DRAWS = 200


@pytest.fixture(scope="module")
def results(posterior: Posterior) -> ClaimResults:
    return evaluate_claims(posterior, draws=DRAWS, seed=0)


def decided(results: ClaimResults) -> pd.DataFrame:
    """The rows that decide, which come first."""
    return results.table.groupby(level=["claim", "draws_of"], sort=False).head(1)


def seen(results: ClaimResults, claim: str, source: str, column: str) -> dict[str, float]:
    """What the table says of a claim, by where it was measured."""
    rows = results.table.xs((claim, source), level=("claim", "draws_of"))
    return {str(where): float(value) for where, value in rows[column].items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_claim_holds(results: ClaimResults, name: str) -> None:
    rows = results.table.loc[name]
    assert set(rows.index.get_level_values("draws_of")) == {"prior", "posterior"}
    assert rows["holds"].all(), rows[["median", "q05", "q95", "satisfied", "bar"]].to_string()
    assert np.isfinite(rows[["median", "q05", "q95"]].to_numpy()).all()
    assert (rows["draws"] == DRAWS).all()
    assert (rows["known"] > 0.9).all()


@pytest.mark.slow
def test_at_unit_elasticity_spending_is_unchanged_in_every_draw(results: ClaimResults) -> None:
    for source in ("prior", "posterior"):
        assert results.findings["C1", source].value.max() < 1e-5


@pytest.mark.slow
def test_the_table_says_what_the_draws_say(results: ClaimResults) -> None:
    for row in decided(results).reset_index().to_dict("records"):
        finding = results.findings[row["claim"], row["draws_of"]]
        assert row["where"] == finding.where
        assert row["satisfied"] == pytest.approx(finding.holds.mean())
        assert row["median"] == pytest.approx(np.nanmedian(finding.value))
        assert row["holds"] == (row["satisfied"] >= row["bar"])
    assert results.hold == bool(results.table["holds"].all())
    text = claims_text(results.table)
    assert all(claim.title in text for claim in CLAIMS)
    assert max(map(len, text.splitlines())) <= 100


IN_LIMITS = {"C1": FREE, "C2": TIGHT, "C3": TIGHT, "C6": TIGHT, "C17": SATURATED}
"""Claims about a limit itself: what they say of it decides, and stands beside as calibrated."""

SLACKENED = ("C1", "C2", "C7", "C8", "C9", "C11", "C12", "C16", "C18", "C21", "C22")
"""Claims about mechanisms, which limits hold back."""


@pytest.mark.slow
def test_every_claim_is_measured_as_calibrated_and_mechanisms_with_slack_too(
    results: ClaimResults,
) -> None:
    names, _, places = (results.table.index.get_level_values(at) for at in range(3))
    where = set(zip(names, places, strict=True))
    decides = dict(decided(results).reset_index()[["claim", "where"]].to_numpy())
    for claim in CLAIMS:
        assert (claim.name, CALIBRATED) in where
        assert decides[claim.name] == IN_LIMITS.get(claim.name, CALIBRATED)
        slackened = any(name == claim.name and "slack" in at for name, at in where)
        assert slackened == (claim.name in SLACKENED), claim.name


@pytest.mark.slow
def test_what_does_not_show_as_calibrated_is_laid_to_a_limit(results: ClaimResults) -> None:
    """Beside nothing is asked; what binds is told of worlds in which limits can bind."""
    first = decided(results).index
    beside = results.table.drop(first)
    assert len(beside) > len(CLAIMS)
    assert (beside["bar"] == 0.0).all()
    at = results.table.index.get_level_values("where").str.endswith(CALIBRATED)
    calibrated, others = results.table[at], results.table[~at]
    assert ((calibrated["bound_by"] == "") == (calibrated["satisfied"] == 1.0)).all()
    assert set(calibrated["bound_by"]) <= {"", *LIMITS}
    assert (others["bound_by"] == "").all()


@pytest.mark.slow
@pytest.mark.parametrize("source", ["prior", "posterior"])
def test_limits_hold_back_what_the_mechanism_does(results: ClaimResults, source: str) -> None:
    """Slack, mechanisms show in nearly every draw, and more of them than as calibrated."""

    def median(claim: str, where: str) -> float:
        return seen(results, claim, source, "median")[where]

    def satisfied(claim: str, where: str) -> float:
        return seen(results, claim, source, "satisfied")[where]

    for claim, where in {"C11": INELASTIC, "C12": SLACK, "C16": SLACK, "C22": ONLY_FINANCE}.items():
        assert satisfied(claim, where) >= 0.95
    for claim, where in {"C11": INELASTIC, "C12": SLACK, "C22": ONLY_FINANCE}.items():
        assert 0.0 < median(claim, CALIBRATED) < median(claim, where)
    assert median("C2", CALIBRATED) < 1.8 < median("C2", TIGHT)
    assert satisfied("C3", CALIBRATED) < satisfied("C3", TIGHT)
    assert median("C6", TIGHT) < median("C6", CALIBRATED)  # a smaller gap is enough
    assert 0.0 < median("C17", CALIBRATED) < median("C17", SATURATED)
    assert satisfied("C1", FREE) == 1.0 > satisfied("C1", CALIBRATED)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["prior", "posterior"])
def test_the_paradox_is_told_of_chips_and_of_compute(results: ClaimResults, source: str) -> None:
    """C18: without saturation an answer of several times the size; limits hold compute back."""
    rows = seen(results, "C18", source, "median")
    assert 0.0 < rows[CALIBRATED] < 0.5 * rows[FREE]
    assert rows[SLACK] > 0.0
    compute = {where: rows[f"of compute, {where}"] for where in (CALIBRATED, SLACK, FREE)}
    assert 0.0 < compute[CALIBRATED] < compute[SLACK] < compute[FREE]


@pytest.mark.slow
def test_the_paradox_needs_chips_to_turn_near_one_and_something_to_hold_back(
    results: ClaimResults,
) -> None:
    """A slack spread of nothing or less is no spread to show half of."""
    for source in ("prior", "posterior"):
        finding = results.findings["C18", source]
        shown, slackened = finding.value[finding.holds], finding.beside[SLACK].value[finding.holds]
        assert (slackened > 0.0).all()
        assert (shown > 0.5 * slackened).all()
        assert finding.beside[f"of compute, {CALIBRATED}"].holds[finding.holds].all()
    assert (results.findings["C18", "posterior"].beside[SLACK].value < 0.0).any()


def test_what_stands_beside_is_written_and_decides_nothing(
    posterior: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws in which it is not known are left out, and told."""

    def aside(worlds: Worlds) -> Finding:
        value = np.arange(worlds.draws)
        beside = found(np.where(value == 0, np.nan, 10.0 * value), value > 2)
        return replace(found(value, value >= 0), beside={"ten times": beside})

    listed = (replace(CLAIMS[0], check=aside, bar=0.9), CLAIMS[1])
    monkeypatch.setattr(evaluation, "CLAIMS", listed)
    table = evaluate_claims(posterior, ["C1"], draws=4).table
    assert table["holds"].all()
    beside = table.xs("ten times", level="where")
    assert (beside["median"] == 20.0).all()
    assert (beside["known"] == 0.75).all()
    assert (beside["satisfied"] == 0.25).all()
    text = claims_text(table)
    assert "ten times" in text
    assert text.count("25% of 4 draws; 25% unknown") == 2
    assert "shown by 100% of draws; ten times 20, by 25% | 1.5 |" in claims_markdown(table)


def test_a_check_runs_in_each_world_it_is_asked_for(posterior: Posterior) -> None:
    seen = []

    @measured(TIGHT, CALIBRATED, SLACK)
    def check(worlds: Worlds) -> Finding:
        seen.append(worlds)
        share = np.asarray(worlds.state.power.energised / worlds.state.fleet.power.sum(axis=(1, 2)))
        return found(share, share > 0.0)

    with precise("float64"):
        finding = check(prior_worlds(posterior, 2, seed=0))
    assert len(seen) == 3
    assert finding.where == TIGHT
    assert list(finding.beside) == [CALIBRATED, SLACK]
    assert (finding.value < finding.beside[SLACK].value).all()


def claims_of(text: str) -> dict[str, tuple[str, float]]:
    """Statement and figure of each row of the table, by claim."""
    rows = re.findall(r"^\| (C\d+) \| (.*) \| .* \| (\S+) \|$", text, re.MULTILINE)
    return {name: (claim, float(figure)) for name, claim, figure in rows}


README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_readme_states_every_claim_as_it_stands() -> None:
    written = claims_of(README)
    assert list(written) == [claim.name for claim in CLAIMS]
    for claim in CLAIMS:
        assert claim.title in written[claim.name][0], "claims have changed; run `make docs`"
        assert claim.text in written[claim.name][0], "claims have changed; run `make docs`"


@pytest.mark.slow
def test_the_readme_gives_figures_that_are_measured(results: ClaimResults) -> None:
    """Within what 90 % of the draws give: digits move with every fact, and are generated."""
    assert claims_of(claims_markdown(results.table)).keys() == claims_of(README).keys()
    rows = decided(results).droplevel("where").xs("posterior", level="draws_of")
    for name, (_, figure) in claims_of(README).items():
        low, high = rows[["q05", "q95"]].loc[name].to_numpy(float)
        slack = 0.01 * abs(high) + (1e-12 if name == "C1" else 0.0)  # what three digits leave out
        assert low - slack <= figure <= high + slack, f"{name}: run `make docs`"


def test_each_is_told_and_barred() -> None:
    """C19 and C20 are about companies on days of news, and stand with valuation."""
    numbers = [*range(1, 19), 21, 22, 23]
    assert [claim.name for claim in CLAIMS] == [f"C{i}" for i in numbers]
    for claim in CLAIMS:
        assert all([claim.title, claim.text, claim.quantity, claim.unit]), claim.name
        assert 0.0 < claim.bar <= 1.0, claim.name
        assert claim.departure or claim.bar >= 0.7, f"{claim.name}: say why so few draws show it"


def test_the_first_posterior_draw_is_the_mode(posterior: Posterior) -> None:
    with precise("float64"):
        worlds = posterior_worlds(posterior, 2, seed=0)
        share = np.asarray(worlds.history.inference_share)
    np.testing.assert_allclose(share[0], posterior.history["inference_share"], rtol=1e-9)
    assert not np.allclose(share[1], share[0])


def test_worlds_change_only_in_what_is_changed(posterior: Posterior) -> None:
    with precise("float64"):
        worlds = prior_worlds(posterior, 3, seed=0)
        same, other = worlds.with_(), worlds.with_(hurdle_rate=0.5)
        np.testing.assert_array_equal(layer(same.ahead(), "gpu"), layer(worlds.ahead(), "gpu"))
        assert (layer(other.ahead(), "gpu") != layer(worlds.ahead(), "gpu")).any()
        unmoved = worlds.moved(np.zeros(worlds.link.shape[1]))
        np.testing.assert_allclose(unmoved.ahead().rent, worlds.ahead().rent, rtol=1e-12)


# What happens when one fails


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue whose second claim is satisfied by half of the draws."""

    def half(worlds: Worlds) -> Finding:
        return found(np.arange(worlds.draws), np.arange(worlds.draws) % 2 == 0)

    listed = (replace(CLAIMS[0], check=half, bar=0.5), replace(CLAIMS[1], check=half))
    monkeypatch.setattr(evaluation, "CLAIMS", listed)


def test_a_claim_below_its_bar_fails(posterior: Posterior, broken: None) -> None:
    results = evaluate_claims(posterior, draws=4)
    assert not results.hold
    assert results.table["holds"].groupby(level=0).all().to_dict() == {"C1": True, "C2": False}
    assert "1 of 2 claims hold; C2 do not" in claims_text(results.table)
    rows = claims_of(claims_markdown(results.table))
    assert {name: figure for name, (_, figure) in rows.items()} == {"C1": 1.5, "C2": 1.5}


@pytest.mark.slow
def test_the_command_writes_a_table_and_its_exit_code_tells(
    posterior: Posterior, broken: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)
    monkeypatch.setattr("marketsim.calibrate", lambda *_: posterior, raising=False)
    file = tmp_path / "sub" / "claims.csv"
    command: Any = typer.main.get_command(cli.app)
    done = CliRunner().invoke(cli.app, ["claims", "--draws", "4", "--csv", str(file)])
    assert command.commands["claims"] is not None
    assert done.exit_code == 1, done.output
    table = pd.read_csv(file)
    assert list(table["claim"]) == ["C1", "C1", "C2", "C2"]
    good = CliRunner().invoke(cli.app, ["claims", "C1", "--draws", "4", "--csv", str(file)])
    assert good.exit_code == 0, good.output


def test_a_wrong_name_is_refused_with_the_nearest(posterior: Posterior) -> None:
    with pytest.raises(InputError, match=r"no claim is called 'C19'; there are C1, .* C22, C23"):
        evaluate_claims(posterior, ["C19"])
    with pytest.raises(InputError, match="0 draws"):
        evaluate_claims(posterior, draws=0)
    assert claims.claims_named(["c2"]) == ("C2",)
