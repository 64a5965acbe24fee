"""`w50 journal drill`: the demo killed at every point where a crash could hurt, and run again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from target_w50.cli.demo.child_programs import own_program
from target_w50.cli.demo.sample_data import SINGER_FILE, sample_data_folder
from target_w50.cli.demo.sandbox_process import RunningSandbox, running_sandbox
from target_w50.cli.output import print_json
from target_w50.console.tables import write_table
from target_w50.journal.crash_points import CrashPoint

CONTACT_LIST = "Newsletter"
EVENT = "SendWelcomeEmail"
TOKEN = "drill-token"  # noqa: S105  # of a sandbox that lives for seconds
UNRESOLVED = 5
TARGET = own_program("target_w50")
CRASHING_TARGET = own_program("target_w50.cli.demo.crashing")
W50 = own_program("target_w50.cli")
COLUMNS = ("killed when", "then", "contacts", "mails", "lost", "twice")


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        killed_when: the point.
        then: what the next run did.
        contacts: how many are in the list at the end.
        mails: how many were sent.
        lost: contacts, just so, and mails that a run without a crash has, and this lacks.
        twice: mails that a contact had beside its first.
        as_it_should: whether each run ended as it should.
    """

    killed_when: str
    then: str
    contacts: int
    mails: int
    lost: int
    twice: int
    as_it_should: bool = True

    @property
    def is_well(self) -> bool:
        """Whether nothing was lost, nothing came twice, and each run ended as it should."""
        return self.as_it_should and not self.lost and not self.twice


@dataclass(frozen=True)
class Held:
    """What the sandbox holds: contacts with their values by address, and how many mails each had."""

    contacts: Mapping[str, Mapping[str, Any]]
    mails: Counter[str]

    @classmethod
    def read(cls, sandbox: RunningSandbox) -> Held:
        """Ask the sandbox."""
        contents = sandbox.contents()
        (contacts,) = [each["Contacts"] for each in contents["Lists"] if each["Name"] == CONTACT_LIST]
        names = {contact["Id"]: str(contact["Values"]["Email"]) for contact in contacts}
        mails = Counter(names[event["ContactId"]] for event in contents["CustomEvents"])
        return cls({names[contact["Id"]]: contact["Values"] for contact in contacts}, mails)

    def beside(self, whole: Held) -> tuple[int, int]:
        """What is lost, and what came twice, beside a run without a crash."""
        contacts = [name for name, values in whole.contacts.items() if self.contacts.get(name) != values]
        mails = whole.mails.keys() - self.mails.keys()
        return len(contacts) + len(mails), self.mails.total() - len(self.mails)


def drill(*, as_json: bool, points: Sequence[CrashPoint] = tuple(CrashPoint)) -> int:
    """Run the drill; returns 1 if a contact or a mail was lost, or a mail was sent twice.

    Args:
        as_json: whether the table is JSON.
        points: where to kill the demo.
    """
    folder = Path(tempfile.mkdtemp(prefix="w50-drill-"))
    try:
        with running_sandbox("--job-seconds", "0.1", token=TOKEN) as sandbox:
            lines = list(_play(sandbox, folder, points))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lost, twice = sum(each.lost for each in lines), sum(each.twice for each in lines)
    if as_json:
        print_json({"points": [asdict(each) for each in lines], "lost": lost, "twice": twice})
    else:
        rows = [tuple(asdict(each).values())[: len(COLUMNS)] for each in lines]
        write_table(sys.stdout, COLUMNS, rows, numbers=COLUMNS[2:])
        click.echo(f"Contacts and mails: {lost} lost, {twice} twice.")
    return 0 if all(each.is_well for each in lines) else 1


def _play(sandbox: RunningSandbox, folder: Path, points: Sequence[CrashPoint]) -> Iterator[Line]:
    _say("the demo without a crash")
    first = _Demo(sandbox, folder / "whole")
    status = first.run(TARGET)
    whole = Held.read(sandbox)
    then, well = f"ended with status {status}", status == 0 and bool(whole.mails)
    yield Line("(never)", then, len(whole.contacts), whole.mails.total(), *whole.beside(whole), well)
    for number, point in enumerate(points, 1):
        _say(f"{number} of {len(points)}: killed when {point.value}, and run again")
        sandbox.reset()
        demo = _Demo(sandbox, folder / point.name.lower())
        then, well = demo.crash_and_go_on(point)
        held = Held.read(sandbox)
        yield Line(point.value, then, len(held.contacts), held.mails.total(), *held.beside(whole), well)


def _say(words: str) -> None:
    click.echo(f"w50: {words}", err=True)


class _Demo:
    """The demo's contacts with a mail for each, in a folder with a journal of its own."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._config = folder / "config.json"
        self._config.touch(mode=0o600)
        self._config.write_text(json.dumps(_settings(sandbox.url, folder)), encoding="utf-8")
        self._sample = (sample_data_folder() / SINGER_FILE).read_bytes()

    def crash_and_go_on(self, point: CrashPoint) -> tuple[str, bool]:
        """Kill it there and run it again; returns what the next run did, and whether it should."""
        status = self.run((*CRASHING_TARGET, point.value))
        if status != -signal.SIGKILL:
            return f"it was not killed, but ended with status {status}", False
        if point is CrashPoint.RELEASED:
            # The run ended well before: the tap goes on behind its last state.
            self._sample = _without_records(self._sample)
        status = self.run(TARGET)
        if point is not CrashPoint.INTENT:
            return self._told(status), status == 0
        # `run` never left, and W50's status does not tell: a person looks, and says so.
        resolved = self._resolve() if status == UNRESOLVED else status
        again = self.run(TARGET)
        words = f"stopped ({status}); resolved as not-run ({resolved}); {self._told(again)}"
        return words, (status, resolved, again) == (UNRESOLVED, 0, 0)

    def run(self, command: Sequence[str]) -> int:
        """Run a program on the contacts; its status, negative for a signal."""
        return self._child((*command, "--config", str(self._config)), self._sample)

    def _resolve(self) -> int:
        (job_id, *_) = self._last("w50_runs")["rerun_import_job_ids"]
        words = ("--as", "not-run", "--reason", "the drill killed it before it was run")
        command = (*W50, "journal", "resolve", str(job_id), *words, "--config", str(self._config))
        return self._child(command, b"")

    def _child(self, command: Sequence[str], given: bytes) -> int:
        # A proxy that the environment names must not get between the target and a loopback address.
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        with (self._folder / "log").open("ab") as log:
            return subprocess.run(  # noqa: S603  # our own programs
                [*command], input=given, stdout=subprocess.DEVNULL, stderr=log, env=environment, check=False
            ).returncode

    def _told(self, status: int) -> str:
        if status:
            return f"ended with status {status}"
        stream = self._last("w50_streams")
        sent, known = stream["contacts_sent"], stream["contacts_already_delivered"]
        return f"sent {sent}, knew {known} as delivered"

    def _last(self, stream: str) -> Mapping[str, Any]:
        """The last metrics record of that kind."""
        lines = (self._folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        records = [each for each in map(json.loads, lines) if each["type"] == "RECORD"]
        found: Mapping[str, Any] = [each["record"] for each in records if each["stream"] == stream][-1]
        return found


def _settings(api_url: str, folder: Path) -> dict[str, Any]:
    entry = {
        "stream": "contacts",
        "contact_list": CONTACT_LIST,
        "match_fields": ["Email"],
        "custom_events": [EVENT],
    }
    return {
        "api_url": api_url,
        "auth_token": TOKEN,
        "streams": [entry],
        "max_contacts_per_job": 120,
        "poll_interval_s": 0.05,
        # How long a status may stay as it is before it says that `run` never came.
        "request_timeout_s": 1,
        "metrics_path": str(folder / "metrics.jsonl"),
        "journal": str(folder / "journal.db"),
        # Where nobody can tell that a process is gone, its list is free after a minute.
        "journal_wait_s": 90,
    }


def _without_records(messages: bytes) -> bytes:
    lines = [line for line in messages.splitlines(keepends=True) if line.strip()]
    return b"".join(line for line in lines if json.loads(line)["type"] != "RECORD")
