"""What the tests of outputs at URLs share: an S3 server, and a relay to it that a test may have meddle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.s3_server import S3Server
from target_w50.outputs import stores
from tests.relay import Relay


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(scope="session")
def relay_to_s3(s3_server: S3Server) -> Iterator[Relay]:
    """One for all tests of a process, as to make a driver anew takes long."""
    with Relay(s3_server.url).running() as relay, pytest.MonkeyPatch.context() as patched:
        for name, value in s3_server.environment(relay.url).items():
            patched.setenv(name, value)
        stores.driver.cache_clear()
        yield relay
        stores.driver.cache_clear()


@pytest.fixture
def relay(relay_to_s3: Relay) -> Iterator[Relay]:
    """The way to the server; what a test has it do ends with the test."""
    before, meddle = relay_to_s3.before, relay_to_s3.meddle
    yield relay_to_s3
    relay_to_s3.before, relay_to_s3.meddle = before, meddle


@pytest.fixture
def s3(s3_server: S3Server, relay: Relay) -> S3Server:
    """The server, which drivers find by the environment."""
    del relay
    return s3_server
