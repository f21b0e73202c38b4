"""When all of an allocation must be done."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from ..errors import SolverError

__all__ = ["Deadline"]


@dataclass(frozen=True)
class Deadline:
    """A time limit and the moment at which it is over."""

    time_limit: float
    end: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(seconds, monotonic() + seconds)

    def left(self) -> float:
        """Seconds until then.

        Raises
        ------
        SolverError
            If there are none.
        """
        seconds = self.end - monotonic()
        if seconds <= 0.0:
            raise SolverError(
                f"time_limit of {self.time_limit:g} seconds is over before weights were proved to "
                "be the best; raise it, or gap, how far from the best they may be"
            )
        return seconds
