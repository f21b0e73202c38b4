"""What a strategy could not have known: every cheat is found, and no honest one is accused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketsim.backtesting import audit
from marketsim.backtesting.audits.futures import FUTURES, altered
from marketsim.backtesting.history import History
from marketsim.backtesting.preparing import market_of
from marketsim.errors import InputError
from marketsim.knowledge import Knowledge, load_facts
from tests.backtesting.panels import panel

HEAD = "import marketsim as ms\nimport pandas as pd\nimport numpy as np\n"
BEST = "    return {series.idxmax(): 1.0}\n"


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


def kinds(folder: Path, source: str, facts: Knowledge, dates: int = 2) -> set[str]:
    """What kinds of findings there are of a file."""
    file = folder / "mine.py"
    file.write_text(HEAD + source)
    return {one.kind for one in audit(file, panel(), facts=facts, dates=dates).findings}


HONEST = {
    "returns": """
def strategy(history):
    growth = history.closes.iloc[-1] / history.closes.iloc[-20:].iloc[0]
    return growth / growth.sum()
""",
    "loaders": """
def strategy(history):
    known = ms.load_facts()
    return dict.fromkeys(history.tickers, 1.0 / len(history.tickers))
""",
    "grids and dunders": """
GRID = np.linspace(0.0, 1.0, 501)
class Idea(dict):
    def __init__(self):
        super().__init__()
        self._best = type(self).__name__
def strategy(history):
    Idea()
    return dict.fromkeys(history.tickers, 1.0 / len(history.tickers))
""",
    "a log": """
def strategy(history):
    with open("/dev/null", "a") as file:
        file.write(str(history.date))
    return dict.fromkeys(history.tickers, 1.0 / len(history.tickers))
""",
    "seeded chance": """
def strategy(history):
    draw = np.random.default_rng(len(history.closes)).dirichlet(np.ones(len(history.tickers)))
    return dict(zip(history.tickers, draw))
""",
    "the loader of a universe": """
def strategy(history):
    try:
        ms.prices.load_universe(history.facts.universe.companies.index)
    except ms.MarketsimError:
        pass
    return dict.fromkeys(history.tickers, 1.0 / len(history.tickers))
""",
    "facts": """
def strategy(history):
    revenue = history.facts.latest("quarterly_revenue")
    first = float(revenue.iloc[0])
    return {"AAA": 1.0 / (1.0 + first), "BBB": first / (1.0 + first)}
""",
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_strategy_is_sound(name: str, tmp_path: Path, facts: Knowledge) -> None:
    assert kinds(tmp_path, HONEST[name], facts) == set()


CHEATS = {
    "a panel in a global": (
        "global",
        "PANEL = pd.DataFrame(1.0, pd.bdate_range('2020-01-01', '2021-03-31'), ['AAA', 'BBB'])\n"
        "def strategy(history):\n"
        "    series = PANEL.loc[history.date:].iloc[:20].mean()\n" + BEST,
    ),
    "a signal by day": (
        "global",
        "SIGNAL = {'2020-02-03': 'AAA', '2021-03-01': 'BBB'}\n"
        "def strategy(history):\n"
        "    return {SIGNAL.get(str(history.date.date()), 'AAA'): 1.0}\n",
    ),
    "a file": (
        "file",
        "def strategy(history):\n"
        "    series = pd.read_csv('{folder}/prices.csv', index_col=0).iloc[-1]\n" + BEST,
    ),
    "a file while it is read": (
        "file",
        "with open('{folder}/prices.csv') as file:\n    TEXT = file.read()\n"
        "def strategy(history):\n    return {'AAA': 1.0}\n",
    ),
    "the network": (
        "network",
        "import socket\n"
        "def strategy(history):\n"
        "    try:\n        socket.create_connection(('127.0.0.1', 9), timeout=0.1)\n"
        "    except OSError:\n        pass\n"
        "    return {'AAA': 1.0}\n",
    ),
    "another process": (
        "process",
        "import subprocess\n"
        "def strategy(history):\n"
        "    subprocess.run(['true'])\n    return {'AAA': 1.0}\n",
    ),
    "the engine's frames": (
        "engine",
        "import sys\n"
        "def strategy(history):\n"
        "    frame = sys._getframe()\n"
        "    while frame is not None and 'market' not in frame.f_locals:\n"
        "        frame = frame.f_back\n"
        "    return {'AAA': 1.0}\n",
    ),
    "tomorrow, by frames": (
        "future",
        "import inspect\n"
        "def strategy(history):\n"
        "    frame = inspect.currentframe()\n"
        "    while 'market' not in frame.f_locals:\n        frame = frame.f_back\n"
        "    closes = frame.f_locals['market'].closes\n"
        "    after = closes.index.get_indexer([history.date])[0] + 1\n"
        "    row = min(after, len(closes) - 1)\n"
        "    series = closes.iloc[row] / closes.iloc[after - 1]\n"
        "    series = series.fillna(0.0)\n" + BEST,
    ),
    "all objects": (
        "engine",
        "import gc\n"
        "def strategy(history):\n"
        "    frames = [one for one in gc.get_objects() if isinstance(one, pd.DataFrame)]\n"
        "    return {'AAA': 1.0}\n",
    ),
    "a private name": (
        "private",
        "def strategy(history):\n"
        "    ms.dates._SIGHT.set(None) if False else None\n    return {'AAA': 1.0}\n",
    ),
    "facts before they were published": (
        "file",
        "from marketsim import resources\n"
        "def strategy(history):\n"
        "    place = sorted((resources.folder('data') / 'facts').glob('*.csv'))[0]\n"
        "    table = pd.read_csv(place)\n"
        "    return {'AAA': 1.0}\n",
    ),
    "facts by the library's own reader": (
        "file",
        "from marketsim import resources\n"
        "from marketsim.knowledge.facts_files import read_facts\n"
        "from marketsim.tables import read_rows\n"
        "def strategy(history):\n"
        "    read_facts(resources.folder('data') / 'facts', '', history.facts.quantities)\n"
        "    return {'AAA': 1.0}\n",
    ),
    "chance": (
        "memory",
        "def strategy(history):\n"
        "    draw = np.random.default_rng().dirichlet(np.ones(len(history.tickers)))\n"
        "    return dict(zip(history.tickers, draw))\n",
    ),
    "a table of Parquet": (
        "file",
        "def strategy(history):\n"
        "    try:\n        pd.read_parquet('{folder}/none.parquet')\n"
        "    except OSError:\n        pass\n    return {'AAA': 1.0}\n",
    ),
    "a table of Parquet by Arrow": (
        "file",
        "import pyarrow.parquet as pq\n"
        "def strategy(history):\n"
        "    series = pq.ParquetFile('{folder}/prices.parquet').read().to_pandas()\n"
        "    series = series.loc[history.date:].iloc[:20].mean()\n" + BEST,
    ),
    "a reader by another name": (
        "file",
        "from pandas import read_parquet as take\n"
        "def strategy(history):\n"
        "    series = take('{folder}/prices.parquet').loc[history.date:].iloc[:20].mean()\n" + BEST,
    ),
    "a package by its name": (
        "file",
        "from importlib import import_module\n"
        "def strategy(history):\n"
        "    import_module('pyarrow').memory_map('{folder}/prices.parquet').read()\n"
        "    return {'AAA': 1.0}\n",
    ),
    "the clock": (
        "memory",
        "def strategy(history):\n"
        "    return {'AAA' if pd.Timestamp.now().year > 2020 else 'BBB': 1.0}\n",
    ),
    "what the library does not list": (
        "private",
        "def strategy(history):\n"
        "    ms.prices.embedded.embedded_companies()\n    return {'AAA': 1.0}\n",
    ),
    "a loader that is handed on": (
        "file",
        "def strategy(history):\n    list(map(ms.load_facts, ()))\n    return {'AAA': 1.0}\n",
    ),
    "a file in a thread": (
        "file",
        "import threading\nFOUND = []\n"
        "def strategy(history):\n"
        "    read = lambda: FOUND.append(pd.read_csv('{folder}/prices.csv'))\n"
        "    one = threading.Thread(target=read)\n    one.start()\n    one.join()\n"
        "    return {'AAA': 1.0}\n",
    ),
    "the loaders let go of their date": (
        "private",
        "from marketsim.dates import seeing\n"
        "def strategy(history):\n"
        "    with seeing('x', pd.Timestamp('2030-01-01')):\n        ms.load_facts()\n"
        "    return {'AAA': 1.0}\n",
    ),
    "a traceback's frames": (
        "engine",
        "import sys\n"
        "def strategy(history):\n"
        "    try:\n        1 / 0\n    except ZeroDivisionError:\n"
        "        frame = sys.exc_info()[2].tb_frame.f_back\n"
        "    return {'AAA': 1.0}\n",
    ),
    "another engine": (
        "engine",
        "import sys\n"
        "def strategy(history):\n"
        "    setattr(sys.modules['marketsim'], 'nothing', None)\n    return {'AAA': 1.0}\n",
    ),
    "days in a class": (
        "global",
        "class Signal:\n    days = {'2021-03-01': 'BBB'}\n"
        "def strategy(history):\n    return {'AAA': 1.0}\n",
    ),
    "days in tuples": (
        "global",
        "SIGNAL = [('2021-03-01', 'BBB')]\ndef strategy(history):\n    return {'AAA': 1.0}\n",
    ),
    "many constants in the function": (
        "global",
        "def strategy(history):\n    best = [" + "'AAA', " * 250 + "]\n"
        "    return {best[len(history.closes) % 250]: 1.0}\n",
    ),
    "levels that hold later splits": (
        "future",
        "def strategy(history):\n"
        "    series = history.closes.iloc[-1]\n    return series / series.sum()\n",
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_found(name: str, tmp_path: Path, facts: Knowledge) -> None:
    kind, source = CHEATS[name]
    panel().to_csv(tmp_path / "prices.csv")
    panel().to_parquet(tmp_path / "prices.parquet")
    assert kind in kinds(tmp_path, source.replace("{folder}", str(tmp_path)), facts)


def test_a_function_that_closes_over_prices_is_found(facts: Knowledge) -> None:
    closes = panel()

    def oracle(history: History) -> dict[str, float]:
        after = closes.loc[history.date :].iloc[: 20 + 1]
        best = (after.iloc[-1] / after.iloc[0]).idxmax()
        return {str(best): 1.0}

    found = audit(oracle, closes, facts=facts, dates=2)
    assert not found.sound
    assert {one.kind for one in found.findings} == {"global"}
    assert "closes holds a table of days to 2021-03-31" in str(found)


def test_functions_that_hold_prices_some_other_way_are_found(facts: Knowledge) -> None:
    closes = panel()

    def best(history: History, of: pd.DataFrame) -> dict[str, float]:
        after = of.loc[history.date :].iloc[:21]
        return {str((after.iloc[-1] / after.iloc[0]).idxmax()): 1.0}

    def default(history: History, of: pd.DataFrame = closes) -> dict[str, float]:
        return best(history, of)

    class Oracle:
        """An object that is called."""

        def __init__(self) -> None:
            self.kept = [closes]

        def __call__(self, history: History) -> dict[str, float]:
            return best(history, self.kept[0])

    nested = lambda history: default(history)  # noqa: E731
    for oracle in (partial(best, of=closes), default, Oracle(), nested):
        found = audit(oracle, closes, facts=facts, dates=1)
        assert {one.kind for one in found.findings} == {"global"}, oracle


def test_a_module_of_the_users_that_reads_is_found(
    tmp_path: Path, facts: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_oracle.py").write_text("import pyarrow\ndef best():\n    return 'AAA'\n")
    file = tmp_path / "mine.py"
    file.write_text(
        "import my_oracle\ndef strategy(history):\n    return {my_oracle.best(): 1.0}\n"
    )
    (found,) = audit(file, panel(), facts=facts, dates=1).findings
    assert str(found) == (
        "file: line 1 of its module my_oracle: imports pyarrow, which reads files unseen"
    )


def test_a_finding_says_where_and_when(tmp_path: Path, facts: Knowledge) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import subprocess\ndef strategy(history):\n"
        "    subprocess.run(['true'])\n    return {'AAA': 1.0}\n"
    )
    told = str(audit(file, panel(), facts=facts, dates=3))
    assert told.startswith("mine: ")
    assert "process: line 3: starts " in told
    assert "(on 2020-01-01)" in told


def test_what_a_strategy_raises_is_told(tmp_path: Path, facts: Knowledge) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def strategy(history):\n    return {'AAA': 0.5}\n")
    with pytest.raises(InputError, match=r"strategy 'mine' on 2020-01-01: the weights sum to 0\.5"):
        audit(file, panel(), facts=facts)
    with pytest.raises(InputError, match="dates=0 is no number of decisions"):
        audit(file, panel(), facts=facts, dates=0)


@pytest.mark.parametrize("future", FUTURES)
def test_another_future_leaves_what_was_known(future: str, facts: Knowledge) -> None:
    market = market_of(panel(), None, None, None, facts)
    row = 150
    other = altered(market, row, future, seed=1)
    mine, theirs = (one.history(row, np.zeros(4)) for one in (market, other))
    assert mine.tickers == theirs.tickers
    assert mine.traded is not None
    assert theirs.traded is not None
    pd.testing.assert_series_equal(mine.traded, theirs.traded, check_exact=True)
    assert mine.facts.digest == theirs.facts.digest
    first, second = (one.closes.pct_change() for one in (mine, theirs))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert not other.closes.reindex(market.closes.index).equals(market.closes)
