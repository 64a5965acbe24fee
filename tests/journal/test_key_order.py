"""Keys are looked up in about the order in which a table has them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_w50.journal.key_order import pairs_in_order

NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(NUMBERS, NUMBERS)))
def test_pairs_come_in_the_order_of_their_keys_first_bytes(pairs: list[tuple[int, int]]) -> None:
    keys, values = [key for key, _ in pairs], [value for _, value in pairs]
    found = pairs_in_order(keys, values)
    in_order = [*zip(found[::2], found[1::2], strict=True)]
    assert sorted(in_order) == sorted(pairs)
    first_bytes = [key >> 56 for key, _ in in_order]
    assert first_bytes == sorted(first_bytes)
