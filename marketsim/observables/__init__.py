"""Observables: what is reported of the world, and what of a modelled quarter it measures.

One file each: the series that the facts hold, the measure, the noise that no model gets below, and
whether levels or changes are compared. The likelihood, the panel of forecasts, the table of the fit
and the documentation read `CATALOGUE`; a new observable is a file, a line in the catalogue, a test.
"""

from __future__ import annotations

from marketsim.observables.catalogue import CATALOGUE, described, of_kind
from marketsim.observables.not_observed import NOT_OBSERVED
from marketsim.observables.observable import Observable, Outlook, Report
from marketsim.observables.seasons import seasons

__all__ = [
    "CATALOGUE",
    "NOT_OBSERVED",
    "Observable",
    "Outlook",
    "Report",
    "described",
    "of_kind",
    "seasons",
]
