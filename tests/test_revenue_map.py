"""The revenue map: what it adds up, and the faults it reports all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import marketsim as ms
from marketsim.errors import DataError
from marketsim.knowledge.revenue_map import LINES, RevenueMap, layer_faults, revenue_map
from marketsim.model import LAYERS
from marketsim.tables import Rows, read_rows

HEADER = "ticker,segment,layer,share,base_growth,source\n"


@pytest.fixture(scope="module")
def lines() -> RevenueMap:
    return ms.load_facts().universe.revenue_map


def written(folder: Path, rows: str) -> Path:
    (folder / "lines.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder / "lines.csv"


def read(path: Path) -> tuple[Rows, list[str]]:
    rows, faults = read_rows(LINES, path, path.name)
    assert rows is not None
    faults += [*LINES.faults(rows), *layer_faults(rows, LAYERS)]
    return rows, [str(fault) for fault in sorted(faults, key=lambda fault: fault.place.line)]


def test_the_layers_are_the_models(lines: RevenueMap) -> None:
    assert lines.layers == LAYERS


def test_every_company_is_known_and_owns_its_own_lines_only(lines: RevenueMap) -> None:
    assert set(lines.companies) == set(ms.load_facts().universe.companies.index)
    assert len(set(lines.lines)) == len(lines.lines)
    np.testing.assert_array_equal(lines.owner.sum(axis=0), np.ones(len(lines.lines)))
    for i, ticker in enumerate(lines.companies):
        owned = {n for n, mine in zip(lines.lines, lines.owner[i], strict=True) if mine}
        assert owned == {n for n in lines.lines if n.split(".")[0] == ticker}


def test_no_layer_is_paid_out_more_than_once(lines: RevenueMap) -> None:
    paid = dict(zip(LAYERS, lines.share.sum(axis=0), strict=True))
    assert {layer: share for layer, share in paid.items() if share > 1.0} == {}


def test_a_reported_total_adds_up_the_lines_of_its_company(lines: RevenueMap) -> None:
    series = lines.series()
    for i, ticker in enumerate(lines.companies):
        np.testing.assert_array_equal(series[f"{ticker}.total"], lines.owner[i])
    single = series["NVDA.data_center"]
    assert single.sum() == 1.0
    assert single[lines.lines.index("NVDA.data_center")] == 1.0
    assert not any(name.endswith(".rest") for name in series)


def test_a_line_may_draw_on_two_layers(tmp_path: Path) -> None:
    rows = "A,chips,gpu,0.5,0.1,\nA,chips,networking,0.2,0.1,\nA,rest,,,-0.05,\n"
    lines = revenue_map(read(written(tmp_path, rows))[0], LAYERS)
    assert lines.lines == ("A.chips", "A.rest")
    assert lines.companies == ("A",)
    assert lines.share[0, LAYERS.index("gpu")] == 0.5
    assert lines.share[0, LAYERS.index("networking")] == 0.2
    assert not lines.share[1].any()
    np.testing.assert_array_equal(lines.base_growth, [0.1, -0.05])


def test_all_faults_are_reported_at_once_with_line_and_column(tmp_path: Path) -> None:
    rows = (
        "NVDA,data_center,gpus,0.9,0.1,\n"
        "NVDA,rest,,0.2,0.1,\n"
        "AMD,total,gpu,,0.1,\n"
        "TSM,total,foundry,ninety,0.1,\n"
        "MU,total,memory,2.5,0.1,\n"
        "VRT,total,power_equipment,0.2,fast,\n"
        "ETN,total,power_equipment,0.2,nan,\n"
        "CEG,total,electricity,0.05,0.02,\n"
    )
    _, faults = read(written(tmp_path, rows))
    places = [fault.split(":")[0] for fault in faults]
    assert places == [
        "lines.csv, line 2, column layer",
        "lines.csv, line 3, column share",
        "lines.csv, line 4, column share",
        "lines.csv, line 5, column share",
        "lines.csv, line 6, column share",
        "lines.csv, line 7, column base_growth",
        "lines.csv, line 8, column base_growth",
    ]
    assert "'gpus' is not a layer" in faults[0]
    assert "Did you mean 'gpu'?" in faults[0]
    assert "'ninety' is not a share" in faults[3]


def test_a_line_has_one_rate_however_it_is_written(tmp_path: Path) -> None:
    rows = "A,chips,gpu,0.5,0.1,\nA,chips,networking,0.2,0.10,\nA,chips,,,0.2,\n"
    _, (fault,) = read(written(tmp_path, rows))
    assert fault.startswith("lines.csv, line 4, column base_growth: A.chips has two rates")


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lines\.csv is missing; it lists the revenue lines"):
        read_rows(LINES, tmp_path / "lines.csv", "lines.csv")
    (tmp_path / "lines.csv").write_text("ticker,segment,layer,source\n", encoding="utf-8")
    rows, faults = read_rows(LINES, tmp_path / "lines.csv", "lines.csv")
    assert rows is None
    assert [fault.column for fault in faults] == ["share", "base_growth"]
    assert "is missing; the columns are ticker, segment, layer, share" in str(faults[0])
