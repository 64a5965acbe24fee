"""Error bodies as they come from .NET, gateways and proxies, in words for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.w50.http.error_text import MAX_QUOTE_CHARS, describe_content


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
            '"An error has occurred. More Boom"',
        ),
        (
            b'{"Message": "Bad.", "ModelState": {"request.FieldNames": ["Required.", "Too few."]}}',
            "text/json",
            '"Bad. Required. Too few."',
        ),
        (
            (
                b'<Error xmlns:i="urn:i"><Message>An error has occurred.</Message><ExceptionMessage>Boom'
                b"</ExceptionMessage><StackTrace>at W50</StackTrace></Error>"
            ),
            "application/xml",
            '"An error has occurred. Boom"',
        ),
        (b"<Error><Message>No</Message></Error>", None, '"No"'),
        (b'{"error": "invalid_client", "error_description": "Who?"}', None, '"invalid_client Who?"'),
        (b'{"error": {"code": 5, "message": "Quota"}}', None, '"Quota"'),
        (b'{"title": "Bad", "detail": "Very"}', "application/problem+json", '"Bad Very"'),
        (b'"Just a text"', "application/json", '"Just a text"'),
        (b'{"code": 17}', "application/json", '"{"code": 17}"'),
        (b"plain\r\n\x00 text", "text/plain", '"plain text"'),
        (b"<html><head><title>502 Bad\n Gateway</title>", "text/html", 'an HTML page: "502 Bad Gateway"'),
        (b"<h1>No</h1><script>x()</script><p>way &amp; out", "text/html", 'an HTML page: "No way & out"'),
        (b"<!DOCTYPE html>", None, "an HTML page"),
        (b"", "application/json", "nothing"),
        (b" \r\n", None, "nothing"),
        (b"\xff\xfe\x00", None, '"\xef\xbf\xbd\xef\xbf\xbd"'.encode("latin-1").decode()),
    ],
)
def test_an_error_body_is_put_into_words(content: bytes, content_type: str | None, words: str) -> None:
    assert describe_content(content, content_type) == words


def test_a_long_text_is_cut() -> None:
    words = describe_content(b"word " * 100_000, "text/plain")
    assert len(words) == MAX_QUOTE_CHARS + 2
    assert words.endswith('…"')


def test_secrets_addresses_and_long_numbers_are_masked() -> None:
    said = describe_content(
        b"key abcd, abcdef for bob@example.com or +49 (170) 123-4567, job 123456",
        "text/plain",
        secrets=["abcd", "abcdef", ""],
    )
    assert said == '"key ***, *** for …@… or …, job 123456"'


@given(
    st.text(max_size=300), st.sampled_from(["text/plain", "text/html", "application/json", "text/xml", None])
)
def test_plain_words_show_nothing_but_plain_words(text: str, content_type: str | None) -> None:
    """Whatever W50 answers, in whatever form: no letter of a value gets through."""
    marked = "".join(f"{char}Zyx" if char.isalnum() else char for char in text)
    said = describe_content(marked.encode("utf-8", "replace"), content_type, plain_words_only=True)
    assert "Zyx" not in said
    assert len(said) < MAX_QUOTE_CHARS + 30


def test_plain_words_keep_the_sense_of_a_servers_message() -> None:
    said = describe_content(
        b"{\"Message\": \"The field 'Email' is required, but 'ann.smith' of New York has none.\"}",
        "application/json",
        plain_words_only=True,
        known_names=frozenset({"Email"}),
    )
    assert said == "\"The field 'Email' is required, but … of … has …\""
