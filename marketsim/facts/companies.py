"""The companies of the universe, from data/companies.csv."""

from __future__ import annotations

from typing import Final

import pandas as pd

from marketsim.errors import DataError
from marketsim.resources import folder

__all__ = ["load_companies"]

FILE: Final = "companies.csv"
COLUMNS: Final = ("ticker", "company", "layer", "fiscal_year_end_month")
MONTHS: Final = [str(month) for month in range(1, 13)]


def load_companies() -> pd.DataFrame:
    """The companies, in the order of the file: by layer, chips first.

    Returns
    -------
    DataFrame
        Indexed by ticker: `company`, `layer` and `fiscal_year_end_month` (1 to 12).

    Raises
    ------
    DataError
        The file is missing or wrong; every fault is named.
    """
    path = folder("data") / FILE
    try:
        rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; it lists the companies") from error
    if tuple(rows.columns) != COLUMNS:
        raise DataError(f"{FILE}, line 1: the columns are {', '.join(COLUMNS)}")
    _raise_faults(rows)
    return rows.astype({"fiscal_year_end_month": "int64"}).set_index("ticker")


def _raise_faults(rows: pd.DataFrame) -> None:
    month = rows["fiscal_year_end_month"]
    faults = [
        f"{FILE}, line {line + 2}, column {column}: '{rows.loc[line, column]}' {text}"
        for column, wrong, text in (
            ("ticker", rows["ticker"].duplicated(), "stands twice; keep one"),
            *((c, rows[c].str.strip() == "", "is empty") for c in COLUMNS[:3]),
            (COLUMNS[3], ~month.isin(MONTHS), "is not a month; write 1 to 12"),
        )
        for line in rows.index[wrong]
    ]
    if faults:
        raise DataError("\n".join(faults))
