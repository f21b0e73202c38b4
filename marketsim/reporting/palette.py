"""Colours and dashes that colour-blind readers and black-and-white printers can tell apart.

Layers take Tol's muted scheme; signs and the regimes bear, base and bull take Okabe and Ito's.
The seven colours of other regimes come from a search for those farthest from these and from each
other, to normal eyes and to eyes that lack one kind of cone (simulated after Machado, Oliveira and
Fernandes 2009), at a contrast of 3 or more to white. A regime always has its own dash besides, so
that colour is never the only difference.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = [
    "DOWN",
    "INK",
    "OTHER",
    "SERIES",
    "UP",
    "RegimeStyle",
    "diverging",
    "layer_colour",
    "limit_colour",
    "luminance",
    "regime_styles",
    "text_on",
]

INK = "#1d2733"
UP = "#0072b2"
DOWN = "#d55e00"

LAYERS = {
    "accelerators": "#332288",
    "foundry": "#88ccee",
    "foundry_equipment": "#ddcc77",
    "memory": "#44aa99",
    "networking": "#117733",
    "servers": "#999933",
    "power_equipment": "#ddaa33",
    "construction": "#aa7744",
    "electricity": "#cc6677",
    "operations": "#777777",
    "leases": "#882255",
    "cloud": "#6699cc",
    "own_use": "#aa4499",
    "cash": "#dddddd",
}
OTHER = "#9aa3ad"
LIMITS = ("#88ccee", "#ddcc77", "#44aa99", "#332288", "#cc6677")
"""Of limits on deliveries, far apart in Tol's muted scheme, to eyes without colour too."""
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
    """How one regime is drawn: its place in the order, its colour and its dash.

    One that is not `banded` is a plain line until a reader chooses it.
    """

    name: str
    key: int
    colour: str
    dash: str | None
    banded: bool = True


NAMED = {
    "bear": (DOWN, "6 3"),
    "base": (UP, None),
    "bull": ("#009e73", "1.5 3"),
}
SPARE = ("#880077", "#774400", "#8877ff", "#335533", "#aa88aa", "#ff2266", "#6611bb")
DASHES = ("9 3 2 3", "4 2", "10 3", "2 2", "7 2 2 2 2 2", "14 4 4 4", "3 6")


def _spare(place: int) -> tuple[str, str]:
    """Colours come round again after seven, each time with another dash."""
    turn, colour = divmod(place, len(SPARE))
    return SPARE[colour], DASHES[(place + turn) % len(DASHES)]


def regime_styles(
    regimes: Sequence[str], banded: Collection[str] | None = None
) -> list[RegimeStyle]:
    """A style for each regime; bear, base and bull keep theirs in any company.

    Parameters
    ----------
    regimes
        Names in the order to be shown.
    banded
        Those with bands while all are shown; every regime by default.
    """
    spare = [regime for regime in regimes if regime not in NAMED]
    looks = NAMED | {name: _spare(place) for place, name in enumerate(spare)}
    return [
        RegimeStyle(name, key, *looks[name], banded is None or name in banded)
        for key, name in enumerate(regimes)
    ]


def layer_colour(layer: str) -> str:
    """Colour of a layer; grey where it is not known."""
    return LAYERS.get(layer, OTHER)


def limit_colour(place: int) -> str:
    """Colour of a limit on deliveries, by its place among them."""
    return LIMITS[place % len(LIMITS)]


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
