"""Why each company is held, or is not: figures from duals and contributions, and a code for each.

The words are in `sentences`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from ..errors import InputError
from ..returns import CASH
from .marginals import CHARGED, marginals, negligible, sampling_errors, tried
from .names import array_of, fractions
from .objectives import Term
from .sentences import PARTS, Scale, sentence, short
from .terms import CVaR

if TYPE_CHECKING:
    from .result import Allocation

__all__ = ["CODES", "reasons"]

CODES: Final = {
    "cap": "at its cap, and a further point would add",
    "filled": "at its cap, where a further point adds nothing and a point less takes away",
    "floor": "at its floor, and a point less would add",
    "balance": "between its limits, where a further point earns what money does elsewhere",
    "tie": "at an end of its range, and as good elsewhere",
    "risk": "not held: what it is charged for risk is further above the portfolio's mean than its "
    "expected return is below",
    "return": "not held: its expected return is too far below the portfolio's mean",
    "absent": "not held: a point of it would make an objective without expected return worse",
    "limit": "what a limit on several companies charges, or grants, decides",
    "fixed": "its limits leave no other weight",
    "excluded": "not held: its limits leave it nothing",
    "unselected": "not held: only so many companies may be, and others were chosen",
}

HELD: Final = 5e-4
"""Smaller weights are none to a reader."""

MANY: Final = 3
"""Absences of each kind that are notable."""

FAVOUR: Final = 5e-3
"""What scenarios or views must add to the expected return of a company to favour it."""


def reasons(
    choice: Allocation,
    benchmark: Mapping[str, float] | pd.Series[float] | None = None,
    parts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return why each company is held, or is not; see `Allocation.reasons`."""
    if choice.optimum is None:
        raise InputError("reasons: an allocation that was stored has no proof left; allocate again")
    found = marginals(choice.optimum)
    least = negligible(found)
    settled = tried(choice.optimum, found)
    table = _figures(choice, settled, parts)
    # Where a tail has ties its worlds may be others with a little more of a company.
    moved = settled["again"] & ((settled["risk_charge"] - found["risk_charge"]).abs() > least)
    table["tail_return"] = table["tail_return"].mask(moved)
    table["tail_regime"] = table["tail_regime"].mask(moved, "")
    priced = bool(choice.optimum.priced)
    nothing = "unselected" if choice.optimum.selected else "excluded"
    mean = _means(table)
    table["error"] = sampling_errors(choice.optimum, found)
    rows = [row for _, row in settled.join(table[["weight"]]).iterrows()]
    table["reason"] = [_code(row, least, nothing, priced, mean) for row in rows]
    capped = table["reason"] == "cap"
    table["limit"] = settled["cap"].where(capped, settled["limit"])
    table["benchmark"] = _benchmark(choice, benchmark)
    table["notable"] = _notable(table)
    worded = _worded(table, _scale(choice, mean))
    return worded.sort_values("weight", ascending=False, kind="stable")


def _worded(table: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    told = [(str(name), row) for name, row in table.iterrows()]
    return table.assign(
        why=[short(row, scale) for _, row in told],
        sentence=[sentence(name, row, scale) for name, row in told],
    )[COLUMNS]


def _means(table: pd.DataFrame) -> pd.Series[float]:
    """Return what the portfolio earns, by part, and is charged: means by weight."""
    figures = table[["expected_return", *PARTS, "risk_charge"]].astype(float)
    held = table["weight"].abs() > 0.0
    return figures[held].mul(table["weight"][held], axis=0).sum(skipna=False)


def _scale(choice: Allocation, mean: pd.Series[float]) -> Scale:
    """Return what figures are in: points of loss where the objective is CVaR and nothing else."""
    assert choice.optimum is not None
    risk = _term(choice)
    alone = [(by, term) for by, term in choice.optimum.objective.utility() if by]
    plain = CVaR(risk.level)
    loss = alone[0][0] if len(alone) == 1 and alone[0][1] == plain else 0.0
    return Scale(risk.level, choice.returns.horizon_years, bool(choice.optimum.priced), loss, mean)


COLUMNS: Final = [
    "weight",
    "reason",
    "notable",
    "expected_return",
    "carry",
    "pull",
    "regimes",
    "chance",
    "risk_charge",
    "limit_charge",
    "hurdle",
    "reduced_cost",
    "error",
    "limit",
    "risk_share",
    "tail_return",
    "tail_regime",
    "worst_regime",
    "worst_regime_return",
    "benchmark",
    "why",
    "sentence",
]


def _figures(choice: Allocation, found: pd.DataFrame, parts: pd.DataFrame | None) -> pd.DataFrame:
    returns = choice.returns
    expected = returns.probabilities @ returns.returns
    table = pd.DataFrame({"weight": choice.weights, "expected_return": expected}, index=found.index)
    given = pd.DataFrame(columns=["carry", "pull"], dtype=float) if parts is None else parts
    if missing := [name for name in ("carry", "pull") if name not in given.columns]:
        raise InputError(
            f"reasons: parts has no column {missing[0]}; give carry and pull by ticker"
        )
    for name in ("carry", "pull"):
        table[name] = given[name].reindex(table.index).astype(float)
    left = table["expected_return"] - table["carry"] - table["pull"]
    table["regimes"] = given["regimes"].reindex(table.index) if "regimes" in given else left
    table["chance"] = left - table["regimes"]
    return table.join(found[CHARGED]).join(_tail(choice)).join(_worst(choice))


def _term(choice: Allocation) -> CVaR:
    """Return the risk that is told of: the first CVaR that the allocation counted."""
    counted: list[Term] = [term for term, _ in choice.slopes]
    return next((term for term in counted if isinstance(term, CVaR)), CVaR(0.95))


def _tail(choice: Allocation) -> pd.DataFrame:
    """Return who brings the loss of the portfolio's worst worlds, and what companies earn there."""
    term, returns = _term(choice), choice.returns
    share = choice.contributions(term)
    total = float(share["contribution"].sum())
    at, near = choice.portfolio(), dict(reversed(choice.slopes)).get(term)
    density = term.attribution(at, near).density
    lost = pd.DataFrame(-density[:, None] * returns.returns, columns=list(returns.tickers))
    by_regime = lost.groupby(returns.regimes).sum()
    told = len(by_regime) > 1
    return pd.DataFrame(
        {
            "risk_share": share["share"] if total > 0.0 else np.nan,
            "tail_return": -lost.sum(),
            "tail_regime": by_regime.idxmax() if told else "",
        }
    )


def _worst(choice: Allocation) -> pd.DataFrame:
    """Return the regime in which each company is expected to return least, and what."""
    returns = choice.returns
    names = returns.regime_names()
    means = pd.DataFrame(
        [
            np.average(returns.returns[kept], axis=0, weights=returns.probabilities[kept])
            for kept in (returns.regimes == name for name in names)
        ],
        index=list(names),
        columns=list(returns.tickers),
    )
    told = means.idxmin() if len(names) > 1 else ""
    return pd.DataFrame({"worst_regime": told, "worst_regime_return": means.min()})


def _code(row: pd.Series, least: float, nothing: str, priced: bool, mean: pd.Series[float]) -> str:
    more, charged = float(row["reduced_cost"]), float(row["limit_charge"])
    held, capped = abs(row["weight"]) >= HELD, bool(row["at_cap"] and row["cap"])
    if capped and row["at_floor"]:
        return "fixed" if held else nothing
    if not capped and not row["at_floor"]:
        return "limit" if abs(charged) > least else "balance"
    if abs(more) <= least:
        return "filled" if row["kept"] > least else "tie"
    if capped:
        return "cap"
    if more + charged > least:
        return "limit"
    if held or not priced:
        return "floor" if held else "absent"
    # The hurdle is net of risk: most earn more than that before they are charged for theirs.
    dearer = float(row["risk_charge"]) - mean["risk_charge"]
    lower = mean["expected_return"] - float(row["earned"])
    return "risk" if dearer > max(lower, least) else "return"


def _benchmark(
    choice: Allocation, benchmark: Mapping[str, float] | pd.Series[float] | None
) -> np.ndarray:
    tickers = choice.returns.tickers
    if benchmark is None:
        return np.full(len(tickers), np.nan)
    return array_of(fractions(benchmark, "benchmark"), tickers, "benchmark")


def _notable(table: pd.DataFrame) -> pd.Series:
    """Return what makes a company worth a sentence: held, or a kind of absence; else empty."""
    held = table["weight"].abs() >= HELD
    rest = table[~held].drop(index=CASH, errors="ignore")
    kinds = {
        "benchmark": rest["benchmark"][rest["benchmark"] > 0.0],
        "view": rest["regimes"][rest["regimes"] > FAVOUR],
        "expected_return": rest["expected_return"],
    }
    found: dict[object, str] = dict.fromkeys(table.index[held], "held")
    for kind, sizes in kinds.items():
        most = sizes.sort_values(ascending=False, kind="stable").head(MANY).index
        found = {**dict.fromkeys(most, kind), **found}
    return pd.Series([found.get(name, "") for name in table.index], table.index)
