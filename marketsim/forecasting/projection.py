"""Forecasts of every observable series: its trend, the model's growth, and what was said of it."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

from marketsim.calibration import Posterior
from marketsim.checks import check_whole
from marketsim.errors import handed
from marketsim.scenarios import Scenarios

from .listing import COLUMNS, QUANTILES
from .result import Forecast, forecast_of
from .solution import LONGEST

__all__ = ["COLUMNS", "LONGEST", "QUANTILES", "Forecast", "forecast", "plain_forecast"]


def forecast(posterior: Posterior | Scenarios, quarters: int = 4, seed: int = 0) -> Forecast:
    """Forecast every observable series, quarter by quarter.

    The growth of a series is drawn from two sources: its own damped trend, fitted with all others
    in one state-space form, and the growth of the structural model's worlds. Each counts by its
    precision, so that a steady series keeps to its trend and one whose trend says little follows
    the structure. A company and its segments are brought to agree, with the rest of the company
    between them. Then the forecast hears what companies said of quarters to come, each by how far
    what they said before came true; and since series move together, others hear of plans and years.
    Intervals hold what is not known of the assumptions, of news to come, of the series' state, and
    the noise of what is reported.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`; the series are those of its facts. Or scenarios over it,
        from :func:`marketsim.load_scenarios`: the table is then of the mixture of their regimes.
    quarters
        How many quarters of each series the table lists, from the first that is not reported.
    seed
        Of the worlds drawn.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        For no quarters, or more than :data:`LONGEST`.
    """
    handed(
        "forecast: posterior",
        posterior,
        (Posterior, Scenarios),
        "ms.calibrate(facts) or ms.load_scenarios(posterior)",
    )
    check_whole("forecast: quarters", quarters, 1, LONGEST)
    check_whole("forecast: seed", seed, 0)
    return forecast_of(posterior, quarters, seed)


def plain_forecast(posterior: Posterior) -> Forecast:
    """Return what :func:`forecast` has of a posterior by default, made once while that is held."""
    if posterior not in _PLAIN:
        # Of a copy: what a forecast is made of must not keep alive what it is kept by.
        _PLAIN[posterior] = forecast(replace(posterior))
    return _PLAIN[posterior]


_PLAIN: WeakKeyDictionary[Posterior, Forecast] = WeakKeyDictionary()
"""Forecasts of posteriors, for worlds that are drawn from one again and again."""
