"""Of quantities that are observed: every entity is read by a measure, or left out for a reason."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import window_at
from marketsim.calibration.observations import FEWEST
from marketsim.calibration.prior import priors
from marketsim.observables import CATALOGUE, Observable
from marketsim.statements import STATEMENTS, Statement, company_series

PAGE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "docs" / "partly_read.py")))
PARTLY_READ, PRIOR_OF_CHIPS, left_out = PAGE.PARTLY_READ, PAGE.PRIOR_OF_CHIPS, PAGE.left_out
AS_OF = pd.Timestamp("2025-12-31")
SAID = {name for kind in STATEMENTS for name in kind.quantities}
HAPPENED = tuple(one for one in CATALOGUE if one.horizon == "past")
READ = {
    name: [one for one in HAPPENED if name in one.quantities]
    for name in {name for one in HAPPENED for name in one.quantities}
}
Told = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def every() -> ms.Knowledge:
    return ms.load_facts()


def entities(known: ms.Knowledge, quantity: str) -> list[str]:
    table = known.table
    return list(dict.fromkeys(table.loc[table["quantity"] == quantity, "entity"]))


def told(one: Observable, known: ms.Knowledge) -> Told:
    """Return what an observable compares: series of enough figures, with the errors they state."""
    columns = ["date", "value", "stated"]
    return {
        report.name: list(report.rows.reindex(columns=columns).fillna(0.0).itertuples(index=False))
        for report in one.reports(known)
        if len(report.rows) >= FEWEST[one.relative]
    }


def without(known: ms.Knowledge, gone: pd.Series) -> ms.Knowledge:
    return known.with_facts(known.table[~gone].reset_index(drop=True))


def of(known: ms.Knowledge, quantity: str, entity: str) -> pd.Series:
    return (known.table["quantity"] == quantity) & (known.table["entity"] == entity)


def excused(known: ms.Knowledge) -> pd.Series:
    """Return which facts are left out for a reason."""
    table = known.table
    pairs = table[["quantity", "entity"]].drop_duplicates()
    found = {(q, e) for q, e in pairs.itertuples(index=False) if any(left_out(q, e))}
    gone = pd.MultiIndex.from_frame(table[["quantity", "entity"]]).isin(found)
    return pd.Series(gone, index=table.index)


def heard(known: ms.Knowledge, kind: Statement, entity: str) -> bool:
    """Return whether what is said of an entity, by itself, is said of a series."""
    table = known.table
    others = table["quantity"].isin(kind.quantities) & (table["entity"] != entity)
    said = kind.rows(without(known, others))
    return bool(set(said["entity"]) & {one.entity for one in company_series(known, kind.of)})


@pytest.mark.parametrize("quantity", sorted(READ))
def test_an_entity_is_read_or_left_out_for_a_reason(quantity: str, every: ms.Knowledge) -> None:
    """Read is what changes a series by going."""
    before = [told(one, every) for one in READ[quantity]]
    for entity in entities(every, quantity):
        if not any(left_out(quantity, entity)):
            known = without(every, of(every, quantity, entity))
            after = [told(one, known) for one in READ[quantity]]
            assert after != before, f"{quantity} of {entity} is read by no measure"


@pytest.mark.parametrize("one", HAPPENED, ids=lambda one: one.kind)
def test_what_is_left_out_changes_nothing_by_going(one: Observable, every: ms.Knowledge) -> None:
    its = every.table["quantity"].isin(one.quantities)
    assert told(one, without(every, its & excused(every))) == told(one, every)


def said() -> Iterator[tuple[str, Statement]]:
    for kind in STATEMENTS:
        yield from ((quantity, kind) for quantity in kind.quantities)


def test_what_is_said_is_heard_or_left_out_for_a_reason(every: ms.Knowledge) -> None:
    for quantity in sorted(SAID):
        kinds = [kind for name, kind in said() if name == quantity]
        for entity in entities(every, quantity):
            unheard = not any(heard(every, kind, entity) for kind in kinds)
            assert unheard == any(left_out(quantity, entity)), f"{quantity} of {entity}"


def test_a_reason_is_the_only_one_and_has_rows(every: ms.Knowledge) -> None:
    """Each pattern stands for some entity, and no entity for two reasons."""
    observed = {name for one in CATALOGUE for name in one.quantities} | SAID
    pairs = every.table[["quantity", "entity"]].drop_duplicates().itertuples(index=False)
    reasons = {(q, e): list(left_out(q, e)) for q, e in pairs}
    assert all(len(found) <= 1 for found in reasons.values())
    assert all(q in observed for (q, _), found in reasons.items() if found)
    assert {reason for found in reasons.values() for reason in found} == set(PARTLY_READ)


def test_chips_that_are_said_to_serve_priors_do(every: ms.Knowledge) -> None:
    window = window_at(AS_OF)
    known = every.upto(AS_OF)
    before = priors(known, window)
    pairs = known.table[["quantity", "entity"]].drop_duplicates().itertuples(index=False)
    served = [pair for pair in pairs if list(left_out(*pair)) == [PRIOR_OF_CHIPS]]
    assert {quantity for quantity, _ in served} == {"chip_fp16", "chip_price"}
    for quantity, entity in served:
        after = priors(without(known, of(known, quantity, entity)), window)
        assert after != before, f"{quantity} of {entity} serves no prior"
