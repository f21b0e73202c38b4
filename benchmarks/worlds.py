"""Worlds per second, compile time, memory and the cost of a gradient, side by side in one run.

    python benchmarks/worlds.py [--draws 10000 100000]

Each column is a program that runs all draws in one call, measured in processes of its own: 20
quarters and all companies from one state, or with the 16 quarters of history before them. Draws
come in whole chunks. Ratios and kilobytes are figures to quote; seconds hang on the
machine and on what else it does.
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
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

import marketsim as ms

if TYPE_CHECKING:
    from marketsim.precision import Precision

Row = dict[str, float]
QUARTERS: Final = 20
CHUNK: Final = 1000
"""Worlds run together, as in `ms.simulate`."""

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

    @partial(jax.jit, compiler_options=ms.precision.RUN_OFTEN)
    def worlds(given: Any, x: Array, news: Array) -> Array:
        revenue: Array = lax.map(lambda few: jax.vmap(partial(world, given))(*few), (x, news))
        return revenue

    def loss(x: Array, news: Array, given: Any) -> Array:
        return jnp.log(jax.vmap(partial(world, given))(x, news)).mean()

    with ms.precision.precise(precision):
        given, world = one_world(posterior, history)
        given = jax.tree.map(cast, given)
        row: Row = {}
        for count in draws[: 1 if again else None]:
            chunks = [cast(s.reshape(-1, CHUNK, *s.shape[1:])) for s in sampled(posterior, count)]
            begun = perf_counter()
            program = worlds.lower(given, *chunks).compile()
            label = "compile, s: cache warm" if again else "compile, s: no cache"
            row.setdefault(label, perf_counter() - begun)
            if not again:
                row |= rates(count, partial(program, given, *chunks))
                told: Any = program.memory_analysis()
                held = told.temp_size_in_bytes + told.output_size_in_bytes
                row[f"kB per world, by XLA: {count:,}"] = held / count / 1e3
        return row if again else row | gradient_cost(loss, *(s[0] for s in chunks), given)


def one_world(posterior: ms.Posterior, history: bool) -> tuple[Any, Callable[..., Array]]:
    """Return what all worlds share, and the revenue [quarter, company] of one of them."""

    def world(given: Any, x: Array, news: Array) -> Array:
        now, coordinates, setting = given
        state = ms.ensemble.past(x, coordinates, setting).state if history else now
        a = ms.model.unpack(ms.model.values(coordinates, x[: len(coordinates.scale)]))
        shocks = ms.model.Shocks(appetite=news[0], demand=news[1])
        lines = ms.model.run(a, setting, state, shocks)[1].lines
        revenue: Array = jax.vmap(partial(ms.model.company_revenue, setting.lines))(lines)
        return revenue

    coordinates, setting = posterior.coordinates, posterior.setting
    now = ms.ensemble.past(jnp.asarray(posterior.mode), coordinates, setting).state
    return (now, coordinates, setting), world


def sampled(posterior: ms.Posterior, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates [draw, unknown] and news of the future [draw, kind, quarter]."""
    chance, unknowns = np.random.default_rng(0), len(posterior.mode)
    z = chance.standard_normal((count, unknowns))
    news = chance.standard_normal((count, 2, QUARTERS))
    return posterior.mode + z @ np.linalg.cholesky(posterior.covariance).T, news


def gradient_cost(loss: Callable[..., Array], *few: Any) -> Row:
    """Return what a gradient by all coordinates costs, in runs of the same worlds."""
    forward = jax.jit(loss, compiler_options=ms.precision.RUN_OFTEN)
    reverse = jax.jit(jax.value_and_grad(loss), compiler_options=ms.precision.RUN_OFTEN)
    seconds = []
    for program in (forward, reverse):
        fastest(partial(program, *few), patience=0.0)  # compiles
        seconds.append(fastest(partial(program, *few)))
    return {"gradient in forward passes": seconds[1] / seconds[0]}


def rates(count: int, run: Callable[[], Any]) -> Row:
    """Return worlds per second of ``run``, and what its first call adds to the peak of memory."""
    before = peak(forget=True)
    seconds = fastest(run)
    return {
        f"worlds per second: {count:,}": count / seconds,
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


def fastest(run: Callable[[], Any], patience: float = PATIENCE) -> float:
    """Return the least seconds that ``run`` took, repeated until ``patience`` is spent."""
    taken: list[float] = []
    while sum(taken) <= patience:
        begun = perf_counter()
        jax.block_until_ready(run())  # type: ignore[no-untyped-call]
        taken.append(perf_counter() - begun)
    return min(taken)


COLUMNS: Final[Mapping[str, Callable[[ms.Posterior, list[int], bool], Row]]] = {
    "float64": partial(in_jax, False, "float64"),
    "float32": partial(in_jax, False, "float32"),
    "history, float64": partial(in_jax, True, "float64"),
}
"""A rival needs a function of the same arguments that returns rows by the same names."""

if __name__ == "__main__":
    main()
