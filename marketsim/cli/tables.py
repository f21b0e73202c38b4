"""Tables that are named by their paths: scenarios and weights."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table_at", "weights_at"]


def table_at(path: Path, words: str | None = None) -> pd.DataFrame:
    """A table; names in the column of `words` are read as they stand, `NA` too."""
    import pandas as pd

    from marketsim.errors import DataError

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        with path.open(newline="", encoding="utf-8-sig") as lines:
            header = next(csv.reader(lines), [])
        kept = {words: str} if words in header else None
        table = pd.read_csv(path, dtype=kept, keep_default_na=kept is None, na_values=[""])
    except OSError:
        raise
    except Exception as error:  # pandas and pyarrow raise a dozen kinds for a file that is none
        raise DataError(f"{path} is no table in CSV or Parquet ({error})") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path} has the columns {', '.join(twice)} twice; each name needs one")
    return table.drop(columns=table.columns[0]) if header and not header[0] else table


def weights_at(path: Path) -> dict[str, float]:
    """A table of weights by ticker."""
    from marketsim.errors import DataError

    table = table_at(path, words="ticker")
    if not {"ticker", "weight"} <= set(table.columns):
        raise DataError(f"{path} has no columns ticker and weight")
    twice = table["ticker"][table["ticker"].duplicated()]
    if len(twice):
        raise DataError(f"{path} has {twice.iloc[0]} twice")
    return dict(zip(table["ticker"].astype(str), table["weight"], strict=True))
