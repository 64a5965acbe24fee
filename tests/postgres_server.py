"""A PostgreSQL server of the tests' own: over a socket in a folder of its own, and gone with them."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from dev import postgres as machine
from tests.support import wait_until

USER = "w50"
INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
QUICK = (
    # What is lost with the machine's power is no loss here.
    *("fsync=off", "full_page_writes=off", "max_wal_size=256MB", "wal_level=minimal", "max_wal_senders=0"),
    *("shared_buffers=16MB", "max_connections=60", "autovacuum=off", "dynamic_shared_memory_type=mmap"),
)


class PostgresServer:
    """One server; `with` ends it and removes all that it kept.

    Args:
        programs: the folder of `initdb` and `postgres`.
    """

    def __init__(self, programs: Path) -> None:
        # Short: the path of a socket may have a hundred characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="w50-pg-", dir="/tmp"))
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = _not_root(self.folder)
        if self._as and programs.is_relative_to(machine.INSTALLED):
            # Nobody but root may come where the project lies.
            copied = self.folder / "programs"
            shutil.copytree(machine.INSTALLED, copied, symlinks=True)
            programs = copied / programs.relative_to(machine.INSTALLED)
        self._programs = programs
        self._data = self.folder / "data"
        self._run(
            *(
                "initdb",
                "-D",
                str(self._data),
                "-U",
                USER,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            )
        )
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, check=False, cwd=self.folder, **self._as)
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        wait_until(self._answers, "the PostgreSQL server to answer")

    def _answers(self) -> bool:
        # One that was killed leaves memory that a new one does not begin with until all who used it are gone.
        if self._process is None or self._process.poll() is not None:
            options = [text for each in ("listen_addresses=", *QUICK) for text in ("-c", each)]
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        str(self._programs / "postgres"),
                        "-D",
                        str(self._data),
                        "-k",
                        str(self.folder),
                        *options,
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    **self._as,
                )
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """End it as a crash would: the server itself, and whoever of it serves a connection."""
        assert self._process is not None
        with psycopg.connect(self.url("postgres")) as connection:
            serving = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
            for (pid,) in ((self._process.pid,), *serving):
                os.kill(pid, signal.SIGKILL)
            self._process.wait()
            connection.close()

    def url(self, database: str) -> str:
        """Of one of its databases."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def database(self) -> str:
        """The URL of a new and empty database."""
        name = f"journal_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def __enter__(self) -> PostgresServer:  # noqa: PYI034  # Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _not_root(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to be started by root: as whom it runs then, and the folder is theirs."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise AssertionError("no user but root on this machine")
