"""Forecasts of what will be reported, and how well past ones did."""

from .change import ForecastChange, forecast_change
from .explanation import Explanation
from .projection import forecast
from .result import Forecast
from .rolling import hindcasts, score_forecasts
from .scores import Scores

__all__ = [
    "Explanation",
    "Forecast",
    "ForecastChange",
    "Scores",
    "forecast",
    "forecast_change",
    "hindcasts",
    "score_forecasts",
]
