"""`make demo-fleet`: eight contact lists on two machines, one of them killed: Dagster, Meltano, PostgreSQL.

Dagster's daemon starts `meltano run` for each contact list on one of two machines (folders and processes of
their own on this one); PostgreSQL holds Dagster's runs, Meltano's states and the journal of target-w50. One
machine is killed with all its processes while W50 runs an import job that it began.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev import postgres
from dev.fleet_house import (
    PYTHON,
    Machine,
    daemon,
    environment,
    free_port,
    machines,
    write_dagster_yaml,
)
from dev.meltano_project import MELTANO, REPOSITORY
from target_w50.cli.demo.sandbox_process import RunningSandbox, running_sandbox
from target_w50.console.tables import counted, write_table
from tests.postgres_server import PostgresServer

TOKEN = "demo-token"  # noqa: S105  # of a sandbox that lives for seconds
MACHINES = ("machine-a", "machine-b")
LISTS = ("Austria", "Brazil", "Canada", "Denmark", "Estonia", "Finland", "Greece", "Hungary")
"""As `fleet_jobs` has them, which needs Dagster."""
CONTACTS = 1000
JOB_S = 1.5
"""What W50 takes for an import job."""
FIELDS = ("Email", "FirstName", "CustomerId")
LOOK_S = 0.2
HEADERS = (
    *("contact list", "loaded by", "contacts", "in W50", "import jobs", "run twice"),
    *("events", "fired twice"),
)
NUMBERS = HEADERS[2:]


@dataclass
class Watched:
    """What Dagster tells of its runs.

    Attributes:
        loaded_by: the machines that a list was loaded on, in order.
        running: the machine that a list is loaded on now.
    """

    loaded_by: dict[str, list[str]] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def say(self, words: str) -> None:
        """One line, with the seconds since the beginning."""
        print(f"{time.monotonic() - self.began:5.0f} s  {words}", flush=True)

    def take(self, line: str) -> None:
        """One line of `fleet_runs`."""
        told: dict[str, Any] = json.loads(line)
        contact_list, machine = told["list"], told["machine"]
        if told["status"] == "STARTED":
            self.loaded_by.setdefault(contact_list, []).append(machine)
            self.running[contact_list] = machine
            again = ", taken over" if told["again"] else ""
            self.say(f"{contact_list} is loaded on {machine}{again}")
        else:
            self.running.pop(contact_list, None)
            good = told["status"] == "SUCCESS"
            self.say(f"{contact_list} is whole" if good else f"{contact_list}: its run has failed")


def write_contacts(folder: Path) -> None:
    """A file of contacts for each list."""
    folder.mkdir()
    for name in LISTS:
        rows = (
            {"customer_id": number, "email": f"{number}@{name.lower()}.example", "first_name": f"Nr {number}"}
            for number in range(CONTACTS)
        )
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def lists_document(folder: Path) -> Path:
    """The account's contact lists, for the sandbox."""
    path = folder / "lists.json"
    lists = [{"Id": 42 + place, "Name": name, "Fields": FIELDS} for place, name in enumerate(LISTS)]
    path.write_text(json.dumps(lists), encoding="utf-8")
    return path


def make_meltanos_tables(variables: Mapping[str, str]) -> None:
    """As the first command of Meltano does; two that are the first at once get into each other's way."""
    command = [str(MELTANO), "--log-level=warning", "state", "list"]
    subprocess.run(command, cwd=REPOSITORY, env=variables, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def watching(variables: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Have Dagster's runs told on a pipe."""
    command = [str(PYTHON), "-m", "dev.fleet_runs"]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=variables, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def in_the_middle(sandbox: RunningSandbox, lists: list[str]) -> list[str]:
    """Those of the lists of which W50 has run an import job and runs another."""
    contents = sandbox.contents()
    ids = {each["Id"]: each["Name"] for each in contents["Lists"]}
    states: dict[str, set[str]] = {}
    for job in contents["Jobs"]:
        states.setdefault(ids[job["ContactListId"]], set()).add(job["State"])
    return [name for name in lists if {"finished", "running"} <= states.get(name, set())]


def kill_in_the_middle(machine: Machine, sandbox: RunningSandbox, watched: Watched) -> bool:
    """Kill the machine if the time has come: W50 has run a part of what it loads, and runs another."""
    there = [name for name, where in watched.running.items() if where == machine.name]
    cut = in_the_middle(sandbox, there)
    if not cut:
        return False
    count = machine.kill()
    watched.say(
        f"{machine.name} is killed with {counted(count, 'process', 'processes')}, while W50 runs an import "
        f"job of {' and of '.join(cut)}"
    )
    return True


def rows_of(contents: dict[str, Any], watched: Watched) -> list[tuple[object, ...]]:
    """The table: what W50 holds, and what it did."""
    rows: list[tuple[object, ...]] = []
    for each in contents["Lists"]:
        jobs = [job for job in contents["Jobs"] if job["ContactListId"] == each["Id"]]
        fired = Counter(
            event["ContactId"] for event in contents["CustomEvents"] if event["ContactListId"] == each["Id"]
        )
        rows.append(
            (
                each["Name"],
                ", then ".join(watched.loaded_by[each["Name"]]),
                CONTACTS,
                len({contact["Values"]["Email"] for contact in each["Contacts"]}),
                sum(job["Runs"] > 0 for job in jobs),
                sum(job["Runs"] > 1 for job in jobs),
                sum(fired.values()),
                sum(count > 1 for count in fired.values()),
            )
        )
    return rows


def all_is_well(rows: list[tuple[object, ...]]) -> bool:
    """Every contact once, no job twice, no event twice."""
    return all(row[3:4] == (CONTACTS,) and row[5:] == (0, CONTACTS, 0) for row in rows)


def demo(folder: Path) -> int:
    """Load the lists, kill a machine, and show what came of it.

    Returns:
        The exit status.
    """
    programs = postgres.find()
    if programs is None:
        raise SystemExit(postgres.MISSING)
    home, contacts = folder / "dagster", folder / "contacts"
    home.mkdir()
    write_contacts(contacts)
    options = ("--lists", str(lists_document(folder)), "--job-seconds", str(JOB_S))
    with (
        running_sandbox(*options, token=TOKEN) as sandbox,
        PostgresServer(programs) as server,
    ):
        database = server.database()
        variables = environment(
            home=home, contacts=contacts, api_url=sandbox.url, token=TOKEN, database=database
        )
        ports = {name: free_port() for name in MACHINES}
        head = {"head": free_port()}
        write_dagster_yaml(home, server.database(), ports)
        with machines({**head, **ports}, folder, variables) as fleet:
            watched = Watched()
            watched.say(
                f"{len(LISTS)} contact lists of {CONTACTS:,} contacts, machines {', '.join(MACHINES)}"
            )
            make_meltanos_tables(variables)
            for machine in fleet[1:]:
                machine.wait_until_ready()
            with daemon(home, head["head"], variables), watching(variables) as runs:
                follow(runs, fleet[1], sandbox, watched)
        contents = sandbox.contents()
    rows = rows_of(contents, watched)
    write_table(sys.stdout, HEADERS, rows, numbers=NUMBERS)
    well = all_is_well(rows)
    print("Every contact once, no job twice, no event twice." if well else "THIS IS NOT AS IT SHOULD BE.")
    return 0 if well else 1


def follow(runs: subprocess.Popen[str], victim: Machine, sandbox: RunningSandbox, watched: Watched) -> None:
    """Say what happens until all lists are loaded, and kill the machine in between."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in runs.stdout or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    killed = False
    while True:
        try:
            line = lines.get(timeout=LOOK_S)
        except queue.Empty:
            killed = killed or kill_in_the_middle(victim, sandbox, watched)
        else:
            if line is None:
                return
            watched.take(line)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="w50-fleet-") as temporary:
        sys.exit(demo(Path(temporary)))
