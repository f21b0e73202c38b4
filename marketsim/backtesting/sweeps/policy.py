"""`Policy`: a rule of trading as a function of arrays, one description for one walk and for many.

As a strategy it is asked by `backtest` date by date; `sweep` runs it, in one compiled program, over
all dates and any grid of its settings.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.history import History
from marketsim.errors import InputError, nearest
from marketsim.precision import RUN_SELDOM, precise
from marketsim.returns import CASH

if TYPE_CHECKING:
    import jax

__all__ = ["Policy", "last_moves", "moves_of", "number", "reads"]

Array = npt.NDArray[np.float64]

Weigh = Callable[..., "jax.Array"]
"""Of moves [row, ticker], of what can be bought [ticker], and of settings: weights [ticker]."""

LONGEST: Final = 10_000
"""Rows of a window, forty years of days: what is before the first close takes memory, too."""

SEEN: Final = ("moves", "able")
"""What a policy is shown, before its settings."""


@dataclass(frozen=True, eq=False)
class Policy:
    """A rule that weighs tickers by their last moves.

    Attributes
    ----------
    weigh : function of (moves, able, **settings) -> weights
        In JAX. ``moves`` [row, ticker] are simple returns of the last ``window`` rows, the date of
        decision last, NaN where a close is missing; ``able`` [ticker] says what can be bought.
        Weights [ticker] are 0 or above, and 0 where not ``able``; what they sum to below 1 is
        left in cash. Settings are numbers with defaults.
    window : int
        Rows of moves that it is shown. A date before so many are known is shown NaN for them.
    settings : mapping of str to float
        Those that are not the defaults.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> def calm(moves, able, power=1.0):
    ...     raw = jnp.where(able, jnp.nanstd(moves, axis=0) ** -power, 0.0)
    ...     return raw / raw.sum()
    >>> Policy(calm, window=252)
    Policy(calm, 252 rows, power=1)
    """

    weigh: Weigh
    window: int
    settings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not callable(self.weigh):
            raise InputError(f"a policy weighs by a function of moves and able, not {self.weigh!r}")
        object.__setattr__(self, "settings", dict(self.settings))
        window: object = self.window
        if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= LONGEST:
            raise InputError(
                f"window={window!r}: count the rows that it looks back, from 1 to {LONGEST:,}"
            )
        known = self.defaults
        for name, value in self.settings.items():
            if name not in known:
                raise InputError(
                    f"policy '{self.name}' has no setting '{name}'.{nearest(name, known)}"
                )
            number(name, value)

    def __repr__(self) -> str:
        told = "".join(f", {k}={v:g}" for k, v in self.all.items())
        return f"Policy({self.name}, {self.window} rows{told})"

    @property
    def name(self) -> str:
        """Of the function."""
        return str(getattr(self.weigh, "__name__", "policy"))

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def defaults(self) -> dict[str, float]:
        """Settings and their defaults.

        Raises
        ------
        InputError
            A setting has no number for its default.
        """
        given = list(inspect.signature(self.weigh).parameters.values())
        if tuple(one.name for one in given[:2]) != SEEN:
            raise InputError(
                f"policy '{self.name}' takes {', '.join(one.name for one in given) or 'nothing'}; "
                f"it is shown {' and '.join(SEEN)}, before settings with defaults"
            )
        for one in given[2:]:
            if one.default is one.empty:
                raise InputError(
                    f"{one.name} has no default; settings are numbers, as {one.name}=1.0"
                )
        return {one.name: number(f"{one.name}'s default", one.default) for one in given[2:]}

    @property
    def all(self) -> dict[str, float]:
        """All settings, those at their defaults too."""
        return {**self.defaults, **self.settings}

    def at(self, **settings: float) -> Policy:
        """Return the same rule with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def __call__(self, history: History) -> pd.Series:
        """Return the weights of a date, `cash` among them: a policy is a strategy."""
        names = list(history.tickers)
        moves = last_moves(history.closes[names].to_numpy(float), self.window)
        held = pd.Series(self.weights(moves, np.ones(len(names), bool)), names)
        held[CASH] = 1.0 - held.sum()
        return held

    def weights(self, moves: Array, able: npt.NDArray[np.bool_]) -> Array:
        """Return the weights of some moves [row, ticker], [ticker].

        Raises
        ------
        InputError
            JAX cannot trace the function, or it returns something else than weights.
        """
        with precise("float64"):
            self.require_traceable(moves.shape)
            found = _compiled(self.weigh, reads(self.weigh))(moves, able, self.all)
            return np.asarray(found, float)

    def require_traceable(self, shape: tuple[int, ...]) -> None:
        """Refuse a function that JAX cannot trace, or that returns no weights [ticker]."""
        if says := _untraceable(self.weigh, reads(self.weigh), shape, tuple(self.all)):
            raise InputError(f"policy '{self.name}' {says}")

    def record(self) -> dict[str, object]:
        """Return what tells it from other policies, for the record of a backtest."""
        source = f"{getattr(self.weigh, '__module__', '')}.{self.name}"
        return {"function": source, "window": self.window, "settings": self.all}


def last_moves(closes: Array, window: int) -> Array:
    """Return the simple returns [row, ticker] of the last rows of closes, NaN before the first."""
    return moves_of(closes[-window - 1 :], window)[-window:]


def moves_of(closes: Array, before: int) -> Array:
    """Return simple returns [row, ticker] of closes, with so many rows of NaN before them."""
    moves = np.full((before + len(closes), closes.shape[1]), np.nan)
    moves[before + 1 :] = closes[1:] / closes[:-1] - 1.0
    return moves


def number(name: str, value: object) -> float:
    """Return a setting as a number.

    Raises
    ------
    InputError
        It is none.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not np.isfinite(float(value)):
        raise InputError(f"{name}={value!r} is no number; settings are finite numbers")
    return float(value)


def reads(weigh: Weigh) -> tuple[object, ...]:
    """Return plain values that a function reads beside its arguments: compiled, they are fixed."""
    names = getattr(getattr(weigh, "__code__", None), "co_names", ())
    known = getattr(weigh, "__globals__", {})
    found = [(name, known.get(name)) for name in names]
    cells = getattr(weigh, "__closure__", None) or ()
    found += [(str(place), cell.cell_contents) for place, cell in enumerate(cells)]
    return tuple(one for one in found if isinstance(one[1], int | float | str | tuple))


@cache
def _compiled(weigh: Weigh, read: tuple[object, ...]) -> Callable[..., jax.Array]:
    """Return a function of moves, able and settings, compiled; anew where what it reads changed."""
    import jax

    return jax.jit(_by_name(weigh), compiler_options=RUN_SELDOM)


@cache
def _untraceable(
    weigh: Weigh, read: tuple[object, ...], shape: tuple[int, ...], settings: tuple[str, ...]
) -> str:
    """Return why a function has no weights for moves of a shape, nothing where it has.

    Found once for what it reads: a walk asks on every date.
    """
    import jax

    told = np.zeros(shape), np.ones(shape[1:], bool), dict.fromkeys(settings, np.float64(1.0))
    try:
        found = jax.eval_shape(_by_name(weigh), *told)
    except Exception as error:  # whatever the function does
        first = str(error).splitlines()[0] if str(error) else ""
        return f"cannot be traced by JAX: {type(error).__name__}: {first}"
    kind = getattr(getattr(found, "dtype", None), "kind", None)
    if getattr(found, "shape", None) != shape[1:] or kind not in ("f", "i", "b"):
        return f"returns {found}; weights are an array of {shape[1]} numbers, one a ticker"
    return ""


def _by_name(weigh: Weigh) -> Weigh:
    """Return the same function of moves, able and a mapping of settings."""

    def weights(moves: jax.Array, able: jax.Array, settings: Mapping[str, jax.Array]) -> jax.Array:
        return weigh(moves, able, **settings)

    return weights
