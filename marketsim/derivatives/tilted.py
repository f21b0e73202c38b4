"""The other reading of a reverse stress test: draws reweighted until the portfolio loses so much.

Where the design point is one world, this is a distribution: the probabilities of draws that are
nearest to those given, by relative entropy, under which the portfolio loses so much on average
(Meucci 2008; entropic tilting, Robertson, Tallman and Whiteman 2005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.views.constraint import ViewConstraint
from marketsim.views.entropy import (
    effective_number,
    nearest_probabilities,
    relative_entropy,
)

from .holding import Holding
from .spreads import Spreads

__all__ = ["TiltedDraws", "tilted_draws"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class TiltedDraws:
    """Draws reweighted until the portfolio loses so much on average.

    Attributes
    ----------
    relative_entropy
        Of the new probabilities to those given, nats.
    effective
        How many equally likely draws would be as uncertain.
    regimes
        [regime]: its ``probability`` as given, and ``tilted``.
    assumptions
        [assumption], furthest first: ``deviations``, by how many posterior standard deviations its
        mean over draws moves, without what regimes shift.
    """

    relative_entropy: float
    effective: float
    regimes: pd.DataFrame
    assumptions: pd.DataFrame

    def __repr__(self) -> str:
        return f"TiltedDraws({self.relative_entropy:.3g} nats, {self.effective:,.0f} effective)"


def tilted_draws(held: Holding, loss: float, places: NDArray[np.int_]) -> TiltedDraws | None:
    """Return the draws of some regimes so reweighted; None where no draw loses as much.

    Parameters
    ----------
    held
        The portfolio, and what it ``returned``.
    loss
        On average, a fraction.
    places
        Regimes whose draws count.
    """
    paths = held.valuation.paths
    scenarios = paths.scenarios
    given = np.where(np.isin(paths.regime, places), held.returns.probabilities, 0.0)
    given = given / given.sum()
    aim = ViewConstraint("loss", "loss", -held.returned, ">=", loss)
    found = nearest_probabilities(given, [aim])
    if found is None:
        return None
    odds = found.probabilities
    spreads = Spreads.of(scenarios.posterior)
    moved = (odds - given) @ paths.link[paths.index] / spreads.linked
    table = pd.DataFrame({"deviations": moved[spreads.keep]}, index=spreads.names)
    order = table["deviations"].abs().sort_values(ascending=False, kind="stable").index
    names = [scenarios.names[i] for i in places]
    both = {
        name: [float(p[paths.regime == i].sum()) for i in places]
        for name, p in (("probability", given), ("tilted", odds))
    }
    return TiltedDraws(
        relative_entropy=relative_entropy(odds, given),
        effective=effective_number(odds),
        regimes=pd.DataFrame(both, index=pd.Index(names, name="regime")),
        assumptions=table.loc[order],
    )
