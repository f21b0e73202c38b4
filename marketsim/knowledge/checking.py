"""What every row of the facts must satisfy, checked for all rows of a file at once.

Each check looks at one column and yields a fault per offending row; none stops another, so
that whoever mends a file sees everything in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import nearest
from marketsim.knowledge.reading import Fault
from marketsim.knowledge.table import COLUMNS, CONFIDENCES

__all__ = ["check_rows", "parse"]

EARLIEST: Final = pd.Timestamp("1900-01-01")
LATEST: Final = pd.Timestamp("2100-12-31")
NUMBER: Final = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
ISO_DAY: Final = r"\d{4}-\d{2}-\d{2}"

Check = Callable[[pd.DataFrame, pd.DataFrame], Iterator[Fault]]


def parse(text: pd.DataFrame) -> pd.DataFrame:
    """The columns of `text` with days and numbers read; NaT and NaN where they cannot be."""
    typed = text.copy()
    for column in {"date", "published"} & set(text.columns):
        typed[column] = _days(text[column])
    if "value" in text:
        typed["value"] = _numbers(text["value"])
    return typed


def check_rows(text: pd.DataFrame, quantities: pd.DataFrame) -> list[Fault]:
    """Faults of the rows of one file, by line and column.

    Parameters
    ----------
    text : DataFrame
        Columns as strings, indexed by line.
    quantities : DataFrame
        The known quantities.
    """
    faults = [fault for check in _CHECKS for fault in check(text, quantities)]
    return sorted(faults, key=lambda fault: (fault.line, COLUMNS.index(fault.column)))


def _numbers(column: pd.Series) -> np.ndarray:
    written = column.str.fullmatch(NUMBER).to_numpy(dtype=bool)
    values = np.full(len(column), np.nan)
    values[written] = column[written].to_numpy(dtype=object).astype(float)
    values[~np.isfinite(values)] = np.nan
    return values


def _days(column: pd.Series) -> pd.Series:
    written = column.where(column.str.fullmatch(ISO_DAY))
    return pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")


def _said(text: pd.DataFrame, column: str, wrong: pd.Series, says: str) -> Iterator[Fault]:
    """A fault for each wrong row; `{}` in `says` stands for what the row says."""
    for line, given in text.loc[wrong.to_numpy(dtype=bool), column].items():
        yield Fault(int(str(line)), column, says.replace("{}", repr(given)))


def _empty(text: pd.DataFrame, _: pd.DataFrame) -> Iterator[Fault]:
    for column in text.columns.intersection(["quantity", "entity", "unit", "source"]):
        yield from _said(text, column, text[column].str.strip() == "", _WANTED[column])


def _spaces(text: pd.DataFrame, _: pd.DataFrame) -> Iterator[Fault]:
    for column in text.columns.intersection(["quantity", "entity", "unit"]):
        bare = text[column].str.strip()
        says = "{} begins or ends with a space; remove it"
        yield from _said(text, column, (bare != text[column]) & (bare != ""), says)


def _dates(text: pd.DataFrame, _: pd.DataFrame) -> Iterator[Fault]:
    for column in text.columns.intersection(["date", "published"]):
        days = _days(text[column])
        yield from _said(text, column, days.isna(), "{} is not a day; write it as 2025-12-31")
        odd = (days < EARLIEST) | (days > LATEST)
        yield from _said(text, column, odd, "{} lies outside 1900 to 2100; check the year")


def _published(text: pd.DataFrame, quantities: pd.DataFrame) -> Iterator[Fault]:
    if not {"quantity", "date", "published"} <= set(text.columns):
        return
    date, published = _days(text["date"]), _days(text["published"])
    bound = text["quantity"].isin(quantities.index[~quantities["forward"]])
    early = (published < date) & bound
    for line in text.index[early]:
        quantity, given, end = text.loc[line, ["quantity", "published", "date"]]
        yield Fault(
            int(line),
            "published",
            f"'{given}' is before the date {end}, and '{quantity}' is no forecast; "
            f"write the first day it was public",
        )


def _value(text: pd.DataFrame, _: pd.DataFrame) -> Iterator[Fault]:
    if "value" not in text:
        return
    unit = text["unit"] if "unit" in text else pd.Series("its unit", index=text.index)
    wrong = np.isnan(_numbers(text["value"]))
    for line in text.index[wrong]:
        yield Fault(
            int(line),
            "value",
            f"'{text.loc[line, 'value']}' is not a number; "
            f"write a decimal number in {unit.loc[line] or 'its unit'}",
        )


def _confidence(text: pd.DataFrame, _: pd.DataFrame) -> Iterator[Fault]:
    if "confidence" in text:
        wrong = ~text["confidence"].isin(CONFIDENCES)
        yield from _said(
            text, "confidence", wrong, f"{{}} is not a confidence; write {' or '.join(CONFIDENCES)}"
        )


def _quantity(text: pd.DataFrame, quantities: pd.DataFrame) -> Iterator[Fault]:
    if "quantity" not in text:
        return
    stripped = text["quantity"].str.strip()
    unknown = text["quantity"][~stripped.isin(quantities.index) & (stripped != "")]
    hints = {name: nearest(name, quantities.index) for name in unknown.unique()}
    for line, name in unknown.items():
        says = hints[name] or " New ones get a line in quantities.csv."
        yield Fault(int(str(line)), "quantity", f"'{name}' is not a known quantity.{says}")


def _unit(text: pd.DataFrame, quantities: pd.DataFrame) -> Iterator[Fault]:
    if not {"quantity", "unit"} <= set(text.columns):
        return
    pairs = text[["quantity", "unit"]].drop_duplicates()
    pairs = pairs[pairs["quantity"].isin(quantities.index) & (pairs["unit"].str.strip() != "")]
    for quantity, unit in pairs.itertuples(index=False):
        allowed = quantities.loc[quantity, "units"]
        if unit.strip() not in allowed:
            same = (text["quantity"] == quantity) & (text["unit"] == unit)
            says = f"'{quantity}' is given in {{}}; write it in {' or '.join(map(repr, allowed))}"
            yield from _said(text, "unit", same, says)


_WANTED: Final = {
    "quantity": "is empty; name one of the known quantities",
    "entity": "is empty; name what the row is about",
    "unit": "is empty; write the unit of the value",
    "source": "is empty; say where the figure comes from",
}

_CHECKS: Final[tuple[Check, ...]] = (
    _quantity,
    _unit,
    _empty,
    _spaces,
    _dates,
    _published,
    _value,
    _confidence,
)
