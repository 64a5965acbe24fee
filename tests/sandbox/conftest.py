"""What the tests of the sandbox share: a sandbox with one small list, and a caller over the real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from target_w50.sandbox import Sandbox

LIST = {
    "Id": 7,
    "Name": "News",
    "Fields": [
        {"Name": "Email", "MapType": "Email"},
        {"Name": "Phone", "MapType": "Sms"},
        "City",
        {"Name": "Score", "MapType": "Number"},
        {"Name": "Plan", "MapType": "Choice", "Values": ["free", "pro"], "DefaultValue": "free"},
    ],
}
NAMES = ["Email", "Phone", "City", "Score", "Plan"]


class FakeClock:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Caller:
    """Calls a sandbox as a user of the API page would."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.session = session

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.sandbox.url + path, timeout=20, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(self.sandbox.url + path, timeout=20, **options)

    def create(self, names: list[str] | None = None) -> int:
        answer = self.post("/contactLists/7/import", json={"FieldNames": names or NAMES})
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["Id"]
        return number

    def add(self, job: int, *values: dict[str, Any], **options: Any) -> requests.Response:
        contacts = [{"Values": one} for one in values]
        return self.post(f"/contactLists/7/import/{job}", json=contacts, **options)

    def run(self, job: int, match: str = "Email", events: str = "") -> requests.Response:
        query = {"match": match, "customevents": events}
        return self.post(f"/contactLists/7/import/{job}/run", params={k: v for k, v in query.items() if v})

    def status(self, job: int) -> dict[str, Any]:
        document: dict[str, Any] = self.get(f"/contactLists/7/import/{job}").json()
        return document

    def load(self, *values: dict[str, Any], match: str = "Email", events: str = "") -> dict[str, Any]:
        """One job from its creation to its run; gives the answer to `run`."""
        job = self.create()
        assert self.add(job, *values).status_code == 200
        document: dict[str, Any] = self.run(job, match, events).json()
        return document

    def stored(self) -> list[dict[str, Any]]:
        """Values of the contacts of the list."""
        return [contact["Values"] for contact in self.sandbox.contents()["Lists"][0]["Contacts"]]


@pytest.fixture
def start() -> Iterator[Callable[..., Caller]]:
    """Starts sandboxes with options; they end with the test."""
    with ExitStack() as stack:

        def begin(**options: Any) -> Caller:
            options = {"lists": [LIST], **options}
            sandbox = stack.enter_context(Sandbox(**options))
            session = stack.enter_context(requests.Session())
            session.trust_env = False
            return Caller(sandbox, session)

        yield begin


@pytest.fixture
def caller(start: Callable[..., Caller]) -> Caller:
    """A caller of a sandbox without further options."""
    return start()
