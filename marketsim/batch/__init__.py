"""Many backtests as one piece of work: a grid of jobs that are kept, skipped and made again.

A file says which strategies, over which periods, under which settings. Each job is a folder named
by the hash of all that enters it, written at one stroke: a finished job is never made twice, one
that was broken off is made anew, and one that fails stops no other.
"""

from __future__ import annotations

from marketsim.batch.job import Job
from marketsim.batch.planning import Task, plan
from marketsim.batch.reading import read_jobs
from marketsim.batch.running import Batch, run_batch

__all__ = ["Batch", "Job", "Task", "plan", "read_jobs", "run_batch"]
