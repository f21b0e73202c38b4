"""The quantities the facts may speak of, with their units, from data/quantities.csv."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.errors import DataError
from marketsim.resources import folder

__all__ = ["known_quantities"]

COLUMNS: Final = ("quantity", "units", "forward", "meaning")


def known_quantities() -> pd.DataFrame:
    """Every known quantity.

    Returns
    -------
    DataFrame
        Indexed by quantity: `units`, a tuple of the allowed ones; `forward`, whether a row
        may be published before its date (forecasts, auctions for a later year, trends);
        `meaning`, in one line.

    Raises
    ------
    DataError
        data/quantities.csv is missing or wrong.
    """
    return _read(folder("data") / "quantities.csv").copy()


@lru_cache(maxsize=4)
def _read(path: Path) -> pd.DataFrame:
    try:
        rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; it lists the known quantities") from error
    if tuple(rows.columns) != COLUMNS:
        raise DataError(f"{path.name}, line 1: the columns are {', '.join(COLUMNS)}")
    _raise_faults(path.name, rows)
    units = [tuple(unit.strip() for unit in text.split(";")) for text in rows["units"]]
    table = pd.DataFrame(
        {"units": units, "forward": rows["forward"] == "yes", "meaning": rows["meaning"]}
    )
    return table.set_index(pd.Index(rows["quantity"], name="quantity"))


def _raise_faults(name: str, rows: pd.DataFrame) -> None:
    faults = [
        f"{name}, line {line + 2}, column {column}: {text}"
        for column, wrong, text in (
            ("quantity", rows["quantity"].duplicated(), "stands twice; keep one"),
            ("units", rows["units"] == "", "is empty; list units separated by ';'"),
            ("forward", ~rows["forward"].isin(["yes", "no"]), "write yes or no"),
            ("meaning", rows["meaning"] == "", "is empty; say it in one line"),
        )
        for line in rows.index[wrong]
    ]
    if faults:
        raise DataError("\n".join(faults))
