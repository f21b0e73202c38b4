"""The days of docs/events.py: of which kind their news is, said before moves were looked at.

Kinds are regimes of docs/events.toml; on days of opposite news a kind's shift counts the other way.
"""

from __future__ import annotations

from typing import Final

Case = tuple[str, str, int]
"""Day, kind of news, and whether it came (1) or its opposite (-1)."""

INELASTIC: Final = "efficiency_inelastic"
"""A second reading of the days of `efficiency`, which counts in no total."""

DAYS: Final[tuple[Case, ...]] = (
    ("2023-05-25", "use", 1),
    ("2024-02-22", "use", 1),
    ("2025-07-31", "use", 1),
    ("2025-09-10", "use", 1),
    ("2024-07-24", "capital", -1),
    ("2024-07-31", "capital", 1),
    ("2025-01-22", "capital", 1),
    ("2025-02-21", "capital", -1),
    ("2025-09-22", "capital", 1),
    ("2025-10-06", "capital", 1),
    ("2025-10-30", "capital", 1),
    ("2025-12-11", "funding", -1),
    ("2025-12-17", "funding", -1),
    ("2024-09-20", "power", 1),
    ("2024-11-04", "power", -1),
    ("2025-06-03", "power", 1),
    ("2024-12-13", "integration", 1),
    ("2025-10-13", "integration", 1),
    ("2025-11-25", "integration", 1),
    ("2022-10-07", "export", 1),
    ("2024-07-17", "export", 1),
    ("2025-04-16", "export", 1),
    ("2025-01-27", "efficiency", 1),
)

CONTROLS: Final[tuple[Case, ...]] = (
    ("2020-03-16", "", -1),
    ("2025-03-03", "", -1),
    ("2025-04-03", "", -1),
    ("2025-04-04", "", -1),
    ("2025-04-09", "", 1),
    ("2025-04-10", "", -1),
    ("2025-05-12", "", 1),
    ("2025-10-10", "", -1),
)
"""Tariffs and the pandemic, bad or good, of which the model should say nothing."""

AHEAD: Final = {"efficiency": -1, INELASTIC: -1, "export": -1}
"""Direction that rivals give to a kind: good for much beta and much AI (1) but for these."""

NAMED: Final = {"power": "electricity", "funding": "cloud"}
"""Layer that the headline names: accelerators but for these."""


def days_of(kind: str) -> list[Case]:
    """Days whose news is of a kind, as that kind reads them."""
    return [
        (day, kind, sign)
        for day, told, sign in DAYS
        if told == kind or (told, kind) == ("efficiency", INELASTIC)
    ]
