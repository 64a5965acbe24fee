"""Error bodies as they come from .NET, gateways and proxies, in words for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.w50.http.error_text import describe_content
from target_w50.w50.plain_words import MAX_QUOTE_CHARS


@pytest.mark.parametrize(
    ("content", "content_type", "words"),
    [
        (b'{"Message": "The request is invalid."}', "application/json", '"The request is invalid."'),
        (
            (
                b'{"Message": "An error has occurred.", "ExceptionMessage": "Boom", "MessageDetail": "More", '
                b'"StackTrace": "at W50"}'
            ),
            "application/json; charset=utf-8",
            '"An error has occurred. More …"',
        ),
        (
            b'{"Message": "Bad.", "ModelState": {"request.FieldNames": ["Required.", "Too few."]}}',
            "text/json",
            '"Bad. Required. Too …"',
        ),
        (
            (
                b'<Error xmlns:i="urn:i"><Message>An error has occurred.</Message><ExceptionMessage>Boom'
                b"</ExceptionMessage><StackTrace>at W50</StackTrace></Error>"
            ),
            "application/xml",
            '"An error has occurred. …"',
        ),
        (b"<Error><Message>No</Message></Error>", None, '"No"'),
        (b'{"error": "invalid_client", "error_description": "Who?"}', None, '"…?"'),
        (b'{"error": {"code": 5, "message": "Quota"}}', None, '"…"'),
        (b'{"title": "Bad", "detail": "Very"}', "application/problem+json", '"Bad …"'),
        (b'"Just a text"', "application/json", '"… a …"'),
        (b'{"code": 17}', "application/json", '"{…}"'),
        (b"plain\r\n\x00 text", "text/plain", '"…"'),
        (b"<html><head><title>502 Bad\n Gateway</title>", "text/html", 'an HTML page: "… Bad Gateway"'),
        (b"<h1>No</h1><script>x()</script><p>way &amp; out", "text/html", 'an HTML page: "No … & out"'),
        (b"<!DOCTYPE html>", None, "an HTML page"),
        (b"", "application/json", "nothing"),
        (b" \r\n", None, "nothing"),
        (b"\xff\xfe\x00", None, "nothing"),
    ],
)
def test_an_error_body_is_put_into_words(content: bytes, content_type: str | None, words: str) -> None:
    assert describe_content(content, content_type) == words


def test_a_long_text_is_cut() -> None:
    words = describe_content(b"value " * 100_000, "text/plain")
    assert len(words) == MAX_QUOTE_CHARS + 2
    assert words.endswith('…"')


@pytest.mark.parametrize("spelled", ["password", "PASSWORD", "%70%61%73%73%77%6F%72%64", "pass%77ord"])
def test_a_secret_of_plain_words_is_masked_however_it_is_spelled(spelled: str) -> None:
    said = describe_content(f"The value {spelled} is bad".encode(), "text/plain", secrets=["password", ""])
    assert said == '"The value *** is bad"'


def test_what_begins_as_a_secret_is_masked() -> None:
    echo = b"key access-t, ACCESS%2Dtoken-no, access"
    said = describe_content(echo, "text/plain", secrets=["access-token-yes"])
    assert said == '"key ***, ***, access"'


@pytest.mark.parametrize("quotes", ["''", '""', "``", "\u2018\u2019", "\u201e\u201c", "\u00ab\u00bb"])
def test_what_w50_quotes_is_not_shown(quotes: str) -> None:
    said = describe_content(f"The name {quotes[0]}All Contacts{quotes[1]} exists".encode(), "text/plain")
    assert said == '"The name … exists"'


def test_numbers_and_addresses_are_not_shown() -> None:
    said = describe_content(b"job 7 of bob@example.com or +49 (170) 123-4567", "text/plain")
    assert said == '"job … of … or …"'


@given(
    st.text(max_size=300), st.sampled_from(["text/plain", "text/html", "application/json", "text/xml", None])
)
def test_plain_words_show_nothing_but_plain_words(text: str, content_type: str | None) -> None:
    """Whatever W50 answers, in whatever form: no letter of a value gets through."""
    marked = "".join(f"{char}Zyx" if char.isalnum() else char for char in text)
    said = describe_content(marked.encode("utf-8", "replace"), content_type)
    assert "Zyx" not in said
    assert len(said) < MAX_QUOTE_CHARS + 30


def test_plain_words_keep_the_sense_of_a_servers_message() -> None:
    said = describe_content(
        b"{\"Message\": \"The field 'Email' is required, but 'ann.smith' of New York has none.\"}",
        "application/json",
        known_names=frozenset({"Email"}),
    )
    assert said == "\"The field 'Email' is required, but … of … has none.\""
