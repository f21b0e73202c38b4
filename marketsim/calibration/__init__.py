"""Facts in, assumptions with uncertainty out."""

from .fit import calibrate
from .identification import Identification
from .nuts import compare_laplace, sample_posterior
from .posterior import Posterior
from .window import HISTORY, SPAN, Window, window_at

__all__ = [
    "HISTORY",
    "SPAN",
    "Identification",
    "Posterior",
    "Window",
    "calibrate",
    "compare_laplace",
    "sample_posterior",
    "window_at",
]
