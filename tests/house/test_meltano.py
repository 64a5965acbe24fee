"""`meltano.yml`: as a description of the settings, and as a project that runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.meltano_project import JOB, MELTANO, REPOSITORY, MeltanoProject
from dev.meltano_settings import (
    COMMANDS,
    HUB_ENTRY,
    MELTANO_YML,
    block_of,
    hub_entry,
    hub_text,
    meltano_settings,
)
from target_w50.cli.demo.sandbox_process import running_sandbox
from target_w50.cli.main import COMMANDS as W50_COMMANDS
from target_w50.settings.model import SETTINGS_SCHEMA

TOKEN = "a-token"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "meltano.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def loader(project: dict[str, Any]) -> dict[str, Any]:
    (only,) = project["plugins"]["loaders"]
    loader: dict[str, Any] = only
    return loader


@pytest.fixture
def _installed() -> None:
    """Meltano and the plugins; `make test` has installed them before."""
    subprocess.run(["make", ".meltano/.ready"], cwd=REPOSITORY, check=True, capture_output=True)


def test_the_settings_are_those_of_the_schema(loader: dict[str, Any]) -> None:
    """`python -m dev.meltano_settings` writes them."""
    assert loader["settings"] == meltano_settings()


def test_what_is_written_is_up_to_date() -> None:
    """`python -m dev.meltano_settings` would change nothing."""
    assert block_of(MELTANO_YML.read_text(encoding="utf-8")) == block_of()
    assert HUB_ENTRY.read_text(encoding="utf-8") == hub_text()


def test_the_hubs_entry_has_what_the_hub_asks_for() -> None:
    entry = yaml.safe_load(HUB_ENTRY.read_text(encoding="utf-8"))
    assert entry == hub_entry()
    assert {"name", "namespace", "variant", "label", "pip_url", "capabilities", "settings"} <= set(entry)
    named = {each["name"] for each in entry["settings"]}
    assert {name for group in entry["settings_group_validation"] for name in group} <= named


def test_meltanos_commands_are_commands_of_w50(loader: dict[str, Any]) -> None:
    assert loader["commands"] == COMMANDS
    for name, command in COMMANDS.items():
        assert command["executable"] == "w50"
        assert command["args"].split() == [name, *([] if name == "report" else ["--config", "ENV"])]
        assert name in W50_COMMANDS


@pytest.mark.usefixtures("_installed")
def test_meltano_checks_and_plans_with_its_own_configuration(tmp_path: Path) -> None:
    """`meltano invoke target-w50:check`: the settings come as variables, the secret shows nowhere."""
    with running_sandbox(token=TOKEN) as sandbox:
        meltano = MeltanoProject(home=tmp_path, api_url=sandbox.url, auth_token=TOKEN)
        checked = meltano.meltano("--log-level=warning", "invoke", "target-w50:check")
        planned = meltano.meltano(
            "--log-level=warning", "invoke", "target-w50:plan", "sample_data/contacts.singer"
        )
        assert {each["Method"] for each in sandbox.contents()["Requests"]} == {"GET"}
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "FAILED" not in checked.stdout
    assert "goes to list 42 'Newsletter'" in checked.stdout
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "would send 300 contacts to list 42 'Newsletter'" in planned.stdout
    assert TOKEN not in checked.stdout + checked.stderr + planned.stdout + planned.stderr


def test_every_secret_is_sensitive(loader: dict[str, Any]) -> None:
    secrets = {name for name, schema in SETTINGS_SCHEMA["properties"].items() if schema.get("secret")}
    assert {setting["name"] for setting in loader["settings"] if setting.get("sensitive")} == secrets
    assert "auth_token" in secrets


def test_no_setting_is_of_the_kind_that_crashes_meltano(loader: dict[str, Any]) -> None:
    assert "decimal" not in {setting["kind"] for setting in loader["settings"]}


def test_no_plugin_asks_a_hub_and_no_figures_are_sent(project: dict[str, Any]) -> None:
    plugins = [plugin for kind in project["plugins"].values() for plugin in kind]
    assert all("namespace" in plugin for plugin in plugins)
    assert project["send_anonymous_usage_stats"] is False


def test_the_streams_setting_is_a_list_without_secrets_beside_it(loader: dict[str, Any]) -> None:
    assert isinstance(loader["config"]["streams"], list)
    assert "auth_token" not in loader["config"]


def test_the_loader_says_what_it_can_do(loader: dict[str, Any]) -> None:
    assert loader["capabilities"] == hub_entry()["capabilities"]


def test_the_loader_says_that_it_logs_in_a_structured_way(loader: dict[str, Any]) -> None:
    assert "structured-logging" in loader["capabilities"]


def test_the_schedule_runs_the_job(project: dict[str, Any]) -> None:
    assert [job["name"] for job in project["jobs"]] == [JOB]
    assert [schedule["job"] for schedule in project["schedules"]] == [JOB]


@pytest.mark.usefixtures("_installed")
def test_a_second_run_starts_from_the_first_ones_bookmark(tmp_path: Path) -> None:
    """Meltano keeps the state that the target writes, and hands it to the tap the next time."""
    assert MELTANO.exists()
    with running_sandbox(token=TOKEN) as sandbox:
        meltano = MeltanoProject(home=tmp_path, api_url=sandbox.url, auth_token=TOKEN)

        first = meltano.meltano("run", JOB)
        assert first.returncode == 0, first.stderr
        loaded = sandbox.contents()
        newsletter = next(one for one in loaded["Lists"] if one["Name"] == "Newsletter")
        assert newsletter["Count"] > 250
        state = meltano.state()
        bookmarks = state["singer_state"]["bookmarks"]
        assert bookmarks["contacts"]
        assert state["singer_state"]["w50_import_jobs"]["contacts"]["job_count"] == len(loaded["Jobs"])

        second = meltano.meltano("run", JOB)
        assert second.returncode == 0, second.stderr
        assert len(sandbox.contents()["Jobs"]) == len(loaded["Jobs"]), "nothing new, nothing sent"
        assert meltano.state()["singer_state"]["bookmarks"] == bookmarks
        assert TOKEN not in first.stdout + first.stderr + second.stdout + second.stderr


@pytest.mark.usefixtures("_installed")
def test_the_readmes_block_loads_as_it_is_pasted_with_the_secret_from_dot_env(tmp_path: Path) -> None:
    """Only the paths of the programs are put in, as nothing is installed."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = yaml.safe_load(re.findall(r"```yaml\n(plugins:.*?)```", readme, re.DOTALL)[0])
    (loader,) = block["plugins"]["loaders"]
    assert loader.pop("pip_url") == loader["executable"] == "target-w50"
    loader["executable"] = str(Path(sys.executable).with_name("target-w50"))
    (tap,) = yaml.safe_load(MELTANO_YML.read_text(encoding="utf-8"))["plugins"]["extractors"]
    tap.pop("pip_url")
    tap["executable"] = str(REPOSITORY / ".meltano/extractors/tap-jsonfile/venv/bin/tap-jsonfile")
    tap["config"]["paths"] = [str(REPOSITORY / "sample_data/contacts.jsonl")]
    block["plugins"]["extractors"] = [tap]
    environments = {"default_environment": "dev", "environments": [{"name": "dev"}]}
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump({**environments, **block}))
    (tmp_path / ".env").write_text(f"TARGET_W50_AUTH_TOKEN={TOKEN}\n")
    with running_sandbox(token=TOKEN) as sandbox:
        project = MeltanoProject(tmp_path, sandbox.url, auth_token=None, folder=tmp_path)
        ran = project.meltano("run", "tap-jsonfile", "target-w50")
        assert ran.returncode == 0, ran.stderr[-3000:]
        assert sum(each["Count"] for each in sandbox.contents()["Lists"]) > 200
