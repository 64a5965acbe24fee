"""A look-up of many contacts: made where it is asked for, or in the background while others are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection


class LookUp:
    """Finds contacts by key, once.

    Args:
        look: asks the journal; in whichever thread.
        also: those that are found whatever it says.
    """

    def __init__(self, look: Callable[[], set[int]], also: Collection[int] = ()) -> None:
        self._look = look
        self._also = also
        self._found: set[int] | None = None
        self._error: BaseException | None = None
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
    def found(self) -> set[int]:
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
        if self._also:
            self._found = {*(self._found or ()), *self._also}
            self._also = ()
        return self._found or set()
