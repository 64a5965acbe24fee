"""Starting costs little: what a command does not need is not imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOT_FOR_VERSION = (
    "singer_sdk",
    "requests",
    "jsonschema",
    "msgspec",
    "rich",
    "xml.etree.ElementTree",
    "target_w50.w50",
)
NOT_FOR_A_RUN = (
    "rich",
    "joblib",
    "upath",
    "asyncio",
    "packaging",
    "singer_sdk.streams",
    "requests",
    "urllib3",
    "ssl",
    "re2",
    "regex",
    "oauthlib",
    "email_validator",
    "phonenumbers",
    "defusedxml",
    "xml.etree.ElementTree",
    "werkzeug",
    "target_w50.cli",
    "target_w50.sandbox",
    "target_w50.w50.oauth2",
)


def imported_by(*arguments: str) -> set[str]:
    """The modules that the program has imported when it ends well."""
    script = f"""
import json, sys
from target_w50.program.command import main
status = main({list(arguments)!r})
sys.stderr.write("\\n" + json.dumps([status, sorted(sys.modules)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], input=b"", capture_output=True, check=True, timeout=60
    )
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status == 0, done.stderr
    return set(modules)


def test_each_module_can_be_imported() -> None:
    """As a program, so that what modules do then is measured, see `tests/measuring.py`."""
    script = """
import importlib, pkgutil
import target_w50
for module in pkgutil.walk_packages(target_w50.__path__, "target_w50."):
    importlib.import_module(module.name)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_version_and_the_help_need_neither_the_sdk_nor_a_client(option: str) -> None:
    assert not imported_by(option).intersection(NOT_FOR_VERSION)


def test_an_empty_input_needs_no_client_and_little_of_the_sdk(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    checks = {"Email": "email", "Mobile": "phone:GB"}
    entry = {"stream": "contacts", "contact_list": "1", "match_fields": ["Email"], "contact_checks": checks}
    config.write_text(
        json.dumps({"api_url": "http://127.0.0.1:1", "auth_token": "a-token", "streams": [entry]})
    )
    assert not imported_by("--config", str(config)).intersection(NOT_FOR_A_RUN)
