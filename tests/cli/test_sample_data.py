"""Finding the sample contacts in a clone and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

import target_w50
from target_w50.cli.demo.sample_data import sample_data_folder
from target_w50.errors import SettingsError

REPOSITORY = Path(__file__).parents[2]


def installed_at(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package.mkdir(parents=True)
    monkeypatch.setattr(target_w50, "__file__", str(package / "__init__.py"))


def test_a_clone_has_them_at_its_top() -> None:
    assert sample_data_folder() == REPOSITORY / "sample_data"


def test_a_wheel_has_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "target_w50"
    installed_at(package, monkeypatch)
    (package / "sample_data").mkdir()
    (package / "sample_data" / "contacts.singer").touch()
    assert sample_data_folder() == package / "sample_data"


def test_an_installation_without_them_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed_at(tmp_path / "target_w50", monkeypatch)
    with pytest.raises(SettingsError) as raised:
        sample_data_folder()
    assert raised.value.code == "sample_data_missing"
