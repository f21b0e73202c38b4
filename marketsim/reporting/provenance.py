"""Where a report comes from, as label and text, out of the entries of run.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .formats import day, readable, sentence

__all__ = ["provenance", "subtitle"]

DATES = frozenset({"as_of", "start", "end"})


def _text(key: str, value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{readable(name)} {_text(str(name), item)}" for name, item in value.items()
        )
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_text(key, item) for item in value)
    if key in DATES and value is not None:
        return day(value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:,}" if isinstance(value, int) and key != "seed" else str(value)


def provenance(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every entry of `meta`, in its own order, as label and text."""
    return [(sentence(readable(key)), _text(key, value)) for key, value in meta.items()]


def subtitle(meta: Mapping[str, Any]) -> str:
    """The line under the title: as of, worlds drawn, seed, as far as they are known."""
    parts = {
        "as_of": "Facts known by {}",
        "draws": "{} simulated worlds",
        "seed": "seed {}",
    }
    return " · ".join(
        text.format(_text(key, meta[key]))
        for key, text in parts.items()
        if meta.get(key) is not None
    )
