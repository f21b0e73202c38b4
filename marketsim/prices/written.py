"""What reading a panel puts right in silence, told from the table as it was read."""

from __future__ import annotations

from collections.abc import Iterator

from marketsim.prices.panel import Formed
from marketsim.prices.shapes import is_long

__all__ = ["repairs"]


def repairs(formed: Formed) -> Iterator[str]:
    """What of a table stands otherwise in its closes."""
    table, days, panel = formed.raw.table, formed.days, formed.panel
    long = is_long(table)
    groups = days.groupby(table["ticker"].astype(str), sort=False) if long else [("", days)]
    if not all(group.is_monotonic_increasing for _, group in groups):
        yield "days were not in order; they are now"
    twice = days[days.duplicated()]
    if not long and len(twice):
        yield f"days given twice with the same closes, the first {twice.iloc[0].date()}; kept once"
    left = [str(name) for name in table.columns if str(name).startswith("^")]
    if left := [name for name in left if name not in panel]:
        yield f"{', '.join(left)}: indices and yields, which nobody can hold; left out"
    if not long and len(panel) < days.nunique():
        yield f"days without any close, {days.nunique() - len(panel)} in all; left out"
