"""What became of the claims, as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

import pandas as pd

__all__ = ["claims_markdown", "claims_text"]

WIDTH: Final = 100
FIGURES: Final = 30
"""Columns of a median with its quantiles."""


def claims_text(table: pd.DataFrame) -> str:
    """Lay out the table of :class:`marketsim.claims.ClaimResults` as plain text.

    Each claim gets a line that says what is measured, then one for each source of draws with the
    median, the 5 and 95 % quantiles, the share of draws that satisfy the claim, its bar, and what
    holds most back in the draws that do not. What stands beside follows without a bar.
    """
    by_claim = table.groupby(level="claim", sort=False)
    lines = [line for name, rows in by_claim for line in _claim(str(name), rows.droplevel(0))]
    held = by_claim["holds"].all()
    lost = [name for name, holds in held.items() if not holds]
    said = f"{held.sum()} of {len(held)} claims hold"
    return "\n".join([*lines, said + (f"; {', '.join(map(str, lost))} do not" if lost else "")])


def claims_markdown(table: pd.DataFrame) -> str:
    """Lay out the same table as Markdown: a row for each claim, its median around the mode."""
    head = ["| | claim | measured | |", "|---|---|---|---|"]
    posterior = table[table.index.get_level_values("draws_of") == "posterior"]
    by_claim = posterior.droplevel("draws_of").groupby(level="claim", sort=False)
    return "\n".join([*head, *(_row(str(name), rows.droplevel(0)) for name, rows in by_claim)])


def _row(name: str, rows: pd.DataFrame) -> str:
    first, where = rows.iloc[0], rows.index[0]
    claim = f"**{first['title']}**: {first['statement']} {first['departure']}".strip()
    unit = "" if first["unit"] in first["measured"] else f", {first['unit']}"
    shown = [f"{first['measured']}{unit}; {where}, shown by {first['satisfied']:.0%} of draws"]
    shown += [
        f"{beside} {row['median']:.3g}, by {row['satisfied']:.0%}"
        for beside, row in rows.iloc[1:].iterrows()
    ]
    return f"| {name} | {claim} | {'; '.join(shown)} | {first['median']:.3g} |"


def _claim(name: str, rows: pd.DataFrame) -> Iterator[str]:
    first = rows.iloc[0]
    verdict = "holds" if rows["holds"].all() else "FAILS"
    yield f"{name:4}{first['title']:{WIDTH - 10}}{verdict:>6}"
    yield f"    {first['measured']}, {first['unit']}"
    for where, mine in rows.groupby(level="where", sort=False):
        yield f"    {where}"
        for source, row in mine.droplevel("where").iterrows():
            figures = f"{row['median']:.3g} [{row['q05']:.3g}, {row['q95']:.3g}]"
            yield f"      {source!s:12}{figures:{FIGURES}}{_share(row):>{WIDTH - 18 - FIGURES}}"
    if first["departure"]:
        yield from wrap(
            first["departure"], WIDTH - 6, initial_indent="    ", subsequent_indent="    "
        )
    yield ""


def _share(row: pd.Series) -> str:
    """How many draws satisfy a claim, what held the others back, and how many are known."""
    said = f"{row['satisfied']:.0%} of {row['draws']} draws"
    said += f", bar {row['bar']:.0%}" if row["bar"] else ""
    said += f"; {row['bound_by']} binds the rest" if row["bound_by"] else ""
    known = row["known"]
    return said if known == 1.0 else f"{said.removesuffix(' the rest')}; {1.0 - known:.0%} unknown"
