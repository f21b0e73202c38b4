"""`Prices`: closes and what they say about risk, frozen at a date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from marketsim.errors import InputError, PriceError, nearest
from marketsim.prices.splits import NO_SPLITS, traded_closes
from marketsim.prices.statistics import statistics_from
from marketsim.renames import Tickers

__all__ = ["Prices"]


@dataclass(frozen=True, eq=False)
class Prices:
    """Closing prices and market statistics, as known on a date.

    Attributes
    ----------
    closes : DataFrame [date, ticker]
        Adjusted daily closes up to `as_of`, NaN where not traded. Levels depend on the day of
        adjustment: use returns. The embedded snapshot has closes for a few tickers only.
    as_of : Timestamp
        Nothing here was known later.
    statistics : DataFrame, by ticker
        close (USD, on the split basis of `as_of`), market_cap (USD bn), volatility (annual,
        fraction), beta, dof (Student-t degrees of freedom of daily returns), source.
    correlation : DataFrame [ticker, ticker]
        Of weekly returns, over the tickers of `statistics`.
    splits : DataFrame
        Those that the closes are adjusted for, later ones than `as_of` among them: they say what
        must be undone, and nothing else (see `marketsim.prices.splits`).
    adjusted : Timestamp or None
        The day of adjustment: closes are lower by the dividends paid between theirs and it. Where
        it is unknown nobody can say which splits are in them, and they give no market value.
    left_out : mapping of ticker to str
        Why a source that was asked for as many as it has gave nothing of some.
    joined : tuple of str
        In words, which columns of former tickers were joined to those of the present ones.
    """

    closes: pd.DataFrame
    as_of: pd.Timestamp
    statistics: pd.DataFrame
    correlation: pd.DataFrame
    splits: pd.DataFrame = field(default_factory=NO_SPLITS.copy, repr=False)
    adjusted: pd.Timestamp | None = None
    left_out: Mapping[str, str] = field(default_factory=dict, repr=False)
    joined: tuple[str, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        known = self.closes.index
        days = f"{len(known):,} days to {known[-1].date()}" if len(known) else "no days"
        return (
            f"Prices({len(self.statistics)} companies, closes of {self.closes.shape[1]} on {days}, "
            f"as of {self.as_of.date()})"
        )

    @classmethod
    def from_closes(
        cls,
        closes: pd.DataFrame,
        as_of: str | pd.Timestamp | None = None,
        shares: Mapping[str, float] | pd.Series | None = None,
        *,
        splits: pd.DataFrame = NO_SPLITS,
        traded: pd.Series | None = None,
        adjusted: pd.Timestamp | None = None,
    ) -> Prices:
        """Prices of a panel that has been checked; see `statistics_from` for the figures.

        Parameters
        ----------
        closes : DataFrame [date, ticker]
        as_of : date, optional
            The panel's last day by default.
        shares : mapping of ticker to shares in millions, optional
            On the split basis of the date.
        splits : DataFrame
            Those that the closes are adjusted for, as `splits_in` has them.
        traded : Series, by ticker, optional
            Closes of the date on its own split basis; by default `splits` are undone.
        adjusted : Timestamp, optional
            The day of adjustment.

        Raises
        ------
        PriceError
            There is no close by the date.
        """
        date = closes.index[-1] if as_of is None else pd.Timestamp(as_of)
        known = closes.loc[:date].copy()
        if known.empty:
            raise PriceError(
                f"there are no closes as of {date:%Y-%m-%d}: the first is of "
                f"{closes.index[0]:%Y-%m-%d}; ask for a later date, or give earlier closes"
            )
        if traded is None:
            traded = traded_closes(known, date, splits)
        statistics, correlation = statistics_from(known, date, shares, traded)
        return cls(known, date, statistics, correlation, splits, adjusted)

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every ticker that has statistics or closes."""
        return tuple(dict.fromkeys([*self.statistics.index, *self.closes.columns]))

    def select(self, tickers: Iterable[str]) -> Prices:
        """The same for some tickers, in their order.

        Raises
        ------
        InputError
            A ticker is not here; the message names the nearest that is.
        """
        wanted = list(dict.fromkeys(tickers))
        require_known(wanted, self.tickers)
        measured = [ticker for ticker in wanted if ticker in self.statistics.index]
        return replace(
            self,
            closes=self.closes[[ticker for ticker in wanted if ticker in self.closes.columns]],
            statistics=self.statistics.loc[measured],
            correlation=self.correlation.loc[measured, measured],
        )


def require_known(wanted: Iterable[str], known: Iterable[str]) -> None:
    """Raise an InputError for tickers that are not known, each with the nearest one that is.

    Where those known are `Tickers`, with what a former ticker is called now.
    """
    names = Tickers(known)
    missing = [ticker for ticker in wanted if ticker not in names]
    if missing:
        many = "s" if len(missing) > 1 else ""
        listed = ", ".join(f"'{ticker}'" for ticker in missing)
        hints = dict.fromkeys(nearest(ticker, names) for ticker in missing)
        raise InputError(
            f"no prices for ticker{many} {listed}.{''.join(hints)} Known: {_listing(names)}."
        )


def _listing(names: tuple[str, ...], most: int = 40) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
