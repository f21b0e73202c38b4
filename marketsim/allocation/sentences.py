"""The reasons for weights, in words: figures come as `reasons` has them, and none is added."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from ..returns import CASH

__all__ = ["PARTS", "Scale", "sentence", "short"]

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


SURE: Final = 2.0
"""Standard errors from which on a difference is told as one."""


class Scale(NamedTuple):
    """What the figures of reasons are in.

    Attributes
    ----------
    level
        Of the CVaR that ``risk_share`` and ``tail_return`` are of.
    years
        Of the horizon.
    priced
        Whether figures are in expected return; in units of the objective otherwise.
    loss
        Units of the objective in one of that CVaR, where the objective is CVaR alone; else 0.
    mean
        Of the portfolio, by weight: ``expected_return``, its parts, and ``risk_charge``.
    """

    level: float
    years: float
    priced: bool
    loss: float
    mean: pd.Series[float]


def sentence(ticker: str, row: pd.Series, scale: Scale) -> str:
    """Return why a company, or cash, has its weight; ``row`` as `Allocation.reasons` has it."""
    if row["reason"] in GIVEN:
        return GIVEN[row["reason"]]
    if not scale.priced:
        return "; ".join(part for part in (_plain(row, scale), _brought(row)) if part)
    worth = f"{_expected(ticker, row, scale.years)}{_charges(row, scale.level)} {_verdict(row)}"
    stand = f"{_stand(row)}{_beside(ticker, row, scale.mean)}"
    return "; ".join(part for part in (stand, worth, _brought(row)) if part)


def short(row: pd.Series, scale: Scale) -> str:
    """Return the same in a few words, for a terminal."""
    code, more = row["reason"], float(row["reduced_cost"])
    if code in GIVEN:
        return GIVEN[code]
    if code == "tie":
        return f"{_stand(row)}, as good elsewhere"
    if code == "balance" and scale.priced:
        return f"{_stand(row)}, a further point earns what money does elsewhere"
    if code == "filled":
        return f"{_stand(row)}, a wider one adds nothing and a point less takes away"
    if code == "limit":
        return f"{_stand(row)}, {_limiting(row)}"
    if not scale.priced and code == "balance":
        return f"{_stand(row)} as far as it makes the objective better"
    if not scale.priced:
        return f"{_stand(row)}: {_effect(row, scale)}"
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


def _beside(ticker: str, row: pd.Series, mean: pd.Series[float]) -> str:
    """How far what is not held lies from the portfolio's mean, in what keeps it out."""
    if row["reason"] == "risk":
        more = float(row["risk_charge"]) - mean["risk_charge"]
        return f": charged {_points(more)} more than the portfolio's mean"
    less = mean["expected_return"] - float(row["expected_return"])
    if row["reason"] != "return" or less < SHOWN:
        return ""
    whole = f": {_points(less)} below the portfolio's {_percent(mean['expected_return'])}"
    lower = mean[list(PARTS)] - row[list(PARTS)].astype(float)
    if ticker == CASH or not np.isfinite(lower).all():
        return whole
    part = str(lower.idxmax())
    own, theirs = (f"{100 * float(x[part]):+.1f}" for x in (row, mean))
    return f"{whole}, most by {PARTS[part]} ({own} beside {theirs})"


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
    charge, does = float(row["risk_charge"]), _in_tail(row)
    where = f" (in the {_worst(level)} it {does})" if does else ""
    risk = " with risk free of charge" if abs(charge) < SHOWN else f"{_signed(charge)} for risk"
    limits, named = float(row["limit_charge"]), row["limit"] if row["reason"] != "cap" else ""
    more = "" if abs(limits) < SHOWN else f"{_signed(limits)} for {named or 'other limits'}"
    return f"{risk}{where}{more}"


def _in_tail(row: pd.Series) -> str:
    """What it does in the portfolio's worst worlds; nothing where those are not known."""
    tail = float(row["tail_return"])
    if not np.isfinite(tail):
        return ""
    regime = f", most in {_readable(row['tail_regime'])}" if row["tail_regime"] and tail < 0 else ""
    return f"earns {_percent(tail)}" if tail >= 0.0 else f"loses {_percent(-tail)}{regime}"


def _signed(charge: float) -> str:
    return f" {'plus' if charge < 0.0 else 'less'} {_points(charge)}"


def _verdict(row: pd.Series) -> str:
    hurdle = f"the {_percent(row['hurdle'])} that money earns elsewhere"
    if float(row["hurdle"]) < -SHOWN:
        left = _percent(row["hurdle"])
        hurdle = f"the {left} that money elsewhere comes to after its own charges"
    more = float(row["reduced_cost"])
    if row["reason"] == "tie":
        point = "a point of it" if abs(row["weight"]) < SHOWN else "a point more or less"
        return f"is {hurdle}, so that it is as good there: {point} changes nothing"
    if row["reason"] == "filled":
        return "does not bring in more where the cap is wider, and a point less takes away"
    if row["reason"] == "cap":
        gain = f"each further point of weight would add {abs(more):.3f} points"
        if abs(more) <= SURE * float(row["error"]):
            gain = f"{gain}, which the draws are too few to tell from none"
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


def _plain(row: pd.Series, scale: Scale) -> str:
    """Why, by risk: of an objective that has no expected return."""
    code, does = row["reason"], _in_tail(row)
    if not does:
        return short(row, scale)
    tail = f"in the {_worst(scale.level)} it {does}"
    if code == "balance" and scale.loss:
        return f"{_stand(row)}: {tail}, as much as would be lost elsewhere"
    if code in ("cap", "floor", "absent"):
        return f"{_stand(row)}: {tail}; {_effect(row, scale, 'there')}"
    return f"{short(row, scale)}; {tail}"


def _effect(row: pd.Series, scale: Scale, where: str = "") -> str:
    """What a point more does to the loss, where nothing else counts, or to the objective."""
    more, better = float(row["reduced_cost"]), row["reason"] == "cap"
    point = "a further point would" if better else "a point of it would"
    if not scale.loss:
        change = "better" if better else "worse"
        return f"{point} make the objective {change} by {abs(0.01 * more):.3g}"
    size = abs(more) / scale.loss
    points = f"{size:.3f} points" if size >= SHOWN else "under 0.001 points"
    loss = f"the portfolio's loss {where or f'in the {_worst(scale.level)}'}"
    return f"{point} {f'take {points} off' if better else f'add {points} to'} {loss}"


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
