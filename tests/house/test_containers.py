"""What `docs/containers.md` shows can be run: it parses, and names settings that exist and may be so."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from target_w50.settings.model import settings_from
from target_w50.settings.schema import SETTINGS_SCHEMA
from target_w50.settings.sources import ENV_PREFIX, read_config

TEXT = (Path(__file__).parents[2] / "docs" / "containers.md").read_text(encoding="utf-8")
ENDS_WITHIN_S = 5
ENTRY = {"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def pod() -> Any:
    return yaml.safe_load(block("yaml"))["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def variables_of_the_cron_job() -> dict[str, str]:
    """With `run-1` for what comes from elsewhere."""
    (container,) = pod()["containers"]
    return {each["name"]: each.get("value", "run-1") for each in container["env"]}


def variables_of_the_task() -> dict[str, str]:
    (call,) = (node.value for node in ast.walk(ast.parse(block("python"))) if isinstance(node, ast.Assign))
    assert isinstance(call, ast.Call)
    given = {each.arg: each.value for each in call.keywords}
    variables: dict[str, str] = ast.literal_eval(given["env_vars"])
    secrets = given["secrets"]
    assert isinstance(secrets, ast.List)
    for secret in secrets.elts:
        assert isinstance(secret, ast.Call)
        kind, name, *_ = map(ast.literal_eval, secret.args)
        if kind == "env":
            variables[name] = "a-secret"
    return {
        name: value.replace("{{ run_id }}", "scheduled__2026-01-01T02:30:00+00:00")
        for name, value in variables.items()
    }


@pytest.mark.parametrize(
    "variables", [variables_of_the_cron_job(), variables_of_the_task()], ids=["cron", "task"]
)
def test_the_variables_are_settings_that_a_run_begins_with(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = {name for name in variables if name.startswith(ENV_PREFIX)}
    assert ours <= {ENV_PREFIX + name.upper() for name in SETTINGS_SCHEMA["properties"]}
    monkeypatch.chdir(tmp_path)
    for name in ours:
        monkeypatch.setenv(name, variables[name])
    settings = settings_from({"streams": [ENTRY], **read_config(["ENV"])})
    assert settings.quarantines
    assert settings.metrics_path == f"s3://example-w50/metrics/{settings.run_id}.singer"


def test_a_pod_has_the_time_to_end_and_no_other_beside_it() -> None:
    assert pod()["terminationGracePeriodSeconds"] > ENDS_WITHIN_S
    assert yaml.safe_load(block("yaml"))["spec"]["concurrencyPolicy"] == "Forbid"


def test_the_secrets_that_are_files_are_mounted_where_the_settings_look() -> None:
    (container,) = pod()["containers"]
    folders = [each["mountPath"] for each in container["volumeMounts"]]
    files = [value for name, value in variables_of_the_cron_job().items() if name.endswith("_FILE")]
    assert files
    assert all(str(Path(file).parent) in folders for file in files)
    assert {each["name"] for each in container["volumeMounts"]} <= {each["name"] for each in pod()["volumes"]}
