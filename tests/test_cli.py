"""The command: what is typed reaches the library, what goes wrong reaches the user."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import marketsim
from marketsim import cli, resources
from marketsim.errors import InputError
from marketsim.prices import load_universe

HEAVY = ("cvxpy", "jax", "numpy", "pandas", "plotly", "pyarrow", "scipy", "yfinance")


def command(*arguments: str) -> int:
    """Exit code of `marketsim` with these arguments, in this process."""
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets JAX's environment for its own process; here it is everybody's."""
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Put a function in the place of `marketsim.runs.run`."""

    def put(function: Callable[..., Any]) -> None:
        module = ModuleType("marketsim.runs")
        module.run = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "marketsim.runs", module)
        monkeypatch.setattr(marketsim, "runs", module, raising=False)

    return put


@pytest.fixture
def asked(stand_in: Callable[[Callable[..., Any]], None]) -> dict[str, Any]:
    """What `run` was called with, once a command has gone through."""
    seen: dict[str, Any] = {}

    def run(**arguments: Any) -> SimpleNamespace:
        seen.update(arguments)
        seen.pop("progress")("calibrating")
        folder = Path("runs/x")
        return SimpleNamespace(
            folder=folder,
            report=folder / "report.html",
            summary=lambda: "NVDA 1.00",
            as_of=pd.Timestamp("2025-12-31"),
            warnings=("the newest price is old",),
        )

    stand_in(run)
    return seen


def failing(stand_in: Callable[[Callable[..., Any]], None], error: BaseException) -> None:
    def run(**_: Any) -> None:
        raise error

    stand_in(run)


class TestWhatReachesTheLibrary:
    def test_defaults(self, asked: dict[str, Any]) -> None:
        assert command("run") == 0
        assert asked == {
            "as_of": None,
            "draws": 10_000,
            "seed": 0,
            "out": None,
            "add": None,
            "scenarios": None,
            "normalise": False,
            "prices": None,
            "believe": (),
            "max_weight": 0.15,
            "max_weights": None,
            "layer_caps": None,
            "cvar_level": 0.95,
            "risk": 1.0,
            "risk_aversion": None,
            "benchmark": None,
            "most_cash": 1.0,
            "neutral_to": None,
            "tickers": None,
            "objective": None,
            "limit": (),
            "money": None,
            "cost": 0.0,
        }

    @pytest.mark.parametrize(
        ("typed", "name", "value"),
        [
            ("--as-of 2024-06-30", "as_of", "2024-06-30"),
            ("--draws 500", "draws", 500),
            ("--seed 7", "seed", 7),
            ("--out here", "out", Path("here")),
            ("--scenarios bull", "scenarios", ("bull",)),
            ("--scenarios bull,bear", "scenarios", ("bull", "bear")),
            ("--scenarios own/worlds.toml", "scenarios", Path("own/worlds.toml")),
            ("--scenarios own.toml --normalise", "normalise", True),
            ("--prices closes.csv", "prices", "closes.csv"),
            ("--prices closes.csv --believe XYZ,ABC", "believe", ("XYZ", "ABC")),
            ("--add mine", "add", Path("mine")),
            ("--max-weight 0.2", "max_weight", 0.2),
            ("--tickers NVDA,AMD", "tickers", ("NVDA", "AMD")),
            ("--objective ExpectedReturn", "objective", "ExpectedReturn"),
            ("--limit Holdings(at_most=9)", "limit", ("Holdings(at_most=9)",)),
            ("--money 1e6 --cost 0.001", "money", 1e6),
            ("--cap NVDA=0.05 --cap TSM=0.1", "max_weights", {"NVDA": 0.05, "TSM": 0.1}),
            ("--layer-cap accelerators=0.3", "layer_caps", {"accelerators": 0.3}),
            ("--cvar-level 0.9", "cvar_level", 0.9),
            ("--risk 0.8", "risk", 0.8),
            ("--risk-aversion 2", "risk_aversion", 2.0),
            ("--most-cash 0.2", "most_cash", 0.2),
        ],
    )
    def test_run(self, asked: dict[str, Any], typed: str, name: str, value: object) -> None:
        assert command("run", *typed.split()) == 0
        assert asked[name] == value

    def test_a_benchmark_is_read(self, asked: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("ticker,weight\nNVDA,0.6\nMSFT,0.4\n")
        assert command("run", "--benchmark", str(path)) == 0
        assert asked["benchmark"] == {"NVDA": 0.6, "MSFT": 0.4}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, "mine.csv"),
            (
                "ticker;weight\nNVDA;1\n",
                "mine.csv, line 1: separates fields by ';'; separate them by ','",
            ),
            (
                "ticker,weight\nNVDA,0.5\nNVDA,0.5\n",
                "mine.csv, line 3: 'NVDA' stands twice; keep one",
            ),
        ],
    )
    def test_a_file_that_is_no_benchmark_is_refused_in_one_line(
        self,
        asked: dict[str, Any],
        text: str | None,
        said: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        path = tmp_path / "mine.csv"
        if text is not None:
            path.write_text(text)
        assert command("run", "--benchmark", str(path)) == 2
        told = capsys.readouterr().err.strip()
        assert said in told
        assert "\n" not in told
        assert not asked


class TestWhatTheUserSees:
    def test_the_last_line_names_the_report(
        self, asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        command("run")
        assert capsys.readouterr().out.splitlines() == ["NVDA 1.00", "report: runs/x/report.html"]

    def test_progress_is_for_terminals(
        self,
        asked: dict[str, Any],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        command("run")
        piped = capsys.readouterr()
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        command("run")
        shown = capsys.readouterr()
        assert "calibrating" not in piped.err
        assert "calibrating" in shown.err
        assert shown.out == piped.out

    def test_a_date_that_was_not_asked_for_is_said(
        self, asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        warning = "warning: the newest price is old"
        command("run")
        said = "as of 2025-12-31, to which facts and prices reach"
        assert capsys.readouterr().err.splitlines() == [said, warning]
        command("run", "--as-of", "2025-12-31")
        assert capsys.readouterr().err.splitlines() == [warning]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("run", "the newest that facts and prices support"),
            ("forecast", "the newest that the facts support"),
            ("outlook", "the newest that the facts support"),
            ("claims", "the newest that the facts support"),
        ],
    )
    def test_help_says_which_date_is_taken(
        self, name: str, said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command(name, "--help") == 0
        assert said in " ".join(capsys.readouterr().out.replace("│", " ").split())

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command("--version") == 0
        assert capsys.readouterr().out == f"marketsim {marketsim.__version__}\n"

    @pytest.mark.parametrize("name", ["run", "backtest"])
    def test_help_shows_every_default(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert command(name, "--help") == 0
        text = capsys.readouterr().out
        assert "runs/<id>" in text
        assert "embedded" in text

    def test_no_command_is_a_question_for_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command() == 2
        assert "backtest" in capsys.readouterr().out


class TestWhatGoesWrong:
    def test_a_refusal_is_one_line_and_exit_code_2(
        self,
        stand_in: Callable[[Callable[..., Any]], None],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        failing(stand_in, InputError("no company 'NVDIA'. Did you mean 'NVDA'?"))
        assert command("run") == 2
        seen = capsys.readouterr()
        assert seen.err == "marketsim: no company 'NVDIA'. Did you mean 'NVDA'?\n"
        assert seen.out == ""

    def test_a_file_that_cannot_be_written_is_a_refusal(
        self,
        stand_in: Callable[[Callable[..., Any]], None],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        failing(stand_in, PermissionError(13, "Permission denied", "/closed/run.json"))
        assert command("run") == 2
        assert capsys.readouterr().err == "marketsim: /closed/run.json: Permission denied\n"

    def test_a_bug_is_not_hidden(self, stand_in: Callable[[Callable[..., Any]], None]) -> None:
        failing(stand_in, ZeroDivisionError("ours"))
        with pytest.raises(ZeroDivisionError, match="ours"):
            cli.main(["run"])

    def test_an_interrupt_exits_with_130(
        self, stand_in: Callable[[Callable[..., Any]], None]
    ) -> None:
        failing(stand_in, KeyboardInterrupt())
        assert command("run") == 130

    @pytest.mark.parametrize(
        ("typed", "named"),
        [
            ("run --draws many", "--draws"),
            ("run --draws 0", "--draws"),
            ("run --seed -1", "--seed"),
            ("run --as-of yesterday", "--as-of"),
            ("run --cap NVDA", "--cap"),
            ("run --cap NVDA=much", "--cap"),
            ("run --cap =0.1", "--cap"),
            ("run --cap NVDA=0.1 --cap NVDA=0.2", "NVDA"),
            ("run --layer-cap power", "--layer-cap"),
            ("run --nonsense", "--nonsense"),
            ("backtest", "strategy"),
            ("backtest equal_weight --rebalance montly", "Did you mean 'monthly'"),
            ("backtest equal_weight --rebalance 2024-13-45", "2024-13-45"),
            ("backtest equal_weight --workers 0", "--workers"),
            ("backtest equal_weight --start soon", "--start"),
            ("sell", "sell"),
        ],
    )
    def test_a_wrong_argument_is_named(
        self,
        asked: dict[str, Any],
        typed: str,
        named: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert command(*typed.split()) == 2
        assert named in capsys.readouterr().err
        assert not asked


class TestHelpIsQuick:
    """Nothing heavy is imported, and half a second is far away."""

    HELP = "import sys; from marketsim import cli; sys.argv = ['marketsim', '--help']; "

    def test_nothing_heavy_is_imported(self) -> None:
        code = self.HELP + (
            "import atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
            "cli.main()"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0
        assert not {name.partition(".")[0] for name in done.stderr.split()} & set(HEAVY)

    def test_seconds_of_processor(self) -> None:
        def seconds() -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-c", self.HELP + "cli.main()"], capture_output=True, check=True
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        assert min(seconds() for _ in range(3)) < 0.5


def test_the_command_computes_in_float64_and_leaves_settings_alone() -> None:
    code = (
        "from marketsim.cli.environment import prepare_jax; prepare_jax(); import jax; "
        "print(jax.numpy.ones(()).dtype, jax.config.jax_persistent_cache_min_compile_time_secs)"
    )
    environment = os.environ | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "9"}
    environment.pop("JAX_ENABLE_X64", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["float64", "9.0"]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_compiled_programs_are_kept_on_linux_only(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert cli.environment.jax_environment() == {"JAX_ENABLE_X64": "1"}


@pytest.fixture
def closes(tmp_path: Path) -> Path:
    """Two steady companies over two years."""
    dates = pd.bdate_range("2022-01-03", "2023-12-29")
    panel = pd.DataFrame(
        {"NVDA": 100 * 1.001 ** pd.RangeIndex(len(dates)), "TSM": 50.0}, index=dates
    )
    path = tmp_path / "closes.csv"
    panel.rename_axis("date").to_csv(path)
    return path


class TestBacktest:
    def test_writes_its_folder_and_names_the_report(
        self, closes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out"
        typed = f"equal_weight --prices {closes} --start 2023-01-02 --end 2023-06-30 --out {out}"
        assert command("backtest", *typed.split()) == 0
        assert {path.name for path in out.iterdir()} >= {
            "weights.csv",
            "returns.csv",
            "trades.csv",
            "run.json",
            "report.html",
        }
        assert capsys.readouterr().out.splitlines()[-1] == f"report: {out / 'report.html'}"

    def test_the_folder_is_named_after_what_was_asked(
        self, closes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        typed = f"backtest equal_weight --prices {closes} --start 2023-01-02 --rebalance quarterly"
        for _ in range(2):
            assert command(*typed.split()) == 0
        (folder,) = (tmp_path / "runs").iterdir()
        assert folder.name.startswith("backtest-equal_weight-2023-01-02-2023-12-29-")
        # Another cost, or days of one's own, are another backtest.
        assert command(*typed.split(), "--cost", "0.002") == 0
        days = "2023-01-02,2023-06-30"
        assert command(*typed.split()[:-1], days) == 0
        assert len(list((tmp_path / "runs").iterdir())) == 3

    def test_what_a_strategy_raises_is_one_line(
        self, closes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "breaks.py"
        file.write_text("def strategy(history):\n    return 1 / 0\n")
        assert command("backtest", str(file), "--prices", str(closes)) == 2
        told = capsys.readouterr().err.splitlines()[-1]
        assert told.startswith("marketsim: strategy 'breaks' on ")
        assert told.endswith("breaks.py line 2: ZeroDivisionError: division by zero")
        assert command("backtest", "equal_weight", "--prices", str(closes), "--tickers", "") == 2
        assert "--tickers names none" in capsys.readouterr().err

    def test_an_audit_says_what_it_found(
        self, closes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        typed = f"--prices {closes} --start 2023-01-02 --dates 2"
        assert command("audit", "equal_weight", *typed.split()) == 0
        assert "nothing of the future found in 2 decisions" in capsys.readouterr().out
        cheat = tmp_path / "cheat.py"
        cheat.write_text(
            f"import pandas as pd\ndef strategy(history):\n    pd.read_csv({str(closes)!r})\n"
            "    return {history.tickers[0]: 1.0}\n"
        )
        assert command("audit", str(cheat), *typed.split()) == 1
        assert f"file: line 3: reads {closes}" in capsys.readouterr().out

    def test_strategies_are_listed_with_their_thesis(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command("strategies") == 0
        told = capsys.readouterr().out
        for name in marketsim.backtesting.strategy_names():
            assert f"{name} " in told
        assert "rival that is hardest to" in told

    @pytest.mark.parametrize(
        ("typed", "named"),
        [
            ("equal_wieght", "Did you mean 'equal_weight'?"),
            ("equal_weight --tickers NVDIA", "Did you mean 'NVDA'?"),
            ("equal_weight --cost 2", "cost"),
            ("equal_weight --start 2031-01-01", "2031-01-01"),
        ],
    )
    def test_refusals(
        self, closes: Path, typed: str, named: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command("backtest", *typed.split(), "--prices", str(closes)) == 2
        told = capsys.readouterr().err
        assert told.startswith("marketsim: ")
        assert told.count("\n") == 1
        assert named in told

    def test_a_share_that_did_halve_is_believed(
        self, closes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = pd.read_csv(closes, index_col="date")
        table.loc["2023-03-01":, "TSM"] /= 2.0
        table.to_csv(closes)
        typed = f"backtest equal_weight --prices {closes} --out {tmp_path / 'out'}".split()
        assert command(*typed) == 2
        assert "column TSM: the close goes from 50 to 25" in capsys.readouterr().err
        assert command(*typed, "--believe", "TSM") == 0
        assert command(*typed, "--believe", "TMS") == 2
        assert "Did you mean 'TSM'?" in capsys.readouterr().err

    def test_those_that_the_source_has_nothing_of_are_named(
        self, closes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By default a warning; of tickers that were asked for a refusal."""
        found = replace(load_universe(["NVDA"], closes), left_out={"META": "Yahoo answers for FB"})
        monkeypatch.setattr("marketsim.batch.inputs.load_universe", lambda *_, **__: found)
        typed = ["backtest", "equal_weight", "--prices", "yahoo", "--out", str(closes.parent / "o")]
        assert command(*typed) == 0
        assert "warning: no prices of META: Yahoo answers for FB" in capsys.readouterr().err
        assert command(*typed, "--tickers", "NVDA,META") == 2
        assert "marketsim: no prices of META: Yahoo answers for FB" in capsys.readouterr().err

    def test_a_malformed_row_is_named_by_file_and_line(
        self,
        closes: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        data = shutil.copytree(resources.folder("data"), tmp_path / "data")
        broken = sorted((data / "facts").glob("*.csv"))[0]
        rows = broken.read_text(encoding="utf-8").splitlines()
        rows[2] = rows[2].replace(",", ";")
        broken.write_text("\n".join(rows) + "\n", encoding="utf-8")
        monkeypatch.setenv("MARKETSIM_DATA", str(data))
        assert command("backtest", "equal_weight", "--prices", str(closes)) == 2
        told = capsys.readouterr().err
        assert told.startswith("marketsim: ")
        assert f"{broken.name}, line 3" in told


def test_a_refusal_in_a_process_of_its_own(tmp_path: Path) -> None:
    """As a user starts it; what a run gives that goes all the way, test_runs.py looks at."""
    out = tmp_path / "out"
    typed = ["run", "--draws", "256", "--out", str(out), "--cap", "NVDIA=0.05"]
    done = subprocess.run(
        [sys.executable, "-m", "marketsim", *typed], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("marketsim: ")
    assert done.stderr.count("\n") == 1
    assert "Did you mean 'NVDA'?" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("--cap NVDIA=0.05", "Did you mean 'NVDA'?"),
        ("--layer-cap acelerators=0.3", "Did you mean 'accelerators'?"),
        ("--layer-cap hyperscaler=0.3", "is now called 'cloud'"),
        ("--scenarios bul", "Did you mean 'bull'?"),
        ("--max-weight 0.01 --most-cash 0", "max_weight"),
    ],
)
def test_a_run_is_refused_in_one_line(
    typed: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert command("run", "--draws", "256", "--out", str(out), *typed.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("marketsim: ")
    assert said.err.count("\n") == 1
    assert named in said.err
    assert not out.exists()
