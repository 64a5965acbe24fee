"""The file of `--input`."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_w50.errors import InputError
from target_w50.program.command import opened


@pytest.mark.parametrize("name", ["people.csv", "PEOPLE.CSV.GZ", "people.parquet"])
def test_a_file_of_contacts_is_for_import(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"Email,Name\n")
    with pytest.raises(InputError) as caught:
        opened(str(path))
    assert caught.value.code == "input_not_singer"
    assert f"`w50 import {path} --dry-run`" in caught.value.message


def test_messages_are_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_bytes(b'{"type": "STATE", "value": {}}\n')
    with opened(str(path)) as file:
        assert file.read() == path.read_bytes()
