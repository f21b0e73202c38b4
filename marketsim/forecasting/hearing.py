"""What statements change of a forecast, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.statements import (
    STATEMENTS,
    Beats,
    Open,
    Statement,
    came_true,
    learnt,
)

from .ahead import Ahead
from .joint import Joint, Step
from .panel import Panel
from .trend import Trend

__all__ = ["Heard", "Key", "beats", "hear", "key_of"]

ERROR: Final = 0.01
"""Standard deviation of the log error that is left of a year's figure however much is reported:
restatements, and that a statement may count something a little different."""


Key = tuple[str, int, int, int]
"""What an open statement of a panel is of: kind, row and quarters, figures and bounds alike."""


def key_of(said: Open) -> Key:
    """Return what tells a statement from those of other kinds, series and quarters."""
    return said.kind.kind, said.row, said.first, said.last


@dataclass(frozen=True, eq=False)
class Heard:
    """A statement and by how much it moved the logs of the forecast, [series, horizon].

    All shifts add up to what was heard: each is what the statement says beyond what was expected
    before any of them, times what all of them together make of it, so that no order in which they
    are heard matters (the news of Banbura and Modugno 2014). Where a quarter was settled by another
    statement, this one has moved nothing.
    """

    said: Open
    shift: np.ndarray


def beats(knowledge: Knowledge, panel: Panel, trend: Trend) -> dict[str, Beats]:
    """Return what is known of every kind of statement, by its name."""
    return {
        kind.kind: learnt(kind, _with_gaps(kind, came_true(knowledge, kind), panel, trend))
        for kind in STATEMENTS
    }


def _with_gaps(kind: Statement, past: pd.DataFrame, panel: Panel, trend: Trend) -> pd.DataFrame:
    """Return past statements with `gap`: by how much they went beyond what the trend expected.

    Outcome over expectation less outcome over statement, of those that settle a quarter.
    """
    if not kind.settles:
        return past.assign(gap=np.nan)
    rows = {s.entity: row for row, s in enumerate(panel.series) if s.quantity == kind.of}
    places = zip(past["entity"].map(rows), past["number"], strict=True)
    width = trend.error.shape[1]
    error = [
        np.nan if np.isnan(row) or not 0 <= number < width else trend.error[int(row), number]
        for row, number in places
    ]
    return past.assign(gap=np.asarray(error, dtype=float) - past["ratio"].to_numpy(dtype=float))


def hear(
    joint: Joint, said: Sequence[Open], panel: Panel, own: Ahead, known: Mapping[str, Beats]
) -> tuple[Joint, list[Heard]]:
    """Return a forecast once it has heard all statements that are open, and what each changed.

    Statements on years and plans are observations beside what is known; those on a quarter's
    revenue take its place, for whoever makes them knows the trend too; of two of these the surer
    one counts. These, and what is said of the last quarter of a year, only the company's own
    series follow.

    Parameters
    ----------
    joint
        Of the panel's series.
    said
        From :func:`~marketsim.statements.still_open`.
    panel
        The series.
    own
        What the trends alone expect.
    known
        From :func:`beats`.
    """
    before, horizons = joint.mean, joint.mean.shape[1]
    within = [one for one in said if one.last <= horizons]
    sums = [one for one in within if not one.kind.settles]
    joint, heard = _one_by_one(joint, before, [], sums, panel, known)
    chosen = _surest(within, panel, own, known)
    joint, heard = _settled(joint, before, heard, chosen, panel)
    bounds = [one for one in within if one.floor and one.kind.settles]
    return _one_by_one(joint, before, heard, bounds, panel, known)


def _one_by_one(
    joint: Joint,
    first: np.ndarray,
    heard: list[Heard],
    said: Sequence[Open],
    panel: Panel,
    known: Mapping[str, Beats],
) -> tuple[Joint, list[Heard]]:
    """Return it once it has heard more statements, and what each changed.

    ``first`` is what was expected before all that was ``heard``.
    """
    for one in said:
        joint = _told(joint, one, panel, known)
        heard = _shared(heard, one, joint.steps[-1], first)
    return joint, heard


def _shared(heard: list[Heard], said: Open, step: Step, first: np.ndarray) -> list[Heard]:
    """Return what each statement has changed once another is heard.

    Who is heard later is not only told the rest: the step corrects by a share, ``heeded``, of what
    the statement misses, what was expected ``first`` [series, horizon] and what others added to it.
    """
    (direction,), gain = step.directions, step.gain[:, 0]
    heeded = 1.0 - float(step.stretch[0, 0]) ** 2
    moved = float(step.after[0] - step.before[0])
    others = [float(direction @ one.shift.ravel()) for one in heard]
    came = float(step.before[0] - direction @ first.ravel())
    shape = first.shape
    left = [
        Heard(one.said, one.shift - (heeded * x * gain).reshape(shape))
        for one, x in zip(heard, others, strict=True)
    ]
    return [*left, Heard(said, ((moved + heeded * came) * gain).reshape(shape))]


def _told(joint: Joint, said: Open, panel: Panel, known: Mapping[str, Beats]) -> Joint:
    """Return it with one statement on a sum of quarters as an observation, or a bound.

    A bound may be missed as far as statements of its kind were, and by who says it. What is said of
    a year of which one quarter is open only the company's own series follow: a quarter of one
    company would say too much of three years of all.
    """
    mean, variance = known[said.kind.kind].of(_entity(said, panel), said.left, said.doubt)
    variance += ERROR**2
    within = _of_company(said, panel, joint) if said.last == 1 else slice(None)
    after, at = joint, joint.mean
    for _ in range(2):  # The log of a sum is not linear: once more, where the first step led.
        direction, level = _linear(joint, said, panel, at)
        if said.floor:
            after = joint.at_least(direction, said.log - level, variance, within)
        else:
            after = joint.observed(direction, said.log + mean - level, variance, within)
        at = after.mean
    return after


def _linear(joint: Joint, said: Open, panel: Panel, at: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the log of what is covered as a linear function of the entries, about ``at``.

    Coefficients [entry], and the constant.
    """
    series, horizons = panel.series[said.row], joint.mean.shape[1]
    values = dict(zip(series.numbers.tolist(), series.values, strict=True))
    last = int(series.numbers[-1])
    reported = sum(values[last + h] for h in range(said.first, min(said.last, 0) + 1))
    ahead = np.arange(max(said.first, 1), said.last + 1) - 1
    coming = np.exp(at[said.row, ahead])
    total = reported + coming.sum()
    direction = np.zeros(joint.mean.size)
    direction[said.row * horizons + ahead] = coming / total
    return direction, float(np.log(total) - direction @ at.ravel())


@dataclass(frozen=True)
class Settling:
    """A statement that takes the place of what is known of its quarter: mean and variance."""

    said: Open
    mean: float
    variance: float


def _surest(
    heard: Sequence[Open], panel: Panel, own: Ahead, known: Mapping[str, Beats]
) -> list[Settling]:
    """Return of the statements that settle a quarter the surest on each."""
    found: dict[tuple[int, int], Settling] = {}
    for said in heard:
        if said.kind.settles and not said.floor:
            gap = said.log - own.location[said.row, said.last - 1]
            learnt_of = known[said.kind.kind]
            mean, variance = learnt_of.of(_entity(said, panel), said.left, said.doubt, gap)
            one = Settling(said, said.log + mean, variance)
            place = said.row, said.last
            if place not in found or variance < found[place].variance:
                found[place] = one
    return list(found.values())


def _settled(
    joint: Joint, before: np.ndarray, heard: list[Heard], chosen: Sequence[Settling], panel: Panel
) -> tuple[Joint, list[Heard]]:
    """Return it with all that settles a quarter, series by series, and what each changed.

    A series follows its own; those of the company that have none follow the company's. Side by
    side overlapping figures would be told apart by what sets them apart, which is next to nothing.
    Of others the model has heard, as far as guidance of one tells of them. What was ``heard``
    counts for what is left of it where quarters are settled, and what settles them for all that
    they are moved from what was expected ``before``.
    """
    shape = joint.mean.shape
    for row, followers in _followers([one.said.row for one in chosen], joint, panel).items():
        mine = [one for one in chosen if one.said.row == row]
        entries = np.array([row * shape[1] + one.said.last - 1 for one in mine])
        within = _entries_of(followers, joint)
        mean, variance = (
            np.array(x) for x in zip(*((o.mean, o.variance) for o in mine), strict=True)
        )
        joint = joint.settled(entries, mean, variance, within)
        gain = joint.steps[-1].gain
        moves = (gain * (mean - before.ravel()[entries])).T
        left = [
            Heard(one.said, one.shift - (gain @ one.shift.ravel()[entries]).reshape(shape))
            for one in heard
        ]
        settling = [
            Heard(one.said, move.reshape(shape)) for one, move in zip(mine, moves, strict=True)
        ]
        heard = [*left, *settling]
    return joint, heard


def _followers(settled: Sequence[int], joint: Joint, panel: Panel) -> dict[int, np.ndarray]:
    """Return the rows of the series that follow each one that is settled, its own among them.

    The largest of a company that is settled, the whole where it is, leads those that are not.
    """
    found: dict[int, np.ndarray] = {}
    for ticker in dict.fromkeys(panel.series[row].ticker for row in settled):
        mine = [row for row, s in enumerate(panel.series) if s.ticker == ticker]
        own = sorted({*settled} & {*mine}, key=lambda row: -joint.mean[row, 0])
        first = panel.series[own[0]].quantity
        led = [row for row in mine if row not in own and panel.series[row].quantity == first]
        found |= {row: np.array([row]) for row in own}
        found[own[0]] = np.array([own[0], *led])
    return found


def _entries_of(rows: np.ndarray, joint: Joint) -> np.ndarray:
    """Return the places of all horizons of some series."""
    horizons = joint.mean.shape[1]
    return np.asarray(rows[:, None] * horizons + np.arange(horizons)).ravel()


def _of_company(said: Open, panel: Panel, joint: Joint) -> np.ndarray:
    """Return the places of all series of the company that a statement is of."""
    ticker = panel.series[said.row].ticker
    return _entries_of(np.flatnonzero([s.ticker == ticker for s in panel.series]), joint)


def _entity(said: Open, panel: Panel) -> str:
    return panel.series[said.row].entity
