"""ImportJob's 13 members stand in one table: states, metrics and figures have every one of it."""

from __future__ import annotations

from typing import Any

from target_w50.import_jobs.counts import FIGURES_OF_W50
from target_w50.outputs.metrics import load_schema
from target_w50.outputs.metrics_records import STREAM_FIGURES
from target_w50.outputs.state_lines import TOTALS
from target_w50.w50 import IMPORT_JOB_MEMBERS, JobMember, MemberKind

OF_OURS = {
    "begun_by_run_id",
    "run_id",
    "import_job_id",
    "stream",
    "outcome",
    "field_names",
    "contacts_sent",
    "contacts_rejected",
    "batches",
    "bytes_sent",
    "http_requests",
    "http_retries",
    "create_seconds",
    "upload_seconds",
    "run_seconds",
    "started_at",
    "ended_at",
    "error",
    "validation_warnings",
    "target_version",
    "schema_version",
}
"""Members of a record of `w50_import_jobs` that W50 knows nothing of."""


def in_schema(member: JobMember) -> dict[str, Any]:
    """How the schema of metrics has a member of ImportJob."""
    if member.kind.is_integer:
        return {"type": "integer"}
    if member.kind is MemberKind.DATE:
        return {"type": ["string", "null"], "format": "date-time"}
    return {"type": ["string", "null"]}


def test_an_import_job_has_thirteen_members() -> None:
    assert len({each.name for each in IMPORT_JOB_MEMBERS}) == 13


def test_the_schema_of_metrics_has_every_member_and_nothing_else_of_w50() -> None:
    schema = load_schema("w50_import_jobs")
    of_w50 = {each.snake_case: in_schema(each) for each in IMPORT_JOB_MEMBERS}
    assert {name: schema["properties"].get(name) for name in of_w50} == of_w50
    assert schema["properties"].keys() == of_w50.keys() | OF_OURS
    assert set(schema["required"]) == schema["properties"].keys()


def test_a_state_sums_every_counter_in_the_order_that_states_always_had() -> None:
    assert TOTALS == (
        "InsertedContacts",
        "UpdatedContacts",
        "DroppedContacts",
        "NotUpdatedContacts",
        "TotalContacts",
        "InvalidEmailCount",
        "InvalidSmsCount",
    )


def test_a_stream_has_a_figure_for_every_counter_but_the_total() -> None:
    """`contacts_sent` is our own count of the total."""
    counters = {
        each.attribute
        for each in IMPORT_JOB_MEMBERS
        if each.kind in (MemberKind.CONTACTS, MemberKind.ADDRESSES)
    }
    assert set(FIGURES_OF_W50.values()) == counters - {"total_contacts"}
    assert FIGURES_OF_W50.keys() <= set(STREAM_FIGURES)
