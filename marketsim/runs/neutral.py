"""What a choice was asked to be neutral to: how far it hangs on it, and what it would without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from marketsim.allocation import Allocation
from marketsim.allocation.limits import Limit, NeutralTo

__all__ = ["FREE", "Neutrality", "freed", "neutral_limits", "neutrality", "phrase"]

FREE: Final = "not neutral"
"""The choice without these limits, among the alternatives."""

SOME: Final = 5e-4
"""Smaller weights are none to a reader."""


@dataclass(frozen=True, eq=False)
class Neutrality:
    """Assumptions that a choice is neutral to.

    Attributes
    ----------
    table
        [assumption]: ``within``; ``exposure``, what a standard deviation adds to the expected
        return of the choice, a fraction; the same ``without`` these limits; ``price``, what a unit
        more of ``within`` would add to the objective; and ``against``, the holdings that hedge.
    holdings
        A row by ``assumption`` and ``ticker``: ``exposure`` of a unit; ``weight`` and what it
        ``adds``; the same ``without`` (``weight_without``, ``adds_without``).
    """

    table: pd.DataFrame
    holdings: pd.DataFrame

    def record(self) -> list[dict[str, Any]]:
        """Return the table for the record of a run."""
        rounded = self.table.round(12).reset_index()
        return [{str(k): v for k, v in row.items()} for row in rounded.to_dict("records")]


def neutral_limits(limits: Mapping[str, Any]) -> list[NeutralTo]:
    """Return those of the limits of an allocation."""
    return [one for one in limits.get("limits") or () if isinstance(one, NeutralTo)]


def freed(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits of an allocation without them."""
    rest: list[Limit] = [x for x in limits.get("limits") or () if not isinstance(x, NeutralTo)]
    return {**limits, "limits": rest}


def phrase(asked: list[NeutralTo]) -> str:
    """Return how an objective tells of them; nothing where there are none."""
    told = [f"{100 * x.within:g} points for a standard deviation of {x.assumption}" for x in asked]
    return f", and changes by no more than {' and '.join(told)}" if told else ""


def neutrality(choice: Allocation, without: pd.Series, asked: list[NeutralTo]) -> Neutrality:
    """Return how neutral a choice is.

    Parameters
    ----------
    choice
        Within the limits ``asked``.
    without
        Weights that would be chosen without, [ticker].
    asked
        At most one of an assumption.
    """
    tickers = list(choice.returns.tickers)
    rows: dict[str, dict[str, Any]] = {}
    parts = {}
    for one in asked:
        each = one.loads(choice.returns)
        table = pd.DataFrame(
            {
                "exposure": each,
                "weight": choice.weights.reindex(tickers).to_numpy(),
                "weight_without": without.reindex(tickers).fillna(0.0).to_numpy(),
            },
            index=pd.Index(tickers, name="ticker"),
        )
        table["adds"] = table["weight"] * each
        table["adds_without"] = table["weight_without"] * each
        before = float(table["adds_without"].sum())
        hedges = table["adds"][(table["adds"] * before < 0.0) & (table["weight"].abs() > SOME)]
        order = hedges.abs().sort_values(ascending=False, kind="stable").index
        rows[one.assumption] = {
            "within": one.within,
            "exposure": float(table["adds"].sum()),
            "without": before,
            "price": float(choice.duals[list(one.duals)].sum()),
            "against": ", ".join(map(str, order)),
        }
        parts[one.assumption] = table
    return Neutrality(
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("assumption"),
        pd.concat(parts, names=["assumption"]).reset_index(),
    )
