"""What the data say: which series pin which assumption, and which pairs cannot be told apart.

Everything follows from the derivatives of the residuals at the mode. Unknowns count in prior
standard deviations, so the prior precision is the identity, and the posterior covariance of the
linearised problem is C = (I + J' J)^-1. Leaving a series out takes its rows off J, which is an
update of low rank (Woodbury): no refit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError

__all__ = ["Identification", "identify", "posterior_and_losses"]

PINNED: Final = 0.75
"""Of the prior variance, gone: the standard deviation is at most half the prior's."""
INFORMED: Final = 0.20
"""Of the prior variance, gone: the facts have a say."""
PAIRED: Final = 0.60
"""Posterior correlation from which on a pair is told."""
ALIKE: Final = 0.97
"""Cosine of two responses from which on a pair is told."""
NAMED: Final = 0.05
"""A series is named where at least this much of what was learnt goes with it."""
MOST, SHOWN = 3, 10


@dataclass(frozen=True, eq=False)
class Identification:
    """What the facts of a calibration say about each assumption.

    Attributes
    ----------
    assumptions
        By assumption: ``posterior_sd`` in prior standard deviations; ``alone_sd``, what it would be
        if everything else were known; ``learnt``, the part of the prior variance that the facts
        removed; ``status``: pinned (three quarters or more), informed (a fifth or more) or prior;
        ``series``, those it hangs on most, with the part of ``learnt`` that is lost without each.
        None is named where many together say it, or nothing was learnt.
    pairs
        Pairs that are hard to tell apart: ``first``, ``second``; ``correlation``, posterior;
        ``alike``, the cosine of what they do to all figures: near one either way the figures
        cannot tell which of the two it was, and where many are alike the correlation of any two is
        small; ``weak_first`` and ``weak_second``, the direction of unit length, in prior standard
        deviations, along which the facts tell least, ``weak_sd`` its standard deviation, and
        ``firm_sd`` that of the direction across it. The strongest correlations come first.
    losses
        Part of ``learnt`` that is lost when a series is left out, [assumption, series].
    bar
        A pair is told if its absolute correlation is at least this, or if it is alike and both
        would be pinned if everything else were known.
    """

    assumptions: pd.DataFrame
    pairs: pd.DataFrame
    losses: pd.DataFrame
    bar: float

    def __repr__(self) -> str:
        return f"Identification({len(self.assumptions)} assumptions, {len(self.pairs)} pairs)"

    def __str__(self) -> str:
        counts = self.assumptions["status"].value_counts()
        told = ", ".join(f"{counts.get(s, 0)} {s}" for s in ("pinned", "informed", "prior"))
        pinned = self.assumptions[self.assumptions["status"] == "pinned"]
        mixed = self.pairs["correlation"].abs() >= self.bar
        alike = self.pairs[~mixed]
        parts = {
            "Best pinned, and by what": [
                f"{name}: sd {row['posterior_sd']:.2f} of the prior's; "
                f"{row['series'] or 'many series together'}"
                for name, row in pinned.sort_values("posterior_sd").iterrows()
            ],
            f"Correlated by {self.bar:.2f} or more": [
                f"{_both(row)}: {row['correlation']:+.2f}; least known is "
                f"{row['weak_first']:.2f} of the first {row['weak_second']:+.2f} of the second"
                for row in self.pairs[mixed].to_dict("records")
            ],
            "Alike in all the figures": [
                f"{_both(row)}: {row['alike']:+.3f}"
                for row in alike.sort_values("alike", key=lambda x: -x.abs()).to_dict("records")
            ],
        }
        lines = [f"{len(self.assumptions)} assumptions: {told}"]
        for title, rows in parts.items():
            more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
            lines += ["", f"{title}:", *(f"  {r}" for r in [*rows[:SHOWN], *more] or ["none"])]
        return "\n".join(lines)


def _both(row: dict[Any, Any]) -> str:
    return f"{row['first']} and {row['second']}"


def identify(
    jacobian: np.ndarray,
    group: np.ndarray,
    series: list[str],
    names: list[str],
    shifts: list[str] | None = None,
    bar: float = PAIRED,
) -> Identification:
    """Return what the rows of a Jacobian say about its first unknowns.

    Parameters
    ----------
    jacobian
        Derivatives of residuals with respect to unknowns that are N(0, 1) a priori,
        [row, unknown].
    group
        Which of ``series`` each row is of, [row].
    names
        Of the first unknowns, the assumptions.
    shifts
        Of the unknowns after them that pairs may hold too; the rest are averaged over.
    bar
        Least absolute correlation of a pair.

    Raises
    ------
    InputError
        When ``bar`` is not between 0 and 1.
    """
    if not 0.0 < bar < 1.0:
        raise InputError(f"bar={bar} is no correlation to tell pairs by; write one from 0 to 1")
    covariance, losses = posterior_and_losses(jacobian, group, len(series))
    variance, losses = np.diag(covariance)[: len(names)], losses[:, : len(names)]
    learnt = np.clip(1.0 - variance, 0.0, 1.0)
    index = pd.Index(names, name="assumption")
    assumptions = pd.DataFrame(
        {
            "posterior_sd": np.sqrt(variance),
            "alone_sd": np.sqrt(1.0 - _alone(jacobian)[: len(names)]),
            "learnt": learnt,
            "status": np.select(
                [learnt >= PINNED, learnt >= INFORMED], ["pinned", "informed"], "prior"
            ),
            "series": [_named(x, y, series) for x, y in zip(losses.T, learnt, strict=True)],
        },
        index=index,
    )
    table = pd.DataFrame(losses.T, index=index, columns=series)
    pairs = _pairs(jacobian, covariance, [*names, *(shifts or [])], bar)
    return Identification(assumptions, pairs, table, bar)


def posterior_and_losses(
    jacobian: np.ndarray, group: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the posterior covariance [unknown, unknown] and losses [series, unknown].

    A loss is the part of what all series taught of an unknown, 1 - variance, that goes when one is
    left out: (variance without it - variance) / (1 - variance), between 0 and 1. Losses of series
    that say the same add up to less than one, of series that only say something together to more.

    Notes
    -----
    Without the rows J_s the covariance is C + C J_s' (I - J_s C J_s')^-1 J_s C.
    """
    covariance = np.linalg.inv(np.eye(jacobian.shape[1]) + jacobian.T @ jacobian)
    covariance = 0.5 * (covariance + covariance.T)
    learnt = 1.0 - np.diag(covariance)
    grown = np.zeros((count, len(covariance)))
    for s in range(count):
        rows = jacobian[group == s]
        known = rows @ covariance
        left = np.linalg.cholesky(np.eye(len(rows)) - known @ rows.T)
        grown[s] = (np.linalg.solve(left, known) ** 2).sum(axis=0)
    safe = np.where(learnt > 1e-12, learnt, 1.0)
    return covariance, np.where(learnt > 1e-12, grown / safe, 0.0)


def _alone(jacobian: np.ndarray) -> np.ndarray:
    """Return the part of its variance that each unknown would lose, were the others known."""
    squares = np.asarray((jacobian**2).sum(axis=0))
    return squares / (1.0 + squares)


def _named(losses: np.ndarray, learnt: float, series: list[str]) -> str:
    if learnt < NAMED:
        return ""
    best = np.argsort(-losses, kind="stable")[:MOST]
    return ", ".join(f"{series[s]} ({losses[s]:.0%})" for s in best if losses[s] >= NAMED)


def _pairs(
    jacobian: np.ndarray, covariance: np.ndarray, names: list[str], bar: float
) -> pd.DataFrame:
    jacobian, covariance = jacobian[:, : len(names)], covariance[: len(names), : len(names)]
    length = np.linalg.norm(jacobian, axis=0)
    unit = jacobian / np.where(length > 0.0, length, 1.0)
    sd = np.sqrt(np.diag(covariance))
    correlation, alike = covariance / np.outer(sd, sd), unit.T @ unit
    would = _alone(jacobian) >= PINNED
    same = (np.abs(alike) >= ALIKE) & np.outer(would, would)
    i, j = np.nonzero(np.triu((np.abs(correlation) >= bar) | same, k=1))
    order = np.argsort(-np.abs(correlation[i, j]), kind="stable")
    i, j = i[order], j[order]
    weak = np.array(
        [_directions(covariance[np.ix_(both, both)]) for both in zip(i, j, strict=True)]
    ).reshape(-1, 4)
    columns = {
        "first": [names[k] for k in i],
        "second": [names[k] for k in j],
        "correlation": correlation[i, j],
        "alike": alike[i, j],
    }
    told = dict(zip(("weak_first", "weak_second", "weak_sd", "firm_sd"), weak.T, strict=True))
    return pd.DataFrame({**columns, **told})


def _directions(covariance: np.ndarray) -> tuple[float, float, float, float]:
    """Return the least known direction of two unknowns, and both standard deviations."""
    variance, direction = np.linalg.eigh(covariance)
    weak = direction[:, 1] * (1.0 if direction[0, 1] >= 0.0 else -1.0)
    return float(weak[0]), float(weak[1]), float(variance[1] ** 0.5), float(variance[0] ** 0.5)
