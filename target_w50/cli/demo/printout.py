"""What `w50 demo` shows of its run, as the sandbox, the state and the metrics have it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from target_w50.console.tables import write_table

EXAMPLES = 4
LOG_LINES = 20
CHANGES_SHOWN = ("City", "Country", "Plan")
METRICS_SHOWN = {
    "w50_import_jobs": (
        "import_job_id",
        "outcome",
        "contacts_sent",
        "inserted_contacts",
        "updated_contacts",
        "contacts_rejected",
        "http_requests",
    ),
    "w50_streams": (
        "stream",
        "contact_list_name",
        "records_read",
        "contacts_sent",
        "import_jobs",
        "ignored_properties",
    ),
    "w50_runs": ("run_id", "exit_status", "rerun", "records_read", "states_written"),
}
"""The members of each metrics stream that are worth a look at first."""


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo.

    Attributes:
        exit_status: of `target-w50`.
        contents: what the sandbox holds after it.
        states: the lines of standard output.
        metrics: the records of each metrics stream.
        log: the last lines of standard error.
    """

    exit_status: int
    contents: Mapping[str, Any]
    states: tuple[str, ...]
    metrics: Mapping[str, Sequence[Mapping[str, Any]]]
    log: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path, contents: Mapping[str, Any], exit_status: int) -> DemoRun:
        """Read what a run left in its folder."""
        metrics: dict[str, list[Mapping[str, Any]]] = {}
        for line in _lines(folder / "metrics.singer"):
            message = json.loads(line)
            if message["type"] == "RECORD":
                metrics.setdefault(message["stream"], []).append(message["record"])
        return cls(
            exit_status=exit_status,
            contents=contents,
            states=_lines(folder / "state.jsonl"),
            metrics=metrics,
            log=_lines(folder / "target.log")[-LOG_LINES:],
        )

    @property
    def jobs(self) -> Sequence[Mapping[str, Any]]:
        """The sandbox's import jobs, in the order of their ids."""
        jobs: Sequence[Mapping[str, Any]] = self.contents["Jobs"]
        return jobs

    def total(self, counter: str) -> int:
        """The sum of one counter over all import jobs."""
        return sum(int(job[counter]) for job in self.jobs)

    def sent(self) -> dict[str, list[Mapping[str, Any]]]:
        """What was sent, by e-mail address, in the order it came."""
        sent: dict[str, list[Mapping[str, Any]]] = {}
        for job in self.jobs:
            for batch in job["Batches"]:
                for contact in batch["Contacts"]:
                    sent.setdefault(str(contact["Values"].get("Email")), []).append(contact["Values"])
        return sent

    def held(self) -> dict[str, Mapping[str, Any]]:
        """The contacts that the sandbox's lists hold now, by e-mail address."""
        return {
            str(contact["Values"].get("Email")): contact["Values"]
            for contact_list in self.contents["Lists"]
            for contact in contact_list["Contacts"]
        }


def print_start(out: Console, url: str, sample: Path, config: Mapping[str, Any]) -> None:
    """Say what is about to be done."""
    entry = config["streams"][0]
    messages = [json.loads(line)["type"] for line in _lines(sample)]
    out.print(f"Sandbox  a W50 on this machine alone, at {url}, speaking {config['media_type']}")
    out.print(
        f"Input    {sample.parent.name}/{sample.name}: {messages.count('RECORD')} records, "
        f"{messages.count('STATE')} states"
    )
    out.print(
        f"Running  target-w50 --config config.json <{sample.name}   "
        f"(stream {entry['stream']} -> contact list {entry['contact_list']}, "
        f"matched by {', '.join(entry['match_fields'])})"
    )


def print_report(out: Console, run: DemoRun) -> None:
    """Show the run: contacts, state, metrics, and the log's end if it failed."""
    if run.jobs:
        _print_contacts(out, run)
    _print_state(out, run)
    if run.metrics:
        _print_metrics(out, run)
    if run.exit_status:
        out.print("\nThe end of the log", style="bold")
        for line in run.log:
            out.print(f"  {line}", soft_wrap=True)
    out.print(f"\ntarget-w50 ended with exit status {run.exit_status}")


def _print_contacts(out: Console, run: DemoRun) -> None:
    sent, held = run.sent(), run.held()
    created = [email for email in sent if email in held]
    updated = [email for email in created if len(sent[email]) > 1]
    refused = [email for email in sent if email not in held]
    changes = (_change(email, sent[email][0], held[email]) for email in updated)
    rejected = run.total("RejectedContacts") + run.total("NotUpdatedContacts")
    out.print("\nWhat became of the contacts", style="bold")
    why = (
        f"{run.total('InvalidEmailCount')} invalid e-mail addresses, "
        f"{run.total('InvalidSmsCount')} invalid phone numbers"
    )
    rows = (
        ("created", run.total("InsertedContacts"), _some(_person(held[email]) for email in created)),
        ("updated", run.total("UpdatedContacts"), _some(changes)),
        ("refused", rejected, f"{why}: {_some(refused)}"),
    )
    write_table(out.file, ("", "contacts", "such as"), rows, numbers=("contacts",))


def _print_state(out: Console, run: DemoRun) -> None:
    out.print(f"\nState: the last of {len(run.states)} lines on standard output", style="bold")
    out.print(run.states[-1] if run.states else "(none)", soft_wrap=True)


def _print_metrics(out: Console, run: DemoRun) -> None:
    out.print("\nMetrics", style="bold")
    for stream, members in METRICS_SHOWN.items():
        records = run.metrics.get(stream, ())
        out.print(f"{stream}: {len(records)}", style="bold")
        rows = [[_cell(record.get(member)) for member in members] for record in records]
        # Words apart from each other can stand below each other where the terminal is narrow.
        headers = [member.replace("_", " ") for member in members]
        numbers = [
            header
            for header, member in zip(headers, members, strict=True)
            if any(isinstance(record.get(member), int) for record in records)
        ]
        write_table(out.file, headers, rows, numbers=numbers)


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _person(values: Mapping[str, Any]) -> str:
    names = [values.get("FirstName"), values.get("LastName")]
    return " ".join(str(name) for name in names if name) or str(values.get("Email"))


def _change(email: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    changes = [
        f"{name} {before.get(name)} -> {after.get(name)}"
        for name in CHANGES_SHOWN
        if before.get(name) != after.get(name)
    ]
    return f"{email}: {', '.join(changes) or 'nothing new'}"


def _some(texts: Iterable[str]) -> str:
    """The first few, and a sign that there are more."""
    listed = list(texts)
    return ", ".join(listed[:EXAMPLES]) + (", ..." if len(listed) > EXAMPLES else "")


def _lines(path: Path) -> tuple[str, ...]:
    """A file's lines; none where there is no file."""
    if not path.is_file():
        return ()
    return tuple(line for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if line)
