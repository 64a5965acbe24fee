"""The one way to an output of Singer messages: a file that is appended to, or parts in a store."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from typing import Protocol

from target_w50.outputs.append import MessageFile
from target_w50.outputs.message_lines import MessageLine
from target_w50.outputs.store_calls import StoreCalls
from target_w50.settings.output_place import is_url, url_fault

SHORT_TRIES_S = 10.0
"""How long a store is tried by a program that waits for nothing else."""


class MessageOutput(Protocol):
    """Where messages go: `MessageFile` or `MessageParts`; safe to use from several threads."""

    def append(self, stream: str, schema_line: bytes | None, record_line: bytes) -> None:
        """Append a record behind the SCHEMA that it belongs to."""

    def append_all(self, records: Sequence[MessageLine]) -> int:
        """Append records, each behind its SCHEMA, together; how many, for some may be there already."""

    def sync(self) -> None:
        """Have everything where it can't be lost when it returns."""

    def close(self) -> None:
        """Let it go; a second time changes nothing."""

    @property
    def fd(self) -> int:
        """The descriptor of its file, or -1."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""


def messages_at(
    place: str,
    setting: str,
    calls: StoreCalls | None,
    *,
    private: bool = False,
    apart_from: Iterable[int] = (),
) -> MessageOutput:
    """Open an output, and prove that it can be written.

    Args:
        place: a path, or the URL of a store with the run's name in it.
        setting: that names it.
        calls: how a store is asked; None: for some seconds.
        private: whether it is for its owner alone; who may read a store is the store's affair.
        apart_from: open descriptors of files that it must not be.

    Raises:
        OSError: it can't be written; `strerror` says why.
        SettingsError: the driver of such a store is not installed.
        StoreError: the store can't be reached.
        StoppedError: the run was stopped.
    """
    if not is_url(place):
        return MessageFile(place, private=private, apart_from=apart_from)
    fault = url_fault(place)
    if fault is not None:
        raise OSError(errno.EINVAL, f"it {fault}")
    from target_w50.outputs.parts import MessageParts  # noqa: PLC0415  # stores are for those who name one

    short = StoreCalls(None, retry_for_s=SHORT_TRIES_S, timeout_s=SHORT_TRIES_S)
    return MessageParts(place, calls or short, setting)
