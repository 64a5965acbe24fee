"""What a web page in a person's browser can do to a sandbox that runs on the same machine: nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

PERSON = "somebody@example.com"
LISTS = [{"Id": 7, "Name": "News", "Fields": [{"Name": "Email", "MapType": "Email"}]}]


@dataclass(frozen=True)
class Answer:
    """What a caller got back, by lower-case header names."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Running:
    """The program `w50 sandbox`, and a caller that says of itself whatever a browser would."""

    process: subprocess.Popen[str]
    address: str

    def call(self, method: str, path: str, body: Any = None, **said: str) -> Answer:
        """One request; `said` are its headers, with `_` for `-`; a body is JSON unless it is text."""
        headers = {name.replace("_", "-"): value for name, value in said.items()}
        content = body if body is None or isinstance(body, str) else json.dumps(body)
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        with closing(HTTPConnection(self.address, timeout=30)) as connection:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read().decode())

    @property
    def faults(self) -> list[Any]:
        found: list[Any] = json.loads(self.call("GET", "/_sandbox/faults").body)
        return found


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox with a contact in it, whose token stands in the environment."""
    lists = tmp_path_factory.mktemp("sandbox") / "lists.json"
    lists.write_text(json.dumps(LISTS))
    with subprocess.Popen(
        [Path(sys.executable).with_name("w50"), "sandbox", "--lists", str(lists)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "W50_SANDBOX_TOKEN": "a-token-of-the-test"},
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            running = Running(process, found[0])
            mine = {"Authorization": "Bearer a-token-of-the-test"}
            created = running.call("POST", "/contactLists/7/import", {"FieldNames": ["Email"]}, **mine)
            job = f"/contactLists/7/import/{json.loads(created.body)['Id']}"
            running.call("POST", job, [{"Values": {"Email": PERSON}}], **mine)
            running.call("POST", f"{job}/run?match=Email", **mine)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)


FROM_A_PAGE = (
    {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost:3000"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
)
"""How browsers, old ones too, mark a request that a page of another site has made."""


@pytest.mark.parametrize("said", FROM_A_PAGE)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_page_of_another_site_changes_nothing(sandbox: Running, said: dict[str, str], kind: str) -> None:
    fault = {"call": "any", "status": 503, "times": None}
    assert sandbox.call("POST", "/_sandbox/faults", fault, Content_Type=kind, **said).status == 403
    assert sandbox.call("DELETE", "/_sandbox/faults", **said).status == 403
    for call in ("reset", "revoke"):
        assert sandbox.call("POST", f"/_sandbox/{call}", {}, Content_Type=kind, **said).status == 403
    assert sandbox.faults == []
    assert PERSON in sandbox.call("GET", "/_sandbox/contents").body


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_no_control_call(sandbox: Running, kind: str) -> None:
    """Of a browser that says nothing about where a request comes from, these are all that needs no leave."""
    fault = {"call": "any", "status": 503}
    for path in ("/_sandbox/faults", "/_sandbox/reset", "/_sandbox/revoke"):
        assert sandbox.call("POST", path, fault, Content_Type=kind).status == 415
    assert sandbox.call("POST", "/_sandbox/reset").status == 415
    assert sandbox.faults == []
    assert PERSON in sandbox.call("GET", "/_sandbox/contents").body


FORMS = ("do=reset", "do=add&spec=any:status=503,times=null", "do=clear", "do=revoke", "do=remove&number=1")


@pytest.mark.parametrize("said", [{}, {"Sec_Fetch_Site": "none"}, *FROM_A_PAGE])
def test_a_form_is_taken_from_the_sandboxs_own_page_alone(sandbox: Running, said: dict[str, str]) -> None:
    """A form of any page reaches loopback without asking: the browser has to vouch for the page it is on."""
    kind = "application/x-www-form-urlencoded"
    for form in FORMS:
        assert sandbox.call("POST", "/_sandbox/form", form, Content_Type=kind, **said).status == 403
    assert sandbox.call("GET", f"/_sandbox/form?{FORMS[0]}").status == 405
    assert sandbox.faults == []
    assert PERSON in sandbox.call("GET", "/_sandbox/contents").body


def test_a_form_of_the_sandboxs_own_page_is_taken(sandbox: Running) -> None:
    own = {"Origin": f"http://{sandbox.address}", "Sec_Fetch_Site": "same-origin"}
    own["Content_Type"] = "application/x-www-form-urlencoded"
    answer = sandbox.call("POST", "/_sandbox/form", "do=add&spec=run:status=503", **own)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert [each["status"] for each in sandbox.faults] == [503]
    specs = ("nonsense", "run:a=1,a.b=2", "{", "[]", "add:status=7")
    for wrong in (*(f"do=add&spec={spec}" for spec in specs), "do=remove", "", "do=x"):
        refused = sandbox.call("POST", "/_sandbox/form", wrong, **own)
        assert (refused.status, refused.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert sandbox.call("POST", "/_sandbox/form", "do=clear", **own).status == 303
    assert sandbox.faults == []


@pytest.mark.parametrize("said", FROM_A_PAGE)
@pytest.mark.parametrize("path", ["/_sandbox/contents", "/_sandbox/faults", "/contactLists/7/contacts"])
def test_a_page_of_another_site_reads_nothing(sandbox: Running, said: dict[str, str], path: str) -> None:
    answer = sandbox.call("GET", path, Authorization="Bearer a-token-of-the-test", **said)
    assert answer.status == 403
    assert PERSON not in answer.body
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8052",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost\t.x",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/_sandbox/contents", "/contactLists"])
def test_a_name_that_was_pointed_at_loopback_reads_nothing(sandbox: Running, host: str, path: str) -> None:
    """DNS rebinding: for the browser it is all one site, so that only the Host header tells."""
    answer = sandbox.call("GET", path, Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
    assert answer.status == 403
    assert PERSON not in answer.body


def test_a_turned_away_body_is_not_read(sandbox: Running) -> None:
    """A page can't fill the sandbox's memory either: the answer is there before the body is."""
    with closing(HTTPConnection(sandbox.address, timeout=30)) as connection:
        connection.putrequest("POST", "/contactLists/7/import/1001")
        connection.putheader("Origin", "https://evil.example")
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (403, "close")


@pytest.mark.parametrize(
    "fault",
    [
        {"call": "lists", "html": True, "body": "<script>alert(1)</script>"},
        {"call": "lists", "status": 200, "body": "<script>alert(1)</script>", "content_type": "text/html"},
    ],
)
def test_a_fault_that_answers_html_has_no_part_in_the_sandboxs_origin(
    sandbox: Running, fault: dict[str, Any]
) -> None:
    assert sandbox.call("POST", "/_sandbox/faults", fault).status == 200
    answer = sandbox.call("GET", "/contactLists")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/html")
    policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_page_puts_the_sandboxs_page_into_a_frame(sandbox: Running) -> None:
    for path in ("/", "/_sandbox/contents"):
        assert "frame-ancestors 'none'" in sandbox.call("GET", path).headers["content-security-policy"]


def test_a_person_at_this_machine_sees_the_page_and_what_it_asks_for(sandbox: Running) -> None:
    """Typed, linked to from elsewhere, and by any name of loopback; and programs, which say nothing."""
    port = sandbox.address.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "LOCALHOST"):
        linked = sandbox.call("GET", "/", Host=host, Sec_Fetch_Site="cross-site")
        assert (linked.status, "W50 sandbox" in linked.body) == (200, True)
        own = {"Host": host, "Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}
        assert PERSON in sandbox.call("GET", "/_sandbox/contents?limit=5", **own).body
        assert sandbox.call("POST", "/_sandbox/faults", {"call": "run", "status": 503}, **own).status == 200
    assert PERSON in sandbox.call("GET", "/_sandbox/contents", Sec_Fetch_Site="none").body
    assert len(sandbox.faults) == 4


def test_a_token_from_the_environment_is_the_token_and_no_process_list_shows_it(sandbox: Running) -> None:
    assert sandbox.call("GET", "/contactLists").status == 401
    told = {"Authorization": "Bearer a-token-of-the-test"}
    assert sandbox.call("GET", "/contactLists", **told).status == 200
    shown = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(sandbox.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "sandbox" in shown.stdout
    assert "a-token" not in shown.stdout
