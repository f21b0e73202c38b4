"""Facts in, assumptions with uncertainty out."""

from .book import Book, load_book
from .fit import calibrate
from .hindcast import Past, past, past_at
from .identification import Identification
from .nuts import compare_laplace, sample_posterior
from .posterior import Posterior
from .window import HISTORY, Window, window_at

__all__ = [
    "HISTORY",
    "Book",
    "Identification",
    "Past",
    "Posterior",
    "Window",
    "calibrate",
    "compare_laplace",
    "load_book",
    "past",
    "past_at",
    "sample_posterior",
    "window_at",
]
