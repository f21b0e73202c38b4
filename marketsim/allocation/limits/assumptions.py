"""Limits on what a portfolio hangs on: an assumption that its expected return may not follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...errors import InputError
from ..bounds import Bound
from ..names import Numbers, array_of, numbers
from .kinds import Limit, Setting

if TYPE_CHECKING:
    import pandas as pd

    from ...returns import ReturnScenarios

__all__ = ["NeutralTo", "neutral_to"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NeutralTo(Limit):
    """How far the expected return may go with an assumption; see `neutral_to`.

    Parameters
    ----------
    assumption : str
        Its name.
    within : float
        The most, either way.
    exposures : mapping or Series of ticker to float, optional
        What a unit of each company adds.
    """

    assumption: str
    within: float
    exposures: Mapping[str, float] | pd.Series[float] | Numbers | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.assumption, str) or not self.assumption:
            raise InputError(
                f"neutral_to: {self.assumption!r} is no name of an assumption, as 'hurdle_rate' is"
            )
        # Of anything else that returns hang on, such as a price, only the caller knows the unit.
        most, what = (1.0, "a fraction") if self.exposures is None else (np.inf, "a number")
        ask = f"{what} from 0 up, such as 0.005"
        check_number(self.argument, self.within, 0.0, most, ask)
        if self.exposures is not None:
            where = f"neutral_to({self.assumption!r}) exposures"
            object.__setattr__(self, "exposures", numbers(self.exposures, where))

    @property
    def argument(self) -> str:
        """What results and errors call it: `neutral_to('elasticity').within`."""
        return f"neutral_to({self.assumption!r}).within"

    @property
    def duals(self) -> tuple[str, str]:
        """What its duals are called: where the assumption adds too much, and takes too much."""
        return f"{self.argument}[+]", f"{self.argument}[-]"

    def loads(self, scenarios: ReturnScenarios) -> FloatArray:
        """What a unit of each company adds to the expected return [company]."""
        if self.exposures is None:
            try:
                return scenarios.exposures(self.assumption)
            except InputError as error:
                raise InputError(f"neutral_to: {error}") from None
        where = f"neutral_to({self.assumption!r}) exposures"
        return array_of(numbers(self.exposures, where), scenarios.tickers, where)

    def bounds(self, setting: Setting) -> list[Bound]:
        """Two rows under one number: what the assumption adds, and what it takes."""
        each = self.loads(setting.scenarios)
        rows = np.array([each, -each])
        return [Bound(self.argument, float(self.within), rows, np.ones(2), self.duals)]


def neutral_to(
    assumption: str,
    within: float,
    exposures: Mapping[str, float] | pd.Series[float] | None = None,
) -> NeutralTo:
    """A portfolio whose expected return hangs on an assumption no more than so far.

    Parameters
    ----------
    assumption : str
        Its name, or that of all of its kind: `hurdle_rate`, `elasticity[agentic]`, `elasticity`.
    within : float
        The most by which the expected return over the horizon may change, up or down, for one
        posterior standard deviation of the assumption, as a fraction of the portfolio: 0.005.
    exposures : mapping or Series of ticker to float, optional
        What a unit of weight adds to that change; what is left out adds nothing. By default what
        the world behind the returns says (`ReturnScenarios.exposures`), under the probabilities
        that they have. Anything else that returns hang on will do, such as the price of oil.

    Raises
    ------
    InputError
        For a number below 0, or above 1 where no exposures are given, and, once it is used, for a
        name that is of no assumption and for returns that no world stands behind.

    Notes
    -----
    To first order: the assumption moves in all worlds from the decision date on, while prices and
    what the market expects stay. `marketsim.derivatives.hedge` says what it costs, who hedges, and
    what is left.
    """
    return NeutralTo(assumption, within, exposures)
