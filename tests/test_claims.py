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
from marketsim.claims.worlds import Worlds, layer, posterior_worlds, prior_worlds
from marketsim.errors import InputError
from marketsim.model.units import LIMITS
from marketsim.precision import precise
from marketsim.reporting.verdicts import claims_markdown, claims_text

DRAWS = 200


@pytest.fixture(scope="module")
def results(posterior: Posterior) -> ClaimResults:
    return evaluate_claims(posterior, draws=DRAWS, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_claim_holds(results: ClaimResults, name: str) -> None:
    rows = results.table.loc[name]
    assert set(rows.index) == {"prior", "posterior"}
    assert rows["holds"].all(), rows[["median", "q05", "q95", "satisfied", "bar"]].to_string()
    assert np.isfinite(rows[["median", "q05", "q95"]].to_numpy()).all()
    assert (rows["draws"] == DRAWS).all()
    assert ((rows["bound_by"] == "") == (rows["satisfied"] == 1.0)).all()
    assert set(rows["bound_by"]) <= {"", *LIMITS}


@pytest.mark.slow
def test_at_unit_elasticity_spending_is_unchanged_in_every_draw(results: ClaimResults) -> None:
    for source in ("prior", "posterior"):
        assert results.findings["C1", source].value.max() < 1e-5


@pytest.mark.slow
def test_the_table_says_what_the_draws_say(results: ClaimResults) -> None:
    for row in results.table.reset_index().to_dict("records"):
        finding = results.findings[row["claim"], row["draws_of"]]
        assert row["satisfied"] == pytest.approx(finding.holds.mean())
        assert row["median"] == pytest.approx(np.median(finding.value))
        assert row["holds"] == (row["satisfied"] >= row["bar"])
    assert results.hold == bool(results.table["holds"].all())
    text = claims_text(results.table)
    assert all(claim.title in text for claim in CLAIMS)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.slow
def test_the_paradox_without_saturation_stands_beside(results: ClaimResults) -> None:
    """C18: what saturation hides is told, and so is in how many draws spending could be held."""
    rows = results.table.loc["C18"]
    for source, row in rows.iterrows():
        beside = results.findings["C18", str(source)].beside
        assert beside is not None
        known = np.isfinite(beside)
        assert row["beside_known"] == pytest.approx(known.mean())
        assert row["beside_median"] == pytest.approx(np.median(beside[known]))
        assert row["beside_known"] > 0.8
        assert 0.0 < row["beside_median"] < 0.5 < row["median"]
        assert f"{row['beside_median']:.3g}" in claims_text(results.table)
    others = results.table[results.table.index.get_level_values(0) != "C18"]
    assert (others["beside"] == "").all()
    assert others["beside_median"].isna().all()


def test_what_stands_beside_is_written_where_anything_does(
    posterior: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It decides nothing; draws in which it is not known are left out, and told."""

    def aside(worlds: Worlds) -> Finding:
        value = np.arange(worlds.draws)
        return found(value, value >= 0, np.where(value == 0, np.nan, 10.0 * value))

    listed = (replace(CLAIMS[0], check=aside, bar=0.9, beside="of which ten times"), CLAIMS[1])
    monkeypatch.setattr(evaluation, "CLAIMS", listed)
    table = evaluate_claims(posterior, ["C1"], draws=4).table
    assert table["holds"].all()
    assert (table["beside_median"] == 20.0).all()
    assert (table["beside_known"] == 0.75).all()
    text = claims_text(table)
    assert "of which ten times" in text
    assert text.count("known in 75% of draws") == 2
    assert "; of which ten times 20 | 1.5 |" in claims_markdown(table)


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
    rows = results.table.xs("posterior", level="draws_of")
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
        assert 0.4 <= claim.bar <= 1.0, claim.name


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
