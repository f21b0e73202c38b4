"""The structural model, in pure JAX: one world, one quarter at a time."""

from .assumptions import Assumptions, LineAssumptions
from .catalogue import Entry, entries
from .coordinates import Coordinates, coordinates, pack, unpack, values
from .revenue import Lines, company_revenue
from .state import Quarter, Setting, Shocks, State
from .units import ARCHITECTURES, CLASSES, LAYERS, REFERENCE_YEAR, YEARS
from .world import run, start, step

__all__ = [
    "ARCHITECTURES",
    "CLASSES",
    "LAYERS",
    "REFERENCE_YEAR",
    "YEARS",
    "Assumptions",
    "Coordinates",
    "Entry",
    "LineAssumptions",
    "Lines",
    "Quarter",
    "Setting",
    "Shocks",
    "State",
    "company_revenue",
    "coordinates",
    "entries",
    "pack",
    "run",
    "start",
    "step",
    "unpack",
    "values",
]
