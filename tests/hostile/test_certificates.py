"""TLS over real sockets: who is not trusted gets nothing, at once and with words; who is gets what is due."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from target_w50.sandbox import Sandbox
from tests.relay import Relay
from tests.support import record, requests_of, run_target, schema, settings, state

MESSAGES = [schema(), record(1), state(1)]
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)


@dataclass(frozen=True)
class Authorities:
    """One that the program is told to trust, and one that nobody knows."""

    known: trustme.CA
    unknown: trustme.CA


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities(trustme.CA(), trustme.CA())


def server(
    authority: trustme.CA,
    name: str = "127.0.0.1",
    *,
    not_after: dt.datetime | None = None,
    demands: trustme.CA | None = None,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """What a server shows, and by whom the certificate must be that it demands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    not_before = None if not_after is None else not_after - dt.timedelta(days=1)
    authority.issue_cert(name, not_before=not_before, not_after=not_after).configure_cert(context)
    if demands is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        demands.configure_trust(context)
    return context


def bundle(folder: Path, authority: trustme.CA, name: str = "ca.pem") -> str:
    path = folder / name
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def client_files(folder: Path, authority: trustme.CA) -> dict[str, str]:
    """The settings of a client's certificate, in two files."""
    certificate = authority.issue_cert("loader@example.com")
    chain, key = folder / "client.pem", folder / "client.key"
    chain.write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    return {"client_certificate": str(chain), "client_key": str(key)}


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (lambda known, _: server(known, "w50.example"), "it is for another host"),
        (lambda known, _: server(known, not_after=LONG_AGO), "it has expired"),
        (lambda _, unknown: server(unknown), "is not known here"),
    ],
    ids=("of-another-host", "expired", "of-an-unknown-authority"),
)
def test_a_certificate_that_is_not_trusted_ends_the_run_at_once(
    shown: Callable[[trustme.CA, trustme.CA], ssl.SSLContext],
    words: str,
    sandbox: Sandbox,
    authorities: Authorities,
    tmp_path: Path,
) -> None:
    with Relay(sandbox.url, tls=shown(authorities.known, authorities.unknown)).running() as w50:
        trusted = bundle(tmp_path, authorities.known)
        config = settings(sandbox, api_url=w50.url, ca_bundle=trusted, retry_for_s=600)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code) == (4, "w50_not_trusted"), finished.stderr
    assert words in finished.last_line
    assert "try 2" not in finished.stderr
    assert requests_of(sandbox) == []


def test_the_authorities_of_ca_bundle_are_trusted_whatever_the_environment_names(
    sandbox: Sandbox, authorities: Authorities, tmp_path: Path
) -> None:
    environment = {"REQUESTS_CA_BUNDLE": bundle(tmp_path, authorities.unknown, "other.pem")}
    with Relay(sandbox.url, tls=server(authorities.known)).running() as w50:
        config = settings(sandbox, api_url=w50.url, ca_bundle=bundle(tmp_path, authorities.known))
        finished = run_target(tmp_path, config, MESSAGES, environment=environment)
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr


def test_without_it_those_that_the_environment_names_are(
    sandbox: Sandbox, authorities: Authorities, tmp_path: Path
) -> None:
    environment = {"REQUESTS_CA_BUNDLE": bundle(tmp_path, authorities.known)}
    with Relay(sandbox.url, tls=server(authorities.known)).running() as w50:
        config = settings(sandbox, api_url=w50.url)
        finished = run_target(tmp_path, config, MESSAGES, environment=environment)
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr


MISSING, OF_ANOTHER = "it demands a certificate of ours", "the issuer of our certificate is not known there"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (ssl.TLSVersion.TLSv1_2, MISSING),
        (ssl.TLSVersion.TLSv1_3, MISSING),
        (ssl.TLSVersion.TLSv1_3, OF_ANOTHER),
    ],
    ids=("none-by-TLS-1.2", "none-by-TLS-1.3", "of-another-authority"),
)
def test_a_demanded_certificate_that_is_not_given_ends_the_run_at_once(
    version: ssl.TLSVersion, words: str, sandbox: Sandbox, authorities: Authorities, tmp_path: Path
) -> None:
    """Under TLS 1.3 it is told when the request is on its way, and all the same nothing took effect."""
    context = server(authorities.known, demands=authorities.known, version=version)
    shown: dict[str, Any] = client_files(tmp_path, authorities.unknown) if words == OF_ANOTHER else {}
    with Relay(sandbox.url, tls=context).running() as w50:
        trusted = bundle(tmp_path, authorities.known)
        config = settings(sandbox, api_url=w50.url, ca_bundle=trusted, retry_for_s=600, **shown)
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code) == (4, "client_certificate_refused"), finished.stderr
    assert words in finished.last_line
    assert "client_certificate and client_key" in finished.last_line
    assert "try 2" not in finished.stderr
    assert requests_of(sandbox) == []


def test_a_demanded_certificate_is_shown_to_w50_and_to_the_token_end_point(
    start: Callable[..., Sandbox], authorities: Authorities, tmp_path: Path
) -> None:
    sandbox = start(auth="oauth2", client_id="a-client", client_secret="a-secret")
    with Relay(sandbox.url, tls=server(authorities.known, demands=authorities.known)).running() as w50:
        config = settings(
            sandbox,
            api_url=w50.url,
            auth_method="oauth2",
            oauth2_token_url=f"{w50.url}/_sandbox/token",
            oauth2_client_id="a-client",
            oauth2_client_secret="a-secret",
            ca_bundle=bundle(tmp_path, authorities.known),
            **client_files(tmp_path, authorities.known),
        )
        finished = run_target(tmp_path, config, MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [1]), finished.stderr
