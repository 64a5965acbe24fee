"""The seven calls, and what the choke point makes of every kind of answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3

from target_w50.errors import (
    DoubtfulError,
    RefusedError,
    SettingsError,
    TargetW50Error,
    UnreachableError,
    W50Error,
)
from target_w50.w50 import Contact, ContactsList, ImportJob, RequestEvent, W50Client, bearer, wire_format
from tests.w50.support import IMPORT_JOB, FakeClock, Script, answer, client_of

JOB = ImportJob.from_wire(IMPORT_JOB)
WIRE = wire_format("application/json")
BODY = WIRE.frame_contacts([WIRE.encode_contact(Contact(None, {"Email": "ann.secret@example.com"}))])

GETS: dict[str, Callable[[W50Client], Any]] = {
    "list_contact_lists": lambda client: client.list_contact_lists(),
    "get_contact_list": lambda client: client.get_contact_list(42),
    "list_fields": lambda client: client.list_fields(42),
    "get_import_job": lambda client: client.get_import_job(42, 7),
}
POSTS: dict[str, Callable[[W50Client], Any]] = {
    "create_import_job": lambda client: client.create_import_job(42, ["Email"]),
    "add_contacts": lambda client: client.add_contacts(42, 7, BODY),
    "run_import_job": lambda client: client.run_import_job(42, 7, match=["Email"], custom_events=[]),
}
CALLS = GETS | POSTS
REFUSED_CONNECTION = requests.ConnectionError(
    urllib3.exceptions.MaxRetryError(
        None,  # type: ignore[arg-type]  # the pool is only shown
        "/",
        urllib3.exceptions.NewConnectionError(None, "refused"),  # type: ignore[arg-type]
    )
)
CUT = requests.ConnectionError(urllib3.exceptions.ProtocolError("Aborted.", ConnectionResetError(104, "x")))


def test_each_call_is_made_as_documented() -> None:
    expected = {
        "list_contact_lists": ("GET", "contactLists", [], None),
        "get_contact_list": ("GET", "contactLists/42", {"Id": 42, "Name": "A", "Count": 3}, None),
        "list_fields": ("GET", "contactLists/42/fields", [], None),
        "get_import_job": ("GET", "contactLists/42/import/7", IMPORT_JOB, None),
        "create_import_job": ("POST", "contactLists/42/import", IMPORT_JOB, b'{"FieldNames":["Email"]}'),
        "add_contacts": ("POST", "contactLists/42/import/7", IMPORT_JOB, BODY),
        "run_import_job": ("POST", "contactLists/42/import/7/run?match=Email", IMPORT_JOB, None),
    }
    for name, (method, path, content, body) in expected.items():
        script = Script(answer(200, content))
        CALLS[name](client_of(script))
        (request,) = script.requests
        assert (request.method, request.url) == (method, f"https://w50.example/Which50API/{path}")
        assert request.body == body
        assert request.headers["Accept"] == "application/json"
        assert request.headers["User-Agent"] == "target-w50/0 (test)"
        assert request.headers["Authorization"] == "Bearer s3cret-token"
        if body is not None:
            assert request.headers["Content-Type"] == "application/json; charset=utf-8"
        if method == "POST":
            assert request.headers["Content-Length"] == str(len(body or b""))


def test_answers_are_typed() -> None:
    lists = answer(200, [{"Id": 42, "Name": "A", "Count": 3}])
    assert client_of(Script(lists)).list_contact_lists() == (ContactsList(42, "A", 3),)
    fields = answer(200, [{"Id": 1, "Name": "Email", "Position": 1}])
    assert [field.name for field in client_of(Script(fields)).list_fields(42)] == ["Email"]
    for name in ("get_import_job", "create_import_job", "run_import_job"):
        assert CALLS[name](client_of(Script(answer(200, IMPORT_JOB)))) == JOB


def test_names_of_a_run_are_joined_by_commas_and_escaped() -> None:
    script = Script(answer(200, IMPORT_JOB))
    client_of(script).run_import_job(42, 7, match=["Email", "A&B é"], custom_events=["X", "Y"])
    url = script.requests[0].url or ""
    assert url.endswith("/run?match=Email,A%26B%20%C3%A9&customevents=X,Y")


def test_a_name_with_a_comma_is_refused_before_the_run() -> None:
    script = Script(answer(200, IMPORT_JOB))
    with pytest.raises(SettingsError, match="comma"):
        client_of(script).run_import_job(42, 7, match=["a,b"], custom_events=[])
    assert not script.requests


@pytest.mark.parametrize(
    "content",
    [
        answer(200, IMPORT_JOB),
        answer(200, b"", None),
        answer(204, b"", None),
        answer(200, [{"Values": {}, "ValidationWarnings": []}]),
        answer(200, True),
    ],
)
def test_the_undocumented_answer_to_an_upload_may_be_anything_readable(content: requests.Response) -> None:
    assert client_of(Script(content)).add_contacts(42, 7, BODY).warnings == ()


@pytest.mark.parametrize("name", [name for name in CALLS if name != "run_import_job"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, "w50_redirect"),
        (400, "w50_refused"),
        (401, "w50_unauthorized"),
        (403, "w50_forbidden"),
        (404, "w50_not_found"),
        (407, "w50_refused"),
        (413, "w50_too_large"),
        (417, "w50_refused"),
        (499, "w50_refused"),
    ],
)
def test_a_refusal_is_told_with_call_status_and_what_to_check(name: str, status: int, code: str) -> None:
    body = {"Message": "The request is invalid."}
    script = Script(answer(status, body, Location="https://user:pw@login.other.example/x?s=1"))
    clock = FakeClock()
    with pytest.raises(RefusedError) as caught:
        CALLS[name](client_of(script, clock))
    error = caught.value
    assert (error.code, error.status, error.call, error.exit_status) == (code, status, name, 3)
    assert name in str(error)
    assert f"answered {status}" in str(error)
    assert "s3cret" not in str(error)
    assert "pw" not in str(error)
    assert len(script.requests) == 1
    if status != 302:
        assert "The request is invalid." in str(error)
    else:
        assert "to the host login.….example" in str(error)


@pytest.mark.parametrize("name", GETS)
@pytest.mark.parametrize(
    "fault",
    [
        CUT,
        REFUSED_CONNECTION,
        requests.ReadTimeout("x"),
        requests.exceptions.ChunkedEncodingError("x"),
        requests.exceptions.ContentDecodingError("x"),
        answer(408, {}),
        answer(429, {}),
        answer(500, {}),
        answer(503, {}),
        answer(504, b"<html>", "text/html"),
    ],
)
def test_a_get_is_tried_again_after_any_fault(name: str, fault: requests.Response | Exception) -> None:
    contents: dict[str, Any] = {
        "get_import_job": IMPORT_JOB,
        "get_contact_list": {"Id": 42, "Name": "", "Count": 0},
    }
    good = answer(200, contents.get(name, []))
    script, clock = Script(fault, fault, good), FakeClock()
    CALLS[name](client_of(script, clock))
    assert len(script.requests) == 3
    assert clock.pauses == [0.5, 1.0]


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize("fault", [REFUSED_CONNECTION, requests.ConnectTimeout("x"), answer(429, {})])
def test_a_post_is_tried_again_where_it_certainly_had_no_effect(
    name: str, fault: requests.Response | Exception
) -> None:
    script = Script(fault, answer(200, IMPORT_JOB))
    CALLS[name](client_of(script))
    assert len(script.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 417])
def test_a_run_is_refused_by_nothing_but_a_documented_refusal(status: int) -> None:
    with pytest.raises(RefusedError) as caught:
        CALLS["run_import_job"](client_of(Script(answer(status, {}))))
    assert caught.value.status == status


@pytest.mark.parametrize("status", [301, 302, 307, 405, 407, 409, 410, 413, 422, 499])
def test_any_other_answer_to_a_run_is_doubtful(status: int) -> None:
    """A redirect or a conflict may stand behind a job that runs."""
    script = Script(answer(status, {}, Location="https://other.example/"))
    with pytest.raises(DoubtfulError) as caught:
        CALLS["run_import_job"](client_of(script))
    assert caught.value.status == status
    assert len(script.requests) == 1


@pytest.mark.parametrize("name", POSTS)
def test_a_503_may_have_passed_a_post_on_and_its_pause_is_told(name: str) -> None:
    script = Script(answer(503, {}, Retry_After="7"), answer(200, IMPORT_JOB))
    with pytest.raises(DoubtfulError) as caught:
        CALLS[name](client_of(script))
    assert (caught.value.status, caught.value.retry_after_s) == (503, 7)
    assert len(script.requests) == 1


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize(
    "fault",
    [
        CUT,
        requests.ReadTimeout("x"),
        requests.exceptions.SSLError("x"),
        requests.exceptions.ProxyError("x"),
        requests.exceptions.ChunkedEncodingError("x"),
        requests.exceptions.ContentDecodingError("x"),
        answer(408, {}),
        answer(500, {"Message": "An error has occurred."}),
        answer(502, b"<html><title>Bad Gateway</title>", "text/html"),
        answer(504, {}),
        answer(200, b"<html><title>Log in</title>", "text/html"),
        answer(200, b'{"Id": 7', "application/json"),
        answer(200, b"<ImportJob>", "text/xml"),
    ],
)
def test_a_post_is_never_repeated_after_a_doubtful_answer(
    name: str, fault: requests.Response | Exception
) -> None:
    script, clock = Script(fault, answer(200, IMPORT_JOB)), FakeClock()
    with pytest.raises(DoubtfulError) as caught:
        CALLS[name](client_of(script, clock))
    assert len(script.requests) == 1
    assert not clock.pauses
    assert (caught.value.code, caught.value.call) == ("w50_doubtful", name)
    assert caught.value.status == (fault.status_code if isinstance(fault, requests.Response) else None)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["create_import_job", "run_import_job"])
@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"Message": "fine"}', b'{"Id": "7"}'])
def test_a_job_that_is_not_one_leaves_a_post_in_doubt(name: str, content: bytes) -> None:
    with pytest.raises(DoubtfulError, match="not as documented"):
        CALLS[name](client_of(Script(answer(200, content))))


@pytest.mark.parametrize("name", GETS)
@pytest.mark.parametrize(
    "nonsense",
    [answer(200, b"<html><title>Log in</title>", "text/html"), answer(200, "x"), answer(200, b"", None)],
)
def test_an_unreadable_answer_to_a_get_is_asked_for_twice_more(
    name: str, nonsense: requests.Response
) -> None:
    script = Script(nonsense)
    with pytest.raises(UnreachableError) as caught:
        CALLS[name](client_of(script))
    assert len(script.requests) == 3
    assert (caught.value.code, caught.value.status) == ("w50_bad_answer", 200)
    assert not isinstance(caught.value, DoubtfulError)
    if "html" in nonsense.headers.get("Content-Type", ""):
        assert 'an HTML page: "Log in"' in str(caught.value)


def test_an_unreadable_answer_may_heal() -> None:
    nonsense = answer(200, b"<html>", "text/html"), answer(200, b"{", "text/json")
    script = Script(*nonsense, answer(200, IMPORT_JOB))
    assert client_of(script).get_import_job(42, 7) == JOB


def test_when_the_time_is_used_up_the_last_fault_is_told() -> None:
    script, clock = Script(CUT, answer(502, b"<html><title>Bad Gateway</title>", "text/html")), FakeClock()
    with pytest.raises(UnreachableError) as caught:
        client_of(script, clock, retry_for_s=100).get_import_job(42, 7)
    error = caught.value
    assert (error.code, error.status, error.call) == ("w50_unreachable", 502, "get_import_job")
    assert sum(clock.pauses) == pytest.approx(100)
    assert "within 100 s" in str(error)
    assert f"{len(script.requests)} tries" in str(error)
    assert 'answered 502 with an HTML page: "Bad Gateway"' in str(error)


def test_one_call_may_be_given_less_time() -> None:
    script = Script(CUT)
    with pytest.raises(UnreachableError, match="one try"):
        client_of(script).get_import_job(42, 7, retry_for_s=0)
    assert len(script.requests) == 1


def test_a_retry_after_that_fits_is_obeyed_and_a_longer_one_ends_the_call_by_name() -> None:
    script, clock = Script(answer(429, {}, Retry_After="77"), answer(200, IMPORT_JOB)), FakeClock()
    client_of(script, clock).create_import_job(42, ["Email"])
    assert clock.pauses == [77]
    script, clock = Script(answer(429, {}, Retry_After="3600")), FakeClock()
    with pytest.raises(UnreachableError, match="3600 s") as caught:
        client_of(script, clock).create_import_job(42, ["Email"])
    assert (caught.value.code, caught.value.status) == ("w50_retry_later", 429)
    assert not clock.pauses


class _StopError(TargetW50Error):
    pass


def test_a_stop_out_of_the_pause_passes_untouched() -> None:
    def stopping(_seconds: float) -> None:
        raise _StopError("stop")

    client = client_of(Script(CUT))
    client._timing = type(client._timing)(stopping, lambda: 0.0, lambda: 0.5)
    with pytest.raises(_StopError):
        client.get_import_job(42, 7)


def test_every_try_is_told_of() -> None:
    events: list[RequestEvent] = []
    script = Script(REFUSED_CONNECTION, answer(429, {}), answer(200, None))
    client_of(script, on_request=events.append).add_contacts(42, 7, BODY)
    assert [(event.call, event.attempt, event.status, event.bytes_sent) for event in events] == [
        ("add_contacts", 1, None, len(BODY)),
        ("add_contacts", 2, 429, len(BODY)),
        ("add_contacts", 3, 200, len(BODY)),
    ]


def test_a_pause_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        client_of(Script(CUT, answer(200, IMPORT_JOB))).get_import_job(42, 7)
    said = "get_import_job (GET contactLists/42/import/7): the connection was cut; try 2 follows in 0.5 s"
    assert said in caplog.text


@pytest.mark.parametrize("name", ["add_contacts", "run_import_job"])
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (
            b'{"Message": "Ann Secret <ann.secret@example.com> is in the list", "x": "Ann"}',
            "application/json",
        ),
        (b"<Error><Message>Duplicate key 'Ann.Secret' +49 170 1234567</Message></Error>", "text/xml"),
        (b"<html><body>Ann Secret", "text/html"),
        (b"Ann Secret, 12 Some Street", "text/plain"),
        (b'{"Id": "Ann", "broken', "application/json"),
    ],
)
def test_no_value_of_a_contact_gets_into_an_error(
    name: str, status: int, content: bytes, content_type: str
) -> None:
    """What W50 answers to a batch, or to a run, may hold values of contacts, sent or stored, in any form."""
    script = Script(answer(status, content, content_type))
    try:
        CALLS[name](client_of(script))
    except W50Error as error:
        shown = f"{error!r} {error.__cause__!r} {error.__context__!r}"
        for value in ("Ann", "ecret", "170", "1234567", "Street", "12"):
            assert value not in shown.replace("s3cret", "")
    else:
        assert (name, status) == ("add_contacts", 200)


def test_field_names_stay_readable_in_such_errors() -> None:
    refusal = answer(400, {"Message": "Field 'Email' of job 7 is unknown: x y"})
    client = client_of(Script(answer(200, IMPORT_JOB), refusal))
    client.create_import_job(42, ["Email"])
    with pytest.raises(RefusedError, match="Field 'Email' of job … is unknown: …"):
        client.add_contacts(42, 7, BODY)


@pytest.mark.parametrize("name", GETS)
def test_a_secret_that_comes_back_is_masked(name: str) -> None:
    message = "Token s3cret-token lacks a role; mail admin@example.com, 0049170123456"
    script = Script(answer(403, {"Message": message}))
    with pytest.raises(RefusedError) as caught:
        CALLS[name](client_of(script))
    assert '"Token *** lacks a role; …"' in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://w50.example",
        "w50.example",
        "https://",
        "https://user:s3cret@w50.example",
        "https://w50.example/?key=s3cret",
        "https://w50.example/#s3cret",
        "https://w50.example:s3cret/",
        "https://w50.example/a b",
        "https://w50.example\n/s3cret",
        "https://[s3cret",
        "",
    ],
)
def test_an_api_url_that_can_not_be_used_is_a_settings_error_without_its_value(url: str) -> None:
    with pytest.raises(SettingsError, match="api_url") as caught:
        W50Client(url, auth=bearer("x"), user_agent="t")
    assert "s3cret" not in str(caught.value)
    assert caught.value.faults == (str(caught.value),)


@pytest.mark.parametrize(
    "host",
    ["w50.example", "127.0.0.1.example", "10.0.0.1", "[::2]", "localhost.example", "0.0.0.0"],  # noqa: S104
)
def test_plain_http_is_refused_beyond_loopback(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        W50Client(f"http://{host}:80/x", auth=bearer("x"), user_agent="t")
    assert caught.value.code == "insecure_url"
    client = W50Client(f"http://{host}:80/x", auth=bearer("x"), user_agent="t", allow_http=True)
    assert client.host == f"{host}:80"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"])
def test_plain_http_is_fine_on_loopback(host: str) -> None:
    W50Client(f"http://{host}:80/x", auth=bearer("x"), user_agent="t").close()


def test_an_unknown_media_type_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="media_type"):
        W50Client("https://w50.example", auth=bearer("x"), user_agent="t", media_type="text/plain")


@pytest.mark.parametrize("media_type", ["text/json", "application/csp-report", "application/xml", "text/xml"])
def test_requests_and_wishes_are_of_the_chosen_media_type(media_type: str) -> None:
    script = Script(answer(200, IMPORT_JOB))
    client_of(script, media_type=media_type).create_import_job(42, ["Email"])
    headers = script.requests[0].headers
    assert headers["Accept"] == media_type
    assert headers["Content-Type"] == f"{media_type}; charset=utf-8"


def test_an_answer_is_read_by_its_own_content_type_not_by_what_was_asked_for() -> None:
    xml = "".join(f"<{name}>{value}</{name}>" for name, value in IMPORT_JOB.items() if value is not None)
    script = Script(answer(200, f"<ImportJob>{xml}</ImportJob>".encode(), "text/xml"))
    assert client_of(script).get_import_job(42, 7) == JOB
