"""Names from a tap, from W50 and from files: none can do anything to a terminal, or forge a line of a log."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.report import records
from tests.support import entry, record, run_target, schema, settings, state
from tests.w50.support import IMPORT_JOB, RawServer, Reply, http

EVIL = "a\x1b]0;owned\x07\x9b31m\u202etxt\u2028\x7f\nERROR    | target-w50 | forged"
"""ESC, BEL, C1, a change of direction, line ends, and what looks like a line of the log."""
SHOWN = r"a\x1b]0;owned\x07\x9b31m\u202etxt\u2028\x7f\nERROR    | target-w50 | forged"


def is_harmless(text: str) -> bool:
    """Whether nothing is in it that a terminal would obey, and no line that we did not begin."""
    controls = [each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"}]
    return set(controls) <= {"\n"} and not any(
        line.startswith("ERROR    | target-w50 | forged") for line in text.split("\n")
    )


def w50(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "target_w50.cli", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


EVIL_INPUTS: dict[str, list[dict[str, Any]]] = {
    "stream": [schema(EVIL), record(1, EVIL)],
    "unlisted stream": [schema("x" + EVIL)],
    "property": [
        schema(properties={"email": {"type": "string"}, EVIL: {"type": "string"}}),
        record(1),
        state(1),
    ],
    "key": [schema(keys=[EVIL]), record(1)],
    "invalid property": [
        schema(properties={"email": {}, EVIL: {"type": "integer"}}),
        record(1, **{EVIL: "x"}),
    ],
    "reference": [schema(properties={"email": {"$ref": f"#/{EVIL}"}}), record(1)],
    "batch file": [
        schema(),
        {
            "type": "BATCH",
            "stream": "contacts",
            "encoding": {"format": "jsonl"},
            "manifest": [f"/nowhere/{EVIL}"],
        },
    ],
    "message": [{"type": EVIL}],
}


@pytest.mark.parametrize("what", sorted(EVIL_INPUTS))
def test_names_of_the_tap_are_shown_with_escapes(tmp_path: Path, sandbox: Sandbox, what: str) -> None:
    streams = [entry(EVIL), entry()] if what == "stream" else [entry()]
    ended = run_target(tmp_path, settings(sandbox, *streams), EVIL_INPUTS[what])
    assert is_harmless(ended.stderr), ascii(ended.stderr)
    assert is_harmless(ended.run["error"] or "")


def test_the_host_of_a_redirect_is_shown_with_escapes(tmp_path: Path) -> None:
    head = (
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://evil\x1b[31m\x9b\u202e.example/\r\n\r\n"
    )
    with RawServer([Reply(head.encode())]).running() as server:
        config = {"api_url": server.url, "auth_token": "a-token", "streams": [entry()], "retry_for_s": 0}
        ended = run_target(tmp_path, config, [schema(), record(1)])
    assert ended.status == 3
    assert is_harmless(ended.stderr), ascii(ended.stderr)


def test_lines_of_the_log_are_shown_with_escapes() -> None:
    """Of a library's line not even that is shown: it may be anything."""
    code = (
        "import logging, sys; from target_w50.program.sdk_log import set_up_log; set_up_log(); "
        "logging.getLogger('target-w50').warning('heard %s', sys.argv[1]); "
        "logging.getLogger('a.library').warning('a library heard %s', sys.argv[1])"
    )
    ran = subprocess.run([sys.executable, "-c", code, EVIL], capture_output=True, text=True, check=True)
    assert is_harmless(ran.stderr)
    assert f"| heard {SHOWN}\n" in ran.stderr
    assert "| a library heard …\n" in ran.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_foreign_metrics_file_is_shown_with_escapes(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = records.write(
        tmp_path / "evil\x1b[31m.jsonl",
        [
            records.run(run_id=EVIL, error_code=EVIL, error=EVIL, exit_status=5, api_host=EVIL),
            records.stream(name=EVIL, run_id=EVIL, contact_list_name=EVIL),
            records.job(run_id=EVIL, stream=EVIL, error=EVIL, outcome="failed"),
        ],
    )
    with path.open("a") as file:
        file.write(
            f'{{"type": "RECORD", "stream": "w50_runs", "record": {{{json.dumps(EVIL)}: 1}}}}\nnonsense\n'
        )
    told = w50("report", path, *options)
    assert told.returncode == 0
    assert is_harmless(told.stdout + told.stderr), ascii(told.stdout + told.stderr)
    if options:
        assert json.loads(told.stdout)["runs"][0]["run_id"] == EVIL


def test_what_w50_says_of_a_job_is_shown_with_escapes(tmp_path: Path) -> None:
    job = {**IMPORT_JOB, "CurrentStatus": f"Failed {EVIL}", "ProgressPercent": 100}
    found = {"Id": 42, "Name": "Newsletter", "Count": 1}
    path = tmp_path / "config.json"
    for option in ("--watch", "--json"):
        with RawServer([Reply(http(200, found)), Reply(http(200, job))]).running() as server:
            # The server ends each connection behind its answer, maybe just as the next request comes.
            path.write_text(json.dumps({"api_url": server.url, "auth_token": "a-token", "retry_for_s": 20}))
            told = w50("job", "42", "7", option, "--config", path)
        assert told.returncode in {0, 5}, told.stderr
        assert is_harmless(told.stdout + told.stderr), ascii(told.stdout + told.stderr)


LONG = "long" * 750_000


@pytest.mark.parametrize(
    "messages",
    [[schema(LONG)], [schema(properties={"email": {}, LONG: {"type": "integer"}}), record(1, **{LONG: "x"})]],
    ids=["stream", "property"],
)
def test_a_name_of_megabytes_does_not_fill_the_log(
    tmp_path: Path, sandbox: Sandbox, messages: list[dict[str, Any]]
) -> None:
    ended = run_target(tmp_path, settings(sandbox), messages)
    assert ended.status == 2
    assert len(ended.stderr) < 100_000
    assert len(ended.run["error"]) < 20_000
    assert ended.error_code in ended.last_line
