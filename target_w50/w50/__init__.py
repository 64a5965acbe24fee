"""The W50 API alone, usable without Singer: client, authentication, wire formats and models.

`oauth2` is in its module of that name: its library is loaded only where it is used. What needs requests is
loaded when it is asked for: a run that the tap sent nothing, or that its settings end, is over before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from target_w50.w50.auth import GrantType, W50Auth, basic, bearer, header
from target_w50.w50.http.tls import CertificateFiles
from target_w50.w50.http.urls import check_url
from target_w50.w50.import_job import (
    ALL_PERCENT,
    IMPORT_JOB_MEMBERS,
    ImportJob,
    JobMember,
    MemberKind,
    arrived,
    has_ended,
    has_failed,
    has_refused,
    rejected,
    snake_case_members,
)
from target_w50.w50.models import (
    Contact,
    ContactSchemaField,
    ContactsList,
    FieldValue,
    Frame,
    MemberError,
    UploadAnswer,
    Value,
    WireError,
)
from target_w50.w50.plain_words import plain_words
from target_w50.w50.secret_files import Secret, SecretFile
from target_w50.w50.wire.formats import JSON_MEDIA_TYPES, MEDIA_TYPES, WireFormat, decode_answer, wire_format

if TYPE_CHECKING:
    from target_w50.w50.calls import RequestEvent
    from target_w50.w50.client import W50Client
    from target_w50.w50.http.connections import new_session

__all__ = [
    "ALL_PERCENT",
    "IMPORT_JOB_MEMBERS",
    "JSON_MEDIA_TYPES",
    "MEDIA_TYPES",
    "CertificateFiles",
    "Contact",
    "ContactSchemaField",
    "ContactsList",
    "FieldValue",
    "Frame",
    "GrantType",
    "ImportJob",
    "JobMember",
    "MemberError",
    "MemberKind",
    "RequestEvent",
    "Secret",
    "SecretFile",
    "UploadAnswer",
    "Value",
    "W50Auth",
    "W50Client",
    "WireError",
    "WireFormat",
    "arrived",
    "basic",
    "bearer",
    "check_url",
    "decode_answer",
    "has_ended",
    "has_failed",
    "has_refused",
    "header",
    "new_session",
    "plain_words",
    "rejected",
    "snake_case_members",
    "wire_format",
]

_WITH_REQUESTS: Final = {
    "RequestEvent": "target_w50.w50.calls",
    "W50Client": "target_w50.w50.client",
    "new_session": "target_w50.w50.http.connections",
}


def __getattr__(name: str) -> Any:
    if name not in _WITH_REQUESTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WITH_REQUESTS[name]), name)
