"""What a choice was asked to be neutral to: how far it hangs on it, and what it would without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from marketsim.allocation import Allocation
from marketsim.allocation.limits import Limit, NeutralTo
from marketsim.derivatives.exposed import against, exposed

__all__ = ["FREE", "Neutrality", "freed", "neutral_limits", "neutrality", "phrase"]

FREE: Final = "not neutral"
"""The choice without these limits, among the alternatives."""

WRITTEN: Final = {"chosen": "weight", "without": "weight_without", "adds_chosen": "adds"}
"""Columns of holdings, by those of `exposed`."""


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
    both = pd.DataFrame({"chosen": choice.weights, "without": without})
    weights = both.reindex(list(choice.returns.tickers)).fillna(0.0)
    rows: dict[str, dict[str, Any]] = {}
    parts = {}
    for one in asked:
        table = exposed(one.loads(choice.returns), weights)
        before = float(table["adds_without"].sum())
        rows[one.assumption] = {
            "within": one.within,
            "exposure": float(table["adds_chosen"].sum()),
            "without": before,
            "price": float(choice.duals[list(one.duals)].sum()),
            "against": against(table, "chosen", before),
        }
        parts[one.assumption] = table.rename(columns=WRITTEN)
    return Neutrality(
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("assumption"),
        pd.concat(parts, names=["assumption"]).reset_index(),
    )
