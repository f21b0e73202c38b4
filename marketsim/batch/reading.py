"""A file of jobs: strategies, periods, universes and a grid of settings, all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

from marketsim.backtesting import Costs
from marketsim.backtesting.loading import source_of
from marketsim.backtesting.rebalancing import days_or_period, require_rebalance
from marketsim.batch.job import EMBEDDED, Job
from marketsim.dates import day
from marketsim.errors import DataError, InputError, nearest
from marketsim.tables import Fault, Place, Toml, read_toml, refuse

__all__ = ["read_jobs"]

KEYS: Final = ("strategies", "periods", "universes", "grid", "facts", "believe")
BOUNDS: Final = ("start", "end")
SOURCES: Final = (EMBEDDED, "yahoo")
EMPTY: Final = 'no job; write at least strategies = ["equal_weight"]'


def read_jobs(path: Path | str) -> tuple[Job, ...]:
    """Read a file of jobs: each strategy over each period and universe, under each of a grid.

    Parameters
    ----------
    path
        A TOML file. Paths in it are taken from its folder.

    Raises
    ------
    DataError
        The file cannot be read, or has faults: all of them, with line and what would be right.
    """
    file = Path(path).expanduser()
    sheet = _Sheet(read_toml(file, "jobs file", EMPTY), file.absolute().parent)
    strategies, periods = sheet.strategies(), sheet.periods()
    universes, grid = sheet.universes(), sheet.grid()
    common = {"facts": sheet.facts(), "believe": sheet.believe()}
    sheet.unknown(sheet.content, KEYS, "")
    refuse(sheet.faults)
    settings = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    return tuple(
        Job(**{"strategy": strategy, **period, **universe, **setting, **common})
        for strategy, period, universe, setting in product(strategies, periods, universes, settings)
    )


class _Sheet:
    """A file as far as it is read, and what is wrong with it."""

    def __init__(self, toml: Toml, folder: Path) -> None:
        self.toml, self.content, self.folder = toml, toml.content, folder
        self.faults: list[Fault] = []

    def fault(self, key: str, says: str, table: str = "") -> None:
        after = self.toml.start(f"[{table}]") if table else 0
        place = Place(self.toml.name, self.toml.line(key, after))
        self.faults.append(Fault(place, "", says))

    def unknown(
        self, found: dict[str, Any], known: tuple[str, ...], table: str, at: str = ""
    ) -> None:
        for key in found:
            if key not in known:
                says = f"'{key}' is unknown; write one of {', '.join(known)}.{nearest(key, known)}"
                self.fault(at or key, says, table)

    def strategies(self) -> list[str]:
        """Names, and absolute paths of files."""
        given = self.content.get("strategies")
        right = 'write names or paths of files, strategies = ["equal_weight", "mine.py"]'
        if given is None or not _texts(given):
            self.fault("strategies", f"strategies is {_shown(given)}; {right}")
            return []
        found = [str(self.folder / Path(s).expanduser()) if _is_path(s) else s for s in given]
        for strategy in found:
            try:
                source_of(strategy)
            except InputError as error:
                self.fault("strategies", str(error))
        self._once("strategies", given)
        return found

    def periods(self) -> list[dict[str, Any]]:
        """Names with first and last days; one without bounds where there is none."""
        found: list[dict[str, Any]] = []
        for name, body in self._named("periods", "{ start = 2021-01-01, end = 2023-12-31 }"):
            if not isinstance(body, dict):
                says = f"period '{name}' is {_shown(body)}; write {{ start = ..., end = ... }}"
                self.fault(name, says, "periods")
                continue
            self.unknown(body, BOUNDS, "periods", at=name)
            start, end = (self._day(name, bound, body.get(bound)) for bound in BOUNDS)
            if start and end and start > end:
                self.fault(name, f"period '{name}' ends on {end}, before {start}", "periods")
            found.append({"period": name, "start": start, "end": end})
        return found or [{}]

    def _day(self, period: str, bound: str, value: Any) -> str | None:
        if value is None:
            return None
        try:
            return f"{day(value, f'{bound} of period {period!r}: {bound}'):%Y-%m-%d}"
        except InputError as error:
            self.fault(period, str(error), "periods")
            return None

    def universes(self) -> list[dict[str, Any]]:
        """Names with tickers; one of all companies where there is none."""
        found: list[dict[str, Any]] = []
        for name, tickers in self._named("universes", '["NVDA", "AMD"]'):
            if not _texts(tickers):
                says = f'universe \'{name}\' is {_shown(tickers)}; write tickers, ["NVDA", "AMD"]'
                self.fault(name, says, "universes")
                continue
            self._once(name, tickers, "universes")
            found.append({"universe": name, "tickers": tuple(tickers)})
        return found or [{}]

    def _named(self, key: str, example: str) -> Iterator[tuple[str, Any]]:
        given = self.content.get(key, {})
        if not isinstance(given, dict):
            self.fault(
                key, f"{key} is {_shown(given)}; write [{key}] with a line each: x = {example}"
            )
            return
        yield from given.items()

    def grid(self) -> dict[str, list[Any]]:
        """Values of each setting that is named; lists are all tried."""
        given = self.content.get("grid", {})
        if not isinstance(given, dict):
            says = (
                f"grid is {_shown(given)}; write [grid] with settings such as cost = [0.0, 0.001]"
            )
            self.fault("grid", says)
            return {}
        self.unknown(given, tuple(SETTINGS), "grid")
        found: dict[str, list[Any]] = {}
        for key in (key for key in given if key in SETTINGS):
            values = given[key] if isinstance(given[key], list) else [given[key]]
            if not values:
                self.fault(key, f"{key} is an empty list; leave it out for the default", "grid")
            for value in values:
                if says := SETTINGS[key](value):
                    self.fault(key, says, "grid")
            self._once(key, values, "grid")
            place = PLACES.get(key)
            found[key] = values if place is None else [place(self, value) for value in values]
        return found

    def _price_source(self, value: Any) -> Any:
        if not isinstance(value, str) or value.casefold() in SOURCES:
            return value.casefold() if isinstance(value, str) else value
        path = self.folder / Path(value).expanduser()
        if not path.is_file():
            says = f"prices '{value}': there is no such file beside {self.toml.name}"
            self.fault("prices", f"{says}; give a CSV or Parquet file, or {' or '.join(SOURCES)}")
        return str(path)

    def _regimes(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        from marketsim.scenarios import read_regimes  # which imports the model

        path = str(self.folder / Path(value).expanduser())
        if says := _refused(read_regimes)(path):
            self.fault("scenarios", says, "grid")
        return path

    def facts(self) -> str | None:
        """A folder of one's own facts."""
        given = self.content.get("facts")
        if given is None:
            return None
        path = self.folder / Path(given).expanduser() if isinstance(given, str) else None
        if path is None or not path.is_dir():
            self.fault("facts", f"facts is {_shown(given)}; name a folder of rows of your own")
        return str(path)

    def believe(self) -> tuple[str, ...]:
        """Tickers whose closes are taken as they stand."""
        given = self.content.get("believe", [])
        if given != [] and not _texts(given):
            self.fault("believe", f'believe is {_shown(given)}; write tickers, ["XYZ"]')
            return ()
        return tuple(given)

    def _once(self, key: str, values: list[Any], table: str = "") -> None:
        for value in {str(v) for v in values if values.count(v) > 1}:
            self.fault(key, f"{key} has '{value}' twice", table)


def _is_path(text: str) -> bool:
    return text.endswith(".py") or "/" in text or "\\" in text


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) and v for v in value)


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:80]


def _refused(check: Callable[[Any], Any]) -> Callable[[Any], str]:
    """Return what a check says of a value, nothing where it is sound."""

    def says(value: Any) -> str:
        try:
            check(value)
        except (InputError, DataError) as error:
            return str(error)
        return ""

    return says


def _rebalance(value: Any) -> None:
    require_rebalance(days_or_period(value) if isinstance(value, str) else str(value))


def _costs(name: str) -> Callable[[Any], str]:
    def check(value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name}={value!r} is a fraction of the traded value, as 0.001")
        try:
            Costs(proportional=value) if name == "cost" else Costs(spread=value)
        except InputError as error:
            raise InputError(str(error).replace("proportional=", "cost=")) from error

    return _refused(check)


def _benchmark(value: Any) -> str:
    sound = isinstance(value, str) and value
    return "" if sound else f"benchmark={value!r} is neither 'market' nor a ticker"


def _cash_yield(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if number and abs(value) < 1.0 else f"cash_yield={value!r} is a rate a year, as 0.04"


def _prices(value: Any) -> str:
    sound = isinstance(value, str) and value
    return "" if sound else f"prices={value!r} is no file; write a path, or {' or '.join(SOURCES)}"


def _scenarios(value: Any) -> str:
    sound = isinstance(value, str) and value
    return "" if sound else f'scenarios={value!r} is no file; write paths, ["mine.toml"]'


SETTINGS: Final[dict[str, Callable[[Any], str]]] = {
    "rebalance": _refused(_rebalance),
    "cost": _costs("cost"),
    "spread": _costs("spread"),
    "benchmark": _benchmark,
    "cash_yield": _cash_yield,
    "prices": _prices,
    "scenarios": _scenarios,
}
"""What may stand in [grid], and what is wrong with a value of it."""

PLACES: Final[dict[str, Callable[[_Sheet, Any], Any]]] = {
    "prices": _Sheet._price_source,
    "scenarios": _Sheet._regimes,
}
"""Settings whose values are files beside the sheet."""
