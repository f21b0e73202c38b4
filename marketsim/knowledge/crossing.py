"""What one table says of another: names that must stand in both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from marketsim.dates import day
from marketsim.errors import nearest
from marketsim.knowledge.completeness import COMPLETE
from marketsim.knowledge.quantities import QUANTITIES
from marketsim.knowledge.revenue_map import LINES, layer_faults
from marketsim.knowledge.served import MODELS
from marketsim.knowledge.universe import COMPANIES, GROUPS, LAYERS, ORDERS
from marketsim.renames import RENAMES
from marketsim.tables import Fault, Place, Rows

__all__ = ["crossed", "unreported"]

MEMBERS: Final = {
    "owners": COMPANIES.file,
    "merchant_line": LINES.file,
    "reference_models": MODELS.file,
}
"""Groups whose members stand in a table, and in which."""

ADDED_UP: Final = {
    "owners": ("quarterly_capex", "quarterly_operating_cash_flow"),
    "designers": ("installed_h100e",),
    "laboratories": ("lab_revenue_run_rate",),
}
"""Groups whose sums are known where all members are, and of what."""


def crossed(tables: dict[str, Rows]) -> Iterator[Fault]:
    """Yield the names that another table should know and does not.

    Parameters
    ----------
    tables
        Rows by file, all of them.
    """
    layers, companies, lines = (tables[t.file] for t in (LAYERS, COMPANIES, LINES))
    yield from layer_faults(lines, tuple(layers["layer"]))
    yield from _sorted_companies(companies, lines, layers)
    for _, row in lines[~lines["ticker"].isin(companies["ticker"])].iterrows():
        yield _unknown(row["place"], "ticker", row["ticker"], companies["ticker"], COMPANIES.file)
    yield from _idle(companies, lines)
    yield from _members(tables)
    yield from _declared(tables[COMPLETE.file], tables[QUANTITIES.file])
    yield from _renamed(tables[RENAMES.file], companies)


def unreported(groups: Rows, facts: Rows) -> Iterator[Fault]:
    """Yield members of groups that are added up of which there is no fact: nothing is their sum."""
    known = set(zip(facts["quantity"], facts["entity"], strict=True))
    for _, row in groups[groups["group"].isin(ADDED_UP)].iterrows():
        for quantity in ADDED_UP[row["group"]]:
            if (quantity, row["member"]) not in known:
                says = (
                    f"'{row['member']}' has no {quantity}, which is added up over all "
                    f"{row['group']}; add it to facts, or leave the row out"
                )
                yield Fault(row["place"], "member", says)


def _sorted_companies(companies: Rows, lines: Rows, layers: Rows) -> Iterator[Fault]:
    """Yield companies whose layer is none, or none that their lines draw on."""
    group = dict(zip(layers["layer"], layers["group"], strict=True))
    for _, row in companies.iterrows():
        layer = row["layer"]
        if layer in group and group[layer] != layer:
            says = f"'{layer}' is one of the group '{group[layer]}'; write that"
            yield Fault(row["place"], "layer", says)
        elif layer and layer not in group.values():
            known = dict.fromkeys(group.values())
            says = f"'{layer}' is not a layer; write one of {', '.join(known)}."
            yield Fault(row["place"], "layer", says + nearest(layer, known))
        else:
            drawn = lines["layer"][lines["ticker"] == row["ticker"]]
            mine = dict.fromkeys(group[one] for one in drawn if one in group)
            if mine and layer and layer not in mine:
                says = f"'{layer}' is none that its lines draw on: {', '.join(mine)}"
                yield Fault(row["place"], "layer", says)


def _idle(companies: Rows, lines: Rows) -> Iterator[Fault]:
    """Yield companies of which no revenue is known."""
    for _, row in companies[~companies["ticker"].isin(["", *lines["ticker"]])].iterrows():
        says = f"'{row['ticker']}' has no line of revenue; add one to {LINES.file}"
        yield Fault(row["place"], "ticker", says)


def _members(tables: dict[str, Rows]) -> Iterator[Fault]:
    groups, lines = tables[GROUPS.file], tables[LINES.file]
    known = {
        COMPANIES.file: set(tables[COMPANIES.file]["ticker"]),
        LINES.file: set(lines["ticker"] + "." + lines["segment"]),
        MODELS.file: set(tables[MODELS.file]["name"]),
    }
    for _, row in groups[groups["group"].isin(MEMBERS)].iterrows():
        file = MEMBERS[row["group"]]
        if row["member"] not in known[file]:
            yield _unknown(row["place"], "member", row["member"], known[file], file)
    for _, row in groups[groups["group"] == ORDERS].iterrows():
        ticker = row["label"].partition(".")[0]
        if ticker not in known[COMPANIES.file]:
            yield _unknown(row["place"], "label", ticker, known[COMPANIES.file], COMPANIES.file)


def _declared(complete: Rows, quantities: Rows) -> Iterator[Fault]:
    """Yield quantities that are none, of those that facts are complete of, and a lack of all."""
    if complete.empty:
        says = "names no quantity; name those that companies report, and to which day"
        yield Fault(Place(COMPLETE.file, 1), "", says)
    for _, row in complete[~complete["quantity"].isin(["", *quantities["quantity"]])].iterrows():
        known, file = quantities["quantity"], QUANTITIES.file
        yield _unknown(row["place"], "quantity", row["quantity"], known, file)


def _renamed(renames: Rows, companies: Rows) -> Iterator[Fault]:
    """Yield renames of what is still a company's ticker, and was not given to it later."""
    if RENAMES.faults(renames):
        return
    days = renames["until"].map(day)
    for row, until in zip(renames.to_dict("records"), days, strict=True):
        former, ticker = row["former"], row["ticker"]
        given = ((renames["ticker"] == former) & (days > until)).any()
        if former in set(companies["ticker"]) and not given:
            says = (
                f"'{former}' is the company's ticker in {COMPANIES.file}; call the company "
                f"{ticker} there and in {LINES.file}, or leave the row out until it has happened"
            )
            yield Fault(row["place"], "former", says)


def _unknown(place: Place, column: str, name: str, known: Iterable[str], file: str) -> Fault:
    return Fault(place, column, f"'{name}' is not in {file}; add it there.{nearest(name, known)}")
