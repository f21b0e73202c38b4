"""Assumptions: every number that can be argued with says what it is and where it comes from."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

import jax
import numpy as np
import pytest

from marketsim import resources
from marketsim.model import GROUPS, Assumptions, Entry, LineAssumptions, entries
from marketsim.model.assumptions.declare import assumption
from marketsim.model.priors import KINDS, Prior

if TYPE_CHECKING:
    from tests.model.conftest import World

LISTED = entries(("A.total", "B.cloud"))
DECLARED = [f for c in (Assumptions, LineAssumptions) for f in fields(c) if f.name != "lines"]


@pytest.mark.parametrize("field", DECLARED, ids=lambda f: f.name)
def test_every_field_has_unit_meaning_prior_and_source(field: object) -> None:
    meta = getattr(field, "metadata")  # noqa: B009 -- dataclass fields are typed by their default
    assert isinstance(meta["prior"], Prior)
    assert all(meta[key].strip() for key in ("unit", "meaning", "source"))
    assert meta["meaning"][0].islower() or meta["meaning"].split()[0].isupper()
    assert not meta["meaning"].endswith(".")


def test_names_are_unique_and_entries_say_whose_they_are() -> None:
    names = [e.name for e in LISTED]
    assert len(set(names)) == len(names)
    assert {"elasticity[agentic]", "exposure[B.cloud]", "hurdle_rate"} <= set(names)
    assert all(e.name.partition("[")[0] == e.field for e in LISTED)


def test_every_assumption_belongs_to_the_group_that_declares_it() -> None:
    owners = {f.name: group for group, owner in GROUPS.items() for f in fields(owner)}
    assert sum(len(fields(owner)) for owner in GROUPS.values()) == len(owners) == len(DECLARED)
    assert {e.field: e.group for e in LISTED} == owners
    groups = [e.group for e in LISTED]
    assert list(dict.fromkeys(groups)) == list(GROUPS)  # together, in the order of mechanisms
    assert groups == sorted(groups, key=list(GROUPS).index)


def test_every_source_file_named_exists() -> None:
    data = resources.folder("data")
    named = {m for e in LISTED for m in re.findall(r"data/([\w/]+\.\w+)", e.source)}
    assert named
    assert [name for name in sorted(named) if not (data / name).is_file()] == []


@pytest.mark.parametrize("entry", LISTED, ids=lambda e: e.name)
def test_priors_are_proper_and_fit_their_units(entry: Entry) -> None:
    assert entry.scale > 0.0
    assert np.isfinite(entry.centre)
    if entry.unit.startswith("share"):
        assert KINDS[entry.kind] in ("share", "lognormal")
    if entry.unit in ("ratio", "elasticity", "years"):
        assert KINDS[entry.kind] == "lognormal"  # they cannot be negative
    if entry.unit == "per year":
        growth = KINDS[entry.kind] == "normal"
        assert abs(entry.centre) < 2.0 if growth else entry.centre < 0.0


def test_entries_follow_the_leaves_of_the_pytree(world: World) -> None:
    leaves = jax.tree.leaves(world.at())
    assert sum(np.size(leaf) for leaf in leaves) == len(world.listed)


def test_a_declaration_carries_what_it_was_given() -> None:
    prior = Prior("normal", 1.0, 0.1)
    declared = assumption("GW", "a meaning", prior, "a source", ("x",))
    assert dict(declared.metadata) == {
        "unit": "GW",
        "meaning": "a meaning",
        "prior": prior,
        "source": "a source",
        "entries": ("x",),
    }
