"""`python -m tests.chaos.memory`: the program's resident memory while millions of contacts pass.

Once they are of one stream, and in each of three ways they are of twenty that come interleaved.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from target_w50.cli.demo.sandbox_process import running_sandbox

MOST_MIB = 200
SAMPLES = 20
BLOCK = 5000
INTERLEAVED = 20
INTERLEAVED_MOST_MIB = 200
WAYS: dict[str, dict[str, object]] = {
    "json": {},
    "quarantine": {"on_invalid_record": "quarantine"},
    "xml": {"media_type": "application/xml"},
}
"""Settings that decide how a contact is kept."""
PROPERTIES = {
    name: {"type": ["string", "null"]}
    for name in ("email", "first_name", "last_name", "phone", "city", "country", "company", "language")
}


def blocks(contacts: int, streams: int = 1) -> Iterator[bytes]:
    """The input, with a state after each block; records of several streams come one by one in turn."""
    names = stream_names(streams)
    schema = {"type": "object", "properties": {**PROPERTIES, "lifetime_value": {"type": "number"}}}
    for name in names:
        head = {"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": ["email"]}
        yield json.dumps(head).encode() + b"\n"
    # Twenty open batches matter where contacts are large.
    last_name = b"Last" if streams == 1 else b"Last" * 200
    names_in_bytes = [name.encode() for name in names]
    for first in range(0, contacts, BLOCK):
        yield b"".join(
            b'{"type":"RECORD","stream":"%b","record":{"email":"n%d@example.com","first_name":"F %d"'
            b',"last_name":"%b","phone":"+14155550123","city":"Berlin","country":"DE","company":null,'
            b'"language":"de","lifetime_value":%d.25}}\n'
            % (names_in_bytes[number % streams], number, number, last_name, number)
            for number in range(first, min(first + BLOCK, contacts))
        ) + b'{"type":"STATE","value":{"bookmarks":{"contacts":{"at":%d}}}}\n' % (first + BLOCK)


def stream_names(streams: int) -> list[str]:
    """Their names."""
    return ["contacts", *(f"contacts_{number}" for number in range(1, streams))]


class Measured:
    """A run of the program: its memory over the contacts that it has taken."""

    def __init__(self, contacts: int, *arguments: str, config: dict[str, object], streams: int = 1) -> None:
        self.contacts = contacts
        self.streams = streams
        self.samples: list[tuple[int, float]] = []
        self.written = 0
        with tempfile.TemporaryDirectory() as folder, running_sandbox(*arguments) as sandbox:
            path = Path(folder) / "config.json"
            path.write_text(
                json.dumps({"api_url": sandbox.url, "quarantine_path": f"{folder}/aside", **config})
            )
            self._began = time.monotonic()
            with (Path(folder) / "log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "target_w50", "--config", str(path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
                self._feed(process)
                self.status = process.returncode
            self.last_line = (Path(folder) / "log").read_text().rstrip("\n").rpartition("\n")[2]
        self.seconds = time.monotonic() - self._began

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        states = threading.Thread(target=process.stdout.read)
        states.start()
        every = max(1, self.contacts // BLOCK // SAMPLES)
        with contextlib.suppress(BrokenPipeError):
            for number, block in enumerate(blocks(self.contacts, self.streams)):
                process.stdin.write(block)
                if number and number % every == 0:
                    self.samples.append((number * BLOCK, resident_mib(process.pid)))
            process.stdin.close()
        process.wait()
        states.join()
        process.stdout.close()


def resident_mib(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns 1 if it is too much, or grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=2_000_000)
    parser.add_argument(
        "--interleaved", type=int, default=500_000, help="contacts of twenty streams, each way"
    )
    options = parser.parse_args(arguments)
    failed = options.contacts and measure_one(options.contacts)
    for way in WAYS:
        failed |= options.interleaved and measure_interleaved(options.interleaved, way)
    return int(failed)


def measure_one(contacts: int) -> bool:
    """Measure one stream; whether it is too much, or grows."""
    entry = {"stream": "contacts", "contact_list": "42", "match_fields": ["Email"]}
    config = {"auth_token": "a-token", "streams": [entry], "poll_interval_s": 0.05}
    measured = Measured(contacts, "--no-checks", config=config)
    for passed, mib in measured.samples:
        print(f"{passed:>10,} contacts {mib:6.1f} MiB")  # noqa: T201
    # The first quarter fills what is kept anyway: the contacts seen in a job, the open batch, the queue.
    sizes = [mib for _, mib in measured.samples]
    quarter = len(sizes) // 4
    early, late = max(sizes[quarter : 2 * quarter]), max(sizes[2 * quarter :])
    print(  # noqa: T201
        f"{contacts:,} contacts in {measured.seconds:.0f} s: at most {max(sizes):.0f} MiB resident; "
        f"{early:.0f} MiB in the second quarter, {late:.0f} MiB after it. {measured.last_line}"
    )
    return measured.status != 0 or max(sizes) > MOST_MIB or late > early * 1.1


def measure_interleaved(contacts: int, way: str) -> bool:
    """Measure twenty streams whose records come in turn; whether it is too much."""
    entries = [
        {"stream": name, "contact_list": "42", "match_fields": ["Email"]}
        for name in stream_names(INTERLEAVED)
    ]
    config = {"auth_token": "a-token", "streams": entries, "poll_interval_s": 0.05, **WAYS[way]}
    measured = Measured(contacts, "--no-checks", config=config, streams=INTERLEAVED)
    most = max(mib for _, mib in measured.samples)
    print(  # noqa: T201
        f"{contacts:,} contacts of {INTERLEAVED} streams in turn ({way}) in {measured.seconds:.0f} s: "
        f"at most {most:.0f} MiB resident. {measured.last_line}"
    )
    return measured.status != 0 or most > INTERLEAVED_MOST_MIB


if __name__ == "__main__":
    sys.exit(main())
