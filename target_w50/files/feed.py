"""The files of an import as one input of Singer lines, made while it is read."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from target_w50.files.faults import changed
from target_w50.files.source import Source, write_all
from target_w50.runtime.signals import SIGNALS

PIPE_BYTES = 1024 * 1024
"""More than a pipe usually holds: so the one side waits less often for the other."""
JOIN_S = 1.0
"""How long the thread has to see that nobody reads any more, in seconds: the pipe is closed to it."""


class Feed:
    """What the target reads: a SCHEMA, then a RECORD for each record of the files, in their order.

    A thread of its own writes into a pipe: the lines are made beside the target's work, and no more of them
    than the pipe holds.

    Args:
        sources: the files.
        stream: the stream's name.
        schema: the JSON Schema of its records.
    """

    def __init__(self, sources: Sequence[Source], stream: str, schema: Mapping[str, Any]) -> None:
        self._sources = sources
        self._stream = stream
        self._schema = schema
        self._read_end, self._write_end = os.pipe()
        with contextlib.suppress(AttributeError, OSError):  # not everywhere, and only so many for one user
            fcntl.fcntl(self._write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._closed = False
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="files", daemon=True)

    def __enter__(self) -> Feed:  # noqa: PYI034  # Self is not in Python 3.10
        # A run has all threads but one block the signals: one that has begun before it must do so as well.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._thread.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self._closed = True
        os.close(self._read_end)
        self._thread.join(JOIN_S)

    def fileno(self) -> int:
        """The descriptor to read."""
        return self._read_end

    def check_end(self) -> None:
        """See that the lines ended because all were written.

        Raises:
            InputError: a file was changed or taken away meanwhile.
            OSError: the machine gave out.
        """
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            self._write()
        except BaseException as error:  # noqa: BLE001  # told where the lines are read
            if not self._closed:
                self._fault = error
        finally:
            os.close(self._write_end)

    def _write(self) -> None:
        head = {"type": "SCHEMA", "stream": self._stream, "schema": self._schema, "key_properties": []}
        write_all(self._write_end, json.dumps(head).encode() + b"\n")
        for source in self._sources:
            if source.write(self._stream, self._write_end) != source.records:
                raise changed(source.name)
