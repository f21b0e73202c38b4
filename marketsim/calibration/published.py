"""Priors from published rates: what studies known by a date say, pooled with random effects.

A table says which studies speak of which assumption. Each counts with its published interval, or
with an error given here where it has none; studies that were not checked against a document count
with a larger one. The prior's spread holds both the error of the mean and the spread between the
studies (DerSimonian and Laird 1986), since the next case differs from the mean as they do, and
never falls below a floor. A rate published later than the date is not seen: without any the
declared prior stands.

Left out: the decay of chips in growth models of AI (0.2 a year, Full Takeoff Model), which counts
obsolescence that this model derives from rents; total declines of token prices at fixed quality,
which the likelihood sees; implied elasticities of one provider's tokens against one price trend, in
which demand shifts too; and energy efficiency of all GPUs in FP32, another quantity than that of
the chips here, whose own trends `hardware` fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd

from marketsim.knowledge import DOUBT, Knowledge

__all__ = ["PRIORS", "Pooled", "Prior", "Study", "pool", "published"]

Form = Literal["factor", "doubling in years", "halving in months", "elasticity"]

LINKED: Final[Mapping[Form, Callable[[float], float]]] = {
    "factor": math.log,
    "doubling in years": lambda years: math.log(2.0) / years,
    "halving in months": lambda months: 12.0 * math.log(2.0) / months,
    "elasticity": lambda value: math.log(abs(value)),
}
"""How a published figure becomes a log growth per year, or the log of an elasticity."""

NINETY, NINETY_FIVE = 2.0 * 1.645, 2.0 * 1.960
"""Standard deviations between the ends of a published interval."""


@dataclass(frozen=True)
class Study:
    """One published figure.

    Attributes
    ----------
    entity
        As data/facts/trends.csv names it.
    form
        How it is told; see `LINKED`.
    error
        Standard error, linked, where no interval was published.
    width
        Standard deviations between the ends of the interval, where one was.
    """

    entity: str
    form: Form
    error: float
    width: float = NINETY


@dataclass(frozen=True)
class Prior:
    """Studies that speak of one assumption.

    Attributes
    ----------
    entries
        Names of the scalar assumptions, each with what it stands above the studies' mean, linked.
    studies
        Those that are pooled.
    floor
        Least spread, linked.
    """

    entries: Mapping[str, float]
    studies: tuple[Study, ...]
    floor: float


@dataclass(frozen=True)
class Pooled:
    """A mean over studies and how far the next case may lie from it, linked; and the sources."""

    centre: float
    scale: float
    source: str = field(default="", compare=False)


TOKENS: Final = 0.15
OTHER_GOODS: Final = 0.25
"""Errors of logs of elasticities: what holds of light or traffic need not hold of tokens."""


def _elasticity(name: str, error: float = OTHER_GOODS) -> Study:
    return Study(f"elasticity: {name}", "elasticity", error)


CLASSES: Final = {
    "elasticity[batch]": -0.10,
    "elasticity[interactive]": -0.01,
    "elasticity[agentic]": 0.11,
}
"""Judgement: how elastic a class is against all tokens, in logs. Agents have room to grow."""

DOLLAR: Final = (
    Study("hardware: performance per dollar (fixed precision)", "factor", 0.05),
    Study("hardware: FP32 FLOP/s per USD doubling time", "doubling in years", 0.05, NINETY_FIVE),
)

PRIORS: Final = (
    Prior(
        {"algorithmic_growth": 0.0},
        (
            Study(
                "training: algorithmic progress in LLM pretraining: compute-halving time",
                "halving in months",
                0.25,
                NINETY_FIVE,
            ),
            Study("inference_cost: algorithmic share of that decline", "factor", 0.25),
        ),
        floor=0.15,
    ),
    Prior(
        CLASSES,
        (
            _elasticity("LLM API, short run (Azure + OpenRouter)", TOKENS),
            _elasticity("LLM tokens, arc estimate", TOKENS),
            _elasticity("Computers (mainframe quality-adjusted)"),
            _elasticity("Computers/IT capital"),
            _elasticity("DRAM 16K, constant elasticity"),
            _elasticity("Internet/data traffic"),
            _elasticity("UK lighting, peak of 19th century"),
            _elasticity("World lighting, 300 years (energy share of GDP constant 0.72%)"),
        ),
        floor=0.18,
    ),
    Prior(
        {"saturated_elasticity": 0.0},
        (
            _elasticity("UK lighting, 2000s"),
            _elasticity("All energy long run"),
            _elasticity("Electricity long run"),
        ),
        floor=0.25,
    ),
    Prior(
        {"compute_per_dollar_growth[gpu]": 0.0, "compute_per_dollar_growth[asic]": 0.0},
        DOLLAR,
        floor=0.06,
    ),
    Prior({"compute_per_dollar_growth[low_latency]": 0.0}, DOLLAR, floor=0.10),
    Prior(
        {"training_growth": 0.0},
        (
            Study(
                "training: training cost of frontier models (amortised hardware+energy)",
                "factor",
                0.15,
            ),
        ),
        floor=0.15,
    ),
)
"""Assumptions with published rates. Studies of elasticities are of demand for computing, storage,
traffic and light while it was unsaturated, and of mature energy for the saturated one."""


def published(facts: Knowledge) -> dict[str, Pooled]:
    """Return linked centre, scale and source of every assumption that ``facts`` have studies of."""
    middle, low, high = (facts.latest(name) for name in ("trend", "trend_lo", "trend_hi"))
    rows = facts.select("trend").drop_duplicates("entity", keep="last").set_index("entity")
    found: dict[str, Pooled] = {}
    for prior in PRIORS:
        known = [s for s in prior.studies if s.entity in middle.index]
        if known:
            values = np.array([LINKED[s.form](middle[s.entity]) for s in known])
            doubt = np.array([DOUBT[str(rows.loc[s.entity, "confidence"])] for s in known])
            mean, spread = pool(values, doubt * np.array([_error(s, low, high) for s in known]))
            source = "; ".join(str(rows.loc[s.entity, "source"]) for s in known)
            scale = max(spread, prior.floor)
            for name, above in prior.entries.items():
                found[name] = Pooled(mean + above, scale, f"data/facts/trends.csv: {source}")
    return found


def pool(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Return the random-effects mean of studies and the spread of the next one about it.

    DerSimonian and Laird 1986: the variance between studies is what their weighted sum of squares
    has beyond its expectation. One study alone gives its own value and error.

    Parameters
    ----------
    values, errors
        Estimates and standard errors, [study].
    """
    fixed = errors**-2.0
    mean = fixed @ values / fixed.sum()
    excess = fixed @ (values - mean) ** 2 - (len(values) - 1)
    known = fixed.sum() - (fixed**2).sum() / fixed.sum()
    between = max(0.0, excess / known) if len(values) > 1 else 0.0
    weight = 1.0 / (errors**2 + between)
    return float(weight @ values / weight.sum()), float(np.sqrt(between + 1.0 / weight.sum()))


def _error(study: Study, low: pd.Series, high: pd.Series) -> float:
    """The published interval on the linked scale, or the error given."""
    if study.entity not in low.index or study.entity not in high.index:
        return study.error
    first, last = (LINKED[study.form](ends[study.entity]) for ends in (low, high))
    return abs(last - first) / study.width
