"""The forms in which a user tells the sandbox to misbehave, read into frozen rules.

A fault, for the next call of a kind (`call`: one of the names below, or a list of them):

    {"call": "add", "status": 503, "retry_after": 2}      answer with a status instead
    {"call": "run", "cut": "after", "how": "reset"}       no answer, "before" or "after" the call took effect;
                                                          "how": "close" (default) or "reset"
    {"call": "status", "hang": 30}                        no answer, and the connection cut after 30 s
    {"call": "any", "slow": 1.5}                          the right answer, later
    {"call": "lists", "html": true}                       status 200 and a page of HTML
    {"call": "status", "half": true}                      half of the answer, then the connection is closed
    {"call": "add", "empty": true}                        status 200 and nothing
    {"call": "add", "interim": [103, 102]}                the right answer, behind interim ones
                                                          (100, 102 to 199)
    {"call": "status", "trickle_s": 0.5}                  the right answer, a byte of it every 0.5 s
    {"call": "lists", "endless_headers_s": 0.5}           status 200, then a header line every 0.5 s for ever
    {"call": "create", "answer_id": "earlier"}            the answer about the import job that was made before
                                                          this one, if any; or a number: the right answer
                                                          under that Id
    {"call": "run", "answer_list_id": 43}                 the right answer, about another contact list
    {"call": "run", "job": {"CurrentStatus": "Failed", "effect": false}}      the run ends so

"job" has "finishes": false, "effect": false (contacts and events come to nothing), "flicker": true (every
second status answer shows it as not finished), and any member of ImportJob with what is shown once the run
has finished.

All of them take "times": how many calls (default 1; null: all), or "share": 0.1 of all calls (with "seed");
"skip": calls to let pass first; "when": "before" or "after" the call takes effect (default "before" for
status, html, hang and endless_headers_s, "after" for half and empty); "body" and "content_type" for status
and html.

Rules for uploads, which stay until they are cleared:

    {"reject": {"field": "Email", "contains": "poison", "status": 422}}     the whole upload is refused
    {"warn": {"field": "Email", "equals": "odd", "text": "Odd address"}}    answered with ValidationWarnings
    {"max_body_bytes": 100000}                                              a larger body is answered 413
    {"add_answer": "contacts"}                                              or "importjob", "empty"

On a command line the same is written `add:status=503,retry_after=2`, with a dot for what is inside an object
and a plus between the members of a list: `run:job.CurrentStatus=Failed,job.effect=false`,
`add:reject.field=Email,reject.contains=poison`, `create+add:interim=103+102`; or as JSON, with
dots or without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from target_w50.sandbox.model.models import Outcome
from target_w50.sandbox.model.options import ADD_ANSWERS

CALLS = ("create", "add", "run", "status", "lists", "list", "fields", "contacts", "token")
ANY = "any"
ACTIONS = (
    *("status", "cut", "hang", "slow", "html", "half", "empty", "job"),
    *("interim", "trickle_s", "endless_headers_s", "answer_id", "answer_list_id"),
)
EARLIER = "earlier"
UPLOAD_RULES = ("reject", "warn", "max_body_bytes", "add_answer")
IMPORT_JOB_MEMBERS = (
    *("Id", "ContactListId", "InvalidEmailCount", "InvalidSmsCount", "ProgressPercent", "CurrentStatus"),
    *("StartDate", "FinishDate", "InsertedContacts", "UpdatedContacts", "DroppedContacts"),
    *("NotUpdatedContacts", "TotalContacts"),
)
_FAULT_MEMBERS = {
    *ACTIONS,
    *("call", "times", "share", "seed", "skip", "when", "how", "retry_after", "body", "content_type"),
}
_LONGEST_S = 86_400
_DEFAULT_WHEN = {"half": "after", "empty": "after"}


@dataclass(frozen=True)
class Fault:
    """A disturbance of calls; see the module's text for the members."""

    calls: frozenset[str]
    action: str
    value: Any
    when: str
    how: str
    times: int | None
    share: float | None
    seed: int
    skip: int
    retry_after: str | None
    body: str | None
    content_type: str | None
    outcome: Outcome | None
    document: Mapping[str, Any]


@dataclass(frozen=True)
class UploadRule:
    """Which contacts of an upload are refused (`status` is not None) or warned about."""

    field: str
    contains: str | None
    equals: Any
    status: int | None
    text: str
    document: Mapping[str, Any]

    def fits(self, values: Mapping[str, Any]) -> bool:
        """Whether a contact with these values is meant."""
        if self.field not in values:
            return False
        value = values[self.field]
        if self.contains is not None:
            return self.contains in str(value)
        return self.equals is None or bool(value == self.equals)


@dataclass(frozen=True)
class UploadSetting:
    """A setting of uploads that is changed while the sandbox runs."""

    name: str
    value: Any


Rule: TypeAlias = Fault | UploadRule | UploadSetting


def read_rule(document: Any) -> Rule:
    """The rule that a document states.

    Raises:
        ValueError: it states none; the message says why.
    """
    if not isinstance(document, Mapping):
        raise ValueError("a fault is an object")  # noqa: TRY004  # one error for all that is wrong with it
    document = _nested(document)
    rules = [name for name in UPLOAD_RULES if name in document]
    if rules:
        if len(document) - ("call" in document) > 1 or document.get("call", "add") != "add":
            raise ValueError(f"{rules[0]!r} stands alone, and is for uploads only")
        return _read_upload_rule(rules[0], document[rules[0]], document)
    unknown = sorted(set(document) - _FAULT_MEMBERS)
    if unknown:
        raise ValueError(f"a fault has no member {unknown[0]!r}")
    action, calls = _read_action(document), _read_calls(document)
    _check_values(action, calls, document)
    when = document.get("when", _DEFAULT_WHEN.get(action, "before"))
    if action == "cut":
        when = document["cut"]
    how = document.get("how", "close")
    if when not in ("before", "after") or how not in ("close", "reset"):
        raise ValueError("a fault comes 'before' or 'after' the effect, and cuts by 'close' or 'reset'")
    retry_after = document.get("retry_after")
    return Fault(
        calls=calls,
        action=action,
        value=document[action],
        when=when,
        how=how,
        times=document.get("times", 1 if "share" not in document else None),
        share=document.get("share"),
        seed=document.get("seed", 0),
        skip=document.get("skip", 0),
        retry_after=None if retry_after is None else str(retry_after),
        body=document.get("body"),
        content_type=document.get("content_type"),
        outcome=_read_outcome(document["job"]) if action == "job" else None,
        document=document,
    )


def _nested(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what its dotted names stand for: `job.effect` is `effect` of `job`."""
    nested: dict[str, Any] = {name: value for name, value in document.items() if "." not in name}
    for path in (name for name in document if "." in name):
        *outer, last = path.split(".")
        place = nested
        for name in outer:
            inner = place.get(name, {})
            if not isinstance(inner, Mapping):
                raise ValueError(f"{name!r} has a value of its own, and members")  # noqa: TRY004  # one error
            place[name] = dict(inner)
            place = place[name]
        place[last] = document[path]
    return nested


def _read_action(document: Mapping[str, Any]) -> str:
    actions = [name for name in ACTIONS if name in document]
    if len(actions) != 1:
        raise ValueError(f"a fault has exactly one of {', '.join(ACTIONS)}")
    return actions[0]


def _check_values(action: str, calls: frozenset[str], document: Mapping[str, Any]) -> None:
    if action == "status":
        _check_number(document, "status", (int,), 200, 599)
    if action in ("hang", "slow", "trickle_s", "endless_headers_s"):
        _check_number(document, action, (int, float), 0, _LONGEST_S)
    if action == "interim":
        _check_interim(document["interim"])
    if action == "answer_list_id" or (action == "answer_id" and document["answer_id"] != EARLIER):
        _check_number(document, action, (int,), 0, None)
    if action == "job" and calls != {"run"}:
        raise ValueError("'job' is for the call 'run' only")
    if document.get("times") is not None:
        _check_number(document, "times", (int,), 0, None)
    _check_number(document, "skip", (int,), 0, None)
    _check_number(document, "share", (int, float), 0, 1)


def _check_interim(statuses: Any) -> None:
    known = isinstance(statuses, list) and all(type(status) is int for status in statuses)
    if not known or not statuses or not {100, *range(102, 200)}.issuperset(statuses):
        raise ValueError("'interim' is a list of statuses from 100 to 199, without 101")


def _check_number(
    document: Mapping[str, Any], name: str, kinds: tuple[type, ...], least: float, most: float | None
) -> None:
    if name not in document:
        return
    value = document[name]
    if isinstance(value, Decimal):  # as JSON is read here
        value = float(value)
    right = isinstance(value, kinds) and not isinstance(value, bool)
    # NaN is neither below the one nor above the other.
    if not right or not least <= value or (most is not None and not value <= most):
        raise ValueError(f"{name!r} is a number from {least}" + ("" if most is None else f" to {most}"))


def _read_calls(document: Mapping[str, Any]) -> frozenset[str]:
    named = document.get("call", ANY)
    calls = [named] if isinstance(named, str) else named
    if not isinstance(calls, list) or not calls or not set(calls) <= {ANY, *CALLS}:
        raise ValueError(f"call is one or several of {', '.join(CALLS)}, {ANY}")
    return frozenset(CALLS if ANY in calls else calls)


def _read_outcome(document: Any) -> Outcome:
    flags = ("finishes", "effect", "flicker")
    if not isinstance(document, Mapping) or not set(document) <= {*flags, *IMPORT_JOB_MEMBERS}:
        raise ValueError(f"job is an object with {', '.join(flags)} and members of ImportJob")
    members = {name: value for name, value in document.items() if name not in flags}
    return Outcome(**{name: bool(document[name]) for name in flags if name in document}, members=members)


def _read_upload_rule(name: str, value: Any, document: Mapping[str, Any]) -> Rule:
    if name == "max_body_bytes" and (value is None or isinstance(value, int)):
        return UploadSetting(name, value)
    if name == "add_answer" and value in ADD_ANSWERS:
        return UploadSetting(name, value)
    known = {"field", "contains", "equals", "status", "text"}
    if not isinstance(value, Mapping) or not set(value) <= known or not isinstance(value.get("field"), str):
        raise ValueError(f"{name!r} does not take this value")
    rejects = name == "reject"
    if rejects:
        _check_number(value, "status", (int,), 400, 599)
    return UploadRule(
        field=value["field"],
        contains=None if value.get("contains") is None else str(value["contains"]),
        equals=value.get("equals"),
        status=value.get("status", 400) if rejects else None,
        text=value.get("text", "The value is not valid."),
        document=document,
    )


def parse_spec(spec: str) -> dict[str, Any]:
    """The document of a fault that is written on a command line.

    Raises:
        ValueError: it is not of the form `call:member=value,...`, nor JSON.
    """
    if spec.lstrip().startswith("{"):
        document: dict[str, Any] = json.loads(spec)
        return document
    call, colon, rest = spec.partition(":")
    if not colon:
        raise ValueError("a fault is written call:member=value,... or as JSON")
    document = {"call": call.split("+") if "+" in call else call}
    for pair in rest.split(","):
        path, equals, text = pair.partition("=")
        document[path.strip()] = _parse_value(text) if equals else True
    return _nested(document)


def _parse_value(text: str) -> Any:
    if re.fullmatch(r"\d+(\+\d+)+", text):
        return [int(number) for number in text.split("+")]
    try:
        return json.loads(text)
    except ValueError:
        return text
