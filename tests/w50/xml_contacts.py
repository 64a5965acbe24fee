"""Whatever contacts XML can hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from target_w50.w50 import Contact, wire_format
from target_w50.w50.wire.xml_values import BIGGEST_DECIMAL

XML = wire_format("application/xml")

odd = "\r\n\t <>&\"'\x7f\x85\u2028]\ufffd\uff21\ue000\U0001f389;"
texts = st.text(st.characters(codec="utf-8") | st.sampled_from(odd), max_size=12).filter(
    lambda text: XML.text_problem(text) is None
) | st.sampled_from(["", " ", "&amp;", "]]>", "&#xD;", "x" * 5000])
# Mono's reader shows fewer digits than a subnormal number has.
numbers = (
    st.integers(-(2**33), 2**33)
    | st.integers(-BIGGEST_DECIMAL, BIGGEST_DECIMAL)
    | st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
    | st.decimals(-(10**22), 10**22, allow_nan=False, allow_infinity=False, places=6)
    | st.builds(Decimal, st.sampled_from(["1E+3", "-0", "0.00", "1E-28", "-5E+27"]))
)
values = st.none() | st.booleans() | numbers | texts
contacts = st.builds(Contact, st.none() | texts, st.dictionaries(texts, values, max_size=6))


KINDS = {type(None): "nil", str: "string", bool: "boolean", float: "double", Decimal: "decimal"}


def kind_of(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if -(2**31) <= value < 2**31 else "long" if -(2**63) <= value < 2**63 else "decimal"
    return {type(None): "nil", str: "string", bool: "boolean", float: "double", Decimal: "decimal"}[
        type(value)
    ]
