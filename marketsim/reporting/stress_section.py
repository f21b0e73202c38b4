"""What has to be true for the portfolio to lose so much: the most plausible worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from .contents import RunContents
from .formats import count, join, number, percent, quantity, readable, sentence
from .tables import Column, Table

if TYPE_CHECKING:
    from ..derivatives import ReverseStress
    from ..derivatives.stressed import StressedWorld

__all__ = [
    "losers_table",
    "movers_table",
    "odds_table",
    "stress_head",
    "stress_sentence",
    "tilted_sentence",
    "world_sentence",
    "worlds_table",
]

COUNT: Final = 6
"""Assumptions, and companies, that are shown of the most plausible world."""

SEEN: Final = 0.005
"""Share of the squared distance, and of the portfolio, from which on something is shown."""

ALIKE: Final = 0.8
"""Density over that of the most plausible world from which on another is about as plausible."""

TILTED: Final = 3
"""Assumptions that are told of the other reading."""

PARTS: Final = {
    "assumptions": ("assumptions",),
    "news": ("history", "news of the coming year", "news of later years"),
    "own revenue": ("companies' own revenue",),
    "market noise": ("market noise", "how wild the market is"),
}
"""Of the squared distance, by column."""


def stress_head(contents: RunContents) -> str:
    """What is asked."""
    found = contents.stress
    return "" if found is None else f"What it would take to lose {percent(found.loss, 0)}"


def stress_sentence(contents: RunContents) -> str:
    """How likely so large a loss is; where none was found, that."""
    found = contents.stress
    if found is None:
        return ""
    lead = f"A loss of {percent(found.loss, 0)} or more over the year has a probability of"
    near = f"{_likely(found.probability)} (standard error {_likely(found.error)})"
    if found.counted:
        told = (
            f"{lead} {_likely(found.drawn)} (standard error {_likely(found.drawn_error)}), the "
            f"share of the worlds drawn that lose as much: {found.losing:,} do. Sampled about the "
            f"nearest worlds, which is meant for losses that few have, it is {near}."
        )
    else:
        told = f"{lead} about {near}; {_likely(found.drawn)} of the worlds drawn lose as much."
    return f"{told}{_alike(found)}"


def _alike(found: ReverseStress) -> str:
    """Which worlds are about as plausible as the first, so that it is not the one."""
    names = [readable(one.regime) for one in found.worlds if one.plausibility > ALIKE]
    if len(names) < 2:
        return ""
    return f" {sentence(count(len(names)))} worlds are about as plausible: in {join(names)}."


def worlds_table(contents: RunContents) -> Table:
    """A row for each distinct world, the most plausible first."""
    heads = ["Likely", "Deviations out", "Plausible", "Loss", "Without noise"]
    columns = [
        Column("World", "text"),
        *map(Column, heads),
        *(Column(sentence(name)) for name in PARTS),
    ]
    found = contents.stress
    return Table(columns, [] if found is None else [_world(world) for world in found.worlds])


def _world(world: StressedWorld) -> list[str | Markup]:
    return [
        sentence(readable(world.regime)),
        percent(world.probability, 0),
        number(world.distance, 2),
        "1" if world.plausibility == 1.0 else number(world.plausibility),
        percent(world.loss),
        percent(world.before_noise),
        *(percent(share, 0) for share in _parts(world)),
    ]


def _parts(world: StressedWorld) -> list[float]:
    """Shares of the squared distance, by column; nothing where there is no distance."""
    total = float(world.parts.sum()) or np.nan
    return [sum(float(world.parts.get(one, 0.0)) for one in of) / total for of in PARTS.values()]


def world_sentence(contents: RunContents) -> str:
    """What the most plausible world is like, beside the calibrated one."""
    found = contents.stress
    if found is None:
        return ""
    world = found.worlds[0]
    if not world.distance:
        return (
            f"Nothing in it is out of the ordinary: the middle of {readable(world.regime)}, all at "
            "its median, loses as much, and so do "
            f"{percent(float(found.by_regime['drawn'].to_dict()[world.regime]))} of its worlds."
        )
    changes = world.macro["change"].groupby(level="quantity", sort=False).first()
    told = [f"{readable(name)} {percent(x, 0, sign=True)}" for name, x in changes.items()]
    return f"In its first year, beside the calibrated world: {join(told)}."


def movers_table(contents: RunContents) -> Table:
    """The assumptions that the most plausible world takes furthest, by what they add to it."""
    columns = [
        Column("Assumption", "text"),
        Column("In the scenario"),
        Column("In this world"),
        Column("Deviations"),
        Column("Of the distance"),
    ]
    found = contents.stress
    if found is None:
        return Table(columns, [])
    table = found.worlds[0].assumptions
    rows = [
        [
            Markup("<b>{}</b><small>{}</small>").format(
                sentence(readable(str(name))), str(row["meaning"])
            ),
            *(quantity(float(row[side]), str(row["unit"])) for side in ("in_regime", "here")),
            number(float(row["deviations"]), 2, sign=True),
            percent(float(row["share"])),
        ]
        for name, row in table[table["share"].abs() >= SEEN].head(COUNT).iterrows()
    ]
    return Table(columns, rows)


def losers_table(contents: RunContents) -> Table:
    """Who loses it in the most plausible world, the largest loss first."""
    columns = [
        Column("Company", "text"),
        Column("Weight"),
        Column("Return"),
        Column("Without noise"),
        Column("Revenue, first year"),
        Column("Adds"),
    ]
    found = contents.stress
    if found is None:
        return Table(columns, [])
    world = found.worlds[0]
    sold = world.revenue["change"].groupby(level="ticker").first()
    few = world.companies[world.companies["contribution"] <= -SEEN].head(COUNT)
    rows = [
        [
            contents.name(str(ticker)),
            percent(float(row["weight"])),
            *(percent(float(row[name]), 0, sign=True) for name in ("return", "before_noise")),
            percent(float(sold[str(ticker)]), 0, sign=True),
            percent(float(row["contribution"]), sign=True),
        ]
        for ticker, row in few.iterrows()
    ]
    return Table(columns, rows)


def odds_table(contents: RunContents) -> Table:
    """How far out and how likely the loss is in each regime, and odds that lose it on average."""
    found = contents.stress
    tilted = None if found is None else found.tilted
    columns = [
        Column("Scenario", "text"),
        Column("Likely"),
        Column("Deviations out"),
        Column("Loses it"),
        Column("Standard error"),
        Column("Drawn"),
        *([] if tilted is None else [Column("Likely, read the other way")]),
    ]
    if found is None:
        return Table(columns, [])
    rows = []
    for name, row in found.by_regime.iterrows():
        cells: list[str | Markup] = [
            sentence(readable(str(name))),
            percent(float(row["probability"]), 0),
            number(float(row["distance"]), 2),
            *(_likely(float(row[column])) for column in ("sampled", "error", "drawn")),
        ]
        if tilted is not None:
            cells.append(percent(float(tilted.regimes["tilted"][str(name)]), 0))
        rows.append(cells)
    return Table(columns, rows)


def tilted_sentence(contents: RunContents) -> str:
    """The other reading: draws so weighted that the portfolio loses as much on average."""
    found = contents.stress
    if found is None:
        return ""
    if found.tilted is None:
        return "No world drawn loses as much, so that no weights of them lose it on average."
    few = found.tilted.assumptions["deviations"].head(TILTED)
    moved = [f"{readable(str(name))} by {number(x, 2, sign=True)}" for name, x in few.items()]
    return (
        "Read the other way: the worlds drawn, weighted as little as need be until the portfolio "
        f"loses {percent(found.loss, 0)} on average, are {number(found.tilted.relative_entropy)} "
        f"nats away and move means furthest of {join(moved)} deviations."
    )


def _likely(share: float) -> str:
    """A probability with a digit that counts, however small it is."""
    return percent(share, 1 if share >= 1e-3 or not share else 3)
