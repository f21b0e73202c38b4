"""The book of revenue lines: what it adds up, and the faults it reports all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marketsim.calibration import Book, load_book
from marketsim.errors import DataError
from marketsim.facts import load_companies
from marketsim.model import LAYERS

HEADER = "ticker,segment,layer,share,base_growth,source\n"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book()


def written(folder: Path, rows: str) -> Path:
    (folder / "lines.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder


def test_every_company_is_known_and_owns_its_own_lines_only(book: Book) -> None:
    assert set(book.companies) == set(load_companies().index)
    assert len(set(book.lines)) == len(book.lines)
    np.testing.assert_array_equal(book.owner.sum(axis=0), np.ones(len(book.lines)))
    for i, ticker in enumerate(book.companies):
        owned = {n for n, mine in zip(book.lines, book.owner[i], strict=True) if mine}
        assert owned == {n for n in book.lines if n.split(".")[0] == ticker}


def test_no_layer_is_paid_out_more_than_once(book: Book) -> None:
    paid = dict(zip(LAYERS, book.share.sum(axis=0), strict=True))
    assert {layer: share for layer, share in paid.items() if share > 1.0} == {}


def test_a_reported_total_adds_up_the_lines_of_its_company(book: Book) -> None:
    series = book.series()
    for i, ticker in enumerate(book.companies):
        np.testing.assert_array_equal(series[f"{ticker}.total"], book.owner[i])
    single = series["NVDA.data_center"]
    assert single.sum() == 1.0
    assert single[book.lines.index("NVDA.data_center")] == 1.0
    assert not any(name.endswith(".rest") for name in series)


def test_a_line_may_draw_on_two_layers(tmp_path: Path) -> None:
    rows = "A,chips,gpu,0.5,0.1,\nA,chips,networking,0.2,0.1,\nA,rest,,,-0.05,\n"
    book = load_book(written(tmp_path, rows))
    assert book.lines == ("A.chips", "A.rest")
    assert book.companies == ("A",)
    assert book.share[0, LAYERS.index("gpu")] == 0.5
    assert book.share[0, LAYERS.index("networking")] == 0.2
    assert not book.share[1].any()
    np.testing.assert_array_equal(book.base_growth, [0.1, -0.05])


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
    with pytest.raises(DataError) as error:
        load_book(written(tmp_path, rows))
    faults = str(error.value).splitlines()
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


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lines\.csv is missing"):
        load_book(tmp_path)
    (tmp_path / "lines.csv").write_text("ticker,segment,layer,source\n", encoding="utf-8")
    with pytest.raises(DataError, match="columns share, base_growth are missing"):
        load_book(tmp_path)
