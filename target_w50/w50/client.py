"""The W50 contact-import API: seven calls, all through one choke point that judges every answer.

It knows nothing of Singer. Facts about W50 are from the W50 API documentation.
"""

from __future__ import annotations

import logging
import random as random_module
import time
from collections.abc import Callable, Sequence
from math import inf, isfinite
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from target_w50.errors import SettingsError
from target_w50.w50 import answers, calls
from target_w50.w50.answers import OtherAnswerError, Reader, T
from target_w50.w50.auth import Authentication, W50Auth
from target_w50.w50.calls import Body, Call, Decoder, Outcome, RequestEvent
from target_w50.w50.http.connections import new_session
from target_w50.w50.http.error_text import describe_content
from target_w50.w50.http.retry import (
    Effect,
    TimeUsedUpError,
    Timing,
    Tries,
    Verdict,
    judge_fault,
    judge_status,
    retry_after_s,
)
from target_w50.w50.http.transport import ANSWER_BYTES, Answer, Bounds, TransportFault, exchange, whole_s
from target_w50.w50.http.urls import check_url
from target_w50.w50.import_job import ImportJob
from target_w50.w50.models import ContactSchemaField, ContactsList, MemberError, UploadAnswer, WireError
from target_w50.w50.wire.formats import decode_answer, decode_any_answer, wire_format

DEFAULT_REQUEST_TIMEOUT_S: Final = 300.0
DEFAULT_CONNECT_TIMEOUT_S: Final = 10.0
DEFAULT_RETRY_FOR_S: Final = 600.0

_logger = logging.getLogger(__name__)


class W50Client:
    """The API of one W50 account; several threads may share one client.

    Args:
        api_url: base of every path, such as `https://app.which50.com/Which50API`.
        auth: one of `target_w50.w50.auth`, or any authentication of requests.
        media_type: sent, and asked for; one of the five of `wire.MEDIA_TYPES`.
        request_timeout_s: for each read and, with the time that its body may take, for an exchange.
        connect_timeout_s: for connecting.
        retry_for_s: how long after its first try one call may be tried again.
        allow_http: allow plain http beyond loopback.
        user_agent: names the program and its version.
        session: for adapters and proxies of one's own.
        sleep: pauses for seconds; may raise, which ends the call with that exception.
        monotonic: clock in seconds.
        random: from 0 to 1, for the jitter.
        wall_clock: seconds since the epoch, for `Retry-After` dates.
        on_request: told of every try.

    Raises:
        SettingsError: `api_url` or `media_type` can't be used.
    """

    def __init__(
        self,
        api_url: str,
        *,
        auth: Authentication,
        media_type: str = "application/json",
        request_timeout_s: float = DEFAULT_REQUEST_TIMEOUT_S,
        connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S,
        retry_for_s: float = DEFAULT_RETRY_FOR_S,
        allow_http: bool = False,
        user_agent: str,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random_module.random,
        wall_clock: Callable[[], float] = time.time,
        on_request: Callable[[RequestEvent], None] | None = None,
    ) -> None:
        self._base_url = check_url(api_url, setting="api_url", allow_http=allow_http)
        try:
            self._wire = wire_format(media_type)
        except ValueError as error:
            raise SettingsError(str(error), faults=(str(error),)) from None
        self._auth = auth
        self._request_timeout_s = request_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._retry_for_s = retry_for_s
        self._user_agent = user_agent
        self._session = session or new_session()
        self._timing = Timing(sleep, monotonic, random, wall_clock)
        self._on_request = on_request
        self._known_names: frozenset[str] = frozenset()
        self._misfits = answers.Misfits(self.host)

    @property
    def host(self) -> str:
        """The API's host, with its port where it has one."""
        return urlsplit(self._base_url).netloc

    def list_contact_lists(self) -> tuple[ContactsList, ...]:
        """Return all contact lists of the account."""
        call = self._get("list_contact_lists", "contactLists", calls.COLLECTION_BYTES)
        return self._call(call, answers.collection(ContactsList.from_wire))

    def get_contact_list(self, list_id: int, *, retry_for_s: float | None = None) -> ContactsList:
        """Return one contact list; `retry_for_s` shortens the trying again of this call."""
        call = self._get("get_contact_list", f"contactLists/{list_id:d}")
        return self._call(call, answers.contact_list(list_id), retry_for_s=retry_for_s)

    def list_fields(self, list_id: int) -> tuple[ContactSchemaField, ...]:
        """Return the fields of a contact list."""
        call = self._get("list_fields", f"contactLists/{list_id:d}/fields", calls.COLLECTION_BYTES)
        return self._call(call, answers.collection(ContactSchemaField.from_wire))

    def create_import_job(self, list_id: int, field_names: Sequence[str]) -> ImportJob:
        """Create an import job for contacts with these FieldNames.

        Raises:
            DoubtfulError: it may have been created. Harmless: a job that is never run does nothing.
            ValueError: the wire format can't hold a name.
        """
        body = self._wire.encode_create(field_names)
        self._known_names |= frozenset(field_names)
        path = f"contactLists/{list_id:d}/import"
        return self._call(self._post("create_import_job", path, body=body), answers.import_job(list_id))

    def add_contacts(
        self, list_id: int, job_id: int, body: Body, *, contacts: int | None = None
    ) -> UploadAnswer:
        """Add a batch of at most 10,000 contacts, framed by the client's wire format, to a job.

        Args:
            list_id: the contact list.
            job_id: the import job.
            body: the batch.
            contacts: how many are in it; an answer that counts otherwise is doubtful.

        Raises:
            DoubtfulError: the batch may be in the job, or a part of it; the job must not be run.
            RefusedError: the batch is not in the job; `status` 413 says that it is too large.
        """
        path = f"contactLists/{list_id:d}/import/{job_id:d}"
        limit = calls.upload_answer_bytes(body, contacts)
        call = self._post("add_contacts", path, body=body, answer_bytes=limit)
        return self._call(call, answers.upload(list_id, job_id, contacts), decode_any_answer)

    def run_import_job(  # noqa: D417  # the ids are described once
        self,
        list_id: int,
        job_id: int,
        *,
        match: Sequence[str],
        custom_events: Sequence[str],
        last_look: Callable[[], None] | None = None,
    ) -> ImportJob:
        """Run a job; where `custom_events` are named they are fired, and customers may get mail.

        Args:
            match: FieldNames that decide which contact is updated; empty leaves it to W50.
            custom_events: names of custom events to fire for each contact.
            last_look: called as the last thing before the request; what it raises forbids it.

        Raises:
            DoubtfulError: the job may be running. It must not be run again.
            SettingsError: a name holds a comma, which the query uses between names.
        """
        query = calls.names_query("match", match) + calls.names_query("customevents", custom_events)
        path = f"contactLists/{list_id:d}/import/{job_id:d}/run"
        call = self._post("run_import_job", path, query=query, effect=Effect.ONCE, last_look=last_look)
        return self._call(call, answers.import_job(list_id, job_id))

    def get_import_job(
        self, list_id: int, job_id: int, *, retry_for_s: float | None = None, within_s: float | None = None
    ) -> ImportJob:
        """Return an import job as it is now.

        Args:
            list_id: the contact list.
            job_id: the import job.
            retry_for_s: shortens the trying again of this call.
            within_s: what the call may take in all, a token that has to be fetched first included.
        """
        call = self._get("get_import_job", f"contactLists/{list_id:d}/import/{job_id:d}")
        read = answers.import_job(list_id, job_id)
        return self._call(call, read, retry_for_s=retry_for_s, within_s=within_s)

    def pause(self, seconds: float) -> None:
        """Sleep as between two tries; what ends those ends this."""
        if seconds > 0:
            self._timing.sleep(seconds)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _get(self, name: str, path: str, answer_bytes: int = ANSWER_BYTES) -> Call:
        return Call(name, "GET", path, Effect.NONE, self.host, answer_bytes=answer_bytes)

    def _post(self, name: str, path: str, **more: Any) -> Call:
        return Call(name, "POST", path, more.pop("effect", Effect.REPEATABLE_IF_UNTOUCHED), self.host, **more)

    def _call(
        self,
        call: Call,
        read: Reader[T],
        decode: Decoder = decode_answer,
        *,
        retry_for_s: float | None = None,
        within_s: float | None = None,
    ) -> T:
        """Make a call: the choke point that all requests to W50 go through."""
        all_s = inf if within_s is None else within_s
        tries = Tries(min(self._retry_for_s if retry_for_s is None else retry_for_s, all_s), self._timing)
        may_renew, unreadable_answers = True, 0
        while True:
            outcome = self._try(call, tries.number, all_s - tries.elapsed_s())
            if outcome.verdict is Verdict.ACCEPTED and outcome.answer is not None:
                try:
                    return self._read(outcome.answer, decode, read)
                except (WireError, MemberError) as error:
                    unreadable_answers += 1
                    outcome = self._unreadable(call, outcome.answer, outcome.request, error)
                if unreadable_answers >= calls.MAX_UNREADABLE_ANSWERS:
                    raise calls.unreadable(call, outcome.words, outcome.status)
            if outcome.verdict is Verdict.UNAUTHORIZED and may_renew and self._renewed(outcome.request):
                may_renew = False
                tries.at_once()
                continue
            self._pause(call, tries, outcome)

    def _read(self, answer: Answer, decode: Decoder, read: Reader[T]) -> T:
        if not answer.is_whole:
            raise WireError("it is larger than any answer should be")
        misfits: list[str] = []
        found = read(decode(answer.content, answer.content_type), misfits)
        self._misfits.tell(misfits)
        return found

    def _pause(self, call: Call, tries: Tries, outcome: Outcome) -> None:
        """Wait for the next try, or raise what the last one means."""
        if outcome.verdict in (Verdict.UNAUTHORIZED, Verdict.REFUSED) and outcome.answer is not None:
            raise calls.refused(call, outcome.answer, self._said(outcome.answer))
        if outcome.verdict is Verdict.DOUBTFUL:
            raise calls.doubtful(call, outcome.words, outcome.status, outcome.asked_s)
        try:
            pause_s = tries.pause(outcome.asked_s)
        except TimeUsedUpError as used_up:
            raise calls.gave_up(call, outcome.words, outcome.status, tries.number, used_up) from None
        _logger.warning("%s: %s; try %d follows in %.1f s", call, outcome.words, tries.number, pause_s)
        self._timing.sleep(pause_s)

    def _try(self, call: Call, number: int, left_s: float) -> Outcome:
        """Send a call once and judge what comes."""
        began = self._timing.monotonic()
        request = self._prepared(call, left_s)
        started = self._timing.monotonic()
        longest_s = min(whole_s(self._request_timeout_s, call.body), left_s - (started - began))
        bounds = Bounds(self._connect_timeout_s, self._request_timeout_s, longest_s, call.answer_bytes)
        answer = None
        try:
            answer = exchange(self._session, request, bounds, self._timing.monotonic, call.last_look)
        except TransportFault as fault:
            verdict = judge_fault(connected=fault.connected, effect=call.effect)
            outcome = Outcome(verdict, fault.words, request)
        else:
            outcome = self._judged(call, answer, request)
        seconds = self._timing.monotonic() - started
        if self._on_request is not None:
            self._on_request(RequestEvent(call.name, number, outcome.status, seconds, len(call.body or b"")))
        return outcome

    def _judged(self, call: Call, answer: Answer, request: requests.PreparedRequest) -> Outcome:
        verdict = judge_status(answer.status, call.effect)
        if verdict is Verdict.ACCEPTED:
            return Outcome(verdict, "", request, answer)
        words = f"{call.where} answered {answer.status} with {self._said(answer)}"
        asked_s = retry_after_s(answer.headers, self._timing.wall_clock())
        return Outcome(verdict, words, request, answer, asked_s)

    def _unreadable(
        self, call: Call, answer: Answer, request: requests.PreparedRequest, error: Exception
    ) -> Outcome:
        if isinstance(error, OtherAnswerError):
            # Whose answer it was may still be under way on its connection; with others' it is only slower.
            self._session.close()
        verdict = judge_fault(connected=True, effect=call.effect)
        said = self._said(answer)
        words = f"{call.where} answered {answer.status}, but not as documented ({error}), with {said}"
        return Outcome(verdict, words, request, answer)

    def _said(self, answer: Answer) -> str:
        return describe_content(
            answer.content,
            answer.content_type,
            secrets=self._auth.secrets() if isinstance(self._auth, W50Auth) else (),
            known_names=self._known_names,
        )

    def _prepared(self, call: Call, left_s: float) -> requests.PreparedRequest:
        auth: Authentication = self._auth
        if isinstance(self._auth, W50Auth) and isfinite(left_s):
            auth = self._auth.within(left_s)
        request = call.request(self._base_url, self._wire.media_type, self._user_agent, auth)
        return self._session.prepare_request(request)

    def _renewed(self, request: requests.PreparedRequest) -> bool:
        return isinstance(self._auth, W50Auth) and self._auth.renewed_after_401(request)
