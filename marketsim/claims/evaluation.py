"""Every claim against draws of the priors, and draws around the calibrated mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.errors import InputError
from marketsim.model.units import LIMITS
from marketsim.precision import precise

from .catalogue import CLAIMS, claims_named
from .claim import Claim, Finding
from .where import CALIBRATED
from .worlds import Worlds, posterior_worlds, prior_worlds

__all__ = ["ClaimResults", "evaluate_claims"]


@dataclass(frozen=True, eq=False)
class ClaimResults:
    """What became of the claims.

    Attributes
    ----------
    table
        One row for each claim, source of draws (``prior``, ``posterior``) and where it was
        measured, first where it is decided, then what stands beside: title, statement, quantity,
        median and 5 and 95 % quantiles of what was measured, unit, share of draws in which it could
        be measured and of those that satisfy the claim, bar (0 beside, where nothing is asked),
        whether it holds, which limit binds most over the quarters measured in the draws as
        calibrated that do not satisfy it, and where the model departs from the claim, and why.
    findings
        The draws themselves, by claim and source.
    """

    table: pd.DataFrame
    findings: dict[tuple[str, str], Finding]

    def __repr__(self) -> str:
        held = self.table["holds"].groupby(level="claim").all()
        return f"ClaimResults({int(held.sum())} of {len(held)} hold)"

    @property
    def hold(self) -> bool:
        """Whether every claim holds."""
        return bool(self.table["holds"].all())


def evaluate_claims(
    posterior: Posterior,
    names: Iterable[str] | None = None,
    draws: int = 200,
    seed: int = 0,
    progress: Callable[[str], None] = lambda step: None,
) -> ClaimResults:
    """Measure the claims on draws of the priors and on draws around the mode.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`; its priors are those of its date.
    names
        Some of those of :data:`CLAIMS`; by default all.
    draws
        Worlds from each source; the first of the posterior is the mode.
    seed
        Of the draws.
    progress
        Told the claim under way.

    Raises
    ------
    InputError
        For a name that is no claim, or no draws.
    """
    if draws < 1:
        raise InputError(f"claims: {draws} draws show nothing; ask for 1 or more")
    chosen = claims_named(names)
    wanted = [claim for claim in CLAIMS if claim.name in chosen]
    with precise("float64"):
        sources = [make(posterior, draws, seed) for make in (prior_worlds, posterior_worlds)]
        findings = {}
        for claim in wanted:
            progress(f"{claim.name} {claim.title}")
            for worlds in sources:
                findings[claim.name, worlds.name] = claim.check(worlds)
        rows = [
            row
            for claim in wanted
            for worlds in sources
            for row in _rows(claim, worlds, findings[claim.name, worlds.name])
        ]
    return ClaimResults(pd.DataFrame(rows).set_index(["claim", "draws_of", "where"]), findings)


def _rows(claim: Claim, worlds: Worlds, finding: Finding) -> list[dict[str, object]]:
    """Return the row that decides, and one for each that stands beside."""
    decides = _row(claim, worlds, finding, finding.where, claim.bar)
    beside = finding.beside.items()
    return [decides, *(_row(claim, worlds, seen, where, 0.0) for where, seen in beside)]


def _row(
    claim: Claim, worlds: Worlds, finding: Finding, where: str, bar: float
) -> dict[str, object]:
    known = finding.value[np.isfinite(finding.value)]
    low, median, high = np.quantile(known, [0.05, 0.5, 0.95]) if len(known) else [np.nan] * 3
    share = float(finding.holds.mean())
    return {
        "claim": claim.name,
        "draws_of": worlds.name,
        "where": where,
        "title": claim.title,
        "statement": claim.text,
        "measured": claim.quantity,
        "median": median,
        "q05": low,
        "q95": high,
        "unit": claim.unit,
        "draws": len(finding.holds),
        "known": len(known) / len(finding.holds),
        "satisfied": share,
        "bar": bar,
        "holds": share >= bar,
        "bound_by": _bound_by(worlds, finding) if where.endswith(CALIBRATED) else "",
        "departure": claim.departure,
    }


def _bound_by(worlds: Worlds, finding: Finding) -> str:
    """Return the limit that binds most where the claim is not satisfied; nothing where it is."""
    missed = ~finding.holds
    if not missed.any():
        return ""
    binding = np.asarray(worlds.plain.binding)[missed, finding.quarters].mean(axis=(0, 1))
    return LIMITS[int(binding.argmax())]
