"""Where a scenario's quarantine and metrics go: files, or an S3 server that fails now and then."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from dev.s3_server import BUCKET, S3Server
from tests.chaos.scenario import Scenario
from tests.relay import Relay

REFUSED = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]


class Outputs:
    """The outputs of a scenario; `with` ends the server that they may be on."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._folder = folder
        self._stack = ExitStack()
        self._parts: dict[str, bytes] = {}
        self._server: S3Server | None = None
        self.environment: dict[str, str] = {}
        """What leads the programs there."""
        self.may_lack_the_end = scenario.at_urls and scenario.store_faults > 0
        """Whether a run's last part may be lost: nothing is acknowledged behind it."""
        self.are_at_urls = scenario.at_urls

    def __enter__(self) -> Outputs:  # noqa: PYI034  # Self is not in Python 3.10
        if self._scenario.at_urls:
            self._server = self._stack.enter_context(S3Server())
            relay = Relay(self._server.url, before=self._before)
            self._stack.enter_context(relay.running())
            self.environment = self._server.environment(relay.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def leave_in_peace(self) -> None:
        """Nothing fails any more."""
        self.may_lack_the_end = False

    @property
    def _dice(self) -> random.Random:
        return self._scenario.store_dice

    def _before(self, method: str, path: str) -> Iterable[bytes] | None:
        """Some objects are refused, of others the connection is cut before or after they are written."""
        if method != "PUT" or not self.may_lack_the_end or self._dice.random() >= self._scenario.store_faults:
            return None
        if self._dice.random() < 0.5:
            return REFUSED
        del path
        raise ConnectionAbortedError

    def place(self, name: str) -> str:
        """What a setting says: a file of that name, or the parts of each run in a folder."""
        if self._server is None:
            return str(self._folder / name)
        return f"s3://{BUCKET}/{name}/{{run_id}}.singer"

    def lines(self, name: str) -> list[bytes] | None:
        """The whole lines that are there at this moment; None where there is nothing.

        A run that is under way, or was killed, may have left half a line at the end of a file; a part of it
        is whole.
        """
        if self._server is None:
            path = self._folder / name
            return path.read_bytes().rpartition(b"\n")[0].splitlines() if path.exists() else None
        files = self._server.files
        found = sorted(files.find(f"{BUCKET}/{name}/"))
        for each in found:
            if each not in self._parts and "-0000" not in each:  # what was written once stays
                self._parts[each] = files.cat_file(each)
        return [line for each in found for line in self._parts.get(each, b"").splitlines()] or None
