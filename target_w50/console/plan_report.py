"""How a plan is told: as one document for programs, as text for people, and in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from target_w50.console.check_report import failed_document, failed_lines
from target_w50.console.tables import counted, hanging, pair_lines, text_table
from target_w50.contacts.mapping import DecidedBy
from target_w50.errors import TargetW50Error, printable
from target_w50.import_jobs.places import Places
from target_w50.loading.dry_run import Plan, PlannedStream

INDENT = "  "


def plan_document(plan: Plan, *, show_values: bool) -> dict[str, Any]:
    """The plan for a program.

    Args:
        plan: after the whole input.
        show_values: whether the sample contacts show their values.
    """
    return {
        "seen_to_first": [
            {
                "import_job_id": each.entry.import_job_id,
                "contact_list_id": each.entry.list_id,
                "stream": each.entry.stream,
                "run_id": each.entry.run_id,
                "phase": each.entry.phase.value,
                "verdict": each.verdict.name.lower(),
                "message": each.words,
            }
            for each in plan.seen_to_first
        ],
        "streams": [_stream_document(each, plan.places, show_values=show_values) for each in plan.streams],
        "would_end_with": [
            {"exit_status": error.exit_status, "error_code": error.code, "message": _first_sentence(error)}
            for error in plan.endings.values()
        ],
        "summary": plan_sentence(plan),
    }


def _stream_document(planned: PlannedStream, places: Places, *, show_values: bool) -> dict[str, Any]:
    counts, mapping = planned.counts, planned.mapping
    if mapping is None:
        raise AssertionError
    entry, jobs = mapping.entry, planned.import_jobs
    checked = {each.field_name: each.in_words() for each in mapping.checks}
    return {
        "stream": counts.stream,
        "contact_list": {"id": mapping.contact_list.id, "name": mapping.contact_list.name},
        "match_fields": list(mapping.match_fields),
        "fields": [
            {
                "property": each.name,
                "field_name": each.field_name,
                "decided_by": each.how.value,
                "checked_for": checked.get(each.field_name),
            }
            for each in mapping.properties
        ],
        "ignored": [
            {"property": each.name, "why": each.why.value, "nearest_field": each.nearest}
            for each in mapping.ignored
        ],
        "records": {
            "read": counts.records_read,
            "valid": counts.records_read - counts.records_skipped - planned.records_refused,
            "skipped": counts.records_skipped,
            "superseded": counts.records_superseded,
            "invalid": planned.records_refused,
        },
        "invalid": [
            {
                "reason": each.reason.value,
                "property": each.property,
                "count": each.count,
                "first_at": each.first_at,
                "would_be_quarantined": each.quarantined,
            }
            for each in planned.refused.values()
        ],
        "on_failed_check": entry.on_failed_check.value,
        "failed_checks": failed_document(counts, places),
        "contacts": planned.contacts,
        "contacts_already_delivered": counts.contacts_already_delivered,
        "contacts_unchanged": counts.contacts_unchanged,
        "import_jobs": jobs,
        "requests": {"create": jobs, "add_contacts": planned.batches, "run": jobs},
        "bytes": planned.bytes,
        "custom_events": {
            "names": list(entry.custom_events),
            "contacts": planned.contacts_with_events,
            "most_contacts": entry.custom_events_max_contacts,
        },
        "sample_contact": _sample(planned, show_values=show_values),
    }


def _sample(planned: PlannedStream, *, show_values: bool) -> Mapping[str, Any] | None:
    if planned.sample is None or show_values:
        return planned.sample
    return {name: masked(value) for name, value in planned.sample.items()}


def masked(value: Any) -> str:
    """What kind of value it is, without the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float, Decimal)):
        return "a number"
    if not isinstance(value, str):
        return "a value"
    if not value:
        return "empty text"
    like = " like an e-mail address" if "@" in value.strip("@") else ""
    return f"text{like}, {counted(len(value), 'character')}"


def plan_lines(plan: Plan, *, show_values: bool, width: int | None = None) -> Iterator[str]:
    """The plan for a person, a line at a time; its sentence is to follow.

    Args:
        plan: after the whole input.
        show_values: whether the sample contacts show their values.
        width: of the terminal that the lines are for, if they are for one.
    """
    for line in _plan_lines(plan, show_values=show_values, width=width):
        yield from hanging(line, width)


def _plan_lines(plan: Plan, *, show_values: bool, width: int | None) -> Iterator[str]:
    document = plan_document(plan, show_values=show_values)
    for first in document["seen_to_first"]:
        yield printable(first["message"])
    if document["seen_to_first"]:
        yield ""
    for stream in document["streams"]:
        yield from _stream_lines(stream, suppressed=plan.settings.suppress_custom_events, width=width)
        yield ""
    for ending in document["would_end_with"]:
        yield f"The run would end with exit status {ending['exit_status']}: {printable(ending['message'])}"


def _stream_lines(stream: Mapping[str, Any], *, suppressed: bool, width: int | None) -> Iterator[str]:
    contact_list = stream["contact_list"]
    name = printable(repr(contact_list["name"]))
    yield f"Stream {printable(stream['stream'])} -> contact list {contact_list['id']} {name}"
    matched = ", ".join(stream["match_fields"])
    yield f"{INDENT}matched by   {printable(matched) or 'what W50 decides (or EncContactId)'}"
    yield from _field_lines(stream, width and width - len(INDENT))
    yield from _record_lines(stream)
    yield from _indented(failed_lines(stream["failed_checks"], stream["on_failed_check"]))
    yield from _job_lines(stream, suppressed=suppressed)
    if stream["sample_contact"] is not None:
        yield f"{INDENT}first contact"
        rows = [(each, value) for each, value in stream["sample_contact"].items()]
        yield from _indented(pair_lines(rows, width and width - 2 * len(INDENT)), 2)


HOW = {
    DecidedBy.FIELDS.value: "`fields`",
    DecidedBy.NORMALIZED.value: "its name",
    DecidedBy.EXACT.value: "its name, unchecked",
}


def _field_lines(stream: Mapping[str, Any], width: int | None) -> Iterator[str]:
    rows = [
        (each["property"], each["field_name"], HOW[each["decided_by"]], each["checked_for"] or "-")
        for each in stream["fields"]
    ]
    yield ""
    yield from _indented(
        text_table(("property", "FieldName", "decided by", "checked for"), rows, width=width)
    )
    if stream["ignored"]:
        yield ""
        ignored = [
            (each["property"], each["why"], each["nearest_field"] or "-") for each in stream["ignored"]
        ]
        yield from _indented(text_table(("ignored", "why", "nearest field"), ignored, width=width))
    yield ""


def _record_lines(stream: Mapping[str, Any]) -> Iterator[str]:
    records = stream["records"]
    more = f", {records['skipped']:,} skipped" if records["skipped"] else ""
    yield (
        f"{INDENT}records      {records['read']:,} read: {records['valid']:,} valid, "
        f"{records['invalid']:,} invalid{more}"
    )
    for each in stream["invalid"]:
        of = f" (property {printable(each['property'])})" if each["property"] else ""
        becomes = "would be quarantined" if each["would_be_quarantined"] else "would end the run"
        yield (
            f"{INDENT}{INDENT}{each['count']:,} {each['reason']}{of}: {becomes}; "
            f"the first at {each['first_at']}"
        )
    if records["superseded"]:
        yield f"{INDENT}merged       {records['superseded']:,} into an earlier record of the same contact"


def _job_lines(stream: Mapping[str, Any], *, suppressed: bool) -> Iterator[str]:
    requests = stream["requests"]
    yield (
        f"{INDENT}contacts     {stream['contacts']:,} in {counted(stream['import_jobs'], 'import job')}: "
        f"{counted(sum(requests.values()), 'request')} ({requests['create']:,} create, "
        f"{requests['add_contacts']:,} add contacts, {requests['run']:,} run) and status requests; "
        f"{stream['bytes']:,} bytes of contacts"
    )
    delivered = stream["contacts_already_delivered"]
    if delivered:
        yield f"{INDENT}not sent     {delivered:,} that earlier runs delivered, which did not end well"
    if stream["contacts_unchanged"]:
        yield f"{INDENT}unchanged    {stream['contacts_unchanged']:,}, which W50 has with the same values"
    yield f"{INDENT}events       {_events(stream, suppressed=suppressed)}"


def _events(stream: Mapping[str, Any], *, suppressed: bool) -> str:
    events = stream["custom_events"]
    if not events["names"]:
        return "none"
    names = printable(", ".join(events["names"]))
    if suppressed:
        return f"none: {names} suppressed (suppress_custom_events)"
    most = f"at most {events['most_contacts']:,} may get them"
    return f"{names} for up to {counted(events['contacts'], 'contact')} ({most})"


def plan_sentence(plan: Plan) -> str:
    """The plan in one sentence."""
    by_list: dict[int, int] = {}
    known: dict[int, int] = {}
    names: dict[int, str] = {}
    events: dict[str, int] = {}
    for planned in plan.streams:
        if planned.mapping is None:
            continue
        contact_list = planned.mapping.contact_list
        by_list[contact_list.id] = by_list.get(contact_list.id, 0) + planned.contacts
        counts = planned.counts
        known.setdefault(contact_list.id, 0)
        known[contact_list.id] += counts.contacts_unchanged + counts.contacts_already_delivered
        names[contact_list.id] = contact_list.name
        if planned.contacts_with_events:
            for event in planned.mapping.entry.custom_events:
                events[event] = events.get(event, 0) + planned.contacts_with_events
    lists = " and ".join(
        f"{_of_all(count, count + known[each])} to list {each} {names[each]!r}"
        for each, count in by_list.items()
    )
    invalid = sum(planned.records_refused for planned in plan.streams)
    fired = ", ".join(f"{name} for up to {count:,}" for name, count in events.items()) or "none"
    ends = min((error.exit_status for error in plan.endings.values()), default=None)
    instead = "" if ends is None else f" if it did not end with exit status {ends}"
    contacts = f"would send {lists or 'no contacts'}{instead}"
    return printable(f"{contacts}; {invalid:,} invalid; events: {fired}; nothing was sent")


def _of_all(count: int, every: int) -> str:
    return counted(count, "contact") if count == every else f"{count:,} of {counted(every, 'contact')}"


def _first_sentence(error: TargetW50Error) -> str:
    """What happened; what there is to do stands in the real run's message, where there is a quarantine."""
    return error.message.partition(". ")[0].rstrip(".") + "."


def _indented(lines: Iterable[str], depth: int = 1) -> Iterator[str]:
    return (INDENT * depth + line for line in lines)
