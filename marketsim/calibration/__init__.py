"""Facts in, assumptions with uncertainty out."""

from .book import Book, load_book
from .fit import calibrate
from .identification import Identification
from .nuts import compare_laplace, sample_posterior
from .posterior import Posterior
from .window import HISTORY, Window, window_at

__all__ = [
    "HISTORY",
    "Book",
    "Identification",
    "Posterior",
    "Window",
    "calibrate",
    "compare_laplace",
    "load_book",
    "sample_posterior",
    "window_at",
]
