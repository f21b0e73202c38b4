"""The list of all assumptions, scalar by scalar, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from .assumptions import GROUPS, Assumptions, LineAssumptions


@dataclass(frozen=True)
class Entry:
    """One scalar of the assumptions: where it lives and what it means."""

    name: str
    field: str
    group: str
    unit: str
    meaning: str
    source: str
    kind: int
    centre: float
    scale: float


GROUP = {f.name: group for group, owner in GROUPS.items() for f in fields(owner)}
"""Group of every field."""


def entries(lines: tuple[str, ...]) -> list[Entry]:
    """Return every scalar of :class:`Assumptions` in the order of its flattened leaves."""
    macro = (f for f in fields(Assumptions) if "prior" in f.metadata)
    listed = [e for f in macro for e in _entries_of(f.name, dict(f.metadata), ())]
    for f in fields(LineAssumptions):
        listed += _entries_of(f.name, dict(f.metadata), lines)
    return listed


def _entries_of(name: str, meta: dict[str, Any], lines: tuple[str, ...]) -> Iterator[Entry]:
    labels: tuple[str, ...] = lines or meta["entries"]
    coordinates = meta["prior"].coordinates(len(labels) or 1)
    for i, (kind, centre, scale) in enumerate(coordinates):
        full = f"{name}[{labels[i]}]" if labels else name
        yield Entry(
            full,
            name,
            GROUP[name],
            meta["unit"],
            meta["meaning"],
            meta["source"],
            kind,
            centre,
            scale,
        )
