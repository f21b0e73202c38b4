"""What a table may hold, for documentation: the declarations that check it, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from marketsim.tables.schema import Column, Schema

__all__ = ["columns_markdown", "schema_markdown"]


def schema_markdown(schema: Schema) -> str:
    """Return a heading, what tells rows apart, and a row for each column of a table."""
    key = ", ".join(f"`{name}`" for name in schema.key)
    others = " Other columns are passed over." if schema.open else ""
    head = f"### {schema.file}: {schema.holds}\n\nOne row for each {key}.{others}"
    return f"{head}\n\n{columns_markdown(schema.columns)}"


def columns_markdown(columns: Sequence[Column]) -> str:
    """Return a row for each column: its name, what may stand in it, what it says."""
    rows = ["| column | what may stand in it | what it says |", "|---|---|---|"]
    for column in columns:
        meaning = column.meaning.replace("|", "\\|")
        rows.append(f"| {column.name} | {_allowed(column)} | {meaning} |")
    return "\n".join(rows)


def _allowed(column: Column) -> str:
    if column.choices:
        return " or ".join(f"`{choice}`" for choice in column.choices)
    if column.kind == "day":
        return "a day, `2025-12-31`"
    if column.kind in ("number", "whole"):
        unit = column.right.replace("{unit}", "the unit of its row")
        return unit + (", or nothing" if column.optional else "")
    return "text" if column.filled else "text, or nothing"
