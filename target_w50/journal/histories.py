"""The histories of a run's streams, each opened when its list has been seen to."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import counted
from target_w50.journal.history import StreamHistory
from target_w50.journal.journal import Journal
from target_w50.journal.key_change import ForeseenRows, KeyChange, KeyHashes
from target_w50.journal.keys import ContactHashes
from target_w50.journal.members import Delivered
from target_w50.journal.older_keys import OlderKeys
from target_w50.journal.resending import Resending
from target_w50.journal.scopes import Scope, scope_for
from target_w50.journal.stream_memory import StreamMemory
from target_w50.settings.model import Send

log = logging.getLogger("target-w50")

MOST_LOST_PERCENT = 10
"""How much smaller than a run left it a list may be; else somebody has emptied it."""


class Histories:
    """Of a run, or of a plan.

    Args:
        journal: of the run.
        writes: whether the lists are this run's, and what holds for their streams is written down.
    """

    def __init__(self, journal: Journal, *, writes: bool) -> None:
        self._journal = journal
        self._writes = writes
        self._memories: dict[str, StreamMemory] = {}
        self._histories: dict[tuple[str, tuple[str, ...]], StreamHistory | None] = {}
        self._compared: dict[str, int] = {}

    @property
    def compared(self) -> dict[str, int]:
        """The streams of which only changed contacts are sent, each with its list."""
        return self._compared

    def of(self, mapping: StreamMapping, also: Iterable[int] = ()) -> StreamHistory | None:
        """What W50 has of a stream; None where nothing is kept of its contacts.

        Args:
            mapping: of the stream.
            also: rows of open jobs that are taken for such as ended well.
        """
        key = (mapping.stream, mapping.field_names)
        if key not in self._histories:
            self._histories[key] = self._open(mapping, also)
        return self._histories[key]

    def _open(self, mapping: StreamMapping, also: Iterable[int]) -> StreamHistory | None:
        entry, list_id = mapping.entry, mapping.contact_list.id
        scopes = self._journal.scopes
        compares = entry.send is Send.CHANGED
        if not compares and self._writes and mapping.stream not in self._memories:
            # What this run sends is not booked: what was before is not what W50 has any more.
            scopes.resend(list_id, mapping.stream)
        makes_duplicates = not mapping.match_fields and entry.enc_contact_id is None
        if not (compares or entry.custom_events or makes_duplicates):
            return None
        if mapping.stream not in self._memories:
            self._memories[mapping.stream] = self._memory(mapping, also)
        memory = self._memories[mapping.stream]
        scope = self._scope(mapping)
        memory.scopes[scope.id] = scope
        new, *old = (self._hashes(key, mapping, memory) for key in self._journal.keys)
        change = None
        for before in old:
            change = KeyChange(
                self._journal,
                list_id,
                new,
                before,
                scopes=memory.scopes,
                names=scope.field_names,
                delivered=memory.delivered,
                foreseen=memory.rows if isinstance(memory.rows, ForeseenRows) else None,
            )
        return StreamHistory(new.now, memory, mapping, scope, new.older, change)

    def _hashes(self, key: bytes, mapping: StreamMapping, memory: StreamMemory) -> KeyHashes:
        account = self._journal.account
        now = ContactHashes(
            key,
            account=account,
            list_id=mapping.contact_list.id,
            stream=mapping.stream,
            match_fields=mapping.match_fields,
        )
        return KeyHashes(now, OlderKeys(key, account, mapping, memory.scopes.values()))

    def _scope(self, mapping: StreamMapping) -> Scope:
        if self._writes:
            return self._journal.scopes.book(mapping)
        wanted = scope_for(mapping)
        every = self._journal.scopes.of_stream(mapping.contact_list.id, mapping.stream)
        return next((each for each in every if each.is_like(wanted)), wanted)

    def _memory(self, mapping: StreamMapping, also: Iterable[int]) -> StreamMemory:
        journal, entry, list_id = self._journal, mapping.entry, mapping.contact_list.id
        # Only of jobs with events is it asked what they brought: the rest is known contact by contact.
        asks = bool(entry.custom_events) or entry.send is not Send.CHANGED
        scopes = journal.scopes.of_stream(list_id, mapping.stream)
        before = max((each.resend_before for each in scopes), default=0)
        if entry.send is Send.CHANGED:
            self._compared[mapping.stream] = list_id
            before = self._before(mapping, scopes, before)
        return StreamMemory(
            journal.delivered(list_id, mapping.stream, also) if asks else Delivered(()),
            journal.contacts if self._writes or len(journal.keys) == 1 else ForeseenRows(journal),
            {each.id: replace(each, resend_before=before) for each in scopes},
            Resending(int(journal.database.now()), entry.resend_after_days, before),
        )

    def _before(self, mapping: StreamMapping, scopes: list[Scope], before: int) -> int:
        """Since when what was sent counts; all is sent again to a list that somebody has emptied."""
        left = next((each.list_count for each in reversed(scopes) if each.list_count is not None), None)
        count = mapping.contact_list.count
        if left is None or 100 * count >= (100 - MOST_LOST_PERCENT) * left:
            return before
        log.warning(
            "Contact list %d has %s, and had %d when the last run of stream %r left it: it was "
            "changed elsewhere. All contacts of the stream are sent again, without custom events%s",
            mapping.contact_list.id,
            counted(count, "contact"),
            left,
            mapping.stream,
            " for those that W50 has had" if mapping.entry.custom_events else "",
            extra={"stream_name": mapping.stream, "contact_list_id": mapping.contact_list.id},
        )
        if self._writes:
            return self._journal.scopes.resend(mapping.contact_list.id, mapping.stream)
        return int(self._journal.database.now()) + 1
