"""The list of assumptions as text and as Markdown, the command that prints it, and the README."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.assumptions import describe_assumptions
from marketsim.reporting.listing import (
    assumptions_markdown,
    assumptions_text,
    valuation_markdown,
)

FIGURE_CELLS = {4, 5}
"""Median and range of a row."""

README = Path(__file__).parents[1] / "README.md"
TABLE = describe_assumptions()
FIELDS = list(dict.fromkeys(name.partition("[")[0] for name in TABLE.index))
SCALARS = [name for name in TABLE.index if "[" not in name]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `marketsim assumptions` prints with these arguments."""
    with pytest.raises(SystemExit) as stop:
        cli.main(["assumptions", *arguments])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets JAX's environment for its own process; here it is everybody's."""
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


class TestText:
    def test_wrapping_fits_the_terminal_and_loses_no_word(self) -> None:
        wrapped = assumptions_text(TABLE, 100)
        assert max(map(len, wrapped.splitlines())) <= 100
        assert sorted(wrapped.split()) == sorted(assumptions_text(TABLE).split())

    def test_figures_stand_beside_their_names(self) -> None:
        text = assumptions_text(TABLE)
        for name in SCALARS:
            line = re.search(rf"^{name} +(\S+) +(\S+) +(\S+)  ", text, re.MULTILINE)
            assert line is not None
            shown = [float(figure.replace(",", "")) for figure in line.groups()]
            wanted = TABLE.loc[name, ["median", "p05", "p95"]].astype(float)
            np.testing.assert_allclose(shown, wanted, rtol=5.1e-3)

    def test_small_and_large_figures_stay_apart(self) -> None:
        table = TABLE.assign(value=1e-17, moved=-1e-17, posterior_sd=-123456.789)
        text = assumptions_text(table)
        for name in SCALARS:
            line = re.search(rf"^{name} +(\S+) +(\S+) +(\S+) +(\S+)  ", text, re.MULTILINE)
            assert line is not None
            shown = [float(figure.replace(",", "")) for figure in line.groups()]
            np.testing.assert_allclose(shown[1:], [1e-17, 0.0, -123456.79], rtol=1e-9)

    def test_fields_come_in_order_each_once(self) -> None:
        starts = re.findall(r"^([a-z]\w*)", assumptions_text(TABLE), re.MULTILINE)
        assert starts == ["assumption", *FIELDS]


class TestMarkdown:
    def test_a_row_for_each_field_in_order(self) -> None:
        assert re.findall(r"^\| `(\w+)`", assumptions_markdown(TABLE), re.MULTILINE) == FIELDS

    def test_every_row_has_the_same_cells(self) -> None:
        odd = TABLE.assign(meaning="a|b <c> *d*")
        for table in (TABLE, odd):
            rows = [r for r in assumptions_markdown(table).splitlines() if r.startswith("|")]
            assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
        assert r"a\|b &lt;c> \*d\*" in assumptions_markdown(odd)

    def test_what_valuation_assumes_has_its_value_and_range(self) -> None:
        row = {"value": 0.02, "low": 0.0071, "high": 0.0545, "unit": "per year"}
        words = {"meaning": "speed", "source": "a|b"}
        head, _, only = valuation_markdown(pd.DataFrame({"pull": row | words}).T).splitlines()
        assert head.count("|") == 7
        assert only == r"| `pull` | speed | per year | 0.02 | 0.0071 to 0.0545 | a\|b |"


def test_the_readme_is_in_step() -> None:
    text = README.read_text(encoding="utf-8")
    begin, end = "<!-- assumptions: begin -->\n", "\n<!-- assumptions: end -->"
    assert text.count(begin) == text.count(end) == 1
    written = text.partition(begin)[2].partition(end)[0]
    for one, other in zip(cells(written), cells(assumptions_markdown(TABLE)), strict=True):
        name, *words = (part for i, part in enumerate(one) if i not in FIGURE_CELLS)
        now = [part for i, part in enumerate(other) if i not in FIGURE_CELLS]
        assert [name, *words] == now, "assumptions have changed; run `make docs`"
        for i in FIGURE_CELLS & set(range(len(one))):
            assert figures(one[i]) == pytest.approx(figures(other[i]), rel=0.1, abs=1e-3), name


def cells(table: str) -> list[list[str]]:
    return [re.split(r"(?<!\\) \| ", line) for line in table.splitlines() if line]


def figures(cell: str) -> list[float]:
    """Numbers of a cell; a median hangs on facts of the start, and may move a little."""
    text = cell.replace("\N{MINUS SIGN}", "-").replace(",", "")
    return [float(x) for x in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


class TestCommand:
    def test_prints_all_and_wraps_only_for_terminals(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert told(capsys) == assumptions_text(TABLE) + "\n"
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        assert told(capsys) == assumptions_text(TABLE, 100) + "\n"

    def test_filters(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = SCALARS[0]
        assert told(capsys, text) == assumptions_text(describe_assumptions(text)) + "\n"

    def test_prints_what_stands_in_the_readme(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert told(capsys, "--markdown") == assumptions_markdown(TABLE) + "\n"

    def test_writes_what_can_be_read_back(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "new" / "assumptions.csv"
        assert told(capsys, "--csv", str(file)) == f"table: {file}\n"
        back = pd.read_csv(file, index_col="assumption")
        pd.testing.assert_frame_equal(back, TABLE, rtol=1e-5, check_index_type=False)

    def test_shows_what_a_calibration_taught(
        self,
        posterior: ms.Posterior,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked = []

        def calibrate(facts: ms.Knowledge) -> ms.Posterior:
            asked.append(str(facts.as_of)[:10])
            return posterior

        monkeypatch.setattr(ms, "calibrate", calibrate)
        text = told(capsys, "--calibrated", "2025-12-31")
        assert asked == ["2025-12-31"]
        assert text.split()[:5] == ["assumption", "prior", "value", "moved", "sd"]
        assert text == assumptions_text(describe_assumptions(posterior=posterior)) + "\n"

    @pytest.mark.parametrize(
        ("typed", "named"),
        [
            ([SCALARS[0][:-1] + "q"], f"Did you mean '{SCALARS[0]}'?"),
            (["--markdown", "--csv", "table.csv"], "--markdown"),
            (["--markdown", "--calibrated", "2025-12-31"], "--markdown"),
        ],
    )
    def test_refusals(
        self, typed: list[str], named: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as stop:
            cli.main(["assumptions", *typed])
        assert stop.value.code == 2
        seen = capsys.readouterr()
        assert named in seen.err
        assert seen.out == ""
