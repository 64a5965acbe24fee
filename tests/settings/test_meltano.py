"""Settings of a loader of Meltano: found, merged, expanded and typed as Meltano does."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dev.meltano_project import MELTANO
from target_w50.errors import SettingsError
from target_w50.settings.meltano import MeltanoLoader, find_loader
from target_w50.settings.meltano_project import find_project

PROJECT = r"""
version: 1
default_environment: dev
send_anonymous_usage_stats: false
include_paths: [more/*.yml]
env: {LISTNAME: Newsletter, TOP: top-$LISTNAME}
environments:
- name: dev
  env: {WHO: "${LISTNAME}-dev"}
  config:
    plugins:
      loaders:
      - name: target-w50
        config: {retry_for_s: 7, stream_maps: {contacts: {a: b}}}
        env: {X: y}
- name: prod
plugins:
  loaders:
  - name: target-w50
    namespace: target_w50
    executable: /bin/true
    env: {MINE: mine}
    settings:
    - {name: api_url}
    - {name: auth_token, kind: password, sensitive: true}
    - {name: streams, kind: array}
    - {name: stream_maps, kind: object}
    - {name: poll_interval_s, kind: integer, value: 3}
    - {name: allow_http, kind: boolean, aliases: [plain]}
    - {name: import_mode, kind: options, options: [{label: a, value: load}, {label: b, value: dry_run}]}
    config:
      api_url: ${SCHEME}://$LISTNAME.$WHO.$TOP.$X.$MINE/$NOT_THERE/$lower/\$KEPT
      plain: "yes"
      on_invalid_record: $NOT_THERE
      state: on
      stream_maps:
        contacts: {b: $X, c: null, "d.e": f}
        d\.d: {x: 1}
        orders: null
        empty: {}
      streams:
      - stream: contacts
        contact_list: $LISTNAME
        fields: {a.b: C, n: null}
"""
MORE = """
plugins:
  loaders:
  - name: target-w50--prod
    inherit_from: target-w50
    config: {retry_for_s: 9, poll_interval_s: $POLL}
"""
DOT_ENV = """
SCHEME=https
TARGET_W50_AUTH_TOKEN=sec${SCHEME}ret
TARGET_W50_METRICS_PATH=m.jsonl
TARGET_W50__PROD_ALLOW_HTTP=1
POLL=12
"""
VARIABLES = {"TARGET_W50_STREAM_MAPS": '{"contacts": {"z": "1"}}', "TARGET_W50_RETRY_FOR_S": "33"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    (tmp_path / "below").mkdir()
    (tmp_path / "meltano.yml").write_text(PROJECT)
    (tmp_path / "more/two.yml").write_text(MORE)
    (tmp_path / ".env").write_text(DOT_ENV)
    return tmp_path


def loader(folder: Path, name: str = "target-w50", **variables: str) -> MeltanoLoader:
    found = find_loader(folder, variables, name)
    assert isinstance(found, MeltanoLoader)
    return found


def one(tmp_path: Path, text: str, **variables: str) -> MeltanoLoader:
    """The only loader of a project with this text as its plugins."""
    (tmp_path / "meltano.yml").write_text(text)
    return loader(tmp_path, **variables)


def values_of(tmp_path: Path, config: str, **variables: str) -> dict[str, Any]:
    text = f"plugins:\n  loaders:\n  - name: target-w50\n    namespace: target_w50\n    config: {config}\n"
    return one(tmp_path, text, **variables).values


def test_the_environment_in_use_is_merged_into_the_loader(project: Path) -> None:
    found = loader(project / "below")
    assert found.values == {
        "api_url": "https://Newsletter.Newsletter-dev.top-$LISTNAME.y.mine//$lower/$KEPT",
        "auth_token": "sechttpsret",
        "streams": [{"stream": "contacts", "contact_list": "Newsletter", "fields": {"a.b": "C", "n": None}}],
        "stream_maps": {
            "contacts": {"b": "y", "d": {"e": "f"}, "a": "b"},
            "d.d": {"x": 1},
            "orders": None,
            "empty": {},
        },
        "poll_interval_s": 3,
        "allow_http": True,
        "plain": "yes",
        "state": "on",
        "retry_for_s": 7,
    }
    assert found.words == f"settings from {project}/meltano.yml, loader target-w50, environment dev"


@pytest.mark.parametrize("name", ["target-w50", "target-w50--prod"])
def test_it_is_what_meltano_hands_over(project: Path, name: str) -> None:
    """Said by Meltano itself, for this project: what the other tests expect can't be made up."""
    if not MELTANO.exists():
        subprocess.run(
            ["make", ".venv-meltano/.ready"], cwd=MELTANO.parents[2], check=True, capture_output=True
        )
    variables = {
        **{
            key: value for key, value in os.environ.items() if not key.startswith(("TARGET_W50_", "MELTANO_"))
        },
        **VARIABLES,
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
    }
    dumped = subprocess.run(
        [str(MELTANO), "--log-level=warning", "invoke", "--dump=config", name],
        cwd=project / "below",
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert dumped.returncode == 0, dumped.stderr
    assert loader(project / "below", name, **variables).values == json.loads(dumped.stdout)


def test_a_loader_inherits_and_has_variables_of_its_own_name(project: Path) -> None:
    found = loader(project, "target-w50--prod", MELTANO_ENVIRONMENT="prod")
    assert found.values["retry_for_s"] == 9
    assert found.values["poll_interval_s"] == 12
    assert found.values["allow_http"] is True
    assert found.values["auth_token"] == "sechttpsret"


@pytest.mark.parametrize(
    ("variables", "environment"),
    [
        ({}, "dev"),
        ({"MELTANO_ENVIRONMENT": "prod"}, "prod"),
        ({"MELTANO_ENVIRONMENT": "NULL"}, None),
        ({"MELTANO_DEFAULT_ENVIRONMENT": "prod"}, "prod"),
    ],
    ids=["default", "named", "none", "other default"],
)
def test_the_environment_is_chosen_as_meltano_does(
    project: Path, variables: dict[str, str], environment: str | None
) -> None:
    assert loader(project, **variables).environment == environment


def test_dot_env_names_an_environment_too(project: Path) -> None:
    (project / ".env").write_text("MELTANO_ENVIRONMENT=prod\n")
    assert loader(project).environment == "prod"


def test_an_environment_that_is_not_there_is_named_with_those_that_are(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"no environment 'live'; it has 'dev', 'prod'"):
        loader(project, MELTANO_ENVIRONMENT="live")


def test_variables_beat_dot_env_and_that_the_files(tmp_path: Path) -> None:
    config = "{auth_token: of-file, api_url: of-file, username: of-file}"
    (tmp_path / ".env").write_text("TARGET_W50_API_URL=of-dot-env\nTARGET_W50_USERNAME=of-dot-env\n")
    found = values_of(tmp_path, config, TARGET_W50_USERNAME="of-process")
    assert found == {"auth_token": "of-file", "api_url": "of-dot-env", "username": "of-process"}


def test_what_is_not_declared_is_not_passed_on_and_that_is_said(project: Path) -> None:
    remarks = loader(project).remarks
    assert "$NOT_THERE in meltano.yml: not set here" in remarks[0]
    assert remarks[1].startswith("TARGET_W50_METRICS_PATH is set, but the loader does not declare")
    assert "m.jsonl" not in "".join(remarks)


def test_settings_are_declared_in_the_lock_file_of_meltano_add(tmp_path: Path) -> None:
    text = "plugins:\n  loaders:\n  - name: target-w50\n    variant: w50\n"
    locks = tmp_path / "plugins/loaders"
    locks.mkdir(parents=True)
    (locks / "target-w50--w50.lock").write_text(
        json.dumps({"settings": [{"name": "retry_for_s", "kind": "integer"}]})
    )
    found = one(tmp_path, text, TARGET_W50_RETRY_FOR_S="5", TARGET_W50_METRICS_PATH="m")
    assert found.values == {"retry_for_s": 5}


def test_a_value_of_the_wrong_kind_is_named_without_it(tmp_path: Path) -> None:
    text = (
        "plugins:\n  loaders:\n  - name: target-w50\n    namespace: target_w50\n"
        "    settings: [{name: retry_for_s, kind: integer}, {name: streams, kind: array}]\n"
    )
    with pytest.raises(SettingsError) as raised:
        one(tmp_path, text, TARGET_W50_RETRY_FOR_S="sec-ret", TARGET_W50_STREAMS="{sec-ret")
    assert len(raised.value.faults) == 2
    assert "`retry_for_s` can't be read as integer" in raised.value.message
    assert "sec-ret" not in raised.value.message


def test_settings_of_the_system_database_are_not_taken_and_that_is_said(project: Path) -> None:
    (project / ".meltano").mkdir()
    with sqlite3.connect(project / ".meltano/meltano.db") as database:
        database.execute("create table plugin_settings (namespace, name, value, enabled)")
        database.execute(
            "insert into plugin_settings values ('loaders.target-w50.default', 'api_url', 'sec-ret', 1)"
        )
    database.close()
    remark = loader(project).remarks[-1]
    assert "`api_url` of the loader also stands in Meltano's system database" in remark
    assert "sec-ret" not in remark


def test_one_of_several_loaders_must_be_named(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"\('target-w50', 'target-w50--prod'\): say which"):
        find_loader(project, {})
    with pytest.raises(SettingsError, match="no loader 'target-w5' that is target-w50"):
        find_loader(project, {}, "target-w5")


def test_a_project_without_the_loader_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "meltano.yml").write_text("plugins:\n  loaders:\n  - {name: target-jsonl}\n")
    assert find_loader(tmp_path, {}) == tmp_path / "meltano.yml"


def test_the_root_of_the_project_can_be_named(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert find_project(elsewhere, {}) is None
    found = find_project(elsewhere, {"MELTANO_PROJECT_ROOT": str(project)})
    assert found is not None
    assert found.path == project / "meltano.yml"


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "is not YAML"), ("- a", "is not a project"), ("", "is not a project")],
    ids=["cut", "list", "empty"],
)
def test_a_file_that_is_no_project_is_said(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "meltano.yml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        find_loader(tmp_path, {})


def test_loaders_that_inherit_in_a_circle_are_refused(tmp_path: Path) -> None:
    loaders = "[{name: target-w50, inherit_from: b}, {name: b, inherit_from: target-w50}]"
    text = f"plugins:\n  loaders: {loaders}\n"
    with pytest.raises(SettingsError, match="inherits from itself"):
        one(tmp_path, text)


def test_a_strangers_file_in_a_folder_for_everybody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `/tmp`: whoever puts a `meltano.yml` there would say where contacts go."""
    (tmp_path / "meltano.yml").write_text(PROJECT)
    tmp_path.chmod(0o777)
    mine = (tmp_path / "meltano.yml").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    assert find_project(tmp_path, {}) is not None
    if mine == 0:
        os.chown(tmp_path / "meltano.yml", 12345, -1)
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        find_project(tmp_path, {})


def test_files_with_secrets_are_known(project: Path) -> None:
    assert loader(project).secret_files == (project / ".env",)
    text = (
        "plugins:\n  loaders:\n  - {name: target-w50, namespace: target_w50, config: {auth_token: clear}}\n"
    )
    assert (project / "meltano.yml") in one(project, text).secret_files
