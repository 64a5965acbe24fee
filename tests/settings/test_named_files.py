"""Files of secrets and certificates that settings name: what can't be used is said at the start."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from target_w50.errors import SettingsError
from target_w50.runtime.clock import CLOCK
from target_w50.sandbox import Sandbox
from target_w50.settings.connection import Connection
from target_w50.settings.model import connection_settings
from target_w50.settings.sources import warnings_of
from tests.relay import Passed, Relay
from tests.support import load_here, record, requests_of, run_target, schema, settings, state

SECRET = "hush-hush-0123456789"
NEW_SECRET = "another-0123456789"
OAUTH2 = {
    "auth_method": "oauth2",
    "oauth2_token_url": "https://login.example/token",
    "oauth2_client_id": "c",
}


def connection(**config: Any) -> Connection:
    return Connection(connection_settings(config), CLOCK)


def faults_of(**config: Any) -> tuple[str, ...]:
    """What is wrong with the files, with the whole message free of paths and contents."""
    with pytest.raises(SettingsError) as caught:
        connection(**config)
    assert caught.value.exit_status == 2
    assert SECRET not in caught.value.message
    assert os.sep not in caught.value.message
    assert caught.value.__cause__ is None
    return caught.value.faults


def file_of(folder: Path, content: bytes | str, name: str = "secret") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return str(path)


# Secrets.


def sent_header(made: Connection) -> str:
    request = requests.Request("GET", "https://w50.example", auth=made._auth).prepare()
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_the_text_of_its_file_without_the_line_break_at_its_end(end: str, tmp_path: Path) -> None:
    path = file_of(tmp_path, f" pä ss {end}")
    sent = sent_header(connection(auth_method="basic", username="u", password_file=path))
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == "u: pä ss "
    assert sent_header(connection(auth_token_file=file_of(tmp_path, SECRET + end))) == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe\x00" + SECRET.encode(), "is not text in UTF-8"),
        (f"{SECRET}\nand another line\n".encode(), "is not one line of text"),
        (f"{SECRET}\0".encode(), "is not one line of text"),
        (SECRET.encode() * 10_000, "of more than 65536 bytes"),
    ],
)
def test_a_file_without_a_secret_is_named_by_its_setting_alone(
    content: bytes, words: str, tmp_path: Path
) -> None:
    (fault,) = faults_of(auth_token_file=file_of(tmp_path, content))
    assert fault.startswith("`auth_token_file` names a file ")
    assert words in fault


def test_a_path_that_leads_to_no_file_is_named_by_its_setting_alone(tmp_path: Path) -> None:
    """The path may be the secret itself, put in the wrong place."""
    os.mkfifo(tmp_path / "pipe")
    for path, words in {
        SECRET: "that is not there",
        SECRET * 100: "can't be read (file name too long)",
        f"{SECRET}\0": "can't be read (no path)",
        str(tmp_path): "a folder instead of a file",
        str(tmp_path / "pipe"): "no regular file",
    }.items():
        (fault,) = faults_of(auth_token_file=path)
        assert fault.startswith("`auth_token_file` names ")
        assert words in fault


def test_a_file_that_may_not_be_read_is_said_to_be(tmp_path: Path) -> None:
    path = Path(file_of(tmp_path, SECRET))
    path.chmod(0)
    if os.geteuid() != 0:  # root may read anything
        assert faults_of(auth_token_file=str(path)) == (
            "`auth_token_file` names a file that can't be read (permission denied)",
        )


def test_what_no_header_can_hold_is_named_by_the_files_setting(tmp_path: Path) -> None:
    (fault,) = faults_of(auth_token_file=file_of(tmp_path, f"{SECRET}é"))
    assert fault.startswith("auth_token_file must be set, and hold nothing but visible ASCII")


def test_a_secret_is_given_in_one_place_only() -> None:
    given: dict[str, Any] = {"auth_token": "a", "username": "u", "password": "p", "oauth2_client_secret": "s"}
    files = {f"{name}_file": "x" for name in ("auth_token", "password", "oauth2_client_secret")}
    for method in ("bearer", "header", "basic"):
        with pytest.raises(SettingsError) as caught:
            connection_settings({**given, **files, "auth_method": method})
        assert caught.value.faults == tuple(
            f"`{name}` and `{name}_file` must not both be set"
            for name in ("auth_token", "password", "oauth2_client_secret")
        )


def test_all_files_that_can_not_be_used_are_named_at_once() -> None:
    named = ["ca_bundle", "client_certificate", "client_key", "oauth2_client_secret_file", "password_file"]
    faults = faults_of(
        **OAUTH2, oauth2_grant_type="password", username="u", **dict.fromkeys(named, "no-such-file")
    )
    assert faults == tuple(f"`{name}` names a file that is not there" for name in named)


METHODS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "bearer": ({"token": NEW_SECRET}, {}, "auth_token_file"),
    "header": ({"auth": "header", "token": NEW_SECRET}, {"auth_method": "header"}, "auth_token_file"),
    "basic": (
        {"auth": "basic", "username": "u", "password": NEW_SECRET},
        {"auth_method": "basic", "username": "u"},
        "password_file",
    ),
    "oauth2": (
        {"auth": "oauth2", "client_id": "c", "client_secret": NEW_SECRET},
        OAUTH2,
        "oauth2_client_secret_file",
    ),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_secret_that_was_replaced_is_used_without_a_restart(
    method: str, start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """And neither the old nor the new one is shown, though both are repeated."""
    options, more, setting = METHODS[method]
    sandbox = start(**options)
    refused: list[str] = []

    def replace_after_a_401(passed: Passed) -> list[bytes]:
        if passed.status != HTTPStatus.UNAUTHORIZED:
            return [passed.raw()]
        refused.append(passed.path)
        file_of(tmp_path, f"{NEW_SECRET}\n")
        return [passed.raw(Message=f"{SECRET} {NEW_SECRET}")]

    with Relay(sandbox.url, replace_after_a_401).running() as w50:
        config = {**settings(sandbox), **more, "api_url": w50.url, setting: file_of(tmp_path, f"{SECRET}\n")}
        del config["auth_token"]
        if method == "oauth2":
            config["oauth2_token_url"] = f"{w50.url}/_sandbox/token"
        finished = load_here(tmp_path, config, [schema(), record(1), state(1)])
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr
    assert len(refused) == 1
    assert SECRET not in finished.stderr
    assert NEW_SECRET not in finished.stderr


# Who may read them.


@pytest.mark.parametrize("setting", ["auth_token_file", "client_key", "client_certificate"])
def test_a_file_of_a_secret_that_everybody_may_read_is_said_by_its_setting(
    setting: str, tmp_path: Path
) -> None:
    path = Path(file_of(tmp_path, SECRET))
    config = {"auth_token": SECRET, "client_certificate": str(path), setting: str(path)}
    if setting == "auth_token_file":
        config = {setting: str(path)}
    judged = connection_settings(config)
    assert list(warnings_of([], judged)) == []
    path.chmod(0o644)
    (said,) = warnings_of([], judged)
    assert f"the file that `{setting}` names. Close it (chmod o-r)" in said


def test_of_a_file_system_that_can_not_be_written_to_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So platforms of containers mount secrets, for all in the container to read."""
    path = Path(file_of(tmp_path, SECRET))
    path.chmod(0o444)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert list(warnings_of([], connection_settings({"auth_token_file": str(path)}))) == []


# Certificates.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def issued(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("loader@example.com")


def certificate_of(issued: trustme.LeafCert) -> bytes:
    return b"".join(each.bytes() for each in issued.cert_chain_pems)


def test_a_certificate_and_its_key_may_stand_in_one_file_or_two(
    issued: trustme.LeafCert, authority: trustme.CA, tmp_path: Path
) -> None:
    key = issued.private_key_pem.bytes()
    one = file_of(tmp_path, key + certificate_of(issued), "one.pem")
    two = file_of(tmp_path, certificate_of(issued), "two.pem"), file_of(tmp_path, key, "two.key")
    bundle = file_of(tmp_path, authority.cert_pem.bytes(), "ca.pem")
    assert connection(auth_token=SECRET, client_certificate=one, ca_bundle=bundle)
    assert connection(auth_token=SECRET, client_certificate=two[0], client_key=two[1])


def test_a_key_needs_its_certificate() -> None:
    with pytest.raises(SettingsError, match="`client_key` needs `client_certificate`"):
        connection_settings({"auth_token": SECRET, "client_key": "x"})


def test_a_client_certificate_that_can_not_be_used_is_named(
    issued: trustme.LeafCert, authority: trustme.CA, tmp_path: Path
) -> None:
    certificate = file_of(tmp_path, certificate_of(issued), "a.pem")
    own_key = issued.private_key_pem.bytes()
    other_key = authority.issue_cert("x@example.com").private_key_pem.bytes()
    rsa_key = authority.issue_cert("x@example.com", key_type=trustme.KeyType.RSA).private_key_pem.bytes()
    encrypted = load_pem_private_key(own_key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET.encode())
    )
    for key, words in (
        (other_key, "`client_key` names a file whose private key does not fit the certificate"),
        (rsa_key, "`client_key` names a file whose private key does not fit the certificate"),
        (own_key[:100] + own_key[120:], "`client_key` names a file whose private key does not fit"),
        (encrypted, "`client_key` names a file whose private key is encrypted"),
        (SECRET.encode(), "`client_key` names a file that holds no private key (PEM)"),
        (b"", "`client_key` names a file that holds no private key (PEM)"),
    ):
        path = file_of(tmp_path, key, "a.key")
        (fault,) = faults_of(auth_token="t", client_certificate=certificate, client_key=path)
        assert fault.startswith(words)
    (fault,) = faults_of(auth_token="t", client_certificate=certificate)
    assert fault == "`client_certificate` names a file that holds no private key (PEM); set `client_key`"
    (fault,) = faults_of(auth_token="t", client_certificate=file_of(tmp_path, own_key, "a.key"))
    assert fault == "`client_certificate` names a file that holds no certificates (PEM)"


def test_a_bundle_that_can_not_be_used_is_named(authority: trustme.CA, tmp_path: Path) -> None:
    der = b"\x30\x82" + bytes(100)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path, words in {
        "no-such-file": "names a file that is not there",
        file_of(tmp_path, SECRET): "names a file that holds no certificates (PEM)",
        file_of(tmp_path, der, "der"): "names a file that holds no certificates (PEM)",
        str(folder): "names a folder without names by hash",
    }.items():
        assert faults_of(auth_token="t", ca_bundle=path) == (f"`ca_bundle` {words}",)
    (folder / "0a1b2c3d.0").write_bytes(authority.cert_pem.bytes())
    other = tmp_path / "other"
    folder.rename(other)
    assert connection(auth_token="t", ca_bundle=str(other))


def test_the_program_ends_before_it_reads_anything(sandbox: Sandbox, tmp_path: Path) -> None:
    config = settings(sandbox, auth_token_file=SECRET, ca_bundle=SECRET)
    del config["auth_token"]
    finished = run_target(tmp_path, config, b"no message\n")
    assert (finished.status, finished.stdout) == (2, ""), finished.stderr
    assert "`ca_bundle` names a file that is not there; `auth_token_file` names a file" in finished.last_line
    assert SECRET not in finished.stderr
    assert requests_of(sandbox) == []
