"""A month of nights in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_w50.sandbox import Sandbox
from tests.journal.month import COLUMN_ON, EDITED_ON, NIGHTS, Month
from tests.support import LIST

CONTACTS = 60


def test_after_a_month_every_contact_is_right_and_had_one_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(lists=[LIST]) as sandbox:
        month = Month(sandbox, tmp_path, CONTACTS, monkeypatch)
        month.live()
        assert month.stored == month.people
        assert month.mails == dict.fromkeys(month.people, 1)
        sent = dict(enumerate(month.sent, 1))
        assert sent[COLUMN_ON] == CONTACTS + COLUMN_ON - 1, "a column more"
        assert sent[EDITED_ON] == CONTACTS + EDITED_ON - 1, "somebody emptied the list"
        quiet = [night for night in range(2, COLUMN_ON) if sent[night] > 2]
        assert not quiet, "one changed, one new"
        assert len(sent) == NIGHTS
