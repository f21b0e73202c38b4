"""Worlds per second, compile time, memory and the cost of a gradient, side by side in one run.

    python benchmarks/worlds.py [--draws 10000 100000] [--chunk 500]

Each column is a program measured in processes of its own: 20 quarters and all companies from one
state, or with the 16 quarters of history before them. Worlds lie along the last axis of every
array, run in chunks, and a thread for each core takes the next chunk. Beside the clock stands
processor time, which other work on the machine disturbs less. Ratios and kilobytes are figures to
quote; seconds hang on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import marketsim as ms

if TYPE_CHECKING:
    from marketsim.precision import Precision

Row = dict[str, float]
QUARTERS: Final = 20
CHUNK: Final = 500
"""Worlds run together, as in `ms.simulate`."""

GRADIENTS: Final = 100
"""Worlds of one gradient: the backward pass holds every quarter of all of them."""

PATIENCE: Final = 10.0
"""Seconds after which a measurement is not repeated."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)  # in a process of its own
    asked = parser.parse_args()
    if asked.measure:
        column, file, *again = asked.measure
        posterior = pickle.loads(Path(file).read_bytes())
        print(json.dumps(COLUMNS[column](posterior, asked.draws, bool(again))))
    else:
        compare(asked.draws)


def compare(draws: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"))
        file = Path(folder) / "posterior"
        file.write_bytes(pickle.dumps(posterior))
        print(f"{platform.machine()}, {os.cpu_count()} cores, JAX {jax.__version__}, ", end="")
        print(f"{QUARTERS} quarters, {len(posterior.companies)} companies")
        columns = {name: in_processes(name, file, draws) for name in COLUMNS}
    print(f"{'':40s}" + "".join(f"{name:>20s}" for name in columns))
    for row in dict.fromkeys(row for column in columns.values() for row in column):
        cells = (f"{column.get(row, float('nan')):20,.4g}" for column in columns.values())
        print(f"{row:40s}" + "".join(cells))


def in_processes(column: str, posterior: Path, draws: list[int]) -> Row:
    """Measure a column in full, without a cache, then how long it takes to load from one."""

    def child(environment: Mapping[str, str], *again: str) -> Row:
        asked = ["--draws", *map(str, draws), "--measure", column, str(posterior), *again]
        process = [sys.executable, __file__, *asked]
        told = subprocess.check_output(process, env=os.environ | environment)
        row: Row = json.loads(told)
        return row

    row = child({"JAX_ENABLE_COMPILATION_CACHE": "0"})
    cache = {"JAX_COMPILATION_CACHE_DIR": str(posterior.parent / "cache")}
    child(cache, "again")
    return row | child(cache, "again")


def in_jax(
    history: bool, precision: Precision, posterior: ms.Posterior, draws: list[int], again: bool
) -> Row:
    """Measure the model in JAX; ``again`` compiles only."""

    def cast(x: Any) -> Array:
        real = np.asarray(x).dtype.kind == "f"
        return jnp.asarray(x, dtype=precision) if real else jnp.asarray(x)

    worlds = jax.jit(partial(many_worlds, history), compiler_options=ms.precision.RUN_WORLDS)
    with ms.precision.precise(precision):
        given = jax.tree.map(cast, given_to_all(posterior))
        chunks = [tuple(map(cast, few)) for few in sampled(posterior, max(draws))]
        begun = perf_counter()
        program = worlds.lower(given, *chunks[0]).compile()
        compiled = perf_counter() - begun
        if again:
            return {"compile, s: cache warm": compiled}
        row: Row = {"compile, s: no cache": compiled}
        for count in draws:
            row |= rates(count, partial(in_threads, partial(program, given), chunks, count))
        told: Any = program.memory_analysis()
        row["kB per world of a chunk, by XLA"] = told.temp_size_in_bytes / CHUNK / 1e3
        row["kB per world, of its revenue"] = told.output_size_in_bytes / CHUNK / 1e3
        return row | gradient_cost(history, given, *(x[..., :GRADIENTS] for x in chunks[0]))


def in_threads(program: Callable[..., Array], chunks: list[Any], count: int) -> list[Array]:
    """Run as many worlds, a chunk at a time on each core."""

    def run(i: int) -> Array:
        found: Array = jax.block_until_ready(program(*chunks[i]))  # type: ignore[no-untyped-call]
        return found

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(run, range(count // CHUNK)))


def given_to_all(posterior: ms.Posterior) -> Any:
    """Return what all worlds share: the state at the decision date, coordinates, the setting."""
    coordinates, setting = posterior.coordinates, posterior.setting
    mode = ms.ensemble.histories(posterior.mode[None], coordinates, setting, lambda quarters: ())
    now = jax.tree.map(lambda x: x[0], mode.state)
    return now, coordinates, setting


def many_worlds(history: bool, given: Any, x: Array, news: Array) -> Array:
    """Return revenue [quarter, company, world] at coordinates [unknown, world].

    ``news`` of the future, [kind, quarter, world].
    """
    now, coordinates, setting = given
    model, size = ms.model, len(coordinates.scale)
    a = model.unpack(model.values(coordinates, x[:size]))
    if history:
        shocks = x[size:].reshape(len(model.NEWS), -1, x.shape[-1])[:, : -ms.ensemble.COMING]
        state = model.run(a, setting, model.start(a, setting), model.Shocks(*shocks))[0]
    else:
        state = jax.tree.map(lambda s: s[..., None] + jnp.zeros(x.shape[-1], s.dtype), now)
    lines = model.run(a, setting, state, model.Shocks(*news))[1].lines
    return model.company_revenue(setting.lines, lines)


def sampled(posterior: ms.Posterior, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return chunks of coordinates [unknown, world] and news of the future [kind, quarter, world].

    The same few, in turn: what a world costs does not hang on its draw.
    """
    chance, factor = np.random.default_rng(0), np.linalg.cholesky(posterior.covariance)
    different = []
    for _ in range(min(8, -(-count // CHUNK))):
        z = chance.standard_normal((len(posterior.mode), CHUNK))
        news = chance.standard_normal((len(ms.model.NEWS), QUARTERS, CHUNK))
        different.append((posterior.mode[:, None] + factor @ z, news))
    return [different[i % len(different)] for i in range(-(-count // CHUNK))]


def gradient_cost(history: bool, given: Any, x: Array, news: Array) -> Row:
    """Return what a gradient by all coordinates costs: processor time, and in forward passes."""

    def loss(x: Array) -> Array:
        return jnp.log(many_worlds(history, given, x, news)).mean()

    forward = jax.jit(loss, compiler_options=ms.precision.RUN_WORLDS)
    reverse = jax.jit(jax.value_and_grad(loss), compiler_options=ms.precision.RUN_WORLDS)
    seconds = []
    for program in (forward, reverse):
        fastest(partial(program, x), patience=0.0)  # compiles
        seconds.append(fastest(partial(program, x))[1])
    return {
        "gradient of a world, ms of processor time": 1e3 * seconds[1] / x.shape[-1],
        "gradient in forward passes": seconds[1] / seconds[0],
    }


def rates(count: int, run: Callable[[], Any]) -> Row:
    """Return worlds per second of ``run``, and what its first call adds to the peak of memory."""
    before = peak(forget=True)
    clock, processor = fastest(run)
    return {
        f"worlds per second: {count:,}": count / clock,
        f"worlds per second of a processor: {count:,}": count / processor,
        f"kB per world, at the peak: {count:,}": (peak() - before) / count,
    }


def peak(forget: bool = False) -> float:
    """Return the most memory held since it was last forgotten, kB; known on Linux only."""
    if not Path("/proc/self").exists():
        return float("nan")
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def fastest(run: Callable[[], Any], patience: float = PATIENCE) -> tuple[float, float]:
    """Return the least seconds that ``run`` took, on the clock and of processor time.

    It is repeated until ``patience`` is spent.
    """
    taken: list[tuple[float, float]] = []
    while sum(clock for clock, _ in taken) <= patience:
        begun = perf_counter(), process_time()
        jax.block_until_ready(run())  # type: ignore[no-untyped-call]
        taken.append((perf_counter() - begun[0], process_time() - begun[1]))
    return min(clock for clock, _ in taken), min(processor for _, processor in taken)


COLUMNS: Final[Mapping[str, Callable[[ms.Posterior, list[int], bool], Row]]] = {
    "float64": partial(in_jax, False, "float64"),
    "float32": partial(in_jax, False, "float32"),
    "history, float64": partial(in_jax, True, "float64"),
}
"""A rival needs a function of the same arguments that returns rows by the same names."""

if __name__ == "__main__":
    main()
