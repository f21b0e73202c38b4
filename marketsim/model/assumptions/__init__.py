"""What the model assumes: every number in it that can be argued with.

Each field of :class:`Assumptions` carries its unit, a one-line meaning, a prior and where the prior
comes from; one file for each group of them. Growth rates are logarithmic, per year. `initial_*`
fields describe the first quarter of the calibration window; calibration centres their priors on
the facts of that date.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

from marketsim.model.tree import pytree

from .architecture import ArchitectureAssumptions
from .demand import DemandAssumptions
from .efficiency import EfficiencyAssumptions
from .fleet import FleetAssumptions
from .grid import GridAssumptions
from .industry import IndustryAssumptions
from .investment import InvestmentAssumptions
from .layers import LayerAssumptions
from .lines import LineAssumptions
from .memory import MemoryAssumptions
from .power import PowerAssumptions
from .serving import ServingAssumptions
from .shocks import ShockAssumptions
from .start import StartAssumptions

__all__ = ["GROUPS", "Assumptions", "LineAssumptions"]

GROUPS: Final[dict[str, type]] = {
    "efficiency": EfficiencyAssumptions,
    "serving": ServingAssumptions,
    "demand": DemandAssumptions,
    "fleet": FleetAssumptions,
    "power": PowerAssumptions,
    "grid": GridAssumptions,
    "investment": InvestmentAssumptions,
    "architecture": ArchitectureAssumptions,
    "memory": MemoryAssumptions,
    "layers": LayerAssumptions,
    "industry": IndustryAssumptions,
    "shocks": ShockAssumptions,
    "start": StartAssumptions,
    "lines": LineAssumptions,
}
"""Groups in the order of the mechanisms they belong to."""


@pytree
class Assumptions(
    StartAssumptions,
    ShockAssumptions,
    IndustryAssumptions,
    LayerAssumptions,
    MemoryAssumptions,
    ArchitectureAssumptions,
    InvestmentAssumptions,
    GridAssumptions,
    PowerAssumptions,
    FleetAssumptions,
    DemandAssumptions,
    ServingAssumptions,
    EfficiencyAssumptions,
):
    """Everything one world hangs from; scalars are 0-d arrays, vectors follow their entries."""

    # Dataclasses take the fields of the last base first, so they come in the order of GROUPS.
    lines: LineAssumptions = field(metadata={"lines": True})
