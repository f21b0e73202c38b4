"""What is asked of prices: whose they are, what the market pays, and in which worlds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.checks import check_whole
from marketsim.ensemble import YEAR
from marketsim.errors import InputError, nearest
from marketsim.renames import Tickers
from marketsim.returns import ReturnScenarios
from marketsim.valuation import Valuation
from marketsim.valuation.few_worlds import FEWEST

from .worlds import Sample

__all__ = ["check_worlds", "growth_sd", "members_of", "names_of", "sample_of"]

FloatArray = NDArray[np.float64]


def check_worlds(valuation: Valuation, worlds: object) -> None:
    """Refuse what is no number of worlds, or too few over all regimes."""
    least = FEWEST * _regimes(valuation)
    check_whole("implied worlds", worlds, least, why=f", {FEWEST} of each of the regimes priced")


def sample_of(valuation: Valuation, worlds: int) -> Sample:
    """Return so many worlds over all regimes, and no fewer than :data:`FEWEST` of each."""
    return Sample.of(valuation, max(FEWEST, int(worlds) // _regimes(valuation)))


def _regimes(valuation: Valuation) -> int:
    """Return how many regimes the market prices."""
    return len(valuation.paths.scenarios.names) if valuation.anchoring == "mix" else 1


def growth_sd(valuation: Valuation) -> FloatArray:
    """Return a standard deviation of companies' own growth, per year in logs, [company].

    As forecasts leave it open: of what they sell in the last quarter, beside the model.
    """
    last = valuation.paths.deviation[:, -1, valuation.columns]
    years = valuation.paths.deviation.shape[1] / YEAR
    return np.asarray(last.std(axis=0) / years, dtype=float)


def names_of(what: str, given: str | Iterable[str]) -> list[str]:
    """Return names that were given as one text or as several."""
    if isinstance(given, str):
        return [given]
    names = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"implied: {what} is {given!r}; give a name or several, as ['NVDA', 'MU']")
    return names


def members_of(
    valuation: Valuation,
    returns: ReturnScenarios | Allocation,
    companies: str | Iterable[str] | None,
) -> tuple[NDArray[np.bool_], str]:
    """Return which companies are asked about, [company], and who they are in words."""
    tickers = valuation.economics.index
    if companies is None:
        return np.ones(len(tickers), dtype=bool), f"all {len(tickers)} companies"
    given = returns.returns if isinstance(returns, Allocation) else returns
    layers: Mapping[str, str] = {t: given.layers[t] for t in tickers if t in given.layers}
    wanted = list(dict.fromkeys(names_of("companies", companies)))
    if not wanted:
        raise InputError("implied: no company is named; name some, or leave companies out")
    renames = valuation.paths.scenarios.posterior.knowledge.universe.renames
    names = Tickers((*tickers, *dict.fromkeys(layers.values())), renames)
    members = np.zeros(len(tickers), dtype=bool)
    for name in wanted:
        mine = (tickers == name) | np.array([layers.get(t) == name for t in tickers])
        if not mine.any():
            raise InputError(f"implied: {_unvalued(name, names, given.tickers)}")
        members |= mine
    return members, ", ".join(map(str, wanted))


def _unvalued(name: str, names: Sequence[str], held: Sequence[str]) -> str:
    """Return why nothing is asked of the price of a name that is not among ``names``."""
    if name in held:
        return f"'{name}' was not valued, so that its price assumes nothing; leave it out"
    hint = nearest(name, names) or f" There are {', '.join(map(str, names))}."
    return f"no company and no layer is called '{name}'.{hint}"
