"""The list of assumptions as people read it: in a terminal, and in the README."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, zip_longest
from textwrap import wrap
from typing import Final

import pandas as pd

from .formats import number, sentence, trimmed

__all__ = ["assumptions_markdown", "assumptions_text", "valuation_markdown"]

PRIOR: Final = {"median": "median", "p05": "5 %", "p95": "95 %"}
LEARNT: Final = {"median": "prior", "value": "value", "moved": "moved", "posterior_sd": "sd"}
DEVIATIONS: Final = ("moved", "posterior_sd")
FIGURE: Final = 10
NARROWEST: Final = 24
"""Characters of a figure, and the least that are left for the words beside it."""


def assumptions_text(table: pd.DataFrame, width: int | None = None) -> str:
    """Lay out a table of assumptions as plain text, by group.

    Parameters
    ----------
    table : DataFrame
        What `describe_assumptions` returns; with what a calibration learnt, that is shown in the
        place of the prior's percentiles.
    width : int, optional
        Columns of the terminal; without it no line is wrapped.

    Returns
    -------
    str
        Names and figures on the left; meaning, unit with the kind of prior, source on the right.
    """
    shown = LEARNT if "value" in table else PRIOR
    longest = max(len(part) + 2 for name in table.index for part in name.split("["))
    names = max(longest, len("assumption") + 1)
    room = None if width is None else max(NARROWEST, width - names - FIGURE * len(shown) - 2)
    head = _left("assumption", [f"{label:>{FIGURE}}" for label in shown.values()], names)
    lines = [f"{head}  meaning; unit, prior; source"]
    for group, members in table.groupby("group", sort=False):
        lines += ["", sentence(str(group))]
        for field, rows in _fields(members):
            left = list(_figures(field, rows, list(shown), names))
            blank = " " * len(head)
            both = zip_longest(left, _words(rows, room), fillvalue=None)
            lines += [f"{a or blank}  {b or ''}".rstrip() for a, b in both]
    return "\n".join(lines)


def assumptions_markdown(table: pd.DataFrame) -> str:
    """Lay out a table of assumptions as Markdown, one table for each group, a row for each field.

    Parameters
    ----------
    table : DataFrame
        What `describe_assumptions` returns.

    Returns
    -------
    str
        The text, without a newline at its end.
    """
    columns = ("assumption", "meaning", "unit", "prior", "median", "5 to 95 %", "source")
    head = [_row(columns), "|---" * len(columns) + "|"]
    parts = []
    for group, members in table.groupby("group", sort=False):
        rows = [_markdown_row(field, rows) for field, rows in _fields(members)]
        parts.append("\n".join([f"**{sentence(str(group))}**", "", *head, *rows]))
    return "\n\n".join(parts)


def valuation_markdown(table: pd.DataFrame) -> str:
    """Lay out what valuation assumes as Markdown, a row for each assumption.

    Parameters
    ----------
    table : DataFrame
        What `marketsim.valuation.valuation_table` returns.

    Returns
    -------
    str
        The text, without a newline at its end.
    """
    columns = ("assumption", "meaning", "unit", "value", "10 to 90 %", "source")
    rows = [
        _row(
            [
                f"`{name}`",
                *(_escaped(str(row[word])) for word in ("meaning", "unit")),
                trimmed(float(row["value"])),
                f"{trimmed(float(row['low']))} to {trimmed(float(row['high']))}",
                _escaped(str(row["source"])),
            ]
        )
        for name, row in table.iterrows()
    ]
    return "\n".join([_row(columns), "|---" * len(columns) + "|", *rows])


def _fields(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each field and its rows: one, or one for each entry."""
    for field, names in groupby(table.index, key=lambda name: str(name).partition("[")[0]):
        yield field, table.loc[list(names)]


def _entry(name: object) -> str:
    return str(name).partition("[")[2].rstrip("]")


def _figures(field: str, rows: pd.DataFrame, columns: list[str], names: int) -> Iterator[str]:
    """The left of a field: its name and figures, those of a vector one below the other."""
    if _entry(rows.index[0]):
        yield _left(field, [" " * FIGURE] * len(columns), names)
    for name, row in rows[columns].iterrows():
        label = f"  {_entry(name)}" if _entry(name) else field
        yield _left(label, [_figure(float(row[c]), c in DEVIATIONS) for c in columns], names)


def _left(label: str, figures: list[str], names: int) -> str:
    return f"{label:<{names}}{''.join(figures)}"


def _figure(value: float, deviations: bool) -> str:
    """Three digits, two decimals of standard deviations; with the minus that programs read."""
    text = number(value, 2) if deviations else trimmed(value)
    return f" {text}".replace("\N{MINUS SIGN}", "-").rjust(FIGURE)


def _words(rows: pd.DataFrame, room: int | None) -> list[str]:
    first = rows.iloc[0]
    told = [first["meaning"], f"{first['unit']}, {first['prior']}", first["source"]]
    if room is None:
        return told
    return [
        line
        for text in told
        for line in wrap(text, room, break_long_words=False, break_on_hyphens=False)
    ]


def _markdown_row(field: str, rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    labels = [f"{_entry(name)} ".lstrip() for name in rows.index]
    medians = [f"{a}{trimmed(b)}" for a, b in zip(labels, rows["median"], strict=True)]
    ranges = [
        f"{trimmed(a)} to {trimmed(b)}" for a, b in zip(rows["p05"], rows["p95"], strict=True)
    ]
    words = [_escaped(first[name]) for name in ("meaning", "unit", "prior", "source")]
    figures = ["<br>".join(medians), "<br>".join(ranges)]
    return _row([f"`{field}`", *words[:3], *figures, words[3]])


def _escaped(text: str) -> str:
    """Text whose signs mean nothing to Markdown."""
    return text.replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
