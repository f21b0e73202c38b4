"""Where the shipped folders are found: override, installed package, checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketsim import resources
from marketsim.errors import DataError, InputError
from marketsim.resources import folder


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in resources.OVERRIDES.values():
        monkeypatch.delenv(variable, raising=False)


def test_the_data_are_found_without_any_setting() -> None:
    assert (folder("data") / "companies.csv").is_file()


@pytest.mark.parametrize("name", ["data", "strategies"])
def test_the_environment_comes_first(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MARKETSIM_{name.upper()}", str(tmp_path))
    assert folder(name) == tmp_path  # type: ignore[arg-type]


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = folder("data")
    monkeypatch.setenv("MARKETSIM_DATA", "")
    assert folder("data") == expected


def test_an_override_that_is_no_folder_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKETSIM_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataError, match=r"MARKETSIM_DATA.*gone.*is not a folder"):
        folder("data")


def test_the_installed_copy_goes_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "marketsim"
    (tmp_path / "data").mkdir()
    package.mkdir()
    monkeypatch.setattr(resources, "PACKAGE", package)
    assert folder("data") == tmp_path / "data"
    (package / "_data").mkdir()
    assert folder("data") == package / "_data"


def test_a_lost_folder_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "marketsim")
    with pytest.raises(DataError, match=r"_strategies.*MARKETSIM_STRATEGIES"):
        folder("strategies")


def test_an_unknown_kind_of_folder_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'strategies'"):
        folder("strategy")  # type: ignore[arg-type]
