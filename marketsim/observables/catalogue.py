"""The catalogue of observables, by kind and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from marketsim.errors import InputError, nearest
from marketsim.observables.capacity_price import CAPACITY_PRICE
from marketsim.observables.capital_spending import CAPITAL_SPENDING
from marketsim.observables.cash_flow import CASH_FLOW
from marketsim.observables.chip_price import CHIP_PRICE
from marketsim.observables.commitments import COMMITMENTS
from marketsim.observables.debt import DEBT
from marketsim.observables.debt_issued import DEBT_ISSUED
from marketsim.observables.electricity import ELECTRICITY
from marketsim.observables.gpu_rent import GPU_RENT
from marketsim.observables.guidance import GUIDANCE
from marketsim.observables.hbm_revenue import HBM_REVENUE
from marketsim.observables.inference_share import INFERENCE_SHARE
from marketsim.observables.installed_compute import INSTALLED_COMPUTE
from marketsim.observables.laboratory_revenue import LABORATORY_REVENUE
from marketsim.observables.memory_bits import MEMORY_BITS
from marketsim.observables.memory_price import MEMORY_PRICE
from marketsim.observables.memory_revenue import MEMORY_REVENUE
from marketsim.observables.not_observed import REASONS
from marketsim.observables.observable import Observable
from marketsim.observables.older_gpu_rent import OLDER_GPU_RENT
from marketsim.observables.plans import PLANS
from marketsim.observables.revenue import REVENUE
from marketsim.observables.token_margin import TOKEN_MARGIN
from marketsim.observables.token_price import TOKEN_PRICE
from marketsim.observables.token_volume import TOKEN_VOLUME
from marketsim.observables.training_capital import TRAINING_CAPITAL
from marketsim.observables.turbine_backlog import TURBINE_BACKLOG
from marketsim.observables.wholesale_price import WHOLESALE_PRICE

__all__ = ["CATALOGUE", "described", "of_kind"]

CATALOGUE: Final = (
    REVENUE,
    CAPITAL_SPENDING,
    CASH_FLOW,
    DEBT,
    DEBT_ISSUED,
    COMMITMENTS,
    INSTALLED_COMPUTE,
    GPU_RENT,
    OLDER_GPU_RENT,
    INFERENCE_SHARE,
    CHIP_PRICE,
    TOKEN_VOLUME,
    TOKEN_PRICE,
    LABORATORY_REVENUE,
    TOKEN_MARGIN,
    TRAINING_CAPITAL,
    ELECTRICITY,
    WHOLESALE_PRICE,
    CAPACITY_PRICE,
    TURBINE_BACKLOG,
    MEMORY_REVENUE,
    MEMORY_PRICE,
    MEMORY_BITS,
    HBM_REVENUE,
    PLANS,
    GUIDANCE,
)
"""Every observable, in the order in which the fit lists its series."""


def of_kind(kind: str) -> Observable:
    """Return the observable of a kind.

    Raises
    ------
    InputError
        There is none.
    """
    known = {observable.kind: observable for observable in CATALOGUE}
    if kind not in known:
        raise InputError(f"no observable '{kind}'.{nearest(kind, known)}")
    return known[kind]


def described() -> Iterator[str]:
    """Yield the lines of a table of the catalogue and of what is left out, in Markdown."""
    yield "| observable | unit | facts | measures | compared by | noise, at least | because |"
    yield "|---|---|---|---|---|---|---|"
    for one in CATALOGUE:
        cells = (
            one.meaning,
            one.unit,
            _listed(one.quantities),
            one.measured,
            _compared(one),
            f"{one.floor:g}",
            one.reason,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "| not observed | why |"
    yield "|---|---|"
    for reason, names in REASONS.items():
        yield f"| {_listed(names)} | {reason} |"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _compared(one: Observable) -> str:
    how = "changes" if one.relative else "levels"
    how += " of years" if one.yearly else ""
    how += ", seasons apart" if one.seasonal else ""
    return how if one.horizon == "past" else f"{how}, ahead"
