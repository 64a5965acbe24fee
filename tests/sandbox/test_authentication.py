"""Who is let in, by each way to authenticate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from target_w50.sandbox import Sandbox

from .conftest import Caller, FakeClock

Start = Callable[..., Caller]
OAUTH2 = {
    "auth": "oauth2",
    "client_id": "client",
    "client_secret": "client-secret",
    "username": "ada",
    "password": "pass-word",
    "forbidden_token": "intern",
}


def code(caller: Caller, **options: Any) -> int:
    return caller.get("/contactLists", **options).status_code


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_a_token_everybody_is_welcome(caller: Caller) -> None:
    assert code(caller) == 200
    assert code(caller, headers=bearer("anything")) == 200


def test_a_forbidden_token_is_known_though_nobody_needs_one(start: Start) -> None:
    caller = start(forbidden_token="intern")
    assert [code(caller), code(caller, headers=bearer("intern"))] == [200, 403]


def test_a_bearer_token_is_asked_for(start: Start) -> None:
    caller = start(token="secret", forbidden_token="intern")
    assert code(caller, headers=bearer("secret")) == 200
    assert code(caller, headers=bearer("intern")) == 403
    refused = caller.get("/contactLists", headers=bearer("wrong"))
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="W50 sandbox"')
    assert refused.json() == {"Message": "Authorization has been denied for this request."}
    assert code(caller) == 401
    assert code(caller, auth=("secret", "secret")) == 401
    assert code(caller, headers={"Authorization": "secret"}) == 401


def test_basic_credentials_are_asked_for(start: Start) -> None:
    caller = start(auth="basic", username="ada", password="pässword", forbidden_token="intern")
    assert code(caller, auth=("ada", "pässword".encode())) == 200
    assert code(caller, auth=("intern", "pässword".encode())) == 403
    assert code(caller, auth=("ada", "wrong")) == 401
    assert code(caller, auth=("bob", "pässword".encode())) == 401
    assert code(caller) == 401


def test_a_header_of_any_name_is_asked_for(start: Start) -> None:
    caller = start(auth="header", header_name="X-Token", token="secret", forbidden_token="intern")
    assert code(caller, headers={"X-Token": "secret"}) == 200
    assert code(caller, headers={"X-Token": "intern"}) == 403
    assert code(caller, headers={"X-Token": "Secret"}) == 401
    assert code(caller) == 401


@pytest.mark.parametrize("in_header", [True, False])
@pytest.mark.parametrize("grant", ["client_credentials", "password"])
def test_a_token_is_granted_and_good_for_its_lifetime(start: Start, grant: str, in_header: bool) -> None:
    clock = FakeClock()
    caller = start(monotonic=clock, token_lifetime_s=60, **OAUTH2)
    form = {"grant_type": grant, "username": "ada", "password": "pass-word"}
    if in_header:
        answer = caller.post("/_sandbox/token", data=form, auth=("client", "client-secret"))
    else:
        form |= {"client_id": "client", "client_secret": "client-secret"}
        answer = caller.post("/_sandbox/token", data=form)
    granted = answer.json()
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 60)
    assert answer.headers["Cache-Control"] == "no-store"
    assert code(caller) == 401
    assert code(caller, headers=bearer(granted["access_token"])) == 200
    clock.now_s += 60
    assert code(caller, headers=bearer(granted["access_token"])) == 401


def test_revoked_tokens_are_worthless(start: Start) -> None:
    caller = start(**OAUTH2)

    def fetch(client: str = "client") -> dict[str, str]:
        form = {"grant_type": "client_credentials"}
        return bearer(
            caller.post("/_sandbox/token", data=form, auth=(client, "client-secret")).json()["access_token"]
        )

    first, second = fetch(), fetch()
    assert first != second
    caller.sandbox.revoke_tokens()
    assert [code(caller, headers=one) for one in (first, second, fetch(), fetch("intern"))] == [
        401,
        401,
        200,
        403,
    ]
    caller.post("/_sandbox/revoke", json={})
    assert code(caller, headers=second) == 401


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 401, "invalid_client"),
        ({"client_id": "client", "client_secret": "x", "grant_type": "password"}, 401, "invalid_client"),
        ({"client_id": "x", "client_secret": "client-secret"}, 401, "invalid_client"),
        ({"client_id": "client", "client_secret": "client-secret"}, 400, "invalid_request"),
        (
            {"client_id": "client", "client_secret": "client-secret", "grant_type": "magic"},
            400,
            "unsupported_grant_type",
        ),
        (
            {
                "client_id": "client",
                "client_secret": "client-secret",
                "grant_type": "password",
                "username": "ada",
            },
            400,
            "invalid_grant",
        ),
    ],
)
def test_a_token_request_is_refused_as_the_rfc_has_it(
    start: Start, form: dict[str, str], status: int, error: str
) -> None:
    caller = start(**OAUTH2)
    answer = caller.post("/_sandbox/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_the_token_end_point_can_misbehave_too(start: Start) -> None:
    caller = start(**OAUTH2)
    caller.sandbox.faults.add(call="token", html=True)
    form = {"grant_type": "client_credentials"}
    answer = caller.post("/_sandbox/token", data=form, auth=("client", "client-secret"))
    assert answer.headers["Content-Type"].startswith("text/html")


def test_no_credentials_are_in_what_the_sandbox_shows(start: Start) -> None:
    caller = start(**OAUTH2)
    form = {"grant_type": "password", "username": "ada", "password": "pass-word"}
    granted = caller.post("/_sandbox/token", data=form, auth=("client", "client-secret")).json()
    code(caller, headers=bearer(granted["access_token"]))
    shown = caller.get("/_sandbox/contents").text
    for secret in ("client-secret", "pass-word", granted["access_token"]):
        assert secret not in shown


@pytest.mark.parametrize(
    "options",
    [{"auth": "basic", "username": "ada"}, {"auth": "header"}, {"auth": "oauth2", "client_id": "x"}],
)
def test_a_way_to_authenticate_without_what_it_needs_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs"):
        Sandbox(**options)
