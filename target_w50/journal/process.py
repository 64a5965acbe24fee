"""Which process this is, and whether another one is certainly gone."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process as the journal names it.

    Attributes:
        host: the machine's name.
        mark: its number, and what makes that number mean this process and no other, as far as it is known.
    """

    host: str
    mark: str

    @property
    def pid(self) -> int:
        """Its number."""
        return int((self.mark.split() or ["0"])[0])

    def is_gone(self) -> bool:
        """Whether it has certainly ended: it was of this boot of this machine, and is not there any more."""
        pid, *rest = self.mark.split() or ["0"]
        here = this_process()
        if self.host != here.host or not rest or rest[0] != _world():
            return False
        return [_started(int(pid))] != rest[1:]

    def lives(self) -> bool:
        """Whether it is certainly there still; of another machine nobody can tell from here."""
        _, *rest = self.mark.split() or ["0"]
        return (
            self.host == this_process().host
            and bool(rest)
            and rest[0] == _world() != ""
            and not self.is_gone()
        )


def this_process() -> Process:
    """The process that we are."""
    pid = os.getpid()
    marks = [str(pid), _world(), _started(pid)]
    return Process(socket.gethostname(), " ".join(mark for mark in marks if mark))


def _world() -> str:
    """This boot of this machine, and of it the processes that see each other; empty if not known."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When the process of that number began, in ticks since the boot; empty if there is none."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
