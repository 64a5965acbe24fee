"""What a sandbox can be told at its start; the command line and `Sandbox` take the same options."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from target_w50.sandbox.model.transitions import DEFAULT_STATUSES, Pace

AUTH_METHODS = ("bearer", "basic", "header", "oauth2")
ADD_ANSWERS = ("importjob", "contacts", "empty")
MAX_CONTACTS = 10_000
"""Contacts that one request may hold (W50 API documentation)."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of a sandbox; all of them have a default that suits a first try.

    Attributes:
        port: TCP port on 127.0.0.1; 0 takes a free one.
        lists: the contact lists, in the form of `documents.py`; None: two lists with the usual fields.
        auth: how callers authenticate: `bearer`, `basic`, `header` or `oauth2`.
        token: the bearer token or the value of the header; None: nobody needs one.
        forbidden_token: a caller who is known but lacks the permission (403): the token, for `basic` the user
            name, for `oauth2` the client id.
        header_name: the header of `header`.
        username, password: of `basic`, and of the password grant of `oauth2`.
        client_id, client_secret: of `oauth2`, whose token end point is at `/_sandbox/token`.
        token_lifetime_s: how long a token of `oauth2` is good, in seconds.
        latency_s: seconds that each call takes more than it needs.
        upload_latency_s: the same, for uploads of contacts, on top.
        job_seconds: seconds that a job takes from `run` to its end.
        job_reads: status requests that it takes until a job has ended.
        no_checks: contacts are counted and thrown away unread: for measurements.
        add_answer: what an upload is answered with: `importjob`, `contacts` or `empty`.
        max_body_bytes: a larger body of an upload is answered 413; None: no limit.
        too_many_status: answer to an upload of more than 10,000 contacts: 400 or 413.
        failing_status: each job ends with this CurrentStatus and has no effect; None: jobs end well.
        statuses: CurrentStatus for the states `created`, `queued`, `running`, `finished`.
        unset_date: what a date that is not set yet looks like; None: null.
        faults: rules to start with, in the form of `faults.py`.
        keep: file that what happens is kept in for the next start; None: nothing is kept.
        monotonic: seconds on a clock that never goes back.
        time_ns: nanoseconds since 1970, for the dates that are shown.
    """

    port: int = 0
    lists: Sequence[Any] | None = None
    auth: str = "bearer"
    token: str | None = None
    forbidden_token: str | None = None
    header_name: str = "X-Api-Key"
    username: str | None = None
    password: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token_lifetime_s: float = 3600.0
    latency_s: float = 0.0
    upload_latency_s: float = 0.0
    job_seconds: float = 0.0
    job_reads: int = 0
    no_checks: bool = False
    add_answer: str = "importjob"
    max_body_bytes: int | None = None
    too_many_status: int = 400
    failing_status: str | None = None
    statuses: Mapping[str, str | None] = field(default_factory=dict)
    unset_date: str | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    keep: str | Path | None = None
    monotonic: Callable[[], float] = time.monotonic
    time_ns: Callable[[], int] = time.time_ns

    def __post_init__(self) -> None:
        if self.auth not in AUTH_METHODS:
            raise ValueError(f"auth must be one of {', '.join(AUTH_METHODS)}")
        if self.add_answer not in ADD_ANSWERS:
            raise ValueError(f"add_answer must be one of {', '.join(ADD_ANSWERS)}")
        if self.auth == "basic" and None in (self.username, self.password):
            raise ValueError("auth 'basic' needs username and password")
        if self.auth == "header" and self.token is None:
            raise ValueError("auth 'header' needs token")
        if self.auth == "oauth2" and None in (self.client_id, self.client_secret):
            raise ValueError("auth 'oauth2' needs client_id and client_secret")
        unknown = set(self.statuses) - set(DEFAULT_STATUSES)
        if unknown:
            raise ValueError(f"statuses knows {', '.join(DEFAULT_STATUSES)} only")

    @property
    def pace(self) -> Pace:
        """What it takes for a job to be done."""
        return Pace(self.job_seconds, self.job_reads)
