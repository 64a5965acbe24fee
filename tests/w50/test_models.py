"""The models read what W50 documents, tolerate what it adds, and refuse what it never sends."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from target_w50.w50 import (
    ContactSchemaField,
    ContactsList,
    FieldValue,
    ImportJob,
    MemberError,
    UploadAnswer,
    snake_case_members,
)
from target_w50.w50.models import parse_date
from tests.w50.support import IMPORT_JOB

UTC = timezone.utc


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2025-11-14T21:29:44.8479931+00:00", datetime(2025, 11, 14, 21, 29, 44, 847993, UTC)),
        ("2025-11-14T21:29:44Z", datetime(2025, 11, 14, 21, 29, 44, 0, UTC)),
        ("2025-11-14T21:29:44.5", datetime(2025, 11, 14, 21, 29, 44, 500000, UTC)),
        (
            "2025-11-14T21:29:44-0530",
            datetime(2025, 11, 14, 21, 29, 44, 0, timezone(-timedelta(hours=5, minutes=30))),
        ),
        (" 2025-11-14 21:29:44 ", datetime(2025, 11, 14, 21, 29, 44, 0, UTC)),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+00:00", None),
        ("", None),
    ],
)
def test_a_date_keeps_six_digits_and_its_offset_and_year_one_is_none(
    text: str, date: datetime | None
) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize("text", ["soon", "2025-13-01T00:00:00Z", "2025-11-14", "2025-11-14T21:29:44+99:00"])
def test_what_is_no_date_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever
        parse_date(text)


def test_an_import_job_is_read_in_full_and_written_as_it_came() -> None:
    job = ImportJob.from_wire(IMPORT_JOB | {"SomethingNew": [1]})
    assert job.as_wire() == IMPORT_JOB
    assert list(job.as_wire()) == list(IMPORT_JOB)
    assert job.start_date == datetime(2025, 11, 14, 21, 29, 44, 847993, UTC)
    assert job.finish_date is None
    assert (job.id, job.contact_list_id, job.current_status, job.progress_percent) == (7, 42, "Running", 50)


def test_in_snake_case_an_import_job_has_all_members_and_dates_that_others_can_read() -> None:
    members = snake_case_members(ImportJob.from_wire(IMPORT_JOB | {"FinishDate": "0001-01-01T00:00:00"}))
    wanted = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in IMPORT_JOB.items()}
    assert members == wanted | {"start_date": "2025-11-14T21:29:44.847993+00:00", "finish_date": None}


def test_null_counters_are_zero_and_missing_texts_and_dates_are_none() -> None:
    nulls = dict.fromkeys(IMPORT_JOB) | {"Id": 1, "ContactListId": 2}
    for name in ("CurrentStatus", "StartDate", "FinishDate"):
        del nulls[name]
    job = ImportJob.from_wire(nulls)
    assert job.total_contacts == 0
    assert job.current_status is None
    assert job.finish_date is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Id": "7"}, "ImportJob.Id is a string, not an integer"),
        ({"Id": None}, "ImportJob.Id is null, not an integer"),
        ({"Id": True}, "ImportJob.Id is a boolean, not an integer"),
        ({"ContactListId": "42"}, "ImportJob.ContactListId is a string, not an integer"),
    ],
)
def test_an_id_of_the_wrong_type_is_named_without_its_value(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MemberError) as caught:
        ImportJob.from_wire(IMPORT_JOB | change)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"TotalContacts": 1.5}, {"total_contacts": 0}),
        ({"InsertedContacts": "3"}, {"inserted_contacts": 0}),
        ({"ProgressPercent": None}, {"progress_percent": 0}),
        ({"ProgressPercent": True}, {"progress_percent": 0}),
        ({"CurrentStatus": 3}, {"current_status": None}),
        ({"StartDate": ["x"]}, {"start_date_text": None}),
        ({"FinishDate": "yesterday"}, {"finish_date_text": None, "finish_date": None}),
    ],
)
def test_any_other_member_of_an_import_job_is_read_as_far_as_it_goes_and_named(
    change: dict[str, Any], read: dict[str, Any]
) -> None:
    misfits: list[str] = []
    job = ImportJob.from_wire(IMPORT_JOB | change, misfits)
    assert {name: getattr(job, name) for name in read} == read
    assert misfits == [f"ImportJob.{name}" for name in change]


def test_members_that_are_not_there_are_named_and_null_is_fine_where_it_is_documented() -> None:
    misfits: list[str] = []
    ImportJob.from_wire({"Id": 7, "ContactListId": 42}, misfits)
    assert misfits == [f"ImportJob.{name}" for name in IMPORT_JOB if name not in ("Id", "ContactListId")]
    misfits.clear()
    nulls = dict.fromkeys(("CurrentStatus", "StartDate", "FinishDate"))
    ImportJob.from_wire(IMPORT_JOB | nulls, misfits)
    assert misfits == []


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"Message": "fine"}, "ImportJob has no Id"),
        ([], "a collection came instead of ImportJob"),
        (None, "null came instead of ImportJob"),
        ("x", "a string came instead of ImportJob"),
    ],
)
def test_what_is_no_import_job_is_refused(wire: Any, message: str) -> None:
    with pytest.raises(MemberError, match=message):
        ImportJob.from_wire(wire)


def test_lists_and_fields_are_read_with_their_allowed_values() -> None:
    assert ContactsList.from_wire({"Id": 1, "Name": "A", "Count": None}) == ContactsList(1, "A", 0)
    field = ContactSchemaField.from_wire(
        {
            "Id": 1,
            "Name": "Plan",
            "DefaultValue": None,
            "MapType": "Choice",
            "Position": 2,
            "ContactSchemaFieldValues": [{"Id": 5, "Value": "free", "Order": 1, "InUse": True}],
        }
    )
    assert field == ContactSchemaField(1, "Plan", None, "Choice", 2, (FieldValue(5, "free", 1, in_use=True),))
    assert ContactSchemaField.from_wire({"Id": 1, "Name": "x", "Position": None}).values == ()


def test_a_field_without_its_name_is_refused_and_what_else_it_lacks_is_named() -> None:
    with pytest.raises(MemberError, match="ContactSchemaField has no Name"):
        ContactSchemaField.from_wire({"Id": 1, "Position": 1})
    wire = {"Id": 1, "Name": "x", "DefaultValue": None, "MapType": None, "Position": "1"}
    misfits: list[str] = []
    field = ContactSchemaField.from_wire(wire | {"ContactSchemaFieldValues": {}}, misfits)
    assert (field.position, field.values) == (0, ())
    value = {"Id": 1, "Value": "a", "Order": 1, "InUse": "yes"}
    (found,) = ContactSchemaField.from_wire(wire | {"ContactSchemaFieldValues": [value]}, misfits).values
    assert found == FieldValue(1, "a", 1, in_use=False)
    assert misfits == [
        "ContactSchemaField.Position",
        "ContactSchemaField.ContactSchemaFieldValues",
        "ContactSchemaField.Position",
        "ContactSchemaFieldValue.InUse",
    ]


def test_warnings_of_an_upload_are_found_wherever_the_answer_has_them() -> None:
    """The content of the answer is not documented: nothing in it is required."""
    contacts = [{"Values": {}}, {"ValidationWarnings": ["a", None, ""]}, {"ValidationWarnings": None}, 3]
    assert UploadAnswer.from_wire(contacts).warnings == ((1, ("a",)),)
    others: list[Any] = [None, {}, IMPORT_JOB, "OK", []]
    for other in others:
        assert UploadAnswer.from_wire(other).warnings == ()
