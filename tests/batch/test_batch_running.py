"""What is done is skipped, what fails stops nothing, and two never work on one batch."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketsim import cli
from marketsim.backtesting.comparing import compared
from marketsim.backtesting.folders import recorded_walk
from marketsim.backtesting.inference import deflated_sharpe, deflated_sharpes, sharpe_estimate
from marketsim.batch import Batch, plan, read_jobs, run_batch
from marketsim.batch.store import locked
from marketsim.errors import BusyError, InputError, PriceError
from marketsim.sources import Unreachable
from tests.batch.worlds import batch_file, command, done, done_here, hidden, results


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_file(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def finished(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    return run_batch(file, tmp_path_factory.mktemp("made") / "batch")


def test_a_batch_is_a_folder_of_jobs_and_a_summary(finished: Batch) -> None:
    assert (len(finished.made), finished.skipped, finished.failed) == (4, (), ())
    names = {path.name for path in finished.folder.iterdir() if not path.name.startswith(".")}
    assert names == {
        "jobs", "status.json", "summary.csv", "summary.parquet", "summary.html",
    }  # fmt: skip
    assert {path.name for path in (finished.folder / "jobs").iterdir()} == set(finished.made)
    assert not hidden(finished.folder)
    told = json.loads((finished.folder / "status.json").read_text())
    assert {entry["state"] for entry in told} == {"done"}


def test_the_summary_is_what_records_say(finished: Batch) -> None:
    table = pd.read_parquet(finished.folder / "summary.parquet")
    pd.testing.assert_frame_equal(table, finished.table)
    written = pd.read_csv(finished.folder / "summary.csv")
    for row, told in zip(table.to_dict("records"), written.to_dict("records"), strict=True):
        record = json.loads((finished.folder / "jobs" / row["job"] / "run.json").read_text())
        own = record["summary"][row["strategy"]]
        assert row["sharpe_ratio"] == own["sharpe_ratio"] == pytest.approx(told["sharpe_ratio"])
        assert row["equal_weight_return"] == record["summary"]["equal weight"]["annual_return"]
    free, dear = (table[table["cost"] == cost] for cost in (0.0, 0.001))
    assert (free["annual_return"].to_numpy() > dear["annual_return"].to_numpy()).all()
    page = (finished.folder / "summary.html").read_text()
    for job in finished.made:
        assert f'href="jobs/{job}/report.html"' in page
        assert (finished.folder / "jobs" / job / "report.html").is_file()


def test_one_count_of_what_was_tried_is_told_everywhere(finished: Batch) -> None:
    """Two strategies at two costs are two variants at each, and two where all are compared."""
    assert set(finished.table["tried"]) == {2}
    page = (finished.folder / "summary.html").read_text()
    assert "Best of" in page
    folders = [finished.folder / "jobs" / job for job in finished.made]
    for folder in folders:
        report = (folder / "report.html").read_text()
        assert "counted as the only variant" not in report
        assert 'href="../../summary.html"' in report
    assert compared([recorded_walk(folder) for folder in folders]).trials == 2


def test_notes_of_jobs_reach_the_summary(tmp_path: Path) -> None:
    """As where closes of a company end within a period."""
    file = batch_file(tmp_path, strategies='"even.py"', costs="0.0")
    closes = pd.read_csv(tmp_path / "closes.csv", index_col="date", parse_dates=True)
    closes.loc["2021-08-02":, "META"] = np.nan
    closes.to_csv(tmp_path / "closes.csv")
    made = run_batch(file, tmp_path / "b")
    says = "META: its closes end on 2021-07-30, as it is traded no more or the panel has no more"
    assert made.table["notes"].str.contains(says).all()
    assert says in (made.folder / "summary.html").read_text()


def test_a_batch_is_not_compared_but_its_jobs(
    finished: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["compare", str(finished.folder)])
    assert ended.value.code == 2
    says = f"'{finished.folder}' is a batch; compare its jobs, {finished.folder / 'jobs'}/*"
    assert capsys.readouterr().err == f"marketsim: {says}\n"


def at_their_costs(table: pd.DataFrame, excess: dict[str, pd.Series]) -> dict[str, float]:
    """Deflated ratios of jobs, their rivals those of the same cost."""
    found: dict[str, float] = {}
    for _, jobs in table.groupby("cost")["job"]:
        found |= deflated_sharpes({job: excess[job] for job in jobs})
    return found


def test_sharpe_ratios_are_deflated_by_all_that_were_tried(finished: Batch) -> None:
    """Every ratio by the jobs over the same period; alone it would stand as it is recorded."""
    table = finished.table
    excess = {}
    for job in table["job"]:
        daily = pd.read_csv(finished.folder / "jobs" / job / "returns.csv")
        excess[job] = daily["return"] - daily["interest"]
    beyond = table.set_index("job")["deflated_information"]
    assert beyond.isna().to_dict() == {job: job.startswith("even") for job in table["job"]}
    found = table.set_index("job")["deflated_sharpe"]
    assert found.to_dict() == pytest.approx(at_their_costs(table, excess))
    for job, ratio in found.items():
        assert 0.0 < ratio < deflated_sharpe(sharpe_estimate(excess[str(job)].iloc[1:]), 1)


def test_a_period_whose_closes_are_not_there_yet_is_put_off(tmp_path: Path) -> None:
    """The rest is made, and the code says to try again; once closes have come it is made, too."""
    file = batch_file(tmp_path / "jobs", "later = { start = 2021-06-01, end = 2022-03-31 }")
    told = done(file, "--out", tmp_path / "b", "--json")
    assert told.returncode == 75, told.stderr
    states = [json.loads(line).get("state") for line in told.stdout.splitlines()]
    assert (states.count("early"), states.count("done")) == (4, 4)
    page = (tmp_path / "b" / "summary.html").read_text()
    assert "closes reach to 2021-12-31, and the period ends on 2022-03-31" in page
    closes = pd.read_csv(file.parent / "closes.csv", index_col="date", parse_dates=True)
    days = pd.bdate_range("2022-01-03", "2022-03-30", name="date")
    more = closes.iloc[-len(days) :].set_axis(days)
    pd.concat([closes, more]).to_csv(file.parent / "closes.csv")
    found = run_batch(file, tmp_path / "b")
    assert (len(found.made), len(found.skipped), found.early) == (8, 0, ())


@pytest.mark.parametrize("first", ["later", "open"])
def test_an_open_period_and_one_that_is_not_over_are_two(first: str, tmp_path: Path) -> None:
    """Whichever stands first; one that has not begun waits likewise."""
    lines = {
        "later": "later = { start = 2021-06-01, end = 2022-03-31 }",
        "open": "open = { start = 2021-06-01 }",
        "next": "next = { start = 2023-01-02 }",
    }
    order = sorted(lines, key=lambda name: name != first)
    file = batch_file(tmp_path, "\n".join(lines[name] for name in order))
    tasks = plan(read_jobs(file))
    states = {(task.job.period, bool(task.early)) for task in tasks}
    assert states == {("year", False), ("open", False), ("later", True), ("next", True)}
    assert len({task.name for task in tasks}) == len(tasks) == 16


def test_a_source_that_is_away_is_no_fault_of_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **more: object) -> None:
        raise PriceError("Yahoo cannot be reached") from Unreachable("no answer")

    monkeypatch.setattr("marketsim.batch.planning.market_for", away)
    with pytest.raises(BusyError, match="cannot be reached"):
        plan(read_jobs(file))


def test_what_is_done_is_skipped_to_the_byte(file: Path, finished: Batch) -> None:
    before = results(finished.folder)
    times = {p: p.stat().st_mtime_ns for p in (finished.folder / "jobs").rglob("*")}
    again = run_batch(file, finished.folder)
    assert (again.made, set(again.skipped)) == ((), set(finished.made))
    assert results(finished.folder) == before
    assert {p: p.stat().st_mtime_ns for p in (finished.folder / "jobs").rglob("*")} == times


@pytest.mark.parametrize("harm", ["changed", "lost", "no record", "of something else"])
def test_a_job_whose_files_are_not_as_recorded_is_made_again(
    harm: str, file: Path, tmp_path: Path
) -> None:
    made = run_batch(file, tmp_path / "batch")
    before = results(made.folder)
    job = made.folder / "jobs" / made.made[1]
    if harm == "changed":
        (job / "returns.csv").write_bytes((job / "returns.csv").read_bytes() + b"\n")
    elif harm == "lost":
        (job / "report.html").unlink()
    elif harm == "no record":
        (job / "run.json").unlink()
    else:
        record = json.loads((job / "run.json").read_text())
        record["job"]["code"] = "of another version"
        (job / "run.json").write_text(json.dumps(record))
    again = run_batch(file, made.folder)
    assert again.made == (job.name,)
    assert results(made.folder) == before


def test_processes_of_their_own_give_the_same_bytes(
    file: Path, finished: Batch, tmp_path: Path
) -> None:
    ended = done(file, "--out", tmp_path / finished.folder.name, "--workers", 2, "--json")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert results(tmp_path / finished.folder.name) == results(finished.folder)
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert events[-1] == {
        "batch": str(tmp_path / "batch"), "made": 4, "skipped": 0, "failed": 0, "early": 0,
    }  # fmt: skip
    for job in finished.made:
        assert [e["state"] for e in events if e.get("job") == job] == ["running", "done"]


def test_a_failed_job_stops_no_other_and_is_made_again(tmp_path: Path) -> None:
    file = batch_file(tmp_path / "jobs", strategies='"broken.py", "even.py"')
    (tmp_path / "call.py").write_text(
        f"import sys; open({str(tmp_path / 'called')!r}, 'a').write(sys.stdin.read())"
    )
    call = f'"{sys.executable}" "{tmp_path / "call.py"}"'
    ended = done(file, "--out", tmp_path / "b", "--on-failure", call)
    assert ended.returncode == 1
    assert "2 made, 0 skipped, 2 failed" in ended.stdout
    error = "strategy 'broken' on 2021-02-01, broken.py line 4: ValueError: no idea"
    assert len(ended.stderr.splitlines()) == 2  # a line for each, and no traceback
    assert ended.stderr.count(error) == 2
    assert "about to fail" not in ended.stdout
    called = [json.loads(line) for line in (tmp_path / "called").read_text().splitlines()]
    assert [entry["error"] for entry in called] == [error, error]
    status = json.loads((tmp_path / "b" / "status.json").read_text())
    assert [entry["state"] for entry in status] == ["failed", "failed", "done", "done"]
    (log, _) = sorted((tmp_path / "b" / "logs").iterdir())
    assert "about to fail" in log.read_text()
    assert "Traceback" in log.read_text()
    table = pd.read_csv(tmp_path / "b" / "summary.csv")
    assert list(table["state"]) == ["failed", "failed", "done", "done"]
    assert "no idea" in (tmp_path / "b" / "summary.html").read_text()
    (tmp_path / "jobs" / "broken.py").write_text(
        "def strategy(history):\n    return {'NVDA': 1.0}\n"
    )
    again = run_batch(file, tmp_path / "b")
    assert (len(again.made), len(again.skipped), again.failed) == (2, 2, ())


def test_a_strategy_that_takes_its_process_along_takes_no_other_job(tmp_path: Path) -> None:
    files = '"kills.py", "leaves.py", "even.py"'
    file = batch_file(tmp_path / "jobs", strategies=files, costs="0.0")
    (tmp_path / "jobs" / "kills.py").write_text(
        "import os\ndef strategy(history):\n    os.kill(os.getpid(), 9)\n"
    )
    (tmp_path / "jobs" / "leaves.py").write_text(
        "def strategy(history):\n    raise SystemExit(0)\n"
    )
    ended = done(file, "--out", tmp_path / "b", "--workers", 2)
    assert ended.returncode == 1, ended.stderr
    assert "1 made, 0 skipped, 2 failed" in ended.stdout
    assert ended.stderr.count("its process was ended by SIGKILL") == 1
    assert ended.stderr.count("it ends the program; return weights instead") == 1
    assert not hidden(tmp_path / "b")


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(
    file: Path, finished: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    (job, *others) = finished.made
    (finished.folder / "jobs" / job / "run.json").rename(finished.folder / "aside")
    code = done_here(file, "--out", finished.folder, "--dry-run")
    (finished.folder / "aside").rename(finished.folder / "jobs" / job / "run.json")
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"waiting  {job}",
        *(f"skipped  {other}" for other in others),
    ]
    away = finished.folder.parent / "not there"
    assert done_here(file, "--out", away, "--dry-run", "--json") == 0
    told = capsys.readouterr().out
    assert {json.loads(line)["state"] for line in told.splitlines()} == {"waiting"}
    assert not away.exists()


def test_a_living_process_holds_its_batch_and_a_dead_one_does_not(
    file: Path, tmp_path: Path
) -> None:
    with locked(tmp_path):
        holder = json.loads((tmp_path / "lock.json").read_text())
        with pytest.raises(BusyError, match=f"process {holder['pid']} on {holder['host']} since"):
            run_batch(file, tmp_path)
        ended = done(file, "--out", tmp_path)
        assert (ended.returncode, ended.stdout) == (75, "")
        assert f"is held by process {holder['pid']}" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "lock.json").exists()
    (tmp_path / "lock.json").write_text('{"pid": 1234567, "host": "away", "since": "then"}')
    with locked(tmp_path) as former:
        assert former == "process 1234567 on away since then"


def test_what_a_caller_can_put_right_is_one_line_and_exit_code_2(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.docx").touch()
    for arguments, says in (
        ((tmp_path / "gone.toml",), "cannot be read: No such file"),
        ((file, "--out", tmp_path), "holds thesis.docx, which no batch wrote"),
        ((file, "--out", file), "is a file; name a folder"),
        ((file, "--out", file / "b" / "c"), f"lies below {file}, which is a file"),
        ((file.parent,), f"jobs file '{file.parent}' is no file"),
    ):
        code = done_here(*arguments)
        told = capsys.readouterr()
        assert (code, told.out) == (2, "")
        assert says in told.err
        assert len(told.err.splitlines()) == 1
    with pytest.raises(InputError, match="workers=0 is no number of processes"):
        run_batch(file, tmp_path / "b", workers=0)


def test_whoever_stops_listening_does_not_stop_the_batch(tmp_path: Path) -> None:
    file = batch_file(tmp_path / "jobs", costs="0.0")
    with subprocess.Popen(
        command(file, "--out", tmp_path / "b", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (0, "")
    assert len(results(tmp_path / "b")) == 2 * 6 + 3


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_done_without(closed: str, tmp_path: Path) -> None:
    """What a scheduler closed takes nothing into a table, and no job fails for it."""
    file = batch_file(tmp_path / "jobs", strategies='"broken.py", "even.py"', costs="0.0")
    line = shlex.join(command(file, "--out", tmp_path / "b", "--json"))
    ended = subprocess.run(
        f"{line} {closed}", shell=True, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == ""
    states = [json.loads(told).get("state") for told in ended.stdout.splitlines()]
    assert states == ([] if ">&- 2" in closed else ["running", "failed", "running", "done", None])
    assert len(results(tmp_path / "b")) == 1 * 6 + 3
