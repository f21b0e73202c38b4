"""One environment for every test: JAX on the processor, caches of their own, repeatable draws."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

import marketsim as ms
from marketsim.cli.environment import SELDOM
from marketsim.precision import RUN_SELDOM

os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Tests run thousands of small programs once each. What the product runs again and again has options
# of its own, which these leave alone.
os.environ.setdefault(
    "XLA_FLAGS", " ".join(f"--{name}={value}".lower() for name, value in RUN_SELDOM.items())
)

# Workers share the cores: threads of linear algebra that wait for one another take most of them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Compiling is what slows a first call, and examples are drawn alike in every run.
settings.register_profile("marketsim", deadline=None, derandomize=True)
settings.load_profile("marketsim")


def pytest_configure(config: pytest.Config) -> None:
    """Keep out of the user's caches; workers and commands share one that lasts as long as we do.

    What one process compiles the others load, as the command does from one run to the next
    (see `marketsim.cli.environment` on why on Linux only).
    """
    gc.set_threshold(*SELDOM)
    if hasattr(config, "workerinput"):  # a worker of xdist: the environment is made
        return
    folder = tempfile.mkdtemp(prefix="marketsim-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["MARKETSIM_CACHE"] = folder
    if sys.platform == "linux":
        os.environ["JAX_COMPILATION_CACHE_DIR"] = f"{folder}/jax"
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("MARKETSIM_DATA", "MARKETSIM_STRATEGIES"):
        os.environ.pop(name, None)


LONG = (
    "test_claims.py",
    "test_gradients.py",
    "test_runs.py",
    "test_strategies.py",
    "test_disbelief.py",
    "test_docs.py",
    "test_own_company.py",
    "test_implied.py",
    "test_sensitivity.py",
    "test_machines.py",
    "test_stress.py",
    "test_batch_running.py",
    "test_batch_killed.py",
    "test_nuts.py",
    "test_comparison.py",
    "test_hedging.py",
    "test_knowledge.py",
    "test_adding.py",
    "test_likelihood.py",
    "test_chain.py",
    "test_market_value.py",
    "test_calibration.py",
    "test_simulation.py",
    "test_simulated.py",
    "test_explain_weight.py",
    "test_updating.py",
    "test_audit.py",
    "test_overdue.py",
    "test_foretold.py",
    "test_rolling.py",
    "test_value_claims.py",
    "test_reporting.py",
    "test_valuation.py",
    "test_cli_answers.py",
    "test_programs.py",
    "test_price_cache.py",
    "test_worth.py",
    "test_allocation_reference.py",
    "test_term_limits.py",
    "test_roofline.py",
    "test_cli_stresses.py",
    "test_decision.py",
    "test_deepseek_day.py",
    "test_backtesting.py",
    "test_cli_forecasts.py",
    "test_between.py",
    "test_memory.py",
    "test_events.py",
    "test_world.py",
)
"""Files that take most processor time, the longest first: begun last they would keep one worker
when the others are done. The first calibrates, which nearly all wait for, the second needs none.
The third compiles what most others load: beside it runs one that needs little of that."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first; a name that is no file any more would move nothing, and is refused."""
    if gone := set(LONG) - {path.name for path in Path(__file__).parent.rglob("test_*.py")}:
        raise pytest.UsageError(f"conftest.LONG names no file of tests: {', '.join(sorted(gone))}")
    place = {name: i for i, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))


def pytest_collection_finish() -> None:
    """Look no more for cycles among what lasts: modules, and tests by the thousand."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give workers whole files in our order: what a file sets up is set up, and compiled, once."""
    if config.getoption("dist") not in ("load", "loadfile"):
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


MAPPED = 35_000
"""Mapped regions of memory from which on compiled programs are let go. Each program maps some, and
past the 65,530 that Linux allows a process XLA dies where it stands. Half of them are left for what
one file may add: the most that was seen within a minute was 8,000. Whoever lets go traces and loads
again what comes next."""


@pytest.fixture(autouse=True, scope="module")
def same_environment() -> Iterator[None]:
    """Undo what commands set for JAX in this process: those that are begun later would hear it."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        if name.startswith(("JAX_", "TF_", "XLA_")):
            del os.environ[name]


@pytest.fixture(autouse=True, scope="module")
def few_programs() -> Iterator[None]:
    """Let go of compiled programs between modules once there are many; what is cached loads."""
    yield
    maps = Path("/proc/self/maps")
    if "jax" in sys.modules and maps.is_file() and maps.read_text().count("\n") > MAPPED:
        sys.modules["jax"].clear_caches()


# One calibration, one set of worlds: made by whichever worker asks first, read by the others.

T = TypeVar("T")

AS_OF = "2025-12-31"
DRAWS = 600


@pytest.fixture(scope="session")
def facts() -> ms.Knowledge:
    """The embedded facts as of the end of 2025."""
    return ms.load_facts(as_of=AS_OF)


@pytest.fixture(scope="session")
def posterior(facts: ms.Knowledge, shelf: Path) -> ms.Posterior:
    """The calibration of the end of 2025."""
    return made_once(shelf / "posterior", lambda: ms.calibrate(facts))


@pytest.fixture(scope="session")
def published(posterior: ms.Posterior, shelf: Path) -> ms.forecasting.Forecast:
    """The forecast of the calibration, without the shift of any regime."""
    return made_once(shelf / "published", lambda: ms.forecast(posterior))


@pytest.fixture(scope="session")
def mixed(scenarios: ms.Scenarios, shelf: Path) -> ms.forecasting.Forecast:
    """The forecast over all regimes."""
    return made_once(shelf / "mixed", lambda: ms.forecast(scenarios))


@pytest.fixture(scope="session")
def scenarios(posterior: ms.Posterior) -> ms.Scenarios:
    """The regimes of data/scenarios.toml."""
    return ms.load_scenarios(posterior)


@pytest.fixture(scope="session")
def paths(scenarios: ms.Scenarios, shelf: Path) -> ms.Paths:
    """A few hundred worlds over all regimes."""
    return made_once(shelf / "paths", lambda: ms.simulate(scenarios, draws=DRAWS, seed=0))


@pytest.fixture(scope="session")
def prices(paths: ms.Paths) -> ms.prices.Prices:
    """The embedded snapshot of prices."""
    return ms.load_prices(paths.companies)


@pytest.fixture(scope="session")
def returns(paths: ms.Paths, prices: ms.prices.Prices, shelf: Path) -> ms.ReturnScenarios:
    """What the worlds return over a year."""
    return made_once(shelf / "returns", lambda: ms.revalue(paths, prices, horizon="1y"))


@pytest.fixture(scope="session")
def capped(returns: ms.ReturnScenarios) -> ms.allocation.Allocation:
    """Equal weights would do for most; these have the caps of the main job."""
    return ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)


@pytest.fixture(scope="session")
def slopes(capped: ms.allocation.Allocation, shelf: Path) -> ms.derivatives.Sensitivities:
    """What moves that portfolio, and the weights that would be best."""
    return made_once(shelf / "slopes", lambda: ms.sensitivities(capped, weights=True))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one session share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


def made_once(path: Path, make: Callable[[], T]) -> T:
    """What ``make`` returns, made by the first process that asks and pickled for the rest."""
    with alone(path.with_suffix(".lock")):
        if not path.exists():
            path.write_bytes(pickle.dumps(make()))
        made: T = pickle.loads(path.read_bytes())
    return made


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold ``lock``, a file that only one process can make, until the block ends."""
    patience = time.monotonic() + 900.0  # whoever holds it may be calibrating on a busy machine
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.unlink()
