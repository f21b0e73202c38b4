"""Facts in, assumptions with uncertainty out."""

from .fit import calibrate
from .hindcast import Past, past, past_at
from .identification import Identification
from .posterior import Posterior
from .window import HISTORY, Window, window_at

__all__ = [
    "HISTORY",
    "Identification",
    "Past",
    "Posterior",
    "Window",
    "calibrate",
    "past",
    "past_at",
    "window_at",
]
