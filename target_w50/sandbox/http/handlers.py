"""The calls of the W50 API documentation: from what a request holds to the document that answers it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from target_w50.sandbox.faults import Faults
from target_w50.sandbox.formats import answers, media_types
from target_w50.sandbox.model.models import Batch, Job, Outcome, SentContact
from target_w50.sandbox.model.options import MAX_CONTACTS
from target_w50.sandbox.model.refusals import InvalidError, RuleError, TooLargeError
from target_w50.sandbox.model.store import Store
from target_w50.sandbox.model.validity import count_invalid


@dataclass(frozen=True)
class Call:
    """What a request holds, taken out of HTTP.

    Attributes:
        name: which call, as in `fault_rules.CALLS`.
        list_id, job_id: from the path; 0 where it has none.
        match, custom_events: from the query.
        body: as it came.
        media_type: which of the documented ones the body is in.
        outcome: how a run of the job is to end.
    """

    name: str
    list_id: int = 0
    job_id: int = 0
    match: tuple[str, ...] = ()
    custom_events: tuple[str, ...] = ()
    body: bytes = b""
    media_type: str = media_types.JSON_TYPES[0]
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True)
class Answer:
    """A document of a documented type; `kind` is None where the answer has no content."""

    kind: str | None
    document: Any = None


class Handlers:
    """Answers calls out of a store."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._by_call = {
            "lists": self._lists,
            "list": self._list,
            "fields": self._fields,
            "contacts": self._contacts,
            "create": self._create,
            "add": self._add,
            "run": self._run,
            "status": self._status,
        }

    def answer(self, call: Call) -> Answer:
        """Answer a call.

        Raises:
            Refusal: it can't be done.
        """
        with self._store.lock:
            self._store.advance()
        return self._by_call[call.name](call)

    def _lists(self, _call: Call) -> Answer:
        with self._store.lock:
            documents = [answers.contacts_list(one) for one in self._store.lists.values()]
        return Answer("ArrayOfContactsList", documents)

    def _list(self, call: Call) -> Answer:
        with self._store.lock:
            return Answer("ContactsList", answers.contacts_list(self._store.contact_list(call.list_id)))

    def _fields(self, call: Call) -> Answer:
        fields = self._store.contact_list(call.list_id).fields
        return Answer("ArrayOfContactSchemaField", [answers.contact_schema_field(one) for one in fields])

    def _contacts(self, call: Call) -> Answer:
        with self._store.lock:
            contacts = self._store.contact_list(call.list_id).contacts.values()
            documents = [answers.stored_contact(contact, call.list_id) for contact in contacts]
        return Answer("ArrayOfContact", documents)

    def _create(self, call: Call) -> Answer:
        self._store.contact_list(call.list_id)
        names = media_types.read_field_names(call.body, call.media_type)
        return self._import_job(self._store.create_job(call.list_id, names))

    def _add(self, call: Call) -> Answer:
        job = self._store.open_job(call.list_id, call.job_id)
        limit = self._faults.max_body_bytes
        if limit is not None and len(call.body) > limit:
            raise RuleError("The request is too large.", f"At most {limit} bytes may be sent.", 413)
        size = len(call.body)
        if self._store.options.no_checks:
            batch = Batch(media_types.count_contacts(call.body, call.media_type), size, None)
        else:
            contacts = self._read_contacts(call, job)
            self._faults.check_upload(contacts)
            batch = Batch(len(contacts), size, hashlib.sha256(call.body).hexdigest(), contacts)
        return self._added(call, self._store.add_batch(call.list_id, call.job_id, batch), batch)

    def _read_contacts(self, call: Call, job: Job) -> tuple[SentContact, ...]:
        pairs = media_types.read_contacts(call.body, call.media_type)
        if len(pairs) > MAX_CONTACTS:
            raise TooLargeError(
                "The request is invalid.",
                f"A request may hold at most {MAX_CONTACTS} contacts; this one holds {len(pairs)}.",
            )
        fields = self._store.contact_list(call.list_id).fields_by_name
        allowed = set(job.field_names)
        for index, (_, values) in enumerate(pairs):
            if not values.keys() <= allowed:
                name = min(values.keys() - allowed)
                raise InvalidError(
                    "The request is invalid.",
                    f"The Contact [{index}] has a value for {name!r}, which the job's FieldNames lack.",
                )
        return tuple(
            SentContact(enc_contact_id, values, *count_invalid(values, fields))
            for enc_contact_id, values in pairs
        )

    def _added(self, call: Call, job: Job, batch: Batch) -> Answer:
        warnings = self._faults.warnings(batch.contacts)
        if warnings is None and self._faults.add_answer == "importjob":
            return self._import_job(job)
        if warnings is None and self._faults.add_answer == "empty":
            return Answer(None)
        documents = [
            answers.sent_contact(contact, call.list_id, texts)
            for contact, texts in zip(batch.contacts, warnings or [[] for _ in batch.contacts], strict=True)
        ]
        return Answer("ArrayOfContact", documents)

    def _run(self, call: Call) -> Answer:
        return self._import_job(
            self._store.run_job(call.list_id, call.job_id, call.match, call.custom_events, call.outcome)
        )

    def _status(self, call: Call) -> Answer:
        return self._import_job(self._store.read_status(call.list_id, call.job_id), flickering=True)

    def _import_job(self, job: Job, *, flickering: bool = False) -> Answer:
        with self._store.lock:
            return Answer("ImportJob", answers.import_job(self._store, job, flickering=flickering))
