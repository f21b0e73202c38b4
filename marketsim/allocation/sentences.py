"""The reasons for weights, in words: figures come as `reasons` has them, and none is added."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ..returns import CASH

__all__ = ["sentence", "short"]

PARTS: Final = {
    "carry": "cost of equity",
    "pull": "pull",
    "regimes": "scenarios",
    "chance": "chance of the draws",
}

GIVEN: Final = {
    "excluded": "not held: its limits leave it nothing",
    "fixed": "its limits leave no other weight",
    "unselected": "not held: only so many companies may be, and others were chosen",
}
"""Where nothing was left to weigh."""

STANDS: Final = {
    "cap": "at its cap",
    "filled": "at its cap",
    "floor": "at its floor",
    "tie": "at an end of its range",
}

SHOWN: Final = 5e-4
"""Smaller figures round to none, and go unsaid."""


def sentence(ticker: str, row: pd.Series, level: float, years: float, priced: bool) -> str:
    """Return why a company has its weight.

    Parameters
    ----------
    ticker
        Of the company, or cash.
    row
        As `Allocation.reasons` has it, with its code.
    level
        Of the CVaR that ``risk_share`` and ``tail_return`` are of.
    years
        Of the horizon.
    priced
        Whether figures are in expected return; in units of the objective otherwise.
    """
    if row["reason"] in GIVEN:
        return GIVEN[row["reason"]]
    if not priced:
        return "; ".join(part for part in (_plain(row), _brought(row)) if part)
    worth = f"{_expected(ticker, row, years)}{_charges(row, level)} {_verdict(row)}"
    return "; ".join(part for part in (_stand(row), worth, _brought(row)) if part)


def short(row: pd.Series, priced: bool) -> str:
    """Return the same in a few words, for a terminal."""
    code, more = row["reason"], float(row["reduced_cost"])
    if code in GIVEN:
        return GIVEN[code]
    if code == "tie":
        return f"{_stand(row)}, as good elsewhere"
    if code == "balance" and priced:
        return f"{_stand(row)}, a further point earns what money does elsewhere"
    if code == "filled":
        return f"{_stand(row)}, a wider one adds nothing and a point less takes away"
    if code == "limit":
        return f"{_stand(row)}, {_limiting(row)}"
    if not priced:
        return _plain(row)
    side = (
        "more than money earns elsewhere" if more > 0.0 else "short of what money earns elsewhere"
    )
    return f"{_stand(row)}, {_points(more)} {side}"


def _stand(row: pd.Series) -> str:
    weight, code = float(row["weight"]), row["reason"]
    if code in ("return", "risk"):
        return f"not held for its {code}"
    if abs(weight) < SHOWN:
        return "not held"
    if code in STANDS:
        return STANDS[code]
    return "held" if weight > 0.0 else "sold short"


def _expected(ticker: str, row: pd.Series, years: float) -> str:
    over = "a year" if years == 1.0 else f"over {years:g} years"
    told = f"expected return {_percent(row['expected_return'])} {over}"
    parts = row[list(PARTS)].astype(float)
    if ticker == CASH or not np.isfinite(parts).all():
        return told
    named = [
        f"{name} {100 * parts[key]:{'+' if key != 'carry' else ''}.1f}"
        for key, name in PARTS.items()
        if key == "carry" or abs(parts[key]) >= SHOWN
    ]
    return f"{told} ({', '.join(named)})"


def _charges(row: pd.Series, level: float) -> str:
    """What a unit of it does to risk and to limits, and what that costs."""
    charge, tail = float(row["risk_charge"]), float(row["tail_return"])
    does = f"loses {_percent(-tail)}" if tail < 0.0 else f"earns {_percent(tail)}"
    regime = f", most in {_readable(row['tail_regime'])}" if row["tail_regime"] and tail < 0 else ""
    where = f" (in the {_worst(level)} it {does}{regime})" if np.isfinite(tail) else ""
    risk = " with risk free of charge" if abs(charge) < SHOWN else f"{_signed(charge)} for risk"
    limits, named = float(row["limit_charge"]), row["limit"] if row["reason"] != "cap" else ""
    more = "" if abs(limits) < SHOWN else f"{_signed(limits)} for {named or 'other limits'}"
    return f"{risk}{where}{more}"


def _signed(charge: float) -> str:
    return f" {'plus' if charge < 0.0 else 'less'} {_points(charge)}"


def _verdict(row: pd.Series) -> str:
    hurdle = f"the {_percent(row['hurdle'])} that money earns elsewhere"
    more = float(row["reduced_cost"])
    if row["reason"] == "tie":
        point = "a point of it" if abs(row["weight"]) < SHOWN else "a point more or less"
        return f"is {hurdle}, so that it is as good there: {point} changes nothing"
    if row["reason"] == "filled":
        return "does not bring in more where the cap is wider, and a point less takes away"
    if row["reason"] == "cap":
        gain = f"each further point of weight would add {abs(more):.3f} points"
        return f"is {_points(more)} above {hurdle}: {gain}"
    if abs(more) < SHOWN:
        return f"is {hurdle}"
    return f"is {_points(more)} {'above' if more > 0.0 else 'short of'} {hurdle}"


def _brought(row: pd.Series) -> str:
    share = float(row["risk_share"])
    if not np.isfinite(share) or abs(row["weight"]) < SHOWN:
        return ""
    if share < 0.0:
        return f"it takes {_percent(-share, 0)} off the portfolio's loss in those worlds"
    return f"it brings {_percent(share, 0)} of the portfolio's loss in those worlds"


def _plain(row: pd.Series) -> str:
    """Why, in units of an objective that has no expected return."""
    size, code = f"{abs(0.01 * float(row['reduced_cost'])):.3g}", row["reason"]
    stand = _stand(row)
    if code == "balance":
        return f"{stand} as far as it makes the objective better"
    if code == "tie":
        return f"{stand}, as good elsewhere"
    if code == "filled":
        return f"{stand}: a wider one adds nothing and a point less takes away"
    if code == "limit":
        return f"{stand}: {_limiting(row)}"
    if code == "cap":
        return f"{stand}: a further point would make the objective better by {size}"
    return f"{stand}: a point of it would make the objective worse by {size}"


def _limiting(row: pd.Series) -> str:
    if float(row["limit_charge"]) < 0.0:
        return f"{row['limit']} asks for it"
    return f"{row['limit']} is filled"


def _worst(level: float) -> str:
    return f"worst {100 * (1 - level):.3g} % of worlds"


def _percent(fraction: float, digits: int = 1) -> str:
    return f"{round(100 * float(fraction), digits) + 0.0:.{digits}f} %"


def _points(fraction: float) -> str:
    size = abs(100 * float(fraction))
    return f"{size:.1f} points" if size >= 0.05 else "under 0.1 points"


def _readable(name: object) -> str:
    return str(name).replace("_", " ")
