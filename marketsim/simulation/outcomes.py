"""What becomes of worlds: revenue by company, and the quantities of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from marketsim.ensemble import YEAR
from marketsim.model import CLASSES, Quarter

from .buyers import SPENT

__all__ = ["WORLD", "Outcomes", "kept", "outcomes"]

WORLD: Final = {
    "compute": "M H100e",
    "delivered": "M H100e per quarter",
    "rent": "USD per H100e-hour",
    "capital_spending": "USD bn per quarter",
    "load": "GW",
    "energised": "GW",
    "power_scarcity": "log",
    "chip_scarcity": "log",
    "inference_share": "share",
    "operating_spending": "USD bn per quarter",
    "depreciation": "USD bn per quarter",
    "write_down": "USD bn per quarter",
    "premium": "share per year",
    "borrowers_spending": "USD bn per quarter",
    "borrowers_fleet": "share",
    "contracted": "USD bn per quarter",
    "worth": "USD bn per quarter",
    "use": "log",
    "hurdle": "share per year",
    "token_price": "index, first quarter 1",
    "q": "ratio",
    "impairment": "USD bn",
}
"""Quantities of the world that paths keep, with their units."""


INTERACTIVE: Final = CLASSES.index("interactive")

BY_LINE: Final = "lines", "volumes", "inputs", "ordinary"


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What worlds are valued by.

    Attributes
    ----------
    revenue
        USD bn per quarter, [world, quarter, company].
    volumes
        What it would be at ordinary prices and without inputs that are passed on, in the same unit
        and shape: costs go with it.
    inputs
        That are passed on, in the same unit and shape.
    ordinary
        What it would be without those and at prices without what is scarce for a time, in the last
        four quarters together, USD bn, [world, company].
    lives
        Revenue over what the model has of it: companies' own, [world, quarter, company].
    quantities
        Of :data:`WORLD`, each [world, quarter].
    buyers
        Capital spending over what the model has of it, [world, quarter]: what sellers and others
        are paid once they have lives of their own. None where it is the model's.
    """

    revenue: np.ndarray
    volumes: np.ndarray
    inputs: np.ndarray
    ordinary: np.ndarray
    lives: np.ndarray
    quantities: Mapping[str, np.ndarray]
    buyers: np.ndarray | None = None

    def __repr__(self) -> str:
        worlds, quarters, companies = self.revenue.shape
        return f"Outcomes({worlds:,} worlds x {quarters} quarters x {companies} companies)"

    def __getitem__(self, rows: slice | np.ndarray) -> Outcomes:
        """Some of the worlds."""
        quantities = {name: path[rows] for name, path in self.quantities.items()}
        return Outcomes(
            self.revenue[rows],
            self.volumes[rows],
            self.inputs[rows],
            self.ordinary[rows],
            self.lives[rows],
            quantities,
            None if self.buyers is None else self.buyers[rows],
        )

    def modelled(self, name: str) -> np.ndarray:
        """Return a quantity of the world as the model has it, [world, quarter].

        Fleets are built, run and written off of that, and a company's own life is told on it.
        """
        path = self.quantities[name]
        return path if self.buyers is None or name not in SPENT else path / self.buyers


def kept(owner: NDArray[np.float64], quarters: Quarter) -> dict[str, Any]:
    """Return what is kept of lines, by company, and the quantities of the world, of a chunk."""
    lines = {name: np.moveaxis(np.asarray(getattr(quarters, name)), 0, -1) for name in BY_LINE}
    # With the worlds last, as they were run: nothing is copied.
    sums = {n: np.moveaxis(owner.astype(x.dtype) @ x, -1, 0) for n, x in lines.items()}
    world = {name: getattr(quarters, name) for name in WORLD if name != "token_price"}
    interactive = np.asarray(quarters.token_price)[..., INTERACTIVE]
    spending = np.asarray(quarters.spending)
    return {**sums, "token_price": interactive, "spending": spending, **world}


def outcomes(
    seen: dict[str, np.ndarray], lives: np.ndarray, buyers: np.ndarray | None = None
) -> Outcomes:
    """Return worlds of what was seen of them, and the ``lives`` of their companies beside it.

    And of ``buyers``, capital spending over the model's, [world, quarter]; it is that by default.
    What was seen of lines becomes revenue where it stands: more memory takes longer than the sum.
    """
    revenue, volumes, inputs, ordinary = (seen.pop(name) for name in BY_LINE)
    for path in (revenue, volumes, inputs, ordinary):
        path *= lives
    last = ordinary[:, -YEAR:].sum(axis=1)
    world = _indexed(seen)
    if buyers is not None:
        world |= {name: world[name] * buyers for name in SPENT}
    return Outcomes(revenue, volumes, inputs, last, lives, world, buyers)


def _indexed(world: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the world's quantities with the token price as an index, in the order of the list."""
    price = world["token_price"]
    return {**{name: world[name] for name in WORLD}, "token_price": price / price[:, :1]}
