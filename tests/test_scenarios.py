"""Regimes: probabilities, shifts that hold exactly, and a file whose faults come all at once."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import marketsim as ms
from marketsim.errors import DataError, InputError
from marketsim.model import values
from marketsim.model.priors import KINDS
from marketsim.precision import precise
from marketsim.scenarios import Regime, Shift, fit_regimes, read_regimes


def regime(name: str, shifts: str, probability: str = "1.0") -> str:
    head = f'[{name}]\nprobability = {probability}\nthesis = "Something holds."\n'
    return f"{head}[{name}.shifts]\n{shifts}\n"


def loaded(posterior: ms.Posterior, folder: Path, text: str) -> ms.Scenarios:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return ms.load_scenarios(posterior, path)


def faults(posterior: ms.Posterior, folder: Path, text: str) -> list[str]:
    with pytest.raises(DataError) as error:
        loaded(posterior, folder, text)
    return str(error.value).splitlines()


def shifted(scenarios: ms.Scenarios, which: int, z: np.ndarray | None = None) -> dict[str, float]:
    """Values of every assumption under a regime, at the mode or at coordinates ``z``."""
    posterior = scenarios.posterior
    here = posterior.mode[: len(posterior.entries)] if z is None else z
    scale = np.asarray(posterior.coordinates.scale)
    with precise("float64"):
        moved = values(posterior.coordinates, jnp.asarray(here + scenarios.moves[which] / scale))
        return dict(zip((e.name for e in posterior.entries), np.asarray(moved), strict=True))


# ----------------------------------------------------------------------- probabilities


def test_the_embedded_regimes_are_bull_base_and_bear(scenarios: ms.Scenarios) -> None:
    assert set(scenarios.names) >= {"bull", "base", "bear"}
    assert scenarios.probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    assert scenarios.moves.shape == (len(scenarios.regimes), len(scenarios.posterior.entries))
    for r in scenarios.regimes:
        assert r.thesis.endswith(".")


def test_probabilities_of_a_subset_sum_to_one_again(
    posterior: ms.Posterior, scenarios: ms.Scenarios
) -> None:
    some = ms.load_scenarios(posterior, names=["bear", "bull", "bear"])
    assert some.names == ("bear", "bull")
    assert some.probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    full = dict(zip(scenarios.names, scenarios.probabilities, strict=True))
    odds = some.probabilities[0] / some.probabilities[1]
    assert odds == pytest.approx(full["bear"] / full["bull"])
    np.testing.assert_array_equal(some.moves[0], scenarios.moves[scenarios.names.index("bear")])


def test_an_unknown_regime_is_refused_with_the_nearest(posterior: ms.Posterior) -> None:
    with pytest.raises(InputError, match=r"no regime is called 'bul'.*Did you mean 'bull'\?"):
        ms.load_scenarios(posterior, names=["base", "bul"])
    with pytest.raises(InputError, match="choose at least one regime of bull"):
        ms.load_scenarios(posterior, names=[])


# ----------------------------------------------------------------------- shifts


def test_every_shift_holds_exactly_at_the_mode(scenarios: ms.Scenarios) -> None:
    now = scenarios.posterior.table()["value"]
    for which, r in enumerate(scenarios.regimes):
        then = shifted(scenarios, which)
        targets = {s.assumption: s for s in r.shifts}
        for entry in scenarios.posterior.entries:
            shift = targets.get(entry.name, targets.get(entry.field))
            value = float(now[entry.name])
            expected = value if shift is None else shift.apply(value)
            assert then[entry.name] == pytest.approx(expected, rel=1e-9, abs=1e-12), entry.name


def test_a_regime_without_shifts_moves_nothing(scenarios: ms.Scenarios) -> None:
    base = scenarios.regimes[scenarios.names.index("base")]
    assert base.shifts == ()
    assert not scenarios.moves[scenarios.names.index("base")].any()


@pytest.mark.parametrize(
    ("shift", "value", "expected"),
    [
        (Shift("x", "add", -0.25), 1.5, 1.25),
        (Shift("x", "multiply", 2.0), 1.5, 3.0),
        (Shift("x", "set", 0.3), 1.5, 0.3),
    ],
)
def test_operations(shift: Shift, value: float, expected: float) -> None:
    assert shift.apply(value) == expected


def test_shifts_say_what_they_do() -> None:
    written = [str(Shift("x", *rest)) for rest in (("add", -0.2), ("multiply", 2.0), ("set", 3.0))]
    assert written == ["x -0.2", "x x2", "x =3"]


def test_a_vector_moves_as_a_whole_or_by_the_entry(posterior: ms.Posterior, tmp_path: Path) -> None:
    text = regime("all", "elasticity = { add = 0.5 }", "0.5")
    text += regime("one", '"elasticity[agentic]" = { add = 0.5 }', "0.5")
    both = loaded(posterior, tmp_path, text)
    now = posterior.table()["value"]
    vector = [e.name for e in posterior.entries if e.field == "elasticity"]
    assert len(vector) == 3
    for name in vector:
        assert shifted(both, 0)[name] == pytest.approx(now[name] + 0.5)
        added = 0.5 if name == "elasticity[agentic]" else 0.0
        assert shifted(both, 1)[name] == pytest.approx(now[name] + added)


def test_shares_stay_shares_and_positive_numbers_positive(
    posterior: ms.Posterior, tmp_path: Path
) -> None:
    """Far out in the prior, under shifts that go to the edge at the mode."""
    text = regime(
        "edge",
        "rented_share = { set = 0.999 }\n"
        "commitment = { set = 0.001 }\n"
        "saturation = { multiply = 1e-6 }\n",
    )
    edge = loaded(posterior, tmp_path, text)
    chance = np.random.default_rng(0)
    for z in chance.normal(0.0, 4.0, (20, len(posterior.entries))):
        then = shifted(edge, 0, z)
        for entry in posterior.entries:
            value = then[entry.name]
            kind = KINDS[entry.kind]
            assert kind != "share" or 0.0 < value < 1.0
            assert kind != "lognormal" or value > 0.0


# ----------------------------------------------------------------------- faults


def test_a_misspelt_assumption_is_refused_with_its_line_and_the_nearest(
    posterior: ms.Posterior, tmp_path: Path
) -> None:
    text = regime("bull", "hurdle_rate = { add = 0.01 }\nelastisity = { multiply = 1.1 }")
    (fault,) = faults(posterior, tmp_path, text)
    assert fault.startswith("mine.toml, line 6, regime 'bull': ")
    assert "no assumption is called 'elastisity'. Did you mean 'elasticity'?" in fault


def test_the_line_is_that_of_the_key_itself(posterior: ms.Posterior, tmp_path: Path) -> None:
    """Not of a comment, another regime, or a longer name that holds it."""
    text = "# elasticity = { by = 1 } is not understood, nor is [bear]\n"
    text += regime("bull", "elasticity = { multiply = 1.1 }", "0.5")
    text += regime("bear", "saturated_elasticity = { set = 0.5 }\nelasticity = { by = 1 }", "0.5")
    (fault,) = faults(posterior, tmp_path, text)
    assert fault.startswith("mine.toml, line 12, regime 'bear': 'elasticity'")


@pytest.mark.parametrize("name", ["initial_compute", "base_level", "base_level[NVDA.rest]"])
def test_the_past_cannot_be_shifted(posterior: ms.Posterior, tmp_path: Path, name: str) -> None:
    (fault,) = faults(posterior, tmp_path, regime("bull", f'"{name}" = {{ multiply = 2.0 }}'))
    assert f"'{name}' describes the past and cannot be shifted" in fault


def test_all_faults_come_at_once(posterior: ms.Posterior, tmp_path: Path) -> None:
    text = (
        'title = "mine"\n'
        "[bull]\n"
        "probability = 1.5\n"
        'thesis = " "\n'
        'colour = "green"\n'
        "[bull.shifts]\n"
        "elasticity = 1.2\n"
        "task_growth = { raise = 0.1 }\n"
        "hurdle_rate = { add = 0.1, multiply = 2.0 }\n"
        "commitment = { add = 1.0 }\n"
        "saturation = { multiply = -1.0 }\n"
        'learning = { add = "much" }\n'
        "[bear]\n"
        'thesis = "It ends."\n'
        "shifts = 3\n"
    )
    found = faults(posterior, tmp_path, text)
    expected = [
        "line 1: 'title' is no regime; write [title]",
        "line 2, regime 'bull': probability is 1.5; write a number above 0 and up to 1",
        "line 2, regime 'bull': has no thesis",
        "line 2, regime 'bull': 'colour' is unknown",
        "line 7, regime 'bull': 'elasticity' = 1.2; write { add = x }",
        "line 8, regime 'bull': 'task_growth' = ",
        "line 9, regime 'bull': 'hurdle_rate' = ",
        "line 10, regime 'bull': 'commitment' moves commitment to ",
        "line 11, regime 'bull': 'saturation' moves saturation to ",
        "line 12, regime 'bull': 'learning' = ",
        "line 13, regime 'bear': probability is None",
        "line 13, regime 'bear': shifts is 3; write a table, [bear.shifts]",
    ]
    assert len(found) == len(expected)
    for fault, start in zip(found, expected, strict=True):
        assert fault.startswith(f"mine.toml, {start}")
    assert "between 0 and 1" in found[7]
    assert "above 0" in found[8]


def test_a_file_is_read_without_a_posterior_and_fitted_later(posterior: ms.Posterior) -> None:
    read = read_regimes(names=["bear", "bull"])
    assert [r.name for r in read] == ["bear", "bull"]
    assert sum(r.probability for r in read) == pytest.approx(1.0)
    later, at_once = (
        fit_regimes(posterior, read),
        ms.load_scenarios(posterior, names=["bear", "bull"]),
    )
    assert later.regimes == at_once.regimes
    np.testing.assert_array_equal(later.moves, at_once.moves)


def test_faults_of_form_come_at_once_before_anything_is_calibrated(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = regime("bull", "elasticity = 1.2\nno_such_thing = { add = 1.0 }", "2.0")
    path.write_text(text + regime("bear", "learning = { by = 1.0 }"), encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_regimes(path)
    lines = [fault.split(":")[0] for fault in str(error.value).splitlines()]
    assert lines == [
        "mine.toml, line 1, regime 'bull'",
        "mine.toml, line 5, regime 'bull'",
        "mine.toml, line 11, regime 'bear'",
    ]


def test_a_regime_made_in_code_is_refused_by_its_name(posterior: ms.Posterior) -> None:
    shift = Shift("elastisity", "multiply", 1.1)
    with pytest.raises(DataError, match=r"^regime 'mine': no assumption is called 'elastisity'"):
        fit_regimes(posterior, [Regime("mine", 1.0, "Something holds.", "", (shift,))])


@pytest.mark.parametrize(
    ("text", "message"),
    [("[bull\n", "not valid TOML"), ("# nothing yet\n", "no regime; write at least one")],
)
def test_a_file_that_says_nothing_is_refused(
    posterior: ms.Posterior, tmp_path: Path, text: str, message: str
) -> None:
    (fault,) = faults(posterior, tmp_path, text)
    assert message in fault


def test_a_missing_file_is_named(posterior: ms.Posterior, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.toml' cannot be read"):
        ms.load_scenarios(posterior, tmp_path / "nowhere.toml")
