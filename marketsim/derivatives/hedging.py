"""A portfolio that an assumption does not move: what that costs, and who hedges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation, tightened
from marketsim.allocation.limits import neutral_to
from marketsim.scenarios import direction
from marketsim.valuation import MovedWorlds

from .exposed import SOME, against, exposed
from .holding import valuation_of
from .sensitivities import listed
from .story import rows_of

__all__ = ["Hedge", "hedge"]

FloatArray = NDArray[np.float64]

FAR: Final = 0.25
"""Posterior standard deviations by which worlds are really moved."""

NOTHING: Final = 1e-9
"""Exposure below which there is none."""

NAMED: Final = 6
"""Holdings that a story names."""


@dataclass(frozen=True, eq=False, repr=False)
class Hedge:
    """A hedge of one assumption.

    Exposures are changes of the expected return over the horizon, a fraction of the portfolio, per
    posterior standard deviation of the assumption, in all worlds while prices stay.

    Attributes
    ----------
    assumption, within
        What is hedged, and how far the exposure may go, either way.
    before, after
        The allocation as it was given, and the best with that limit too.
    holdings
        [ticker], those that change the exposure most first: ``exposure`` of a unit, ``before`` and
        ``after`` (weights), ``trade``, and weight times exposure, ``adds_before`` and
        ``adds_after``, which add up to the portfolio's. ``hedges`` is whether what it adds after is
        of the other sign than the exposure before.
    moved
        Change of the portfolio's expected return where worlds are really moved and valued again, by
        standard deviations of the assumption: ``before``, ``after`` and, beside it, ``straight``,
        what the exposure after says of it. The rest is of second order.
    """

    assumption: str
    within: float
    before: Allocation
    after: Allocation
    holdings: pd.DataFrame
    moved: pd.DataFrame

    @property
    def exposure_before(self) -> float:
        """Of the portfolio as given."""
        return float(self.holdings["adds_before"].sum())

    @property
    def exposure_after(self) -> float:
        """Of the hedged one."""
        return float(self.holdings["adds_after"].sum())

    @property
    def cost(self) -> float:
        """By how much the objective is worse, in its unit."""
        lost = self.before.objective - self.after.objective
        return self.before.terms.direction() * lost

    @property
    def traded(self) -> float:
        """Share of the portfolio that is traded, one way."""
        return 0.5 * float(self.holdings["trade"].abs().sum())

    @property
    def rest(self) -> float:
        """Most by which the hedged portfolio moves beyond what its exposure says."""
        return float((self.moved["after"] - self.moved["straight"]).abs().max())

    @property
    def moves_nothing(self) -> bool:
        """Whether no company's expected return hangs on the assumption."""
        return float(self.holdings["exposure"].abs().max()) < NOTHING

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        names = ("exposure_before", "exposure_after", "cost", "traded", "rest", "moves_nothing")
        return {
            "assumption": self.assumption,
            "within": self.within,
            **{name: getattr(self, name) for name in names},
            "holdings": rows_of(self.holdings),
            "moved": rows_of(self.moved),
        }

    def __str__(self) -> str:
        return "\n".join(_story(self))

    def __repr__(self) -> str:
        return (
            f"Hedge({self.assumption}: {self.exposure_before:+.4f} to {self.exposure_after:+.4f}, "
            f"cost {self.cost:.4g}, {100 * self.traded:.1f} % traded)"
        )


def hedge(choice: Allocation, assumption: str, within: float) -> Hedge:
    """Return the best portfolio whose expected return hardly hangs on an assumption.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`.
    assumption
        Its name, or that of all of its kind: ``elasticity``.
    within
        The most by which the expected return may change, up or down, for a posterior standard
        deviation of it: 0.005.

    Raises
    ------
    InputError
        For a name that is of no assumption about the future, a number below 0, returns made
        elsewhere, or an allocation that was stored.
    InfeasibleError
        Where no weights keep to it, with the nearest number that works.

    Notes
    -----
    The same problem with :func:`marketsim.allocation.limits.neutral_to` beside its limits. What is
    left of second order is measured: worlds are moved by a quarter of a standard deviation, up and
    down, and valued again.
    """
    valuation = valuation_of(choice, "hedge")
    after = tightened(choice, [neutral_to(assumption, within)])
    tickers = list(choice.returns.tickers)
    weights = pd.DataFrame({"before": choice.weights, "after": after.weights}).loc[tickers]
    table = exposed(choice.returns.exposures(assumption), weights)
    table.insert(3, "trade", table["after"] - table["before"])
    table["hedges"] = table["adds_after"] * table["adds_before"].sum() < 0.0
    change = (table["adds_after"] - table["adds_before"]).abs()
    order = change.sort_values(ascending=False, kind="stable").index
    step = FAR * direction(valuation.paths.scenarios.posterior, assumption)
    return Hedge(
        assumption=assumption,
        within=float(within),
        before=choice,
        after=after,
        holdings=table.loc[order],
        moved=_moved(choice, MovedWorlds.of(valuation), step, table),
    )


def _moved(
    choice: Allocation, worlds: MovedWorlds, step: FloatArray, table: pd.DataFrame
) -> pd.DataFrame:
    """Return what both portfolios gain in worlds really moved."""
    held = listed(choice, table[["before", "after"]].to_numpy().T).T
    odds = choice.returns.probabilities
    still = odds @ worlds.returns(0.0 * step)
    rows = {sign * FAR: (odds @ worlds.returns(sign * step) - still) @ held for sign in (-1.0, 1.0)}
    found = pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"])
    found["straight"] = found.index.to_numpy() * float(table["adds_after"].sum())
    return found.rename_axis("sds")


def _story(found: Hedge) -> Iterator[str]:
    name = found.assumption
    if found.moves_nothing:
        yield f"{name} moves no expected return here: there is nothing to hedge."
        return
    was, now = (100 * x for x in (found.exposure_before, found.exposure_after))
    yield (
        f"A standard deviation more of {name} adds {was:+.2f} points to the expected return; "
        f"hedged, {now:+.2f} (within {100 * found.within:g})."
    )
    hedges = against(found.holdings, "after", found.exposure_before)
    if found.traded < SOME:
        yield "  The portfolio is within that as it is."
        if hedges:
            yield f"  Held against it: {hedges}."
    else:
        yield (
            f"  It costs {100 * found.cost:.2f} points of the objective, {found.before.terms!r}, "
            f"and trades {100 * found.traded:.1f} %."
        )
        yield from _trades(found)
        yield f"  Held against it: {hedges or 'none; exposure is avoided'}."
    low, high = found.moved["after"]
    yield (
        f"  Worlds really moved by {FAR:g} of a standard deviation down and up change its expected "
        f"return by {100 * low:+.3f} and {100 * high:+.3f} points; {100 * found.rest:.3f} of it is "
        "of second order."
    )


def _trades(found: Hedge) -> Iterator[str]:
    """Yield what changes the exposure, and all large trades, of what has none too."""
    yield "  What changes the exposure, in points:"
    for ticker, row in found.holdings.head(NAMED).iterrows():
        if abs(row["trade"]) >= SOME:
            yield (
                f"    {ticker!s:6} weight {row['before']:.3f} -> {row['after']:.3f}, a unit "
                f"{100 * row['exposure']:+.2f}: {100 * row['adds_before']:+.2f} -> "
                f"{100 * row['adds_after']:+.2f}"
            )
    trade = found.holdings["trade"]
    for verb, some in (("Bought", trade[trade >= SOME]), ("Sold", -trade[trade <= -SOME])):
        large = some.sort_values(ascending=False, kind="stable")
        told = ", ".join(f"{ticker} {100 * size:.1f}" for ticker, size in large[:NAMED].items())
        rest = float(large[NAMED:].sum())
        more = f", others {100 * rest:.1f}" if len(large) > NAMED else ""
        yield f"  {verb}, per cent: {told}{more}."
