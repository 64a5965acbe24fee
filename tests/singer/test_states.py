"""Which STATE lines another may stand for."""

from __future__ import annotations

import pytest

from target_w50.singer.states import first_odd, is_plain, says_something

PLAIN = b'{"type":"STATE","value":{"id":1}}'
EMPTY = b'{"type": "STATE", "value": { }}'
ODD = {
    "no JSON": b'{"type":"STATE","value":{"id":1}',
    "another type": b'{"type":"STATE","value":{},"type":"RECORD"}',
    "no value": b'{"type":"STATE"}',
    "null": b'{"type":"STATE","value":null}',
    "an array": b'{"type":"STATE","value":[]}',
    "NaN": b'{"type":"STATE","value":{"id":NaN}}',
    "not UTF-8": b'{"type":"STATE","value":{"id":"\xff"}}',
    "deep": b'{"type":"STATE","value":' + b'{"a":' * 300 + b"1" + b"}" * 301,
    "two": PLAIN + b" " + PLAIN,
    "begun": b'{"type":"STATE","value":',
}
NOT_ODD = {
    "plain": PLAIN,
    "empty": EMPTY,
    "value first": b'{"value":{"a":[{},{}]},"type":"STATE"}',
    "long": b'{"type":"STATE","value":{"a":"%b"}}' % (b"{" * 150 + b"x" * 500),
    "text": '{"type":"STATE","value":{"a":"é"}}'.encode(),
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
def test_an_odd_state_is_found_among_plain_ones(line: bytes) -> None:
    assert not is_plain(line)
    assert first_odd([line]) == 0
    assert first_odd([PLAIN, EMPTY, line, PLAIN, line]) == 2


@pytest.mark.parametrize("line", NOT_ODD.values(), ids=NOT_ODD.keys())
def test_others_are_plain_also_together(line: bytes) -> None:
    assert is_plain(line)
    assert first_odd([PLAIN, line, line, EMPTY]) is None


def test_a_state_that_goes_on_in_the_next_line_is_odd_though_their_number_is_right() -> None:
    assert first_odd([ODD["begun"], b'{"type":"STATE","value":{}}}', PLAIN + PLAIN]) == 0


def test_an_empty_state_says_nothing() -> None:
    assert says_something(PLAIN)
    assert not says_something(EMPTY)
