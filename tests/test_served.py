"""Language models as served: what ships is sound, and a wrong file tells all its faults."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from marketsim.errors import DataError
from marketsim.knowledge import ServedModel, load_facts
from marketsim.knowledge.served import MODELS, served_models
from marketsim.resources import folder
from marketsim.tables import read_rows

HEADER = (
    "name,developer,released,parameters,active,layers,weight_bytes,cache_bytes,"
    "source,confidence,note\n"
)
GOOD = "Small,Ours,2024-07-23,8,8,32,2,131072,a config,sourced,\n"


@pytest.fixture(scope="module")
def models() -> dict[str, ServedModel]:
    return dict(load_facts().models)


def written(place: Path, rows: str, header: str = HEADER) -> Path:
    (place / "models.csv").write_text(header + rows, encoding="utf-8")
    return place


def faults_of(place: Path) -> list[str]:
    rows, shape = read_rows(MODELS, place / "models.csv", "models.csv")
    faults = [*shape, *(() if rows is None else MODELS.faults(rows))]
    return [str(fault) for fault in sorted(faults, key=lambda fault: fault.place.line)]


# ------------------------------------------------------------------- what ships


def test_models_stand_in_the_order_of_release_under_their_own_names(
    models: dict[str, ServedModel],
) -> None:
    assert [model.name for model in models.values()] == list(models)
    days = [model.released for model in models.values()]
    assert days == sorted(days)


def test_a_cache_is_what_the_note_multiplies_out(models: dict[str, ServedModel]) -> None:
    """Either two vectors for each head that keeps one, or the one that both are projected from."""
    rows = pd.read_csv(folder("data") / "models.csv").set_index("name")
    latent = r"latent attention: \((\d+) \+ (\d+)\) x (\d+) layers x (\d+) bytes"
    heads = r"2 x (\d+) layers x (\d+) (?:KV )?heads x (\d+) x (\d+) bytes"
    for name, note in rows["note"].items():
        said = re.match(latent, note)
        if said:
            rank, rope, layers, size = map(int, said.groups())
            expected = (rank + rope) * layers * size
        else:
            said = re.match(heads, note)
            assert said, name
            layers, kept, width, size = map(int, said.groups())
            expected = 2 * layers * kept * width * size
        assert models[str(name)].cache_bytes == expected
        assert layers <= models[str(name)].layers


def test_dense_models_compute_on_all_they_store(models: dict[str, ServedModel]) -> None:
    dense = {m.name for m in models.values() if m.active == m.parameters}
    assert dense == {"GPT-3 175B", "Llama 3.1 405B", "Llama 3.1 70B", "Llama 3.1 8B"}


def test_units_are_stripped_at_the_door(models: dict[str, ServedModel]) -> None:
    """FP8 weights of DeepSeek-V3 fill a server of eight H200 (1,128 GB), not one of eight H100."""
    assert 640e9 < models["DeepSeek-V3"].stored_bytes < 1128e9
    assert models["gpt-oss-120b"].stored_bytes < 80e9


def test_only_what_was_opened_is_sourced(models: dict[str, ServedModel]) -> None:
    unsure = [m.name for m in models.values() if m.confidence != "sourced"]
    assert unsure == ["GPT-3 175B"]


def test_the_readme_counts_them(models: dict[str, ServedModel]) -> None:
    page = (folder("data") / "README.md").read_text(encoding="utf-8")
    assert f"| `models.csv` | {len(models)} language models" in page


# ------------------------------------------------------------------- a file of one's own


def test_a_row_is_read_in_single_parameters(tmp_path: Path) -> None:
    rows, _ = read_rows(MODELS, written(tmp_path, GOOD) / "models.csv", "models.csv")
    assert rows is not None
    model = served_models(rows)["Small"]
    assert (model.parameters, model.active, model.layers) == (8e9, 8e9, 32)
    assert model.released == pd.Timestamp("2024-07-23")
    assert model.stored_bytes == 2 * model.parameters


def test_all_faults_are_told_at_once_with_line_and_column(tmp_path: Path) -> None:
    rows = (
        GOOD
        + "\n"  # a blank line counts as a line
        + "Small,,23 July,8,9,32,2,131072,,certain,\n"
        + "Big,Ours,2024-07-23,405e9,4,61.5,16,none,a config,sourced,\n"
        + "Wide,Ours,2024-07-23,8,8,32,2,131072,a config,sourced,a note, and more\n"
        + "Short,Ours,2024-07-23,8,8,32,2,131072,a config\n"
    )
    assert [fault.split(":")[0] for fault in faults_of(written(tmp_path, rows))] == [
        "models.csv, line 4",  # the name of another
        "models.csv, line 4, column developer",
        "models.csv, line 4, column released",
        "models.csv, line 4, column active",
        "models.csv, line 4, column source",
        "models.csv, line 4, column confidence",
        "models.csv, line 5, column parameters",
        "models.csv, line 5, column layers",
        "models.csv, line 5, column weight_bytes",
        "models.csv, line 5, column cache_bytes",
        "models.csv, line 6",  # one field too many
        "models.csv, line 7",  # two too few
    ]


@pytest.mark.parametrize("value", ["", "nan", "inf", "-8", "0", "eight"])
def test_what_is_no_positive_number_is_refused(tmp_path: Path, value: str) -> None:
    faults = faults_of(written(tmp_path, GOOD.replace(",8,8,", f",8,{value},")))
    assert faults == [
        f"models.csv, line 2, column active: '{value}' is not such a number; "
        "write billions, 0.01 to 100000"
    ]


def test_other_columns_are_refused(tmp_path: Path) -> None:
    unknown, missing = faults_of(written(tmp_path, GOOD, HEADER.replace("active", "activated")))
    assert unknown.startswith("models.csv, line 1, column activated: 'activated' is not a column")
    assert "Did you mean 'active'?" in unknown
    assert missing.startswith("models.csv, line 1, column active: is missing; the columns are name")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"models\.csv is missing; it lists language models"):
        faults_of(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models.csv").write_bytes(HEADER.encode() + b"\xff\xfe,,\n")
    (fault,) = faults_of(tmp_path)
    assert "UTF-8" in fault
