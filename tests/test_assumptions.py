"""The table of assumptions: complete, and its percentiles are those of the priors declared."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import marketsim as ms
from marketsim.assumptions import ANY_LINE, describe_assumptions
from marketsim.errors import InputError
from marketsim.model import GROUPS
from marketsim.model.priors import Prior

TABLE = describe_assumptions()
LEVELS = {"p05": 0.05, "median": 0.50, "p95": 0.95}
DECLARED = [
    (group, field)
    for group, of in GROUPS.items()
    for field in fields(of)
    if "prior" in field.metadata
]


def field_of(name: object) -> str:
    return str(name).partition("[")[0]


def quantile(prior: Prior, level: float) -> np.ndarray:
    """By SciPy's distributions."""
    median, spread = np.asarray(prior.median), np.asarray(prior.spread)
    if prior.kind == "normal":
        return np.asarray(stats.norm(median, spread).ppf(level))
    if prior.kind == "lognormal":
        return np.asarray(stats.lognorm(spread, scale=median).ppf(level))
    return np.asarray(special.expit(stats.norm(special.logit(median), spread).ppf(level)))


def test_every_field_is_there_once() -> None:
    macro = [field.name for field in fields(ms.model.Assumptions) if "prior" in field.metadata]
    per_line = [field.name for field in fields(GROUPS["lines"])]
    assert TABLE.index.is_unique
    assert list(dict.fromkeys(map(field_of, TABLE.index))) == [*macro, *per_line]


@pytest.mark.parametrize(("group", "field"), DECLARED, ids=lambda x: getattr(x, "name", x))
def test_rows_say_what_the_field_declares(group: str, field: Field[Any]) -> None:
    meta = field.metadata
    rows = TABLE[[field_of(name) == field.name for name in TABLE.index]]
    labels = (ANY_LINE,) if group == "lines" else meta["entries"]
    assert list(rows.index) == ([f"{field.name}[{x}]" for x in labels] or [field.name])
    assert set(rows["group"]) == {group}
    for column in ("unit", "meaning", "source"):
        assert set(rows[column]) == {meta[column]}
        assert meta[column].strip()
    for column, level in LEVELS.items():
        wanted = np.broadcast_to(quantile(meta["prior"], level), len(rows))
        np.testing.assert_allclose(rows[column], wanted, rtol=1e-12, atol=1e-15)


def test_kinds_keep_to_their_side() -> None:
    assert set(TABLE["prior"]) == {"normal", "lognormal", "logit-normal"}
    assert (TABLE["p05"] < TABLE["median"]).all()
    assert (TABLE["median"] < TABLE["p95"]).all()
    assert (TABLE.loc[TABLE["prior"] != "normal", "p05"] > 0.0).all()
    assert (TABLE.loc[TABLE["prior"] == "logit-normal", "p95"] < 1.0).all()


class TestSearch:
    @pytest.mark.parametrize("text", [*TABLE.index[::20], *dict.fromkeys(TABLE["group"])])
    def test_finds_names_and_groups_however_they_are_written(self, text: str) -> None:
        found = describe_assumptions(text)
        right = TABLE.index[(TABLE.index == text) | (TABLE["group"] == text)]
        assert set(right) <= set(found.index)
        pd.testing.assert_frame_equal(found, TABLE.loc[found.index])
        pd.testing.assert_frame_equal(
            describe_assumptions(text.upper().replace("_", " ") + " "), found
        )

    def test_finds_all_that_is_judgement_and_nothing_else(self) -> None:
        found = describe_assumptions("judgement")
        assert 0 < len(found) < len(TABLE)
        assert found["source"].str.contains("judgement").sum() == len(found)

    def test_a_miss_names_the_nearest(self) -> None:
        name = max(map(field_of, TABLE.index), key=len)
        with pytest.raises(InputError, match=f"Did you mean '{name}'"):
            describe_assumptions(name[:5] + name[6:])


def test_a_calibration_adds_what_it_learnt(posterior: ms.Posterior) -> None:
    """`moved` says where the value lies, on the scale where the prior is normal."""
    table = describe_assumptions(posterior=posterior)
    assert tuple(table.index) == tuple(entry.name for entry in posterior.entries)
    link = {"normal": lambda x: x, "lognormal": np.log, "logit-normal": special.logit}
    for kind, rows in table.groupby("prior"):
        low, value, high = (link[str(kind)](rows[c]) for c in ("p05", "value", "p95"))
        sd = (high - low) / (2.0 * stats.norm.ppf(0.95))
        np.testing.assert_allclose(rows["moved"], (value - (low + high) / 2) / sd, atol=1e-6)
    assert (table["posterior_sd"] > 0.0).all()
