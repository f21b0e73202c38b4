"""What an observable is: reports of one kind, and what of a modelled quarter they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter

__all__ = ["Observable", "Outlook", "Report"]


@dataclass(frozen=True, eq=False)
class Report:
    """One series as reported, whenever its figures lie.

    Attributes
    ----------
    name
        ``NVDA.data_center``, ``tokens Google``.
    rows
        In order of their dates: `date` (period end), `value` (times the observable's ``scale`` in
        the model's unit), `confidence` as for facts; and where there is any, `stated`, the
        standard deviation of the log error that the source itself states, `other`, whether the
        figure is of another company, before a merger, and `season`, its factor of the season.
    lines
        Which revenue lines it adds up, [line]; None for what is not revenue.
    """

    name: str
    rows: pd.DataFrame
    lines: np.ndarray | None = None


@dataclass(frozen=True)
class Outlook:
    """How an observable is forecast.

    Attributes
    ----------
    quantity
        Of the facts: each of its entities is a series that follows the measure.
    by
        Whose quarters: of the ``company``, as it closes its books, or of the ``calendar``, for
        which the last figure stands.
    """

    quantity: str
    by: Literal["company", "calendar"]


@dataclass(frozen=True, eq=False)
class Observable:
    """One kind of observation.

    Attributes
    ----------
    kind
        Its name, that of its file.
    meaning
        What is reported, in one line.
    quantities
        Of the facts that it reads.
    unit
        The model's, of values times ``scale``.
    reports
        The series that are known.
    measure
        What they measure of modelled quarters: [quarter], or [quarter, line] where ``by_line``.
        Smooth in the assumptions.
    measured
        The same in words.
    floor
        Smallest standard deviation of a log error: the model claims no better.
    reason
        Why no better.
    scale
        Model units in a unit of the reports.
    by_line
        Whether each series adds up some lines of revenue.
    relative
        Whether only changes within a series are compared: its level measures something else.
    yearly
        Whether a figure is the mean of the year that ends on its date.
    seasonal
        Whether figures may have seasons, which the model has not.
    horizon
        ``past`` for what happened by its date, ``ahead`` for what was said of later quarters.
    outlook
        How it is forecast, or None where it is not.
    """

    kind: str
    meaning: str
    quantities: tuple[str, ...]
    unit: str
    reports: Callable[[Knowledge], Iterable[Report]]
    measure: Callable[[Quarter], Array]
    measured: str
    floor: float
    reason: str
    scale: float = 1.0
    by_line: bool = False
    relative: bool = False
    yearly: bool = False
    seasonal: bool = False
    horizon: Literal["past", "ahead"] = "past"
    outlook: Outlook | None = None
