"""27 January 2025: what an efficiency shock does in a model that knows only the Friday before.

docs/deepseek_day.md discusses it; `python docs/deepseek_day.py` writes its figures.
"""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import marketsim as ms

FRIDAY, MONDAY = "2025-01-24", "2025-01-27"
AT_ONCE = 4.0  # per year: 63 % of the step is in use in a quarter, 98 % within the year
WORLDS = {"plain": (0.0, ""), "half": (0.5, ""), "shock": (1.0, ""), "double": (2.0, "")}
# share of the logarithm of the shock, and other shifts


def regime(name: str, log_step: float, more: str, posterior: ms.Posterior) -> str:
    """A world with a step of efficiency. Algorithms carry the step, software their trend."""
    growth, decay = posterior.table()["value"][["algorithmic_growth", "algorithmic_decay"]]
    left = math.exp(-4.0 * decay)  # of the trend, after the four years of history
    trend = growth * left * (1.0 - math.exp(-5.0 * decay)) / (5.0 * decay)  # mean of five years
    step = 4.0 * log_step * (1.0 - math.exp(-AT_ONCE / 4.0)) / left
    return f"""
[{name}]
probability = 0.01
thesis = "Event study."
[{name}.shifts]
algorithmic_growth = {{ set = {step} }}
algorithmic_decay = {{ set = {AT_ONCE} }}
software_growth = {{ add = {trend} }}
{more}
"""


def simulated(
    posterior: ms.Posterior, size: float, worlds: Mapping[str, tuple[float, str]] = WORLDS
) -> ms.Paths:
    told = [regime(n, k * math.log(size), more, posterior) for n, (k, more) in worlds.items()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "regimes.toml"
        file.write_text("".join(told), encoding="utf-8")
        wanted = ms.load_scenarios(posterior, file, normalise=True)
        return ms.simulate(wanted, draws=len(told), seed=0)


def effects(
    paths: ms.Paths, before: ms.simulation.Outcomes, after: ms.simulation.Outcomes
) -> list[pd.DataFrame]:
    """Relative change by company: revenue of year 1, of year 5, of all five; value.

    A table for each world of ``after``, against its like ``before`` or the one that is there. Value
    is that of the enterprise at a beta of one: the prices of that day are not embedded.
    """
    spans = {"year 1": slice(4), "year 5": slice(16, 20), "five years": slice(20)}
    sold = {k: [w.revenue[:, s].sum(axis=1) for w in (before, after)] for k, s in spans.items()}
    sold["value"] = [ms.valuation.enterprise_values(paths, w).to_numpy() for w in (before, after)]
    change = {name: shocked / plain - 1.0 for name, (plain, shocked) in sold.items()}
    return [
        pd.DataFrame({name: x[i] for name, x in change.items()}, index=list(paths.companies))
        for i in range(len(after.revenue))
    ]


def crossing(curve: pd.Series, target: float) -> float:
    """First point, in the order given, at which a curve falls to a target; NaN if there is none."""
    low = np.flatnonzero(curve.to_numpy() <= target)[:1]
    two = curve.iloc[max(low.sum() - 1, 0) : low.sum() + 1][::-1]
    return float(np.interp(target, two, two.index)) if len(low) else math.nan


if __name__ == "__main__":
    facts = ms.load_facts(as_of=FRIDAY)
    asked = facts.latest("token_list_price")
    size = asked["o1-mini (launch)/output"] / asked["DeepSeek R1/output"]
    paths = simulated(ms.calibrate(facts), size)
    found = effects(paths, paths.centres[:1], paths.centres[1:])
    for (share, _), change in zip(list(WORLDS.values())[1:], found, strict=True):
        print(f"\nA step of x{size**share:.1f}: change of revenue and of value")
        shown = change.loc[["NVDA", "AVGO", "ORCL", "MSFT", "VRT", "VST"]]
        print(shown.to_string(float_format="{:+.1%}".format))
    close = ms.load_prices("NVDA", as_of="2025-01-28").closes["NVDA"]
    print(f"\nNVIDIA's stock that day: {close[MONDAY] / close[FRIDAY] - 1.0:+.1%}")
