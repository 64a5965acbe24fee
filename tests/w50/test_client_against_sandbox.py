"""The client against the sandbox, which shares no code with it, over the socket."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_w50.errors import RefusedError
from target_w50.sandbox import Sandbox
from target_w50.w50 import (
    MEDIA_TYPES,
    Contact,
    Value,
    W50Auth,
    W50Client,
    basic,
    bearer,
    header,
    wire_format,
)
from target_w50.w50.oauth2 import oauth2
from target_w50.w50.wire.xml_values import BIGGEST_DECIMAL
from tests.effort import tries

TOKEN = "token-hush-hush-1"
PASSWORD = "password-hush-hush-2"
CLIENT_SECRET = "client-hush-hush-3"
SECRETS = (TOKEN, PASSWORD, CLIENT_SECRET)
FIELDS = ["Email", "A", "B", "C", "D"]
LISTS = [{"Id": 5, "Name": "Five", "Fields": FIELDS}]

OPTIONS: dict[str, dict[str, Any]] = {
    "bearer": {"token": TOKEN},
    "basic": {"auth": "basic", "username": "me", "password": PASSWORD},
    "header": {"auth": "header", "token": TOKEN, "header_name": "X-Key"},
    "client_credentials": {"auth": "oauth2", "client_id": "us", "client_secret": CLIENT_SECRET},
    "password": {
        "auth": "oauth2",
        "client_id": "us",
        "client_secret": CLIENT_SECRET,
        "username": "me",
        "password": PASSWORD,
    },
}


def _oauth2(sandbox: Sandbox, grant: str) -> W50Auth:
    return oauth2(
        f"{sandbox.url}/_sandbox/token",
        client_id="us",
        client_secret=CLIENT_SECRET,
        grant_type=grant,
        username="me",
        password=PASSWORD,
        user_agent="t",
        retry_for_s=0,
    )


AUTHS: dict[str, Callable[[Sandbox], W50Auth]] = {
    "bearer": lambda _: bearer(TOKEN),
    "basic": lambda _: basic("me", PASSWORD),
    "header": lambda _: header("X-Key", TOKEN),
    "client_credentials": lambda sandbox: _oauth2(sandbox, "client_credentials"),
    "password": lambda sandbox: _oauth2(sandbox, "password"),
}
CONTACTS = [
    Contact(None, {"Email": "ann@example.com", "A": " white\r\n\tspace ", "B": None, "C": 2**70, "D": True}),
    Contact(None, {"Email": "zoë@example.com", "A": "<b>&amp;</b>", "B": "", "C": Decimal("1.10"), "D": 0.5}),
    Contact(None, {"Email": "yi@example.com", "A": "黄 \U0001f600 ]]>"}),
]
NEVER_SHOWN = (*SECRETS, "ann@example", "zoë@example", "yi@example", "white", "黄", "1180591620717411303424")


@pytest.fixture(scope="module", params=AUTHS)
def sandbox_and_auth(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, W50Auth]]:
    with Sandbox(lists=LISTS, **OPTIONS[request.param]) as sandbox:
        yield sandbox, AUTHS[request.param](sandbox)


def _import(client: W50Client, media_type: str, contacts: list[Contact]) -> int:
    wire = wire_format(media_type)
    job = client.create_import_job(5, FIELDS)
    body = wire.frame_contacts([wire.encode_contact(contact) for contact in contacts])
    assert client.add_contacts(5, job.id, body).warnings == ()
    client.run_import_job(5, job.id, match=["Email"], custom_events=["Welcome", "Ünï cödé&"])
    return job.id


def _held(sandbox: Sandbox, job_id: int) -> list[dict[str, Any]]:
    (job,) = (job for job in sandbox.contents()["Jobs"] if job["Id"] == job_id)
    (batch,) = job["Batches"]
    return [contact["Values"] for contact in batch["Contacts"]]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_an_import_succeeds_in_every_format_with_every_authentication(
    sandbox_and_auth: tuple[Sandbox, W50Auth], media_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And no log line shows a secret or a value, at DEBUG, of any library."""
    sandbox, auth = sandbox_and_auth
    sandbox.reset()
    with caplog.at_level(logging.DEBUG):
        client = W50Client(sandbox.url, auth=auth, media_type=media_type, user_agent="t", retry_for_s=0)
        (contact_list,) = client.list_contact_lists()
        assert (contact_list.id, contact_list.name, contact_list.count) == (5, "Five", 0)
        assert client.get_contact_list(5) == contact_list
        assert [field.name for field in client.list_fields(5)] == FIELDS
        job_id = _import(client, media_type, CONTACTS)
        job = client.get_import_job(5, job_id)
        assert (job.inserted_contacts, job.total_contacts, job.progress_percent) == (3, 3, 100)
        assert job.finish_date is not None
        with pytest.raises(RefusedError) as caught:
            client.get_import_job(5, 999)
        client.close()
    assert (caught.value.status, caught.value.code) == (404, "w50_not_found")
    assert _held(sandbox, job_id) == [dict(contact.values) for contact in CONTACTS]
    (run,) = sandbox.contents()["Jobs"][0]["RunHistory"]
    assert (run["Match"], run["CustomEvents"]) == (["Email"], ["Welcome", "Ünï cödé&"])
    assert "urllib3" in caplog.text
    for hidden in NEVER_SHOWN:
        assert hidden not in caplog.text


@pytest.mark.parametrize("media_type", ["application/json", "application/xml"])
def test_wrong_credentials_are_refused_in_words(
    sandbox_and_auth: tuple[Sandbox, W50Auth], media_type: str
) -> None:
    sandbox, _ = sandbox_and_auth
    client = W50Client(
        sandbox.url, auth=bearer("wrong-hush"), media_type=media_type, user_agent="t", retry_for_s=0
    )
    with pytest.raises(RefusedError, match="Authorization has been denied") as caught:
        client.list_contact_lists()
    client.close()
    assert (caught.value.status, caught.value.code) == (401, "w50_unauthorized")
    assert "wrong-hush" not in str(caught.value)


@pytest.mark.parametrize(("client_id", "client_secret"), [("us", "wrong-hush"), ("them", CLIENT_SECRET)])
def test_a_token_end_point_that_refuses_is_told_as_such(client_id: str, client_secret: str) -> None:
    with Sandbox(lists=LISTS, **OPTIONS["client_credentials"]) as sandbox:
        auth = oauth2(
            f"{sandbox.url}/_sandbox/token",
            client_id=client_id,
            client_secret=client_secret,
            user_agent="t",
        )
        client = W50Client(sandbox.url, auth=auth, user_agent="t")
        with pytest.raises(RefusedError, match="invalid_client") as caught:
            client.create_import_job(5, FIELDS)
        client.close()
        assert caught.value.code == "oauth2_refused"
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_validation_warnings_come_with_the_index_of_their_contact(media_type: str) -> None:
    warn = {"warn": {"field": "A", "equals": "odd", "text": "Odd"}}
    wire = wire_format(media_type)
    with Sandbox(lists=LISTS, add_answer="contacts", faults=[warn]) as sandbox:
        client = W50Client(sandbox.url, auth=bearer(TOKEN), media_type=media_type, user_agent="t")
        job = client.create_import_job(5, FIELDS)
        rows = [{"Email": "a@example.com"}, {"Email": "b@example.com", "A": "odd"}]
        body = wire.frame_contacts([wire.encode_contact(Contact(None, row)) for row in rows])
        assert client.add_contacts(5, job.id, body).warnings == ((1, ("Odd",)),)
        client.close()


def test_a_revoked_token_is_renewed_for_all_calls_that_are_under_way_with_it() -> None:
    """A call that comes second with the old token does not take the new one from the others."""
    with Sandbox(lists=LISTS, **OPTIONS["client_credentials"]) as sandbox:
        client = W50Client(sandbox.url, auth=_oauth2(sandbox, "client_credentials"), user_agent="t")
        job = client.create_import_job(5, FIELDS)
        body = wire_format("application/json").frame_contacts([b'{"Values":{"Email":"a@example.com"}}'])
        sandbox.revoke_tokens()
        with ThreadPoolExecutor(8) as pool:
            answers = [*pool.map(lambda _: client.add_contacts(5, job.id, body), range(8))]
        client.close()
        (created,) = sandbox.contents()["Jobs"]
    assert (len(answers), created["ContactCount"]) == (8, 8)


def test_a_revoked_token_is_renewed_within_the_call() -> None:
    with Sandbox(lists=LISTS, **OPTIONS["client_credentials"]) as sandbox:
        client = W50Client(sandbox.url, auth=_oauth2(sandbox, "client_credentials"), user_agent="t")
        job_id = _import(client, "application/json", CONTACTS)
        sandbox.revoke_tokens()
        assert client.create_import_job(5, FIELDS).id > job_id
        client.close()


_texts = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\r\n\t <>&\"'\x85]"), min_size=0, max_size=12
).filter(lambda text: wire_format("text/xml").text_problem(text) is None)
_values: st.SearchStrategy[Value] = (
    st.none()
    | st.booleans()
    | st.integers(-BIGGEST_DECIMAL, BIGGEST_DECIMAL)
    | st.integers(min_value=2**62, max_value=2**80)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4)
    | _texts
)


@pytest.fixture(scope="module")
def five_clients() -> Iterator[tuple[Sandbox, dict[str, W50Client]]]:
    with Sandbox(lists=LISTS) as sandbox:
        clients = {
            media_type: W50Client(
                sandbox.url, auth=bearer(TOKEN), media_type=media_type, user_agent="t", retry_for_s=0
            )
            for media_type in MEDIA_TYPES
        }
        yield sandbox, clients
        for client in clients.values():
            client.close()


@settings(max_examples=tries(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[1:], _values)), min_size=1, max_size=4
    )
)
def test_what_is_sent_in_any_format_is_what_is_held_and_all_formats_agree(
    five_clients: tuple[Sandbox, dict[str, W50Client]], rows: list[dict[str, Value]]
) -> None:
    """All JSON types, null, Unicode, markup, empty text, white space at the ends, line breaks."""
    sandbox, clients = five_clients
    contacts = [Contact(None, {"Email": f"c{index}@example.com", **row}) for index, row in enumerate(rows)]
    for media_type, client in clients.items():
        sandbox.reset()
        held = _held(sandbox, _import(client, media_type, contacts))
        assert [_plain(values) for values in held] == [_plain(contact.values) for contact in contacts]


@settings(max_examples=tries(15), deadline=None)
@given(names=st.lists(_texts.filter(str.strip), min_size=1, max_size=4, unique_by=str.lower))
def test_field_names_arrive_as_they_are_in_every_format(names: list[str]) -> None:
    with Sandbox(lists=[{"Id": 5, "Name": "Five", "Fields": names}]) as sandbox:
        for media_type in MEDIA_TYPES:
            client = W50Client(sandbox.url, auth=bearer(TOKEN), media_type=media_type, user_agent="t")
            assert [field.name for field in client.list_fields(5)] == names
            client.create_import_job(5, names)
            client.close()
        assert [job["FieldNames"] for job in sandbox.contents()["Jobs"]] == [names] * len(MEDIA_TYPES)


def _plain(values: Any) -> str:
    """Compare types and digits: 1, 1.0 and True are three things, 1.10 and 1.1 one."""

    def shown(value: Any) -> Any:
        if isinstance(value, (bool, str)) or value is None:
            return value
        return f"number {Decimal(value).normalize() + 0}"

    return json.dumps({name: shown(value) for name, value in values.items()}, sort_keys=True)
