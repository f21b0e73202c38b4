"""Whether facts can be what they say: beside their neighbours in the series that they stand in.

A figure in USD where USD m is asked for, a capital expense with the sign of a cash-flow statement
and a year's sum in place of a quarter's are numbers in the right column, and calibration would
believe them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.tables import Fault

__all__ = ["implausible"]

SERIES: Final = ["quantity", "entity", "unit"]
RATES: Final = {"percent", "fraction", "x per year", "x", "elasticity", "ratio", "splits"}
"""Units of what may be a hundredth, or change its sign, from one row to the next."""

PAID: Final = re.compile(r"(^|_)(revenue|capex)$")
"""Quantities of which nothing at or below zero is reported."""
SUMMED: Final = ("quarterly_revenue", "quarterly_capex")
"""Quantities of a quarter that have a year's sum."""

TIMES: Final = 300.0
"""A figure so many times its neighbours, or so small a part of them, is in another unit."""
NETS: Final = re.compile(
    r"income|profit|loss|cash_flow|tax|debt|proceeds|stake|result|interest|comp\b|comp$|earnings"
)
"""Quantities of what is left over, or comes at times: they pass through zero."""
LEFT_OVER: Final = 3e4
"""The same for those; and no part of them is too small."""
REACH: Final = 6
"""Neighbours on either side that are looked at, where not all of them can be trusted."""
NEAREST: Final = 3
FEWEST: Final = 2
YEAR: Final = 3.2
"""A quarter is a year's from so many times the quarters before it; growth brings 2.6."""
FALLS: Final = 2.5
"""And so many times those after it, where there are any."""

Array = npt.NDArray[np.float64]


def implausible(rows: pd.DataFrame, trusted: npt.NDArray[np.bool_] | None = None) -> list[Fault]:
    """Return what speaks against facts of sound form.

    Parameters
    ----------
    rows : DataFrame
        Typed rows of facts, with their `place`.
    trusted : array of bool [row], optional
        Rows that others are held against and that are not looked at themselves: those that ship,
        where a user adds some. By default each is held against all others.

    Returns
    -------
    list of Fault
        A unit or currency other than that of the series; a revenue or capital expense at or below
        zero; a figure 300 times its neighbours in quantity, entity and unit, or as small a part; a
        quarter that is a year's sum.
    """
    known = np.zeros(len(rows), dtype=bool) if trusted is None else trusted
    table = rows.assign(known=known).sort_values([*SERIES, "date", "published"], kind="stable")
    asked = ~table["known"].to_numpy(dtype=bool)
    checks = (_other_units, _unpaid, _scales, _years)
    return [fault for check in checks for fault in check(table, asked)]


def _other_units(table: pd.DataFrame, asked: npt.NDArray[np.bool_]) -> Iterator[Fault]:
    """Yield rows in another unit than the trusted ones of their series, or than most of it."""
    pairs = table.drop_duplicates(SERIES).duplicated(SERIES[:2], keep=False)
    if not pairs.any():
        return
    mixed = table[table.set_index(SERIES[:2]).index.isin(_of(table, pairs))]
    for (quantity, entity), rows in mixed.groupby(SERIES[:2], sort=False):
        sure = rows[rows["known"]] if rows["known"].any() else rows
        usual = sure["unit"].value_counts().index[0]
        for _, row in rows[(rows["unit"] != usual) & ~rows["known"]].iterrows():
            says = (
                f"{quantity} of {entity} is in '{usual}' elsewhere; write '{row['unit']}' in that"
            )
            yield Fault(row["place"], "unit", says)


def _of(table: pd.DataFrame, pairs: pd.Series) -> list[tuple[str, str]]:
    chosen = table.loc[pairs.index[pairs], SERIES[:2]]
    return list(chosen.itertuples(index=False, name=None))


def _unpaid(table: pd.DataFrame, asked: npt.NDArray[np.bool_]) -> Iterator[Fault]:
    names = [name for name in table["quantity"].unique() if PAID.search(name)]
    wrong = asked & table["quantity"].isin(names) & (table["value"] <= 0.0)
    for _, row in table[wrong & ~table["unit"].isin(RATES)].iterrows():
        sign = ", without the sign of a cash flow" if "capex" in row["quantity"] else ""
        says = (
            f"{row['entity']}, {row['date']:%Y-%m-%d}: the figure is {row['value']:g}; write one "
            f"above 0{sign}"
        )
        yield Fault(row["place"], "value", says)


def _scales(table: pd.DataFrame, asked: npt.NDArray[np.bool_]) -> Iterator[Fault]:
    usual = _usual(table)
    values = np.abs(table["value"].to_numpy(dtype=float))
    level = asked & ~table["unit"].isin(RATES).to_numpy(dtype=bool) & (values > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.log(values) - usual
    names = table["quantity"].to_numpy()
    nets = np.isin(names, [name for name in table["quantity"].unique() if NETS.search(name)])
    far = np.where(nets, apart > np.log(LEFT_OVER), np.abs(apart) > np.log(TIMES))
    for i in np.flatnonzero(level & far):
        row = table.iloc[i]
        ratio = float(np.exp(abs(apart[i])))
        power = 1000.0 ** max(round(np.log(ratio) / np.log(1000.0)), 1)
        meant = row["value"] / power if apart[i] > 0.0 else row["value"] * power
        share = f"{ratio:,.0f} times" if apart[i] > 0.0 else f"1/{ratio:,.0f} of"
        says = (
            f"{row['entity']}, {row['date']:%Y-%m-%d}: {row['value']:g} {row['unit']} is {share} "
            f"what stands beside it ({np.exp(usual[i]):,.6g}); write it in {row['unit']}, as "
            f"{meant:,.6g} if that is what it is"
        )
        yield Fault(row["place"], "value", says)


def _years(table: pd.DataFrame, asked: npt.NDArray[np.bool_]) -> Iterator[Fault]:
    """Yield quarters that are a year's, beside the three before and the one after."""
    summed = table[table["quantity"].isin(SUMMED).to_numpy(dtype=bool)]
    last = summed.assign(asked=asked[table["quantity"].isin(SUMMED)])
    last = last.drop_duplicates([*SERIES, "date"], keep="last")
    group = last.groupby(SERIES, sort=False)["value"]
    before = (group.shift(1) + group.shift(2) + group.shift(3)) / 3.0
    after = group.shift(-1)
    value, days = last["value"], last["date"] - last.groupby(SERIES, sort=False)["date"].shift(3)
    wrong = last["asked"] & (before > 0.0) & (value > YEAR * before) & (value < 2 * YEAR * before)
    wrong &= (days < pd.Timedelta(days=400)) & (after.isna() | (value > FALLS * after))
    for i in np.flatnonzero(wrong):
        row = last.iloc[i]
        says = (
            f"{row['entity']}, {row['date']:%Y-%m-%d}: {row['value']:g} {row['unit']} is "
            f"{row['value'] / before.iloc[i]:.2g} times the quarters before it, as a year's sum "
            "is; write the quarter's own"
        )
        yield Fault(row["place"], "value", says)


def _usual(table: pd.DataFrame) -> Array:
    """Return the median logarithm of the neighbours of each row; NaN where there are too few.

    Trusted ones alone where the series has at least two, the nearest of them that are within
    reach; else the nearest of all.
    """
    series = table.groupby(SERIES, sort=False).ngroup().to_numpy()
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(table["value"].to_numpy(dtype=float)))
    logs[~np.isfinite(logs)] = np.nan
    known = np.where(table["known"].to_numpy(dtype=bool), logs, np.nan)
    steps = [step for n in range(1, REACH + 1) for step in (-n, n)]
    every = np.stack([_shifted(logs, series, step) for step in steps], axis=1)
    sure = np.stack([_shifted(known, series, step) for step in steps], axis=1)
    every[:, 2 * NEAREST :] = np.nan
    whole = pd.Series(known).groupby(series).transform("median").to_numpy()
    many = pd.Series(known).groupby(series).transform("count").to_numpy() >= FEWEST
    near = _median(sure)
    near = np.where(np.isnan(near) & many, whole, near)
    return np.where(np.isnan(near), _median(every), near)


def _shifted(values: Array, series: npt.NDArray[Any], step: int) -> Array:
    """Return the value `step` rows on, of the same series; NaN where there is none."""
    moved = np.full(len(values), np.nan)
    if abs(step) >= len(values):
        return moved
    here = slice(max(-step, 0), len(values) - max(step, 0))
    there = slice(max(step, 0), len(values) - max(-step, 0))
    moved[here] = np.where(series[here] == series[there], values[there], np.nan)
    return moved


def _median(values: Array) -> Array:
    """Return the median of each row that has at least two values, else NaN."""
    found = np.full(len(values), np.nan)
    enough = np.isfinite(values).sum(axis=1) >= FEWEST
    found[enough] = np.nanmedian(values[enough], axis=1)
    return found
