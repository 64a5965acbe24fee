"""How values that failed their checks are told: in a plan, and below the summary of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from target_w50.console.tables import counted
from target_w50.errors import printable
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.places import Places
from target_w50.settings.choices import OnFailedCheck

_WHAT_BECOMES = {
    OnFailedCheck.WARN: "would be sent all the same",
    OnFailedCheck.QUARANTINE: "their records would be set aside",
    OnFailedCheck.OMIT: "would be left out, and of a match field: their records set aside",
}


def failed_document(counts: StreamCounts, places: Places) -> list[dict[str, Any]]:
    """The failed values of a stream for a program, by field."""
    return [
        {
            "field_name": each.check.field_name,
            "property": each.check.property,
            "check": each.check.kind.value,
            "failed": each.count,
            "messages": dict(each.messages),
            "first_at": [places.position(place) for place in each.first],
            "at": each.in_words(places),
        }
        for each in counts.failed_values.values()
    ]


def failed_lines(failed: Iterable[dict[str, Any]], on_failed_check: str) -> Iterator[str]:
    """The same for a person, less the indentation."""
    fields = list(failed)
    if not fields:
        return
    every = sum(each["failed"] for each in fields)
    yield f"checks       {counted(every, 'value')} failed: {_WHAT_BECOMES[OnFailedCheck(on_failed_check)]}"
    for each in fields:
        for message, count in each["messages"].items():
            yield f"               {printable(each['field_name'])}, {counted(count, 'time')}: {message}"
        yield f"               {printable(each['field_name'])}: {printable(each['at'])}"


def suspect_lines(streams: Iterable[StreamCounts], places: Places) -> Iterator[str]:
    """Where W50 refused something: which values that were sent had failed their checks, or that none had."""
    for counts in streams:
        if not counts.suspects:
            if counts.invalid_emails or counts.invalid_sms:
                yield printable(
                    f"Stream {counts.stream!r}: W50 refused {_refused(counts)}. {_nobody(counts)}"
                )
            continue
        named = "; ".join(f"{name} in {each.in_words(places)}" for name, each in counts.suspects.items())
        yield printable(
            f"Stream {counts.stream!r}: W50 refused {_refused(counts)}. Suspected, by their checks: {named}"
        )


def _nobody(counts: StreamCounts) -> str:
    if counts.invalid_sms:
        return "No check finds whom: numbers without + and a calling code can't be judged for certain."
    return "No check finds whom."


def _refused(counts: StreamCounts) -> str:
    parts = (
        (counts.contacts_rejected, "contact", None),
        (counts.invalid_emails, "e-mail address", "e-mail addresses"),
        (counts.invalid_sms, "text-message number", None),
    )
    return ", ".join(counted(count, one, more) for count, one, more in parts if count)
