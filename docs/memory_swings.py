"""Rises and falls of memory, reported and modelled; docs/generate.py writes them as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.calibration.window import HISTORY, SPAN
from marketsim.claims.worlds import prior_worlds
from marketsim.ensemble import histories
from marketsim.model import NEWS
from marketsim.precision import precise

DATES: Final = ("2021-12-31", "2023-12-31", "2025-12-31")
TURN: Final = 0.2
"""By how much, in logs, a series must come back for a turn to count."""
SHOWN: Final = {
    "memory revenue": ("revenue of makers", "memory_revenue", "{:.1f}"),
    "price of Micron DRAM": ("a maker's price per bit", "memory_price", "{:.2f}"),
}
"""By how a series begins: in words, the output of the model that it is compared with, digits."""
NEAR: Final = 0.1
"""Of a quarter: so many days after its end still are its end."""
QUARTERS: Final = 40
"""Of prior worlds ahead, in which doublings are counted."""
WORLDS: Final = 2_000
"""So many of them."""


@dataclass(frozen=True)
class Swing:
    """From one turn of a reported series to the next, or to its last figure.

    ``reported``, ``modelled`` and what is modelled ``without`` news on memory from its first day
    on, at both ends; the latter two scaled so that the whole series fits.
    """

    as_of: str
    what: str
    digits: str
    ends: tuple[pd.Timestamp, pd.Timestamp]
    reported: tuple[float, float]
    modelled: tuple[float, float]
    without: tuple[float, float]

    @property
    def size(self) -> float:
        """Change of what was reported, in logs."""
        return float(np.log(self.reported[1] / self.reported[0]))

    @property
    def miss(self) -> float:
        """Change of what is modelled, less that, in logs."""
        return float(np.log(self.modelled[1] / self.modelled[0])) - self.size


def swings(posterior: ms.Posterior) -> Iterator[Swing]:
    """Yield every swing of the window, series by series."""
    for name, rows in posterior.fit_paths.groupby("series", sort=False):
        for begins, (what, output, digits) in SHOWN.items():
            if str(name).startswith(begins):
                rows = rows.reset_index(drop=True)
                turns = turning(np.log(rows["reported"].to_numpy(float)))
                for first, last in pairwise(turns):
                    yield _swing(posterior, rows.loc[[first, last]], what, output, digits)


def _swing(
    posterior: ms.Posterior, rows: pd.DataFrame, what: str, output: str, digits: str
) -> Swing:
    ends = pd.DatetimeIndex(rows["quarter_end"])
    weights = posterior.window.weights(ends)[:, :HISTORY]
    begins = int(np.ceil(posterior.window.position(ends)[0] - NEAR)) + 1
    modelled = rows["modelled"].to_numpy(float)
    plain, calm = (weights @ run(posterior, output, since) for since in (SPAN, begins))
    return Swing(
        as_of=str(posterior.as_of.date()),
        what=what,
        digits=digits,
        ends=(ends[0], ends[1]),
        reported=tuple(rows["reported"]),
        modelled=tuple(modelled),
        without=tuple(modelled * calm / plain),
    )


def run(posterior: ms.Posterior, output: str, since: int) -> np.ndarray:
    """Return an output of the model at the mode, without news on memory from a quarter on."""
    x = np.array(posterior.mode)
    entries, kind = len(posterior.entries), NEWS.index("memory")
    x[entries + kind * SPAN + since : entries + (kind + 1) * SPAN] = 0.0
    with precise("float64"):
        then = histories(x[None], posterior.coordinates, posterior.setting)
        path: np.ndarray = np.asarray(getattr(then.quarters, output))[0]
        return path


def turning(path: np.ndarray) -> list[int]:
    """Return where a path turns by `TURN` or more, with the extremes it begins and ends at."""
    turns: list[int] = []
    high, low, rising = 0, 0, None
    for place, value in enumerate(path):
        high = place if value > path[high] else high
        low = place if value < path[low] else low
        if rising is not False and path[high] - value >= TURN:
            turns.append(high)
            low, rising = place, False
        elif rising is not True and value - path[low] >= TURN:
            turns.append(low)
            high, rising = place, True
    return [*turns, high if rising else low] if turns else []


def largest_news(posterior: ms.Posterior) -> tuple[pd.Period, float]:
    """Return the quarter of the window with the largest news on memory, and that in sd."""
    entries, kind = len(posterior.entries), NEWS.index("memory")
    news = posterior.mode[entries + kind * SPAN :][:HISTORY]
    place = int(np.abs(news).argmax())
    return posterior.window.quarters[place], float(news[place])


def doubling(posterior: ms.Posterior, draws: int = WORLDS) -> tuple[float, float]:
    """Return the chances a year that prices double, and that they halve, within four quarters.

    In worlds of the priors, with news of every kind: in some quarter of the year the price is at
    least twice, or at most half, what it was four before.
    """
    with precise("float64"):
        worlds = prior_worlds(posterior, draws, seed=0)
        chance = np.random.default_rng(0)
        news = {kind: chance.standard_normal((draws, QUARTERS)) for kind in NEWS}
        price = np.log(np.asarray(worlds.ahead(**news).memory_price))
    change = (price[:, 4:] - price[:, :-4]).reshape(draws, -1, 4)
    twice = np.log(2.0)
    return float((change > twice).any(2).mean()), float((change < -twice).any(2).mean())


def chances(posterior: ms.Posterior) -> str:
    """Return the chances of doubling and halving as part of a sentence."""
    twice, half = doubling(posterior)
    return (
        f"double within four quarters in {100.0 * twice:.0f} % of years, and halve in "
        f"{100.0 * half:.0f} %"
    )


def table(posteriors: Mapping[str, ms.Posterior]) -> str:
    """Return the swings at each date in Markdown, reported beside modelled."""
    head = "| as of | largest news on memory | what | from, to | reported | modelled | without |"
    lines = [head, "|---" * 7 + "|"]
    for date, posterior in posteriors.items():
        quarter, news = largest_news(posterior)
        told = f"{date} | {quarter}: {news:+.1f} sd"
        for one in swings(posterior):
            lines.append(f"| {told} | {_row(one)} |")
            told = " |"
    return "\n".join(lines)


def _row(one: Swing) -> str:
    first, last = (f"{end.year}-{end.month:02d}" for end in one.ends)
    pairs = (one.reported, one.modelled, one.without)
    told = (" to ".join(one.digits.format(x) for x in pair) for pair in pairs)
    return " | ".join([one.what, f"{first} to {last}", *told])
