"""The same inputs give the same bytes in any environment, and the same numbers on any machine."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import marketsim as ms

WAY = """
import hashlib, os, pickle, sys
place, processors = sys.argv[1:]
if processors and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numpy as np
import marketsim as ms
posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"), cache=False)
coming = ms.forecast(posterior)
paths = ms.simulate(ms.load_scenarios(posterior), draws=300, seed=0, forecast=coming)
returns = ms.revalue(paths, ms.load_prices(paths.companies))
choice = ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)
found = {
    "mode": posterior.mode,
    "covariance": posterior.covariance,
    "draws": paths.link,
    "revenue": paths.revenue,
    "returns": returns.returns,
    "weights": choice.weights.to_numpy(),
    "forecast": coming.logs.location,
}
open(place, "wb").write(pickle.dumps(found))
"""

Found = dict[str, np.ndarray]


def the_way(place: Path, environment: dict[str, str], processors: str = "") -> Found:
    """What a process of its own finds from the facts to the weights."""
    done = subprocess.run(
        [sys.executable, "-c", WAY, str(place), processors],
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Found = pickle.loads(place.read_bytes())
    return found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Found:
    place = tmp_path_factory.mktemp("machines") / "here"
    return the_way(place, {"OPENBLAS_NUM_THREADS": "2", "TZ": "UTC", "PYTHONHASHSEED": "7"})


@pytest.mark.slow
def test_the_environment_changes_no_byte(here: Found, tmp_path: Path) -> None:
    """Threads of linear algebra, the processors allowed, the clock, the locale, the hash seed."""
    other = {"OPENBLAS_NUM_THREADS": "1", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1", "LC_ALL": "C"}
    there = the_way(tmp_path / "there", other, processors="one")
    assert {name: x.tobytes() for name, x in there.items()} == {
        name: x.tobytes() for name, x in here.items()
    }


@pytest.mark.slow
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="plays an older x86-64 processor")
def test_another_machine_finds_the_same(here: Found, tmp_path: Path) -> None:
    """One of fewer instructions, so that XLA and BLAS round otherwise, and one processor."""
    older = {
        "OPENBLAS_CORETYPE": "Haswell",
        "OPENBLAS_NUM_THREADS": "1",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_max_isa=AVX2",
        "JAX_ENABLE_COMPILATION_CACHE": "0",
    }
    there = the_way(tmp_path / "there", older, processors="one")
    assert any(not np.array_equal(here[name], there[name]) for name in here), "it is the same one"
    for name, x in here.items():
        np.testing.assert_allclose(there[name], x, rtol=1e-6, atol=1e-6, err_msg=name)


def test_a_posterior_is_found_again_by_another_search(posterior: ms.Posterior, here: Found) -> None:
    """What this process calibrated, or read from the cache, is what the other found."""
    np.testing.assert_allclose(posterior.mode, here["mode"], atol=1e-12)
