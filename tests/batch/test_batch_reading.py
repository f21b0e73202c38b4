"""A file of jobs is a grid, and all that is wrong with it is said at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from marketsim.batch import Job, plan, read_jobs
from marketsim.errors import DataError, InputError
from tests.batch.worlds import batch_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "jobs.toml"


def test_every_strategy_meets_every_period_universe_and_setting() -> None:
    jobs = read_jobs(EXAMPLE)
    asked = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    grid = [v for v in asked["grid"].values() if isinstance(v, list)]
    sizes = [asked["strategies"], asked["periods"], asked["universes"], *grid]
    number = 1
    for size in sizes:
        number *= len(size)
    assert len(jobs) == len(set(jobs)) == number
    assert {job.spread for job in jobs} == {asked["grid"]["spread"]}
    assert {(job.period, job.start) for job in jobs} == {
        (name, str(period["start"])) for name, period in asked["periods"].items()
    }


def test_what_is_left_out_is_as_a_backtest_has_it(tmp_path: Path) -> None:
    file = tmp_path / "jobs.toml"
    file.write_text('strategies = ["equal_weight"]\n')
    assert read_jobs(file) == (Job("equal_weight"),)


def test_paths_are_taken_from_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text("def strategy(history):\n    return {}\n")
    (tmp_path / "closes.csv").write_text("date,A\n2021-01-04,1\n")
    file = tmp_path / "jobs.toml"
    file.write_text('strategies = ["mine.py"]\n[grid]\nprices = "closes.csv"\n')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (job,) = read_jobs("../jobs.toml")
    assert Path(job.strategy).samefile(tmp_path / "mine.py")
    assert Path(job.prices).samefile(tmp_path / "closes.csv")
    assert job.settings()["prices"] == "closes.csv"  # tables show no path


def test_all_faults_are_told_at_once_with_line_and_what_is_right(tmp_path: Path) -> None:
    file = tmp_path / "jobs.toml"
    file.write_text(
        'strategies = ["equal_wieght", "nope.py"]\n'
        "period = 3\n"
        "[periods]\n"
        "x = { start = 2022-01-04, end = 2021-06-30 }\n"
        'y = { begin = "2021-01-04", end = "noon" }\n'
        "[universes]\n"
        'u = "NVDA"\n'
        "[grid]\n"
        'rebalance = ["monthy", "2024-01-15,2024-07-15"]\n'
        "costs = 0.1\n"
        'cost = [0.001, 10, "a", 0.001]\n'
        "spread = true\n"
        'prices = "none.csv"\n'
        "cash_yield = 4\n"
    )
    with pytest.raises(DataError) as caught:
        read_jobs(file)
    told = str(caught.value)
    for says in (
        "line 1: no strategy 'equal_wieght'. Did you mean 'equal_weight'?",
        "nope.py'",
        "line 2: 'period' is unknown; write one of strategies, periods, universes",
        "line 4: period 'x' ends on 2021-06-30, before 2022-01-04",
        "line 5: 'begin' is unknown; write one of start, end",
        "line 5: end of period 'y': end='noon' is not a day",
        "line 7: universe 'u' is 'NVDA'; write tickers",
        "line 9: rebalance='monthy' is none of daily",
        "Did you mean 'monthly'?",
        "line 10: 'costs' is unknown",
        "Did you mean 'cost'?",
        "line 11: cost=10 is a fraction of the traded value, from 0 to 0.5",
        "line 11: cost='a' is a fraction",
        "line 11: cost has '0.001' twice",
        "line 12: spread=True is a fraction",
        "line 13: prices 'none.csv': there is no such file beside jobs.toml",
        "line 14: cash_yield=4 is a rate a year, as 0.04",
    ):
        assert says in told
    assert len(told.splitlines()) == 15


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no job; write at least strategies"),
        ("strategies = 3", "strategies is 3; write names or paths"),
        ("[grid]\ncost = 0.1", "strategies is missing"),
        ('strategies = ["momentum"]\nperiods = 3', "periods is 3; write"),
        ('strategies = ["momentum"]\ngrid = 3', "grid is 3; write"),
        ('strategies = ["momentum"]\n[grid]\ncost = []', "cost is an empty list; leave it out"),
        ('strategies = ["momentum"]\nfacts = "gone"', "facts is 'gone'; name a folder"),
        ('strategies = ["momentum"]\nbelieve = "XYZ"', "believe is 'XYZ'; write tickers"),
        ('strategies = ["momentum", "momentum"]', "strategies has 'momentum' twice"),
        ("strategies = [", "not valid TOML"),
    ],
)
def test_a_fault_says_what_would_be_right(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=says):
        read_jobs(file)


def test_what_prices_do_not_have_is_refused_before_anything_is_made() -> None:
    early = Job("equal_weight", period="early", end="1990-01-01")
    lacking = Job("equal_weight", universe="mine", tickers=("NVDA", "NOPE"))
    with pytest.raises(InputError) as caught:
        plan([early, lacking, Job("momentum")])
    told = str(caught.value)
    assert "period 'early'" in told
    assert "to 1990-01-01; the panel runs from 2014-12-31" in told
    assert "universe 'mine'" in told
    assert "NOPE" in told


def test_a_job_is_named_by_all_that_enters_it(tmp_path: Path) -> None:
    """Each change alone makes another folder; a name in a table and a later close make none."""
    file = tmp_path / "mine.py"
    file.write_text("def strategy(history):\n    return {'NVDA': 1.0}\n")
    closes = tmp_path / "closes.csv"
    rows = [
        "2021-01-04,104.5,54.2",
        "2021-01-05,103.1,55.9",
        "2021-01-06,106.4,56.1",
        "2021-01-07,107.7,55.3",
        "2021-01-08,105.2,58.8",
    ]
    closes.write_text("\n".join(["date,NVDA,AMD", *rows]))
    base: dict[str, Any] = {"strategy": str(file), "prices": str(closes), "end": "2021-01-08"}

    def name(**changed: Any) -> str:
        from marketsim.batch import inputs

        inputs._panel.cache_clear()
        (task,) = plan([Job(**{**base, **changed})])
        return task.name

    first = name()
    assert first == name(period="by another name", start="2021-01-01")
    changes: list[dict[str, Any]] = [
        {"cost": 0.002},
        {"spread": 0.001},
        {"rebalance": "weekly"},
        {"tickers": ("NVDA",)},
        {"benchmark": "AMD"},
        {"cash_yield": 0.03},
        {"start": "2021-01-05"},
        {"end": "2021-01-07"},
        {"strategy": "equal_weight"},
    ]
    names = [first, *(name(**change) for change in changes)]
    closes.write_text("\n".join(["date,NVDA,AMD", *rows, "2021-01-11,110.3,57.7"]))
    assert name() == first
    closes.write_text("\n".join(["date,NVDA,AMD", *rows[:-1], "2021-01-08,105.3,58.8"]))
    names.append(name())
    file.write_text("def strategy(history):\n    return {'AMD': 1.0}\n")
    names.append(name())
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("source", "grid", "says"),
    [
        ("def strategy(history)\n    pass\n", "", "strategies: even.py, line 1: expected ':'"),
        ("import no_such_thing\n", "", "even.py does not run: line 1: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "", "even.py does not run: line 1: SystemExit: 3"),
        ("CAP = 0.1\n", "", "even.py holds no function"),
        (None, 'benchmark = "NVDAA"', "benchmark 'NVDAA' is neither 'market' nor a column"),
        (None, 'rebalance = "2021-03-01,2022-06-01"', "2022-06-01 has no session"),
    ],
)
def test_what_no_job_could_be_made_with_is_told_before_any_is(
    source: str | None, grid: str, says: str, tmp_path: Path
) -> None:
    file = batch_file(tmp_path, costs="0.0", strategies='"even.py", "trends.py"')
    if source is not None:
        (tmp_path / "even.py").write_text(source)
    file.write_text(f"{file.read_text()}\n{grid}\n")
    with pytest.raises(InputError, match=re.escape(says)):
        plan(read_jobs(file))


def test_jobs_in_another_precision_are_other_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = batch_file(tmp_path, costs="0.0", strategies='"even.py"')
    names = []
    for precise in (True, False):
        monkeypatch.setattr("marketsim.batch.planning.float64", lambda precise=precise: precise)
        names += [task.name for task in plan(read_jobs(file))]
    assert len(set(names)) == 2
