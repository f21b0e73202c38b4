"""A batch every weekday after the close, and a task that says what became of it."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, task

HOME = Path(os.environ.get("MARKETSIM_HOME", "/srv/marketsim"))
RUN = f"{HOME}/.venv/bin/marketsim batch {HOME}/jobs.toml --out {HOME}/runs/jobs --workers 2 --json"


@dag(
    schedule="15 22 * * 1-5",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
)
def marketsim_batch() -> None:
    @task.bash(skip_on_exit_code=75)  # another process is at it
    def run() -> str:
        return RUN

    @task(trigger_rule="all_done")
    def tell() -> dict[str, int]:
        status = json.loads((HOME / "runs" / "jobs" / "status.json").read_text())
        for job in status:
            if job["state"] == "failed":
                print(job["job"], job["error"])
        states = [job["state"] for job in status]
        return {state: states.count(state) for state in set(states)}

    run() >> tell()


marketsim_batch()
