"""What may be asked of a simulation: how many draws, of what seed."""

from __future__ import annotations

from numbers import Integral

from marketsim.errors import InputError

__all__ = ["require_chunk", "require_draws", "require_seed"]


def require_draws(draws: object, regimes: int) -> None:
    """Refuse a number of draws that is none, or that cannot cover the regimes."""
    if isinstance(draws, bool) or not isinstance(draws, Integral):
        raise InputError(f"draws={draws!r} is no number of draws; give a whole one, as 10_000")
    if int(draws) < regimes:
        raise InputError(f"simulate: {draws} draws cannot cover {regimes} regimes")


def require_chunk(chunk: object) -> None:
    """Refuse a number of draws of a part that is none."""
    if isinstance(chunk, bool) or not isinstance(chunk, Integral) or int(chunk) < 1:
        raise InputError(f"chunk={chunk!r} is no number of draws; give some thousand")


def require_seed(seed: object) -> None:
    """Refuse a seed that is no whole number from 0."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or int(seed) < 0:
        raise InputError(f"seed={seed!r} is no seed; give a whole number from 0")
