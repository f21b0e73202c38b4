"""The structural model, in pure JAX: one world, one quarter at a time."""

from .assumptions import GROUPS, Assumptions, LineAssumptions
from .catalogue import Entry, entries
from .coordinates import Coordinates, coordinates, pack, unpack, values
from .revenue import Lines, company_revenue, lines_of
from .roofline import Served
from .state import NEWS, Quarter, Setting, Shocks, State
from .units import ARCHITECTURES, CLASSES, CONTESTED, LAYERS, REFERENCE_YEAR, YEARS
from .world import run, start, step

__all__ = [
    "ARCHITECTURES",
    "CLASSES",
    "CONTESTED",
    "GROUPS",
    "LAYERS",
    "NEWS",
    "REFERENCE_YEAR",
    "YEARS",
    "Assumptions",
    "Coordinates",
    "Entry",
    "LineAssumptions",
    "Lines",
    "Quarter",
    "Served",
    "Setting",
    "Shocks",
    "State",
    "company_revenue",
    "coordinates",
    "entries",
    "lines_of",
    "pack",
    "run",
    "start",
    "step",
    "unpack",
    "values",
]
