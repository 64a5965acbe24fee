"""Every way to authenticate, and that none of them shows what it holds."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from target_w50.errors import RefusedError, SettingsError, UnreachableError, W50Error
from target_w50.w50 import SecretFile, W50Auth, basic, bearer, header
from target_w50.w50.oauth2 import oauth2
from tests.w50.support import IMPORT_JOB, FakeClock, Script, answer, client_of, session_of

SECRET = "hush-hush-0123456789"
TOKEN_URL = "https://login.example/oauth/token"


def _headers(auth: W50Auth) -> dict[str, Any]:
    request = requests.Request("GET", "https://w50.example", auth=auth).prepare()
    return dict(request.headers)


def test_bearer_basic_and_header_put_one_header_on_a_request() -> None:
    assert _headers(bearer(SECRET)) == {"Authorization": f"Bearer {SECRET}"}
    assert _headers(bearer(f" {SECRET}\n")) == {"Authorization": f"Bearer {SECRET}"}
    assert _headers(header("X-Api-Key", SECRET)) == {"X-Api-Key": SECRET}
    sent = _headers(basic("jürgen", "pässword€"))["Authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode("utf-8") == "jürgen:pässword€"


@pytest.mark.parametrize(
    "make",
    [
        lambda: bearer(""),
        lambda: bearer("  "),
        lambda: bearer(f"{SECRET}\r\nX: y"),
        lambda: bearer(f"{SECRET}é"),
        lambda: header("X-Api-Key", f"{SECRET}\x00"),
        lambda: header("X Api Key", SECRET),
        lambda: header("", SECRET),
        lambda: basic("", SECRET),
        lambda: basic("a:b", SECRET),
        lambda: basic("a", f"{SECRET}\ud800"),
        lambda: oauth2("http://login.example/token", client_id="a", client_secret=SECRET, user_agent="t"),
        lambda: oauth2(
            f"https://u:{SECRET}@login.example", client_id="a", client_secret=SECRET, user_agent="t"
        ),
        lambda: oauth2(TOKEN_URL, client_id="", client_secret=SECRET, user_agent="t"),
        lambda: oauth2(TOKEN_URL, client_id="a", user_agent="t"),
        lambda: oauth2(TOKEN_URL, client_id="a", grant_type="password", password=SECRET, user_agent="t"),
        lambda: oauth2(TOKEN_URL, client_id="a", grant_type="implicit", user_agent="t"),
    ],
)
def test_what_can_not_authenticate_is_a_settings_error_without_its_value(make: Callable[[], W50Auth]) -> None:
    with pytest.raises(SettingsError) as caught:
        make()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.faults


def test_a_plain_http_token_end_point_is_an_insecure_url() -> None:
    url = "http://login.example/token"
    with pytest.raises(SettingsError) as caught:
        oauth2(url, client_id="a", client_secret="b", user_agent="t")
    assert caught.value.code == "insecure_url"
    oauth2(url, client_id="a", client_secret="b", user_agent="t", allow_http=True)


def _token(value: str = "granted-token-1", **more: Any) -> requests.Response:
    return answer(200, {"access_token": value, "token_type": "Bearer"} | more)


def _oauth2(script: Script, clock: FakeClock | None = None, **options: Any) -> W50Auth:
    clock = clock or FakeClock()
    settings: dict[str, Any] = {"client_id": "the-client", "client_secret": SECRET, "user_agent": "t"}
    return oauth2(
        TOKEN_URL,
        session=session_of(script),
        sleep=clock.sleep,
        monotonic=clock.monotonic,
        random=lambda: 1.0,
        wall_clock=lambda: 0.0,
        **(settings | options),
    )


def test_client_credentials_are_sent_in_the_body_and_nowhere_else() -> None:
    script = Script(_token())
    auth = _oauth2(script, scope="contacts.write  lists.read")
    assert _headers(auth) == {"Authorization": "Bearer granted-token-1"}
    (request,) = script.requests
    assert (request.method, request.url) == ("POST", TOKEN_URL)
    assert "Authorization" not in request.headers
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert isinstance(request.body, bytes)
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["the-client"],
        "client_secret": [SECRET],
        "scope": ["contacts.write lists.read"],
    }


@pytest.mark.parametrize("client_secret", [SECRET, None])
def test_the_password_grant_sends_the_user_too(client_secret: str | None) -> None:
    script = Script(_token())
    auth = _oauth2(
        script, grant_type="password", username="jürgen", password="p&=é", client_secret=client_secret
    )
    _headers(auth)
    body = script.requests[0].body
    assert isinstance(body, bytes)
    secret = {"client_secret": [client_secret]} if client_secret else {}
    assert parse_qs(body.decode()) == secret | {
        "grant_type": ["password"],
        "client_id": ["the-client"],
        "username": ["jürgen"],
        "password": ["p&=é"],
    }


def test_a_token_is_kept_until_shortly_before_it_ends() -> None:
    script, clock = Script(_token(expires_in=3600), _token("granted-token-2", expires_in="10")), FakeClock()
    auth = _oauth2(script, clock)
    for seconds in (0, 1000, 2539):
        clock.sleep(seconds)
        assert _headers(auth) == {"Authorization": "Bearer granted-token-1"}
    clock.sleep(1)
    assert _headers(auth) == {"Authorization": "Bearer granted-token-2"}
    clock.sleep(8.9)
    _headers(auth)
    assert len(script.requests) == 2
    clock.sleep(0.1)
    _headers(auth)
    assert len(script.requests) == 3


@pytest.mark.parametrize("life", [{}, {"expires_in": None}, {"expires_in": 0}])
def test_a_token_without_an_end_is_kept(life: dict[str, Any]) -> None:
    script, clock = Script(_token(**life)), FakeClock()
    auth = _oauth2(script, clock)
    _headers(auth)
    clock.sleep(1e6)
    _headers(auth)
    assert len(script.requests) == 1


def test_a_token_is_fetched_once_for_all_threads() -> None:
    class Slow(Script):
        def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
            time.sleep(0.02)
            return super().send(request, *args, **more)

    script = Slow(_token())
    auth = _oauth2(script)
    threads = [threading.Thread(target=_headers, args=(auth,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(script.requests) == 1


def test_after_a_401_the_token_is_renewed_and_the_call_made_once_more() -> None:
    """A 401 had no effect: a POST may be repeated, even a run."""
    tokens = Script(_token("granted-token-1"), _token("granted-token-2"))
    script = Script(answer(401, {}), answer(200, IMPORT_JOB))
    client = client_of(script, auth=_oauth2(tokens))
    client.run_import_job(42, 7, match=["Email"], custom_events=[])
    sent = [request.headers["Authorization"] for request in script.requests]
    assert sent == ["Bearer granted-token-1", "Bearer granted-token-2"]
    assert len(tokens.requests) == 2


def test_a_401_with_a_new_token_is_a_refusal() -> None:
    tokens, script = Script(_token()), Script(answer(401, {}))
    with pytest.raises(RefusedError) as caught:
        client_of(script, auth=_oauth2(tokens)).list_contact_lists()
    assert caught.value.code == "w50_unauthorized"
    assert (len(tokens.requests), len(script.requests)) == (2, 2)


def test_a_401_for_a_token_that_was_replaced_meanwhile_renews_nothing() -> None:
    script = Script(_token("granted-token-1"), _token("granted-token-2"), _token("granted-token-3"))
    auth = _oauth2(script)
    first = requests.Request("GET", "https://w50.example", auth=auth).prepare()
    for _ in range(2):
        assert auth.renewed_after_401(first)
        assert _headers(auth) == {"Authorization": "Bearer granted-token-2"}
    assert len(script.requests) == 2


def test_a_fixed_secret_can_not_be_renewed() -> None:
    script = Script(answer(401, {}), answer(200, []))
    with pytest.raises(RefusedError):
        client_of(script, auth=bearer(SECRET)).list_contact_lists()
    assert len(script.requests) == 1


def _file(folder: Path, secret: str) -> SecretFile:
    (folder / "secret").write_text(secret)
    return SecretFile(str(folder / "secret"), "auth_token_file")


def test_a_secret_of_a_file_is_read_again_after_a_401(tmp_path: Path) -> None:
    """A 401 had no effect: a POST may be repeated, even a run. The former secret stays masked."""
    auth = bearer(_file(tmp_path, SECRET))
    script = Script(answer(401, {}), answer(200, IMPORT_JOB))
    _file(tmp_path, "another-0123456789")
    client_of(script, auth=auth).run_import_job(42, 7, match=["Email"], custom_events=[])
    sent = [request.headers["Authorization"] for request in script.requests]
    assert sent == [f"Bearer {SECRET}", "Bearer another-0123456789"]
    assert auth.secrets() == (SECRET, "another-0123456789")


def test_a_401_for_a_secret_that_was_replaced_meanwhile_is_worth_another_try(tmp_path: Path) -> None:
    auth = bearer(_file(tmp_path, SECRET))
    first, second = (requests.Request("GET", "https://w50.example", auth=auth).prepare() for _ in range(2))
    _file(tmp_path, "another-0123456789")
    assert auth.renewed_after_401(first)
    assert auth.renewed_after_401(second)
    third = requests.Request("GET", "https://w50.example", auth=auth).prepare()
    assert not auth.renewed_after_401(third)


@pytest.mark.parametrize("replaced_by", [SECRET, "", None], ids=("itself", "nothing yet", "no file"))
def test_a_refused_secret_without_another_in_its_file_is_a_refusal(
    replaced_by: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    auth = bearer(_file(tmp_path, SECRET))
    if replaced_by is None:
        (tmp_path / "secret").unlink()
    else:
        _file(tmp_path, replaced_by)
    script = Script(answer(401, {}), answer(200, []))
    with pytest.raises(RefusedError) as caught:
        client_of(script, auth=auth).list_contact_lists()
    assert caught.value.code == "w50_unauthorized"
    assert len(script.requests) == 1
    assert ("`auth_token_file` names a file" in caplog.text) == (replaced_by != SECRET)
    assert str(tmp_path) not in caplog.text


@pytest.mark.parametrize("refusal", [400, 401, 200])
def test_a_client_secret_of_a_file_is_read_again_when_it_is_refused(refusal: int, tmp_path: Path) -> None:
    """Servers refuse with 401 or 400 (RFC 6749, 5.2), and some with 200."""
    script = Script(answer(refusal, {"error": "invalid_client"}), _token())
    auth = _oauth2(script, client_secret=_file(tmp_path, SECRET))
    _file(tmp_path, "another-0123456789")
    assert _headers(auth) == {"Authorization": "Bearer granted-token-1"}
    bodies = [
        parse_qs(request.body.decode()) for request in script.requests if isinstance(request.body, bytes)
    ]
    assert [each["client_secret"] for each in bodies] == [[SECRET], ["another-0123456789"]]
    assert {SECRET, "another-0123456789"} <= set(auth.secrets())


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_refused_client_secret_without_another_in_its_file_is_refused_once(
    is_gone: bool, tmp_path: Path
) -> None:
    script = Script(answer(401, {"error": "invalid_client"}))
    auth = _oauth2(script, client_secret=_file(tmp_path, SECRET))
    if is_gone:
        (tmp_path / "secret").unlink()
    with pytest.raises(RefusedError):
        _headers(auth)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("reply", "error", "code", "status"),
    [
        (answer(400, {"error": "invalid_client"}), RefusedError, "oauth2_refused", 400),
        (
            answer(401, {"error": "invalid_client", "error_description": SECRET}),
            RefusedError,
            "oauth2_refused",
            401,
        ),
        (answer(403, b"<html>Forbidden", "text/html"), RefusedError, "oauth2_refused", 403),
        (answer(404, b""), RefusedError, "oauth2_refused", 404),
        (answer(302, b"", Location="https://x"), RefusedError, "oauth2_refused", 302),
        (answer(200, {"error": "invalid_client"}), RefusedError, "oauth2_refused", 200),
        (answer(500, {"x": SECRET}), UnreachableError, "oauth2_unreachable", 500),
        (answer(429, {}, Retry_After="9999"), UnreachableError, "oauth2_unreachable", 429),
        (requests.ConnectionError(SECRET), UnreachableError, "oauth2_unreachable", None),
        (requests.ReadTimeout(SECRET), UnreachableError, "oauth2_unreachable", None),
        (
            answer(200, b"<html><title>Log in</title>", "text/html"),
            UnreachableError,
            "oauth2_bad_answer",
            200,
        ),
        (answer(200, b""), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, {"accessToken": SECRET}), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, {"access_token": None}), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, {"access_token": f"{SECRET}\nX: y"}), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, [SECRET]), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, SECRET), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, 7), UnreachableError, "oauth2_bad_answer", 200),
        (_token(SECRET, expires_in="soon"), UnreachableError, "oauth2_bad_answer", 200),
        (answer(200, b"\xff\xfe"), UnreachableError, "oauth2_bad_answer", 200),
    ],
)
def test_a_token_end_point_that_does_not_grant_is_a_clear_error(
    reply: requests.Response | Exception, error: type[W50Error], code: str, status: int | None
) -> None:
    """No request goes to W50, so nothing is in doubt."""
    script = Script(answer(200, IMPORT_JOB))
    client = client_of(script, auth=_oauth2(Script(reply), retry_for_s=30))
    with pytest.raises(W50Error) as caught:
        client.create_import_job(42, ["Email"])
    assert (type(caught.value), caught.value.code, caught.value.status) == (error, code, status)
    assert not script.requests
    assert "login.example" in str(caught.value)
    assert "oauth2_token_url" in str(caught.value)
    assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}"
    if status:
        assert str(status) in str(caught.value)


def test_the_servers_own_error_code_is_shown() -> None:
    script = Script(answer(400, {"error": "invalid_grant", "error_description": "Wrong user."}))
    with pytest.raises(RefusedError, match=r'answered 400 with "invalid_grant … user\."'):
        _headers(_oauth2(script))


@pytest.mark.parametrize(
    "fault", [requests.ReadTimeout("x"), answer(500, {}), answer(429, {}), answer(503, {})]
)
def test_a_token_request_is_tried_again_after_any_fault(fault: requests.Response | Exception) -> None:
    """It changes nothing, so it is never in doubt."""
    script, clock = Script(fault, fault, _token()), FakeClock()
    assert _headers(_oauth2(script, clock)) == {"Authorization": "Bearer granted-token-1"}
    assert clock.pauses == [0.5, 1.0]


def test_a_stop_in_the_pause_of_a_token_request_passes_and_frees_the_others() -> None:
    class _StopError(Exception):
        pass

    def stopping(_seconds: float) -> None:
        raise _StopError

    auth = _oauth2(Script(answer(500, {}), _token()))
    auth._timing = type(auth._timing)(stopping, lambda: 0.0, lambda: 0.5)  # type: ignore[attr-defined]
    with pytest.raises(_StopError):
        _headers(auth)
    assert _headers(auth) == {"Authorization": "Bearer granted-token-1"}


def test_no_authentication_shows_its_secrets_in_its_repr() -> None:
    oauth = _oauth2(Script(_token(SECRET)), grant_type="password", username="me", password=SECRET)
    _headers(oauth)
    for auth in (bearer(SECRET), basic("me", SECRET), header("X-Api-Key", SECRET), oauth):
        assert SECRET not in f"{auth!r} {auth}"
        assert SECRET in auth.secrets()
