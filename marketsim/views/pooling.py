"""`view`: the verb. Texts in, the same scenarios with other probabilities out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from ..errors import InputError, SolverError
from ..returns import ReturnScenarios
from .conflict import explain
from .entropy import effective_number, nearest_probabilities, relative_entropy
from .parser import Features, parse_views

__all__ = ["Pooled", "effective_scenarios", "pool_views", "view"]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Scenarios under views, and what the views cost.

    Attributes
    ----------
    returns
        The scenarios with their new probabilities.
    relative_entropy
        Of the new probabilities to the old, in nats: 0 where nothing changed.
    effective_before, effective_after
        Effective numbers of scenarios: see :func:`effective_scenarios`.
    table
        By view: ``quantity``, its value ``before`` and ``after``, the ``sense`` and the ``bound``
        of the view, and its ``multiplier``, the derivative of the relative entropy by the bound: 0
        for a view that costs nothing, infinite for one at the end of what its quantity can reach.
    """

    returns: ReturnScenarios
    relative_entropy: float
    effective_before: float
    effective_after: float
    table: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Pooled({len(self.table)} views on {self.returns!r}, "
            f"relative entropy {self.relative_entropy:.4g})"
        )

    def __str__(self) -> str:
        effective = f"{self.effective_before:,.0f} to {self.effective_after:,.0f}"
        cost = f"relative entropy {self.relative_entropy:.4g}; effective scenarios {effective}"
        return f"{self.table.to_string(float_format='{:.6g}'.format)}\n{cost}"


def view(
    returns: ReturnScenarios, *views: str, features: Features | None = None
) -> ReturnScenarios:
    """Return the same scenarios with the probabilities nearest the old under which views hold.

    Nearest in relative entropy (Meucci 2008, "Fully flexible views"): nothing is assumed beyond
    what the views say. Draws of probability 0 keep 0. A view that holds already changes nothing,
    and without any that changes something ``returns`` themselves are returned.

    Parameters
    ----------
    returns : ReturnScenarios
        From :func:`marketsim.revalue`, or anybody's.
    views : str
        Comparisons by ``<= == >=`` (``<`` and ``>`` mean the same) of sums of expectations, read
        as arithmetic and nothing else:

        * ``mean(NVDA) >= 0.1``, ``mean(NVDA) - 2 * mean(AMD) == 0.05``: expected returns over
          the horizon, or expectations of features;
        * ``P(bear) == 0.4``: the probability of a regime; ``P(NVDA < -0.2) <= 0.05``,
          ``0.6 <= P(rent > 2 or bear and NVDA < 0)``: of an event;
        * ``var(NVDA) <= 0.09``, ``cov(NVDA, AMD) == 0.05``: about the means that other views of
          the same call state by ``==``, or else the old ones, as Meucci does, so that the view
          is linear. About the old mean the variance is never above what the view says.

        Where a quantity is wanted, names are tickers and features, under ``+ - * /``, ``exp`` and
        ``log``; where an event is wanted, a name alone is a regime or a feature of true and false.
        So a ticker and a regime may share a name. Names that are no plain words go in quotes:
        ``mean('BRK-B')``, ``P('capital strike') == 0.1``; ``elasticity[agentic]`` needs none.
    features : mapping or DataFrame, optional
        Further quantities by draw, arrays [draw] by name: what the worlds assume, as in
        ``paths.assumptions()``, or anything that is known of them.

    Returns
    -------
    ReturnScenarios
        Every view holds within 1e-10 of the size of its quantity.

    Raises
    ------
    InputError
        A text is no view, or a name in it is none or means two things.
    InfeasibleError
        No probabilities satisfy the views; the message names those that conflict, no fewer of
        which do, and what could be had.
    SolverError
        The solver stopped short, though some probabilities satisfy the views.

    Examples
    --------
    What if algorithms get more than three times better a year, with a probability of 0.7? ::

        assumed = paths.assumptions()
        believed = view(returns, "P(exp(algorithmic_growth) > 3) == 0.7", features=assumed)
        choice = ms.allocate(believed, ms.CVaR(0.95), max_weight=0.15)
    """
    return pool_views(returns, *views, features=features).returns


def pool_views(returns: ReturnScenarios, *views: str, features: Features | None = None) -> Pooled:
    """Return scenarios under views, as :func:`view` does, and what the views cost.

    Raises
    ------
    InputError, InfeasibleError, SolverError
        As :func:`view` does.
    """
    _check_scenarios(returns)
    constraints = parse_views(views, returns, features)
    old = returns.probabilities
    found = nearest_probabilities(old, constraints)
    if found is None:
        explain(old, constraints)
        raise SolverError(f"view: no probabilities found for {', '.join(map(repr, views))}")
    new = found.probabilities
    changed = bool((new != old).any())
    pooled = replace(returns, probabilities=new) if changed else returns
    table = pd.DataFrame(
        {
            "quantity": [one.quantity for one in constraints],
            "before": [float(old @ one.values) for one in constraints],
            "after": [float(new @ one.values) for one in constraints],
            "sense": [one.sense for one in constraints],
            "bound": [one.bound for one in constraints],
            "multiplier": found.multipliers,
        },
        index=pd.Index([one.text for one in constraints], name="view", dtype="str"),
    )
    before, after = effective_scenarios(returns), effective_scenarios(pooled)
    return Pooled(pooled, relative_entropy(new, old), before, after, table)


def effective_scenarios(returns: ReturnScenarios) -> float:
    """Return how many equally likely scenarios would be as uncertain: the exp of the entropy.

    The number of draws where all are equally likely, 1 where one is certain.
    """
    return effective_number(returns.probabilities)


def _check_scenarios(given: object) -> None:
    if not isinstance(given, ReturnScenarios):
        kind = type(given).__name__
        raise InputError(
            f"view takes ReturnScenarios, not a {kind}; see ReturnScenarios.from_frame"
        )
