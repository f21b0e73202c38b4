"""docs/backtesting.md: its strategy walks, its table holds what ships, its promises are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from marketsim.backtesting import History, audit, backtest, strategy_names
from marketsim.knowledge import load_facts
from tests.backtesting.panels import panel

PAGE = Path(__file__).parents[2] / "docs" / "backtesting.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_strategy_on_the_page_walks_and_is_sound(tmp_path: Path) -> None:
    source, _ = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    file = tmp_path / "mine.py"
    file.write_text(source)
    facts = load_facts()
    assert len(backtest(file, panel(), facts=facts).weights) == 15
    assert audit(file, panel(), facts=facts, dates=2).sound


def test_the_sweep_on_the_page_is_swept(capsys: pytest.CaptureFixture[str]) -> None:
    """Four settings at two costs, and the best of them walked alone."""
    _, source = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    exec(compile(source, "page", "exec"), names)
    assert len(names["found"].table) == 8
    best = names["found"].best(cost=0).all["power"]
    assert f"power={best:g}" in repr(names["found"].best(cost=0))
    assert capsys.readouterr().out.count("\n") > 8


def test_the_table_has_every_strategy_that_ships() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("<!-- strategies")[1].split("<!-- end -->")[0]
    named = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)
    assert set(named) - {"strategy"} == set(strategy_names())


def test_what_a_history_has_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = {name for name in History.__dataclass_fields__ if name != "adjusted"}
    for name in (*shown, "prices", "returns"):
        assert re.search(rf"^\| `{name}[`(]", text, re.MULTILINE), name
