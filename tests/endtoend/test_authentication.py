"""Every way to authenticate in every format, a token's life, and secrets and values that never show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.cli.demo import command as demo
from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.forks import run_forked
from tests.support import (
    Finished,
    Target,
    calls_of,
    entry,
    jobs_of,
    record,
    requests_of,
    schema,
    settings,
    state,
    stored,
    wait_until,
)

MEDIA_TYPES = ["application/json", "text/json", "application/csp-report", "application/xml", "text/xml"]
TOKEN = "token-Zq1-hush"
USER, PASSWORD = "user-Zq2", "password-Zq3-hush"
CLIENT, CLIENT_SECRET = "client-Zq4", "client-secret-Zq5-hush"
HASH_SEED = "seed-Zq6-hush"
SECRETS = (TOKEN, PASSWORD, CLIENT_SECRET, HASH_SEED)
DEBUG = {"TARGET_W50_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"}

METHODS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bearer": ({"token": TOKEN}, {"auth_token": TOKEN}),
    "basic": (
        {"auth": "basic", "username": USER, "password": PASSWORD},
        {"auth_method": "basic", "username": USER, "password": PASSWORD},
    ),
    "header": (
        {"auth": "header", "token": TOKEN, "header_name": "X-W50-Key"},
        {"auth_method": "header", "auth_token": TOKEN, "auth_header_name": "X-W50-Key"},
    ),
    "client_credentials": (
        {"auth": "oauth2", "client_id": CLIENT, "client_secret": CLIENT_SECRET},
        {"auth_method": "oauth2", "oauth2_client_id": CLIENT, "oauth2_client_secret": CLIENT_SECRET},
    ),
    "password": (
        {
            "auth": "oauth2",
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "username": USER,
            "password": PASSWORD,
        },
        {
            "auth_method": "oauth2",
            "oauth2_grant_type": "password",
            "oauth2_client_id": CLIENT,
            "oauth2_client_secret": CLIENT_SECRET,
            "username": USER,
            "password": PASSWORD,
        },
    ),
}
LISTS = [program.contact_list("Email", "FirstName", "LastName", "CustomerId", "EmailHash")]
PROPERTIES: dict[str, Any] = {
    "email": {"type": ["string", "null"]},
    "first_name": {"type": ["string", "null"], "maxLength": 40},
    "customer_id": {"type": ["integer", "null"]},
}
VALUES = ("Zv1-ann", "Zv2-bob", "Zv3-too-long", "Zv4-poison", "Zv5-odd", "Zv6-nul", "987650001", "987650002")
FAULTS = [
    {"reject": {"field": "FirstName", "contains": "Zv4", "status": 422}},
    {"warn": {"field": "FirstName", "contains": "Zv5", "text": "FirstName Zv5-odd is odd"}},
]


def main_flow() -> list[dict[str, Any]]:
    """Good records, and one for each way in which a record may be bad."""
    names = ["Zv1-ann", "Zv2-bob", "Zv3-too-long" * 9, "Zv4-poison", "Zv5-odd", "Zv6-nul\ud800"]
    return [
        schema(properties=PROPERTIES, keys=[]),
        *(
            record(f"{name[:3]}", first_name=name, customer_id=987650000 + number)
            for number, name in enumerate(names, 1)
        ),
        record(7, email=None, first_name="Zv1-ann"),
        record("Zv1", first_name="Zv1-ann again"),
        state(1),
    ]


def config_for(sandbox: Sandbox, method: str, **more: Any) -> dict[str, Any]:
    config = {**settings(sandbox), **METHODS[method][1], **more}
    if method not in ("bearer", "header"):
        del config["auth_token"]
    if config.get("auth_method") == "oauth2":
        config.setdefault("oauth2_token_url", f"{sandbox.url}/_sandbox/token")
    return config


def sandbox_for(method: str, **more: Any) -> Sandbox:
    return Sandbox(lists=LISTS, **METHODS[method][0], **more)


@pytest.mark.parametrize("method", METHODS)
def test_the_main_flow_works_in_every_format_and_shows_no_secret_and_no_value(
    tmp_path: Path, method: str
) -> None:
    held: list[Any] = []
    for media_type in MEDIA_TYPES:
        aside = tmp_path / media_type.replace("/", "-")
        more = {
            "media_type": media_type,
            "on_invalid_record": "quarantine",
            "quarantine_path": str(aside),
            "stream_maps": {"contacts": {"email_hash": "md5(config['seed'] + (email or ''))"}},
            "stream_map_config": {"seed": HASH_SEED},
        }
        with sandbox_for(method, faults=FAULTS) as sandbox:
            ended = program.run(tmp_path, config_for(sandbox, method, **more), main_flow(), environment=DEBUG)
            assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
            held.append(program.contacts(sandbox))
        assert sorted(program.reasons(aside)) == sorted(
            ["schema_invalid", "w50_rejected", "conversion_failed", "missing_match_value"]
        )
        assert program.adds_up(ended)
        assert "| DEBUG" in ended.stderr
        assert "| urllib3.connectionpool" in ended.stderr, "lines of libraries, less what they are about"
        assert hidden_in(ended) == []
    assert [each["FirstName"] for each in held[0]] == ["Zv1-ann again", "Zv2-bob", "Zv5-odd"]
    assert all(each == held[0] for each in held)


def hidden_in(ended: Finished) -> list[str]:
    """The secrets and contact values that show where none may."""
    shown = ended.stderr + ended.stdout + json.dumps(ended.metrics)
    return [each for each in (*SECRETS, *VALUES, "@example.com") if each in shown]


@pytest.mark.parametrize("method", METHODS)
def test_wrong_credentials_are_exit_3_with_one_clear_line_and_no_secret(tmp_path: Path, method: str) -> None:
    options = {**METHODS[method][0]}
    for name in ("token", "password", "client_secret"):
        if name in options:
            options[name] = "another"
    with Sandbox(lists=LISTS, **options) as sandbox:
        ended = program.run(tmp_path, config_for(sandbox, method), main_flow(), environment=DEBUG)
        assert calls_of(sandbox, "create") == []
    assert ended.status == 3, ended.stderr
    assert ended.error_code in ("w50_unauthorized", "oauth2_refused")
    assert program.ends_in_words(ended)
    assert ended.states == []
    assert hidden_in(ended) == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "fault",
    [
        {"call": "add", "status": 500, "times": 9},
        {"call": "add", "cut": "after", "times": 9},
        {"call": "add", "html": True, "times": 9},
        {"call": "run", "status": 400, "body": json.dumps({"Message": f"no {VALUES[0]} for {TOKEN}"})},
    ],
    ids=["500", "cut", "html", "400"],
)
def test_a_run_that_fails_shows_no_secret_and_no_value(
    tmp_path: Path, method: str, fault: dict[str, Any]
) -> None:
    messages = [main_flow()[0], *main_flow()[1:3], state(1)]
    with sandbox_for(method, faults=[fault]) as sandbox:
        ended = program.run(tmp_path, config_for(sandbox, method), messages, environment=DEBUG)
        assert all(job["Runs"] == 0 for job in jobs_of(sandbox))
    assert ended.status in (3, 4), ended.stderr
    assert program.ends_in_words(ended)
    hidden = hidden_in(ended)
    assert hidden == [] if "400" not in str(fault) else TOKEN not in hidden
    assert ended.states == []


# A token's life.


def test_a_token_is_fetched_once_and_kept(tmp_path: Path) -> None:
    messages = [main_flow()[0], *(each for number in range(40) for each in (record(number), state(number)))]
    with sandbox_for("client_credentials") as sandbox:
        config = config_for(sandbox, "client_credentials", max_contacts_per_job=5)
        ended = program.run(tmp_path, config, messages)
        assert (ended.status, ended.bookmarks[-1]) == (0, 39), ended.stderr
        assert len(jobs_of(sandbox)) == 8
        assert calls_of(sandbox, "token") == ["token"]


def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """A token that is good for a second, and a job that takes longer: no request is ever refused."""
    with sandbox_for("client_credentials", token_lifetime_s=1, job_seconds=1.5) as sandbox:
        config = config_for(sandbox, "client_credentials")
        ended = program.run(tmp_path, config, [main_flow()[0], record(1), state(1)])
        assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
        assert len(calls_of(sandbox, "token")) >= 2
        assert {each["Status"] for each in requests_of(sandbox)} == {200}


def test_a_token_is_renewed_once_after_a_401(tmp_path: Path) -> None:
    with sandbox_for("password") as sandbox:
        config = config_for(sandbox, "password")
        with Target(tmp_path / "run", config) as target:
            target.send(main_flow()[0])
            wait_until(lambda: "fields" in calls_of(sandbox), "the fields", target)
            sandbox.revoke_tokens()
            target.send(record(1), state(1))
            target.end_input()
            ended = target.wait()
        assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
        assert len(calls_of(sandbox, "token")) == 2
        assert [each["Status"] for each in requests_of(sandbox)].count(401) == 1
        assert [*stored(sandbox)] == ["n1@example.com"]


def test_a_token_that_is_refused_again_is_exit_3(tmp_path: Path) -> None:
    refuse = {"call": ["list", "lists"], "status": 401, "times": 9}
    with sandbox_for("client_credentials", faults=[refuse]) as sandbox:
        ended = program.run(tmp_path, config_for(sandbox, "client_credentials"), main_flow())
        assert (ended.status, ended.error_code) == (3, "w50_unauthorized"), ended.stderr
        assert len(calls_of(sandbox, "token")) == 2


JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 500}, 4),
        ({"status": 503, "retry_after": 3600}, 4),
        ({"cut": "before"}, 4),
        ({"html": True}, 4),
        ({"empty": True}, 4),
        ({"half": True}, 4),
        ({"status": 200, "body": "{}", **JSON}, 4),
        ({"status": 200, "body": '{"access_token": 5}', **JSON}, 4),
        ({"status": 200, "body": '{"access_token": "a\\nb", "token_type": "Bearer"}', **JSON}, 4),
        ({"status": 400, "body": '{"error": "invalid_scope"}', **JSON}, 3),
        ({"status": 401, "body": f'{{"error": "{CLIENT_SECRET}"}}', **JSON}, 3),
        ({"status": 403, "body": f"<html>{CLIENT_SECRET}</html>", "content_type": "text/html"}, 3),
        ({"status": 404}, 3),
        ({"status": 302}, 3),
    ],
    ids=str,
)
def test_a_token_end_point_that_fails_is_a_clear_end(
    tmp_path: Path, fault: dict[str, Any], status: int
) -> None:
    with sandbox_for("client_credentials", faults=[{"call": "token", "times": 1000, **fault}]) as sandbox:
        config = config_for(sandbox, "client_credentials", retry_for_s=0.5)
        ended = program.run(tmp_path, config, main_flow(), environment=DEBUG)
    assert ended.status == status, ended.stderr
    assert program.ends_in_words(ended)
    assert "token" in ended.last_line
    assert (ended.states, hidden_in(ended)) == ([], [])


def test_a_token_end_point_that_recovers_is_asked_again(tmp_path: Path) -> None:
    with sandbox_for("client_credentials", faults=[{"call": "token", "status": 503, "times": 1}]) as sandbox:
        config = config_for(sandbox, "client_credentials")
        ended = program.run(tmp_path, config, [main_flow()[0], record(1), state(1)])
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr


# Plain http.


@pytest.mark.parametrize(
    "change",
    [
        {"api_url": "http://w50.example.com/Which50API"},
        {
            "auth_method": "oauth2",
            "oauth2_token_url": "http://login.example.com/token",
            **METHODS["password"][1],
        },
    ],
    ids=["api_url", "oauth2_token_url"],
)
def test_plain_http_is_refused_beyond_loopback_before_the_tap_is_read(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with sandbox_for("bearer") as sandbox:
        config = {**settings(sandbox), **change}
        ended = program.run(tmp_path, config, b"not json", environment=DEBUG)
        assert calls_of(sandbox) == []
    assert ended.status == 2, ended.stderr
    assert "allow_http" in ended.last_line
    assert next(iter(change)) in ended.last_line or "oauth2_token_url" in ended.last_line
    assert hidden_in(ended) == []


def test_credentials_of_netrc_are_never_sent(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    (tmp_path / ".netrc").chmod(0o600)
    with sandbox_for("bearer") as sandbox:
        environment = {"HOME": str(tmp_path), "NETRC": str(tmp_path / ".netrc")}
        config = config_for(sandbox, "bearer")
        ended = program.run(tmp_path, config, [main_flow()[0], record(1)], environment=environment)
        assert ended.status == 0, ended.stderr


# --about.


@pytest.mark.parametrize("form", [[], ["--format", "json"], ["--format", "markdown"]], ids=str)
def test_about_shows_no_value_of_a_setting(tmp_path: Path, form: list[str]) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**METHODS["password"][1], "auth_token": TOKEN, "streams": [entry()]}))
    environment = {"TARGET_W50_AUTH_TOKEN": TOKEN, "TARGET_W50_PASSWORD": PASSWORD}
    arguments = ["--about", *form, "--config", str(config), "--config", "ENV"]
    ended = program.run_program(tmp_path / "about", *arguments, environment=environment)
    assert ended.status == 0, ended.stderr
    assert "auth_token" in ended.stdout
    assert "oauth2_client_secret" in ended.stdout
    assert [each for each in (*SECRETS, USER, CLIENT) if each in ended.stdout + ended.stderr] == []
    if form == ["--format", "json"]:
        assert json.loads(ended.stdout)["name"] == "target-w50"


# The demo.


def test_the_demo_gives_the_same_contacts_in_every_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, its target forked: tests/cli/test_demo.py starts the programs themselves."""
    monkeypatch.setattr(demo, "running_sandbox", lambda *_, token: Sandbox(token=token))
    monkeypatch.setattr(demo, "_run_target", forked_target)
    printed = []
    for each in MEDIA_TYPES:
        assert demo.demo(media_type=each, keep=False) == 0
        printed.append([*told_of_contacts(capsys.readouterr().out)])
    assert len(printed[0]) == 5
    assert all(each == printed[0] for each in printed)


def forked_target(folder: Path, sample: Path) -> int:
    """What the demo does with the target, by the quick way."""
    arguments = ["--config", str(folder / "config.json")]
    ended = run_forked(folder / "streams", arguments, sample.read_bytes(), folder / "metrics.singer")
    (folder / "state.jsonl").write_text(ended.stdout)
    (folder / "target.log").write_text(ended.stderr)
    return ended.status


def told_of_contacts(printed: str) -> Iterator[str]:
    """The part of what the demo prints that is about the contacts."""
    lines = printed.splitlines()
    first = lines.index("What became of the contacts")
    yield from lines[first : lines.index("", first)]
