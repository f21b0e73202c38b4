"""What became of the claims, as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

import pandas as pd

__all__ = ["claims_markdown", "claims_text"]

WIDTH: Final = 100


def claims_text(table: pd.DataFrame) -> str:
    """Lay out the table of :class:`marketsim.claims.ClaimResults` as plain text.

    Each claim gets a line that says what is measured, then one for each source of draws with the
    median, the 5 and 95 % quantiles, the share of draws that satisfy the claim, its bar, and what
    holds most back in the draws that do not. What stands beside follows, where anything does.
    """
    by_claim = table.groupby(level=0, sort=False)
    lines = [line for name, rows in by_claim for line in _claim(str(name), rows.droplevel(0))]
    held = by_claim["holds"].all()
    lost = [name for name, holds in held.items() if not holds]
    said = f"{held.sum()} of {len(held)} claims hold"
    return "\n".join([*lines, said + (f"; {', '.join(map(str, lost))} do not" if lost else "")])


def claims_markdown(table: pd.DataFrame) -> str:
    """Lay out the same table as Markdown: a row for each claim, its median around the mode."""
    head = ["| | claim | measured | |", "|---|---|---|---|"]
    rows = table.xs("posterior", level="draws_of")
    return "\n".join([*head, *(_row(str(name), row) for name, row in rows.iterrows())])


def _row(name: str, row: pd.Series) -> str:
    claim = f"**{row['title']}**: {row['statement']} {row['departure']}".strip()
    unit = "" if row["unit"] in row["measured"] else f", {row['unit']}"
    beside = f"; {row['beside']} {row['beside_median']:.3g}" if row["beside"] else ""
    return f"| {name} | {claim} | {row['measured']}{unit}{beside} | {row['median']:.3g} |"


def _claim(name: str, rows: pd.DataFrame) -> Iterator[str]:
    first = rows.iloc[0]
    verdict = "holds" if rows["holds"].all() else "FAILS"
    yield f"{name:4}{first['title']:{WIDTH - 10}}{verdict:>6}"
    yield f"    {first['measured']}, {first['unit']}"
    for source, row in rows.iterrows():
        figures = f"{row['median']:.3g} [{row['q05']:.3g}, {row['q95']:.3g}]"
        share = f"{row['satisfied']:.0%} of {row['draws']} draws, bar {row['bar']:.0%}"
        share += f"; {row['bound_by']} binds the rest" if row["bound_by"] else ""
        yield f"      {source!s:12}{figures:30}{share:>{WIDTH - 48}}"
    if first["beside"]:
        yield f"    {first['beside']}"
        for source, row in rows.iterrows():
            low, middle, high = (row[f"beside_{name}"] for name in ("q05", "median", "q95"))
            figures = f"{middle:.3g} [{low:.3g}, {high:.3g}]"
            known = f"known in {row['beside_known']:.0%} of draws"
            yield f"      {source!s:12}{figures:30}{known:>{WIDTH - 48}}"
    if first["departure"]:
        yield from wrap(
            first["departure"], WIDTH - 6, initial_indent="    ", subsequent_indent="    "
        )
    yield ""
