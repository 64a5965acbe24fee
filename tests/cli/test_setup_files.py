"""Files that commands write settings into: whole or not at all, with everything else that stands in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from target_w50.cli.setup.entries import KnownList, propose_entry
from target_w50.cli.setup.files import write_whole
from target_w50.cli.setup.json_file import JsonFile
from target_w50.cli.setup.meltano_yml import MeltanoFile
from target_w50.errors import SettingsError
from target_w50.w50 import ContactSchemaField, ContactsList
from tests.cli.support import Operator
from tests.support import lines, schema


def field(name: str) -> ContactSchemaField:
    return ContactSchemaField(1, name, "Text", None, 1, ())


FIELDS = [field(name) for name in ("Email", "LastName")]
KNOWN = KnownList(ContactsList(42, "Newsletter", 7), FIELDS)
CONTACTS = propose_entry("contacts", ["email", "lastNam", "x"], ["email"], KNOWN)
ORDERS = propose_entry("orders", ["id"], ["id"], KNOWN)

WITH_ENTRY = """\
version: 1  # of the file
# What follows is dear to somebody.
plugins:
  loaders:
    - name: target-jsonl
      variant: andyh1203

    - name: target-w50   # ours
      pip_url: target-w50
      config:
        api_url: http://old.example   # the old one
        streams:
          # all people
          - stream: contacts
            contact_list: "7"
            match_fields: [Email]  # by mail
          - {stream: others, contact_list: "8", match_fields: []}
        # behind the streams
        metrics_path: 'm.jsonl'
      select: ["*.*"]

  extractors:
  - name: tap   # behind
environments: [{name: dev}]
"""

OURS = "plugins:\n  loaders:\n  - name: target-w50\n"
SHAPES = {
    "with an entry": WITH_ENTRY,
    "no streams": OURS + "    config:\n      api_url: http://x  # c\n",
    "empty streams": "plugins:\n  loaders:\n  - config:\n      streams: []  # none\n    name: target-w50\n",
    "null streams": OURS + "    config:\n      state: always\n      streams:\n    variant: x\n",
    "no config": OURS + "    namespace: target_w50\n# end\n",
    "empty config": OURS + "    config: {}\n  utilities: []\n",
    "null config": OURS + "    config:\n    variant: x\n",
    "block text last": OURS + "    config:\n      run_id: |\n        a\n\n        b\n\n# end\nversion: 1\n",
    "another loader": "plugins:\n  loaders:\n  - name: target-jsonl\n    config: {a: 1}\n",
    "no loaders": "plugins:\n  extractors:\n  - name: tap\n",
    "empty loaders": "plugins:\n  extractors:\n  - name: tap\n  loaders: []\nversion: 1\n",
    "empty plugins": "plugins: {}\nversion: 1\n",
    "null plugins": "version: 1\nplugins:\n",
    "no plugins": "version: 1",
    "windows": "version: 1\r\nplugins:\r\n  loaders:\r\n  - name: target-w50\r\n",
}


def file(tmp_path: Path, text: str) -> MeltanoFile:
    (tmp_path / "meltano.yml").write_bytes(text.encode())
    return MeltanoFile(tmp_path / "meltano.yml")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_settings_and_entries_stand_in_the_loader_and_all_else_as_it_was(tmp_path: Path, shape: str) -> None:
    changed = file(tmp_path, shape).text_with(
        {"api_url": "http://new: x"}, [CONTACTS, ORDERS], ["auth_token"]
    )
    loaders = yaml.safe_load(changed)["plugins"]["loaders"]
    (loader,) = [each for each in loaders if each["name"] == "target-w50"]
    assert loader["config"]["api_url"] == "http://new: x"
    assert ("# the old one" in changed) == ("# the old one" in shape)
    streams = loader["config"]["streams"]
    assert CONTACTS.entry in streams
    assert ORDERS.entry in streams
    left, rest = changed.splitlines(), shape.splitlines()
    replaced = ("api_url", "streams:", "config:", "plugins:", "loaders:", "- stream: contacts")
    gone = [line for line in rest if line not in left and not any(word in line for word in replaced)]
    assert [line.strip() for line in gone] in (
        [],
        ['contact_list: "7"', "match_fields: [Email]  # by mail"],
    )
    assert "    # lastNam: LastName" in changed
    assert ("\r\n" in changed) == ("\r\n" in shape)


def test_an_entry_takes_the_place_of_the_one_for_its_stream(tmp_path: Path) -> None:
    changed = file(tmp_path, WITH_ENTRY).text_with({}, [CONTACTS])
    streams = yaml.safe_load(changed)["plugins"]["loaders"][1]["config"]["streams"]
    assert [each["stream"] for each in streams] == ["contacts", "others"]
    assert streams[0] == CONTACTS.entry
    assert "          # all people\n          - stream: contacts\n" in changed
    assert "        # behind the streams\n        metrics_path: 'm.jsonl'\n" in changed


@pytest.mark.parametrize(
    "text",
    [
        "plugins: {loaders: [{name: target-w50}]}",
        OURS + "    config: {state: always}\n",
        OURS + "    config:\n      streams: [{stream: a, contact_list: b}]\n",
    ],
    ids=["all", "config", "streams"],
)
def test_what_stands_in_brackets_is_left_with_what_to_do(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="in brackets"):
        file(tmp_path, text).text_with({}, [CONTACTS])
    assert (tmp_path / "meltano.yml").read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        (
            "plugins:\n  loaders:\n  - name: target-w50\n    config: &b\n      state: always\n"
            "  - name: other\n    config: *b\n"
        )
    ],
    ids=["anchors"],
)
def test_what_would_change_more_than_the_loader_is_not_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="can't be changed without harm"):
        file(tmp_path, text).text_with({}, [CONTACTS])


def test_a_file_that_was_changed_meanwhile_is_left(tmp_path: Path) -> None:
    meltano = file(tmp_path, WITH_ENTRY)
    changed = meltano.text_with({}, [CONTACTS])
    (tmp_path / "meltano.yml").write_text("other: 1\n")
    with pytest.raises(SettingsError, match="was changed meanwhile"):
        meltano.write(changed)
    assert (tmp_path / "meltano.yml").read_text() == "other: 1\n"


def test_a_file_keeps_its_mode_and_its_link_and_a_new_one_is_its_owners(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yml", tmp_path / "link.yml"
    real.write_text("a")
    real.chmod(0o640)
    link.symlink_to(real)
    write_whole(link, "b", before="a")
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("b", 0o640)
    write_whole(tmp_path / "new", "c", before=None)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def test_what_can_not_be_written_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", "new", before="old")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
    with pytest.raises(SettingsError, match="can't be written"):
        write_whole(tmp_path / "none" / "a", "new", before=None)


def test_json_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"state": "always", "streams": [{"stream": "orders", "contact_list": "1"}]}')
    config = JsonFile(path)
    assert (config.streams(), config.setting("state")) == (["orders"], "always")
    config.write(config.text_with({"api_url": "x"}, [CONTACTS]))
    assert json.loads(path.read_text()) == {
        "state": "always",
        "streams": [{"stream": "orders", "contact_list": "1"}, CONTACTS.entry],
        "api_url": "x",
    }
    path.write_text("[]")
    with pytest.raises(SettingsError, match="is not a JSON object"):
        JsonFile(path)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(NAMES, st.lists(NAMES, unique=True), NAMES)
def test_whatever_the_names_are_the_entry_is_read_back_as_it_was(
    stream: str, properties: list[str], name: str
) -> None:
    fields = [*FIELDS, field(name)]
    known = KnownList(ContactsList(42, name, 7), fields)
    entry = propose_entry(stream, properties, (), known)
    assert yaml.safe_load("\n".join(entry.lines())) == [entry.entry]


def plan(operator: Operator, *options: str, **more: Any) -> Any:
    path = operator.folder / "input.singer"
    path.write_bytes(
        lines([schema(properties={"email": {}, "frist_name": {}}), schema("orders", {"id": {}}, ["id"])])
    )
    return operator.w50("plan", str(path), "--list", "42", *options, **more)


def test_plan_writes_the_entries_that_are_missing(operator: Operator) -> None:
    path = operator.folder / "meltano.yml"
    path.write_text(WITH_ENTRY)
    told = plan(operator, "--write", str(path))
    assert told.status == 0, told.err
    assert "has an entry for stream 'contacts' already" in told.err
    assert "wrote 1 entry of `streams`" in told.last_line
    assert told.out == ""
    streams = yaml.safe_load(path.read_text())["plugins"]["loaders"][1]["config"]["streams"]
    assert [each["stream"] for each in streams] == ["contacts", "others", "orders"]


def test_plan_writes_json_and_says_what_is_near(operator: Operator) -> None:
    path = operator.folder / "other.json"
    told = plan(operator, "--write", str(path), streams=None)
    assert told.status == 0, told.err
    assert "'frist_name' is near to field 'FirstName'" in told.err
    assert [each["stream"] for each in json.loads(path.read_text())["streams"]] == ["contacts", "orders"]


def test_plan_writes_into_no_project_without_the_loader(operator: Operator) -> None:
    path = operator.folder / "meltano.yml"
    path.write_text("version: 1\n")
    told = plan(operator, "--write", str(path))
    assert told.status == 2
    assert "`w50 init` adds one" in told.last_line
    assert path.read_text() == "version: 1\n"
