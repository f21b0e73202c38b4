"""What reading a panel puts right in silence, told from the table as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

__all__ = ["repairs"]


def repairs(source: pd.DataFrame | Path | str, panel: pd.DataFrame) -> Iterator[str]:
    """What of a source stands otherwise in the panel that was read from it."""
    try:
        table = source if isinstance(source, pd.DataFrame) else _table(Path(source).expanduser())
    except (OSError, ValueError):  # what `read_panel` can read and pandas cannot is not told of
        return
    days = _days(table)
    if not days.is_monotonic_increasing:
        yield "days were not in order; they are now"
    names = {str(name).casefold() for name in table.columns}
    long = {"ticker", "close"} <= names
    if not long and days.has_duplicates:
        twice = days[days.duplicated()]
        yield f"days given twice with the same closes, the first {twice[0]}; kept once"
    left = [str(name) for name in table.columns if str(name).startswith("^")]
    if left := [name for name in left if name not in panel]:
        yield f"{', '.join(left)}: indices and yields, which nobody can hold; left out"
    if not long and len(panel) < days.nunique():
        yield f"days without any close, {days.nunique() - len(panel)} in all; left out"


def _table(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=str)


def _days(table: pd.DataFrame) -> pd.Index:
    """Days as text, so that their order is that of the calendar."""
    if isinstance(table.index, pd.DatetimeIndex):
        return pd.Index([f"{day:%Y-%m-%d}" for day in table.index])
    date = [name for name in table.columns if str(name).casefold() == "date"]
    column = table[(date or list(table.columns))[0]].tolist()
    return pd.Index([str(cell)[:10] for cell in column])
