"""The claims the project exists to examine, in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from marketsim.errors import InputError, nearest

from .capital import lags, stranded
from .claim import Claim
from .hardware import absorbed, friction, size, speed
from .industry import consolidation, controls, named_regimes
from .limits import alive, many, premium
from .memory import cycle
from .paradox import answers, flip, paradox, reliability, software
from .power import ceiling, free_chips, rebound

__all__ = ["CLAIMS", "claims_named"]

CLAIMS: Final = (
    Claim(
        "C1",
        "efficiency paradox",
        "In the static limit at unit elasticity a step in efficiency leaves inference spending "
        "unchanged; above one it raises compute and accelerator revenue, below one it lowers "
        "them, at once without lags and in the long run with them.",
        "largest change of inference spending at unit elasticity",
        "log",
        paradox,
        0.95,
        "As calibrated, demand that is part saturated answers less than its elasticity says, so "
        "that efficiency lowers spending at one and turns higher up; C18 measures where.",
    ),
    Claim(
        "C2",
        "rebound against power",
        "Half the watts of new chips while power binds: as many GW, and twice the compute "
        "added, or more where it replaces old chips.",
        "compute added over compute added without",
        "ratio",
        rebound,
        0.95,
        "As calibrated other limits bind beside power within the year, and far less is added.",
    ),
    Claim(
        "C3",
        "power ceiling",
        "When power binds, compute per watt is worth more than compute per dollar, and rents "
        "move to power owners.",
        "elasticity of compute added to watts saved, less that to dollars saved",
        "elasticity",
        ceiling,
        0.95,
        "As calibrated power is one limit of several, and a watt saved is worth more than a dollar "
        "only where it leads.",
    ),
    Claim(
        "C4",
        "inference flip",
        "Inference takes about two thirds of compute, over 0.6 within two years, and has risen by "
        "their end.",
        "inference share of compute a year ahead",
        "share",
        flip,
        0.36,
        "It is over 0.6 in nearly every calibrated world, but has not risen in a third of them: "
        "the window gives its level, not whether outside capital for training grows faster than "
        "spending on tokens. The priors leave the level open as well.",
    ),
    Claim(
        "C5",
        "speed premium",
        "GPU cost per token is flat in speed, then convex, and at 500 tokens per second over a "
        "hundred times what it is at 5: out of reach; demand for speed moves share to low-latency "
        "designs; general designs keep batch and prefill.",
        "GPU decode cost at 100 tokens per second over that at 5",
        "ratio",
        speed,
        0.89,
    ),
    Claim(
        "C6",
        "even free is not cheap enough",
        "With power binding there is a gap in compute per watt beyond which a free chip costs "
        "more per token than a dear one.",
        "gap at which a free chip breaks even",
        "ratio",
        free_chips,
        0.95,
    ),
    Claim(
        "C7",
        "size is not efficiency",
        "A generation's gain by die and power rather than efficiency takes more GW per compute,"
        " and a plateau of GPUs favours new architectures.",
        "share that other architectures gain",
        "share",
        size,
        0.95,
        "H100 to B200 gained 1.6 in FP16 per watt, so efficiency did improve; H100 to GB300 "
        "gained 1.26 in three years, which the claim describes.",
    ),
    Claim(
        "C8",
        "software friction",
        "A higher porting cost delays specialised silicon and keeps incumbent revenue.",
        "incumbent revenue kept over five years",
        "log",
        friction,
        0.93,
    ),
    Claim(
        "C9",
        "serving software +20 %",
        "It does to every layer what 20 % better hardware does that comes at no cost; hardware "
        "that has to be bought lowers token prices later.",
        "difference of revenue by layer, over all revenue",
        "share",
        software,
        0.95,
    ),
    Claim(
        "C10",
        "tokens per task",
        "Growth of tokens per answer makes answers dearer than they would be while tokens get "
        "cheaper.",
        "rise of the price of agents' answers",
        "log",
        answers,
        0.95,
    ),
    Claim(
        "C11",
        "stranded capital",
        "Faster efficiency brings write-downs before accounting lives end, and hurts owners of old "
        "fleets most.",
        "write-downs over mean book value",
        "share",
        stranded,
        0.92,
        "It is the other side of C1: where demand is inelastic and limits are slack no scarcity "
        "and no new use holds rents up, and two to four times as much is written down.",
    ),
    Claim(
        "C12",
        "bubble debate",
        "A higher hurdle or later returns cut chip makers first, power and leases later.",
        "chip revenue cut at once by a hurdle 1.6 times as high",
        "log",
        lags,
        0.89,
        "With limits slack power equipment falls before leases, too. As calibrated orders exceed "
        "what can be delivered, a hurdle cuts less than half as much at once, and either may lead.",
    ),
    Claim(
        "C13",
        "consolidation",
        "Fewer owners: cloud revenue is more durable in a slump, and more unequal among them.",
        "part of the fall of cloud revenue avoided",
        "share",
        consolidation,
        0.95,
    ),
    Claim(
        "C14",
        "three named regimes",
        "Fragmentation takes the leader's share and the merchant's margin; vertical integration"
        " moves compute to ASICs; novel hardware saves energy.",
        "energy per compute of the newest chips saved by novel hardware",
        "log",
        named_regimes,
        0.85,
    ),
    Claim(
        "C15",
        "export controls",
        "They cut merchant sales and raise the premium on compute inside the region.",
        "change of merchant sales when 90 % of the region is barred",
        "log",
        controls,
        0.95,
    ),
    Claim(
        "C16",
        "incumbent absorbs entrant",
        "Buying the low-latency design keeps the incumbent's share as demand for speed grows.",
        "share of accelerator spending kept",
        "share",
        absorbed,
        0.95,
    ),
    Claim(
        "C17",
        "reliability floor",
        "Verification raises compute per useful answer, and where demand is saturated it raises"
        " compute: a floor.",
        "rise of inference compute where demand is saturated",
        "log",
        reliability,
        0.95,
    ),
    Claim(
        "C18",
        "paradox as calibrated",
        "With every limit as calibrated and spending held, the answer to a doubling of efficiency "
        "of compute and of accelerator revenue in years three to five turns between elasticities "
        "of 0.7 and 1.4, and that of revenue spreads from 0.5 to 1.8 at least half as far as with "
        "limits slack.",
        "spread of accelerator revenue",
        "log",
        alive,
        0.51,
        "Compute turns at a higher elasticity than revenue: fewer worlds have both near one than "
        "either. Limits hold back compute more than what is paid for accelerators: slack, compute "
        "spreads half as far again and more, revenue little or no further. Saturation hides most.",
    ),
    Claim(
        "C21",
        "memory cycle",
        "A fifth more bits wanted than planned for, for two years, doubles contract prices "
        "within four quarters, and overbuilding halves them later, below where they would have "
        "been; makers' margins swing, the price of accelerators moves little.",
        "rise of contract prices within four quarters",
        "log",
        cycle,
        0.47,
        "In a quarter of calibrated worlds prices rise by less than double: AI buys so much that "
        "the fifth is of a smaller part, or demand for bits is more elastic. In a quarter memory "
        "is so large a part of accelerators that their price moves with it.",
    ),
    Claim(
        "C22",
        "finance premium",
        "A doubling of the premium on outside funds cuts builders who borrow first, and chips "
        "before power.",
        "spending of borrowers cut in the first year",
        "log",
        premium,
        0.95,
    ),
    Claim(
        "C23",
        "many limits",
        "Over five years what binds most changes between regimes and years: three limits or more "
        "lead somewhere, and none in over nine tenths.",
        "share of years of regimes in which one limit leads",
        "share",
        many,
        0.48,
        "Two lead somewhere in nearly every draw; in over a third of the priors' only demand and "
        "power do, and in one of seven calibrated ones.",
    ),
)


def claims_named(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return names of claims as they are spelt; all of them by default.

    Raises
    ------
    InputError
        For a name that is no claim, with the nearest.
    """
    known = tuple(claim.name for claim in CLAIMS)
    wanted = known if names is None else tuple(name.upper() for name in names)
    for name in wanted:
        if name not in known:
            said = f"no claim is called '{name}'; there are {', '.join(known)}."
            raise InputError(said + nearest(name, known))
    return wanted
