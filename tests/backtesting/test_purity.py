"""Whether a strategy's file can hang on more than it is shown, or remember."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketsim import resources
from marketsim.backtesting import backtest, strategy_names
from marketsim.backtesting.purity import hangs_on_more
from marketsim.knowledge import load_facts
from tests.backtesting.panels import panel

HEAD = (
    '"""A thesis."""\nimport numpy as np\nimport pandas as pd\nimport marketsim as ms\nCAP = 0.15\n'
)


@pytest.mark.parametrize("name", strategy_names())
def test_what_ships_hangs_on_nothing_else(name: str) -> None:
    assert hangs_on_more((resources.folder("strategies") / f"{name}.py").read_bytes()) == ""


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import helper\n", "imports helper"),
        ("import os\n", "imports os"),
        ("from pathlib import Path\n", "imports pathlib"),
        ("def strategy(h):\n    import json\n", "imports json"),
        ("def strategy(h):\n    return open('x')\n", "calls open"),
        ("def strategy(h):\n    return pd.read_csv('x')\n", "calls read_csv"),
        ("def strategy(h):\n    return np.load('x')\n", "calls load"),
        ("def strategy(h):\n    return ms.load_prices(source='x.csv')\n", "reads a file by load_p"),
        ("def strategy(h):\n    return np.random.rand(3)\n", "draws by chance"),
        ("def strategy(h):\n    return np.random.default_rng().random()\n", "draws by chance"),
        ("SEEN = []\n", "SEEN = []"),
        ("SEEN = {'a': 1}\n", "SEEN = {'a': 1}"),
        ("class Idea:\n    seen = set()\n", "seen = set()"),
        ("N = 0\ndef strategy(h):\n    global N\n    N += 1\n", "writes to N"),
        ("def strategy(h, seen=[]):\n    return seen\n", "has a default that can be written to"),
        (
            "from pandas import read_csv\ndef strategy(h):\n    return read_csv('x')\n",
            "calls read_csv",
        ),
        ("from numpy import load as get\ndef strategy(h):\n    return get('x')\n", "calls load"),
        ("from pandas import *\n", "imports every name of pandas"),
        ("def strategy(h):\n    return h.map(pd.read_csv)\n", "hands read_csv on"),
        ("def strategy(h):\n    return h.map(open)\n", "hands open on"),
        ("def strategy(h):\n    return h.submit(ms.load_prices)\n", "hands load_prices on"),
        ("def strategy(h):\n    return getattr(pd, 'read_csv')('x')\n", "read_csv"),
        (
            "def strategy(h):\n    return getattr(pd, h.name)('x')\n",
            "a name of a module that it comp",
        ),
        (
            "import functools\n@functools.cache\ndef box():\n    return []\n",
            "keeps answers by functools",
        ),
        (
            "from functools import lru_cache as c\n@c\ndef box():\n    return []\n",
            "keeps answers by f",
        ),
        (
            "def own(f):\n    return f\n@own\ndef strategy(h):\n    pass\n",
            "strategy is what own makes",
        ),
        ("def strategy(h):\n    strategy.n = 1\n", "writes to strategy.n"),
        ("class S:\n    n = 0\ndef strategy(h):\n    S.n += 1\n", "writes to S.n"),
        ("class S:\n    n = 0\ndef strategy(h):\n    s = S\n    s.n += 1\n", "writes to s.n"),
        ("class S:\n    def up(self):\n        type(self).n = 1\n", "writes to type(self).n"),
        ("class S:\n    @classmethod\n    def up(cls):\n        cls.n = 1\n", "writes to cls.n"),
        ("def strategy(h):\n    ms.terms.n = 1\n", "writes to ms.terms.n"),
        ("def strategy(h):\n    strategy.__dict__['n'] = 1\n", "takes __dict__"),
        ("if True:\n    SEEN = []\n", "SEEN = []"),
        ("(SEEN := [])\n", "SEEN := []"),
        ("def strategy(h):\n    return h.closes.iloc[-1].sample(1)\n", "draws by chance"),
        ("def strategy(h):\n    return h.x.sample(1, random_state=None)\n", "draws by chance"),
        ("from scipy.stats import norm\ndef strategy(h):\n    norm.rvs()\n", "draws by chance"),
        ("from numpy.random import default_rng as d\nA = 1 if d() else 2\n", "draws by chance"),
        ("import numpy.random as r\ndef strategy(h):\n    r.rand()\n", "draws by chance"),
        ("def strategy(h):\n    return pd.Timestamp.now()\n", "asks for the time"),
        ("def strategy(h):\n    return pd.Timestamp('today')\n", "asks for the time"),
        ("from datetime import date\ndef strategy(h):\n    date.today()\n", "asks for the time"),
        ("def strategy(h):\n    return hash('x')\n", "calls hash"),
    ],
)
def test_what_may_hang_on_more_says_where(source: str, says: str) -> None:
    found = hangs_on_more((HEAD + source).encode())
    assert says in found
    assert found.startswith("line ")


@pytest.mark.parametrize(
    "source",
    [
        "RATES = (0.1, -0.2, 3 * 0.1)\nNAMES = ('a', 'b')\n",
        "def strategy(h):\n    return ms.load_facts().latest('quarterly_revenue')\n",
        "def strategy(h):\n    return np.random.default_rng(3).random(4)\n",
        "AIM = ms.CVaR(0.95)\n",
        "def strategy(h):\n    return h.closes.sample(3, random_state=len(h.closes))\n",
        "def strategy(h):\n    table = h.closes.copy()\n    table['x'] = table.columns = 1\n",
        "def put(row):\n    row['x'] = 1.0\n    return row\n",
        "class Idea:\n    def __init__(self):\n        self.n = 1\n",
        "def strategy(h):\n    return ms.prices.load_universe(h.tickers).closes.iloc[-1]\n",
        "def strategy(h):\n    return h.closes.resample('ME').last().iloc[-1]\n",
    ],
)
def test_constants_and_what_the_library_shows_are_plain(source: str) -> None:
    assert hangs_on_more((HEAD + source).encode()) == ""


def test_a_helper_that_changes_is_heard_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a file that reads beside itself is kept."""
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path / "cache"))
    facts, pick = load_facts(), tmp_path / "pick.txt"
    file = tmp_path / "mine.py"
    file.write_text(
        f"def strategy(history):\n    with open({str(pick)!r}) as file:\n"
        "        return {file.read(): 1.0}\n"
    )
    for ticker in ("AAA", "BBB"):
        pick.write_text(ticker)
        result = backtest(file, panel(), facts=facts, start="2021-01-01")
        assert (result.weights[ticker] == 1.0).all()


def test_a_file_that_remembers_is_asked_in_order_whatever_the_workers(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "SEEN = []\ndef strategy(history):\n    SEEN.append(history.date)\n"
        "    assert SEEN == sorted(SEEN)\n    part = 1.0 / len(SEEN)\n"
        "    return {'AAA': part, 'BBB': 1.0 - part}\n"
    )
    facts = load_facts()
    one, many = (backtest(file, panel(), facts=facts, workers=n) for n in (1, 4))
    assert one.weights.equals(many.weights)
    assert one.weights["AAA"].is_monotonic_decreasing
