"""Facts in, assumptions with uncertainty out."""

from .book import Book, load_book
from .fit import calibrate
from .posterior import Posterior
from .window import HISTORY, Window, window_at

__all__ = ["HISTORY", "Book", "Posterior", "Window", "calibrate", "load_book", "window_at"]
