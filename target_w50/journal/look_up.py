"""A look-up of many contacts: made where it is asked for, or in the background while others are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping

from target_w50.journal.contact_rows import Known

Found = Mapping[int, Known | None]
"""Contacts by key, each with what the journal knows of it."""


class LookUp:
    """Finds contacts by key, once.

    Args:
        look: asks the journal; in whichever thread.
        again: those of which something else may be known by the time they are judged.

    Attributes:
        again: the same.
    """

    def __init__(self, look: Callable[[], Found], again: Collection[int] = ()) -> None:
        self.again = again
        self._look = look
        self._found: Found | None = None
        self._error: BaseException | None = None
        self._keys: frozenset[int] | None = None
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Look in the background: most of that is the database's own work, which keeps nobody waiting."""
        self._thread = threading.Thread(target=self._run, name="look-up", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._look()
        except BaseException as error:  # noqa: BLE001  # raised where it is asked for
            self._error = error

    @property
    def found(self) -> Found:
        """Those that were found.

        Raises:
            JournalError: the journal can't be read.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        elif self._found is None and self._error is None:
            self._run()
        if self._error is not None:
            raise self._error
        return self._found or {}

    @property
    def keys(self) -> frozenset[int]:
        """Those that were found, and those of which something else may be known by now; errors as above."""
        if self._keys is None:
            self._keys = frozenset((*self.found, *self.again))
        return self._keys
