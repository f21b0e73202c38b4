"""Colours and dashes that colour-blind readers and black-and-white printers can tell apart.

Layers take Tol's muted scheme, regimes and signs take Okabe and Ito's; a regime always has
its own dash besides, so that colour is never the only difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "DOWN",
    "INK",
    "SERIES",
    "UP",
    "RegimeStyle",
    "diverging",
    "layer_colour",
    "luminance",
    "regime_styles",
    "text_on",
]

INK = "#1d2733"
UP = "#0072b2"
DOWN = "#d55e00"

LAYERS = {
    "accelerator": "#332288",
    "foundry": "#88ccee",
    "memory": "#44aa99",
    "networking_optics": "#117733",
    "servers": "#999933",
    "power_cooling": "#ddaa33",
    "utilities_ipp": "#cc6677",
    "dc_reit": "#882255",
    "hyperscaler": "#6699cc",
    "neocloud": "#aa4499",
}
OTHER = "#9aa3ad"
SERIES = (
    "#332288",
    "#88ccee",
    "#44aa99",
    "#117733",
    "#999933",
    "#ddcc77",
    "#cc6677",
    "#882255",
    "#aa4499",
    OTHER,
)


@dataclass(frozen=True)
class RegimeStyle:
    """How one regime is drawn: its place in the order, its colour and its dash."""

    name: str
    key: int
    colour: str
    dash: str | None


NAMED = {
    "bear": (DOWN, "6 3"),
    "base": (UP, None),
    "bull": ("#009e73", "1.5 3"),
}
SPARE = (
    ("#aa4499", "9 3 2 3"),
    ("#8a6d00", "4 2"),
    ("#56a4d4", "10 3"),
    ("#6b4c9a", "2 2"),
    ("#7a4b2a", "7 2 2 2 2 2"),
)


def regime_styles(regimes: Sequence[str]) -> list[RegimeStyle]:
    """A style for each regime; bear, base and bull keep theirs in any company."""
    spare = [regime for regime in regimes if regime not in NAMED]
    looks = NAMED | {name: SPARE[place % len(SPARE)] for place, name in enumerate(spare)}
    return [RegimeStyle(name, key, *looks[name]) for key, name in enumerate(regimes)]


def layer_colour(layer: str) -> str:
    """Colour of a layer; grey where it is not known."""
    return LAYERS.get(layer, OTHER)


def text_on(colour: str) -> str:
    """Ink or white, whichever reads better on `colour`."""
    ground = luminance(colour) + 0.05
    return INK if ground / (luminance(INK) + 0.05) > 1.05 / ground else "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2: 0 is black, 1 is white."""
    shares = [channel / 255 for channel in _channels(colour)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def diverging(share: float) -> str:
    """Orange through white to blue as `share` goes from -1 to 1."""
    strength = min(abs(share), 1.0)
    end = _channels(UP if share > 0 else DOWN)
    mixed = (round(255 + (channel - 255) * 0.8 * strength) for channel in end)
    return "#{:02x}{:02x}{:02x}".format(*mixed)
