"""What it costs to find that contacts did not change: beside the same run without its uploads."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contacts import STREAM, input_file
from benchmarks.goals import MOST_MIB, Goal
from benchmarks.measuring import BenchmarkError, Measured, run_measured
from benchmarks.sandbox import LIST_ID, BenchSandbox, bench_sandbox
from target_w50.runtime.clock import CLOCK

TIMES_WITHOUT_UPLOADS = 1.6
"""What a run may take that finds everything unchanged, by one that sends all to nobody."""
CHANGED_EVERY = 100
_ROWS_AT_ONCE = 100_000
_SEED = 11


@dataclass(frozen=True)
class Compared:
    """A run against a journal that knows all its contacts.

    Attributes:
        known: how many contacts the journal knows.
        changed: how many of the run's have changed since.
        seconds: from the start of the process to its exit, the least of the rounds.
        cpu_seconds: of the process.
        peak_mib: the most memory that it had resident.
        journal_bytes: of the journal's file.
        times: how long it took by the same run without uploads.
        cpu_times: the same by CPU seconds.
    """

    known: int
    records: int
    changed: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    journal_bytes: int
    times: float
    cpu_times: float

    @property
    def goals(self) -> list[Goal]:
        """What it is to show."""
        what = f"{self.records:,} records, {self.changed:,} changed, {self.known:,} known"
        return [
            Goal(f"times without uploads ({what})", TIMES_WITHOUT_UPLOADS, self.times, at_most=True),
            Goal(f"peak MiB ({what})", MOST_MIB, self.peak_mib, at_most=True),
        ]

    @property
    def row(self) -> tuple[str, ...]:
        """For the table."""
        return (
            f"{self.known:,}",
            f"{self.records:,}",
            f"{self.changed:,}",
            f"{self.seconds:.1f}",
            f"{self.cpu_seconds:.1f}",
            f"{self.peak_mib:.0f}",
            f"{self.journal_bytes / 1e6:.0f}",
            f"{self.times:.2f}",
            f"{self.cpu_times:.2f}",
        )


COLUMNS = ("known", "records", "changed", "seconds", "CPU s", "peak MiB", "journal MB", "times", "by CPU")


def measure_changed(folder: Path, records: int, stores: Sequence[int], rounds: int) -> list[Compared]:
    """Measure, for journals of several sizes.

    Args:
        folder: for inputs, settings and journals.
        records: of the input.
        stores: how many contacts the journals know, each at least as many.
        rounds: how often each program runs, in turn.
    """
    same = input_file(folder, records)
    others = _with_changes(same, folder / f"contacts-changed-{records}.singer")
    work = folder / "changed"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    found = []
    with bench_sandbox(folder) as sandbox:
        full = work / "full.db"
        _run(sandbox, work, "full", same, records, _config(sandbox, full, send="changed"))
        for known in stores:
            store = work / f"store-{known}.db"
            _copy(full, store)
            _grow(store, known - records)
            plain, unchanged, changed = list[Measured](), list[Measured](), list[Measured]()
            for _ in range(rounds):
                plain.append(_run(sandbox, work, "without", same, records, _config(sandbox, None)))
                for into, path in ((unchanged, same), (changed, others)):
                    used = work / "used.db"
                    _copy(store, used)
                    config = _config(sandbox, used, send="changed", resend_after_days=0)
                    into.append(_run(sandbox, work, "changed", path, records, config))
            size = store.stat().st_size
            found += [
                _compared(runs, plain, known, records, count, size)
                for runs, count in ((unchanged, 0), (changed, records // CHANGED_EVERY))
            ]
    return found


def _compared(  # noqa: PLR0917 - made in one place
    runs: list[Measured], plain: list[Measured], known: int, records: int, changed: int, size: int
) -> Compared:
    best, base = (min(each, key=lambda run: run.seconds) for each in (runs, plain))
    cpu, base_cpu = (min(run.cpu_seconds for run in each) for each in (runs, plain))
    return Compared(
        known,
        records,
        changed,
        best.seconds,
        cpu,
        max(run.peak_mib for run in runs),
        size,
        best.seconds / base.seconds,
        cpu / base_cpu,
    )


def _config(sandbox: BenchSandbox, journal: Path | None, **members: Any) -> dict[str, Any]:
    entry = {"stream": STREAM, "contact_list": str(LIST_ID), "match_fields": ["id"], **members}
    return {
        "api_url": sandbox.url,
        "auth_token": "none",
        "streams": [entry],
        "journal": "none" if journal is None else str(journal),
        "journal_key": "a key of the benchmark",
        "max_rejected_percent": 100,
    }


def _run(  # noqa: PLR0917 - as above
    sandbox: BenchSandbox, work: Path, name: str, path: Path, records: int, config: dict[str, Any]
) -> Measured:
    sandbox.empty()
    place = work / f"{name}.json"
    place.write_text(json.dumps(config))
    module = "benchmarks.without_uploads" if name == "without" else "target_w50"
    measured = run_measured(
        [sys.executable, "-m", module, "--config", str(place)], path, records, work / f"{name}.log"
    )
    arrived = sandbox.arrived().contacts
    wanted = {"full": records, "without": 0}.get(name)
    if wanted is None:
        wanted = 0 if path.name.startswith(f"contacts-{records}") else records // CHANGED_EVERY
    if arrived != wanted:
        raise BenchmarkError(
            f"{name}: {arrived} contacts arrived rather than {wanted}; see {work / name}.log"
        )
    sys.stderr.write(
        f"  {name}, {records:,} records: {measured.seconds:.1f} s, CPU {measured.cpu_seconds:.1f} s, "
        f"{measured.peak_mib:.0f} MiB\n"
    )
    return measured


def _with_changes(path: Path, other: Path) -> Path:
    """The same input with another telephone number in every hundredth record."""
    if not other.exists() or other.stat().st_mtime < path.stat().st_mtime:
        number = 0
        with path.open("rb") as source, other.open("wb") as file:
            for line in source:
                changed = line
                if line.startswith(b'{"type":"RECORD"'):
                    number += 1
                    if number % CHANGED_EVERY == 0:
                        changed = line.replace(b'"phone":"+1555', b'"phone":"+1556')
                file.write(changed)
    return other


def _copy(journal: Path, other: Path) -> None:
    other.unlink(missing_ok=True)
    for beside in ("-wal", "-shm"):
        other.with_name(other.name + beside).unlink(missing_ok=True)
    with sqlite3.connect(journal) as source, sqlite3.connect(other) as target:
        source.backup(target)
    source.close()
    target.close()
    # A journal has been on the disk since the night before: the run is not to wait until all of it is.
    with other.open("rb+") as file:
        os.fsync(file.fileno())


def _grow(journal: Path, rows: int) -> None:
    """Have the journal know so many contacts more, in a process of its own.

    What this process has ever held would count as memory of the programs that it starts.
    """
    growing = multiprocessing.get_context("spawn").Process(target=_add_contacts, args=(journal, rows))
    growing.start()
    growing.join()
    if growing.exitcode:
        raise BenchmarkError("the journal could not be made larger")


def _add_contacts(journal: Path, rows: int) -> None:
    """Add contacts, whoever they are; the list is empty, and that is right."""
    chance, now = random.Random(_SEED), int(CLOCK.epoch_s())  # noqa: S311  # nothing secret
    connection = sqlite3.connect(journal, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -400000")  # it is the journal that is measured, not its making
    connection.execute("UPDATE w50_scopes SET list_count = NULL")
    while rows > 0:
        many = min(rows, _ROWS_AT_ONCE)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT OR IGNORE INTO w50_contacts (contact_key, version, scope, sent) VALUES (?, ?, 1, ?)",
            ((chance.getrandbits(64) - 2**63, chance.getrandbits(63), now) for _ in range(many)),
        )
        connection.execute("COMMIT")
        rows -= many
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
