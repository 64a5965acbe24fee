from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_w50.outputs.json_members import with_member

MEMBERS = st.dictionaries(
    st.sampled_from(["type", "record", "quarantine", "a", "quarantined"]),
    st.none() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)) | st.lists(st.text()),
    min_size=1,
)


@given(MEMBERS, st.sampled_from([None, 1]), st.booleans())
def test_setting_a_member_changes_no_other(
    members: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    try:
        line = json.dumps(members, indent=indent, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        line = json.dumps(members).encode()
    assert json.loads(with_member(line, "quarantine", b"[1]")) == {**members, "quarantine": [1]}
