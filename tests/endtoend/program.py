"""What the tests in this folder share: quick runs of the real program, real taps, and what adds up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from target_w50.sandbox import Sandbox
from tests import support
from tests.forks import run_forked
from tests.support import Finished

TAPS = Path(__file__).parents[1] / "taps"
_folders = itertools.count()


def run(
    folder: Path,
    config: Mapping[str, Any],
    messages: Iterable[Mapping[str, Any]] | bytes,
    *,
    environment: Mapping[str, str] | None = None,
    arguments: Iterable[str] = (),
) -> Finished:
    """Run the program over these messages to its end; as `tests.support.run_target`, but quicker."""
    content = messages if isinstance(messages, bytes) else support.lines(messages)
    own = folder / f"run-{next(_folders)}"
    own.mkdir(parents=True)
    metrics = own / "metrics.jsonl"
    (own / "config.json").write_text(json.dumps({"metrics_path": str(metrics), **config}))
    return run_forked(own, ["--config", "config.json", *arguments], content, metrics, environment=environment)


def run_program(
    folder: Path, *arguments: str, content: bytes = b"", environment: Mapping[str, str] | None = None
) -> Finished:
    """Run the program with just these arguments, in the folder."""
    return run_forked(folder, arguments, content, folder / "metrics.jsonl", environment=environment)


# Lists and contacts.


def contact_list(*fields: str, list_id: int = 42, name: str = "Newsletter") -> dict[str, Any]:
    return {"Id": list_id, "Name": name, "Fields": list(fields)}


def contacts(sandbox: Sandbox, list_id: int = 42) -> list[dict[str, Any]]:
    """The values of the list's contacts, as the sandbox came to have them."""
    for each in sandbox.contents()["Lists"]:
        if each["Id"] == list_id:
            return [contact["Values"] for contact in each["Contacts"]]
    raise AssertionError(f"no list {list_id}")


# Input.


def tap_messages(name: str) -> list[dict[str, Any]]:
    """What a real tap sent, numbers with their digits."""
    text = (TAPS / name).read_text(encoding="utf-8")
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]


# The end.


def adds_up(finished: Finished) -> bool:
    """Whether each record of each stream became exactly one of the four things it may become."""
    return all(
        each["records_read"]
        == each["contacts_sent"]
        + each["records_superseded"]
        + each["records_skipped"]
        + each["records_quarantined"]
        + each["contacts_already_delivered"]
        for each in finished.records("w50_streams")
    )


def of_stream(finished: Finished, stream: str = "contacts") -> dict[str, Any]:
    """The metrics record of one stream."""
    (only,) = [each for each in finished.records("w50_streams") if each["stream"] == stream]
    return only


def quarantined(path: Path) -> list[dict[str, Any]]:
    """The RECORD messages of a quarantine file."""
    if not path.exists():
        return []
    every = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [each for each in every if each["type"] == "RECORD"]


def reasons(path: Path) -> list[str]:
    return [each["quarantine"]["reason"] for each in quarantined(path)]


def ends_in_words(finished: Finished) -> bool:
    """Whether its last line is the one that says what happened, and there is no traceback."""
    return (
        finished.last_line.startswith("target-w50: ")
        and "error_code=" in finished.last_line
        and "rerun=" in finished.last_line
        and "Traceback" not in finished.stderr
    )
